//! Work that is done once under an id, and whose answer is kept.

use std::time::Duration;

use exactly_core::Fault;
use exactly_core::operations::once::{
    Abandon, Begin, Begun, Continued, Extend, Finish, OnceOp, OnceOutcome, Progress,
};

use crate::operations::{capacity, micros, millis};
use crate::words::{Told, Words, odd};

/// Writes the arguments of the operation.
pub(crate) fn send(op: &OnceOp, args: &mut Words) -> &'static str {
    match op {
        OnceOp::Read(_) => "read",
        OnceOp::Begin(Begin { worker, lease }) => {
            capacity::id(*worker, args);
            args.number(micros(*lease));
            "begin"
        }
        OnceOp::Extend(Extend { worker, lease }) => {
            capacity::id(*worker, args);
            args.number(micros(*lease));
            "extend"
        }
        OnceOp::Finish(Finish { worker, answer, keep }) => {
            capacity::id(*worker, args);
            args.push(&**answer);
            args.number(millis(*keep));
            "finish"
        }
        OnceOp::Abandon(Abandon { worker }) => {
            capacity::id(*worker, args);
            "abandon"
        }
    }
}

/// Reads its outcome.
pub(crate) fn outcome(op: &OnceOp, told: &Told<'_>) -> Result<OnceOutcome, Fault> {
    let time = |place| told.number(place).map(Duration::from_micros);
    let continued = || if told.is(0, "done") { Continued::Continued } else { Continued::Lost };
    Ok(match op {
        OnceOp::Read(_) => OnceOutcome::Read(match told.word(0) {
            b"done" => Progress::Done { answer: told.bytes(1) },
            b"runs" => Progress::Running { left: time(1)?, attempt: told.number(2)? },
            b"crashed" => Progress::Crashed { attempts: told.number(1)? },
            b"new" => Progress::New,
            _ => return Err(odd()),
        }),
        OnceOp::Begin(_) => OnceOutcome::Begin(match (told.word(0), told.word(1)) {
            (b"refused", b"done") => Begun::Done { answer: told.bytes(2) },
            (b"refused", _) => Begun::Running { left: time(2)? },
            // Not the worker that was asked for: who calls again under a token gets the first one.
            _ => Begun::Begun {
                worker: told.text(1).parse().map_err(|_| odd())?,
                attempt: told.number(2)?,
            },
        }),
        OnceOp::Extend(_) => OnceOutcome::Extend(continued()),
        OnceOp::Finish(_) => OnceOutcome::Finish(continued()),
        OnceOp::Abandon(_) => OnceOutcome::Abandon(told.is(0, "1")),
    })
}
