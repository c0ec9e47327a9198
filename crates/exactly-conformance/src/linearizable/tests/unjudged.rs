//! What the checker says when it does not know.

use super::super::{Unjudged, check_within};
use super::*;

fn cannot_judge(calls: &[Call]) -> Unjudged {
    match check(calls) {
        Err(Objection::CannotJudge(unjudged)) => unjudged,
        other @ (Ok(()) | Err(Objection::Violation(_) | Objection::GaveUp { .. })) => {
            panic!("{other:?}")
        }
    }
}

#[test]
fn an_undo_cannot_be_judged() {
    let undo = counter::Undo { by: 1, epoch: Epoch::default(), bounds: Bounds::NONE };
    let real = counter::Undo { by: 1.0, epoch: Epoch::default(), bounds: Bounds::NONE };
    for batch in [on("count", undo), on("count", real)] {
        let calls = [at(1, 2, add(1), [stepped(1)]), unknown(3, batch)];
        assert!(matches!(cannot_judge(&calls), Unjudged::Undo(call) if call.called == 3));
        let without_effect = Call { ending: Ending::NoEffect, ..calls[1].clone() };
        assert!(violation(&[calls[0].clone(), without_effect]).is_none());
    }
}

#[test]
fn a_time_to_live_cannot_be_judged() {
    let calls = [unknown(1, on("count", key::Ttl {}))];
    assert!(matches!(cannot_judge(&calls), Unjudged::Ttl(_)));
}

#[test]
fn one_token_for_two_batches_cannot_be_judged() {
    let [one, two] = [add(1), add(2)].map(|batch| batch.named(token("job 7")));
    let calls = [at(1, 2, one, [stepped(1)]), unknown(3, two)];
    let unjudged = cannot_judge(&calls);
    let Unjudged::TokenOfTwoBatches(both) = &unjudged else { panic!("{unjudged}") };
    assert_eq!(**both, calls);
    assert!(unjudged.to_string().contains("job 7"), "{unjudged}");
}

#[test]
fn the_name_of_a_token_does_not_include_how_long_it_is_kept() {
    let [short, long] = [HOUR, 2 * HOUR].map(|keep| Token::caller("job 7", keep).unwrap());
    let calls = [at(1, 2, add(1).named(short), [stepped(1)]), unknown(3, add(1).named(long))];
    let twice = at(4, 5, count(), [counted(2)]);
    assert!(violation(&calls).is_none());
    assert!(violation(&[&calls[..], &[twice]].concat()).is_some());
}

#[test]
fn a_call_that_ran_backwards_cannot_be_judged() {
    let calls = [at(2, 1, add(1), [stepped(1)])];
    assert!(matches!(cannot_judge(&calls), Unjudged::Backwards(_)));
}

#[test]
fn a_search_that_takes_too_long_gives_up_and_says_where() {
    // Which of the unknown amounts add up to that? None, but there are 2^20 sums to try.
    let unknown_calls = (1..=20).map(|n| unknown(n, add(1 << n)));
    let calls: Vec<_> = unknown_calls.chain([at(30, 31, count(), [counted(1)])]).collect();
    let objection = check_within(&calls, 1000).unwrap_err();
    let Objection::GaveUp { configurations_max: 1000, furthest } = &objection else {
        panic!("{objection}")
    };
    assert_eq!(furthest.call.called, 30);
    assert!(objection.to_string().starts_with("not proven"), "{objection}");
}

#[test]
fn the_bound_is_on_each_component_and_not_on_the_number_of_calls() {
    let calls: Vec<_> = (0..3000)
        .map(|n| at(2 * n, 2 * n + 1, on(&format!("key {n}"), counter::Add::by(1)), [stepped(1)]))
        .collect();
    assert!(check_within(&calls, 2).is_ok());
    assert!(matches!(check_within(&calls, 0), Err(Objection::GaveUp { .. })));
    assert!(check_within(&[unknown(1, add(1))], 0).is_ok());
}
