//! Lists: the verbs, typed elements, limits, pages, and callers that go away.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::{Future, IntoFuture};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use exactly::core::PAGE_MAX;
use exactly::layers::Faults;
use exactly::{
    Bytes, End, Json, Life, List, ListInserted, Place, PushedIfRoom, SetAtOutcome, Store, Token,
    Value,
};
use exactly_embedded::Memory;

const HOUR: Duration = Duration::from_secs(3600);

async fn letters(letters: &str) -> List<char> {
    let list = List::new(&Store::open("memory:").await.unwrap(), "letters");
    list.push_back_many(letters.chars()).await.unwrap();
    list
}

async fn all(list: &List<char>) -> String {
    list.all().await.unwrap().into_iter().collect()
}

#[tokio::test]
async fn reading() {
    let list = letters("abcab").await;
    assert_eq!(list.len().await.unwrap(), 5);
    assert!(!list.is_empty().await.unwrap());
    assert_eq!(list.first().await.unwrap(), Some('a'));
    assert_eq!(list.last().await.unwrap(), Some('b'));
    assert_eq!(list.get(-3).await.unwrap(), Some('c'));
    assert_eq!(list.get(5).await.unwrap(), None);
    assert_eq!(list.get(-6).await.unwrap(), None);
    assert_eq!(list.position('b').await.unwrap(), Some(1));
    assert_eq!(list.last_position('b').await.unwrap(), Some(4));
    assert_eq!(list.position('z').await.unwrap(), None);
    assert!(list.contains('c').await.unwrap());
    let none = letters("").await;
    assert!(none.is_empty().await.unwrap());
    assert_eq!(none.first().await.unwrap(), None);
    assert_eq!(all(&none).await, "");
}

#[tokio::test]
async fn ranges_are_those_of_rust_with_indices_from_both_ends() {
    use std::ops::Bound::{Excluded, Included, Unbounded};
    let list = letters("abcde").await;
    let range = async |range: (std::ops::Bound<i64>, std::ops::Bound<i64>)| {
        let found = list.range(range).await.unwrap();
        found.into_iter().collect::<String>()
    };
    for (from, to, expected) in [
        (Unbounded, Unbounded, "abcde"),
        (Included(1), Excluded(3), "bc"),
        (Included(1), Included(3), "bcd"),
        (Included(-2), Unbounded, "de"),
        (Unbounded, Excluded(-1), "abcd"),
        (Unbounded, Excluded(0), ""),
        (Unbounded, Included(0), "a"),
        (Unbounded, Included(-1), "abcde"),
        (Excluded(0), Unbounded, "bcde"),
        (Excluded(-1), Unbounded, ""),
        (Excluded(-2), Unbounded, "e"),
        (Included(4), Included(99), "e"),
        (Included(-99), Excluded(2), "ab"),
        (Included(3), Excluded(3), ""),
        (Excluded(i64::MAX), Unbounded, ""),
        (Unbounded, Excluded(i64::MIN), ""),
    ] {
        assert_eq!(range((from, to)).await, expected, "{from:?} {to:?}");
    }
    assert_eq!(list.trim(..0).await.unwrap(), 5);
    assert!(!list.exists().await.unwrap());
}

#[tokio::test]
async fn putting_and_taking_at_both_ends() {
    let list = letters("").await;
    assert_eq!(list.push_back('c').await.unwrap(), 1);
    assert_eq!(list.push_front('b').await.unwrap(), 2);
    assert_eq!(list.push_back_many(['d', 'e']).await.unwrap(), 4);
    assert_eq!(list.push_front_many(['a', 'z']).await.unwrap(), 6);
    assert_eq!(all(&list).await, "zabcde");
    assert_eq!(list.pop_front().await.unwrap(), Some('z'));
    assert_eq!(list.pop_back().await.unwrap(), Some('e'));
    assert_eq!(list.pop_back_many(2).await.unwrap(), ['d', 'c']);
    assert_eq!(list.pop_front_many(9).await.unwrap(), ['a', 'b']);
    assert_eq!(list.pop_front().await.unwrap(), None);
    assert!(list.pop_back_many(2).await.unwrap().is_empty());
}

#[tokio::test]
async fn changing() {
    let list = letters("abc").await;
    list.set(-1, 'x').await.unwrap();
    assert_eq!(list.try_set(0, 'y').await.unwrap(), SetAtOutcome::Set);
    assert_eq!(list.try_set(3, 'y').await.unwrap(), SetAtOutcome::OutOfRange { len: 3 });
    let fault = list.set(3, 'y').await.unwrap_err();
    assert!(fault.is_misuse() && fault.to_string().contains("`try_set`"), "{fault}");
    assert_eq!(list.insert_before('x', 'v').await.unwrap(), ListInserted::Inserted { len: 4 });
    assert_eq!(list.insert_after('x', 'v').await.unwrap(), ListInserted::Inserted { len: 5 });
    assert_eq!(list.insert_after('q', 'v').await.unwrap(), ListInserted::NoPivot);
    list.push_back_many(['v', 'v']).await.unwrap();
    assert_eq!(all(&list).await, "ybvxvvv");
    assert_eq!(list.remove_first('v', 1).await.unwrap(), 1);
    assert_eq!(list.remove_last('v', 2).await.unwrap(), 2);
    assert_eq!(all(&list).await, "ybxv");
    assert_eq!(list.remove('v').await.unwrap(), 1);
    assert_eq!(list.replace(['p', 'q']).await.unwrap(), 3);
    assert_eq!(list.replace([] as [char; 0]).await.unwrap(), 2);
    assert!(!list.exists().await.unwrap());
}

#[tokio::test]
async fn a_limit_holds_on_every_path() {
    let list = letters("").await.with_limit(3);
    assert_eq!(list.push_back_many("abcde".chars()).await.unwrap(), 3);
    assert_eq!(all(&list).await, "cde");
    assert_eq!(list.push_front('x').await.unwrap(), 3);
    assert_eq!(all(&list).await, "xcd");
    let full = PushedIfRoom::Full { free: 0 };
    assert_eq!(list.try_push_back('y').await.unwrap(), full);
    assert_eq!(list.try_push_front('y').await.unwrap(), full);
    assert_eq!(list.insert_after('x', 'y').await.unwrap(), ListInserted::Full { len: 3 });
    list.pop_back().await.unwrap();
    let full = PushedIfRoom::Full { free: 1 };
    assert_eq!(list.try_push_back_many(['y', 'z']).await.unwrap(), full);
    let room = PushedIfRoom::Pushed { len: 3 };
    assert_eq!(list.try_push_front_many(['y']).await.unwrap(), room);
    list.replace("abcdef".chars()).await.unwrap();
    assert_eq!(all(&list).await, "def");
    let from = letters("xyz").await;
    let to = from.clone().with_limit(2);
    // A list that is turned has its limit as well.
    assert_eq!(from.move_front_to(&to, End::Back).await.unwrap(), Some('x'));
    assert_eq!(all(&from).await, "zx");
    let none = list.with_limit(0).push_back('a').await.unwrap_err();
    assert!(none.is_misuse() && none.is_bad_setting(), "{none}");
}

#[tokio::test]
async fn moving_between_lists() {
    let store = Store::open("memory:").await.unwrap();
    let [todo, doing]: [List<char>; 2] = ["todo", "doing"].map(|name| List::new(&store, name));
    let doing = doing.with_limit(2).with_ttl(HOUR);
    todo.push_back_many("abc".chars()).await.unwrap();
    assert_eq!(todo.move_front_to(&doing, End::Back).await.unwrap(), Some('a'));
    assert_eq!(todo.move_back_to(&doing, End::Front).await.unwrap(), Some('c'));
    assert_eq!(all(&doing).await, "ca");
    assert_eq!(todo.move_back_to(&doing, End::Front).await.unwrap(), Some('b'));
    assert_eq!(all(&doing).await, "bc", "what is too much goes at the other end");
    assert!(matches!(doing.ttl().await.unwrap(), Life::Left(_)));
    assert_eq!(todo.move_front_to(&doing, End::Back).await.unwrap(), None);
}

#[tokio::test]
async fn elements_of_every_form_and_the_bytes_of_those_of_another() {
    let store = Store::open("memory:").await.unwrap();
    let names: List<Json<(String, u8)>> = List::new(&store, "names");
    names.push_back(("ada".to_owned(), 36)).await.unwrap();
    assert_eq!(names.first().await.unwrap().unwrap().0, ("ada".to_owned(), 36));
    let texts: List<String> = List::new(&store, "mixed");
    texts.push_back_many(["1", "two", "3", "four"]).await.unwrap();
    let numbers: List<i64> = List::new(&store, "mixed");
    for (fault, index) in [
        (numbers.all().await.unwrap_err(), 1),
        (numbers.get(3).await.unwrap_err(), 3),
        (numbers.get(-1).await.unwrap_err(), -1),
        (numbers.last().await.unwrap_err(), -1),
        (numbers.range(2..).await.unwrap_err(), 3),
        (numbers.range(-3..).await.unwrap_err(), -3),
        (numbers.range(-99..=-2).await.unwrap_err(), -3),
        (numbers.pages(3).next_page().await.unwrap_err(), 1),
        (numbers.pages_from_back(3).next_page().await.unwrap_err(), -3),
    ] {
        assert!(fault.is_misuse() && fault.is_undecodable(), "{fault}");
        assert_eq!(fault.place(), Some(&Place::Index(index)), "{fault}");
        assert_eq!(fault.key().unwrap(), numbers.key().unwrap());
        let bytes = numbers.get_bytes(index).await.unwrap().unwrap();
        assert!(["two", "four"].map(Bytes::from).contains(&bytes), "{fault} {bytes:?}");
    }
    assert_eq!(numbers.all_bytes().await.unwrap().len(), 4);
    assert_eq!(numbers.range_bytes(..2).await.unwrap(), ["1", "two"].map(Bytes::from));
    assert_eq!(numbers.first().await.unwrap(), Some(1));
    // What was taken is nowhere else: the fault has all of it.
    let fault = numbers.pop_front_many(3).await.unwrap_err();
    assert!(fault.is_unknown() && fault.is_undecodable(), "{fault}");
    assert_eq!(fault.place(), Some(&Place::Index(1)));
    assert_eq!(fault.gone(), ["1", "two", "3"].map(Bytes::from));
    let other: List<i64> = List::new(&store, "other");
    let fault = numbers.move_front_to(&other, End::Back).await.unwrap_err();
    assert_eq!(fault.gone(), [Bytes::from("four")]);
    assert_eq!(other.all_bytes().await.unwrap(), [Bytes::from("four")]);
}

#[tokio::test]
async fn pages_from_both_ends_and_what_they_promise() {
    let list = letters("abcdefg").await;
    let read = async |mut pages: exactly::ListPages<'_, char>, change: char| {
        let mut seen = Vec::new();
        while let Some(page) = pages.next_page().await.unwrap() {
            if seen.is_empty() && change == '<' {
                list.push_front('x').await.unwrap();
            } else if seen.is_empty() && change == '>' {
                list.push_back('x').await.unwrap();
            }
            seen.push(page.into_iter().collect::<String>());
        }
        assert!(pages.next_page().await.unwrap().is_none(), "over is over");
        list.remove('x').await.unwrap();
        seen.join(" ")
    };
    assert_eq!(read(list.pages(3), '-').await, "abc def g");
    assert_eq!(read(list.pages(7), '-').await, "abcdefg");
    assert_eq!(read(list.pages_from_back(3), '-').await, "gfe dcb a");
    assert_eq!(read(list.pages(3), '>').await, "abc def gx");
    assert_eq!(read(list.pages_from_back(3), '<').await, "gfe dcb ax");
    assert_eq!(read(list.pages(3), '<').await, "abc cde fg", "shifted onto a second page");
    for size in [0, PAGE_MAX + 1] {
        assert!(list.pages(size).next_page().await.unwrap_err().is_bad_setting());
    }
}

#[tokio::test]
async fn a_list_is_nothing_else() {
    let store = Store::open("memory:").await.unwrap();
    Value::<String>::new(&store, "motto").set("x").await.unwrap();
    let fault = List::<String>::new(&store, "motto").push_back("y").await.unwrap_err();
    assert!(fault.is_misuse() && fault.is_wrong_type(), "{fault}");
}

/// A list on an engine that answers late.
fn late() -> List<char> {
    List::new(&Store::new(Faults::late(Memory::new())), "letters")
}

/// Polls a call so many times and drops it. Tells whether it was over before.
async fn dropped_after(polls: usize, call: impl IntoFuture) -> bool {
    let mut call = pin!(call.into_future());
    for _ in 0..polls {
        if call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

#[tokio::test]
async fn what_was_popped_for_nobody_is_put_back_where_it_was() {
    let list = late();
    for polls in 0..12 {
        list.replace("abcde".chars()).await.unwrap();
        let front = dropped_after(polls, list.pop_front_many(2)).await;
        let back = dropped_after(polls, list.pop_back_many(2)).await;
        list.as_ref().store().settle().await;
        let left = match (front, back) {
            (true, true) => "c",
            (true, false) => "cde",
            (false, true) => "abc",
            (false, false) => "abcde",
        };
        assert_eq!(all(&list).await, left, "{polls}");
    }
}

#[tokio::test]
async fn what_is_put_back_keeps_the_limit_and_drops_what_would_have_been_dropped() {
    let memory = Arc::new(Memory::new());
    let slow = Store::new(Faults::late(Arc::clone(&memory)));
    let list: List<char> = List::new(&slow, "letters").with_limit(3);
    let quick: List<char> = List::new(&Store::new(memory), "letters").with_limit(3);
    quick.push_back_many("abc".chars()).await.unwrap();
    {
        let mut popping = pin!(list.pop_front_many(2).into_future());
        while quick.len().await.unwrap() == 3 {
            assert!(popping.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            tokio::task::yield_now().await;
        }
        // Others fill the list before the caller goes away.
        quick.push_back('d').await.unwrap();
    }
    slow.settle().await;
    assert_eq!(all(&quick).await, "bcd", "as if nothing had been popped: `a` is dropped");
}

#[tokio::test]
async fn a_token_gets_what_its_first_caller_got() {
    let list = letters("abc").await;
    let token = Token::caller("job-1", HOUR).unwrap();
    for _ in 0..2 {
        assert_eq!(list.pop_front().token(token.clone()).await.unwrap(), Some('a'));
    }
    assert_eq!(all(&list).await, "bc");
}
