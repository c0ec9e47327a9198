//! Lists: elements in an order, taken and put at both ends.

use std::collections::VecDeque;
use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

use super::{OtherKeys, Refusable, operations};
use crate::element::Destination;
use crate::key::Key;
use crate::state::{Bytes, Misuse, Slots};
use crate::time::Moment;

// ===== operations =====

operations! {
    /// What can be asked of a list.
    ListOp => ListOutcome;

    /// How many elements there are.
    read Len {} -> u64;

    /// The elements from one index to another, both included. Indices count from 0 at the front
    /// and from -1 at the back; what lies outside is left out.
    read Range {
        /// The first index.
        from: i64,
        /// The last index.
        to: i64,
    } -> Vec<Bytes>;

    /// The index of the first element that equals this one.
    read Position {
        /// What is looked for.
        element: Bytes,
    } -> Option<u64>;

    /// Puts elements at one end, one after the other.
    write Push {
        /// At which end.
        end: End,
        /// What.
        elements: Vec<Bytes>,
        /// The most elements the list may have: what is too much goes at the other end.
        limit: Option<NonZeroU64>,
    } -> Pushed;

    /// Takes elements from one end, the outermost first.
    write Pop {
        /// At which end.
        end: End,
        /// How many at most.
        count: u64,
    } -> Vec<Bytes>;

    /// Overwrites the element at an index.
    write SetAt {
        /// Which: from 0 at the front, from -1 at the back.
        index: i64,
        /// The new element.
        to: Bytes,
    } -> SetAtOutcome;

    /// Puts an element beside the first one that equals `pivot`.
    write Insert {
        /// On which side of it.
        side: Side,
        /// Beside what.
        pivot: Bytes,
        /// What.
        element: Bytes,
        /// The most elements the list may have: what is too much goes at the front.
        limit: Option<NonZeroU64>,
    } -> Inserted;

    /// Removes elements that equal this one. Answers how many.
    write Remove {
        /// Which.
        element: Bytes,
        /// The end to begin at.
        end: End,
        /// How many at most; all of them where it is not said.
        count: Option<u64>,
    } -> u64;

    /// Keeps the elements from one index to another, both included, and removes the others.
    /// Answers how many were removed.
    write Trim {
        /// The first index.
        from: i64,
        /// The last index.
        to: i64,
    } -> u64;

    /// Moves one element to another list, or to another end of the same one. Answers it.
    write Move {
        /// At which end it is taken.
        from: End,
        /// The list it is put into; what is too much for it goes at its other end.
        to: Box<Destination>,
        /// At which end it is put.
        end: End,
    } -> Option<Bytes>;

    /// Replaces all elements in one step; by none, and nothing is stored. Answers how many there
    /// were.
    write Replace {
        /// The new elements.
        with: Vec<Bytes>,
        /// The most elements the list may have: what is too much goes at the front.
        limit: Option<NonZeroU64>,
    } -> u64;
}

impl ListOp {
    pub(crate) fn check(&self) -> Result<(), Misuse> {
        Ok(())
    }

    /// The place it puts something into beside its own.
    pub(crate) fn destination(&self) -> Option<&Destination> {
        if let Self::Move(Move { to, .. }) = self { Some(to) } else { None }
    }

    pub(crate) fn other_keys(&self) -> OtherKeys<'_> {
        match self {
            Self::Move(Move { to, .. }) => OtherKeys::One(&to.key),
            Self::Len(_) | Self::Range(_) | Self::Position(_) | Self::Push(_) => OtherKeys::None,
            Self::Pop(_) | Self::SetAt(_) | Self::Insert(_) | Self::Remove(_) => OtherKeys::None,
            Self::Trim(_) | Self::Replace(_) => OtherKeys::None,
        }
    }
}

// ===== outcomes =====

/// An end of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum End {
    /// Where index 0 is.
    Front,
    /// Where index -1 is.
    Back,
}

/// A side of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Side {
    /// Nearer to the front.
    Before,
    /// Nearer to the back.
    After,
}

/// Of [`Push`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pushed {
    /// How many elements there are now.
    pub len: u64,
    /// How many there were before. With the limit it tells what went at the other end.
    pub before: u64,
}

impl Refusable for Pushed {}

/// Of [`SetAt`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SetAtOutcome {
    /// The element is another now.
    Set,
    /// Refused: there is no element with this index.
    OutOfRange {
        /// How many there are.
        len: u64,
    },
}

impl Refusable for SetAtOutcome {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::OutOfRange { .. })
    }
}

/// Of [`Insert`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Inserted {
    /// The element is there.
    Inserted {
        /// How many there are now.
        len: u64,
    },
    /// Refused: no element equals the pivot.
    NoPivot,
}

impl Refusable for Inserted {
    fn is_refusal(&self) -> bool {
        *self == Self::NoPivot
    }
}

// ===== state =====

/// The state of a list: never empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListState {
    elements: VecDeque<Bytes>,
}

// ===== step =====

/// The meaning of a [`ListOp`].
pub(crate) fn step(
    _slots: &mut impl Slots,
    _key: &Key,
    _op: &ListOp,
    _at: Moment,
) -> Result<ListOutcome, Misuse> {
    Err(Misuse::BadSetting("not yet".to_owned()))
}
