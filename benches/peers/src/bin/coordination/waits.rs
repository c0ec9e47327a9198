//! How long a lock was waited for, and that nobody else had it.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use exactly_peers::rounds::{Line, in_turn, median, print};

use crate::locks::Who;

/// What came of one run.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    per_second: f64,
    p50: Duration,
    p9999: Duration,
    max: Duration,
}

impl Run {
    /// So many times held in this time, after these waits in nanoseconds.
    pub fn new(held: u64, lasted: Duration, mut waits: Vec<u64>) -> Self {
        waits.sort_unstable();
        let last = waits.len().saturating_sub(1);
        let at = |share: f64| {
            let place = (waits.len() as f64 * share) as usize;
            Duration::from_nanos(waits.get(place.min(last)).copied().unwrap_or_default())
        };
        let per_second = held as f64 / lasted.as_secs_f64();
        Self { per_second, p50: at(0.5), p9999: at(0.9999), max: at(1.0) }
    }
}

/// Lets each contender run in turn, and prints what came of it.
pub fn compare(title: &str, rounds: usize, run: impl FnMut(Who) -> Run) {
    println!("\n{title}");
    let runs = in_turn(&Who::ALL, rounds, run);
    let lines = Who::ALL.into_iter().zip(&runs).map(|(who, runs)| {
        let rate = median(runs, |run| run.per_second);
        let wait = |of: fn(&Run) -> Duration| median(runs, |run| of(run).as_secs_f64() * 1e6);
        let (p50, p9999) = (wait(|run| run.p50), wait(|run| run.p9999));
        let max = wait(|run| run.max);
        let more = format!("waits p50 {p50:>8.0} us, p99.99 {p9999:>8.0} us, max {max:>8.0} us");
        Line { more, ..Line::new(who, rate, who != Who::Exactly) }
    });
    print(&lines.collect::<Vec<_>>());
}

/// What only one may be in at a time.
#[derive(Debug)]
pub struct Room {
    taken: AtomicBool,
    /// For processes: the system's lock on a file that each has opened for itself.
    file: Option<File>,
}

impl Room {
    /// Of this process alone.
    pub fn here() -> Self {
        Self { taken: AtomicBool::new(false), file: None }
    }

    /// Of all processes that name this file.
    pub fn across(path: &Path) -> Self {
        let file = OpenOptions::new().create(true).append(true).open(path);
        Self { file: Some(file.expect("it can be made")), ..Self::here() }
    }

    /// Comes in, lets others try to, and goes.
    ///
    /// # Panics
    /// If somebody is in.
    pub async fn visit(&self) {
        assert!(!self.taken.swap(true, Ordering::AcqRel), "two tasks hold the lock");
        if let Some(file) = &self.file {
            file.try_lock().expect("two processes hold the lock");
        }
        tokio::task::yield_now().await;
        if let Some(file) = &self.file {
            file.unlock().expect("it is locked");
        }
        self.taken.store(false, Ordering::Release);
    }
}
