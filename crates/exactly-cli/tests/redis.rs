//! `exactly race` on a server of its own: played, counted, and nothing left behind.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use exactly_conformance::servers::{Flavour, Redis, has_openssl, skipped};
use serde_json::Value;

/// In no report and in no complaint.
const SECRET: &str = "s3cret";

/// A race that is over in a moment, on a crowd large enough for everything to happen in it.
const SMALL: [&str; 9] =
    ["race", "--count", "1500", "--students", "400", "--courses", "15", "--hang-ups", "5"];

fn exactly(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_exactly"));
    command.args(SMALL).args(arguments).env_remove("EXACTLY_URL");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Waits for it without keeping the runtime, and with it the server's handle, waiting.
async fn output(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn text(stream: &[u8]) -> String {
    String::from_utf8_lossy(stream).into_owned()
}

/// Whether this machine has a server to test with.
fn here() -> bool {
    Flavour::Redis7.missing().is_none_or(|why| skipped(&why))
}

/// Every coding was played, ours were exact, and the status says so.
fn is_exact(output: &Output) {
    assert_eq!(text(&output.stderr), "");
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let codings = document["codings"].as_array().unwrap();
    assert_eq!(codings.len(), 5);
    for coding in codings.iter().filter(|coding| coding["ours"] == true) {
        assert_eq!(coding["admitted"], document["plan"]["right"], "{coding}");
        assert_eq!(coding["exact"], true, "{coding}");
    }
    assert_eq!((document["exact"].as_bool(), output.status.code()), (Some(true), Some(0)));
    assert_eq!(document["plan"]["engine"], "redis");
    assert!(!text(&output.stdout).contains(SECRET), "{document}");
}

/// Nothing is left but what remembers the last batches, and that expires by itself.
async fn is_tidy(server: &Redis) {
    let keys = server.raw(&["KEYS", "*"]).await;
    for key in keys.lines() {
        assert!(key.starts_with("exactly:session:"), "{keys}");
        assert_ne!(server.raw(&["PTTL", key]).await, "-1", "{key}");
    }
}

#[tokio::test]
async fn a_race_is_exact_and_leaves_nothing_behind() {
    if !here() {
        return;
    }
    let server = Redis::builder().password(SECRET).start().await;
    is_exact(&output(exactly(&["--json", "--url", &server.url()])).await);
    is_tidy(&server).await;
    let mut by_environment = exactly(&["--coding", "capacity"]);
    by_environment.env("EXACTLY_URL", server.url());
    let report = output(by_environment).await;
    let (page, place) =
        (text(&report.stdout), format!("on    redis://127.0.0.1:{}", server.port()));
    assert!(page.contains(&place) && !page.contains(SECRET), "{page}");
    assert_eq!(report.status.code(), Some(0));
    is_tidy(&server).await;
}

#[tokio::test]
async fn two_races_at_once_do_not_meet() {
    if !here() {
        return;
    }
    let server = Redis::start(Flavour::Redis7).await;
    let url = server.url();
    let race = || output(exactly(&["--json", "--url", &url]));
    let (one, two) = tokio::join!(race(), race());
    is_exact(&one);
    is_exact(&two);
    is_tidy(&server).await;
}

#[tokio::test]
async fn the_keys_are_plain_where_the_url_says_so() {
    if !here() {
        return;
    }
    let server = Redis::start(Flavour::Redis7).await;
    let url = format!("{}?key_style=redis-objects", server.url());
    is_exact(&output(exactly(&["--json", "--url", &url])).await);
    is_tidy(&server).await;
}

/// One sentence on standard error, the status of wrong use, and no secret.
async fn complaint(url: &str) -> String {
    let begin = Instant::now();
    let by_flag = output(exactly(&["--url", url])).await;
    let mut by_environment = exactly(&[]);
    by_environment.env("EXACTLY_URL", url);
    let by_environment = output(by_environment).await;
    assert!(begin.elapsed() < Duration::from_secs(30), "{url}");
    for output in [&by_flag, &by_environment] {
        let said = text(&output.stderr);
        assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(2), ""), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.starts_with("exactly: cannot play on `redis"), "{said}");
        assert!(said.ends_with("Give --url, or EXACTLY_URL, an engine that opens.\n"), "{said}");
        assert!(!said.contains(SECRET) && !said.contains("os error"), "{said}");
    }
    text(&by_flag.stderr)
}

#[tokio::test]
async fn a_server_that_does_not_open_is_one_sentence_and_what_to_do() {
    if !here() {
        return;
    }
    let server = Redis::builder().password(SECRET).start().await;
    let gone = Redis::start(Flavour::Redis7).await;
    gone.kill();
    let (port, url) = (server.port(), server.url());
    for (url, says) in [
        (gone.url(), "Connection refused; is the server running"),
        (format!("redis://:{SECRET}@no-such-host.invalid"), "is the server running"),
        (format!("redis://:wrong-{SECRET}@127.0.0.1:{port}"), "check user, password and rights"),
        (format!("redis://127.0.0.1:{port}"), "the server wants a password"),
        (format!("redis://{SECRET}@127.0.0.1:{port}"), "a user and no password"),
        (format!("{url}/99"), "no database of that number"),
        (format!("{url}/seats"), "written as `%40`"),
        (format!("{url}?db=1"), "`db` needs a socket"),
        (format!("redis+unix:///no/such/socket?pass={SECRET}"), "is the server running"),
    ] {
        let said = complaint(&url).await;
        assert!(said.contains(says), "{says}: {said}");
    }
    let said = complaint(&url.replacen("redis:", "rediss:", 1)).await;
    // The server may take what it hears for a command, or wait for the end of one.
    assert!(said.contains("begins with `redis:`") || said.contains("check the cert"), "{said}");
}

#[tokio::test]
async fn a_plain_url_of_a_server_with_tls_is_one_sentence_and_what_to_do() {
    if !here() || (!has_openssl() && !skipped("TLS: install openssl")) {
        return;
    }
    let server = Redis::builder().password(SECRET).tls(true).start().await;
    let said = complaint(&server.url().replacen("rediss:", "redis:", 1)).await;
    assert!(said.contains("begins with `rediss:`"), "{said}");
    let mut race = exactly(&["--json", "--url", &server.url()]);
    race.env("SSL_CERT_FILE", server.ca());
    is_exact(&output(race).await);
    is_tidy(&server).await;
}
