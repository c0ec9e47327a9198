//! The same token never takes effect twice, and gets the first outcome again.

use std::num::NonZeroU64;
use std::time::Duration;

use exactly_core::operations::capacity::{Levels, Read, Take};
use exactly_core::operations::counter::{Add, Bounds, Get};
use exactly_core::operations::value;
use exactly_core::{
    Batch, Condition, Fault, HoldId, Key, Lifetime, Reply, Resolution, SessionId, Token,
};

use crate::subject::{Subject, key, step};

const HOUR: Duration = Duration::from_secs(3600);
const BRIEF: Duration = Duration::from_millis(50);

fn named(id: &str) -> Token {
    Token::caller(id, HOUR).expect("a good token")
}

fn add(key: &Key, by: i64, token: Token) -> Batch {
    Batch::one(step(key, Add::by(by))).named(token)
}

async fn apply(subject: &Subject, batch: Batch) -> Reply {
    subject.apply(batch).await.expect("the engine answers")
}

async fn value(subject: &Subject, key: &Key) -> i64 {
    subject.ok(key, Get { start: 0 }).await
}

/// A token sent again gets the first outcome, whatever happened meanwhile.
pub async fn one_effect(subject: Subject) {
    let a = key("a");
    let first = apply(&subject, add(&a, 5, named("order 1"))).await;
    subject.ok(&a, Add::by(10)).await;
    assert_eq!(apply(&subject, add(&a, 5, named("order 1"))).await, first);
    assert_eq!(value(&subject, &a).await, 15);
    let again = apply(&subject, add(&a, 5, named("order 2"))).await;
    assert_ne!(again, first);
    assert_eq!(value(&subject, &a).await, 20);
}

/// The same token ten thousand times at once: one effect, and the same outcome for all.
pub async fn ten_thousand_at_once(subject: Subject) {
    let seats = key("seats");
    // Each caller makes up its own id for the hold, as callers do: the batch is the same all the
    // same.
    let batch = |hold| {
        let take = Take { hold, units: 1, lease: HOUR, limit: 30 };
        Batch::of([step(&key("seats"), take), step(&key("count"), Add::by(1))])
            .named(named("job 7"))
    };
    let replies = subject
        .crowd(100, |subject, _| async move {
            let mut replies = Vec::new();
            for _ in 0..100 {
                replies.push(apply(&subject, batch(HoldId::unique())).await);
            }
            replies
        })
        .await
        .concat();
    assert_eq!(replies.len(), 10_000);
    assert!(replies.iter().all(|reply| *reply == replies[0]));
    assert_eq!(value(&subject, &key("count")).await, 1);
    let Levels { held, .. } = subject.ok(&seats, Read { limit: 30 }).await;
    assert_eq!(held, 1);
}

/// Many callers go through the same tokens in the same order, so that each is new to several at
/// once: one effect each.
pub async fn neck_and_neck(subject: Subject) {
    const TOKENS: i64 = 2_000;
    let replies = subject
        .crowd(8, |subject, _| async move {
            let mut replies = Vec::new();
            for number in 0..TOKENS {
                let batch = add(&key("count"), 1, named(&format!("job {number}")));
                replies.push(apply(&subject, batch).await);
            }
            replies
        })
        .await;
    assert_eq!(value(&subject, &key("count")).await, TOKENS);
    assert!(replies.iter().all(|told| *told == replies[0]));
}

/// A used id with another batch is misuse, and changes nothing.
pub async fn another_batch(subject: Subject) {
    let [a, b] = ["a", "b"].map(key);
    apply(&subject, add(&a, 5, named("order 1"))).await;
    let more = Batch::of([step(&a, Add::by(5)), step(&a, Add::by(5))]).named(named("order 1"));
    let same = || step(&a, Add::by(5));
    let optional = Batch::one(same().optional()).named(named("order 1"));
    let brief = Batch::one(same().lifetime(Lifetime::Sliding(HOUR))).named(named("order 1"));
    let requiring = add(&a, 5, named("order 1")).requiring(a.clone(), Condition::Exists);
    let [amount, place] = [add(&a, 6, named("order 1")), add(&b, 5, named("order 1"))];
    for other in [amount, place, more, optional, brief, requiring] {
        let fault = subject.apply(other).await.expect_err("another batch");
        assert!(fault.is_misuse() && fault.is_token_reused(), "{fault}");
        assert!(fault.to_string().contains("order 1"), "{fault}");
    }
    assert_eq!((value(&subject, &a).await, value(&subject, &b).await), (5, 0));
}

/// A refusal is an outcome like any other: it is what the token answers from then on.
pub async fn refusals_are_remembered(subject: Subject) {
    let a = key("a");
    let bounds = Bounds { min: Some(0), max: None };
    let take = step(&a, Add { by: -1, start: 0, bounds });
    let batch = Batch::one(take).named(named("order 1"));
    let refused = apply(&subject, batch.clone()).await;
    assert!(matches!(refused, Reply::Refused(_)));
    subject.ok(&a, Add::by(10)).await;
    assert_eq!(apply(&subject, batch).await, refused);
    assert_eq!(value(&subject, &a).await, 10);
}

async fn resolved(subject: &Subject, token: &Token) -> Resolution {
    subject.engine.resolve(token).await.expect("the engine answers")
}

fn is_nothing(resolution: &Resolution) -> bool {
    matches!(resolution, Resolution::Nothing)
}

/// A refusal is one in words as well, in whichever way the engine keeps it.
async fn refusals_in_words(subject: &Subject) {
    let bounds = Bounds { min: Some(0), max: Some(15) };
    let one = |to: i64, by| step(&key("b"), Add { by, start: to, bounds });
    let unmet = Batch::one(one(0, 1)).requiring(key("c"), Condition::Exists);
    subject.ok(&key("long"), Add::by(1_000_000_000_000_000)).await;
    for (place, batch) in [
        Batch::one(one(15, 1)),
        Batch::one(step(&key("long"), Add { by: 1, start: 0, bounds })),
        Batch::one(one(0, -1)),
        unmet,
        Batch::one(one(15, 1).lifetime(Lifetime::Sliding(HOUR))),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("refused {place}");
        let reply = apply(subject, batch.named(named(&name))).await;
        assert!(matches!(reply, Reply::Refused(_)), "{name}: {reply:?}");
        let Resolution::Answered(record) = resolved(subject, &named(&name)).await else {
            panic!("it was answered")
        };
        assert!(record.to_string().starts_with("refused"), "{name}: {record}");
    }
}

/// What became of a token can be looked up: the answer again, that there was none, or that it is
/// too long ago to tell. Nothing is changed by it.
pub async fn resolving(subject: Subject) {
    let a = key("a");
    let batch = add(&a, 5, named("order 1"));
    assert!(is_nothing(&resolved(&subject, &named("order 1")).await));
    let first = apply(&subject, batch.clone()).await;
    subject.ok(&a, Add::by(10)).await;
    let Resolution::Answered(record) = resolved(&subject, &named("order 1")).await else {
        panic!("it was applied")
    };
    assert_eq!(record.reply(&batch).unwrap(), first);
    let other = add(&a, 6, named("order 1"));
    assert!(record.reply(&other).unwrap_err().is_token_reused());
    assert!(record.to_string().starts_with("applied"), "{record}");
    assert!(is_nothing(&resolved(&subject, &named("order 2")).await));
    assert_eq!(value(&subject, &a).await, 15);

    let bounds = Bounds { min: Some(0), max: Some(15) };
    let more = Batch::of([
        step(&key("seats"), Take { hold: HoldId::unique(), units: 1, lease: HOUR, limit: 30 }),
        step(&a, Add { by: 1, start: 0, bounds }),
    ]);
    let more = more.named(named("order 3"));
    let refused = apply(&subject, more.clone()).await;
    let Resolution::Answered(record) = resolved(&subject, &named("order 3")).await else {
        panic!("it was answered")
    };
    assert_eq!(record.reply(&more).unwrap(), refused);
    assert!(record.to_string().starts_with("refused"), "{record}");

    refusals_in_words(&subject).await;

    // A fault leaves no record.
    let read = Read { limit: 30 };
    let odd = Batch::of([step(&a, Add::by(1)), step(&a, read)]).named(named("order 4"));
    assert!(subject.apply(odd).await.unwrap_err().is_wrong_type());
    assert!(is_nothing(&resolved(&subject, &named("order 4")).await));

    let brief = Token::caller("order 5", BRIEF).expect("a good token");
    apply(&subject, add(&a, 0, brief.clone())).await;
    subject.pass(BRIEF * 2).await;
    assert!(is_nothing(&resolved(&subject, &brief).await));
}

/// A session's place remembers its last batch: of the next nothing is known yet, and what was
/// before is forgotten.
pub async fn resolving_sessions(subject: Subject) {
    let (a, session) = (key("a"), SessionId::random());
    let token = |sequence| Token::Session {
        session,
        slot: 0,
        sequence: NonZeroU64::new(sequence).expect("a number from 1 on"),
    };
    for sequence in 1..3 {
        apply(&subject, add(&a, 1, token(sequence))).await;
    }
    let batch = add(&a, 1, token(2));
    let Resolution::Answered(record) = resolved(&subject, &token(2)).await else {
        panic!("it was applied")
    };
    assert_eq!(record.reply(&batch).unwrap(), apply(&subject, batch).await);
    assert!(is_nothing(&resolved(&subject, &token(3)).await));
    let older = resolved(&subject, &token(1)).await;
    assert!(matches!(older, Resolution::Forgotten), "{older:?}");
    let nobodys =
        Token::Session { session: SessionId::random(), slot: 0, sequence: NonZeroU64::MIN };
    let unknown = resolved(&subject, &nobodys).await;
    assert!(matches!(unknown, Resolution::Forgotten), "{unknown:?}");
}

/// A fault leaves no record: nothing happened, and the same token may be sent again.
pub async fn faults_are_not(subject: Subject) {
    let a = key("a");
    subject.ok(&a, value::Set { to: "x".into() }).await;
    let batch = add(&a, 5, named("order 1"));
    assert!(subject.apply(batch.clone()).await.expect_err("no number").is_not_a_number());
    subject.ok(&a, value::Set { to: "1".into() }).await;
    apply(&subject, batch.clone()).await;
    apply(&subject, batch).await;
    assert_eq!(value(&subject, &a).await, 6);
}

/// One place of a session, naming one batch after the other.
struct Lane {
    session: SessionId,
    slot: u16,
}

impl Lane {
    fn new(slot: u16) -> Self {
        Self { session: SessionId::random(), slot }
    }

    fn token(&self, sequence: u64) -> Token {
        let sequence = NonZeroU64::new(sequence).expect("sequences begin at 1");
        Token::Session { session: self.session, slot: self.slot, sequence }
    }
}

/// Each slot of a session remembers its last batch, and the slots do not mix.
pub async fn sessions(subject: Subject) {
    let a = key("a");
    let [one, two] = [Lane::new(0), Lane::new(0)];
    let third = Lane { session: one.session, slot: 1 };
    for sequence in 1..=100 {
        for lane in [&one, &two, &third] {
            let first = apply(&subject, add(&a, 1, lane.token(sequence))).await;
            assert_eq!(apply(&subject, add(&a, 1, lane.token(sequence))).await, first);
        }
    }
    assert_eq!(value(&subject, &a).await, 300);
    let other = subject.apply(add(&a, 2, one.token(100))).await.expect_err("another batch");
    assert!(other.is_misuse() && other.is_token_reused(), "{other}");
}

/// A number that is older than the last, or beyond the next, is unknown: never taken for new.
pub async fn session_gaps(subject: Subject) {
    let a = key("a");
    let lane = Lane::new(0);
    let unknown = |fault: Fault| fault.is_unknown() && fault.is_token_forgotten();
    assert!(unknown(subject.apply(add(&a, 1, lane.token(2))).await.expect_err("no first")));
    apply(&subject, add(&a, 1, lane.token(1))).await;
    apply(&subject, add(&a, 1, lane.token(2))).await;
    for sequence in [1, 4, u64::MAX] {
        let result = subject.apply(add(&a, 1, lane.token(sequence))).await;
        assert!(unknown(result.expect_err("not the next")), "{sequence}");
    }
    apply(&subject, add(&a, 1, lane.token(3))).await;
    assert_eq!(value(&subject, &a).await, 3);
}

/// A caller's id is remembered for as long as it said, and is new after that.
pub async fn forgetting(subject: Subject) {
    let a = key("a");
    let brief = || Token::caller("brief", BRIEF).expect("a good token");
    apply(&subject, add(&a, 1, brief())).await;
    apply(&subject, add(&a, 1, named("lasting"))).await;
    subject.pass(BRIEF * 2).await;
    apply(&subject, add(&a, 1, brief())).await;
    apply(&subject, add(&a, 1, named("lasting"))).await;
    assert_eq!(value(&subject, &a).await, 3);
}

/// A batch over several keys and kinds has one record.
pub async fn across_keys(subject: Subject) {
    let [a, b] = ["a", "b"].map(key);
    let batch = Batch::of([step(&a, Add::by(1)), step(&b, Add::by(1))]).named(named("both"));
    let first = apply(&subject, batch.clone()).await;
    assert_eq!(apply(&subject, batch).await, first);
    assert_eq!((value(&subject, &a).await, value(&subject, &b).await), (1, 1));
}
