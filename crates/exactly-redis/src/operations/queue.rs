//! Queues: jobs, each delivered to one worker at a time until it is done.

use exactly_core::Fault;
use exactly_core::operations::queue::{QueueOp, QueueOutcome};

use crate::words::{Told, Words, odd};

/// Writes the arguments of the operation.
pub(crate) fn send(_op: &QueueOp, _args: &mut Words) -> &'static str {
    "none"
}

/// Reads its outcome.
pub(crate) fn outcome(_op: &QueueOp, _told: &Told<'_>) -> Result<QueueOutcome, Fault> {
    Err(odd())
}
