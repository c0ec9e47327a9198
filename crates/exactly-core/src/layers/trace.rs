//! Tells `tracing` of every batch: a span each and what came of it at level DEBUG, faults at WARN.

use std::task::Waker;

use tracing::{Instrument, Level, debug, debug_span, warn};

use crate::answer::Answer;
use crate::batch::{Batch, Refusal, Reply};
use crate::engine::{Engine, Joining, Mark, Profile};
use crate::fault::Fault;
use crate::key::Key;
use crate::listing::{Listing, Page};
use crate::rehearsal::Rehearsal;
use crate::resolution::Resolution;
use crate::token::Token;

/// An engine that tells what it does, on the target `exactly`.
#[derive(Debug)]
pub struct Trace<E> {
    inner: E,
}

impl<E: Engine> Trace<E> {
    /// Around `inner`.
    pub fn new(inner: E) -> Self {
        Self { inner }
    }
}

impl<E: Engine> Engine for Trace<E> {
    #[inline]
    fn apply(&self, batch: Batch) -> Answer<'_, Reply> {
        // With nobody listening the layer costs a comparison, not a span and a box.
        if tracing::enabled!(target: "exactly", Level::DEBUG) {
            return self.apply_told(batch);
        }
        overheard(self.inner.apply(batch))
    }

    fn changed(&self, key: &Key, since: Mark) -> Answer<'_, Mark> {
        self.inner.changed(key, since)
    }

    fn keys(&self, listing: Listing) -> Answer<'_, Page> {
        debug!(target: "exactly", pattern = %listing.pattern, after = ?listing.after, "keys");
        self.inner.keys(listing).inspect(|page| {
            if let Err(fault) = page {
                warn!(target: "exactly", fate = ?fault.fate(), "{fault}");
            }
        })
    }

    fn rehearse(&self, batch: Batch) -> Answer<'_, Rehearsal> {
        debug!(target: "exactly", steps = batch.steps.len(), "rehearse");
        self.inner.rehearse(batch).inspect(|rehearsal| {
            if let Err(fault) = rehearsal {
                warn!(target: "exactly", fate = ?fault.fate(), "{fault}");
            }
        })
    }

    fn resolve(&self, token: &Token) -> Answer<'_, Resolution> {
        debug!(target: "exactly", %token, "resolve");
        self.inner.resolve(token).inspect(|resolution| {
            if let Err(fault) = resolution {
                warn!(target: "exactly", fate = ?fault.fate(), "{fault}");
            }
        })
    }

    fn profile(&self) -> Profile {
        self.inner.profile()
    }

    #[inline]
    fn join(&self, call: &Joining<'_>, waker: &Waker) -> Option<Answer<'_, Reply>> {
        if tracing::enabled!(target: "exactly", Level::DEBUG) {
            return None;
        }
        self.inner.join(call, waker).map(overheard)
    }
}

/// Faults are told of, if somebody listens.
#[inline]
fn overheard(answer: Answer<'_, Reply>) -> Answer<'_, Reply> {
    if tracing::enabled!(target: "exactly", Level::WARN) { answer.inspect(tell) } else { answer }
}

impl<E: Engine> Trace<E> {
    fn apply_told(&self, batch: Batch) -> Answer<'_, Reply> {
        let span = debug_span!(
            target: "exactly",
            "apply",
            engine = self.inner.profile().name,
            key = batch.keys().next().map(tracing::field::display),
            steps = batch.steps.len(),
            writes = batch.writes(),
        );
        let applied = async move {
            let result = self.inner.apply(batch).await;
            tell(&result);
            result
        };
        Answer::pending(applied.instrument(span))
    }
}

fn tell(result: &Result<Reply, Fault>) {
    match result {
        Ok(Reply::Applied(_)) => debug!(target: "exactly", "applied"),
        Ok(Reply::Refused(Refusal::Requirement(place))) => {
            debug!(target: "exactly", place, "refused by a requirement");
        }
        Ok(Reply::Refused(Refusal::Changed(place))) => {
            debug!(target: "exactly", place, "conflict");
        }
        Ok(Reply::Refused(Refusal::Operation(place, _))) => {
            debug!(target: "exactly", place, "refused by an operation");
        }
        Err(fault) => warn!(target: "exactly", fate = ?fault.fate(), "{fault}"),
    }
}
