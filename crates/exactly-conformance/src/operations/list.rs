//! Lists: elements in an order, taken and put at both ends.

use std::num::NonZeroU64;
use std::time::Duration;

use exactly_core::operations::capacity::Resize;
use exactly_core::operations::key::{Delete, Exists, Expire, Life, Ttl};
use exactly_core::operations::list::{
    End, Insert, Inserted, Len, Move, Moved, Pop, Position, Push, PushIfRoom, Pushed, PushedIfRoom,
    Range, Remove, Replace, SetAt, SetAtOutcome, Side, Trim,
};
use exactly_core::operations::value::{self, VALUE_BYTES_MAX};
use exactly_core::{
    Batch, Bytes, Destination, ELEMENTS_MAX, Key, Lifetime, Model, Op, Operation, Outcome, Reply,
    Step,
};
use fastrand::Rng;

use crate::subject::{Subject, key, step};

const HOUR: Duration = Duration::from_secs(3600);

/// One element for each letter.
fn each(letters: &str) -> Vec<Bytes> {
    letters.chars().map(|letter| Bytes::from(letter.to_string())).collect()
}

fn push(end: End, letters: &str, most: u64) -> Push {
    Push { end, elements: each(letters), limit: NonZeroU64::new(most) }
}

fn push_if_room(end: End, letters: &str, most: u64) -> PushIfRoom {
    let limit = NonZeroU64::new(most).expect("a limit");
    PushIfRoom { end, elements: each(letters), limit }
}

fn insert(side: Side, pivot: &str, element: &str, most: u64) -> Insert {
    Insert { side, pivot: pivot.into(), element: element.into(), limit: NonZeroU64::new(most) }
}

fn move_to(from: End, to: &Key, end: End, most: u64) -> Move {
    let (key, limit) = (to.clone(), NonZeroU64::new(most));
    Move { from, to: Box::new(Destination { key, limit, lifetime: Lifetime::Unchanged }), end }
}

fn everything() -> Range {
    Range { from: 0, to: -1 }
}

async fn all(subject: &Subject, key: &Key) -> Vec<Bytes> {
    subject.ok(key, everything()).await
}

/// Every verb once, the refusals among them.
pub async fn meaning(subject: Subject) {
    use End::{Back, Front};
    let [list, other] = ["list", "other"].map(key);
    let at_front = |count| Pop { end: Front, count };
    assert_eq!(all(&subject, &list).await, each(""));
    assert_eq!(subject.ok(&list, at_front(1)).await, each(""));
    let pushed = Pushed { before: 0, len: 3 };
    assert_eq!(subject.ok(&list, push(Back, "bcd", 0)).await, pushed);
    assert_eq!(subject.ok(&list, push(Front, "a", 0)).await, Pushed { before: 3, len: 4 });
    assert_eq!(all(&subject, &list).await, each("abcd"));
    assert_eq!(subject.ok(&list, Len {}).await, 4);
    assert_eq!(subject.ok(&list, Range { from: -2, to: 9 }).await, each("cd"));
    let position = |element: &str| Position { element: element.into(), end: Back };
    assert_eq!(subject.ok(&list, position("c")).await, Some(2));
    assert_eq!(subject.ok(&list, position("z")).await, None);
    // What is too much goes at the other end, or nothing is pushed.
    assert_eq!(subject.ok(&list, push(Back, "ef", 4)).await, Pushed { before: 4, len: 4 });
    let full = PushedIfRoom::Full { free: 1 };
    assert_eq!(subject.ok(&list, push_if_room(Back, "gh", 5)).await, full);
    let room = PushedIfRoom::Pushed { len: 5 };
    assert_eq!(subject.ok(&list, push_if_room(Back, "g", 5)).await, room);
    assert_eq!(all(&subject, &list).await, each("cdefg"));
    assert_eq!(subject.ok(&list, SetAt { index: -1, to: "c".into() }).await, SetAtOutcome::Set);
    let outside = SetAtOutcome::OutOfRange { len: 5 };
    assert_eq!(subject.ok(&list, SetAt { index: 5, to: "x".into() }).await, outside);
    let inserted = subject.ok(&list, insert(Side::After, "c", "x", 0)).await;
    assert_eq!(inserted, Inserted::Inserted { len: 6 });
    let no_room = subject.ok(&list, insert(Side::After, "c", "y", 6)).await;
    assert_eq!(no_room, Inserted::Full { len: 6 });
    let no_pivot = subject.ok(&list, insert(Side::After, "y", "z", 0)).await;
    assert_eq!(no_pivot, Inserted::NoPivot);
    assert_eq!(all(&subject, &list).await, each("cxdefc"));
    let remove = Remove { element: "c".into(), end: Back, count: Some(1) };
    assert_eq!(subject.ok(&list, remove).await, 1);
    assert_eq!(subject.ok(&list, Trim { from: 1, to: -1 }).await, 1);
    assert_eq!(subject.ok(&list, Pop { end: Back, count: 2 }).await, each("fe"));
    let moved = subject.ok(&list, move_to(Front, &other, Back, 0)).await;
    assert_eq!(moved, Moved::Moved { element: "x".into() });
    assert_eq!(all(&subject, &other).await, each("x"));
    assert_eq!(subject.ok(&list, at_front(9)).await, each("d"));
    assert!(!subject.ok(&list, Exists {}).await);
    assert_eq!(subject.ok(&list, move_to(Front, &other, Back, 0)).await, Moved::Empty);
    let replace = |with: &str| Replace { with: each(with), limit: NonZeroU64::new(2) };
    assert_eq!(subject.ok(&other, replace("abc")).await, 1);
    assert_eq!(all(&subject, &other).await, each("bc"));
    assert_eq!(subject.ok(&other, replace("")).await, 2);
    assert!(!subject.ok(&other, Exists {}).await);
}

/// Every operation with many settings.
fn operations(list: &Key, other: &Key) -> Vec<Op> {
    let mut ops = vec![Len {}.into_op()];
    let indices = [0, 1, 3, 9, -1, -2, -4, -9, i64::MAX, i64::MIN];
    for from in indices {
        ops.push(SetAt { index: from, to: "x".into() }.into_op());
        for to in indices {
            ops.extend([Range { from, to }.into_op(), Trim { from, to }.into_op()]);
        }
    }
    for end in [End::Front, End::Back] {
        for letters in ["", "x", "xyz"] {
            for most in [1, 3, 6] {
                ops.push(push(end, letters, most).into_op());
                ops.push(push_if_room(end, letters, most).into_op());
            }
            ops.push(push(end, letters, 0).into_op());
        }
        for count in [0, 1, 2, 9, u64::MAX] {
            ops.push(Pop { end, count }.into_op());
            ops.push(Remove { element: "a".into(), end, count: Some(count) }.into_op());
        }
        ops.push(Remove { element: "a".into(), end, count: None }.into_op());
        for element in ["a", "b", "z"] {
            ops.push(Position { element: element.into(), end }.into_op());
        }
        for (to, most) in [(list, 0), (list, 1), (other, 0), (other, 2)] {
            ops.push(move_to(end, to, End::Front, most).into_op());
            ops.push(move_to(end, to, End::Back, most).into_op());
        }
    }
    for pivot in ["a", "b", "z"] {
        for most in [0, 1, 9] {
            ops.push(insert(Side::Before, pivot, "x", most).into_op());
            ops.push(insert(Side::After, pivot, "x", most).into_op());
        }
    }
    for (with, limit) in [("", None), ("xyz", None), ("xyz", NonZeroU64::new(2))] {
        ops.push(Replace { with: each(with), limit }.into_op());
    }
    ops
}

const BEFORE: [(&str, &str); 5] = [
    ("", "xy"),
    ("a", ""),
    ("ab", "xy"),
    ("aabba", ""),
    ("aaaaaaaaaaaaabaaaaaaaaaaaaaaaaaaaaaab", "x"),
];

/// Every operation with every setting, on lists short and long, against the model.
pub async fn every_setting(subject: Subject) {
    let [list, other] = ["list", "other"].map(key);
    for (before, there) in BEFORE {
        for op in operations(&list, &other) {
            let mut model = Model::new();
            let lists = [(&list, before), (&other, there)];
            for (key, letters) in lists {
                let fill = Replace { with: each(letters), limit: None };
                subject.ok(key, fill.clone()).await;
                model.run(key, fill).expect("the model answers");
            }
            let tried = Batch::one(Step::new(list.clone(), op.clone()).optional());
            let meant = model.apply(&tried).expect("the model answers");
            let told = subject.apply(tried).await.expect("the engine answers");
            assert_eq!(told, meant, "{before} {op:?}");
            for (key, _) in lists {
                let meant = model.run(key, everything()).expect("the model answers");
                assert_eq!(all(&subject, key).await, meant, "{before} {op:?}");
            }
        }
    }
}

/// Whatever operations did, a later refusal in their batch undoes: the elements, their order, and
/// the time to live. Each operation by itself, and behind others.
pub async fn undone(subject: Subject) {
    let [list, other, none] = ["list", "other", "none"].map(key);
    let mut dice = Rng::with_seed(7);
    let life = Lifetime::Sliding(HOUR * 2);
    for (before, there) in BEFORE {
        for (key, letters) in [(&list, before), (&other, there)] {
            subject.ok(key, Replace { with: each(letters), limit: None }).await;
            subject.ok(key, Expire { after: HOUR }).await;
        }
        let read = || Batch::of([&list, &other].map(|key| step(key, everything())));
        let stored = subject.apply(read()).await.expect("the engine answers");
        let writes: Vec<_> = operations(&list, &other).into_iter().filter(Op::writes).collect();
        for op in &writes {
            let mut ops = vec![op];
            ops.extend((0..dice.usize(..4)).map(|_| &writes[dice.usize(..writes.len())]));
            dice.shuffle(&mut ops);
            let tried = |op: &&Op| Step::new(list.clone(), (*op).clone()).lifetime(life).optional();
            let refused = step(&none, SetAt { index: 0, to: "x".into() });
            let batch = Batch::of(ops.iter().map(tried).chain([refused]));
            let reply = subject.apply(batch).await;
            assert!(matches!(reply, Ok(Reply::Refused(_))), "{before} {ops:?}: {reply:?}");
            let found = subject.apply(read()).await.expect("the engine answers");
            assert_eq!(found, stored, "{before} {ops:?}");
            for (key, letters) in [(&list, before), (&other, there)] {
                let life = subject.ok(key, Ttl {}).await;
                let as_before = match life {
                    Life::Missing => letters.is_empty(),
                    Life::Left(left) => left <= HOUR,
                    Life::Persistent => false,
                };
                assert!(as_before, "{before} {ops:?}: {life:?}");
            }
        }
    }
}

/// Any bytes come back as they were; an empty element is one.
pub async fn any_bytes(subject: Subject) {
    let [list, other] = ["list", "other"].map(key);
    let every: Vec<u8> = (0..=255).collect();
    let large = vec![b'x'; 1 << 20];
    let elements: Vec<Bytes> =
        [Vec::new(), vec![0], every, large, b"\r\n".to_vec(), "🪑".into(), b"3:abc".to_vec()]
            .map(Bytes::from)
            .into();
    let push = Push { end: End::Back, elements: elements.clone(), limit: None };
    subject.ok(&list, push).await;
    assert!(all(&subject, &list).await == elements);
    for (place, element) in elements.iter().enumerate() {
        let position = Position { element: element.clone(), end: End::Front };
        assert_eq!(subject.ok(&list, position).await, Some(place as u64));
        let to = SetAt { index: place as i64, to: element.clone() };
        assert_eq!(subject.ok(&list, to).await, SetAtOutcome::Set);
    }
    for element in &elements {
        let moved = subject.ok(&list, move_to(End::Front, &other, End::Back, 0)).await;
        assert_eq!(moved, Moved::Moved { element: element.clone() });
    }
    let Reply::Applied(outcomes) = subject
        .apply(Batch::of([
            step(&other, everything()),
            step(&other, Pop { end: End::Front, count: 9 }),
        ]))
        .await
        .expect("the engine answers")
    else {
        panic!("reading and popping are not refused")
    };
    let [read, popped] = outcomes.as_slice() else { panic!("two outcomes") };
    let of = |outcome: &Outcome| outcome.clone();
    assert!(Range::outcome(of(read)).as_ref() == Some(&elements));
    assert!(Pop::outcome(of(popped)) == Some(elements));
}

/// A list of a hundred thousand elements: written, read and emptied in parts, and as a whole.
pub async fn large(subject: Subject) {
    const PARTS: usize = 4;
    const PART: usize = 25_000;
    let list = key("list");
    let part = |number: usize| -> Vec<Bytes> {
        let numbers = number * PART..(number + 1) * PART;
        numbers.map(|number| Bytes::from(number.to_string())).collect()
    };
    for number in 0..PARTS {
        let push = Push { end: End::Back, elements: part(number), limit: None };
        let len = ((number + 1) * PART) as u64;
        assert_eq!(subject.ok(&list, push).await.len, len);
    }
    let whole: Vec<Bytes> = (0..PARTS).flat_map(part).collect();
    assert!(all(&subject, &list).await == whole);
    let page = Range { from: 60_000, to: 60_999 };
    assert!(subject.ok(&list, page).await == whole[60_000..61_000]);
    // In a batch that is undone, too.
    let limit = NonZeroU64::new(50_000);
    let pushed = Push { end: End::Front, elements: part(0), limit };
    let none = step(&key("none"), SetAt { index: 0, to: "x".into() });
    let reply = subject.apply(Batch::of([step(&list, pushed), none])).await;
    assert!(matches!(reply, Ok(Reply::Refused(_))), "{:?}", reply.map(drop));
    assert!(all(&subject, &list).await == whole);
    assert_eq!(subject.ok(&list, Trim { from: 0, to: 89_999 }).await, 10_000);
    let most = Replace { with: vec!["x".into(); ELEMENTS_MAX], limit: None };
    let popped = subject.ok(&list, Pop { end: End::Back, count: 30_000 }).await;
    assert!(popped.iter().eq(whole[60_000..90_000].iter().rev()));
    assert_eq!(subject.ok(&list, most).await, 60_000);
    assert_eq!(subject.ok(&list, Len {}).await, ELEMENTS_MAX as u64);
}

/// What is no list is left alone, and a list is nothing else.
pub async fn wrong_type(subject: Subject) {
    let [list, motto, seats] = ["list", "motto", "seats"].map(key);
    subject.ok(&list, push(End::Back, "ab", 0)).await;
    subject.ok(&motto, value::Set { to: "x".into() }).await;
    subject.ok(&seats, Resize { to: 3 }).await;
    for (at, other) in [(&motto, &list), (&seats, &list)] {
        for op in operations(at, other) {
            let fault = subject.apply(Batch::one(Step::new(at.clone(), op.clone()))).await;
            let fault = fault.expect_err("another kind");
            assert!(fault.is_misuse() && fault.is_wrong_type(), "{op:?}: {fault}");
            assert_eq!(fault.key(), Some(at));
        }
        for end in [End::Front, End::Back] {
            let fault = subject.run(&list, move_to(end, at, end, 0)).await.expect_err("another");
            assert!(fault.is_misuse() && fault.is_wrong_type(), "{fault}");
            assert_eq!(fault.key(), Some(at), "where it was to go");
        }
    }
    assert!(subject.run(&list, value::Get {}).await.expect_err("a list").is_wrong_type());
    assert_eq!(all(&subject, &list).await, each("ab"));
    assert_eq!(subject.ok(&motto, value::Get {}).await, Some("x".into()));
    // Where there is nothing to move, nothing is in the way.
    subject.ok(&list, Delete {}).await;
    let moved = subject.ok(&list, move_to(End::Front, &motto, End::Front, 0)).await;
    assert_eq!(moved, Moved::Empty);
}

async fn brief(subject: &Subject, key: &Key, op: Op, lifetime: Lifetime) {
    let step = Step::new(key.clone(), op).lifetime(lifetime);
    subject.apply(Batch::one(step)).await.expect("the engine answers");
}

/// A write keeps the time to live that runs, and brings the one it declares; what is emptied loses
/// it; both lists of a move have their own.
pub async fn expiry(subject: Subject) {
    const SOON: Duration = Duration::from_millis(50);
    let [list, other] = ["list", "other"].map(key);
    brief(&subject, &list, push(End::Back, "ab", 0).into_op(), Lifetime::Sliding(SOON)).await;
    subject.pass(SOON * 2).await;
    assert_eq!(all(&subject, &list).await, each(""));
    let pushed = Pushed { before: 0, len: 6 };
    assert_eq!(subject.ok(&list, push(End::Back, "abcdef", 0)).await, pushed);
    assert_eq!(subject.ok(&list, Ttl {}).await, Life::Persistent);
    let writes: [Op; 6] = [
        push(End::Back, "cde", 9).into_op(),
        SetAt { index: 0, to: "x".into() }.into_op(),
        Pop { end: End::Front, count: 1 }.into_op(),
        Trim { from: 0, to: 1 }.into_op(),
        Replace { with: each("abcde"), limit: None }.into_op(),
        insert(Side::After, "a", "x", 0).into_op(),
    ];
    let left = async |subject: &Subject, key: &Key| match subject.ok(key, Ttl {}).await {
        Life::Left(left) => left,
        life @ (Life::Missing | Life::Persistent) => panic!("{life:?}"),
    };
    for op in writes {
        brief(&subject, &list, op.clone(), Lifetime::FromFirstWrite(HOUR)).await;
        let first = left(&subject, &list).await;
        assert!(first <= HOUR, "{op:?}");
        brief(&subject, &list, op.clone(), Lifetime::Unchanged).await;
        brief(&subject, &list, op.clone(), Lifetime::FromFirstWrite(HOUR * 2)).await;
        assert!(left(&subject, &list).await <= first, "{op:?}");
        brief(&subject, &list, op, Lifetime::Sliding(HOUR * 2)).await;
        assert!(left(&subject, &list).await > HOUR);
        subject.ok(&list, Replace { with: Vec::new(), limit: None }).await;
        assert_eq!(subject.ok(&list, Ttl {}).await, Life::Missing);
        subject.ok(&list, push(End::Back, "abcdef", 0)).await;
    }
    subject.ok(&list, Replace { with: each("ab"), limit: None }).await;
    let mut to_other = move_to(End::Front, &other, End::Back, 0);
    to_other.to.lifetime = Lifetime::Sliding(HOUR * 2);
    brief(&subject, &list, to_other.clone().into_op(), Lifetime::Sliding(HOUR)).await;
    assert!(left(&subject, &list).await <= HOUR);
    assert!(left(&subject, &other).await > HOUR);
    // The last element takes its list along; one that goes to its own list does not.
    subject.ok(&list, to_other).await;
    assert_eq!(subject.ok(&list, Ttl {}).await, Life::Missing);
    subject.ok(&other, Pop { end: End::Front, count: 1 }).await;
    let mut around = move_to(End::Front, &other, End::Back, 0);
    subject.ok(&other, around.clone()).await;
    assert!(left(&subject, &other).await > HOUR);
    // Where both are one, its own comes last.
    around.to.lifetime = Lifetime::Sliding(HOUR * 2);
    brief(&subject, &other, around.into_op(), Lifetime::Sliding(HOUR)).await;
    assert!(left(&subject, &other).await <= HOUR);
}

/// Too many elements, or one that is too large, are misuse; what is stored stays.
pub async fn bad_settings(subject: Subject) {
    let list = key("list");
    subject.ok(&list, push(End::Back, "ab", 0)).await;
    let large = Bytes::from(vec![0; VALUE_BYTES_MAX + 1]);
    let many = vec![Bytes::from("x"); ELEMENTS_MAX + 1];
    let with = |elements: &Vec<Bytes>| -> [Op; 3] {
        let (end, elements, limit) = (End::Back, elements.clone(), NonZeroU64::MAX);
        [
            Push { end, elements: elements.clone(), limit: None }.into_op(),
            PushIfRoom { end, elements: elements.clone(), limit }.into_op(),
            Replace { with: elements, limit: None }.into_op(),
        ]
    };
    let one = [
        SetAt { index: 0, to: large.clone() }.into_op(),
        Insert { element: large.clone(), ..insert(Side::After, "a", "x", 0) }.into_op(),
    ];
    for op in with(&many).into_iter().chain(with(&vec![large])).chain(one) {
        let fault = subject.apply(Batch::one(Step::new(list.clone(), op))).await;
        let fault = fault.expect_err("too much");
        assert!(fault.is_misuse() && fault.is_bad_setting(), "{fault}");
    }
    assert_eq!(all(&subject, &list).await, each("ab"));
}
