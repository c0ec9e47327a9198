//! Keys that have to do with each other, and everything that happened to them.

use std::collections::{BTreeSet, HashMap};
use std::slice;

use exactly_core::operations::capacity::{CapacityOp, Confirm, Extend, Release, Take, TakeEach};
use exactly_core::operations::lock::{self, Acquire, LockOp};
use exactly_core::operations::queue::QueueOp;
use exactly_core::{Batch, Condition, HoldId, Key, Op};

use super::effect::Effect;

/// Effects that share keys, be it by way of others.
#[derive(Debug)]
pub(super) struct Component<'a> {
    /// Those that were answered, in the order in which they must have taken place.
    pub(super) answered: Vec<Answered<'a>>,
    /// Those that may or may not have taken place, by class. The members of a class are
    /// interchangeable, and in the order in which they were called.
    pub(super) unknown: Vec<Vec<Effect<'a>>>,
}

/// An effect that took place by a known moment.
#[derive(Debug)]
pub(super) struct Answered<'a> {
    pub(super) effect: Effect<'a>,
    /// The last moment at which it can have taken place.
    pub(super) until: u64,
    /// [`Effect::leaves_no_trace`].
    pub(super) leaves_no_trace: bool,
    /// A number that no other has that is in flight at the same time.
    pub(super) lane: usize,
    /// Those that can have taken place at the last moment of this one, itself among them, in the
    /// order of their own last moments. They are places in [`Component::answered`].
    pub(super) in_flight: Vec<usize>,
}

/// Tears effects apart where they have nothing to do with each other. Where nobody was told
/// anything there is nothing to explain.
pub(super) fn partition(effects: Vec<Effect<'_>>) -> Vec<Component<'_>> {
    let holds = mentions(&effects);
    let mut parts = Parts((0..effects.len()).collect());
    let mut owners: HashMap<&Key, usize> = HashMap::new();
    for (place, effect) in effects.iter().enumerate() {
        for key in effect.batches().flat_map(Batch::keys) {
            let owner = *owners.entry(key).or_insert(place);
            parts.join(owner, place);
        }
    }
    let mut together: Vec<Vec<Effect<'_>>> = Vec::new();
    let mut places: HashMap<usize, usize> = HashMap::new();
    for (place, effect) in effects.into_iter().enumerate() {
        let part = *places.entry(parts.find(place)).or_insert(together.len());
        match together.get_mut(part) {
            Some(part) => part.push(effect),
            None => together.push(vec![effect]),
        }
    }
    let told = together.into_iter().filter(|effects| effects.iter().any(Effect::is_answered));
    told.map(|effects| Component::new(effects, &holds)).collect()
}

/// Disjoint sets of places: each points to another of its set, the last one to itself.
struct Parts(Vec<usize>);

impl Parts {
    fn find(&mut self, mut place: usize) -> usize {
        while self.0[place] != place {
            self.0[place] = self.0[self.0[place]];
            place = self.0[place];
        }
        place
    }

    fn join(&mut self, one: usize, two: usize) {
        let [one, two] = [one, two].map(|place| self.find(place));
        self.0[one] = two;
    }
}

impl<'a> Component<'a> {
    fn new(effects: Vec<Effect<'a>>, holds: &HashMap<HoldId, usize>) -> Self {
        let mut answered = Vec::with_capacity(effects.len());
        let mut unknown: Vec<Vec<Effect<'a>>> = Vec::new();
        let mut classes: HashMap<Class, usize> = HashMap::new();
        for (place, effect) in effects.into_iter().enumerate() {
            if let Some(until) = effect.until() {
                let leaves_no_trace = effect.leaves_no_trace();
                let in_flight = Vec::new();
                answered.push(Answered { effect, until, leaves_no_trace, lane: 0, in_flight });
                continue;
            }
            let class = Class::of(&effect, place, holds);
            let class = *classes.entry(class).or_insert(unknown.len());
            match unknown.get_mut(class) {
                Some(class) => class.push(effect),
                None => unknown.push(vec![effect]),
            }
        }
        answered.sort_by_key(|answered| answered.until);
        meet(&mut answered);
        Self { answered, unknown }
    }

    /// Every effect, answered or not.
    pub(super) fn effects(&self) -> impl Iterator<Item = &Effect<'a>> {
        let answered = self.answered.iter().map(|answered| &answered.effect);
        answered.chain(self.unknown.iter().flatten())
    }

    /// Every key.
    pub(super) fn keys(&self) -> BTreeSet<&'a Key> {
        self.effects().flat_map(Effect::batches).flat_map(Batch::keys).collect()
    }
}

/// Finds out who is in flight with whom, and gives out the lanes.
fn meet(answered: &mut [Answered<'_>]) {
    let mut by_call: Vec<usize> = (0..answered.len()).collect();
    by_call.sort_by_key(|&place| answered[place].effect.from());
    let mut waiting = by_call.into_iter().peekable();
    let mut lanes: Vec<Option<usize>> = Vec::new();
    for place in 0..answered.len() {
        let until = answered[place].until;
        while let Some(called) = waiting.next_if(|&called| answered[called].effect.from() <= until)
        {
            let free = lanes.iter().position(Option::is_none).unwrap_or(lanes.len());
            if free == lanes.len() {
                lanes.push(None);
            }
            lanes[free] = Some(called);
            answered[called].lane = free;
        }
        let mut in_flight: Vec<usize> = lanes.iter().flatten().copied().collect();
        in_flight.sort_unstable();
        lanes[answered[place].lane] = None;
        answered[place].in_flight = in_flight;
    }
}

/// What unknown effects have in common that do the same: which of them took place makes no
/// difference to anybody, only how many did.
#[derive(PartialEq, Eq, Hash)]
enum Class {
    /// Their batch, but for the ids of new holds that nobody mentions again.
    Batch(u128),
    /// Only this one.
    Own(usize),
}

impl Class {
    fn of(effect: &Effect<'_>, place: usize, holds: &HashMap<HoldId, usize>) -> Self {
        // What a queue answers names jobs and deliveries: others are told of this very one.
        let mut steps = effect.batches().flat_map(|batch| &batch.steps);
        if steps.any(|step| matches!(step.op, Op::Queue(QueueOp::Push(_) | QueueOp::Claim(_)))) {
            return Self::Own(place);
        }
        let mut taken =
            effect.batches().flat_map(|batch| &batch.steps).flat_map(|step| match &step.op {
                Op::Capacity(CapacityOp::Take(Take { hold, .. }))
                | Op::Lock(LockOp::Acquire(Acquire { owner: hold, .. })) => slice::from_ref(hold),
                Op::Capacity(CapacityOp::TakeEach(TakeEach { holds, .. })) => holds,
                Op::Capacity(_) | Op::Lock(_) | Op::Limiter(_) | Op::Queue(_) | Op::Once(_) => &[],
                Op::Key(_) | Op::Counter(_) | Op::Float(_) | Op::Value(_) | Op::Flag(_) => &[],
                Op::List(_) | Op::Set(_) | Op::SortedSet(_) | Op::Map(_) => &[],
            });
        let mentioned_again = taken.any(|hold| holds.get(hold).is_some_and(|&often| often > 1));
        // Two that require the lock of two owners are one batch to a token, and not to us.
        let mut required = effect.batches().flat_map(|batch| &batch.requirements);
        let locked = required.any(|required| matches!(required.condition, Condition::Locks(_)));
        if mentioned_again || locked {
            Self::Own(place)
        } else {
            Self::Batch(effect.calls[0].batch.fingerprint())
        }
    }
}

/// How often each hold is mentioned.
fn mentions(effects: &[Effect<'_>]) -> HashMap<HoldId, usize> {
    let mut mentions = HashMap::new();
    for batch in effects.iter().flat_map(Effect::batches) {
        let required = batch.requirements.iter().filter_map(|required| match &required.condition {
            Condition::Holds(hold) | Condition::Locks(hold) => Some(*hold),
            Condition::Exists | Condition::Absent | Condition::Equals(_) => None,
        });
        let stepped = batch.steps.iter().flat_map(|step| match &step.op {
            Op::Capacity(op) => holds(op),
            Op::Lock(op) => owner(op).map_or(&[][..], slice::from_ref),
            Op::Key(_) | Op::Counter(_) | Op::Float(_) | Op::Value(_) | Op::Flag(_) => &[],
            Op::List(_) | Op::Set(_) | Op::SortedSet(_) | Op::Map(_) => &[],
            Op::Limiter(_) | Op::Queue(_) | Op::Once(_) => &[],
        });
        for hold in required.chain(stepped.copied()) {
            *mentions.entry(hold).or_insert(0) += 1;
        }
    }
    mentions
}

fn holds(op: &CapacityOp) -> &[HoldId] {
    match op {
        CapacityOp::Take(Take { hold, .. })
        | CapacityOp::Confirm(Confirm { hold })
        | CapacityOp::Release(Release { hold })
        | CapacityOp::Extend(Extend { hold, .. }) => slice::from_ref(hold),
        CapacityOp::TakeEach(TakeEach { holds, .. }) => holds,
        CapacityOp::Read(_) | CapacityOp::GiveBack(_) | CapacityOp::Resize(_) => &[],
    }
}

fn owner(op: &LockOp) -> Option<&HoldId> {
    match op {
        LockOp::Acquire(Acquire { owner, .. })
        | LockOp::Extend(lock::Extend { owner, .. })
        | LockOp::Release(lock::Release { owner }) => Some(owner),
        LockOp::Read(_) => None,
    }
}
