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

use exactly_conformance::on_every_server;
use shop::Shop;

on_every_server! {
    Shop::open;
    examples_of_the_gem: gem::examples,
    records: records::mean_what_they_say,
    selects: selects::are_scopes,
    transactions: transactions::of_the_caller,
    races: races::none_is_paid_in_part,
}
