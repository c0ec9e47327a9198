//! Locks, queues, capacities and tokens beside what people use for them: one server, contenders in
//! turn, medians.
//!
//! ```text
//! cargo run --release --manifest-path benches/peers/Cargo.toml --bin coordination -- \
//!     [lock|processes|queue|capacity|tokens …] [--rounds 5] [--ms 500] [--jobs 20000]
//! ```

mod capacities;
mod locks;
mod processes;
mod queues;
mod tokens;
mod waits;

use std::time::Duration;

use exactly_peers::rounds::numbers;
use exactly_peers::server::Server;

/// What is measured in the same way by all parts.
struct Setting {
    server: Server,
    rounds: usize,
    /// How long each run takes, except that of a queue, which ends with its last job.
    time: Duration,
    jobs: u64,
}

type Part = (&'static str, fn(&Setting));

const PARTS: [Part; 5] = [
    ("lock", locks::compare),
    ("processes", processes::compare),
    ("queue", queues::compare),
    ("capacity", capacities::compare),
    ("tokens", tokens::compare),
];

fn main() {
    let mut given = std::env::args().skip(1).peekable();
    if given.next_if(|word| word == processes::WAITER).is_some() {
        return processes::wait(given);
    }
    let mut parts = Vec::new();
    let (mut rounds, mut time, mut jobs) = (5, Duration::from_millis(500), 20_000);
    while let Some(word) = given.next() {
        let mut number = || {
            let next = given.next().unwrap_or_else(|| panic!("{word} needs a value"));
            numbers(&next)[0]
        };
        match word.as_str() {
            "--rounds" => rounds = number().max(1),
            "--ms" => time = Duration::from_millis(number() as u64),
            "--jobs" => jobs = number() as u64,
            name => match PARTS.into_iter().find(|(known, _)| *known == name) {
                Some(part) => parts.push(part),
                None => panic!("{name} is no part: {:?}", PARTS.map(|(name, _)| name)),
            },
        }
    }
    if parts.is_empty() {
        parts = PARTS.to_vec();
    }
    let setting = Setting { server: Server::start(&[]), rounds, time, jobs };
    for (_, compare) in parts {
        compare(&setting);
    }
}
