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

use database::Database;
use exactly_conformance::on_every_server;

on_every_server! {
    Database::open;
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
