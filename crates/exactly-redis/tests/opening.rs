//! Every way in, and every way to stand before the door: what a wrong one is told.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use exactly_conformance::servers::{self, Builder, Flavour, has_openssl, skipped};
use exactly_core::layers::Trace;
use exactly_core::operations::counter::{Add, Added};
use exactly_core::operations::value::Set;
use exactly_core::{Batch, Durability, Engine, Fault, Key, Mark, Operation, Step};
use exactly_redis::{Client, Options, Redis, TlsCertificates};
use tokio::time::{Instant, timeout};

/// In no message, no Debug form and no log.
const SECRET: &str = "s3cret";

/// How long anything here may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether this machine has a server to test with.
fn here() -> bool {
    Flavour::Redis7.missing().is_none_or(|why| skipped(&why))
}

fn server() -> Builder {
    servers::Redis::builder()
}

async fn open(url: &str) -> Result<Redis, Fault> {
    timeout(PATIENCE, Redis::open(url, Options::new())).await.unwrap()
}

/// Adds 1 to a counter, and answers its value.
async fn count(engine: &impl Engine) -> Result<i64, Fault> {
    let taken = Key::alone("", "taken")?;
    let reply = engine.apply(Batch::one(Step::new(taken, Add::by(1).into_op()))).await?;
    match reply.only::<Add<i64>>()? {
        Added::Stepped { value } => Ok(value),
        Added::OutOfBounds { .. } => panic!("it has no bounds"),
    }
}

/// Why it does not open: in one sentence that keeps the secret.
async fn refused(url: &str) -> Fault {
    let fault = open(url).await.unwrap_err();
    let said = format!("{fault}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(!said.contains("os error") && !said.contains(". "), "{said}");
    assert!(!format!("{fault:?} {fault}").contains(SECRET), "{fault:?}");
    assert!(!fault.is_unknown(), "nothing was sent: {fault}");
    fault
}

fn says(fault: &Fault, part: &str) {
    assert!(fault.to_string().contains(part), "{part}: {fault}");
}

// ===== ways in =====

#[tokio::test]
async fn by_every_address_and_every_login_it_counts() {
    if !here() {
        return;
    }
    let user = "~* +@all";
    for builder in [
        server(),
        server().password(SECRET),
        server().user("ann", SECRET, user),
        server().unix_socket(),
        server().unix_socket().password(SECRET),
        server().unix_socket().user("ann", SECRET, user),
    ] {
        let server = builder.start().await;
        let url = server.url();
        let other_names = match url.strip_prefix("redis+unix:") {
            Some(rest) => vec![format!("unix:{rest}"), format!("valkey+unix:{rest}")],
            None => {
                vec![url.replacen("redis:", "valkey:", 1), url.replace("127.0.0.1", "localhost")]
            }
        };
        for (place, url) in [url].into_iter().chain(other_names).enumerate() {
            let engine = open(&url).await.unwrap();
            assert_eq!(count(&engine).await.unwrap(), 1 + i64::try_from(place).unwrap(), "{url}");
        }
    }
}

#[tokio::test]
async fn a_password_with_every_sign_is_written_with_percents() {
    if !here() {
        return;
    }
    let server = server().user("an:n@", "p@ss:/?#%&=+", "~* +@all").start().await;
    let login = "an%3An%40:p%40ss%3A%2F%3F%23%25%26%3D%2B";
    for url in [
        format!("redis://{login}@127.0.0.1:{}", server.port()),
        format!("unix://{}?user=an%3An%40&pass=p%40ss%3A%2F%3F%23%25%26%3D%2B", server.socket()),
    ] {
        count(&open(&url).await.unwrap()).await.unwrap();
    }
}

#[tokio::test]
async fn databases_do_not_meet() {
    if !here() {
        return;
    }
    let server = server().start().await;
    let by_port = format!("redis://127.0.0.1:{}/", server.port());
    let by_socket = format!("unix://{}?db=", server.socket());
    for (place, database) in [by_port, by_socket].into_iter().enumerate() {
        for number in ["1", "2"] {
            let engine = open(&format!("{database}{number}")).await.unwrap();
            assert_eq!(count(&engine).await.unwrap(), 1 + i64::try_from(place).unwrap());
        }
        let fault = refused(&format!("{database}99")).await;
        assert!(fault.is_misuse() && fault.is_bad_url(), "{fault}");
        says(&fault, "no database of that number");
    }
}

#[tokio::test]
async fn an_older_protocol_is_spoken_where_it_is_asked_for() {
    if !here() {
        return;
    }
    let server = server().password(SECRET).start().await;
    let engine = open(&format!("{}?protocol=resp2", server.url())).await.unwrap();
    assert_eq!(count(&engine).await.unwrap(), 1);
    assert!(server.raw(&["CLIENT", "LIST"]).await.contains("resp=2"));
    let wrong = server.url().replace(SECRET, "wrong");
    assert!(refused(&format!("{wrong}?protocol=resp2")).await.is_denied());
}

#[tokio::test]
async fn a_change_that_an_older_protocol_cannot_tell_is_looked_for() {
    /// Half of what a wait takes that nobody looks after.
    const SOON: Duration = Duration::from_secs(5);
    if !here() {
        return;
    }
    let server = server().start().await;
    let engine = open(&format!("{}?protocol=resp2", server.url())).await.unwrap();
    let taken = Key::alone("", "taken").unwrap();
    let first = engine.changed(&taken, Mark::NONE).await.unwrap();
    // What was before there was a connection to be told by, nobody knows.
    let mark = engine.changed(&taken, first).await.unwrap();
    let waiting = {
        let engine = engine.clone();
        tokio::spawn(async move { engine.changed(&taken, mark).await })
    };
    count(&engine).await.unwrap();
    let changed = timeout(SOON, waiting).await.expect("in time");
    assert_ne!(changed.unwrap().unwrap(), mark);
}

// ===== TLS =====

/// A server that speaks TLS, with what trusts it.
async fn by_tls() -> Option<(servers::Redis, TlsCertificates)> {
    if !here() || (!has_openssl() && !skipped("TLS: install openssl")) {
        return None;
    }
    let server = server().password(SECRET).tls(true).start().await;
    let root_cert = Some(std::fs::read(server.ca()).unwrap());
    Some((server, TlsCertificates { client_tls: None, root_cert }))
}

#[tokio::test]
async fn by_tls_with_certificates_of_the_programs_own() {
    let Some((server, trusted)) = by_tls().await else { return };
    let client = Client::build_with_tls(server.url(), trusted).unwrap();
    let engine = Redis::from_client(client, Options::new()).await.unwrap();
    assert_eq!(count(&engine).await.unwrap(), 1);
    assert!(!format!("{engine:?}").contains(SECRET), "{engine:?}");
}

#[tokio::test]
async fn a_certificate_that_nobody_trusts_is_told() {
    let Some((server, _)) = by_tls().await else { return };
    let fault = refused(&server.url()).await;
    assert!(fault.is_misuse() && fault.is_untrusted(), "{fault}");
    says(&fault, "certificate");
}

#[tokio::test]
async fn a_certificate_of_another_host_is_told() {
    let Some((server, trusted)) = by_tls().await else { return };
    // The same machine, by a name that is not in the certificate.
    let url = server.url().replace("127.0.0.1", "127.0.0.2");
    let listens = server.try_raw(&["CONFIG", "SET", "bind", "127.0.0.1 127.0.0.2"]).await;
    assert_eq!(listens.as_deref(), Ok("OK"));
    let client = Client::build_with_tls(url, trusted).unwrap();
    let fault = Redis::from_client(client, Options::new()).await.unwrap_err();
    assert!(fault.is_untrusted(), "{fault}");
    says(&fault, "not valid for name");
}

#[tokio::test]
async fn who_speaks_tls_to_a_server_that_does_not_is_told_so_in_time() {
    if !here() {
        return;
    }
    let server = server().password(SECRET).start().await;
    let begin = Instant::now();
    let fault = refused(&server.url().replacen("redis:", "rediss:", 1)).await;
    // The server may take what it hears for a command, or wait for the end of one.
    assert!(fault.is_untrusted() || fault.is_unavailable(), "{fault}");
    assert!(!fault.is_unavailable() || fault.to_string().contains("begins with `redis:`"));
    assert!(begin.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn who_speaks_plainly_to_a_server_of_tls_is_told_so() {
    let Some((server, _)) = by_tls().await else { return };
    let fault = refused(&server.url().replacen("rediss:", "redis:", 1)).await;
    assert!(fault.is_not_applied() && fault.is_unavailable(), "{fault}");
    says(&fault, "begins with `rediss:`");
}

// ===== wrong addresses and logins =====

#[tokio::test]
async fn a_wrong_login_is_denied() {
    if !here() {
        return;
    }
    let server = server().password(SECRET).start().await;
    let port = server.port();
    for (login, part) in [
        (":wrong@", "WRONGPASS"),
        (&*format!("nobody:{SECRET}@"), "WRONGPASS"),
        ("", "wants a password"),
    ] {
        let fault = refused(&format!("redis://{login}127.0.0.1:{port}")).await;
        assert!(fault.is_misuse() && fault.is_denied(), "{fault}");
        says(&fault, part);
    }
    let fault = refused(&format!("redis://{SECRET}@127.0.0.1:{port}")).await;
    assert!(fault.is_bad_url(), "{fault}");
    says(&fault, "a user and no password");
}

#[tokio::test]
async fn where_nobody_is_nothing_was_sent() {
    if !here() {
        return;
    }
    let gone = server().start().await;
    gone.kill();
    let (url, socket) = (gone.url(), gone.socket());
    for (url, part) in [
        (url, "is the server running"),
        (format!("redis://:{SECRET}@no-such-host.invalid"), "is the server running"),
        (format!("unix://{socket}"), "is the server running"),
        ("unix:///no/such/socket".to_owned(), "is the server running"),
    ] {
        let begin = Instant::now();
        let fault = refused(&url).await;
        assert!(fault.is_not_applied() && fault.is_unavailable(), "{fault}");
        says(&fault, part);
        assert!(begin.elapsed() < Duration::from_secs(10), "{url}");
    }
}

#[tokio::test]
async fn what_answers_in_another_language_is_no_redis() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let web = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        stream.writable().await.unwrap();
        stream.try_write(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        stream
    });
    let fault = refused(&format!("redis://:{SECRET}@127.0.0.1:{port}")).await;
    assert!(fault.is_unavailable(), "{fault}");
    says(&fault, "no Redis");
    drop(web.await);
}

#[tokio::test]
async fn a_server_that_says_nothing_is_waited_for_as_long_as_the_options_say() {
    if !here() {
        return;
    }
    let server = server().start().await;
    server.pause();
    let options = Options::new().connect_timeout(Duration::from_millis(50));
    let fault = Redis::open(&server.url(), options).await.unwrap_err();
    assert!(fault.is_not_applied() && fault.is_unavailable(), "{fault}");
    says(&fault, "is the server running");
}

// ===== what the server is =====

#[tokio::test]
async fn the_profile_says_what_a_crash_can_lose() {
    if !here() {
        return;
    }
    for (lines, durability) in [
        (&[][..], Durability::Server),
        (&[("appendonly", "yes")], Durability::Seconds),
        (&[("appendonly", "yes"), ("appendfsync", "no")], Durability::Seconds),
        (&[("appendonly", "yes"), ("appendfsync", "always")], Durability::Disk),
    ] {
        let builder =
            lines.iter().fold(server(), |server, (name, value)| server.config(*name, *value));
        let server = builder.start().await;
        let profile = open(&server.url()).await.unwrap().profile();
        assert_eq!((profile.name, profile.durability), ("redis", durability), "{lines:?}");
    }
}

#[tokio::test]
async fn a_server_that_may_evict_is_refused_unless_that_is_allowed() {
    if !here() {
        return;
    }
    let server = server().password(SECRET).config("maxmemory-policy", "allkeys-lru").start().await;
    let fault = refused(&server.url()).await;
    assert!(fault.is_misuse(), "{fault}");
    for part in ["`allkeys-lru`", "CONFIG SET maxmemory-policy noeviction", "eviction=allowed"] {
        says(&fault, part);
    }
    let page = Page::default();
    let told = page.listen();
    open(&format!("{}?eviction=allowed", server.url())).await.unwrap();
    let options = Options::new().allow_eviction();
    Redis::open(&server.url(), options).await.unwrap();
    drop(told);
    let warnings = page.text().lines().filter(|line| line.contains("WARN")).count();
    assert_eq!(warnings, 2, "{}", page.text());
    assert!(page.text().contains("allkeys-lru") && !page.text().contains(SECRET));
    server.raw(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]).await;
    open(&server.url()).await.unwrap();
}

// ===== connections =====

/// The connections of the engines, not that of the question.
async fn connections(server: &servers::Redis) -> usize {
    server.raw(&["CLIENT", "LIST"]).await.matches("user=default").count()
}

/// Waits until the server counts so many.
async fn has_connections(server: &servers::Redis, expected: usize) {
    let counted = async { while connections(server).await != expected {} };
    timeout(PATIENCE, counted).await.unwrap();
}

#[test]
fn there_are_as_many_connections_as_were_asked_for_and_none_when_it_is_dropped() {
    if !here() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let server = server().start().await;
        let engine = open(&format!("{}?connections=3", server.url())).await.unwrap();
        has_connections(&server, 1).await;
        // Threads that live at the same time spread over the connections.
        let all_alive = Arc::new(std::sync::Barrier::new(8));
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let (engine, all_alive) = (engine.clone(), Arc::clone(&all_alive));
                let handle = tokio::runtime::Handle::current();
                std::thread::spawn(move || {
                    handle.block_on(count(&engine)).unwrap();
                    all_alive.wait();
                })
            })
            .collect();
        let end = move || threads.into_iter().for_each(|thread| thread.join().unwrap());
        tokio::task::spawn_blocking(end).await.unwrap();
        assert_eq!(connections(&server).await, 3);
        let clone = engine.clone();
        drop(engine);
        assert_eq!((count(&clone).await.unwrap(), connections(&server).await), (9, 3));
        drop(clone);
        has_connections(&server, 0).await;
    });
}

#[tokio::test]
async fn an_engine_that_does_not_open_leaves_no_connection() {
    if !here() {
        return;
    }
    let server = server().config("maxmemory-policy", "allkeys-lru").start().await;
    refused(&server.url()).await;
    has_connections(&server, 0).await;
}

#[tokio::test]
async fn a_connection_that_was_given_is_used_beside_others() {
    if !here() {
        return;
    }
    let server = server().start().await;
    let client = Client::open(server.url()).unwrap();
    let mut theirs = client.get_multiplexed_async_connection().await.unwrap();
    let engine = Redis::from_connection(theirs.clone(), Options::new()).await.unwrap();
    // A large batch goes the same way, for there is no other.
    let large = Set { to: "x".repeat(100_000).into() };
    let text = Key::alone("", "text").unwrap();
    engine.apply(Batch::one(Step::new(text.clone(), large.into_op()))).await.unwrap();
    assert_eq!(count(&engine).await.unwrap(), 1);
    let seen: i64 = redis::cmd("GET").arg("{taken}").query_async(&mut theirs).await.unwrap();
    assert_eq!((seen, connections(&server).await), (1, 1));
    drop(engine);
    let pong: String = redis::cmd("PING").query_async(&mut theirs).await.unwrap();
    assert_eq!(pong, "PONG", "it is theirs, and stays");
}

#[tokio::test]
async fn a_connection_that_was_given_and_is_lost_is_lost() {
    if !here() {
        return;
    }
    let server = server().start().await;
    let theirs = Client::open(server.url()).unwrap().get_multiplexed_async_connection().await;
    let engine = Redis::from_connection(theirs.unwrap(), Options::new()).await.unwrap();
    count(&engine).await.unwrap();
    server.raw(&["CLIENT", "KILL", "TYPE", "normal"]).await;
    // The first to notice may have sent something.
    let first = count(&engine).await.unwrap_err();
    assert!(!first.is_misuse(), "{first}");
    let fault = count(&engine).await.unwrap_err();
    assert!(fault.is_not_applied() && fault.is_unavailable(), "{fault}");
    says(&fault, "only its owner can make another");
}

#[tokio::test]
async fn a_client_makes_another_connection_when_one_is_lost() {
    if !here() {
        return;
    }
    let server = server().password(SECRET).start().await;
    let client = Client::open(server.url()).unwrap();
    let engine = Redis::from_client(client, Options::new().connections(1)).await.unwrap();
    count(&engine).await.unwrap();
    server.raw(&["CLIENT", "KILL", "TYPE", "normal"]).await;
    let found = async { while count(&engine).await.is_err() {} };
    timeout(PATIENCE, found).await.unwrap();
    assert_eq!(connections(&server).await, 1);
}

// ===== secrets =====

/// What was logged, down to TRACE.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Page {
    fn listen(&self) -> tracing::subscriber::DefaultGuard {
        let page = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || page.clone());
        tracing::subscriber::set_default(subscriber.finish())
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_password_is_in_any_log_or_debug_form() {
    if !here() {
        return;
    }
    let server = server().user("ann", SECRET, "~* +@all").unix_socket().start().await;
    let page = Page::default();
    let told = page.listen();
    let urls = [server.url(), format!("redis://ann:{SECRET}@127.0.0.1:{}", server.port())];
    for url in &urls {
        let engine = open(url).await.unwrap();
        let shown = format!("{engine:?} {:?} {:?}", engine.profile(), engine.clone());
        assert!(!shown.contains(SECRET), "{shown}");
        let engine = Trace::new(engine);
        count(&engine).await.unwrap();
        server.raw(&["ACL", "SETUSER", "ann", "-incrby"]).await;
        let denied = count(&engine).await.unwrap_err();
        assert!(denied.is_denied() && !format!("{denied:?}").contains(SECRET), "{denied}");
        server.raw(&["ACL", "SETUSER", "ann", "+incrby"]).await;
    }
    server.kill();
    for url in &urls {
        refused(url).await;
    }
    drop(told);
    let text = page.text();
    assert!(text.contains("apply") && !text.contains(SECRET), "{text}");
}
