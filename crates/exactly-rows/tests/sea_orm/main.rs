//! The face of sea-orm on real servers: entities, selects and models, alone and in transactions.
#![cfg(all(feature = "postgres", feature = "mysql", feature = "sqlite", feature = "sea-orm"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod gem;
mod races;
mod records;
mod selects;
#[allow(unreachable_pub, reason = "entities are public for the code that is derived of them")]
mod shop;
mod transactions;

use std::future::Future;

use exactly_conformance::servers::sql::Flavour;
use shop::Shop;

/// Runs a test against its own server, or says loudly that it does not.
fn on<F: Future<Output = ()>>(flavour: Flavour, test: impl FnOnce(Shop) -> F) {
    if let Some(why) = flavour.missing() {
        eprintln!("SKIPPED: {why}");
        return;
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let server = flavour.start();
        test(Shop::open(&server).await).await;
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
    examples_of_the_gem: gem::examples,
    records: records::mean_what_they_say,
    selects: selects::are_scopes,
    transactions: transactions::of_the_caller,
    races: races::none_is_paid_in_part,
}
