//! Lists: elements in an order, taken and put at both ends.

use exactly_core::Fault;
use exactly_core::operations::list::{ListOp, ListOutcome};

use crate::heard::Heard;
use crate::native::{Answer, Command};
use crate::words::{Told, Words, odd};

/// Writes the arguments of the operation.
pub(crate) fn send(_op: &ListOp, _args: &mut Words) -> &'static str {
    "none"
}

/// Reads its outcome.
pub(crate) fn outcome(_op: &ListOp, _told: &Told<'_>) -> Result<ListOutcome, Fault> {
    Err(odd())
}

/// The server's own command for it.
pub(crate) fn command(_op: &ListOp, _on: impl Fn(&str) -> Command) -> Option<Command> {
    None
}

/// What that command answered.
pub(crate) fn answer(_op: &ListOp, _answer: Heard) -> Result<Answer, Fault> {
    Ok(Answer::Unclear)
}
