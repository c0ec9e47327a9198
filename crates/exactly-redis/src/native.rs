//! Batches for which the server has commands of its own: reads, and what needs no token.

use std::collections::HashMap;

use exactly_core::{Batch, Fault, Key, Lifetime, Misuse, Op, Outcome};
use redis::{Cmd, Pipeline};
use smallvec::SmallVec;

use crate::fault;
use crate::heard::Heard;
use crate::names::KeyStyle;
use crate::operations;
use crate::operations::{millis, moment};
use crate::server::Knows;

/// A command of the server's, on a key.
#[derive(Debug)]
pub(crate) struct Command(Cmd);

impl Command {
    /// The command with this name.
    pub(crate) fn on(key: &Key, name: &str, style: KeyStyle) -> Self {
        let mut text = Vec::with_capacity(key.as_str().len() + 2);
        style.write(key, &mut text);
        let mut command = Cmd::with_capacity(4, text.len() + 40);
        command.arg(name).arg(text);
        Self(command)
    }

    /// With one more key.
    pub(crate) fn key(self, key: &Key, style: KeyStyle) -> Self {
        let mut text = Vec::with_capacity(key.as_str().len() + 2);
        style.write(key, &mut text);
        self.arg(text)
    }

    /// With one more argument.
    pub(crate) fn arg(mut self, arg: impl redis::ToRedisArgs) -> Self {
        self.0.arg(arg);
        self
    }

    /// With what becomes of the time to live where nothing was stored.
    pub(crate) fn living(self, lifetime: Lifetime) -> Self {
        match lifetime {
            Lifetime::Unchanged => self,
            Lifetime::FromFirstWrite(ttl) | Lifetime::Sliding(ttl) => {
                self.arg("PX").arg(millis(ttl).to_string())
            }
            Lifetime::Until(at) => self.arg("PXAT").arg(moment(at)),
        }
    }
}

/// What a command answered.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The outcome.
    Clear(Outcome),
    /// Nothing was changed, and a script can say why.
    Unclear,
}

/// The commands that do what the batch asks, one for each step, if there are such.
pub(crate) fn commands(batch: &Batch, style: KeyStyle, knows: Knows) -> Option<Pipeline> {
    let independent = batch.apart || batch.steps.len() == 1;
    let bound = !batch.requirements.is_empty() || !batch.seen.is_empty();
    if batch.token().is_some() || bound || !independent || meet(batch) {
        return None;
    }
    let mut pipeline = Pipeline::with_capacity(batch.steps.len());
    for step in &batch.steps {
        pipeline.add_command(operations::command(step, style, knows)?.0);
    }
    Some(pipeline)
}

/// Whether one step may change what another one is about. What a command refuses is asked of a
/// script when all of them are done: then it would be told what came after its turn.
fn meet(batch: &Batch) -> bool {
    // Counters, of which a flight has thousands, are looked at no further: what they refuse for its
    // kind is of another kind after all of them too.
    let counters = || batch.steps.iter().all(|step| matches!(step.op, Op::Counter(_)));
    if batch.steps.len() == 1 || !batch.writes() || counters() {
        return false;
    }
    let mut touched: HashMap<&Key, bool> = HashMap::with_capacity(batch.steps.len());
    batch.steps.iter().any(|step| {
        let writes = step.op.writes();
        // A step that names a key twice does not meet itself.
        let met = step.keys().any(|key| touched.get(key).is_some_and(|written| *written || writes));
        touched.extend(step.keys().map(|key| (key, writes)));
        met
    })
}

/// What the commands answered, one for each step.
///
/// # Faults
/// When the server refused all of them for the same reason; if it took some, each of the others
/// tells its own.
pub(crate) fn answers(batch: &Batch, values: Vec<Heard>) -> Result<SmallVec<[Answer; 1]>, Fault> {
    let refused = |value: &Heard| {
        if let Heard::Error(error) = value
            && !matches!(error.code(), "WRONGTYPE" | "ERR")
        {
            return Some(fault::of_server(error));
        }
        None
    };
    let refusals: Vec<_> = values.iter().map(refused).collect();
    if let Some(Some(first)) = refusals.first()
        && refusals.iter().all(Option::is_some)
    {
        return Err(first.clone());
    }
    let told = batch.steps.iter().zip(values).zip(refusals);
    told.map(|((step, value), refusal)| match refusal {
        Some(fault) => Ok(Answer::Clear(Outcome::Misuse(Misuse::Refused(fault.to_string())))),
        None => operations::answer(step, value),
    })
    .collect()
}
