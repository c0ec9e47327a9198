//! Sorted sets: members, each once and with a score, in the order of the scores.

mod combined;
mod members;
mod ranked;
mod settings;

use std::num::NonZeroU64;
use std::ops::{Bound, RangeBounds};

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::set::Combination;
use super::{OtherKeys, Refusable, operations};
use crate::bytes::Bytes;
use crate::element::Few;
use crate::key::Key;
use crate::state::{Misuse, Slot, Slots, State};
use crate::time::Moment;

use combined::combined;
use members::{in_order, one_zero};

// ===== operations =====

operations! {
    /// What can be asked of a sorted set. Members of one score are in the order of their bytes.
    ///
    /// Scores are floating-point numbers, the infinite ones among them, and never NaN. There is one
    /// zero: `-0.0` is written and read as `0.0`.
    SortedSetOp => SortedSetOutcome;

    /// How many members there are.
    read Len {} -> u64;

    /// The score of each of these members.
    read ScoresOf {
        /// Which.
        members: Few<Bytes>,
    } -> Few<Option<f64>>;

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

    /// The members that come after this place in order, also when nobody stands there any more:
    /// whoever is a member with the same score from the first page to the last is on exactly one of
    /// them.
    read Page {
        /// The last member of the page before.
        after: Option<Scored>,
        /// From which end they are told.
        from: Extreme,
        /// How many at most.
        count: u64,
    } -> Vec<Scored>;

    /// Adds members or sets their scores, one after the other; then those that are too many go.
    write Add {
        /// Which, with their scores.
        members: Few<Scored>,
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
        /// On which condition: the new score is compared with the one that is there.
        when: When,
        /// The most members the set may have: those with the least scores go.
        limit: Option<NonZeroU64>,
    } -> AddedTo;

    /// Removes members. Answers how many there were.
    write Remove {
        /// Which.
        members: Few<Bytes>,
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

    /// The members of this set and others put together, in order. Sets without scores count as if
    /// each score were 1.
    ///
    /// Each score is multiplied by the weight of its set. What has no result (zero times infinity,
    /// infinity less infinity) is 0. In which order scores are summed up is the engine's own, and
    /// so is the last digit where a sum is rounded, and what infinities of both signs come to. A
    /// difference has the scores of its first set.
    read Combine {
        /// How.
        how: Combination,
        /// The weight of this set; of a difference 1, as all weights are.
        weight: f64,
        /// The other sets, in order, and their weights.
        with: Vec<(Key, f64)>,
        /// What becomes of the scores of one member.
        aggregate: Aggregate,
    } -> Vec<Scored>;

    /// Stores the members of other sets put together as [`Combine`] does, in place of what is
    /// stored here; none, and nothing is stored. Answers how many there are.
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

impl Scores {
    /// All of them.
    pub const ALL: Self = Self { from: Bound::Unbounded, to: Bound::Unbounded };

    /// Those between the ends of a range.
    pub fn of(range: &impl RangeBounds<f64>) -> Self {
        Self { from: range.start_bound().cloned(), to: range.end_bound().cloned() }
    }
}

/// On which condition a score is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct When {
    /// Only of members that are there, or only of those that are not.
    pub member: WhenMember,
    /// Only if it is greater, or less, than the one that is there. A new member has none.
    pub score: WhenScore,
}

impl When {
    /// Always.
    pub const ALWAYS: Self = Self { member: WhenMember::Any, score: WhenScore::Any };
    /// Only of those that are not there.
    pub const NEW: Self = Self { member: WhenMember::New, score: WhenScore::Any };
    /// Only of those that are there.
    pub const EXISTING: Self = Self { member: WhenMember::Existing, score: WhenScore::Any };
    /// Of those that are there only if it is greater.
    pub const GREATER: Self = Self { member: WhenMember::Any, score: WhenScore::Greater };
    /// Of those that are there only if it is less.
    pub const LESS: Self = Self { member: WhenMember::Any, score: WhenScore::Less };

    /// Whether `new` may be written over `old`.
    fn holds(self, old: Option<f64>, new: f64) -> bool {
        let by_score = old.is_none_or(|old| match self.score {
            WhenScore::Any => true,
            WhenScore::Greater => new > old,
            WhenScore::Less => new < old,
        });
        by_score && self.member.concerns(old.is_some())
    }
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

impl WhenMember {
    fn concerns(self, is_there: bool) -> bool {
        match self {
            Self::Any => true,
            Self::New => !is_there,
            Self::Existing => is_there,
        }
    }
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

/// Of [`Add`]. A member that is named twice counts twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Added {
    /// They are members with these scores now, but for those that the limit let go.
    Added {
        /// How many were no members before.
        new: u64,
        /// How many had other scores before.
        changed: u64,
        /// How many members the limit let go.
        trimmed: u64,
        /// How many of these are among them.
        gone: u64,
    },
    /// Refused: the condition holds for none of them.
    Unmet,
}

impl Refusable for Added {
    fn is_refusal(&self) -> bool {
        *self == Self::Unmet
    }
}

/// Of [`AddTo`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum AddedTo {
    /// It has this score now.
    Scored(f64),
    /// Refused: the condition does not hold.
    Unmet,
    /// The limit let it go at once: there are enough members with greater scores.
    Trimmed,
}

impl Refusable for AddedTo {
    fn is_refusal(&self) -> bool {
        *self == Self::Unmet
    }
}

// ===== state =====

pub use members::SortedSetState;

// ===== step =====

/// The meaning of a [`SortedSetOp`].
pub(crate) fn step(
    slots: &mut impl Slots,
    key: &Key,
    op: &SortedSetOp,
    at: Moment,
) -> Result<SortedSetOutcome, Misuse> {
    use SortedSetOutcome as O;
    let slot = slots.slot(key);
    slot.sorted_set()?;
    Ok(match op {
        SortedSetOp::Len(Len {}) => O::Len(read(slot, |set| set.len() as u64)?),
        SortedSetOp::ScoresOf(ScoresOf { members }) => O::ScoresOf(scores_of(slot, members)?),
        SortedSetOp::Rank(Rank { member, from }) => {
            O::Rank(read(slot, |set| set.rank(member, *from))?)
        }
        SortedSetOp::Range(Range { from, first, last }) => {
            O::Range(read(slot, |set| set.told(set.ranks_between(*from, *first, *last), *from))?)
        }
        SortedSetOp::RangeByScore(RangeByScore { scores, from, skip, count }) => {
            O::RangeByScore(read(slot, |set| {
                set.told(set.some_of(set.ranks_of(scores), *from, *skip, *count), *from)
            })?)
        }
        SortedSetOp::Count(Count { scores }) => {
            O::Count(read(slot, |set| set.ranks_of(scores).len() as u64)?)
        }
        SortedSetOp::Page(Page { after, from, count }) => {
            O::Page(read(slot, |set| set.page(after.as_ref(), *from, *count))?)
        }
        SortedSetOp::Add(add) => O::Add(change(slot, at, |set| set.add(add))?),
        SortedSetOp::AddTo(add) => O::AddTo(change(slot, at, |set| set.add_to(add))??),
        SortedSetOp::Remove(Remove { members }) => O::Remove(change(slot, at, |set| {
            members.iter().filter(|member| set.remove(member)).count() as u64
        })?),
        SortedSetOp::RemoveRange(RemoveRange { first, last }) => {
            O::RemoveRange(change(slot, at, |set| {
                set.take(set.ranks_between(Extreme::Least, *first, *last)).len() as u64
            })?)
        }
        SortedSetOp::RemoveByScore(RemoveByScore { scores }) => {
            O::RemoveByScore(change(slot, at, |set| set.take(set.ranks_of(scores)).len() as u64)?)
        }
        SortedSetOp::Pop(Pop { from, count }) => {
            O::Pop(change(slot, at, |set| set.pop(*from, *count))?)
        }
        SortedSetOp::Replace(Replace { with, limit }) => {
            let before = read(slot, |set| set.len() as u64)?;
            store(slot, scores(with), *limit, at);
            O::Replace(before)
        }
        SortedSetOp::Combine(Combine { how, weight, with, aggregate }) => {
            let sets = std::iter::once((key, *weight)).chain(weighed(with));
            O::Combine(in_order(&combined(slots, *how, sets, *aggregate)?))
        }
        SortedSetOp::StoreCombined(StoreCombined { how, of, aggregate, limit }) => {
            let scores = combined(slots, *how, weighed(of), *aggregate)?;
            O::StoreCombined(store(slots.slot(key), scores, *limit, at))
        }
    })
}

fn scores_of(slot: &mut Slot, members: &[Bytes]) -> Result<Few<Option<f64>>, Misuse> {
    let set = slot.sorted_set()?;
    let score = |member| set.as_ref().and_then(|set| set.score(member));
    Ok(members.iter().map(score).collect())
}

/// The last score of each member.
fn scores(members: &[Scored]) -> HashMap<Bytes, f64> {
    members.iter().map(|one| (one.member.clone(), one_zero(one.score))).collect()
}

fn weighed(sets: &[(Key, f64)]) -> impl Iterator<Item = (&Key, f64)> {
    sets.iter().map(|(key, weight)| (key, *weight))
}

/// Reads a set; of a missing one there is nothing to be read.
fn read<T: Default>(slot: &mut Slot, read: impl FnOnce(&SortedSetState) -> T) -> Result<T, Misuse> {
    Ok(slot.sorted_set()?.map(|set| read(set)).unwrap_or_default())
}

/// Changes a set: made where there is none, gone where nothing is left.
fn change<T>(
    slot: &mut Slot,
    at: Moment,
    change: impl FnOnce(&mut SortedSetState) -> T,
) -> Result<T, Misuse> {
    let Some(set) = slot.sorted_set()? else {
        let mut set = SortedSetState::default();
        let told = change(&mut set);
        if set.len() > 0 {
            slot.overwrite(State::SortedSet(Box::new(set)), at);
        }
        return Ok(told);
    };
    let told = change(set);
    if set.len() == 0 {
        slot.take();
    }
    Ok(told)
}

/// Stores these members instead of what is stored, and tells how many there are.
fn store(
    slot: &mut Slot,
    scores: HashMap<Bytes, f64>,
    limit: Option<NonZeroU64>,
    at: Moment,
) -> u64 {
    let mut set = SortedSetState::of(scores);
    set.trim(limit);
    let len = set.len() as u64;
    if len == 0 {
        slot.take();
    } else {
        slot.overwrite(State::SortedSet(Box::new(set)), at);
    }
    len
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meaning::Model;
    use crate::operations::key::{Exists, Expire, Life, Ttl};
    use crate::operations::value;
    use smallvec::smallvec;
    use std::time::Duration;

    const INF: f64 = f64::INFINITY;

    fn board() -> (Model, Key) {
        (Model::new(), Key::alone("", "board").unwrap())
    }

    fn scored<const N: usize>(members: [(&str, f64); N]) -> Vec<Scored> {
        members.map(|(member, score)| Scored { member: member.into(), score }).into()
    }

    fn add<const N: usize>(members: [(&str, f64); N]) -> Add {
        Add { members: scored(members).into(), when: When::ALWAYS, limit: None }
    }

    fn added(new: u64, changed: u64) -> Added {
        Added::Added { new, changed, trimmed: 0, gone: 0 }
    }

    fn all(model: &mut Model, key: &Key) -> Vec<Scored> {
        model.run(key, Range { from: Extreme::Least, first: 0, last: -1 }).unwrap()
    }

    #[test]
    fn members_are_in_the_order_of_their_scores_and_then_of_their_bytes() {
        let (mut model, key) = board();
        let first = add([("b", 2.0), ("c", -1.5), ("a", 2.0), ("inf", INF), ("-inf", -INF)]);
        assert_eq!(model.run(&key, first).unwrap(), added(5, 0));
        assert_eq!(
            model.run(&key, add([("ab", 2.0), ("", 2.0), ("c", -1.5)])).unwrap(),
            added(2, 0)
        );
        let order = [("-inf", -INF), ("c", -1.5), ("", 2.0), ("a", 2.0), ("ab", 2.0), ("b", 2.0)];
        let mut order = scored(order);
        order.push(Scored { member: "inf".into(), score: INF });
        assert_eq!(all(&mut model, &key), order);
        assert_eq!(model.run(&key, Len {}).unwrap(), 7);
        for (rank, one) in order.iter().enumerate() {
            for (from, rank) in [(Extreme::Least, rank), (Extreme::Greatest, 6 - rank)] {
                let rank_of = Rank { member: one.member.clone(), from };
                assert_eq!(model.run(&key, rank_of).unwrap(), Some(rank as u64));
            }
        }
        let missing = Rank { member: "x".into(), from: Extreme::Least };
        assert_eq!(model.run(&key, missing).unwrap(), None);
        let members = ["x", "b", "", "b"].map(Bytes::from).into_iter().collect();
        let scores = [None, Some(2.0), Some(2.0), Some(2.0)];
        assert_eq!(model.run(&key, ScoresOf { members }).unwrap()[..], scores);
    }

    /// What is there, on which condition what is added, what is answered, what is there then.
    #[test]
    fn conditions() {
        let unmet = Added::Unmet;
        let existing_greater = When { score: WhenScore::Greater, ..When::EXISTING };
        let new_greater = When { score: WhenScore::Greater, ..When::NEW };
        for (when, member, score, told, then) in [
            (When::ALWAYS, "a", 1.0, added(0, 0), 1.0),
            (When::ALWAYS, "a", 2.0, added(0, 1), 2.0),
            (When::ALWAYS, "b", 2.0, added(1, 0), 1.0),
            (When::NEW, "a", 2.0, unmet, 1.0),
            (When::NEW, "b", 2.0, added(1, 0), 1.0),
            (When::EXISTING, "a", 1.0, added(0, 0), 1.0),
            (When::EXISTING, "a", 2.0, added(0, 1), 2.0),
            (When::EXISTING, "b", 2.0, unmet, 1.0),
            (When::GREATER, "a", 1.0, unmet, 1.0),
            (When::GREATER, "a", 0.5, unmet, 1.0),
            (When::GREATER, "a", INF, added(0, 1), INF),
            (When::GREATER, "b", -INF, added(1, 0), 1.0),
            (When::LESS, "a", 1.0, unmet, 1.0),
            (When::LESS, "a", 1.5, unmet, 1.0),
            (When::LESS, "a", -0.5, added(0, 1), -0.5),
            (When::LESS, "b", INF, added(1, 0), 1.0),
            (existing_greater, "a", 2.0, added(0, 1), 2.0),
            (existing_greater, "a", 1.0, unmet, 1.0),
            (existing_greater, "b", 2.0, unmet, 1.0),
            (new_greater, "a", 2.0, unmet, 1.0),
            (new_greater, "b", 0.5, added(1, 0), 1.0),
        ] {
            let (mut model, key) = board();
            model.run(&key, add([("a", 1.0)])).unwrap();
            let conditional = Add { when, ..add([(member, score)]) };
            assert_eq!(model.run(&key, conditional.clone()).unwrap(), told, "{conditional:?}");
            let scores = ScoresOf { members: smallvec!["a".into()] };
            assert_eq!(model.run(&key, scores).unwrap()[..], [Some(then)], "{conditional:?}");
        }
    }

    #[test]
    fn a_condition_is_asked_of_each_and_one_that_holds_is_enough() {
        let (mut model, key) = board();
        let new = |members| Add { when: When::NEW, ..members };
        assert_eq!(model.run(&key, new(add([("a", 1.0), ("a", 2.0)]))).unwrap(), added(1, 0));
        assert_eq!(model.run(&key, new(add([("a", 3.0), ("b", 3.0)]))).unwrap(), added(1, 0));
        assert_eq!(model.run(&key, new(add([("a", 4.0), ("b", 4.0)]))).unwrap(), Added::Unmet);
        assert_eq!(model.run(&key, new(add([]))).unwrap(), added(0, 0));
        assert_eq!(all(&mut model, &key), scored([("a", 1.0), ("b", 3.0)]));
        let greater = Add { when: When::GREATER, ..add([("a", 2.0), ("a", 9.0), ("a", 5.0)]) };
        assert_eq!(model.run(&key, greater).unwrap(), added(0, 2));
        assert_eq!(all(&mut model, &key), scored([("b", 3.0), ("a", 9.0)]));
        let missing = Key::alone("", "missing").unwrap();
        let existing = Add { when: When::EXISTING, ..add([("a", 1.0)]) };
        assert_eq!(model.run(&missing, existing).unwrap(), Added::Unmet);
        assert!(!model.run(&missing, Exists {}).unwrap());
    }

    #[test]
    fn the_limit_lets_go_those_with_the_least_scores() {
        let (mut model, key) = board();
        let top = |members| Add { limit: NonZeroU64::new(2), ..members };
        for (members, new, changed, trimmed, gone) in [
            (top(add([("a", 1.0), ("b", 2.0)])), 2, 0, 0, 0),
            (top(add([("c", 3.0)])), 1, 0, 1, 0),
            (top(add([("d", 1.0)])), 1, 0, 1, 1),
            (top(add([("e", 2.0), ("f", 2.0), ("e", 2.0), ("f", 1.0)])), 2, 1, 2, 1),
            (top(add([("c", 0.5)])), 0, 1, 0, 0),
            (top(add([("c", 9.0), ("g", 8.0), ("h", 7.0)])), 2, 1, 2, 1),
        ] {
            let told = Added::Added { new, changed, trimmed, gone };
            assert_eq!(model.run(&key, members.clone()).unwrap(), told, "{members:?}");
        }
        assert_eq!(all(&mut model, &key), scored([("g", 8.0), ("c", 9.0)]));
        let add_to = |member: &str, by| AddTo {
            member: member.into(),
            by,
            when: When::ALWAYS,
            limit: NonZeroU64::new(2),
        };
        assert_eq!(model.run(&key, add_to("x", 7.0)).unwrap(), AddedTo::Trimmed);
        assert_eq!(model.run(&key, add_to("x", 8.5)).unwrap(), AddedTo::Scored(8.5));
        assert_eq!(all(&mut model, &key), scored([("x", 8.5), ("c", 9.0)]));
        let replace = Replace { with: scored([("p", 1.0), ("q", 3.0), ("r", 2.0)]), limit: None };
        assert_eq!(model.run(&key, replace.clone()).unwrap(), 2);
        let limit = NonZeroU64::new(2);
        assert_eq!(model.run(&key, Replace { limit, ..replace }).unwrap(), 3);
        assert_eq!(all(&mut model, &key), scored([("r", 2.0), ("q", 3.0)]));
    }

    /// What is there, what is added on which condition, what is answered.
    #[test]
    fn adding_to_a_score() {
        for (old, by, when, told) in [
            (None, 1.5, When::ALWAYS, AddedTo::Scored(1.5)),
            (None, -0.0, When::ALWAYS, AddedTo::Scored(0.0)),
            (Some(0.1), 0.2, When::ALWAYS, AddedTo::Scored(0.1 + 0.2)),
            (Some(1.0), INF, When::ALWAYS, AddedTo::Scored(INF)),
            (Some(INF), INF, When::ALWAYS, AddedTo::Scored(INF)),
            (Some(1.0), 1.0, When::NEW, AddedTo::Unmet),
            (None, 1.0, When::NEW, AddedTo::Scored(1.0)),
            (None, 1.0, When::EXISTING, AddedTo::Unmet),
            (Some(1.0), 1.0, When::GREATER, AddedTo::Scored(2.0)),
            (Some(1.0), 0.0, When::GREATER, AddedTo::Unmet),
            (Some(1.0), -1.0, When::GREATER, AddedTo::Unmet),
            (Some(1.0), -1.0, When::LESS, AddedTo::Scored(0.0)),
            (None, 1.0, When::LESS, AddedTo::Scored(1.0)),
        ] {
            let (mut model, key) = board();
            if let Some(old) = old {
                model.run(&key, add([("a", old)])).unwrap();
            }
            let add_to = AddTo { member: "a".into(), by, when, limit: None };
            assert_eq!(model.run(&key, add_to.clone()).unwrap(), told, "{old:?} {add_to:?}");
            let then = model.run(&key, ScoresOf { members: smallvec!["a".into()] }).unwrap();
            let expected = if let AddedTo::Scored(score) = told { Some(score) } else { old };
            assert_eq!(then[..], [expected], "{old:?} {add_to:?}");
            assert!(then[0].is_none_or(|score| score != 0.0 || score.is_sign_positive()));
        }
    }

    #[test]
    fn a_sum_that_is_no_number_is_an_overflow_and_changes_nothing() {
        let (mut model, key) = board();
        model.run(&key, add([("a", INF)])).unwrap();
        let add_to = AddTo { member: "a".into(), by: -INF, when: When::NEW, limit: None };
        let fault = model.run(&key, AddTo { when: When::ALWAYS, ..add_to.clone() }).unwrap_err();
        assert!(fault.is_overflow(), "{fault}");
        assert_eq!(all(&mut model, &key), scored([("a", INF)]));
        // Who is not to be changed at all is not added up.
        assert_eq!(model.run(&key, add_to).unwrap(), AddedTo::Unmet);
    }

    /// First and last rank, and those of `abcde` that lie between from either end.
    #[test]
    fn ranges_by_rank() {
        let (mut model, key) = board();
        let five = [("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 4.0), ("e", 5.0)];
        model.run(&key, add(five)).unwrap();
        for (first, last, up, down) in [
            (0, -1, "abcde", "edcba"),
            (0, 0, "a", "e"),
            (1, 2, "bc", "dc"),
            (-2, -1, "de", "ba"),
            (3, 99, "de", "ba"),
            (-99, 1, "ab", "ed"),
            (2, 1, "", ""),
            (5, 9, "", ""),
            (0, -6, "", ""),
            (i64::MIN, i64::MAX, "abcde", "edcba"),
            (i64::MAX, i64::MIN, "", ""),
        ] {
            for (from, expected) in [(Extreme::Least, up), (Extreme::Greatest, down)] {
                let range = model.run(&key, Range { from, first, last }).unwrap();
                let names: Vec<_> = range.iter().flat_map(|one| one.member.to_vec()).collect();
                assert_eq!(names, expected.as_bytes(), "{first} {last} {from:?}");
            }
            let mut model = model.clone();
            let removed = model.run(&key, RemoveRange { first, last }).unwrap();
            assert_eq!(removed, up.len() as u64, "{first} {last}");
            assert_eq!(model.run(&key, Len {}).unwrap(), 5 - removed);
        }
    }

    #[test]
    fn ranges_by_score() {
        use Bound::{Excluded, Included, Unbounded};
        let (mut model, key) = board();
        let five = [("a", -INF), ("b", 1.0), ("c", 1.0), ("d", 2.5), ("e", INF)];
        model.run(&key, add(five)).unwrap();
        for (from, to, names) in [
            (Unbounded, Unbounded, "abcde"),
            (Included(-INF), Included(INF), "abcde"),
            (Excluded(-INF), Excluded(INF), "bcd"),
            (Included(1.0), Included(1.0), "bc"),
            (Included(1.0), Excluded(1.0), ""),
            (Excluded(1.0), Included(1.0), ""),
            (Excluded(1.0), Excluded(1.0), ""),
            (Excluded(1.0), Unbounded, "de"),
            (Unbounded, Excluded(1.0), "a"),
            (Included(3.0), Included(1.0), ""),
            (Included(INF), Unbounded, "e"),
            (Included(INF), Included(-INF), ""),
        ] {
            let scores = Scores { from, to };
            let count = model.run(&key, Count { scores }).unwrap();
            assert_eq!(count, names.len() as u64, "{scores:?}");
            let range = |from, skip, count| RangeByScore { scores, from, skip, count };
            for (skip, most) in
                [(0, u64::MAX), (0, 2), (1, 1), (1, u64::MAX), (u64::MAX, 1), (0, 0)]
            {
                let some = |names: Vec<u8>| -> Vec<u8> {
                    let few = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
                    names.into_iter().skip(few(skip)).take(few(most)).collect()
                };
                for (from, names) in [
                    (Extreme::Least, names.bytes().collect()),
                    (Extreme::Greatest, names.bytes().rev().collect()),
                ] {
                    let told = model.run(&key, range(from, skip, most)).unwrap();
                    let told: Vec<_> = told.iter().flat_map(|one| one.member.to_vec()).collect();
                    assert_eq!(told, some(names), "{scores:?} {skip} {most}");
                }
            }
            let mut model = model.clone();
            assert_eq!(model.run(&key, RemoveByScore { scores }).unwrap(), count);
            assert_eq!(model.run(&key, Len {}).unwrap(), 5 - count);
        }
    }

    #[test]
    fn pages_go_on_behind_a_member_that_is_gone() {
        let (mut model, key) = board();
        let members = [("a", 1.0), ("b", 2.0), ("c", 2.0), ("d", 2.0), ("e", 3.0)];
        model.run(&key, add(members)).unwrap();
        let page = |after: Option<(&str, f64)>, from| {
            let after = after.map(|(member, score)| Scored { member: member.into(), score });
            Page { after, from, count: 2 }
        };
        for removed in [None, Some("b"), Some("c")] {
            let mut model = model.clone();
            if let Some(member) = removed {
                model.run(&key, Remove { members: smallvec![member.into()] }).unwrap();
            }
            for (after, from, names) in [
                (Some(("c", 2.0)), Extreme::Least, "de"),
                (
                    Some(("c", 2.0)),
                    Extreme::Greatest,
                    if removed == Some("b") { "a" } else { "ba" },
                ),
                (Some(("bb", 2.0)), Extreme::Least, if removed == Some("c") { "de" } else { "cd" }),
                (Some(("e", 3.0)), Extreme::Least, ""),
                (Some(("a", 1.0)), Extreme::Greatest, ""),
                (Some(("z", INF)), Extreme::Greatest, "ed"),
                (Some(("d", 1.0)), Extreme::Greatest, "a"),
                (None, Extreme::Greatest, "ed"),
            ] {
                let told = model.run(&key, page(after, from)).unwrap();
                let told: Vec<_> = told.iter().flat_map(|one| one.member.to_vec()).collect();
                assert_eq!(told, names.as_bytes(), "{after:?} {from:?} {removed:?}");
            }
        }
    }

    #[test]
    fn what_is_taken_out_is_told_from_its_end_and_the_last_takes_the_key_along() {
        let (mut model, key) = board();
        let pop = |from, count| Pop { from, count };
        assert_eq!(model.run(&key, pop(Extreme::Least, 1)).unwrap(), []);
        model.run(&key, add([("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 4.0)])).unwrap();
        model.run(&key, Expire { after: Duration::from_secs(60) }).unwrap();
        let greatest = scored([("d", 4.0), ("c", 3.0)]);
        assert_eq!(model.run(&key, pop(Extreme::Greatest, 2)).unwrap(), greatest);
        assert_eq!(model.run(&key, pop(Extreme::Least, 0)).unwrap(), []);
        let least = scored([("a", 1.0), ("b", 2.0)]);
        assert_eq!(model.run(&key, pop(Extreme::Least, 9)).unwrap(), least);
        assert!(!model.run(&key, Exists {}).unwrap());
        model.run(&key, add([("a", 1.0)])).unwrap();
        assert_eq!(model.run(&key, Ttl {}).unwrap(), Life::Persistent);
        let members = ["a", "a", "x"].map(Bytes::from).into_iter().collect();
        assert_eq!(model.run(&key, Remove { members }).unwrap(), 1);
        assert!(!model.run(&key, Exists {}).unwrap());
    }

    #[test]
    fn a_replacement_keeps_the_time_to_live_and_an_empty_one_leaves_nothing() {
        let (mut model, key) = board();
        model.run(&key, add([("a", 1.0), ("b", 2.0)])).unwrap();
        model.run(&key, Expire { after: Duration::from_secs(60) }).unwrap();
        let with = scored([("c", 3.0), ("a", 0.0), ("c", -0.0)]);
        assert_eq!(model.run(&key, Replace { with, limit: None }).unwrap(), 2);
        assert_eq!(all(&mut model, &key), scored([("a", 0.0), ("c", 0.0)]));
        assert!(matches!(model.run(&key, Ttl {}).unwrap(), Life::Left(_)));
        assert_eq!(model.run(&key, Replace { with: Vec::new(), limit: None }).unwrap(), 2);
        assert!(!model.run(&key, Exists {}).unwrap());
    }

    #[test]
    fn sets_put_together() {
        use Combination::{Difference, Intersection, Union};
        let mut model = Model::new();
        let [a, b, c, to] = ["a", "b", "c", "to"].map(|name| Key::alone("", name).unwrap());
        model.run(&a, add([("x", 1.0), ("y", 2.0), ("i", INF)])).unwrap();
        model.run(&b, add([("y", 10.0), ("z", 20.0), ("i", -INF)])).unwrap();
        let sum = Aggregate::Sum;
        for (how, aggregate, weights, told) in [
            (Union, sum, [1.0, 1.0], scored([("i", 0.0), ("x", 1.0), ("y", 12.0), ("z", 20.0)])),
            (Union, sum, [0.0, 2.0], scored([("i", -INF), ("x", 0.0), ("y", 20.0), ("z", 40.0)])),
            (
                Union,
                Aggregate::Least,
                [1.0, -1.0],
                scored([("z", -20.0), ("y", -10.0), ("x", 1.0), ("i", INF)]),
            ),
            (Intersection, sum, [1.0, 0.5], scored([("i", 0.0), ("y", 7.0)])),
            (Intersection, Aggregate::Greatest, [1.0, 1.0], scored([("y", 10.0), ("i", INF)])),
            (Difference, sum, [1.0, 1.0], scored([("x", 1.0)])),
        ] {
            let [weight, other] = weights;
            let with = vec![(b.clone(), other)];
            let combine = Combine { how, weight, with, aggregate };
            assert_eq!(model.run(&a, combine.clone()).unwrap(), told, "{combine:?}");
            let of = vec![(a.clone(), weight), (b.clone(), other)];
            let store = StoreCombined { how, of, aggregate, limit: None };
            assert_eq!(model.run(&to, store).unwrap(), told.len() as u64);
            assert_eq!(all(&mut model, &to), told);
        }
        // With what is missing, and with itself.
        let with = |key: &Key| vec![(key.clone(), 1.0)];
        for (how, other, told) in [
            (Union, &c, scored([("x", 1.0), ("y", 2.0), ("i", INF)])),
            (Intersection, &c, Vec::new()),
            (Difference, &c, scored([("x", 1.0), ("y", 2.0), ("i", INF)])),
            (Union, &a, scored([("x", 2.0), ("y", 4.0), ("i", INF)])),
            (Difference, &a, Vec::new()),
        ] {
            let combine = Combine { how, weight: 1.0, with: with(other), aggregate: sum };
            assert_eq!(model.run(&a, combine.clone()).unwrap(), told, "{combine:?}");
        }
        let of = vec![(a.clone(), 1.0), (b, 1.0)];
        let limit = NonZeroU64::new(1);
        let store = StoreCombined { how: Union, of, aggregate: sum, limit };
        assert_eq!(model.run(&a, store.clone()).unwrap(), 1);
        assert_eq!(all(&mut model, &a), scored([("z", 20.0)]));
        let none = StoreCombined { of: with(&c), ..store };
        assert_eq!(model.run(&a, none).unwrap(), 0);
        assert!(!model.run(&a, Exists {}).unwrap());
    }

    #[test]
    fn another_kind_is_no_sorted_set_and_stays() {
        let (mut model, key) = board();
        let motto = Key::alone("", "motto").unwrap();
        model.run(&motto, value::Set { to: "x".into() }).unwrap();
        model.run(&key, add([("a", 1.0)])).unwrap();
        let of = vec![(key.clone(), 1.0)];
        let store =
            StoreCombined { how: Combination::Union, of, aggregate: Aggregate::Sum, limit: None };
        let with = vec![(motto.clone(), 1.0)];
        let combine =
            Combine { how: Combination::Union, weight: 1.0, with, aggregate: Aggregate::Sum };
        for fault in [
            model.run(&motto, Len {}).unwrap_err(),
            model.run(&motto, add([("a", 1.0)])).unwrap_err(),
            model.run(&motto, Replace { with: Vec::new(), limit: None }).unwrap_err(),
            model.run(&motto, store).unwrap_err(),
            model.run(&key, combine).unwrap_err(),
        ] {
            assert!(fault.is_wrong_type(), "{fault}");
        }
        assert_eq!(model.run(&motto, value::Get {}).unwrap(), Some("x".into()));
    }

    #[test]
    fn settings_that_are_never_allowed() {
        use crate::element::{ELEMENTS_MAX, PAGE_MAX, SOURCES_MAX};
        let (mut model, key) = board();
        let nan = f64::NAN;
        let scores = Scores { from: Bound::Excluded(nan), to: Bound::Unbounded };
        let page = |count| Page { after: None, from: Extreme::Least, count };
        let many = vec![Scored { member: "a".into(), score: 1.0 }; ELEMENTS_MAX + 1];
        let sets = |count, weight| StoreCombined {
            how: Combination::Union,
            of: vec![(key.clone(), weight); count],
            aggregate: Aggregate::Sum,
            limit: None,
        };
        let difference = StoreCombined { how: Combination::Difference, ..sets(1, 2.0) };
        let add_to = AddTo { member: "a".into(), by: nan, when: When::ALWAYS, limit: None };
        let after = Some(Scored { member: "a".into(), score: nan });
        for fault in [
            model.run(&key, add([("a", 1.0), ("b", nan)])).unwrap_err(),
            model.run(&key, add_to).unwrap_err(),
            model.run(&key, Count { scores }).unwrap_err(),
            model.run(&key, RemoveByScore { scores }).unwrap_err(),
            model.run(&key, page(0)).unwrap_err(),
            model.run(&key, page(PAGE_MAX + 1)).unwrap_err(),
            model.run(&key, Page { after, ..page(1) }).unwrap_err(),
            model.run(&key, Add { members: many.into(), ..add([]) }).unwrap_err(),
            model.run(&key, Pop { from: Extreme::Least, count: u64::MAX }).unwrap_err(),
            model.run(&key, sets(0, 1.0)).unwrap_err(),
            model.run(&key, sets(SOURCES_MAX + 1, 1.0)).unwrap_err(),
            model.run(&key, sets(1, INF)).unwrap_err(),
            model.run(&key, sets(1, nan)).unwrap_err(),
            model.run(&key, difference).unwrap_err(),
        ] {
            assert!(fault.is_bad_setting(), "{fault}");
        }
        assert!(!model.run(&key, Exists {}).unwrap());
    }
}
