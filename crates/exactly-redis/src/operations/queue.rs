//! Queues: jobs, each delivered to one worker at a time until it is done.

use std::num::NonZeroU64;
use std::time::Duration;

use exactly_core::operations::queue::{
    Acknowledge, Bury, Chosen, Claim, Claimed, Dead, DeadJob, DeadJobs, Delivery, Depths, Discard,
    Extend, Moved, NewJob, Push, Pushed, PushedJob, QueueOp, QueueOutcome, Release, Retried, Retry,
    Revive, Settled, Try,
};
use exactly_core::{Cursor, Fault, HoldId};

use super::capacity::id;
use super::micros;
use crate::words::{Told, Words, odd};

/// Writes the arguments of the operation.
pub(crate) fn send(op: &QueueOp, args: &mut Words) -> &'static str {
    match op {
        QueueOp::Depth(_) => "depth",
        QueueOp::Push(Push { jobs, limit }) => {
            match limit {
                Some(limit) => args.number(limit.get()),
                None => args.push(""),
            }
            args.number(jobs.len() as u64);
            jobs.iter().for_each(|job| new_job(job, args));
            "push"
        }
        QueueOp::Claim(Claim { deliveries, lease, tries_max }) => {
            args.number(micros(*lease));
            args.number(*tries_max);
            ids(deliveries, args);
            "claim"
        }
        QueueOp::Acknowledge(Acknowledge { delivery }) => {
            id(*delivery, args);
            "acknowledge"
        }
        QueueOp::Retry(Retry { delivery, failed }) => {
            id(*delivery, args);
            args.number(micros(failed.after));
            args.push(&*failed.note);
            "retry"
        }
        QueueOp::Release(Release { delivery }) => {
            id(*delivery, args);
            "release"
        }
        QueueOp::Bury(Bury { delivery, note }) => {
            id(*delivery, args);
            args.push(&**note);
            "bury"
        }
        QueueOp::Extend(Extend { delivery, lease }) => {
            id(*delivery, args);
            args.number(micros(*lease));
            "extend"
        }
        QueueOp::Dead(Dead { after, count }) => {
            page(*after, *count, args);
            "dead"
        }
        QueueOp::Revive(Revive { jobs }) => {
            chosen(jobs, args);
            "revive"
        }
        QueueOp::Discard(Discard { jobs }) => {
            chosen(jobs, args);
            "discard"
        }
    }
}

fn new_job(job: &NewJob, args: &mut Words) {
    let NewJob { id: name, payload, delay, unique } = job;
    id(*name, args);
    args.push(&**payload);
    args.number(micros(*delay));
    args.push(if unique.is_some() { "1" } else { "" });
    args.push(unique.as_deref().unwrap_or_default());
}

fn ids(names: &[HoldId], args: &mut Words) {
    args.number(names.len() as u64);
    names.iter().for_each(|name| id(*name, args));
}

fn page(after: Option<Cursor>, count: u64, args: &mut Words) {
    args.number(after.map_or(0, |Cursor(place)| place.get()));
    args.number(count);
}

fn chosen(jobs: &Chosen, args: &mut Words) {
    match jobs {
        Chosen::Named(names) => {
            args.push("named");
            ids(names, args);
        }
        Chosen::Page { after, count } => {
            args.push("page");
            page(*after, *count, args);
        }
    }
}

/// Reads its outcome.
pub(crate) fn outcome(op: &QueueOp, told: &Told<'_>) -> Result<QueueOutcome, Fault> {
    let refused = told.is(0, "refused");
    let settled = if refused { Settled::Lapsed } else { Settled::Settled };
    Ok(match op {
        QueueOp::Depth(_) => QueueOutcome::Depth(Depths {
            ready: told.number(0)?,
            delayed: told.number(1)?,
            claimed: told.number(2)?,
            dead: told.number(3)?,
            oldest: time(told, 4)?,
        }),
        QueueOp::Push(_) if refused => QueueOutcome::Push(Pushed::Full { free: told.number(1)? }),
        QueueOp::Push(_) => QueueOutcome::Push(Pushed::Pushed { jobs: pushed(told)? }),
        QueueOp::Claim(_) if refused => {
            let next_after = match told.word(1) {
                b"" => None,
                _ => Some(time(told, 1)?),
            };
            QueueOutcome::Claim(Claimed::Empty { next_after })
        }
        QueueOp::Claim(_) => QueueOutcome::Claim(Claimed::Claimed { jobs: claimed(told)? }),
        QueueOp::Acknowledge(_) => QueueOutcome::Acknowledge(settled),
        QueueOp::Retry(_) => QueueOutcome::Retry(match told.word(0) {
            b"done" => Retried::Again,
            b"dead" => Retried::Dead,
            b"refused" => Retried::Lapsed,
            _ => return Err(odd()),
        }),
        QueueOp::Release(_) => QueueOutcome::Release(settled),
        QueueOp::Bury(_) => QueueOutcome::Bury(settled),
        QueueOp::Extend(_) => QueueOutcome::Extend(settled),
        QueueOp::Dead(_) => QueueOutcome::Dead(dead(told)?),
        QueueOp::Revive(_) => QueueOutcome::Revive(moved(told)?),
        QueueOp::Discard(_) => QueueOutcome::Discard(moved(told)?),
    })
}

fn time(told: &Told<'_>, place: usize) -> Result<Duration, Fault> {
    told.number(place).map(Duration::from_micros)
}

fn name(told: &Told<'_>, place: usize) -> Result<HoldId, Fault> {
    told.text(place).parse().map_err(|_| odd())
}

fn next(told: &Told<'_>, place: usize) -> Result<Option<Cursor>, Fault> {
    match told.word(place) {
        b"" => Ok(None),
        _ => Ok(NonZeroU64::new(told.number(place)?).map(Cursor)),
    }
}

fn pushed(told: &Told<'_>) -> Result<Vec<PushedJob>, Fault> {
    let job = |place| Ok(PushedJob { id: name(told, place)?, new: told.is(place + 1, "1") });
    (1..told.len()).step_by(2).map(job).collect()
}

fn claimed(told: &Told<'_>) -> Result<Vec<Delivery>, Fault> {
    let job = |place| {
        Ok(Delivery {
            id: name(told, place)?,
            job: name(told, place + 1)?,
            payload: told.bytes(place + 2),
            attempt: told.number(place + 3)?,
        })
    };
    (1..told.len()).step_by(4).map(job).collect()
}

/// Where the next page begins, how many jobs, and each with its tries.
fn dead(told: &Told<'_>) -> Result<DeadJobs, Fault> {
    let mut place = 2;
    let mut jobs = Vec::new();
    for _ in 0..told.number::<u64>(1)? {
        let count: usize = told.number(place + 5)?;
        let tried = |at| {
            Ok(Try {
                attempt: told.number(at)?,
                ago: time(told, at + 1)?,
                note: told.bytes(at + 2),
            })
        };
        let first = place + 6;
        jobs.push(DeadJob {
            id: name(told, place)?,
            payload: told.bytes(place + 1),
            attempts: told.number(place + 2)?,
            age: time(told, place + 3)?,
            since: time(told, place + 4)?,
            tries: (first..).step_by(3).take(count).map(tried).collect::<Result<_, Fault>>()?,
        });
        place = first + 3 * count;
    }
    Ok(DeadJobs { jobs, next: next(told, 0)? })
}

fn moved(told: &Told<'_>) -> Result<Moved, Fault> {
    Ok(Moved { jobs: told.number(0)?, next: next(told, 1)? })
}
