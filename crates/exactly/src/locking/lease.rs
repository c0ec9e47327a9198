//! What the engine has given: a lock on a lease, extended by a task until it is given back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use exactly_core::operations::lock::{Extend, Extended, Release};
use exactly_core::{BoxFuture, Fault, HoldId};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until, timeout_at};
use tracing::warn;

use super::line::Turn;
use crate::call::Call;
use crate::object::Object;

/// How often a lease is extended before it would be over.
const EXTENSIONS: u32 = 3;
/// How often an extension that failed is tried again, in the time of one.
const TRIES: u32 = 4;

/// A lock on a lease. Who holds it goes from one guard to the next without the engine.
#[derive(Debug)]
pub(crate) struct Lease {
    object: Object,
    owner: HoldId,
    length: Duration,
    since: Instant,
    standing: watch::Sender<Standing>,
    /// The last fence that was given out with it, and the last that may be.
    fences: (AtomicU64, u64),
    /// Calls that required it and have no answer, or never got one: they may still arrive.
    in_flight: AtomicUsize,
    turn: Mutex<Option<Turn>>,
    keeper: Mutex<Option<AbortHandle>>,
}

/// How a lease stands, as far as this process can know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// The lock is held under this fence, and will be until then at least.
    Held { fence: u64, until: Instant },
    /// It was given back, or is lost.
    Over,
}

/// What a lease begins with.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) owner: HoldId,
    pub(crate) length: Duration,
    /// Before it was asked for: the engine counts from later on.
    pub(crate) since: Instant,
    /// The first of the fences.
    pub(crate) fence: u64,
    /// How many there are.
    pub(crate) fences: u32,
    /// The turn of this process, which goes with the lock.
    pub(crate) turn: Option<Turn>,
}

impl Lease {
    /// Begins one, and the task that extends it.
    pub(crate) fn begin(object: Object, grant: Grant) -> Arc<Self> {
        let Grant { owner, length, since, fence, fences, turn } = grant;
        let last = fence.saturating_add(u64::from(fences.saturating_sub(1)));
        let lease = Arc::new(Self {
            object,
            owner,
            length,
            since,
            standing: watch::Sender::new(Standing::Held { fence, until: since + length }),
            fences: (AtomicU64::new(fence), last),
            in_flight: AtomicUsize::new(0),
            turn: Mutex::new(turn),
            keeper: Mutex::default(),
        });
        let keeper = lease.object.store().background().keep(Arc::clone(&lease).extending());
        *lease.keeper.lock() = keeper;
        lease
    }

    pub(crate) fn object(&self) -> &Object {
        &self.object
    }

    pub(crate) fn owner(&self) -> HoldId {
        self.owner
    }

    pub(crate) fn length(&self) -> Duration {
        self.length
    }

    /// Whether it is held under this fence, and was confirmed within its length.
    pub(crate) fn stands(&self, fence: u64) -> bool {
        match *self.standing.borrow() {
            Standing::Held { fence: held, until } => held == fence && Instant::now() < until,
            Standing::Over => false,
        }
    }

    /// Resolves when it is no longer held under this fence.
    pub(crate) fn over(&self, fence: u64) -> impl Future<Output = ()> + Send + use<> {
        let mut standing = self.standing.subscribe();
        async move {
            loop {
                let until = match *standing.borrow_and_update() {
                    Standing::Held { fence: held, until } if held == fence => until,
                    Standing::Held { .. } | Standing::Over => return,
                };
                match timeout_at(until, standing.changed()).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) | Err(_) => return,
                }
            }
        }
    }

    /// Extends it until it is over.
    async fn extending(self: Arc<Self>) {
        let pause = self.length / EXTENSIONS;
        let mut next = self.since + pause;
        loop {
            let until = match *self.standing.borrow() {
                Standing::Held { until, .. } => until,
                Standing::Over => return,
            };
            sleep_until(next.min(until)).await;
            let asked = Instant::now();
            if asked >= until {
                return self.lose();
            }
            let extend = Extend { owner: self.owner, lease: self.length };
            let extend = Call::new(&self.object, extend, |_, extended| Ok(extended));
            let extend = extend.timeless().owned();
            match timeout_at(until, extend).await {
                Ok(Ok(Extended::Extended)) => {
                    self.confirm(asked + self.length);
                    next = asked + pause;
                }
                Ok(Ok(Extended::Lost)) | Err(_) => return self.lose(),
                Ok(Err(fault)) => {
                    warn!(target: "exactly", "extending the lease of a lock: {fault}");
                    next = asked + pause / TRIES;
                }
            }
        }
    }

    fn confirm(&self, confirmed: Instant) {
        self.standing.send_if_modified(|standing| match standing {
            Standing::Held { until, .. } => {
                *until = confirmed;
                true
            }
            Standing::Over => false,
        });
    }

    /// Tells whoever holds it, and lets others of this process ask anew.
    fn lose(&self) {
        self.standing.send_replace(Standing::Over);
        let turn = self.take_turn();
        drop(turn);
    }

    /// The fence of the next who gets it without asking the engine; none if it has to be given
    /// back. It goes from hand to hand for a third of its length at most, so that other processes
    /// are not kept waiting.
    pub(crate) fn next_fence(&self) -> Option<u64> {
        let (given, last) = &self.fences;
        let fence = given.load(Ordering::Acquire) + 1;
        let in_time = self.since.elapsed() < self.length / EXTENSIONS;
        let is_quiet = self.in_flight.load(Ordering::Acquire) == 0;
        (fence <= *last && in_time && is_quiet).then_some(fence)
    }

    /// From now on it is held under this fence. Only one guard holds it, so nobody else does this.
    pub(crate) fn pass_to(&self, fence: u64, turn: Turn) {
        self.fences.0.store(fence, Ordering::Release);
        *self.turn.lock() = Some(turn);
        let stands = self.standing.send_if_modified(|standing| match standing {
            Standing::Held { fence: held, .. } => {
                *held = fence;
                true
            }
            Standing::Over => false,
        });
        if !stands {
            // It was lost in this moment, and others of this process may ask.
            let turn = self.take_turn();
            drop(turn);
        }
    }

    pub(crate) fn take_turn(&self) -> Option<Turn> {
        self.turn.lock().take()
    }

    /// What is told of a call that required it when it was not held any more.
    pub(crate) fn lost(&self) -> Fault {
        match self.object.key() {
            Ok(key) => Fault::lock_lost(key),
            Err(fault) => fault,
        }
    }

    /// It is extended no more, and nobody holds it.
    pub(crate) fn end(&self) {
        self.standing.send_replace(Standing::Over);
        if let Some(keeper) = self.keeper.lock().take() {
            keeper.abort();
        }
    }

    /// Gives it back to the engine.
    pub(crate) fn release(&self) -> Call<'_, Release> {
        let release = Release { owner: self.owner };
        Call::new(&self.object, release, |_, was_held| Ok(was_held)).timeless()
    }

    /// Gives it back in the background, and then the turn.
    pub(crate) fn release_in_background(&self, turn: Option<Turn>) {
        let release = self.release().owned();
        let releasing: BoxFuture<'static, ()> = Box::pin(async move {
            if let Err(fault) = release.await {
                warn!(target: "exactly", "the release of a dropped lock: {fault}");
            }
            drop(turn);
        });
        self.object.store().background().run(releasing);
    }

    /// A call that requires it is on its way.
    pub(crate) fn depart(&self) {
        self.in_flight.fetch_add(1, Ordering::AcqRel);
    }

    /// It has arrived. One of which nobody knows whether it has never does, and the lock goes from
    /// hand to hand no more: the engine knows the guards of one lease by one name, and would let a
    /// late call in under the next guard.
    pub(crate) fn arrive<T>(&self, answer: &Result<T, Fault>) {
        if !answer.as_ref().is_err_and(Fault::is_unknown) {
            self.in_flight.fetch_sub(1, Ordering::AcqRel);
        }
    }
}
