//! Maps: fields, each with a value.

use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

use super::{Refusable, operations};
use crate::element::{Cursor, Members};
use crate::state::{Bytes, Misuse, Slot};
use crate::time::Moment;

// ===== operations =====

operations! {
    /// What can be asked of a map.
    MapOp => MapOutcome;

    /// How many fields there are.
    read Len {} -> u64;

    /// The value of each of these fields.
    read Get {
        /// Which.
        fields: Vec<Bytes>,
    } -> Vec<Option<Bytes>>;

    /// Whether each of these fields is there.
    read Contains {
        /// Which.
        fields: Vec<Bytes>,
    } -> Vec<bool>;

    /// All fields with their values, in no order.
    read All {} -> Pairs;

    /// All fields, in no order.
    read Fields {} -> Members;

    /// Some fields with their values, and where to go on: a field that is there from the first page
    /// to the last is on one of them, perhaps on more than one.
    read Page {
        /// Where the last page ended; none for the first.
        after: Option<Cursor>,
        /// About how many.
        count: u64,
    } -> PairsPage;

    /// Sets fields, all of them or none. Answers how many are new.
    write Set {
        /// Which, with their values.
        pairs: Vec<(Bytes, Bytes)>,
        /// The most fields the map may have.
        limit: Option<NonZeroU64>,
    } -> SetFields;

    /// Sets those of the fields that are not there. Answers for each whether it was set.
    write SetIfAbsent {
        /// Which, with their values.
        pairs: Vec<(Bytes, Bytes)>,
        /// The most fields the map may have.
        limit: Option<NonZeroU64>,
    } -> Filled;

    /// Sets or removes a field if its value is this one; none stands for a field that is not there.
    write ReplaceIf {
        /// Which.
        field: Bytes,
        /// What must be there now.
        old: Option<Bytes>,
        /// What is to be there.
        to: Option<Bytes>,
        /// The most fields the map may have.
        limit: Option<NonZeroU64>,
    } -> Replaced;

    /// Removes fields. Answers how many there were.
    write Remove {
        /// Which.
        fields: Vec<Bytes>,
    } -> u64;

    /// Removes fields and answers the value of each.
    write Take {
        /// Which.
        fields: Vec<Bytes>,
    } -> Vec<Option<Bytes>>;

    /// Adds to the whole number in a field; a missing one is 0. Answers what it is then.
    write Add {
        /// Which.
        field: Bytes,
        /// How much.
        by: i64,
        /// The most fields the map may have.
        limit: Option<NonZeroU64>,
    } -> AddedToField<i64>;

    /// Adds to the floating-point number in a field; a missing one is 0. Answers what it is then.
    write AddReal {
        /// Which.
        field: Bytes,
        /// How much.
        by: f64,
        /// The most fields the map may have.
        limit: Option<NonZeroU64>,
    } -> AddedToField<f64>;

    /// Replaces all fields in one step; by none, and nothing is stored. Answers how many there
    /// were.
    write Replace {
        /// The new fields, with their values.
        with: Vec<(Bytes, Bytes)>,
        /// The most fields the map may have.
        limit: Option<NonZeroU64>,
    } -> ReplacedAll;
}

impl MapOp {
    pub(crate) fn check(&self) -> Result<(), Misuse> {
        Ok(())
    }
}

// ===== outcomes =====

/// Fields with their values, in no order: equal when both have the same.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pairs(pub Vec<(Bytes, Bytes)>);

impl Pairs {
    /// In the order of the fields.
    pub fn sorted(&self) -> Vec<&(Bytes, Bytes)> {
        let mut sorted: Vec<_> = self.0.iter().collect();
        sorted.sort_unstable();
        sorted
    }
}

impl PartialEq for Pairs {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.sorted() == other.sorted()
    }
}

impl Refusable for Pairs {}

/// Of [`Page`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairsPage {
    /// The fields with their values.
    pub pairs: Pairs,
    /// Where to go on; none on the last page.
    pub next: Option<Cursor>,
}

impl Refusable for PairsPage {}

/// Of [`Set`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SetFields {
    /// All are set.
    Set {
        /// How many of them are new.
        new: u64,
    },
    /// Refused: there is no room for all of them.
    Full {
        /// How many more there is room for.
        free: u64,
    },
}

impl Refusable for SetFields {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Full { .. })
    }
}

/// Of [`SetIfAbsent`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Filled {
    /// Those that were not there are set.
    Filled {
        /// For each, whether it was set.
        set: Vec<bool>,
    },
    /// Refused: all of them were there.
    Present,
    /// Refused: there is no room for those that were not there.
    Full {
        /// How many more there is room for.
        free: u64,
    },
}

impl Refusable for Filled {
    fn is_refusal(&self) -> bool {
        !matches!(self, Self::Filled { .. })
    }
}

/// Of [`ReplaceIf`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Replaced {
    /// What was expected was there; now the new value is.
    Replaced,
    /// Refused: another value, or none, is there.
    Differs {
        /// It.
        found: Option<Bytes>,
    },
    /// Refused: there is no room for one more.
    Full,
}

impl Refusable for Replaced {
    fn is_refusal(&self) -> bool {
        *self != Self::Replaced
    }
}

/// Of [`Add`] and [`AddReal`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum AddedToField<N> {
    /// It is this now.
    Added(N),
    /// Refused: there is no room for one more field.
    Full,
}

impl<N> Refusable for AddedToField<N> {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Full)
    }
}

/// Of [`Replace`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReplacedAll {
    /// The fields are others now.
    Replaced {
        /// How many there were.
        before: u64,
    },
    /// Refused: there are more than the map has room for.
    Full,
}

impl Refusable for ReplacedAll {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Full)
    }
}

// ===== state =====

/// The state of a map: never empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MapState {}

// ===== step =====

/// The meaning of a [`MapOp`].
pub(crate) fn step(_slot: &mut Slot, _op: &MapOp, _at: Moment) -> Result<MapOutcome, Misuse> {
    Err(Misuse::BadSetting("not yet".to_owned()))
}
