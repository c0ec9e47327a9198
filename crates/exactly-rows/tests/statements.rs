//! What each plan becomes in each dialect: the page `STATEMENTS.md`.
//!
//! After a change that is meant: `EXACTLY_WIRE=write cargo test -p exactly-rows --test statements`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;

use exactly_rows::{
    Bind, CreateOrPlus, DecrementUnsignedCounters, Dialect, Fragment, Many, PayAll, Plain, Plan,
    Shown, Table, Update, UpdateAll, UpdateAllAndGetIds, column, now, render, set, set_to,
};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/STATEMENTS.md");

const OPENING: &str = "\
# The statements

What each plan sends when all goes well, in each dialect, with what is bound. A plan of several
statements is one transaction: its `BEGIN` and `COMMIT` are two more round trips, and none in a
transaction of the caller's. Where MySQL and MariaDB are sent the same it is shown once.

A test writes this page, and fails when it is no longer true.
";

fn items() -> Table {
    Table::new("user_items").order(["user_id", "item_id"]).index("of_user")
}

fn create_or_plus() -> CreateOrPlus {
    CreateOrPlus::of(&items())
        .columns(["user_id", "item_id", "quantity"])
        .rows([(1, 9, 3), (1, 7, 4)])
        .plus(["quantity"])
        .on_conflict(["user_id", "item_id"])
        .also(now("updated_at"))
}

fn pay_all() -> PayAll {
    PayAll::of(&items())
        .scope(column("user_id").eq(1))
        .by(["item_id"])
        .take([(7, 4), (9, 3)])
        .from(["quantity"])
}

fn pay_from_two_columns() -> PayAll {
    let grid = Table::new("grid").key(["x", "y"]);
    PayAll::of(&grid).take([((1, 2), 5), ((1, 3), 5)]).from(["wood", "iron"]).returning(["name"])
}

fn update_all() -> UpdateAll {
    UpdateAll::of(&Table::new("seats"))
        .scope(column("id").is_in([7, 8]).and(column("taken_by").is_null()))
        .expecting(2)
        .set(set("taken_by", 1))
}

fn update_all_and_get_ids() -> UpdateAllAndGetIds {
    UpdateAllAndGetIds::of(&Table::new("jobs"))
        .scope(column("worker").is_null().and(column("run_at").lte(100)))
        .at_most(10)
        .skip_locked()
        .set(set("worker", "w1"))
        .set(set_to("tries", Fragment::new("tries + ?", [1])))
        .returning(["payload"])
}

fn update() -> Update {
    Update::of(&Table::new("orders"), 7)
        .change("status", "open", "paid")
        .change("clerk", None::<i64>, 3)
        .also(now("updated_at"))
}

fn decrement() -> DecrementUnsignedCounters {
    DecrementUnsignedCounters::of(&Table::new("stocks"), 7).by([("units", 1)])
}

fn decrement_two() -> DecrementUnsignedCounters {
    DecrementUnsignedCounters::of(&Table::new("users"), 7).by([("money", 10), ("ap", 1)])
}

#[test]
fn the_page_tells_what_is_sent() {
    let mut told = OPENING.to_owned();
    chapter(&mut told, "create_or_plus", &create_or_plus());
    chapter(&mut told, "pay_all", &pay_all());
    chapter(&mut told, "pay_all, from two columns, by a key of two", &pay_from_two_columns());
    chapter(&mut told, "update_all", &update_all());
    chapter(&mut told, "update_all_and_get_ids", &update_all_and_get_ids());
    chapter(&mut told, "update", &update());
    chapter(&mut told, "decrement_unsigned_counters", &decrement());
    chapter(&mut told, "decrement_unsigned_counters, of two columns", &decrement_two());
    let many = Many::of(decrement(), 64).unwrap();
    chapter(&mut told, "decrement_unsigned_counters, of 64 callers at once", &many);

    if std::env::var_os("EXACTLY_WIRE").is_some_and(|how| how == "write") {
        std::fs::write(PAGE, &told).unwrap();
    }
    let written = std::fs::read_to_string(PAGE).unwrap();
    for (told, written) in told.lines().zip(written.lines()) {
        assert_eq!(
            told, written,
            "EXACTLY_WIRE=write cargo test -p exactly-rows --test statements"
        );
    }
    assert_eq!(told, written);
}

fn chapter<P: Plan>(page: &mut String, title: &str, plan: &P) {
    write!(page, "\n## {title}\n").unwrap();
    let shown = Dialect::ALL.map(|dialect| (dialect.to_string(), render(plan, dialect).unwrap()));
    let [postgres, mysql, mariadb, sqlite] = shown;
    section(page, &postgres.0, &postgres.1);
    if mysql.1 == mariadb.1 {
        section(page, "MySQL, MariaDB", &mysql.1);
    } else {
        section(page, "MySQL", &mysql.1);
        section(page, "MariaDB", &mariadb.1);
    }
    section(page, "SQLite", &sqlite.1);
}

fn section(page: &mut String, dialect: &str, shown: &Shown) {
    let trips = shown.round_trips();
    let trips = if trips == 1 { "1 round trip".into() } else { format!("{trips} round trips") };
    write!(page, "\n### {dialect}: {trips}\n\n```sql\n").unwrap();
    for statement in shown.statements() {
        writeln!(page, "{};", folded(&statement.text)).unwrap();
        let binds: Vec<_> = statement.binds.iter().map(bound).collect();
        if !binds.is_empty() {
            writeln!(page, "-- {}", binds.join(", ")).unwrap();
        }
    }
    page.push_str("```\n");
}

fn bound(bind: &Bind) -> String {
    match bind {
        Bind::One(plain) => told(plain),
        Bind::Many(_, plains) => {
            format!("[{}]", plains.iter().map(told).collect::<Vec<_>>().join(", "))
        }
    }
}

fn told(plain: &Plain) -> String {
    match plain {
        Plain::Null => "NULL".into(),
        Plain::Bool(truth) => truth.to_string(),
        Plain::I64(number) => number.to_string(),
        Plain::U64(number) => number.to_string(),
        Plain::F64(number) => number.to_string(),
        Plain::Text(text) => format!("'{text}'"),
        Plain::Bytes(bytes) => format!("{} bytes", bytes.len()),
    }
}

/// Lines of at most 100 columns, cut between words.
fn folded(text: &str) -> String {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().unwrap();
        match line.is_empty() {
            true => line.push_str(word),
            false if line.len() + word.len() < 98 => {
                line.push(' ');
                line.push_str(word);
            }
            false => lines.push(format!("  {word}")),
        }
    }
    lines.join("\n")
}
