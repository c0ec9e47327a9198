//! Limiters: so many units in a while, by the generic cell rate algorithm.
//!
//! The whole state is one moment, the *theoretical arrival time* of the next unit if all came
//! evenly: a unit is admitted if it is not too far ahead of the present.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Refusable, operations};
use crate::state::{Misuse, Slot};
use crate::time::{Moment, Timestamp};

// ===== operations =====

operations! {
    /// What can be asked of a limiter.
    LimiterOp => LimiterOutcome;

    /// How many units would be admitted now. Takes none.
    read Peek {
        /// The rate.
        rate: Rate,
    } -> Allowance;

    /// Admits units, all of them or none.
    write Check {
        /// How many.
        units: u64,
        /// The rate.
        rate: Rate,
    } -> Checked;
}

/// How many units a limiter admits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rate {
    /// How long until one more unit is admitted.
    pub every: Duration,
    /// How many units are admitted at once after a rest.
    pub burst: u64,
}

impl LimiterOp {
    pub(crate) fn check(&self) -> Result<(), Misuse> {
        Ok(())
    }
}

// ===== outcomes =====

/// What a limiter would admit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    /// How many units are admitted now.
    pub units: u64,
    /// How long until a whole burst is admitted again.
    pub full_after: Duration,
}

impl Refusable for Allowance {}

/// Of [`Check`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Checked {
    /// The units are admitted.
    Allowed {
        /// How many more are admitted now.
        left: u64,
    },
    /// Refused: they are too many for now.
    Limited {
        /// How long until as many are admitted, if nobody else comes. Who waits that long is.
        retry_after: Duration,
        /// How many are admitted now.
        left: u64,
    },
}

impl Refusable for Checked {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Limited { .. })
    }
}

// ===== state =====

/// The state of a limiter: gone as soon as a whole burst is admitted again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LimiterState {
    /// When the next unit would come, if all came evenly.
    arrival: Timestamp,
}

// ===== step =====

/// The meaning of a [`LimiterOp`].
pub(crate) fn step(
    _slot: &mut Slot,
    _op: &LimiterOp,
    _at: Moment,
) -> Result<LimiterOutcome, Misuse> {
    Err(Misuse::BadSetting("not yet".to_owned()))
}
