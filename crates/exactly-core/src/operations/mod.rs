//! Operations are values; meaning is one pure function.
//!
//! One file per object kind, always in the same order: operations, outcomes, state, step, table of
//! tests. The enums are closed on purpose: a new operation turns every place that must know it into
//! a compile error.

pub mod capacity;
pub mod counter;
pub mod flag;
pub mod key;
pub mod limiter;
pub mod list;
pub mod lock;
pub mod map;
pub mod once;
pub mod queue;
pub mod set;
pub mod sorted_set;
pub mod value;

use serde::{Deserialize, Serialize};

use crate::key::Key;
use crate::state::{Misuse, Slots};
use crate::time::Moment;

use capacity::{CapacityOp, CapacityOutcome};
use counter::{CounterOp, CounterOutcome};
use flag::{FlagOp, FlagOutcome};
use key::{KeyOp, KeyOutcome};
use limiter::{LimiterOp, LimiterOutcome};
use list::{ListOp, ListOutcome};
use lock::{LockOp, LockOutcome};
use map::{MapOp, MapOutcome};
use once::{OnceOp, OnceOutcome};
use queue::{QueueOp, QueueOutcome};
use set::{SetOp, SetOutcome};
use sorted_set::{SortedSetOp, SortedSetOutcome};
use value::{ValueOp, ValueOutcome};

/// What to do at one key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Op {
    /// With the key itself, whatever it holds.
    Key(KeyOp),
    /// With a counter of whole numbers.
    Counter(CounterOp<i64>),
    /// With a counter of floating-point numbers.
    Float(CounterOp<f64>),
    /// With a value.
    Value(ValueOp),
    /// With a flag.
    Flag(FlagOp),
    /// With a capacity.
    Capacity(CapacityOp),
    /// With a list.
    List(ListOp),
    /// With a set.
    Set(SetOp),
    /// With a sorted set.
    SortedSet(SortedSetOp),
    /// With a map.
    Map(MapOp),
    /// With a lock.
    Lock(LockOp),
    /// With a limiter.
    Limiter(LimiterOp),
    /// With a queue.
    Queue(QueueOp),
    /// With work that is done once.
    Once(OnceOp),
}

/// What an operation answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// Of [`Op::Key`].
    Key(KeyOutcome),
    /// Of [`Op::Counter`].
    Counter(CounterOutcome<i64>),
    /// Of [`Op::Float`].
    Float(CounterOutcome<f64>),
    /// Of [`Op::Value`].
    Value(ValueOutcome),
    /// Of [`Op::Flag`].
    Flag(FlagOutcome),
    /// Of [`Op::Capacity`].
    Capacity(CapacityOutcome),
    /// Of [`Op::List`].
    List(ListOutcome),
    /// Of [`Op::Set`].
    Set(SetOutcome),
    /// Of [`Op::SortedSet`].
    SortedSet(SortedSetOutcome),
    /// Of [`Op::Map`].
    Map(MapOutcome),
    /// Of [`Op::Lock`].
    Lock(LockOutcome),
    /// Of [`Op::Limiter`].
    Limiter(LimiterOutcome),
    /// Of [`Op::Queue`].
    Queue(QueueOutcome),
    /// Of [`Op::Once`].
    Once(OnceOutcome),
    /// Of an operation that does not fit what is stored, where each stands for itself: see
    /// [`Batch::apart`](crate::Batch).
    Misuse(Misuse),
}

impl Op {
    /// Whether the operation may change state.
    #[inline]
    pub fn writes(&self) -> bool {
        match self {
            Self::Key(op) => op.writes(),
            Self::Counter(op) => op.writes(),
            Self::Float(op) => op.writes(),
            Self::Value(op) => op.writes(),
            Self::Flag(op) => op.writes(),
            Self::Capacity(op) => op.writes(),
            Self::List(op) => op.writes(),
            Self::Set(op) => op.writes(),
            Self::SortedSet(op) => op.writes(),
            Self::Map(op) => op.writes(),
            Self::Lock(op) => op.writes(),
            Self::Limiter(op) => op.writes(),
            Self::Queue(op) => op.writes(),
            Self::Once(op) => op.writes(),
        }
    }

    /// Whether the outcome depends on the time of day, and not only on what came before.
    #[inline]
    pub fn is_timed(&self) -> bool {
        match self {
            Self::Key(op) => op.is_timed(),
            Self::Capacity(_) | Self::Lock(_) | Self::Limiter(_) => true,
            Self::Queue(_) | Self::Once(_) => true,
            Self::Counter(_) | Self::Float(_) | Self::Value(_) | Self::Flag(_) => false,
            Self::List(_) | Self::Set(_) | Self::SortedSet(_) | Self::Map(_) => false,
        }
    }

    /// Whether the outcome is drawn by lot, so that asking twice may be answered in two ways.
    #[inline]
    pub fn is_by_chance(&self) -> bool {
        match self {
            Self::Set(op) => op.is_by_chance(),
            Self::Key(_) | Self::Counter(_) | Self::Float(_) | Self::Value(_) => false,
            Self::Flag(_) | Self::Capacity(_) => false,
            Self::List(_) | Self::SortedSet(_) | Self::Map(_) => false,
            Self::Lock(_) | Self::Limiter(_) | Self::Queue(_) | Self::Once(_) => false,
        }
    }

    /// Whether the settings of the operation are allowed, whatever is stored.
    ///
    /// # Errors
    /// What is not, and what would be.
    #[inline]
    pub fn check(&self) -> Result<(), Misuse> {
        match self {
            Self::Key(op) => op.check(),
            Self::Counter(op) => op.check(),
            Self::Float(op) => op.check(),
            Self::Value(op) => op.check(),
            Self::Flag(_) => Ok(()),
            Self::Capacity(op) => op.check(),
            Self::List(op) => op.check(),
            Self::Set(op) => op.check(),
            Self::SortedSet(op) => op.check(),
            Self::Map(op) => op.check(),
            Self::Lock(op) => op.check(),
            Self::Limiter(op) => op.check(),
            Self::Queue(op) => op.check(),
            Self::Once(op) => op.check(),
        }
    }
}

/// The keys beside its own that an operation touches.
#[derive(Debug, Clone)]
pub(crate) enum OtherKeys<'a> {
    None,
    One(&'a Key),
    Many(std::slice::Iter<'a, Key>),
    Weighted(std::slice::Iter<'a, (Key, f64)>),
}

impl<'a> Iterator for OtherKeys<'a> {
    type Item = &'a Key;

    #[inline]
    fn next(&mut self) -> Option<&'a Key> {
        match self {
            Self::None => None,
            Self::One(key) => {
                let key = *key;
                *self = Self::None;
                Some(key)
            }
            Self::Many(keys) => keys.next(),
            Self::Weighted(keys) => keys.next().map(|(key, _)| key),
        }
    }
}

impl Op {
    /// The keys beside its own that it touches: in the order in which it names them.
    #[inline]
    pub fn other_keys(&self) -> impl Iterator<Item = &Key> {
        match self {
            Self::Key(op) => op.other_keys(),
            Self::Counter(_) | Self::Float(_) | Self::Value(_) | Self::Flag(_) => OtherKeys::None,
            Self::Capacity(_) | Self::Map(_) | Self::Lock(_) => OtherKeys::None,
            Self::Limiter(_) | Self::Queue(_) | Self::Once(_) => OtherKeys::None,
            Self::List(op) => op.other_keys(),
            Self::Set(op) => op.other_keys(),
            Self::SortedSet(op) => op.other_keys(),
        }
    }
}

impl Outcome {
    /// Whether the operation refused: it changed nothing because of what it found.
    #[inline]
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Key(outcome) => outcome.is_refusal(),
            Self::Counter(outcome) => outcome.is_refusal(),
            Self::Float(outcome) => outcome.is_refusal(),
            Self::Value(outcome) => outcome.is_refusal(),
            Self::Flag(outcome) => outcome.is_refusal(),
            Self::Capacity(outcome) => outcome.is_refusal(),
            Self::List(outcome) => outcome.is_refusal(),
            Self::Set(outcome) => outcome.is_refusal(),
            Self::SortedSet(outcome) => outcome.is_refusal(),
            Self::Map(outcome) => outcome.is_refusal(),
            Self::Lock(outcome) => outcome.is_refusal(),
            Self::Limiter(outcome) => outcome.is_refusal(),
            Self::Queue(outcome) => outcome.is_refusal(),
            Self::Once(outcome) => outcome.is_refusal(),
            Self::Misuse(_) => true,
        }
    }

    /// Whether both say the same to a caller: all but the epochs and fences, which every engine
    /// numbers by its own clock, what is left of leases, and how long ago things were in a queue.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Counter(one), Self::Counter(two)) => one.says_the_same(two),
            (Self::Float(one), Self::Float(two)) => one.says_the_same(two),
            (Self::Lock(one), Self::Lock(two)) => one.says_the_same(two),
            (Self::Queue(one), Self::Queue(two)) => one.says_the_same(two),
            (one, two) => one == two,
        }
    }
}

/// The meaning of every operation.
///
/// All or nothing: when it answers with a [`Misuse`] or a refusal, the slots are as they were.
///
/// # Errors
/// When the operation does not fit what is stored, or its result would not fit.
pub fn step(slots: &mut impl Slots, key: &Key, op: &Op, at: Moment) -> Result<Outcome, Misuse> {
    match op {
        Op::Key(op) => key::step(slots, key, op, at).map(Outcome::Key),
        Op::Counter(op) => counter::step(slots.slot(key), op, at).map(Outcome::Counter),
        Op::Float(op) => counter::step(slots.slot(key), op, at).map(Outcome::Float),
        Op::Value(op) => value::step(slots.slot(key), op, at).map(Outcome::Value),
        Op::Flag(op) => flag::step(slots.slot(key), op, at).map(Outcome::Flag),
        Op::Capacity(op) => capacity::step(slots.slot(key), op, at).map(Outcome::Capacity),
        Op::List(op) => list::step(slots, key, op, at).map(Outcome::List),
        Op::Set(op) => set::step(slots, key, op, at).map(Outcome::Set),
        Op::SortedSet(op) => sorted_set::step(slots, key, op, at).map(Outcome::SortedSet),
        Op::Map(op) => map::step(slots.slot(key), op, at).map(Outcome::Map),
        Op::Lock(op) => lock::step(slots.slot(key), op, at).map(Outcome::Lock),
        Op::Limiter(op) => limiter::step(slots.slot(key), op, at).map(Outcome::Limiter),
        Op::Queue(op) => queue::step(slots.slot(key), op, at).map(Outcome::Queue),
        Op::Once(op) => once::step(slots.slot(key), op, at).map(Outcome::Once),
    }
}

/// One operation and its only outcome.
///
/// Engines speak [`Op`] and [`Outcome`]; this trait pairs them, so that callers get precise types.
pub trait Operation: Clone + std::fmt::Debug + Send + 'static {
    /// What the operation answers.
    type Outcome: Send + 'static;

    /// As an engine takes it.
    fn into_op(self) -> Op;

    /// The operation's own outcome, if this is one.
    fn outcome(outcome: Outcome) -> Option<Self::Outcome>;
}

/// An outcome that may be a refusal.
pub trait Refusable {
    /// Whether the operation changed nothing because of what it found.
    fn is_refusal(&self) -> bool {
        false
    }
}

impl Refusable for () {}
impl Refusable for bool {}
impl Refusable for u64 {}
impl<T> Refusable for Option<T> {}
impl<T> Refusable for Vec<T> {}
impl<T> Refusable for crate::element::Few<T> {}

/// Declares the operations of one kind: a struct each, the enum of them, the enum of their
/// outcomes, and the pairing of the two.
macro_rules! operations {
    (
        $(#[$about:meta])*
        $ops:ident $(<$n:ident: $number:ident>)? => $outcomes:ident;
        $(
            $(#[$doc:meta])*
            $mode:ident $op:ident $(<$m:ident: $bound:ident>)? {
                $($(#[$field_doc:meta])* $field:ident: $ty:ty),* $(,)?
            } -> $outcome:ty;
        )+
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        pub enum $ops $(<$n>)? {
            $($(#[$doc])* $op($op $(<$m>)?),)+
        }

        #[doc = concat!("What each [`", stringify!($ops), "`] answers.")]
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        pub enum $outcomes $(<$n>)? {
            $(#[doc = concat!("Of [`", stringify!($op), "`].")] $op($outcome),)+
        }

        impl $(<$n: $number>)? $ops $(<$n>)? {
            /// Whether the operation may change state.
            #[inline]
            pub fn writes(&self) -> bool {
                match self {
                    $(Self::$op(_) => $crate::operations::operations!(@writes $mode),)+
                }
            }
        }

        impl $(<$n: $number>)? $outcomes $(<$n>)? {
            /// Whether the operation changed nothing because of what it found.
            #[inline]
            pub fn is_refusal(&self) -> bool {
                match self {
                    $(Self::$op(outcome) => $crate::operations::Refusable::is_refusal(outcome),)+
                }
            }
        }

        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
            pub struct $op $(<$m>)? { $($(#[$field_doc])* pub $field: $ty,)* }

            impl $(<$m: $bound>)? $crate::operations::Operation for $op $(<$m>)? {
                type Outcome = $outcome;

                #[inline]
                fn into_op(self) -> $crate::operations::Op {
                    $crate::operations::Op::from($ops::$op(self))
                }

                #[inline]
                fn outcome(outcome: $crate::operations::Outcome) -> Option<$outcome> {
                    match $outcomes $(::<$m>)? ::try_from(outcome) {
                        Ok($outcomes::$op(outcome)) => Some(outcome),
                        Ok(_) | Err(_) => None,
                    }
                }
            }
        )+
    };
    (@writes read) => { false };
    (@writes write) => { true };
}
pub(crate) use operations;

/// Puts a kind's enums into [`Op`] and [`Outcome`] and takes them out again.
macro_rules! kinds {
    ($($variant:ident: $ops:ty => $outcomes:ty;)+) => {
        $(
            impl From<$ops> for Op {
                fn from(op: $ops) -> Self {
                    Self::$variant(op)
                }
            }

            impl TryFrom<Outcome> for $outcomes {
                type Error = Outcome;

                fn try_from(outcome: Outcome) -> Result<Self, Outcome> {
                    match outcome {
                        Outcome::$variant(outcome) => Ok(outcome),
                        other => Err(other),
                    }
                }
            }
        )+
    };
}

kinds! {
    Key: KeyOp => KeyOutcome;
    Value: ValueOp => ValueOutcome;
    Flag: FlagOp => FlagOutcome;
    Capacity: CapacityOp => CapacityOutcome;
    List: ListOp => ListOutcome;
    Set: SetOp => SetOutcome;
    SortedSet: SortedSetOp => SortedSetOutcome;
    Map: MapOp => MapOutcome;
    Lock: LockOp => LockOutcome;
    Limiter: LimiterOp => LimiterOutcome;
    Queue: QueueOp => QueueOutcome;
    Once: OnceOp => OnceOutcome;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_kind_makes_the_operations_of_the_others_larger() {
        // Every call moves them about, the hottest ones of counters among them.
        assert_eq!(size_of::<Op>(), size_of::<CounterOp<i64>>() + 8);
        assert_eq!(size_of::<Outcome>(), size_of::<CapacityOutcome>() + 16);
    }
}
