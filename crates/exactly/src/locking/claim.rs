//! One who asks for locks, and what is given back when it goes away.

use std::future::poll_fn;
use std::time::Duration;

use exactly_core::operations::lock::{Acquire, Acquired, Release};
use exactly_core::{Batch, BoxFuture, Fault, Operation, Outcome, Refusal, Reply, Step};
use tokio::time::Instant;
use tracing::warn;

use crate::object::Object;

/// One who asks for a lock, or for several of which it gets all or none. Dropped, whatever it has
/// got or may still get is given back in the background.
pub(crate) struct Claim {
    wanted: Vec<(Object, Acquire)>,
    flight: Option<BoxFuture<'static, Result<Reply, Fault>>>,
    /// Whether the engine may know of it.
    in_doubt: bool,
    /// When it last asked, and when it last got or kept a place in the line.
    asked: Instant,
    placed: Instant,
}

/// What a claim is told.
#[derive(Debug)]
pub(crate) enum Claimed {
    /// All are held: since before when, and the first fence of each.
    Held(Instant, Vec<u64>),
    /// The one at this place is not free, and so none is held.
    Busy { place: usize, ahead: u64, left: Duration },
}

impl Claim {
    pub(crate) fn new(wanted: Vec<(Object, Acquire)>) -> Self {
        let now = Instant::now();
        Self { wanted, flight: None, in_doubt: false, asked: now, placed: now }
    }

    pub(crate) fn wanted(&self) -> &[(Object, Acquire)] {
        &self.wanted
    }

    /// Asks for so many fences from now on.
    pub(crate) fn with_fences(&mut self, fences: u32) {
        self.wanted.iter_mut().for_each(|(_, acquire)| acquire.fences = fences);
    }

    /// By when to ask again for the place in the line to be kept: in the second half of its lease,
    /// for in the first nothing is changed by asking.
    pub(crate) fn asks_again_by(&self) -> Instant {
        let leases = self.wanted.iter().map(|(_, acquire)| acquire.lease);
        let lease = leases.min().unwrap_or_default();
        // Not at once if the engine's clock is slower than ours.
        (self.placed + lease.mul_f64(0.6)).max(self.asked + lease.mul_f64(0.1))
    }

    /// Asks.
    pub(crate) async fn ask(&mut self) -> Result<Claimed, Fault> {
        let since = Instant::now();
        self.asked = since;
        let (batch, store) = (self.batch()?, self.store());
        let Some(store) = store else { return Ok(Claimed::Held(since, Vec::new())) };
        let flight = self.flight.insert(Box::pin(async move { store.apply(batch).await }));
        let reply = poll_fn(|cx| flight.as_mut().poll(cx)).await;
        self.flight = None;
        self.in_doubt |= reply.as_ref().is_err_and(Fault::is_unknown);
        match reply? {
            Reply::Applied(outcomes) => self.told(since, outcomes),
            Reply::Refused(Refusal::Operation(place, outcome)) => match acquired(outcome)? {
                Acquired::Busy { ahead, left } => Ok(Claimed::Busy { place, ahead, left }),
                Acquired::Held { .. } | Acquired::Waiting { .. } => Err(odd()),
            },
            Reply::Refused(Refusal::Requirement(_) | Refusal::Changed(_)) => Err(odd()),
        }
    }

    fn told(
        &mut self,
        since: Instant,
        outcomes: impl IntoIterator<Item = Outcome>,
    ) -> Result<Claimed, Fault> {
        self.in_doubt = true;
        let mut fences = Vec::with_capacity(self.wanted.len());
        for (place, outcome) in outcomes.into_iter().enumerate() {
            match acquired(outcome)? {
                Acquired::Held { fence, .. } => fences.push(fence),
                Acquired::Waiting { ahead, left } => {
                    self.placed = since;
                    return Ok(Claimed::Busy { place, ahead, left });
                }
                Acquired::Busy { .. } => return Err(odd()),
            }
        }
        Ok(Claimed::Held(since, fences))
    }

    /// What it has got is somebody else's to give back.
    pub(crate) fn settle(mut self) {
        self.in_doubt = false;
    }

    fn store(&self) -> Option<crate::store::Store> {
        self.wanted.first().map(|(object, _)| object.store().clone())
    }

    fn batch(&self) -> Result<Batch, Fault> {
        let step = |(object, acquire): &(Object, Acquire)| {
            Ok(Step::new(object.key()?.clone(), acquire.clone().into_op()))
        };
        self.wanted.iter().map(step).collect::<Result<Vec<_>, Fault>>().map(Batch::of)
    }
}

fn acquired(outcome: Outcome) -> Result<Acquired, Fault> {
    Acquire::outcome(outcome).ok_or_else(odd)
}

fn odd() -> Fault {
    Fault::broken("an acquisition was answered by another's outcome")
}

impl Drop for Claim {
    fn drop(&mut self) {
        let flight = self.flight.take();
        let Some(store) = self.store().filter(|_| self.in_doubt || flight.is_some()) else {
            return;
        };
        // Not one change: what was deleted or is of another kind by now is not in the others' way.
        let releases = self.wanted.iter().filter_map(|(object, acquire)| {
            let release = Release { owner: acquire.owner };
            Some(Step::new(object.key().ok()?.clone(), release.into_op()))
        });
        let (releases, background) = (Batch::apart(releases), store.clone());
        let mut in_doubt = self.in_doubt;
        background.background().run(Box::pin(async move {
            if let Some(flight) = flight {
                in_doubt |= match flight.await {
                    Ok(Reply::Applied(_)) => true,
                    Ok(Reply::Refused(_)) => false,
                    Err(fault) => fault.is_unknown(),
                };
            }
            if !in_doubt {
                return;
            }
            if let Err(fault) = store.apply(releases).await {
                warn!(target: "exactly", "giving up the wait for a lock: {fault}");
            }
        }));
    }
}
