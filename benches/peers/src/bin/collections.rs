//! Every operation of a collection beside the command it is, sent by the client people use: one
//! server, one process, rounds in turn, medians.
//!
//! ```text
//! cargo run --release --manifest-path benches/peers/Cargo.toml --bin collections -- \
//!     [list|set|sorted|map …] [--callers 1,64] [--size 10,10000,1000000] [--rounds 5] [--ms 300]
//! ```

use std::fmt;
use std::time::Duration;

use exactly::{List, Map, Set, SortedSet, Store};
use exactly_peers::callers::{Calls, Driven, drive};
use exactly_peers::raw;
use exactly_peers::rounds::{Line, costs, in_turn, median, numbers, print, within};
use exactly_peers::server::Server;
use redis::aio::MultiplexedConnection;

/// What one call does. Those that add are paired with those that remove, so that the size stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    ListPushPop,
    ListMiddle,
    SetAddRemove,
    SetContains,
    SortedAddRemove,
    SortedRank,
    SortedTop,
    MapSet,
    MapGet,
    MapAdd,
}

const ALL: [(&str, &str, What); 10] = [
    ("list", "push_back, pop_front", What::ListPushPop),
    ("list", "get, in the middle", What::ListMiddle),
    ("set", "add, remove", What::SetAddRemove),
    ("set", "contains", What::SetContains),
    ("sorted", "insert, remove", What::SortedAddRemove),
    ("sorted", "rank", What::SortedRank),
    ("sorted", "top(10)", What::SortedTop),
    ("map", "set", What::MapSet),
    ("map", "get", What::MapGet),
    ("map", "increment", What::MapAdd),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Exactly,
    AtMostOnce,
    Redis,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Exactly => "exactly",
            Self::AtMostOnce => "exactly, at most once",
            Self::Redis => "redis 1.8",
        })
    }
}

/// Both speak to the same keys.
#[derive(Clone)]
struct Contender {
    who: Who,
    what: What,
    size: u64,
    raw: MultiplexedConnection,
    list: List<i64>,
    set: Set<i64>,
    sorted: SortedSet<i64>,
    map: Map<i64, i64>,
}

macro_rules! ours {
    ($who:expr, $call:expr) => {
        match $who {
            Who::Exactly => _ = $call.await.expect("it answers"),
            Who::AtMostOnce => _ = $call.at_most_once().await.expect("it answers"),
            Who::Redis => unreachable!("it has its own commands"),
        }
    };
}

impl Contender {
    async fn connect(who: Who, what: What, size: u64, url: &str) -> Self {
        let raw = raw::emptied(url).await;
        let store = Store::open(url).await.expect("it opens");
        let contender = Self {
            who,
            what,
            size,
            raw,
            list: List::new(&store, "list"),
            set: Set::new(&store, "set"),
            sorted: SortedSet::new(&store, "sorted"),
            map: Map::new(&store, "map"),
        };
        contender.fill().await;
        contender
    }

    async fn fill(&self) {
        let numbers: Vec<i64> = (0..self.size as i64).collect();
        for part in numbers.chunks(10_000) {
            let part = part.iter().copied();
            match self.what {
                What::ListPushPop | What::ListMiddle => {
                    self.list.push_back_many(part).await.expect("it answers");
                }
                What::SetAddRemove | What::SetContains => {
                    self.set.add_many(part).await.expect("it answers");
                }
                What::SortedAddRemove | What::SortedRank | What::SortedTop => {
                    let scored = part.map(|number| (number, number as f64));
                    self.sorted.insert_many(scored).await.expect("it answers");
                }
                What::MapSet | What::MapGet | What::MapAdd => {
                    let pairs = part.map(|number| (number, number));
                    self.map.set_many(pairs).await.expect("it answers");
                }
            }
        }
    }

    async fn raw(&mut self, any: i64, own: i64, first: bool) {
        let mut command = redis::Cmd::new();
        match self.what {
            What::ListPushPop if first => command.arg("RPUSH").arg("{list}").arg(own),
            What::ListPushPop => command.arg("LPOP").arg("{list}"),
            What::ListMiddle => command.arg("LINDEX").arg("{list}").arg(self.size / 2),
            What::SetAddRemove if first => command.arg("SADD").arg("{set}").arg(own),
            What::SetAddRemove => command.arg("SREM").arg("{set}").arg(own),
            What::SetContains => command.arg("SISMEMBER").arg("{set}").arg(any),
            What::SortedAddRemove if first => command.arg("ZADD").arg("{sorted}").arg(any).arg(own),
            What::SortedAddRemove => command.arg("ZREM").arg("{sorted}").arg(own),
            What::SortedRank => command.arg("ZRANK").arg("{sorted}").arg(any),
            What::SortedTop => {
                command.arg("ZREVRANGE").arg("{sorted}").arg(0).arg(9).arg("WITHSCORES")
            }
            What::MapSet => command.arg("HSET").arg("{map}").arg(any).arg(own),
            What::MapGet => command.arg("HGET").arg("{map}").arg(any),
            What::MapAdd => command.arg("HINCRBY").arg("{map}").arg(any).arg(1),
        };
        let _: redis::Value = command.query_async(&mut self.raw).await.expect("it answers");
    }
}

impl Calls for Contender {
    async fn call(&mut self, caller: u64, number: u64) {
        let mixed = (caller * 7_919 + number / 2).wrapping_mul(0x9E37_79B9) % self.size;
        let (any, own) = (mixed as i64, (self.size + caller) as i64);
        let first = number.is_multiple_of(2);
        if self.who == Who::Redis {
            return self.raw(any, own, first).await;
        }
        let who = self.who;
        match self.what {
            What::ListPushPop if first => ours!(who, self.list.push_back(own)),
            What::ListPushPop => ours!(who, self.list.pop_front()),
            What::ListMiddle => {
                let middle = self.size as i64 / 2;
                _ = self.list.get(middle).await.expect("it answers");
            }
            What::SetAddRemove if first => ours!(who, self.set.add(own)),
            What::SetAddRemove => ours!(who, self.set.remove(own)),
            What::SetContains => ours!(who, self.set.contains(any)),
            What::SortedAddRemove if first => ours!(who, self.sorted.insert(own, any as f64)),
            What::SortedAddRemove => ours!(who, self.sorted.remove(own)),
            What::SortedRank => ours!(who, self.sorted.rank(any)),
            What::SortedTop => ours!(who, self.sorted.top(10)),
            What::MapSet => ours!(who, self.map.set(any, own)),
            What::MapGet => ours!(who, self.map.get(any)),
            What::MapAdd => ours!(who, self.map.increment(any)),
        }
    }
}

struct Setting<'a> {
    server: &'a Server,
    what: What,
    callers: u64,
    size: u64,
    time: Duration,
}

impl Setting<'_> {
    async fn run(&self, who: Who) -> Driven {
        let contender = Contender::connect(who, self.what, self.size, &self.server.url()).await;
        drive(&contender, self.callers, self.time, self.server).await
    }
}

fn compare(setting: &Setting<'_>, rounds: usize) {
    const WHO: [Who; 3] = [Who::Exactly, Who::AtMostOnce, Who::Redis];
    let runs = in_turn(&WHO, rounds, |who| within(2, setting.run(who)));
    let lines = WHO.into_iter().zip(&runs).map(|(who, runs)| {
        let rate = median(runs, |run| run.per_second);
        Line { more: costs(runs), ..Line::new(who, rate, who == Who::Redis) }
    });
    print(&lines.collect::<Vec<_>>());
}

fn main() {
    let (mut kinds, mut callers, mut sizes) = (Vec::new(), vec![1, 64], vec![10_000]);
    let (mut rounds, mut time) = (5, Duration::from_millis(300));
    let mut given = std::env::args().skip(1);
    while let Some(word) = given.next() {
        let mut next = || given.next().unwrap_or_else(|| panic!("{word} needs a value"));
        match word.as_str() {
            "--callers" => callers = numbers(&next()),
            "--size" => sizes = numbers(&next()),
            "--rounds" => rounds = numbers(&next())[0].max(1),
            "--ms" => time = Duration::from_millis(numbers(&next())[0] as u64),
            kind if ALL.iter().any(|(known, ..)| *known == kind) => kinds.push(kind.to_owned()),
            other => panic!("{other} is no kind of collection: list, set, sorted, map"),
        }
    }
    let server = Server::start(&[]);
    for (kind, name, what) in ALL {
        if !kinds.is_empty() && !kinds.iter().any(|wanted| wanted == kind) {
            continue;
        }
        for &size in &sizes {
            for &callers in &callers {
                let (size, callers) = (size as u64, callers as u64);
                println!("\n{kind}: {name}; {size} elements, {callers} callers");
                compare(&Setting { server: &server, what, callers, size, time }, rounds);
            }
        }
    }
}
