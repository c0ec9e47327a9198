//! Values: what is read where nothing is stored, and where something else is.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use exactly::{Bytes, Json, Store, Text, Value};

async fn store() -> Store {
    Store::open("memory:").await.unwrap()
}

#[tokio::test]
async fn a_declared_default_is_made_for_each_read_that_needs_it_and_never_written() {
    let made = Arc::new(AtomicU64::new(0));
    let room: Value<u64> = Value::new(&store().await, "room").with_default({
        let made = Arc::clone(&made);
        move || made.fetch_add(1, Ordering::Relaxed)
    });
    assert_eq!(room.get().await.unwrap(), Some(0));
    assert_eq!(room.clone().get().await.unwrap(), Some(1));
    assert_eq!(room.get().at_most_once().await.unwrap(), Some(2));
    assert!(!room.exists().await.unwrap());
    assert_eq!(room.get_bytes().await.unwrap(), None);
    assert_eq!(room.swap(7_u64).await.unwrap(), None, "nothing was stored before");
    assert_eq!(room.get().await.unwrap(), Some(7));
    assert_eq!(room.take().await.unwrap(), Some(7));
    assert_eq!(room.take().await.unwrap(), None);
    assert!(!room.replace_if(&3, 4_u64).await.unwrap(), "a default is not there to be replaced");
    assert_eq!(made.load(Ordering::Relaxed), 3);
    assert_eq!(room.update(|room| room.unwrap() * 10).await.unwrap(), 30);
    assert_eq!(room.update(|room| room.unwrap() * 10).await.unwrap(), 300);
    assert_eq!(made.load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn a_default_given_with_the_call_goes_before_the_declared_one() {
    let motto: Value<String> = Value::new(&store().await, "motto").with_default(|| "a".to_owned());
    assert_eq!(motto.get_or("b").await.unwrap(), "b");
    assert_eq!(motto.get_or_else(|| "c".to_owned()).await.unwrap(), "c");
    motto.set("stored").await.unwrap();
    assert_eq!(motto.get_or("b").await.unwrap(), "stored");
    assert_eq!(motto.get_or_else(|| panic!("it is not needed")).await.unwrap(), "stored");
}

#[tokio::test]
async fn a_default_does_not_hide_what_cannot_be_read() {
    let store = store().await;
    Value::<String>::new(&store, "room").set("first come").await.unwrap();
    let room: Value<i64> = Value::new(&store, "room").with_default(|| 1);
    for fault in [
        room.get().await.unwrap_err(),
        room.get_or(2_i64).await.unwrap_err(),
        room.update(|room| room.unwrap()).await.unwrap_err(),
    ] {
        assert_eq!(
            fault.to_string(),
            "misuse: `room`: cannot be read as a whole number (`i64`): found \"first come\"; read \
             the raw bytes, or read it as what was written"
        );
    }
}

#[tokio::test]
async fn bytes_are_in_reach_whatever_they_are() {
    let store = store().await;
    let text: Value<String> = Value::new(&store, "room");
    let room: Value<i64> = Value::new(&store, "room");
    let long = "first come, first served. ".repeat(10);
    text.set(long.as_str()).await.unwrap();
    assert_eq!(room.get_bytes().await.unwrap(), Some(Bytes::from(&*long)));
    assert_eq!(room.swap_bytes(1).await.unwrap(), Some(Bytes::from(&*long)));
    text.set(long.as_str()).await.unwrap();
    assert_eq!(room.take_bytes().await.unwrap(), Some(Bytes::from(&*long)));
    // What was overwritten or removed by a call that cannot read it is in the fault, all of it.
    text.set(long.as_str()).await.unwrap();
    let fault = room.swap(1).await.unwrap_err();
    assert_eq!(fault.gone(), [Bytes::from(&*long)]);
    assert_eq!(room.get().await.unwrap(), Some(1));
    text.set(long.as_str()).await.unwrap();
    assert_eq!(room.take().await.unwrap_err().gone(), [Bytes::from(&*long)]);
    assert!(!room.exists().await.unwrap());
}

#[tokio::test]
async fn a_value_is_of_any_form() {
    let store = store().await;
    let at = SystemTime::UNIX_EPOCH + Duration::new(1_767_323_045, 60);
    let opened: Value<SystemTime> = Value::new(&store, "opened");
    opened.set(at).await.unwrap();
    assert_eq!(opened.get().await.unwrap(), Some(at));
    let rate: Value<f64> = Value::new(&store, "rate");
    rate.set(0.1).await.unwrap();
    assert_eq!(rate.update(|rate| rate.unwrap() + 0.2).await.unwrap(), 0.1 + 0.2);
    let fault = rate.set(f64::NAN).await.unwrap_err();
    assert!(fault.is_misuse() && fault.to_string().contains("NaN has no form"), "{fault}");
    assert_eq!(rate.get().await.unwrap(), Some(0.1 + 0.2));
    let seats: Value<Json<Vec<u8>>> = Value::new(&store, "seats").with_default(Json::default);
    assert!(seats.get().await.unwrap().unwrap().is_empty());
    let version: Value<Text<std::net::Ipv4Addr>> = Value::new(&store, "host");
    version.set(std::net::Ipv4Addr::LOCALHOST).await.unwrap();
    let text: Value<String> = Value::new(&store, "host");
    assert_eq!(text.get().await.unwrap().as_deref(), Some("127.0.0.1"));
}
