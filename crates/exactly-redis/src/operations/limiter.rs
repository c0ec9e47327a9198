//! Limiters: so many units in a while, by the generic cell rate algorithm.

use exactly_core::Fault;
use exactly_core::operations::limiter::{LimiterOp, LimiterOutcome};

use crate::words::{Told, Words, odd};

/// Writes the arguments of the operation.
pub(crate) fn send(_op: &LimiterOp, _args: &mut Words) -> &'static str {
    "none"
}

/// Reads its outcome.
pub(crate) fn outcome(_op: &LimiterOp, _told: &Told<'_>) -> Result<LimiterOutcome, Fault> {
    Err(odd())
}
