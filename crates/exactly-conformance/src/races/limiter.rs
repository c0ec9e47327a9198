//! Limiters: requests that come all at once.

use std::time::Duration;

use exactly_core::operations::limiter::{Check, Checked, Rate};

use crate::subject::{Subject, key};

/// Of many who come at once exactly a burst is admitted, whatever each asks for; the others are
/// told how long to wait.
pub async fn at_once(subject: Subject) {
    let rate = Rate { every: Duration::from_secs(3600), burst: 30 };
    let admitted = subject.crowd(64, |subject, number| async move {
        let units = 1 + number as u64 % 2;
        match subject.ok(&key("api"), Check { units, rate }).await {
            Checked::Allowed { .. } => units,
            Checked::Limited { retry_after, .. } => {
                assert!(!retry_after.is_zero());
                0
            }
        }
    });
    // Who asks for one finds the last one, whatever those who ask for two were told.
    assert_eq!(admitted.await.into_iter().sum::<u64>(), rate.burst);
}
