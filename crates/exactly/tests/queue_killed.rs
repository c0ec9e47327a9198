//! Workers that are killed, and one that is paused beyond its leases: no job is lost, every effect
//! happens, and those that are in one change with their job, or carry its token, happen once.
//!
//! The server is real, and so are the processes: this binary starts itself again for each of them.
//! `EXACTLY_JOBS=100000` makes it a long test.
#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use exactly::core::operations::counter::Get;
use exactly::core::{BATCH_MAX, Batch, Operation, Reply, Step};
use exactly::{AckedWith, Counter, Depths, Fault, Job, Queue, Store};
use exactly_conformance::servers::{Flavour, Redis, skipped};

const URL: &str = "EXACTLY_TEST_QUEUE_URL";
const LEASE: Duration = Duration::from_secs(1);
/// How many processes work at a time.
const PROCESSES: usize = 3;
/// How often one of them is killed.
const KILLS: i64 = 12;

struct Shop {
    store: Store,
    jobs: Queue<u64>,
    /// Counted in one change with the end of each job.
    done: Counter,
}

impl Shop {
    async fn open(url: &str) -> Self {
        let store = Store::open(url).await.unwrap();
        let jobs = Queue::new(&store, "jobs").with_lease(LEASE).with_max_tries(1_000);
        let jobs = jobs.with_backoff(Duration::from_millis(1), Duration::from_millis(10));
        Self { jobs, done: Counter::new(&store, "done"), store }
    }

    /// How often a job was done, by whoever counts at all.
    fn seen(&self, job: u64) -> Counter {
        Counter::new(&self.store, &format!("seen {job}"))
    }

    /// The same under the token of the job.
    fn once(&self, job: u64) -> Counter {
        Counter::new(&self.store, &format!("once {job}"))
    }

    async fn work(&self, job: Job<u64>) -> Result<(), Fault> {
        let number = *job.payload();
        self.seen(number).increment().await?;
        self.once(number).increment().token(job.token()).await?;
        // A batch of its own for each job, so that one which is late is refused as a whole.
        match job.ack_with(self.done.increment()).await? {
            AckedWith::Done(_) | AckedWith::Lapsed => Ok(()),
            AckedWith::Refused { .. } => unreachable!("nothing of it refuses"),
        }
    }

    /// What is counted for each job.
    async fn counts(&self, jobs: u64, of: impl Fn(u64) -> Counter) -> Vec<i64> {
        let mut counts = Vec::new();
        for first in (0..jobs).step_by(BATCH_MAX) {
            let some = first..jobs.min(first + BATCH_MAX as u64);
            let get = |job| {
                let get = Get { start: 0_i64 };
                Step::new(of(job).key().unwrap().clone(), get.into_op())
            };
            let reply = self.store.apply(Batch::of(some.map(get))).await.unwrap();
            let Reply::Applied(outcomes) = reply else { panic!("reads are not refused") };
            counts.extend(outcomes.into_iter().map(|told| Get::<i64>::outcome(told).unwrap()));
        }
        counts
    }
}

/// What a process does: works until it is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_process_that_is_killed() {
    let Ok(url) = std::env::var(URL) else { return };
    let shop = std::sync::Arc::new(Shop::open(&url).await);
    let queue = shop.jobs.clone();
    let _workers = queue.work(16, move |job| {
        let shop = std::sync::Arc::clone(&shop);
        async move { shop.work(job).await }
    });
    std::future::pending::<()>().await;
}

struct Process(Child);

impl Process {
    fn start(url: &str) -> Self {
        let process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_process_that_is_killed", "--nocapture"])
            .env(URL, url)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(process.unwrap())
    }

    fn signal(&self, signal: &str) {
        let done = Command::new("kill").args([signal, &self.0.id().to_string()]).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn until<F: Future<Output = bool>>(so: impl Fn() -> F) {
    while !so().await {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn how_many() -> u64 {
    std::env::var("EXACTLY_JOBS").ok().map_or(5_000, |jobs| jobs.parse().unwrap())
}

fn here() -> bool {
    // Started for a process, this binary runs one test.
    std::env::var_os(URL).is_none() && Flavour::Redis7.missing().is_none_or(|why| skipped(&why))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_are_killed_and_every_job_is_done_its_effect_once() {
    if !here() {
        return;
    }
    let jobs = how_many();
    let server = Redis::start(Flavour::Redis7).await;
    let shop = Shop::open(&server.url()).await;
    for first in (0..jobs).step_by(1_000) {
        shop.jobs.push_many(first..jobs.min(first + 1_000)).await.unwrap();
    }
    let mut processes: Vec<_> = (0..PROCESSES).map(|_| Process::start(&server.url())).collect();
    let mut dice = fastrand::Rng::with_seed(7);
    for kill in 1..=KILLS {
        // Killed in the middle, wherever that is: the crowd is busy until the last job.
        let so_far = kill * jobs as i64 / (KILLS + 2);
        until(async || shop.done.get().await.unwrap() >= so_far).await;
        tokio::time::sleep(Duration::from_micros(dice.u64(..20_000))).await;
        let victim = dice.usize(..PROCESSES);
        processes[victim] = Process::start(&server.url());
    }
    until(async || shop.done.get().await.unwrap() >= jobs as i64).await;
    until(async || shop.jobs.depth().await.unwrap() == Depths::default()).await;
    drop(processes);

    assert_eq!(shop.done.get().await.unwrap(), jobs as i64, "in one change with the job: once");
    let once = shop.counts(jobs, |job| shop.once(job)).await;
    assert!(once.iter().all(|count| *count == 1), "under its token: once");
    let seen = shop.counts(jobs, |job| shop.seen(job)).await;
    assert!(seen.iter().all(|count| *count >= 1), "at least once");
    let again: i64 = seen.iter().map(|count| count - 1).sum();
    assert!(again > 0, "somebody was killed with a job in its hands");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_paused_beyond_its_leases_has_no_late_effect() {
    if !here() {
        return;
    }
    const JOBS: u64 = 2_000;
    let server = Redis::start(Flavour::Redis7).await;
    let shop = Shop::open(&server.url()).await;
    shop.jobs.push_many(0..JOBS / 2).await.unwrap();
    let paused = Process::start(&server.url());
    until(async || shop.done.get().await.unwrap() >= 50).await;
    paused.signal("-STOP");
    // What it had is another's when its leases are over.
    let other = Process::start(&server.url());
    until(async || shop.jobs.depth().await.unwrap() == Depths::default()).await;
    assert_eq!(shop.done.get().await.unwrap(), JOBS as i64 / 2);
    // It wakes up, answers what it had in its hands, and is refused.
    paused.signal("-CONT");
    shop.jobs.push_many(JOBS / 2..JOBS).await.unwrap();
    until(async || shop.jobs.depth().await.unwrap() == Depths::default()).await;
    drop(other);
    // And works on like any other.
    shop.jobs.push_many([JOBS]).await.unwrap();
    until(async || shop.jobs.depth().await.unwrap() == Depths::default()).await;
    drop(paused);
    assert_eq!(shop.done.get().await.unwrap(), JOBS as i64 + 1);
    let once = shop.counts(JOBS + 1, |job| shop.once(job)).await;
    assert!(once.iter().all(|count| *count == 1));
}
