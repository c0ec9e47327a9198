//! The key itself.

use std::time::Duration;

use exactly_core::operations::capacity::{Resize, Take};
use exactly_core::operations::counter::{Add, AddTimes, AddUndoable, Bounds, Get};
use exactly_core::operations::key::{
    Delete, Exists, Expire, ExpireAt, KindOf, Life, Persist, Rename, Renamed, TTL_MAX, Ttl,
};
use exactly_core::operations::sorted_set::{Scored, When};
use exactly_core::operations::{counter, flag, list, map, set, sorted_set, value};
use exactly_core::{
    Batch, HoldId, Key, Kind, Lifetime, Op, Operation, PART_BYTES_MAX, Reply, Step, Timestamp,
};

use crate::subject::{Subject, key, step};

const HOUR: Duration = Duration::from_secs(3600);
const SOON: Duration = Duration::from_millis(50);

/// Exists, delete, expire and persist, on nothing and on something.
pub async fn meaning(subject: Subject) {
    let key = key("seats");
    assert!(!subject.ok(&key, Exists {}).await);
    assert_eq!(subject.ok(&key, Ttl {}).await, Life::Missing);
    assert!(!subject.ok(&key, Expire { after: HOUR }).await);
    assert!(!subject.ok(&key, Persist {}).await);
    assert!(!subject.ok(&key, Delete {}).await);
    subject.ok(&key, Add::by(1)).await;
    assert!(subject.ok(&key, Exists {}).await);
    assert_eq!(subject.ok(&key, Ttl {}).await, Life::Persistent);
    assert!(!subject.ok(&key, Persist {}).await);
    assert!(subject.ok(&key, Expire { after: HOUR }).await);
    let Life::Left(left) = subject.ok(&key, Ttl {}).await else { panic!("a life has an end") };
    assert!(left <= HOUR && left > HOUR / 2, "{left:?}");
    assert!(subject.ok(&key, Persist {}).await);
    assert_eq!(subject.ok(&key, Ttl {}).await, Life::Persistent);
    assert!(subject.ok(&key, Delete {}).await);
    assert!(!subject.ok(&key, Exists {}).await);
}

/// Renaming moves state and time to live, or refuses and changes nothing.
pub async fn renaming(subject: Subject) {
    let [from, to] = ["from", "to"].map(key);
    let rename = |replace| Rename { to: to.clone(), replace };
    let read = |key: &Key| {
        let (subject, key) = (subject.clone(), key.clone());
        async move { subject.ok(&key, Get { start: 0 }).await }
    };
    assert_eq!(subject.ok(&from, rename(true)).await, Renamed::Missing);
    subject.ok(&from, Add::by(7)).await;
    subject.ok(&from, Expire { after: HOUR }).await;
    assert_eq!(subject.ok(&from, rename(false)).await, Renamed::Renamed);
    assert_eq!((read(&from).await, read(&to).await), (0, 7));
    assert!(matches!(subject.ok(&to, Ttl {}).await, Life::Left(_)));
    subject.ok(&from, Add::by(1)).await;
    assert_eq!(subject.ok(&from, rename(false)).await, Renamed::Taken);
    assert_eq!((read(&from).await, read(&to).await), (1, 7));
    assert_eq!(subject.ok(&from, rename(true)).await, Renamed::Renamed);
    assert_eq!((read(&from).await, read(&to).await), (0, 1));
    assert_eq!(subject.ok(&to, Ttl {}).await, Life::Persistent);
    assert_eq!(subject.ok(&to, rename(true)).await, Renamed::Renamed);
    assert_eq!(subject.ok(&to, rename(false)).await, Renamed::Taken);
    assert_eq!(read(&to).await, 1);
}

/// What has expired is as if it had never been, and leaves a name free.
pub async fn expiry(subject: Subject) {
    let [gone, other] = ["gone", "other"].map(key);
    subject.ok(&gone, Add::by(7)).await;
    subject.ok(&gone, Expire { after: SOON }).await;
    subject.pass(SOON * 2).await;
    assert!(!subject.ok(&gone, Exists {}).await);
    assert!(!subject.ok(&gone, Delete {}).await);
    assert_eq!(subject.ok(&gone, Ttl {}).await, Life::Missing);
    subject.ok(&other, Add::by(1)).await;
    let rename = Rename { to: gone.clone(), replace: false };
    assert_eq!(subject.ok(&other, rename).await, Renamed::Renamed);
    assert_eq!(subject.ok(&gone, Get { start: 0 }).await, 1);
}

/// What ends at a moment does so then; one that has passed is the end.
pub async fn ending_at_a_moment(subject: Subject) {
    let [gone, brief, lasting] = ["gone", "brief", "lasting"].map(key);
    let now = subject.now();
    for (key, at) in
        [(&gone, Timestamp::from_nanos(1)), (&brief, now.plus(SOON)), (&lasting, now.plus(HOUR))]
    {
        assert!(!subject.ok(key, ExpireAt { at }).await);
        subject.ok(key, Add::by(7)).await;
        assert!(subject.ok(key, ExpireAt { at }).await);
    }
    assert!(!subject.ok(&gone, Exists {}).await);
    subject.pass(SOON * 2).await;
    assert!(!subject.ok(&brief, Exists {}).await);
    let Life::Left(left) = subject.ok(&lasting, Ttl {}).await else { panic!("it has an end") };
    assert!(left <= HOUR && left > HOUR / 2, "{left:?}");
    // Counted on from there, for as long as the moment lies ahead.
    assert_eq!(subject.ok(&lasting, Get { start: 0 }).await, 7);
    assert!(subject.ok(&lasting, ExpireAt { at: Timestamp::ZERO }).await);
    assert_eq!(subject.ok(&lasting, Ttl {}).await, Life::Missing);
}

/// Every operation that writes brings the moment at which all ends; where that has passed, nothing
/// of the write is left.
pub async fn writes_until_a_moment(subject: Subject) {
    let ahead = Lifetime::Until(subject.now().plus(HOUR));
    let passed = Lifetime::Until(Timestamp::from_nanos(1));
    for (number, op) in every_write().into_iter().enumerate() {
        let key = key(&format!("written {number}"));
        let write = |lifetime| Step::new(key.clone(), op.clone()).lifetime(lifetime);
        let answer = subject.apply(Batch::one(write(ahead))).await.expect("the engine answers");
        assert!(matches!(answer, Reply::Applied(_)), "{op:?}");
        let Life::Left(left) = subject.ok(&key, Ttl {}).await else { panic!("{op:?}") };
        assert!(left <= HOUR && left > HOUR / 2, "{op:?} {left:?}");
        // The second write is another of the same life, the first of a batch of its own.
        subject.apply(Batch::one(write(passed).optional())).await.expect("the engine answers");
        if matches!(&op, Op::Value(_) | Op::Flag(_)) {
            // One that writes only where nothing is refused, and so it changed nothing.
            subject.ok(&key, Delete {}).await;
        }
        let both = Batch::of([write(passed), step(&key, Exists {}), write(passed)]);
        let Ok(Reply::Applied(outcomes)) = subject.apply(both).await else { panic!("{op:?}") };
        assert_eq!(Exists::outcome(outcomes[1].clone()), Some(false), "{op:?}");
        assert!(outcomes[0].says_the_same(&outcomes[2]), "{op:?}: {outcomes:?}");
        assert!(!subject.ok(&key, Exists {}).await, "{op:?}");
    }
    // A batch that is taken back brings back what its end had removed.
    let [kept, marked] = ["kept", "marked"].map(key);
    subject.ok(&kept, Add::by(7)).await;
    subject.ok(&kept, Expire { after: HOUR }).await;
    let once = flag::Mark { only_if_unmarked: true };
    subject.ok(&marked, once.clone()).await;
    let last = step(&kept, Add::by(1)).lifetime(passed);
    let reply = subject.apply(Batch::of([last, step(&marked, once)])).await;
    assert!(matches!(reply, Ok(Reply::Refused(_))), "{reply:?}");
    assert_eq!(subject.ok(&kept, Get { start: 0 }).await, 7);
    assert!(matches!(subject.ok(&kept, Ttl {}).await, Life::Left(_)));
}

/// Of each kind: operations that write, wherever nothing is stored.
fn every_write() -> Vec<Op> {
    let (bounds, to) = (Bounds { min: None, max: Some(9) }, "x");
    let scored = Scored { member: to.into(), score: 1.5 };
    vec![
        Add::by(1).into_op(),
        Add { by: 1, start: 0, bounds }.into_op(),
        Add::by(0.5).into_op(),
        AddUndoable::by(1).into_op(),
        AddTimes { by: 1, times: 3, start: 0, bounds }.into_op(),
        counter::Set { to: 1, bounds }.into_op(),
        counter::Swap { to: 1, start: 0, bounds }.into_op(),
        value::Set { to: to.into() }.into_op(),
        value::Swap { to: to.into() }.into_op(),
        value::SetIfAbsent { to: to.into() }.into_op(),
        flag::Mark { only_if_unmarked: true }.into_op(),
        flag::Mark { only_if_unmarked: false }.into_op(),
        Resize { to: 3 }.into_op(),
        Take { hold: HoldId::unique(), units: 1, lease: HOUR, limit: 3 }.into_op(),
        list::Push { end: list::End::Back, elements: vec![to.into()], limit: None }.into_op(),
        set::Add { members: [to.into()].into(), limit: None }.into_op(),
        sorted_set::Add { members: [scored].into(), when: When::ALWAYS, limit: None }.into_op(),
        map::Set { pairs: [(to.into(), to.into())].into(), limit: None }.into_op(),
    ]
}

/// Which kind of object is stored, whichever handle wrote it.
pub async fn kinds(subject: Subject) {
    let table = [
        (Add::by(1).into_op(), Kind::Scalar),
        (Add::by(0.5).into_op(), Kind::Scalar),
        (value::Set { to: "x".into() }.into_op(), Kind::Scalar),
        (flag::Mark { only_if_unmarked: true }.into_op(), Kind::Scalar),
        (Resize { to: 3 }.into_op(), Kind::Capacity),
    ];
    let key = key("stored");
    for (op, kind) in table {
        assert_eq!(subject.ok(&key, KindOf {}).await, None);
        let batch = Batch::of([Step::new(key.clone(), op), step(&key, KindOf {})]);
        let Ok(Reply::Applied(outcomes)) = subject.apply(batch).await else { panic!("{kind:?}") };
        assert_eq!(KindOf::outcome(outcomes[1].clone()), Some(Some(kind)));
        assert_eq!(subject.ok(&key, KindOf {}).await, Some(kind));
        subject.ok(&key, Delete {}).await;
    }
}

/// Every awkward character in every part: keys stay apart and come back.
pub async fn awkward_names(subject: Subject) {
    let keys = awkward_keys();
    for (number, key) in keys.iter().enumerate() {
        subject.ok(key, Add::by(number as i64 + 1)).await;
    }
    for (number, key) in keys.iter().enumerate() {
        let value = subject.ok(key, Get { start: 0 }).await;
        assert_eq!(value, number as i64 + 1, "{key:?}");
    }
}

/// Keys with an awkward part in every place.
pub(crate) fn awkward_keys() -> Vec<Key> {
    let long = "x".repeat(PART_BYTES_MAX);
    let parts = [
        "a:b",
        "a%3Ab",
        "a",
        ":",
        "::",
        "{a}",
        "}{",
        "{",
        "%",
        "%25",
        "'",
        "\"",
        "\\",
        "\r\n",
        "\t",
        " ",
        "  ",
        "*",
        "?",
        "[a]",
        "a\u{202e}b",
        "ключ",
        "🪑",
        "--",
        "; DROP TABLE x",
        "\u{7f}",
        &long,
    ];
    parts.into_iter().flat_map(places).collect()
}

fn places(part: &str) -> [Key; 6] {
    [
        Key::in_group(part, "group", "id", "field"),
        Key::in_group("", part, "id", "field"),
        Key::in_group("", "group", part, "field"),
        Key::in_group("", "group", "id", part),
        Key::global("", "group", part),
        Key::alone("", part),
    ]
    .map(|key| key.expect("an awkward name is a name"))
}

/// A time to live outside what is allowed is misuse that names the key; nothing changes.
pub async fn bad_settings(subject: Subject) {
    let key = key("seats");
    subject.ok(&key, Add::by(1)).await;
    for after in [Duration::ZERO, TTL_MAX + Duration::from_nanos(1)] {
        let fault = subject.run(&key, Expire { after }).await.expect_err("not allowed");
        assert!(fault.is_misuse() && fault.is_bad_setting(), "{fault}");
        assert_eq!(fault.key(), Some(&key));
    }
    let never = subject.run(&key, ExpireAt { at: Timestamp::MAX }).await.expect_err("no end");
    let write = step(&key, Add::by(1)).lifetime(Lifetime::Until(Timestamp::MAX));
    for fault in [never, subject.apply(Batch::one(write)).await.expect_err("no end")] {
        assert!(fault.is_misuse() && fault.is_bad_setting(), "{fault}");
        assert_eq!(fault.key(), Some(&key));
    }
    assert_eq!(subject.ok(&key, Ttl {}).await, Life::Persistent);
    assert!(subject.ok(&key, Expire { after: TTL_MAX }).await);
}
