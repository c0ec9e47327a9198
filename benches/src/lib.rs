//! How the benches load an engine: so many tasks on so many threads, each waiting for its own
//! answer.

use std::future::Future;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};

/// How many callers at once: a lone one, some, many.
pub const TASKS: [usize; 3] = [1, 64, 1024];

/// A runtime as applications have it: one worker for each core.
///
/// # Panics
/// When the machine gives no threads.
pub fn runtime() -> Runtime {
    #[expect(clippy::expect_used, reason = "without threads there is nothing to measure")]
    Builder::new_multi_thread().enable_all().build().expect("a runtime")
}

/// Runs `calls` calls, dealt out to `tasks` tasks, and tells how long all of them took together.
///
/// # Panics
/// When a call does.
pub fn crowd<F>(runtime: &Runtime, tasks: usize, calls: u64, call: impl Fn(usize) -> F) -> Duration
where
    F: AsyncCalls,
{
    let each = calls.div_ceil(tasks as u64);
    runtime.block_on(async {
        let begun = Instant::now();
        let crowd: Vec<_> = (0..tasks).map(|task| tokio::spawn(call(task).run(each))).collect();
        for task in crowd {
            #[expect(clippy::expect_used, reason = "a bench that fails must not be measured")]
            task.await.expect("no call panics");
        }
        begun.elapsed()
    })
}

/// What one task does, so many times.
pub trait AsyncCalls {
    /// Makes `calls` calls, one after the other.
    fn run(self, calls: u64) -> impl Future<Output = ()> + Send + 'static;
}
