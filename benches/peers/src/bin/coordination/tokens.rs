//! What it costs that a step happens exactly once: a record of each flight of calls.

use std::fmt;

use exactly::{Counter, Store};
use exactly_peers::callers::{Calls, Driven, drive};
use exactly_peers::raw;
use exactly_peers::rounds::{Line, costs, in_turn, median, print, within};

use crate::Setting;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Exactly,
    AtMostOnce,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Exactly => "exactly once",
            Self::AtMostOnce => "at most once",
        })
    }
}

pub fn compare(setting: &Setting) {
    const WHO: [Who; 2] = [Who::Exactly, Who::AtMostOnce];
    for callers in [1, 64, 1_024] {
        println!("\ntokens: increments of one counter, {callers} callers");
        let runs = in_turn(&WHO, setting.rounds, |who| within(2, run(who, callers, setting)));
        let lines = WHO.into_iter().zip(&runs).map(|(who, runs)| {
            let rate = median(runs, |run| run.per_second);
            Line { more: costs(runs), ..Line::new(who, rate, who == Who::AtMostOnce) }
        });
        print(&lines.collect::<Vec<_>>());
    }
}

async fn run(who: Who, callers: u64, setting: &Setting) -> Driven {
    let url = setting.server.url();
    drop(raw::emptied(&url).await);
    let store = Store::open(&url).await.expect("it opens");
    let counter = Counter::new(&store, "hot");
    let contender = Contender { who, counter: counter.clone() };
    let driven = drive(&contender, callers, setting.time, &setting.server).await;
    let counted = counter.get().await.expect("it answers");
    assert_eq!(counted as u64, driven.all, "{who}: it did not count every call once");
    driven
}

#[derive(Clone)]
struct Contender {
    who: Who,
    counter: Counter,
}

impl Calls for Contender {
    async fn call(&mut self, _: u64, _: u64) {
        _ = match self.who {
            Who::Exactly => self.counter.increment().await.expect("it counts"),
            Who::AtMostOnce => self.counter.increment().at_most_once().await.expect("it counts"),
        };
    }
}
