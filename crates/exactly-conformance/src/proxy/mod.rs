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

    /// From now on a connection is refused (`true`) or accepted again (`false`). What is open stays.
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
