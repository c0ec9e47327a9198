//! One row of stock that all want: a statement each, beside callers who go together.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use exactly_conformance::servers::sql::Server;
use exactly_peers::callers::{Calls, drive_beside};
use exactly_peers::rounds::{Line, in_turn, median, print, within};
use exactly_rows::{DecrementUnsignedCounters, Table};

use crate::Plan;
use crate::shop::Shop;

const STOCK: i64 = 1_000_000_000_000;
/// As many as the plain ones have, however many call.
const CONNECTIONS: u32 = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Folded,
    Ours,
    Plain,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Folded => "exactly, combined",
            Self::Ours => "exactly, decrement",
            Self::Plain => "UPDATE … WHERE units >= 1",
        })
    }
}

#[derive(Clone)]
struct Sells {
    who: Who,
    shop: Shop,
    sell: DecrementUnsignedCounters,
    text: Arc<str>,
    sold: Arc<AtomicU64>,
}

pub fn measured(server: &Server, callers: u64, plan: Plan) {
    let all = [Who::Folded, Who::Ours, Who::Plain];
    println!("\n{:?}: one hot row, {callers} callers, {CONNECTIONS} connections", server.flavour);
    let runs = in_turn(&all, plan.rounds, |who| within(2, run(who, server, callers, plan.time)));
    let lines = all
        .into_iter()
        .zip(&runs)
        .map(|(who, runs)| Line::new(who, median(runs, |run: &f64| *run), who == Who::Plain));
    print(&lines.collect::<Vec<_>>());
}

async fn run(who: Who, server: &Server, callers: u64, time: Duration) -> f64 {
    let shop = Shop::open(server, CONNECTIONS).await;
    shop.table("stocks", "units BIGINT NOT NULL").await;
    shop.sql(&format!("INSERT INTO stocks (id, units) VALUES (7, {STOCK})")).await;
    let text = shop.places("UPDATE stocks SET units = units - ? WHERE id = ? AND units >= ?");
    let sell = DecrementUnsignedCounters::of(&Table::new("stocks"), 7).by([("units", 1)]);
    let sells = Sells { who, shop: shop.clone(), sell, text: text.into(), sold: Arc::default() };
    let driven = drive_beside(&sells, callers, time, || Duration::ZERO).await;
    let sold = sells.sold.load(Ordering::Relaxed);
    let left = shop.number("SELECT units FROM stocks").await;
    assert_eq!((STOCK - left) as u64, sold, "{who}: every unit is sold once");
    drop(sells);
    shop.close().await;
    driven.per_second
}

impl Calls for Sells {
    async fn call(&mut self, _caller: u64, _number: u64) {
        let sold = match self.who {
            Who::Folded => self.shop.exec_folded(self.sell.clone()).await.expect("told").is_done(),
            Who::Ours => self.shop.exec(self.sell.clone()).await.expect("told").is_done(),
            Who::Plain => self.shop.prepared(&self.text, &[1, 7, 1]).await.expect("told") == 1,
        };
        self.sold.fetch_add(u64::from(sold), Ordering::Relaxed);
    }
}
