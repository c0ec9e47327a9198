//! Operations as they are sent, and outcomes as they come back. The Lua beside each file is what
//! the server runs.

pub(crate) mod capacity;
pub(crate) mod counter;
pub(crate) mod flag;
pub(crate) mod key;
pub(crate) mod limiter;
pub(crate) mod list;
pub(crate) mod lock;
pub(crate) mod map;
pub(crate) mod once;
pub(crate) mod queue;
pub(crate) mod set;
pub(crate) mod sorted_set;
pub(crate) mod value;

use std::time::Duration;

use exactly_core::operations::counter::CounterOp;
use exactly_core::operations::flag::FlagOp;
use exactly_core::operations::value::ValueOp;
use exactly_core::{Destination, Fault, Lifetime, Misuse, Op, Outcome, Step, Timestamp};

use crate::fold::Brief;
use crate::heard::Heard;
use crate::names::{Companion, KeyStyle};
use crate::native::{Answer, Command};
use crate::script::Part;
use crate::server::Knows;
use crate::words::{Told, Words, odd};

/// How a script finds an operation.
#[derive(Debug)]
pub(crate) struct Sent {
    /// The function of the script that knows the kind.
    pub(crate) kind: &'static str,
    /// Which operation of it.
    pub(crate) name: &'static str,
}

/// The part of a script that knows this operation.
pub(crate) fn part(op: &Op) -> Part {
    match op {
        Op::Key(_) => Part::Object,
        Op::Counter(_) | Op::Float(_) => Part::Counter,
        Op::Value(_) => Part::Value,
        Op::Flag(_) => Part::Flag,
        Op::Capacity(_) => Part::Capacity,
        Op::List(_) => Part::List,
        Op::Set(_) => Part::Set,
        Op::SortedSet(_) => Part::SortedSet,
        Op::Map(_) => Part::Map,
        Op::Lock(_) => Part::Lock,
        Op::Limiter(_) => Part::Limiter,
        Op::Queue(_) => Part::Queue,
        Op::Once(_) => Part::Once,
    }
}

/// What may stand beside the objects of this operation.
pub(crate) fn companions(op: &Op) -> &'static [Companion] {
    match op {
        Op::Key(_) => Companion::ALL,
        Op::Counter(_) | Op::Float(_) | Op::Value(_) | Op::Flag(_) => &[Companion::Epoch],
        Op::Capacity(_) | Op::Lock(_) | Op::Once(_) => &[Companion::Leases],
        Op::Queue(_) => {
            &[Companion::Leases, Companion::Waiting, Companion::Dead, Companion::Unique]
        }
        Op::List(_) | Op::Set(_) | Op::SortedSet(_) | Op::Map(_) | Op::Limiter(_) => &[],
    }
}

/// Writes the operation's own arguments.
pub(crate) fn send(op: &Op, args: &mut Words) -> Sent {
    match op {
        Op::Key(op) => Sent { kind: "object", name: key::send(op, args) },
        Op::Counter(op) => Sent { kind: "counter", name: counter::send(op, args) },
        Op::Float(op) => Sent { kind: "float", name: counter::send(op, args) },
        Op::Value(op) => Sent { kind: "value", name: value::send(op, args) },
        Op::Flag(op) => Sent { kind: "flag", name: flag::send(op) },
        Op::Capacity(op) => Sent { kind: "capacity", name: capacity::send(op, args) },
        Op::List(op) => Sent { kind: "list", name: list::send(op, args) },
        Op::Set(op) => Sent { kind: "set", name: set::send(op, args) },
        Op::SortedSet(op) => Sent { kind: "sorted", name: sorted_set::send(op, args) },
        Op::Map(op) => Sent { kind: "map", name: map::send(op, args) },
        Op::Lock(op) => Sent { kind: "lock", name: lock::send(op, args) },
        Op::Limiter(op) => Sent { kind: "limiter", name: limiter::send(op, args) },
        Op::Queue(op) => Sent { kind: "queue", name: queue::send(op, args) },
        Op::Once(op) => Sent { kind: "once", name: once::send(op, args) },
    }
}

/// The operation in brief, if it is a write of one element.
pub(crate) fn brief(op: &Op) -> Option<Brief<'_>> {
    match op {
        Op::Set(op) => set::brief(op),
        Op::SortedSet(op) => sorted_set::brief(op),
        Op::Map(op) => map::brief(op),
        Op::Key(_) | Op::Counter(_) | Op::Float(_) | Op::Value(_) | Op::Flag(_) => None,
        Op::Capacity(_) | Op::List(_) => None,
        Op::Lock(_) | Op::Limiter(_) | Op::Queue(_) | Op::Once(_) => None,
    }
}

/// Reads what the operation answered.
pub(crate) fn outcome(op: &Op, told: &Told<'_>) -> Result<Outcome, Fault> {
    if told.is(0, "misuse") {
        return misuse_of(op, told).map(Outcome::Misuse);
    }
    Ok(match op {
        Op::Key(op) => Outcome::Key(key::outcome(op, told)?),
        Op::Counter(op) => Outcome::Counter(counter::outcome(op, told)?),
        Op::Float(op) => Outcome::Float(counter::outcome(op, told)?),
        Op::Value(op) => Outcome::Value(value::outcome(op, told)),
        Op::Flag(op) => Outcome::Flag(flag::outcome(op, told)),
        Op::Capacity(op) => Outcome::Capacity(capacity::outcome(op, told)?),
        Op::List(op) => Outcome::List(list::outcome(op, told)?),
        Op::Set(op) => Outcome::Set(set::outcome(op, told)?),
        Op::SortedSet(op) => Outcome::SortedSet(sorted_set::outcome(op, told)?),
        Op::Map(op) => Outcome::Map(map::outcome(op, told)?),
        Op::Lock(op) => Outcome::Lock(lock::outcome(op, told)?),
        Op::Limiter(op) => Outcome::Limiter(limiter::outcome(op, told)?),
        Op::Queue(op) => Outcome::Queue(queue::outcome(op, told)?),
        Op::Once(op) => Outcome::Once(once::outcome(op, told)?),
    })
}

/// The command of the server that does all the step asks, if there is one.
pub(crate) fn command(step: &Step, style: KeyStyle, knows: Knows) -> Option<Command> {
    let on = |name: &str| Command::on(&step.key, name, style);
    match &step.op {
        Op::Key(op) => key::command(op, on),
        Op::Counter(op) => counter::command(op, step, on, knows),
        Op::Float(op) => counter::read_command(op, on),
        Op::Value(op) => value::command(op, step.lifetime, on, knows),
        Op::Flag(op) => flag::command(op, step.lifetime, on),
        Op::Capacity(_) => None,
        Op::List(op) => list::command(op, step.lifetime, on),
        Op::Set(op) => set::command(op, step.lifetime, style, on, knows),
        Op::SortedSet(op) => sorted_set::command(op, step.lifetime, on),
        Op::Map(op) => map::command(op, on),
        Op::Lock(_) | Op::Limiter(_) | Op::Queue(_) | Op::Once(_) => None,
    }
}

/// Whether the operation is answered by the text at its key, and nothing else.
pub(crate) fn reads_text(op: &Op) -> bool {
    match op {
        Op::Counter(op) => matches!(op, CounterOp::Get(_)),
        Op::Float(op) => matches!(op, CounterOp::Get(_)),
        Op::Value(op) => matches!(op, ValueOp::Get(_)),
        Op::Flag(op) => matches!(op, FlagOp::IsMarked(_)),
        Op::Key(_) | Op::Capacity(_) => false,
        Op::List(_) | Op::Set(_) | Op::SortedSet(_) | Op::Map(_) => false,
        Op::Lock(_) | Op::Limiter(_) | Op::Queue(_) | Op::Once(_) => false,
    }
}

/// What that command answered.
pub(crate) fn answer(step: &Step, answer: Heard) -> Result<Answer, Fault> {
    match &step.op {
        Op::Key(op) => key::answer(op, &answer),
        Op::Counter(op) => counter::answer(op, &answer),
        Op::Float(op) => Ok(counter::read_answer(op, &answer, Outcome::Float)),
        Op::Value(op) => Ok(value::answer(op, answer)),
        Op::Flag(op) => Ok(flag::answer(op, &answer)),
        Op::Capacity(_) => Ok(Answer::Unclear),
        Op::List(op) => Ok(list::answer(op, answer)),
        Op::Set(op) => set::answer(op, answer),
        Op::SortedSet(op) => sorted_set::answer(op, answer),
        Op::Map(op) => map::answer(op, answer),
        Op::Lock(_) | Op::Limiter(_) | Op::Queue(_) | Op::Once(_) => Ok(Answer::Unclear),
    }
}

/// Writes what becomes of an object that something is put into. Its keys are declared by then.
pub(crate) fn destination(to: &Destination, args: &mut Words) {
    args.most(to.limit);
    let (how, time) = lifetime(to.lifetime);
    args.push(how);
    args.number(time);
}

/// A lifetime as scripts take it.
pub(crate) fn lifetime(lifetime: Lifetime) -> (&'static str, i128) {
    match lifetime {
        Lifetime::Unchanged => ("", 0),
        Lifetime::FromFirstWrite(ttl) => ("first", millis(ttl)),
        Lifetime::Sliding(ttl) => ("sliding", millis(ttl)),
        Lifetime::Until(at) => ("until", moment(at).into()),
    }
}

/// Reads what does not fit what is stored, at this operation's own key or at another that it names.
pub(crate) fn misuse_of(op: &Op, told: &Told<'_>) -> Result<Misuse, Fault> {
    let misuse = misuse(told)?;
    if told.word(1) != b"type" || told.word(4).is_empty() {
        return Ok(misuse);
    }
    let place: usize = told.number(4)?;
    let other = place.checked_sub(1).and_then(|place| op.other_keys().nth(place));
    Ok(misuse.elsewhere(other.ok_or_else(odd)?))
}

/// Reads what does not fit what is stored.
pub(crate) fn misuse(told: &Told<'_>) -> Result<Misuse, Fault> {
    let texts = || (told.text(2), told.text(3));
    Ok(match told.word(1) {
        b"type" => {
            let (expected, found) = texts();
            Misuse::wrong_type(expected, found)
        }
        b"number" => Misuse::NotANumber { expected: told.text(2).into(), found: told.bytes(3) },
        b"overflow" => {
            let (old, sign) = texts();
            Misuse::Overflow(format!("{old} {sign} {} does not fit", told.text(4)))
        }
        b"number in" => Misuse::not_a_number_in(&told.bytes(3), &told.text(2), told.bytes(4)),
        b"overflow in" => Misuse::overflow_in(&told.bytes(2), &told.text(3), &told.text(4)),
        b"server" => Misuse::Refused(told.text(2)),
        _ => return Err(odd()),
    })
}

/// A lease or a wait: in microseconds, as scripts tell the time, and never shorter than asked for.
pub(crate) fn micros(time: Duration) -> i128 {
    i128::try_from(time.as_nanos().div_ceil(1_000)).unwrap_or(i128::MAX)
}

/// A time as the server takes it: in whole milliseconds, and never shorter than asked for.
pub(crate) fn millis(time: Duration) -> i128 {
    i128::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(i128::MAX)
}

/// A moment as the server takes it: in whole milliseconds, and never earlier than asked for. Where
/// commands are concerned time begins at one, which is over as well.
pub(crate) fn moment(at: Timestamp) -> u64 {
    at.as_nanos().div_ceil(1_000_000).max(1)
}
