//! What happens when others are faster, and who is told of it.
//!
//! `tracing` is told of each meeting with its key, on the target `exactly` at level DEBUG; with the
//! feature `metrics`, the recorder that the program has installed counts them. The names
//! are in the documentation of the crate.

use std::time::Duration;

use exactly_core::Key;
use tracing::debug;

/// What meets others.
#[derive(Debug, Clone, Copy)]
pub(crate) enum By {
    Transaction,
    Update,
}

/// What is waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum For {
    Turn,
    Lock,
}

impl By {
    fn word(self) -> &'static str {
        match self {
            Self::Transaction => "transaction",
            Self::Update => "update",
        }
    }
}

impl For {
    fn word(self) -> &'static str {
        match self {
            Self::Turn => "turn",
            Self::Lock => "lock",
        }
    }
}

/// Others were faster at this key, for so many times by now.
pub(crate) fn met(key: &Key, by: By, attempt: u32) {
    debug!(target: "exactly", %key, by = by.word(), attempt, "conflict");
    #[cfg(feature = "metrics")]
    metrics::counter!("exactly_conflicts_total", "by" => by.word(), "object" => object(key))
        .increment(1);
}

/// It was made, or given up, at this attempt.
pub(crate) fn settled(by: By, attempts: u32) {
    debug!(target: "exactly", by = by.word(), attempts, "settled");
    #[cfg(feature = "metrics")]
    metrics::histogram!("exactly_attempts", "by" => by.word()).record(attempts);
}

/// Others were in the way at this key for so long.
pub(crate) fn waited(key: &Key, what: For, time: Duration) {
    debug!(target: "exactly", %key, what = what.word(), ?time, "waited");
    #[cfg(feature = "metrics")]
    metrics::histogram!("exactly_wait_seconds", "for" => what.word(), "object" => object(key))
        .record(time);
}

/// Which object of all its like, so that there are no more labels than fields: `course:*:seats`. An
/// object that stands alone is told by its name.
#[cfg(feature = "metrics")]
fn object(key: &Key) -> String {
    match (key.group(), key.id()) {
        (Some(group), Some(_)) => format!("{group}:*:{}", key.field()),
        (Some(_), None) | (None, _) => key.name().to_owned(),
    }
}

/// Lets others go first, the longer the more often they have been faster. The first attempts only
/// yield.
pub(crate) async fn give_way(attempt: u32) {
    const YIELDS: u32 = 8;
    if attempt <= YIELDS || tokio::runtime::Handle::try_current().is_err() {
        return tokio::task::yield_now().await;
    }
    // Full jitter: those who collided do not come back together.
    let longest = Duration::from_micros(50) * (attempt - YIELDS).min(40);
    tokio::time::sleep(longest.mul_f64(fastrand::f64())).await;
}
