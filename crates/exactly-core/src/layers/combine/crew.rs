//! Where pilots run: as tasks of the callers' runtimes, taken on when they are first needed.
//!
//! A runtime may end while others live, so each has pilots of its own, and one that is dropped
//! hands over what it leaves behind.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, Waker};

use parking_lot::Mutex;
use tokio::runtime::{Handle, Id};

use super::pilot::{Field, Pilot, cancel};
use crate::engine::Engine;
use crate::thread::thread_place;

/// A layer's pilots and what they work with.
#[derive(Debug)]
pub(crate) struct Crew<E> {
    pub(crate) field: Field<E>,
    bells: Mutex<Vec<Arc<Bell>>>,
    closed: AtomicBool,
}

/// How a pilot is called.
#[derive(Debug)]
struct Bell {
    runtime: Id,
    /// Whether its pilot has nothing to do. Only tells whom to call first.
    idle: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Bell {
    fn ring(&self) {
        self.idle.store(false, Ordering::Relaxed);
        // A pilot that has not listened yet has not looked either.
        let waker = self.waker.lock().clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn listen(&self, waker: &Waker) {
        let mut known = self.waker.lock();
        if !known.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *known = Some(waker.clone());
        }
    }
}

impl<E: Engine> Crew<E> {
    pub(crate) fn new(field: Field<E>) -> Arc<Self> {
        Arc::new(Self { field, bells: Mutex::default(), closed: AtomicBool::new(false) })
    }

    /// Whether a call from here would be heard.
    pub(crate) fn can_be_called() -> bool {
        Handle::try_current().is_ok()
    }

    /// Calls a pilot of this runtime to look at the lanes that have called.
    pub(crate) fn call(self: &Arc<Self>) {
        let Ok(runtime) = Handle::try_current() else { return };
        let bell = {
            let mut bells = self.bells.lock();
            let mut here = bells.iter().filter(|bell| bell.runtime == runtime.id());
            let idle = here.clone().find(|bell| bell.idle.load(Ordering::Relaxed));
            let full = here.clone().count() >= self.field.lanes.len();
            if let Some(bell) = idle.or_else(|| here.next().filter(|_| full)) {
                Ok(Arc::clone(bell))
            } else {
                let (idle, waker) = (AtomicBool::new(false), Mutex::new(None));
                let bell = Arc::new(Bell { runtime: runtime.id(), idle, waker });
                bells.push(Arc::clone(&bell));
                Err(bell)
            }
        };
        match bell {
            Ok(bell) => bell.ring(),
            Err(bell) => {
                drop(runtime.spawn(Duty { crew: Arc::clone(self), bell }.run()));
            }
        }
    }

    /// No caller is left.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let bells = std::mem::take(&mut *self.bells.lock());
        bells.iter().for_each(|bell| bell.ring());
    }
}

/// One pilot's time in the crew; when it ends, be it with its runtime, somebody else is called.
struct Duty<E: Engine> {
    crew: Arc<Crew<E>>,
    bell: Arc<Bell>,
}

impl<E: Engine> Duty<E> {
    async fn run(self) {
        let crew = Arc::clone(&self.crew);
        let mut pilot = Pilot::new(&crew.field);
        poll_fn(|cx| {
            self.bell.listen(cx.waker());
            if crew.closed.load(Ordering::Acquire) {
                return Poll::Ready(());
            }
            pilot.turn(cx, thread_place() % crew.field.lanes.len());
            self.bell.idle.store(pilot.is_idle(), Ordering::Relaxed);
            Poll::Pending
        })
        .await;
    }
}

impl<E: Engine> Drop for Duty<E> {
    fn drop(&mut self) {
        if self.crew.closed.load(Ordering::Acquire) {
            return;
        }
        let other = {
            let mut bells = self.crew.bells.lock();
            bells.retain(|bell| !Arc::ptr_eq(bell, &self.bell));
            bells.first().cloned()
        };
        let lanes = &self.crew.field.lanes;
        let deserted: Vec<_> = lanes.iter().filter(|lane| lane.is_deserted()).collect();
        match other {
            Some(other) if !deserted.is_empty() => other.ring(),
            Some(_) => {}
            None => deserted.into_iter().for_each(cancel),
        }
    }
}
