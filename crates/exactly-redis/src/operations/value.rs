//! Values: one text, read and replaced whole.

use exactly_core::operations::value::{
    ReplaceIf, Replaced, Set, SetIfAbsent, SetIfAbsentOutcome, Swap, ValueOp, ValueOutcome,
};
use exactly_core::{Bytes, Lifetime, Outcome, Scalar};

use crate::heard::Heard;
use crate::native::{Answer, Command};
use crate::server::Knows;
use crate::words::{Told, Words};

/// Writes the arguments of the operation.
pub(crate) fn send(op: &ValueOp, args: &mut Words) -> &'static str {
    match op {
        ValueOp::Get(_) => "get",
        ValueOp::Take(_) => "take",
        ValueOp::Set(Set { to }) => {
            args.push(&**to);
            "set"
        }
        ValueOp::Swap(Swap { to }) => {
            args.push(&**to);
            "swap"
        }
        ValueOp::SetIfAbsent(SetIfAbsent { to }) => {
            args.push(&**to);
            "absent"
        }
        ValueOp::ReplaceIf(ReplaceIf { old, to }) => {
            args.push(&**old);
            args.push(&**to);
            "replace"
        }
    }
}

/// Reads its outcome.
pub(crate) fn outcome(op: &ValueOp, told: &Told<'_>) -> ValueOutcome {
    match op {
        ValueOp::Get(_) => ValueOutcome::Get(found(told, 0)),
        ValueOp::Set(_) => ValueOutcome::Set(()),
        ValueOp::Swap(_) => ValueOutcome::Swap(found(told, 0)),
        ValueOp::Take(_) => ValueOutcome::Take(found(told, 0)),
        ValueOp::SetIfAbsent(_) => ValueOutcome::SetIfAbsent(match refused(told) {
            Some(found) => SetIfAbsentOutcome::Present { found: found.unwrap_or("".into()) },
            None => SetIfAbsentOutcome::Set,
        }),
        ValueOp::ReplaceIf(_) => ValueOutcome::ReplaceIf(match refused(told) {
            Some(found) => Replaced::Differs { found },
            None => Replaced::Replaced,
        }),
    }
}

fn found(told: &Told<'_>, place: usize) -> Option<Bytes> {
    told.is(place, "some").then(|| told.bytes(place + 1))
}

/// What was found, if that made it refuse.
fn refused(told: &Told<'_>) -> Option<Option<Bytes>> {
    told.is(0, "refused").then(|| found(told, 1))
}

/// The server's own command for it. What overwrites a counter ends its epoch, which takes a second
/// key and so a script; where nothing is stored, or what is replaced is no number, there is no
/// epoch to end.
pub(crate) fn command(
    op: &ValueOp,
    lifetime: Lifetime,
    on: impl Fn(&str) -> Command,
    knows: Knows,
) -> Option<Command> {
    match op {
        ValueOp::Get(_) => Some(on("GET")),
        ValueOp::SetIfAbsent(SetIfAbsent { to }) if knows.set_and_get => {
            Some(on("SET").arg(&**to).arg("NX").arg("GET").living(lifetime))
        }
        ValueOp::ReplaceIf(ReplaceIf { old, to }) if knows.set_if_equal && !is_number(old) => {
            let command = on("SET").arg(&**to).arg("IFEQ").arg(&**old).arg("GET");
            match lifetime {
                Lifetime::Unchanged => Some(command.arg("KEEPTTL")),
                Lifetime::Sliding(_) | Lifetime::Until(_) => Some(command.living(lifetime)),
                Lifetime::FromFirstWrite(_) => None,
            }
        }
        ValueOp::Set(_) | ValueOp::Swap(_) | ValueOp::Take(_) => None,
        ValueOp::SetIfAbsent(_) | ValueOp::ReplaceIf(_) => None,
    }
}

fn is_number(text: &Bytes) -> bool {
    let text = Scalar::Bytes(text.clone());
    text.as_integer().is_some() || text.as_real().is_some()
}

/// What that command answered.
pub(crate) fn answer(op: &ValueOp, answer: Heard) -> Answer {
    let found = match answer {
        Heard::Nothing => None,
        Heard::Text(bytes) => Some(Bytes::from(bytes)),
        Heard::Okay | Heard::Number(_) | Heard::List(_) => return Answer::Unclear,
        Heard::Error(_) | Heard::Odd => return Answer::Unclear,
    };
    Answer::Clear(Outcome::Value(match op {
        ValueOp::Get(_) => ValueOutcome::Get(found),
        ValueOp::SetIfAbsent(_) => ValueOutcome::SetIfAbsent(match found {
            Some(found) => SetIfAbsentOutcome::Present { found },
            None => SetIfAbsentOutcome::Set,
        }),
        ValueOp::ReplaceIf(ReplaceIf { old, .. }) => {
            ValueOutcome::ReplaceIf(if found.as_ref() == Some(old) {
                Replaced::Replaced
            } else {
                Replaced::Differs { found }
            })
        }
        ValueOp::Set(_) | ValueOp::Swap(_) | ValueOp::Take(_) => return Answer::Unclear,
    }))
}
