//! What folds: callers who ask for the same, and what each of them is told.

use std::hash::{DefaultHasher, Hasher};
use std::io;

use super::brought::Brought;
use crate::operations::capacity::{CapacityOp, Take};
use crate::operations::counter::{Add, AddTimes, AddedTimes, CounterOp, CounterOutcome};
use crate::operations::list::ListOp;
use crate::{Batch, Delivery, Fault, Joining, Key, Lifetime, Op, Outcome, Refusal, Reply, Step};

/// What must not share a flight with what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Changes nothing, so it needs no name and may be sent again.
    Read,
    /// Takes effect once: the layers below name the flight.
    Once,
    /// Takes effect at most once: the layers below do not send it again.
    AtMostOnce,
}

impl Class {
    /// The class of a batch that may be folded; none for one that goes its own way.
    #[inline]
    pub(crate) fn of(batch: &Batch) -> Option<Self> {
        let [step] = batch.steps.as_slice() else { return None };
        if batch.apart || !batch.requirements.is_empty() || !batch.seen.is_empty() {
            return None;
        }
        Self::of_one(&step.op, &batch.delivery)
    }

    #[inline]
    pub(crate) fn of_one(op: &Op, delivery: &Delivery) -> Option<Self> {
        match delivery {
            Delivery::Token(_) => None,
            Delivery::ExactlyOnce | Delivery::AtMostOnce if !op.writes() => Some(Self::Read),
            Delivery::ExactlyOnce => Some(Self::Once),
            Delivery::AtMostOnce => Some(Self::AtMostOnce),
        }
    }

    pub(crate) fn delivery(self) -> Delivery {
        match self {
            Self::Read | Self::Once => Delivery::ExactlyOnce,
            Self::AtMostOnce => Delivery::AtMostOnce,
        }
    }

    /// The fault of a flight as its callers are told it.
    pub(crate) fn fault(self, fault: Fault) -> Fault {
        match self {
            Self::Read => fault.of_a_read(),
            Self::Once | Self::AtMostOnce => fault,
        }
    }
}

/// Callers of one flight who ask for the same.
#[derive(Debug)]
pub(crate) struct Group {
    /// What they ask for, without what each brought.
    step: Step,
    brought: Brought,
    /// How many came, those who left included: the place of the next.
    boarded: u32,
    /// The places of those who left before the flight did.
    withdrawn: Vec<u32>,
}

impl Group {
    /// The group of a first caller with this step, who is to [board](Group::board) next.
    pub(crate) fn new(mut step: Step) -> Self {
        let brought = Brought::by_the_first(&mut step.op);
        Self { step, brought, boarded: 0, withdrawn: Vec::new() }
    }

    /// Whether callers with this operation can share one. An addition is dealt out, what is pushed
    /// is put in a row, what is popped is handed round, and units are taken one after the other; a
    /// read is the same for all, unless it is drawn by lot: then each has a draw of its own. Of
    /// floats the sum of many would not be what each adding alone comes to, and what ends at a
    /// moment may be gone before the next caller finds it, as only the engine's clock tells.
    #[inline]
    pub(crate) fn folds(op: &Op, lifetime: Lifetime) -> bool {
        if matches!(lifetime, Lifetime::Until(_)) && op.writes() {
            return false;
        }
        match op {
            Op::Counter(CounterOp::Add(_)) | Op::List(ListOp::Push(_) | ListOp::Pop(_)) => true,
            Op::Capacity(CapacityOp::Take(_)) => true,
            Op::Key(_) | Op::Counter(_) | Op::Float(_) | Op::Value(_) | Op::Flag(_) => !op.writes(),
            Op::Set(_) => !op.writes() && !op.is_by_chance(),
            Op::Capacity(_) | Op::List(_) | Op::SortedSet(_) | Op::Map(_) => !op.writes(),
            Op::Lock(_) | Op::Limiter(_) | Op::Queue(_) | Op::Once(_) => !op.writes(),
        }
    }

    /// Whether callers with this operation bring something of their own.
    #[inline]
    pub(crate) fn brings(op: &Op) -> bool {
        matches!(op, Op::List(ListOp::Push(_) | ListOp::Pop(_)) | Op::Capacity(CapacityOp::Take(_)))
    }

    /// Tells groups apart before they are compared. Many additions to one key may differ in what
    /// they add, and many who read one collection in what they look for.
    pub(crate) fn hash_of(key: &Key, op: &Op) -> u64 {
        let mixed = match op {
            Op::Counter(CounterOp::Add(Add { by, start, .. })) => {
                by.wrapping_add(start.rotate_left(32)) as u64
            }
            // What they bring is theirs, and not what tells them apart.
            Op::List(ListOp::Push(_)) => 1,
            Op::List(ListOp::Pop(_)) => 2,
            Op::Capacity(CapacityOp::Take(Take { units, .. })) => *units,
            Op::List(_) | Op::Set(_) | Op::SortedSet(_) | Op::Map(_) => written(op),
            Op::Lock(_) | Op::Limiter(_) | Op::Queue(_) | Op::Once(_) => written(op),
            Op::Key(_) | Op::Counter(_) | Op::Float(_) | Op::Value(_) => 0,
            Op::Flag(_) | Op::Capacity(_) => 0,
        };
        key.hash_value() ^ mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    pub(crate) fn hash(&self) -> u64 {
        Self::hash_of(&self.step.key, &self.step.op)
    }

    /// Whether a caller with this step belongs here. Its being optional is the caller's own matter.
    #[inline]
    pub(crate) fn takes(&self, call: &Joining<'_>) -> bool {
        self.step.key == *call.key
            && self.step.lifetime == call.lifetime
            && Self::folds(call.op, call.lifetime)
            && self.brought.takes(&self.step.op, call.op)
    }

    /// One more caller, with this operation: its place.
    #[inline]
    pub(crate) fn board(&mut self, op: Option<&Op>) -> u32 {
        if let Some(op) = op {
            self.brought.add(op);
        }
        let place = self.boarded;
        self.boarded += 1;
        place
    }

    pub(crate) fn withdraw(&mut self, place: u32) {
        self.withdrawn.push(place);
    }

    pub(crate) fn callers(&self) -> usize {
        self.boarded as usize - self.withdrawn.len()
    }

    /// Nobody boards or leaves any more.
    pub(crate) fn close(&mut self) {
        self.withdrawn.sort_unstable();
    }

    /// All of its callers as one operation.
    pub(crate) fn step(&self) -> Step {
        let mut step = self.step.clone();
        if let Some(many) = self.many() {
            step.op = Op::Counter(CounterOp::AddTimes(many));
        }
        self.brought.put_into(&mut step.op, &self.withdrawn);
        step
    }

    fn many(&self) -> Option<AddTimes<i64>> {
        let Op::Counter(CounterOp::Add(Add { by, start, bounds })) = &self.step.op else {
            return None;
        };
        let times = self.callers() as u32;
        (times > 1).then_some(AddTimes { by: *by, times, start: *start, bounds: *bounds })
    }

    fn told(self, outcome: Result<Outcome, Fault>, told: &mut Told) {
        told.groups.push(match self.shares(outcome) {
            Ok(shares) => {
                told.dealt.push(Dealt { shares, withdrawn: self.withdrawn });
                One::Dealt(told.dealt.len() - 1)
            }
            Err(same) => One::Same(same),
        });
    }

    /// What is to be dealt out; else what all are told alike.
    fn shares(&self, outcome: Result<Outcome, Fault>) -> Result<Shares, Result<Outcome, Fault>> {
        let Self { step: Step { key, op, .. }, brought, withdrawn, .. } = self;
        match (outcome, self.many()) {
            (Err(fault), _) => Err(Err(fault)),
            (Ok(Outcome::Misuse(misuse)), _) => Err(Err(misuse.at(key))),
            (Ok(Outcome::Counter(CounterOutcome::AddTimes(added))), Some(add)) => {
                Ok(Shares::Additions { key: key.clone(), add, added })
            }
            (Ok(_), Some(_)) => {
                Err(Err(Fault::broken("many additions were not answered by their outcome")))
            }
            (Ok(outcome), None) => brought.deal(outcome, op, withdrawn).map(Shares::Each),
        }
    }
}

/// A number for an operation by what is in it, as far as that tells most from each other.
fn written(op: &Op) -> u64 {
    struct Heard(DefaultHasher, usize);
    impl io::Write for Heard {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.1 == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.1 = self.1.saturating_sub(bytes.len());
            self.0.write(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    const ENOUGH: usize = 256;
    let mut heard = Heard(DefaultHasher::new(), ENOUGH);
    // It fails when enough was heard.
    drop(rmp_serde::encode::write(&mut heard, op));
    heard.0.finish()
}

/// All of these groups, each for itself, as one batch.
pub(crate) fn batch(groups: &[Group], class: Class) -> Batch {
    let sent = groups.iter().filter(|group| group.callers() > 0);
    Batch::apart(sent.map(Group::step)).delivery(class.delivery())
}

/// What the callers of one flight are told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    groups: Vec<One>,
    dealt: Vec<Dealt>,
}

/// What the callers of one group are told.
#[derive(Debug)]
enum One {
    Same(Result<Outcome, Fault>),
    Dealt(usize),
}

/// What is dealt out to the callers who stayed.
#[derive(Debug)]
struct Dealt {
    shares: Shares,
    withdrawn: Vec<u32>,
}

#[derive(Debug)]
enum Shares {
    /// Many additions, and what they came to.
    Additions { key: Key, add: AddTimes<i64>, added: AddedTimes<i64> },
    /// What each is told.
    Each(Vec<Outcome>),
}

impl Told {
    pub(crate) fn clear(&mut self) {
        self.groups.clear();
        self.dealt.clear();
    }

    /// Takes in what came of the groups that have callers.
    pub(crate) fn fill(
        &mut self,
        groups: impl Iterator<Item = Group>,
        mut outcomes: impl Iterator<Item = Result<Outcome, Fault>>,
    ) {
        for group in groups {
            let outcome = if group.callers() > 0 { outcomes.next() } else { None };
            let nothing = || Err(Fault::broken("an operation was not answered"));
            group.told(outcome.unwrap_or_else(nothing), self);
        }
    }

    /// The outcome for the caller at this place of this group.
    #[inline]
    pub(crate) fn outcome(&self, group: usize, place: u32) -> Result<Outcome, Fault> {
        match &self.groups[group] {
            One::Same(told) => told.clone(),
            One::Dealt(dealt) => self.dealt[*dealt].outcome(place),
        }
    }

    /// What the caller at this place of this group is told.
    pub(crate) fn answer(&self, group: usize, place: u32, optional: bool) -> Result<Reply, Fault> {
        let outcome = self.outcome(group, place)?;
        Ok(if outcome.is_refusal() && !optional {
            Reply::Refused(Refusal::Operation(0, outcome))
        } else {
            Reply::Applied(smallvec::SmallVec::from_buf([outcome]))
        })
    }
}

impl Dealt {
    fn outcome(&self, place: u32) -> Result<Outcome, Fault> {
        let left = self.withdrawn.partition_point(|withdrawn| *withdrawn < place);
        let rank = place - left as u32;
        let told = match &self.shares {
            Shares::Additions { key, add, added } => {
                let told = add.told(added, rank).map_err(|misuse| misuse.at(key))?;
                told.map(|added| Outcome::Counter(CounterOutcome::Add(added)))
            }
            Shares::Each(outcomes) => outcomes.get(rank as usize).cloned(),
        };
        told.ok_or_else(|| Fault::broken("additions were refused that could have been made"))
    }
}
