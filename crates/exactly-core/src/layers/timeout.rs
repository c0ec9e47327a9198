//! Bounds how long a caller waits for an answer.

use std::sync::Arc;
use std::time::Duration;

use crate::answer::Answer;
use crate::batch::{Batch, Reply};
use crate::engine::{Engine, Mark, Profile};
use crate::fault::Fault;
use crate::key::Key;
use crate::listing::{Listing, Page};
use crate::rehearsal::Rehearsal;
use crate::resolution::Resolution;
use crate::time::{Clock, SystemClock, before};
use crate::token::Token;

/// An engine whose answers come within a time, or are *unknown*: the batch was sent and may take
/// effect.
///
/// A batch that only reads is *not applied* instead. Waiting for a change is not bounded here:
/// whoever waits chooses how long.
#[derive(Debug)]
pub struct Timeout<E> {
    inner: E,
    limit: Duration,
    clock: Arc<dyn Clock>,
}

impl<E: Engine> Timeout<E> {
    /// Around `inner`, by real time.
    pub fn new(inner: E, limit: Duration) -> Self {
        Self::by_clock(inner, limit, Arc::new(SystemClock::new()))
    }

    /// Around `inner`, by this clock.
    pub fn by_clock(inner: E, limit: Duration, clock: Arc<dyn Clock>) -> Self {
        Self { inner, limit, clock }
    }

    fn bounded<'a, T: Send + 'a>(
        &'a self,
        writes: bool,
        call: impl FnOnce() -> Answer<'a, T> + Send + 'a,
    ) -> Answer<'a, T> {
        Answer::pending(async move {
            let over = self.clock.now().plus(self.limit);
            before(&*self.clock, over, call()).await.unwrap_or_else(|| {
                let fault = Fault::timed_out(self.limit);
                Err(if writes { fault } else { fault.of_a_read() })
            })
        })
    }
}

impl<E: Engine> Engine for Timeout<E> {
    fn apply(&self, batch: Batch) -> Answer<'_, Reply> {
        let writes = batch.writes();
        self.bounded(writes, || self.inner.apply(batch))
    }

    fn changed(&self, key: &Key, since: Mark) -> Answer<'_, Mark> {
        self.inner.changed(key, since)
    }

    fn keys(&self, listing: Listing) -> Answer<'_, Page> {
        self.bounded(false, || self.inner.keys(listing))
    }

    fn rehearse(&self, batch: Batch) -> Answer<'_, Rehearsal> {
        self.bounded(false, || self.inner.rehearse(batch))
    }

    fn resolve(&self, token: &Token) -> Answer<'_, Resolution> {
        let token = token.clone();
        self.bounded(false, move || self.inner.resolve(&token))
    }

    fn profile(&self) -> Profile {
        // A reply that comes too late is a reply that is lost.
        Profile { loses_replies: true, ..self.inner.profile() }
    }
}
