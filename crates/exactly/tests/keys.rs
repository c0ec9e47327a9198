//! Listing what is stored, and moving it.
#![cfg(feature = "memory")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use exactly::{Capacity, Counter, Fault, Key, Life, Objects, Renamed, Store, Value};
use exactly_embedded::Memory;

#[derive(Objects)]
#[exactly(name = "course")]
struct Course {
    taken: Counter,
    #[exactly(limit = 30)]
    seats: Capacity,
    #[exactly(global)]
    total: Counter,
}

fn names(mut keys: Vec<Key>) -> Vec<String> {
    keys.sort();
    keys.iter().map(|key| key.name().to_owned()).collect()
}

#[tokio::test]
async fn a_store_lists_the_keys_of_its_namespace_in_pages() -> Result<(), Fault> {
    let memory = Memory::new();
    let [shop, bank] = ["shop", "bank"]
        .map(|namespace| Store::builder().namespace(namespace).build(memory.clone()));
    for id in 0..100 {
        Course::at(&shop, id).taken.increment().await?;
        Course::at(&bank, id + 1000).taken.increment().await?;
    }
    Counter::new(&shop, "visits").increment().await?;
    assert_eq!(shop.keys("").collect_all().await?.len(), 101);
    assert_eq!(names(shop.keys("course:42").collect_all().await?), ["course:42:taken"]);
    assert_eq!(names(shop.keys_like("*s").collect_all().await?), ["visits"]);
    assert!(shop.keys("course:1000").collect_all().await?.is_empty());
    // No page is empty, and what is not waited for is asked for again.
    let mut keys = shop.keys("course:").page_size(3);
    let mut listed = Vec::new();
    while let Some(page) = keys.next_page().await? {
        assert!(!page.is_empty() && page.len() <= 3);
        drop(keys.clone().next_page());
        listed.extend(page);
    }
    assert_eq!(listed.len(), 100);
    assert!(keys.next_page().await?.is_none());
    Ok(())
}

#[tokio::test]
async fn a_group_lists_its_ids_each_once() -> Result<(), Fault> {
    let store = Store::open("memory:").await?;
    for id in ["42", "4:2", "ключ"] {
        let course = Course::at(&store, id);
        course.taken.increment().await?;
        course.seats.resize(3).await?;
        course.total.increment().await?;
    }
    Counter::new(&store, "course").increment().await?;
    let mut ids = Course::ids(&store).collect_all().await?;
    ids.sort();
    assert_eq!(ids, ["42", "4:2", "ключ"]);
    assert_eq!(Course::keys(&store).collect_all().await?.len(), 7);
    let mut seen = Vec::new();
    let mut pages = Course::ids(&store).page_size(1);
    while let Some(page) = pages.next_page().await? {
        seen.extend(page);
    }
    assert!(seen.len() >= 3, "a thing may come with several pages: {seen:?}");
    Course::at(&store, "42").delete_all().await?;
    assert_eq!(Course::ids(&store).collect_all().await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_handle_goes_where_it_moves_what_is_stored() -> Result<(), Fault> {
    let store = Store::builder().namespace("shop").build(Memory::new());
    let hour = Duration::from_secs(3600);
    let mut draft = Counter::new(&store, "draft").with_bounds(..=3).with_ttl(hour);
    let stays = draft.clone();
    // There is nothing to move yet.
    assert_eq!(draft.move_key_to("published").await?, Renamed::Missing);
    assert_eq!(draft.key()?.name(), "draft");
    assert_eq!(draft.increment().await?, 1);
    assert_eq!(draft.move_key_to("published").await?, Renamed::Renamed);
    assert_eq!((draft.key()?.to_string().as_str(), draft.get().await?), ("shop:::published", 1));
    assert!(matches!(draft.ttl().await?, Life::Left(_)));
    assert_eq!((stays.key()?.name(), stays.get().await?), ("draft", 0));
    // Its options go along.
    assert!(draft.add(3).await.unwrap_err().is_out_of_bounds());
    stays.increment().await?;
    assert_eq!(draft.move_key_to(&stays).await?, Renamed::Taken);
    assert_eq!(draft.key()?.name(), "published");
    assert_eq!(draft.move_key_over(&stays).await?, Renamed::Renamed);
    assert_eq!(draft.key()?, stays.key()?);
    let course = Course::at(&store, 42);
    assert_eq!(draft.move_key_to(course.taken.key()?).await?, Renamed::Renamed);
    assert_eq!(course.taken.get().await?, 1);
    assert_eq!(course.taken.rename_to("alone").await?, Renamed::Renamed);
    assert_eq!(Counter::new(&store, "alone").get().await?, 1);
    Ok(())
}

#[tokio::test]
async fn nothing_moves_to_what_is_no_key_or_in_another_store() -> Result<(), Fault> {
    let (store, other) = (Store::open("memory:").await?, Store::open("memory:").await?);
    let mut motto: Value<String> = Value::new(&store, "motto");
    motto.set("first").await?;
    let elsewhere: Value<String> = Value::new(&other, "elsewhere");
    for fault in [
        motto.move_key_to("").await.unwrap_err(),
        motto.move_key_over(&elsewhere).await.unwrap_err(),
        motto.rename_to(&elsewhere).await.unwrap_err(),
    ] {
        assert!(fault.is_misuse(), "{fault}");
    }
    assert_eq!(motto.key()?.name(), "motto");
    assert_eq!(motto.get().await?.as_deref(), Some("first"));
    Ok(())
}
