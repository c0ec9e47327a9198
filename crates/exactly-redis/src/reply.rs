//! From the answer of a script to a reply.

use exactly_core::operations::counter::{Added, AddedTimes, CounterOp, CounterOutcome};
use exactly_core::{
    Batch, Bytes, Fault, Op, Outcome, Refusal, Rehearsal, Reply, Step, Token, Tried,
};
use smallvec::SmallVec;

use crate::operations::{misuse, misuse_of, outcome};
use crate::request::Addition;
use crate::words::{Reader, odd};

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
    if reader.starts(b"folded") {
        let told = batch.steps.iter().map(|step| outcome(&step.op, &reader.outcome()?));
        return of_each(batch, told).map(Some);
    }
    if reader.starts(b"added") {
        let told = batch.steps.iter().map(|step| added(&mut reader, step));
        return of_each(batch, told).map(Some);
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
    if reader.starts(b"changed") {
        return Ok(Some(Reply::Refused(Refusal::Changed(reader.number(b';')?))));
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

/// Reads what a script told of a batch that it tried.
pub(crate) fn rehearsal(answer: &[u8], batch: &Batch) -> Result<Rehearsal, Fault> {
    let mut reader = Reader(answer);
    if reader.starts(b"tried") {
        let tried = batch.steps.iter().map(|step| {
            let outcome = outcome(&step.op, &reader.outcome()?)?;
            let sight = Bytes::from(reader.word()?.to_vec());
            Ok(Tried { outcome, sight })
        });
        return tried.collect::<Result<_, Fault>>().map(Rehearsal::Told);
    }
    match read(answer, batch)? {
        Some(Reply::Refused(refusal)) => Ok(Rehearsal::Refused(refusal)),
        Some(Reply::Applied(_)) | None => Err(odd()),
    }
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
    if reader.until(b';') == b"required" {
        let required = batch.requirements.get(place).ok_or_else(odd)?;
        return Ok(misuse(&reader.rest()?)?.at(&required.key));
    }
    let step = batch.steps.get(place).ok_or_else(odd)?;
    Ok(misuse_of(&step.op, &reader.rest()?)?.at(&step.key))
}

/// One sum, how many steps there was room for, or the words of what the long way answered.
fn added(reader: &mut Reader<'_>, step: &Step) -> Result<Outcome, Fault> {
    let (Op::Counter(op), Some(asked)) = (&step.op, Addition::of(step)) else { return Err(odd()) };
    if reader.starts(b"!") {
        let told = reader.outcome()?;
        reader.starts(b" ");
        return outcome(&step.op, &told);
    }
    let told = std::str::from_utf8(reader.until(b' ')).map_err(|_| odd())?;
    let (stepped, value) = match told.split_once('/') {
        Some((stepped, value)) => (stepped.parse().map_err(|_| odd())?, value),
        None => (asked.times, told),
    };
    let value = value.parse().map_err(|_| odd())?;
    Ok(Outcome::Counter(if matches!(op, CounterOp::AddTimes(_)) {
        CounterOutcome::AddTimes(AddedTimes { stepped, value })
    } else if stepped == 0 {
        CounterOutcome::Add(Added::OutOfBounds { value })
    } else {
        CounterOutcome::Add(Added::Stepped { value })
    }))
}

/// The reply of a batch whose steps were each told for itself.
fn of_each(
    batch: &Batch,
    told: impl Iterator<Item = Result<Outcome, Fault>>,
) -> Result<Reply, Fault> {
    let outcomes = told.collect::<Result<SmallVec<[Outcome; 1]>, Fault>>()?;
    if batch.apart { Ok(Reply::Applied(outcomes)) } else { alone(&batch.steps[0], outcomes) }
}

/// The reply of a batch of one operation that does not stand apart.
pub(crate) fn alone(step: &Step, mut outcomes: SmallVec<[Outcome; 1]>) -> Result<Reply, Fault> {
    match outcomes.pop() {
        Some(Outcome::Misuse(misuse)) => Err(misuse.at(&step.key)),
        Some(outcome) if outcome.is_refusal() && !step.optional => {
            Ok(Reply::Refused(Refusal::Operation(0, outcome)))
        }
        Some(outcome) => Ok(Reply::Applied(SmallVec::from_buf([outcome]))),
        None => Err(odd()),
    }
}
