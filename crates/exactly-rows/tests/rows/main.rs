//! The six statements on real servers: what each of them means, and that it holds when many race.
//!
//! Each test starts a private server and takes it along when it ends. PostgreSQL 18 and MySQL 9 are
//! asked for with `EXACTLY_WIDE=1`, and come from the folder that `ci/servers` makes.
#![cfg(all(feature = "postgres", feature = "mysql", feature = "sqlite"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cancelled;
mod combined;
mod database;
mod faults;
mod gem;
mod meaning;
mod races;
mod transactions;

use std::future::Future;

use database::Database;
use exactly_conformance::servers::sql::Flavour;

/// Runs a test against its own server, or says loudly that it does not.
fn on<F: Future<Output = ()>>(flavour: Flavour, test: impl FnOnce(Database) -> F) {
    if let Some(why) = flavour.missing() {
        eprintln!("SKIPPED: {why}");
        return;
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let server = flavour.start();
        test(Database::open(&server).await).await;
    });
}

macro_rules! on_every_server {
    ($($name:ident: $test:path),+ $(,)?) => {
        on_every_server!(postgres_15 Flavour::Postgres15: $($name $test),+);
        on_every_server!(postgres_18 Flavour::Postgres18: $($name $test),+);
        on_every_server!(mariadb_10 Flavour::MariaDb10: $($name $test),+);
        on_every_server!(mysql_9 Flavour::MySql9: $($name $test),+);
        on_every_server!(sqlite Flavour::Sqlite: $($name $test),+);
    };
    ($server:ident $flavour:path: $($name:ident $test:path),+) => {
        mod $server {
            use super::*;

            $(
                #[test]
                fn $name() {
                    on($flavour, $test);
                }
            )+
        }
    };
}

on_every_server! {
    meaning: meaning::of_all,
    transactions: transactions::of_the_caller,
    cancelled: cancelled::leaves_nothing_behind,
    faults: faults::are_told_apart,
    pays_race: races::pays,
    additions_race: races::additions,
    updates_race: races::updates,
    claims_race: races::claims,
    all_of_them_race: races::mixed,
    many_as_one: combined::of_many,
    combined_race: combined::race,
    statements_of_the_gem: gem::counter_example,
}
