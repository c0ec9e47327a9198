//! Faults are a layer too: what networks and crashing processes do, on demand and by seed.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fastrand::Rng;
use parking_lot::Mutex;
use tokio::task::yield_now;

use crate::answer::Answer;
use crate::batch::{Batch, Reply};
use crate::engine::{Engine, Mark, Profile};
use crate::fault::Fault;
use crate::key::Key;
use crate::listing::{Listing, Page};
use crate::rehearsal::Rehearsal;
use crate::resolution::Resolution;
use crate::time::{Clock, SystemClock};
use crate::token::Token;

/// What happens to one batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// It is applied and answered.
    Pass,
    /// It never arrives. The caller is told *unknown*, for it cannot know.
    LoseRequest,
    /// It is applied, and the reply is lost: *unknown*.
    LoseReply,
    /// It arrives and is answered late, and never at once: others run in between.
    Delay(Duration),
    /// The calling process dies before the batch is sent: this call and every later one never
    /// returns.
    CrashBefore,
    /// The calling process dies after the batch was applied: this call and every later one never
    /// returns.
    CrashAfter,
}

/// How often each [`Act`] happens by itself: shares between 0 and 1, the rest passes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Odds {
    /// Of [`Act::LoseRequest`].
    pub lose_request: f64,
    /// Of [`Act::LoseReply`].
    pub lose_reply: f64,
    /// Of [`Act::Delay`].
    pub delay: f64,
    /// The longest delay.
    pub delay_max: Duration,
    /// Of [`Act::CrashBefore`].
    pub crash_before: f64,
    /// Of [`Act::CrashAfter`].
    pub crash_after: f64,
}

/// An engine as seen over a bad network, by a process that may die. One such layer is one process.
#[derive(Debug)]
pub struct Faults<E> {
    inner: E,
    clock: Arc<dyn Clock>,
    dead: AtomicBool,
    plan: Mutex<Plan>,
}

#[derive(Debug)]
struct Plan {
    script: VecDeque<Act>,
    odds: Odds,
    dice: Rng,
}

impl<E: Engine> Faults<E> {
    /// Around `inner`: everything passes until [`next`](Faults::next) says otherwise.
    pub fn new(inner: E) -> Self {
        Self::with_odds(inner, Odds::default(), 0)
    }

    /// Around `inner`: everything passes, but nothing at once, as over any network. Puts the gaps
    /// into a test on `memory:` that callers will meet elsewhere.
    pub fn late(inner: E) -> Self {
        Self::with_odds(inner, Odds { delay: 1.0, ..Odds::default() }, 0)
    }

    /// Around `inner`, with faults by these odds; the same seed throws the same dice.
    pub fn with_odds(inner: E, odds: Odds, seed: u64) -> Self {
        Self::by_clock(inner, odds, seed, Arc::new(SystemClock::new()))
    }

    /// As [`with_odds`](Faults::with_odds), with delays by this clock.
    pub fn by_clock(inner: E, odds: Odds, seed: u64, clock: Arc<dyn Clock>) -> Self {
        let plan = Plan { script: VecDeque::new(), odds, dice: Rng::with_seed(seed) };
        Self { inner, clock, dead: AtomicBool::new(false), plan: Mutex::new(plan) }
    }

    /// What is to happen to the next batches, in order, before the odds decide again.
    pub fn next(&self, acts: impl IntoIterator<Item = Act>) {
        self.plan.lock().script.extend(acts);
    }

    /// What becomes of a call that is made when `call` is.
    fn befallen<'a, T: Send + 'a>(
        &'a self,
        writes: bool,
        call: impl FnOnce() -> Answer<'a, T> + Send + 'a,
    ) -> Answer<'a, T> {
        if self.dead.load(Ordering::SeqCst) {
            return Answer::pending(pending());
        }
        let act = self.plan.lock().decide();
        Answer::pending(async move {
            match act {
                Act::Pass => call().await,
                Act::LoseRequest => Err(lost(writes)),
                Act::LoseReply => {
                    // Whatever the engine answers, be it a fault, the caller does not hear it.
                    drop(call().await);
                    Err(lost(writes))
                }
                Act::Delay(delay) => {
                    yield_now().await;
                    self.clock.reached(self.clock.now().plus(delay)).await;
                    let reply = call().await;
                    yield_now().await;
                    reply
                }
                Act::CrashBefore => self.die().await,
                Act::CrashAfter => {
                    // Whatever the engine answers, there is nobody left to hear it.
                    drop(call().await);
                    self.die().await
                }
            }
        })
    }

    async fn die<T>(&self) -> T {
        self.dead.store(true, Ordering::SeqCst);
        pending().await
    }
}

fn lost(writes: bool) -> Fault {
    let fault = Fault::lost_reply("the connection was cut");
    if writes { fault } else { fault.of_a_read() }
}

impl Plan {
    fn decide(&mut self) -> Act {
        if let Some(act) = self.script.pop_front() {
            return act;
        }
        let Odds { lose_request, lose_reply, delay, delay_max, crash_before, crash_after } =
            self.odds;
        let mut left = self.dice.f64();
        let mut happens = |share: f64| {
            let happens = left >= 0.0 && left < share;
            left -= share;
            happens
        };
        let (lose_request, lose_reply) = (happens(lose_request), happens(lose_reply));
        let (crash_before, crash_after) = (happens(crash_before), happens(crash_after));
        let delay = happens(delay);
        match () {
            () if lose_request => Act::LoseRequest,
            () if lose_reply => Act::LoseReply,
            () if crash_before => Act::CrashBefore,
            () if crash_after => Act::CrashAfter,
            () if delay => Act::Delay(delay_max.mul_f64(self.dice.f64())),
            () => Act::Pass,
        }
    }
}

impl<E: Engine> Engine for Faults<E> {
    fn apply(&self, batch: Batch) -> Answer<'_, Reply> {
        self.befallen(batch.writes(), || self.inner.apply(batch))
    }

    fn changed(&self, key: &Key, since: Mark) -> Answer<'_, Mark> {
        if self.dead.load(Ordering::SeqCst) {
            return Answer::pending(pending());
        }
        self.inner.changed(key, since)
    }

    fn keys(&self, listing: Listing) -> Answer<'_, Page> {
        self.befallen(false, || self.inner.keys(listing))
    }

    fn rehearse(&self, batch: Batch) -> Answer<'_, Rehearsal> {
        self.befallen(false, || self.inner.rehearse(batch))
    }

    fn resolve(&self, token: &Token) -> Answer<'_, Resolution> {
        let token = token.clone();
        self.befallen(false, move || self.inner.resolve(&token))
    }

    fn profile(&self) -> Profile {
        Profile { loses_replies: true, ..self.inner.profile() }
    }
}
