//! Memory per counter, measured on the whole process.
#![expect(clippy::expect_used, reason = "a bench: it fails by panicking")]

use exactly::{Counter, Objects, Store};
use memory_stats::memory_stats;

const COUNTERS: u32 = 1_000_000;

#[derive(Objects)]
#[exactly(name = "course")]
struct Course {
    slots_taken: Counter,
}

fn resident() -> usize {
    memory_stats().expect("the system tells").physical_mem
}

fn main() {
    let runtime = exactly_benches::runtime();
    runtime.block_on(async {
        let store = Store::open("memory:").await.expect("memory opens");
        let before = resident();
        for id in 0..COUNTERS {
            Course::at(&store, id).slots_taken.increment().await.expect("memory answers");
        }
        let ours = (resident() - before) / COUNTERS as usize;
        println!("memory per counter at {COUNTERS} counters: {ours} bytes");
    });
}
