//! Callers who do not wait for the answer leave no open transaction behind, and nothing half done.

use std::time::Duration;

use exactly_rows::{
    CreateOrPlus, Exec, Fault, Fragment, PayAll, Scope, UpdateAll, retry_transaction, set,
};

use crate::database::{CONNECTIONS, Database, Pools};

pub(crate) async fn leaves_nothing_behind(db: Database) {
    let items = db.items("given_up").await;
    db.sql(
        "INSERT INTO given_up (user_id, item_id, quantity) \
         VALUES (1, 1, 100000), (1, 2, 100000)",
    )
    .await;
    let pay = PayAll::of(&items).by(["item_id"]).take([(1, 1), (2, 1)]).from(["quantity"]);
    let both = UpdateAll::of(&items).expecting(2).set(set("bonus", 1));
    let more = CreateOrPlus::of(&items).columns(["user_id", "item_id", "quantity"]);
    let more = more.rows([(1, 1, 1), (1, 2, 1)]).plus(["quantity"]);
    let more = more.on_conflict(["user_id", "item_id"]);

    for round in 0..1_000 {
        // Given up after no time, and after about as long as it takes, and all between.
        let patience = Duration::from_micros(fastrand::u64(0..2_500));
        let impatient = |work| tokio::time::timeout(patience, work);
        // Another text each time, so that some are given up while they are prepared.
        let new = Scope::raw(Fragment::new(format!("{round} = {round}"), [0_i64; 0]));
        let (pay, both) = (pay.clone().scope(new.clone()), both.clone().scope(new));
        match round % 4 {
            0 => drop(impatient(boxed(db.exec(pay))).await),
            1 => drop(impatient(boxed(db.exec(both))).await),
            2 => drop(impatient(boxed(db.exec(more.clone()))).await),
            _ => drop(impatient(boxed(own_transaction(&db, &pay))).await),
        }
    }
    nobody_is_in_a_transaction(&db).await;
    let held = db.numbers("SELECT quantity FROM given_up ORDER BY item_id").await;
    assert_eq!(held[0], held[1], "one of two was paid");
}

type Done<'w> = std::pin::Pin<Box<dyn Future<Output = ()> + Send + 'w>>;

fn boxed<'w, T>(work: impl Future<Output = Result<T, Fault>> + Send + 'w) -> Done<'w> {
    Box::pin(async move {
        work.await.unwrap();
    })
}

async fn own_transaction(db: &Database, pay: &PayAll) -> Result<(), Fault> {
    macro_rules! work {
        () => {
            async |mut tx| {
                pay.clone().exec(&mut tx).await?;
                Ok::<(), Fault>(())
            }
        };
    }
    match &*db.pools {
        Pools::Postgres(pool) => retry_transaction(pool, work!()).await,
        Pools::MySql(pool) => retry_transaction(pool, work!()).await,
        Pools::Sqlite(pool) => retry_transaction(pool, work!()).await,
    }
}

/// Every connection of the pool writes a row, and others see it: none of them has a transaction
/// open that it forgot.
async fn nobody_is_in_a_transaction(db: &Database) {
    db.table("probes", "id ID, no INT").await;
    macro_rules! write_by_each {
        ($pool:expr) => {{
            let mut all = Vec::new();
            for _ in 0..CONNECTIONS {
                all.push($pool.acquire().await.unwrap());
            }
            for mut one in all {
                let insert = "INSERT INTO probes (no) VALUES (1)";
                sqlx::raw_sql(insert).execute(&mut *one).await.unwrap();
                // What is written inside a forgotten transaction goes with its connection.
                one.close().await.unwrap();
            }
        }};
    }
    match &*db.pools {
        Pools::Postgres(pool) => write_by_each!(pool),
        Pools::MySql(pool) => write_by_each!(pool),
        Pools::Sqlite(pool) => write_by_each!(pool),
    }
    assert_eq!(db.number("SELECT count(*) FROM probes").await, i64::from(CONNECTIONS));
}
