//! Capacities: so many units, each free, held or confirmed.

use exactly_core::operations::capacity::{
    CapacityOp, CapacityOutcome, Confirm, Confirmed, Extend, Extended, GiveBack, GivenBack, Levels,
    Read, Release, Resize, Resized, Take, Taken,
};
use exactly_core::{Fault, HoldId};

use crate::operations::micros;
use crate::words::{Told, Words, odd};

/// Writes the arguments of the operation: the limit of a missing capacity, the hold, and its own.
pub(crate) fn send(op: &CapacityOp, args: &mut Words) -> &'static str {
    let (name, limit, hold) = match op {
        CapacityOp::Read(Read { limit }) => ("read", *limit, None),
        CapacityOp::Take(Take { hold, limit, .. }) => ("take", *limit, Some(*hold)),
        CapacityOp::Confirm(Confirm { hold }) => ("confirm", 0, Some(*hold)),
        CapacityOp::Release(Release { hold }) => ("release", 0, Some(*hold)),
        CapacityOp::Extend(Extend { hold, .. }) => ("extend", 0, Some(*hold)),
        CapacityOp::GiveBack(_) => ("back", 0, None),
        CapacityOp::Resize(Resize { to }) => ("resize", *to, None),
    };
    args.number(limit);
    match hold {
        Some(hold) => id(hold, args),
        None => args.push(""),
    }
    match op {
        CapacityOp::Take(Take { units, lease, .. }) => {
            args.number(*units);
            args.number(micros(*lease));
        }
        CapacityOp::Extend(Extend { lease, .. }) => args.number(micros(*lease)),
        CapacityOp::GiveBack(GiveBack { units }) => args.number(*units),
        CapacityOp::Resize(Resize { to }) => args.number(*to),
        CapacityOp::Read(_) | CapacityOp::Confirm(_) | CapacityOp::Release(_) => {}
    }
    name
}

pub(crate) fn id(hold: HoldId, args: &mut Words) {
    args.push(hold.to_string());
}

/// Reads its outcome.
pub(crate) fn outcome(op: &CapacityOp, told: &Told<'_>) -> Result<CapacityOutcome, Fault> {
    let refused = told.is(0, "refused");
    Ok(match op {
        CapacityOp::Read(_) => CapacityOutcome::Read(Levels {
            limit: told.number(0)?,
            free: told.number(1)?,
            held: told.number(2)?,
            confirmed: told.number(3)?,
        }),
        CapacityOp::Take(_) => CapacityOutcome::Take(if refused {
            Taken::Full { free: told.number(1)?, held: told.number(2)? }
        } else {
            // Not the id that was asked for: who calls again under a token gets the first one.
            Taken::Held { hold: told.text(1).parse().map_err(|_| odd())? }
        }),
        CapacityOp::Confirm(_) => {
            CapacityOutcome::Confirm(if refused { Confirmed::Lapsed } else { Confirmed::Confirmed })
        }
        CapacityOp::Release(_) => CapacityOutcome::Release(told.is(0, "done")),
        CapacityOp::Extend(_) => {
            CapacityOutcome::Extend(if refused { Extended::Lapsed } else { Extended::Extended })
        }
        CapacityOp::GiveBack(_) => CapacityOutcome::GiveBack(if refused {
            GivenBack::TooFew { confirmed: told.number(1)? }
        } else {
            GivenBack::GivenBack
        }),
        CapacityOp::Resize(_) => CapacityOutcome::Resize(Resized { over: told.number(0)? }),
    })
}
