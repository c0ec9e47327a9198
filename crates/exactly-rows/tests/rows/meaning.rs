//! What each statement means, case by case: the same on every engine.

use exactly_rows::{
    Added, Amount, Change, CreateOrPlus, Decimal, DecrementUnsignedCounters, Decremented, Fragment,
    Paid, PayAll, Record, RowKey, Scope, Shortage, Shortfall, Table, Update, UpdateAll,
    UpdateAllAndGetIds, Updated, Value, Why, column, now, set, set_to,
};

use crate::database::Database;

pub(crate) async fn of_all(db: Database) {
    pay_all(&db).await;
    pay_all_by_other_keys(&db).await;
    update_all(&db).await;
    update_all_and_get_ids(&db).await;
    update(&db).await;
    decrement_unsigned_counters(&db).await;
    create_or_plus(&db).await;
    create_or_plus_of_many(&db).await;
    scopes(&db).await;
    values(&db).await;
}

fn record<const N: usize>(columns: [(&str, Value); N]) -> Vec<(String, Value)> {
    columns.map(|(name, value)| (name.to_owned(), value)).into()
}

fn told(record: &Record) -> Vec<(String, Value)> {
    record.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect()
}

async fn pay_all(db: &Database) {
    let items = db.items("pay").await;
    db.sql(
        "INSERT INTO pay (user_id, item_id, quantity, bonus) \
         VALUES (1, 7, 9, 9), (1, 9, 9, 2), (2, 7, 50, 50), (1, 11, NULL, 1)",
    )
    .await;
    let pay = |amounts: Vec<(i64, i64)>| {
        let pay = PayAll::of(&items).scope(column("user_id").eq(1)).by(["item_id"]);
        pay.take(amounts).from(["quantity"])
    };
    let held = "SELECT quantity FROM pay WHERE item_id <> 11 ORDER BY id";

    let Paid::All { rows } = db.exec(pay(vec![(9, 3), (7, 4)])).await.unwrap() else { panic!() };
    let left: Vec<_> = rows.iter().map(|row| (row.by.clone(), told(&row.left))).collect();
    assert_eq!(
        left,
        [
            (RowKey::from(7), record([("quantity", 5.into())])),
            (RowKey::from(9), record([("quantity", 6.into())])),
        ]
    );
    assert_eq!(rows[0].key.get::<i64>().unwrap(), 1);
    assert_eq!(db.numbers(held).await, [5, 6, 50]);

    // One of them is short: nobody pays, and it is told who and by how much.
    let short = |by: i64, amount: i64, why| Shortage { by: by.into(), amount: amount.into(), why };
    let quantity = |held: Value, lacking| Why::Short { column: "quantity".into(), held, lacking };
    for (amounts, expected) in [
        (vec![(7, 5), (9, 7)], vec![short(9, 7, quantity(6.into(), Some(1.into())))]),
        (vec![(7, 1), (99, 1)], vec![short(99, 1, Why::Missing)]),
        (vec![(7, 1), (11, 1)], vec![short(11, 1, quantity(Value::Null, None))]),
        // Amounts of one key are added up before they are judged.
        (vec![(7, 3), (7, 3)], vec![short(7, 6, quantity(5.into(), Some(1.into())))]),
        (
            vec![(7, 6), (9, 9)],
            vec![
                short(7, 6, quantity(5.into(), Some(1.into()))),
                short(9, 9, quantity(6.into(), Some(3.into()))),
            ],
        ),
    ] {
        assert_eq!(db.exec(pay(amounts)).await.unwrap(), Paid::Short { rows: expected });
        assert_eq!(db.numbers(held).await, [5, 6, 50]);
    }

    // A key that names two rows names none.
    let both = PayAll::of(&items).by(["item_id"]).take([(7, 1)]).from(["quantity"]);
    let expected = vec![short(7, 1, Why::Ambiguous { rows: 2 })];
    assert_eq!(db.exec(both).await.unwrap(), Paid::Short { rows: expected });

    // From several columns, each of which must do, with the time of the change.
    let two = |amount| {
        let pay = pay(vec![(7, amount), (9, amount)]).from(["quantity", "bonus"]);
        pay.also(now("updated_at")).returning(["user_id"])
    };
    let Paid::Short { rows } = db.exec(two(3)).await.unwrap() else { panic!() };
    let why = Why::Short { column: "bonus".into(), held: 2.into(), lacking: Some(1.into()) };
    assert_eq!(rows, [short(9, 3, why)]);
    let Paid::All { rows } = db.exec(two(2)).await.unwrap() else { panic!() };
    let expected = record([("quantity", 4.into()), ("bonus", 0.into()), ("user_id", 1.into())]);
    assert_eq!(told(&rows[1].left), expected);
    let touched = "SELECT count(*) FROM pay WHERE updated_at IS NOT NULL";
    assert_eq!(db.number(touched).await, 2);

    // To the last one.
    assert!(db.exec(pay(vec![(7, 3), (9, 4)])).await.unwrap().is_all());
    assert_eq!(db.numbers(held).await, [0, 0, 50]);
    assert_eq!(db.exec(pay(vec![])).await.unwrap(), Paid::Nothing);
}

async fn pay_all_by_other_keys(db: &Database) {
    // Keys of two columns.
    db.table("grid", "x INT NOT NULL, y INT NOT NULL, wood INT, PRIMARY KEY (x, y)").await;
    db.sql("INSERT INTO grid VALUES (1, 1, 5), (1, 2, 5), (2, 1, 5)").await;
    let grid = Table::new("grid").key(["x", "y"]);
    let pay = PayAll::of(&grid).take([((1, 2), 3), ((2, 1), 5)]).from(["wood"]);
    let Paid::All { rows } = db.exec(pay).await.unwrap() else { panic!() };
    assert_eq!(rows[1].key, RowKey::from((2, 1)));
    assert_eq!(db.numbers("SELECT wood FROM grid ORDER BY x, y").await, [5, 2, 0]);

    // Texts as keys, and money with digits behind the point.
    db.table("wallets", "name VARCHAR(20) PRIMARY KEY, money DECIMAL(12, 2) NOT NULL").await;
    db.sql("INSERT INTO wallets VALUES ('Ann', 10.50), ('O''Neil', 3.25)").await;
    let wallets = Table::new("wallets").key(["name"]);
    let cents = |text: &str| Amount::from(text.parse::<Decimal>().unwrap());
    let pay = |ann: &str, neil: &str| {
        let amounts = [("Ann", cents(ann)), ("O'Neil", cents(neil))];
        PayAll::of(&wallets).take(amounts).from(["money"])
    };
    assert!(!db.exec(pay("10.49", "3.26")).await.unwrap().is_all());
    assert!(db.exec(pay("10.49", "3.25")).await.unwrap().is_all());
    let left = db.rows("SELECT name FROM wallets WHERE money > 0.009 AND money < 0.011").await;
    assert_eq!(left, [[Value::from("Ann")]]);
    assert_eq!(db.number("SELECT count(*) FROM wallets WHERE money = 0").await, 1);
}

async fn update_all(db: &Database) {
    db.table("seats", "id ID, place INT, taken_by INT, taken_at MOMENT, tries INT DEFAULT 0").await;
    db.sql("INSERT INTO seats (place) VALUES (1), (1), (2), (2), (2)").await;
    let seats = Table::new("seats");
    let take = |place: i64, expected| {
        let free = column("place").eq(place).and(column("taken_by").is_null());
        let take = UpdateAll::of(&seats).scope(free).expecting(expected);
        take.set(set("taken_by", 7)).set(now("taken_at"))
    };
    let taken = "SELECT count(*) FROM seats WHERE taken_by = 7 AND taken_at IS NOT NULL";

    for (place, expected, matched) in [(1, 1, 2), (1, 3, 2), (2, 1, 2), (2, 2, 3), (3, 1, 0)] {
        let refused = db.exec(take(place, expected)).await.unwrap();
        assert_eq!(refused, Updated::Refused { matched }, "{expected} of place {place}");
    }
    assert_eq!(db.number(taken).await, 0);
    assert_eq!(db.exec(take(1, 2)).await.unwrap(), Updated::Exactly(2));
    assert_eq!(db.number(taken).await, 2);
    // None expected and none there is what was expected.
    assert_eq!(db.exec(take(1, 0)).await.unwrap(), Updated::Exactly(0));
    assert_eq!(db.exec(take(2, 0)).await.unwrap(), Updated::Refused { matched: 1 });

    // Rows that hold the value already are among them, and expressions count from each row.
    let again = UpdateAll::of(&seats).scope(column("place").eq(1)).expecting(2);
    let again = again.set(set("taken_by", 7)).set(set_to("tries", Fragment::new("tries + ?", [2])));
    assert_eq!(db.exec(again.clone()).await.unwrap(), Updated::Exactly(2));
    assert_eq!(db.exec(again).await.unwrap(), Updated::Exactly(2));
    assert_eq!(db.numbers("SELECT tries FROM seats ORDER BY id").await, [4, 4, 0, 0, 0]);
    let freed = UpdateAll::of(&seats).expecting(5).set(set("taken_by", None::<i64>));
    assert_eq!(db.exec(freed).await.unwrap(), Updated::Exactly(5));
    assert_eq!(db.number("SELECT count(*) FROM seats WHERE taken_by IS NULL").await, 5);
}

async fn update_all_and_get_ids(db: &Database) {
    db.table("jobs", "id ID, name VARCHAR(20), worker VARCHAR(20), tries INT DEFAULT 0").await;
    db.sql("INSERT INTO jobs (name) VALUES ('a'), ('b'), ('c'), ('a')").await;
    let jobs = Table::new("jobs");
    let claim = |scope| UpdateAllAndGetIds::of(&jobs).scope(scope).set(set("worker", "w1"));
    let ids =
        async |claim: UpdateAllAndGetIds| db.exec(claim).await.unwrap().to_vec::<i64>().unwrap();

    assert_eq!(ids(claim(column("name").eq("z"))).await, [0_i64; 0]);
    assert_eq!(ids(claim(column("name").eq("a"))).await, [1, 4]);
    // A sub-select in the condition is no trap, and a value is never a part of the text.
    let odd = Fragment::new("SELECT 1 UNION ALL SELECT 3", [0_i64; 0]);
    assert_eq!(ids(claim(column("id").in_select(odd))).await, [1, 3]);
    let bait = column("name").eq("$2").and(column("worker").eq(" OR 1=1 --"));
    assert_eq!(ids(claim(bait)).await, [0_i64; 0]);

    let two = claim(column("worker").eq("w1")).at_most(2).skip_locked();
    let two = two.set(set_to("tries", Fragment::new("tries + 1", [0_i64; 0])));
    let found = db.exec(two.returning(["name", "tries"])).await.unwrap();
    assert_eq!(found.to_vec::<i64>().unwrap(), [1, 3]);
    assert_eq!(told(&found.rows()[1].1), record([("name", "c".into()), ("tries", 1.into())]));

    // Keys of any type, and of several columns.
    db.table("docs", "kind VARCHAR(9), no INT, seen INT DEFAULT 0, PRIMARY KEY (kind, no)").await;
    db.sql("INSERT INTO docs (kind, no) VALUES ('b', 1), ('a', 2), ('a', 1)").await;
    let docs = Table::new("docs").key(["kind", "no"]);
    let seen = UpdateAllAndGetIds::of(&docs).set(set("seen", 1));
    let keys: Vec<_> = db.exec(seen.clone()).await.unwrap().keys().cloned().collect();
    assert_eq!(keys, [("a", 1), ("a", 2), ("b", 1)].map(RowKey::from));
    let first: Vec<_> = db.exec(seen.at_most(1)).await.unwrap().keys().cloned().collect();
    assert_eq!(first, [RowKey::from(("a", 1))]);
}

async fn update(db: &Database) {
    db.table("orders", "id ID, status VARCHAR(20), clerk INT, paid BOOLEAN, updated_at MOMENT")
        .await;
    db.sql("INSERT INTO orders (status, clerk, paid) VALUES ('open', NULL, FALSE)").await;
    let orders = Table::new("orders");
    let of = |key: i64| Update::of(&orders, key);

    // Letter by letter: other case or trailing blanks are another text.
    for from in ["Open", "open ", "closed"] {
        let change = of(1).change("status", from, "paid");
        let Change::Unchanged { found: Some(found) } = db.exec(change).await.unwrap() else {
            panic!("{from}")
        };
        assert_eq!(told(&found), record([("status", "open".into())]));
    }
    assert_eq!(db.exec(of(9).change("status", "open", "x")).await.unwrap(), Change::Missing);

    // NULL and FALSE are values like any other.
    let wrong = of(1).change("clerk", 3, 4).change("paid", false, true);
    let Change::Unchanged { found: Some(found) } = db.exec(wrong).await.unwrap() else { panic!() };
    assert_eq!(found.value("clerk"), Some(&Value::Null));
    assert!(!found.get::<bool>("paid").unwrap());
    let right = of(1).change("clerk", None::<i64>, 3).change("paid", false, true);
    let right = right.also(now("updated_at")).returning(["status", "clerk"]);
    let Change::Changed { row } = db.exec(right).await.unwrap() else { panic!() };
    assert_eq!(told(&row), record([("status", "open".into()), ("clerk", 3.into())]));
    assert_eq!(db.number("SELECT count(*) FROM orders WHERE updated_at IS NOT NULL").await, 1);

    // The same value again is guarded too, and is a change.
    let same = |clerk: i64| of(1).change("clerk", clerk, clerk);
    assert!(db.exec(same(3)).await.unwrap().is_changed());
    assert!(!db.exec(same(4)).await.unwrap().is_changed());
    let back = of(1).change("clerk", 3, None::<i64>).change("status", "open", "Open");
    assert!(db.exec(back).await.unwrap().is_changed());
    assert_eq!(db.number("SELECT count(*) FROM orders WHERE clerk IS NULL").await, 1);

    // Outside the scope is not there.
    let outside = of(1).scope(column("paid").eq(false)).change("status", "Open", "x");
    assert_eq!(db.exec(outside).await.unwrap(), Change::Missing);
    let brief = of(1).change("status", "x", "y").briefly();
    assert!(matches!(db.exec(brief).await.unwrap(), Change::Unchanged { .. }));
    assert_eq!(db.number("SELECT count(*) FROM orders WHERE status = 'Open'").await, 1);
}

async fn decrement_unsigned_counters(db: &Database) {
    let unsigned = "id ID, money BIGINT UNSIGNED, ap INT UNSIGNED, weight DECIMAL(8, 2)";
    db.table("users", unsigned).await;
    db.sql("INSERT INTO users (money, ap, weight) VALUES (100, 5, 2.50), (NULL, 1, 1)").await;
    let users = Table::new("users");
    let take = |key: i64| DecrementUnsignedCounters::of(&users, key);
    let left = |told: Decremented| {
        let Decremented::Done { left } = told else { panic!("{told:?}") };
        left.unwrap()
    };

    let one = left(db.exec(take(1).by([("money", 30)])).await.unwrap());
    assert_eq!(one.get::<i64>("money").unwrap(), 70);
    let two = left(db.exec(take(1).by([("money", 60), ("ap", 5)])).await.unwrap());
    assert_eq!((two.get::<i64>("money").unwrap(), two.get::<i64>("ap").unwrap()), (10, 0));

    let short = |column: &str, held: Value, lacking: Option<Value>| Shortfall {
        column: column.into(),
        held,
        lacking,
    };
    for (plan, expected) in [
        (take(1).by([("money", 11)]), vec![short("money", 10.into(), Some(1.into()))]),
        (
            take(1).by([("ap", 2), ("money", 12)]),
            vec![short("ap", 0.into(), Some(2.into())), short("money", 10.into(), Some(2.into()))],
        ),
        (take(1).by([("money", 1), ("ap", 1)]), vec![short("ap", 0.into(), Some(1.into()))]),
        (take(2).by([("money", 1)]), vec![short("money", Value::Null, None)]),
    ] {
        assert_eq!(db.exec(plan).await.unwrap(), Decremented::Short { columns: expected });
    }
    assert_eq!(db.numbers("SELECT money FROM users WHERE id = 1").await, [10]);
    assert_eq!(db.exec(take(9).by([("money", 1)])).await.unwrap(), Decremented::Missing);
    let outside = take(1).scope(column("ap").gt(0)).by([("money", 1)]);
    assert_eq!(db.exec(outside).await.unwrap(), Decremented::Missing);
    let none = take(1).by(Vec::<(&str, i64)>::new());
    assert_eq!(db.exec(none).await.unwrap(), Decremented::Nothing);
    assert!(db.exec(take(1).by([("money", 10)]).briefly()).await.unwrap().is_done());

    // A fraction stays a fraction, though it cannot ride back with the answer everywhere.
    assert!(db.exec(take(1).by([("weight", 1)])).await.unwrap().is_done());
    assert_eq!(db.number("SELECT count(*) FROM users WHERE weight = 1.5").await, 1);
    let tenth = Amount::from("0.1".parse::<Decimal>().unwrap());
    assert!(db.exec(take(1).by([("weight", tenth)])).await.unwrap().is_done());
    let close = "SELECT count(*) FROM users WHERE weight > 1.39 AND weight < 1.41";
    assert_eq!(db.number(close).await, 1);
}

async fn create_or_plus(db: &Database) {
    let items = db.items("loot").await;
    let loot = |rows: Vec<(i64, i64, i64)>| {
        let loot = CreateOrPlus::of(&items).columns(["user_id", "item_id", "quantity"]);
        loot.rows(rows).plus(["quantity"]).on_conflict(["user_id", "item_id"])
    };
    let added = |rows, inserted| Added { rows, inserted: Some(inserted) };
    let held = "SELECT quantity FROM loot ORDER BY user_id, item_id";

    assert_eq!(db.exec(loot(vec![])).await.unwrap(), added(0, 0));
    assert_eq!(db.exec(loot(vec![(1, 9, 3), (1, 7, 4)])).await.unwrap(), added(2, 2));
    assert_eq!(db.exec(loot(vec![(1, 7, 1), (2, 7, 5)])).await.unwrap(), added(2, 1));
    // One key twice in one call counts once, and both amounts are added.
    assert_eq!(db.exec(loot(vec![(2, 7, 1), (2, 7, 2)])).await.unwrap(), added(1, 0));
    assert_eq!(db.numbers(held).await, [5, 3, 8]);

    // Zero creates, and adds nothing.
    assert_eq!(db.exec(loot(vec![(3, 1, 0), (1, 7, 0)])).await.unwrap().rows, 2);
    assert_eq!(db.numbers(held).await, [5, 3, 8, 0]);

    // A number that is not there counts as zero, and other columns of a row that is stay.
    db.sql("UPDATE loot SET quantity = NULL, bonus = 6 WHERE user_id = 1 AND item_id = 7").await;
    let two = CreateOrPlus::of(&items).columns(["user_id", "item_id", "quantity", "bonus"]);
    let two = two.rows([(1, 7, 2, 40), (4, 4, 4, 40)]).plus(["quantity"]).also(now("updated_at"));
    let two = two.on_conflict(["user_id", "item_id"]);
    assert_eq!(db.exec(two).await.unwrap(), added(2, 1));
    let row = "SELECT quantity, bonus FROM loot WHERE item_id = 7 AND user_id = 1";
    assert_eq!(db.rows(row).await, [[Value::from(2), Value::from(6)]]);
    let touched = "SELECT id FROM loot WHERE updated_at IS NOT NULL";
    assert_eq!(db.rows(touched).await.len(), 1);

    // By the primary key, and two columns added to.
    let by_id = CreateOrPlus::of(&items).columns(["id", "user_id", "item_id", "quantity", "bonus"]);
    let by_id = by_id.rows([(1, 1, 9, 10, 20)]).plus(["quantity", "bonus"]);
    let id = db.number("SELECT id FROM loot WHERE user_id = 1 AND item_id = 9").await;
    let by_id = by_id.rows([(id, 1, 9, 10, 20)]);
    assert_eq!(db.exec(by_id).await.unwrap(), added(1, 0));
    let row = "SELECT quantity, bonus FROM loot WHERE item_id = 9 AND user_id = 1";
    let bonus = Value::from(20);
    assert_eq!(db.rows(row).await, [[Value::from(13), bonus]]);
}

async fn create_or_plus_of_many(db: &Database) {
    let items = db.items("heap").await;
    let heap = CreateOrPlus::of(&items).columns(["user_id", "item_id", "quantity"]);
    let heap = heap.plus(["quantity"]).on_conflict(["user_id", "item_id"]);
    // Each key twice, and not in one chunk: the second time it is there.
    let rows = || (0..9_000_i64).map(|at| (at % 4_500, 1, 2));
    let streamed = db.exec(heap.clone().rows_from(rows)).await.unwrap();
    assert_eq!(streamed.inserted, Some(4_500));
    let given = db.exec(heap.clone().rows(rows())).await.unwrap();
    assert_eq!(given, Added { rows: 4_500, inserted: Some(0) });
    assert_eq!(db.number("SELECT count(*) FROM heap WHERE quantity = 8").await, 4_500);

    // All chunks are one change: a row of the last that cannot be sent undoes the first.
    let bad = heap.rows_from(|| (0..5_000_i64).map(|at| (at, 2, if at < 4_999 { 1 } else { -1 })));
    assert!(db.exec(bad).await.unwrap_err().is_misuse());
    assert_eq!(db.number("SELECT count(*) FROM heap WHERE item_id = 2").await, 0);
}

async fn scopes(db: &Database) {
    db.table("cards", "id ID, suit VARCHAR(9), points INT, seen INT DEFAULT 0").await;
    db.sql(
        "INSERT INTO cards (suit, points) \
         VALUES ('hearts', 1), ('hearts', 5), ('spades', 9), (NULL, 5), ('it''s', NULL)",
    )
    .await;
    db.table("tags", "card BIGINT, tag VARCHAR(9)").await;
    db.sql("INSERT INTO tags VALUES (1, 'red'), (1, 'low'), (2, 'red'), (3, 'black')").await;
    let cards = Table::new("cards");
    let none: [i64; 0] = [];
    let red = Fragment::new("SELECT card FROM tags WHERE tag = ?", ["red"]);
    let joined = "SELECT cards.id FROM cards JOIN tags ON tags.card = cards.id \
                  WHERE tags.tag = ? AND cards.points > ?";
    let join = Fragment::new(joined, [Value::from("red"), 2.into()]);
    let raw = Fragment::new("points % ? = ? AND cards.suit <> '?'", [4, 1]);
    for (scope, expected) in [
        (column("suit").eq("hearts"), vec![1, 2]),
        (column("suit").eq("it's"), vec![5]),
        (column("suit").eq(None::<&str>), vec![4]),
        (column("suit").ne(None::<&str>).and(column("points").is_null()), vec![5]),
        (column("points").ne(5), vec![1, 3]),
        (column("points").lt(5), vec![1]),
        (column("points").lte(5), vec![1, 2, 4]),
        (column("points").gt(5), vec![3]),
        (column("points").gte(5), vec![2, 3, 4]),
        (column("points").is_in([1, 9, 77]), vec![1, 3]),
        (column("points").is_in(none), vec![]),
        (column("points").is_not_in([1, 9]), vec![2, 4]),
        (column("points").is_not_in(none), vec![1, 2, 3, 4, 5]),
        (column("suit").is_not_null().and(column("points").eq(5)), vec![2]),
        (column("points").eq(1).or(column("points").eq(9)), vec![1, 3]),
        (column("points").eq(1).or(column("points").eq(9)).and(column("id").gt(1)), vec![3]),
        (column("points").gt(1).not(), vec![1]),
        (Scope::keys_in(["suit", "points"], [("hearts", 5), ("spades", 1)]), vec![2]),
        (column("id").in_select(red.clone()).and(column("points").lt(5)), vec![1]),
        (Scope::selected(join), vec![2]),
        (Scope::raw(raw.clone()).and(Scope::raw(raw)), vec![1, 2, 3]),
    ] {
        let shown = format!("{scope:?}");
        let seen = UpdateAllAndGetIds::of(&cards).scope(scope).set(set("seen", 1));
        let found = db.exec(seen).await.unwrap_or_else(|fault| panic!("{shown}: {fault}"));
        assert_eq!(found.to_vec::<i64>().unwrap(), expected, "{shown}");
    }
    if db.flavour.is_postgres() {
        let built = "SELECT card FROM tags WHERE tag = $2 AND card < $1";
        let built = Fragment::numbered(built, [Value::from(2), "red".into()]);
        let scope = column("points").lt(9).and(column("id").in_select(built));
        let seen = UpdateAllAndGetIds::of(&cards).scope(scope).set(set("seen", 1));
        assert_eq!(db.exec(seen).await.unwrap().to_vec::<i64>().unwrap(), [1]);
    }
}

/// What is bound is what is read, and names may have any letters.
async fn values(db: &Database) {
    let quote = if db.flavour.is_mysql_like() { '`' } else { '"' };
    let columns = format!(
        "id INT PRIMARY KEY, whole BIGINT, big {big}, float_ {float}, money DECIMAL(30, 6), \
         text_ TEXT, bytes_ {bytes}, truth BOOLEAN, uuid_ {uuid}, day_ DATE, at_ MOMENT, \
         {quote}odd {quote}{quote} name?{quote} INT",
        big = if db.flavour.is_mysql_like() { "BIGINT UNSIGNED" } else { "NUMERIC" },
        float = if db.flavour.is_postgres() { "FLOAT8" } else { "DOUBLE" },
        bytes = if db.flavour.is_postgres() { "BYTEA" } else { "BLOB" },
        uuid = if db.flavour.is_postgres() { "UUID" } else { "BLOB" },
    )
    .replace("BIGINT UNSIGNED", if db.flavour.is_mysql_like() { "BIGINT  UNSIGNED" } else { "" });
    db.table("things", &columns).await;
    db.sql("INSERT INTO things (id) VALUES (1)").await;
    let odd = format!("odd {quote} name?");
    let uuid = *b"0123456789abcdef";
    let decimal: Decimal = "12345678901234567890.123456".parse().unwrap();
    let day = Value::Date(19_782);
    let moment = Value::Instant(1_709_210_096_000_007);
    let bound = [
        ("whole", Value::from(i64::MIN)),
        ("float_", Value::from(0.1)),
        ("text_", Value::from("größer 'als' \"?\" \\ $1")),
        ("bytes_", Value::from(vec![0_u8, 255, 39])),
        ("truth", Value::from(true)),
        ("uuid_", Value::Uuid(uuid)),
        ("day_", day.clone()),
        ("at_", moment.clone()),
        (odd.as_str(), Value::from(3)),
    ];
    let mut write =
        Update::of(&Table::new("things"), 1).returning(bound.clone().map(|(name, _)| name));
    for (name, value) in &bound {
        write = write.change(*name, None::<i64>, value.clone());
    }
    let Change::Changed { row } = db.exec(write).await.unwrap() else { panic!() };
    assert_eq!(row.get::<i64>("whole").unwrap(), i64::MIN);
    assert_eq!(row.get::<f64>("float_").unwrap().to_bits(), 0.1_f64.to_bits());
    assert_eq!(row.get::<String>("text_").unwrap(), "größer 'als' \"?\" \\ $1");
    assert_eq!(row.get::<Vec<u8>>("bytes_").unwrap(), [0, 255, 39]);
    assert!(row.get::<bool>("truth").unwrap());
    assert_eq!(row.get::<[u8; 16]>("uuid_").unwrap(), uuid);
    assert_eq!(row.get::<i64>(&odd).unwrap(), 3);

    // Read back by what was written, each is itself.
    let mut same = Update::of(&Table::new("things"), 1);
    for (name, value) in &bound {
        same = same.change(*name, value.clone(), value.clone());
    }
    let again = db.exec(same).await.unwrap();
    assert!(again.is_changed(), "{again:?}");

    if db.flavour != exactly_conformance::servers::sql::Flavour::Sqlite {
        let exact = [("big", Value::from(u64::MAX)), ("money", Value::from(decimal))];
        let mut write = Update::of(&Table::new("things"), 1).returning(["big", "money", "day_"]);
        for (name, value) in &exact {
            write = write.change(*name, None::<i64>, value.clone());
        }
        let Change::Changed { row } = db.exec(write).await.unwrap() else { panic!() };
        assert_eq!(row.get::<u64>("big").unwrap(), u64::MAX);
        assert_eq!(row.get::<Decimal>("money").unwrap().to_string(), decimal.to_string());
        assert_eq!(row.value("day_"), Some(&day));
    }
}
