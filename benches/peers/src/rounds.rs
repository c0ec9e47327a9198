//! Rounds in turn, medians, and the lines that are printed of them.

use std::fmt::Display;
use std::time::Duration;

use tokio::runtime::Builder;

use crate::callers::Driven;

/// Runs a future on a runtime of its own, with so many threads.
pub fn within<T>(threads: usize, run: impl Future<Output = T>) -> T {
    let mut builder = match threads {
        1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    let runtime = builder.worker_threads(threads).enable_all().build();
    let runtime = runtime.expect("a runtime can be made");
    let answer = runtime.block_on(run);
    runtime.shutdown_timeout(Duration::from_secs(5));
    answer
}

/// The runs of each contender. They alternate, so that a slow moment of the machine is nobody's.
pub fn in_turn<W: Copy, R>(who: &[W], rounds: usize, mut run: impl FnMut(W) -> R) -> Vec<Vec<R>> {
    let mut runs: Vec<Vec<R>> = who.iter().map(|_| Vec::with_capacity(rounds)).collect();
    for _ in 0..rounds {
        for (who, runs) in who.iter().zip(&mut runs) {
            runs.push(run(*who));
        }
    }
    runs
}

/// Of one figure.
pub fn median<R>(runs: &[R], figure: impl Fn(&R) -> f64) -> f64 {
    let mut figures: Vec<_> = runs.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Processor time for each call.
pub fn costs(runs: &[Driven]) -> String {
    let client = median(runs, |run| run.client_ns);
    let server = median(runs, |run| run.server_ns);
    format!("{client:>7.0} ns here {server:>7.0} ns there")
}

/// What is printed of one contender.
#[derive(Debug)]
pub struct Line {
    pub name: String,
    pub per_second: f64,
    /// Whether the others are measured by it.
    pub is_peer: bool,
    pub more: String,
}

impl Line {
    pub fn new(name: impl Display, per_second: f64, is_peer: bool) -> Self {
        Self { name: name.to_string(), per_second, is_peer, more: String::new() }
    }
}

/// Prints them with the ratio to the best peer.
pub fn print(lines: &[Line]) {
    let peers = lines.iter().filter(|line| line.is_peer);
    let best = peers.map(|line| line.per_second).fold(0.0, f64::max);
    for Line { name, per_second, more, .. } in lines {
        let line = format!("  {name:28} {per_second:>11.0} /s {:>8.2}x {more}", per_second / best);
        println!("{}", line.trim_end());
    }
}

/// A list of numbers, as an option gives it.
pub fn numbers(list: &str) -> Vec<usize> {
    let number = |word: &str| word.parse().unwrap_or_else(|_| panic!("{word} is no number"));
    list.split(',').map(number).collect()
}
