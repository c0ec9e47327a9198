//! The layers, around an engine that answers as it is told.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::VecDeque;
use std::future::Future;
use std::io::Write;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use exactly_core::layers::{
    Act, Call, Ending, Faults, History, Record, Retry, RetryPolicy, Timeout, Trace,
};
use exactly_core::operations::counter::{Add, Get};
use exactly_core::operations::{Outcome, counter::CounterOutcome};
use exactly_core::{
    Answer, BATCH_MAX, Batch, Clock, Delivery, Durability, Engine, Fault, Key, Listing,
    ManualClock, Mark, Operation, Page, Pattern, Profile, Rehearsal, Reply, Resolution, SessionId,
    Step, Token,
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
    Forgotten,
    Reused,
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
        let token = batch.token().cloned();
        let token = || token.as_ref().unwrap();
        self.asked.lock().unwrap().push(batch.clone());
        let told = self.answers.lock().unwrap().pop_front().unwrap_or(Told::Yes);
        match told {
            Told::Yes => Answer::ready(Ok(yes())),
            Told::NotApplied => Answer::ready(Err(Fault::unavailable("refused"))),
            Told::Unknown => Answer::ready(Err(Fault::lost_reply("cut"))),
            Told::Misuse => Answer::ready(Err(Fault::bad_option("odd"))),
            Told::Forgotten => Answer::ready(Err(Fault::token_forgotten(token()))),
            Told::Reused => Answer::ready(Err(Fault::token_reused(token()))),
            Told::Never => Answer::pending(std::future::pending()),
        }
    }

    fn changed(&self, _key: &Key, _since: Mark) -> Answer<'_, Mark> {
        Answer::ready(Ok(Mark::new(1)))
    }

    fn keys(&self, _listing: Listing) -> Answer<'_, Page> {
        let told = self.answers.lock().unwrap().pop_front().unwrap_or(Told::Yes);
        match told {
            Told::Yes => Answer::ready(Ok(Page::default())),
            Told::NotApplied => Answer::ready(Err(Fault::unavailable("refused"))),
            Told::Unknown => Answer::ready(Err(Fault::lost_reply("cut"))),
            Told::Misuse | Told::Forgotten | Told::Reused => {
                Answer::ready(Err(Fault::bad_option("odd")))
            }
            Told::Never => Answer::pending(std::future::pending()),
        }
    }

    fn resolve(&self, _token: &Token) -> Answer<'_, Resolution> {
        let told = self.answers.lock().unwrap().pop_front().unwrap_or(Told::Yes);
        match told {
            Told::Yes => Answer::ready(Ok(Resolution::Nothing)),
            Told::NotApplied => Answer::ready(Err(Fault::unavailable("refused"))),
            Told::Unknown => Answer::ready(Err(Fault::lost_reply("cut"))),
            Told::Misuse | Told::Forgotten | Told::Reused => {
                Answer::ready(Err(Fault::bad_option("odd")))
            }
            Told::Never => Answer::pending(std::future::pending()),
        }
    }

    fn rehearse(&self, _batch: Batch) -> Answer<'_, Rehearsal> {
        let told = self.answers.lock().unwrap().pop_front().unwrap_or(Told::Yes);
        match told {
            Told::Yes => Answer::ready(Ok(Rehearsal::Told(Vec::new()))),
            Told::NotApplied => Answer::ready(Err(Fault::unavailable("refused"))),
            Told::Unknown => Answer::ready(Err(Fault::lost_reply("cut"))),
            Told::Misuse | Told::Forgotten | Told::Reused => {
                Answer::ready(Err(Fault::bad_option("odd")))
            }
            Told::Never => Answer::pending(std::future::pending()),
        }
    }

    fn profile(&self) -> Profile {
        Profile {
            name: "scripted",
            durability: Durability::Process,
            batch_max: BATCH_MAX,
            loses_replies: true,
            far: true,
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
    use Told::{Forgotten, Misuse, NotApplied, Reused, Unknown, Yes};
    let named = || Delivery::Token(Box::new(Token::caller("id", QUICK.deadline).unwrap()));
    // The batch, what the engine answers, how often it is asked, and what comes of it.
    let table: [(Batch, Delivery, &[Told], usize, Told); 14] = [
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
        // What the engine has forgotten it will not remember.
        (write(), Delivery::ExactlyOnce, &[Forgotten, Yes], 1, Unknown),
        (write(), Delivery::ExactlyOnce, &[Unknown, Forgotten, Yes], 2, Unknown),
        (write(), named(), &[Reused, Yes], 1, Misuse),
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

fn listing() -> Listing {
    Listing { pattern: Pattern::glob("", "*"), after: None, count: 1 }
}

#[tokio::test]
async fn a_page_of_keys_is_asked_for_again_and_never_unknown() {
    use Told::{Misuse, Never, NotApplied, Unknown, Yes};
    type Expected = fn(&Result<Page, Fault>) -> bool;
    let table: [(&[Told], Expected); 4] = [
        (&[NotApplied, Unknown, Yes], Result::is_ok),
        (&[Misuse, Yes], |page| page.as_ref().is_err_and(Fault::is_misuse)),
        (&[NotApplied; 9], |page| page.as_ref().is_err_and(Fault::is_not_applied)),
        (&[Unknown; 9], |page| page.as_ref().is_err_and(Fault::is_not_applied)),
    ];
    for (answers, expected) in table {
        let engine = Scripted::told(answers.iter().copied());
        let page = retry(&engine).keys(listing()).await;
        assert!(expected(&page), "{answers:?}: {page:?}");
    }
    let clock = Arc::new(ManualClock::new());
    let limit = Duration::from_secs(1);
    let timeout = Timeout::by_clock(Scripted::told([Never]), limit, Arc::clone(&clock) as _);
    let mut page = pin!(timeout.keys(listing()));
    assert!(page.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    clock.advance(limit);
    assert!(page.await.unwrap_err().is_not_applied());
    let lossy = Faults::new(Scripted::told([]));
    lossy.next([Act::LoseRequest, Act::LoseReply, Act::Pass]);
    for told in [false, false, true] {
        assert_eq!(lossy.keys(listing()).await.is_ok(), told);
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
async fn a_place_of_unknown_outcome_is_given_up() {
    for doubt in [Told::Unknown, Told::Reused] {
        let engine = Scripted::told([Told::Yes, doubt]);
        let retry =
            Retry::with_policy(Arc::clone(&engine), RetryPolicy { attempts_max: 1, ..QUICK });
        for _ in 0..3 {
            let _ = retry.apply(write()).await;
        }
        let [first, second, third] = engine.tokens()[..] else { panic!("three batches") };
        assert_eq!((first.1, second.1, third.1), (1, 2, 1), "{doubt:?}");
        assert!(first.0 == second.0 && second.0 != third.0, "{doubt:?}");
    }
}

#[tokio::test]
async fn an_engine_that_has_lost_its_records_is_met_with_new_sessions() {
    let engine = Scripted::told([Told::Yes, Told::Forgotten, Told::Yes, Told::Yes]);
    let retry = Retry::with_policy(Arc::clone(&engine), QUICK);
    for _ in 0..3 {
        assert_eq!(retry.apply(write()).await.unwrap(), yes());
    }
    let tokens = engine.tokens();
    let sequences: Vec<_> = tokens.iter().map(|(_, sequence)| *sequence).collect();
    assert_eq!(sequences, [1, 2, 1, 2]);
    assert!(tokens[1].0 != tokens[2].0 && tokens[2].0 == tokens[3].0);
    // With an attempt in doubt before it, nobody can tell.
    let engine = Scripted::told([Told::Yes, Told::Unknown, Told::Forgotten]);
    let retry = Retry::with_policy(Arc::clone(&engine), QUICK);
    retry.apply(write()).await.unwrap();
    let fault = retry.apply(write()).await.unwrap_err();
    assert!(fault.is_unknown() && !fault.is_token_forgotten(), "{fault}");
    assert_eq!(engine.asked(), 3);
}

#[tokio::test]
async fn a_place_is_used_for_as_long_as_the_engine_surely_remembers_it() {
    let clock = Arc::new(ManualClock::new());
    let engine = Scripted::told([]);
    let retry = Retry::by_clock(Arc::clone(&engine), QUICK, 1, Arc::clone(&clock) as _);
    let half = engine.profile().token_window / 2;
    // A place that is used again and again lives on; one left for half of the window does not.
    for pause in [half * 2 / 3, half * 2 / 3, half, Duration::ZERO] {
        retry.apply(write()).await.unwrap();
        clock.advance(pause);
    }
    let tokens = engine.tokens();
    let sequences: Vec<_> = tokens.iter().map(|(_, sequence)| *sequence).collect();
    assert_eq!(sequences, [1, 2, 3, 1]);
    assert_ne!(tokens[2].0, tokens[3].0);
}

#[tokio::test]
async fn pauses_grow_up_to_the_longest() {
    let second = Duration::from_secs(1);
    let policy = RetryPolicy {
        attempts_max: 40,
        pause: second,
        pause_max: second * 4,
        deadline: second * 100_000,
        in_flight_max: 1,
    };
    // The longest of many pauses before the second, third, fourth and last attempt.
    let mut longest = [Duration::ZERO; 39];
    for seed in 0..100 {
        let clock = Arc::new(ManualClock::new());
        let engine = Scripted::told([Told::NotApplied; 40]);
        let retry = Retry::by_clock(Arc::clone(&engine), policy, seed, Arc::clone(&clock) as _);
        let mut call = pin!(retry.apply(write()));
        let mut asked_at = clock.now();
        let mut asked = 0;
        while call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            if engine.asked() > asked {
                if let Some(pause) = asked.checked_sub(1).map(|place: usize| &mut longest[place]) {
                    *pause = asked_at.until(clock.now()).max(*pause);
                }
                (asked, asked_at) = (engine.asked(), clock.now());
            }
            clock.advance(second / 20);
            tokio::task::yield_now().await;
        }
    }
    for (pause, most) in longest.iter().zip([1, 2, 4, 4, 4]) {
        assert!(*pause > second * most * 3 / 4 && *pause <= second * most + second / 20);
    }
    assert!(longest.iter().all(|pause| *pause <= second * 4 + second / 20), "{longest:?}");
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
async fn nobody_waits_for_an_attempt_beyond_the_deadline() {
    let clock = Arc::new(ManualClock::new());
    for (batch, unknown) in [(write(), true), (read(), false)] {
        let engine = Scripted::told([Told::NotApplied, Told::Never]);
        let retry = Retry::by_clock(Arc::clone(&engine), QUICK, 1, Arc::clone(&clock) as _);
        let mut call = pin!(retry.apply(batch));
        let begun = clock.now();
        let fault = loop {
            match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                std::task::Poll::Ready(result) => break result.unwrap_err(),
                std::task::Poll::Pending => clock.advance(QUICK.deadline / 8),
            }
        };
        assert!(fault.is_timed_out() && fault.is_unknown() == unknown, "{fault}");
        assert_eq!(engine.asked(), 2);
        assert!(begun.until(clock.now()) <= QUICK.deadline + QUICK.deadline / 8);
    }
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
async fn each_fault_happens_to_the_batch_and_is_told_to_its_caller() {
    // What happens, whether the engine hears of the batch, and what the caller is told: of a write,
    // and of a read.
    let table = [
        (Act::Pass, true, [Told::Yes, Told::Yes]),
        (Act::Delay(Duration::from_nanos(1)), true, [Told::Yes, Told::Yes]),
        (Act::LoseRequest, false, [Told::Unknown, Told::NotApplied]),
        (Act::LoseReply, true, [Told::Unknown, Told::NotApplied]),
        (Act::CrashBefore, false, [Told::Never, Told::Never]),
        (Act::CrashAfter, true, [Told::Never, Told::Never]),
    ];
    for (act, heard, told) in table {
        for (batch, told) in [write(), read()].into_iter().zip(told) {
            let engine = Scripted::told([]);
            let lossy = Faults::new(Arc::clone(&engine));
            lossy.next([act]);
            let heard = usize::from(heard);
            if told == Told::Never {
                let a = Key::alone("", "a").unwrap();
                let mut call = pin!(lossy.apply(batch.clone()));
                let mut context = Context::from_waker(Waker::noop());
                assert!(call.as_mut().poll(&mut context).is_pending());
                // The dead do not come back, and ask for nothing.
                assert!(pin!(lossy.apply(batch)).poll(&mut context).is_pending());
                assert!(pin!(lossy.changed(&a, Mark::NONE)).poll(&mut context).is_pending());
            } else {
                let came = match lossy.apply(batch).await {
                    Ok(_) => Told::Yes,
                    Err(fault) if fault.is_unknown() => Told::Unknown,
                    Err(fault) if fault.is_not_applied() => Told::NotApplied,
                    Err(fault) => panic!("{fault}"),
                };
                assert_eq!(came, told, "{act:?}");
            }
            assert_eq!(engine.asked(), heard, "{act:?}");
        }
    }
}

#[test]
fn a_retry_loses_no_replies_and_a_bad_network_does() {
    let retry = retry(&Scripted::told([]));
    assert!(!retry.profile().loses_replies);
    assert!(Faults::new(retry).profile().loses_replies);
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
struct Notes(Arc<Mutex<Vec<u8>>>);

impl Write for Notes {
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
    let page = Notes::default();
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
