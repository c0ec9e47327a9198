//! Sorted sets: members, each once and with a score, in the order of the scores.

use exactly_core::Fault;
use exactly_core::operations::sorted_set::{SortedSetOp, SortedSetOutcome};

use crate::heard::Heard;
use crate::native::{Answer, Command};
use crate::words::{Told, Words, odd};

/// Writes the arguments of the operation.
pub(crate) fn send(_op: &SortedSetOp, _args: &mut Words) -> &'static str {
    "none"
}

/// Reads its outcome.
pub(crate) fn outcome(_op: &SortedSetOp, _told: &Told<'_>) -> Result<SortedSetOutcome, Fault> {
    Err(odd())
}

/// The server's own command for it.
pub(crate) fn command(_op: &SortedSetOp, _on: impl Fn(&str) -> Command) -> Option<Command> {
    None
}

/// What that command answered.
pub(crate) fn answer(_op: &SortedSetOp, _answer: Heard) -> Result<Answer, Fault> {
    Ok(Answer::Unclear)
}
