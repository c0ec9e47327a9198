//! Queues: jobs, each delivered to one worker at a time until it is done.
//!
//! A job that is claimed is on a lease. Acknowledging ends it; a retry, or a lease that runs out
//! because its worker died, brings it back. After so many tries it is dead: kept aside, with what
//! is known of it, until somebody revives or discards it.

use std::num::NonZeroU64;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::key::TTL_MAX;
use super::{Refusable, operations};
use crate::bytes::Bytes;
use crate::element::Cursor;
use crate::state::{Misuse, Slot, State};
use crate::time::{Moment, Timestamp};
use crate::token::HoldId;

/// The most jobs that one operation may put in, take or name.
pub const JOBS_MAX: usize = 4096;
/// The longest time until a job is ready: 100 years.
pub const DELAY_MAX: Duration = TTL_MAX;
/// The longest key that keeps two live jobs from being the same, in bytes.
pub const UNIQUE_BYTES_MAX: usize = 1024;
/// The longest note of a try, in bytes.
pub const NOTE_BYTES_MAX: usize = 4096;
/// How many tries of a job are remembered: the last ones.
pub const TRIES_KEPT: usize = 10;

// ===== operations =====

mod alike;
mod settings;

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

    /// Takes jobs that are ready on a lease, in the order in which they became so. Claiming under
    /// the name of a delivery that is on its way answers that one again.
    write Claim {
        /// The names of the deliveries, no two alike: as many jobs at most.
        deliveries: Box<[HoldId]>,
        /// After how long without [`Extend`], [`Acknowledge`] or [`Retry`] a job is ready again.
        lease: Duration,
        /// How often a job is delivered at most: a try that fails after that, or whose lease runs
        /// out, leaves it dead. A job that was delivered more often already, when more tries were
        /// allowed, gets this one more.
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
        /// How the try failed.
        failed: Box<Failed>,
    } -> Retried;

    /// The job is ready again, at the place it had, as if it had never been claimed.
    write Release {
        /// Its delivery.
        delivery: HoldId,
    } -> Settled;

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

    /// Dead jobs, in the order in which they died.
    read Dead {
        /// Behind which place; from the first on where none is named.
        after: Option<Cursor>,
        /// How many at most.
        count: u64,
    } -> DeadJobs;

    /// Makes dead jobs ready again, as if they were new. One whose unique key a live job has by now
    /// stays dead.
    write Revive {
        /// Which.
        jobs: Chosen,
    } -> Moved;

    /// Removes dead jobs.
    write Discard {
        /// Which.
        jobs: Chosen,
    } -> Moved;
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

/// A try that failed, and when the next one is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failed {
    /// After how long the job is ready again.
    pub after: Duration,
    /// What to remember of the try.
    pub note: Bytes,
}

/// Some of the dead jobs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Chosen {
    /// Those with these names.
    Named(Vec<HoldId>),
    /// So many, in the order in which they died.
    Page {
        /// Behind which place; from the first on where none is named.
        after: Option<Cursor>,
        /// How many at most.
        count: u64,
    },
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
pub enum Claimed {
    /// The jobs: as many as were asked for, or as were ready.
    Claimed {
        /// In the order of the deliveries that were named.
        jobs: Vec<Delivery>,
    },
    /// Refused: no job is ready.
    Empty {
        /// How long until time alone may change that: a delay is over, or a lease.
        next_after: Option<Duration>,
    },
}

impl Refusable for Claimed {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Empty { .. })
    }
}

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

/// Of [`Acknowledge`], [`Release`], [`Bury`] and [`Extend`].
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

/// Of [`Dead`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadJobs {
    /// The jobs.
    pub jobs: Vec<DeadJob>,
    /// The place of the last of them, if there are more behind it.
    pub next: Option<Cursor>,
}

impl Refusable for DeadJobs {}

/// A job that is not delivered any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadJob {
    /// The name of the job.
    pub id: HoldId,
    /// What it is.
    pub payload: Bytes,
    /// How often it was delivered.
    pub attempts: u32,
    /// How long ago it was put in.
    pub age: Duration,
    /// How long it has been dead.
    pub since: Duration,
    /// Its last tries, at most [`TRIES_KEPT`], the last one last.
    pub tries: Vec<Try>,
}

/// One delivery of a job that did not end well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Try {
    /// Which delivery of the job it was.
    pub attempt: u32,
    /// How long ago it ended.
    pub ago: Duration,
    /// What was remembered of it; empty where its worker died.
    pub note: Bytes,
}

/// Of [`Revive`] and [`Discard`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// How many jobs.
    pub jobs: u64,
    /// Of a page, the place of the last that was looked at, if there are more behind it.
    pub next: Option<Cursor>,
}

impl Refusable for Moved {}

// ===== state =====

mod state;

pub use state::QueueState;
use state::{Job, Lease, Place, Stage};

// ===== step =====

/// The meaning of a [`QueueOp`]. What time does by itself has been done before.
pub(crate) fn step(slot: &mut Slot, op: &QueueOp, at: Moment) -> Result<QueueOutcome, Misuse> {
    let mut new = QueueState::default();
    let queue = slot.queue()?.unwrap_or(&mut new);
    let now = at.now;
    let outcome = match op {
        QueueOp::Depth(_) => QueueOutcome::Depth(queue.depths(now)),
        QueueOp::Push(push) => QueueOutcome::Push(self::push(queue, push, now)),
        QueueOp::Claim(claim) => QueueOutcome::Claim(self::claim(queue, claim, now)),
        QueueOp::Acknowledge(Acknowledge { delivery }) => {
            QueueOutcome::Acknowledge(settled(queue.take_delivered(*delivery).is_some()))
        }
        QueueOp::Retry(retry) => QueueOutcome::Retry(self::retry(queue, retry, now)),
        QueueOp::Release(Release { delivery }) => QueueOutcome::Release(release(queue, *delivery)),
        QueueOp::Bury(bury) => QueueOutcome::Bury(self::bury(queue, bury, now)),
        QueueOp::Extend(extend) => QueueOutcome::Extend(self::extend(queue, extend, now)),
        QueueOp::Dead(Dead { after, count }) => {
            let (ids, next) = queue.dead_after(*after, *count);
            let dead = |id: HoldId| queue.jobs.get(&id)?.dead(id, now);
            QueueOutcome::Dead(DeadJobs { jobs: ids.into_iter().filter_map(dead).collect(), next })
        }
        QueueOp::Revive(Revive { jobs }) => {
            let (ids, next) = queue.chosen(jobs);
            let revived = ids.into_iter().filter(|id| revive(queue, *id, now));
            QueueOutcome::Revive(Moved { jobs: revived.count() as u64, next })
        }
        QueueOp::Discard(Discard { jobs }) => {
            let (ids, next) = queue.chosen(jobs);
            let gone = ids.into_iter().filter(|id| queue.take_dead(*id).is_some());
            QueueOutcome::Discard(Moved { jobs: gone.count() as u64, next })
        }
    };
    if queue.jobs.is_empty() {
        slot.take();
    } else if slot.is_empty() {
        slot.overwrite(State::Queue(Box::new(new)), at);
    }
    Ok(outcome)
}

fn settled(done: bool) -> Settled {
    if done { Settled::Settled } else { Settled::Lapsed }
}

fn push(queue: &mut QueueState, push: &Push, now: Timestamp) -> Pushed {
    let Push { jobs, limit } = push;
    let (plan, new) = queue.plan(jobs);
    let free = limit.map_or(u64::MAX, |limit| limit.get().saturating_sub(queue.live()));
    if new > free {
        return Pushed::Full { free };
    }
    for (job, planned) in jobs.iter().zip(&plan) {
        if !planned.new {
            continue;
        }
        let stage = queue.waiting(now, job.delay);
        let NewJob { id, payload, unique, .. } = job.clone();
        let tries = Vec::new();
        queue.put(id, Job { payload, unique, pushed: now, attempts: 0, tries, stage });
    }
    Pushed::Pushed { jobs: plan }
}

fn claim(queue: &mut QueueState, claim: &Claim, now: Timestamp) -> Claimed {
    let Claim { deliveries, lease, tries_max } = claim;
    let mut jobs = Vec::new();
    for delivery in deliveries {
        if !queue.deliveries.contains(delivery) {
            let Some((before, id)) = queue.ready.first() else { continue };
            let (before, id) = (*before, *id);
            let until = queue.place(now.plus(*lease));
            let Some(mut job) = queue.take(id) else { continue };
            job.attempts = job.attempts.saturating_add(1);
            let (delivery, tries_max) = (*delivery, *tries_max);
            let stage = Stage::Claimed(Lease { delivery, until, before, tries_max });
            queue.put(id, Job { stage, ..job });
        }
        jobs.extend(delivered(queue, *delivery));
    }
    if jobs.is_empty() {
        return Claimed::Empty { next_after: queue.due().map(|due| now.until(due)) };
    }
    Claimed::Claimed { jobs }
}

fn delivered(queue: &QueueState, delivery: HoldId) -> Option<Delivery> {
    let job = *queue.deliveries.get(&delivery)?;
    let Job { payload, attempts, .. } = queue.jobs.get(&job)?;
    Some(Delivery { id: delivery, job, payload: payload.clone(), attempt: *attempts })
}

fn retry(queue: &mut QueueState, retry: &Retry, now: Timestamp) -> Retried {
    let Retry { delivery, failed } = retry;
    let Some((id, mut job, lease)) = queue.take_delivered(*delivery) else {
        return Retried::Lapsed;
    };
    job.tried(now, failed.note.clone());
    if job.attempts >= lease.tries_max {
        queue.die(id, job, now);
        return Retried::Dead;
    }
    let stage = queue.waiting(now, failed.after);
    queue.put(id, Job { stage, ..job });
    Retried::Again
}

fn release(queue: &mut QueueState, delivery: HoldId) -> Settled {
    let Some((id, mut job, lease)) = queue.take_delivered(delivery) else {
        return Settled::Lapsed;
    };
    job.attempts -= 1;
    queue.put(id, Job { stage: Stage::Ready(lease.before), ..job });
    Settled::Settled
}

fn bury(queue: &mut QueueState, bury: &Bury, now: Timestamp) -> Settled {
    let Some((id, mut job, _)) = queue.take_delivered(bury.delivery) else {
        return Settled::Lapsed;
    };
    job.tried(now, bury.note.clone());
    queue.die(id, job, now);
    Settled::Settled
}

fn extend(queue: &mut QueueState, extend: &Extend, now: Timestamp) -> Settled {
    let Some((id, job, lease)) = queue.take_delivered(extend.delivery) else {
        return Settled::Lapsed;
    };
    let until = Place { at: now.plus(extend.lease), ..lease.until };
    queue.put(id, Job { stage: Stage::Claimed(Lease { until, ..lease }), ..job });
    Settled::Settled
}

/// Makes a dead job ready, as if it were new. Tells whether it could.
fn revive(queue: &mut QueueState, id: HoldId, now: Timestamp) -> bool {
    let taken = |job: &Job| job.unique.as_ref().is_some_and(|key| queue.unique.contains(key));
    if queue.jobs.get(&id).is_none_or(taken) {
        return false;
    }
    let Some(job) = queue.take_dead(id) else { return false };
    let stage = queue.waiting(now, Duration::ZERO);
    queue.put(id, Job { attempts: 0, tries: Vec::new(), stage, ..job });
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{Batch, Refusal, Reply, Step};
    use crate::key::Key;
    use crate::meaning::Model;
    use crate::operations::Operation;
    use crate::operations::capacity::LEASE_MAX;
    use crate::operations::key::{Exists, Expire};
    use crate::operations::value::{self, VALUE_BYTES_MAX};
    use crate::state::Slots;

    const LEASE: Duration = Duration::from_secs(30);
    const HOUR: Duration = Duration::from_secs(3600);
    /// The shortest time that can be told.
    const TICK: Duration = Duration::from_nanos(1);
    const TRIES: u32 = 3;

    fn jobs() -> (Model, Key) {
        (Model::new(), Key::alone("", "jobs").unwrap())
    }

    fn id(number: u128) -> HoldId {
        HoldId::from_u128(number)
    }

    fn job(number: u128) -> NewJob {
        let payload = Bytes::from(format!("job {number}"));
        NewJob { id: id(number), payload, delay: Duration::ZERO, unique: None }
    }

    fn push(jobs: impl IntoIterator<Item = NewJob>) -> Push {
        Push { jobs: jobs.into_iter().collect(), limit: None }
    }

    fn claim(delivery: u128) -> Claim {
        Claim { deliveries: [id(delivery)].into(), lease: LEASE, tries_max: TRIES }
    }

    fn retry(delivery: u128, after: Duration) -> Retry {
        failed(delivery, after, "late")
    }

    fn failed(delivery: u128, after: Duration, note: impl Into<Bytes>) -> Retry {
        Retry { delivery: id(delivery), failed: Box::new(Failed { after, note: note.into() }) }
    }

    /// The job that this delivery gets, and which try it is.
    fn claimed(model: &mut Model, key: &Key, delivery: u128) -> Option<(u128, u32)> {
        match model.run(key, claim(delivery)).unwrap() {
            Claimed::Claimed { jobs } => {
                assert_eq!(jobs.len(), 1);
                assert_eq!(jobs[0].id, id(delivery));
                let number = jobs[0].job.as_u128();
                assert_eq!(jobs[0].payload, job(number).payload);
                Some((number, jobs[0].attempt))
            }
            Claimed::Empty { .. } => None,
        }
    }

    fn depth(model: &mut Model, key: &Key) -> (u64, u64, u64, u64) {
        let Depths { ready, delayed, claimed, dead, .. } = model.run(key, Depth {}).unwrap();
        (ready, delayed, claimed, dead)
    }

    fn dead(model: &mut Model, key: &Key) -> Vec<u128> {
        let dead = model.run(key, Dead { after: None, count: 100 }).unwrap();
        assert_eq!(dead.next, None);
        dead.jobs.iter().map(|job| job.id.as_u128()).collect()
    }

    #[test]
    fn jobs_come_in_the_order_in_which_they_became_ready() {
        let (mut model, key) = jobs();
        let delayed = |number, delay| NewJob { delay, ..job(number) };
        model.run(&key, push([delayed(1, 2 * TICK), delayed(2, TICK), job(3), job(4)])).unwrap();
        model.advance(TICK);
        model.run(&key, push([job(5)])).unwrap();
        model.advance(TICK);
        // At one moment in the order in which they came.
        model.run(&key, push([job(6)])).unwrap();
        let order: Vec<_> =
            (1..=6).map(|delivery| claimed(&mut model, &key, delivery).unwrap().0).collect();
        assert_eq!(order, [3, 4, 2, 5, 1, 6]);
        // Whoever gives one back as if it had not had it, gives it back to its place.
        for delivery in [6, 1, 3] {
            let release = Release { delivery: id(delivery) };
            assert_eq!(model.run(&key, release).unwrap(), Settled::Settled);
        }
        assert_eq!(model.run(&key, retry(2, Duration::ZERO)).unwrap(), Retried::Again);
        let order: Vec<_> =
            (7..=10).map(|delivery| claimed(&mut model, &key, delivery).unwrap()).collect();
        assert_eq!(order, [(3, 1), (2, 1), (6, 1), (4, 2)]);
        assert_eq!(claimed(&mut model, &key, 11), None);
    }

    #[test]
    fn a_job_is_ready_delayed_claimed_or_dead_and_gone_when_it_is_done() {
        let (mut model, key) = jobs();
        assert_eq!(model.run(&key, Depth {}).unwrap(), Depths::default());
        assert!(!model.run(&key, Exists {}).unwrap(), "a look at it makes no queue");
        assert_eq!(claimed(&mut model, &key, 1), None);
        assert!(!model.run(&key, Exists {}).unwrap());
        let delayed = NewJob { delay: HOUR, ..job(2) };
        let pushed = [1, 2].map(|number| PushedJob { id: id(number), new: true });
        assert_eq!(
            model.run(&key, push([job(1), delayed])).unwrap(),
            Pushed::Pushed { jobs: pushed.to_vec() }
        );
        assert_eq!(depth(&mut model, &key), (1, 1, 0, 0));
        assert_eq!(claimed(&mut model, &key, 1), Some((1, 1)));
        assert_eq!(depth(&mut model, &key), (0, 1, 1, 0));
        let next_after = Some(LEASE);
        assert_eq!(model.run(&key, claim(2)).unwrap(), Claimed::Empty { next_after });
        let done = Acknowledge { delivery: id(1) };
        assert_eq!(model.run(&key, done.clone()).unwrap(), Settled::Settled);
        assert_eq!(model.run(&key, done).unwrap(), Settled::Lapsed, "it is done once");
        assert_eq!(depth(&mut model, &key), (0, 1, 0, 0));
        model.advance(HOUR);
        assert_eq!(claimed(&mut model, &key, 2), Some((2, 1)));
        let bury = Bury { delivery: id(2), note: "no good".into() };
        assert_eq!(model.run(&key, bury).unwrap(), Settled::Settled);
        assert_eq!(depth(&mut model, &key), (0, 0, 0, 1));
        let all = Chosen::Page { after: None, count: 1 };
        model.run(&key, Discard { jobs: all }).unwrap();
        assert!(!model.run(&key, Exists {}).unwrap(), "nothing is left");
    }

    #[test]
    fn a_lease_runs_until_its_last_moment_and_no_longer() {
        let (mut model, key) = jobs();
        model.run(&key, push([job(1)])).unwrap();
        assert_eq!(claimed(&mut model, &key, 1), Some((1, 1)));
        model.advance(LEASE - TICK);
        let extend = Extend { delivery: id(1), lease: LEASE };
        assert_eq!(model.run(&key, extend.clone()).unwrap(), Settled::Settled);
        model.advance(LEASE - TICK);
        assert_eq!(depth(&mut model, &key), (0, 0, 1, 0), "a tick before the end");
        model.advance(TICK);
        assert_eq!(depth(&mut model, &key), (1, 0, 0, 0), "at the end");
        // Whoever had it is late, also when nobody has claimed it since.
        assert_eq!(model.run(&key, extend).unwrap(), Settled::Lapsed);
        assert_eq!(model.run(&key, retry(1, HOUR)).unwrap(), Retried::Lapsed);
        let delivery = id(1);
        assert_eq!(model.run(&key, Acknowledge { delivery }).unwrap(), Settled::Lapsed);
        assert_eq!(model.run(&key, Release { delivery }).unwrap(), Settled::Lapsed);
        let bury = Bury { delivery, note: "".into() };
        assert_eq!(model.run(&key, bury).unwrap(), Settled::Lapsed);
        assert_eq!(claimed(&mut model, &key, 2), Some((1, 2)));
    }

    #[test]
    fn claiming_again_under_one_name_is_the_same_delivery() {
        let (mut model, key) = jobs();
        model.run(&key, push((1..=3).map(job))).unwrap();
        for _again in 0..2 {
            assert_eq!(claimed(&mut model, &key, 7), Some((1, 1)));
        }
        assert_eq!(depth(&mut model, &key), (2, 0, 1, 0));
        let several = Claim { deliveries: [8, 7, 9, 10].map(id).into(), ..claim(0) };
        let Claimed::Claimed { jobs } = model.run(&key, several).unwrap() else { panic!() };
        let told: Vec<_> = jobs.iter().map(|job| (job.id, job.job)).collect();
        assert_eq!(told, [(8, 2), (7, 1), (9, 3)].map(|(one, two)| (id(one), id(two))));
    }

    #[test]
    fn after_its_last_try_a_job_is_dead() {
        let (mut model, key) = jobs();
        model.run(&key, push((1..=3).map(job))).unwrap();
        let once = |delivery| Claim { tries_max: 1, ..claim(delivery) };
        // It fails, it is given up, its worker dies.
        for delivery in 1..=3 {
            model.run(&key, once(delivery)).unwrap();
        }
        let bury = Bury { delivery: id(3), note: "no such user".into() };
        model.run(&key, bury).unwrap();
        assert_eq!(model.run(&key, retry(1, HOUR)).unwrap(), Retried::Dead);
        model.advance(LEASE);
        assert_eq!(dead(&mut model, &key), [3, 1, 2]);
        assert_eq!(depth(&mut model, &key), (0, 0, 0, 3));
        let told = model.run(&key, Dead { after: None, count: 3 }).unwrap().jobs;
        let one = |note: &str, ago| vec![Try { attempt: 1, ago, note: note.into() }];
        assert_eq!(told[0].tries, one("no such user", LEASE));
        assert_eq!(told[1].tries, one("late", LEASE));
        assert_eq!(told[2].tries, one("", Duration::ZERO));
        assert_eq!((told[1].attempts, told[1].since, told[1].age), (1, LEASE, LEASE));
    }

    #[test]
    fn how_many_tries_there_are_is_said_by_the_claim() {
        let (mut model, key) = jobs();
        model.run(&key, push([job(1)])).unwrap();
        for attempt in 1..=4 {
            let many = Claim { tries_max: 9, ..claim(attempt) };
            model.run(&key, many).unwrap();
            assert_eq!(model.run(&key, retry(attempt, Duration::ZERO)).unwrap(), Retried::Again);
        }
        // Fewer by now than it has had: this one is its last.
        assert_eq!(claimed(&mut model, &key, 5), Some((1, 5)));
        assert_eq!(model.run(&key, retry(5, Duration::ZERO)).unwrap(), Retried::Dead);
    }

    #[test]
    fn of_many_tries_the_last_are_remembered() {
        let (mut model, key) = jobs();
        model.run(&key, push([job(1)])).unwrap();
        let tries = TRIES_KEPT as u32 + 2;
        for attempt in 1..=tries {
            model.run(&key, Claim { tries_max: tries, ..claim(u128::from(attempt)) }).unwrap();
            let note = format!("try {attempt}");
            model.run(&key, failed(u128::from(attempt), TICK, note)).unwrap();
            model.advance(TICK);
        }
        let told = model.run(&key, Dead { after: None, count: 1 }).unwrap().jobs;
        let attempts: Vec<_> = told[0].tries.iter().map(|told| told.attempt).collect();
        assert_eq!(attempts, (3..=tries).collect::<Vec<_>>());
        assert!(
            told[0].tries.iter().all(|told| told.note == format!("try {}", told.attempt).into())
        );
    }

    #[test]
    fn no_two_live_jobs_share_a_key() {
        let (mut model, key) = jobs();
        let same = |number| NewJob { unique: Some("ann".into()), ..job(number) };
        let told = |model: &mut Model, jobs| match model.run(&key, push(jobs)).unwrap() {
            Pushed::Pushed { jobs } => {
                jobs.into_iter().map(|job| (job.id.as_u128(), job.new)).collect::<Vec<_>>()
            }
            Pushed::Full { .. } => panic!(),
        };
        let first = told(&mut model, vec![same(1), same(2), job(3), job(3)]);
        assert_eq!(first, [(1, true), (1, false), (3, true), (3, false)]);
        assert_eq!(told(&mut model, vec![same(4)]), [(1, false)]);
        assert_eq!(claimed(&mut model, &key, 1), Some((1, 1)));
        assert_eq!(told(&mut model, vec![same(4)]), [(1, false)], "it lives while it is claimed");
        model.run(&key, Bury { delivery: id(1), note: "".into() }).unwrap();
        assert_eq!(told(&mut model, vec![same(4), same(1)]), [(4, true), (1, false)]);
        // The dead one stays dead as long as another has its key.
        let named = Chosen::Named(vec![id(1)]);
        let revive = Revive { jobs: named };
        assert_eq!(model.run(&key, revive.clone()).unwrap(), Moved { jobs: 0, next: None });
        assert_eq!(claimed(&mut model, &key, 2), Some((3, 1)));
        assert_eq!(claimed(&mut model, &key, 3), Some((4, 1)));
        model.run(&key, Acknowledge { delivery: id(3) }).unwrap();
        assert_eq!(model.run(&key, revive).unwrap(), Moved { jobs: 1, next: None });
        assert_eq!(told(&mut model, vec![same(5)]), [(1, false)]);
        assert_eq!(claimed(&mut model, &key, 4), Some((1, 1)), "as if it were new");
    }

    #[test]
    fn a_full_queue_takes_all_or_none() {
        let (mut model, key) = jobs();
        let three = NonZeroU64::new(3);
        let limited = |jobs| Push { limit: three, ..push(jobs) };
        assert!(!model.run(&key, limited(vec![job(1), job(2)])).unwrap().is_refusal());
        claimed(&mut model, &key, 1);
        let two = limited(vec![job(3), NewJob { delay: HOUR, ..job(4) }]);
        assert_eq!(model.run(&key, two.clone()).unwrap(), Pushed::Full { free: 1 });
        assert_eq!(depth(&mut model, &key), (1, 0, 1, 0));
        // What is there already needs no room, and neither do the dead.
        assert!(!model.run(&key, limited(vec![job(1), job(2), job(3)])).unwrap().is_refusal());
        assert_eq!(model.run(&key, limited(vec![job(5)])).unwrap(), Pushed::Full { free: 0 });
        model.run(&key, Bury { delivery: id(1), note: "".into() }).unwrap();
        assert!(!model.run(&key, limited(vec![job(5)])).unwrap().is_refusal());
        // A smaller limit takes nothing away.
        let one = Push { limit: NonZeroU64::new(1), ..push([job(6)]) };
        assert_eq!(model.run(&key, one).unwrap(), Pushed::Full { free: 0 });
        assert_eq!(depth(&mut model, &key), (3, 0, 0, 1));
    }

    #[test]
    fn the_dead_are_read_revived_and_discarded_page_by_page() {
        let (mut model, key) = jobs();
        model.run(&key, push((1..=5).map(job))).unwrap();
        for delivery in 1..=5 {
            claimed(&mut model, &key, delivery);
        }
        for delivery in [5, 4, 3, 2, 1] {
            model.run(&key, Bury { delivery: id(delivery), note: "".into() }).unwrap();
        }
        let page = |model: &mut Model, after| model.run(&key, Dead { after, count: 2 }).unwrap();
        let first = page(&mut model, None);
        assert_eq!(first.jobs.iter().map(|job| job.id).collect::<Vec<_>>(), [id(5), id(4)]);
        // The last of the page goes, and the next begins where it would have.
        let named = Chosen::Named(vec![id(4), id(9)]);
        let discard = Discard { jobs: named };
        assert_eq!(model.run(&key, discard).unwrap(), Moved { jobs: 1, next: None });
        let second = page(&mut model, first.next);
        assert_eq!(second.jobs.iter().map(|job| job.id).collect::<Vec<_>>(), [id(3), id(2)]);
        let third = page(&mut model, second.next);
        assert_eq!((third.jobs.len(), third.next), (1, None));
        let revive = Revive { jobs: Chosen::Page { after: first.next, count: 2 } };
        let moved = model.run(&key, revive).unwrap();
        assert_eq!((moved.jobs, moved.next), (2, second.next));
        assert_eq!(dead(&mut model, &key), [5, 1]);
        let rest = Discard { jobs: Chosen::Page { after: moved.next, count: 2 } };
        assert_eq!(model.run(&key, rest).unwrap(), Moved { jobs: 1, next: None });
        assert_eq!(depth(&mut model, &key), (2, 0, 0, 1));
        assert_eq!(claimed(&mut model, &key, 9), Some((3, 1)));
    }

    #[test]
    fn the_age_of_the_oldest_is_that_of_what_can_be_claimed() {
        let (mut model, key) = jobs();
        let oldest = |model: &mut Model| model.run(&key, Depth {}).unwrap().oldest;
        model.run(&key, push([NewJob { delay: LEASE, ..job(1) }])).unwrap();
        model.advance(LEASE - TICK);
        assert_eq!(oldest(&mut model), Duration::ZERO);
        model.advance(HOUR + TICK);
        assert_eq!(oldest(&mut model), HOUR);
        claimed(&mut model, &key, 1);
        assert_eq!(oldest(&mut model), Duration::ZERO);
        model.advance(2 * LEASE);
        assert_eq!(oldest(&mut model), LEASE, "since its lease ran out");
    }

    #[test]
    fn what_time_does_first_is_due_first() {
        let (mut model, key) = jobs();
        let due = |model: &mut Model| model.slot(&key).due();
        model.run(&key, push([job(1), NewJob { delay: 2 * LEASE, ..job(2) }])).unwrap();
        let second = due(&mut model).unwrap();
        claimed(&mut model, &key, 1);
        let first = due(&mut model).unwrap();
        assert!(first < second);
        let after = |model: &mut Model| match model.run(&key, claim(2)).unwrap() {
            Claimed::Empty { next_after } => next_after,
            Claimed::Claimed { .. } => panic!(),
        };
        assert_eq!(after(&mut model), Some(LEASE));
        model.run(&key, Acknowledge { delivery: id(1) }).unwrap();
        assert_eq!(due(&mut model), Some(second));
        assert_eq!(after(&mut model), Some(2 * LEASE));
        model.advance(2 * LEASE);
        assert_eq!(claimed(&mut model, &key, 2), Some((2, 1)));
        model.run(&key, Bury { delivery: id(2), note: "".into() }).unwrap();
        assert_eq!((due(&mut model), after(&mut model)), (None, None));
        model.run(&key, Expire { after: HOUR }).unwrap();
        assert!(due(&mut model).is_some());
    }

    #[test]
    fn a_batch_that_is_undone_puts_the_queue_back() {
        let (mut model, key) = jobs();
        model.run(&key, push((1..=3).map(job))).unwrap();
        claimed(&mut model, &key, 1);
        let step = |operation: crate::operations::Op| Step::new(key.clone(), operation);
        let before: Vec<_> =
            model.states().map(|(key, state)| (key.clone(), state.clone())).collect();
        let batch = Batch::of([
            step(Acknowledge { delivery: id(1) }.into_op()),
            step(claim(2).into_op()),
            step(push([job(4)]).into_op()),
            step(Bury { delivery: id(2), note: "".into() }.into_op()),
            step(Acknowledge { delivery: id(1) }.into_op()),
        ]);
        let reply = model.apply(&batch).unwrap();
        assert!(matches!(reply, Reply::Refused(Refusal::Operation(4, _))), "{reply:?}");
        let after: Vec<_> =
            model.states().map(|(key, state)| (key.clone(), state.clone())).collect();
        assert_eq!(before, after);
    }

    #[test]
    fn a_batch_whose_ids_are_made_up_anew_is_the_same_batch() {
        let (_, key) = jobs();
        let same = |one, two| {
            let step = |operation: crate::operations::Op| Step::new(key.clone(), operation);
            let payload = Bytes::from("x");
            let pushed =
                [one, two].map(|number| NewJob { payload: payload.clone(), ..job(number) });
            let batch = Batch::of([
                step(push(pushed).into_op()),
                step(claim(one + 10).into_op()),
                step(Acknowledge { delivery: id(one + 10) }.into_op()),
            ]);
            batch.fingerprint()
        };
        assert_eq!(same(1, 2), same(3, 4));
        assert_ne!(same(1, 2), same(1, 1));
        let of = |operation: crate::operations::Op| {
            Batch::one(Step::new(key.clone(), operation)).fingerprint()
        };
        let done = |delivery| of(Acknowledge { delivery: id(delivery) }.into_op());
        assert_ne!(done(1), done(2), "what is there already has its own name");
    }

    #[test]
    fn another_kind_is_no_queue() {
        let (mut model, key) = jobs();
        model.run(&key, value::Set { to: "x".into() }).unwrap();
        assert!(model.run(&key, push([job(1)])).unwrap_err().is_wrong_type());
        assert!(model.run(&key, Depth {}).unwrap_err().is_wrong_type());
    }

    #[test]
    fn bad_settings_are_misuse() {
        let (mut model, key) = jobs();
        let long = |most: usize| Bytes::from(vec![b'x'; most + 1]);
        let many = |count: usize| vec![id(1); count];
        let named = |count| Chosen::Named(many(count));
        let page = |count| Chosen::Page { after: None, count };
        let (none, more) = (Duration::ZERO, TICK);
        let delivery = id(1);
        for bad in [
            push([]).into_op(),
            push(vec![job(1); JOBS_MAX + 1]).into_op(),
            push([NewJob { payload: long(VALUE_BYTES_MAX), ..job(1) }]).into_op(),
            push([NewJob { unique: Some(long(UNIQUE_BYTES_MAX)), ..job(1) }]).into_op(),
            push([NewJob { delay: DELAY_MAX + more, ..job(1) }]).into_op(),
            Claim { deliveries: many(0).into(), ..claim(1) }.into_op(),
            Claim { deliveries: many(2).into(), ..claim(1) }.into_op(),
            Claim { deliveries: many(JOBS_MAX + 1).into(), ..claim(1) }.into_op(),
            Claim { lease: none, ..claim(1) }.into_op(),
            Claim { lease: LEASE_MAX + more, ..claim(1) }.into_op(),
            Claim { tries_max: 0, ..claim(1) }.into_op(),
            retry(1, DELAY_MAX + more).into_op(),
            failed(1, none, long(NOTE_BYTES_MAX)).into_op(),
            Bury { delivery, note: long(NOTE_BYTES_MAX) }.into_op(),
            Extend { delivery, lease: none }.into_op(),
            Extend { delivery, lease: LEASE_MAX + more }.into_op(),
            Dead { after: None, count: 0 }.into_op(),
            Dead { after: None, count: JOBS_MAX as u64 + 1 }.into_op(),
            Revive { jobs: named(0) }.into_op(),
            Revive { jobs: page(JOBS_MAX as u64 + 1) }.into_op(),
            Discard { jobs: named(JOBS_MAX + 1) }.into_op(),
            Discard { jobs: page(0) }.into_op(),
        ] {
            let fault = model.apply(&Batch::one(Step::new(key.clone(), bad))).unwrap_err();
            assert!(fault.is_bad_setting(), "{fault}");
        }
        assert!(!model.run(&key, Exists {}).unwrap());
        // The most of each is allowed.
        let most = NewJob {
            payload: Bytes::from(vec![b'x'; VALUE_BYTES_MAX]),
            delay: DELAY_MAX,
            unique: Some(Bytes::from(vec![b'x'; UNIQUE_BYTES_MAX])),
            ..job(1)
        };
        model.run(&key, push([most])).unwrap();
        model.run(&key, push((2..=JOBS_MAX as u128).map(job))).unwrap();
        let deliveries = (1..=JOBS_MAX as u128).map(id).collect();
        let all = Claim { deliveries, lease: LEASE_MAX, tries_max: u32::MAX };
        let Claimed::Claimed { jobs } = model.run(&key, all).unwrap() else { panic!() };
        assert_eq!(jobs.len(), JOBS_MAX - 1);
        let again = failed(1, DELAY_MAX, vec![b'x'; NOTE_BYTES_MAX]);
        assert_eq!(model.run(&key, again).unwrap(), Retried::Again);
    }
}
