//! Queues: pushing, claiming, answering, dead jobs.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use exactly::core::ManualClock;
use exactly::layers::Faults;
use exactly::{
    AckedWith, Bytes, Capacity, Counter, Depths, Flag, Job, Life, Objects, Place, Queue,
    QueuePushed, Retried, Settled, Store, Token, Tried, Value,
};
use exactly_embedded::{Memory, Options};

const LEASE: Duration = Duration::from_secs(30);
const HOUR: Duration = Duration::from_secs(3600);

fn mails() -> (Queue<String>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new());
    let memory = Memory::with(Options { clock: Arc::clone(&clock) as _, ..Options::default() });
    (Queue::new(&Store::new(memory), "mails").with_lease(LEASE), clock)
}

async fn depth<T: exactly::Form>(queue: &Queue<T>) -> (u64, u64, u64, u64) {
    let Depths { ready, delayed, claimed, dead, .. } = queue.depth().await.unwrap();
    (ready, delayed, claimed, dead)
}

async fn claimed(mails: &Queue<String>) -> Job<String> {
    mails.claim().await.unwrap().unwrap()
}

fn store(mails: &Queue<String>) -> Store {
    AsRef::<exactly::Object>::as_ref(mails).store().clone()
}

#[tokio::test]
async fn a_job_is_acknowledged_retried_released_or_buried() {
    let (mails, clock) = mails();
    let pushed = mails.push_many(["ada", "grace", "barbara", "edith"]).await.unwrap();
    assert!(pushed.iter().all(|job| job.new));
    let [ada, grace, barbara, edith] = [
        claimed(&mails).await,
        claimed(&mails).await,
        claimed(&mails).await,
        claimed(&mails).await,
    ];
    assert!(mails.claim().await.unwrap().is_none());
    assert_eq!((ada.id(), ada.payload().as_str(), ada.attempt()), (pushed[0].id, "ada", 1));
    assert_eq!(ada.ack().await.unwrap(), Settled::Settled);
    assert_eq!(grace.retry(HOUR).await.unwrap(), Retried::Again);
    assert_eq!(barbara.release().await.unwrap(), Settled::Settled);
    assert_eq!(edith.bury("no such address").await.unwrap(), Settled::Settled);
    assert_eq!(depth(&mails).await, (1, 1, 0, 1));
    let again = claimed(&mails).await;
    assert_eq!((again.id(), again.attempt()), (pushed[2].id, 1), "released is not tried");
    again.ack().await.unwrap();
    clock.advance(HOUR);
    let again = claimed(&mails).await;
    assert_eq!((again.id(), again.attempt()), (pushed[1].id, 2));
    again.ack().await.unwrap();
}

#[tokio::test]
async fn several_are_pushed_and_claimed_in_one_step() {
    let (mails, _clock) = mails();
    mails.push_many(["ada", "grace", "barbara"]).await.unwrap();
    let jobs = mails.claim_many(2).await.unwrap();
    let payloads: Vec<_> = jobs.iter().map(|job| job.payload().as_str()).collect();
    assert_eq!(payloads, ["ada", "grace"]);
    assert_eq!(depth(&mails).await, (1, 0, 2, 0));
    for fault in [
        mails.claim_many(0).await.unwrap_err(),
        mails.push_many(Vec::<String>::new()).await.unwrap_err(),
        mails.push("late").delay(Duration::MAX).await.unwrap_err(),
        mails.clone().with_max_tries(0).claim().await.unwrap_err(),
        mails.clone().with_lease(Duration::ZERO).claim().await.unwrap_err(),
        mails.clone().with_limit(0).push("x").await.unwrap_err(),
        mails.dead(0).await.unwrap_err(),
    ] {
        assert!(fault.is_misuse() && fault.is_bad_setting(), "{fault}");
        assert!(fault.to_string().contains("mails"), "{fault}");
    }
}

#[tokio::test]
async fn a_dropped_job_is_a_failed_try_and_comes_back_after_the_backoff() {
    let (mails, clock) = mails();
    let mails = mails.with_backoff(HOUR, HOUR).with_max_tries(2);
    mails.push("ada").await.unwrap();
    drop(claimed(&mails).await);
    assert_eq!(depth(&mails).await, (0, 1, 0, 0));
    clock.advance(HOUR / 2 - Duration::from_nanos(1));
    assert!(mails.claim().await.unwrap().is_none());
    clock.advance(HOUR);
    let job = claimed(&mails).await;
    assert!(job.attempt() == 2 && job.is_last_try());
    drop(job);
    assert_eq!(depth(&mails).await, (0, 0, 0, 1));
    assert_eq!(mails.dead(1).await.unwrap()[0].note(), "dropped without an answer");
}

#[tokio::test]
async fn whoever_is_late_is_refused_and_told() {
    let (mails, clock) = mails();
    mails.push("ada").await.unwrap();
    let late = claimed(&mails).await;
    clock.advance(LEASE / 2);
    assert_eq!(late.extend().await.unwrap(), Settled::Settled);
    clock.advance(LEASE / 2);
    assert_eq!(late.extend_for(LEASE / 2).await.unwrap(), Settled::Settled);
    assert!(!late.is_lost());
    clock.advance(LEASE / 2);
    let next = claimed(&mails).await;
    assert_eq!((next.id(), next.attempt()), (late.id(), 2));
    assert_eq!(late.extend().await.unwrap(), Settled::Lapsed);
    assert!(late.is_lost());
    late.lost().await;
    assert_eq!(late.ack().await.unwrap(), Settled::Lapsed);
    assert_eq!(depth(&mails).await, (0, 0, 1, 0));
    assert_eq!(next.ack().await.unwrap(), Settled::Settled);
}

#[tokio::test]
async fn a_full_queue_is_an_answer_where_it_is_asked_for_and_misuse_where_it_is_not() {
    let (mails, _clock) = mails();
    let mails = mails.with_limit(2);
    mails.push("ada").await.unwrap();
    assert_eq!(
        mails.try_push_many(["grace", "barbara"]).await.unwrap(),
        QueuePushed::Full { free: 1 }
    );
    let QueuePushed::Pushed { jobs } = mails.try_push("grace").await.unwrap() else { panic!() };
    assert!(jobs[0].new);
    assert_eq!(mails.try_push("barbara").await.unwrap(), QueuePushed::Full { free: 0 });
    for (fault, instead) in [
        (mails.push("barbara").await.unwrap_err(), "`try_push`"),
        (mails.push_many(["barbara"]).await.unwrap_err(), "`try_push_many`"),
    ] {
        assert!(fault.is_out_of_bounds() && fault.to_string().contains(instead), "{fault}");
    }
    assert_eq!(depth(&mails).await, (2, 0, 0, 0));
}

#[tokio::test]
async fn a_unique_key_is_one_live_job() {
    let (mails, _clock) = mails();
    let first = mails.push("ada").unique("welcome ada").await.unwrap();
    let second = mails.push("ada").unique("welcome ada").await.unwrap();
    assert_eq!((second.id, second.new), (first.id, false));
    let job = claimed(&mails).await;
    assert!(!mails.push("ada").unique("welcome ada").await.unwrap().new);
    job.ack().await.unwrap();
    assert!(mails.push("ada").unique("welcome ada").await.unwrap().new);
    assert!(mails.push("ada").unique([0xff, 0]).await.unwrap().new);
}

#[tokio::test]
async fn a_push_under_a_token_happens_once() {
    let (mails, _clock) = mails();
    let token = || Token::caller("order-4711", HOUR).unwrap();
    let first = mails.push("ada").token(token()).await.unwrap();
    let again = mails.push("ada").token(token()).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(depth(&mails).await, (1, 0, 0, 0));
    mails.push("ada").at_most_once().await.unwrap();
    assert_eq!(depth(&mails).await, (2, 0, 0, 0));
    assert!(mails.push("grace").token(token()).await.unwrap_err().is_token_reused());
}

#[tokio::test]
async fn the_dead_have_a_history_and_a_way_back() {
    let (mails, clock) = mails();
    let mails = mails.with_max_tries(3);
    mails.push_many(["ada", "grace", "barbara"]).await.unwrap();
    for attempt in 1..=3 {
        let jobs = mails.claim_many(3).await.unwrap();
        for job in jobs {
            let note = format!("try {attempt} of {}", job.payload());
            let retried = job.retry_with_note(HOUR, note).await.unwrap();
            assert_eq!(retried == Retried::Dead, attempt == 3);
        }
        clock.advance(HOUR);
    }
    let dead = mails.dead(2).await.unwrap();
    assert_eq!(dead.len(), 2);
    let ada = &dead[0];
    assert_eq!((ada.payload().unwrap().as_str(), ada.attempts()), ("ada", 3));
    assert_eq!((ada.age(), ada.since()), (3 * HOUR, HOUR));
    assert_eq!((ada.note().as_str(), &**ada.payload_bytes()), ("try 3 of ada", &b"ada"[..]));
    let notes: Vec<_> = ada.tries().iter().map(|told| (told.attempt, told.ago)).collect();
    assert_eq!(notes, [(1, 3 * HOUR), (2, 2 * HOUR), (3, HOUR)]);

    let mut pages = mails.dead_pages(2);
    assert_eq!(pages.next_page().await.unwrap().unwrap().len(), 2);
    assert!(mails.discard(ada.id()).await.unwrap());
    assert!(!mails.discard(ada.id()).await.unwrap());
    let last = pages.next_page().await.unwrap().unwrap();
    assert_eq!(last[0].payload().unwrap(), "barbara");
    assert!(pages.next_page().await.unwrap().is_none());

    assert!(mails.revive(dead[1].id()).await.unwrap());
    let grace = claimed(&mails).await;
    assert_eq!((grace.payload().as_str(), grace.attempt()), ("grace", 1));
    grace.bury("again").await.unwrap();
    assert_eq!(mails.revive_all().await.unwrap(), 2);
    assert_eq!(depth(&mails).await, (2, 0, 0, 0));
    for job in mails.claim_many(2).await.unwrap() {
        job.bury("").await.unwrap();
    }
    assert_eq!(mails.discard_all().await.unwrap(), 2);
    assert!(!mails.exists().await.unwrap());
    assert!(mails.dead_pages(2).next_page().await.unwrap().is_none());
}

#[tokio::test]
async fn a_job_that_cannot_be_read_is_a_failed_try_and_holds_nobody_up() {
    let (mails, clock) = mails();
    let store = store(&mails);
    let numbers: Queue<u64> = Queue::new(&store, "mails").with_max_tries(2);
    let numbers = numbers.with_backoff(HOUR, HOUR);
    let bad = mails.push("ada").await.unwrap().id;
    mails.push("7").await.unwrap();
    let fault = numbers.claim().await.unwrap_err();
    assert!(fault.is_misuse() && fault.is_undecodable(), "{fault}");
    assert_eq!(fault.key(), Some(mails.key().unwrap()));
    assert_eq!(fault.place(), Some(&Place::Job(bad)));
    assert_eq!(*numbers.claim().await.unwrap().unwrap().payload(), 7);
    clock.advance(HOUR);
    mails.push("8").await.unwrap();
    let jobs = numbers.claim_many(9).await.unwrap();
    assert!(!jobs.is_empty(), "those that can be read");
    drop(jobs);
    let dead = numbers.dead(1).await.unwrap();
    assert_eq!(dead[0].id(), bad);
    assert!(dead[0].payload().unwrap_err().is_undecodable());
    assert_eq!(*dead[0].payload_bytes(), Bytes::from("ada"));
    assert!(dead[0].note().contains("a whole number"), "{}", dead[0].note());
}

#[tokio::test]
async fn a_token_of_the_job_makes_its_effect_happen_once_however_often_it_is_delivered() {
    let (mails, _clock) = mails();
    let sent = Counter::new(&store(&mails), "sent");
    let billed = Counter::new(&store(&mails), "billed");
    mails.push("ada").await.unwrap();
    for attempt in 1..=3 {
        let job = claimed(&mails).await;
        assert_eq!(job.attempt(), attempt);
        assert_eq!(sent.increment().token(job.token()).await.unwrap(), 1);
        assert_eq!(billed.add(7).token(job.token_for("bill")).await.unwrap(), 7);
        job.retry(Duration::ZERO).await.unwrap();
    }
    assert_eq!((sent.get().await.unwrap(), billed.get().await.unwrap()), (1, 7));
    let job = claimed(&mails).await;
    let fault = sent.add(2).token(job.token()).await.unwrap_err();
    assert!(fault.is_token_reused(), "one token names one call: {fault}");
}

#[tokio::test]
async fn a_job_and_its_effect_are_one_change() {
    let (mails, clock) = mails();
    let store = store(&mails);
    let (sent, last) = (Counter::new(&store, "sent"), Value::<String>::new(&store, "last"));
    let next: Queue<String> = Queue::new(&store, "next");
    mails.push_many(["ada", "grace"]).await.unwrap();

    let job = claimed(&mails).await;
    let follow_ups = vec![next.push("bill ada"), next.push("thank ada").delay(HOUR)];
    let calls = (sent.increment(), last.set("ada"), follow_ups, [sent.get()]);
    let AckedWith::Done((count, (), pushed, read)) = job.ack_with(calls).await.unwrap() else {
        panic!("in time")
    };
    assert_eq!((count, pushed.len(), read), (1, 2, vec![1]));
    assert_eq!((depth(&mails).await, depth(&next).await), ((1, 0, 0, 0), (1, 1, 0, 0)));

    // One that refuses leaves everything as it was, the job included.
    let limited = Counter::new(&store, "sent").with_bounds(..=1);
    let job = claimed(&mails).await;
    let AckedWith::Refused { place, job } =
        job.ack_with((last.set("grace"), limited.try_increment())).await.unwrap()
    else {
        panic!("the counter is at its bound")
    };
    assert_eq!((place, last.get().await.unwrap().as_deref()), (1, Some("ada")));
    assert_eq!(job.extend().await.unwrap(), Settled::Settled);

    // Whoever is late has no effect.
    clock.advance(LEASE);
    let late = job.ack_with(sent.increment()).await.unwrap();
    assert!(matches!(late, AckedWith::Lapsed));
    assert_eq!(sent.get().await.unwrap(), 1);
    assert_eq!(depth(&mails).await, (1, 0, 0, 0));
}

#[tokio::test]
async fn what_is_no_part_of_one_change_is_misuse_and_fails_the_try() {
    let (mails, _clock) = mails();
    let sent = Counter::new(&store(&mails), "sent");
    let elsewhere = Counter::new(&Store::open("memory:").await.unwrap(), "sent");
    mails.push_many(["ada", "grace", "barbara"]).await.unwrap();
    for call in [
        elsewhere.increment(),
        sent.increment().at_most_once(),
        sent.increment().token(Token::caller("a", HOUR).unwrap()),
    ] {
        let fault = claimed(&mails).await.ack_with((sent.increment(), call)).await.unwrap_err();
        assert!(fault.is_bad_setting() && fault.to_string().contains("nothing was"), "{fault}");
    }
    assert_eq!((sent.get().await.unwrap(), depth(&mails).await), (0, (0, 3, 0, 0)));
}

fn poll_times(mut future: Pin<&mut impl Future>, polls: usize) {
    for _ in 0..polls {
        if future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            break;
        }
    }
}

/// An engine that answers late, so that callers can go away in between.
async fn late() -> Queue<String> {
    let store = Store::builder().layer(Faults::late).open("memory:").await.unwrap();
    Queue::new(&store, "mails")
}

#[tokio::test]
async fn a_claim_whose_caller_goes_away_gives_its_jobs_back_at_once_and_untried() {
    for polls in 0..6 {
        for waiting in [false, true] {
            let mails = late().await;
            mails.push_many(["ada", "grace"]).await.unwrap();
            if waiting {
                poll_times(pin!(mails.claim_wait(HOUR)), polls);
            } else {
                poll_times(pin!(mails.claim_many(2)), polls);
            }
            store(&mails).settle().await;
            // Where the claim was answered in time, its jobs were dropped: that is a failed try.
            let (ready, delayed, claimed, dead) = depth(&mails).await;
            assert_eq!((ready + delayed, claimed, dead), (2, 0, 0), "after {polls} polls");
            if polls < 2 {
                let first = self::claimed(&mails).await;
                assert_eq!((first.payload().as_str(), first.attempt()), ("ada", 1));
            }
        }
    }
}

#[tokio::test]
async fn an_answer_once_begun_is_carried_to_its_end() {
    for polls in 0..6 {
        let mails = late().await.with_backoff(HOUR, HOUR);
        let sent = Counter::new(&store(&mails), "sent");
        let jobs = mails.push_many(["ada", "grace", "barbara"]).await.unwrap();
        poll_times(pin!(claimed(&mails).await.ack()), polls);
        poll_times(pin!(claimed(&mails).await.ack_with(sent.increment())), polls);
        poll_times(pin!(claimed(&mails).await.bury("no good")), polls);
        store(&mails).settle().await;
        let begun = if polls == 0 { (0, 3, 0, 0) } else { (0, 0, 0, 1) };
        assert_eq!(depth(&mails).await, begun, "after {polls} polls of {}", jobs.len());
        assert_eq!(sent.get().await.unwrap(), i64::from(polls > 0));
    }
}

#[tokio::test]
async fn whoever_waits_is_woken_by_a_push_by_time_and_by_a_dead_worker() {
    let (mails, clock) = mails();
    let waiting = || {
        let mails = mails.clone();
        tokio::spawn(async move { mails.claim_wait(HOUR * 1000).await.unwrap().unwrap() })
    };
    let one = waiting();
    tokio::task::yield_now().await;
    mails.push("ada").await.unwrap();
    let one = one.await.unwrap();
    let again = waiting();
    tokio::task::yield_now().await;
    // Its worker is gone without a word.
    clock.advance(LEASE);
    let again = again.await.unwrap();
    assert_eq!((again.id(), again.attempt()), (one.id(), 2));
    assert_eq!(one.ack().await.unwrap(), Settled::Lapsed);
    again.ack().await.unwrap();
    mails.push("grace").delay(HOUR).await.unwrap();
    let later = waiting();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!later.is_finished());
    clock.advance(HOUR);
    later.await.unwrap().ack().await.unwrap();
}

#[tokio::test]
async fn of_many_who_wait_each_gets_a_job_in_the_order_in_which_they_came() {
    const MANY: usize = 50;
    let (mails, _clock) = mails();
    let mut waiting = Vec::new();
    for number in 0..MANY {
        let mails = mails.clone();
        waiting.push(tokio::spawn(async move {
            let job = mails.claim_wait(HOUR).await.unwrap().unwrap();
            let payload = job.payload().clone();
            job.ack().await.unwrap();
            (number, payload)
        }));
        tokio::task::yield_now().await;
    }
    for number in 0..MANY {
        mails.push(number.to_string()).await.unwrap();
        tokio::task::yield_now().await;
    }
    for waited in waiting {
        let (number, payload) = waited.await.unwrap();
        assert_eq!(payload, number.to_string());
    }
    assert!(mails.claim_wait(Duration::ZERO).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_when_its_time_is_over() {
    let mails: Queue<String> = Queue::new(&Store::open("memory:").await.unwrap(), "mails");
    let both = [mails.claim_wait(LEASE), mails.claim_wait(LEASE * 2)];
    let started = tokio::time::Instant::now();
    for wait in both {
        assert!(wait.await.unwrap().is_none());
    }
    assert!(started.elapsed() >= LEASE * 2);
    // One who stands behind another has its own time.
    let first = tokio::spawn({
        let mails = mails.clone();
        async move { mails.claim_wait(HOUR).await }
    });
    tokio::task::yield_now().await;
    assert!(mails.claim_wait(LEASE).await.unwrap().is_none());
    first.abort();
}

#[tokio::test]
async fn a_queue_is_a_field_of_a_group() {
    #[derive(Objects)]
    #[exactly(name = "shop")]
    struct Shop {
        #[exactly(limit = 1, lease = "5s", ttl = "1h")]
        orders: Queue<u64>,
        open: Flag,
        seats: Value<u64>,
    }
    let store = Store::open("memory:").await.unwrap();
    let shop = Shop::at(&store, 42);
    shop.orders.push(7_u64).await.unwrap();
    assert_eq!(shop.orders.try_push(8_u64).await.unwrap(), QueuePushed::Full { free: 0 });
    assert!(matches!(shop.orders.ttl().await.unwrap(), Life::Left(_)));
    shop.open.mark().await.unwrap();
    shop.seats.set(1_u64).await.unwrap();
    let copy: Queue<u64> = Queue::new(&store, "copy");
    shop.orders.rename_to(&copy).await.unwrap();
    assert_eq!((depth(&copy).await, depth(&shop.orders).await), ((1, 0, 0, 0), (0, 0, 0, 0)));
    shop.orders.push(9_u64).await.unwrap();
    assert_eq!(shop.delete_all().await.unwrap(), 3);
}

#[tokio::test]
async fn a_hold_that_is_taken_with_a_job_is_released_with_it() {
    let (mails, _clock) = mails();
    let seats = Capacity::new(&store(&mails), "seats", 1);
    let count = Counter::new(&store(&mails), "count").with_bounds(..=0);
    mails.push("ada").await.unwrap();
    let job = claimed(&mails).await;
    let AckedWith::Refused { place: 1, job } =
        job.ack_with((seats.take(1), count.try_increment())).await.unwrap()
    else {
        panic!("the counter is at its bound")
    };
    assert_eq!(seats.levels().await.unwrap().held, 0);
    let AckedWith::Done(taking) = job.ack_with(seats.take(1)).await.unwrap() else { panic!() };
    assert_eq!(seats.levels().await.unwrap().held, 1);
    drop(taking);
    assert_eq!(seats.levels().await.unwrap().held, 0);
    assert!(matches!(count.try_increment().await.unwrap(), Tried::OutOfBounds { .. }));
}
