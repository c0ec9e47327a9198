//! Those of this process who wait for one lock.
//!
//! One of them has the *turn*: the right to ask the engine. So a lock that a thousand tasks wait
//! for is asked for once and not a thousand times, and whoever is done hands the turn on, or the
//! lock itself.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use exactly_core::Key;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::guard::LockGuard;
use super::lease::Lease;

/// The lines of one store: one for each lock that somebody of this process waits for or holds.
#[derive(Debug, Default)]
pub(crate) struct Lines(Mutex<HashMap<Key, Weak<Line>>>);

/// The line before one lock.
#[derive(Debug)]
pub(crate) struct Line {
    key: Key,
    lines: Arc<Lines>,
    state: Mutex<State>,
    /// Held while a place in the engine's line is asked for, so that both lines have one order.
    pub(crate) arrivals: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    /// Whether somebody has the turn.
    turn_is_out: bool,
    /// The number of the next who comes.
    next: u64,
    waiters: BTreeMap<u64, Waiter>,
}

#[derive(Debug)]
struct Waiter {
    wants: Wants,
    pass: oneshot::Sender<Passed>,
}

/// What a waiter is content with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    /// The turn alone.
    Turn,
    /// Also the lock itself as somebody else got it, on a lease of this length.
    Lock(Duration),
}

/// What is passed on.
#[derive(Debug)]
pub(crate) enum Passed {
    /// The right to ask.
    Turn(Turn),
    /// The lock itself.
    Lock(LockGuard),
}

/// The right to ask the engine for the lock. Dropped, it goes to the next.
#[derive(Debug)]
pub(crate) struct Turn(Option<Arc<Line>>);

/// A place in the line of this process.
#[derive(Debug)]
pub(crate) struct Ticket {
    line: Arc<Line>,
    number: u64,
    /// How many came before.
    pub(crate) ahead: u64,
    passed: oneshot::Receiver<Passed>,
}

/// Of [`Line::join`].
#[derive(Debug)]
pub(crate) enum Joined {
    /// Nobody was there.
    Turn(Turn),
    /// Somebody was.
    Waiting(Ticket),
}

impl Lines {
    /// The line before the lock with this key.
    pub(crate) fn of(self: &Arc<Self>, key: &Key) -> Arc<Line> {
        let mut lines = self.0.lock();
        if let Some(line) = lines.get(key).and_then(Weak::upgrade) {
            return line;
        }
        let line = Arc::new(Line {
            key: key.clone(),
            lines: Arc::clone(self),
            state: Mutex::default(),
            arrivals: tokio::sync::Mutex::default(),
        });
        lines.insert(key.clone(), Arc::downgrade(&line));
        line
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let mut lines = self.lines.0.lock();
        // Another may stand there by now.
        if lines.get(&self.key).is_some_and(|line| line.strong_count() == 0) {
            lines.remove(&self.key);
        }
    }
}

impl Line {
    /// Goes to the end of the line.
    pub(crate) fn join(self: &Arc<Self>, wants: Wants) -> Joined {
        let mut state = self.state.lock();
        if !state.turn_is_out {
            state.turn_is_out = true;
            return Joined::Turn(Turn(Some(Arc::clone(self))));
        }
        let (pass, passed) = oneshot::channel();
        let (number, ahead) = (state.next, state.waiters.len() as u64);
        state.next += 1;
        state.waiters.insert(number, Waiter { wants, pass });
        drop(state);
        Joined::Waiting(Ticket { line: Arc::clone(self), number, ahead, passed })
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.state.lock().waiters.len()
    }

    /// The next, if it wants what is there.
    fn next(&self, suits: impl FnOnce(Wants) -> bool) -> Option<Waiter> {
        let mut state = self.state.lock();
        let first = state.waiters.first_entry().filter(|first| suits(first.get().wants))?;
        Some(first.remove())
    }

    /// The next; without one nobody has the turn any more.
    fn next_or_rest(&self) -> Option<Waiter> {
        let mut state = self.state.lock();
        let first = state.waiters.pop_first();
        state.turn_is_out = first.is_some();
        first.map(|(_, waiter)| waiter)
    }
}

impl Turn {
    /// Passes the lock itself to the next, with a fence of its own and without asking anybody, if
    /// the next is content with it and there is a fence left. Gives itself back otherwise.
    pub(crate) fn hand_over(mut self, lease: &Arc<Lease>) -> Option<Self> {
        while let Some(line) = self.0.clone() {
            let wanted = Wants::Lock(lease.length());
            let Some(fence) = lease.next_fence() else { return Some(self) };
            let Some(waiter) = line.next(|wants| wants == wanted) else { return Some(self) };
            let guard = LockGuard::handed_over(lease, fence, self);
            match waiter.pass.send(Passed::Lock(guard)) {
                Ok(()) => return None,
                Err(Passed::Lock(guard)) => match guard.take_turn() {
                    Some(turn) => self = turn,
                    // Lost in this moment, as far as this process knows: the engine is told all the
                    // same, and the turn has gone on.
                    None => return Some(Self(None)),
                },
                Err(Passed::Turn(turn)) => self = turn,
            }
        }
        Some(self)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(line) = self.0.take() else { return };
        while let Some(waiter) = line.next_or_rest() {
            match waiter.pass.send(Passed::Turn(Self(Some(Arc::clone(&line))))) {
                Ok(()) => return,
                // Whoever waited has gone, and the turn is still ours.
                Err(Passed::Turn(mut turn)) => turn.0 = None,
                Err(Passed::Lock(_)) => return,
            }
        }
    }
}

impl Future for Ticket {
    type Output = Passed;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Passed> {
        match Pin::new(&mut self.passed).poll(cx) {
            Poll::Ready(Ok(passed)) => Poll::Ready(passed),
            // Whoever waits is passed something before it is forgotten.
            Poll::Ready(Err(_)) | Poll::Pending => Poll::Pending,
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // What was passed already and not taken goes on to the next when the channel is dropped.
        self.line.state.lock().waiters.remove(&self.number);
    }
}
