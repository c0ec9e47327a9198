//! Sets: members, each once.

use exactly_core::Fault;
use exactly_core::operations::set::{SetOp, SetOutcome};

use crate::heard::Heard;
use crate::native::{Answer, Command};
use crate::words::{Told, Words, odd};

/// Writes the arguments of the operation.
pub(crate) fn send(_op: &SetOp, _args: &mut Words) -> &'static str {
    "none"
}

/// Reads its outcome.
pub(crate) fn outcome(_op: &SetOp, _told: &Told<'_>) -> Result<SetOutcome, Fault> {
    Err(odd())
}

/// The server's own command for it.
pub(crate) fn command(_op: &SetOp, _on: impl Fn(&str) -> Command) -> Option<Command> {
    None
}

/// What that command answered.
pub(crate) fn answer(_op: &SetOp, _answer: Heard) -> Result<Answer, Fault> {
    Ok(Answer::Unclear)
}
