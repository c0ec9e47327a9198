//! The embedded engine beside its floor: a `dashmap` of atomics, which promises nothing but the
//! addition.
#![expect(clippy::expect_used, reason = "a bench: it fails by panicking")]

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dashmap::DashMap;
use exactly::core::operations::counter::Add;
use exactly::{Capacity, Counter, Store, Taking};
use exactly_benches::{AsyncCalls, TASKS, crowd, runtime};
use exactly_core::{Answer, Batch, Engine, Key, Operation, Step};
use exactly_embedded::Memory;

const KEYS: usize = 10_000;

fn name(number: usize) -> String {
    format!("course {number}")
}

/// Each task goes through the keys from a place of its own.
fn places(task: usize) -> impl Iterator<Item = usize> {
    (task * 7919..).map(|step| step % KEYS)
}

struct Increments(Arc<[Counter]>, usize);

impl AsyncCalls for Increments {
    async fn run(self, calls: u64) {
        for place in places(self.1).take(calls as usize) {
            let counter = &self.0[place % self.0.len()];
            black_box(counter.increment().await.expect("memory answers"));
        }
    }
}

struct Additions(Arc<DashMap<String, AtomicI64>>, Arc<[String]>, usize);

impl AsyncCalls for Additions {
    async fn run(self, calls: u64) {
        for place in places(self.2).take(calls as usize) {
            let name = &self.1[place % self.1.len()];
            let counter = self.0.get(name).expect("it is there");
            black_box(counter.fetch_add(1, Ordering::AcqRel) + 1);
        }
    }
}

fn increments(criterion: &mut Criterion) {
    let runtime = runtime();
    for (title, keys) in [("hot counter", 1), ("10,000 counters", KEYS)] {
        let mut group = criterion.benchmark_group(title);
        group.throughput(Throughput::Elements(1));
        let store = Store::new(runtime.block_on(async { Memory::new() }));
        let counters: Arc<[Counter]> =
            (0..keys).map(|number| Counter::new(&store, &name(number))).collect();
        let names: Arc<[String]> = (0..keys).map(name).collect();
        let map: Arc<DashMap<_, _>> =
            Arc::new(names.iter().map(|name| (name.clone(), AtomicI64::new(0))).collect());
        for tasks in TASKS {
            group.bench_function(BenchmarkId::new("exactly", tasks), |bencher| {
                bencher.iter_custom(|calls| {
                    crowd(&runtime, tasks, calls, |task| Increments(Arc::clone(&counters), task))
                });
            });
            group.bench_function(BenchmarkId::new("dashmap + AtomicI64", tasks), |bencher| {
                bencher.iter_custom(|calls| {
                    let floor = |task| Additions(Arc::clone(&map), Arc::clone(&names), task);
                    crowd(&runtime, tasks, calls, floor)
                });
            });
        }
        group.finish();
    }
}

/// Where the time of one call goes.
fn parts(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("one call");
    let key = Key::alone("", "course").expect("a name");
    let engine = runtime.block_on(async { Memory::new() });
    let counter = Counter::new(&Store::new(engine.clone()), "course");
    let batch = || Batch::one(Step::new(key.clone(), Add::by(1_i64).into_op()));
    group.bench_function("the batch alone", |bencher| bencher.iter(|| black_box(batch())));
    group.bench_function("a boxed future alone", |bencher| {
        bencher.iter(|| {
            let answer: Answer<'_, u64> = Answer::pending(async { Ok(black_box(1)) });
            runtime.block_on(async { answer.await.expect("it is there") })
        });
    });
    group.bench_function("an answer that is ready", |bencher| {
        bencher.iter(|| {
            let answer: Answer<'_, u64> = Answer::ready(Ok(black_box(1)));
            runtime.block_on(async { answer.await.expect("it is there") })
        });
    });
    group.bench_function("engine.apply", |bencher| {
        bencher.iter(|| drop(black_box(engine.apply(batch()))));
    });
    group.bench_function("counter.increment", |bencher| {
        bencher.iter(|| runtime.block_on(async { counter.increment().await.expect("memory") }));
    });
    group.finish();
}

/// A capacity with so many holds on it.
async fn held(holds: u64) -> Capacity {
    let seats = Capacity::new(&Store::new(Memory::new()), "seats", holds + 2);
    for _ in 0..holds {
        seats.take(1).await.expect("memory").held().expect("free").keep();
    }
    seats
}

fn capacities(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("capacity");
    for holds in [0_u64, 10_000, 1_000_000] {
        let title = BenchmarkId::new("take and release, beside holds", holds);
        group.bench_function(title, |bencher| {
            let seats = runtime.block_on(held(holds));
            bencher.iter(|| {
                runtime.block_on(async {
                    let taken = seats.take(1).await.expect("memory");
                    assert!(matches!(taken, Taking::Held(_)));
                });
            });
        });
    }
    group.finish();
}

criterion_group!(benches, increments, parts, capacities);
criterion_main!(benches);
