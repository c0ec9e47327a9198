//! Places of one hot course, free ones and none.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use exactly::{Capacity, Store, Taking};
use exactly_peers::callers::{Calls, Driven, drive};
use exactly_peers::raw;
use exactly_peers::rounds::{Line, costs, in_turn, median, print, within};
use redis::aio::MultiplexedConnection;

use crate::Setting;

/// Longer than any run: nothing comes back by itself.
const LEASE: Duration = Duration::from_secs(3_600);
const PLENTY: u64 = 1 << 50;
const FEW: u64 = 10;
/// What has lapsed is free again.
const LAPSE: &str = "local over = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', \
                     redis.call('TIME')[1], 'LIMIT', 0, 500) \
                     if #over > 0 then redis.call('ZREM', KEYS[2], unpack(over)) \
                     redis.call('HINCRBY', KEYS[1], 'used', -#over) end ";
/// A hold on a lease, as it is written by hand.
const TAKE: &str = "local course = redis.call('HMGET', KEYS[1], 'limit', 'used') \
                    local used = tonumber(course[2] or '0') or 0 \
                    if used >= tonumber(course[1]) then return 0 end \
                    local time = redis.call('TIME') \
                    redis.call('HINCRBY', KEYS[1], 'used', 1) \
                    redis.call('ZADD', KEYS[2], time[1] + ARGV[2], ARGV[1]) \
                    return 1";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Exactly,
    AtMostOnce,
    /// Notes when a lease ends, and leaves the rest to others.
    Script,
    /// Looks for what has lapsed each time, as ours does.
    LapsingScript,
}

impl Who {
    const ALL: [Self; 4] = [Self::Exactly, Self::AtMostOnce, Self::Script, Self::LapsingScript];

    fn is_peer(self) -> bool {
        matches!(self, Self::Script | Self::LapsingScript)
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Exactly => "exactly",
            Self::AtMostOnce => "exactly, at most once",
            Self::Script => "redis 1.8, script",
            Self::LapsingScript => "redis 1.8, script that lapses",
        })
    }
}

pub fn compare(setting: &Setting) {
    for (what, limit) in [("free", PLENTY), ("sold out", FEW)] {
        for callers in [1, 64, 1_024] {
            println!("\ncapacity: take(1), {what}, {callers} callers");
            let run = |who| within(2, run(who, limit, callers, setting));
            let runs = in_turn(&Who::ALL, setting.rounds, run);
            let lines = Who::ALL.into_iter().zip(&runs).map(|(who, runs)| {
                let rate = median(runs, |run| run.per_second);
                Line { more: costs(runs), ..Line::new(who, rate, who.is_peer()) }
            });
            print(&lines.collect::<Vec<_>>());
        }
    }
}

async fn run(who: Who, limit: u64, callers: u64, setting: &Setting) -> Driven {
    let mut contender = Contender::connect(who, limit, &setting.server.url()).await;
    if limit == FEW {
        for _ in 0..FEW {
            assert!(contender.take(u64::MAX).await, "{who}: it is full too soon");
        }
        contender.is_free = false;
    }
    let driven = drive(&contender, callers, setting.time, &setting.server).await;
    let expected = if contender.is_free { driven.all } else { FEW };
    assert_eq!(contender.held().await, expected, "{who}: a place was lost, or sold twice");
    driven
}

/// A contender, connected. Clones share the connection, as applications do.
#[derive(Clone)]
struct Contender {
    client: Client,
    /// Whether each call gets a place.
    is_free: bool,
}

#[derive(Clone)]
enum Client {
    Exactly { course: Capacity, at_most_once: bool },
    Script { connection: MultiplexedConnection, take: Arc<str> },
}

impl Contender {
    async fn connect(who: Who, limit: u64, url: &str) -> Self {
        drop(raw::emptied(url).await);
        let client = match who {
            Who::Exactly | Who::AtMostOnce => {
                let store = Store::open(url).await.expect("it opens");
                let course = Capacity::new(&store, "course", limit).with_lease(LEASE);
                Client::Exactly { course, at_most_once: who == Who::AtMostOnce }
            }
            Who::Script | Who::LapsingScript => {
                let mut connection = raw::patient(url).await;
                let before = if who == Who::LapsingScript { LAPSE } else { "" };
                let take = raw::loaded(&mut connection, &format!("{before}{TAKE}")).await;
                let mut set = redis::cmd("HSET");
                set.arg("{course}").arg("limit").arg(limit);
                let _: u64 = set.query_async(&mut connection).await.expect("it answers");
                Client::Script { connection, take }
            }
        };
        Self { client, is_free: true }
    }

    /// Whether it got a place.
    async fn take(&mut self, hold: u64) -> bool {
        match &mut self.client {
            Client::Exactly { course, at_most_once } => {
                let take = course.take(1);
                let taking = if *at_most_once { take.at_most_once().await } else { take.await };
                match taking.expect("it answers") {
                    // Left to its lease: a hold that is dropped would be released meanwhile.
                    Taking::Held(hold) => {
                        hold.keep();
                        true
                    }
                    Taking::Full { .. } => false,
                }
            }
            Client::Script { connection, take } => {
                let mut call = redis::cmd("EVALSHA");
                call.arg(&**take).arg(2).arg("{course}").arg("{course}:leases");
                call.arg(hold).arg(LEASE.as_secs());
                call.query_async(connection).await.expect("it answers")
            }
        }
    }

    /// How many places are taken.
    async fn held(&mut self) -> u64 {
        match &mut self.client {
            Client::Exactly { course, .. } => course.levels().await.expect("it answers").held,
            Client::Script { connection, .. } => {
                let used = redis::cmd("HGET").arg("{course}").arg("used").clone();
                used.query_async(connection).await.expect("it answers")
            }
        }
    }
}

impl Calls for Contender {
    async fn call(&mut self, caller: u64, number: u64) {
        assert_eq!(self.take(caller << 40 | number).await, self.is_free, "not as it must be");
    }
}
