//! `exactly race --story wallet` as its users meet it: on databases of its own.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Output, Stdio};

use exactly_conformance::servers::skipped;
use exactly_conformance::servers::sql::{Flavour, Server};
use serde_json::Value;
use sqlx::Connection;

fn race(options: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_exactly"));
    command.env_remove("EXACTLY_URL").args(["race", "--story", "wallet"]).args(options);
    command.output().unwrap()
}

fn started(flavour: Flavour) -> Option<Server> {
    match flavour.missing() {
        Some(why) => {
            assert!(!skipped(&why));
            None
        }
        None => Some(flavour.start()),
    }
}

/// Ours is exact, whatever the others do.
fn judged(url: &str) -> Value {
    let output = race(&["--json", "--count", "400", "--url", url]);
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let codings = report["codings"].as_array().unwrap();
    assert_eq!((codings.len(), &report["orders"]), (4, &400.into()));
    assert_eq!(report["exact"], true);
    for coding in codings.iter().filter(|coding| coding["ours"] == true) {
        assert_eq!(coding["exact"], true, "{coding}");
        assert!(coding["paid"].as_u64().unwrap() > 10, "{coding}");
    }
    report
}

#[test]
fn on_a_file_of_sqlite_that_nobody_else_has() {
    let output = race(&["--count", "200"]);
    let page = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{page}");
    for part in ["on a file of SQLite", "read-check-write", "pay-all: every payment"] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[test]
fn in_a_file_that_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.db");
    let report = judged(&format!("sqlite:{}", file.display()));
    assert!(report["place"].as_str().unwrap().starts_with("sqlite:"));
    assert!(file.exists(), "it is the user's");
}

#[tokio::test]
async fn on_postgres() {
    let Some(server) = started(Flavour::Postgres15) else { return };
    let folder = server.folder().display();
    let url = format!("postgres:///postgres?host={folder}&user=postgres");
    judged(&url);
    let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
    let left = "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'exactly_race%'";
    let left: i64 = sqlx::query_scalar(left).fetch_one(&mut connection).await.unwrap();
    assert_eq!(left, 0, "nothing of it stays");
}

/// Ctrl-C in the middle, when statements are under way: the table goes all the same.
#[tokio::test]
async fn interrupted() {
    let Some(server) = started(Flavour::Postgres15) else { return };
    let url = format!("postgres:///postgres?host={}&user=postgres", server.folder().display());
    let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
    let mut tables = async || -> i64 {
        let there = "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'exactly_race%'";
        sqlx::query_scalar(there).fetch_one(&mut connection).await.unwrap()
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_exactly"));
    command.args(["race", "--story", "wallet", "--count", "1000000", "--url", &url]);
    let race = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while tables().await == 0 {
        tokio::task::yield_now().await;
    }
    let sent = Command::new("kill").arg("-INT").arg(race.id().to_string()).status();
    assert!(sent.unwrap().success());
    let ended = tokio::task::spawn_blocking(move || race.wait_with_output().unwrap());
    let Output { status, stdout, stderr } = ended.await.unwrap();
    assert_eq!((status.code(), stdout.len()), (Some(1), 0));
    assert_eq!(String::from_utf8(stderr).unwrap(), "exactly: interrupted.\n");
    assert_eq!(tables().await, 0, "nothing of it stays");
}

#[tokio::test]
async fn on_mariadb() {
    on_mysql_like(Flavour::MariaDb10, "mariadb").await;
}

#[tokio::test]
async fn on_mysql() {
    on_mysql_like(Flavour::MySql9, "mysql").await;
}

async fn on_mysql_like(flavour: Flavour, scheme: &str) {
    let Some(server) = started(flavour) else { return };
    let socket = server.socket();
    let root = format!("mysql://root@localhost/?socket={}", socket.display());
    let mut connection = sqlx::MySqlConnection::connect(&root).await.unwrap();
    sqlx::raw_sql("CREATE DATABASE shop").execute(&mut connection).await.unwrap();
    judged(&format!("{scheme}://root@localhost/shop?socket={}", socket.display()));
    let left = "SELECT count(*) FROM information_schema.tables WHERE table_name LIKE 'exactly%'";
    let left: i64 = sqlx::query_scalar(left).fetch_one(&mut connection).await.unwrap();
    assert_eq!(left, 0, "nothing of it stays");
}

#[test]
fn what_is_wrong_is_a_sentence_that_says_what_to_do() {
    for (options, says) in [
        (&["--url", "redis://localhost"][..], "`postgres://…`, `mysql://…`"),
        (&["--url", "sqlite::memory:"], "a memory of its own"),
        (&["--url", "sqlite:/no/such/folder/shop.db"], "Give --url"),
        (&["--url", "postgres://ann:s3cret@127.0.0.1:1/shop"], "Connection refused"),
        (&["--url", "mysql://ann:s3cret@127.0.0.1:1/shop"], "Connection refused"),
        (&["--url", "postgres:"], "Give --url"),
        (&["--svg", "race.svg"], "--svg belongs to the story of the enrolment"),
        (&["--coding", "capacity"], "--coding belongs"),
        (&["--tasks", "65"], "at most 64"),
    ] {
        let output = race(options);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{options:?}: {said}");
        assert!(said.contains(says) && !said.contains("s3cret"), "{options:?}: {said}");
        assert!(output.stdout.is_empty());
    }
}
