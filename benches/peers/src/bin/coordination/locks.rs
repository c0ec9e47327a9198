//! One hot lock, and one that nobody else wants.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use exactly::{Lock, Locking, Store};
use exactly_peers::callers::Period;
use exactly_peers::raw;
use exactly_peers::rounds::within;
use redis::aio::MultiplexedConnection;
use rslock::LockManager;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::Setting;
use crate::waits::{self, Room, Run};

const NAME: &str = "hot";
const LEASE: Duration = Duration::from_secs(30);
/// Longer than any run: nobody gives up.
const PATIENCE: Duration = Duration::from_secs(3_600);
const UNLOCK: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] then \
                      return redis.call('DEL', KEYS[1]) end return 0";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Exactly,
    /// With its own retries: up to 200 ms between them.
    Rslock,
    /// With retries as quick as those of the hand-written one.
    RslockQuick,
    /// Written by hand: `SET NX PX`, asked again within a millisecond, and the usual unlock script.
    SetNx,
}

impl Who {
    pub const ALL: [Self; 4] = [Self::Exactly, Self::Rslock, Self::RslockQuick, Self::SetNx];
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Exactly => "exactly",
            Self::Rslock => "rslock 0.10",
            Self::RslockQuick => "rslock 0.10, retries of 1 ms",
            Self::SetNx => "redis 1.8, SET NX PX",
        })
    }
}

pub fn compare(setting: &Setting) {
    for waiters in [64, 1] {
        let title = format!("lock: {waiters} waiters in one process");
        waits::compare(&title, setting.rounds, |who| within(2, run(who, waiters, setting)));
    }
}

async fn run(who: Who, waiters: usize, setting: &Setting) -> Run {
    let url = setting.server.url();
    drop(raw::emptied(&url).await);
    let contender = Contender::connect(who, &url).await;
    let (room, period) = (Arc::new(Room::here()), Arc::new(Period::default()));
    let mut tasks = JoinSet::new();
    for _ in 0..waiters {
        let (contender, room, period) = (contender.clone(), Arc::clone(&room), Arc::clone(&period));
        tasks.spawn(async move { wait(contender, &room, &period).await });
    }
    let lasted = period.pass(setting.time, || {}).await;
    let told = tasks.join_all().await;
    let held = told.iter().map(|told| told.held).sum();
    Run::new(held, lasted, told.into_iter().flat_map(|told| told.waits).collect())
}

/// What a waiter tells.
#[derive(Debug)]
pub struct Told {
    pub held: u64,
    /// In nanoseconds.
    pub waits: Vec<u64>,
}

/// One waiter: back in line as soon as it has released. A wait that began in time is told also if
/// it ends late, so that whoever starves is seen.
pub async fn wait(mut contender: Contender, room: &Room, period: &Period) -> Told {
    let mut told = Told { held: 0, waits: Vec::new() };
    while !period.is_over() {
        let (is_told, began) = (period.counts(), Instant::now());
        let guard = contender.acquire().await;
        let waited = began.elapsed();
        room.visit().await;
        contender.release(guard).await;
        told.held += u64::from(period.counts());
        if is_told {
            told.waits.push(u64::try_from(waited.as_nanos()).unwrap_or(u64::MAX));
        }
    }
    told
}

/// A contender, connected. Clones share the connection, as applications do.
#[derive(Clone)]
pub enum Contender {
    Exactly(Lock),
    Rslock(LockManager),
    SetNx { connection: MultiplexedConnection, unlock: Arc<str> },
}

/// What is held.
pub enum Guard {
    Exactly(exactly::LockGuard),
    Rslock(rslock::LockGuard),
    SetNx(u64),
}

impl Contender {
    pub async fn connect(who: Who, url: &str) -> Self {
        match who {
            Who::Exactly => {
                let store = Store::open(url).await.expect("it opens");
                Self::Exactly(Lock::new(&store, NAME).with_lease(LEASE).with_wait(PATIENCE))
            }
            Who::Rslock => Self::Rslock(LockManager::new(vec![url])),
            Who::RslockQuick => {
                let mut manager = LockManager::new(vec![url]);
                // It draws whole milliseconds below this: none or one.
                manager.set_retry(u32::MAX, Duration::from_millis(2));
                Self::Rslock(manager)
            }
            Who::SetNx => {
                let mut connection = raw::patient(url).await;
                let unlock = raw::loaded(&mut connection, UNLOCK).await;
                Self::SetNx { connection, unlock }
            }
        }
    }

    async fn acquire(&mut self) -> Guard {
        match self {
            Self::Exactly(lock) => match lock.acquire().await.expect("it answers") {
                Locking::Held(guard) => Guard::Exactly(guard),
                Locking::Busy { .. } => panic!("it waits for an hour"),
            },
            Self::Rslock(manager) => {
                Guard::Rslock(manager.acquire(NAME, LEASE).await.expect("it answers"))
            }
            Self::SetNx { connection, .. } => {
                let owner = fastrand::u64(..);
                let mut set = redis::cmd("SET");
                set.arg(NAME).arg(owner).arg("NX").arg("PX").arg(LEASE.as_millis() as u64);
                loop {
                    let answer = set.query_async::<Option<String>>(connection).await;
                    if answer.expect("it answers").is_some() {
                        return Guard::SetNx(owner);
                    }
                    sleep(Duration::from_micros(fastrand::u64(..=1_000))).await;
                }
            }
        }
    }

    async fn release(&mut self, guard: Guard) {
        match (self, guard) {
            (_, Guard::Exactly(guard)) => {
                assert!(guard.release().await.expect("it answers"), "it was lost");
            }
            (_, Guard::Rslock(guard)) => guard.release().await,
            (Self::SetNx { connection, unlock }, Guard::SetNx(owner)) => {
                let mut call = redis::cmd("EVALSHA");
                call.arg(&**unlock).arg(1).arg(NAME).arg(owner);
                let deleted: u64 = call.query_async(connection).await.expect("it answers");
                assert_eq!(deleted, 1, "it was lost");
            }
            (_, Guard::SetNx(_)) => unreachable!("each has its own guard"),
        }
    }
}
