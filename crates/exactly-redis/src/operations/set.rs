//! Sets: members, each once.

use std::num::NonZeroU64;

use exactly_core::operations::set::{
    Add, Added, Combination, Combine, Contains, MembersPage, Move, Moved, Page, Pop, Random,
    Remove, Replace, Replaced, SetOp, SetOutcome, StoreCombined,
};
use exactly_core::{Bytes, Cursor, Fault, Lifetime, Members, Outcome};

use super::destination;
use crate::fold::{Brief, Terms, only};
use crate::heard::Heard;
use crate::names::KeyStyle;
use crate::native::{Answer, Command};
use crate::server::Knows;
use crate::words::{Told, Words, odd};

/// Writes the arguments of the operation.
pub(crate) fn send(op: &SetOp, args: &mut Words) -> &'static str {
    match op {
        SetOp::Len(_) => "len",
        SetOp::All(_) => "all",
        SetOp::Contains(Contains { members }) => {
            args.list(members);
            "contains"
        }
        SetOp::Page(Page { after, count }) => {
            args.number(place(*after));
            args.number(*count);
            "page"
        }
        SetOp::Random(Random { count }) => {
            args.number(*count);
            "random"
        }
        SetOp::Add(Add { members, limit }) => {
            args.most(*limit);
            args.list(members);
            "add"
        }
        SetOp::Remove(Remove { members }) => {
            args.list(members);
            "remove"
        }
        SetOp::Pop(Pop { count }) => {
            args.number(*count);
            "pop"
        }
        SetOp::Move(Move { member, to }) => {
            args.push(&**member);
            destination(to, args);
            "move"
        }
        SetOp::Replace(Replace { with, limit }) => {
            args.most(*limit);
            args.list(with);
            "replace"
        }
        SetOp::Combine(Combine { how, with }) => {
            args.push(name(*how));
            args.number(with.len() as u64);
            "combine"
        }
        SetOp::StoreCombined(StoreCombined { how, of, limit }) => {
            args.push(name(*how));
            args.most(*limit);
            args.number(of.len() as u64);
            "store"
        }
    }
}

/// The operation in brief, if it is a write of one member.
pub(crate) fn brief(op: &SetOp) -> Option<Brief<'_>> {
    let (letter, members, terms) = match op {
        SetOp::Add(Add { members, limit }) => (b'a', members, Some(Terms::Limit(*limit))),
        SetOp::Remove(Remove { members }) => (b'r', members, None),
        SetOp::Len(_) | SetOp::Contains(_) | SetOp::All(_) | SetOp::Page(_) => return None,
        SetOp::Random(_) | SetOp::Pop(_) | SetOp::Move(_) | SetOp::Replace(_) => return None,
        SetOp::Combine(_) | SetOp::StoreCombined(_) => return None,
    };
    Some(Brief { letter, element: only(members)?, beside: None, terms })
}

fn name(how: Combination) -> &'static str {
    match how {
        Combination::Union => "union",
        Combination::Intersection => "intersection",
        Combination::Difference => "difference",
    }
}

/// The place of a page as the server counts it: from 0, which is also what it says at the end.
fn place(after: Option<Cursor>) -> u64 {
    after.map_or(0, |Cursor(place)| place.get())
}

/// Reads its outcome.
pub(crate) fn outcome(op: &SetOp, told: &Told<'_>) -> Result<SetOutcome, Fault> {
    let members = || Members(told.all_bytes(1));
    Ok(match op {
        SetOp::Len(_) => SetOutcome::Len(told.number(0)?),
        SetOp::Contains(Contains { members }) => SetOutcome::Contains(
            (0..members.len())
                .map(|place| Ok(told.number::<u8>(place)? == 1))
                .collect::<Result<_, Fault>>()?,
        ),
        SetOp::All(_) => SetOutcome::All(members()),
        SetOp::Page(_) => SetOutcome::Page(MembersPage {
            members: members(),
            next: NonZeroU64::new(told.number(0)?).map(Cursor),
        }),
        SetOp::Random(_) => SetOutcome::Random(members()),
        SetOp::Add(_) => SetOutcome::Add(match told.word(0) {
            b"refused" => Added::Full { free: told.number(1)? },
            _ => Added::Added { new: told.number(1)? },
        }),
        SetOp::Remove(_) => SetOutcome::Remove(told.number(0)?),
        SetOp::Pop(_) => SetOutcome::Pop(members()),
        SetOp::Move(_) => SetOutcome::Move(match told.word(0) {
            b"done" => Moved::Moved,
            b"missing" => Moved::Missing,
            b"refused" => Moved::Full,
            _ => return Err(odd()),
        }),
        SetOp::Replace(_) => SetOutcome::Replace(replaced(told)?),
        SetOp::Combine(_) => SetOutcome::Combine(members()),
        SetOp::StoreCombined(_) => SetOutcome::StoreCombined(replaced(told)?),
    })
}

fn replaced(told: &Told<'_>) -> Result<Replaced, Fault> {
    Ok(match told.word(0) {
        b"refused" => Replaced::Full { found: told.number(1)? },
        _ => Replaced::Replaced { len: told.number(1)?, before: told.number(2)? },
    })
}

/// The server's own command for it. What leaves the time to live alone and has no limit to look at
/// is one command, unless it stores a set anew: that drops the time to live.
pub(crate) fn command(
    op: &SetOp,
    lifetime: Lifetime,
    style: KeyStyle,
    on: impl Fn(&str) -> Command,
    knows: Knows,
) -> Option<Command> {
    let on_members = |name: &str, members: &[Bytes]| {
        (!members.is_empty())
            .then(|| members.iter().fold(on(name), |command, member| command.arg(&**member)))
    };
    let unchanged = lifetime == Lifetime::Unchanged;
    match op {
        SetOp::Len(_) => Some(on("SCARD")),
        SetOp::All(_) => Some(on("SMEMBERS")),
        SetOp::Contains(Contains { members }) => {
            on_members(if members.len() == 1 { "SISMEMBER" } else { "SMISMEMBER" }, members)
        }
        SetOp::Page(Page { after, count }) => {
            Some(on("SSCAN").arg(place(*after)).arg("COUNT").arg(*count))
        }
        SetOp::Random(Random { count }) => Some(on("SRANDMEMBER").arg(*count)),
        SetOp::Combine(Combine { how, with }) => {
            let name = match how {
                Combination::Union => "SUNION",
                Combination::Intersection if knows.all_sets_looked_at => "SINTER",
                Combination::Intersection => return None,
                Combination::Difference => "SDIFF",
            };
            Some(with.iter().fold(on(name), |command, key| command.key(key, style)))
        }
        SetOp::Add(Add { members, limit: None }) if unchanged => on_members("SADD", members),
        SetOp::Remove(Remove { members }) if unchanged => on_members("SREM", members),
        SetOp::Pop(Pop { count }) if unchanged => Some(on("SPOP").arg(*count)),
        SetOp::Move(Move { member, to })
            if unchanged && to.limit.is_none() && to.lifetime == Lifetime::Unchanged =>
        {
            Some(on("SMOVE").key(&to.key, style).arg(&**member))
        }
        SetOp::Add(_) | SetOp::Remove(_) | SetOp::Pop(_) | SetOp::Move(_) => None,
        SetOp::Replace(_) | SetOp::StoreCombined(_) => None,
    }
}

/// What that command answered.
pub(crate) fn answer(op: &SetOp, answer: Heard) -> Result<Answer, Fault> {
    let told = match answer {
        // Whatever it refuses, it has not begun.
        Heard::Error(_) => return Ok(Answer::Unclear),
        Heard::Number(number) => of_number(op, number),
        Heard::List(list) => of_list(op, list),
        Heard::Nothing | Heard::Okay | Heard::Text(_) | Heard::Odd => None,
    };
    match (op, told) {
        // No member, or a target that is no set, which the server does not look at then.
        (SetOp::Move(_), Some(SetOutcome::Move(Moved::Missing))) => Ok(Answer::Unclear),
        (_, Some(told)) => Ok(Answer::Clear(Outcome::Set(told))),
        (_, None) => Err(odd()),
    }
}

fn of_number(op: &SetOp, number: i64) -> Option<SetOutcome> {
    let count = u64::try_from(number).ok()?;
    match op {
        SetOp::Len(_) => Some(SetOutcome::Len(count)),
        SetOp::Contains(_) => Some(SetOutcome::Contains([count == 1].into_iter().collect())),
        SetOp::Add(_) => Some(SetOutcome::Add(Added::Added { new: count })),
        SetOp::Remove(_) => Some(SetOutcome::Remove(count)),
        SetOp::Move(_) => {
            Some(SetOutcome::Move(if count == 1 { Moved::Moved } else { Moved::Missing }))
        }
        SetOp::All(_) | SetOp::Page(_) | SetOp::Random(_) | SetOp::Pop(_) => None,
        SetOp::Combine(_) | SetOp::Replace(_) | SetOp::StoreCombined(_) => None,
    }
}

fn of_list(op: &SetOp, list: Vec<Heard>) -> Option<SetOutcome> {
    match op {
        SetOp::Contains(_) => {
            let is_there = |heard| match heard {
                Heard::Number(is) => Some(is == 1),
                Heard::Nothing | Heard::Okay | Heard::Text(_) | Heard::List(_) => None,
                Heard::Error(_) | Heard::Odd => None,
            };
            list.into_iter().map(is_there).collect::<Option<_>>().map(SetOutcome::Contains)
        }
        SetOp::Page(_) => {
            let [next, Heard::List(list)] = <[Heard; 2]>::try_from(list).ok()? else { return None };
            let next = NonZeroU64::new(next.text().parse().ok()?).map(Cursor);
            Some(SetOutcome::Page(MembersPage { members: members(list)?, next }))
        }
        SetOp::All(_) => members(list).map(SetOutcome::All),
        SetOp::Random(_) => members(list).map(SetOutcome::Random),
        SetOp::Pop(_) => members(list).map(SetOutcome::Pop),
        SetOp::Combine(_) => members(list).map(SetOutcome::Combine),
        SetOp::Len(_) | SetOp::Add(_) | SetOp::Remove(_) | SetOp::Move(_) => None,
        SetOp::Replace(_) | SetOp::StoreCombined(_) => None,
    }
}

fn members(list: Vec<Heard>) -> Option<Members> {
    let member = |heard| match heard {
        Heard::Text(text) => Some(Bytes::from(text)),
        Heard::Nothing | Heard::Okay | Heard::Number(_) | Heard::List(_) => None,
        Heard::Error(_) | Heard::Odd => None,
    };
    list.into_iter().map(member).collect::<Option<_>>().map(Members)
}
