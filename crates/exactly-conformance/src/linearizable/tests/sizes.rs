//! Histories as long as real ones. The times are printed: run with `--release` and `--nocapture`.

use std::time::Instant;

use fastrand::Rng;

use super::simulator::*;
use super::*;

/// (what is called, by how many clients, how often, how many of a thousand are unknown)
type Size = (&'static str, fn(&mut Rng) -> Batch, usize, usize, u32);

const SIZES: [Size; 12] = [
    ("counting", counting, 8, 10_000, 0),
    ("counting", counting, 16, 10_000, 0),
    ("counting", counting, 16, 10_000, 10),
    ("counting", counting, 32, 1_000, 10),
    ("amounts", amounts, 16, 10_000, 0),
    ("amounts", amounts, 32, 1_000, 10),
    ("writing", writing, 8, 10_000, 0),
    ("writing", writing, 32, 1_000, 10),
    ("booking", booking, 8, 10_000, 0),
    ("booking", booking, 16, 1_000, 10),
    ("anything", anything, 8, 10_000, 0),
    ("anything", anything, 16, 1_000, 10),
];

#[test]
fn long_histories_are_judged() {
    for (name, workload, clients, calls, unknown_per_mille) in SIZES {
        let simulator = Simulator { clients, calls, unknown_per_mille, workload };
        let history = simulator.history(&mut Rng::with_seed(7));
        let started = Instant::now();
        let verdict = check(&history);
        let took = started.elapsed();
        println!(
            "{calls} calls, {clients} clients, {unknown_per_mille} ‰ unknown, {name}: {took:?}"
        );
        if let Err(objection) = verdict {
            panic!("{objection}");
        }
    }
}
