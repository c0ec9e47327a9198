//! So many callers, each awaiting its own answer, for so long.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use exactly_peers::rounds::within;
use exactly_peers::server::{Server, processor_time};
use tokio::task::JoinSet;

use crate::contender::{Contender, What, Who};

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workload {
    /// One counter.
    Hot,
    /// One counter with a limit that is far away.
    Bounded,
    /// One counter whose limit is reached.
    SoldOut,
    /// 10,000 counters, each as likely as the other.
    Uniform,
    /// 10,000 counters, by Zipf's law with exponent 0.99.
    Zipf,
}

const KEYS: usize = 10_000;

impl Workload {
    pub const ALL: [(&'static str, Self); 5] = [
        ("hot", Self::Hot),
        ("bounded", Self::Bounded),
        ("sold-out", Self::SoldOut),
        ("uniform", Self::Uniform),
        ("zipf", Self::Zipf),
    ];

    fn what(self) -> What {
        match self {
            Self::Hot | Self::Uniform | Self::Zipf => What::Increment,
            Self::Bounded => What::Bounded(1 << 50),
            Self::SoldOut => What::Bounded(10),
        }
    }

    fn keys(self) -> usize {
        match self {
            Self::Hot | Self::Bounded | Self::SoldOut => 1,
            Self::Uniform | Self::Zipf => KEYS,
        }
    }

    /// Which key each call of one caller goes to, over and over. Short, so that reading the plans
    /// of thousands of callers is not what is measured.
    fn plan(self, seed: u64) -> Vec<u16> {
        const CALLS: usize = 256;
        let mut dice = fastrand::Rng::with_seed(seed);
        match self {
            Self::Hot | Self::Bounded | Self::SoldOut => vec![0],
            Self::Uniform => (0..CALLS).map(|_| dice.u16(..KEYS as u16)).collect(),
            Self::Zipf => {
                let shares: Vec<f64> = (1..=KEYS)
                    .scan(0.0, |sum, rank| {
                        *sum += (rank as f64).powf(-0.99);
                        Some(*sum)
                    })
                    .collect();
                let all = shares[KEYS - 1];
                let draw = |dice: &mut fastrand::Rng| {
                    let place = dice.f64() * all;
                    shares.partition_point(|sum| *sum < place).min(KEYS - 1) as u16
                };
                (0..CALLS).map(|_| draw(&mut dice)).collect()
            }
        }
    }
}

/// What came of one run.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    pub calls_per_second: f64,
    pub p50: Duration,
    pub p99: Duration,
    pub client_ns: f64,
    pub server_ns: f64,
    pub allocations: f64,
}

pub struct Setting<'a> {
    pub server: &'a Server,
    pub workload: Workload,
    pub callers: usize,
    pub workers: usize,
    pub time: Duration,
}

impl Setting<'_> {
    /// Runs one contender, and checks that every call counted once.
    pub fn run(&self, who: Who) -> Run {
        within(self.workers, self.drive(who))
    }

    async fn drive(&self, who: Who) -> Run {
        let names = (0..self.workload.keys()).map(|key| format!("key{key}"));
        let keys: Arc<[String]> = names.collect();
        let what = self.workload.what();
        let contender = Contender::connect(who, what, &keys, &self.server.url()).await;
        let mut first = contender.clone();
        while self.workload == Workload::SoldOut && first.call(0).await.is_some() {}
        let go = Go { counting: AtomicBool::new(false), over: AtomicBool::new(false) };
        let go = Arc::new(go);
        let mut callers = JoinSet::new();
        for number in 0..self.callers {
            let (contender, go) = (contender.clone(), Arc::clone(&go));
            let plan = self.workload.plan(number as u64);
            callers.spawn(async move { caller(contender, plan, &go).await });
        }
        tokio::time::sleep(self.time / 5).await;
        let before = (processor_time("self"), self.server.used(), crate::allocations());
        let began = Instant::now();
        go.counting.store(true, Ordering::Relaxed);
        tokio::time::sleep(self.time).await;
        go.over.store(true, Ordering::Relaxed);
        let lasted = began.elapsed();
        let after = (processor_time("self"), self.server.used(), crate::allocations());
        let told = callers.join_all().await;
        let calls: u64 = told.iter().map(|told| told.counted).sum();
        if self.workload == Workload::Hot {
            let all: u64 = told.iter().map(|told| told.all).sum();
            let last = first.call(0).await.expect("no limit");
            assert_eq!(last as u64, all + 1, "{who} did not count every call once");
        }
        let mut times: Vec<_> = told.into_iter().flat_map(|told| told.times).collect();
        times.sort_unstable();
        let at = |share: f64| {
            times.get((times.len() as f64 * share) as usize).copied().unwrap_or_default()
        };
        let calls = calls.max(1) as f64;
        Run {
            calls_per_second: calls / lasted.as_secs_f64(),
            p50: at(0.5),
            p99: at(0.99),
            client_ns: (after.0 - before.0).as_nanos() as f64 / calls,
            server_ns: (after.1 - before.1).as_nanos() as f64 / calls,
            allocations: (after.2 - before.2) as f64 / calls,
        }
    }
}

struct Go {
    counting: AtomicBool,
    over: AtomicBool,
}

struct Told {
    all: u64,
    counted: u64,
    times: Vec<Duration>,
}

/// One caller: the next call when the last has answered. Every sixteenth is timed, because looking
/// at the clock costs as much as the fastest calls do.
async fn caller(mut contender: Contender, plan: Vec<u16>, go: &Go) -> Told {
    let mut told = Told { all: 0, counted: 0, times: Vec::with_capacity(4_096) };
    let mut keys = plan.iter().copied().cycle();
    while !go.over.load(Ordering::Relaxed) {
        let key = keys.next().unwrap_or_default();
        let timed = told.all.is_multiple_of(16) && told.times.len() < 4_096;
        let began = timed.then(Instant::now);
        contender.call(key.into()).await;
        told.all += 1;
        if go.counting.load(Ordering::Relaxed) {
            told.counted += 1;
            told.times.extend(began.map(|began| began.elapsed()));
        }
    }
    told
}
