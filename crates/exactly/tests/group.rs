//! Groups: derived handles, their keys, and what cannot be one.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use exactly::{Capacity, Counter, Flag, Json, Life, Objects, Store, Token, Value};
use serde::{Deserialize, Serialize};

#[derive(Objects)]
#[exactly(name = "course")]
struct Course {
    slots_taken: Counter,
    #[exactly(start = 30, min = 0)]
    available_slots: Counter,
    #[exactly(limit = 30, lease = "30s")]
    seats: Capacity,
    motto: Value<String>,
    #[exactly(ttl = "1h")]
    closing: Flag,
    #[exactly(global)]
    total_enrolled: Counter,
}

#[tokio::test]
async fn each_field_is_an_object_of_its_own_with_the_options_it_declares() {
    let store = Store::open("memory:").await.unwrap();
    let [rust, ruby] = [42, 43].map(|id| Course::at(&store, id));
    assert_eq!(rust.slots_taken.increment().await.unwrap(), 1);
    assert_eq!(ruby.slots_taken.get().await.unwrap(), 0);
    assert_eq!(rust.available_slots.decrement().await.unwrap(), 29);
    assert!(ruby.available_slots.add(-31).await.unwrap_err().is_out_of_bounds());
    assert_eq!(rust.seats.free().await.unwrap(), 30);
    rust.motto.set("first come").await.unwrap();
    assert_eq!(ruby.motto.get_or("none").await.unwrap(), "none");
    assert!(!ruby.motto.exists().await.unwrap());
    rust.closing.mark().await.unwrap();
    assert!(matches!(rust.closing.ttl().await.unwrap(), Life::Left(_)));
    rust.total_enrolled.increment().await.unwrap();
    assert_eq!(ruby.total_enrolled.increment().await.unwrap(), 2);
}

#[tokio::test]
async fn keys_are_made_of_namespace_group_id_and_field() {
    let store = Store::builder().namespace("shop").open("memory:").await.unwrap();
    let course = Course::at(&store, "4:2");
    assert_eq!(course.slots_taken.key().unwrap().to_string(), "shop:course:4%3A2:slots_taken");
    assert_eq!(course.total_enrolled.key().unwrap().to_string(), "shop:course::total_enrolled");
    let fields: Vec<_> = course.objects().iter().map(|member| member.field()).collect();
    assert_eq!(
        fields,
        ["slots_taken", "available_slots", "seats", "motto", "closing", "total_enrolled"]
    );
}

#[tokio::test]
async fn delete_all_covers_every_field_but_those_that_others_share() {
    let store = Store::open("memory:").await.unwrap();
    let course = Course::at(&store, 42);
    course.slots_taken.increment().await.unwrap();
    course.seats.take(1).await.unwrap().held().unwrap().keep();
    course.motto.set("x").await.unwrap();
    course.total_enrolled.increment().await.unwrap();
    assert_eq!(course.delete_all().await.unwrap(), 3);
    assert_eq!(course.delete_all().await.unwrap(), 0);
    for member in course.objects() {
        let name = member.field();
        assert_eq!(member.is_global(), name == "total_enrolled");
    }
    assert_eq!(course.total_enrolled.get().await.unwrap(), 1);
    assert_eq!(course.seats.free().await.unwrap(), 30);
}

#[tokio::test]
async fn a_name_that_cannot_be_a_key_is_misuse_at_the_first_call_and_nothing_changes() {
    let store = Store::open("memory:").await.unwrap();
    let long = "x".repeat(256);
    for id in ["", "a\0b", long.as_str()] {
        let course = Course::at(&store, id);
        let fault = course.slots_taken.increment().await.unwrap_err();
        assert!(fault.is_misuse() && fault.is_bad_name(), "{fault}");
        assert!(course.delete_all().await.unwrap_err().is_bad_name());
        assert!(course.motto.set("x").await.unwrap_err().is_bad_name());
        let ran = course.slots_taken.increment_with(async |_| Some(())).await;
        assert!(ran.unwrap_err().is_bad_name());
        assert_eq!(course.total_enrolled.get().await.unwrap(), 0);
    }
    let crowded = Store::builder().namespace("n".repeat(256)).open("memory:").await.unwrap();
    assert!(Counter::new(&crowded, "x").get().await.unwrap_err().is_bad_name());
}

#[derive(Debug, Serialize, Deserialize, PartialEq, Clone)]
struct Address {
    city: String,
}

#[tokio::test]
async fn values_of_any_form_and_what_does_not_read_as_one() {
    let store = Store::open("memory:").await.unwrap();
    let address: Value<Json<Address>> = Value::new(&store, "address");
    let ankara = Address { city: "Ankara".to_owned() };
    address.set(ankara.clone()).await.unwrap();
    assert_eq!(address.get().await.unwrap(), Some(Json(ankara)));
    let text: Value<String> = Value::new(&store, "address");
    assert_eq!(text.get().await.unwrap().as_deref(), Some(r#"{"city":"Ankara"}"#));
    text.set("not JSON").await.unwrap();
    let fault = address.get().await.unwrap_err();
    assert!(fault.is_misuse() && fault.is_undecodable(), "{fault}");
    assert!(fault.to_string().contains("address") && fault.to_string().contains("JSON"), "{fault}");
    assert_eq!(address.get_bytes().await.unwrap(), Some("not JSON".into()));
    let number = Counter::new(&store, "address");
    let fault = number.increment().await.unwrap_err();
    assert!(fault.is_not_a_number() && fault.to_string().contains("not JSON"), "{fault}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn updates_of_many_callers_all_count() {
    let store = Store::open("memory:").await.unwrap();
    let sum: Value<i64> = Value::new(&store, "sum");
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let sum = sum.clone();
            tokio::spawn(async move {
                for _ in 0..100 {
                    sum.update(|sum| sum.unwrap_or(0) + 1).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(sum.get().await.unwrap(), Some(1600));
}

#[tokio::test]
async fn a_token_is_one_effect_on_any_verb() {
    let store = Store::open("memory:").await.unwrap();
    let course = Course::at(&store, 42);
    let token = |id: &str| Token::caller(id, Duration::from_secs(60)).unwrap();
    for _ in 0..3 {
        assert_eq!(course.slots_taken.add(5).token(token("a")).await.unwrap(), 5);
        assert!(course.closing.mark_if_unmarked().token(token("b")).await.unwrap());
        let hold = course.seats.take(1).token(token("c")).await.unwrap().held().unwrap();
        hold.keep();
    }
    assert_eq!(course.seats.levels().await.unwrap().held, 1);
    let fault = course.slots_taken.add(6).token(token("a")).await.unwrap_err();
    assert!(fault.is_token_reused(), "{fault}");
}

#[tokio::test]
async fn renaming_moves_what_is_stored() {
    let store = Store::open("memory:").await.unwrap();
    let [from, to]: [Counter; 2] = ["from", "to"].map(|name| Counter::new(&store, name));
    from.set(7).await.unwrap();
    assert_eq!(from.rename_to(&to).await.unwrap(), exactly::Renamed::Renamed);
    assert_eq!((from.get().await.unwrap(), to.get().await.unwrap()), (0, 7));
    from.set(8).await.unwrap();
    assert_eq!(from.rename_to(&to).await.unwrap(), exactly::Renamed::Taken);
    assert_eq!(from.rename_over(&to).await.unwrap(), exactly::Renamed::Renamed);
    assert_eq!(to.get().await.unwrap(), 8);
}
