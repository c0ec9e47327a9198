//! Atomic statements on tables, beside the Ruby gem's statement and what careful users write by
//! hand: private servers with commits that are on disk, contenders in turn, medians.
//!
//! ```text
//! cargo run --release --manifest-path benches/peers/Cargo.toml --bin rows -- \
//!     [--servers postgres,mariadb] [--rounds 3] [--ms 1000]
//! ```

mod hot;
mod pay;
mod plus;
mod shop;

use std::time::Duration;

use exactly_conformance::servers::sql::Flavour;

/// How long and how often each is measured.
#[derive(Debug, Clone, Copy)]
struct Plan {
    rounds: usize,
    time: Duration,
}

fn main() {
    let mut servers = vec![Flavour::Postgres15, Flavour::MariaDb10];
    let mut plan = Plan { rounds: 3, time: Duration::from_secs(1) };
    let mut given = std::env::args().skip(1);
    while let Some(word) = given.next() {
        let value = given.next().unwrap_or_else(|| panic!("{word} needs a value"));
        let number = || value.parse().unwrap_or_else(|_| panic!("{value} is no number"));
        match word.as_str() {
            "--servers" => servers = value.split(',').map(flavour).collect(),
            "--rounds" => plan.rounds = number(),
            "--ms" => plan.time = Duration::from_millis(number() as u64),
            _ => panic!("{word} is no option"),
        }
    }
    for flavour in servers {
        if let Some(why) = flavour.missing() {
            println!("SKIPPED: {why}");
            continue;
        }
        let server = flavour.start();
        for (connections, users) in [(1, 10_000), (16, 10_000), (16, 1)] {
            pay::measured(&server, connections, users, plan);
        }
        for callers in [1, 64, 1_024] {
            hot::measured(&server, callers, plan);
        }
        plus::measured(&server, plan);
    }
}

fn flavour(name: &str) -> Flavour {
    match name {
        "postgres" => Flavour::Postgres15,
        "postgres-18" => Flavour::Postgres18,
        "mariadb" => Flavour::MariaDb10,
        "mysql" => Flavour::MySql9,
        _ => panic!("{name} is no server: postgres, postgres-18, mariadb, mysql"),
    }
}
