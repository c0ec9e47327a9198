//! The key itself, whatever it holds.

use std::time::Duration;

use exactly_core::operations::key::{Expire, ExpireAt, KeyOp, KeyOutcome, Life, Rename, Renamed};
use exactly_core::{Fault, Kind, Outcome};

use super::{millis, moment};
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
        KeyOp::ExpireAt(ExpireAt { at }) => {
            args.number(moment(*at));
            "expire_at"
        }
        KeyOp::Persist(_) => "persist",
        KeyOp::KindOf(_) => "kind",
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
        KeyOp::ExpireAt(_) => KeyOutcome::ExpireAt(yes),
        KeyOp::Persist(_) => KeyOutcome::Persist(yes),
        KeyOp::KindOf(_) => KeyOutcome::KindOf(told.is(0, "some").then(|| kind(&told.text(1)))),
        KeyOp::Rename(_) => KeyOutcome::Rename(match told.word(0) {
            b"done" => Renamed::Renamed,
            b"missing" => Renamed::Missing,
            b"taken" => Renamed::Taken,
            _ => return Err(odd()),
        }),
    })
}

/// The kind that a script names in its words.
fn kind(words: &str) -> Kind {
    Kind::OURS.into_iter().find(|kind| kind.words() == words).unwrap_or(Kind::Foreign)
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
        KeyOp::KindOf(_) => Some(on("TYPE")),
        KeyOp::Delete(_) | KeyOp::Expire(_) | KeyOp::ExpireAt(_) => None,
        KeyOp::Persist(_) | KeyOp::Rename(_) => None,
    }
}

/// What that command answered.
pub(crate) fn answer(op: &KeyOp, answer: &Heard) -> Result<Answer, Fault> {
    if let (KeyOp::KindOf(_), Heard::Text(kind)) = (op, answer) {
        return Ok(of_type(kind));
    }
    let Heard::Number(number) = answer else { return Ok(Answer::Unclear) };
    Ok(match op {
        KeyOp::Ttl(_) => Answer::Clear(Outcome::Key(KeyOutcome::Ttl(life(*number)?))),
        KeyOp::Exists(_) => Answer::Clear(Outcome::Key(KeyOutcome::Exists(*number == 1))),
        KeyOp::Delete(_) | KeyOp::Expire(_) | KeyOp::ExpireAt(_) => Answer::Unclear,
        KeyOp::Persist(_) | KeyOp::KindOf(_) | KeyOp::Rename(_) => Answer::Unclear,
    })
}

/// What the server's type tells of the kind. A script looks at what is inside a hash.
fn of_type(kind: &[u8]) -> Answer {
    let clear = |kind| Answer::Clear(Outcome::Key(KeyOutcome::KindOf(kind)));
    match kind {
        b"none" => clear(None),
        b"string" => clear(Some(Kind::Scalar)),
        b"list" => clear(Some(Kind::List)),
        b"set" => clear(Some(Kind::Set)),
        b"zset" => clear(Some(Kind::SortedSet)),
        _ => Answer::Unclear,
    }
}
