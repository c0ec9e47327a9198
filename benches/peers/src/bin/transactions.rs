//! Reading, deciding and writing as one step, beside the loops that tutorials write: one server,
//! contenders in turn, medians.
//!
//! ```text
//! cargo run --release --manifest-path benches/peers/Cargo.toml --bin transactions -- \
//!     [--callers 1,8,64] [--keys 1,10000] [--rounds 3] [--ms 500]
//! ```

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use exactly::{Counter, Fault, Store};
use exactly_peers::callers::{Calls, Driven, drive};
use exactly_peers::raw;
use exactly_peers::rounds::{Line, costs, in_turn, median, numbers, print, within};
use exactly_peers::server::Server;
use redis::aio::MultiplexedConnection;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Update,
    Atomically,
    CompareAndSet,
    Watch,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Update => "exactly, update",
            Self::Atomically => "exactly, atomically",
            Self::CompareAndSet => "compare-and-set loop",
            Self::Watch => "WATCH loop",
        })
    }
}

const WHO: [Who; 4] = [Who::Update, Who::Atomically, Who::CompareAndSet, Who::Watch];

fn main() {
    let (mut callers, mut keys) = (vec![1, 8, 64], vec![1, 10_000]);
    let (mut rounds, mut time) = (3, Duration::from_millis(500));
    let mut given = std::env::args().skip(1);
    while let Some(word) = given.next() {
        let list = numbers(&given.next().unwrap_or_else(|| panic!("{word} needs a value")));
        match word.as_str() {
            "--callers" => callers = list,
            "--keys" => keys = list,
            "--rounds" => rounds = list[0].max(1),
            "--ms" => time = Duration::from_millis(list[0] as u64),
            _ => panic!("{word} is no option"),
        }
    }
    let server = Server::start(&[]);
    for keys in keys {
        for callers in &callers {
            println!("\nadding to one of {keys} numbers that were read, {callers} callers");
            let runs = in_turn(&WHO, rounds, |who| {
                within(2, run(who, *callers as u64, keys as u64, time, &server))
            });
            let lines = WHO.into_iter().zip(&runs).map(|(who, runs)| {
                let rate = median(runs, |(run, _)| run.per_second);
                let attempts = median(runs, |(_, attempts)| *attempts);
                let driven: Vec<_> = runs.iter().map(|(run, _)| *run).collect();
                let more = format!("{}  {attempts:.2} attempts", costs(&driven));
                let is_peer = matches!(who, Who::CompareAndSet | Who::Watch);
                Line { more, ..Line::new(who, rate, is_peer) }
            });
            print(&lines.collect::<Vec<_>>());
        }
    }
}

async fn run(who: Who, callers: u64, keys: u64, time: Duration, server: &Server) -> (Driven, f64) {
    let url = server.url();
    let mut connection = raw::emptied(&url).await;
    let store = Store::open(&url).await.expect("it opens");
    let mut lines = Vec::new();
    if who == Who::Watch {
        for _ in 0..callers {
            lines.push(raw::connected(&url).await);
        }
    }
    let script = raw::loaded(&mut connection, COMPARE_AND_SET).await;
    let contender = Contender {
        who,
        keys,
        store: store.clone(),
        shared: connection.clone(),
        lines: lines.into(),
        script,
        attempts: Arc::default(),
    };
    let driven = drive(&contender, callers, time, server).await;
    let mut sum = 0;
    for key in 0..keys {
        sum += Counter::new(&store, &name(key)).get().await.expect("it answers");
    }
    assert_eq!(sum as u64, driven.all, "{who}: it did not count every call once");
    let attempts = contender.attempts.load(Ordering::Relaxed) as f64 / driven.all as f64;
    (driven, attempts)
}

fn name(key: u64) -> String {
    format!("number {key}")
}

/// The key of a counter of that name, as exactly writes it.
fn raw_key(key: u64) -> String {
    format!("{{{}}}", name(key))
}

const COMPARE_AND_SET: &str = "
local found = redis.call('GET', KEYS[1]) or '0'
if found ~= ARGV[1] then return found end
redis.call('SET', KEYS[1], ARGV[2])
return false";

#[derive(Clone)]
struct Contender {
    who: Who,
    keys: u64,
    store: Store,
    shared: MultiplexedConnection,
    /// One for each caller: who watches on a shared connection watches for others as well.
    lines: Arc<[MultiplexedConnection]>,
    script: Arc<str>,
    attempts: Arc<AtomicU64>,
}

impl Contender {
    fn attempt(&self) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
    }

    async fn compare_and_set(&mut self, key: &str) {
        let mut get = redis::cmd("GET");
        get.arg(key);
        let found: Option<i64> = get.query_async(&mut self.shared).await.expect("it answers");
        let mut found = found.unwrap_or(0);
        loop {
            self.attempt();
            let mut set = redis::cmd("EVALSHA");
            set.arg(&*self.script).arg(1).arg(key).arg(found).arg(found + 1);
            let told: Option<i64> = set.query_async(&mut self.shared).await.expect("it answers");
            match told {
                Some(other) => found = other,
                None => return,
            }
        }
    }

    async fn watch(&mut self, caller: u64, key: &str) {
        let line = &mut self.lines[caller as usize].clone();
        loop {
            self.attempt();
            let mut watch = redis::pipe();
            watch.cmd("WATCH").arg(key).ignore().cmd("GET").arg(key);
            let (found,): (Option<i64>,) = watch.query_async(line).await.expect("it answers");
            let mut set = redis::pipe();
            set.atomic().cmd("SET").arg(key).arg(found.unwrap_or(0) + 1).ignore();
            let told: Option<()> = set.query_async(line).await.expect("it answers");
            if told.is_some() {
                return;
            }
        }
    }
}

impl Calls for Contender {
    async fn call(&mut self, caller: u64, _: u64) {
        let key = if self.keys == 1 { 0 } else { fastrand::u64(..self.keys) };
        match self.who {
            Who::Update => {
                let number = Counter::new(&self.store, &name(key));
                let attempts = &self.attempts;
                let change = |found: i64| {
                    attempts.fetch_add(1, Ordering::Relaxed);
                    found + 1
                };
                number.update(change).await.expect("it counts");
            }
            Who::Atomically => {
                let attempts = &self.attempts;
                let adding = self.store.atomically(async |tx| {
                    attempts.fetch_add(1, Ordering::Relaxed);
                    let number = Counter::new(&tx, &name(key));
                    let found: i64 = number.get().await?;
                    number.set(found + 1).await?;
                    Ok::<_, Fault>(())
                });
                adding.await.expect("it counts");
            }
            Who::CompareAndSet => self.compare_and_set(&raw_key(key)).await,
            Who::Watch => self.watch(caller, &raw_key(key)).await,
        }
    }
}
