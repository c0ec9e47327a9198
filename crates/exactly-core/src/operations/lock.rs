//! Locks: held on a lease by one, or shared by several.
//!
//! Who holds a lock has a *fence*: a number that grows with every acquisition, for ever. It is
//! never less than the time in microseconds, so that it grows also past a delete or a restart that
//! lost the lock.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::capacity::check_lease;
use super::{Refusable, operations};
use crate::state::{Misuse, Slot};
use crate::time::{Moment, Timestamp};
use crate::token::HoldId;

/// How long a lock that nobody holds is remembered, so that fences grow even if the clock goes back
/// by less than that.
pub const FENCE_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

// ===== operations =====

operations! {
    /// What can be asked of a lock.
    LockOp => LockOutcome;

    /// Who holds it, and for how long.
    read Read {} -> Holders;

    /// Acquires it on a lease, if it is free. Who holds it already is answered as before.
    write Acquire {
        /// Who.
        owner: HoldId,
        /// Alone, or with others.
        mode: Mode,
        /// After how long without [`Extend`] it is free again.
        lease: Duration,
        /// For how long a place in the line is kept if it is not free: those in the line go first,
        /// in their order. None asks out of turn, and only gets what nobody waits for.
        line: Option<Duration>,
        /// How many fences are taken: as many as hold it one after the other under this lease.
        fences: u32,
    } -> Acquired;

    /// Lets the lease run anew, if it still runs.
    write Extend {
        /// Who.
        owner: HoldId,
        /// How long from now.
        lease: Duration,
    } -> Extended;

    /// Gives it back, or the place in the line. Answers whether it was held.
    write Release {
        /// Who.
        owner: HoldId,
    } -> bool;
}

impl LockOp {
    pub(crate) fn check(&self) -> Result<(), Misuse> {
        match self {
            Self::Acquire(Acquire { lease, line, fences, .. }) => {
                if *fences == 0 {
                    return Err(Misuse::BadSetting(
                        "an acquisition takes at least one fence, found 0; nothing was changed"
                            .to_owned(),
                    ));
                }
                check_lease(*lease)?;
                line.map_or(Ok(()), check_lease)
            }
            Self::Extend(Extend { lease, .. }) => check_lease(*lease),
            Self::Read(_) | Self::Release(_) => Ok(()),
        }
    }
}

/// How a lock is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Mode {
    /// By one alone.
    Exclusive,
    /// By any number together.
    Shared,
}

// ===== outcomes =====

/// Of [`Read`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holders {
    /// How many hold it.
    pub holders: u64,
    /// How they hold it; none where nobody does.
    pub mode: Option<Mode>,
    /// How long until the last lease is over; zero where nobody holds it.
    pub left: Duration,
    /// How many wait in the line.
    pub waiting: u64,
    /// The greatest fence given; zero where none is remembered.
    pub fence: u64,
}

impl Refusable for Holders {}

/// Of [`Acquire`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Acquired {
    /// It is held.
    Held {
        /// By whom: the one who asked first under a token.
        owner: HoldId,
        /// The first of the fences.
        fence: u64,
    },
    /// Refused: others hold it, or are first in the line.
    Busy {
        /// How many stand before the caller in the line.
        ahead: u64,
        /// How long until a lease is over, if nobody extends or releases before.
        left: Duration,
    },
}

impl Refusable for Acquired {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Busy { .. })
    }
}

/// Of [`Extend`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Extended {
    /// The lease runs anew.
    Extended,
    /// Refused: it is not held any more.
    Lost,
}

impl Refusable for Extended {
    fn is_refusal(&self) -> bool {
        *self == Self::Lost
    }
}

// ===== state =====

/// The state of a lock.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LockState {
    /// The greatest fence given.
    fence: u64,
    /// Those who hold it.
    holders: Vec<Holder>,
    /// Those who wait for it.
    line: VecDeque<Waiter>,
}

#[derive(Debug, Clone, PartialEq)]
struct Holder {
    owner: HoldId,
    mode: Mode,
    fence: u64,
    until: Timestamp,
}

#[derive(Debug, Clone, PartialEq)]
struct Waiter {
    owner: HoldId,
    mode: Mode,
    until: Timestamp,
}

impl LockState {
    /// Whether this owner's lease still runs.
    pub(crate) fn is_held_by(&self, owner: HoldId) -> bool {
        self.holders.iter().any(|holder| holder.owner == owner)
    }
}

// ===== step =====

/// The meaning of a [`LockOp`]. Leases that have run out have lapsed before.
pub(crate) fn step(_slot: &mut Slot, _op: &LockOp, _at: Moment) -> Result<LockOutcome, Misuse> {
    Err(Misuse::BadSetting("not yet".to_owned()))
}
