//! Where the callers of one flight meet what came of it.

use std::sync::{Arc, OnceLock};
use std::task::{Poll, Waker};

use super::group::Told;
use super::sync::Mutex;
use crate::{Fault, Outcome, Reply};

/// The end of one flight. Who sends it writes here once, for all; each caller reads its own part.
#[derive(Debug, Default)]
pub(crate) struct Landing {
    told: OnceLock<Told>,
    /// Of those who wait, while the flight is in the air.
    wakers: Mutex<Vec<Option<Waker>>>,
}

/// A caller's place in a flight.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) landing: Arc<Landing>,
    pub(crate) lane: u32,
    /// Among the groups of the flight.
    pub(crate) group: u32,
    /// Among the callers of the group.
    pub(crate) place: u32,
    /// Among the callers of the flight.
    pub(crate) waker: u32,
    /// Whether a refusal is told as an outcome like any other.
    pub(crate) optional: bool,
}

impl Seat {
    /// What this caller is told, once the flight has landed.
    #[inline]
    pub(crate) fn answer(&self) -> Option<Result<Reply, Fault>> {
        let told = self.landing.told.get()?;
        Some(told.answer(self.group as usize, self.place, self.optional))
    }

    /// As [`answer`](Seat::answer), without the reply around it.
    #[inline]
    pub(crate) fn outcome(&self) -> Option<Result<Outcome, Fault>> {
        Some(self.landing.told.get()?.outcome(self.group as usize, self.place))
    }

    /// As [`answer`](Seat::answer), of a flight in the air; if it has not landed, it will wake this
    /// waker.
    pub(crate) fn poll_in_the_air(&self, waker: &Waker) -> Poll<Result<Reply, Fault>> {
        let mut wakers = self.landing.wakers.lock();
        // Asked under the lock: whoever lands a flight takes the wakers only after it has told.
        if let Some(answer) = self.answer() {
            return Poll::Ready(answer);
        }
        let known = wakers.get_mut(self.waker as usize);
        let former = known.and_then(|known| known.replace(waker.clone()));
        // What a waker does when it is dropped is not ours to know: never under the lock.
        drop(wakers);
        drop(former);
        Poll::Pending
    }
}

impl Landing {
    /// The flight departs with these callers.
    pub(crate) fn depart(&self, wakers: &mut Vec<Option<Waker>>) {
        std::mem::swap(&mut *self.wakers.lock(), wakers);
    }

    /// Tells, and gives back those who have to be woken now.
    pub(crate) fn land(&self, told: Told) -> Vec<Option<Waker>> {
        // Nobody else lands a flight, so nothing is told before.
        drop(self.told.set(told));
        std::mem::take(&mut *self.wakers.lock())
    }

    /// Ready for another flight.
    pub(crate) fn clear(&mut self) -> Told {
        let mut told = self.told.take().unwrap_or_default();
        told.clear();
        told
    }
}
