//! Batches: operations applied as one atomic change.

use std::collections::HashMap;
use std::hash::Hasher;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use siphasher::sip128::{Hasher128, SipHasher13};
use smallvec::{SmallVec, smallvec};

use crate::bytes::Bytes;
use crate::fault::Fault;
use crate::key::Key;
use crate::operations::capacity::{CapacityOp, Confirm, Extend, Release, Take, TakeEach};
use crate::operations::key::{KeyOp, Rename, check_end, check_ttl};
use crate::operations::lock::{self, Acquire, LockOp};
use crate::operations::once::{self, Begin, OnceOp};
use crate::operations::queue::{Claim, Push, QueueOp};
use crate::operations::{Op, Outcome};
use crate::state::Misuse;
use crate::time::Timestamp;
use crate::token::{HoldId, Token};

/// The most operations and requirements in one batch.
pub const BATCH_MAX: usize = 1024;

/// Operations to be applied as one atomic change, or not at all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// What must hold for anything to happen.
    pub requirements: Vec<Requirement>,
    /// What to do, in order: each sees what those before it did.
    pub steps: SmallVec<[Step; 1]>,
    /// How often it may take effect.
    pub delivery: Delivery,
    /// Whether its operations stand apart: each is a change of its own that may refuse or be
    /// [`Outcome::Misuse`] without the others, they take place one after the other or at once, and
    /// only the way and the token are shared. What a layer makes of many callers.
    pub apart: bool,
    /// What a transaction has seen of the first operations, when it tried them: if one of them is
    /// now told something else, nothing is changed. See [`Tried::sight`](crate::Tried::sight). Of
    /// what it has not looked at, nothing.
    pub seen: Vec<Bytes>,
}

/// How often a batch may take effect when its reply is lost.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Delivery {
    /// Once: a retry layer names the batch with a token of its session.
    #[default]
    ExactlyOnce,
    /// Once, under this name: the same token gets the first reply again instead of a second effect.
    Token(Box<Token>),
    /// At most once: a batch whose reply was lost is not sent again. The raw fast path.
    AtMostOnce,
}

/// One operation of a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Where.
    pub key: Key,
    /// What.
    pub op: Op,
    /// What becomes of the key's time to live when the operation writes.
    pub lifetime: Lifetime,
    /// Whether a refusal of this operation leaves the others standing.
    pub optional: bool,
}

/// What a write does to the time to live, in the same atomic step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Lifetime {
    /// Nothing.
    #[default]
    Unchanged,
    /// Starts it, if none runs.
    FromFirstWrite(Duration),
    /// Starts it anew.
    Sliding(Duration),
    /// Lets it end at this moment of the engine's clock. Once that has passed, a write is made and
    /// answered as always, and what it wrote is gone in the same step.
    Until(Timestamp),
}

/// What must hold for a batch to be applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Requirement {
    /// Where.
    pub key: Key,
    /// What.
    pub condition: Condition,
}

/// What can be required of a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Condition {
    /// Something is stored.
    Exists,
    /// Nothing is stored.
    Absent,
    /// A counter, value or flag is stored whose text is this.
    Equals(Bytes),
    /// A capacity is stored in which this hold's lease still runs.
    Holds(HoldId),
    /// A lock is stored that this owner holds.
    Locks(HoldId),
}

/// What an engine answers to a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// The batch was applied; one outcome for each operation, in order.
    Applied(SmallVec<[Outcome; 1]>),
    /// Nothing was changed.
    Refused(Refusal),
}

/// Why nothing of a batch was applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Refusal {
    /// The requirement at this place does not hold.
    Requirement(usize),
    /// The operation at this place refused.
    Operation(usize, Outcome),
    /// The operation at this place was told something else than the transaction has
    /// [seen](Batch::seen).
    Changed(usize),
}

impl Step {
    /// A required operation that leaves the time to live alone.
    pub fn new(key: Key, op: impl Into<Op>) -> Self {
        Self { key, op: op.into(), lifetime: Lifetime::Unchanged, optional: false }
    }

    /// With this time to live.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Lifetime) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Its refusal leaves the others standing.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// The keys it may touch, its own first.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        let others = self.op.other_keys();
        std::iter::once(&self.key).chain(others)
    }

    /// The keys it writes, and what becomes of their time to live: its own last, which decides
    /// where both are one.
    pub(crate) fn written(&self) -> impl Iterator<Item = (&Key, Lifetime)> {
        let second = match &self.op {
            Op::Key(KeyOp::Rename(Rename { to, .. })) => Some((to, self.lifetime)),
            Op::List(op) => op.destination().map(|to| (&to.key, to.lifetime)),
            Op::Set(op) => op.destination().map(|to| (&to.key, to.lifetime)),
            Op::Key(_) | Op::Counter(_) | Op::Float(_) | Op::Value(_) | Op::Flag(_) => None,
            Op::Capacity(_) | Op::SortedSet(_) | Op::Map(_) | Op::Lock(_) => None,
            Op::Limiter(_) | Op::Queue(_) | Op::Once(_) => None,
        };
        second.into_iter().chain(std::iter::once((&self.key, self.lifetime)))
    }

    /// Whether it touches no key but its own.
    #[inline]
    fn is_on_one_key(&self) -> bool {
        self.op.other_keys().next().is_none()
    }

    #[inline]
    fn check(&self) -> Result<(), Misuse> {
        self.written().try_for_each(|(_, lifetime)| lifetime.check())?;
        self.op.check()
    }
}

impl Lifetime {
    #[inline]
    fn check(self) -> Result<(), Misuse> {
        match self {
            Self::Unchanged => Ok(()),
            Self::FromFirstWrite(ttl) | Self::Sliding(ttl) => check_ttl(ttl),
            Self::Until(at) => check_end(at),
        }
    }
}

/// The ids that a batch makes up for what is new, in order: what tells them from each other, but
/// not from those of the same batch made up anew.
struct NewIds(HashMap<HoldId, u128>);

impl NewIds {
    fn of(batch: &Batch) -> Self {
        let mut ids = Self(HashMap::new());
        for step in &batch.steps {
            match &step.op {
                Op::Capacity(CapacityOp::Take(Take { hold, .. }))
                | Op::Lock(LockOp::Acquire(Acquire { owner: hold, .. }))
                | Op::Once(OnceOp::Begin(Begin { worker: hold, .. })) => ids.add(*hold),
                Op::Capacity(CapacityOp::TakeEach(TakeEach { holds, .. })) => {
                    holds.iter().for_each(|hold| ids.add(*hold));
                }
                Op::Queue(QueueOp::Push(Push { jobs, .. })) => {
                    jobs.iter().for_each(|job| ids.add(job.id));
                }
                Op::Queue(QueueOp::Claim(Claim { deliveries, .. })) => {
                    deliveries.iter().for_each(|delivery| ids.add(*delivery));
                }
                Op::Key(_) | Op::Counter(_) | Op::Float(_) | Op::Value(_) | Op::Flag(_) => {}
                Op::Capacity(_) | Op::List(_) | Op::Set(_) | Op::SortedSet(_) | Op::Map(_) => {}
                Op::Lock(_) | Op::Limiter(_) | Op::Queue(_) | Op::Once(_) => {}
            }
        }
        ids
    }

    fn add(&mut self, id: HoldId) {
        let place = self.0.len() as u128;
        self.0.entry(id).or_insert(place);
    }

    /// The place of a new id instead of itself.
    fn name(&self, id: &mut HoldId) {
        if let Some(place) = self.0.get(id) {
            *id = HoldId::from_u128(*place);
        }
    }

    fn in_step(&self, step: &Step) -> Step {
        let mut step = step.clone();
        if self.0.is_empty() {
            return step;
        }
        match &mut step.op {
            Op::Capacity(op) => match op {
                CapacityOp::Take(Take { hold, .. })
                | CapacityOp::Confirm(Confirm { hold })
                | CapacityOp::Release(Release { hold })
                | CapacityOp::Extend(Extend { hold, .. }) => self.name(hold),
                CapacityOp::TakeEach(TakeEach { holds, .. }) => {
                    holds.iter_mut().for_each(|hold| self.name(hold));
                }
                CapacityOp::Read(_) | CapacityOp::GiveBack(_) | CapacityOp::Resize(_) => {}
            },
            Op::Lock(op) => match op {
                LockOp::Acquire(Acquire { owner, .. })
                | LockOp::Extend(lock::Extend { owner, .. })
                | LockOp::Release(lock::Release { owner }) => self.name(owner),
                LockOp::Read(_) => {}
            },
            Op::Queue(op) => op.ids().for_each(|id| self.name(id)),
            Op::Once(op) => match op {
                OnceOp::Begin(Begin { worker, .. })
                | OnceOp::Finish(once::Finish { worker, .. })
                | OnceOp::Extend(once::Extend { worker, .. })
                | OnceOp::Abandon(once::Abandon { worker }) => self.name(worker),
                OnceOp::Read(_) => {}
            },
            Op::Key(_) | Op::Counter(_) | Op::Float(_) | Op::Value(_) | Op::Flag(_) => {}
            Op::List(_) | Op::Set(_) | Op::SortedSet(_) | Op::Map(_) | Op::Limiter(_) => {}
        }
        step
    }

    fn in_requirement(&self, requirement: &Requirement) -> Requirement {
        let mut requirement = requirement.clone();
        match &mut requirement.condition {
            Condition::Holds(hold) => self.name(hold),
            // Who holds a lock is not what the batch is: it is the same job when it is run again
            // under the lock's next owner.
            Condition::Locks(owner) => *owner = HoldId::from_u128(0),
            Condition::Exists | Condition::Absent | Condition::Equals(_) => {}
        }
        requirement
    }
}

impl Batch {
    /// A batch of one operation.
    #[inline]
    pub fn one(step: Step) -> Self {
        let delivery = Delivery::ExactlyOnce;
        Self {
            requirements: Vec::new(),
            steps: smallvec![step],
            delivery,
            apart: false,
            seen: Vec::new(),
        }
    }

    /// A batch of several operations.
    pub fn of(steps: impl IntoIterator<Item = Step>) -> Self {
        let (steps, delivery) = (steps.into_iter().collect(), Delivery::ExactlyOnce);
        Self { requirements: Vec::new(), steps, delivery, apart: false, seen: Vec::new() }
    }

    /// Several operations that have nothing to do with each other, each for itself.
    pub fn apart(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { apart: true, ..Self::of(steps) }
    }

    /// With one more thing that must hold.
    #[must_use]
    pub fn requiring(mut self, key: Key, condition: Condition) -> Self {
        self.requirements.push(Requirement { key, condition });
        self
    }

    /// With this delivery.
    #[must_use]
    pub fn delivery(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self
    }

    /// Under this name.
    #[must_use]
    pub fn named(self, token: Token) -> Self {
        self.delivery(Delivery::Token(Box::new(token)))
    }

    /// Its name, if it has one.
    pub fn token(&self) -> Option<&Token> {
        match &self.delivery {
            Delivery::Token(token) => Some(token),
            Delivery::ExactlyOnce | Delivery::AtMostOnce => None,
        }
    }

    /// Whether it may change anything.
    #[inline]
    pub fn writes(&self) -> bool {
        self.steps.iter().any(|step| step.op.writes())
    }

    /// Whether what it does or answers depends on the time of day.
    #[inline]
    pub fn is_timed(&self) -> bool {
        let lives = |step: &Step| step.written().any(|(_, life)| life != Lifetime::Unchanged);
        let timed = |step: &Step| step.op.is_timed() || lives(step);
        self.steps.iter().any(timed)
    }

    /// The key it touches, if it is only one.
    #[inline]
    pub fn only_key(&self) -> Option<&Key> {
        if let ([], [step]) = (self.requirements.as_slice(), self.steps.as_slice())
            && step.is_on_one_key()
        {
            // By far the most batches are one operation on one key.
            return Some(&step.key);
        }
        let mut keys = self.keys();
        keys.next().filter(|first| keys.all(|key| key == *first))
    }

    /// The keys it may touch, as often as it names them.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        let required = self.requirements.iter().map(|requirement| &requirement.key);
        required.chain(self.steps.iter().flat_map(Step::keys))
    }

    /// Whether every setting in it is allowed, whatever is stored. Engines ask before anything
    /// else.
    ///
    /// # Faults
    /// *Misuse* that names the key, what is not allowed, and what would be.
    #[inline]
    pub fn check(&self) -> Result<(), Fault> {
        let parts = self.steps.len() + self.requirements.len();
        if parts > BATCH_MAX {
            return Err(Fault::too_large("a batch", BATCH_MAX, parts));
        }
        if let Delivery::Token(token) = &self.delivery {
            token.check()?;
        }
        if self.seen.len() > self.steps.len() || (self.apart && !self.seen.is_empty()) {
            return Err(Fault::bad_option(
                "a transaction has seen what it tried, and no more, and it is one change; nothing \
                 was changed: try its operations first",
            ));
        }
        if self.apart && !self.requirements.is_empty() {
            return Err(Fault::bad_option(
                "operations that stand apart share no requirement, found some; nothing was \
                 changed: send them as one change",
            ));
        }
        self.steps.iter().try_for_each(|step| step.check().map_err(|misuse| misuse.at(&step.key)))
    }

    /// A number that tells this batch from any other, the same in every process and on every
    /// engine. The token is not part of it, nor are the ids of what is new, holds and owners and
    /// jobs and deliveries, which every call makes up afresh, nor the owner of a lock that is
    /// required.
    pub fn fingerprint(&self) -> u128 {
        let ids = NewIds::of(self);
        let steps: Vec<_> = self.steps.iter().map(|step| ids.in_step(step)).collect();
        let required = self.requirements.iter().map(|required| ids.in_requirement(required));
        // Plain data in memory: writing it down cannot fail, and if it could, one batch would still
        // be equal to itself.
        let written =
            rmp_serde::to_vec(&(required.collect::<Vec<_>>(), steps, self.apart, &self.seen))
                .unwrap_or_default();
        let mut hasher = SipHasher13::new();
        hasher.write(&written);
        hasher.finish128().as_u128()
    }
}

impl Reply {
    /// Whether both say the same to a caller: see [`Outcome::says_the_same`].
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Applied(one), Self::Applied(two)) => {
                one.len() == two.len()
                    && one.iter().zip(two).all(|(one, two)| one.says_the_same(two))
            }
            (
                Self::Refused(Refusal::Operation(one_place, one)),
                Self::Refused(Refusal::Operation(two_place, two)),
            ) => one_place == two_place && one.says_the_same(two),
            (one, two) => one == two,
        }
    }
}
