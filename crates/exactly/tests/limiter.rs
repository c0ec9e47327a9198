//! Limiters: what they answer when the engine is there, and when it is not.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use exactly::core::ManualClock;
use exactly::layers::{Faults, Odds};
use exactly::{Checked, Limiter, Rate, Store, WhenAway};
use exactly_embedded::{Memory, Options};

const RATE: Rate = Rate::per(2, Duration::from_secs(10));

#[tokio::test]
async fn whoever_waits_as_long_as_told_is_admitted() {
    let clock = Arc::new(ManualClock::new());
    let memory = Memory::with(Options { clock: Arc::clone(&clock) as _, ..Options::default() });
    let api = Limiter::new(&Store::new(memory), "api", RATE);
    assert_eq!(api.peek().await.unwrap().units, 2);
    assert_eq!(api.check(2).await.unwrap(), Checked::Allowed { left: 0 });
    let Checked::Limited { retry_after, left: 0 } = api.check(1).await.unwrap() else { panic!() };
    assert_eq!(retry_after, Duration::from_secs(5));
    clock.advance(retry_after);
    assert!(api.check(1).await.unwrap().is_allowed());
    // Another rate counts what was admitted under the first.
    assert!(
        !api.with_rate(Rate::per(1, Duration::from_secs(1))).check(1).await.unwrap().is_allowed()
    );
}

#[tokio::test(start_paused = true)]
async fn what_to_answer_when_the_engine_is_away_is_chosen() {
    let odds = Odds { lose_request: 1.0, ..Odds::default() };
    let api = Limiter::new(&Store::new(Faults::with_odds(Memory::new(), odds, 1)), "api", RATE);
    assert!(!api.check(1).await.unwrap_err().is_misuse());
    assert!(api.check_or(1, WhenAway::Admit).await.unwrap().is_allowed());
    let soon = Duration::from_secs(1);
    let limited = Checked::Limited { retry_after: soon, left: 0 };
    assert_eq!(api.check_or(1, WhenAway::Limit(soon)).await.unwrap(), limited);
    // What is wrong stays wrong.
    let api = Limiter::new(&Store::new(Memory::new()), "api", RATE);
    assert!(api.check_or(3, WhenAway::Admit).await.unwrap_err().is_misuse());
}
