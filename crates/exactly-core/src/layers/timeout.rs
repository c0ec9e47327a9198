//! Bounds how long a caller waits for an answer.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use crate::answer::Answer;
use crate::batch::{Batch, Reply};
use crate::engine::{Engine, Mark, Profile};
use crate::fault::Fault;
use crate::key::Key;
use crate::time::{Clock, SystemClock};

/// An engine whose answers come within a time, or are *unknown*: the batch was sent and may take effect.
///
/// A batch that only reads is *not applied* instead. Waiting for a change is not bounded here: whoever waits
/// chooses how long.
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
}

impl<E: Engine> Engine for Timeout<E> {
    fn apply(&self, batch: Batch) -> Answer<'_, Reply> {
        Answer::pending(async move {
            let writes = batch.writes();
            let mut answer = self.inner.apply(batch);
            let mut over = self.clock.reached(self.clock.now().plus(self.limit));
            poll_fn(|cx| {
                // The answer first: one that is there in time counts, however late it is looked at.
                if let Poll::Ready(result) = Pin::new(&mut answer).poll(cx) {
                    return Poll::Ready(result);
                }
                over.as_mut().poll(cx).map(|()| {
                    let fault = Fault::timed_out(self.limit);
                    Err(if writes { fault } else { fault.of_a_read() })
                })
            })
            .await
        })
    }

    fn changed(&self, key: &Key, since: Mark) -> Answer<'_, Mark> {
        self.inner.changed(key, since)
    }

    fn profile(&self) -> Profile {
        self.inner.profile()
    }
}
