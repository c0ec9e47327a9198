//! Writes down every call and what came of it: the history that a linearizability checker judges.

use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::batch::{Batch, Reply};
use crate::engine::{Engine, Mark, Profile};
use crate::fault::{Fate, Fault};
use crate::key::Key;
use crate::listing::{Listing, Page};
use crate::rehearsal::Rehearsal;
use crate::resolution::Resolution;
use crate::token::Token;

/// One call of a history. Moments are counted, not timed: an earlier event has a smaller number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// When it was made.
    pub called: u64,
    /// When its answer was there; none if it never was.
    pub returned: Option<u64>,
    /// What was asked.
    pub batch: Batch,
    /// What came of it.
    pub ending: Ending,
}

/// What came of a call, as far as its caller knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Ending {
    /// It was answered.
    Answered(Reply),
    /// It provably had no effect: *not applied*, or *misuse*.
    NoEffect,
    /// It may have taken effect, then or at any later moment: *unknown*, or the caller went away.
    Unknown,
}

/// The calls that passed a [`Record`] layer so far.
#[derive(Debug, Clone, Default)]
pub struct History(Arc<Mutex<Journal>>);

#[derive(Debug, Default)]
struct Journal {
    moment: u64,
    calls: Vec<Call>,
}

impl History {
    /// The calls, in the order in which they were made.
    pub fn calls(&self) -> Vec<Call> {
        self.0.lock().calls.clone()
    }

    /// One call per line, as JSON.
    ///
    /// # Errors
    /// When the lines cannot be written.
    pub fn write_json_lines(&self, mut to: impl std::io::Write) -> std::io::Result<()> {
        for call in self.calls() {
            serde_json::to_writer(&mut to, &call)?;
            to.write_all(b"\n")?;
        }
        Ok(())
    }

    fn call(&self, batch: Batch) -> usize {
        let journal = &mut *self.0.lock();
        journal.moment += 1;
        let called = journal.moment;
        journal.calls.push(Call { called, returned: None, batch, ending: Ending::Unknown });
        journal.calls.len() - 1
    }

    fn end(&self, place: usize, result: &Result<Reply, Fault>) {
        let journal = &mut *self.0.lock();
        journal.moment += 1;
        let call = &mut journal.calls[place];
        call.returned = Some(journal.moment);
        call.ending = match result {
            Ok(reply) => Ending::Answered(reply.clone()),
            Err(fault) => match fault.fate() {
                Fate::NotApplied | Fate::Misuse => Ending::NoEffect,
                Fate::Unknown => Ending::Unknown,
            },
        };
    }
}

/// An engine whose every call is written down.
#[derive(Debug)]
pub struct Record<E> {
    inner: E,
    history: History,
}

impl<E: Engine> Record<E> {
    /// Around `inner`. Clones of one history can be written by several layers.
    pub fn new(inner: E, history: History) -> Self {
        Self { inner, history }
    }
}

impl<E: Engine> Engine for Record<E> {
    fn apply(&self, batch: Batch) -> Answer<'_, Reply> {
        Answer::pending(async move {
            let place = self.history.call(batch.clone());
            let result = self.inner.apply(batch).await;
            self.history.end(place, &result);
            result
        })
    }

    fn changed(&self, key: &Key, since: Mark) -> Answer<'_, Mark> {
        self.inner.changed(key, since)
    }

    /// Not written down: a listing has no one moment at which it could be judged.
    fn keys(&self, listing: Listing) -> Answer<'_, Page> {
        self.inner.keys(listing)
    }

    /// Not written down: it changes nothing, and what it tells is judged when it is applied.
    fn rehearse(&self, batch: Batch) -> Answer<'_, Rehearsal> {
        self.inner.rehearse(batch)
    }

    /// Not written down: it changes nothing, and what it answers is of no one moment.
    fn resolve(&self, token: &Token) -> Answer<'_, Resolution> {
        self.inner.resolve(token)
    }

    fn profile(&self) -> Profile {
        self.inner.profile()
    }
}
