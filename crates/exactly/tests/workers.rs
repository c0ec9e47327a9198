//! Workers of a queue: how many at once, what becomes of their jobs, how they stop.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use exactly::layers::{Act, Faults};
use exactly::{AckedWith, Counter, Depths, Job, Queue, Store, Value};
use tokio::sync::{Barrier, Notify, Semaphore};
use tokio::time::{sleep, timeout};

const LEASE: Duration = Duration::from_secs(30);
const HOUR: Duration = Duration::from_secs(3600);

async fn mails() -> (Queue<String>, Store) {
    let store = Store::open("memory:").await.unwrap();
    (Queue::new(&store, "mails").with_lease(LEASE).with_backoff(HOUR, HOUR), store)
}

async fn depth(mails: &Queue<String>) -> (u64, u64, u64, u64) {
    let Depths { ready, delayed, claimed, dead, .. } = mails.depth().await.unwrap();
    (ready, delayed, claimed, dead)
}

async fn until<F: Future<Output = bool>>(so: impl Fn() -> F) {
    let asking = async {
        while !so().await {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(30), asking).await.unwrap();
}

#[tokio::test]
async fn every_job_is_done_by_as_many_at_once_as_were_asked_for() {
    const AT_ONCE: usize = 4;
    let (mails, _store) = mails().await;
    mails.push_many((0..100).map(|number| number.to_string())).await.unwrap();
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    // None goes on before four are there.
    let together = Arc::new(Barrier::new(AT_ONCE));
    let workers = mails.work(AT_ONCE, {
        let (running, most) = (Arc::clone(&running), Arc::clone(&most));
        move |_job: Job<String>| {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            let together = Arc::clone(&together);
            async move {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                together.wait().await;
                running.fetch_sub(1, Ordering::SeqCst);
            }
        }
    });
    until(async || depth(&mails).await == (0, 0, 0, 0)).await;
    workers.stop().await;
    assert_eq!(most.load(Ordering::SeqCst), AT_ONCE);
}

#[tokio::test]
async fn what_the_work_answers_is_what_becomes_of_its_job() {
    let (mails, store) = mails().await;
    let mails = mails.with_max_tries(2);
    let sent = Counter::new(&store, "sent");
    mails.push_many(["done", "fails", "panics", "buries", "acks with"]).await.unwrap();
    let workers = mails.work(2, {
        let sent = sent.clone();
        move |job: Job<String>| {
            let sent = sent.clone();
            async move {
                match job.payload().as_str() {
                    "done" => Ok(()),
                    "fails" => Err("no such host"),
                    "panics" => panic!("out of luck"),
                    "buries" => {
                        job.bury("no such address").await.unwrap();
                        Err("not heard")
                    }
                    _ => match job.ack_with(sent.increment()).await.unwrap() {
                        AckedWith::Done(1) => Ok(()),
                        AckedWith::Done(_) | AckedWith::Refused { .. } | AckedWith::Lapsed => {
                            Err("refused")
                        }
                    },
                }
            }
        }
    });
    until(async || depth(&mails).await == (0, 2, 0, 1)).await;
    assert_eq!(sent.get().await.unwrap(), 1);
    assert_eq!(mails.dead(1).await.unwrap()[0].note(), "no such address");
    assert_eq!(mails.discard_all().await.unwrap(), 1);
    workers.stop().await;
}

#[tokio::test(start_paused = true)]
async fn failed_tries_are_tried_again_and_die_with_their_notes() {
    let (mails, _store) = mails().await;
    let mails = mails.with_max_tries(3);
    mails.push("ada").await.unwrap();
    let workers = mails.work(1, async |job: Job<String>| match job.attempt() {
        1 => Err::<(), _>("no such host"),
        2 => panic!("out of {}", "luck"),
        _ => Err("still no such host"),
    });
    until_paused(async || depth(&mails).await == (0, 0, 0, 1)).await;
    workers.stop().await;
    let dead = mails.dead(1).await.unwrap();
    let notes: Vec<_> = dead[0]
        .tries()
        .iter()
        .map(|told| String::from_utf8_lossy(&told.note).into_owned())
        .collect();
    assert_eq!(notes, ["no such host", "panicked: out of luck", "still no such host"]);
}

/// As [`until`], letting paused time go on.
async fn until_paused<F: Future<Output = bool>>(so: impl Fn() -> F) {
    while !so().await {
        sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_extended_for_as_long_as_the_work_takes() {
    let (mails, _store) = mails().await;
    mails.push("ada").await.unwrap();
    let done = Arc::new(Notify::new());
    let workers = mails.work(1, {
        let done = Arc::clone(&done);
        move |job: Job<String>| {
            let done = Arc::clone(&done);
            async move {
                sleep(LEASE * 20).await;
                assert!(!job.is_lost());
                done.notify_one();
            }
        }
    });
    for _ in 0..19 {
        sleep(LEASE).await;
        assert!(mails.claim().await.unwrap().is_none());
    }
    done.notified().await;
    workers.stop().await;
    assert_eq!(depth(&mails).await, (0, 0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn work_whose_lease_is_over_is_told() {
    let (mails, _store) = mails().await;
    mails.push("ada").await.unwrap();
    let (begun, told) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let workers = mails.work(1, {
        let (begun, told) = (Arc::clone(&begun), Arc::clone(&told));
        move |job: Job<String>| {
            let (begun, told) = (Arc::clone(&begun), Arc::clone(&told));
            async move {
                begun.notify_one();
                job.lost().await;
                told.notify_one();
            }
        }
    });
    begun.notified().await;
    mails.delete().await.unwrap();
    told.notified().await;
    workers.stop().await;
}

#[tokio::test]
async fn stopping_waits_for_what_is_under_way_and_claims_no_more() {
    let (mails, _store) = mails().await;
    mails.push_many(["ada", "grace", "barbara"]).await.unwrap();
    let (begun, go_on) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let workers = mails.work(2, {
        let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
        move |_job: Job<String>| {
            let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
            async move {
                begun.add_permits(1);
                go_on.acquire().await.unwrap().forget();
            }
        }
    });
    begun.acquire_many(2).await.unwrap().forget();
    let stopping = tokio::spawn(workers.stop());
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!stopping.is_finished());
    go_on.add_permits(2);
    stopping.await.unwrap();
    assert_eq!(depth(&mails).await, (1, 0, 0, 0));
    assert_eq!(begun.available_permits(), 0);
}

#[tokio::test]
async fn a_claim_that_is_on_its_way_when_they_stop_is_given_back() {
    for polls in 0..20 {
        let store = Store::builder().layer(Faults::late).open("memory:").await.unwrap();
        let mails: Queue<String> = Queue::new(&store, "mails").with_backoff(HOUR, HOUR);
        mails.push("ada").await.unwrap();
        let workers = mails.work(1, async |_job: Job<String>| std::future::pending::<()>().await);
        for _ in 0..polls {
            tokio::task::yield_now().await;
        }
        // Whoever has begun would never end.
        drop(workers);
        until(async || depth(&mails).await.0 + depth(&mails).await.2 == 1).await;
        store.settle().await;
    }
}

#[tokio::test]
async fn more_at_once_than_one_claim_takes_is_no_reason_to_do_nothing() {
    let (mails, _store) = mails().await;
    for at_once in [4_097, usize::MAX] {
        mails.push_many(["ada", "grace"]).await.unwrap();
        let workers = mails.work(at_once, async |_job: Job<String>| ());
        until(async || depth(&mails).await == (0, 0, 0, 0)).await;
        workers.stop().await;
    }
}

#[tokio::test]
async fn a_job_whose_effect_was_refused_is_not_acknowledged_by_its_worker() {
    let (mails, store) = mails().await;
    let mails = mails.with_max_tries(1);
    let sent = Counter::new(&store, "sent").with_bounds(..=0);
    let text = Counter::new(&store, "text");
    Value::<String>::new(&store, "text").set("no number").await.unwrap();
    mails.push_many(["refused", "misuse", "answered"]).await.unwrap();
    let workers = mails.work(1, {
        let (sent, text) = (sent.clone(), text.clone());
        move |job: Job<String>| {
            let (sent, text) = (sent.clone(), text.clone());
            async move {
                match job.payload().as_str() {
                    "refused" => drop(job.ack_with(sent.try_increment()).await.unwrap()),
                    "misuse" => drop(job.ack_with(text.increment()).await.unwrap_err()),
                    _ => match job.ack_with(sent.try_increment()).await.unwrap() {
                        AckedWith::Refused { job, .. } => drop(job.ack().await.unwrap()),
                        AckedWith::Done(_) | AckedWith::Lapsed => panic!("it is at its bound"),
                    },
                }
            }
        }
    });
    until(async || depth(&mails).await == (0, 0, 0, 2)).await;
    workers.stop().await;
    let notes: Vec<_> = mails.dead(9).await.unwrap().iter().map(|dead| dead.note()).collect();
    assert!(notes[0].contains("call 0") && notes[1].contains("no number"), "{notes:?}");
    assert!(!sent.exists().await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_goes_away_is_asked_again() {
    let engine = Arc::new(Faults::new(exactly_embedded::Memory::new()));
    let store = Store::new(Arc::clone(&engine));
    let mails: Queue<String> = Queue::new(&store, "mails");
    mails.push("ada").await.unwrap();
    engine.next([Act::LoseRequest, Act::LoseRequest, Act::LoseRequest]);
    let workers = mails.work(1, async |_job: Job<String>| ());
    until_paused(async || depth(&mails).await == (0, 0, 0, 0)).await;
    workers.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_job_is_told_when_nothing_has_been_heard_for_the_length_of_its_lease() {
    let engine = Arc::new(Faults::new(exactly_embedded::Memory::new()));
    let store = Store::new(Arc::clone(&engine));
    let mails: Queue<String> = Queue::new(&store, "mails").with_lease(LEASE);
    mails.push("ada").await.unwrap();
    let told = Arc::new(Notify::new());
    let workers = mails.work(1, {
        let (engine, told) = (Arc::clone(&engine), Arc::clone(&told));
        move |job: Job<String>| {
            let (engine, told) = (Arc::clone(&engine), Arc::clone(&told));
            async move {
                engine.next([Act::LoseRequest; 1_000]);
                timeout(LEASE * 2, job.lost()).await.unwrap();
                told.notify_one();
            }
        }
    });
    told.notified().await;
    drop(workers);
}

#[tokio::test]
async fn a_worker_that_is_dropped_with_its_runtime_gives_its_job_back() {
    let (mails, store) = mails().await;
    mails.push("ada").await.unwrap();
    let begun = Arc::new(Notify::new());
    let other = std::thread::spawn({
        let (mails, begun) = (mails.clone(), Arc::clone(&begun));
        move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let _workers = mails.work(1, {
                    let begun = Arc::clone(&begun);
                    move |_job: Job<String>| {
                        let begun = Arc::clone(&begun);
                        async move {
                            begun.notify_one();
                            std::future::pending::<()>().await;
                        }
                    }
                });
                while depth(&mails).await.2 == 0 {
                    tokio::task::yield_now().await;
                }
            });
        }
    });
    tokio::task::spawn_blocking(|| other.join().unwrap()).await.unwrap();
    store.settle().await;
    assert_eq!(depth(&mails).await, (0, 1, 0, 0), "a failed try");
}

/// What is done in time is done; what is not is a failed try, and its place in the code is left.
#[tokio::test]
async fn what_is_not_done_within_the_grace_is_cut_short() {
    let (mails, _store) = mails().await;
    mails.push_many(["quick", "endless", "waiting"]).await.unwrap();
    let dropped = Arc::new(AtomicUsize::new(0));
    struct Tells(Arc<AtomicUsize>);
    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let told = Arc::clone(&dropped);
    let workers = mails.work(2, move |job: Job<String>| {
        let tells = Tells(Arc::clone(&told));
        async move {
            let _tells = tells;
            if job.payload() != "quick" {
                std::future::pending::<()>().await;
            }
        }
    });
    until(async || depth(&mails).await == (0, 0, 2, 0)).await;
    assert_eq!(workers.stop_within(Duration::ZERO).await, 2);
    assert_eq!((depth(&mails).await, dropped.load(Ordering::SeqCst)), ((0, 2, 0, 0), 3));
}

#[tokio::test]
async fn a_grace_that_is_not_needed_is_not_waited_for() {
    let (mails, _store) = mails().await;
    mails.push("quick").await.unwrap();
    let workers = mails.work(2, async |_job: Job<String>| {});
    until(async || depth(&mails).await == (0, 0, 0, 0)).await;
    let stopping = workers.stop_within(HOUR);
    assert_eq!(timeout(Duration::from_secs(30), stopping).await.unwrap(), 0);
}
