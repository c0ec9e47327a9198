//! What is made up afresh by each caller or told by each engine's own clock, and is alike without.

use std::time::Duration;

use super::{
    Acknowledge, Bury, Chosen, Claim, Claimed, DeadJob, DeadJobs, Depths, Discard, Extend, NewJob,
    Push, QueueOp, QueueOutcome, Release, Retry, Revive,
};
use crate::token::HoldId;

impl QueueOp {
    /// Every id in it, of jobs and of deliveries.
    pub(crate) fn ids(&mut self) -> impl Iterator<Item = &mut HoldId> {
        let (jobs, ids): (&mut [NewJob], &mut [HoldId]) = match self {
            Self::Push(Push { jobs, .. }) => (jobs, &mut []),
            Self::Claim(Claim { deliveries, .. }) => (&mut [], deliveries),
            Self::Acknowledge(Acknowledge { delivery })
            | Self::Retry(Retry { delivery, .. })
            | Self::Release(Release { delivery })
            | Self::Bury(Bury { delivery, .. })
            | Self::Extend(Extend { delivery, .. }) => (&mut [], std::slice::from_mut(delivery)),
            Self::Revive(Revive { jobs: Chosen::Named(jobs) })
            | Self::Discard(Discard { jobs: Chosen::Named(jobs) }) => (&mut [], jobs),
            Self::Revive(Revive { jobs: Chosen::Page { .. } })
            | Self::Discard(Discard { jobs: Chosen::Page { .. } }) => (&mut [], &mut []),
            Self::Depth(_) | Self::Dead(_) => (&mut [], &mut []),
        };
        jobs.iter_mut().map(|job| &mut job.id).chain(ids)
    }
}

impl QueueOutcome {
    /// Whether both say the same to a caller: all but how long ago things were, which every engine
    /// tells by its own clock.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        self.timeless() == other.timeless()
    }

    fn timeless(&self) -> Self {
        let mut outcome = self.clone();
        match &mut outcome {
            Self::Depth(Depths { oldest, .. }) => *oldest = Duration::ZERO,
            Self::Claim(Claimed::Empty { next_after: Some(after) }) => *after = Duration::ZERO,
            Self::Dead(DeadJobs { jobs, .. }) => jobs.iter_mut().for_each(DeadJob::forget_times),
            Self::Push(_) | Self::Claim(_) | Self::Acknowledge(_) | Self::Retry(_) => {}
            Self::Release(_) | Self::Bury(_) | Self::Extend(_) => {}
            Self::Revive(_) | Self::Discard(_) => {}
        }
        outcome
    }
}

impl DeadJob {
    fn forget_times(&mut self) {
        (self.age, self.since) = (Duration::ZERO, Duration::ZERO);
        self.tries.iter_mut().for_each(|told| told.ago = Duration::ZERO);
    }
}
