//! `exactly sql` as its users meet it: what a statement sends, without a database.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Output};

use serde_json::Value;

fn sql(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_exactly"));
    command.arg("sql").args(arguments).output().unwrap()
}

/// What is shown of it, in a statement that is in order.
fn shown(arguments: &[&str]) -> String {
    let output = sql(arguments);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
    String::from_utf8(output.stdout).unwrap()
}

fn document(arguments: &[&str]) -> Value {
    serde_json::from_str(&shown(&[arguments, &["--json"]].concat())).unwrap()
}

/// The one sentence on standard error, and nothing else.
fn complaint(arguments: &[&str]) -> String {
    let output = sql(arguments);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    String::from_utf8(output.stderr).unwrap()
}

const PAY: [&str; 11] = [
    "pay_all",
    "--table",
    "user_items",
    "--where",
    "user_id=1",
    "--by",
    "item_id",
    "--take",
    "7=4",
    "--from",
    "quantity",
];

#[test]
fn a_payment_is_one_statement_on_postgresql_and_a_transaction_on_mysql() {
    let page = shown(&[&PAY[..], &["--dialect", "postgres", "--take", "9=3"]].concat());
    assert!(page.starts_with("-- PostgreSQL: 1 round trip\nWITH exactly_"), "{page}");
    assert!(
        page.contains("FOR NO KEY UPDATE") && page.contains("-- bound: [7, 9], [4, 3]"),
        "{page}"
    );
    assert!(page.lines().all(|line| line.len() <= 80), "{page}");

    let page = shown(&[&PAY[..], &["--dialect", "mysql", "--dialect", "mariadb"]].concat());
    assert!(page.starts_with("-- MySQL, MariaDB: 4 round trips\nBEGIN;\nSELECT"), "{page}");
    assert!(page.ends_with("COMMIT;\n"), "{page}");
}

#[test]
fn every_statement_is_shown_in_every_dialect() {
    let rows = ["--columns", "user_id,item_id,quantity", "--row", "1,7,4", "--plus", "quantity"];
    let table = ["--table", "shop.t", "--key", "user_id,item_id"];
    let row = ["--table", "users", "--id", "7", "--touch", "updated_at"];
    for (statement, arguments) in [
        ("create_or_plus", [&table[..], &rows].concat()),
        ("pay_all", [&table[..], &["--take", "(1, 7)=4.50", "--from", "quantity"]].concat()),
        ("update_all", vec!["--table", "t", "--expect", "2", "--set", "a=NULL", "--where", "b<9"]),
        ("update_all_and_get_ids", vec!["--table", "t", "--set", "a=x", "--skip-locked"]),
        ("update", [&row[..], &["--change", "arena:NULL=3", "--returning", "money"]].concat()),
        ("decrement_unsigned_counters", [&row[..], &["--by", "money=10"]].concat()),
    ] {
        let document = document(&[&[statement], &arguments[..]].concat());
        assert_eq!(document["statement"], statement);
        let dialects = document["dialects"].as_array().unwrap();
        let names: Vec<_> = dialects.iter().map(|one| one["dialect"].as_str().unwrap()).collect();
        assert_eq!(names, ["postgres", "mysql", "mariadb", "sqlite"]);
        for dialect in dialects {
            let text = dialect["statements"][0]["text"].as_str().unwrap();
            let places = text.matches('?').count().max(text.matches("::").count().min(1));
            let binds = dialect["statements"][0]["binds"].as_array().unwrap().len();
            assert!(binds >= places, "{statement}: {text}");
            let trips = dialect["round_trips"].as_u64().unwrap();
            let statements = dialect["statements"].as_array().unwrap().len() as u64;
            let around = if dialect["in_transaction"] == true { 2 } else { 0 };
            assert_eq!(trips, statements + around);
        }
    }
    let hyphen = shown(&["update-all", "--table", "t", "--expect", "1", "--set", "a=1"]);
    assert!(hyphen.contains("SQLite"), "{hyphen}");
}

#[test]
fn values_are_bound_by_their_kinds() {
    let update = ["update_all", "--table", "t", "--expect", "1", "--dialect", "sqlite"];
    let set = ["--set", "a='7'", "--set", "b=-7", "--set", "c=NULL", "--set", "d=it's; DROP"];
    let document = document(&[&update[..], &set].concat());
    let statements = document["dialects"][0]["statements"].as_array().unwrap();
    let binds = &statements.last().unwrap()["binds"];
    assert_eq!(
        binds.as_array().unwrap()[..4],
        serde_json::json!(["7", -7, null, "it's; DROP"]).as_array().unwrap()[..]
    );
}

#[test]
fn what_is_wrong_is_a_sentence_that_says_what_to_do() {
    let pay =
        |more: &[&str]| complaint(&[&["pay_all", "--table", "t", "--from", "n"], more].concat());
    assert_eq!(pay(&["--take", "7=-4"]), "exactly: the amount -4 of row 7 is not above zero.\n");
    for (arguments, says) in [
        (&["--take", "7"][..], "give it as KEY=AMOUNT"),
        (&["--take", "7=few"], "`few` is no amount"),
        (&["--take", "7=1", "--where", "a"], "give it as COLUMN=VALUE"),
        (&["--take", "7=1", "--dialect", "oracle"], "[possible values: postgres, mysql"),
        (&["--take", "(1, 2)=1"], "the key (1, 2) has 2 values, and its columns are 1: id."),
        (&["--take", "7=1", "--take", "a=1"], "`id` has values of two kinds"),
        (&["--take", "7=1", "--key", "n"], "`n` is a key, and cannot pay"),
        (&[], "--take <KEY=AMOUNT>"),
    ] {
        let told = pay(arguments);
        assert!(told.contains(says), "{arguments:?}: {told}");
    }
    let long = "x".repeat(64);
    let told = complaint(&["update_all", "--table", &long, "--expect", "1", "--set", "a=1"]);
    assert!(told.contains("has 64 bytes, at most 63"), "{told}");
    assert!(complaint(&["steal_all"]).contains("unrecognized subcommand"));
}

#[test]
fn help_has_examples() {
    let help = shown(&["--help"]);
    for says in ["exactly sql pay_all --table user_items", "Exit status", "decrement_unsigned"] {
        assert!(help.contains(says), "{help}");
    }
}
