//! A proxy in front of a server that loses what a test tells it to lose.
//!
//! It passes everything until a [`Rule`] says otherwise. Bytes are counted from the moment the rule
//! is given, so a test can open a connection in peace, give the rule, and know which byte it hits:
//!
//! | what is to happen | how |
//! | --- | --- |
//! | executed, the reply lost, the connection cut | `Rule::cut(Toward::Client, 0)` |
//! | executed, half a reply | `Rule::cut(Toward::Client, 3)` |
//! | half a request | `Rule::cut(Toward::Server, 20)` |
//! | the network is gone, nobody says so | `Rule::swallow(Toward::Client, 0)` |
//! | slow | `Rule::delay(Toward::Server, time)` |
//! | cut now | [`Proxy::cut`] |
//! | nobody is there | [`Proxy::refuse`] |

mod link;
mod plan;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::servers::{Redis, free_port};
use link::Link;
use plan::Plan;
pub use plan::{Rule, Toward};

/// How long an awaited count may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Which connections a rule is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that are open now. A client may think it is connected before the proxy has answered:
    /// wait for [`Counts::accepted`], or for a first reply.
    Existing,
    /// The next one to come, alone. Several rules given in a row are all for that one.
    Next,
    /// Those that are open now, and all to come.
    All,
}

/// What a proxy has seen so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Connections that came, ever.
    pub accepted: u64,
    /// Connections that are neither cut nor closed.
    pub open: u64,
    /// How often a rule has cut a connection, or begun to swallow.
    pub struck: u64,
    /// Bytes passed on towards the server.
    pub to_server: u64,
    /// Bytes passed on towards the client.
    pub to_client: u64,
}

/// A proxy of one server. All its connections end with it.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    street: Arc<Street>,
    door: tokio::sync::Mutex<Option<JoinHandle<()>>>,
}

/// What the proxy, its door and its links share.
#[derive(Debug)]
struct Street {
    server: SocketAddr,
    state: Mutex<State>,
    counts: watch::Sender<Counts>,
}

#[derive(Debug, Default)]
struct State {
    /// For those to come.
    plan: Plan,
    /// For the next one alone, after the plan.
    next: Vec<Rule>,
    links: Vec<Arc<Link>>,
}

impl Proxy {
    /// A proxy of what listens on this port of 127.0.0.1.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn of(port: u16) -> Self {
        let server = SocketAddr::from(([127, 0, 0, 1], port));
        let state = Mutex::default();
        let street = Arc::new(Street { server, state, counts: watch::Sender::default() });
        for _ in 0..10 {
            let port = free_port();
            // Another test may have been faster, with the same port.
            if let Ok(listener) = listen(port).await {
                let door = tokio::spawn(Arc::clone(&street).answer(listener));
                return Self { port, street, door: tokio::sync::Mutex::new(Some(door)) };
            }
        }
        panic!("a port is free");
    }

    /// The port it listens on, at 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where an engine finds this server through this proxy.
    #[must_use]
    pub fn url_of(&self, server: &Redis) -> String {
        server.url_through(self.port)
    }

    /// Gives a rule. It holds until it has struck, or [`pass`](Self::pass) takes it back; a new one
    /// replaces an old one of its kind and direction.
    pub fn rule(&self, which: Which, rule: Rule) {
        let mut state = self.street.state();
        match which {
            Which::Next => state.next.push(rule),
            Which::Existing => state.existing(|link| link.rule(rule)),
            Which::All => {
                state.plan.rule(rule);
                state.existing(|link| link.rule(rule));
            }
        }
    }

    /// Takes back every rule: what comes from now on passes. What was swallowed stays lost.
    pub fn pass(&self) {
        let mut state = self.street.state();
        state.plan = Plan::default();
        state.next.clear();
        state.existing(Link::pass);
    }

    /// Cuts all connections that are open, both ways, now.
    pub fn cut(&self) {
        self.street.state().existing(Link::cut);
    }

    /// From now on connections are refused (`true`) or accepted again (`false`). Open ones stay.
    ///
    /// # Panics
    /// When somebody else took the port meanwhile.
    pub async fn refuse(&self, refuse: bool) {
        let mut door = self.door.lock().await;
        if let Some(open) = door.take_if(|_| refuse) {
            open.abort();
            // Only when the task is gone is its listener closed.
            let _ = open.await;
        } else if !refuse && door.is_none() {
            let listener = listen(self.port).await.expect("the port is still free");
            *door = Some(tokio::spawn(Arc::clone(&self.street).answer(listener)));
        }
    }

    /// What it has seen so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        *self.street.counts.borrow()
    }

    /// Waits until it has seen this, as `|counts| counts.struck == 1`.
    ///
    /// # Panics
    /// When that takes longer than half a minute.
    pub async fn until(&self, seen: impl Fn(&Counts) -> bool) -> Counts {
        let mut counts = self.street.counts.subscribe();
        let found = tokio::time::timeout(PATIENCE, counts.wait_for(|counts| seen(counts))).await;
        let found = found.map(|found| found.map(|counts| *counts));
        match found {
            Ok(Ok(counts)) => counts,
            Ok(Err(_)) | Err(_) => panic!("the proxy saw only {:?}", self.counts()),
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(door) = self.door.get_mut().take() {
            door.abort();
        }
        self.street.state().existing(Link::end);
    }
}

impl State {
    fn existing(&mut self, act: impl Fn(&Link)) {
        self.links.retain(|link| !link.is_over());
        self.links.iter().for_each(|link| act(link));
    }

    fn plan_of_next(&mut self) -> Plan {
        let mut plan = self.plan;
        self.next.drain(..).for_each(|rule| plan.rule(rule));
        plan
    }
}

impl Street {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, change: impl FnOnce(&mut Counts)) {
        self.counts.send_modify(change);
    }

    async fn answer(self: Arc<Self>, listener: TcpListener) {
        loop {
            // A client that was gone before it was let in is none.
            if let Ok((client, _)) = listener.accept().await {
                self.admit(client);
            }
        }
    }

    fn admit(self: &Arc<Self>, client: TcpStream) {
        let mut state = self.state();
        let link = Arc::new(Link::new(state.plan_of_next()));
        state.links.retain(|link| !link.is_over());
        state.links.push(Arc::clone(&link));
        drop(state);
        self.count(|counts| {
            counts.accepted += 1;
            counts.open += 1;
        });
        tokio::spawn(link::run(link, Arc::clone(self), client));
    }
}

async fn listen(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind(("127.0.0.1", port)).await
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// A server that says every byte back, and what it has heard.
    struct Echo {
        port: u16,
        heard: watch::Receiver<Vec<u8>>,
        task: JoinHandle<()>,
    }

    impl Echo {
        async fn start() -> Self {
            let listener = listen(0).await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let (hears, heard) = watch::channel(Vec::new());
            let task = tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(echo(stream, hears.clone()));
                }
            });
            Self { port, heard, task }
        }

        async fn until_heard(&mut self, wanted: &[u8]) {
            let heard = self.heard.wait_for(|heard| heard == wanted);
            bounded(heard).await.unwrap();
        }
    }

    impl Drop for Echo {
        fn drop(&mut self) {
            self.task.abort();
        }
    }

    async fn echo(mut stream: TcpStream, hears: watch::Sender<Vec<u8>>) {
        let mut buffer = [0; 1024];
        while let Ok(bytes @ 1..) = stream.read(&mut buffer).await {
            hears.send_modify(|heard| heard.extend_from_slice(&buffer[..bytes]));
            let _ = stream.write_all(&buffer[..bytes]).await;
        }
    }

    async fn bounded<T>(answer: impl Future<Output = T>) -> T {
        tokio::time::timeout(PATIENCE, answer).await.expect("it ends in time")
    }

    /// A client of the proxy whose connection is known to it.
    async fn client(proxy: &Proxy) -> TcpStream {
        let before = proxy.counts().accepted;
        let client = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
        proxy.until(|counts| counts.accepted > before).await;
        client
    }

    async fn says(client: &mut TcpStream, bytes: &[u8]) {
        bounded(client.write_all(bytes)).await.unwrap();
    }

    async fn hears(client: &mut TcpStream, wanted: &[u8]) {
        let mut heard = vec![0; wanted.len()];
        bounded(client.read_exact(&mut heard)).await.unwrap();
        assert_eq!(heard, wanted);
    }

    async fn hears_to_the_end(client: &mut TcpStream) -> Vec<u8> {
        let mut heard = Vec::new();
        bounded(client.read_to_end(&mut heard)).await.unwrap();
        heard
    }

    async fn setup() -> (Echo, Proxy) {
        let echo = Echo::start().await;
        let proxy = Proxy::of(echo.port).await;
        (echo, proxy)
    }

    #[tokio::test]
    async fn everything_passes_and_is_counted() {
        let (_echo, proxy) = setup().await;
        let mut first = client(&proxy).await;
        let mut second = client(&proxy).await;
        says(&mut first, b"one").await;
        says(&mut second, b"three").await;
        hears(&mut first, b"one").await;
        hears(&mut second, b"three").await;
        let all = Counts { accepted: 2, open: 2, struck: 0, to_server: 8, to_client: 8 };
        proxy.until(|counts| *counts == all).await;
        drop(first);
        proxy.until(|counts| *counts == Counts { open: 1, ..all }).await;
    }

    #[tokio::test]
    async fn the_end_passes_one_way_at_a_time() {
        let (_echo, proxy) = setup().await;
        let mut client = client(&proxy).await;
        says(&mut client, b"last words").await;
        client.shutdown().await.unwrap();
        assert_eq!(hears_to_the_end(&mut client).await, b"last words");
    }

    #[tokio::test]
    async fn a_cut_now_ends_what_is_open_alone() {
        let (_echo, proxy) = setup().await;
        let mut before = client(&proxy).await;
        proxy.cut();
        assert_eq!(hears_to_the_end(&mut before).await, b"");
        proxy.until(|counts| counts.open == 0).await;
        let mut after = client(&proxy).await;
        says(&mut after, b"x").await;
        hears(&mut after, b"x").await;
    }

    #[tokio::test]
    async fn a_request_is_cut_at_each_of_its_bytes() {
        let request = b"request";
        for bytes in 0..request.len() {
            let (mut echo, proxy) = setup().await;
            proxy.rule(Which::All, Rule::cut(Toward::Server, bytes as u64));
            let mut client = client(&proxy).await;
            says(&mut client, request).await;
            let heard = hears_to_the_end(&mut client).await;
            assert!(request[..bytes].starts_with(&heard), "{heard:?}");
            echo.until_heard(&request[..bytes]).await;
            assert_eq!(proxy.counts().struck, 1);
        }
    }

    #[tokio::test]
    async fn a_reply_is_cut_at_each_of_its_bytes_and_the_request_was_heard() {
        let request = b"request";
        for bytes in 0..request.len() {
            let (mut echo, proxy) = setup().await;
            let mut client = client(&proxy).await;
            says(&mut client, b"peace").await;
            hears(&mut client, b"peace").await;
            proxy.rule(Which::Existing, Rule::cut(Toward::Client, bytes as u64));
            says(&mut client, request).await;
            assert_eq!(hears_to_the_end(&mut client).await, &request[..bytes]);
            echo.until_heard(b"peacerequest").await;
        }
    }

    #[tokio::test]
    async fn a_cut_waits_for_the_byte_after_those_that_pass() {
        let (_echo, proxy) = setup().await;
        let mut client = client(&proxy).await;
        proxy.rule(Which::Existing, Rule::cut(Toward::Server, 3));
        says(&mut client, b"abc").await;
        hears(&mut client, b"abc").await;
        assert_eq!(proxy.counts().open, 1);
        says(&mut client, b"d").await;
        assert_eq!(hears_to_the_end(&mut client).await, b"");
    }

    #[tokio::test]
    async fn a_swallowed_reply_leaves_the_connection_open() {
        let (mut echo, proxy) = setup().await;
        let mut client = client(&proxy).await;
        proxy.rule(Which::Existing, Rule::swallow(Toward::Client, 2));
        says(&mut client, b"abcd").await;
        hears(&mut client, b"ab").await;
        proxy.until(|counts| counts.struck == 1).await;
        says(&mut client, b"e").await;
        echo.until_heard(b"abcde").await;
        let counts = proxy.counts();
        assert_eq!((counts.open, counts.struck, counts.to_client), (1, 1, 2));
    }

    #[tokio::test]
    async fn a_swallowed_request_is_never_heard() {
        let (mut echo, proxy) = setup().await;
        let mut client = client(&proxy).await;
        proxy.rule(Which::Existing, Rule::swallow(Toward::Server, 1));
        says(&mut client, b"abc").await;
        proxy.until(|counts| counts.struck == 1).await;
        proxy.pass();
        says(&mut client, b"d").await;
        echo.until_heard(b"ad").await;
        hears(&mut client, b"ad").await;
    }

    #[tokio::test]
    async fn a_black_hole_does_not_tell_that_the_server_is_gone() {
        let listener = listen(0).await.unwrap();
        let proxy = Proxy::of(listener.local_addr().unwrap().port()).await;
        proxy.rule(Which::All, Rule::swallow(Toward::Client, 0));
        let mut client = client(&proxy).await;
        let (server, _) = bounded(listener.accept()).await.unwrap();
        drop((server, listener));
        // The first of these is answered with a reset, by which the others fail.
        for _ in 0..10 {
            says(&mut client, b"hello?").await;
            tokio::task::yield_now().await;
        }
        assert_eq!(proxy.counts().open, 1);
        proxy.cut();
        assert_eq!(hears_to_the_end(&mut client).await, b"");
    }

    #[tokio::test]
    async fn rules_for_the_next_one_are_for_it_alone() {
        let (_echo, proxy) = setup().await;
        let mut before = client(&proxy).await;
        proxy.rule(Which::Next, Rule::cut(Toward::Client, 0));
        proxy.rule(Which::Next, Rule::delay(Toward::Server, Duration::from_millis(1)));
        let mut next = client(&proxy).await;
        let mut after = client(&proxy).await;
        for spared in [&mut before, &mut after] {
            says(spared, b"x").await;
            hears(spared, b"x").await;
        }
        says(&mut next, b"x").await;
        assert_eq!(hears_to_the_end(&mut next).await, b"");
    }

    #[tokio::test]
    async fn a_delay_is_at_least_what_it_says() {
        let (_echo, proxy) = setup().await;
        let delay = Duration::from_millis(30);
        proxy.rule(Which::All, Rule::delay(Toward::Client, delay));
        proxy.rule(Which::All, Rule::delay(Toward::Server, delay));
        let mut client = client(&proxy).await;
        let begin = std::time::Instant::now();
        says(&mut client, b"x").await;
        hears(&mut client, b"x").await;
        assert!(begin.elapsed() >= 2 * delay);
    }

    #[tokio::test]
    async fn a_closed_door_refuses_and_what_is_inside_stays() {
        let (_echo, proxy) = setup().await;
        let mut inside = client(&proxy).await;
        for _ in 0..2 {
            proxy.refuse(true).await;
            proxy.refuse(true).await;
            let refused = TcpStream::connect(("127.0.0.1", proxy.port())).await;
            assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
            says(&mut inside, b"x").await;
            hears(&mut inside, b"x").await;
            proxy.refuse(false).await;
            let mut again = client(&proxy).await;
            says(&mut again, b"y").await;
            hears(&mut again, b"y").await;
        }
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_ends_the_connection() {
        let proxy = Proxy::of(free_port()).await;
        let mut client = client(&proxy).await;
        assert_eq!(hears_to_the_end(&mut client).await, b"");
        proxy.until(|counts| counts.open == 0).await;
    }

    #[tokio::test]
    async fn connections_end_with_the_proxy() {
        let (_echo, proxy) = setup().await;
        let mut client = client(&proxy).await;
        says(&mut client, b"x").await;
        hears(&mut client, b"x").await;
        drop(proxy);
        assert_eq!(hears_to_the_end(&mut client).await, b"");
    }
}
