//! The server's own commands for sorted sets.

use exactly_core::operations::sorted_set::{
    Add, AddTo, Added, AddedTo, Count, Extreme, Page, Pop, Range, RangeByScore, Rank, Remove,
    RemoveByScore, RemoveRange, Scored, ScoresOf, SortedSetOp, SortedSetOutcome, WhenMember,
    WhenScore,
};
use exactly_core::{Bytes, Fault, Few, Lifetime, Outcome};

use super::{from_text, score, text, to_text};
use crate::heard::Heard;
use crate::native::{Answer, Command};
use crate::words::odd;

/// How many members the server may be asked to walk past: more are left out by their ranks, which
/// takes a script.
const SKIPPED_MAX: u64 = 100;

/// The server's own command for it. What puts sets together has more keys than one, and what adds
/// to any member answers less than we tell; what has a limit or a time to live takes two commands.
pub(crate) fn command(
    op: &SortedSetOp,
    lifetime: Lifetime,
    on: impl Fn(&str) -> Command,
) -> Option<Command> {
    match op {
        SortedSetOp::Len(_) => Some(on("ZCARD")),
        SortedSetOp::ScoresOf(ScoresOf { members }) if members.len() == 1 => {
            Some(with_names(on("ZSCORE"), members))
        }
        SortedSetOp::ScoresOf(ScoresOf { members }) if members.len() > 1 => {
            Some(with_names(on("ZMSCORE"), members))
        }
        SortedSetOp::Rank(Rank { member, from }) => {
            Some(at(*from, ["ZRANK", "ZREVRANK"], on).arg(&**member))
        }
        SortedSetOp::Range(Range { from, first, last }) => {
            let range = at(*from, ["ZRANGE", "ZREVRANGE"], on);
            Some(range.arg(*first).arg(*last).arg("WITHSCORES"))
        }
        SortedSetOp::Page(Page { after: None, from, count }) => {
            let range = at(*from, ["ZRANGE", "ZREVRANGE"], on);
            Some(range.arg(0).arg(count.saturating_sub(1)).arg("WITHSCORES"))
        }
        SortedSetOp::RangeByScore(range) if range.skip <= SKIPPED_MAX => Some(by_score(range, on)),
        SortedSetOp::Count(Count { scores }) => {
            Some(on("ZCOUNT").arg(from_text(scores)).arg(to_text(scores)))
        }
        SortedSetOp::ScoresOf(_) | SortedSetOp::Page(_) | SortedSetOp::RangeByScore(_) => None,
        SortedSetOp::Combine(_) | SortedSetOp::StoreCombined(_) | SortedSetOp::Replace(_) => None,
        SortedSetOp::Add(_) | SortedSetOp::AddTo(_) | SortedSetOp::Remove(_)
            if lifetime != Lifetime::Unchanged =>
        {
            None
        }
        SortedSetOp::RemoveRange(_) | SortedSetOp::RemoveByScore(_) | SortedSetOp::Pop(_)
            if lifetime != Lifetime::Unchanged =>
        {
            None
        }
        SortedSetOp::Add(add) => add_command(add, on),
        SortedSetOp::AddTo(add) => add_to_command(add, on),
        SortedSetOp::Remove(Remove { members }) => {
            (!members.is_empty()).then(|| with_names(on("ZREM"), members))
        }
        SortedSetOp::RemoveRange(RemoveRange { first, last }) => {
            Some(on("ZREMRANGEBYRANK").arg(*first).arg(*last))
        }
        SortedSetOp::RemoveByScore(RemoveByScore { scores }) => {
            Some(on("ZREMRANGEBYSCORE").arg(from_text(scores)).arg(to_text(scores)))
        }
        SortedSetOp::Pop(Pop { from, count }) => {
            Some(at(*from, ["ZPOPMIN", "ZPOPMAX"], on).arg(*count))
        }
    }
}

fn at(from: Extreme, names: [&str; 2], on: impl Fn(&str) -> Command) -> Command {
    let [least, greatest] = names;
    match from {
        Extreme::Least => on(least),
        Extreme::Greatest => on(greatest),
    }
}

fn with_names(command: Command, members: &[Bytes]) -> Command {
    members.iter().fold(command, |command, member| command.arg(&**member))
}

fn by_score(range: &RangeByScore, on: impl Fn(&str) -> Command) -> Command {
    let RangeByScore { scores, from, skip, count } = range;
    let (least, greatest) = (from_text(scores), to_text(scores));
    let command = match from {
        Extreme::Least => on("ZRANGEBYSCORE").arg(least).arg(greatest),
        Extreme::Greatest => on("ZREVRANGEBYSCORE").arg(greatest).arg(least),
    };
    let command = command.arg("WITHSCORES");
    if (*skip, *count) == (0, u64::MAX) {
        return command;
    }
    let count = i64::try_from(*count).unwrap_or(i64::MAX);
    command.arg("LIMIT").arg(*skip).arg(count)
}

/// Only of new ones, or of existing ones, the server's count says all there is to be said.
fn add_command(add: &Add, on: impl Fn(&str) -> Command) -> Option<Command> {
    let Add { members, when, limit: None } = add else { return None };
    let command = match (when.member, when.score) {
        (WhenMember::New, _) => on("ZADD").arg("NX"),
        (WhenMember::Existing, WhenScore::Any) => on("ZADD").arg("XX").arg("CH"),
        (WhenMember::Existing, WhenScore::Greater | WhenScore::Less) => return None,
        (WhenMember::Any, _) => return None,
    };
    let with = |command: Command, one: &Scored| command.arg(text(one.score)).arg(&*one.member);
    (!members.is_empty()).then(|| members.iter().fold(command, with))
}

fn add_to_command(add: &AddTo, on: impl Fn(&str) -> Command) -> Option<Command> {
    let AddTo { member, by, when, limit: None } = add else { return None };
    let command = match (when.member, when.score) {
        (WhenMember::Any, WhenScore::Any) => on("ZINCRBY"),
        (WhenMember::New, _) => on("ZADD").arg("NX").arg("INCR"),
        (WhenMember::Existing, WhenScore::Any) => on("ZADD").arg("XX").arg("INCR"),
        (_, WhenScore::Greater | WhenScore::Less) => return None,
    };
    Some(command.arg(text(*by)).arg(&**member))
}

/// What that command answered.
pub(crate) fn answer(op: &SortedSetOp, answer: Heard) -> Result<Answer, Fault> {
    use SortedSetOutcome as O;
    if matches!(answer, Heard::Error(_) | Heard::Odd) {
        return Ok(Answer::Unclear);
    }
    let outcome = match op {
        SortedSetOp::Len(_) => O::Len(count(&answer)?),
        SortedSetOp::Count(_) => O::Count(count(&answer)?),
        SortedSetOp::Remove(_) => O::Remove(count(&answer)?),
        SortedSetOp::RemoveRange(_) => O::RemoveRange(count(&answer)?),
        SortedSetOp::RemoveByScore(_) => O::RemoveByScore(count(&answer)?),
        SortedSetOp::ScoresOf(ScoresOf { members }) if members.len() == 1 => {
            O::ScoresOf(Few::from_buf([score_of(&answer)?]))
        }
        SortedSetOp::ScoresOf(_) => {
            O::ScoresOf(answer.list().iter().map(score_of).collect::<Result<_, _>>()?)
        }
        SortedSetOp::Rank(_) => O::Rank(match answer {
            Heard::Nothing => None,
            Heard::Number(_) => Some(count(&answer)?),
            Heard::Okay | Heard::Text(_) | Heard::List(_) => return Err(odd()),
            Heard::Error(_) | Heard::Odd => return Err(odd()),
        }),
        SortedSetOp::Range(_) => O::Range(pairs(answer)?),
        SortedSetOp::RangeByScore(_) => O::RangeByScore(pairs(answer)?),
        SortedSetOp::Page(_) => O::Page(pairs(answer)?),
        SortedSetOp::Pop(_) => O::Pop(pairs(answer)?),
        SortedSetOp::Add(Add { when, .. }) => match (when.member, count(&answer)?) {
            (WhenMember::New, 0) => O::Add(Added::Unmet),
            (WhenMember::New, new) => O::Add(added(new, 0)),
            // Whether some had these scores before, or none is there, it does not say.
            (WhenMember::Existing, 0) => return Ok(Answer::Unclear),
            (WhenMember::Existing, changed) => O::Add(added(0, changed)),
            (WhenMember::Any, _) => return Err(odd()),
        },
        SortedSetOp::AddTo(_) => {
            O::AddTo(score_of(&answer)?.map_or(AddedTo::Unmet, AddedTo::Scored))
        }
        SortedSetOp::Replace(_) | SortedSetOp::Combine(_) | SortedSetOp::StoreCombined(_) => {
            return Err(odd());
        }
    };
    Ok(Answer::Clear(Outcome::SortedSet(outcome)))
}

fn added(new: u64, changed: u64) -> Added {
    Added::Added { new, changed, trimmed: 0, gone: 0 }
}

fn count(answer: &Heard) -> Result<u64, Fault> {
    let Heard::Number(count) = answer else { return Err(odd()) };
    u64::try_from(*count).map_err(|_| odd())
}

fn score_of(answer: &Heard) -> Result<Option<f64>, Fault> {
    match answer {
        Heard::Nothing => Ok(None),
        Heard::Text(text) => score(text).map(Some),
        Heard::Number(_) | Heard::Okay | Heard::List(_) | Heard::Error(_) | Heard::Odd => {
            Err(odd())
        }
    }
}

/// Members and scores, one after the other, or as the pairs that newer servers make of them.
fn pairs(answer: Heard) -> Result<Vec<Scored>, Fault> {
    let Heard::List(mut words) = answer else { return Err(odd()) };
    let mut told = Vec::with_capacity(words.len());
    if matches!(words.first(), Some(Heard::List(_))) {
        words = words.into_iter().flat_map(Heard::into_list).collect();
    }
    let mut words = words.into_iter();
    while let (Some(member), Some(score)) = (words.next(), words.next()) {
        let (Heard::Text(member), Some(score)) = (member, score_of(&score)?) else {
            return Err(odd());
        };
        told.push(Scored { member: member.into(), score });
    }
    Ok(told)
}
