//! Every statement as a part of the caller's own transaction.

use std::sync::atomic::{AtomicU32, Ordering};

use exactly_core::Fate;
use exactly_rows::{
    CreateOrPlus, DecrementUnsignedCounters, Exec, Fault, PayAll, Trouble, Update, UpdateAll,
    UpdateAllAndGetIds, column, retry_transaction, set,
};

use crate::database::{Database, Pools};

pub(crate) async fn of_the_caller(db: Database) {
    every_statement(&db).await;
    a_refusal_spoils_nothing(&db).await;
    half_of_many_rows_does_not_stay(&db).await;
    on_a_connection_of_ones_own(&db).await;
    done_again(&db).await;
    ended_by_the_database_and_done_again(&db).await;
}

/// One commit for all of them, and one rollback.
async fn every_statement(db: &Database) {
    let items = db.items("own").await;
    let held = "SELECT quantity FROM own ORDER BY item_id";
    for commits in [false, true] {
        db.sql("DELETE FROM own").await;
        db.sql(
            "INSERT INTO own (id, user_id, item_id, quantity) \
             VALUES (101, 1, 1, 9), (102, 1, 2, 9)",
        )
        .await;
        let mut tx = db.begin().await;
        let more = CreateOrPlus::of(&items).columns(["user_id", "item_id", "quantity"]);
        let more = more.rows([(1, 1, 1), (1, 3, 5)]).plus(["quantity"]);
        tx.exec(more.on_conflict(["user_id", "item_id"])).await.unwrap();
        let pay = PayAll::of(&items).by(["item_id"]).take([(1, 10), (2, 2)]).from(["quantity"]);
        assert!(tx.exec(pay).await.unwrap().is_all());
        let take = DecrementUnsignedCounters::of(&items, 102).by([("quantity", 2)]);
        assert!(tx.exec(take).await.unwrap().is_done());
        let change = Update::of(&items, 102).change("quantity", 5, 6);
        assert!(tx.exec(change).await.unwrap().is_changed());
        let two = UpdateAll::of(&items).scope(column("quantity").gt(4)).expecting(2);
        assert!(tx.exec(two.set(set("bonus", 1))).await.unwrap().is_done());
        let ids = UpdateAllAndGetIds::of(&items).scope(column("bonus").eq(1));
        assert_eq!(tx.exec(ids.set(set("bonus", 2))).await.unwrap().len(), 2);
        assert_eq!(tx.number("SELECT count(*) FROM own WHERE bonus = 2").await, 2);
        match commits {
            true => tx.commit().await,
            false => tx.rollback().await,
        }
        let expected = if commits { vec![0, 6, 5] } else { vec![9, 9] };
        assert_eq!(db.numbers(held).await, expected);
    }
}

/// Who is refused goes on, and what was done before still stands.
async fn a_refusal_spoils_nothing(db: &Database) {
    let items = db.items("calm").await;
    db.sql("INSERT INTO calm (id, user_id, item_id, quantity) VALUES (1, 1, 1, 9)").await;
    let mut tx = db.begin().await;
    tx.sql("UPDATE calm SET bonus = 1").await;
    let pay = PayAll::of(&items).take([(1, 10)]).from(["quantity"]);
    assert!(!tx.exec(pay.clone()).await.unwrap().is_all());
    let change = Update::of(&items, 1).change("quantity", 1, 2);
    assert!(!tx.exec(change).await.unwrap().is_changed());
    let take = DecrementUnsignedCounters::of(&items, 1).by([("quantity", 10)]);
    assert!(!tx.exec(take).await.unwrap().is_done());
    let two = UpdateAll::of(&items).expecting(2).set(set("bonus", 5));
    assert!(!tx.exec(two).await.unwrap().is_done());
    tx.sql("UPDATE calm SET quantity = 10").await;
    // It sees what its own transaction has done.
    assert!(tx.exec(pay).await.unwrap().is_all());
    tx.commit().await;
    assert_eq!(db.numbers("SELECT quantity + bonus FROM calm").await, [1]);
}

/// Many rows are several statements. If one of them fails, none of its rows stay in a transaction
/// that goes on.
async fn half_of_many_rows_does_not_stay(db: &Database) {
    let items = db.items("half").await;
    let many = CreateOrPlus::of(&items).columns(["user_id", "item_id", "quantity"]);
    let many = many.plus(["quantity"]).on_conflict(["user_id", "item_id"]);
    let many = many.rows_from(|| (0..2_500_i64).map(|at| (at, 1, if at < 2_400 { 1 } else { -1 })));
    let mut tx = db.begin().await;
    tx.sql("INSERT INTO half (user_id, item_id, quantity) VALUES (1, 9, 9)").await;
    assert!(tx.exec(many).await.unwrap_err().is_misuse());
    tx.commit().await;
    assert_eq!(db.numbers("SELECT item_id FROM half").await, [9]);
}

/// A connection without a transaction gets one for as long as it is needed.
async fn on_a_connection_of_ones_own(db: &Database) {
    let items = db.items("bare").await;
    db.sql("INSERT INTO bare (id, user_id, item_id, quantity) VALUES (1, 1, 1, 9)").await;
    let pay = PayAll::of(&items).take([(1, 4)]).from(["quantity"]);
    let paid = match &*db.pools {
        Pools::Postgres(pool) => pay.exec(&mut *pool.acquire().await.unwrap()).await,
        Pools::MySql(pool) => pay.exec(&mut *pool.acquire().await.unwrap()).await,
        Pools::Sqlite(pool) => pay.exec(&mut *pool.acquire().await.unwrap()).await,
    };
    assert!(paid.unwrap().is_all());
    assert_eq!(db.numbers("SELECT quantity FROM bare").await, [5]);
}

/// The first two attempts end as if the database had ended them: they leave nothing.
async fn done_again(db: &Database) {
    let items = db.items("again").await;
    db.sql("INSERT INTO again (id, user_id, item_id, quantity) VALUES (1, 1, 1, 9)").await;
    let take = DecrementUnsignedCounters::of(&items, 1).by([("quantity", 1)]);
    let attempts = AtomicU32::new(0);
    macro_rules! work {
        () => {
            async |mut tx| {
                take.clone().exec(&mut tx).await?;
                match attempts.fetch_add(1, Ordering::Relaxed) {
                    0 | 1 => Err(Fault::of(Fate::NotApplied, Trouble::Deadlock, "as if")),
                    _ => Ok("done"),
                }
            }
        };
    }
    let told = match &*db.pools {
        Pools::Postgres(pool) => retry_transaction(pool, work!()).await,
        Pools::MySql(pool) => retry_transaction(pool, work!()).await,
        Pools::Sqlite(pool) => retry_transaction(pool, work!()).await,
    };
    assert_eq!(told.unwrap(), "done");
    assert_eq!(attempts.load(Ordering::Relaxed), 3);
    assert_eq!(db.numbers("SELECT quantity FROM again").await, [8]);
}

/// One more in two rows, one after the other.
macro_rules! crossing {
    ($items:expr, $first:expr, $second:expr) => {
        async |mut tx| {
            for id in [$first, $second] {
                let more = CreateOrPlus::of(&$items)
                    .columns(["id", "user_id", "item_id", "quantity"])
                    .rows([(id, 1, id, 1)])
                    .plus(["quantity"]);
                more.exec(&mut tx).await?;
            }
            Ok::<(), Fault>(())
        }
    };
}
/// Two who lock the same rows the other way round: the database ends one of them each time, and
/// nobody is told.
async fn ended_by_the_database_and_done_again(db: &Database) {
    let items = db.items("crossed").await;
    db.sql(
        "INSERT INTO crossed (id, user_id, item_id, quantity) VALUES (1, 1, 1, 0), (2, 1, 2, 0)",
    )
    .await;
    let both = |first: i64, second: i64| {
        let (db, items) = (db.clone(), items.clone());
        async move {
            for _ in 0..25 {
                let told = match &*db.pools {
                    Pools::Postgres(pool) => {
                        retry_transaction(pool, crossing!(items, first, second)).await
                    }
                    Pools::MySql(pool) => {
                        retry_transaction(pool, crossing!(items, first, second)).await
                    }
                    Pools::Sqlite(pool) => {
                        retry_transaction(pool, crossing!(items, first, second)).await
                    }
                };
                told.unwrap();
            }
        }
    };
    let (one, two) = tokio::join!(tokio::spawn(both(1, 2)), tokio::spawn(both(2, 1)));
    one.and(two).unwrap();
    assert_eq!(db.numbers("SELECT quantity FROM crossed ORDER BY id").await, [50, 50]);
}
