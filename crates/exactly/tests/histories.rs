//! Transactions that race, and calls between them, written down and judged: there is one order of
//! all of them that explains everything they were told (strict serializability).
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use exactly::core::layers::{Call, Ending, Faults, Odds};
use exactly::core::operations::counter::{Add, Added, CounterOutcome, Get};
use exactly::core::operations::{Operation, Outcome};
use exactly::core::{Batch, Reply, Step};
use exactly::{Counter, Fault, Store, StoreBuilder};
use exactly_conformance::linearizable;
use exactly_conformance::servers::{Flavour, Redis, skipped};
use fastrand::Rng;
use parking_lot::Mutex;
use tokio::task::JoinSet;

/// What was called, and what came of it, on one counter of moments.
#[derive(Default)]
struct History(Mutex<(u64, Vec<Call>)>);

impl History {
    fn moment(&self) -> u64 {
        let mut inner = self.0.lock();
        inner.0 += 1;
        inner.0
    }

    fn ended(&self, called: u64, told: Vec<(Step, Outcome)>, ending: Result<(), Fault>) {
        let returned = Some(self.moment());
        let (steps, outcomes): (Vec<_>, Vec<_>) = told.into_iter().unzip();
        // One whose end is unknown took place as it was told, or never.
        let seen = outcomes.iter().map(Outcome::sight).collect();
        let batch = Batch { seen, ..Batch::of(steps) };
        let ending = match ending {
            Ok(()) => Ending::Answered(Reply::Applied(outcomes.into_iter().collect())),
            Err(fault) if fault.is_unknown() => Ending::Unknown,
            Err(_) => Ending::NoEffect,
        };
        self.0.lock().1.push(Call { called, returned, batch, ending });
    }
}

fn account(store: &Store, number: usize) -> Counter {
    Counter::new(store, &format!("account {number}"))
}

async fn read(store: &Store, number: usize) -> Result<(i64, (Step, Outcome)), Fault> {
    let counter = account(store, number);
    let found: i64 = counter.get().await?;
    let step = Step::new(counter.key()?.clone(), Get { start: 0_i64 }.into_op());
    Ok((found, (step, Outcome::Counter(CounterOutcome::Get(found)))))
}

async fn add(store: &Store, number: usize, by: i64) -> Result<(Step, Outcome), Fault> {
    let counter = account(store, number);
    let value = counter.add(by).await?;
    let step = Step::new(counter.key()?.clone(), Add::by(by).into_op());
    Ok((step, Outcome::Counter(CounterOutcome::Add(Added::Stepped { value }))))
}

/// Reads two, and writes to one of them what follows from both: what write skew breaks.
async fn balance(store: &Store, dice: &mut Rng) -> Result<Vec<(Step, Outcome)>, Fault> {
    let [one, two] = [dice.usize(..3), dice.usize(..3)];
    let (a, first) = read(store, one).await?;
    let (b, second) = read(store, two).await?;
    let written = add(store, one, if a > b { -1 } else { 2 }).await?;
    Ok(vec![first, second, written])
}

/// Only reads: all of one moment.
async fn look(store: &Store) -> Result<Vec<(Step, Outcome)>, Fault> {
    let mut told = Vec::new();
    for number in 0..3 {
        told.push(read(store, number).await?.1);
    }
    Ok(told)
}

async fn client(store: Store, history: Arc<History>, seed: u64) {
    let mut dice = Rng::with_seed(seed);
    for _ in 0..60 {
        let called = history.moment();
        let told = Mutex::new(Vec::new());
        let ending = match dice.u8(..4) {
            // By itself, between the others.
            0 => add(&store, dice.usize(..3), 1).await.map(|one| told.lock().push(one)),
            1 => store.atomically(async |tx| look(&tx).await.map(|all| *told.lock() = all)).await,
            2.. => {
                let plan = dice.fork();
                let work = async |tx: exactly::Tx| {
                    let all = balance(&tx, &mut plan.clone()).await?;
                    *told.lock() = all;
                    Ok::<_, Fault>(())
                };
                store.atomically(work).await
            }
        };
        let told = told.into_inner();
        // A call by itself that is never answered has told nothing that could be judged.
        assert!(ending.is_ok() || !told.is_empty(), "sent again until it is known");
        history.ended(called, told, ending);
    }
}

async fn judged(builder: StoreBuilder, url: &str, odds: Odds) {
    let layer = move |engine| Faults::with_odds(engine, odds, 7);
    let store = builder.layer(layer).open(url).await.unwrap();
    let history = Arc::<History>::default();
    let mut crowd = JoinSet::new();
    for seed in 0..6 {
        crowd.spawn(client(store.clone(), Arc::clone(&history), seed));
    }
    crowd.join_all().await;
    let mut calls = std::mem::take(&mut history.0.lock().1);
    calls.sort_by_key(|call| call.called);
    let answered = |call: &&Call| matches!(call.ending, Ending::Answered(_));
    assert!(calls.iter().filter(answered).count() > 300, "a history worth judging");
    if let Err(objection) = linearizable::check(&calls) {
        panic!("{objection}");
    }
}

const LATE: Odds = Odds {
    lose_request: 0.0,
    lose_reply: 0.0,
    delay: 0.5,
    delay_max: Duration::from_micros(300),
    crash_before: 0.0,
    crash_after: 0.0,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_memory() {
    judged(Store::builder(), "memory:", LATE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_memory_with_lost_replies() {
    let odds = Odds { lose_request: 0.02, lose_reply: 0.05, ..LATE };
    let builder = Store::builder().retry(exactly::layers::RetryPolicy::default());
    judged(builder, "memory:", odds).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_redis_with_lost_replies() {
    if let Some(why) = Flavour::Redis7.missing() {
        assert!(!skipped(&why));
        return;
    }
    let server = Redis::start(Flavour::Redis7).await;
    let odds = Odds { lose_request: 0.02, lose_reply: 0.05, ..LATE };
    judged(Store::builder(), &server.url(), odds).await;
}
