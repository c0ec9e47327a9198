//! What is left to do when a caller goes away.
//!
//! A dropped future cannot wait, and what it began may not stay half done: its undo or release is
//! handed to a task that the store owns.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use exactly_core::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tracing::warn;

use crate::transaction::outside;

/// The errands of one store: tasks that nobody waits for.
#[derive(Debug)]
pub(crate) struct Background {
    /// The runtime in which the store was made.
    home: Option<Handle>,
    pending: Arc<Pending>,
}

#[derive(Debug, Default)]
struct Pending {
    count: AtomicUsize,
    done: Notify,
}

/// One task, counted until it is done, be it moved from a runtime that ends to one that lives.
struct Errand {
    task: Option<BoxFuture<'static, ()>>,
    /// Where to go on if this runtime ends first.
    other: Option<Handle>,
    pending: Arc<Pending>,
}

impl Background {
    pub(crate) fn new() -> Self {
        Self { home: Handle::try_current().ok(), pending: Arc::default() }
    }

    /// Does it now if the engine answers at once, else in a task.
    pub(crate) fn run(&self, mut task: BoxFuture<'static, ()>) {
        let here = Handle::try_current().ok();
        let runtime = self.home.clone().or_else(|| here.clone());
        let _inside = runtime.as_ref().map(Handle::enter);
        // Real wakers come with the task's own polls; this first one only asks whether it is done
        // already. It must not panic: this may run while another panic unwinds.
        let mut first = Context::from_waker(Waker::noop());
        let poll = || outside(|| task.as_mut().poll(&mut first));
        match catch_unwind(AssertUnwindSafe(poll)) {
            Ok(Poll::Ready(())) => return,
            Ok(Poll::Pending) => {}
            Err(_) => {
                warn!(target: "exactly", "undoing or releasing panicked");
                return;
            }
        }
        self.pending.count.fetch_add(1, Ordering::AcqRel);
        let errand = Errand { task: Some(task), other: here, pending: Arc::clone(&self.pending) };
        match runtime {
            Some(runtime) => drop(runtime.spawn(errand)),
            None => drop(errand),
        }
    }

    /// A task that goes on beside its owner, who aborts it; nobody waits for it. None where there
    /// is no runtime for it.
    pub(crate) fn keep(
        &self,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> Option<AbortHandle> {
        // Here first: the runtime in which the store was made may have ended.
        let runtime = Handle::try_current().ok().or_else(|| self.home.clone())?;
        Some(runtime.spawn(task).abort_handle())
    }

    /// Resolves when no errand is left.
    pub(crate) async fn settle(&self) {
        loop {
            let mut done = pin!(self.pending.done.notified());
            // Listening begins before the count is read, so that the last errand cannot end unheard
            // in between.
            done.as_mut().enable();
            if self.pending.count.load(Ordering::Acquire) == 0 {
                return;
            }
            done.await;
        }
    }
}

impl Future for Errand {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(task) = &mut self.task else { return Poll::Ready(()) };
        let polled = task.as_mut().poll(cx);
        if polled.is_ready() {
            self.task = None;
        }
        polled
    }
}

impl Drop for Errand {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            if let Some(other) = self.other.take() {
                let pending = Arc::clone(&self.pending);
                drop(other.spawn(Self { task: Some(task), other: None, pending }));
                return;
            }
            warn!(target: "exactly", "no runtime is left to undo or release in");
        }
        if self.pending.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.pending.done.notify_waiters();
        }
    }
}
