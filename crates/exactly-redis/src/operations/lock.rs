//! Locks: held on a lease by one, or shared by several.

use exactly_core::Fault;
use exactly_core::operations::lock::{LockOp, LockOutcome};

use crate::words::{Told, Words, odd};

/// Writes the arguments of the operation.
pub(crate) fn send(_op: &LockOp, _args: &mut Words) -> &'static str {
    "none"
}

/// Reads its outcome.
pub(crate) fn outcome(_op: &LockOp, _told: &Told<'_>) -> Result<LockOutcome, Fault> {
    Err(odd())
}
