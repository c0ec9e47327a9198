//! The counter-example: the statement of the Ruby gem `atomically` under the same races. A count
//! beside the update does not keep its promise, so that these tests know what they are looking for.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use exactly_rows::{PayAll, column};

use crate::database::{CONNECTIONS, Database};
use exactly_conformance::servers::sql::Flavour;

pub(crate) async fn counter_example(db: Database) {
    if db.flavour == Flavour::Sqlite {
        // One writer at a time: there, the statement of the gem does what it says.
        return;
    }
    db.items("gem").await;
    if db.flavour.is_postgres() {
        pays_one_of_two(&db).await;
    } else {
        waits_in_circles(&db).await;
    }
}

/// `pay_all` as the gem writes it.
fn statement(whom: &[i64], amount: i64) -> String {
    let mut cases = String::new();
    let mut wanted = Vec::new();
    for item in whom {
        write!(cases, "WHEN {item} THEN -{amount} ").unwrap();
        wanted.push(format!("(user_id = 1 AND item_id = {item} AND quantity >= {amount})"));
    }
    let wanted = wanted.join(" OR ");
    format!(
        "UPDATE gem SET quantity = quantity + (CASE item_id {cases} END) WHERE ({wanted}) AND \
         (SELECT COUNT(*) FROM (SELECT gem.* FROM gem WHERE {wanted}) subquery) = {}",
        whom.len()
    )
}

/// A rival takes the first item between the counting and the writing: the second is paid alone.
/// In the same place ours waits, sees it, and pays nothing.
async fn pays_one_of_two(db: &Database) {
    let held = "SELECT quantity FROM gem ORDER BY item_id";
    let items = exactly_rows::Table::new("gem").order(["user_id", "item_id"]);
    for gems in [true, false] {
        db.sql("DELETE FROM gem").await;
        db.sql("INSERT INTO gem (user_id, item_id, quantity) VALUES (1, 1, 5), (1, 2, 5)").await;
        let mut rival = db.begin().await;
        rival.sql("UPDATE gem SET quantity = quantity - 5 WHERE item_id = 1").await;
        let waiting = {
            let (db, items) = (db.clone(), items.clone());
            tokio::spawn(async move {
                if gems {
                    return db.try_sql(&statement(&[1, 2], 3)).await.unwrap();
                }
                let pay = PayAll::of(&items).scope(column("user_id").eq(1)).by(["item_id"]);
                let paid = db.exec(pay.take([(1, 3), (2, 3)]).from(["quantity"])).await.unwrap();
                if paid.is_all() { 2 } else { 0 }
            })
        };
        let blocked = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
        while db.rows(blocked).await.is_empty() {
            tokio::task::yield_now().await;
        }
        rival.commit().await;
        let paid = waiting.await.unwrap();
        let expected = if gems { (1, [0, 2]) } else { (0, [0, 5]) };
        assert_eq!((paid, db.numbers(held).await.as_slice()), (expected.0, expected.1.as_slice()));
    }
}

/// Sixteen who pay with several items: it locks what it counts and then what it writes, so the
/// database has to end some of them, and tells their callers.
async fn waits_in_circles(db: &Database) {
    db.sql(
        "INSERT INTO gem (user_id, item_id, quantity) \
         VALUES (1, 1, 1000000), (1, 2, 1000000), (1, 3, 1000000)",
    )
    .await;
    let (begun, ended) = (Instant::now(), Arc::new(AtomicU32::new(0)));
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        let db = db.clone();
        let ended = Arc::clone(&ended);
        all.spawn(async move {
            while ended.load(Relaxed) == 0 && begun.elapsed() < Duration::from_secs(60) {
                let whom = fastrand::choose_multiple(1..=3, 2);
                if let Err(error) = db.try_sql(&statement(&whom, 1)).await {
                    assert!(error.to_string().contains("Deadlock"), "{error}");
                    ended.fetch_add(1, Relaxed);
                }
            }
        });
    }
    all.join_all().await;
    assert!(ended.load(Relaxed) > 0, "no deadlock in a minute");
}
