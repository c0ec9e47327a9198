//! `exactly migrate` as its users meet it: on a server of its own.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Output};

use exactly_conformance::servers::{Flavour, Redis, skipped};

async fn server() -> Option<Redis> {
    if Flavour::Redis7.missing().is_some_and(|why| !skipped(&why)) {
        return None;
    }
    let server = Redis::start(Flavour::Redis7).await;
    for id in 1..=30 {
        server.raw(&["INCRBY", &format!("course:{id}:taken"), "7"]).await;
    }
    server.raw(&["SADD", "course:1:tags", "rust"]).await;
    server.raw(&["SET", "course:odd", "of another program"]).await;
    Some(server)
}

/// Its status and what it says.
async fn migrate(server: &Redis, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_exactly"));
    command.args(["migrate", "--from", "redis-objects"]).args(arguments);
    command.env("EXACTLY_URL", server.url());
    let output: Output =
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[tokio::test]
async fn first_it_says_what_it_would_do_then_it_does_it_and_then_there_is_nothing_to_do() {
    let Some(server) = server().await else { return };
    let (status, said) = migrate(&server, &["course:*"]).await;
    assert_eq!(status, Some(1), "{said}");
    assert_eq!(said.matches(" -> ").count(), 20, "{said}");
    for line in [
        "course:odd  left: no key of redis-objects\n",
        "… and 11 more: --verbose shows them.\n",
        "\n31 keys to be copied\n1 key left: no key of redis-objects\n",
        "Nothing was changed: --go does it.\n",
    ] {
        assert!(said.contains(line), "{said}");
    }
    assert_eq!(server.raw(&["DBSIZE"]).await, "32");
    let (_, said) = migrate(&server, &["course:*", "--verbose"]).await;
    assert!(said.contains("course:1:tags -> {course:1}:tags\n"), "{said}");
    assert_eq!(said.matches(" -> ").count(), 31, "{said}");

    let (status, said) = migrate(&server, &["course:*:*", "--go"]).await;
    assert_eq!((status, said.as_str()), (Some(0), "\n31 keys copied\n"));
    assert_eq!(server.raw(&["GET", "{course:7}:taken"]).await, "7");
    let (status, said) = migrate(&server, &["course:*:*", "--go"]).await;
    assert_eq!((status, said.as_str()), (Some(0), "\n31 keys there already, the same\n"));

    server.raw(&["SET", "course:3:taken", "8"]).await;
    let (status, said) = migrate(&server, &["course:3:*", "--go"]).await;
    let left = "course:3:taken -> {course:3}:taken  left: something else is there already\n";
    assert!(status == Some(1) && said.starts_with(left), "{said}");
    assert_eq!(server.raw(&["GET", "{course:3}:taken"]).await, "7");
}

#[tokio::test]
async fn what_is_moved_is_gone_from_where_it_was() {
    let Some(server) = server().await else { return };
    let (status, said) = migrate(&server, &["course:*:*", "--go", "--move"]).await;
    assert_eq!((status, said.as_str()), (Some(0), "\n31 keys moved\n"));
    assert_eq!(server.raw(&["KEYS", "course:*"]).await, "course:odd");
    let (status, said) = migrate(&server, &["course:*:*", "--go", "--move"]).await;
    assert_eq!((status, said.as_str()), (Some(0), "No key looks like `course:*:*`.\n"));
}

#[tokio::test]
async fn wrong_use_is_a_sentence_that_says_what_to_do() {
    let Some(server) = server().await else { return };
    let long = "x".repeat(300);
    for (arguments, says) in [
        (&[][..], "<PATTERN>"),
        (&["*", "--from", "redis-objects"], "cannot be used multiple times"),
        (&["*", "--url", "memory:"], "are on a Redis server"),
        (&["*", "--url", "redis://127.0.0.1:1"], "is the server running"),
        (&["*", "--namespace", &long], "at most 255 bytes"),
    ] {
        let (status, said) = migrate(&server, arguments).await;
        assert_eq!(status, Some(2), "{said}");
        assert!(said.contains(says), "{arguments:?}: {said}");
    }
}
