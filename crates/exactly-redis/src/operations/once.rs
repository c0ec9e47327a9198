//! Work that is done once under an id, and whose answer is kept.

use exactly_core::Fault;
use exactly_core::operations::once::{OnceOp, OnceOutcome};

use crate::words::{Told, Words, odd};

/// Writes the arguments of the operation.
pub(crate) fn send(_op: &OnceOp, _args: &mut Words) -> &'static str {
    "none"
}

/// Reads its outcome.
pub(crate) fn outcome(_op: &OnceOp, _told: &Told<'_>) -> Result<OnceOutcome, Fault> {
    Err(odd())
}
