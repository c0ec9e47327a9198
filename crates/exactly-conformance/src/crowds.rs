//! Those who come together at one collection are each told what they would be told alone, in turn.

use std::num::NonZeroU64;
use std::time::Duration;

use exactly_core::operations::capacity::Take;
use exactly_core::operations::key::{Delete, Life, Ttl};
use exactly_core::operations::list::{End, Push};
use exactly_core::operations::map::{self, Addend, Filled, SetFields};
use exactly_core::operations::set::{self, Added};
use exactly_core::operations::sorted_set::{self, Scored, When};
use exactly_core::operations::value;
use exactly_core::{Batch, Bytes, Few, HoldId, Key, Lifetime, Operation, Outcome, Reply, Step};

use crate::subject::{Subject, key, step};

const LONG: Duration = Duration::from_secs(3600);

fn one<T>(element: T) -> Few<T> {
    [element].into_iter().collect()
}

fn add(member: &str, limit: u64) -> set::Add {
    set::Add { members: one(member.into()), limit: NonZeroU64::new(limit) }
}

fn remove(member: &str) -> set::Remove {
    set::Remove { members: one(member.into()) }
}

fn put(field: &str, value: &str) -> map::Set {
    map::Set { pairs: one((field.into(), value.into())), limit: None }
}

fn fill(field: &str, value: &str) -> map::SetIfAbsent {
    map::SetIfAbsent { pairs: one((field.into(), value.into())), limit: None }
}

fn take(field: &str) -> map::Take {
    map::Take { fields: one(field.into()) }
}

fn score(member: &str, score: f64, when: When) -> sorted_set::Add {
    sorted_set::Add { members: one(Scored { member: member.into(), score }), when, limit: None }
}

async fn crowd(subject: &Subject, steps: impl IntoIterator<Item = Step>) -> Vec<Outcome> {
    match subject.apply(Batch::apart(steps)).await.expect("the engine answers") {
        Reply::Applied(outcomes) => outcomes.into_vec(),
        Reply::Refused(refusal) => panic!("each stands apart, not {refusal:?}"),
    }
}

fn told<O: Operation>(outcome: &Outcome) -> O::Outcome {
    O::outcome(outcome.clone()).expect("its own outcome")
}

fn is_wrong_type(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Misuse(misuse) if misuse.clone().at(&key("any")).is_wrong_type())
}

/// The second to add a member is told that it is not new, and the third that it was gone meanwhile.
pub async fn in_turn(subject: Subject) {
    let [set, map, board] = ["set", "map", "board"].map(key);
    let steps = [step(&set, add("a", 0)), step(&set, add("a", 0)), step(&set, remove("a"))];
    let again = [step(&set, remove("a")), step(&set, add("a", 0)), step(&set, add("b", 0))];
    let each = crowd(&subject, steps.into_iter().chain(again)).await;
    let new = |place: usize| told::<set::Add>(&each[place]);
    let removed = |place: usize| told::<set::Remove>(&each[place]);
    assert_eq!([new(0), new(1), new(4), new(5)], [1, 0, 1, 1].map(|new| Added::Added { new }));
    assert_eq!([removed(2), removed(3)], [1, 0]);
    assert_eq!(subject.ok(&set, set::Len {}).await, 2);

    let steps = [step(&map, put("f", "1")), step(&map, put("f", "2")), step(&map, take("f"))];
    let again = [step(&map, fill("f", "3")), step(&map, fill("f", "4"))];
    let last = [step(&map, 4.add("f".into(), None)), step(&map, (-9).add("g".into(), None))];
    let each = crowd(&subject, steps.into_iter().chain(again).chain(last)).await;
    let new = |place: usize| told::<map::Set>(&each[place]);
    assert_eq!([new(0), new(1)], [1, 0].map(|new| SetFields::Set { new }));
    assert_eq!(told::<map::Take>(&each[2]), one(Some("2".into())));
    let filled = |place: usize| told::<map::SetIfAbsent>(&each[place]);
    assert_eq!([filled(3), filled(4)], [Filled::Filled { set: one(true) }, Filled::Present]);
    let sum = |place: usize| told::<map::Add>(&each[place]);
    assert_eq!([sum(5), sum(6)], [7, -9].map(map::AddedToField::Added));

    // New, changed, and not greater.
    for (to, expected) in [(1.0, Some([1, 0])), (2.0, Some([0, 1])), (2.0, None)] {
        let board = |member| step(&board, score(member, to, When::GREATER));
        let each = crowd(&subject, [board("a"), board("b")]).await;
        let told = [0, 1].map(|place: usize| told::<sorted_set::Add>(&each[place]));
        assert_eq!(told, [expected; 2].map(scores));
    }
}

fn scores(expected: Option<[u64; 2]>) -> sorted_set::Added {
    expected.map_or(sorted_set::Added::Unmet, |[new, changed]| sorted_set::Added::Added {
        new,
        changed,
        trimmed: 0,
        gone: 0,
    })
}

/// Where something else is stored each is told so, and those at other keys are not.
pub async fn another_kind(subject: Subject) {
    let [seats, list, text, free] = ["seats", "list", "text", "free"].map(key);
    let hold = HoldId::unique();
    subject.ok(&seats, Take { hold, units: 1, lease: LONG, limit: 1 }).await;
    subject.ok(&list, Push { end: End::Back, elements: vec!["a".into()], limit: None }).await;
    subject.ok(&text, value::Set { to: "x".into() }).await;
    for taken in [&seats, &list, &text] {
        let at = |key: &Key| {
            let sets = [step(key, add("a", 0)), step(key, remove("b"))];
            let maps = [step(key, put("a", "1")), step(key, take("b"))];
            let always = When::ALWAYS;
            let boards = [step(key, score("a", 1.0, always)), step(key, score("b", 1.0, always))];
            [sets, maps, boards]
        };
        for (there, elsewhere) in at(taken).into_iter().zip(at(&free)) {
            let each = crowd(&subject, there.into_iter().chain(elsewhere)).await;
            let wrong: Vec<_> = each.iter().map(is_wrong_type).collect();
            assert_eq!(wrong, [true, true, false, false], "{taken} {each:?}");
            subject.ok(&free, Delete {}).await;
        }
    }
}

/// What cannot be added to is told to those who add to it, and to nobody else; and sums are exact.
pub async fn numbers(subject: Subject) {
    let map = key("map");
    let large = "9007199254740993";
    let texts = [("word", "x"), ("most", "9223372036854775807"), ("large", large), ("-0", "-0")];
    for (field, value) in texts {
        subject.ok(&map, put(field, value)).await;
    }
    let fields = ["word", "most", "large", "-0", "none"];
    let add = fields.map(|field| step(&map, 1.add(field.into(), None)));
    let each = crowd(&subject, add.into_iter().chain([step(&map, put("word", "y"))])).await;
    assert!(
        matches!(&each[0], Outcome::Misuse(misuse) if misuse.clone().at(&map).is_not_a_number())
    );
    assert!(matches!(&each[1], Outcome::Misuse(misuse) if misuse.clone().at(&map).is_overflow()));
    assert_eq!(told::<map::Add>(&each[2]), map::AddedToField::Added(9_007_199_254_740_994));
    assert!(matches!(&each[3], Outcome::Misuse(_)), "{:?}", each[3]);
    assert_eq!(told::<map::Add>(&each[4]), map::AddedToField::Added(1));
    assert_eq!(told::<map::Set>(&each[5]), SetFields::Set { new: 0 });
    let get = map::Get { fields: ["word", "large"].map(Bytes::from).into_iter().collect() };
    let values = ["y", "9007199254740994"].map(|value| Some(Bytes::from(value)));
    assert_eq!(subject.ok(&map, get).await, values.into_iter().collect::<Few<_>>());
}

/// A collection that is emptied on the way has lost its time to live; one that is not keeps it.
pub async fn emptied(subject: Subject) {
    let set = key("set");
    for (order, kept) in [([0, 1], false), ([1, 0], true)] {
        subject.ok(&set, Delete {}).await;
        let filled = step(&set, add("a", 0)).lifetime(Lifetime::Sliding(LONG));
        crowd(&subject, [filled]).await;
        let steps = [step(&set, remove("a")), step(&set, add("b", 0))];
        crowd(&subject, order.map(|place: usize| steps[place].clone())).await;
        let life = subject.ok(&set, Ttl {}).await;
        assert_eq!(matches!(life, Life::Left(_)), kept, "{life:?}");
        assert_eq!(subject.ok(&set, set::Len {}).await, 1);
    }
}

/// Those who are refused start no time to live; one who is not does it for all.
pub async fn refused(subject: Subject) {
    let set = key("set");
    subject.ok(&set, add("a", 1)).await;
    let steps = ["b", "c", "a"].map(|member| step(&set, add(member, 1)));
    let steps = steps.map(|step| step.lifetime(Lifetime::Sliding(LONG)));
    let each = crowd(&subject, steps[..2].iter().cloned()).await;
    let full = Added::Full { free: 0 };
    assert_eq!([told::<set::Add>(&each[0]), told::<set::Add>(&each[1])], [full, full]);
    assert_eq!(subject.ok(&set, Ttl {}).await, Life::Persistent);
    crowd(&subject, steps).await;
    let life = subject.ok(&set, Ttl {}).await;
    assert!(matches!(life, Life::Left(_)), "{life:?}");
}
