//! Sends again what may be sent again, so that every batch takes effect exactly once.
//!
//! A batch that was provably not applied is sent again as it is. One whose reply was lost is sent
//! again under the token of its first attempt, so the engine answers the first outcome instead of
//! applying it twice. Past half of the engine's token window it is *unknown*: the engine might have
//! forgotten it, and would take it for new.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tracing::debug;

use crate::answer::Answer;
use crate::batch::{Batch, Delivery, Reply};
use crate::engine::{Engine, Mark, Profile};
use crate::fault::{Fate, Fault};
use crate::key::Key;
use crate::listing::{Listing, Page};
use crate::rehearsal::Rehearsal;
use crate::resolution::Resolution;
use crate::time::{Clock, SystemClock, Timestamp, before};
use crate::token::{SessionId, Token};

/// How patient a [`Retry`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The most attempts, the first one included.
    pub attempts_max: u32,
    /// The upper end of the first pause; each further one may be twice as long. The pause is drawn
    /// evenly from zero up to it (full jitter), so that callers who failed together do not come
    /// back together.
    pub pause: Duration,
    /// The longest pause.
    pub pause_max: Duration,
    /// After how long nothing is sent any more, and nobody waits for what was.
    pub deadline: Duration,
    /// The most batches in flight; more callers wait their turn, within the deadline.
    pub in_flight_max: u16,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts_max: 64,
            pause: Duration::from_millis(10),
            pause_max: Duration::from_secs(1),
            deadline: Duration::from_secs(10),
            in_flight_max: 256,
        }
    }
}

/// An engine that is asked again until it has answered, or patience ends. On real time it needs a
/// tokio runtime with timers.
#[derive(Debug)]
pub struct Retry<E> {
    inner: E,
    policy: RetryPolicy,
    clock: Arc<dyn Clock>,
    dice: Mutex<Rng>,
    turns: Semaphore,
    idle: Mutex<Vec<Lane>>,
}

/// One place of the session: it names one batch at a time.
#[derive(Debug)]
struct Lane {
    session: SessionId,
    sequence: NonZeroU64,
    used: Timestamp,
}

impl<E: Engine> Retry<E> {
    /// Around `inner`, with the default policy and real time.
    pub fn new(inner: E) -> Self {
        Self::with_policy(inner, RetryPolicy::default())
    }

    /// Around `inner`, with this policy and real time.
    pub fn with_policy(inner: E, policy: RetryPolicy) -> Self {
        Self::by_clock(inner, policy, Rng::new().u64(..), Arc::new(SystemClock::new()))
    }

    /// Around `inner`, with pauses by this clock and drawn from this seed.
    pub fn by_clock(inner: E, policy: RetryPolicy, seed: u64, clock: Arc<dyn Clock>) -> Self {
        let turns = Semaphore::new(usize::from(policy.in_flight_max.max(1)));
        let dice = Mutex::new(Rng::with_seed(seed));
        Self { inner, policy, clock, dice, turns, idle: Mutex::new(Vec::new()) }
    }

    async fn dependable(&self, mut batch: Batch) -> Result<Reply, Fault> {
        let over = self.clock.now().plus(self.policy.deadline.min(self.token_life()));
        let writes = batch.writes();
        if batch.delivery != Delivery::ExactlyOnce || !writes {
            let may_repeat = batch.token().is_some() || !writes;
            return self.ask(writes, may_repeat, over, || self.inner.apply(batch.clone())).await;
        }
        let Some(Ok(_turn)) = before(&*self.clock, over, self.turns.acquire()).await else {
            return Err(Fault::at_capacity("batches in flight", self.policy.in_flight_max.into()));
        };
        loop {
            let lane = self.lane();
            let Lane { session, sequence, .. } = lane;
            batch = batch.named(Token::Session { session, slot: 0, sequence });
            let result = self.ask(true, true, over, || self.inner.apply(batch.clone())).await;
            self.give_back(lane, &result);
            match result {
                // The engine has lost what came before this batch, not the batch: it was told so at
                // the first attempt. All other places are as old.
                Err(fault) if fault.is_token_forgotten() && sequence != NonZeroU64::MIN => {
                    debug!(target: "exactly", "{fault}; sent in a new session");
                    self.idle.lock().clear();
                }
                Ok(_) | Err(_) => return result,
            }
        }
    }

    /// Sends a call until it is answered, or may not be sent any more. A fault that says the token
    /// is forgotten says so of the first attempt: nothing of the batch has happened.
    async fn ask<'a, T: Send + 'a>(
        &'a self,
        writes: bool,
        may_repeat: bool,
        over: Timestamp,
        send: impl Fn() -> Answer<'a, T> + Send,
    ) -> Result<T, Fault> {
        let mut attempt = 1;
        // Once an attempt may have taken effect, a later "not applied" says nothing about that one.
        let mut doubt: Option<Fault> = None;
        loop {
            let fault = match before(&*self.clock, over, send()).await {
                Some(Ok(reply)) => return Ok(reply),
                Some(Err(fault)) => fault,
                None => {
                    let fault = Fault::timed_out(self.policy.deadline);
                    return Err(if writes { fault } else { fault.of_a_read() });
                }
            };
            if fault.is_token_forgotten() {
                return Err(doubt.unwrap_or(fault));
            }
            let again = match fault.fate() {
                Fate::NotApplied => true,
                // What an engine has half done, it would do again.
                Fate::Unknown => may_repeat && !fault.is_broken(),
                Fate::Misuse => false,
            };
            if fault.is_unknown() {
                doubt = Some(fault.clone());
            }
            let pause = self.pause(attempt);
            if !again || attempt >= self.policy.attempts_max || self.clock.now().plus(pause) >= over
            {
                return Err(doubt.unwrap_or(fault));
            }
            debug!(target: "exactly", attempt, ?pause, "{fault}; sent again after a pause");
            self.clock.reached(self.clock.now().plus(pause)).await;
            // The pause may have been longer than asked for: a machine that slept, a busy thread.
            if self.clock.now() >= over {
                return Err(doubt.unwrap_or(fault));
            }
            attempt += 1;
        }
    }

    fn pause(&self, attempt: u32) -> Duration {
        let doubled = self.policy.pause.saturating_mul(1_u32 << (attempt - 1).min(20));
        doubled.min(self.policy.pause_max).mul_f64(self.dice.lock().f64())
    }

    fn token_life(&self) -> Duration {
        self.inner.profile().token_window / 2
    }

    /// A place whose last batch the engine still remembers, or a new one.
    fn lane(&self) -> Lane {
        let stale = |lane: &Lane| lane.used.until(self.clock.now()) >= self.token_life();
        let idle = self.idle.lock().pop().filter(|lane| !stale(lane));
        idle.unwrap_or_else(|| Lane {
            session: SessionId::random(),
            sequence: NonZeroU64::MIN,
            used: self.clock.now(),
        })
    }

    /// Keeps the place for the next batch, unless it is unclear whether this one left a record:
    /// then its number is neither free nor used, and the place is given up. So it is when the
    /// caller goes away meanwhile.
    fn give_back(&self, mut lane: Lane, result: &Result<Reply, Fault>) {
        let recorded = match result {
            Ok(_) => true,
            Err(fault) if fault.is_unknown() || fault.is_token_reused() => return,
            Err(_) => false,
        };
        if recorded {
            lane.sequence = lane.sequence.saturating_add(1);
        }
        lane.used = self.clock.now();
        self.idle.lock().push(lane);
    }
}

impl<E: Engine> Engine for Retry<E> {
    fn apply(&self, batch: Batch) -> Answer<'_, Reply> {
        Answer::pending(self.dependable(batch))
    }

    fn changed(&self, key: &Key, since: Mark) -> Answer<'_, Mark> {
        self.inner.changed(key, since)
    }

    fn keys(&self, listing: Listing) -> Answer<'_, Page> {
        Answer::pending(async move {
            let over = self.clock.now().plus(self.policy.deadline);
            let page = self.ask(false, true, over, || self.inner.keys(listing.clone())).await;
            page.map_err(Fault::of_a_read)
        })
    }

    fn rehearse(&self, batch: Batch) -> Answer<'_, Rehearsal> {
        Answer::pending(async move {
            let over = self.clock.now().plus(self.policy.deadline);
            let told = self.ask(false, true, over, || self.inner.rehearse(batch.clone())).await;
            told.map_err(Fault::of_a_read)
        })
    }

    fn resolve(&self, token: &Token) -> Answer<'_, Resolution> {
        let token = token.clone();
        Answer::pending(async move {
            let over = self.clock.now().plus(self.policy.deadline);
            let told = self.ask(false, true, over, || self.inner.resolve(&token)).await;
            told.map_err(Fault::of_a_read)
        })
    }

    fn profile(&self) -> Profile {
        Profile { loses_replies: false, ..self.inner.profile() }
    }
}
