//! Which settings of an operation on a sorted set are allowed.

use std::ops::Bound;

use super::{
    Add, AddTo, Combine, Count, Page, Pop, RangeByScore, Rank, Remove, RemoveByScore, Replace,
    Scored, Scores, ScoresOf, SortedSetOp, StoreCombined,
};
use crate::element::{check_count, check_elements, check_pages, check_sources};
use crate::key::Key;
use crate::operations::set::Combination;
use crate::state::Misuse;

impl SortedSetOp {
    pub(crate) fn check(&self) -> Result<(), Misuse> {
        match self {
            Self::Len(_) | Self::Range(_) | Self::RemoveRange(_) => Ok(()),
            Self::Rank(Rank { member, .. }) => check_elements(std::iter::once(member)),
            Self::ScoresOf(ScoresOf { members }) | Self::Remove(Remove { members }) => {
                check_elements(members.iter())
            }
            Self::RangeByScore(RangeByScore { scores, .. })
            | Self::Count(Count { scores })
            | Self::RemoveByScore(RemoveByScore { scores }) => scores.check(),
            Self::Page(Page { after, count, .. }) => {
                check_pages(*count)?;
                check_scored(after.as_slice())
            }
            Self::Add(Add { members, .. }) => check_scored(members),
            Self::Replace(Replace { with, .. }) => check_scored(with),
            Self::AddTo(AddTo { member, by, .. }) => {
                check_elements(std::iter::once(member))?;
                check_score(*by)
            }
            Self::Pop(Pop { count, .. }) => check_count(*count),
            Self::Combine(Combine { how, weight, with, .. }) => {
                check_sources(1 + with.len())?;
                check_weight(*how, *weight)?;
                check_weights(*how, with)
            }
            Self::StoreCombined(StoreCombined { how, of, .. }) => {
                check_sources(of.len())?;
                check_weights(*how, of)
            }
        }
    }
}

impl Scores {
    fn check(&self) -> Result<(), Misuse> {
        [self.from, self.to].into_iter().try_for_each(|end| match end {
            Bound::Included(score) | Bound::Excluded(score) => check_score(score),
            Bound::Unbounded => Ok(()),
        })
    }
}

fn check_scored(members: &[Scored]) -> Result<(), Misuse> {
    check_elements(members.iter().map(|scored| &scored.member))?;
    members.iter().try_for_each(|scored| check_score(scored.score))
}

fn check_score(score: f64) -> Result<(), Misuse> {
    if score.is_nan() {
        return Err(Misuse::BadSetting(
            "a score is a number, found NaN; nothing was changed".to_owned(),
        ));
    }
    Ok(())
}

fn check_weights(how: Combination, sets: &[(Key, f64)]) -> Result<(), Misuse> {
    sets.iter().try_for_each(|(_, weight)| check_weight(how, *weight))
}

fn check_weight(how: Combination, weight: f64) -> Result<(), Misuse> {
    let bad = |expected| {
        Err(Misuse::BadSetting(format!("{expected}, found {weight}; nothing was changed")))
    };
    match how {
        Combination::Union | Combination::Intersection if !weight.is_finite() => {
            bad("a weight is a finite number")
        }
        Combination::Difference if weight.total_cmp(&1.0).is_ne() => {
            bad("the weights of a difference are 1, for it has the scores of its first set")
        }
        Combination::Union | Combination::Intersection | Combination::Difference => Ok(()),
    }
}
