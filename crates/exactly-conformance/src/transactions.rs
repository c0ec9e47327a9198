//! What is tried changes nothing, and is applied only if it is still told the same.

use std::time::Duration;

use exactly_core::operations::capacity::{Read, Take};
use exactly_core::operations::counter::{Add, Bounds, Get, Set};
use exactly_core::operations::key::{Delete, Expire, Rename, Ttl};
use exactly_core::operations::list::{End, Len, Push, Range};
use exactly_core::operations::lock::{self, Acquire, Mode};
use exactly_core::operations::{flag, limiter, map, once, queue, set, sorted_set, value};
use exactly_core::{
    Batch, Bytes, Delivery, HoldId, Key, Operation, Refusal, Rehearsal, Reply, Step, Token, Tried,
};

use crate::operations::queue::{job, push};
use crate::subject::{Subject, key, step};

const HOUR: Duration = Duration::from_secs(3600);

async fn tried(subject: &Subject, steps: Vec<Step>) -> Vec<Tried> {
    match subject.engine.rehearse(Batch::of(steps)).await.expect("it can be tried") {
        Rehearsal::Told(tried) => tried,
        Rehearsal::Refused(refusal) => panic!("{refusal:?}"),
    }
}

async fn value(subject: &Subject, key: &Key) -> i64 {
    subject.ok(key, Get { start: 0 }).await
}

fn seen(steps: Vec<Step>, tried: &[Tried]) -> Batch {
    let seen = tried.iter().map(|one| one.sight.clone()).collect();
    Batch { seen, ..Batch::of(steps) }
}

/// One of each kind, on keys of their own and on those of each other.
fn of_every_kind() -> Vec<Step> {
    let pairs = || [("ada", "1")].map(|(field, value)| (field.into(), value.into()));
    vec![
        step(&key("count"), Add::by(5)),
        step(&key("count"), Get { start: 0_i64 }),
        step(&key("motto"), value::Set { to: "new".into() }),
        step(&key("motto"), Expire { after: HOUR }),
        step(&key("open"), flag::Clear {}),
        step(&key("seats"), Take { hold: HoldId::unique(), units: 2, lease: HOUR, limit: 3 }),
        step(&key("seats"), Read { limit: 3 }),
        step(&key("list"), Push { end: End::Back, elements: vec!["b".into()], limit: None }),
        step(&key("list"), Range { from: 0, to: -1 }),
        step(&key("set"), set::Add { members: ["b".into()].into_iter().collect(), limit: None }),
        step(&key("set"), set::All {}),
        step(&key("board"), sorted_set::Len {}),
        step(&key("map"), map::Set { pairs: pairs().into_iter().collect(), limit: None }),
        step(&key("map"), map::All {}),
        step(&key("jobs"), push([job(1)])),
        step(&key("jobs"), queue::Depth {}),
        step(&key("count"), Rename { to: key("moved"), replace: true }),
        step(&key("motto"), Delete {}),
    ]
}

async fn furnish(subject: &Subject) {
    subject.ok(&key("count"), Add::by(7)).await;
    subject.ok(&key("moved"), Add::by(1)).await;
    subject.ok(&key("motto"), value::Set { to: "old".into() }).await;
    subject.ok(&key("open"), flag::Mark { only_if_unmarked: false }).await;
    let list = Push { end: End::Back, elements: vec!["a".into()], limit: None };
    subject.ok(&key("list"), list).await;
    let members = ["a".into()].into_iter().collect();
    subject.ok(&key("set"), set::Add { members, limit: None }).await;
}

/// What is tried is told as if it were done, each operation after those before it, and leaves no
/// trace. Then it is done, and told the same.
pub async fn tried_and_applied(subject: Subject) {
    furnish(&subject).await;
    let steps = of_every_kind();
    let first = tried(&subject, steps.clone()).await;
    let again = tried(&subject, steps.clone()).await;
    assert_eq!(first, again);
    assert_eq!(value(&subject, &key("count")).await, 7);
    assert_eq!(value(&subject, &key("moved")).await, 1);
    assert_eq!(subject.ok(&key("list"), Len {}).await, 1);
    let reply = subject.apply(seen(steps, &first)).await.expect("it answers");
    let Reply::Applied(outcomes) = reply else { panic!("{reply:?}") };
    assert!(outcomes.iter().eq(first.iter().map(|one| &one.outcome)));
    assert_eq!(value(&subject, &key("moved")).await, 12);
}

/// What has changed meanwhile is found at its place, and nothing is done.
pub async fn changed_meanwhile(subject: Subject) {
    let [a, b] = ["a", "b"].map(key);
    let steps =
        || vec![step(&a, Get { start: 0_i64 }), step(&b, Set { to: 1_i64, bounds: Bounds::NONE })];
    let told = tried(&subject, steps()).await;
    subject.ok(&a, Add::by(1)).await;
    let reply = subject.apply(seen(steps(), &told)).await;
    assert_eq!(reply.expect("it answers"), Reply::Refused(Refusal::Changed(0)));
    assert_eq!(value(&subject, &b).await, 0);
    // As soon as it is tried on.
    let more = seen([steps(), vec![step(&b, Get { start: 0_i64 })]].concat(), &told);
    let refused = subject.engine.rehearse(more).await.expect("it answers");
    assert_eq!(refused, Rehearsal::Refused(Refusal::Changed(0)));
    // What is as it was before has not changed, whatever came in between.
    subject.ok(&a, Delete {}).await;
    let reply = subject.apply(seen(steps(), &told)).await.expect("it answers");
    assert!(matches!(reply, Reply::Applied(_)), "{reply:?}");
    assert_eq!(value(&subject, &b).await, 1);
}

/// Under a caller's token a conflict is no answer to be kept: the next attempt has the same token,
/// and another batch.
pub async fn a_conflict_leaves_no_record(subject: Subject) {
    let a = key("a");
    let token = Token::caller("order 7", HOUR).expect("a token");
    let under = |batch: Batch| Batch { delivery: Delivery::Token(token.clone().into()), ..batch };
    let steps = || vec![step(&a, Get { start: 0_i64 }), step(&a, Add::by(1))];
    let early = tried(&subject, steps()).await;
    subject.ok(&a, Add::by(5)).await;
    let reply = subject.apply(under(seen(steps(), &early))).await.expect("it answers");
    assert_eq!(reply, Reply::Refused(Refusal::Changed(0)));
    let told = tried(&subject, steps()).await;
    let first = subject.apply(under(seen(steps(), &told))).await.expect("it answers");
    assert!(matches!(first, Reply::Applied(_)), "{first:?}");
    let again = subject.apply(under(seen(steps(), &told))).await.expect("it answers");
    assert_eq!((again, value(&subject, &a).await), (first, 6));
    let other = subject.apply(under(seen(steps(), &early))).await;
    assert!(other.expect_err("another batch").is_token_reused());
}

/// A refusal is a thing to be seen like any other, when it is optional.
pub async fn refusals_are_seen(subject: Subject) {
    let seats = key("seats");
    let take = |units| Take { hold: HoldId::unique(), units, lease: HOUR, limit: 3 };
    let steps = || vec![step(&seats, take(5)).optional(), step(&key("told"), Add::by(1))];
    let told = tried(&subject, steps()).await;
    assert!(told[0].outcome.is_refusal());
    let reply = subject.apply(seen(steps(), &told)).await.expect("it answers");
    assert!(matches!(reply, Reply::Applied(_)), "{reply:?}");
    subject.ok(&seats, take(1)).await;
    let reply = subject.apply(seen(steps(), &told)).await.expect("it answers");
    assert_eq!(reply, Reply::Refused(Refusal::Changed(0)));
    let required = vec![step(&seats, take(5))];
    let refused = subject.engine.rehearse(Batch::of(required)).await.expect("it answers");
    assert!(matches!(refused, Rehearsal::Refused(Refusal::Operation(0, _))), "{refused:?}");
    assert_eq!(value(&subject, &key("told")).await, 1);
}

/// Time that passes is no change: what is left of a life or a lease may be less.
pub async fn time_alone(subject: Subject) {
    let [brief, door, emails, jobs, report] =
        ["brief", "door", "emails", "jobs", "report"].map(key);
    subject.ok(&brief, Add::by(1)).await;
    subject.ok(&brief, Expire { after: HOUR }).await;
    let mode = Mode::Exclusive;
    let acquire = Acquire { owner: HoldId::unique(), mode, lease: HOUR, line: false, fences: 1 };
    subject.ok(&door, acquire).await;
    let (units, rate) = (2, limiter::Rate { every: HOUR, burst: 3 });
    subject.ok(&emails, limiter::Check { units, rate }).await;
    subject.ok(&jobs, push([job(1)])).await;
    let begin = || once::Begin { worker: HoldId::unique(), lease: HOUR };
    subject.ok(&report, begin()).await;
    let others = begin();
    let steps = || {
        vec![
            step(&brief, Ttl {}),
            step(&door, lock::Read {}),
            step(&emails, limiter::Peek { rate }),
            step(&emails, limiter::Check { units, rate }).optional(),
            step(&jobs, queue::Depth {}),
            step(&report, once::Read {}),
            step(&report, others.clone()).optional(),
        ]
    };
    let told = tried(&subject, steps()).await;
    subject.pass(Duration::from_millis(20)).await;
    let reply = subject.apply(seen(steps(), &told)).await.expect("it answers");
    assert!(matches!(reply, Reply::Applied(_)), "{reply:?}");
    // But the end of it is one.
    subject.ok(&brief, Expire { after: Duration::from_millis(30) }).await;
    let told = tried(&subject, steps()).await;
    subject.pass(Duration::from_millis(60)).await;
    let reply = subject.apply(seen(steps(), &told)).await.expect("it answers");
    assert_eq!(reply, Reply::Refused(Refusal::Changed(0)));
}

/// Misuse is told when it is tried, and leaves nothing either.
pub async fn misuse(subject: Subject) {
    let [a, list] = ["a", "list"].map(key);
    let elements = vec![Bytes::from("a")];
    subject.ok(&list, Push { end: End::Back, elements, limit: None }).await;
    let steps = vec![step(&a, Add::by(1)), Step::new(list, Get { start: 0_i64 }.into_op())];
    let fault = subject.engine.rehearse(Batch::of(steps)).await.expect_err("a list is no counter");
    assert!(fault.is_wrong_type(), "{fault}");
    assert_eq!(value(&subject, &a).await, 0);
    let more = Batch { seen: vec!["=".into()], ..Batch::of([]) };
    assert!(subject.apply(more).await.expect_err("more seen than done").is_misuse());
}
