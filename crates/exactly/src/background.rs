//! What is left to do when a caller goes away.
//!
//! A dropped future cannot wait, and what it began may not stay half done: its undo or release is
//! handed to a task that the store owns.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};

use exactly_core::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::Notify;

/// The tasks of one store that nobody waits for.
#[derive(Debug)]
pub(crate) struct Background {
    /// Where tasks go when a caller goes away outside any runtime.
    home: Option<Handle>,
    pending: Arc<Pending>,
}

#[derive(Debug, Default)]
struct Pending {
    count: AtomicUsize,
    done: Notify,
}

/// Counts one task, also when the runtime drops it at its end.
struct Counted(Arc<Pending>);

impl Drop for Counted {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.done.notify_waiters();
        }
    }
}

impl Background {
    pub(crate) fn new() -> Self {
        Self { home: Handle::try_current().ok(), pending: Arc::default() }
    }

    /// Does it now if the engine answers at once, else in a task.
    pub(crate) fn run(&self, mut task: BoxFuture<'static, ()>) {
        // Real wakers come with the task's own polls; this first one only asks whether it is done
        // already.
        if task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            return;
        }
        let Some(runtime) = Handle::try_current().ok().or_else(|| self.home.clone()) else {
            tracing::warn!(target: "exactly", "no runtime is left to undo or release in");
            return;
        };
        self.pending.count.fetch_add(1, Ordering::AcqRel);
        let counted = Counted(Arc::clone(&self.pending));
        runtime.spawn(async move {
            task.await;
            drop(counted);
        });
    }

    /// Resolves when no task is left.
    pub(crate) async fn settle(&self) {
        loop {
            let mut done = pin!(self.pending.done.notified());
            // Listening begins before the count is read, so that the last task cannot end unheard
            // in between.
            done.as_mut().enable();
            if self.pending.count.load(Ordering::Acquire) == 0 {
                return;
            }
            done.await;
        }
    }
}
