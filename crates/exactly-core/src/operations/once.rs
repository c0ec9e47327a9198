//! Work that is done once under an id, and whose answer is kept.
//!
//! Whoever begins it has it on a lease. When it is finished, its answer is what everybody gets who
//! asks again. If the worker dies, the lease ends, and the next who asks is told that somebody had
//! begun.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::capacity::check_lease;
use super::{Refusable, operations};
use crate::state::{Bytes, Misuse, Slot};
use crate::time::{Moment, Timestamp};
use crate::token::HoldId;

// ===== operations =====

operations! {
    /// What can be asked of work that is done once.
    OnceOp => OnceOutcome;

    /// How far it is.
    read Read {} -> Progress;

    /// Begins it, unless somebody else has it or has finished.
    write Begin {
        /// Who.
        worker: HoldId,
        /// After how long without [`Extend`] another may take it over.
        lease: Duration,
    } -> Begun;

    /// Lets the lease run anew, if it still runs.
    write Extend {
        /// Who.
        worker: HoldId,
        /// How long from now.
        lease: Duration,
    } -> Continued;

    /// Finishes it with this answer, which is kept.
    write Finish {
        /// Who.
        worker: HoldId,
        /// The answer.
        answer: Bytes,
        /// How long it is kept.
        keep: Duration,
    } -> Continued;

    /// Gives it up: it was not done, and anybody may begin. Answers whether it was this worker's.
    write Abandon {
        /// Who.
        worker: HoldId,
    } -> bool;
}

impl OnceOp {
    pub(crate) fn check(&self) -> Result<(), Misuse> {
        match self {
            Self::Begin(Begin { lease, .. }) | Self::Extend(Extend { lease, .. }) => {
                check_lease(*lease)
            }
            Self::Read(_) | Self::Finish(_) | Self::Abandon(_) => Ok(()),
        }
    }
}

// ===== outcomes =====

/// Of [`Read`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Progress {
    /// Nobody has begun.
    New,
    /// Somebody is at it.
    Running {
        /// How long their lease still runs.
        left: Duration,
        /// How many have begun, this one included.
        attempt: u64,
    },
    /// Somebody had begun, and was not heard of again before their lease was over.
    Crashed {
        /// How many have begun.
        attempts: u64,
    },
    /// It is finished.
    Done {
        /// The answer.
        answer: Bytes,
    },
}

impl Refusable for Progress {}

/// Of [`Begin`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Begun {
    /// It is the worker's.
    Begun {
        /// Whose: the one who asked first under a token.
        worker: HoldId,
        /// How many have begun, this one included: more than one after a crash.
        attempt: u64,
    },
    /// Refused: somebody is at it.
    Running {
        /// How long their lease still runs.
        left: Duration,
    },
    /// Refused: it is finished.
    Done {
        /// The answer.
        answer: Bytes,
    },
}

impl Refusable for Begun {
    fn is_refusal(&self) -> bool {
        !matches!(self, Self::Begun { .. })
    }
}

/// Of [`Extend`] and [`Finish`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Continued {
    /// It was the worker's.
    Continued,
    /// Refused: it is not the worker's any more.
    Lost,
}

impl Refusable for Continued {
    fn is_refusal(&self) -> bool {
        *self == Self::Lost
    }
}

// ===== state =====

/// The state of work that is done once.
#[derive(Debug, Clone, PartialEq)]
pub struct OnceState {
    attempts: u64,
    stage: Stage,
}

#[derive(Debug, Clone, PartialEq)]
enum Stage {
    Running { worker: HoldId, until: Timestamp },
    Done(Bytes),
}

// ===== step =====

/// The meaning of a [`OnceOp`].
pub(crate) fn step(_slot: &mut Slot, _op: &OnceOp, _at: Moment) -> Result<OnceOutcome, Misuse> {
    Err(Misuse::BadSetting("not yet".to_owned()))
}
