//! Queues: jobs, each delivered to one worker at a time until it is done.
//!
//! A job that is claimed is on a lease. Acknowledging ends it; a retry, or a lease that runs out
//! because its worker died, brings it back. After so many tries it is dead: kept aside, with what
//! is known of it, until somebody revives or discards it.

use std::num::NonZeroU64;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::capacity::check_lease;
use super::{Refusable, operations};
use crate::bytes::Bytes;
use crate::state::{Misuse, Slot};
use crate::time::Moment;
use crate::token::HoldId;

// ===== operations =====

operations! {
    /// What can be asked of a queue.
    QueueOp => QueueOutcome;

    /// How many jobs there are, and how long the oldest has been ready.
    read Depth {} -> Depths;

    /// Puts jobs in, all of them or none.
    write Push {
        /// Which.
        jobs: Vec<NewJob>,
        /// The most jobs that may be ready, delayed or claimed.
        limit: Option<NonZeroU64>,
    } -> Pushed;

    /// Takes jobs that are ready on a lease, in the order in which they became so.
    write Claim {
        /// The names of the deliveries: as many jobs at most.
        deliveries: Vec<HoldId>,
        /// After how long without [`Extend`], [`Acknowledge`] or [`Retry`] a job is ready again.
        lease: Duration,
        /// How often a job is delivered at most: after that it is dead.
        tries_max: u32,
    } -> Claimed;

    /// The job is done.
    write Acknowledge {
        /// Its delivery.
        delivery: HoldId,
    } -> Settled;

    /// The job is to be delivered again; unless it was so often already, then it is dead.
    write Retry {
        /// Its delivery.
        delivery: HoldId,
        /// After how long it is ready.
        after: Duration,
        /// What to remember of this try.
        note: Bytes,
    } -> Retried;

    /// The job is dead, however often it was tried.
    write Bury {
        /// Its delivery.
        delivery: HoldId,
        /// What to remember of this try.
        note: Bytes,
    } -> Settled;

    /// Lets the lease of a delivery run anew, if it still runs.
    write Extend {
        /// The delivery.
        delivery: HoldId,
        /// How long from now.
        lease: Duration,
    } -> Settled;

    /// Dead jobs in the order in which they died, from this place on.
    read Dead {
        /// How many to leave out first.
        skip: u64,
        /// How many at most.
        count: u64,
    } -> Vec<DeadJob>;

    /// Makes dead jobs ready again, as if they were new. Answers how many.
    write Revive {
        /// Which; all where none is named.
        jobs: Vec<HoldId>,
    } -> u64;

    /// Removes dead jobs. Answers how many.
    write Discard {
        /// Which; all where none is named.
        jobs: Vec<HoldId>,
    } -> u64;
}

/// A job to be put in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewJob {
    /// Its name: one that is in the queue already, dead or alive, is not put in again.
    pub id: HoldId,
    /// What the worker gets.
    pub payload: Bytes,
    /// After how long it is ready.
    pub delay: Duration,
    /// A key that no two live jobs share: the second is not put in, and its pusher told of the
    /// first.
    pub unique: Option<Bytes>,
}

impl QueueOp {
    pub(crate) fn check(&self) -> Result<(), Misuse> {
        match self {
            Self::Claim(Claim { lease, .. }) | Self::Extend(Extend { lease, .. }) => {
                check_lease(*lease)
            }
            Self::Depth(_) | Self::Push(_) | Self::Acknowledge(_) | Self::Retry(_) => Ok(()),
            Self::Bury(_) | Self::Dead(_) | Self::Revive(_) | Self::Discard(_) => Ok(()),
        }
    }
}

// ===== outcomes =====

/// Of [`Depth`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Depths {
    /// How many jobs can be claimed.
    pub ready: u64,
    /// How many become ready later.
    pub delayed: u64,
    /// How many are claimed.
    pub claimed: u64,
    /// How many are dead.
    pub dead: u64,
    /// For how long the oldest that can be claimed has been ready; zero where none can.
    pub oldest: Duration,
}

impl Refusable for Depths {}

/// Of [`Push`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pushed {
    /// The jobs are in the queue.
    Pushed {
        /// For each its name, or that of the job that was there before.
        jobs: Vec<PushedJob>,
    },
    /// Refused: there is no room for all of them.
    Full {
        /// How many more there is room for.
        free: u64,
    },
}

/// What became of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushedJob {
    /// The job in the queue.
    pub id: HoldId,
    /// Whether it was put in now.
    pub new: bool,
}

impl Refusable for Pushed {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Full { .. })
    }
}

/// Of [`Claim`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claimed {
    /// The jobs.
    pub jobs: Vec<Delivery>,
    /// Where there were too few: how long until one becomes ready by time, if one does.
    pub next_after: Option<Duration>,
}

impl Refusable for Claimed {}

/// A job on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The name of the delivery.
    pub id: HoldId,
    /// The name of the job.
    pub job: HoldId,
    /// What it is.
    pub payload: Bytes,
    /// How often it was delivered, this time included.
    pub attempt: u32,
}

/// Of [`Acknowledge`], [`Bury`] and [`Extend`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Settled {
    /// So it is.
    Settled,
    /// Refused: the lease is over, and the job may be another worker's.
    Lapsed,
}

impl Refusable for Settled {
    fn is_refusal(&self) -> bool {
        *self == Self::Lapsed
    }
}

/// Of [`Retry`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Retried {
    /// It will be delivered again.
    Again,
    /// It was delivered so often that it is dead.
    Dead,
    /// Refused: the lease is over, and the job may be another worker's.
    Lapsed,
}

impl Refusable for Retried {
    fn is_refusal(&self) -> bool {
        *self == Self::Lapsed
    }
}

/// A job that is not delivered any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadJob {
    /// The name of the job.
    pub id: HoldId,
    /// What it is.
    pub payload: Bytes,
    /// How often it was delivered.
    pub attempts: u32,
    /// How long it has been dead.
    pub since: Duration,
    /// What was remembered of its last try; empty where its worker died.
    pub note: Bytes,
}

// ===== state =====

/// The state of a queue.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QueueState {}

// ===== step =====

/// The meaning of a [`QueueOp`]. Leases that have run out have lapsed before.
pub(crate) fn step(_slot: &mut Slot, _op: &QueueOp, _at: Moment) -> Result<QueueOutcome, Misuse> {
    Err(Misuse::BadSetting("not yet".to_owned()))
}
