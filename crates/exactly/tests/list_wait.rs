//! Waiting for an element: nobody is forgotten, and nothing is lost by whoever goes away or by what
//! the network loses.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use exactly::layers::{Faults, Odds, RetryPolicy};
use exactly::{End, Fault, List, Store};
use exactly_embedded::Memory;
use tokio::task::{JoinSet, yield_now};
use tokio::time::Instant;

const TAKERS: usize = 16;
const ELEMENTS: u64 = 400;
const NEVER_OVER: Duration = Duration::MAX;

const PATIENT: RetryPolicy = RetryPolicy {
    attempts_max: 1_000,
    pause: Duration::from_micros(100),
    pause_max: Duration::from_millis(20),
    deadline: Duration::from_secs(60),
    in_flight_max: 256,
};

fn list(store: &Store, name: &str) -> List<u64> {
    List::new(store, name)
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_when_its_time_is_over_and_not_before() {
    let store = Store::open("memory:").await.unwrap();
    let [from, to] = ["from", "to"].map(|name| list(&store, name));
    for seconds in [0, 1, 3600] {
        let (time, begin) = (Duration::from_secs(seconds), Instant::now());
        assert_eq!(from.pop_front_wait(time).await.unwrap(), None);
        assert_eq!(from.pop_back_wait(time).await.unwrap(), None);
        assert_eq!(from.move_front_to_wait(&to, End::Back, time).await.unwrap(), None);
        assert!(begin.elapsed() >= time * 3, "{:?}", begin.elapsed());
        assert!(begin.elapsed() <= time * 3 + Duration::from_millis(10), "{:?}", begin.elapsed());
    }
    // What is there is taken at once, whatever the time.
    from.push_back_many([1_u64, 2, 3]).await.unwrap();
    let begin = Instant::now();
    assert_eq!(from.pop_front_wait(Duration::ZERO).await.unwrap(), Some(1));
    assert_eq!(from.pop_back_wait(NEVER_OVER).await.unwrap(), Some(3));
    let moved = from.move_back_to_wait(&to, End::Back, Duration::ZERO).await.unwrap();
    assert_eq!(moved, Some(2));
    assert!(begin.elapsed() < Duration::from_millis(10));
}

/// Sixteen wait for as long as it takes, and exactly as many elements come as they want: each gets
/// its own. A wake-up that is missed would leave one waiting for ever.
async fn everybody_is_woken(store: &Store) {
    const EACH: u64 = 20;
    let mut takers = JoinSet::new();
    for number in 0..TAKERS {
        let [jobs, done] = ["jobs", "done"].map(|name| list(store, name));
        takers.spawn(async move {
            let mut taken = Vec::new();
            for _ in 0..EACH {
                taken.extend(match number % 3 {
                    0 => jobs.pop_front_wait(NEVER_OVER).await.unwrap(),
                    1 => jobs.pop_back_wait(NEVER_OVER).await.unwrap(),
                    _ => jobs.move_front_to_wait(&done, End::Back, NEVER_OVER).await.unwrap(),
                });
            }
            taken
        });
    }
    let jobs = list(store, "jobs");
    for element in 0..TAKERS as u64 * EACH {
        jobs.push_back(element).await.unwrap();
        if element % 3 == 0 {
            yield_now().await;
        }
    }
    let mut taken = takers.join_all().await.concat();
    taken.sort_unstable();
    assert!(taken.into_iter().eq(0..TAKERS as u64 * EACH), "each element once");
    assert!(!jobs.exists().await.unwrap());
}

/// Goes away after so many polls, unless it is over before.
async fn polled_at_most<T>(polls: u16, call: impl Future<Output = T>) -> Option<T> {
    let (mut call, mut left) = (pin!(call), polls);
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        cx.waker().wake_by_ref();
        call.as_mut().poll(cx).map(Some)
    })
    .await
}

/// Sixteen take from one list and keep going away in the middle of it, while another fills it: each
/// element is delivered once.
async fn everything_is_delivered_once(takers: &Store, pusher: &Store, polls_max: u16) {
    let delivered = Arc::new(AtomicU64::new(0));
    let mut crowd = JoinSet::new();
    for number in 0..TAKERS {
        let (jobs, delivered) = (list(takers, "jobs"), Arc::clone(&delivered));
        crowd.spawn(async move {
            let mut dice = fastrand::Rng::with_seed(number as u64);
            let mut own = Vec::new();
            while delivered.load(Ordering::SeqCst) < ELEMENTS {
                let within = Duration::from_millis(20);
                let waiting = async {
                    match number % 2 {
                        0 => jobs.pop_front_wait(within).await,
                        _ => jobs.pop_back_wait(within).await,
                    }
                };
                let told = match dice.u8(..3) {
                    0 => Some(waiting.await),
                    _ => polled_at_most(dice.u16(..polls_max), waiting).await,
                };
                if let Some(element) = told.and_then(not_unknown) {
                    own.push(element);
                    delivered.fetch_add(1, Ordering::SeqCst);
                }
            }
            own
        });
    }
    let jobs = list(pusher, "jobs");
    for element in 0..ELEMENTS {
        jobs.push_back(element).await.unwrap();
        yield_now().await;
    }
    let told = crowd.join_all().await.concat();
    takers.settle().await;
    let elements: BTreeSet<_> = told.iter().copied().collect();
    assert_eq!((told.len() as u64, elements.len() as u64), (ELEMENTS, ELEMENTS));
    assert!(!jobs.exists().await.unwrap(), "nothing was put back that was delivered");
}

/// A wait may find the engine away; a pop that was sent may not be in doubt.
fn not_unknown(told: Result<Option<u64>, Fault>) -> Option<u64> {
    match told {
        Ok(element) => element,
        Err(fault) => {
            assert!(fault.is_not_applied(), "{fault}");
            None
        }
    }
}

fn lossy(seed: u64) -> (Store, Store) {
    let memory = Arc::new(Memory::new());
    let odds = Odds {
        lose_request: 0.1,
        lose_reply: 0.1,
        delay: 0.5,
        delay_max: Duration::from_micros(300),
        ..Odds::default()
    };
    let engine = Faults::with_odds(Arc::clone(&memory), odds, seed);
    (Store::builder().retry(PATIENT).build(engine), Store::new(memory))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everybody_is_woken_in_this_process() {
    everybody_is_woken(&Store::open("memory:").await.unwrap()).await;
    everybody_is_woken(&lossy(1).0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everything_is_delivered_once_in_this_process() {
    for seed in 0..3 {
        let (takers, pusher) = lossy(seed);
        everything_is_delivered_once(&takers, &pusher, 12).await;
    }
}

#[cfg(feature = "redis")]
mod on_redis {
    use super::*;

    use exactly::redis::Options;
    use exactly_conformance::proxy::{Proxy, Rule, Toward, Which};
    use exactly_conformance::servers::{Flavour, Redis, skipped};

    /// A private server, if this machine has one.
    async fn server() -> Option<Redis> {
        if Flavour::Redis7.missing().is_some_and(|why| !skipped(&why)) {
            return None;
        }
        Some(Redis::start(Flavour::Redis7).await)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn everybody_is_woken_by_the_server() {
        let Some(server) = server().await else { return };
        everybody_is_woken(&Store::open(&server.url()).await.unwrap()).await;
        // By one that pushes nothing of its own, too.
        let url = format!("{}?protocol=resp2", server.url());
        everybody_is_woken(&Store::open(&url).await.unwrap()).await;
    }

    /// Cuts whatever is open, at any byte in both directions, again and again.
    async fn cut_and_cut(proxy: Arc<Proxy>) {
        let mut dice = fastrand::Rng::with_seed(7);
        loop {
            let toward = if dice.bool() { Toward::Client } else { Toward::Server };
            let struck = proxy.counts().struck;
            proxy.rule(Which::All, Rule::cut(toward, dice.u64(..3_000)));
            proxy.until(|counts| counts.struck > struck).await;
            proxy.pass();
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn everything_is_delivered_once_through_a_bad_network() {
        let Some(server) = server().await else { return };
        let proxy = Arc::new(Proxy::of(server.port()).await);
        let builder = Store::builder().retry(PATIENT).redis(Options::new().connections(2));
        let takers = builder.open(&proxy.url_of(&server)).await.unwrap();
        let pusher = Store::open(&server.url()).await.unwrap();
        let cutting = tokio::spawn(cut_and_cut(Arc::clone(&proxy)));
        everything_is_delivered_once(&takers, &pusher, 400).await;
        cutting.abort();
        assert!(proxy.counts().struck > 10, "{:?}", proxy.counts());
    }

    /// Executed, and the reply lost: the element is still this caller's, and no other's.
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn a_lost_reply_loses_no_element() {
        let Some(server) = server().await else { return };
        let proxy = Proxy::of(server.port()).await;
        let builder = Store::builder().retry(PATIENT).redis(Options::new().connections(1));
        let takers = builder.open(&proxy.url_of(&server)).await.unwrap();
        let jobs = list(&takers, "jobs");
        jobs.push_back_many(0..10_u64).await.unwrap();
        for element in 0..10 {
            proxy.rule(Which::Existing, Rule::cut(Toward::Client, 0));
            assert_eq!(jobs.pop_front_wait(NEVER_OVER).await.unwrap(), Some(element));
        }
        assert!(proxy.counts().struck >= 10, "{:?}", proxy.counts());
    }
}
