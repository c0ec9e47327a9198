//! The handle of a sorted set: its verbs, typed members, limits, times to live, and callers that go
//! away.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::{Future, IntoFuture};
use std::ops::Bound::{Excluded, Unbounded};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use exactly::core::ManualClock;
use exactly::layers::{Act, Faults};
use exactly::{
    AddedTo, Aggregate, Bytes, Combination, Inserted, Json, Life, Objects, Place, SortedSet,
    SortedSetAdded, Store, Token, Value, When, WhenScore,
};
use exactly_embedded::{Memory, Options};

const HOUR: Duration = Duration::from_secs(3600);
const SECOND: Duration = Duration::from_secs(1);

async fn store() -> Store {
    Store::open("memory:").await.unwrap()
}

fn board(store: &Store, name: &str) -> SortedSet<String> {
    SortedSet::new(store, name)
}

/// The names, one after the other.
fn names(scored: Vec<(String, f64)>) -> String {
    scored.into_iter().map(|(name, _)| name).collect()
}

async fn five() -> SortedSet<String> {
    let board = board(&store().await, "board");
    let five = [("a", 1.0), ("b", 2.0), ("c", 2.0), ("d", 4.0), ("e", f64::INFINITY)];
    assert_eq!(board.insert_many(five).await.unwrap(), 5);
    board
}

#[tokio::test]
async fn every_verb_that_writes_answers_what_it_changed() {
    let board = board(&store().await, "board");
    assert!(board.is_empty().await.unwrap());
    assert_eq!(board.insert("a", 1.0).await.unwrap(), Inserted::New);
    assert_eq!(board.insert("a".to_owned(), 1.0).await.unwrap(), Inserted::Unchanged);
    assert_eq!(board.insert("a", 2.0).await.unwrap(), Inserted::Changed);
    assert!(board.insert("a", -0.0).await.unwrap().is_there());
    assert_eq!(board.score("a").await.unwrap().unwrap().to_bits(), 0);
    // On a condition: the verb, the member, the score, whether it has that now.
    assert!(!board.insert_if_absent("a", 5.0).await.unwrap());
    assert!(board.insert_if_absent("b", 5.0).await.unwrap());
    assert!(!board.insert_if_present("c", 5.0).await.unwrap());
    assert!(board.insert_if_present("b", 5.0).await.unwrap(), "it has that score already");
    assert!(board.insert_if_greater("b", 6.0).await.unwrap());
    assert!(!board.insert_if_greater("b", 6.0).await.unwrap());
    assert!(board.insert_if_less("b", 3.0).await.unwrap());
    assert!(!board.insert_if_less("b", 4.0).await.unwrap());
    let raise = When { score: WhenScore::Greater, ..When::EXISTING };
    assert_eq!(board.insert_when("c", 1.0, raise).await.unwrap(), Inserted::Unmet);
    assert!(!Inserted::Unmet.is_there() && !Inserted::Trimmed.is_there());
    let many = [("a", 1.0), ("b", 1.0), ("c", 1.0)];
    let told = SortedSetAdded::Added { new: 1, changed: 1, trimmed: 0, gone: 0 };
    assert_eq!(board.insert_many_when(many, When::GREATER).await.unwrap(), told);
    assert_eq!(board.insert_many_when(many, When::NEW).await.unwrap(), SortedSetAdded::Unmet);
    assert_eq!(board.insert_many(Vec::<(String, f64)>::new()).await.unwrap(), 0);
    assert_eq!(board.add_to("b", 0.5).await.unwrap(), Some(3.5));
    assert_eq!(board.add_to("d", -1.0).await.unwrap(), Some(-1.0));
    let refused = board.add_to_when("d", -1.0, When::GREATER).await.unwrap();
    assert_eq!(refused, AddedTo::Unmet);
    assert_eq!(names(board.all().await.unwrap()), "dacb");
    assert!(board.remove("a").await.unwrap() && !board.remove("a").await.unwrap());
    assert_eq!(board.remove_many(["a", "b", "b"]).await.unwrap(), 1);
    assert_eq!(board.replace([("x", 1.0), ("y", 2.0), ("z", 3.0)]).await.unwrap(), 2);
    assert_eq!(board.pop_min().await.unwrap(), Some(("x".to_owned(), 1.0)));
    assert_eq!(board.pop_max().await.unwrap(), Some(("z".to_owned(), 3.0)));
    assert_eq!(names(board.pop_min_many(9).await.unwrap()), "y");
    assert_eq!(board.pop_max().await.unwrap(), None);
    assert!(!board.exists().await.unwrap());
}

#[tokio::test]
async fn members_are_read_by_score_and_by_rank_from_both_ends() {
    let board = five().await;
    assert_eq!((board.len().await.unwrap(), board.is_empty().await.unwrap()), (5, false));
    assert_eq!(board.score("d").await.unwrap(), Some(4.0));
    assert!(board.contains("d").await.unwrap() && !board.contains("x").await.unwrap());
    let scores = board.scores(["x", "a", "e"]).await.unwrap();
    assert_eq!(scores, [None, Some(1.0), Some(f64::INFINITY)]);
    assert_eq!(
        (board.rank("c").await.unwrap(), board.rev_rank("c").await.unwrap()),
        (Some(2), Some(2))
    );
    assert_eq!(
        (board.rank("e").await.unwrap(), board.rev_rank("e").await.unwrap()),
        (Some(4), Some(0))
    );
    assert_eq!((board.rank("x").await.unwrap(), board.rev_rank("x").await.unwrap()), (None, None));
    assert_eq!(board.first().await.unwrap(), Some(("a".to_owned(), 1.0)));
    assert_eq!(board.last().await.unwrap(), Some(("e".to_owned(), f64::INFINITY)));
    assert_eq!(names(board.top(2).await.unwrap()), "ed");
    assert_eq!(names(board.bottom(2).await.unwrap()), "ab");
    assert_eq!(names(board.top(0).await.unwrap()), "");
    assert_eq!(names(board.top(u64::MAX).await.unwrap()), "edcba");
    assert_eq!(names(board.range(..).await.unwrap()), "abcde");
    assert_eq!(names(board.range(1..3).await.unwrap()), "bc");
    assert_eq!(names(board.range(1..=3).await.unwrap()), "bcd");
    assert_eq!(names(board.range(0..0).await.unwrap()), "");
    assert_eq!(names(board.range(-2..).await.unwrap()), "de");
    assert_eq!(names(board.range(..-3).await.unwrap()), "ab");
    assert_eq!(names(board.rev_range(1..).await.unwrap()), "dcba");
    assert_eq!(names(board.rev_range(-1..).await.unwrap()), "a");
}

#[tokio::test]
async fn ranges_by_score_include_what_rust_says() {
    let board = five().await;
    for (told, count, expected) in [
        (board.range_by_score(..).await, board.count(..).await, "abcde"),
        (board.range_by_score(2.0..4.0).await, board.count(2.0..4.0).await, "bc"),
        (board.range_by_score(2.0..=4.0).await, board.count(2.0..=4.0).await, "bcd"),
        (board.range_by_score(..2.0).await, board.count(..2.0).await, "a"),
        (
            board.range_by_score((Excluded(2.0), Unbounded)).await,
            board.count((Excluded(2.0), Unbounded)).await,
            "de",
        ),
    ] {
        assert_eq!(count.unwrap(), expected.len() as u64);
        assert_eq!(names(told.unwrap()), expected);
    }
    assert_eq!(names(board.rev_range_by_score(2.0..).await.unwrap()), "edcb");
    assert_eq!(names(board.range_by_score_part(2.0.., 1, 2).await.unwrap()), "cd");
    assert_eq!(names(board.rev_range_by_score_part(.., 3, 9).await.unwrap()), "ba");
    assert_eq!(board.remove_by_score(2.0..=2.0).await.unwrap(), 2);
    assert_eq!(board.remove_range(-1..).await.unwrap(), 1);
    assert_eq!(board.remove_range(0..0).await.unwrap(), 0);
    assert_eq!(names(board.all().await.unwrap()), "ad");
    assert!(board.count(f64::NAN..).await.unwrap_err().is_bad_setting());
    assert!(board.insert("x", f64::NAN).await.unwrap_err().is_bad_setting());
}

#[tokio::test]
async fn a_limit_is_kept_by_every_verb_that_adds() {
    let store = store().await;
    let (top, other) = (board(&store, "top").with_limit(2), board(&store, "other"));
    assert_eq!(top.insert_many([("a", 1.0), ("b", 2.0), ("c", 3.0)]).await.unwrap(), 3);
    assert_eq!(names(top.all().await.unwrap()), "bc");
    assert_eq!(top.insert("x", 1.0).await.unwrap(), Inserted::Trimmed);
    assert!(!top.insert_if_absent("x", 1.0).await.unwrap());
    assert!(top.insert_if_absent("d", 4.0).await.unwrap());
    assert!(!top.insert_if_greater("x", 1.0).await.unwrap());
    assert_eq!(top.add_to("x", 1.0).await.unwrap(), None);
    assert_eq!(top.add_to_when("x", 1.0, When::ALWAYS).await.unwrap(), AddedTo::Trimmed);
    assert_eq!(top.add_to("x", 9.0).await.unwrap(), Some(9.0));
    assert_eq!(names(top.all().await.unwrap()), "dx");
    top.replace([("p", 1.0), ("q", 2.0), ("r", 0.0)]).await.unwrap();
    assert_eq!(names(top.all().await.unwrap()), "pq");
    other.insert_many([("q", 5.0), ("s", 6.0)]).await.unwrap();
    assert_eq!(top.store_union([&top, &other]).await.unwrap(), 2);
    assert_eq!(top.all().await.unwrap(), [("s".to_owned(), 6.0), ("q".to_owned(), 7.0)]);
    assert_eq!(top.in_bytes().insert("x", 0.0).await.unwrap(), Inserted::Trimmed);
    let none = top.clone().with_limit(0);
    for fault in [
        none.insert("a", 1.0).await.unwrap_err(),
        none.add_to("a", 1.0).await.unwrap_err(),
        none.replace([("a", 1.0)]).await.unwrap_err(),
        none.store_union([&other]).await.unwrap_err(),
    ] {
        assert!(fault.is_bad_setting(), "{fault}");
    }
}

#[tokio::test]
async fn sets_are_put_together_with_weights() {
    let store = store().await;
    let [may, june, to] = ["may", "june", "to"].map(|name| board(&store, name));
    may.insert_many([("a", 1.0), ("b", 2.0)]).await.unwrap();
    june.insert_many([("b", 10.0), ("c", 3.0)]).await.unwrap();
    assert_eq!(names(may.union([&june]).await.unwrap()), "acb");
    let weighed = may.intersection([(&june, 0.5)]).await.unwrap();
    assert_eq!(weighed, [("b".to_owned(), 7.0)]);
    assert_eq!(names(may.difference([&june]).await.unwrap()), "a");
    assert_eq!(may.union(Vec::<&SortedSet<String>>::new()).await.unwrap().len(), 2);
    let least = may.combine(Combination::Union, 9.0, [&june], Aggregate::Least).await.unwrap();
    assert_eq!(names(least), "cab");
    assert_eq!(to.store_union([(&may, 1.0), (&june, -1.0)]).await.unwrap(), 3);
    assert_eq!(names(to.all().await.unwrap()), "bca");
    assert_eq!(to.store_intersection([&may, &june]).await.unwrap(), 1);
    assert_eq!(to.store_difference([&june, &may]).await.unwrap(), 1);
    assert_eq!(names(to.all().await.unwrap()), "c");
    let greatest = Aggregate::Greatest;
    to.store_combined(Combination::Union, [&may, &june], greatest).await.unwrap();
    assert_eq!(to.score("b").await.unwrap(), Some(10.0));
    let elsewhere = board(&Store::open("memory:").await.unwrap(), "june");
    for fault in [
        may.union([&elsewhere]).await.unwrap_err(),
        to.store_union([&elsewhere]).await.unwrap_err(),
        to.store_union(Vec::<&SortedSet<String>>::new()).await.unwrap_err(),
        may.union([(&june, f64::INFINITY)]).await.unwrap_err(),
        may.difference([(&june, 2.0)]).await.unwrap_err(),
        may.union(vec![&june; 256]).await.unwrap_err(),
    ] {
        assert!(fault.is_misuse() && fault.is_bad_setting(), "{fault}");
    }
}

#[tokio::test]
async fn pages_tell_each_who_stays_once() {
    let board: SortedSet<u32> = SortedSet::new(&store().await, "board");
    board.insert_many((0..1000_u32).map(|number| (number, f64::from(number / 10)))).await.unwrap();
    let mut seen = Vec::new();
    let mut pages = board.pages(64);
    while let Some(page) = pages.next_page().await.unwrap() {
        let (last, _) = *page.last().unwrap();
        seen.extend(page.into_iter().map(|(number, _)| number));
        // Who has been seen goes, and others come where the pages have been.
        board.remove(last).await.unwrap();
        board.insert(5000 + last, -1.0).await.unwrap();
    }
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..1000));
    let mut pages = board.rev_pages(400);
    let first = pages.next_page_bytes().await.unwrap().unwrap();
    assert_eq!((first.len(), first[0].1), (400, 99.0));
    assert!(board.pages(0).next_page().await.unwrap_err().is_bad_setting());
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_its_bytes_are_reached() {
    let store = store().await;
    let ids: SortedSet<u64> = SortedSet::new(&store, "ids");
    let raw = ids.in_bytes();
    raw.insert_many([("7", 1.0), ("eight", 2.0), ("9", 3.0)]).await.unwrap();
    let place = Place::Member("eight".into());
    let mut pages = ids.pages(9);
    for fault in [
        ids.all().await.unwrap_err(),
        ids.top(2).await.unwrap_err(),
        ids.range_by_score(2.0..).await.unwrap_err(),
        ids.union([&ids]).await.unwrap_err(),
        pages.next_page().await.unwrap_err(),
    ] {
        assert!(fault.is_misuse() && fault.is_undecodable(), "{fault}");
        assert_eq!((fault.key(), fault.place()), (Some(ids.key().unwrap()), Some(&place)));
    }
    assert_eq!(pages.next_page_bytes().await.unwrap().unwrap().len(), 3);
    assert_eq!(ids.first().await.unwrap(), Some((7, 1.0)));
    let fault = ids.pop_min_many(2).await.unwrap_err();
    assert!(fault.is_unknown() && fault.is_undecodable(), "{fault}");
    assert_eq!(fault.gone(), ["7", "eight"].map(Bytes::from));
    assert_eq!(ids.all().await.unwrap(), [(9, 3.0)]);
    raw.replace([("ten", 1.0)]).await.unwrap();
    let fault = ids.pop_max().await.unwrap_err();
    assert_eq!(
        (fault.gone(), fault.place()),
        (&["ten".into()][..], Some(&Place::Member("ten".into())))
    );
    assert!(!ids.exists().await.unwrap());
    let text: Value<String> = Value::new(&store, "ids");
    text.set("x").await.unwrap();
    assert!(ids.len().await.unwrap_err().is_wrong_type());
}

#[tokio::test]
async fn members_are_of_any_form() {
    let store = store().await;
    let pairs: SortedSet<Json<(u8, String)>> = SortedSet::new(&store, "pairs");
    pairs.insert((1, "a".to_owned()), 1.5).await.unwrap();
    assert_eq!(pairs.score(Json((1, "a".to_owned()))).await.unwrap(), Some(1.5));
    assert_eq!(pairs.first().await.unwrap(), Some((Json((1, "a".to_owned())), 1.5)));
    let bytes: SortedSet<Vec<u8>> = SortedSet::new(&store, "bytes");
    bytes.insert_many([(vec![0, 255], 1.0), (Vec::new(), 1.0)]).await.unwrap();
    assert_eq!(bytes.all().await.unwrap(), [(Vec::new(), 1.0), (vec![0, 255], 1.0)]);
}

#[derive(Objects)]
#[exactly(name = "course")]
struct Course {
    #[exactly(limit = 2, ttl_sliding = "1h")]
    best: SortedSet<String>,
    #[exactly(ttl = "1h")]
    recent: SortedSet<u64>,
    #[exactly(global)]
    ever: SortedSet<String>,
}

#[tokio::test]
async fn a_derived_sorted_set_is_the_one_it_declares() {
    let clock = Arc::new(ManualClock::new());
    let options = Options { clock: Arc::clone(&clock) as _, ..Options::default() };
    let store = Store::new(Memory::with(options));
    let course = Course::at(&store, 42);
    let left = |life, time: Duration| match life {
        Life::Left(left) => left.abs_diff(time) < SECOND,
        Life::Missing | Life::Persistent => false,
    };
    course.best.insert_many([("a", 1.0), ("b", 2.0)]).await.unwrap();
    course.recent.insert(1_u64, 1.0).await.unwrap();
    course.ever.insert("a", 1.0).await.unwrap();
    clock.advance(HOUR / 2);
    assert_eq!(course.best.insert("c", 3.0).await.unwrap(), Inserted::New);
    course.recent.add_to(1_u64, 1.0).await.unwrap();
    assert_eq!(names(course.best.all().await.unwrap()), "bc");
    assert!(left(course.best.ttl().await.unwrap(), HOUR));
    assert!(left(course.recent.ttl().await.unwrap(), HOUR / 2));
    assert!(!course.best.insert_if_absent("b", 9.0).await.unwrap());
    clock.advance(HOUR / 2);
    assert!(!course.recent.exists().await.unwrap());
    let life = course.best.ttl().await.unwrap();
    assert!(left(life, HOUR / 2), "what refuses starts no time");
    assert_eq!(course.delete_all().await.unwrap(), 1);
    assert!(course.ever.exists().await.unwrap());
}

#[tokio::test]
async fn a_lost_reply_is_asked_for_again_and_takes_each_once() {
    let engine = Arc::new(Faults::new(Memory::new()));
    let jobs = board(&Store::new(Arc::clone(&engine)), "jobs");
    jobs.insert_many([("a", 1.0), ("b", 2.0), ("c", 3.0)]).await.unwrap();
    engine.next([Act::LoseReply, Act::LoseRequest, Act::LoseReply]);
    assert_eq!(jobs.pop_min().await.unwrap(), Some(("a".to_owned(), 1.0)));
    engine.next([Act::LoseReply]);
    assert_eq!(jobs.add_to("b", 5.0).await.unwrap(), Some(7.0));
    engine.next([Act::LoseReply]);
    assert!(jobs.pop_min().at_most_once().await.unwrap_err().is_unknown());
    assert_eq!(names(jobs.all().await.unwrap()), "b");
}

#[tokio::test]
async fn who_went_away_hears_under_the_same_token_what_was_taken() {
    let jobs = board(&store().await, "jobs");
    jobs.insert_many([("a", 1.0), ("b", 2.0)]).await.unwrap();
    let once = || Token::caller("worker 7", HOUR).unwrap();
    {
        let mut taking = pin!(jobs.pop_min().token(once()).into_future());
        let _ = taking.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }
    assert_eq!(jobs.pop_min().token(once()).await.unwrap(), Some(("a".to_owned(), 1.0)));
    drop(jobs.pop_min().into_future());
    assert_eq!(jobs.len().await.unwrap(), 1, "what is not polled does nothing");
}

#[tokio::test]
async fn a_replacement_is_never_seen_half_or_empty() {
    let board = board(&store().await, "board");
    let of = |letter: &'static str| (0..50).map(move |number| (format!("{letter}{number}"), 1.0));
    board.replace(of("a")).await.unwrap();
    let writers = ["a", "b", "c"].map(|letter| {
        let board = board.clone();
        tokio::spawn(async move {
            for _ in 0..200 {
                board.replace(of(letter)).await.unwrap();
            }
        })
    });
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        let seen = board.all().await.unwrap();
        let first = &seen[0].0[..1];
        assert!(seen.len() == 50 && seen.iter().all(|(name, _)| name.starts_with(first)));
        tokio::task::yield_now().await;
    }
}
