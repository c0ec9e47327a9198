//! Calls that are folded, over an engine that answers as fast as may be but never at once: what is
//! measured is the layer, the store and the tasks, not a network.
#![expect(clippy::expect_used, reason = "a bench: it fails by panicking")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use exactly::layers::CombinePolicy;
use exactly::{Counter, Store};
use exactly_benches::{AsyncCalls, crowd};
use exactly_core::{
    Answer, Batch, Engine, Key, Listing, Mark, Page, Profile, Rehearsal, Reply, Resolution, Token,
};
use exactly_embedded::Memory;
use tokio::runtime::{Builder, Runtime};

const CROWDS: [usize; 3] = [64, 1024, 8192];

/// The embedded engine behind one turn of the runtime each way.
#[derive(Debug)]
struct Late(Memory);

impl Engine for Late {
    fn apply(&self, batch: Batch) -> Answer<'_, Reply> {
        Answer::pending(async move {
            tokio::task::yield_now().await;
            self.0.apply(batch).await
        })
    }

    fn changed(&self, key: &Key, since: Mark) -> Answer<'_, Mark> {
        self.0.changed(key, since)
    }

    fn keys(&self, listing: Listing) -> Answer<'_, Page> {
        self.0.keys(listing)
    }

    fn resolve(&self, token: &Token) -> Answer<'_, Resolution> {
        self.0.resolve(token)
    }

    fn rehearse(&self, batch: Batch) -> Answer<'_, Rehearsal> {
        self.0.rehearse(batch)
    }

    fn profile(&self) -> Profile {
        Profile { far: true, ..self.0.profile() }
    }
}

fn runtime(threads: usize) -> Runtime {
    let runtime = Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    runtime.expect("threads")
}

struct Increments(Counter);

impl AsyncCalls for Increments {
    async fn run(self, calls: u64) {
        for _ in 0..calls {
            black_box(self.0.increment().await.expect("memory answers"));
        }
    }
}

fn hot_counter(criterion: &mut Criterion) {
    for threads in [1, 2] {
        let runtime = runtime(threads);
        let mut group = criterion.benchmark_group(format!("hot counter, {threads} workers"));
        group.throughput(Throughput::Elements(1));
        group.measurement_time(Duration::from_secs(3));
        let late = || runtime.block_on(async { Late(Memory::new()) });
        let folded = Store::builder().combine(CombinePolicy::default()).build(late());
        let single = Store::builder().without_combining().build(late());
        for tasks in CROWDS {
            for (title, store) in [("folded", &folded), ("one by one", &single)] {
                group.bench_function(BenchmarkId::new(title, tasks), |bencher| {
                    bencher.iter_custom(|calls| {
                        let call = |_| Increments(Counter::new(store, "hot"));
                        crowd(&runtime, tasks, calls, call)
                    });
                });
            }
        }
        group.finish();
    }
}

criterion_group!(benches, hot_counter);
criterion_main!(benches);
