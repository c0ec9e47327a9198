//! Sets put together.

use hashbrown::HashMap;

use super::Aggregate;
use super::members::{SortedSetState, one_zero};
use crate::bytes::Bytes;
use crate::key::Key;
use crate::operations::set::{Combination, SetState};
use crate::state::{Misuse, Slots, State};

impl Aggregate {
    fn of(self, one: f64, two: f64) -> f64 {
        match self {
            Self::Sum => number_or_zero(one + two),
            Self::Least => one.min(two),
            Self::Greatest => one.max(two),
        }
    }
}

fn number_or_zero(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { one_zero(score) }
}

/// One of the sets that are put together.
enum Source<'a> {
    Nothing,
    Sorted(&'a SortedSetState),
    Plain(&'a SetState),
}

/// The score of each member of a set without scores.
const PLAIN: f64 = 1.0;

impl<'a> Source<'a> {
    fn at(slots: &'a mut impl Slots, key: &Key) -> Result<Self, Misuse> {
        let found = match slots.slot(key).entry() {
            None => return Ok(Self::Nothing),
            Some(entry) => &entry.state,
        };
        match found {
            State::SortedSet(set) => Ok(Self::Sorted(set)),
            State::Set(set) => Ok(Self::Plain(set)),
            State::Scalar(_)
            | State::Capacity(_)
            | State::List(_)
            | State::Map(_)
            | State::Lock(_)
            | State::Limiter(_)
            | State::Queue(_)
            | State::Once(_) => {
                Err(Misuse::wrong_type("a sorted set or a set", found.kind()).elsewhere(key))
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Sorted(set) => set.len(),
            Self::Plain(set) => set.members().len(),
        }
    }

    fn score(&self, member: &Bytes) -> Option<f64> {
        match self {
            Self::Nothing => None,
            Self::Sorted(set) => set.score(member),
            Self::Plain(set) => set.contains(member).then_some(PLAIN),
        }
    }

    fn each(&self, mut tell: impl FnMut(&Bytes, f64)) {
        match self {
            Self::Nothing => {}
            Self::Sorted(set) => set.iter().for_each(|one| tell(&one.member, one.score)),
            Self::Plain(set) => set.members().iter().for_each(|member| tell(member, PLAIN)),
        }
    }
}

/// The members of sets put together, with their scores.
pub(super) fn combined<'a>(
    slots: &mut impl Slots,
    how: Combination,
    sets: impl Iterator<Item = (&'a Key, f64)>,
    aggregate: Aggregate,
) -> Result<HashMap<Bytes, f64>, Misuse> {
    let mut sized = Vec::with_capacity(sets.size_hint().0);
    for (key, weight) in sets {
        sized.push((Source::at(slots, key)?.len(), key, weight));
    }
    if how != Combination::Difference {
        // Of what is in all of them, no more is looked at than the smallest has.
        sized.sort_by_key(|(len, ..)| *len);
    }
    let mut sets = sized.into_iter();
    let mut scores: HashMap<Bytes, f64> = HashMap::new();
    if let Some((_, key, weight)) = sets.next() {
        Source::at(slots, key)?.each(|member, score| {
            scores.insert(member.clone(), number_or_zero(score * weight));
        });
    }
    for (_, key, weight) in sets {
        let source = Source::at(slots, key)?;
        let weighted = |score: f64| number_or_zero(score * weight);
        match how {
            Combination::Union => source.each(|member, score| {
                let score = weighted(score);
                let put_together = |all: &mut f64| *all = aggregate.of(*all, score);
                if scores.get_mut(member).map(put_together).is_none() {
                    scores.insert(member.clone(), score);
                }
            }),
            Combination::Intersection => scores.retain(|member, all| {
                let Some(score) = source.score(member) else { return false };
                *all = aggregate.of(*all, weighted(score));
                true
            }),
            Combination::Difference => scores.retain(|member, _| source.score(member).is_none()),
        }
    }
    Ok(scores)
}
