//! Capacities: so many units, each free, held or confirmed.

use std::time::Duration;

use exactly_core::operations::capacity::{
    CapacityOp, CapacityOutcome, Confirm, Confirmed, Extend, Extended, GiveBack, GivenBack, Levels,
    Read, Release, Resize, Resized, Take, Taken,
};
use exactly_core::{Fault, HoldId};

use crate::words::{Told, Words, odd};

/// Writes the arguments of the operation, the limit of a missing capacity first.
pub(crate) fn send(op: &CapacityOp, args: &mut Words) -> &'static str {
    let limit = match op {
        CapacityOp::Read(Read { limit }) | CapacityOp::Take(Take { limit, .. }) => *limit,
        CapacityOp::Confirm(_) | CapacityOp::Release(_) | CapacityOp::Extend(_) => 0,
        CapacityOp::GiveBack(_) | CapacityOp::Resize(_) => 0,
    };
    args.number(limit);
    match op {
        CapacityOp::Read(_) => "read",
        CapacityOp::Take(Take { hold, units, lease, .. }) => {
            id(*hold, args);
            args.number(*units);
            args.number(micros(*lease));
            "take"
        }
        CapacityOp::Confirm(Confirm { hold }) => {
            id(*hold, args);
            "confirm"
        }
        CapacityOp::Release(Release { hold }) => {
            id(*hold, args);
            args.push("0");
            "release"
        }
        CapacityOp::Extend(Extend { hold, lease }) => {
            id(*hold, args);
            args.number(micros(*lease));
            "extend"
        }
        CapacityOp::GiveBack(GiveBack { units }) => {
            args.number(*units);
            "back"
        }
        CapacityOp::Resize(Resize { to }) => {
            args.number(*to);
            "resize"
        }
    }
}

pub(crate) fn id(hold: HoldId, args: &mut Words) {
    args.push(hold.to_string());
}

/// Leases are kept in microseconds, as the server tells the time, and never shorter than asked for.
fn micros(lease: Duration) -> i128 {
    i128::try_from(lease.as_nanos().div_ceil(1_000)).unwrap_or(i128::MAX)
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
