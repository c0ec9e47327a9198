//! Real processes take turns at a lock on a real server, are stopped, and are killed.
#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use exactly::{Counter, Lock, LockGuard, Locked, Store};
use exactly_conformance::servers::{Flavour, Redis, skipped};
use rustix::process::{Pid, Signal, kill_process};
use tokio::task::{JoinSet, block_in_place};
use tokio::time::timeout;

const URL: &str = "EXACTLY_TEST_URL";
const ROLE: &str = "EXACTLY_TEST_ROLE";
/// So long that a busy machine extends it in time.
const LEASE: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(60);
const TASKS: usize = 8;
const EACH: usize = 20;

/// Whether this machine has a server to test with.
fn here() -> bool {
    Flavour::Redis7.missing().is_none_or(|why| skipped(&why))
}

/// Of the process that is stopped or killed.
fn brief(store: &Store) -> Lock {
    till(store).with_lease(LEASE)
}

/// On a lease that no busy machine is too slow for.
fn till(store: &Store) -> Lock {
    Lock::new(store, "till").with_lease(PATIENCE).with_wait(PATIENCE)
}

async fn held(lock: &Lock) -> LockGuard {
    lock.acquire().await.unwrap().held().unwrap()
}

/// Another process of this binary, which does what its role says.
struct Process {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
    told: ChildStdin,
}

impl Process {
    fn start(url: &str, role: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_other_process", "--nocapture"])
            .envs([(URL, url), (ROLE, role)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        let told = child.stdin.take().unwrap();
        Self { child, said, told }
    }

    /// What it says next behind this word.
    fn says(&mut self, word: &str) -> String {
        block_in_place(|| {
            let mut lines = self.said.by_ref().map(Result::unwrap);
            let line = lines.find(|line| line.contains(word)).unwrap();
            line.split(word).nth(1).unwrap().trim().to_owned()
        })
    }

    fn go_on(&mut self) {
        writeln!(self.told, "go on").unwrap();
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the other process does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_other_process() {
    let (Ok(url), Ok(role)) = (std::env::var(URL), std::env::var(ROLE)) else { return };
    let store = Store::open(&url).await.unwrap();
    match role.as_str() {
        "hold" => hold(&store).await,
        _ => count(&store).await,
    }
}

/// Holds the lock, says so, and writes under it when it is told to go on.
async fn hold(store: &Store) {
    let (lock, sold) = (brief(store), Counter::new(store, "sold"));
    let guard = held(&lock).await;
    println!("holds {}", guard.fence());
    block_in_place(|| std::io::stdin().read_line(&mut String::new()).unwrap());
    let wrote = sold.increment().requiring(&guard).await;
    println!("wrote {}", wrote.is_ok());
    println!("told {}", wrote.is_err_and(|fault| fault.is_lock_lost()));
    guard.lost().await;
    println!("lost {}", guard.is_lost());
    println!("released {}", guard.release().await.unwrap());
}

/// Adds one after the other, reading and then writing, in several tasks.
async fn count(store: &Store) {
    let mut crowd = JoinSet::new();
    for _ in 0..TASKS {
        let (lock, sold) = (till(store), Counter::new(store, "sold"));
        crowd.spawn(async move {
            for _ in 0..EACH {
                let block = async |guard: &LockGuard| {
                    let found = sold.get().await.unwrap();
                    sold.set(found + 1).requiring(guard).await.unwrap();
                };
                assert_eq!(lock.with(block).await.unwrap(), Locked::Done(()));
            }
        });
    }
    crowd.join_all().await;
    store.settle().await;
    println!("done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_stopped_beyond_its_lease_cannot_write() {
    if !here() {
        return;
    }
    let server = Redis::start(Flavour::Redis7).await;
    let store = Store::open(&server.url()).await.unwrap();
    let (lock, sold) = (till(&store), Counter::new(&store, "sold"));
    let mut process = Process::start(&server.url(), "hold");
    let fence: u64 = process.says("holds").parse().unwrap();
    process.signal(Signal::STOP);
    // It cannot extend its lease, and so the next gets in.
    let next = timeout(PATIENCE, held(&lock)).await.unwrap();
    assert!(next.fence() > fence);
    assert_eq!(sold.increment().requiring(&next).await.unwrap(), 1);
    process.go_on();
    process.signal(Signal::CONT);
    assert_eq!(process.says("wrote"), "false");
    assert_eq!(process.says("told"), "true");
    assert_eq!(process.says("lost"), "true");
    assert_eq!(process.says("released"), "false");
    assert_eq!(sold.get().await.unwrap(), 1, "nothing of it was written");
    assert!(!next.is_lost());
    assert_eq!(sold.increment().requiring(&next).await.unwrap(), 2);
    assert!(next.release().await.unwrap(), "nor was the next one's released");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_process_held_is_free_after_its_lease() {
    if !here() {
        return;
    }
    let server = Redis::start(Flavour::Redis7).await;
    let store = Store::open(&server.url()).await.unwrap();
    let lock = till(&store);
    // One is killed that holds it, and one that waits for it.
    let mut holder = Process::start(&server.url(), "hold");
    let fence: u64 = holder.says("holds").parse().unwrap();
    let waiter = Process::start(&server.url(), "hold");
    timeout(PATIENCE, async {
        while lock.holders().await.unwrap().waiting == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    for process in [&holder, &waiter] {
        process.signal(Signal::KILL);
    }
    let next = timeout(PATIENCE, held(&lock)).await.unwrap();
    assert!(next.fence() > fence);
    assert!(next.release().await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_read_and_then_write_lose_nothing() {
    if !here() {
        return;
    }
    let server = Redis::start(Flavour::Redis7).await;
    let store = Store::open(&server.url()).await.unwrap();
    let mut processes = [(); 4].map(|()| Process::start(&server.url(), "count"));
    for process in &mut processes {
        process.says("done");
    }
    let sold = Counter::new(&store, "sold").get().await.unwrap();
    assert_eq!(sold, (processes.len() * TASKS * EACH) as i64);
    let holders = till(&store).holders().await.unwrap();
    assert_eq!((holders.holders, holders.waiting), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_stores_on_one_server_take_turns_in_the_order_of_all_who_wait() {
    if !here() {
        return;
    }
    let server = Redis::start(Flavour::Redis7).await;
    let mut locks = Vec::new();
    for _ in 0..2 {
        let store = Store::open(&server.url()).await.unwrap();
        locks.push(till(&store).fair());
    }
    let first = held(&locks[0]).await;
    let mut waiting = Vec::new();
    for number in 0..10_u64 {
        let lock = locks[number as usize % 2].clone();
        waiting.push(tokio::spawn(async move {
            let guard = held(&lock).await;
            let fence = guard.fence();
            guard.release().await.unwrap();
            fence
        }));
        while locks[0].holders().await.unwrap().waiting <= number {
            tokio::task::yield_now().await;
        }
    }
    first.release().await.unwrap();
    let mut last = 0;
    for waiter in waiting {
        // Woken by the release, long before the lease or the place would be over.
        let fence = timeout(PATIENCE / 2, waiter).await.unwrap().unwrap();
        assert!(fence > last, "in their order");
        last = fence;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guard_is_told_of_a_server_that_stands_still() {
    if !here() {
        return;
    }
    let server = Redis::start(Flavour::Redis7).await;
    let store = Store::open(&server.url()).await.unwrap();
    let (lock, sold) = (brief(&store), Counter::new(&store, "sold"));
    let guard = held(&lock).await;
    server.pause();
    timeout(PATIENCE, guard.lost()).await.unwrap();
    assert!(guard.is_lost());
    server.resume();
    // Who was told stays told; the engine judges by its own clock, and lets one of both in.
    let next = timeout(PATIENCE, held(&till(&store))).await.unwrap();
    assert!(next.fence() > guard.fence());
    assert!(sold.increment().requiring(&guard).await.unwrap_err().is_lock_lost());
    assert_eq!(sold.increment().requiring(&next).await.unwrap(), 1);
    assert!(guard.is_lost() && !guard.release().await.unwrap());
}
