//! Sorted sets: members, each once and with a score, in the order of the scores.

mod commands;

use std::ops::Bound;

use exactly_core::operations::set::Combination;
use exactly_core::operations::sorted_set::{
    Add, AddTo, Added, AddedTo, Aggregate, Combine, Count, Extreme, Page, Pop, Range, RangeByScore,
    Rank, Remove, RemoveByScore, RemoveRange, Replace, Scored, Scores, ScoresOf, SortedSetOp,
    SortedSetOutcome, StoreCombined, When, WhenMember, WhenScore,
};
use exactly_core::{Fault, Key};

use crate::fold::{Beside, Brief, Terms, only};
use crate::words::{Told, Words, odd};

pub(crate) use commands::{answer, command};

/// Writes the arguments of the operation.
pub(crate) fn send(op: &SortedSetOp, args: &mut Words) -> &'static str {
    match op {
        SortedSetOp::Len(_) => "len",
        SortedSetOp::ScoresOf(ScoresOf { members }) => {
            args.list(members);
            "scores"
        }
        SortedSetOp::Rank(Rank { member, from }) => {
            args.push(end(*from));
            args.push(&**member);
            "rank"
        }
        SortedSetOp::Range(Range { from, first, last }) => {
            args.push(end(*from));
            args.number(*first);
            args.number(*last);
            "range"
        }
        SortedSetOp::RangeByScore(range) => send_range(range, args),
        SortedSetOp::Count(Count { scores }) => {
            ends(scores, args);
            "count"
        }
        SortedSetOp::Page(page) => send_page(page, args),
        SortedSetOp::Add(Add { members, when, limit }) => {
            args.most(*limit);
            condition(*when, args);
            scored(members, args);
            "add"
        }
        SortedSetOp::AddTo(add) => send_add_to(add, args),
        SortedSetOp::Remove(Remove { members }) => {
            args.list(members);
            "remove"
        }
        SortedSetOp::RemoveRange(RemoveRange { first, last }) => {
            args.number(*first);
            args.number(*last);
            "remove_range"
        }
        SortedSetOp::RemoveByScore(RemoveByScore { scores }) => {
            ends(scores, args);
            "remove_by_score"
        }
        SortedSetOp::Pop(Pop { from, count }) => {
            args.push(end(*from));
            args.number(*count);
            "pop"
        }
        SortedSetOp::Replace(Replace { with, limit }) => {
            args.most(*limit);
            scored(with, args);
            "replace"
        }
        SortedSetOp::Combine(combine) => send_combine(combine, args),
        SortedSetOp::StoreCombined(store) => send_store(store, args),
    }
}

/// The operation in brief, if it is a write of one member. One that trims has to know the least.
pub(crate) fn brief(op: &SortedSetOp) -> Option<Brief<'_>> {
    match op {
        SortedSetOp::Add(Add { members, when, limit: None }) => {
            let Scored { member, score } = only(members)?;
            let (beside, terms) = (Some(Beside::Score(*score)), Some(Terms::When(*when)));
            Some(Brief { letter: b'a', element: member, beside, terms })
        }
        SortedSetOp::Remove(Remove { members }) => {
            Some(Brief { letter: b'r', element: only(members)?, beside: None, terms: None })
        }
        SortedSetOp::Add(_) | SortedSetOp::AddTo(_) => None,
        SortedSetOp::Len(_) | SortedSetOp::ScoresOf(_) | SortedSetOp::Rank(_) => None,
        SortedSetOp::Range(_) | SortedSetOp::RangeByScore(_) | SortedSetOp::Count(_) => None,
        SortedSetOp::Page(_) | SortedSetOp::RemoveRange(_) | SortedSetOp::RemoveByScore(_) => None,
        SortedSetOp::Pop(_) | SortedSetOp::Replace(_) => None,
        SortedSetOp::Combine(_) | SortedSetOp::StoreCombined(_) => None,
    }
}

/// The first page is a range by rank.
fn send_page(page: &Page, args: &mut Words) -> &'static str {
    let Page { after, from, count } = page;
    args.push(end(*from));
    match after {
        None => {
            args.number(0);
            args.number(i128::from(*count) - 1);
            "range"
        }
        Some(Scored { member, score }) => {
            args.number(*count);
            args.push(text(*score));
            args.push(&**member);
            "page"
        }
    }
}

fn send_range(range: &RangeByScore, args: &mut Words) -> &'static str {
    let RangeByScore { scores, from, skip, count } = range;
    args.push(end(*from));
    ends(scores, args);
    args.number(*skip);
    args.number(*count);
    "by_score"
}

fn send_add_to(add: &AddTo, args: &mut Words) -> &'static str {
    let AddTo { member, by, when, limit } = add;
    args.push(&**member);
    args.push(text(*by));
    condition(*when, args);
    args.most(*limit);
    "add_to"
}

fn send_combine(combine: &Combine, args: &mut Words) -> &'static str {
    let Combine { how, weight, with, aggregate } = combine;
    sets(*how, *aggregate, std::iter::once(weight).chain(weights(with)), args);
    "combine"
}

fn send_store(store: &StoreCombined, args: &mut Words) -> &'static str {
    let StoreCombined { how, of, aggregate, limit } = store;
    args.most(*limit);
    sets(*how, *aggregate, weights(of), args);
    "store"
}

fn scored(members: &[Scored], args: &mut Words) {
    args.number(members.len() as u64);
    for Scored { member, score } in members {
        args.push(text(*score));
        args.push(&**member);
    }
}

fn condition(when: When, args: &mut Words) {
    args.push(of_member(when));
    args.push(of_score(when));
}

fn of_member(when: When) -> &'static str {
    match when.member {
        WhenMember::Any => "",
        WhenMember::New => "new",
        WhenMember::Existing => "existing",
    }
}

fn of_score(when: When) -> &'static str {
    match when.score {
        WhenScore::Any => "",
        WhenScore::Greater => "greater",
        WhenScore::Less => "less",
    }
}

/// The condition of many writes, in one word.
pub(crate) fn terms(when: When, args: &mut Words) {
    args.push(format!("{},{}", of_member(when), of_score(when)));
}

fn end(from: Extreme) -> &'static str {
    match from {
        Extreme::Least => "least",
        Extreme::Greatest => "greatest",
    }
}

fn ends(scores: &Scores, args: &mut Words) {
    args.push(from_text(scores));
    args.push(to_text(scores));
}

fn from_text(scores: &Scores) -> String {
    end_text(scores.from, "-inf")
}

fn to_text(scores: &Scores) -> String {
    end_text(scores.to, "inf")
}

fn end_text(end: Bound<f64>, open: &str) -> String {
    match end {
        Bound::Included(score) => text(score),
        Bound::Excluded(score) => format!("({}", text(score)),
        Bound::Unbounded => open.to_owned(),
    }
}

fn weights(sets: &[(Key, f64)]) -> impl ExactSizeIterator<Item = &f64> {
    sets.iter().map(|(_, weight)| weight)
}

fn sets<'a>(
    how: Combination,
    aggregate: Aggregate,
    weights: impl Iterator<Item = &'a f64>,
    args: &mut Words,
) {
    args.push(match how {
        Combination::Union => "union",
        Combination::Intersection => "intersection",
        Combination::Difference => "difference",
    });
    args.push(match aggregate {
        Aggregate::Sum => "SUM",
        Aggregate::Least => "MIN",
        Aggregate::Greatest => "MAX",
    });
    let weights: Vec<_> = weights.map(|weight| text(*weight)).collect();
    args.number(weights.len() as u64);
    weights.iter().for_each(|weight| args.push(weight));
}

/// A score with the fewest digits that read back as the same one; one zero for both.
pub(crate) fn text(score: f64) -> String {
    const PLAIN: std::ops::Range<f64> = 1e-5..1e17;
    let score = score + 0.0;
    if score == 0.0 || score.is_infinite() || PLAIN.contains(&score.abs()) {
        score.to_string()
    } else {
        format!("{score:e}")
    }
}

/// Reads its outcome.
pub(crate) fn outcome(op: &SortedSetOp, told: &Told<'_>) -> Result<SortedSetOutcome, Fault> {
    use SortedSetOutcome as O;
    let refused = told.is(0, "refused");
    Ok(match op {
        SortedSetOp::Len(_) => O::Len(told.number(0)?),
        SortedSetOp::ScoresOf(ScoresOf { members }) => {
            let score = |place| {
                Some(told.word(place)).filter(|text| !text.is_empty()).map(score).transpose()
            };
            O::ScoresOf((1..=members.len()).map(score).collect::<Result<_, _>>()?)
        }
        SortedSetOp::Rank(_) if told.is(0, "none") => O::Rank(None),
        SortedSetOp::Rank(_) => O::Rank(Some(told.number(0)?)),
        SortedSetOp::Range(_) => O::Range(members(told)?),
        SortedSetOp::RangeByScore(_) => O::RangeByScore(members(told)?),
        SortedSetOp::Count(_) => O::Count(told.number(0)?),
        SortedSetOp::Page(_) => O::Page(members(told)?),
        SortedSetOp::Add(_) if refused => O::Add(Added::Unmet),
        SortedSetOp::Add(_) => O::Add(Added::Added {
            new: told.number(1)?,
            changed: told.number(2)?,
            trimmed: told.number(3)?,
            gone: told.number(4)?,
        }),
        SortedSetOp::AddTo(_) if refused => O::AddTo(AddedTo::Unmet),
        SortedSetOp::AddTo(_) if told.is(0, "trimmed") => O::AddTo(AddedTo::Trimmed),
        SortedSetOp::AddTo(_) => O::AddTo(AddedTo::Scored(score(told.word(1))?)),
        SortedSetOp::Remove(_) => O::Remove(told.number(0)?),
        SortedSetOp::RemoveRange(_) => O::RemoveRange(told.number(0)?),
        SortedSetOp::RemoveByScore(_) => O::RemoveByScore(told.number(0)?),
        SortedSetOp::Pop(_) => O::Pop(members(told)?),
        SortedSetOp::Replace(_) => O::Replace(told.number(0)?),
        SortedSetOp::Combine(_) => O::Combine(members(told)?),
        SortedSetOp::StoreCombined(_) => O::StoreCombined(told.number(0)?),
    })
}

/// The server writes scores with enough digits, and `inf`; a zero may have a sign.
fn score(text: &[u8]) -> Result<f64, Fault> {
    let text = std::str::from_utf8(text).map_err(|_| odd())?;
    text.parse().map(|score: f64| score + 0.0).map_err(|_| odd())
}

fn members(told: &Told<'_>) -> Result<Vec<Scored>, Fault> {
    let scored =
        |place| Ok(Scored { member: told.bytes(place), score: score(told.word(place + 1))? });
    (1..told.len()).step_by(2).map(scored).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_written_short_and_reads_back_as_the_same() {
        for (number, written) in [
            (0.0, "0"),
            (-0.0, "0"),
            (3.0, "3"),
            (-0.5, "-0.5"),
            (0.1 + 0.2, "0.30000000000000004"),
            (9_007_199_254_740_993.0, "9007199254740992"),
            (1e300, "1e300"),
            (-5e-324, "-5e-324"),
            (f64::MAX, "1.7976931348623157e308"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(text(number), written);
            assert_eq!(score(written.as_bytes()).unwrap().to_bits(), (number + 0.0).to_bits());
        }
    }

    #[test]
    fn a_score_of_the_servers_is_read_however_it_writes_it() {
        for (written, number) in [
            ("4.9406564584124654e-324", 5e-324),
            ("1.0000000000000001e+300", 1e300),
            ("0.10000000000000001", 0.1),
            ("-0", 0.0),
            ("inf", f64::INFINITY),
            ("-inf", f64::NEG_INFINITY),
        ] {
            assert_eq!(score(written.as_bytes()).unwrap().to_bits(), f64::to_bits(number));
        }
        assert!(score(b"").is_err() && score(b"abc").is_err());
    }
}
