//! What a batch means, and the model that plays it.
//!
//! [`apply`] is the whole of it: every engine either runs this function or is held to it by the
//! conformance suite.

use std::collections::BTreeMap;
use std::time::Duration;

use smallvec::SmallVec;

use crate::batch::{Batch, Condition, Lifetime, Refusal, Reply, Requirement, Step};
use crate::bytes::Bytes;
use crate::fault::Fault;
use crate::key::Key;
use crate::operations::{Operation, Outcome, step};
use crate::rehearsal::{Rehearsal, Tried};
use crate::state::{Misuse, Scalar, Slot, Slots, State};
use crate::time::{Moment, Timestamp};

/// Applies a batch as one change, or none of it.
///
/// The [order](Moment::order) must be greater than at any earlier call on the same keys: epochs are
/// told apart by it. The token is not looked at: see [`Ledger`](crate::Ledger).
///
/// # Faults
/// *Misuse*, and then the slots are as they were.
#[inline]
pub fn apply(slots: &mut impl Slots, batch: &Batch, at: Moment) -> Result<Reply, Fault> {
    batch.check()?;
    for (place, requirement) in batch.requirements.iter().enumerate() {
        if !holds(slots, requirement, at.now)? {
            return Ok(Reply::Refused(Refusal::Requirement(place)));
        }
    }
    if batch.apart {
        return Ok(Reply::Applied(apply_each(slots, batch, at)));
    }
    if let ([only], true) = (batch.steps.as_slice(), batch.seen.is_empty()) {
        let (outcome, refused) =
            apply_one(slots, only, at).map_err(|misuse| misuse.at(&only.key))?;
        return Ok(if refused && !only.optional {
            Reply::Refused(Refusal::Operation(0, outcome))
        } else {
            Reply::Applied(SmallVec::from_buf([outcome]))
        });
    }
    // What only reads leaves nothing to put back.
    let before = if batch.writes() { snapshot(slots, batch) } else { BTreeMap::new() };
    let reply = apply_all(slots, batch, at);
    if !matches!(reply, Ok(Reply::Applied(_))) {
        for (key, slot) in before {
            *slots.slot(key) = slot;
        }
    }
    reply
}

fn apply_each(slots: &mut impl Slots, batch: &Batch, at: Moment) -> SmallVec<[Outcome; 1]> {
    let places = (at.order..).zip(&batch.steps);
    let outcomes = places.map(|(order, step)| {
        let outcome = apply_one(slots, step, Moment { order, ..at });
        outcome.map_or_else(Outcome::Misuse, |(outcome, _)| outcome)
    });
    outcomes.collect()
}

fn apply_all(slots: &mut impl Slots, batch: &Batch, at: Moment) -> Result<Reply, Fault> {
    let mut outcomes = SmallVec::with_capacity(batch.steps.len());
    for (place, step) in batch.steps.iter().enumerate() {
        let at = Moment { order: at.order + place as u64, ..at };
        let (outcome, refused) =
            apply_one(slots, step, at).map_err(|misuse| misuse.at(&step.key))?;
        if refused && !step.optional {
            return Ok(Reply::Refused(Refusal::Operation(place, outcome)));
        }
        let is_other = |seen: &Bytes| !seen.is_empty() && *seen != outcome.sight();
        if batch.seen.get(place).is_some_and(is_other) {
            return Ok(Reply::Refused(Refusal::Changed(place)));
        }
        outcomes.push(outcome);
    }
    Ok(Reply::Applied(outcomes))
}

/// What a batch would do: as [`apply`], and the slots are as they were. Steps that refuse are told
/// so, and the others go on.
///
/// # Faults
/// As [`apply`].
pub fn rehearse(slots: &mut impl Slots, batch: &Batch, at: Moment) -> Result<Rehearsal, Fault> {
    batch.check()?;
    let before = if batch.writes() { snapshot(slots, batch) } else { BTreeMap::new() };
    let told = apply_all(slots, batch, at);
    for (key, slot) in before {
        *slots.slot(key) = slot;
    }
    Ok(match told? {
        Reply::Applied(outcomes) => Rehearsal::Told(
            outcomes.into_iter().map(|outcome| Tried { sight: outcome.sight(), outcome }).collect(),
        ),
        Reply::Refused(refusal) => Rehearsal::Refused(refusal),
    })
}

/// One operation, with the time to live in the same step. All or nothing by itself. Tells whether
/// it refused.
#[inline]
fn apply_one(slots: &mut impl Slots, call: &Step, at: Moment) -> Result<(Outcome, bool), Misuse> {
    for key in call.keys() {
        slots.slot(key).lapse(at.now);
    }
    let outcome = step(slots, &call.key, &call.op, at)?;
    let refused = outcome.is_refusal();
    if !refused && call.op.writes() {
        for (key, lifetime) in call.written() {
            let slot = slots.slot(key);
            if let Some(entry) = slot.entry_mut() {
                entry.written = at.order;
                entry.expires = lifetime.expiry(entry.expires, at.now);
            }
            if matches!(lifetime, Lifetime::Until(_)) {
                slot.lapse(at.now);
            }
        }
    }
    Ok((outcome, refused))
}

impl Lifetime {
    fn expiry(self, expires: Timestamp, now: Timestamp) -> Timestamp {
        match self {
            Self::Sliding(ttl) => now.plus(ttl),
            Self::Until(end) => end,
            Self::FromFirstWrite(ttl) if expires == Timestamp::MAX => now.plus(ttl),
            Self::FromFirstWrite(_) | Self::Unchanged => expires,
        }
    }
}

fn holds(slots: &mut impl Slots, required: &Requirement, now: Timestamp) -> Result<bool, Fault> {
    let slot = slots.slot(&required.key);
    slot.lapse(now);
    let held = match &required.condition {
        Condition::Exists => Ok(!slot.is_empty()),
        Condition::Absent => Ok(slot.is_empty()),
        Condition::Equals(bytes) => {
            slot.scalar().map(|scalar| scalar.map(Scalar::to_bytes).as_ref() == Some(bytes))
        }
        Condition::Holds(hold) => {
            slot.capacity().map(|capacity| capacity.is_some_and(|capacity| capacity.holds(*hold)))
        }
        Condition::Locks(owner) => {
            slot.lock().map(|lock| lock.is_some_and(|lock| lock.is_held_by(*owner)))
        }
    };
    held.map_err(|misuse| misuse.at(&required.key))
}

/// The slots of a batch as they are, to put back if it does not go through.
fn snapshot<'a>(slots: &mut impl Slots, batch: &'a Batch) -> BTreeMap<&'a Key, Slot> {
    batch.keys().map(|key| (key, slots.slot(key).clone())).collect()
}

/// The meaning, in one piece and on its own clock: the specification that engines are compared
/// with.
///
/// ```
/// # use exactly_core::{Key, Model, operations::counter};
/// let mut model = Model::new();
/// let seats = Key::alone("", "seats")?;
/// model.run(&seats, counter::Add::by(30))?;
/// assert_eq!(model.run(&seats, counter::Get { start: 0 })?, 30);
/// # Ok::<(), exactly_core::Fault>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    slots: BTreeMap<Key, Slot>,
    at: Moment,
}

impl Model {
    /// With nothing stored.
    pub fn new() -> Self {
        let now = Timestamp::from_nanos(1_000_000_000);
        Self { slots: BTreeMap::new(), at: Moment { now, order: 1 } }
    }

    /// Lets time pass.
    pub fn advance(&mut self, by: Duration) {
        self.at.now = self.at.now.plus(by);
    }

    /// Applies a batch. Its token is not looked at.
    ///
    /// # Faults
    /// As [`apply`].
    pub fn apply(&mut self, batch: &Batch) -> Result<Reply, Fault> {
        let reply = apply(self, batch, self.at);
        self.at.order += batch.steps.len() as u64;
        self.slots.retain(|_, slot| !slot.is_empty());
        reply
    }

    /// What a batch would do.
    ///
    /// # Faults
    /// As [`rehearse`].
    pub fn rehearse(&mut self, batch: &Batch) -> Result<Rehearsal, Fault> {
        let rehearsal = rehearse(self, batch, self.at);
        self.slots.retain(|_, slot| !slot.is_empty());
        rehearsal
    }

    /// Runs one operation and answers its own outcome, be it a refusal or not.
    ///
    /// # Faults
    /// As [`apply`].
    pub fn run<O: Operation>(&mut self, key: &Key, operation: O) -> Result<O::Outcome, Fault> {
        let step = Step::new(key.clone(), operation.into_op()).optional();
        self.apply(&Batch::one(step))?.only::<O>()
    }

    /// Every key that is filled, and its state.
    pub fn states(&self) -> impl Iterator<Item = (&Key, &State)> {
        self.slots.iter().filter_map(|(key, slot)| Some((key, &slot.entry()?.state)))
    }
}

impl Default for Model {
    fn default() -> Self {
        Self::new()
    }
}

impl Slots for Model {
    fn slot(&mut self, key: &Key) -> &mut Slot {
        if !self.slots.contains_key(key) {
            self.slots.insert(key.clone(), Slot::default());
        }
        self.slots.entry(key.clone()).or_default()
    }
}

impl Reply {
    /// The outcome of a batch of one operation, be it a refusal or not.
    ///
    /// # Faults
    /// When the engine answered something else.
    #[inline]
    pub fn only<O: Operation>(self) -> Result<O::Outcome, Fault> {
        let odd = || Fault::broken("an operation was answered by another's outcome");
        O::outcome(self.outcome()?).ok_or_else(odd)
    }

    /// As [`only`](Reply::only), of any operation.
    pub(crate) fn outcome(self) -> Result<Outcome, Fault> {
        let outcome = match self {
            Self::Applied(mut outcomes) if outcomes.len() == 1 => outcomes.pop(),
            Self::Refused(Refusal::Operation(0, outcome)) => Some(outcome),
            Self::Applied(_) | Self::Refused(_) => None,
        };
        let odd = || Fault::broken("one operation was not answered by its one outcome");
        outcome.ok_or_else(odd)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::counter::{Add, Bounds, Get};
    use crate::operations::{flag, key, value};

    const HOUR: Duration = Duration::from_secs(3600);

    fn keys<const N: usize>(names: [&str; N]) -> [Key; N] {
        names.map(|name| Key::alone("", name).unwrap())
    }

    fn at_most(max: i64) -> Add<i64> {
        Add { by: 1, start: 0, bounds: Bounds { min: None, max: Some(max) } }
    }

    fn step(key: &Key, operation: impl Operation) -> Step {
        Step::new(key.clone(), operation.into_op())
    }

    #[test]
    fn what_stands_apart_fails_apart() {
        let [count, text, brief] = keys(["count", "text", "brief"]);
        let mut model = Model::new();
        model.run(&text, value::Set { to: "abc".into() }).unwrap();
        let steps = [
            step(&count, at_most(1)),
            step(&text, Add::by(1)),
            step(&count, at_most(1)),
            step(&brief, Add::by(i64::MAX)),
            step(&brief, Add::by(1)),
            step(&count, Get { start: 0 }),
        ];
        let Ok(Reply::Applied(outcomes)) = model.apply(&Batch::apart(steps)) else { panic!() };
        let told: Vec<_> = outcomes.iter().map(Outcome::is_refusal).collect();
        assert_eq!(told, [false, true, true, false, true, false]);
        assert!(matches!(outcomes[1], Outcome::Misuse(Misuse::NotANumber { .. })));
        assert!(matches!(outcomes[4], Outcome::Misuse(Misuse::Overflow(_))));
        assert_eq!(model.run(&count, Get { start: 0 }).unwrap(), 1);
        let required = Batch::apart([step(&count, at_most(1))]).requiring(count, Condition::Exists);
        assert!(model.apply(&required).unwrap_err().is_misuse());
    }

    #[test]
    fn a_refused_operation_undoes_the_whole_batch_and_says_which() {
        let mut model = Model::new();
        let [a, b] = keys(["a", "b"]);
        let batch = Batch::of([
            step(&a, Add::by(1)),
            step(&b, value::Set { to: "x".into() }),
            step(&a, at_most(1)),
        ]);
        let before = model.clone();
        let Reply::Refused(Refusal::Operation(2, _)) = model.apply(&batch).unwrap() else {
            panic!()
        };
        assert!(model.states().eq(before.states()));
        let optional = Batch::of(batch.steps.into_iter().map(Step::optional));
        let Reply::Applied(outcomes) = model.apply(&optional).unwrap() else { panic!() };
        assert_eq!(outcomes.len(), 3);
        assert_eq!(model.run(&a, Get { start: 0 }).unwrap(), 1);
    }

    #[test]
    fn the_only_operation_of_a_batch_is_optional_like_any_other() {
        let mut model = Model::new();
        let [a] = keys(["a"]);
        let refused = Add { start: 2, ..at_most(1) };
        let required = step(&a, refused);
        let Reply::Refused(Refusal::Operation(0, outcome)) =
            model.apply(&Batch::one(required.clone())).unwrap()
        else {
            panic!()
        };
        let reply = model.apply(&Batch::one(required.optional())).unwrap();
        assert_eq!(reply, Reply::Applied([outcome].into_iter().collect()));
        assert!(!model.run(&a, key::Exists {}).unwrap());
    }

    #[test]
    fn a_move_is_undone_at_both_keys() {
        let mut model = Model::new();
        let [a, b, c] = keys(["a", "b", "c"]);
        model.run(&a, Add::by(1)).unwrap();
        model.run(&c, Add::by(7)).unwrap();
        for to in [&b, &c] {
            let batch = Batch::of([
                step(&a, key::Rename { to: to.clone(), replace: true }),
                step(&a, Add { start: 2, ..at_most(1) }),
            ]);
            let before = model.clone();
            assert!(matches!(model.apply(&batch).unwrap(), Reply::Refused(_)));
            assert!(model.states().eq(before.states()), "{to}");
        }
    }

    #[test]
    fn a_fault_in_a_batch_undoes_it_too() {
        let mut model = Model::new();
        let [a, b] = keys(["a", "b"]);
        model.run(&b, value::Set { to: "x".into() }).unwrap();
        let batch = Batch::of([step(&a, Add::by(1)), step(&b, Add::by(1))]);
        assert!(model.apply(&batch).unwrap_err().is_not_a_number());
        assert!(!model.run(&a, key::Exists {}).unwrap());
    }

    #[test]
    fn operations_of_a_batch_see_those_before_them() {
        let mut model = Model::new();
        let [a, b] = keys(["a", "b"]);
        let batch = Batch::of([
            step(&a, Add::by(2)),
            step(&a, key::Rename { to: b.clone(), replace: false }),
            step(&b, Add::by(3)),
            step(&b, Get { start: 0 }),
        ]);
        let Reply::Applied(outcomes) = model.apply(&batch).unwrap() else { panic!() };
        assert_eq!(Get::<i64>::outcome(outcomes[3].clone()), Some(5));
    }

    #[test]
    fn requirements() {
        let mut model = Model::new();
        let [a, b] = keys(["a", "b"]);
        model.run(&a, Add::by(1)).unwrap();
        let batch = Batch::one(step(&b, Add::by(1)));
        let table = [
            (a.clone(), Condition::Exists, true),
            (a.clone(), Condition::Absent, false),
            (b.clone(), Condition::Exists, false),
            (a.clone(), Condition::Equals("1".into()), true),
            (a, Condition::Equals("2".into()), false),
            (b, Condition::Equals("".into()), false),
        ];
        for (key, condition, met) in table {
            let mut model = model.clone();
            let reply = model.apply(&batch.clone().requiring(key, condition.clone())).unwrap();
            assert_eq!(matches!(reply, Reply::Applied(_)), met, "{condition:?}");
            assert!(met || reply == Reply::Refused(Refusal::Requirement(0)));
        }
    }

    #[test]
    fn every_requirement_must_hold_and_the_reply_says_which_does_not() {
        let mut model = Model::new();
        let [a, b] = keys(["a", "b"]);
        let batch = Batch::one(step(&b, Add::by(1)))
            .requiring(a.clone(), Condition::Absent)
            .requiring(b.clone(), Condition::Exists);
        assert_eq!(model.apply(&batch).unwrap(), Reply::Refused(Refusal::Requirement(1)));
        assert!(!model.run(&b, key::Exists {}).unwrap());
    }

    #[test]
    fn a_write_that_ends_at_a_moment_is_gone_once_that_has_passed() {
        let [a, b] = keys(["a", "b"]);
        let end = Timestamp::from_nanos(1_000_000_000).plus(HOUR);
        let until = |operation: Add<i64>| step(&a, operation).lifetime(Lifetime::Until(end));
        let mut model = Model::new();
        model.apply(&Batch::one(until(Add::by(7)))).unwrap();
        assert_eq!(model.run(&a, key::Ttl {}).unwrap(), key::Life::Left(HOUR));
        model.advance(HOUR);
        // Each write is answered as always, and each finds nothing.
        let reply = model.apply(&Batch::of([until(Add::by(1)), until(Add::by(1))])).unwrap();
        let Reply::Applied(outcomes) = reply else { panic!() };
        let counted = outcomes.into_iter().map(|outcome| Add::<i64>::outcome(outcome).unwrap());
        let one = crate::operations::counter::Added::Stepped { value: 1 };
        assert_eq!(counted.collect::<Vec<_>>(), [one, one]);
        assert_eq!(model.states().count(), 0);
        // What a rename leaves at either key, too.
        model.run(&a, Add::by(1)).unwrap();
        let rename = step(&a, key::Rename { to: b, replace: true });
        model.apply(&Batch::one(rename.lifetime(Lifetime::Until(end)))).unwrap();
        assert_eq!(model.states().count(), 0);
        let never = Batch::one(step(&a, Add::by(1)).lifetime(Lifetime::Until(Timestamp::MAX)));
        assert!(model.apply(&never).unwrap_err().is_bad_setting());
    }

    #[test]
    fn what_is_over_is_not_there_to_be_required() {
        use crate::operations::capacity::Take;
        use crate::token::HoldId;
        let mut model = Model::new();
        let [a, brief, seats] = keys(["a", "brief", "seats"]);
        let hold = HoldId::unique();
        let write = step(&brief, Add::by(1)).lifetime(Lifetime::Sliding(HOUR));
        model.apply(&Batch::one(write)).unwrap();
        model.run(&seats, Take { hold, units: 1, lease: HOUR, limit: 1 }).unwrap();
        // Before its time is over, and after.
        let table = [
            (&brief, Condition::Exists, [true, false]),
            (&brief, Condition::Absent, [false, true]),
            (&brief, Condition::Equals("1".into()), [true, false]),
            (&seats, Condition::Holds(hold), [true, false]),
        ];
        for after in [0, 1] {
            for (key, condition, met) in &table {
                let mut model = model.clone();
                let batch = Batch::one(step(&a, Add::by(1)));
                let batch = batch.requiring((*key).clone(), condition.clone());
                let reply = model.apply(&batch).unwrap();
                assert_eq!(matches!(reply, Reply::Applied(_)), met[after], "{condition:?}");
            }
            model.advance(HOUR);
        }
    }

    #[test]
    fn a_hold_holds_until_it_is_confirmed_or_released() {
        use crate::operations::capacity::{Confirm, Release, Take};
        use crate::token::HoldId;
        let [a, seats] = keys(["a", "seats"]);
        let hold = HoldId::unique();
        let take = step(&seats, Take { hold, units: 1, lease: HOUR, limit: 1 });
        for end in [step(&seats, Confirm { hold }), step(&seats, Release { hold })] {
            let mut model = Model::new();
            let holding = Batch::one(step(&a, Add::by(1)));
            let holding = holding.requiring(seats.clone(), Condition::Holds(hold));
            model.apply(&Batch::one(take.clone())).unwrap();
            assert!(matches!(model.apply(&holding).unwrap(), Reply::Applied(_)));
            model.apply(&Batch::one(end)).unwrap();
            assert_eq!(model.apply(&holding).unwrap(), Reply::Refused(Refusal::Requirement(0)));
        }
    }

    #[test]
    fn a_write_tells_its_moment_and_a_move_is_a_write() {
        let mut model = Model::new();
        let [a, b] = keys(["a", "b"]);
        model.apply(&Batch::of([step(&a, Add::by(1)), step(&b, Add::by(1))])).unwrap();
        let written = |model: &mut Model, key| model.slot(key).entry().unwrap().written;
        let first = written(&mut model, &a);
        model.run(&a, Get { start: 0 }).unwrap();
        assert_eq!(written(&mut model, &a), first);
        model.run(&a, Add::by(1)).unwrap();
        let second = written(&mut model, &a);
        assert!(second > first);
        model.run(&a, key::Rename { to: b.clone(), replace: true }).unwrap();
        assert!(written(&mut model, &b) > second);
    }

    #[test]
    fn the_time_to_live_is_part_of_the_write() {
        for (lifetime, left) in [
            (Lifetime::Unchanged, None),
            (Lifetime::FromFirstWrite(HOUR), Some(HOUR / 2)),
            (Lifetime::Sliding(HOUR), Some(HOUR)),
        ] {
            let mut model = Model::new();
            let [a] = keys(["a"]);
            let mark = step(&a, flag::Mark { only_if_unmarked: false }).lifetime(lifetime);
            model.apply(&Batch::one(mark.clone())).unwrap();
            model.advance(HOUR / 2);
            model.apply(&Batch::one(mark)).unwrap();
            let life = model.run(&a, key::Ttl {}).unwrap();
            let about = |life| match life {
                key::Life::Left(left) => Some(left),
                key::Life::Missing | key::Life::Persistent => None,
            };
            assert!(
                about(life).zip(left).is_none_or(|(life, left)| life.abs_diff(left) < HOUR / 100)
            );
            assert_eq!(about(life).is_some(), left.is_some());
        }
    }

    #[test]
    fn a_refused_write_leaves_the_time_to_live_alone() {
        let mut model = Model::new();
        let [a] = keys(["a"]);
        let add = |lifetime| step(&a, at_most(1)).lifetime(lifetime).optional();
        model.apply(&Batch::one(add(Lifetime::Unchanged))).unwrap();
        model.apply(&Batch::one(add(Lifetime::Sliding(HOUR)))).unwrap();
        assert_eq!(model.run(&a, key::Ttl {}).unwrap(), key::Life::Persistent);
    }

    #[test]
    fn the_fingerprint_tells_batches_apart_but_not_their_tokens_or_new_holds() {
        use crate::operations::capacity::Take;
        use crate::token::{HoldId, Token};
        let [a, b] = keys(["a", "b"]);
        let of = |key: &Key, by| Batch::one(step(key, Add::by(by)));
        let prints = [of(&a, 1), of(&a, 2), of(&b, 1)].map(|batch| batch.fingerprint());
        assert!(prints[0] != prints[1] && prints[0] != prints[2]);
        let token = Token::caller("order-1", HOUR).unwrap();
        assert_eq!(of(&a, 1).named(token).fingerprint(), prints[0]);
        let take = |hold| Take { hold, units: 1, lease: HOUR, limit: 3 };
        let [one, two] = [HoldId::unique(), HoldId::unique()]
            .map(|hold| Batch::one(step(&a, take(hold))).fingerprint());
        assert_eq!(one, two);
        // What is done to a new hold in its own batch goes by the hold, not by its id.
        use crate::operations::capacity::Confirm;
        let both = |take_as, confirm_as| {
            let confirm = Confirm { hold: confirm_as };
            Batch::of([step(&a, take(take_as)), step(&a, confirm)]).fingerprint()
        };
        let [x, y] = [HoldId::unique(), HoldId::unique()];
        assert_eq!(both(x, x), both(y, y));
        assert_ne!(both(x, x), both(x, y));
        let twice = |first, second| {
            Batch::of([step(&a, take(first)), step(&a, take(second))]).fingerprint()
        };
        assert_ne!(twice(x, x), twice(x, y));
    }

    #[test]
    fn every_part_of_a_batch_is_in_its_fingerprint() {
        use crate::operations::capacity::Take;
        use crate::token::HoldId;
        let [a, b] = keys(["a", "b"]);
        let add = || step(&a, Add::by(1));
        let one = || Batch::one(add());
        let hold = HoldId::unique();
        let take = |units, limit| Batch::one(step(&a, Take { hold, units, lease: HOUR, limit }));
        let rename = |replace| Batch::one(step(&a, key::Rename { to: b.clone(), replace }));
        let batches = [
            one(),
            Batch::one(step(&a, Add::by(1.0))),
            Batch::one(step(&a, at_most(1))),
            Batch::one(add().optional()),
            Batch::one(add().lifetime(Lifetime::Sliding(HOUR))),
            Batch::one(add().lifetime(Lifetime::Sliding(HOUR / 2))),
            Batch::one(add().lifetime(Lifetime::FromFirstWrite(HOUR))),
            Batch::of([add(), add()]),
            Batch::of([add(), step(&b, Add::by(1))]),
            Batch::of([step(&b, Add::by(1)), add()]),
            one().requiring(a.clone(), Condition::Exists),
            one().requiring(a.clone(), Condition::Absent),
            one().requiring(b.clone(), Condition::Exists),
            one().requiring(a.clone(), Condition::Holds(hold)),
            one().requiring(a.clone(), Condition::Holds(HoldId::unique())),
            take(1, 3),
            take(2, 3),
            take(1, 4),
            rename(true),
            rename(false),
        ];
        let prints: std::collections::BTreeSet<_> =
            batches.iter().map(Batch::fingerprint).collect();
        assert_eq!(prints.len(), batches.len());
    }

    #[test]
    fn what_no_batch_may_ask_is_misuse_and_changes_nothing() {
        use crate::batch::BATCH_MAX;
        let mut model = Model::new();
        let [a, b] = keys(["a", "b"]);
        let batch = |requirements| {
            let batch = Batch::one(step(&a, Add::by(1)));
            (0..requirements).fold(batch, |batch, _| batch.requiring(b.clone(), Condition::Absent))
        };
        assert!(model.apply(&batch(BATCH_MAX)).unwrap_err().is_too_large());
        assert!(!model.run(&a, key::Exists {}).unwrap());
        model.apply(&batch(BATCH_MAX - 1)).unwrap();
        for ttl in [Duration::ZERO, key::TTL_MAX + Duration::from_nanos(1)] {
            for lifetime in [Lifetime::FromFirstWrite(ttl), Lifetime::Sliding(ttl)] {
                let add = step(&a, Add::by(1)).lifetime(lifetime);
                let fault = model.apply(&Batch::one(add)).unwrap_err();
                assert!(fault.is_bad_setting(), "{fault}");
            }
        }
        assert_eq!(model.run(&a, Get { start: 0 }).unwrap(), 1);
    }
}
