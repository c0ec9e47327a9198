//! The layers, around an engine that answers as it is told.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::VecDeque;
use std::future::Future;
use std::io::Write;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use exactly_core::layers::{Call, Ending, History, Record, Retry, RetryPolicy, Timeout, Trace};
use exactly_core::operations::counter::{Add, Get};
use exactly_core::operations::{Outcome, counter::CounterOutcome};
use exactly_core::{
    Answer, BATCH_MAX, Batch, Clock, Delivery, Durability, Engine, Fault, Key, ManualClock, Mark,
    Operation, Profile, Reply, SessionId, Step, Token,
};
use tracing::subscriber::with_default;

/// Answers what it was told to, and remembers what it was asked.
#[derive(Debug, Default)]
struct Scripted {
    answers: Mutex<VecDeque<Told>>,
    asked: Mutex<Vec<Batch>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Told {
    Yes,
    NotApplied,
    Unknown,
    Misuse,
    Never,
}

impl Scripted {
    fn told(answers: impl IntoIterator<Item = Told>) -> Arc<Self> {
        let answers = Mutex::new(answers.into_iter().collect());
        Arc::new(Self { answers, asked: Mutex::default() })
    }

    fn tokens(&self) -> Vec<(SessionId, u64)> {
        let asked = self.asked.lock().unwrap();
        let session = |batch: &Batch| match batch.token() {
            Some(Token::Session { session, sequence, .. }) => (*session, sequence.get()),
            Some(Token::Caller { .. }) | None => panic!("not named by a session"),
        };
        asked.iter().map(session).collect()
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

fn yes() -> Reply {
    Reply::Applied([Outcome::Counter(CounterOutcome::Get(1))].into_iter().collect())
}

impl Engine for Scripted {
    fn apply(&self, batch: Batch) -> Answer<'_, Reply> {
        self.asked.lock().unwrap().push(batch);
        let told = self.answers.lock().unwrap().pop_front().unwrap_or(Told::Yes);
        match told {
            Told::Yes => Answer::ready(Ok(yes())),
            Told::NotApplied => Answer::ready(Err(Fault::unavailable("refused"))),
            Told::Unknown => Answer::ready(Err(Fault::lost_reply("cut"))),
            Told::Misuse => Answer::ready(Err(Fault::bad_option("odd"))),
            Told::Never => Answer::pending(std::future::pending()),
        }
    }

    fn changed(&self, _key: &Key, _since: Mark) -> Answer<'_, Mark> {
        Answer::ready(Ok(Mark::new(1)))
    }

    fn profile(&self) -> Profile {
        Profile {
            name: "scripted",
            durability: Durability::Process,
            batch_max: BATCH_MAX,
            loses_replies: true,
            token_window: Duration::from_secs(600),
        }
    }
}

fn write() -> Batch {
    Batch::one(Step::new(Key::alone("", "a").unwrap(), Add::by(1_i64).into_op()))
}

fn read() -> Batch {
    Batch::one(Step::new(Key::alone("", "a").unwrap(), Get { start: 0_i64 }.into_op()))
}

const QUICK: RetryPolicy = RetryPolicy {
    attempts_max: 4,
    pause: Duration::from_nanos(1),
    pause_max: Duration::from_nanos(1),
    deadline: Duration::from_secs(10),
    in_flight_max: 2,
};

fn retry(engine: &Arc<Scripted>) -> Retry<Arc<Scripted>> {
    Retry::with_policy(Arc::clone(engine), QUICK)
}

#[tokio::test]
async fn what_may_be_sent_again_is_and_what_may_not_is_not() {
    use Told::{Misuse, NotApplied, Unknown, Yes};
    let named = || Delivery::Token(Box::new(Token::caller("id", QUICK.deadline).unwrap()));
    // The batch, what the engine answers, how often it is asked, and what comes of it.
    let table: [(Batch, Delivery, &[Told], usize, Told); 11] = [
        (write(), Delivery::ExactlyOnce, &[NotApplied, Yes], 2, Yes),
        (write(), Delivery::ExactlyOnce, &[Unknown, Unknown, Yes], 3, Yes),
        (write(), Delivery::ExactlyOnce, &[Misuse], 1, Misuse),
        (write(), Delivery::ExactlyOnce, &[NotApplied; 9], 4, NotApplied),
        (write(), Delivery::ExactlyOnce, &[Unknown; 9], 4, Unknown),
        // What may have happened at the first attempt is not made undone by the second.
        (
            write(),
            Delivery::ExactlyOnce,
            &[Unknown, NotApplied, NotApplied, NotApplied],
            4,
            Unknown,
        ),
        (write(), named(), &[Unknown, Yes], 2, Yes),
        (write(), Delivery::AtMostOnce, &[Unknown], 1, Unknown),
        (write(), Delivery::AtMostOnce, &[NotApplied, Yes], 2, Yes),
        (read(), Delivery::ExactlyOnce, &[Unknown, Yes], 2, Yes),
        (read(), Delivery::AtMostOnce, &[Unknown, Yes], 2, Yes),
    ];
    for (batch, delivery, answers, asked, ending) in table {
        let engine = Scripted::told(answers.iter().copied());
        let result = retry(&engine).apply(batch.delivery(delivery.clone())).await;
        let came = match result {
            Ok(reply) => {
                assert_eq!(reply, yes());
                Yes
            }
            Err(fault) if fault.is_not_applied() => NotApplied,
            Err(fault) if fault.is_unknown() => Unknown,
            Err(_) => Misuse,
        };
        assert_eq!((engine.asked(), came), (asked, ending), "{delivery:?} {answers:?}");
    }
}

#[tokio::test]
async fn a_batch_keeps_its_token_and_the_next_gets_the_next() {
    use Told::{Misuse, NotApplied, Unknown, Yes};
    let engine = Scripted::told([Unknown, Yes, Yes, Misuse, NotApplied, Yes]);
    let retry = retry(&engine);
    for _ in 0..4 {
        let _ = retry.apply(write()).await;
    }
    let tokens = engine.tokens();
    let sequences: Vec<_> = tokens.iter().map(|(_, sequence)| *sequence).collect();
    // Two attempts of the first; the second; misuse leaves no record, so its number is used again.
    assert_eq!(sequences, [1, 1, 2, 3, 3, 3]);
    assert!(tokens.iter().all(|(session, _)| *session == tokens[0].0));
}

#[tokio::test]
async fn a_place_in_doubt_is_given_up() {
    let engine = Scripted::told([Told::Yes, Told::Never]);
    let retry = retry(&engine);
    retry.apply(write()).await.unwrap();
    {
        let mut cancelled = pin!(retry.apply(write()));
        assert!(cancelled.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    retry.apply(write()).await.unwrap();
    let [first, second, third] = engine.tokens()[..] else { panic!("three batches") };
    assert_eq!((first.1, second.1, third.1), (1, 2, 1));
    assert!(first.0 == second.0 && second.0 != third.0);
}

#[tokio::test]
async fn more_callers_than_may_be_in_flight_wait_their_turn_and_not_for_ever() {
    let clock = Arc::new(ManualClock::new());
    let engine = Scripted::told([Told::Never, Told::Never]);
    let retry = Retry::by_clock(Arc::clone(&engine), QUICK, 1, Arc::clone(&clock) as _);
    let mut calls: Vec<_> = (0..3).map(|_| retry.apply(write())).collect();
    let mut poll =
        |place: usize| pin!(&mut calls[place]).poll(&mut Context::from_waker(Waker::noop()));
    assert!(poll(0).is_pending() && poll(1).is_pending() && poll(2).is_pending());
    assert_eq!(engine.asked(), 2);
    clock.advance(QUICK.deadline);
    let std::task::Poll::Ready(Err(fault)) = poll(2) else { panic!("no turn in time") };
    assert!(fault.is_not_applied() && fault.is_at_capacity(), "{fault}");
    assert_eq!(engine.asked(), 2);
}

#[tokio::test]
async fn nothing_is_sent_after_the_deadline_or_half_of_the_token_window() {
    let clock = Arc::new(ManualClock::new());
    let patient = RetryPolicy {
        attempts_max: u32::MAX,
        pause: Duration::from_secs(60),
        pause_max: Duration::from_secs(60),
        deadline: Duration::from_secs(100_000),
        in_flight_max: 1,
    };
    let engine = Scripted::told([Told::Unknown; 10_000]);
    let retry = Retry::by_clock(Arc::clone(&engine), patient, 1, Arc::clone(&clock) as _);
    let begun = clock.now();
    let mut call = pin!(retry.apply(write()));
    let fault = loop {
        match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            std::task::Poll::Ready(result) => break result.unwrap_err(),
            std::task::Poll::Pending => clock.advance(Duration::from_secs(1)),
        }
        // The runtime lets a task poll only so often in one turn.
        tokio::task::yield_now().await;
    };
    assert!(fault.is_unknown(), "{fault}");
    assert!(begun.until(clock.now()) < Duration::from_secs(300));
    assert!(engine.asked() > 3);
}

#[tokio::test]
async fn an_answer_that_does_not_come_in_time_is_unknown_and_a_read_is_not_applied() {
    let clock = Arc::new(ManualClock::new());
    let limit = Duration::from_secs(1);
    for (batch, unknown) in [(write(), true), (read(), false)] {
        let engine = Scripted::told([Told::Never, Told::Yes]);
        let timeout = Timeout::by_clock(engine, limit, Arc::clone(&clock) as _);
        let mut call = pin!(timeout.apply(batch.clone()));
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        clock.advance(limit);
        let fault = call.await.unwrap_err();
        assert!(fault.is_timed_out() && fault.is_unknown() == unknown, "{fault}");
        assert_eq!(timeout.apply(batch).await.unwrap(), yes());
    }
}

#[tokio::test]
async fn a_history_tells_what_its_callers_know() {
    let engine =
        Scripted::told([Told::Yes, Told::Misuse, Told::NotApplied, Told::Unknown, Told::Never]);
    let history = History::default();
    let record = Record::new(engine, history.clone());
    for _ in 0..4 {
        let _ = record.apply(write()).await;
    }
    {
        let mut cancelled = pin!(record.apply(write()));
        assert!(cancelled.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    let calls = history.calls();
    let endings: Vec<_> = calls.iter().map(|call| call.ending.clone()).collect();
    let expected = [
        Ending::Answered(yes()),
        Ending::NoEffect,
        Ending::NoEffect,
        Ending::Unknown,
        Ending::Unknown,
    ];
    assert_eq!(endings, expected);
    assert_eq!(calls[0].called, 1);
    assert_eq!(calls[0].returned, Some(2));
    assert_eq!(calls[4].returned, None);
    let mut lines = Vec::new();
    history.write_json_lines(&mut lines).unwrap();
    let lines = String::from_utf8(lines).unwrap();
    let back: Vec<Call> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(back, calls);
}

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_trace_tells_each_batch_and_what_came_of_it() {
    let page = Page::default();
    let writer = page.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let trace = Trace::new(Scripted::told([Told::Yes, Told::Unknown]));
    with_default(subscriber, || {
        for _ in 0..2 {
            let mut call = pin!(trace.apply(write()));
            assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
        }
    });
    let said = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
    for part in ["apply{engine=\"scripted\" key=a steps=1 writes=true}", "applied", "unknown: cut"]
    {
        assert!(said.contains(part), "{said}");
    }
}
