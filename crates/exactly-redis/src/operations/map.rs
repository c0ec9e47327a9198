//! Maps: fields, each with a value.

use std::num::NonZeroU64;

use exactly_core::operations::counter::Number;
use exactly_core::operations::map::{
    Add, AddReal, AddedToField, Contains, Filled, Get, MapOp, MapOutcome, Page, Pairs, PairsPage,
    Remove, Replace, ReplaceIf, Replaced, ReplacedAll, Set, SetFields, SetIfAbsent, Take,
};
use exactly_core::{Bytes, Cursor, Fault, Few, Members, Outcome, Scalar};

use crate::fold::{Beside, Brief, Terms, only};
use crate::heard::Heard;
use crate::native::{Answer, Command};
use crate::words::{Told, Words, odd};

/// The fields that no map has: each tells the hash of another kind.
const OF_OTHERS: [&str; 5] = ["::limit", "::fence", "::arrival", "::queue", "::attempts"];

/// Writes the arguments of the operation.
pub(crate) fn send(op: &MapOp, args: &mut Words) -> &'static str {
    match op {
        MapOp::Len(_) => "len",
        MapOp::All(_) => "all",
        MapOp::Fields(_) => "fields",
        MapOp::Get(Get { fields }) => named(fields, args, "get"),
        MapOp::Contains(Contains { fields }) => named(fields, args, "contains"),
        MapOp::Remove(Remove { fields }) => named(fields, args, "remove"),
        MapOp::Take(Take { fields }) => named(fields, args, "take"),
        MapOp::Page(Page { after, count }) => {
            args.number(after.map_or(0, |Cursor(after)| after.get()));
            args.number(*count);
            "page"
        }
        MapOp::Set(Set { pairs, limit }) => valued(pairs, *limit, args, "set"),
        MapOp::SetIfAbsent(SetIfAbsent { pairs, limit }) => valued(pairs, *limit, args, "absent"),
        MapOp::Replace(Replace { with, limit }) => valued(with, *limit, args, "replace"),
        MapOp::ReplaceIf(ReplaceIf { field, old, to, limit }) => {
            args.most(*limit);
            args.push(&**field);
            for value in [old, to] {
                args.push(if value.is_some() { "1" } else { "" });
                value.iter().for_each(|value| args.push(&**value));
            }
            "exchange"
        }
        MapOp::Add(Add { field, by, limit }) => added_to(field, *by, *limit, args, "add"),
        MapOp::AddReal(AddReal { field, by, limit }) => added_to(field, *by, *limit, args, "real"),
    }
}

/// The operation in brief, if it is a write of one field.
pub(crate) fn brief(op: &MapOp) -> Option<Brief<'_>> {
    let valued = |letter, pairs, limit: &_| {
        let (element, value) = only(pairs)?;
        let (beside, terms) = (Some(Beside::Value(value)), Some(Terms::Limit(*limit)));
        Some(Brief { letter, element, beside, terms })
    };
    let named =
        |letter, fields| Some(Brief { letter, element: only(fields)?, beside: None, terms: None });
    match op {
        MapOp::Set(Set { pairs, limit }) => valued(b's', pairs, limit),
        MapOp::SetIfAbsent(SetIfAbsent { pairs, limit }) => valued(b'n', pairs, limit),
        MapOp::Add(Add { field, by, limit }) => {
            let (beside, terms) = (Some(Beside::Number(*by)), Some(Terms::Limit(*limit)));
            Some(Brief { letter: b'i', element: field, beside, terms })
        }
        MapOp::Remove(Remove { fields }) => named(b'r', fields),
        MapOp::Take(Take { fields }) => named(b't', fields),
        MapOp::Len(_) | MapOp::Get(_) | MapOp::Contains(_) | MapOp::All(_) => None,
        MapOp::Fields(_) | MapOp::Page(_) | MapOp::Replace(_) => None,
        MapOp::ReplaceIf(_) | MapOp::AddReal(_) => None,
    }
}

fn named(fields: &[Bytes], args: &mut Words, name: &'static str) -> &'static str {
    args.list(fields);
    name
}

fn valued(
    pairs: &[(Bytes, Bytes)],
    limit: Option<NonZeroU64>,
    args: &mut Words,
    name: &'static str,
) -> &'static str {
    args.most(limit);
    args.number(2 * pairs.len() as u64);
    for (field, value) in pairs {
        args.push(&**field);
        args.push(&**value);
    }
    name
}

fn added_to<N: Number>(
    field: &Bytes,
    by: N,
    limit: Option<NonZeroU64>,
    args: &mut Words,
    name: &'static str,
) -> &'static str {
    args.most(limit);
    args.push(&**field);
    args.push(&*by.write().to_bytes());
    name
}

/// Reads its outcome.
pub(crate) fn outcome(op: &MapOp, told: &Told<'_>) -> Result<MapOutcome, Fault> {
    let refused = told.is(0, "refused");
    Ok(match op {
        MapOp::Len(_) => MapOutcome::Len(told.number(1)?),
        MapOp::Get(_) => MapOutcome::Get(values(told)),
        MapOp::Contains(_) => MapOutcome::Contains(marks(told).collect()),
        MapOp::All(_) => MapOutcome::All(pairs(told.all_bytes(1))),
        MapOp::Fields(_) => MapOutcome::Fields(Members(told.all_bytes(1))),
        MapOp::Page(_) => MapOutcome::Page(PairsPage {
            pairs: pairs(told.all_bytes(2)),
            next: NonZeroU64::new(told.number(1)?).map(Cursor),
        }),
        MapOp::Set(_) => MapOutcome::Set(match told.number(1)? {
            free if refused => SetFields::Full { free },
            new => SetFields::Set { new },
        }),
        MapOp::SetIfAbsent(_) => MapOutcome::SetIfAbsent(if !refused {
            Filled::Filled { set: marks(told).collect() }
        } else if told.is(1, "present") {
            Filled::Present
        } else {
            Filled::Full { free: told.number(2)? }
        }),
        MapOp::ReplaceIf(_) => MapOutcome::ReplaceIf(if !refused {
            Replaced::Replaced
        } else if told.is(1, "full") {
            Replaced::Full
        } else {
            Replaced::Differs { found: told.is(1, "some").then(|| told.bytes(2)) }
        }),
        MapOp::Remove(_) => MapOutcome::Remove(told.number(1)?),
        MapOp::Take(_) => MapOutcome::Take(values(told)),
        MapOp::Add(_) => MapOutcome::Add(added(told)?),
        MapOp::AddReal(_) => MapOutcome::AddReal(added(told)?),
        MapOp::Replace(_) => MapOutcome::Replace(if refused {
            ReplacedAll::Full
        } else {
            ReplacedAll::Replaced { before: told.number(1)? }
        }),
    })
}

/// One mark for each field that was asked about.
fn marks<'a>(told: &Told<'a>) -> impl Iterator<Item = bool> + use<'a> {
    told.word(1).iter().map(|mark| *mark == b'1')
}

/// The values of those fields that have a mark.
fn values(told: &Told<'_>) -> Few<Option<Bytes>> {
    let mut place = 1;
    let mut value = |there: bool| {
        place += usize::from(there);
        there.then(|| told.bytes(place))
    };
    marks(told).map(&mut value).collect()
}

/// Fields and values by turns.
fn pairs(told: Vec<Bytes>) -> Pairs {
    let mut told = told.into_iter();
    Pairs(std::iter::from_fn(|| Some((told.next()?, told.next()?))).collect())
}

fn added<N: Number>(told: &Told<'_>) -> Result<AddedToField<N>, Fault> {
    if told.is(0, "refused") {
        return Ok(AddedToField::Full);
    }
    let sum = N::read(&Scalar::Bytes(told.bytes(1))).ok_or_else(odd)?;
    Ok(AddedToField::Added(sum))
}

/// The server's own command for it, where its answer tells a map from a capacity. Those that write
/// do not, nor do those that answer a number.
pub(crate) fn command(op: &MapOp, on: impl Fn(&str) -> Command) -> Option<Command> {
    match op {
        MapOp::Get(Get { fields }) => {
            let get = OF_OTHERS.iter().fold(on("HMGET"), |get, field| get.arg(*field));
            Some(fields.iter().fold(get, |get, field| get.arg(&**field)))
        }
        MapOp::All(_) => Some(on("HGETALL")),
        MapOp::Fields(_) => Some(on("HKEYS")),
        // A page of another kind may be one without the field that tells it.
        MapOp::Len(_) | MapOp::Contains(_) | MapOp::Page(_) => None,
        MapOp::Set(_) | MapOp::SetIfAbsent(_) | MapOp::ReplaceIf(_) | MapOp::Replace(_) => None,
        MapOp::Remove(_) | MapOp::Take(_) | MapOp::Add(_) | MapOp::AddReal(_) => None,
    }
}

/// What that command answered.
pub(crate) fn answer(op: &MapOp, answer: Heard) -> Result<Answer, Fault> {
    let Heard::List(told) = answer else { return Ok(Answer::Unclear) };
    let outcome = match op {
        MapOp::Get(_) => {
            let mut told = told.into_iter();
            let mut others = told.by_ref().take(OF_OTHERS.len());
            if !others.all(|told| matches!(told, Heard::Nothing)) {
                return Ok(Answer::Unclear);
            }
            MapOutcome::Get(told.map(text).collect::<Result<_, _>>()?)
        }
        MapOp::All(_) => {
            let Pairs(pairs) = pairs(texts(told)?);
            if pairs.iter().any(|(field, _)| is_of_another_kind(field)) {
                return Ok(Answer::Unclear);
            }
            MapOutcome::All(Pairs(pairs))
        }
        MapOp::Fields(_) => {
            let fields = texts(told)?;
            if fields.iter().any(is_of_another_kind) {
                return Ok(Answer::Unclear);
            }
            MapOutcome::Fields(Members(fields))
        }
        MapOp::Len(_) | MapOp::Contains(_) | MapOp::Page(_) => return Ok(Answer::Unclear),
        MapOp::Set(_) | MapOp::SetIfAbsent(_) | MapOp::ReplaceIf(_) | MapOp::Replace(_) => {
            return Ok(Answer::Unclear);
        }
        MapOp::Remove(_) | MapOp::Take(_) | MapOp::Add(_) | MapOp::AddReal(_) => {
            return Ok(Answer::Unclear);
        }
    };
    Ok(Answer::Clear(Outcome::Map(outcome)))
}

fn is_of_another_kind(field: &Bytes) -> bool {
    OF_OTHERS.iter().any(|other| **field == *other.as_bytes())
}

fn texts(told: Vec<Heard>) -> Result<Vec<Bytes>, Fault> {
    told.into_iter().map(|told| text(told)?.ok_or_else(odd)).collect()
}

fn text(told: Heard) -> Result<Option<Bytes>, Fault> {
    match told {
        Heard::Nothing => Ok(None),
        Heard::Text(text) => Ok(Some(Bytes::from(text))),
        Heard::Okay | Heard::Number(_) | Heard::List(_) | Heard::Error(_) | Heard::Odd => {
            Err(odd())
        }
    }
}
