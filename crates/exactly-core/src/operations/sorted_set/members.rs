//! The state of a sorted set.

use std::fmt;
use std::num::NonZeroU64;
use std::ops::{Bound, Range};

use hashbrown::{HashMap, HashSet};

use super::ranked::Ranked;
use super::{Add, AddTo, Added, AddedTo, Extreme, Scored, Scores};
use crate::bytes::Bytes;
use crate::state::Misuse;

/// The state of a sorted set: never empty.
#[derive(Clone, Default)]
pub struct SortedSetState {
    scores: HashMap<Bytes, f64>,
    ranked: Ranked,
}

impl PartialEq for SortedSetState {
    fn eq(&self, other: &Self) -> bool {
        self.ranked.iter().eq(other.ranked.iter())
    }
}

impl fmt::Debug for SortedSetState {
    /// The members and their scores, in order.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.ranked.iter().map(|one| (&one.member, one.score))).finish()
    }
}

impl SortedSetState {
    /// These members with these scores.
    pub(super) fn of(scores: HashMap<Bytes, f64>) -> Self {
        let ranked = Ranked::of_sorted(in_order(&scores));
        Self { scores, ranked }
    }

    pub(super) fn len(&self) -> usize {
        self.ranked.len()
    }

    /// All of them, in order.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &Scored> {
        self.ranked.iter()
    }

    /// The score of this member, if it is one.
    pub(crate) fn score(&self, member: &Bytes) -> Option<f64> {
        self.scores.get(member).copied()
    }

    pub(super) fn rank(&self, member: &Bytes, from: Extreme) -> Option<u64> {
        let rank = self.ranked.rank(self.score(member)?, member) as u64;
        Some(match from {
            Extreme::Least => rank,
            Extreme::Greatest => self.len() as u64 - 1 - rank,
        })
    }

    /// Gives a member this score.
    pub(super) fn put(&mut self, member: &Bytes, score: f64) {
        match self.scores.get_mut(member) {
            Some(old) => {
                let old = std::mem::replace(old, score);
                // The same bytes serve both sides: a caller's are not kept beside them.
                let rank = self.ranked.rank(old, member);
                for one in self.ranked.take(rank..rank + 1) {
                    self.ranked.insert(Scored { score, ..one });
                }
            }
            None => {
                self.scores.insert(member.clone(), score);
                self.ranked.insert(Scored { member: member.clone(), score });
            }
        }
    }

    pub(super) fn remove(&mut self, member: &Bytes) -> bool {
        let Some(score) = self.scores.remove(member) else { return false };
        self.ranked.remove(score, member);
        self.give_back();
        true
    }

    /// Takes out those of these ranks.
    pub(super) fn take(&mut self, ranks: Range<usize>) -> Vec<Scored> {
        let taken = self.ranked.take(ranks);
        for one in &taken {
            self.scores.remove(&one.member);
        }
        self.give_back();
        taken
    }

    /// Takes out so many at this end, the outermost first.
    pub(super) fn pop(&mut self, from: Extreme, count: u64) -> Vec<Scored> {
        let mut popped = self.take(self.some_of(0..self.len(), from, 0, count));
        match from {
            Extreme::Least => {}
            Extreme::Greatest => popped.reverse(),
        }
        popped
    }

    /// A set that became small does not keep the room of a large one.
    fn give_back(&mut self) {
        const SMALL: usize = 64;
        if self.scores.capacity() > SMALL && self.scores.len() < self.scores.capacity() / 8 {
            self.scores.shrink_to(self.scores.len() * 2);
        }
    }

    /// Lets those with the least scores go that are too many, and tells who they were.
    pub(super) fn trim(&mut self, limit: Option<NonZeroU64>) -> Vec<Scored> {
        let limit = limit.map(NonZeroU64::get).map(usize::try_from);
        let limit = limit.and_then(Result::ok).unwrap_or(usize::MAX);
        self.take(0..self.len().saturating_sub(limit))
    }

    /// The ranks of the members with these scores.
    pub(super) fn ranks_of(&self, scores: &Scores) -> Range<usize> {
        let first = match scores.from {
            Bound::Included(from) => self.ranked.before(|one| one.score < from),
            Bound::Excluded(from) => self.ranked.before(|one| one.score <= from),
            Bound::Unbounded => 0,
        };
        let end = match scores.to {
            Bound::Included(to) => self.ranked.before(|one| one.score <= to),
            Bound::Excluded(to) => self.ranked.before(|one| one.score < to),
            Bound::Unbounded => self.len(),
        };
        first..end.max(first)
    }

    /// The members of these ranks, told from one end.
    pub(super) fn told(&self, ranks: Range<usize>, from: Extreme) -> Vec<Scored> {
        let range = self.ranked.range(ranks);
        match from {
            Extreme::Least => range.cloned().collect(),
            Extreme::Greatest => range.rev().cloned().collect(),
        }
    }

    /// So many of these ranks from one end, but for the first few.
    pub(super) fn some_of(
        &self,
        ranks: Range<usize>,
        from: Extreme,
        skip: u64,
        count: u64,
    ) -> Range<usize> {
        let few = |count: u64, most: usize| usize::try_from(count).unwrap_or(most).min(most);
        let skip = few(skip, ranks.len());
        let count = few(count, ranks.len() - skip);
        match from {
            Extreme::Least => ranks.start + skip..ranks.start + skip + count,
            Extreme::Greatest => ranks.end - skip - count..ranks.end - skip,
        }
    }

    /// The ranks from the least one that are `first` to `last` from this end, both included and
    /// counted from the far end where negative.
    pub(super) fn ranks_between(&self, from: Extreme, first: i64, last: i64) -> Range<usize> {
        let len = self.len() as i64;
        let counted = |rank: i64| if rank < 0 { rank.saturating_add(len) } else { rank };
        let first = counted(first).clamp(0, len);
        let end = counted(last).saturating_add(1).clamp(first, len);
        let (first, end) = match from {
            Extreme::Least => (first, end),
            Extreme::Greatest => (len - end, len - first),
        };
        first as usize..end as usize
    }

    pub(super) fn page(&self, after: Option<&Scored>, from: Extreme, count: u64) -> Vec<Scored> {
        let ranks = match (after, from) {
            (None, _) => 0..self.len(),
            (Some(Scored { member, score }), Extreme::Least) => {
                let rank = self.ranked.rank(*score, member);
                rank + usize::from(self.score(member) == Some(*score))..self.len()
            }
            (Some(Scored { member, score }), Extreme::Greatest) => {
                0..self.ranked.rank(*score, member)
            }
        };
        self.told(self.some_of(ranks, from, 0, count), from)
    }
}

/// Adding.
impl SortedSetState {
    pub(super) fn add(&mut self, add: &Add) -> Added {
        let Add { members, when, limit } = add;
        let (mut met, mut new, mut changed) = (members.is_empty(), 0, 0);
        for Scored { member, score } in members {
            let (old, score) = (self.score(member), one_zero(*score));
            if !when.holds(old, score) {
                continue;
            }
            met = true;
            if old != Some(score) {
                new += u64::from(old.is_none());
                changed += u64::from(old.is_some());
                self.put(member, score);
            }
        }
        if !met {
            return Added::Unmet;
        }
        let trimmed = self.trim(*limit);
        let gone: HashSet<_> = trimmed.iter().map(|one| &one.member).collect();
        let named: HashSet<_> = if gone.is_empty() {
            HashSet::new()
        } else {
            members.iter().map(|one| &one.member).collect()
        };
        let gone = named.intersection(&gone).count() as u64;
        Added::Added { new, changed, trimmed: trimmed.len() as u64, gone }
    }

    pub(super) fn add_to(&mut self, add: &AddTo) -> Result<AddedTo, Misuse> {
        let AddTo { member, by, when, limit } = add;
        let old = self.score(member);
        if !when.member.concerns(old.is_some()) {
            return Ok(AddedTo::Unmet);
        }
        let score = one_zero(old.unwrap_or(0.0) + by);
        if score.is_nan() {
            let old = old.unwrap_or(0.0);
            return Err(Misuse::Overflow(format!("{old} + {by} does not fit")));
        }
        if !when.holds(old, score) {
            return Ok(AddedTo::Unmet);
        }
        self.put(member, score);
        let gone = self.trim(*limit).iter().any(|one| one.member == *member);
        Ok(if gone { AddedTo::Trimmed } else { AddedTo::Scored(score) })
    }
}

/// `0.0` for either zero.
pub(super) fn one_zero(score: f64) -> f64 {
    score + 0.0
}

/// The members in the order of a sorted set.
pub(super) fn in_order(scores: &HashMap<Bytes, f64>) -> Vec<Scored> {
    let mut members: Vec<_> = scores
        .iter()
        .map(|(member, score)| Scored { member: member.clone(), score: *score })
        .collect();
    members.sort_unstable_by(|one, two| {
        one.score.total_cmp(&two.score).then_with(|| one.member.cmp(&two.member))
    });
    members
}
