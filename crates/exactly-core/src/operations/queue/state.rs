//! What a queue is made of, and what time does to it.

use std::collections::HashMap;
use std::num::NonZeroU64;
use std::time::Duration;

use super::{Chosen, DeadJob, Depths, NewJob, PushedJob, TRIES_KEPT, Try};
use crate::bytes::Bytes;
use crate::element::Cursor;
use crate::time::Timestamp;
use crate::token::HoldId;
use crate::tree::Tree;

/// The state of a queue.
///
/// Where a job stands is told by its `Stage`; the other maps find it by that. They are
/// trees, so that a batch of several operations can put back a queue of any size at
/// no cost.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QueueState {
    pub(super) jobs: Tree<HoldId, Job>,
    pub(super) ready: Tree<Place, HoldId>,
    delayed: Tree<Place, HoldId>,
    /// The jobs that are claimed, in the order in which their leases run out.
    leases: Tree<Place, HoldId>,
    /// The same jobs by the names of their deliveries.
    pub(super) deliveries: Tree<HoldId, HoldId>,
    /// In the order in which they died.
    dead: Tree<u64, HoldId>,
    /// The live jobs that have a unique key.
    pub(super) unique: Tree<Bytes, HoldId>,
    /// How often a job came to another place: tells the order of what happened at one moment.
    moves: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) at: Timestamp,
    /// Which move led there.
    pub(super) number: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Job {
    pub(super) payload: Bytes,
    pub(super) unique: Option<Bytes>,
    pub(super) pushed: Timestamp,
    pub(super) attempts: u32,
    pub(super) tries: Vec<Tried>,
    pub(super) stage: Stage,
}

/// How one delivery ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tried {
    attempt: u32,
    at: Timestamp,
    note: Bytes,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Stage {
    /// Since when it is ready.
    Ready(Place),
    /// When it will be.
    Delayed(Place),
    Claimed(Lease),
    /// Since when it is dead.
    Dead(Place),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Lease {
    pub(super) delivery: HoldId,
    pub(super) until: Place,
    /// Where the job was ready before.
    pub(super) before: Place,
    pub(super) tries_max: u32,
}

impl QueueState {
    /// The place of whatever comes next at this moment.
    pub(super) fn place(&mut self, at: Timestamp) -> Place {
        self.moves += 1;
        Place { at, number: self.moves }
    }

    /// Where a job waits until it is ready.
    pub(super) fn waiting(&mut self, now: Timestamp, delay: Duration) -> Stage {
        let place = self.place(now.plus(delay));
        if place.at > now { Stage::Delayed(place) } else { Stage::Ready(place) }
    }

    pub(super) fn put(&mut self, id: HoldId, job: Job) {
        match job.stage {
            Stage::Ready(place) => drop(self.ready.insert(place, id)),
            Stage::Delayed(place) => drop(self.delayed.insert(place, id)),
            Stage::Claimed(lease) => {
                self.leases.insert(lease.until, id);
                self.deliveries.insert(lease.delivery, id);
            }
            Stage::Dead(place) => drop(self.dead.insert(place.number, id)),
        }
        if let Some(unique) = job.unique_now() {
            self.unique.insert(unique.clone(), id);
        }
        self.jobs.insert(id, job);
    }

    pub(super) fn take(&mut self, id: HoldId) -> Option<Job> {
        let job = self.jobs.remove(&id)?;
        match &job.stage {
            Stage::Ready(place) => drop(self.ready.remove(place)),
            Stage::Delayed(place) => drop(self.delayed.remove(place)),
            Stage::Claimed(lease) => {
                self.leases.remove(&lease.until);
                self.deliveries.remove(&lease.delivery);
            }
            Stage::Dead(place) => drop(self.dead.remove(&place.number)),
        }
        if let Some(unique) = job.unique_now() {
            self.unique.remove(unique);
        }
        Some(job)
    }

    /// Takes out the job of a delivery that is on its way.
    pub(super) fn take_delivered(&mut self, delivery: HoldId) -> Option<(HoldId, Job, Lease)> {
        let id = *self.deliveries.get(&delivery)?;
        let job = self.take(id)?;
        match job.stage {
            Stage::Claimed(lease) => Some((id, job, lease)),
            Stage::Ready(_) | Stage::Delayed(_) | Stage::Dead(_) => None,
        }
    }

    /// Takes out a dead job.
    pub(super) fn take_dead(&mut self, id: HoldId) -> Option<Job> {
        self.jobs.get(&id).filter(|job| job.is_dead())?;
        self.take(id)
    }

    pub(super) fn die(&mut self, id: HoldId, job: Job, at: Timestamp) {
        let stage = Stage::Dead(self.place(at));
        self.put(id, Job { stage, ..job });
    }

    /// How many jobs are not dead.
    pub(super) fn live(&self) -> u64 {
        (self.jobs.len() - self.dead.len()) as u64
    }

    /// What becomes of these jobs if they are put in, and how many of them are new.
    pub(super) fn plan(&self, jobs: &[NewJob]) -> (Vec<PushedJob>, u64) {
        let mut names = HashMap::new();
        let mut keys = HashMap::new();
        let mut new = 0;
        let plan = jobs.iter().map(|job| {
            let known = self.jobs.contains(&job.id).then_some(job.id);
            let same = job
                .unique
                .as_ref()
                .and_then(|unique| self.unique.get(unique).or_else(|| keys.get(unique)).copied());
            let known = known.or_else(|| names.get(&job.id).copied()).or(same);
            new += u64::from(known.is_none());
            if known.is_none() && jobs.len() > 1 {
                names.insert(job.id, job.id);
                keys.extend(job.unique.as_ref().map(|unique| (unique, job.id)));
            }
            PushedJob { id: known.unwrap_or(job.id), new: known.is_none() }
        });
        (plan.collect(), new)
    }

    /// Makes ready what is, and ends the deliveries whose leases have run out.
    pub(crate) fn lapse(&mut self, now: Timestamp) {
        while let Some((place, id)) = self.delayed.first().filter(|(place, _)| place.at <= now) {
            let (place, id) = (*place, *id);
            if let Some(job) = self.take(id) {
                self.put(id, Job { stage: Stage::Ready(place), ..job });
            }
        }
        while let Some((place, id)) = self.leases.first().filter(|(place, _)| place.at <= now) {
            let (place, id) = (*place, *id);
            let Some(mut job) = self.take(id) else { continue };
            let Stage::Claimed(lease) = job.stage else { continue };
            job.tried(place.at, "".into());
            if job.attempts >= lease.tries_max {
                self.die(id, job, place.at);
            } else {
                self.put(id, Job { stage: Stage::Ready(place), ..job });
            }
        }
    }

    /// When [`QueueState::lapse`] will next have something to do.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        let first = |(place, _): (&Place, &HoldId)| place.at;
        let (delayed, leases) = (self.delayed.first().map(first), self.leases.first().map(first));
        delayed.into_iter().chain(leases).min()
    }

    pub(super) fn depths(&self, now: Timestamp) -> Depths {
        Depths {
            ready: self.ready.len() as u64,
            delayed: self.delayed.len() as u64,
            claimed: self.leases.len() as u64,
            dead: self.dead.len() as u64,
            oldest: self.ready.first().map_or(Duration::ZERO, |(place, _)| place.at.until(now)),
        }
    }

    /// The dead behind this place, in order, and the place of the last one if there are more.
    pub(super) fn dead_after(
        &self,
        after: Option<Cursor>,
        count: u64,
    ) -> (Vec<HoldId>, Option<Cursor>) {
        let after = after.map_or(0, |Cursor(number)| number.get());
        let mut behind = self.dead.after(&after);
        let (mut ids, mut last) = (Vec::new(), after);
        for (number, id) in behind.by_ref().take(usize::try_from(count).unwrap_or(usize::MAX)) {
            ids.push(*id);
            last = *number;
        }
        (ids, behind.next().and(NonZeroU64::new(last)).map(Cursor))
    }

    pub(super) fn chosen(&self, chosen: &Chosen) -> (Vec<HoldId>, Option<Cursor>) {
        match chosen {
            Chosen::Named(ids) => (ids.clone(), None),
            Chosen::Page { after, count } => self.dead_after(*after, *count),
        }
    }
}

impl Job {
    fn is_dead(&self) -> bool {
        matches!(self.stage, Stage::Dead(_))
    }

    /// The key that no other live job may have.
    fn unique_now(&self) -> Option<&Bytes> {
        self.unique.as_ref().filter(|_| !self.is_dead())
    }

    /// Remembers how a delivery ended.
    pub(super) fn tried(&mut self, at: Timestamp, note: Bytes) {
        if self.tries.len() == TRIES_KEPT {
            self.tries.remove(0);
        }
        self.tries.push(Tried { attempt: self.attempts, at, note });
    }

    /// As it is told when it is dead.
    pub(super) fn dead(&self, id: HoldId, now: Timestamp) -> Option<DeadJob> {
        let Stage::Dead(since) = self.stage else { return None };
        let told = |tried: &Tried| Try {
            attempt: tried.attempt,
            ago: tried.at.until(now),
            note: tried.note.clone(),
        };
        Some(DeadJob {
            id,
            payload: self.payload.clone(),
            attempts: self.attempts,
            age: self.pushed.until(now),
            since: since.at.until(now),
            tries: self.tries.iter().map(told).collect(),
        })
    }
}
