//! One connection through the proxy.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;

use super::plan::{Plan, Rule, Toward};
use super::{Counts, Street};

/// What the proxy can tell one connection.
#[derive(Debug)]
pub(super) struct Link {
    plan: Mutex<Plan>,
    life: watch::Sender<Life>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Life {
    Open,
    Cut,
    Over,
}

impl Link {
    pub(super) fn new(plan: Plan) -> Self {
        Self { plan: Mutex::new(plan), life: watch::Sender::new(Life::Open) }
    }

    pub(super) fn rule(&self, rule: Rule) {
        self.plan().rule(rule);
    }

    pub(super) fn pass(&self) {
        *self.plan() = Plan::default();
    }

    pub(super) fn cut(&self) {
        self.becomes(Life::Cut);
    }

    pub(super) fn end(&self) {
        self.becomes(Life::Over);
    }

    pub(super) fn is_over(&self) -> bool {
        *self.life.borrow() == Life::Over
    }

    fn becomes(&self, next: Life) {
        self.life.send_if_modified(|life| {
            let later = *life < next;
            *life = next.max(*life);
            later
        });
    }

    async fn is_at_least(&self, wanted: Life) {
        // It cannot fail: the sender is in `self`.
        let _ = self.life.subscribe().wait_for(|life| *life >= wanted).await;
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Passes bytes both ways until the connection is cut, or both ends are.
pub(super) async fn run(link: Arc<Link>, street: Arc<Street>, client: TcpStream) {
    // A server that is not there is a connection that ends at once.
    if let Ok(server) = TcpStream::connect(street.server).await {
        tokio::select! {
            () = pass_both_ways(&link, &street, client, server) => {}
            () = link.is_at_least(Life::Over) => {}
        }
    } else {
        drop(client);
        closed(&street);
    }
    link.end();
}

async fn pass_both_ways(link: &Link, street: &Street, client: TcpStream, server: TcpStream) {
    // Small packets must not wait for each other: a test's round trip would take 40 ms. Where the
    // other side is already gone this fails, and reading says so as well.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let passing = async {
        tokio::join!(
            pass(link, street, Toward::Server, &mut from_client, &mut to_server),
            pass(link, street, Toward::Client, &mut from_server, &mut to_client),
        )
    };
    tokio::select! {
        _ = passing => {}
        () = link.is_at_least(Life::Cut) => {}
    }
    closed(street);
    let _ = tokio::join!(
        hang_up(&mut from_client, &mut to_client),
        hang_up(&mut from_server, &mut to_server),
    );
}

fn closed(street: &Street) {
    street.count(|counts| counts.open -= 1);
}

/// Says the end, and then reads what still comes: closing a socket that has unread bytes makes the
/// other side forget bytes that it was already given, and a rule promises that those arrive.
async fn hang_up(from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf) -> io::Result<u64> {
    let _ = to.shutdown().await;
    tokio::io::copy(from, &mut tokio::io::sink()).await
}

async fn pass(
    link: &Link,
    street: &Street,
    toward: Toward,
    from: &mut OwnedReadHalf,
    to: &mut OwnedWriteHalf,
) {
    let mut buffer = vec![0; 64 * 1024];
    // A side that breaks off has ended, as has one that says so.
    while let Ok(bytes @ 1..) = from.read(&mut buffer).await {
        let delay = link.plan().delay(toward);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let verdict = link.plan().judge(toward, bytes);
        let written = to.write_all(&buffer[..verdict.pass]).await.is_ok();
        street.count(|counts| {
            *passed(counts, toward) += if written { verdict.pass as u64 } else { 0 };
            counts.struck += u64::from(verdict.struck);
        });
        // Who writes to a side that is gone hears of it, unless it hears nothing at all.
        if verdict.cut || !(written || link.plan().swallows_end(toward.back())) {
            link.cut();
        }
    }
    if !link.plan().swallows_end(toward) {
        let _ = to.shutdown().await;
    }
}

fn passed(counts: &mut Counts, toward: Toward) -> &mut u64 {
    match toward {
        Toward::Server => &mut counts.to_server,
        Toward::Client => &mut counts.to_client,
    }
}
