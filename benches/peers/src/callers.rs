//! So many callers, each awaiting its own answer, for so long.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::server::{Server, processor_time};

/// Who can be called by many.
pub trait Calls: Clone + Send + 'static {
    /// The call with this number, of the caller with that one.
    fn call(&mut self, caller: u64, number: u64) -> impl Future<Output = ()> + Send;
}

/// The time that counts, after a while to warm up.
#[derive(Debug, Default)]
pub struct Period {
    counting: AtomicBool,
    over: AtomicBool,
}

impl Period {
    /// Whether it has begun and is not over: only what ends in it is counted, so that callers in
    /// great number bring in nothing that the clock has not seen.
    pub fn counts(&self) -> bool {
        self.counting.load(Ordering::Relaxed) && !self.is_over()
    }

    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Lets it pass; how long it was. `at` is called at its beginning and at its end.
    pub async fn pass(&self, time: Duration, mut at: impl FnMut()) -> Duration {
        sleep(time / 5).await;
        at();
        let began = Instant::now();
        self.counting.store(true, Ordering::Relaxed);
        sleep(time).await;
        self.over.store(true, Ordering::Relaxed);
        let lasted = began.elapsed();
        at();
        lasted
    }
}

/// What came of one run.
#[derive(Debug, Clone, Copy)]
pub struct Driven {
    /// Every call, counted or not.
    pub all: u64,
    pub per_second: f64,
    pub client_ns: f64,
    pub server_ns: f64,
}

/// Lets them call.
pub async fn drive<C: Calls>(calls: &C, callers: u64, time: Duration, server: &Server) -> Driven {
    drive_beside(calls, callers, time, || server.used()).await
}

/// Lets them call, beside a server that has used so much processor time by now.
pub async fn drive_beside<C: Calls>(
    calls: &C,
    callers: u64,
    time: Duration,
    server_used: impl Fn() -> Duration,
) -> Driven {
    let period = Arc::new(Period::default());
    let mut tasks = JoinSet::new();
    for caller in 0..callers {
        let (mut calls, period) = (calls.clone(), Arc::clone(&period));
        tasks.spawn(async move {
            let (mut all, mut counted) = (0, 0);
            while !period.is_over() {
                calls.call(caller, all).await;
                all += 1;
                counted += u64::from(period.counts());
            }
            (all, counted)
        });
    }
    let mut used = Vec::with_capacity(2);
    let lasted = period.pass(time, || used.push((processor_time("self"), server_used()))).await;
    let told = tasks.join_all().await;
    let counted = told.iter().map(|(_, counted)| counted).sum::<u64>().max(1) as f64;
    Driven {
        all: told.iter().map(|(all, _)| all).sum(),
        per_second: counted / lasted.as_secs_f64(),
        client_ns: (used[1].0 - used[0].0).as_nanos() as f64 / counted,
        server_ns: (used[1].1 - used[0].1).as_nanos() as f64 / counted,
    }
}
