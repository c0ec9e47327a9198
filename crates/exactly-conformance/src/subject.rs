//! What a case is about: one empty engine, and its time.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use exactly_core::{Batch, BoxFuture, Engine, Fault, Key, Operation, Reply, Step, Timestamp};
use tokio::runtime;
use tokio::task::JoinSet;

use crate::servers::skipped;

/// How an engine is made for a case, and how its time passes.
pub trait Setup: Send + Sync + 'static {
    /// A new, empty engine.
    fn engine(&self) -> impl Future<Output = Arc<dyn Engine>> + Send;

    /// Resolves when at least this much time has passed on the engine's clock.
    fn pass(&self, time: Duration) -> impl Future<Output = ()> + Send;

    /// The engine's clock now, to within a second or two: the wall clock, where it is not another.
    fn now(&self) -> Timestamp {
        Timestamp::of(SystemTime::now())
    }

    /// Why this engine cannot be made here and now, as for want of a server: its cases are then
    /// skipped, and say so.
    fn missing(&self) -> Option<String> {
        None
    }
}

trait Time: Send + Sync {
    fn pass(&self, time: Duration) -> BoxFuture<'_, ()>;
    fn now(&self) -> Timestamp;
}

impl<S: Setup> Time for S {
    fn pass(&self, time: Duration) -> BoxFuture<'_, ()> {
        Box::pin(Setup::pass(self, time))
    }

    fn now(&self) -> Timestamp {
        Setup::now(self)
    }
}

/// One empty engine, and its time. Clones are the same engine.
#[derive(Clone)]
pub struct Subject {
    /// The engine.
    pub engine: Arc<dyn Engine>,
    time: Arc<dyn Time>,
}

impl Subject {
    /// The same subject seen through a layer.
    #[must_use]
    pub fn through<E: Engine>(&self, layer: impl FnOnce(Arc<dyn Engine>) -> E) -> Self {
        Self { engine: Arc::new(layer(Arc::clone(&self.engine))), time: Arc::clone(&self.time) }
    }

    /// Applies a batch.
    ///
    /// # Faults
    /// As the engine says.
    pub async fn apply(&self, batch: Batch) -> Result<Reply, Fault> {
        self.engine.apply(batch).await
    }

    /// Runs one operation and answers its own outcome, be it a refusal or not.
    ///
    /// # Faults
    /// As the engine says.
    pub async fn run<O: Operation>(&self, key: &Key, operation: O) -> Result<O::Outcome, Fault> {
        self.apply(Batch::one(step(key, operation))).await?.only::<O>()
    }

    /// Runs one operation that must not fault.
    pub async fn ok<O: Operation>(&self, key: &Key, operation: O) -> O::Outcome {
        self.run(key, operation).await.expect("the engine answers")
    }

    /// Lets time pass on the engine's clock.
    pub async fn pass(&self, time: Duration) {
        self.time.pass(time).await;
    }

    /// The engine's clock now, to within a second or two.
    pub fn now(&self) -> Timestamp {
        self.time.now()
    }

    /// Runs `actors` copies of `act` at once, each told its number, and answers what they answered.
    pub async fn crowd<T, F>(&self, actors: usize, act: impl Fn(Self, usize) -> F) -> Vec<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let mut crowd = JoinSet::new();
        for number in 0..actors {
            crowd.spawn(act(self.clone(), number));
        }
        crowd.join_all().await
    }
}

/// A required step that leaves the time to live alone.
pub(crate) fn step(key: &Key, operation: impl Operation) -> Step {
    Step::new(key.clone(), operation.into_op())
}

/// A key that stands alone.
pub(crate) fn key(name: &str) -> Key {
    Key::alone("", name).expect("a name of a case is a key")
}

/// Runs one case on an engine of its own, on several threads, unless the engine is missing.
///
/// # Panics
/// When the case fails, or does not end within two minutes.
pub fn run<F: Future<Output = ()>>(setup: impl Setup, case: impl FnOnce(Subject) -> F) {
    const PATIENCE: Duration = Duration::from_secs(120);
    if setup.missing().is_some_and(|why| !skipped(&why)) {
        return;
    }
    let runtime = runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    runtime.expect("a runtime can be made").block_on(async {
        let engine = setup.engine().await;
        let subject = Subject { engine, time: Arc::new(setup) };
        tokio::time::timeout(PATIENCE, case(subject)).await.expect("the case ends");
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Missing;

    impl Setup for Missing {
        async fn engine(&self) -> Arc<dyn Engine> {
            panic!("it is missing")
        }

        async fn pass(&self, _: Duration) {}

        fn missing(&self) -> Option<String> {
            Some("no such server".to_owned())
        }
    }

    #[test]
    fn a_case_of_a_missing_engine_is_skipped() {
        run(Missing, async |_| panic!("it has no engine"));
    }
}
