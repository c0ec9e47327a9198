//! The Redis engine beside the clients people use: one server, one process, rounds in turn,
//! medians.
//!
//! ```text
//! cargo run --release --manifest-path benches/peers/Cargo.toml -- \
//!     [hot|bounded|sold-out|uniform|zipf …] [--callers 1,64,256,1024,8192] [--workers 2,1] \
//!     [--rounds 5] [--ms 500] [--only exactly,redis…] [-- --appendonly yes …]
//! ```

mod contender;
mod load;

use std::time::Duration;

use contender::Who;
use exactly_peers::rounds::{in_turn, numbers};
use exactly_peers::server::Server;
use load::{Run, Setting, Workload};

#[cfg(feature = "count-allocations")]
mod counting {
    use std::alloc::{GlobalAlloc, Layout, System};
    use std::sync::atomic::{AtomicU64, Ordering};

    pub static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

    struct Counting;

    // SAFETY: every call goes to the system's allocator unchanged.
    unsafe impl GlobalAlloc for Counting {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
            unsafe { System.alloc(layout) }
        }

        unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
            unsafe { System.dealloc(place, layout) }
        }
    }

    #[global_allocator]
    static COUNTING: Counting = Counting;
}

/// How many allocations this process has made, where they are counted.
fn allocations() -> u64 {
    #[cfg(feature = "count-allocations")]
    return counting::ALLOCATIONS.load(std::sync::atomic::Ordering::Relaxed);
    #[cfg(not(feature = "count-allocations"))]
    0
}

struct Options {
    workloads: Vec<(&'static str, Workload)>,
    callers: Vec<usize>,
    workers: Vec<usize>,
    rounds: usize,
    time: Duration,
    only: Vec<String>,
    server: Vec<String>,
}

fn main() {
    let options = options();
    let server = Server::start(&options.server);
    for (name, workload) in &options.workloads {
        for &workers in &options.workers {
            for &callers in &options.callers {
                println!("\n{name}, {callers} callers, {workers} workers");
                let (server, workload, time) = (&server, *workload, options.time);
                compare(&Setting { server, workload, callers, workers, time }, &options);
            }
        }
    }
}

fn compare(setting: &Setting<'_>, options: &Options) {
    let who: Vec<_> = Who::ALL.into_iter().filter(|who| options.includes(*who)).collect();
    let runs = in_turn(&who, options.rounds, |who| setting.run(who));
    let medians: Vec<_> = runs.iter().map(|runs| median(runs)).collect();
    let peers = who.iter().zip(&medians).filter(|(who, _)| !who.is_ours());
    let best = peers.map(|(_, run)| run.calls_per_second).fold(0.0, f64::max);
    let [rate, ratio, p50, p99] = ["calls/s", "x best", "p50", "p99"];
    let [client, server, allocated] = ["client ns", "server ns", "allocs"];
    print!("  {:22} {rate:>10} {ratio:>7} {p50:>9} {p99:>9}", "");
    println!(" {client:>9} {server:>9} {allocated:>7}");
    for (who, run) in who.iter().zip(&medians) {
        println!(
            "  {who:22} {:>10.0} {:>6.2}x {:>7}us {:>7}us {:>9.0} {:>9.0} {:>7.2}",
            run.calls_per_second,
            run.calls_per_second / best,
            run.p50.as_micros(),
            run.p99.as_micros(),
            run.client_ns,
            run.server_ns,
            run.allocations,
        );
    }
}

/// Of each figure its own median.
fn median(runs: &[Run]) -> Run {
    let of = |figure: fn(&Run) -> f64| exactly_peers::rounds::median(runs, figure);
    Run {
        calls_per_second: of(|run| run.calls_per_second),
        p50: Duration::from_secs_f64(of(|run| run.p50.as_secs_f64())),
        p99: Duration::from_secs_f64(of(|run| run.p99.as_secs_f64())),
        client_ns: of(|run| run.client_ns),
        server_ns: of(|run| run.server_ns),
        allocations: of(|run| run.allocations),
    }
}

impl Options {
    fn includes(&self, who: Who) -> bool {
        self.only.is_empty() || self.only.contains(&format!("{who:?}").to_lowercase())
    }
}

fn options() -> Options {
    let mut options = Options {
        workloads: Vec::new(),
        callers: vec![1, 64, 256, 1_024, 8_192],
        workers: vec![2, 1],
        rounds: 5,
        time: Duration::from_millis(500),
        only: Vec::new(),
        server: Vec::new(),
    };
    let mut given = std::env::args().skip(1);
    while let Some(word) = given.next() {
        let mut next = || given.next().unwrap_or_else(|| panic!("{word} needs a value"));
        match word.as_str() {
            "--callers" => options.callers = numbers(&next()),
            "--workers" => options.workers = numbers(&next()),
            "--rounds" => options.rounds = numbers(&next())[0].max(1),
            "--ms" => options.time = Duration::from_millis(numbers(&next())[0] as u64),
            "--only" => options.only = next().split(',').map(str::to_lowercase).collect(),
            "--" => options.server = given.by_ref().collect(),
            name => match Workload::ALL.into_iter().find(|(known, _)| *known == name) {
                Some(workload) => options.workloads.push(workload),
                None => panic!("{name} is no workload: {:?}", Workload::ALL.map(|(name, _)| name)),
            },
        }
    }
    if options.workloads.is_empty() {
        options.workloads = Workload::ALL.to_vec();
    }
    options
}
