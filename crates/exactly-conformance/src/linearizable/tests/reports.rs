//! What a person is shown.

use super::*;

#[test]
fn a_violation_shows_the_calls_around_it_and_what_was_expected() {
    let calls = [
        at(1, 2, add(1), [stepped(1)]),
        unknown(3, add(5)),
        at(4, 9, add(1), [stepped(2)]),
        at(5, 7, count(), [counted(9)]),
        at(10, 11, add(1), [stepped(3)]),
        at(12, 13, set("elsewhere"), [done()]),
    ];
    let objection = check(&calls).unwrap_err();
    for line in [
        "not linearizable: no order of the calls explains this answer",
        "keys: count",
        "1 earlier answers are explained; the one marked > is not:",
        "  1 ├┤      2  count: Add { by: 1, start: 0 } -> Stepped { value: 1 }",
        "  3   ├┄┄┄┄ ?  count: Add { by: 5, start: 0 } -> unknown",
        "> 5     ├┤  7  count: Get { start: 0 } -> 9",
        "  count = 1 -> 1",
        "  count = 7 -> 7",
    ] {
        assert!(objection.to_string().lines().any(|found| found == line), "{line}\n\n{objection}");
    }
}
