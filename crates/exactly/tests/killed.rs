//! A process is killed inside the block of a counter, and inside a hold of a capacity.
//!
//! The engine lives in this process; a second one, started from the same binary, reaches it over a
//! socket and is killed while its block runs. The counter keeps the step for ever: nobody is left
//! to undo it. The capacity gets its unit back when the lease runs out.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use exactly::core::{
    Answer, BATCH_MAX, Batch, Durability, Engine, Listing, ManualClock, Mark, Page, Rehearsal,
    Reply, Resolution,
};
use exactly::{Capacity, Counter, Fault, Key, Levels, Profile, Store, Token};
use exactly_embedded::{Memory, Options};
use serde::Serialize;
use serde::de::DeserializeOwned;

const ADDRESS: &str = "EXACTLY_TEST_ADDRESS";
const LEASE: Duration = Duration::from_secs(30);
const IN_THE_BLOCK: &str = "in the block";

/// An engine in another process.
#[derive(Debug)]
struct Remote(Mutex<TcpStream>);

impl Engine for Remote {
    fn apply(&self, batch: Batch) -> Answer<'_, Reply> {
        let stream = &mut *self.0.lock().unwrap();
        send(stream, &batch);
        Answer::ready(Ok(receive(stream).unwrap()))
    }

    fn changed(&self, _key: &Key, _since: Mark) -> Answer<'_, Mark> {
        Answer::ready(Err(Fault::unavailable("this test does not wait for changes")))
    }

    fn keys(&self, _listing: Listing) -> Answer<'_, Page> {
        Answer::ready(Ok(Page::default()))
    }

    fn resolve(&self, token: &Token) -> Answer<'_, Resolution> {
        Answer::ready(Err(Fault::broken(format!("{token} is asked of nobody"))))
    }

    fn rehearse(&self, batch: Batch) -> Answer<'_, Rehearsal> {
        Answer::ready(Err(Fault::broken(format!("{batch:?} is tried by nobody"))))
    }

    fn profile(&self) -> Profile {
        Profile {
            name: "remote",
            durability: Durability::Process,
            batch_max: BATCH_MAX,
            loses_replies: false,
            far: false,
            token_window: Duration::from_secs(600),
        }
    }
}

fn send(stream: &mut TcpStream, message: &impl Serialize) {
    let bytes = serde_json::to_vec(message).unwrap();
    let length = u32::try_from(bytes.len()).unwrap();
    stream.write_all(&length.to_be_bytes()).unwrap();
    stream.write_all(&bytes).unwrap();
}

fn receive<T: DeserializeOwned>(stream: &mut TcpStream) -> Option<T> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut bytes = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut bytes).ok()?;
    Some(serde_json::from_slice(&bytes).unwrap())
}

fn objects(store: &Store) -> (Counter, Capacity) {
    (Counter::new(store, "taken"), Capacity::new(store, "seats", 1).with_lease(LEASE))
}

/// What the second process does: takes one of each and never comes to an end.
#[tokio::test]
async fn the_process_that_is_killed() {
    let Ok(address) = std::env::var(ADDRESS) else { return };
    let store = Store::new(Remote(Mutex::new(TcpStream::connect(address).unwrap())));
    let (taken, seats) = objects(&store);
    let held = seats.take(1).await.unwrap().held();
    assert!(held.is_some());
    let _ = taken
        .increment_with(async |_| {
            println!("{IN_THE_BLOCK}");
            std::future::pending::<Option<()>>().await
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_leaves_a_counter_stepped_and_a_capacity_whole() {
    let clock = Arc::new(ManualClock::new());
    let memory = Memory::with(Options { clock: Arc::clone(&clock) as _, ..Options::default() });
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();

    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_process_that_is_killed", "--nocapture"])
        .env(ADDRESS, address)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let server = tokio::spawn(serve(listener, memory.clone()));
    let said = BufReader::new(process.stdout.take().unwrap());
    let inside = tokio::task::spawn_blocking(|| {
        said.lines().any(|line| line.is_ok_and(|line| line.contains(IN_THE_BLOCK)))
    });
    assert!(inside.await.unwrap(), "the process came into its block");
    process.kill().unwrap();
    process.wait().unwrap();
    server.await.unwrap();

    let (taken, seats) = objects(&Store::new(memory));
    assert_eq!(taken.get().await.unwrap(), 1, "nobody is left to undo a plain counter");
    let levels = seats.levels().await.unwrap();
    assert_eq!(levels, Levels { limit: 1, free: 0, held: 1, confirmed: 0 });
    clock.advance(LEASE);
    let levels = seats.levels().await.unwrap();
    assert_eq!(levels, Levels { limit: 1, free: 1, held: 0, confirmed: 0 });
    assert_eq!(taken.get().await.unwrap(), 1, "however long it waits");
}

async fn serve(listener: TcpListener, memory: Memory) {
    let (mut stream, _) = tokio::task::block_in_place(|| listener.accept().unwrap());
    while let Some(batch) = tokio::task::block_in_place(|| receive::<Batch>(&mut stream)) {
        let reply = memory.apply(batch).await.unwrap();
        send(&mut stream, &reply);
    }
}
