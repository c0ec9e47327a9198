//! Locks: held on a lease by one, or shared by several.

use std::time::Duration;

use exactly_core::Fault;
use exactly_core::operations::lock::{
    Acquire, Acquired, Extend, Extended, Holders, LockOp, LockOutcome, Mode, Release,
};

use crate::operations::capacity::id;
use crate::operations::micros;
use crate::words::{Told, Words, odd};

/// Writes the arguments of the operation: the owner, and its own.
pub(crate) fn send(op: &LockOp, args: &mut Words) -> &'static str {
    match op {
        LockOp::Read(_) => {
            args.push("");
            "read"
        }
        LockOp::Acquire(Acquire { owner, mode, lease, line, fences }) => {
            id(*owner, args);
            args.push(match mode {
                Mode::Exclusive => "x",
                Mode::Shared => "s",
            });
            args.number(micros(*lease));
            args.push(if *line { "1" } else { "" });
            args.number(*fences);
            "acquire"
        }
        LockOp::Extend(Extend { owner, lease }) => {
            id(*owner, args);
            args.number(micros(*lease));
            "extend"
        }
        LockOp::Release(Release { owner }) => {
            id(*owner, args);
            "release"
        }
    }
}

/// Reads its outcome.
pub(crate) fn outcome(op: &LockOp, told: &Told<'_>) -> Result<LockOutcome, Fault> {
    Ok(match op {
        LockOp::Read(_) => LockOutcome::Read(Holders {
            holders: told.number(0)?,
            mode: mode(told, 1)?,
            left: time(told, 2)?,
            waiting: told.number(3)?,
            fence: told.number(4)?,
        }),
        LockOp::Acquire(_) => LockOutcome::Acquire(match told.word(0) {
            b"done" => Acquired::Held {
                // Not who asked: who calls again under a token gets the first one.
                owner: told.text(1).parse().map_err(|_| odd())?,
                fence: told.number(2)?,
            },
            b"waiting" => Acquired::Waiting { ahead: told.number(1)?, left: time(told, 2)? },
            b"refused" => Acquired::Busy { ahead: told.number(1)?, left: time(told, 2)? },
            _ => return Err(odd()),
        }),
        LockOp::Extend(_) => LockOutcome::Extend(if told.is(0, "refused") {
            Extended::Lost
        } else {
            Extended::Extended
        }),
        LockOp::Release(_) => LockOutcome::Release(told.is(0, "done")),
    })
}

fn mode(told: &Told<'_>, place: usize) -> Result<Option<Mode>, Fault> {
    Ok(match told.word(place) {
        b"x" => Some(Mode::Exclusive),
        b"s" => Some(Mode::Shared),
        b"" => None,
        _ => return Err(odd()),
    })
}

fn time(told: &Told<'_>, place: usize) -> Result<Duration, Fault> {
    told.number(place).map(Duration::from_micros)
}
