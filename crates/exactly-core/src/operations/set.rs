//! Sets: members, each once.

use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

use super::{OtherKeys, Refusable, operations};
use crate::element::{Cursor, Destination, Members};
use crate::key::Key;
use crate::state::{Bytes, Misuse, Slots};
use crate::time::Moment;

// ===== operations =====

operations! {
    /// What can be asked of a set.
    SetOp => SetOutcome;

    /// How many members there are.
    read Len {} -> u64;

    /// Whether each of these is a member.
    read Contains {
        /// Which.
        members: Vec<Bytes>,
    } -> Vec<bool>;

    /// All members, in no order.
    read All {} -> Members;

    /// Some members, and where to go on: whoever is a member from the first page to the last is on
    /// one of them, perhaps on more than one.
    read Page {
        /// Where the last page ended; none for the first.
        after: Option<Cursor>,
        /// About how many.
        count: u64,
    } -> MembersPage;

    /// Some members by chance, none twice.
    read Random {
        /// How many at most.
        count: u64,
    } -> Members;

    /// Adds members, all of them or none. Answers how many are new.
    write Add {
        /// Which.
        members: Vec<Bytes>,
        /// The most members the set may have.
        limit: Option<NonZeroU64>,
    } -> Added;

    /// Removes members. Answers how many there were.
    write Remove {
        /// Which.
        members: Vec<Bytes>,
    } -> u64;

    /// Removes some members by chance, and answers them.
    write Pop {
        /// How many at most.
        count: u64,
    } -> Members;

    /// Moves a member to another set.
    write Move {
        /// Which.
        member: Bytes,
        /// The set it is added to.
        to: Box<Destination>,
    } -> Moved;

    /// Replaces all members in one step; by none, and nothing is stored. Answers how many there
    /// were.
    write Replace {
        /// The new members.
        with: Vec<Bytes>,
        /// The most members the set may have.
        limit: Option<NonZeroU64>,
    } -> Replaced;

    /// The members of this set and others put together.
    read Combine {
        /// How.
        how: Combination,
        /// The other sets, in order.
        with: Vec<Key>,
    } -> Members;

    /// Stores the members of other sets put together, in place of what is stored here. Answers how
    /// many there are.
    write StoreCombined {
        /// How.
        how: Combination,
        /// The sets, in order; this one may be among them.
        of: Vec<Key>,
        /// The most members the set may have.
        limit: Option<NonZeroU64>,
    } -> Replaced;
}

impl SetOp {
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
            Self::Combine(Combine { with: keys, .. })
            | Self::StoreCombined(StoreCombined { of: keys, .. }) => OtherKeys::Many(keys.iter()),
            Self::Len(_) | Self::Contains(_) | Self::All(_) | Self::Page(_) => OtherKeys::None,
            Self::Random(_) | Self::Add(_) | Self::Remove(_) | Self::Pop(_) => OtherKeys::None,
            Self::Replace(_) => OtherKeys::None,
        }
    }
}

// ===== outcomes =====

/// How sets are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Combination {
    /// The members of any of them.
    Union,
    /// The members of all of them.
    Intersection,
    /// The members of the first that no other has.
    Difference,
}

/// Of [`Page`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MembersPage {
    /// The members.
    pub members: Members,
    /// Where to go on; none on the last page.
    pub next: Option<Cursor>,
}

impl Refusable for MembersPage {}

/// Of [`Add`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Added {
    /// All are members.
    Added {
        /// How many of them were not before.
        new: u64,
    },
    /// Refused: there is no room for all of them.
    Full {
        /// How many more there is room for.
        free: u64,
    },
}

impl Refusable for Added {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Full { .. })
    }
}

/// Of [`Move`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Moved {
    /// It is a member of the other set, and of this one no more.
    Moved,
    /// Refused: it is no member of this set.
    Missing,
    /// Refused: the other set has no room for it.
    Full,
}

impl Refusable for Moved {
    fn is_refusal(&self) -> bool {
        *self != Self::Moved
    }
}

/// Of [`Replace`] and [`StoreCombined`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Replaced {
    /// The members are others now.
    Replaced {
        /// How many there are.
        len: u64,
        /// How many there were.
        before: u64,
    },
    /// Refused: there are more than the set has room for.
    Full {
        /// How many there would be.
        found: u64,
    },
}

impl Refusable for Replaced {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Full { .. })
    }
}

// ===== state =====

/// The state of a set: never empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SetState {}

// ===== step =====

/// The meaning of a [`SetOp`].
pub(crate) fn step(
    _slots: &mut impl Slots,
    _key: &Key,
    _op: &SetOp,
    _at: Moment,
) -> Result<SetOutcome, Misuse> {
    Err(Misuse::BadSetting("not yet".to_owned()))
}
