//! The key itself, whatever it holds.

use std::time::Duration;

use exactly_core::operations::key::{Expire, KeyOp, KeyOutcome, Life, Rename, Renamed};
use exactly_core::{Fault, Outcome};

use super::millis;
use crate::heard::Heard;
use crate::native::{Answer, Command};
use crate::words::{Told, Words, odd};

/// Writes the arguments of the operation.
pub(crate) fn send(op: &KeyOp, args: &mut Words) -> &'static str {
    match op {
        KeyOp::Exists(_) => "exists",
        KeyOp::Delete(_) => "delete",
        KeyOp::Ttl(_) => "ttl",
        KeyOp::Expire(Expire { after }) => {
            args.number(millis(*after));
            "expire"
        }
        KeyOp::Persist(_) => "persist",
        KeyOp::Rename(Rename { replace, .. }) => {
            args.number(*replace);
            "rename"
        }
    }
}

/// Reads its outcome.
pub(crate) fn outcome(op: &KeyOp, told: &Told<'_>) -> Result<KeyOutcome, Fault> {
    let yes = told.is(0, "1");
    Ok(match op {
        KeyOp::Exists(_) => KeyOutcome::Exists(yes),
        KeyOp::Delete(_) => KeyOutcome::Delete(yes),
        KeyOp::Ttl(_) => KeyOutcome::Ttl(life(told.number(0)?)?),
        KeyOp::Expire(_) => KeyOutcome::Expire(yes),
        KeyOp::Persist(_) => KeyOutcome::Persist(yes),
        KeyOp::Rename(_) => KeyOutcome::Rename(match told.word(0) {
            b"done" => Renamed::Renamed,
            b"missing" => Renamed::Missing,
            b"taken" => Renamed::Taken,
            _ => return Err(odd()),
        }),
    })
}

/// What `PTTL` answers.
pub(crate) fn life(left: i64) -> Result<Life, Fault> {
    Ok(match left {
        -2 => Life::Missing,
        -1 => Life::Persistent,
        left => Life::Left(Duration::from_millis(u64::try_from(left).map_err(|_| odd())?)),
    })
}

/// The server's own command for it.
pub(crate) fn command(op: &KeyOp, on: impl Fn(&str) -> Command) -> Option<Command> {
    match op {
        KeyOp::Exists(_) => Some(on("EXISTS")),
        KeyOp::Ttl(_) => Some(on("PTTL")),
        KeyOp::Delete(_) | KeyOp::Expire(_) | KeyOp::Persist(_) | KeyOp::Rename(_) => None,
    }
}

/// What that command answered.
pub(crate) fn answer(op: &KeyOp, answer: &Heard) -> Result<Answer, Fault> {
    let Heard::Number(number) = answer else { return Ok(Answer::Unclear) };
    Ok(match op {
        KeyOp::Ttl(_) => Answer::Clear(Outcome::Key(KeyOutcome::Ttl(life(*number)?))),
        KeyOp::Exists(_) => Answer::Clear(Outcome::Key(KeyOutcome::Exists(*number == 1))),
        KeyOp::Delete(_) | KeyOp::Expire(_) | KeyOp::Persist(_) | KeyOp::Rename(_) => {
            Answer::Unclear
        }
    })
}
