//! Sorted sets: members, each once and with a score, in the order of the scores.

use std::num::NonZeroU64;
use std::ops::Bound;

use serde::{Deserialize, Serialize};

use super::set::Combination;
use super::{OtherKeys, Refusable, operations};
use crate::key::Key;
use crate::state::{Bytes, Misuse, Slots};
use crate::time::Moment;

// ===== operations =====

operations! {
    /// What can be asked of a sorted set. Members of one score are in the order of their bytes.
    SortedSetOp => SortedSetOutcome;

    /// How many members there are.
    read Len {} -> u64;

    /// The score of each of these members.
    read ScoresOf {
        /// Which.
        members: Vec<Bytes>,
    } -> Vec<Option<f64>>;

    /// How many members come before this one.
    read Rank {
        /// Which.
        member: Bytes,
        /// From which end it is counted.
        from: Extreme,
    } -> Option<u64>;

    /// The members from one rank to another, both included. Ranks count from 0, and from -1 at the
    /// far end; what lies outside is left out.
    read Range {
        /// From which end it is counted.
        from: Extreme,
        /// The first rank.
        first: i64,
        /// The last rank.
        last: i64,
    } -> Vec<Scored>;

    /// The members whose scores lie between two ends.
    read RangeByScore {
        /// Which scores.
        scores: Scores,
        /// From which end they are told.
        from: Extreme,
        /// How many to leave out first.
        skip: u64,
        /// How many at most.
        count: u64,
    } -> Vec<Scored>;

    /// How many members have scores between two ends.
    read Count {
        /// Which scores.
        scores: Scores,
    } -> u64;

    /// The members that come after this place in order: whoever is a member with the same score
    /// from the first page to the last is on exactly one of them.
    read Page {
        /// The last member of the page before.
        after: Option<Scored>,
        /// From which end they are told.
        from: Extreme,
        /// How many at most.
        count: u64,
    } -> Vec<Scored>;

    /// Adds members or sets their scores.
    write Add {
        /// Which, with their scores.
        members: Vec<Scored>,
        /// Which of them.
        when: When,
        /// The most members the set may have: those with the least scores go.
        limit: Option<NonZeroU64>,
    } -> Added;

    /// Adds to the score of a member, exactly as two floating-point numbers are added; a missing
    /// one has the score 0. Answers its score then; none when `when` refuses, or when the limit
    /// let it go at once.
    write AddTo {
        /// Which.
        member: Bytes,
        /// How much.
        by: f64,
        /// On which condition.
        when: When,
        /// The most members the set may have: those with the least scores go.
        limit: Option<NonZeroU64>,
    } -> AddedTo;

    /// Removes members. Answers how many there were.
    write Remove {
        /// Which.
        members: Vec<Bytes>,
    } -> u64;

    /// Removes members from one rank to another, both included. Answers how many.
    write RemoveRange {
        /// The first rank, from the least score.
        first: i64,
        /// The last rank.
        last: i64,
    } -> u64;

    /// Removes members whose scores lie between two ends. Answers how many.
    write RemoveByScore {
        /// Which scores.
        scores: Scores,
    } -> u64;

    /// Removes the members at one end and answers them, the outermost first.
    write Pop {
        /// At which end.
        from: Extreme,
        /// How many at most.
        count: u64,
    } -> Vec<Scored>;

    /// Replaces all members in one step; by none, and nothing is stored. Answers how many there
    /// were.
    write Replace {
        /// The new members.
        with: Vec<Scored>,
        /// The most members the set may have: those with the least scores go.
        limit: Option<NonZeroU64>,
    } -> u64;

    /// The members of this set and others put together. Sets without scores count as if each score
    /// were 1.
    read Combine {
        /// How.
        how: Combination,
        /// The weight of this set.
        weight: f64,
        /// The other sets, in order, and their weights.
        with: Vec<(Key, f64)>,
        /// What becomes of the scores of one member.
        aggregate: Aggregate,
    } -> Vec<Scored>;

    /// Stores the members of other sets put together, in place of what is stored here. Answers how
    /// many there are.
    write StoreCombined {
        /// How.
        how: Combination,
        /// The sets, in order, and their weights; this one may be among them.
        of: Vec<(Key, f64)>,
        /// What becomes of the scores of one member.
        aggregate: Aggregate,
        /// The most members the set may have: those with the least scores go.
        limit: Option<NonZeroU64>,
    } -> u64;
}

impl SortedSetOp {
    pub(crate) fn check(&self) -> Result<(), Misuse> {
        Ok(())
    }

    pub(crate) fn other_keys(&self) -> OtherKeys<'_> {
        match self {
            Self::Combine(Combine { with: keys, .. })
            | Self::StoreCombined(StoreCombined { of: keys, .. }) => {
                OtherKeys::Weighted(keys.iter())
            }
            Self::Len(_) | Self::ScoresOf(_) | Self::Rank(_) | Self::Range(_) => OtherKeys::None,
            Self::RangeByScore(_) | Self::Count(_) | Self::Page(_) => OtherKeys::None,
            Self::Add(_) | Self::AddTo(_) | Self::Remove(_) => OtherKeys::None,
            Self::RemoveRange(_) | Self::RemoveByScore(_) | Self::Pop(_) => OtherKeys::None,
            Self::Replace(_) => OtherKeys::None,
        }
    }
}

/// A member and its score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// The member.
    pub member: Bytes,
    /// Its score: any number but NaN.
    pub score: f64,
}

/// An end of a sorted set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Extreme {
    /// Where the least score is.
    Least,
    /// Where the greatest score is.
    Greatest,
}

/// Scores between two ends.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Where they begin.
    pub from: Bound<f64>,
    /// Where they end.
    pub to: Bound<f64>,
}

/// On which condition a score is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct When {
    /// Only of members that are there, or only of those that are not.
    pub member: WhenMember,
    /// Only if it is greater, or less, than the one that is there. A new member has none.
    pub score: WhenScore,
}

/// Of which members a score is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum WhenMember {
    /// Of all.
    #[default]
    Any,
    /// Of those that are not there.
    New,
    /// Of those that are there.
    Existing,
}

/// Which scores are written over others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum WhenScore {
    /// All.
    #[default]
    Any,
    /// Greater ones.
    Greater,
    /// Lesser ones.
    Less,
}

/// What becomes of the scores of a member of several sets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Aggregate {
    /// Their sum.
    #[default]
    Sum,
    /// The least of them.
    Least,
    /// The greatest of them.
    Greatest,
}

// ===== outcomes =====

/// Of [`Add`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    /// How many members are new.
    pub new: u64,
    /// How many members have another score than before.
    pub changed: u64,
    /// How many members the limit let go.
    pub trimmed: u64,
}

impl Refusable for Added {}

/// Of [`AddTo`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum AddedTo {
    /// It has this score now.
    Scored(f64),
    /// Refused: the condition does not hold.
    Unmet,
    /// It was let go at once, for others have greater scores.
    Trimmed,
}

impl Refusable for AddedTo {
    fn is_refusal(&self) -> bool {
        *self == Self::Unmet
    }
}

// ===== state =====

/// The state of a sorted set: never empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SortedSetState {}

// ===== step =====

/// The meaning of a [`SortedSetOp`].
pub(crate) fn step(
    _slots: &mut impl Slots,
    _key: &Key,
    _op: &SortedSetOp,
    _at: Moment,
) -> Result<SortedSetOutcome, Misuse> {
    Err(Misuse::BadSetting("not yet".to_owned()))
}
