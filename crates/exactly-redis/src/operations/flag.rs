//! Flags: marked or not.

use exactly_core::operations::flag::{FlagOp, FlagOutcome, Mark, Marked};
use exactly_core::{Lifetime, Outcome};

use crate::heard::Heard;
use crate::native::{Answer, Command};
use crate::words::Told;

/// The operation's name; it has no arguments.
pub(crate) fn send(op: &FlagOp) -> &'static str {
    match op {
        FlagOp::Mark(Mark { only_if_unmarked: true }) => "once",
        FlagOp::Mark(Mark { only_if_unmarked: false }) => "mark",
        FlagOp::IsMarked(_) => "is",
        FlagOp::Clear(_) => "clear",
    }
}

/// Reads its outcome.
pub(crate) fn outcome(op: &FlagOp, told: &Told<'_>) -> FlagOutcome {
    let yes = told.is(0, "1");
    match op {
        FlagOp::IsMarked(_) => FlagOutcome::IsMarked(yes),
        FlagOp::Clear(_) => FlagOutcome::Clear(yes),
        FlagOp::Mark(_) if told.is(0, "refused") => FlagOutcome::Mark(Marked::Already),
        FlagOp::Mark(_) => FlagOutcome::Mark(Marked::Marked),
    }
}

/// The server's own command for it.
pub(crate) fn command(
    op: &FlagOp,
    lifetime: Lifetime,
    on: impl Fn(&str) -> Command,
) -> Option<Command> {
    match op {
        FlagOp::IsMarked(_) => Some(on("GET")),
        FlagOp::Mark(Mark { only_if_unmarked: true }) => {
            Some(on("SET").arg("1").arg("NX").living(lifetime))
        }
        FlagOp::Mark(_) | FlagOp::Clear(_) => None,
    }
}

/// What that command answered. A refused `SET` does not tell a marked flag from another kind of
/// object.
pub(crate) fn answer(op: &FlagOp, answer: &Heard) -> Answer {
    let outcome = match (op, answer) {
        (FlagOp::IsMarked(_), Heard::Nothing) => FlagOutcome::IsMarked(false),
        (FlagOp::IsMarked(_), Heard::Text(_)) => FlagOutcome::IsMarked(true),
        (FlagOp::Mark(_), Heard::Okay) => FlagOutcome::Mark(Marked::Marked),
        _ => return Answer::Unclear,
    };
    Answer::Clear(Outcome::Flag(outcome))
}
