//! `exactly ls`, `show` and `watch` as their users meet them: on a server of its own.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use exactly_conformance::servers::{Flavour, Redis, skipped};
use serde_json::Value;

/// In no line and in no complaint.
const SECRET: &str = "s3cret";

fn exactly(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_exactly"));
    command.args(arguments).env_remove("EXACTLY_URL").stdin(Stdio::null());
    command
}

/// Waits for it without keeping the runtime, and with it the server's handle, waiting.
async fn output(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn text(stream: &[u8]) -> String {
    String::from_utf8_lossy(stream).into_owned()
}

/// A server with a few objects of ours, and what stands beside them.
async fn server() -> Option<Redis> {
    if Flavour::Redis7.missing().is_some_and(|why| !skipped(&why)) {
        return None;
    }
    let server = Redis::builder().password(SECRET).start().await;
    for command in [
        &["SET", "{course:42}:taken", "29"][..],
        &["SET", "{course:42}:motto", "exactly 30", "EX", "3600"],
        &["HSET", "{course:42}:seats", "::limit", "30", "confirmed", "12", "held", "0"],
        &["ZADD", "{course:42}:seats::leases", "99999999999999999", "ff"],
        &["SET", "{course:7}:taken", "3"],
        &["SET", "{course}:total", "32"],
        &["XADD", "{queue}", "*", "somebody", "else's"],
        &["SET", "shop:{visits}", "7"],
        &["SET", "course:42:taken", "of another style"],
        &["SET", "exactly:session:x:0", "a record"],
    ] {
        server.raw(command).await;
    }
    Some(server)
}

async fn done(server: &Redis, arguments: &[&str]) -> String {
    let url = server.url();
    let output = output(exactly(&[arguments, &["--url", &url]].concat())).await;
    assert_eq!(text(&output.stderr), "", "{arguments:?}");
    assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    text(&output.stdout)
}

#[tokio::test]
async fn keys_are_listed_by_pattern_and_namespace_and_nothing_else_is() {
    let Some(server) = server().await else { return };
    let names = async |arguments: &[&str]| {
        let listed = done(&server, &[&["ls", "--names"], arguments].concat()).await;
        let mut names: Vec<_> = listed.lines().map(str::to_owned).collect();
        names.sort();
        names
    };
    let of_course_42 = ["course:42:motto", "course:42:seats", "course:42:taken"];
    let all = [&["course:7:taken", "course::total", "queue"], &of_course_42[..]].concat();
    assert_eq!(names(&[]).await.len(), all.len());
    assert!(names(&[]).await.iter().all(|name| all.contains(&name.as_str())));
    assert_eq!(names(&["course:42:*"]).await, of_course_42);
    assert_eq!(names(&["*:taken"]).await, ["course:42:taken", "course:7:taken"]);
    assert_eq!(names(&["*", "--namespace", "shop"]).await, ["visits"]);
    assert_eq!(names(&["course:*", "--limit", "2"]).await.len(), 2);
    let table = done(&server, &["ls", "course:42:*"]).await;
    assert!(table.starts_with("key              kind        ends in  holds\n"), "{table}");
    for line in [
        "course:42:seats  capacity          -  12 confirmed + 0 held of 30, 18 free",
        "course:42:taken  scalar            -  29",
        "  \"exactly 30\"",
    ] {
        assert!(table.contains(line), "{table}");
    }
    assert!(!table.contains('\u{1b}'), "a file has no colours: {table}");
    assert!(done(&server, &["ls", "queue"]).await.contains("foreign"));
    let lines = done(&server, &["ls", "--json", "course:42:*"]).await;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);
    let seats = lines.iter().find(|line| line["key"] == "course:42:seats").unwrap();
    assert_eq!((seats["free"].as_u64(), seats["ttl_ms"].is_null()), (Some(18), true));
}

#[tokio::test]
async fn an_object_and_a_thing_are_shown() {
    let Some(server) = server().await else { return };
    let seats = done(&server, &["show", "course:42:seats"]).await;
    assert!(seats.starts_with("course:42:seats  a capacity\n  limit      30\n"), "{seats}");
    let all = done(&server, &["show", "course:42", "--json"]).await;
    assert_eq!(all.lines().count(), 3, "{all}");
    assert_eq!(done(&server, &["show", "--raw", "course:42:motto"]).await, "exactly 30");
    assert!(done(&server, &["show", "course::total"]).await.contains("value  32"));
    assert!(done(&server, &["show", "visits", "--namespace", "shop"]).await.contains('7'));
}

#[tokio::test]
async fn collections_are_shown_with_their_first_elements() {
    let Some(server) = server().await else { return };
    for command in [
        &["RPUSH", "{course:9}:waiting", "Ada", "Bob", "Cem"][..],
        &["SADD", "{course:9}:tags", "rust"],
        &["ZADD", "{course:9}:scores", "1.5", "Ada", "2", "Bob"],
        &["HSET", "{course:9}:rooms", "mon", "7"],
    ] {
        server.raw(command).await;
    }
    let listed = done(&server, &["ls", "course:9:*"]).await;
    for line in ["list              -  3 elements", "map               -  1 field"] {
        assert!(listed.contains(line), "{listed}");
    }
    let shown = done(&server, &["show", "course:9", "--elements", "2"]).await;
    for part in [
        "course:9:waiting  a list\n  elements  3\n",
        "  \"Ada\"\n",
        "… the next: --after '2'\n",
        "course:9:tags  a set\n",
        "\"Ada\"  1.5\n",
        "\"mon\"  7\n",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let json: Value =
        serde_json::from_str(&done(&server, &["show", "--json", "course:9:scores"]).await).unwrap();
    assert_eq!((&json["kind"], &json["len"]), (&"sorted set".into(), &2.into()));
    assert!(done(&server, &["watch", "course:9"]).await.contains("list 3 elements"));
}

#[tokio::test]
async fn one_picture_is_drawn_where_nobody_can_press_a_key() {
    let Some(server) = server().await else { return };
    for once in [&["watch", "course:42", "--once"][..], &["watch", "course:42"]] {
        let page = done(&server, once).await;
        assert_eq!(page.lines().count(), 3, "{page}");
        assert!(page.contains("12 of 30") && page.contains("█") && page.contains("·"), "{page}");
        assert!(!page.contains('\u{1b}'), "{page}");
    }
}

/// In a terminal of its own, made by the system's `script`.
#[tokio::test]
async fn a_terminal_is_drawn_on_and_given_back() {
    let Some(server) = server().await else { return };
    let has_script = Command::new("script").arg("--version").output().is_ok();
    if !has_script && !skipped("a terminal: install script, of util-linux") {
        return;
    }
    // A terminal that `script` makes has no size of its own.
    let program = env!("CARGO_BIN_EXE_exactly");
    let command = format!("stty rows 24 cols 80; exec {program} watch course");
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &command, "/dev/null"]);
    script.env("EXACTLY_URL", server.url()).env("TERM", "xterm-256color");
    script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut watching = script.spawn().unwrap();
    let (mut keyboard, mut screen) =
        (watching.stdin.take().unwrap(), watching.stdout.take().unwrap());
    let (status, drawn) = tokio::task::spawn_blocking(move || {
        let begin = Instant::now();
        let (mut drawn, mut buffer) = (Vec::new(), [0; 4096]);
        while !text(&drawn).contains("course:42:seats") {
            assert!(begin.elapsed() < Duration::from_secs(60), "{}", text(&drawn));
            let read = screen.read(&mut buffer).unwrap();
            assert!(read > 0, "{}", text(&drawn));
            drawn.extend_from_slice(&buffer[..read]);
        }
        keyboard.write_all(b"q").unwrap();
        screen.read_to_end(&mut drawn).unwrap();
        (watching.wait().unwrap(), text(&drawn))
    })
    .await
    .unwrap();
    assert_eq!(status.code(), Some(0), "{drawn}");
    assert!(drawn.contains("\u{1b}[?1049h") && drawn.contains("\u{1b}[?1049l"), "{drawn}");
    assert!(drawn.contains("redis://127.0.0.1") && !drawn.contains(SECRET), "{drawn}");
}

#[tokio::test]
async fn what_is_not_there_is_one_sentence_and_another_status() {
    let Some(server) = server().await else { return };
    let url = server.url();
    for (arguments, says) in [
        (&["ls", "nothing*"][..], "no key looks like `nothing*`."),
        (&["show", "course:43"], "nothing is stored at `course:43`. `exactly ls`"),
        (&["show", "course"], "`exactly ls 'course:*'` lists"),
        (&["watch", "--once", "nothing"], "no key begins with `nothing`."),
    ] {
        let output = output(exactly(&[arguments, &["--url", &url]].concat())).await;
        let said = text(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{said}");
        assert!(said.starts_with("exactly: ") && said.contains(says), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[tokio::test]
async fn wrong_use_is_a_sentence_that_says_what_to_do() {
    let Some(server) = server().await else { return };
    let url = server.url();
    let wrong = url.replace(SECRET, "wr0ng");
    for (arguments, says) in [
        (&["ls"][..], "Give --url, or EXACTLY_URL, a URL such as redis://localhost:6379."),
        (&["ls", "--url", "localhost"], "the URL has no scheme"),
        (&["ls", "--url", "gopher://host"], "no engine of this version opens `gopher:`"),
        (&["show", "a", "--url", &wrong], "check user, password and rights"),
        (&["watch", "--url", "redis://127.0.0.1:1"], "is the server running"),
        (&["show", "a:b:c:d", "--url", &url], "one part or three"),
        (&["show", "", "--url", &url], "at least one character"),
        (&["show", "--raw", "course:42", "--url", &url], "has 3 objects"),
        (&["watch", "--max", "0", "--url", &url], "give a number above 0"),
        (&["watch", "--limit", "0", "--url", &url], "invalid value '0'"),
        (&["ls", "--json", "--names", "--url", &url], "cannot be used with"),
        (&["show"], "required arguments"),
    ] {
        let output = output(exactly(arguments)).await;
        let said = text(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{said}");
        assert!(said.contains(says), "{arguments:?}: {said}");
        assert!(!said.contains(SECRET) && !said.contains("wr0ng"), "{said}");
    }
}
