//! A thousand rows at a time, inserted or added to.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use exactly_conformance::servers::sql::Server;
use exactly_peers::callers::{Calls, drive_beside};
use exactly_peers::rounds::{Line, in_turn, median, print, within};
use exactly_rows::{CreateOrPlus, Table};

use crate::Plan;
use crate::shop::Shop;

const ROWS: i64 = 1_000;
const KEYS: i64 = 100_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Ours,
    ByHand,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ours => "exactly, create_or_plus",
            Self::ByHand => "INSERT … ON CONFLICT",
        })
    }
}

#[derive(Clone)]
struct Adds {
    who: Who,
    shop: Shop,
    table: Table,
    text: Arc<str>,
}

pub fn measured(server: &Server, plan: Plan) {
    let all = [Who::Ours, Who::ByHand];
    println!("\n{:?}: rows a second, {ROWS} in each call, 1 caller", server.flavour);
    let runs = in_turn(&all, plan.rounds, |who| within(2, run(who, server, plan.time)));
    let lines = all.into_iter().zip(&runs).map(|(who, runs)| {
        Line::new(who, median(runs, |run: &f64| *run * ROWS as f64), who == Who::ByHand)
    });
    print(&lines.collect::<Vec<_>>());
}

async fn run(who: Who, server: &Server, time: Duration) -> f64 {
    let shop = Shop::open(server, 1).await;
    shop.table("loot", "item_id BIGINT NOT NULL UNIQUE, quantity BIGINT NOT NULL").await;
    let places = vec!["(?, ?)"; ROWS as usize].join(", ");
    let conflict = match shop.is_mysql_like() {
        true => "ON DUPLICATE KEY UPDATE quantity = quantity + VALUES(quantity)",
        false => "ON CONFLICT (item_id) DO UPDATE SET quantity = loot.quantity + excluded.quantity",
    };
    let text = format!("INSERT INTO loot (item_id, quantity) VALUES {places} {conflict}");
    let text = shop.places(&text).into();
    let table = Table::new("loot").order(["item_id"]);
    let adds = Adds { who, shop: shop.clone(), table, text };
    let driven = drive_beside(&adds, 1, time, || Duration::ZERO).await;
    let sum = match shop.is_mysql_like() {
        true => "SELECT CAST(SUM(quantity) AS SIGNED) FROM loot",
        false => "SELECT SUM(quantity)::bigint FROM loot",
    };
    assert_eq!(shop.number(sum).await, driven.all as i64 * ROWS, "{who}: each is added once");
    drop(adds);
    shop.close().await;
    driven.per_second
}

impl Calls for Adds {
    async fn call(&mut self, _caller: u64, _number: u64) {
        let first = fastrand::i64(0..KEYS);
        let keys = (0..ROWS).map(|row| (first + row * 97) % KEYS);
        match self.who {
            Who::Ours => {
                let plan = CreateOrPlus::of(&self.table)
                    .columns(["item_id", "quantity"])
                    .rows(keys.map(|key| (key, 1)))
                    .plus(["quantity"])
                    .on_conflict(["item_id"]);
                self.shop.exec(plan).await.expect("they are added");
            }
            Who::ByHand => {
                let binds: Vec<_> = keys.flat_map(|key| [key, 1]).collect();
                self.shop.prepared(&self.text, &binds).await.expect("they are added");
            }
        }
    }
}
