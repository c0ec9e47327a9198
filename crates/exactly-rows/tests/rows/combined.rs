//! Callers who decrement one row at once, as one statement: each told in turn, none twice.

use std::collections::BTreeSet;

use exactly_rows::{
    DecrementUnsignedCounters, Decremented, Exec, Many, Table, Value, column, combined,
};
use tokio::task::JoinSet;

use crate::database::{Database, Pools};

fn sell(units: i64) -> DecrementUnsignedCounters {
    DecrementUnsignedCounters::of(&Table::new("stocks"), 7).by([("units", units)])
}

async fn stock(db: &Database, units: &str) {
    db.table("stocks", "id ID, units BIGINT UNSIGNED, tons DECIMAL(30, 3), at MOMENT").await;
    db.sql(&format!("INSERT INTO stocks (id, units, tons) VALUES (7, {units}, 2.5)")).await;
}

/// What each was told is left, or what there was that was too little.
fn told(outcomes: Vec<Decremented>) -> Vec<Result<Option<Value>, Value>> {
    let one = |outcome: Decremented| match outcome.clone() {
        Decremented::Done { left } => Ok(left.map(|left| left.iter().next().unwrap().1.clone())),
        Decremented::Short { columns } => Err(columns[0].held.clone()),
        Decremented::Refused | Decremented::Missing | Decremented::Nothing => {
            panic!("it is told who was short: {outcome:?}")
        }
    };
    outcomes.into_iter().map(one).collect()
}

async fn many(db: &Database, plan: DecrementUnsignedCounters, times: u32) -> Vec<Decremented> {
    db.exec(Many::of(plan, times).unwrap()).await.unwrap()
}

pub(crate) async fn of_many(db: Database) {
    let done = |left: i64| Ok(Some(Value::from(left)));
    let short = |held: i64| Err(Value::from(held));
    stock(&db, "7").await;
    assert_eq!(told(many(&db, sell(2), 2).await), [done(5), done(3)]);
    assert_eq!(told(many(&db, sell(2), 3).await), [done(1), short(1), short(1)]);
    assert_eq!(told(many(&db, sell(2), 2).await), [short(1), short(1)]);
    assert_eq!(db.number("SELECT units FROM stocks").await, 1);

    stock(&db, "NULL").await;
    assert_eq!(told(many(&db, sell(1), 2).await), [Err(Value::Null), Err(Value::Null)]);
    let elsewhere = sell(1).scope(column("id").gt(9));
    assert_eq!(many(&db, elsewhere, 2).await, [Decremented::Missing, Decremented::Missing]);

    // Numbers that do not ride along are right all the same.
    stock(&db, "1152921504606846976").await;
    for (at, one) in told(many(&db, sell(3), 4).await).into_iter().enumerate() {
        let left = 1_152_921_504_606_846_976_i64 - 3 * (at as i64 + 1);
        assert!(one == Ok(None) || one == done(left), "{one:?}");
    }
    assert_eq!(db.number("SELECT units FROM stocks").await, 1_152_921_504_606_846_964);
    let tons = DecrementUnsignedCounters::of(&Table::new("stocks"), 7).by([("tons", 1)]);
    let left: Vec<_> = told(many(&db, tons, 3).await).into_iter().map(|one| one.is_ok()).collect();
    assert_eq!(left, [true, true, false]);
    assert_eq!(db.number("SELECT count(*) FROM stocks WHERE tons = 0.5").await, 1);
}

/// 300 callers of 64 at a time want one of 200: each of the 200 is had by one of them.
pub(crate) async fn race(db: Database) {
    stock(&db, "200").await;
    let (mut crowd, mut lefts, mut short) = (JoinSet::new(), BTreeSet::new(), 0);
    let place = Stocks::on(&db);
    for _ in 0..300 {
        let place = place.clone();
        crowd.spawn(async move { place.sell(1).await });
    }
    for outcome in crowd.join_all().await {
        match told(vec![outcome]).remove(0) {
            Ok(Some(left)) => assert!(lefts.insert(i64::try_from(left).unwrap()), "sold twice"),
            Ok(None) => panic!("it is told what is left"),
            Err(_) => short += 1,
        }
    }
    assert!(lefts.into_iter().eq(0..200));
    assert_eq!((short, db.number("SELECT units FROM stocks").await), (100, 0));

    // Who goes away, at whatever moment, has bought one or none.
    stock(&db, "1000").await;
    for polls in 0..200_u32 {
        let mut buying = Box::pin(place.sell(1));
        for _ in 0..polls % 7 {
            tokio::select! {
                biased;
                _ = &mut buying => break,
                () = tokio::task::yield_now() => {}
            }
        }
        drop(buying);
    }
    let bought = place.sell(1).await;
    assert!(bought.is_done(), "the line goes on");
    let left = db.number("SELECT units FROM stocks").await;
    assert!((799..=999).contains(&left), "{left}");
}

/// The pool of any of them, with callers folded.
#[derive(Clone)]
enum Stocks {
    Postgres(exactly_rows::Combined<sqlx::Postgres>),
    MySql(exactly_rows::Combined<sqlx::MySql>),
    Sqlite(exactly_rows::Combined<sqlx::Sqlite>),
}

impl Stocks {
    fn on(db: &Database) -> Self {
        match &*db.pools {
            Pools::Postgres(pool) => Self::Postgres(combined(pool)),
            Pools::MySql(pool) => Self::MySql(combined(pool)),
            Pools::Sqlite(pool) => Self::Sqlite(combined(pool)),
        }
    }

    async fn sell(&self, units: i64) -> Decremented {
        let told = match self {
            Self::Postgres(place) => sell(units).exec(place).await,
            Self::MySql(place) => sell(units).exec(place).await,
            Self::Sqlite(place) => sell(units).exec(place).await,
        };
        told.unwrap()
    }
}
