//! What databases refuse, told apart: what to do, and whether anything happened.

use exactly_core::Fate;
use exactly_rows::{
    Constraint, CreateOrPlus, DecrementUnsignedCounters, Fault, PayAll, Table, Trouble, UpdateAll,
    column, set,
};

use crate::database::Database;
use exactly_conformance::servers::sql::Flavour;

pub(crate) async fn are_told_apart(db: Database) {
    rules_of_tables(&db).await;
    what_the_database_does_not_know(&db).await;
    too_large_for_a_column(&db).await;
    two_who_wait_for_each_other(&db).await;
    if db.flavour.is_postgres() {
        changed_since_it_was_read(&db).await;
        waited_too_long(&db).await;
        cut_off(&db).await;
    }
}

fn assert_is(fault: Fault, fate: Fate, trouble: Trouble) {
    assert_eq!((fault.fate(), fault.trouble()), (fate, trouble), "{fault}");
    assert_eq!(fault.is_transient(), trouble.is_transient());
}

async fn rules_of_tables(db: &Database) {
    db.table("owners", "id INT PRIMARY KEY").await;
    db.sql("INSERT INTO owners VALUES (1)").await;
    let columns = "id INT PRIMARY KEY, name VARCHAR(9) UNIQUE, owner INT NOT NULL, units INT, \
                   CONSTRAINT enough CHECK (units >= 2), \
                   FOREIGN KEY (owner) REFERENCES owners (id)";
    db.table("stocks", columns).await;
    db.sql("INSERT INTO stocks VALUES (1, 'a', 1, 5), (2, 'b', 1, 5)").await;
    let stocks = Table::new("stocks");
    let one = |setting| UpdateAll::of(&stocks).scope(column("id").eq(2)).expecting(1).set(setting);
    for (plan, constraint) in [
        (one(set("name", "a")), Constraint::Unique),
        (one(set("owner", 9)), Constraint::ForeignKey),
        (one(set("owner", None::<i64>)), Constraint::NotNull),
        (one(set("units", 1)), Constraint::Check),
    ] {
        let fault = db.exec(plan).await.unwrap_err();
        if constraint == Constraint::Check && db.flavour.is_postgres() {
            assert_eq!(fault.constraint(), Some("enough"));
        }
        assert_is(fault, Fate::NotApplied, Trouble::Constraint(constraint));
    }
    let take = DecrementUnsignedCounters::of(&stocks, 1).by([("units", 4)]);
    let fault = db.exec(take).await.unwrap_err();
    assert_is(fault, Fate::NotApplied, Trouble::Constraint(Constraint::Check));
    assert_eq!(db.number("SELECT sum(units) FROM stocks WHERE owner = 1").await, 10);
}

async fn what_the_database_does_not_know(db: &Database) {
    let items = db.items("known").await;
    for plan in [
        PayAll::of(&Table::new("nowhere")).take([(1, 1)]).from(["quantity"]),
        PayAll::of(&items).take([(1, 1)]).from(["price"]),
        PayAll::of(&items).take([(1, 1)]).from(["quantity"]).scope(column("price").eq(1)),
    ] {
        let fault = db.exec(plan).await.unwrap_err();
        assert_is(fault, Fate::Misuse, Trouble::Statement);
    }
}

async fn too_large_for_a_column(db: &Database) {
    db.table("small", "id INT PRIMARY KEY, units SMALLINT NOT NULL").await;
    db.sql("INSERT INTO small VALUES (1, 32000)").await;
    if db.flavour == Flavour::Sqlite {
        return;
    }
    let more = CreateOrPlus::of(&Table::new("small")).columns(["id", "units"]).plus(["units"]);
    let fault = db.exec(more.rows([(1, 1000), (2, 1)])).await.unwrap_err();
    assert_is(fault, Fate::Misuse, Trouble::Overflow);
    assert_eq!(db.numbers("SELECT units FROM small").await, [32_000]);
}

/// Two transactions of the caller's, each with a row that the other wants.
async fn two_who_wait_for_each_other(db: &Database) {
    let items = db.items("wait").await;
    db.sql("INSERT INTO wait (id, user_id, item_id, quantity) VALUES (1, 1, 1, 9), (2, 1, 2, 9)")
        .await;
    if db.flavour == Flavour::Sqlite {
        return;
    }
    let take = |id: i64| DecrementUnsignedCounters::of(&items, id).by([("quantity", 1)]);
    let (mut one, mut two) = (db.begin().await, db.begin().await);
    one.exec(take(1)).await.unwrap();
    two.exec(take(2)).await.unwrap();
    let (ones, twos) = tokio::join!(
        async {
            let told = one.exec(take(2)).await;
            (told.is_ok(), finish(one, told).await)
        },
        async {
            let told = two.exec(take(1)).await;
            (told.is_ok(), finish(two, told).await)
        },
    );
    assert!(ones.0 != twos.0, "one of them goes on");
    let fault = ones.1.or(twos.1).unwrap();
    assert_is(fault, Fate::NotApplied, Trouble::Deadlock);
    assert_eq!(db.numbers("SELECT quantity FROM wait").await, [8, 8]);
}

async fn finish<T>(own: crate::database::Own, told: Result<T, Fault>) -> Option<Fault> {
    match told {
        Ok(_) => {
            own.commit().await;
            None
        }
        Err(fault) => {
            own.rollback().await;
            Some(fault)
        }
    }
}

async fn changed_since_it_was_read(db: &Database) {
    let items = db.items("read").await;
    db.sql("INSERT INTO read (id, user_id, item_id, quantity) VALUES (1, 1, 1, 9)").await;
    let take = || DecrementUnsignedCounters::of(&items, 1).by([("quantity", 1)]);
    let mut own = db.begin().await;
    own.sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").await;
    assert_eq!(own.number("SELECT quantity FROM read").await, 9);
    assert!(db.exec(take()).await.unwrap().is_done());
    let fault = own.exec(take()).await.unwrap_err();
    assert_is(fault, Fate::NotApplied, Trouble::Serialization);
    own.rollback().await;
}

async fn waited_too_long(db: &Database) {
    let items = db.items("slow").await;
    db.sql("INSERT INTO slow (id, user_id, item_id, quantity) VALUES (1, 1, 1, 9)").await;
    let take = || DecrementUnsignedCounters::of(&items, 1).by([("quantity", 1)]);
    let (mut holder, mut own) = (db.begin().await, db.begin().await);
    holder.exec(take()).await.unwrap();
    own.sql("SET LOCAL lock_timeout = '20ms'").await;
    let fault = own.exec(take()).await.unwrap_err();
    assert_is(fault, Fate::NotApplied, Trouble::LockTimeout);
    own.rollback().await;
    holder.rollback().await;
}

/// A connection that is cut inside a transaction takes it with it.
async fn cut_off(db: &Database) {
    let items = db.items("cut").await;
    db.sql("INSERT INTO cut (id, user_id, item_id, quantity) VALUES (1, 1, 1, 9)").await;
    let take = || DecrementUnsignedCounters::of(&items, 1).by([("quantity", 1)]);
    let mut own = db.begin().await;
    own.exec(take()).await.unwrap();
    let process = own.number("SELECT pg_backend_pid()::bigint").await;
    db.rows(&format!("SELECT pg_terminate_backend({process}, 5000)")).await;
    let fault = own.exec(take()).await.unwrap_err();
    assert_is(fault, Fate::NotApplied, Trouble::Lost);
    assert_eq!(db.numbers("SELECT quantity FROM cut").await, [9]);
}
