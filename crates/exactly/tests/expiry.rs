//! What the handles say about the end of what they write.
#![cfg(feature = "memory")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use exactly::core::ManualClock;
use exactly::{Capacity, Counter, Fault, Flag, Kind, Life, Ran, Store, Taking, Value};
use exactly_embedded::{Memory, Options};

const HOUR: Duration = Duration::from_secs(3600);

/// A store on a clock that stands at one second after the epoch.
fn store() -> (Store, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new());
    let options = Options { clock: Arc::clone(&clock) as _, ..Options::default() };
    (Store::new(Memory::with(options)), clock)
}

fn at(after: Duration) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1) + after
}

#[tokio::test]
async fn a_handle_that_ends_at_a_moment_brings_it_with_every_write() -> Result<(), Fault> {
    let (store, clock) = store();
    let today = Counter::new(&store, "today").with_expire_at(at(HOUR));
    assert_eq!(today.increment().await?, 1);
    assert_eq!(today.ttl().await?, Life::Left(HOUR));
    clock.advance(HOUR / 2);
    assert_eq!(today.increment().await?, 2);
    assert_eq!(today.ttl().await?, Life::Left(HOUR / 2));
    clock.advance(HOUR / 2);
    // Over: each write is answered, and nothing of it is left.
    assert_eq!(today.increment().await?, 1);
    assert_eq!(today.increment().await?, 1);
    assert!(!today.exists().await?);
    let flag = Flag::new(&store, "flag").with_expire_at(at(HOUR));
    assert!(flag.mark_if_unmarked().await? && flag.mark_if_unmarked().await?);
    let value: Value<String> = Value::new(&store, "value").with_expire_at(at(HOUR));
    value.set("gone").await?;
    assert_eq!(value.get().await?, None);
    let seats = Capacity::new(&store, "seats", 1).with_expire_at(at(HOUR));
    assert!(matches!(seats.take(1).await?, Taking::Held(_)));
    assert_eq!(seats.levels().await?.free, 1);
    Ok(())
}

#[tokio::test]
async fn a_block_whose_step_has_ended_is_not_undone_below_nothing() -> Result<(), Fault> {
    let (store, _) = store();
    let over = Counter::new(&store, "over").with_expire_at(UNIX_EPOCH);
    let ran = over.increment_with(async |value| if value == 1 { None } else { Some(()) }).await?;
    assert!(matches!(ran, Ran::Undone(_)), "{ran:?}");
    assert_eq!(over.get().await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_moment_may_lie_anywhere_but_beyond_what_clocks_tell() -> Result<(), Fault> {
    let (store, _) = store();
    let seats = Counter::new(&store, "seats");
    seats.increment().await?;
    assert!(seats.expire_at(at(HOUR)).await?);
    assert_eq!(seats.ttl().await?, Life::Left(HOUR));
    // Before the epoch is the past, too.
    assert!(seats.expire_at(UNIX_EPOCH - HOUR).await?);
    assert!(!seats.expire_at(at(HOUR)).await?);
    let beyond = UNIX_EPOCH + Duration::from_secs(600 * 366 * 86_400);
    let fault = seats.expire_at(beyond).await.unwrap_err();
    assert!(fault.is_misuse() && fault.is_bad_setting(), "{fault}");
    assert!(seats.with_expire_at(beyond).increment().await.unwrap_err().is_bad_setting());
    Ok(())
}

#[tokio::test]
async fn the_kind_is_that_of_what_is_stored_and_not_of_the_handle() -> Result<(), Fault> {
    let (store, _) = store();
    let seats = Counter::new(&store, "seats");
    assert_eq!(seats.kind().await?, None);
    seats.increment().await?;
    assert_eq!(seats.kind().await?, Some(Kind::Scalar));
    seats.delete().await?;
    Capacity::new(&store, "seats", 3).resize(4).await?;
    assert_eq!(seats.kind().await?, Some(Kind::Capacity));
    Ok(())
}
