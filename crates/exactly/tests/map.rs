//! Maps: what each verb does with fields and values of the user's types.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::future::{Future, IntoFuture};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use exactly::core::ManualClock;
use exactly::layers::Faults;
use exactly::{
    AddedToField, Bytes, Fault, Filled, Json, Life, Map, Objects, Place, ReplacedAll, SetFields,
    Store, Token, UPDATE_ATTEMPTS_MAX, Value,
};
use exactly_embedded::{Memory, Options};

const HOUR: Duration = Duration::from_secs(3600);

fn store() -> (Store, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new());
    let memory = Memory::with(Options { clock: Arc::clone(&clock) as _, ..Options::default() });
    (Store::new(memory), clock)
}

fn map<F: exactly::Form, V: exactly::Form>(name: &str) -> Map<F, V> {
    Map::new(&store().0, name)
}

async fn sorted(map: &Map<String, i64>) -> BTreeMap<String, i64> {
    map.all().await.unwrap().into_iter().collect()
}

fn whole(pairs: &[(&str, i64)]) -> BTreeMap<String, i64> {
    pairs.iter().map(|(field, value)| ((*field).to_owned(), *value)).collect()
}

#[tokio::test]
async fn the_verbs_that_read_and_write() {
    let stock: Map<String, i64> = map("stock");
    assert!(stock.is_empty().await.unwrap() && !stock.exists().await.unwrap());
    assert!(stock.set("apples", 5).await.unwrap());
    assert!(!stock.set("apples", 4).await.unwrap());
    assert_eq!(stock.set_many([("pears", 1), ("apples", 3)]).await.unwrap(), 1);
    assert_eq!(stock.get("apples").await.unwrap(), Some(3));
    assert_eq!(stock.get("plums").await.unwrap(), None);
    assert_eq!(stock.get_or("plums", 7).await.unwrap(), 7);
    assert!(!stock.contains("plums").await.unwrap(), "a default is not written");
    assert!(stock.contains("pears").await.unwrap());
    assert_eq!(stock.contains_many(["plums", "pears"]).await.unwrap(), [false, true]);
    let some = stock.get_many(["plums", "pears", "apples"]).await.unwrap();
    assert_eq!(some, [None, Some(1), Some(3)]);
    assert_eq!(stock.get_many(None::<String>).await.unwrap(), []);
    assert_eq!(stock.len().await.unwrap(), 2);
    assert_eq!(sorted(&stock).await, whole(&[("apples", 3), ("pears", 1)]));
    let mut fields = stock.fields().await.unwrap();
    fields.sort();
    assert_eq!(fields, ["apples", "pears"]);
    assert_eq!(stock.values().await.unwrap().into_iter().sum::<i64>(), 4);
    assert_eq!(stock.replace([("plums", 2), ("pears", 9)]).await.unwrap(), 2);
    assert_eq!(sorted(&stock).await, whole(&[("pears", 9), ("plums", 2)]));
    assert_eq!(stock.replace(None::<(String, i64)>).await.unwrap(), 2);
    assert!(!stock.exists().await.unwrap());
}

#[tokio::test]
async fn the_verbs_that_write_what_is_not_there() {
    let stock: Map<String, i64> = map("stock");
    assert!(stock.set_if_absent("a", 1).await.unwrap());
    assert!(!stock.set_if_absent("a", 2).await.unwrap());
    assert_eq!(stock.get_or_set("a", 3).await.unwrap(), 1);
    assert_eq!(stock.get_or_set("b", 4).await.unwrap(), 4);
    assert_eq!(stock.fill([("a", 5), ("c", 6), ("c", 7)]).await.unwrap(), [false, true, false]);
    assert_eq!(stock.fill([("a", 5), ("c", 6)]).await.unwrap(), [false, false]);
    assert!(stock.fill(None::<(String, i64)>).await.unwrap().is_empty());
    assert_eq!(stock.try_fill([("a", 5)]).await.unwrap(), Filled::Present);
    assert_eq!(sorted(&stock).await, whole(&[("a", 1), ("b", 4), ("c", 6)]));
}

#[tokio::test]
async fn the_verbs_that_change_and_remove() {
    let stock: Map<String, i64> = map("stock");
    stock.set_many([("a", 1), ("b", 2), ("c", 3), ("d", 4)]).await.unwrap();
    assert!(!stock.replace_if("a", &2, 9).await.unwrap());
    assert!(stock.replace_if("a", &1, 9).await.unwrap());
    assert!(!stock.replace_if("none", &1, 9).await.unwrap());
    assert!(!stock.remove_if("a", &1).await.unwrap());
    assert!(stock.remove_if("a", &9).await.unwrap());
    assert!(stock.remove("b").await.unwrap() && !stock.remove("b").await.unwrap());
    assert_eq!(stock.take("c").await.unwrap(), Some(3));
    assert_eq!(stock.take("c").await.unwrap(), None);
    assert_eq!(stock.take_many(["c", "d"]).await.unwrap(), [None, Some(4)]);
    stock.set_many([("a", 1), ("b", 2)]).await.unwrap();
    assert_eq!(stock.remove_many(["a", "b", "c"]).await.unwrap(), 2);
    assert!(!stock.exists().await.unwrap(), "no fields, no map");
}

#[tokio::test]
async fn numbers_in_fields_are_counted_in_place() {
    let store = store().0;
    let votes: Map<String, i64> = Map::new(&store, "votes");
    assert_eq!(votes.increment("yes").await.unwrap(), 1);
    assert_eq!(votes.decrement("no").await.unwrap(), -1);
    assert_eq!(votes.add("yes", 41).await.unwrap(), 42);
    assert_eq!(votes.get("yes").await.unwrap(), Some(42));
    let texts: Map<String, String> = Map::new(&store, "votes");
    assert_eq!(texts.get("yes").await.unwrap().as_deref(), Some("42"), "digits are a text");
    assert_eq!(texts.add("yes", 0.5).await.unwrap(), 42.5);
    let fault = votes.increment("yes").await.unwrap_err();
    assert!(fault.is_not_a_number() && fault.to_string().contains("field \"yes\""), "{fault}");
    let fault = votes.add("no", i64::MIN).await.unwrap_err();
    assert!(fault.is_overflow() && fault.to_string().contains("field \"no\""), "{fault}");
}

#[tokio::test]
async fn an_update_loses_no_change_and_may_remove() {
    let stock: Map<String, i64> = map("stock");
    let sold = (0..64).map(|_| {
        let stock = stock.clone();
        tokio::spawn(async move { stock.update("sold", |sold| sold.unwrap_or(0) + 1).await })
    });
    for sold in sold.collect::<Vec<_>>() {
        sold.await.unwrap().unwrap();
    }
    assert_eq!(stock.get("sold").await.unwrap(), Some(64));
    let one_less = |pieces: Option<i64>| pieces.map(|pieces| pieces - 1).filter(|left| *left > 0);
    stock.set("left", 2).await.unwrap();
    assert_eq!(stock.update_or_remove("left", one_less).await.unwrap(), Some(1));
    assert_eq!(stock.update_or_remove("left", one_less).await.unwrap(), None);
    assert!(!stock.contains("left").await.unwrap());
    assert_eq!(stock.update_or_remove("left", one_less).await.unwrap(), None);
}

#[tokio::test]
async fn an_update_that_is_never_fast_enough_ends() {
    let store = store().0;
    let (stock, rival): (Map<String, i64>, Map<String, i64>) =
        (Map::new(&store, "stock"), Map::new(&store, "stock"));
    rival.set("a", 0).await.unwrap();
    let mut attempts = 0;
    // Whoever changes it between the reading and the writing: here it is the same thread.
    let fault = stock
        .update("a", |old| {
            attempts += 1;
            let mut step = pin!(rival.increment("a").into_future());
            assert!(step.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
            old.unwrap_or(0)
        })
        .await
        .unwrap_err();
    assert!(fault.is_contended() && fault.is_not_applied(), "{fault}");
    assert_eq!(attempts, UPDATE_ATTEMPTS_MAX);
    assert_eq!(stock.get("a").await.unwrap(), Some(i64::from(attempts)));
}

#[tokio::test]
async fn a_limit_is_kept_by_every_verb_and_the_try_forms_answer_it() {
    let guests: Map<String, i64> = map::<String, i64>("guests").with_limit(2);
    assert_eq!(guests.set_many([("ada", 1), ("alan", 1)]).await.unwrap(), 2);
    let full = SetFields::Full { free: 0 };
    assert_eq!(guests.try_set("emmy", 1).await.unwrap(), full);
    assert_eq!(guests.try_set_many([("ada", 2), ("emmy", 1)]).await.unwrap(), full);
    let filled = Filled::Full { free: 0 };
    assert_eq!(guests.try_set_if_absent("emmy", 1).await.unwrap(), filled);
    assert_eq!(guests.try_fill([("ada", 2), ("emmy", 1)]).await.unwrap(), filled);
    assert_eq!(guests.try_add("emmy", 1).await.unwrap(), AddedToField::Full);
    assert_eq!(guests.try_add("emmy", 0.5).await.unwrap(), AddedToField::Full);
    let three = [("a", 1), ("b", 1), ("c", 1)];
    assert_eq!(guests.try_replace(three).await.unwrap(), ReplacedAll::Full);
    let told: [(Fault, &str); 8] = [
        (guests.set("emmy", 1).await.unwrap_err(), "`try_set`"),
        (guests.set_many([("emmy", 1)]).await.unwrap_err(), "`try_set_many`"),
        (guests.set_if_absent("emmy", 1).await.unwrap_err(), "`try_set_if_absent`"),
        (guests.get_or_set("emmy", 1).await.unwrap_err(), "`try_set_if_absent`"),
        (guests.fill([("emmy", 1)]).await.unwrap_err(), "`try_fill`"),
        (guests.increment("emmy").await.unwrap_err(), "`try_add`"),
        (guests.update("emmy", |_| 1).await.unwrap_err(), "`try_set`"),
        (guests.replace(three).await.unwrap_err(), "`try_replace`"),
    ];
    for (fault, named) in told {
        assert!(fault.is_out_of_bounds() && fault.is_misuse(), "{fault}");
        assert!(fault.to_string().contains(named), "{fault}");
    }
    assert_eq!(guests.update("ada", |old| old.unwrap() + 1).await.unwrap(), 2);
    assert!(!guests.replace_if("emmy", &1, 2).await.unwrap());
    assert_eq!(sorted(&guests).await, whole(&[("ada", 2), ("alan", 1)]));
    // A smaller limit takes nothing away.
    let fewer = guests.clone().with_limit(1);
    assert_eq!(fewer.try_set("alan", 5).await.unwrap(), SetFields::Set { new: 0 });
    assert_eq!(fewer.try_set("emmy", 5).await.unwrap(), full);
    let none = guests.clone().with_limit(0);
    assert!(none.set("ada", 1).await.unwrap_err().is_bad_setting());
    assert_eq!(none.get("ada").await.unwrap(), Some(2));
}

#[tokio::test]
async fn fields_and_values_are_of_the_users_types() {
    let store = store().0;
    let seen: Map<u32, bool> = Map::new(&store, "seen");
    seen.set(7_u32, true).await.unwrap();
    assert_eq!(seen.all().await.unwrap(), [(7, true)]);
    let carts: Map<String, Json<Vec<u8>>> = Map::new(&store, "carts");
    carts.set("ada", vec![1, 2]).await.unwrap();
    let bought = carts.update("ada", |cart| {
        let Json(mut cart) = cart.unwrap();
        cart.push(3);
        Json(cart)
    });
    assert_eq!(bought.await.unwrap(), Json(vec![1, 2, 3]));
    let raw: Map<String, Bytes> = Map::new(&store, "carts");
    raw.set("note", "fragile").await.unwrap();
    assert_eq!(raw.get("ada").await.unwrap(), Some("[1,2,3]".into()));
    assert_eq!(raw.get_as::<String>("note").await.unwrap().as_deref(), Some("fragile"));
    assert_eq!(raw.get_as::<Json<Vec<u8>>>("ada").await.unwrap(), Some(Json(vec![1, 2, 3])));
    assert_eq!(carts.get_bytes("note").await.unwrap(), Some("fragile".into()));
    assert_eq!(carts.get_bytes("none").await.unwrap(), None);
}

#[tokio::test]
async fn what_cannot_be_read_is_told_by_field_and_its_bytes_are_kept() {
    let store = store().0;
    let numbers: Map<u32, i64> = Map::new(&store, "numbers");
    let raw: Map<String, Bytes> = Map::new(&store, "numbers");
    let is_at = |fault: &Fault, place: Place| {
        assert!(fault.is_undecodable(), "{fault}");
        assert_eq!((fault.key(), fault.place()), (numbers.key().ok(), Some(&place)), "{fault}");
    };
    let seven = || Place::Field("7".into());
    raw.set_many([("7", "x"), ("8", "8")]).await.unwrap();
    is_at(&numbers.get(7_u32).await.unwrap_err(), seven());
    is_at(&numbers.get_as::<bool>(8_u32).await.unwrap_err(), Place::Field("8".into()));
    is_at(&numbers.get_many([8_u32, 7]).await.unwrap_err(), seven());
    is_at(&numbers.get_or_set(7_u32, 1).await.unwrap_err(), seven());
    is_at(&numbers.update(7_u32, |_| 1).await.unwrap_err(), seven());
    is_at(&numbers.all().await.unwrap_err(), seven());
    is_at(&numbers.values().await.unwrap_err(), seven());
    let mut pages = numbers.pages(10);
    is_at(&pages.next_page().await.unwrap_err(), seven());
    is_at(&pages.next_page().await.unwrap_err(), seven());
    assert_eq!(pages.next_page_bytes().await.unwrap().unwrap().len(), 2, "the same page");
    assert_eq!(pages.next_page_bytes().await.unwrap(), None);
    assert_eq!(numbers.fields().await.unwrap().len(), 2);
    assert_eq!(numbers.all_bytes().await.unwrap().len(), 2);
    let fault = numbers.take_many([8_u32, 9, 7]).await.unwrap_err();
    is_at(&fault, seven());
    assert_eq!(fault.gone(), [Bytes::from("8"), "x".into()]);
    assert!(!numbers.exists().await.unwrap(), "it is gone, and the fault says so");
    raw.set_many([("x", "1"), ("7", "y")]).await.unwrap();
    let fault = numbers.take(7_u32).await.unwrap_err();
    is_at(&fault, seven());
    assert!(fault.is_unknown() && fault.gone() == ["y".into()], "{fault}");
    is_at(&numbers.all().await.unwrap_err(), Place::FieldName("x".into()));
    is_at(&numbers.fields().await.unwrap_err(), Place::FieldName("x".into()));
}

#[tokio::test]
async fn a_field_of_the_librarys_own_is_misuse() {
    let notes: Map<String, String> = map("notes");
    for fault in [
        notes.set("::limit", "1").await.unwrap_err(),
        notes.get("::limit").await.unwrap_err(),
        notes.increment("::limit").await.unwrap_err(),
    ] {
        assert!(fault.is_bad_setting() && fault.to_string().contains("`::`"), "{fault}");
    }
    assert!(notes.set(":limit::", "1").await.unwrap());
}

#[tokio::test]
async fn a_declared_time_to_live_comes_with_every_verb_that_writes() {
    let (store, clock) = store();
    let brief: Map<String, i64> = Map::new(&store, "brief").with_ttl(HOUR);
    let plain: Map<String, i64> = Map::new(&store, "brief");
    let lives = async || matches!(plain.ttl().await.unwrap(), Life::Left(_));
    let ends = async || {
        assert!(lives().await);
        plain.delete().await.unwrap();
    };
    brief.set("a", 1).await.unwrap();
    ends().await;
    brief.set_many([("a", 1)]).await.unwrap();
    ends().await;
    brief.set_if_absent("a", 1).await.unwrap();
    ends().await;
    brief.fill([("a", 1)]).await.unwrap();
    ends().await;
    brief.get_or_set("a", 1).await.unwrap();
    ends().await;
    brief.increment("a").await.unwrap();
    ends().await;
    brief.add("a", 0.5).await.unwrap();
    ends().await;
    brief.update("a", |_| 1).await.unwrap();
    ends().await;
    brief.replace([("a", 1)]).await.unwrap();
    ends().await;
    plain.set_many([("a", 1), ("b", 2)]).await.unwrap();
    brief.remove("a").await.unwrap();
    assert!(lives().await);
    plain.replace([("c", 3)]).await.unwrap();
    assert!(lives().await, "what replaces it keeps it");
    clock.advance(HOUR);
    assert!(plain.is_empty().await.unwrap());
}

#[tokio::test]
async fn a_token_gets_the_first_answer_again() {
    let stock: Map<String, i64> = map("stock");
    let order = Token::caller("order-1", HOUR).unwrap();
    assert_eq!(stock.add("a", -1).token(order.clone()).await.unwrap(), -1);
    assert_eq!(stock.add("a", -1).token(order).await.unwrap(), -1);
    stock.set("b", 2).await.unwrap();
    let taken = Token::caller("order-2", HOUR).unwrap();
    for _again in 0..2 {
        assert_eq!(stock.take("b").token(taken.clone()).await.unwrap(), Some(2));
    }
    assert!(stock.set("c", 1).at_most_once().await.unwrap());
    assert_eq!(sorted(&stock).await, whole(&[("a", -1), ("c", 1)]));
}

/// Polls so often, and then goes away.
async fn left_after(polls: usize, call: impl Future) {
    let mut call = pin!(call);
    for _ in 0..polls {
        let mut once = Context::from_waker(Waker::noop());
        if call.as_mut().poll(&mut once).is_ready() {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_caller_who_goes_away_leaves_all_or_nothing() {
    let late = Store::new(Faults::late(Memory::new()));
    let stock: Map<String, i64> = Map::new(&late, "stock");
    for polls in 0..6 {
        stock.replace([("a", 0), ("b", 0)]).await.unwrap();
        left_after(polls, stock.set_many([("a", 1), ("b", 1)]).into_future()).await;
        left_after(polls, stock.update("a", |old| old.unwrap_or(0) + 2)).await;
        let both = sorted(&stock).await;
        assert!(both["a"] == both["b"] || both["a"] == both["b"] + 2, "{both:?}");
        left_after(polls, stock.replace([("a", 5), ("c", 5)]).into_future()).await;
        let all = sorted(&stock).await;
        assert!(all == both || all == whole(&[("a", 5), ("c", 5)]), "{all:?}");
    }
}

#[tokio::test]
async fn a_page_that_was_not_waited_for_is_read_again() {
    let late = Store::new(Faults::late(Memory::new()));
    let stock: Map<u32, i64> = Map::new(&late, "stock");
    stock.set_many((0..10_u32).map(|field| (field, 1))).await.unwrap();
    let (mut pages, mut read) = (stock.pages(3), Vec::new());
    loop {
        left_after(1, pages.next_page()).await;
        let Some(page) = pages.next_page().await.unwrap() else { break };
        read.extend(page.into_iter().map(|(field, _)| field));
    }
    read.sort_unstable();
    assert!(read.into_iter().eq(0..10));
    assert!(pages.next_page().await.unwrap().is_none());
    assert!(stock.pages(0).next_page().await.unwrap_err().is_bad_setting());
    assert_eq!(stock.pages(100).next_page().await.unwrap().unwrap().len(), 10);
}

#[derive(Objects)]
#[exactly(name = "course")]
struct Course {
    #[exactly(limit = 2)]
    grades: Map<String, u8>,
    #[exactly(ttl = "1h")]
    drafts: Map<u64, Json<String>>,
    #[exactly(global)]
    rooms: Map<String, i64>,
}

#[tokio::test]
async fn a_map_is_a_field_of_a_group() {
    let store = Store::open("memory:").await.unwrap();
    let (one, two) = (Course::at(&store, 1), Course::at(&store, 2));
    one.grades.set("ada", 1).await.unwrap();
    one.grades.set("alan", 2).await.unwrap();
    assert_eq!(one.grades.try_set("emmy", 1).await.unwrap(), SetFields::Full { free: 0 });
    assert!(two.grades.is_empty().await.unwrap());
    one.drafts.set(4_u64, Json("text".to_owned())).await.unwrap();
    assert!(matches!(one.drafts.ttl().await.unwrap(), Life::Left(_)));
    one.rooms.increment("A1").await.unwrap();
    assert_eq!(two.rooms.get("A1").await.unwrap(), Some(1));
    one.delete_all().await.unwrap();
    assert!(!one.grades.exists().await.unwrap() && one.rooms.exists().await.unwrap());
    let motto: Value<String> = Value::new(&store, "motto");
    motto.set("x").await.unwrap();
    let fault = Map::<String, String>::new(&store, "motto").len().await.unwrap_err();
    assert!(fault.is_wrong_type(), "{fault}");
}
