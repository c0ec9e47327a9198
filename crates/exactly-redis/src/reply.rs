//! From the answer of a script to a reply.

use exactly_core::operations::counter::{Added, AddedTimes, CounterOp, CounterOutcome};
use exactly_core::{Batch, Fault, Op, Outcome, Refusal, Reply, Step, Token};
use smallvec::SmallVec;

use crate::operations::{misuse, outcome};
use crate::request::sum;
use crate::words::{Reader, Told, odd};

/// Reads what a script answered to the batch; none where it came too late to be judged.
pub(crate) fn read(answer: &[u8], batch: &Batch) -> Result<Option<Reply>, Fault> {
    let mut reader = Reader(answer);
    if reader.starts(b"applied") {
        let mut outcomes = SmallVec::with_capacity(batch.steps.len());
        for step in &batch.steps {
            outcomes.push(outcome(&step.op, &reader.outcome()?)?);
        }
        return Ok(Some(Reply::Applied(outcomes)));
    }
    if reader.starts(b"added") {
        let outcomes = batch.steps.iter().map(|step| added(&mut reader, step));
        return outcomes.collect::<Result<_, _>>().map(|outcomes| Some(Reply::Applied(outcomes)));
    }
    if reader.starts(b"refused") {
        let place = reader.number(b';')?;
        let step = batch.steps.get(place).ok_or_else(odd)?;
        let refused = outcome(&step.op, &reader.rest()?)?;
        return Ok(Some(Reply::Refused(Refusal::Operation(place, refused))));
    }
    if reader.starts(b"unmet") {
        return Ok(Some(Reply::Refused(Refusal::Requirement(reader.number(b';')?))));
    }
    if reader.starts(b"fault") {
        return Err(fault(&mut reader, batch)?);
    }
    if reader.starts(b"late") {
        return Ok(None);
    }
    let token = batch.token().ok_or_else(odd)?;
    Err(of_token(&reader, token))
}

fn of_token(reader: &Reader<'_>, token: &Token) -> Fault {
    match reader.0 {
        b"reused" => Fault::token_reused(token),
        b"forgotten" => Fault::token_forgotten(token),
        _ => odd(),
    }
}

fn fault(reader: &mut Reader<'_>, batch: &Batch) -> Result<Fault, Fault> {
    let place = reader.number(b';')?;
    let required = reader.until(b';') == b"required";
    let key = if required {
        batch.requirements.get(place).map(|required| &required.key)
    } else {
        batch.steps.get(place).map(|step| &step.key)
    };
    let key = key.ok_or_else(odd)?;
    Ok(misuse(&reader.rest()?)?.at(key))
}

/// One sum, or the words of what the long way answered.
fn added(reader: &mut Reader<'_>, step: &Step) -> Result<Outcome, Fault> {
    let Op::Counter(op) = &step.op else { return Err(odd()) };
    let times = matches!(op, CounterOp::AddTimes(_));
    if reader.starts(b"!") {
        let told = reader.outcome()?;
        reader.starts(b" ");
        return exactly(&told, op);
    }
    let digits = std::str::from_utf8(reader.until(b' ')).map_err(|_| odd())?;
    let value = digits.parse().map_err(|_| odd())?;
    let (_, stepped) = sum(step).ok_or_else(odd)?;
    Ok(Outcome::Counter(if times {
        CounterOutcome::AddTimes(AddedTimes { stepped, value })
    } else {
        CounterOutcome::Add(Added::Stepped { value })
    }))
}

/// What the long way answered, in the words of adding many times, to an operation that may be a
/// single one.
fn exactly(told: &Told<'_>, op: &CounterOp<i64>) -> Result<Outcome, Fault> {
    if told.is(0, "misuse") {
        return misuse(told).map(Outcome::Misuse);
    }
    let added = AddedTimes { stepped: told.number(1)?, value: told.number(2)? };
    let CounterOp::Add(add) = op else {
        return Ok(Outcome::Counter(CounterOutcome::AddTimes(added)));
    };
    Ok(if added.stepped == 1 {
        Outcome::Counter(CounterOutcome::Add(Added::Stepped { value: added.value }))
    } else {
        let message = format!("{} + {} does not fit", added.value, add.by);
        Outcome::Misuse(exactly_core::Misuse::Overflow(message))
    })
}
