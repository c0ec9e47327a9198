//! Two items are paid with at once, of many users or of one.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use exactly_conformance::servers::sql::Server;
use exactly_peers::callers::{Calls, drive_beside};
use exactly_peers::rounds::{Line, in_turn, median, print, within};
use exactly_rows::{PayAll, Table, column};

use crate::Plan;
use crate::shop::Shop;

/// Each user has so many, far more than can be paid.
const ITEMS: i64 = 4;
const STOCK: i64 = 1_000_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Ours,
    Gem,
    ByHand,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ours => "exactly, pay_all",
            Self::Gem => "the gem's statement",
            Self::ByHand => "SELECT … FOR UPDATE by hand",
        })
    }
}

#[derive(Clone)]
struct Pays {
    who: Who,
    shop: Shop,
    users: i64,
    table: Table,
    paid: Arc<AtomicU64>,
    ended: Arc<AtomicU64>,
}

pub fn measured(server: &Server, connections: u32, users: i64, plan: Plan) {
    let all = [Who::Ours, Who::Gem, Who::ByHand];
    println!(
        "\n{:?}: paying with 2 items, {users} users, {connections} connections",
        server.flavour
    );
    within(2, async {
        let shop = Shop::open(server, 1).await;
        furnish(&shop, users).await;
        shop.close().await;
    });
    let runs = in_turn(&all, plan.rounds, |who| {
        within(2, run(who, server, connections, users, plan.time))
    });
    let lines = all.into_iter().zip(&runs).map(|(who, runs)| {
        let ended = median(runs, |run| run.1 * 100.0);
        let rate = median(runs, |run| run.0);
        let more = if ended > 0.0 { format!("{ended:.1} % ended") } else { String::new() };
        Line { more, ..Line::new(who, rate, who != Who::Ours) }
    });
    let lines: Vec<_> = lines.collect();
    print(&lines);
    println!("  {:28} {:>20.2}x of the gem's", "", lines[0].per_second / lines[1].per_second);
}

async fn furnish(shop: &Shop, users: i64) {
    let key = match shop.is_mysql_like() {
        true => "UNIQUE KEY of_user (user_id, item_id)",
        false => "UNIQUE (user_id, item_id)",
    };
    let columns = "user_id BIGINT NOT NULL, item_id BIGINT NOT NULL, quantity BIGINT NOT NULL";
    shop.table("items", &format!("{columns}, {key}")).await;
    let all: Vec<_> = (1..=users)
        .flat_map(|user| (1..=ITEMS).map(move |item| format!("({user},{item},{STOCK})")))
        .collect();
    for rows in all.chunks(5_000) {
        let rows = rows.join(",");
        shop.sql(&format!("INSERT INTO items (user_id, item_id, quantity) VALUES {rows}")).await;
    }
    shop.sql(if shop.is_mysql_like() { "ANALYZE TABLE items" } else { "VACUUM ANALYZE items" })
        .await;
}

/// How many were paid in a second, and what part of the attempts the server ended.
async fn run(
    who: Who,
    server: &Server,
    connections: u32,
    users: i64,
    time: Duration,
) -> (f64, f64) {
    let shop = Shop::open(server, connections).await;
    let sum = "SELECT CAST(SUM(quantity) AS SIGNED) FROM items";
    let sum = if shop.is_mysql_like() { sum } else { "SELECT SUM(quantity)::bigint FROM items" };
    let before = shop.number(sum).await;
    let table = Table::new("items").order(["user_id", "item_id"]);
    let table = if shop.is_mysql_like() { table.index("of_user") } else { table };
    let (paid, ended) = (Arc::default(), Arc::default());
    let pays = Pays { who, shop: shop.clone(), users, table, paid, ended };
    let driven = drive_beside(&pays, u64::from(connections), time, || Duration::ZERO).await;
    let (paid, ended) = (pays.paid.load(Ordering::Relaxed), pays.ended.load(Ordering::Relaxed));
    let taken = before - shop.number(sum).await;
    if who != Who::Gem {
        assert_eq!(taken as u64, 2 * paid, "{who}: every payment is of two");
    }
    drop(pays);
    shop.close().await;
    let all = driven.all as f64;
    (driven.per_second * paid as f64 / all, ended as f64 / all)
}

impl Calls for Pays {
    async fn call(&mut self, _caller: u64, _number: u64) {
        let user = fastrand::i64(1..=self.users);
        let one = fastrand::i64(1..=ITEMS);
        let two = (one + fastrand::i64(0..ITEMS - 1)) % ITEMS + 1;
        let told = match self.who {
            Who::Ours => self.ours(user, one, two).await,
            Who::Gem => self.gems(user, one, two).await,
            Who::ByHand => self.by_hand(user, one, two).await,
        };
        match told {
            Some(true) => drop(self.paid.fetch_add(1, Ordering::Relaxed)),
            Some(false) => {}
            None => drop(self.ended.fetch_add(1, Ordering::Relaxed)),
        }
    }
}

impl Pays {
    async fn ours(&self, user: i64, one: i64, two: i64) -> Option<bool> {
        let pay = PayAll::of(&self.table)
            .scope(column("user_id").eq(user))
            .by(["item_id"])
            .take([(one, 1), (two, 1)])
            .from(["quantity"]);
        self.shop.exec(pay).await.ok().map(|paid| paid.is_all())
    }

    async fn gems(&self, user: i64, one: i64, two: i64) -> Option<bool> {
        let wanted = "(user_id = ? AND item_id = ? AND quantity >= 1) OR \
                      (user_id = ? AND item_id = ? AND quantity >= 1)";
        let text = format!(
            "UPDATE items SET quantity = quantity + (CASE item_id WHEN ? THEN -1 WHEN ? THEN -1 \
             END) WHERE ({wanted}) AND \
             (SELECT COUNT(*) FROM (SELECT items.* FROM items WHERE {wanted}) subquery) = 2"
        );
        let binds = [one, two, user, one, user, two, user, one, user, two];
        let done = self.shop.prepared(&self.shop.places(&text), &binds).await;
        done.ok().map(|rows| rows == 2)
    }

    async fn by_hand(&self, user: i64, one: i64, two: i64) -> Option<bool> {
        let rows = "user_id = ? AND item_id IN (?, ?)";
        let lock = format!("SELECT id FROM items WHERE {rows} ORDER BY item_id FOR UPDATE");
        let write = format!("UPDATE items SET quantity = quantity - 1 WHERE {rows}");
        let [lock, write] = [lock, write].map(|text| self.shop.places(&text));
        self.shop.by_hand(&lock, &write, &[user, one, two], 2).await.ok()
    }
}
