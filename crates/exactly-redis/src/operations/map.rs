//! Maps: fields, each with a value.

use exactly_core::Fault;
use exactly_core::operations::map::{MapOp, MapOutcome};

use crate::heard::Heard;
use crate::native::{Answer, Command};
use crate::words::{Told, Words, odd};

/// Writes the arguments of the operation.
pub(crate) fn send(_op: &MapOp, _args: &mut Words) -> &'static str {
    "none"
}

/// Reads its outcome.
pub(crate) fn outcome(_op: &MapOp, _told: &Told<'_>) -> Result<MapOutcome, Fault> {
    Err(odd())
}

/// The server's own command for it.
pub(crate) fn command(_op: &MapOp, _on: impl Fn(&str) -> Command) -> Option<Command> {
    None
}

/// What that command answered.
pub(crate) fn answer(_op: &MapOp, _answer: Heard) -> Result<Answer, Fault> {
    Ok(Answer::Unclear)
}
