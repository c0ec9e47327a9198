//! Counters: whole numbers, and their floating-point twin.

use exactly_core::operations::counter::{
    Add, AddTimes, AddUndoable, Added, AddedTimes, AddedUndoable, Bounds, CounterOp,
    CounterOutcome, Get, Number, Put, Set, Swap, Swapped, Undo, Undone,
};
use exactly_core::{Bytes, Epoch, Fault, Lifetime, Outcome, Scalar, Step};

use crate::heard::Heard;
use crate::native::{Answer, Command};
use crate::request::Addition;
use crate::server::Knows;
use crate::words::{Told, Words, odd};

/// Writes the arguments of the operation.
pub(crate) fn send<N: Number>(op: &CounterOp<N>, args: &mut Words) -> &'static str {
    match op {
        CounterOp::Get(Get { start }) => {
            number(*start, args);
            "get"
        }
        CounterOp::Add(Add { by, start, bounds }) => {
            step(*by, *start, bounds, args);
            args.push("");
            "add"
        }
        CounterOp::AddUndoable(AddUndoable { by, start, bounds }) => {
            step(*by, *start, bounds, args);
            // Should the counter begin a new epoch, this is its number.
            args.number(fastrand::u64(1..));
            "undoable"
        }
        CounterOp::AddTimes(AddTimes { by, times, start, bounds }) => {
            step(*by, *start, bounds, args);
            args.number(*times);
            "times"
        }
        CounterOp::Undo(Undo { by, epoch, bounds }) => {
            number(*by, args);
            args.number(epoch.0);
            ends(bounds, args);
            "undo"
        }
        CounterOp::Set(Set { to, bounds }) => {
            step(*to, *to, bounds, args);
            "set"
        }
        CounterOp::Swap(Swap { to, start, bounds }) => {
            step(*to, *start, bounds, args);
            "swap"
        }
    }
}

fn step<N: Number>(by: N, start: N, bounds: &Bounds<N>, args: &mut Words) {
    number(by, args);
    number(start, args);
    ends(bounds, args);
}

fn ends<N: Number>(bounds: &Bounds<N>, args: &mut Words) {
    for end in [bounds.min, bounds.max] {
        match end {
            Some(end) => number(end, args),
            None => args.push(""),
        }
    }
}

fn number<N: Number>(number: N, args: &mut Words) {
    args.push(&*number.write().to_bytes());
}

fn read<N: Number>(told: &Told<'_>, place: usize) -> Result<N, Fault> {
    N::read(&Scalar::Bytes(told.bytes(place))).ok_or_else(odd)
}

/// Reads its outcome.
pub(crate) fn outcome<N: Number>(
    op: &CounterOp<N>,
    told: &Told<'_>,
) -> Result<CounterOutcome<N>, Fault> {
    let refused = told.is(0, "refused");
    Ok(match op {
        CounterOp::Get(_) => CounterOutcome::Get(read(told, 0)?),
        CounterOp::Add(_) => CounterOutcome::Add(match read(told, 1)? {
            value if refused => Added::OutOfBounds { value },
            value => Added::Stepped { value },
        }),
        CounterOp::AddUndoable(_) => CounterOutcome::AddUndoable(match read(told, 1)? {
            value if refused => AddedUndoable::OutOfBounds { value },
            value => AddedUndoable::Stepped { value, epoch: Epoch(told.number(2)?) },
        }),
        CounterOp::AddTimes(_) => {
            CounterOutcome::AddTimes(AddedTimes { stepped: told.number(1)?, value: read(told, 2)? })
        }
        CounterOp::Undo(_) => CounterOutcome::Undo(match told.word(0) {
            b"gone" => Undone::Overwritten,
            b"refused" => Undone::OutOfBounds { value: read(told, 1)? },
            _ => Undone::Undone { value: read(told, 1)? },
        }),
        CounterOp::Set(Set { bounds, .. }) => CounterOutcome::Set(if refused {
            Put::OutOfBounds { bounds: *bounds }
        } else {
            Put::Put
        }),
        CounterOp::Swap(Swap { bounds, .. }) => CounterOutcome::Swap(if refused {
            Swapped::OutOfBounds { bounds: *bounds }
        } else {
            Swapped::Swapped { old: read(told, 1)? }
        }),
    })
}

/// The server's own command for it.
pub(crate) fn command(
    op: &CounterOp<i64>,
    step: &Step,
    on: impl Fn(&str) -> Command,
    knows: Knows,
) -> Option<Command> {
    if let Some(sum) = Addition::of(step).and_then(|addition| addition.plain()) {
        return Some(on("INCRBY").arg(sum));
    }
    match op {
        CounterOp::Add(Add { by, start: 0, bounds })
            if knows.bounded_step && step.lifetime == Lifetime::Unchanged =>
        {
            let ends = [("LBOUND", bounds.min), ("UBOUND", bounds.max)];
            let ends = ends.into_iter().filter_map(|(name, end)| Some((name, end?)));
            let command = on("INCREX").arg("BYINT").arg(*by);
            Some(ends.fold(command, |command, (name, end)| command.arg(name).arg(end)))
        }
        CounterOp::Get(_) => read_command(op, on),
        CounterOp::Add(_) | CounterOp::AddUndoable(_) | CounterOp::AddTimes(_) => None,
        CounterOp::Undo(_) | CounterOp::Set(_) | CounterOp::Swap(_) => None,
    }
}

/// What that command answered.
pub(crate) fn answer(op: &CounterOp<i64>, answer: &Heard) -> Result<Answer, Fault> {
    Ok(match (op, answer) {
        (CounterOp::Get(_), _) => read_answer(op, answer, Outcome::Counter),
        (CounterOp::Add(_), Heard::Number(value)) => clear(Added::Stepped { value: *value }),
        (CounterOp::Add(add), Heard::List(told)) => bounded(add, told)?,
        (CounterOp::AddTimes(AddTimes { times, .. }), Heard::Number(value)) => {
            let added = AddedTimes { stepped: *times, value: *value };
            Answer::Clear(Outcome::Counter(CounterOutcome::AddTimes(added)))
        }
        _ => Answer::Unclear,
    })
}

fn clear(added: Added<i64>) -> Answer {
    Answer::Clear(Outcome::Counter(CounterOutcome::Add(added)))
}

/// `INCREX` answers the value and what was added. It refuses every value outside the bounds, and so
/// do we, but for a step from outside towards them.
fn bounded(add: &Add<i64>, told: &[Heard]) -> Result<Answer, Fault> {
    let [Heard::Number(value), Heard::Number(added)] = told else { return Err(odd()) };
    if *added == add.by && (add.by != 0 || add.bounds.contain(*value)) {
        return Ok(clear(Added::Stepped { value: *value }));
    }
    let towards = value.checked_add(add.by).is_none_or(|new| add.bounds.allow(*value, new));
    Ok(if towards { Answer::Unclear } else { clear(Added::OutOfBounds { value: *value }) })
}

/// The command that reads a counter.
pub(crate) fn read_command<N: Number>(
    op: &CounterOp<N>,
    on: impl Fn(&str) -> Command,
) -> Option<Command> {
    matches!(op, CounterOp::Get(_)).then(|| on("GET"))
}

/// What that command answered.
pub(crate) fn read_answer<N: Number>(
    op: &CounterOp<N>,
    answer: &Heard,
    outcome: fn(CounterOutcome<N>) -> Outcome,
) -> Answer {
    let CounterOp::Get(Get { start }) = op else { return Answer::Unclear };
    let value = match answer {
        Heard::Nothing => Some(*start),
        Heard::Text(text) => N::read(&Scalar::Bytes(Bytes::from(text.clone()))),
        Heard::Okay | Heard::Number(_) | Heard::List(_) => None,
        Heard::Error(_) | Heard::Odd => None,
    };
    value.map_or(Answer::Unclear, |value| Answer::Clear(outcome(CounterOutcome::Get(value))))
}

#[cfg(test)]
mod tests {
    use exactly_core::{Key, Model};

    use super::*;

    /// What the server's command does, as its page says: a result outside the bounds is refused,
    /// and it answers the value and what was added.
    fn increx(old: i64, by: i64, bounds: &Bounds<i64>) -> [Heard; 2] {
        let new = old + by;
        let (value, added) = if bounds.contain(new) { (new, by) } else { (old, 0) };
        [Heard::Number(value), Heard::Number(added)]
    }

    #[test]
    fn a_bounded_step_of_the_servers_means_what_ours_does_or_is_left_to_a_script() {
        let key = Key::alone("", "seats").unwrap();
        let ends = [None, Some(-2), Some(0), Some(2)];
        let bounds = ends.into_iter().flat_map(|min| ends.map(|max| Bounds { min, max }));
        for bounds in bounds.filter(|bounds| bounds.min <= bounds.max.or(Some(9))) {
            for (old, by) in (-4..=4).flat_map(|old| (-3..=3).map(move |by| (old, by))) {
                let mut model = Model::new();
                model.run(&key, Set { to: old, bounds: Bounds::NONE }).unwrap();
                let add = Add { by, start: 0, bounds };
                let meant = model.run(&key, add.clone()).unwrap();
                let told = increx(old, by, &bounds);
                match bounded(&add, &told).unwrap() {
                    Answer::Clear(Outcome::Counter(CounterOutcome::Add(added))) => {
                        assert_eq!(added, meant, "{old} {add:?}");
                    }
                    Answer::Clear(other) => panic!("{other:?}"),
                    Answer::Unclear => {
                        let [_, Heard::Number(added)] = told else { panic!() };
                        assert_eq!(added, 0, "{old} {add:?}: nothing may have happened");
                    }
                }
            }
        }
    }
}
