//! The handle of a set: its verbs, typed members, limits, times to live, and callers that go away.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeSet, HashSet};
use std::future::{Future, IntoFuture};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use exactly::core::ManualClock;
use exactly::layers::{Act, Faults};
use exactly::{
    Bytes, Combination, Fault, Json, Life, MsgPack, Objects, Place, Set, SetAdded, SetMoved,
    SetReplaced, Store, Token, Value,
};
use exactly_embedded::{Memory, Options};

const HOUR: Duration = Duration::from_secs(3600);

async fn store() -> Store {
    Store::open("memory:").await.unwrap()
}

fn texts(store: &Store, name: &str) -> Set<String> {
    Set::new(store, name)
}

async fn sorted(set: &Set<String>) -> Vec<String> {
    let mut all = set.all().await.unwrap();
    all.sort_unstable();
    all
}

#[tokio::test]
async fn every_verb_answers_what_it_changed() {
    let set = texts(&store().await, "set");
    assert!(set.is_empty().await.unwrap());
    assert_eq!(set.random().await.unwrap(), None);
    assert_eq!(set.pop().await.unwrap(), None);
    assert!(set.add("a").await.unwrap());
    assert!(!set.add("a".to_owned()).await.unwrap());
    assert_eq!(set.add_many(["a", "b", "c", "b"]).await.unwrap(), 2);
    assert_eq!(set.add_many(Vec::<String>::new()).await.unwrap(), 0);
    assert_eq!((set.len().await.unwrap(), set.is_empty().await.unwrap()), (3, false));
    assert!(set.contains("a").await.unwrap() && !set.contains("x").await.unwrap());
    assert_eq!(set.contains_many(["x", "a"]).await.unwrap(), [false, true]);
    assert_eq!(sorted(&set).await, ["a", "b", "c"]);
    assert_eq!(set.random_many(9).await.unwrap().into_iter().collect::<HashSet<_>>().len(), 3);
    assert!(set.random().await.unwrap().is_some());
    assert!(set.remove("a").await.unwrap() && !set.remove("a").await.unwrap());
    assert_eq!(set.remove_many(["a", "b"]).await.unwrap(), 1);
    assert_eq!(set.pop().await.unwrap().as_deref(), Some("c"));
    assert!(!set.exists().await.unwrap());
    assert_eq!(set.replace(["x", "y"]).await.unwrap(), 0);
    assert_eq!(set.pop_many(9).await.unwrap().len(), 2);
}

#[tokio::test]
async fn sets_are_put_together_and_stored_where_the_verb_is_called() {
    let store = store().await;
    let [one, two, into] = ["one", "two", "into"].map(|name| texts(&store, name));
    one.add_many(["a", "b"]).await.unwrap();
    two.add_many(["b", "c"]).await.unwrap();
    let told = one.union([&two, &into]).await.unwrap().into_iter().collect::<BTreeSet<_>>();
    assert!(told.iter().eq(["a", "b", "c"]));
    assert_eq!(one.intersection([&two]).await.unwrap(), ["b"]);
    assert_eq!(one.difference([&two]).await.unwrap(), ["a"]);
    assert_eq!(one.union([]).await.unwrap().len(), 2, "of itself alone");
    assert_eq!(into.store_union([&one, &two]).await.unwrap(), 3);
    assert_eq!(sorted(&into).await, ["a", "b", "c"]);
    assert_eq!(into.store_difference([&into, &one]).await.unwrap(), 1, "it is among them");
    assert_eq!(sorted(&into).await, ["c"]);
    assert_eq!(into.store_intersection([&one, &two]).await.unwrap(), 1);
    assert_eq!(sorted(&into).await, ["b"]);
    assert!(into.store_union([]).await.unwrap_err().is_bad_setting());
    let limited = into.clone().with_limit(2);
    let full = SetReplaced::Full { found: 3 };
    assert_eq!(limited.try_store(Combination::Union, [&one, &two]).await.unwrap(), full);
    assert!(limited.store_union([&one, &two]).await.unwrap_err().is_out_of_bounds());
    assert_eq!(sorted(&into).await, ["b"]);
}

#[tokio::test]
async fn a_limit_is_kept_by_every_verb_that_adds() {
    let store = store().await;
    let set = texts(&store, "set").with_limit(2);
    let other = texts(&store, "other");
    other.add_many(["a", "b", "c"]).await.unwrap();
    assert_eq!(set.try_add("a").await.unwrap(), SetAdded::Added { new: 1 });
    assert_eq!(set.try_add_many(["b", "c"]).await.unwrap(), SetAdded::Full { free: 1 });
    assert_eq!(set.try_add_many(["a", "b"]).await.unwrap(), SetAdded::Added { new: 1 });
    assert_eq!(set.try_add("c").await.unwrap(), SetAdded::Full { free: 0 });
    assert!(!set.add("a").await.unwrap(), "who is in needs no room");
    assert_eq!(other.try_move_to("c", &set).await.unwrap(), SetMoved::Full);
    assert_eq!(other.try_move_to("a", &set).await.unwrap(), SetMoved::Moved);
    assert_eq!(other.try_move_to("x", &set).await.unwrap(), SetMoved::Missing);
    assert!(!other.move_to("x", &set).await.unwrap());
    let three = SetReplaced::Full { found: 3 };
    assert_eq!(set.try_replace(["x", "y", "z", "x"]).await.unwrap(), three);
    for fault in [
        set.add("c").await.unwrap_err(),
        set.add_many(["c", "d"]).await.unwrap_err(),
        other.move_to("c", &set).await.unwrap_err(),
        set.replace(["x", "y", "z"]).await.unwrap_err(),
    ] {
        assert!(fault.is_misuse() && fault.is_out_of_bounds(), "{fault}");
        assert!(fault.to_string().contains("use the `try_` form"), "{fault}");
    }
    assert_eq!(sorted(&set).await, ["a", "b"]);
    assert_eq!(sorted(&other).await, ["b", "c"]);
    let none = set.clone().with_limit(0);
    for fault in [
        none.add("a").await.unwrap_err(),
        none.replace([] as [String; 0]).await.unwrap_err(),
        none.store_union([&other]).await.unwrap_err(),
        other.move_to("b", &none).await.unwrap_err(),
    ] {
        assert!(fault.is_bad_setting(), "{fault}");
    }
}

#[tokio::test]
async fn members_are_typed() {
    let store = store().await;
    let numbers: Set<u64> = Set::new(&store, "numbers");
    numbers.add_many([3_u64, 1, 2]).await.unwrap();
    let mut all = numbers.all().await.unwrap();
    all.sort_unstable();
    assert_eq!(all, [1, 2, 3]);
    let pairs: Set<Json<(u8, String)>> = Set::new(&store, "pairs");
    assert!(pairs.add((1, "a".to_owned())).await.unwrap());
    assert!(!pairs.add(Json((1, "a".to_owned()))).await.unwrap());
    assert!(pairs.contains((1, "a".to_owned())).await.unwrap());
    assert_eq!(pairs.all().await.unwrap(), [Json((1, "a".to_owned()))]);
    let packed: Set<MsgPack<Vec<u8>>> = Set::new(&store, "packed");
    packed.add(vec![1, 2]).await.unwrap();
    assert_eq!(packed.pop().await.unwrap(), Some(MsgPack(vec![1, 2])));
    let bytes: Set<Bytes> = Set::new(&store, "bytes");
    bytes.add("").await.unwrap();
    bytes.add(vec![0, 255]).await.unwrap();
    assert_eq!(bytes.len().await.unwrap(), 2);
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_its_bytes_are_there() {
    let store = store().await;
    let (texts, numbers): (Set<String>, Set<u64>) =
        (Set::new(&store, "mixed"), Set::new(&store, "mixed"));
    texts.add_many(["7", "seven"]).await.unwrap();
    let odd = Bytes::from("seven");
    let still_there = async |told: Result<Vec<u64>, Fault>| {
        let fault = told.unwrap_err();
        assert!(fault.is_misuse() && fault.is_undecodable(), "{fault}");
        assert_eq!(fault.place(), Some(&Place::Member(odd.clone())), "{fault}");
        assert_eq!(fault.key(), numbers.key().ok());
        assert_eq!(fault.gone(), []);
        assert_eq!(texts.len().await.unwrap(), 2);
    };
    still_there(numbers.all().await).await;
    still_there(numbers.random_many(2).await).await;
    still_there(numbers.union([]).await).await;
    let mut pages = numbers.pages(9);
    still_there(pages.next_page().await.map(Option::unwrap)).await;
    let page = pages.next_page_bytes().await.unwrap().unwrap();
    assert_eq!(page.len(), 2, "the page is still to be read");
    assert_eq!(pages.next_page_bytes().await.unwrap(), None);
    assert!(numbers.all_bytes().await.unwrap().contains(&odd));
    let fault = numbers.pop_many(2).await.unwrap_err();
    assert!(fault.is_unknown() && fault.is_undecodable(), "{fault}");
    assert_eq!(fault.place(), Some(&Place::Member(odd.clone())));
    assert_eq!(fault.gone().len(), 2, "all that was removed");
    assert!(!numbers.exists().await.unwrap());
    texts.add("seven").await.unwrap();
    assert!(numbers.remove_bytes(odd.clone()).await.unwrap());
    assert!(!numbers.remove_bytes(odd.clone()).await.unwrap());
    texts.add("seven").await.unwrap();
    assert_eq!(numbers.pop_bytes(2).await.unwrap(), [odd]);
}

#[tokio::test]
async fn pages_tell_everybody() {
    let set: Set<u32> = Set::new(&store().await, "set");
    let mut none = set.pages(3);
    assert_eq!(none.next_page().await.unwrap(), None);
    assert_eq!(none.next_page().await.unwrap(), None);
    set.add_many(0..100_u32).await.unwrap();
    let mut pages = set.pages(7);
    let mut told = Vec::new();
    while let Some(page) = pages.next_page().await.unwrap() {
        assert!(!page.is_empty());
        // Odd ones go while they are told.
        set.remove_many(page.iter().copied().filter(|number| number % 2 == 1)).await.unwrap();
        told.extend(page);
    }
    assert_eq!(told.len(), 100);
    assert_eq!(told.into_iter().collect::<BTreeSet<_>>().len(), 100);
    assert_eq!(set.len().await.unwrap(), 50);
    assert!(set.pages(0).next_page().await.unwrap_err().is_bad_setting());
}

#[tokio::test]
async fn a_declared_time_to_live_comes_with_every_write_in_both_sets_of_a_move() {
    let clock = Arc::new(ManualClock::new());
    let options = Options { clock: Arc::clone(&clock) as _, ..Options::default() };
    let store = Store::new(Memory::with(options));
    let source = texts(&store, "source");
    source.add_many(["a", "b"]).await.unwrap();
    let sliding = texts(&store, "sliding").with_sliding_ttl(HOUR);
    let fixed = texts(&store, "fixed").with_ttl(HOUR);
    let left = async |set: &Set<String>| match set.ttl().await.unwrap() {
        Life::Left(left) => left.as_secs().div_ceil(60),
        Life::Missing | Life::Persistent => 0,
    };
    for into in [&sliding, &fixed] {
        into.add("x").await.unwrap();
        clock.advance(HOUR / 2);
        assert!(source.move_to("a", into).await.unwrap());
        source.add("a").await.unwrap();
    }
    assert_eq!((left(&source).await, left(&sliding).await, left(&fixed).await), (0, 30, 30));
    sliding.store_union([&source]).await.unwrap();
    fixed.replace(["y"]).await.unwrap();
    assert_eq!((left(&sliding).await, left(&fixed).await), (60, 30));
    clock.advance(HOUR / 2);
    assert!(!fixed.exists().await.unwrap() && sliding.exists().await.unwrap());
}

#[tokio::test]
async fn sets_of_two_stores_do_not_meet() {
    let [here, there] = [store().await, store().await];
    let (mine, theirs) = (texts(&here, "set"), texts(&there, "set"));
    mine.add("a").await.unwrap();
    for fault in [
        mine.union([&theirs]).await.unwrap_err(),
        mine.store_union([&theirs]).await.unwrap_err(),
        mine.move_to("a", &theirs).await.unwrap_err(),
    ] {
        assert!(fault.is_misuse() && fault.to_string().contains("one store"), "{fault}");
    }
    assert!(mine.contains("a").await.unwrap());
}

#[tokio::test]
async fn a_value_is_no_set_and_is_told_by_its_own_key() {
    let store = store().await;
    let motto: Value<String> = Value::new(&store, "motto");
    motto.set("x").await.unwrap();
    let (set, wrong) = (texts(&store, "set"), texts(&store, "motto"));
    for fault in [
        wrong.len().await.unwrap_err(),
        set.union([&wrong]).await.unwrap_err(),
        set.store_union([&wrong]).await.unwrap_err(),
        set.move_to("a", &wrong).await.unwrap_err(),
    ] {
        assert!(fault.is_wrong_type(), "{fault}");
        assert_eq!(fault.key(), motto.key().ok(), "{fault}");
    }
}

#[derive(Objects)]
#[exactly(name = "course")]
struct Course {
    #[exactly(limit = 2, ttl = "1h")]
    students: Set<String>,
    waiting: Set<String>,
}

#[tokio::test]
async fn a_derived_set_is_the_one_it_declares() {
    let course = Course::at(&store().await, 42);
    course.waiting.add_many(["Ada", "Bob", "Cem"]).await.unwrap();
    let mut moved = 0;
    for student in ["Ada", "Bob", "Cem"] {
        let told = course.waiting.try_move_to(student, &course.students).await.unwrap();
        moved += u8::from(told == SetMoved::Moved);
    }
    assert_eq!((moved, course.students.len().await.unwrap()), (2, 2));
    assert!(matches!(course.students.ttl().await.unwrap(), Life::Left(_)));
    assert_eq!(course.waiting.ttl().await.unwrap(), Life::Persistent);
    assert_eq!(course.students.key().unwrap().to_string(), "course:42:students");
    course.delete_all().await.unwrap();
    assert!(course.students.is_empty().await.unwrap());
}

#[tokio::test]
async fn a_token_pops_once_and_gets_the_first_answer_again() {
    let set = texts(&store().await, "set");
    set.add_many(["a", "b", "c"]).await.unwrap();
    let token = Token::caller("job 7", HOUR).unwrap();
    let first = set.pop().token(token.clone()).await.unwrap();
    let again = set.pop().token(token).await.unwrap();
    assert_eq!((first, set.len().await.unwrap()), (again, 2));
}

#[tokio::test]
async fn a_lost_reply_pops_nothing_twice() {
    let lossy = Arc::new(Faults::new(Memory::new()));
    let store = Store::builder().build(Arc::clone(&lossy));
    let set = texts(&store, "set");
    set.add_many(["a", "b", "c"]).await.unwrap();
    lossy.next([Act::LoseReply]);
    let first = set.pop().await.unwrap().unwrap();
    let left = sorted(&set).await;
    assert!(left.len() == 2 && !left.contains(&first));
    lossy.next([Act::LoseReply]);
    assert!(set.pop().at_most_once().await.unwrap_err().is_unknown());
}

#[tokio::test]
async fn a_caller_that_goes_away_has_moved_a_member_whole_or_not_at_all() {
    let store = Store::builder().build(Faults::new(Memory::new()));
    let (here, there) = (texts(&store, "here"), texts(&store, "there"));
    for polls in 0..6 {
        here.replace(["a"]).await.unwrap();
        there.replace([] as [String; 0]).await.unwrap();
        {
            let mut call = pin!(here.move_to("a", &there).into_future());
            for _ in 0..polls {
                if call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
                    break;
                }
            }
        }
        store.settle().await;
        let found = here.union([&there]).await.unwrap();
        assert_eq!(found, ["a"], "{polls} polls");
        assert!(here.intersection([&there]).await.unwrap().is_empty());
    }
}
