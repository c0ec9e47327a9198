//! Processes enrol on one server, and a third of them are killed at any moment.
//!
//! However they die, exactly as many units are confirmed as there are: none is lost with a dead
//! process, and none is given twice.
#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use exactly::{Capacity, Levels, Store, Used, Value};
use exactly_conformance::servers::{Flavour, Redis, skipped};

const URL: &str = "EXACTLY_TEST_URL";
const PROCESSES: usize = 16;
const LIMIT: u64 = 500;
/// Short, so that what dead processes held comes back while the test runs.
const LEASE: Duration = Duration::from_millis(500);

fn seats(store: &Store) -> Capacity {
    Capacity::new(store, "seats", LIMIT).with_lease(LEASE).with_extension()
}

/// What each process does: enrols one student after the other until no seat is free or held.
#[tokio::test]
async fn one_of_the_processes() {
    let Ok(url) = std::env::var(URL) else { return };
    let store = Store::open(&url).await.unwrap();
    let seats = seats(&store);
    loop {
        let enrol = async |hold: &exactly::Hold| {
            println!("holds {}", hold.id());
            // The work of an enrolment: a few calls, in the middle of which death may come.
            let log: Value<String> = Value::new(&store, &format!("student {}", hold.id()));
            log.set("enrolled").await.ok()?;
            tokio::task::yield_now().await;
            log.exists().await.ok()?.then(|| hold.id())
        };
        match seats.take_with(1, enrol).await {
            Ok(Used::Confirmed(id)) => println!("confirmed {id}"),
            Ok(Used::Full { held: 0, .. }) => return,
            // Others hold the last ones, and may die.
            Ok(Used::Full { .. }) => drop(seats.levels().await),
            Ok(Used::Released(()) | Used::Lapsed(_)) | Err(_) => {}
        }
    }
}

/// A process, and what it has said so far.
struct Process {
    child: Child,
    said: Arc<Mutex<Vec<String>>>,
    listener: std::thread::JoinHandle<()>,
}

impl Process {
    fn start(url: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "one_of_the_processes", "--nocapture"])
            .env(URL, url)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = Arc::new(Mutex::new(Vec::new()));
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let listener = std::thread::spawn({
            let said = Arc::clone(&said);
            move || lines.map_while(Result::ok).for_each(|line| said.lock().unwrap().push(line))
        });
        Self { child, said, listener }
    }

    /// Kills it once it has said so many lines: wherever it is then.
    fn killed_after(mut self, lines: usize) -> Vec<String> {
        while self.said.lock().unwrap().len() < lines && !self.listener.is_finished() {
            std::thread::yield_now();
        }
        self.child.kill().unwrap();
        self.ended()
    }

    fn ended(mut self) -> Vec<String> {
        self.child.wait().unwrap();
        self.listener.join().unwrap();
        std::mem::take(&mut *self.said.lock().unwrap())
    }
}

fn confirmed(said: &[String]) -> BTreeSet<String> {
    let ids = said.iter().filter_map(|line| line.strip_prefix("confirmed "));
    ids.map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_as_many_are_in_as_there_are_seats_whoever_is_killed() {
    if Flavour::Redis7.missing().is_some_and(|why| !skipped(&why)) {
        return;
    }
    let server = Redis::start(Flavour::Redis7).await;
    let store = Store::open(&server.url()).await.unwrap();
    let url = server.url();
    let told = tokio::task::spawn_blocking(move || {
        let mut processes: Vec<_> = (0..PROCESSES).map(|_| Process::start(&url)).collect();
        let survivors = processes.split_off(PROCESSES / 3);
        let killed = processes.into_iter().enumerate();
        // Odd and even: killed as it takes a seat, or as it has confirmed one.
        let killed: Vec<_> =
            killed.map(|(place, process)| process.killed_after(5 + place)).collect();
        killed.into_iter().chain(survivors.into_iter().map(Process::ended)).collect::<Vec<_>>()
    });
    let told = told.await.unwrap();
    let levels = seats(&store).levels().await.unwrap();
    assert_eq!(levels, Levels { limit: LIMIT, free: 0, held: 0, confirmed: LIMIT });
    let all: Vec<_> = told.iter().map(|said| confirmed(said)).collect();
    let distinct: BTreeSet<_> = all.iter().flatten().collect();
    assert_eq!(distinct.len(), all.iter().map(BTreeSet::len).sum::<usize>(), "none is given twice");
    // A process may die after the server has confirmed and before it could say so: one each.
    let unsaid = LIMIT as usize - distinct.len();
    assert!(unsaid <= PROCESSES / 3, "{unsaid} were confirmed and never said");
}
