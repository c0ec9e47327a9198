//! What is stored at a key.
//!
//! A [`Slot`] is the place of one key: empty, or an [`Entry`] with its state, its expiry and its
//! epoch. It is all that `step` may look at and change.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::bytes::Bytes;
use crate::fault::Fault;
use crate::key::Key;
use crate::operations::capacity::CapacityState;
use crate::operations::limiter::LimiterState;
use crate::operations::list::ListState;
use crate::operations::lock::LockState;
use crate::operations::map::MapState;
use crate::operations::once::OnceState;
use crate::operations::queue::QueueState;
use crate::operations::set::SetState;
use crate::operations::sorted_set::SortedSetState;
use crate::time::{Moment, Timestamp};

/// The place of one key: empty or filled. Expired state counts as empty once [`Slot::lapse`] has
/// looked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Slot(Option<Entry>);

/// The places a batch touches.
pub trait Slots {
    /// The place of `key`, empty when nothing is stored there.
    fn slot(&mut self, key: &Key) -> &mut Slot;
}

/// What fills a slot.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The state of the object.
    pub state: State,
    /// When it goes away by itself; [`Timestamp::MAX`] when never.
    pub expires: Timestamp,
    /// Which life of it this is: it was last created or overwritten, as opposed to stepped, then.
    pub epoch: Epoch,
    /// The [order](Moment::order) of the batch that last wrote it.
    pub written: u64,
}

/// The state of one object.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// A counter, value or flag: one text or number.
    Scalar(Scalar),
    /// A capacity.
    Capacity(Box<CapacityState>),
    /// A list.
    List(Box<ListState>),
    /// A set.
    Set(Box<SetState>),
    /// A sorted set.
    SortedSet(Box<SortedSetState>),
    /// A map.
    Map(Box<MapState>),
    /// A lock.
    Lock(Box<LockState>),
    /// A limiter.
    Limiter(LimiterState),
    /// A queue.
    Queue(Box<QueueState>),
    /// Work that is done once.
    Once(Box<OnceState>),
}

/// What kind of object is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// A counter, value or flag: one text or number, which can be read as any of the three.
    Scalar,
    /// A capacity.
    Capacity,
    /// A list.
    List,
    /// A set.
    Set,
    /// A sorted set.
    SortedSet,
    /// A map.
    Map,
    /// A lock.
    Lock,
    /// A limiter.
    Limiter,
    /// A queue.
    Queue,
    /// Work that is done once.
    Once,
    /// Something that another program has stored, and that no object is made of.
    Foreign,
}

/// One text or number. Counters, values and flags share it, as they share Redis's string type and a
/// plain SQL column: a counter can be read as the value of its digits, and digits can be counted
/// up.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// A whole number.
    Integer(i64),
    /// A number with a fraction, or beyond the whole ones.
    Real(f64),
    /// Any bytes.
    Bytes(Bytes),
}

/// Which life of a counter a step belongs to: a counter that was set, reset, swapped, deleted or
/// expired since has another epoch, and there is nothing of the step left to undo.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub u64);

impl Slot {
    /// What fills the slot.
    pub fn entry(&self) -> Option<&Entry> {
        self.0.as_ref()
    }

    /// What fills the slot, to change.
    pub fn entry_mut(&mut self) -> Option<&mut Entry> {
        self.0.as_mut()
    }

    /// Whether nothing is stored.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Takes out whatever is stored.
    pub fn take(&mut self) -> Self {
        Self(self.0.take())
    }

    /// Empties the slot if its time is over, and lets the parts of its state lapse whose time is
    /// over.
    #[inline]
    pub fn lapse(&mut self, now: Timestamp) {
        let Some(entry) = &mut self.0 else { return };
        if entry.expires <= now {
            self.0 = None;
        } else {
            entry.state.lapse(now);
        }
    }

    /// When [`Slot::lapse`] will next have something to do.
    #[inline]
    pub fn due(&self) -> Option<Timestamp> {
        let entry = self.0.as_ref()?;
        let state = match &entry.state {
            State::Capacity(capacity) => capacity.due(),
            State::Lock(lock) => lock.due(),
            State::Once(once) => once.due(),
            State::List(_) | State::Set(_) | State::SortedSet(_) | State::Map(_) => None,
            State::Queue(queue) => queue.due(),
            State::Scalar(_) | State::Limiter(_) => None,
        };
        let expires = (entry.expires < Timestamp::MAX).then_some(entry.expires);
        state.into_iter().chain(expires).min()
    }

    /// Creates or overwrites, keeping the expiry. The epoch changes.
    pub fn overwrite(&mut self, state: State, at: Moment) {
        let expires = self.0.as_ref().map_or(Timestamp::MAX, |entry| entry.expires);
        self.0 = Some(Entry { state, expires, epoch: Epoch(at.order), written: at.order });
    }

    /// Steps a scalar, or creates it. Only a creation changes the epoch, which is given back.
    #[inline]
    pub fn step_to(&mut self, scalar: Scalar, at: Moment) -> Epoch {
        match &mut self.0 {
            Some(entry) => {
                entry.state = State::Scalar(scalar);
                entry.epoch
            }
            None => {
                self.overwrite(State::Scalar(scalar), at);
                Epoch(at.order)
            }
        }
    }

    /// The scalar stored here, if anything is.
    #[inline]
    pub fn scalar(&self) -> Result<Option<&Scalar>, Misuse> {
        match self.0.as_ref().map(|entry| &entry.state) {
            None => Ok(None),
            Some(State::Scalar(scalar)) => Ok(Some(scalar)),
            Some(other) => Err(Misuse::wrong_type(State::SCALAR, other.kind())),
        }
    }

    /// The list stored here, if anything is.
    pub fn list(&mut self) -> Result<Option<&mut ListState>, Misuse> {
        match self.0.as_mut().map(|entry| &mut entry.state) {
            None => Ok(None),
            Some(State::List(list)) => Ok(Some(list)),
            Some(other) => Err(Misuse::wrong_type(State::LIST, other.kind())),
        }
    }

    /// The set stored here, if anything is.
    pub fn set(&mut self) -> Result<Option<&mut SetState>, Misuse> {
        match self.0.as_mut().map(|entry| &mut entry.state) {
            None => Ok(None),
            Some(State::Set(set)) => Ok(Some(set)),
            Some(other) => Err(Misuse::wrong_type(State::SET, other.kind())),
        }
    }

    /// The sorted set stored here, if anything is.
    pub fn sorted_set(&mut self) -> Result<Option<&mut SortedSetState>, Misuse> {
        match self.0.as_mut().map(|entry| &mut entry.state) {
            None => Ok(None),
            Some(State::SortedSet(set)) => Ok(Some(set)),
            Some(other) => Err(Misuse::wrong_type(State::SORTED_SET, other.kind())),
        }
    }

    /// The map stored here, if anything is.
    pub fn map(&mut self) -> Result<Option<&mut MapState>, Misuse> {
        match self.0.as_mut().map(|entry| &mut entry.state) {
            None => Ok(None),
            Some(State::Map(map)) => Ok(Some(map)),
            Some(other) => Err(Misuse::wrong_type(State::MAP, other.kind())),
        }
    }
}

/// What is stored, as the state of one kind.
macro_rules! stored_as {
    ($($(#[$doc:meta])* $name:ident: $state:ty = $variant:ident, $kind:ident;)+) => {
        impl Slot {
            $(
                $(#[$doc])*
                pub fn $name(&mut self) -> Result<Option<&mut $state>, Misuse> {
                    match self.0.as_mut().map(|entry| &mut entry.state) {
                        None => Ok(None),
                        Some(State::$variant(found)) => Ok(Some(found)),
                        Some(other) => Err(Misuse::wrong_type(State::$kind, other.kind())),
                    }
                }
            )+
        }
    };
}

stored_as! {
    /// The capacity stored here, if anything is.
    capacity: CapacityState = Capacity, CAPACITY;
    /// The lock stored here, if anything is.
    lock: LockState = Lock, LOCK;
    /// The limiter stored here, if anything is.
    limiter: LimiterState = Limiter, LIMITER;
    /// The queue stored here, if anything is.
    queue: QueueState = Queue, QUEUE;
    /// The work that is done once stored here, if anything is.
    once: OnceState = Once, ONCE;
}

impl State {
    const SCALAR: &str = "a counter, value or flag";
    const CAPACITY: &str = "a capacity";
    const LIST: &str = "a list";
    const SET: &str = "a set";
    const SORTED_SET: &str = "a sorted set";
    const MAP: &str = "a map";
    const LOCK: &str = "a lock";
    const LIMITER: &str = "a limiter";
    const QUEUE: &str = "a queue";
    const ONCE: &str = "work that is done once";

    /// Does what time does by itself.
    #[inline]
    fn lapse(&mut self, now: Timestamp) {
        match self {
            Self::Capacity(capacity) => capacity.lapse(now),
            Self::Lock(lock) => lock.lapse(now),
            Self::Queue(queue) => queue.lapse(now),
            Self::Once(once) => once.lapse(now),
            Self::Scalar(_) | Self::List(_) | Self::Set(_) | Self::SortedSet(_) => {}
            Self::Map(_) | Self::Limiter(_) => {}
        }
    }

    /// What kind of object it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Scalar(_) => Kind::Scalar,
            Self::Capacity(_) => Kind::Capacity,
            Self::List(_) => Kind::List,
            Self::Set(_) => Kind::Set,
            Self::SortedSet(_) => Kind::SortedSet,
            Self::Map(_) => Kind::Map,
            Self::Lock(_) => Kind::Lock,
            Self::Limiter(_) => Kind::Limiter,
            Self::Queue(_) => Kind::Queue,
            Self::Once(_) => Kind::Once,
        }
    }
}

impl Kind {
    /// Every kind of ours.
    pub const OURS: [Self; 10] = [
        Self::Scalar,
        Self::Capacity,
        Self::List,
        Self::Set,
        Self::SortedSet,
        Self::Map,
        Self::Lock,
        Self::Limiter,
        Self::Queue,
        Self::Once,
    ];

    /// What it is, in the words of messages.
    pub fn words(self) -> &'static str {
        match self {
            Self::Scalar => State::SCALAR,
            Self::Capacity => State::CAPACITY,
            Self::List => State::LIST,
            Self::Set => State::SET,
            Self::SortedSet => State::SORTED_SET,
            Self::Map => State::MAP,
            Self::Lock => State::LOCK,
            Self::Limiter => State::LIMITER,
            Self::Queue => State::QUEUE,
            Self::Once => State::ONCE,
            Self::Foreign => "something of another program",
        }
    }
}

impl From<Kind> for Cow<'static, str> {
    fn from(kind: Kind) -> Self {
        Self::Borrowed(kind.words())
    }
}

impl fmt::Display for Kind {
    /// In the words of messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

impl Scalar {
    /// The scalar as the text that other programs read.
    pub fn to_bytes(&self) -> Bytes {
        match self {
            Self::Integer(number) => Bytes::from(number.to_string()),
            Self::Real(number) => Bytes::from(number.to_string()),
            Self::Bytes(bytes) => bytes.clone(),
        }
    }

    /// The whole number this is, if it is one in canonical digits.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Real(_) => None,
            Self::Bytes(bytes) => {
                let text = std::str::from_utf8(bytes).ok()?;
                // Canonical only, as servers judge it: no sign in front of a plus, no zeros, no
                // spaces.
                text.parse::<i64>().ok().filter(|number| number.to_string() == text)
            }
        }
    }

    /// The finite number this is, if it is one.
    pub fn as_real(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "a float counter counts in floats")]
            Self::Integer(number) => Some(*number as f64),
            Self::Real(number) => Some(*number),
            Self::Bytes(bytes) => {
                let text = std::str::from_utf8(bytes).ok()?;
                text.parse::<f64>().ok().filter(|number| number.is_finite())
            }
        }
    }
}

impl From<f64> for Scalar {
    /// A number without a fraction is a whole number, so that `3.0` reads as `3` everywhere.
    fn from(number: f64) -> Self {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if number.fract() == 0.0 && number.abs() <= EXACT {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "checked to be whole and in range"
            )]
            return Self::Integer(number as i64);
        }
        Self::Real(number)
    }
}

/// What an operation may not do, before it is known at which key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Misuse {
    /// The key holds another kind of object.
    WrongType {
        /// What the operation is for.
        expected: Cow<'static, str>,
        /// What is stored.
        found: Cow<'static, str>,
    },
    /// The key holds a text that is not the number needed.
    NotANumber {
        /// What the operation needs.
        expected: Cow<'static, str>,
        /// What is stored.
        found: Bytes,
    },
    /// The result would not fit.
    Overflow(String),
    /// A setting of the operation is outside what is allowed.
    BadSetting(String),
    /// The engine refused this one for a reason of its own, in these words, while others of its
    /// batch stand.
    Refused(String),
    /// It is not the operation's own key that does not fit, but another that it names.
    Elsewhere {
        /// Which.
        key: Key,
        /// What does not fit there.
        misuse: Box<Self>,
    },
}

impl Misuse {
    /// The key holds another kind of object.
    pub fn wrong_type(
        expected: impl Into<Cow<'static, str>>,
        found: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::WrongType { expected: expected.into(), found: found.into() }
    }

    /// Of another key that the operation names.
    #[must_use]
    pub fn elsewhere(self, key: &Key) -> Self {
        Self::Elsewhere { key: key.clone(), misuse: Box::new(self) }
    }

    /// A field of a map holds a text that is not the number needed.
    pub fn not_a_number_in(field: &Bytes, expected: &str, found: Bytes) -> Self {
        Self::NotANumber { expected: format!("{expected} in field {field:?}").into(), found }
    }

    /// What is added to the number in a field of a map makes a sum that does not fit.
    pub fn overflow_in(field: &Bytes, old: &str, by: &str) -> Self {
        Self::Overflow(format!("{old} + {by} in field {field:?} does not fit"))
    }

    /// The fault of this misuse at `key`.
    pub fn at(self, key: &Key) -> Fault {
        match self {
            Self::WrongType { expected, found } => Fault::wrong_type(key, &expected, &found),
            Self::NotANumber { expected, found } => {
                Fault::not_a_number(key, &expected, &format!("{found:?}"))
            }
            Self::Overflow(message) => Fault::overflow(key, message),
            Self::BadSetting(message) => Fault::bad_setting(key, message),
            Self::Refused(message) => {
                Fault::unavailable(format!("`{key}`: {message}; nothing was changed"))
            }
            Self::Elsewhere { key, misuse } => misuse.at(&key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_digits_are_an_integer() {
        for (text, number) in [
            ("42", Some(42)),
            ("-1", Some(-1)),
            ("0", Some(0)),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("+1", None),
            ("007", None),
            (" 1", None),
            ("1.0", None),
            ("", None),
            ("abc", None),
        ] {
            assert_eq!(Scalar::Bytes(text.into()).as_integer(), number, "{text:?}");
        }
    }

    #[test]
    fn only_finite_numbers_are_real() {
        for (text, number) in [
            ("42", Some(42.0)),
            ("-0.5", Some(-0.5)),
            ("1e3", Some(1000.0)),
            ("1e999", None),
            ("inf", None),
            ("NaN", None),
            ("", None),
            ("abc", None),
        ] {
            assert_eq!(Scalar::Bytes(text.into()).as_real(), number, "{text:?}");
        }
    }

    #[test]
    fn a_float_is_the_same_number_when_it_is_read_back() {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        for number in [0.0, -3.0, 0.1, EXACT, -EXACT, EXACT + 2.0, 1e20, -1e20, f64::MAX] {
            let scalar = Scalar::from(number);
            assert_eq!(scalar.as_real(), Some(number), "{scalar:?}");
            assert_eq!(Scalar::Bytes(scalar.to_bytes()).as_real(), Some(number), "{scalar:?}");
        }
    }

    #[test]
    fn a_whole_float_reads_as_a_whole_number() {
        assert_eq!(Scalar::from(3.0).to_bytes(), "3".into());
        assert_eq!(Scalar::from(0.1).to_bytes(), "0.1".into());
        assert_eq!(Scalar::from(-0.0), Scalar::Integer(0));
    }
}
