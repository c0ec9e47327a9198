//! What an operation on a collection costs in `memory:` beside 10, 10,000 and 1,000,000 elements,
//! and how much memory an element takes.
#![expect(clippy::expect_used, reason = "a bench: it fails by panicking")]

use std::hint::black_box;
use std::time::Instant;

use exactly::{List, Map, Set, SortedSet, Store};
use memory_stats::memory_stats;

const SIZES: [i64; 3] = [10, 10_000, 1_000_000];
const CALLS: i64 = 20_000;
const ROUNDS: usize = 5;

/// The least of so many rounds, in nanoseconds for each call: what else the machine does only adds.
macro_rules! time {
    ($calls:expr, |$number:ident| $call:expr) => {{
        let mut least = f64::MAX;
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            for $number in 0..$calls {
                black_box($call.await.expect("memory answers"));
            }
            least = least.min(begun.elapsed().as_nanos() as f64 / $calls as f64);
        }
        least
    }};
}

struct Collections {
    list: List<i64>,
    set: Set<i64>,
    sorted: SortedSet<i64>,
    map: Map<i64, i64>,
}

impl Collections {
    fn new(store: &Store) -> Self {
        Self {
            list: List::new(store, "list"),
            set: Set::new(store, "set"),
            sorted: SortedSet::new(store, "sorted"),
            map: Map::new(store, "map"),
        }
    }

    /// Fills one after the other, and tells how much memory an element of each takes.
    async fn fill(&self, size: i64) -> [usize; 4] {
        let mut bytes = [0; 4];
        for (kind, bytes) in bytes.iter_mut().enumerate() {
            let before = resident();
            for first in (0..size).step_by(10_000) {
                let part = first..size.min(first + 10_000);
                match kind {
                    0 => black_box(self.list.push_back_many(part).await.expect("memory answers")),
                    1 => black_box(self.set.add_many(part).await.expect("memory answers")),
                    2 => {
                        let scored = part.map(|number| (number, number as f64));
                        black_box(self.sorted.insert_many(scored).await.expect("memory answers"))
                    }
                    _ => {
                        let pairs = part.map(|number| (number, number));
                        black_box(self.map.set_many(pairs).await.expect("memory answers"))
                    }
                };
            }
            *bytes = resident().saturating_sub(before) / size as usize;
        }
        bytes
    }

    async fn costs(&self, size: i64) -> Vec<(&'static str, f64)> {
        let any = |number: i64| (number * 7_919) % size;
        let Self { list, set, sorted, map } = self;
        vec![
            ("list: push_back", time!(CALLS, |number| list.push_back(number))),
            ("list: pop_front", time!(CALLS, |_number| list.pop_front())),
            ("list: get, in the middle", time!(CALLS, |_number| list.get(size / 2))),
            ("set: add", time!(CALLS, |number| set.add(size + number))),
            ("set: contains", time!(CALLS, |number| set.contains(any(number)))),
            ("set: remove", time!(CALLS, |number| set.remove(size + number))),
            ("set: random", time!(CALLS, |_number| set.random())),
            ("sorted set: insert", time!(CALLS, |number| sorted.insert(size + number, 0.5))),
            ("sorted set: rank", time!(CALLS, |number| sorted.rank(any(number)))),
            ("sorted set: top(10)", time!(CALLS, |_number| sorted.top(10))),
            ("sorted set: remove", time!(CALLS, |number| sorted.remove(size + number))),
            ("map: set", time!(CALLS, |number| map.set(any(number), number))),
            ("map: get", time!(CALLS, |number| map.get(any(number)))),
            ("map: increment", time!(CALLS, |number| map.increment(any(number)))),
        ]
    }
}

fn resident() -> usize {
    memory_stats().expect("the system tells").physical_mem
}

fn main() {
    let runtime = exactly_benches::runtime();
    let mut table: Vec<(&str, Vec<f64>)> = Vec::new();
    for size in SIZES {
        runtime.block_on(async {
            let store = Store::open("memory:").await.expect("memory opens");
            let collections = Collections::new(&store);
            let bytes = collections.fill(size).await;
            if size == SIZES[2] {
                let [list, set, sorted, map] = bytes;
                println!("bytes for each of {size} elements: list {list}, set {set}, ");
                println!("  sorted set {sorted}, map {map}\n");
            }
            for (place, (name, cost)) in collections.costs(size).await.into_iter().enumerate() {
                match table.get_mut(place) {
                    Some((_, costs)) => costs.push(cost),
                    None => table.push((name, vec![cost])),
                }
            }
        });
    }
    println!("nanoseconds for a call beside {SIZES:?} elements");
    for (name, costs) in table {
        let costs: Vec<_> = costs.iter().map(|cost| format!("{cost:>8.0}")).collect();
        println!("  {name:26} {}", costs.join(" "));
    }
}
