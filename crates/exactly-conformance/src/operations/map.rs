//! Maps.

pub mod numbers;
pub mod pages;

use std::num::NonZeroU64;
use std::time::Duration;

use exactly_core::operations::capacity::{Resize, Take as TakeUnits};
use exactly_core::operations::counter;
use exactly_core::operations::key::{Exists, Expire, Life, Ttl};
use exactly_core::operations::map::{
    Add, AddedToField, Addend, All, Contains, Fields, Filled, Get, Len, MapOp, MapOutcome, Page,
    Pairs, Remove, Replace, ReplaceIf, Replaced, ReplacedAll, Set, SetFields, SetIfAbsent, Take,
};
use exactly_core::operations::value::{self, VALUE_BYTES_MAX};
use exactly_core::{
    Batch, Bytes, ELEMENTS_MAX, Few, HoldId, Key, Lifetime, Members, PAGE_MAX, Refusal, Reply, Step,
};

use crate::subject::{Subject, key, step};

const LONG: Duration = Duration::from_secs(3600);
const SOON: Duration = Duration::from_millis(50);

/// `a b` are two fields.
pub(crate) fn fields(text: &str) -> Few<Bytes> {
    text.split(' ').filter(|field| !field.is_empty()).map(Bytes::from).collect()
}

/// `a=1 =x` are two fields with their values, the second without a name.
pub(crate) fn pairs(text: &str) -> Few<(Bytes, Bytes)> {
    let pairs = text.split(' ').filter_map(|pair| pair.split_once('='));
    pairs.map(|(field, value)| (field.into(), value.into())).collect()
}

/// Sets these without a limit.
pub(crate) fn set(text: &str) -> Set {
    Set { pairs: pairs(text), limit: None }
}

fn replace(text: &str) -> Replace {
    Replace { with: pairs(text), limit: None }
}

fn remove(text: &str) -> Remove {
    Remove { fields: fields(text) }
}

/// From one value to another; `-` for none.
fn exchange(field: &str, old: &str, to: &str) -> ReplaceIf {
    let [old, to] = [old, to].map(|text| (text != "-").then(|| text.into()));
    ReplaceIf { field: field.into(), old, to, limit: None }
}

fn at_most(limit: u64) -> Option<NonZeroU64> {
    NonZeroU64::new(limit)
}

pub(crate) async fn stored(subject: &Subject, key: &Key) -> Pairs {
    subject.ok(key, All {}).await
}

pub(crate) fn all(text: &str) -> Pairs {
    Pairs(pairs(text).into_vec())
}

/// Every verb, on nothing, on fields that are there and on others.
pub async fn meaning(subject: Subject) {
    let key = key("prices");
    let filled = |set: &[bool]| Filled::Filled { set: set.iter().copied().collect() };
    assert_eq!(subject.ok(&key, Len {}).await, 0);
    assert_eq!(stored(&subject, &key).await, Pairs::default());
    assert_eq!(subject.ok(&key, remove("a")).await, 0);
    assert_eq!(subject.ok(&key, set("")).await, SetFields::Set { new: 0 });
    assert!(!subject.ok(&key, Exists {}).await, "nothing is written for no fields");
    assert_eq!(subject.ok(&key, set("a=1 b=2 a=3")).await, SetFields::Set { new: 2 });
    assert_eq!(subject.ok(&key, set("a=4 c=5")).await, SetFields::Set { new: 1 });
    let asked = fields("c none a c");
    let values = subject.ok(&key, Get { fields: asked.clone() }).await;
    let expected = [Some("5"), None, Some("4"), Some("5")].map(|text| text.map(Bytes::from));
    assert_eq!(values.as_slice(), expected);
    let there = subject.ok(&key, Contains { fields: asked }).await;
    assert_eq!(there.as_slice(), [true, false, true, true]);
    assert_eq!(subject.ok(&key, Get { fields: fields("") }).await.len(), 0);
    assert_eq!(subject.ok(&key, Contains { fields: fields("") }).await.len(), 0);
    assert_eq!(subject.ok(&key, Len {}).await, 3);
    assert_eq!(stored(&subject, &key).await, all("a=4 b=2 c=5"));
    assert_eq!(subject.ok(&key, Fields {}).await, Members(fields("a b c").into_vec()));
    let fill = |text| SetIfAbsent { pairs: pairs(text), limit: None };
    assert_eq!(subject.ok(&key, fill("d=1 d=2 a=9")).await, filled(&[true, false, false]));
    assert_eq!(subject.ok(&key, fill("d=9 a=9")).await, Filled::Present);
    assert_eq!(subject.ok(&key, fill("")).await, filled(&[]));
    assert_eq!(subject.ok(&key, remove("d b d none")).await, 2);
    let taken = subject.ok(&key, Take { fields: fields("c none c") }).await;
    assert_eq!(taken.as_slice(), [Some("5".into()), None, None]);
    assert_eq!(stored(&subject, &key).await, all("a=4"));
    let replaced = ReplacedAll::Replaced { before: 1 };
    assert_eq!(subject.ok(&key, replace("b=1 a=2 b=3")).await, replaced);
    assert_eq!(stored(&subject, &key).await, all("a=2 b=3"));
    let replaced = ReplacedAll::Replaced { before: 2 };
    assert_eq!(subject.ok(&key, replace("")).await, replaced);
    assert!(!subject.ok(&key, Exists {}).await, "no fields, no map");
}

/// A field is replaced, set or removed if it is what was expected.
pub async fn replacing_if(subject: Subject) {
    let key = key("prices");
    let differs =
        |found: Option<&str>| Replaced::Differs { found: found.map(|found| found.into()) };
    for (exchange, told, after) in [
        (exchange("a", "1", "2"), differs(None), ""),
        (exchange("a", "1", "-"), differs(None), ""),
        (exchange("a", "-", "-"), Replaced::Replaced, ""),
        (exchange("a", "-", "1"), Replaced::Replaced, "a=1"),
        (exchange("a", "-", "2"), differs(Some("1")), "a=1"),
        (exchange("a", "2", "-"), differs(Some("1")), "a=1"),
        (exchange("a", "1", ""), Replaced::Replaced, "a="),
        (exchange("a", "-", "2"), differs(Some("")), "a="),
        (exchange("a", "", "2"), Replaced::Replaced, "a=2"),
        (exchange("b", "-", "x"), Replaced::Replaced, "a=2 b=x"),
        (exchange("a", "2", "-"), Replaced::Replaced, "b=x"),
        (exchange("b", "x", "-"), Replaced::Replaced, ""),
    ] {
        assert_eq!(subject.ok(&key, exchange.clone()).await, told, "{exchange:?}");
        assert_eq!(stored(&subject, &key).await, all(after), "{exchange:?}");
    }
    assert!(!subject.ok(&key, Exists {}).await);
}

/// What would make a map larger than its limit refuses whole; what is there already may change.
pub async fn limits(subject: Subject) {
    let key = key("prices");
    let set = |text, limit| MapOp::Set(Set { pairs: pairs(text), limit: at_most(limit) });
    let fill =
        |text, limit| MapOp::SetIfAbsent(SetIfAbsent { pairs: pairs(text), limit: at_most(limit) });
    let full = |free| MapOutcome::Set(SetFields::Full { free });
    let table = [
        (set("a=1 b=2 c=3", 2), full(2)),
        (set("a=1 a=2 b=3", 2), MapOutcome::Set(SetFields::Set { new: 2 })),
        (set("c=3", 2), full(0)),
        (set("a=9 c=3 d=4", 3), full(1)),
        (set("a=1 b=2", 1), MapOutcome::Set(SetFields::Set { new: 0 })),
        (set("a=1 c=2", 1), full(0)),
        (fill("a=9 c=3", 2), MapOutcome::SetIfAbsent(Filled::Full { free: 0 })),
        (fill("a=9 b=9", 1), MapOutcome::SetIfAbsent(Filled::Present)),
        (
            MapOp::ReplaceIf(ReplaceIf { limit: at_most(2), ..exchange("c", "-", "3") }),
            MapOutcome::ReplaceIf(Replaced::Full),
        ),
        (
            MapOp::ReplaceIf(ReplaceIf { limit: at_most(2), ..exchange("a", "1", "1") }),
            MapOutcome::ReplaceIf(Replaced::Replaced),
        ),
        (MapOp::Add(1_i64.add("c".into(), at_most(2))), MapOutcome::Add(AddedToField::Full)),
        (MapOp::AddReal(1.0.add("c".into(), at_most(2))), MapOutcome::AddReal(AddedToField::Full)),
        (
            MapOp::Replace(Replace { with: pairs("a=1 b=2 c=3"), limit: at_most(2) }),
            MapOutcome::Replace(ReplacedAll::Full),
        ),
    ];
    for (op, told) in table {
        let asked = Step::new(key.clone(), op).optional();
        let Ok(Reply::Applied(outcomes)) = subject.apply(Batch::one(asked.clone())).await else {
            panic!("{asked:?} is answered")
        };
        assert_eq!(MapOutcome::try_from(outcomes[0].clone()), Ok(told), "{asked:?}");
    }
    assert_eq!(stored(&subject, &key).await, all("a=1 b=2"));
    let swapped = Replace { with: pairs("c=1 d=2 d=3"), limit: at_most(2) };
    assert_eq!(subject.ok(&key, swapped).await, ReplacedAll::Replaced { before: 2 });
    let one_more: Add = 5_i64.add("e".into(), at_most(3));
    assert_eq!(subject.ok(&key, one_more).await, AddedToField::Added(5));
}

/// Any bytes come back as they were, as a field and as a value; both may be empty.
pub async fn any_bytes(subject: Subject) {
    let key = key("bytes");
    let every: Vec<u8> = (0..=255).collect();
    let texts = [Vec::new(), vec![0], every, b"\r\n".to_vec(), "🪑".into(), b"-0".to_vec()];
    let bytes: Vec<Bytes> = texts.into_iter().map(Bytes::from).collect();
    let pairs = || bytes.iter().cloned().zip(bytes.iter().rev().cloned());
    subject.ok(&key, Set { pairs: pairs().collect(), limit: None }).await;
    assert_eq!(stored(&subject, &key).await, Pairs(pairs().collect()));
    assert_eq!(subject.ok(&key, Fields {}).await, Members(bytes.clone()));
    let page = subject.ok(&key, Page { after: None, count: 100 }).await;
    assert_eq!((page.pairs, page.next), (Pairs(pairs().collect()), None));
    for (field, value) in pairs() {
        let replace = ReplaceIf {
            field: field.clone(),
            old: Some(value.clone()),
            to: Some(field.clone()),
            limit: None,
        };
        assert_eq!(subject.ok(&key, replace).await, Replaced::Replaced);
        let taken = subject.ok(&key, Take { fields: [field.clone()].into_iter().collect() }).await;
        assert_eq!(taken.as_slice(), [Some(field)]);
    }
    let large = Bytes::from(vec![b'x'; 1 << 20]);
    let pair = (large.clone(), large.clone());
    subject.ok(&key, Set { pairs: [pair].into_iter().collect(), limit: None }).await;
    let values = subject.ok(&key, Get { fields: [large.clone()].into_iter().collect() }).await;
    assert_eq!(values.as_slice(), [Some(large)]);
}

/// A batch that is refused leaves no trace of what it did to a map: not of a field, not of one that
/// was emptied, not of a time to live.
pub async fn undone(subject: Subject) {
    let [prices, none] = ["prices", "none"].map(key);
    let before = all("a=1 b=x");
    subject.ok(&prices, set("a=1 b=x")).await;
    let full = || Set { pairs: pairs("y=1 z=2"), limit: at_most(1) };
    let add: Add = 5_i64.add("a".into(), None);
    let steps = || {
        [
            step(&prices, add.clone()),
            step(&prices, set("b=y c=z")),
            step(&prices, SetIfAbsent { pairs: pairs("a=9 d=9"), limit: None }),
            step(&prices, exchange("c", "z", "-")),
            step(&prices, exchange("e", "-", "1")),
            step(&prices, Take { fields: fields("a b") }),
            step(&prices, remove("d e")),
            step(&prices, set("a=2")).lifetime(Lifetime::Sliding(LONG)),
            step(&prices, replace("q=1")).lifetime(Lifetime::Sliding(LONG * 2)),
            step(&prices, replace("")),
        ]
    };
    for lives in [false, true] {
        if lives {
            subject.ok(&prices, Expire { after: LONG * 3 }).await;
        }
        for count in 1..=steps().len() {
            let steps = steps().into_iter().take(count).chain([step(&none, full())]);
            let reply = subject.apply(Batch::of(steps)).await;
            assert!(matches!(reply, Ok(Reply::Refused(Refusal::Operation(..)))), "{reply:?}");
            assert_eq!(stored(&subject, &prices).await, before, "after {count} steps");
            match subject.ok(&prices, Ttl {}).await {
                Life::Left(left) => assert!(lives && left > LONG * 2, "{left:?}"),
                Life::Persistent => assert!(!lives),
                Life::Missing => panic!("it is stored"),
            }
            assert!(!subject.ok(&none, Exists {}).await);
        }
    }
    // What was not there is not there again.
    let steps = [step(&none, set("a=1")), step(&none, add), step(&none, full())];
    assert!(matches!(subject.apply(Batch::of(steps)).await, Ok(Reply::Refused(_))));
    assert!(!subject.ok(&none, Exists {}).await);
}

/// A value and a capacity are no map, whatever is asked, and a map is neither.
pub async fn wrong_type(subject: Subject) {
    let [text, seats, prices] = ["text", "seats", "prices"].map(key);
    subject.ok(&text, value::Set { to: "x".into() }).await;
    let take = TakeUnits { hold: HoldId::unique(), units: 1, lease: LONG, limit: 3 };
    subject.ok(&seats, take).await;
    subject.ok(&prices, set("limit=1 confirmed=0 held=0")).await;
    for other in [&text, &seats] {
        let ops = [
            MapOp::Len(Len {}),
            MapOp::Get(Get { fields: fields("held") }),
            MapOp::Get(Get { fields: fields("") }),
            MapOp::Contains(Contains { fields: fields("held") }),
            MapOp::All(All {}),
            MapOp::Fields(Fields {}),
            MapOp::Page(Page { after: None, count: 1 }),
            MapOp::Set(set("held=9")),
            MapOp::Set(set("")),
            MapOp::SetIfAbsent(SetIfAbsent { pairs: pairs("new=9"), limit: None }),
            MapOp::ReplaceIf(exchange("new", "-", "9")),
            MapOp::ReplaceIf(exchange("held", "1", "9")),
            MapOp::Remove(remove("held")),
            MapOp::Take(Take { fields: fields("held") }),
            MapOp::Add(1_i64.add("held".into(), None)),
            MapOp::AddReal(1.0.add("held".into(), None)),
            MapOp::Replace(replace("a=1")),
            MapOp::Replace(replace("")),
        ];
        for op in ops {
            let batch = Batch::one(Step::new(other.clone(), op));
            let fault = subject.apply(batch.clone()).await.expect_err("another kind");
            assert!(fault.is_misuse() && fault.is_wrong_type(), "{batch:?}: {fault}");
            let at_most_once = batch.delivery(exactly_core::Delivery::AtMostOnce);
            assert!(subject.apply(at_most_once).await.expect_err("still").is_wrong_type());
        }
    }
    let levels = subject.ok(&seats, exactly_core::operations::capacity::Read { limit: 9 }).await;
    assert_eq!((levels.limit, levels.free, levels.held), (3, 2, 1));
    assert!(subject.run(&prices, Resize { to: 1 }).await.expect_err("a map").is_wrong_type());
    assert!(subject.run(&prices, value::Get {}).await.expect_err("a map").is_wrong_type());
    assert!(subject.run(&prices, counter::Add::by(1)).await.expect_err("a map").is_wrong_type());
    assert_eq!(stored(&subject, &prices).await, all("limit=1 confirmed=0 held=0"));
}

/// A write keeps the time to live that runs and brings the one it declares; a map that was emptied
/// has none any more, and a refused write brings none.
pub async fn expiry(subject: Subject) {
    let key = key("prices");
    let brief = step(&key, set("a=1")).lifetime(Lifetime::Sliding(SOON));
    subject.apply(Batch::one(brief)).await.expect("the engine answers");
    subject.pass(SOON * 2).await;
    assert_eq!(subject.ok(&key, Len {}).await, 0);
    let life = async || subject.ok(&key, Ttl {}).await;
    let left = |life, least| matches!(life, Life::Left(left) if left > least && left <= least * 2);
    let add: Add = 1_i64.add("a".into(), None);
    let apply = async |step: Step| drop(subject.apply(Batch::one(step)).await.expect("answered"));
    for (first, second) in [
        (step(&key, set("a=1")), step(&key, set("b=2"))),
        (step(&key, add.clone()), step(&key, add.clone())),
        (step(&key, exchange("a", "-", "1")), step(&key, exchange("a", "1", "2"))),
        (step(&key, replace("a=1")), step(&key, replace("b=2"))),
        (step(&key, set("a=1 b=2")), step(&key, remove("a"))),
        (step(&key, set("a=1 b=2")), step(&key, Take { fields: fields("a") })),
    ] {
        subject.ok(&key, replace("")).await;
        apply(first.clone().lifetime(Lifetime::FromFirstWrite(LONG))).await;
        assert!(left(life().await, LONG / 2));
        apply(second.clone()).await;
        assert!(left(life().await, LONG / 2), "{second:?} keeps it");
        apply(second.clone().lifetime(Lifetime::FromFirstWrite(LONG * 4))).await;
        assert!(left(life().await, LONG / 2), "one runs");
        apply(step(&key, set("c=1")).lifetime(Lifetime::Sliding(LONG * 4))).await;
        assert!(left(life().await, LONG * 2));
    }
    subject.ok(&key, replace("a=1")).await;
    assert!(left(life().await, LONG * 2), "the map is another and lives on");
    for empties in [
        step(&key, remove("a")),
        step(&key, Take { fields: fields("a") }),
        step(&key, exchange("a", "1", "-")),
        step(&key, replace("")),
    ] {
        apply(empties.lifetime(Lifetime::Sliding(LONG))).await;
        assert_eq!(life().await, Life::Missing);
        let full = Set { pairs: pairs("b=1 c=2"), limit: at_most(1) };
        apply(step(&key, full).lifetime(Lifetime::Sliding(LONG)).optional()).await;
        assert_eq!(life().await, Life::Missing);
        apply(step(&key, set("a=1"))).await;
        assert_eq!(life().await, Life::Persistent);
        subject.ok(&key, Expire { after: LONG }).await;
    }
}

/// Names of the library's own, what is too long or too many, and numbers that are none are misuse;
/// what is stored stays.
pub async fn bad_settings(subject: Subject) {
    let key = key("prices");
    subject.ok(&key, set("a=1")).await;
    let long = || Bytes::from(vec![0; VALUE_BYTES_MAX + 1]);
    let one = |field: Bytes, value: Bytes| -> Few<_> { [(field, value)].into_iter().collect() };
    let many = (0..=ELEMENTS_MAX).map(|number| (number.to_string().into(), "".into()));
    let ops = [
        MapOp::Get(Get { fields: fields("a ::limit") }),
        MapOp::Contains(Contains { fields: fields("::limit") }),
        MapOp::Set(set("b=1 ::limit=1")),
        MapOp::SetIfAbsent(SetIfAbsent { pairs: pairs("::=1"), limit: None }),
        MapOp::ReplaceIf(exchange("::a", "-", "-")),
        MapOp::Remove(remove("a ::b")),
        MapOp::Take(Take { fields: fields("a ::b") }),
        MapOp::Add(1_i64.add("::a".into(), None)),
        MapOp::AddReal(1.0.add("::a".into(), None)),
        MapOp::AddReal(f64::NAN.add("a".into(), None)),
        MapOp::Replace(replace("b=1 ::limit=1")),
        MapOp::Set(Set { pairs: many.collect(), limit: None }),
        MapOp::Set(Set { pairs: one("b".into(), long()), limit: None }),
        MapOp::Set(Set { pairs: one(long(), "b".into()), limit: None }),
        MapOp::Page(Page { after: None, count: 0 }),
        MapOp::Page(Page { after: None, count: PAGE_MAX + 1 }),
    ];
    for op in ops {
        let batch = Batch::one(Step::new(key.clone(), op));
        let fault = subject.apply(batch).await.expect_err("not allowed");
        assert!(fault.is_misuse() && fault.is_bad_setting(), "{fault}");
    }
    assert_eq!(stored(&subject, &key).await, all("a=1"));
}
