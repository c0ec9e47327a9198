//! Limiters: so many units in a while, by the generic cell rate algorithm.

use std::time::Duration;

use exactly_core::Fault;
use exactly_core::operations::limiter::{
    Allowance, Check, Checked, LimiterOp, LimiterOutcome, Peek, Rate,
};

use crate::operations::micros;
use crate::words::{Told, Words};

/// Writes the arguments of the operation: the units, the time for each, the burst.
pub(crate) fn send(op: &LimiterOp, args: &mut Words) -> &'static str {
    let (name, units, Rate { every, burst }) = match op {
        LimiterOp::Peek(Peek { rate }) => ("peek", 0, *rate),
        LimiterOp::Check(Check { units, rate }) => ("check", *units, *rate),
    };
    args.number(units);
    args.number(micros(every));
    args.number(burst);
    name
}

/// Reads its outcome.
pub(crate) fn outcome(op: &LimiterOp, told: &Told<'_>) -> Result<LimiterOutcome, Fault> {
    let time = |place| told.number(place).map(Duration::from_micros);
    Ok(match op {
        LimiterOp::Peek(_) => {
            LimiterOutcome::Peek(Allowance { units: told.number(0)?, full_after: time(1)? })
        }
        LimiterOp::Check(_) => LimiterOutcome::Check(if told.is(0, "refused") {
            Checked::Limited { retry_after: time(1)?, left: told.number(2)? }
        } else {
            Checked::Allowed { left: told.number(1)? }
        }),
    })
}
