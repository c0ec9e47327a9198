//! Counters: whole numbers, and their floating-point twin.
//!
//! A missing counter reads as its `start`, which is never written by a read and applies again after
//! a delete or an expiry. A step that would leave the bounds refuses and changes nothing.

use std::fmt::Display;
use std::ops::{Bound, RangeBounds};

use serde::{Deserialize, Serialize};

use super::{Op, Outcome, Refusable, operations};
pub use crate::number::Number;
use crate::state::{Epoch, Misuse, Slot, State};
use crate::time::Moment;

// ===== operations =====

operations! {
    /// What can be asked of a counter.
    CounterOp<N: Number> => CounterOutcome;

    /// Reads the value; the start when nothing is stored.
    read Get<N: Number> {
        /// What a missing counter counts from.
        start: N,
    } -> N;

    /// Adds, unless that would leave the bounds.
    write Add<N: Number> {
        /// How much; negative to subtract.
        by: N,
        /// What a missing counter counts from.
        start: N,
        /// What the result must keep to.
        bounds: Bounds<N>,
    } -> Added<N>;

    /// As [`Add`], and tells what an [`Undo`] of it needs.
    write AddUndoable<N: Number> {
        /// How much; negative to subtract.
        by: N,
        /// What a missing counter counts from.
        start: N,
        /// What the result must keep to.
        bounds: Bounds<N>,
    } -> AddedUndoable<N>;

    /// As so many [`Add`]s in a row, up to the first that refuses or does not fit: what many
    /// callers who add the same come down to.
    write AddTimes<N: Number> {
        /// How much each adds; negative to subtract.
        by: N,
        /// How many there are.
        times: u32,
        /// What a missing counter counts from.
        start: N,
        /// What each result must keep to.
        bounds: Bounds<N>,
    } -> AddedTimes<N>;

    /// Takes one step back, if the counter still lives in the epoch in which the step was made.
    write Undo<N: Number> {
        /// How much the step added.
        by: N,
        /// The epoch the step answered.
        epoch: Epoch,
        /// What the result must keep to.
        bounds: Bounds<N>,
    } -> Undone<N>;

    /// Overwrites the value. The time to live stays.
    write Set<N: Number> {
        /// The new value.
        to: N,
        /// What it must keep to.
        bounds: Bounds<N>,
    } -> Put<N>;

    /// Reads and overwrites in one step. The time to live stays.
    write Swap<N: Number> {
        /// The new value.
        to: N,
        /// What a missing counter counts from.
        start: N,
        /// What the new value must keep to.
        bounds: Bounds<N>,
    } -> Swapped<N>;
}

impl<N: Number> Add<N> {
    /// Adds without bounds to a counter that starts at zero.
    pub fn by(by: N) -> Self {
        Self { by, start: N::ZERO, bounds: Bounds::NONE }
    }
}

impl<N: Number> AddUndoable<N> {
    /// Adds without bounds to a counter that starts at zero.
    pub fn by(by: N) -> Self {
        Self { by, start: N::ZERO, bounds: Bounds::NONE }
    }
}

impl<N: Number> CounterOp<N> {
    #[inline]
    pub(crate) fn check(&self) -> Result<(), Misuse> {
        match self {
            Self::Get(Get { start }) => start.check(),
            Self::Add(Add { by, start, bounds })
            | Self::AddUndoable(AddUndoable { by, start, bounds })
            | Self::AddTimes(AddTimes { by, start, bounds, .. }) => {
                by.check().and_then(|()| start.check()).and_then(|()| bounds.check())
            }
            Self::Undo(Undo { by, bounds, .. }) => by.check().and_then(|()| bounds.check()),
            Self::Set(Set { to, bounds }) => to.check().and_then(|()| bounds.check()),
            Self::Swap(Swap { to, start, bounds }) => {
                to.check().and_then(|()| start.check()).and_then(|()| bounds.check())
            }
        }
    }
}

/// The least and the greatest value a counter may have, both inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bounds<N> {
    /// The least; none when unbounded.
    pub min: Option<N>,
    /// The greatest; none when unbounded.
    pub max: Option<N>,
}

impl<N: Number> Bounds<N> {
    /// No bounds but those of the number itself.
    pub const NONE: Self = Self { min: None, max: None };
    /// Bounds that no number keeps to: *misuse* wherever they are used.
    const EMPTY: Self = Self { min: Some(N::ONE), max: Some(N::ZERO) };

    /// The bounds that a range of Rust's describes.
    pub fn of(range: &impl RangeBounds<N>) -> Self {
        let end = |bound: Bound<&N>, inward: fn(N) -> Option<N>| match bound {
            Bound::Included(end) => Ok(Some(*end)),
            Bound::Excluded(end) => inward(*end).map(Some).ok_or(()),
            Bound::Unbounded => Ok(None),
        };
        match (end(range.start_bound(), N::above), end(range.end_bound(), N::below)) {
            (Ok(min), Ok(max)) => Self { min, max },
            (Ok(_) | Err(()), Ok(_) | Err(())) => Self::EMPTY,
        }
    }

    #[inline]
    fn check(&self) -> Result<(), Misuse> {
        self.min.map_or(Ok(()), Number::check)?;
        self.max.map_or(Ok(()), Number::check)?;
        match (self.min, self.max) {
            (Some(min), Some(max)) if min > max => Err(Misuse::BadSetting(format!(
                "bounds need min <= max, found min {min} and max {max}; nothing was changed: swap \
                    them"
            ))),
            (Some(_) | None, Some(_) | None) => Ok(()),
        }
    }

    /// Whether `value` is neither below the least nor above the greatest.
    pub fn contain(&self, value: N) -> bool {
        self.min.is_none_or(|min| value >= min) && self.max.is_none_or(|max| value <= max)
    }

    /// Whether a counter may go from `old` to `new`: inside the bounds, or from outside towards
    /// them, so that a counter that is out of bounds when they are declared is not stuck there.
    pub fn allow(&self, old: N, new: N) -> bool {
        let below = new < old && self.min.is_some_and(|min| new < min);
        let above = new > old && self.max.is_some_and(|max| new > max);
        !below && !above
    }
}

impl<N: Number> Display for Bounds<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.min, self.max) {
            (None, None) => write!(f, "no bounds"),
            (Some(min), None) => write!(f, "at least {min}"),
            (None, Some(max)) => write!(f, "at most {max}"),
            (Some(min), Some(max)) => write!(f, "{min} to {max}"),
        }
    }
}

impl<N: Number> From<CounterOp<N>> for Op {
    fn from(op: CounterOp<N>) -> Self {
        N::op(op)
    }
}

impl<N: Number> TryFrom<Outcome> for CounterOutcome<N> {
    type Error = Outcome;

    fn try_from(outcome: Outcome) -> Result<Self, Outcome> {
        N::outcome(outcome)
    }
}

// ===== outcomes =====

/// Of [`Add`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Added<N> {
    /// The counter was stepped.
    Stepped {
        /// The new value.
        value: N,
    },
    /// Refused: the result would leave the bounds.
    OutOfBounds {
        /// The value, unchanged.
        value: N,
    },
}

impl<N> Refusable for Added<N> {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::OutOfBounds { .. })
    }
}

/// Of [`AddUndoable`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum AddedUndoable<N> {
    /// The counter was stepped.
    Stepped {
        /// The new value.
        value: N,
        /// What an [`Undo`] of this step needs.
        epoch: Epoch,
    },
    /// Refused: the result would leave the bounds.
    OutOfBounds {
        /// The value, unchanged.
        value: N,
    },
}

impl<N> Refusable for AddedUndoable<N> {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::OutOfBounds { .. })
    }
}

/// Of [`AddTimes`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AddedTimes<N> {
    /// How many of them were taken.
    pub stepped: u32,
    /// The value after those.
    pub value: N,
}

impl<N> Refusable for AddedTimes<N> {
    fn is_refusal(&self) -> bool {
        self.stepped == 0
    }
}

/// Of [`Undo`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Undone<N> {
    /// The step was taken back.
    Undone {
        /// The new value.
        value: N,
    },
    /// Nothing of the step was left: the counter was overwritten or removed since.
    Overwritten,
    /// Refused: others moved the counter since, and without the step it would leave the bounds.
    OutOfBounds {
        /// The value, unchanged.
        value: N,
    },
}

impl<N> Refusable for Undone<N> {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::OutOfBounds { .. })
    }
}

/// Of [`Set`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Put<N> {
    /// The counter has the value.
    Put,
    /// Refused: the value is outside the bounds.
    OutOfBounds {
        /// The bounds.
        bounds: Bounds<N>,
    },
}

impl<N> Refusable for Put<N> {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::OutOfBounds { .. })
    }
}

/// Of [`Swap`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Swapped<N> {
    /// The counter has the new value.
    Swapped {
        /// The value it had.
        old: N,
    },
    /// Refused: the new value is outside the bounds.
    OutOfBounds {
        /// The bounds.
        bounds: Bounds<N>,
    },
}

impl<N> Refusable for Swapped<N> {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::OutOfBounds { .. })
    }
}

impl<N: Number> CounterOutcome<N> {
    /// Whether both say the same but for the epoch.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        let (
            Self::AddUndoable(AddedUndoable::Stepped { value, .. }),
            Self::AddUndoable(AddedUndoable::Stepped { value: other, .. }),
        ) = (self, other)
        else {
            return self == other;
        };
        value == other
    }
}

// ===== state =====

/// The number stored, if anything is: a counter is a [`Scalar`] that reads as one.
#[inline]
fn stored<N: Number>(slot: &Slot) -> Result<Option<N>, Misuse> {
    let Some(scalar) = slot.scalar()? else { return Ok(None) };
    match N::read(scalar) {
        Some(number) => Ok(Some(number)),
        None => Err(Misuse::NotANumber { expected: N::NAME.into(), found: scalar.to_bytes() }),
    }
}

// ===== step =====

/// The meaning of a [`CounterOp`].
#[inline]
pub(crate) fn step<N: Number>(
    slot: &mut Slot,
    op: &CounterOp<N>,
    at: Moment,
) -> Result<CounterOutcome<N>, Misuse> {
    let value = stored::<N>(slot)?;
    Ok(match op {
        CounterOp::Get(Get { start }) => CounterOutcome::Get(value.unwrap_or(*start)),
        CounterOp::Add(Add { by, start, bounds }) => {
            let old = value.unwrap_or(*start);
            CounterOutcome::Add(match next(old, *by, bounds)? {
                Some(new) => {
                    slot.step_to(new.write(), at);
                    Added::Stepped { value: new }
                }
                None => Added::OutOfBounds { value: old },
            })
        }
        CounterOp::AddUndoable(AddUndoable { by, start, bounds }) => {
            let old = value.unwrap_or(*start);
            CounterOutcome::AddUndoable(match next(old, *by, bounds)? {
                Some(new) => {
                    let epoch = slot.step_to(new.write(), at);
                    AddedUndoable::Stepped { value: new, epoch }
                }
                None => AddedUndoable::OutOfBounds { value: old },
            })
        }
        CounterOp::AddTimes(add) => {
            let added = add.from(value.unwrap_or(add.start));
            if added.stepped > 0 {
                slot.step_to(added.value.write(), at);
            }
            CounterOutcome::AddTimes(added)
        }
        CounterOp::Undo(undo) => CounterOutcome::Undo(take_back(slot, value, undo, at)?),
        CounterOp::Set(Set { to, bounds }) => {
            CounterOutcome::Set(if overwrite(slot, *to, bounds, at) {
                Put::Put
            } else {
                Put::OutOfBounds { bounds: *bounds }
            })
        }
        CounterOp::Swap(Swap { to, start, bounds }) => {
            CounterOutcome::Swap(if overwrite(slot, *to, bounds, at) {
                Swapped::Swapped { old: value.unwrap_or(*start) }
            } else {
                Swapped::OutOfBounds { bounds: *bounds }
            })
        }
    })
}

/// The value one step further; none where the step refuses.
#[inline]
fn next<N: Number>(old: N, by: N, bounds: &Bounds<N>) -> Result<Option<N>, Misuse> {
    let new = old.plus(by).ok_or_else(|| overflow(old, "+", by))?;
    Ok(bounds.allow(old, new).then_some(new))
}

impl<N: Number> AddTimes<N> {
    fn from(&self, mut value: N) -> AddedTimes<N> {
        for stepped in 0..self.times {
            match next(value, self.by, &self.bounds) {
                Ok(Some(new)) => value = new,
                Ok(None) | Err(_) => return AddedTimes { stepped, value },
            }
        }
        AddedTimes { stepped: self.times, value }
    }
}

impl AddTimes<i64> {
    /// What each of the many is told, from the first, at place 0, to the last: the same as if they
    /// had added one by one, in this order. None when the engine answered what cannot be.
    ///
    /// # Errors
    /// When the addition at this place would not fit.
    pub fn told(&self, added: &AddedTimes<i64>, place: u32) -> Result<Option<Added<i64>>, Misuse> {
        let AddedTimes { stepped, value } = *added;
        if place < stepped {
            // All of these values lie between two that fit, so going back by wrapping is exact.
            let later = i64::from(stepped - 1 - place);
            let value = value.wrapping_sub(self.by.wrapping_mul(later));
            return Ok(Some(Added::Stepped { value }));
        }
        let refused = next(value, self.by, &self.bounds)?.is_none();
        Ok(refused.then_some(Added::OutOfBounds { value }))
    }
}

fn overwrite<N: Number>(slot: &mut Slot, to: N, bounds: &Bounds<N>, at: Moment) -> bool {
    let fits = bounds.contain(to);
    if fits {
        slot.overwrite(State::Scalar(to.write()), at);
    }
    fits
}

fn take_back<N: Number>(
    slot: &mut Slot,
    value: Option<N>,
    undo: &Undo<N>,
    at: Moment,
) -> Result<Undone<N>, Misuse> {
    let epoch = slot.entry().map(|entry| entry.epoch);
    let Some(old) = value.filter(|_| epoch == Some(undo.epoch)) else {
        return Ok(Undone::Overwritten);
    };
    let new = old.minus(undo.by).ok_or_else(|| overflow(old, "-", undo.by))?;
    if !undo.bounds.allow(old, new) {
        return Ok(Undone::OutOfBounds { value: old });
    }
    slot.step_to(new.write(), at);
    Ok(Undone::Undone { value: new })
}

fn overflow<N: Number>(old: N, sign: &str, by: N) -> Misuse {
    Misuse::Overflow(format!("{old} {sign} {by} does not fit"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Key;
    use crate::meaning::Model;
    use crate::operations::{key, value};

    fn counter() -> (Model, Key) {
        (Model::new(), Key::alone("", "counter").unwrap())
    }

    fn within(by: i64, min: i64, max: i64) -> Add<i64> {
        Add { by, start: 0, bounds: Bounds { min: Some(min), max: Some(max) } }
    }

    #[test]
    fn adding() {
        // Before, step, the new value; none where the step refuses.
        let table = [
            (0, within(1, 0, 3), Some(1)),
            (3, within(1, 0, 3), None),
            (2, within(2, 0, 3), None),
            (0, within(-1, 0, 3), None),
            (3, within(-3, 0, 3), Some(0)),
            (9, within(-1, 0, 3), Some(8)),
            (9, within(1, 0, 3), None),
            (-9, within(1, 0, 3), Some(-8)),
            (3, within(0, 0, 3), Some(3)),
            (0, within(3, 3, 3), Some(3)),
        ];
        for (before, step, after) in table {
            let (mut model, key) = counter();
            model.run(&key, Set { to: before, bounds: Bounds::NONE }).unwrap();
            let value = match model.run(&key, step.clone()).unwrap() {
                Added::Stepped { value } => Some(value),
                Added::OutOfBounds { value } => {
                    assert_eq!(value, before);
                    None
                }
            };
            assert_eq!(value, after, "{before} {step:?}");
            let read = model.run(&key, Get { start: 0 }).unwrap();
            assert_eq!(read, after.unwrap_or(before), "{before} {step:?}");
        }
    }

    #[test]
    fn both_ends_of_i64() {
        for (start, by) in [(i64::MAX, 1), (i64::MIN, -1), (1, i64::MAX), (-2, i64::MIN)] {
            let (mut model, key) = counter();
            let fault = model.run(&key, Add { by, start, bounds: Bounds::NONE }).unwrap_err();
            assert!(fault.is_overflow(), "{fault}");
            assert!(!model.run(&key, key::Exists {}).unwrap());
        }
        let (mut model, key) = counter();
        model.run(&key, Add::by(i64::MIN)).unwrap();
        let back = Undo { by: i64::MIN, epoch: Epoch::default(), bounds: Bounds::NONE };
        assert_eq!(model.run(&key, back).unwrap(), Undone::Overwritten);
        let (mut model, key) = counter();
        let AddedUndoable::Stepped { epoch, .. } = model.run(&key, AddUndoable::by(-5)).unwrap()
        else {
            panic!()
        };
        for by in [i64::MAX, 5] {
            model.run(&key, Add::by(by)).unwrap();
        }
        let undo = Undo { by: -5, epoch, bounds: Bounds::NONE };
        assert!(model.run(&key, undo).unwrap_err().is_overflow());
        assert_eq!(model.run(&key, Get { start: 0 }).unwrap(), i64::MAX);
    }

    #[test]
    fn the_start_is_read_but_not_written_and_applies_again_after_a_delete() {
        let (mut model, key) = counter();
        assert_eq!(model.run(&key, Get { start: 30 }).unwrap(), 30);
        assert!(!model.run(&key, key::Exists {}).unwrap());
        let take = Add { by: -1, start: 30, bounds: Bounds::NONE };
        for _ in 0..2 {
            let taken = model.run(&key, take.clone()).unwrap();
            assert!(matches!(taken, Added::Stepped { value: 29 }), "{taken:?}");
            model.run(&key, key::Delete {}).unwrap();
        }
    }

    #[test]
    fn an_undo_takes_back_its_own_step_only_while_that_is_still_there() {
        let overwrite: [fn(&mut Model, &Key); 4] = [
            |model, key| {
                model.run(key, Set { to: 1, bounds: Bounds::NONE }).unwrap();
            },
            |model, key| {
                model.run(key, key::Delete {}).unwrap();
            },
            |model, key| {
                model.run(key, key::Delete {}).unwrap();
                model.run(key, Add::by(1)).unwrap();
            },
            |model, key| {
                model.run(key, Swap { to: 0, start: 0, bounds: Bounds::NONE }).unwrap();
            },
        ];
        for change in overwrite {
            let (mut model, key) = counter();
            let AddedUndoable::Stepped { epoch, .. } = model.run(&key, AddUndoable::by(5)).unwrap()
            else {
                panic!()
            };
            change(&mut model, &key);
            let before = model.run(&key, Get { start: 0 }).unwrap();
            let undo = Undo { by: 5, epoch, bounds: Bounds::NONE };
            assert_eq!(model.run(&key, undo).unwrap(), Undone::Overwritten);
            assert_eq!(model.run(&key, Get { start: 0 }).unwrap(), before);
        }
        let (mut model, key) = counter();
        let AddedUndoable::Stepped { epoch, .. } = model.run(&key, AddUndoable::by(5)).unwrap()
        else {
            panic!()
        };
        model.run(&key, Add::by(2)).unwrap();
        let undo = Undo { by: 5, epoch, bounds: Bounds::NONE };
        assert_eq!(model.run(&key, undo).unwrap(), Undone::Undone { value: 2 });
    }

    #[test]
    fn an_undo_keeps_to_the_bounds_as_a_step_does() {
        // The value and what the undo takes off it, the value after; none where it refuses.
        let table = [
            (2, 2, Some(0)),
            (2, 3, None),
            (2, -1, Some(3)),
            (2, -2, None),
            (9, 1, Some(8)),
            (9, -1, None),
            (-9, -1, Some(-8)),
            (-9, 1, None),
        ];
        for (before, by, after) in table {
            let (mut model, key) = counter();
            let AddedUndoable::Stepped { epoch, .. } =
                model.run(&key, AddUndoable::by(before)).unwrap()
            else {
                panic!()
            };
            let undo = Undo { by, epoch, bounds: Bounds { min: Some(0), max: Some(3) } };
            let undone = after
                .map_or(Undone::OutOfBounds { value: before }, |value| Undone::Undone { value });
            assert_eq!(model.run(&key, undo).unwrap(), undone, "{before} - {by}");
            let read = model.run(&key, Get { start: 0 }).unwrap();
            assert_eq!(read, after.unwrap_or(before), "{before} - {by}");
        }
        assert!(Undone::OutOfBounds { value: 2 }.is_refusal());
        // Nothing left to undo is no refusal: a batch with the undo goes through.
        assert!(!Undone::<i64>::Overwritten.is_refusal());
    }

    #[test]
    fn swapping_reads_and_resets_in_one_step() {
        let (mut model, key) = counter();
        let swap = Swap { to: 0, start: 30, bounds: Bounds { min: Some(0), max: None } };
        assert_eq!(model.run(&key, swap.clone()).unwrap(), Swapped::Swapped { old: 30 });
        assert_eq!(model.run(&key, swap).unwrap(), Swapped::Swapped { old: 0 });
        let below = Swap { to: -1, start: 30, bounds: Bounds { min: Some(0), max: None } };
        assert!(model.run(&key, below).unwrap().is_refusal());
    }

    #[test]
    fn both_bounds_are_inclusive_for_what_overwrites() {
        let bounds = Bounds { min: Some(0), max: Some(3) };
        for (to, fits) in [(-1, false), (0, true), (3, true), (4, false)] {
            let (mut model, key) = counter();
            assert_eq!(model.run(&key, Set { to, bounds }).unwrap() == Put::Put, fits, "{to}");
            assert_eq!(model.run(&key, key::Exists {}).unwrap(), fits, "{to}");
            let swapped = model.run(&key, Swap { to, start: 0, bounds }).unwrap();
            assert_eq!(!swapped.is_refusal(), fits, "{to}");
        }
    }

    #[test]
    fn what_is_not_a_number_is_misuse() {
        let (mut model, key) = counter();
        model.run(&key, value::Set { to: "abc".into() }).unwrap();
        assert!(model.run(&key, Get { start: 0 }).unwrap_err().is_not_a_number());
        model.run(&key, value::Set { to: "41".into() }).unwrap();
        let added = model.run(&key, Add::by(1)).unwrap();
        assert!(matches!(added, Added::Stepped { value: 42 }));
        model.run(&key, value::Set { to: "1.5".into() }).unwrap();
        assert!(model.run(&key, Add::by(1)).unwrap_err().is_not_a_number());
        let added = model.run(&key, Add::by(1.0)).unwrap();
        assert!(matches!(added, Added::Stepped { value: 2.5 }));
    }

    #[test]
    fn adding_many_times_is_adding_as_often_until_one_refuses() {
        const MAX: i64 = i64::MAX;
        // The value, what each adds, how many, how many are taken; within 0 to 10.
        for (before, by, times, stepped) in [
            (0, 1, 3, 3),
            (8, 1, 3, 2),
            (10, 1, 3, 0),
            (0, 4, 3, 2),
            (3, -2, 5, 1),
            (20, -6, 9, 3),
            (-9, 6, 9, 3),
            (5, 0, 7, 7),
            (MAX, 1, 2, 0),
        ] {
            let (mut many, key) = counter();
            many.run(&key, Set { to: before, bounds: Bounds::NONE }).unwrap();
            let mut single = many.clone();
            let Add { start, bounds, .. } = within(by, 0, 10);
            let added = many.run(&key, AddTimes { by, times, start, bounds }).unwrap();
            let mut value = before;
            let taken = (0..times).take_while(|_| match single.run(&key, within(by, 0, 10)) {
                Ok(Added::Stepped { value: new }) => {
                    value = new;
                    true
                }
                Ok(Added::OutOfBounds { .. }) | Err(_) => false,
            });
            assert_eq!(taken.count(), stepped, "{before} {by} {times}");
            assert_eq!(added, AddedTimes { stepped: stepped as u32, value }, "{before} {by}");
            assert_eq!(many.run(&key, Get { start: 0 }).unwrap(), value);
        }
        let (mut model, key) = counter();
        model.run(&key, Set { to: MAX - 2, bounds: Bounds::NONE }).unwrap();
        let over = AddTimes { by: 1, times: 5, start: 0, bounds: Bounds::NONE };
        assert_eq!(model.run(&key, over).unwrap(), AddedTimes { stepped: 2, value: MAX });
    }

    #[test]
    fn bounds_of_ranges() {
        let bounds = |min, max| Bounds { min, max };
        assert_eq!(Bounds::of(&(0..=30)), bounds(Some(0), Some(30)));
        assert_eq!(Bounds::of(&(0..30)), bounds(Some(0), Some(29)));
        assert_eq!(Bounds::of(&(..30)), bounds(None, Some(29)));
        assert_eq!(Bounds::<i64>::of(&..), Bounds::NONE);
        assert!(Bounds::of(&(..i64::MIN)).check().is_err());
        let unit = Bounds::of(&(0.0..1.0));
        assert!(unit.contain(0.0) && unit.contain(0.5) && unit.contain(0.999_999));
        assert!(!unit.contain(1.0));
    }

    #[test]
    fn a_step_overwritten_in_its_own_batch_leaves_nothing_to_undo() {
        use crate::batch::{Batch, Reply, Step};
        use crate::operations::Operation;
        let (mut model, key) = counter();
        let set = Set { to: 1, bounds: Bounds::NONE };
        let steps =
            [AddUndoable::by(5).into_op(), set.into_op()].map(|op| Step::new(key.clone(), op));
        let Reply::Applied(outcomes) = model.apply(&Batch::of(steps)).unwrap() else { panic!() };
        let added = AddUndoable::<i64>::outcome(outcomes[0].clone());
        let Some(AddedUndoable::Stepped { epoch, .. }) = added else { panic!() };
        let undo = Undo { by: 5, epoch, bounds: Bounds::NONE };
        assert_eq!(model.run(&key, undo).unwrap(), Undone::Overwritten);
    }

    #[test]
    fn bad_settings_are_misuse() {
        let (mut model, key) = counter();
        let twisted = Bounds { min: Some(3), max: Some(0) };
        let epoch = Epoch::default();
        for fault in [
            model.run(&key, within(1, 3, 0)).unwrap_err(),
            model.run(&key, Undo { by: 1, epoch, bounds: twisted }).unwrap_err(),
            model.run(&key, Set { to: 1, bounds: twisted }).unwrap_err(),
            model.run(&key, Swap { to: 1, start: 0, bounds: twisted }).unwrap_err(),
        ] {
            assert!(fault.is_bad_setting(), "{fault}");
        }
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let least = Bounds { min: Some(odd), max: None };
            let greatest = Bounds { min: None, max: Some(odd) };
            let none = Bounds::NONE;
            for fault in [
                model.run(&key, Get { start: odd }).unwrap_err(),
                model.run(&key, Add::by(odd)).unwrap_err(),
                model.run(&key, Add { by: 1.0, start: odd, bounds: none }).unwrap_err(),
                model.run(&key, Add { by: 1.0, start: 0.0, bounds: least }).unwrap_err(),
                model.run(&key, Add { by: 1.0, start: 0.0, bounds: greatest }).unwrap_err(),
                model.run(&key, Undo { by: odd, epoch, bounds: none }).unwrap_err(),
                model.run(&key, Set { to: odd, bounds: none }).unwrap_err(),
                model.run(&key, Swap { to: odd, start: 0.0, bounds: none }).unwrap_err(),
                model.run(&key, Swap { to: 0.0, start: odd, bounds: none }).unwrap_err(),
            ] {
                assert!(fault.is_bad_setting(), "{odd}: {fault}");
            }
        }
        assert!(!model.run(&key, key::Exists {}).unwrap());
        assert!(model.run(&key, Add::by(f64::MAX)).is_ok());
        assert!(model.run(&key, Add::by(f64::MAX)).unwrap_err().is_overflow());
    }
}
