//! Lists: elements in an order, taken and put at both ends.

use exactly_core::operations::list::{
    End, Insert, Inserted, ListOp, ListOutcome, Move, Moved, Pop, Position, Push, PushIfRoom,
    Pushed, PushedIfRoom, Range, Remove, Replace, SetAt, SetAtOutcome, Side, Trim,
};
use exactly_core::{Bytes, Fault, Lifetime, Outcome};

use super::destination;
use crate::heard::Heard;
use crate::native::{Answer, Command};
use crate::words::{Told, Words};

/// Writes the arguments of the operation.
pub(crate) fn send(op: &ListOp, args: &mut Words) -> &'static str {
    match op {
        ListOp::Len(_) => "len",
        ListOp::Range(Range { from, to }) => {
            args.number(*from);
            args.number(*to);
            "range"
        }
        ListOp::Position(Position { element, end }) => {
            args.push(&**element);
            args.push(rank(*end));
            "position"
        }
        ListOp::Push(Push { end, elements, limit }) => {
            args.push(side(*end));
            args.most(*limit);
            args.list(elements);
            "push"
        }
        ListOp::PushIfRoom(PushIfRoom { end, elements, limit }) => {
            args.push(side(*end));
            args.most(Some(*limit));
            args.list(elements);
            "room"
        }
        ListOp::Pop(Pop { end, count }) => {
            args.push(side(*end));
            args.number(*count);
            "pop"
        }
        ListOp::SetAt(op) => send_set_at(op, args),
        ListOp::Insert(op) => send_insert(op, args),
        ListOp::Remove(op) => send_remove(op, args),
        ListOp::Trim(Trim { from, to }) => {
            args.number(*from);
            args.number(*to);
            "trim"
        }
        ListOp::Move(op) => send_move(op, args),
        ListOp::Replace(Replace { with, limit }) => {
            args.most(*limit);
            args.list(with);
            "replace"
        }
    }
}

fn send_set_at(SetAt { index, to }: &SetAt, args: &mut Words) -> &'static str {
    args.number(*index);
    args.push(&**to);
    "set"
}

fn send_insert(op: &Insert, args: &mut Words) -> &'static str {
    args.push(beside(op.side));
    args.push(&*op.pivot);
    args.push(&*op.element);
    args.most(op.limit);
    "insert"
}

fn send_remove(Remove { element, end, count }: &Remove, args: &mut Words) -> &'static str {
    args.push(&**element);
    args.push(side(*end));
    match count {
        Some(count) => args.number(*count),
        None => args.push(""),
    }
    "remove"
}

fn send_move(Move { from, to, end }: &Move, args: &mut Words) -> &'static str {
    args.push(side(*from));
    args.push(side(*end));
    destination(to, args);
    "move"
}

fn side(end: End) -> &'static str {
    match end {
        End::Front => "front",
        End::Back => "back",
    }
}

fn rank(end: End) -> &'static str {
    match end {
        End::Front => "1",
        End::Back => "-1",
    }
}

fn beside(side: Side) -> &'static str {
    match side {
        Side::Before => "BEFORE",
        Side::After => "AFTER",
    }
}

/// Reads its outcome.
pub(crate) fn outcome(op: &ListOp, told: &Told<'_>) -> Result<ListOutcome, Fault> {
    let refused = told.is(0, "refused");
    Ok(match op {
        ListOp::Len(_) => ListOutcome::Len(told.number(0)?),
        ListOp::Range(_) => ListOutcome::Range(told.all_bytes(1)),
        ListOp::Position(_) => {
            let found = told.is(0, "some").then(|| told.number(1)).transpose()?;
            ListOutcome::Position(found)
        }
        ListOp::Push(_) => {
            ListOutcome::Push(Pushed { len: told.number(1)?, before: told.number(2)? })
        }
        ListOp::PushIfRoom(_) => ListOutcome::PushIfRoom(if refused {
            PushedIfRoom::Full { free: told.number(1)? }
        } else {
            PushedIfRoom::Pushed { len: told.number(1)? }
        }),
        ListOp::Pop(_) => ListOutcome::Pop(told.all_bytes(1)),
        ListOp::SetAt(_) => ListOutcome::SetAt(if refused {
            SetAtOutcome::OutOfRange { len: told.number(1)? }
        } else {
            SetAtOutcome::Set
        }),
        ListOp::Insert(_) => ListOutcome::Insert(match (refused, told.word(1)) {
            (false, _) => Inserted::Inserted { len: told.number(1)? },
            (true, b"") => Inserted::NoPivot,
            (true, _) => Inserted::Full { len: told.number(1)? },
        }),
        ListOp::Remove(_) => ListOutcome::Remove(told.number(0)?),
        ListOp::Trim(_) => ListOutcome::Trim(told.number(0)?),
        ListOp::Move(_) => ListOutcome::Move(if refused {
            Moved::Empty
        } else {
            Moved::Moved { element: told.bytes(1) }
        }),
        ListOp::Replace(_) => ListOutcome::Replace(told.number(0)?),
    })
}

/// The server's own command for it. `LSET` is none: it answers a refusal as an error, and by the
/// time a script has told why, another caller's push may have made it possible.
pub(crate) fn command(
    op: &ListOp,
    lifetime: Lifetime,
    on: impl Fn(&str) -> Command,
) -> Option<Command> {
    match op {
        ListOp::Len(_) => Some(on("LLEN")),
        ListOp::Range(Range { from, to }) => Some(on("LRANGE").arg(*from).arg(*to)),
        ListOp::Position(Position { element, end }) => {
            Some(on("LPOS").arg(&**element).arg("RANK").arg(rank(*end)))
        }
        ListOp::Push(Push { end, elements, limit: None })
            if lifetime == Lifetime::Unchanged && !elements.is_empty() =>
        {
            let command = on(match end {
                End::Front => "LPUSH",
                End::Back => "RPUSH",
            });
            Some(elements.iter().fold(command, |command, element| command.arg(&**element)))
        }
        ListOp::Pop(Pop { end, count }) if lifetime == Lifetime::Unchanged => {
            let command = on(match end {
                End::Front => "LPOP",
                End::Back => "RPOP",
            });
            // Servers before Redis 6.2 know no count, and refuse.
            Some(if *count == 1 { command } else { command.arg(*count) })
        }
        ListOp::Insert(Insert { side, pivot, element, limit: None })
            if lifetime == Lifetime::Unchanged =>
        {
            Some(on("LINSERT").arg(beside(*side)).arg(&**pivot).arg(&**element))
        }
        ListOp::Remove(Remove { element, end, count })
            if lifetime == Lifetime::Unchanged && *count != Some(0) =>
        {
            let count = i64::try_from(count.unwrap_or_default()).ok()?;
            let count = if *end == End::Front { count } else { -count };
            Some(on("LREM").arg(count).arg(&**element))
        }
        ListOp::Push(_) | ListOp::PushIfRoom(_) | ListOp::Pop(_) | ListOp::SetAt(_) => None,
        ListOp::Insert(_) | ListOp::Remove(_) | ListOp::Trim(_) => None,
        ListOp::Move(_) | ListOp::Replace(_) => None,
    }
}

/// What that command answered.
pub(crate) fn answer(op: &ListOp, answer: Heard) -> Answer {
    let told = match op {
        ListOp::Len(_) => count(&answer).map(ListOutcome::Len),
        ListOp::Range(_) => elements(answer).map(ListOutcome::Range),
        ListOp::Position(_) => match answer {
            Heard::Nothing => Some(ListOutcome::Position(None)),
            Heard::Number(_) => count(&answer).map(|place| ListOutcome::Position(Some(place))),
            Heard::Okay | Heard::Text(_) | Heard::List(_) | Heard::Error(_) | Heard::Odd => None,
        },
        ListOp::Push(Push { elements, .. }) => count(&answer).and_then(|len| {
            let before = len.checked_sub(elements.len() as u64)?;
            Some(ListOutcome::Push(Pushed { len, before }))
        }),
        ListOp::Pop(_) => elements(answer).map(ListOutcome::Pop),
        ListOp::Insert(_) => match answer {
            // No such element, or no list.
            Heard::Number(-1 | 0) => Some(ListOutcome::Insert(Inserted::NoPivot)),
            Heard::Number(_)
            | Heard::Nothing
            | Heard::Okay
            | Heard::Text(_)
            | Heard::List(_)
            | Heard::Error(_)
            | Heard::Odd => {
                count(&answer).map(|len| ListOutcome::Insert(Inserted::Inserted { len }))
            }
        },
        ListOp::Remove(_) => count(&answer).map(ListOutcome::Remove),
        ListOp::SetAt(_) | ListOp::PushIfRoom(_) | ListOp::Trim(_) => None,
        ListOp::Move(_) | ListOp::Replace(_) => None,
    };
    told.map_or(Answer::Unclear, |told| Answer::Clear(Outcome::List(told)))
}

fn count(answer: &Heard) -> Option<u64> {
    match answer {
        Heard::Number(number) => u64::try_from(*number).ok(),
        Heard::Nothing | Heard::Okay | Heard::Text(_) | Heard::List(_) => None,
        Heard::Error(_) | Heard::Odd => None,
    }
}

/// One element, several, or none.
fn elements(answer: Heard) -> Option<Vec<Bytes>> {
    let parts = match answer {
        Heard::Nothing => Vec::new(),
        Heard::List(parts) => parts,
        Heard::Text(_) => vec![answer],
        Heard::Okay | Heard::Number(_) | Heard::Error(_) | Heard::Odd => return None,
    };
    parts.into_iter().map(text).collect()
}

fn text(part: Heard) -> Option<Bytes> {
    match part {
        Heard::Text(bytes) => Some(Bytes::from(bytes)),
        Heard::Nothing | Heard::Okay | Heard::Number(_) | Heard::List(_) => None,
        Heard::Error(_) | Heard::Odd => None,
    }
}
