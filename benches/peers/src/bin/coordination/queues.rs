//! Jobs that are pushed, claimed and acknowledged, all of it in the time that is measured.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use apalis::prelude::{BackendExt, BoxDynError, Data, TaskSink, WorkerBuilder, WorkerBuilderExt};
use apalis_redis::{Config, RedisStorage};
use exactly::{Job, Queue, Settled, Store};
use exactly_peers::callers::Driven;
use exactly_peers::raw;
use exactly_peers::rounds::{Line, costs, in_turn, median, print, within};
use exactly_peers::server::processor_time;
use redis::aio::MultiplexedConnection;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::Setting;

const PUSHERS: u64 = 8;
const WORKERS: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    /// Tasks that claim a job and acknowledge it.
    Claims,
    /// The workers that come with it.
    Workers,
    /// With batches of this size.
    Apalis(usize),
    /// Written by hand: `LPUSH`, `BRPOPLPUSH`, `LREM`. No job comes back by itself.
    Lists,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Claims => "exactly, claim and ack",
            Self::Workers => "exactly, work",
            Self::Apalis(batch) => return f.pad(&format!("apalis 1.0, batches of {batch}")),
            Self::Lists => "redis 1.8, BRPOPLPUSH",
        })
    }
}

pub fn compare(setting: &Setting) {
    // Batches of ten are what it comes with.
    const WHO: [Who; 5] =
        [Who::Claims, Who::Workers, Who::Apalis(10), Who::Apalis(100), Who::Lists];
    println!("\nqueue: {} jobs, {PUSHERS} pushers, {WORKERS} workers", setting.jobs);
    let runs = in_turn(&WHO, setting.rounds, |who| within(2, run(who, setting)));
    let lines = WHO.into_iter().zip(&runs).map(|(who, runs)| {
        let rate = median(runs, |run| run.per_second);
        let is_peer = matches!(who, Who::Apalis(_) | Who::Lists);
        Line { more: costs(runs), ..Line::new(who, rate, is_peer) }
    });
    print(&lines.collect::<Vec<_>>());
}

async fn run(who: Who, setting: &Setting) -> Driven {
    let url = setting.server.url();
    drop(raw::emptied(&url).await);
    let used = || (processor_time("self"), setting.server.used());
    let before = used();
    let tally = Arc::new(Tally { jobs: setting.jobs, ..Tally::default() });
    let took = match who {
        Who::Claims => claims(&url, &tally).await,
        Who::Workers => workers(&url, &tally).await,
        Who::Apalis(batch) => apalis(batch, &url, &tally).await,
        Who::Lists => lists(&url, &tally).await,
    };
    let sum = setting.jobs * (setting.jobs - 1) / 2;
    assert_eq!(tally.sum.load(Ordering::Relaxed), sum, "{who}: not every job was done once");
    let (after, jobs) = (used(), setting.jobs as f64);
    Driven {
        all: setting.jobs,
        per_second: jobs / took.as_secs_f64(),
        client_ns: (after.0 - before.0).as_nanos() as f64 / jobs,
        server_ns: (after.1 - before.1).as_nanos() as f64 / jobs,
    }
}

/// The jobs that are done. Each carries its number.
#[derive(Debug, Default)]
struct Tally {
    jobs: u64,
    done: AtomicU64,
    sum: AtomicU64,
    all: Notify,
}

impl Tally {
    fn done(&self, job: u64) {
        self.sum.fetch_add(job, Ordering::Relaxed);
        if self.done.fetch_add(1, Ordering::Relaxed) + 1 == self.jobs {
            self.all.notify_one();
        }
    }

    /// The jobs of one pusher.
    fn of(&self, pusher: u64) -> impl Iterator<Item = u64> + use<> {
        (pusher..self.jobs).step_by(PUSHERS as usize)
    }
}

async fn queue(url: &str) -> Queue<u64> {
    Queue::new(&Store::open(url).await.expect("it opens"), "jobs")
}

fn push(tasks: &mut JoinSet<()>, queue: &Queue<u64>, tally: &Tally) {
    for pusher in 0..PUSHERS {
        let (queue, jobs) = (queue.clone(), tally.of(pusher));
        tasks.spawn(async move {
            for job in jobs {
                queue.push(job).await.expect("it answers");
            }
        });
    }
}

async fn claims(url: &str, tally: &Arc<Tally>) -> Duration {
    let queue = queue(url).await;
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    push(&mut tasks, &queue, tally);
    for _ in 0..WORKERS {
        let (queue, tally) = (queue.clone(), Arc::clone(tally));
        tasks.spawn(async move {
            loop {
                let claimed = queue.claim_wait(Duration::MAX).await.expect("it answers");
                let job = claimed.expect("it waits for ever");
                let number = *job.payload();
                assert_eq!(job.ack().await.expect("it answers"), Settled::Settled, "in time");
                tally.done(number);
            }
        });
    }
    tally.all.notified().await;
    let took = began.elapsed();
    tasks.shutdown().await;
    is_empty(&queue).await;
    took
}

async fn workers(url: &str, tally: &Arc<Tally>) -> Duration {
    let queue = queue(url).await;
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    push(&mut tasks, &queue, tally);
    let counting = Arc::clone(tally);
    let workers = queue.work(WORKERS, move |job: Job<u64>| {
        counting.done(*job.payload());
        async {}
    });
    tally.all.notified().await;
    // The last are acknowledged after they are done.
    workers.stop().await;
    let took = began.elapsed();
    is_empty(&queue).await;
    took
}

async fn is_empty(queue: &Queue<u64>) {
    let depth = queue.depth().await.expect("it answers");
    let left = depth.ready + depth.delayed + depth.claimed + depth.dead;
    assert_eq!(left, 0, "every job is acknowledged");
}

async fn apalis(batch: usize, url: &str, tally: &Arc<Tally>) -> Duration {
    let connection = apalis_redis::connect(url).await.expect("it answers");
    let config = Config::default().queue("jobs").batch_size(batch);
    let storage: RedisStorage<u64> = RedisStorage::new(connection).with_config(config);
    let done_jobs = storage.get_config().done_jobs_set();
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for pusher in 0..PUSHERS {
        let (mut storage, jobs) = (storage.clone(), tally.of(pusher));
        tasks.spawn(async move {
            for job in jobs {
                storage.push(job).await.expect("it answers");
            }
        });
    }
    // It is not woken by a push, and looks for itself.
    let worker = WorkerBuilder::new("worker")
        .backend(storage.poll_with_interval(Duration::from_millis(1)))
        .data(Arc::clone(tally))
        .concurrency(WORKERS)
        .build(work);
    tasks.spawn(async move { worker.run().await.expect("it works") });
    tally.all.notified().await;
    // The last are acknowledged after they are done.
    let mut connection = raw::patient(url).await;
    let mut acknowledged = redis::cmd("SCARD");
    acknowledged.arg(done_jobs);
    while acknowledged.query_async::<u64>(&mut connection).await.expect("it answers") < tally.jobs {
        sleep(Duration::from_millis(1)).await;
    }
    began.elapsed()
}

async fn work(job: u64, tally: Data<Arc<Tally>>) -> Result<(), BoxDynError> {
    tally.done(job);
    Ok(())
}

async fn lists(url: &str, tally: &Arc<Tally>) -> Duration {
    let connection = raw::patient(url).await;
    let mut workers = Vec::new();
    for _ in 0..WORKERS {
        // A command that blocks needs a connection of its own.
        workers.push(raw::patient(url).await);
    }
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for pusher in 0..PUSHERS {
        let (mut connection, jobs) = (connection.clone(), tally.of(pusher));
        tasks.spawn(async move {
            for job in jobs {
                let push = redis::cmd("LPUSH").arg("jobs").arg(job).clone();
                let _: u64 = push.query_async(&mut connection).await.expect("it answers");
            }
        });
    }
    for connection in workers {
        let tally = Arc::clone(tally);
        tasks.spawn(async move { worker(connection, &tally).await });
    }
    tally.all.notified().await;
    began.elapsed()
}

async fn worker(mut connection: MultiplexedConnection, tally: &Tally) {
    let claim = redis::cmd("BRPOPLPUSH").arg("jobs").arg("doing").arg(0).clone();
    loop {
        let job: u64 = claim.query_async(&mut connection).await.expect("it answers");
        let ack = redis::cmd("LREM").arg("doing").arg(1).arg(job).clone();
        let removed: u64 = ack.query_async(&mut connection).await.expect("it answers");
        assert_eq!(removed, 1, "somebody else has done it");
        tally.done(job);
    }
}
