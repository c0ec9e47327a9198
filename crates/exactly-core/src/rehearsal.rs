//! What a batch would do, for a transaction that is still being made up.

use std::time::Duration;

use crate::batch::Refusal;
use crate::bytes::Bytes;
use crate::operations::Outcome;
use crate::operations::key::{KeyOutcome, Life};
use crate::operations::limiter::{Allowance, Checked, LimiterOutcome};
use crate::operations::lock::{Holders, LockOutcome};
use crate::operations::once::{Begun, OnceOutcome, Progress};
use crate::operations::queue::{Depths, QueueOutcome};

/// What an engine answers to a batch that it only tries.
#[derive(Debug, Clone, PartialEq)]
pub enum Rehearsal {
    /// What each operation would be answered.
    Told(Vec<Tried>),
    /// Why nothing of it would be applied.
    Refused(Refusal),
}

/// What an operation would be answered, and by what that is known again.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried {
    /// The outcome.
    pub outcome: Outcome,
    /// Its sight, which this engine compares with when the transaction is to be applied: see
    /// [`Batch::seen`](crate::Batch::seen).
    pub sight: Bytes,
}

impl Outcome {
    /// By what an outcome is known again: all of it, but for what time alone changes.
    pub fn sight(&self) -> Bytes {
        let mut plain = self.clone();
        plain.forget_time();
        // Plain data in memory: writing it down cannot fail, and if it could, one outcome would
        // still be equal to itself.
        Bytes::from(rmp_serde::to_vec(&plain).unwrap_or_default())
    }

    fn forget_time(&mut self) {
        let none = Duration::ZERO;
        match self {
            Self::Key(KeyOutcome::Ttl(Life::Left(left)))
            | Self::Lock(LockOutcome::Read(Holders { left, .. }))
            | Self::Limiter(
                LimiterOutcome::Peek(Allowance { full_after: left, .. })
                | LimiterOutcome::Check(Checked::Limited { retry_after: left, .. }),
            )
            | Self::Queue(QueueOutcome::Depth(Depths { oldest: left, .. }))
            | Self::Once(
                OnceOutcome::Read(Progress::Running { left, .. })
                | OnceOutcome::Begin(Begun::Running { left }),
            ) => *left = none,
            Self::Key(_) | Self::Counter(_) | Self::Float(_) | Self::Value(_) => {}
            Self::Flag(_) | Self::Capacity(_) | Self::List(_) | Self::Set(_) => {}
            Self::SortedSet(_) | Self::Map(_) | Self::Lock(_) | Self::Limiter(_) => {}
            Self::Queue(_) | Self::Once(_) | Self::Misuse(_) => {}
        }
    }
}
