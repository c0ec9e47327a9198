//! Limiters.

use std::time::Duration;

use exactly_core::operations::counter::{Add, Get};
use exactly_core::operations::key::{Delete, Exists};
use exactly_core::operations::limiter::{Allowance, Check, Checked, Peek, Rate};
use exactly_core::{Batch, Reply};

use crate::subject::{Subject, key, step};

const HOUR: Duration = Duration::from_secs(3600);
/// No unit comes back while a case runs.
const SLOW: Rate = Rate { every: HOUR, burst: 3 };

fn check(units: u64) -> Check {
    Check { units, rate: SLOW }
}

/// A burst at once, then none; what is refused takes nothing.
pub async fn meaning(subject: Subject) {
    let key = key("api");
    let left = |peeked: Allowance| peeked.units;
    assert_eq!(left(subject.ok(&key, Peek { rate: SLOW }).await), 3);
    assert!(!subject.ok(&key, Exists {}).await);
    assert_eq!(subject.ok(&key, check(2)).await, Checked::Allowed { left: 1 });
    let Checked::Limited { retry_after, left: 1 } = subject.ok(&key, check(2)).await else {
        panic!("two are too many")
    };
    assert!(retry_after <= HOUR && retry_after > HOUR / 2, "{retry_after:?}");
    assert_eq!(left(subject.ok(&key, Peek { rate: SLOW }).await), 1);
    assert_eq!(subject.ok(&key, check(1)).await, Checked::Allowed { left: 0 });
    let Checked::Limited { retry_after, left: 0 } = subject.ok(&key, check(3)).await else {
        panic!("three are too many")
    };
    assert!(retry_after <= 3 * HOUR && retry_after > 2 * HOUR, "{retry_after:?}");
    assert!(subject.ok(&key, Delete {}).await);
    assert_eq!(subject.ok(&key, check(3)).await, Checked::Allowed { left: 0 });
}

/// Whoever waits as long as told is admitted, and a rested limiter is gone.
pub async fn waiting(subject: Subject) {
    let key = key("api");
    let rate = Rate { every: Duration::from_millis(20), burst: 2 };
    let check = || Check { units: 2, rate };
    assert_eq!(subject.ok(&key, check()).await, Checked::Allowed { left: 0 });
    for _ in 0..5 {
        match subject.ok(&key, check()).await {
            Checked::Allowed { .. } => {}
            Checked::Limited { retry_after, .. } => {
                assert!(retry_after <= rate.every * 2);
                subject.pass(retry_after).await;
                assert!(subject.ok(&key, check()).await.is_allowed(), "after {retry_after:?}");
            }
        }
    }
    subject.pass(rate.every * 3).await;
    assert!(!subject.ok(&key, Exists {}).await);
    let rested = subject.ok(&key, Peek { rate }).await;
    assert_eq!((rested.units, rested.full_after), (2, Duration::ZERO));
}

/// What is refused in a batch undoes it, and what is undone takes no unit.
pub async fn in_batches(subject: Subject) {
    let (api, count) = (key("api"), key("count"));
    let both = |units| Batch::of([step(&count, Add::by(1)), step(&api, check(units))]);
    let refused = |reply| matches!(reply, Ok(Reply::Refused(_)));
    assert!(!refused(subject.apply(both(2)).await));
    assert!(refused(subject.apply(both(2)).await));
    let undone = Batch::of([step(&api, check(1)), step(&api, check(1))]);
    assert!(refused(subject.apply(undone).await));
    assert_eq!(subject.ok(&api, Peek { rate: SLOW }).await.units, 1);
    assert_eq!(subject.ok(&count, Get { start: 0_i64 }).await, 1);
}

/// A counter is no limiter, nor a limiter a counter.
pub async fn wrong_type(subject: Subject) {
    let (count, api) = (key("count"), key("api"));
    subject.ok(&count, Add::by(1)).await;
    assert!(subject.run(&count, check(1)).await.expect_err("a counter").is_wrong_type());
    let peeked = subject.run(&count, Peek { rate: SLOW }).await;
    assert!(peeked.expect_err("a counter").is_wrong_type());
    subject.ok(&api, check(1)).await;
    assert!(subject.run(&api, Add::by(1)).await.expect_err("a limiter").is_wrong_type());
}

/// No units, more than ever, and rates that are none.
pub async fn bad_settings(subject: Subject) {
    let key = key("api");
    for bad in [
        check(0),
        check(4),
        Check { units: 1, rate: Rate { every: Duration::ZERO, ..SLOW } },
        Check { units: 1, rate: Rate { every: Duration::from_nanos(1), ..SLOW } },
        Check { units: 1, rate: Rate { burst: u64::MAX, ..SLOW } },
    ] {
        let fault = subject.run(&key, bad).await.expect_err("a bad setting");
        assert!(fault.is_misuse() && fault.is_bad_setting(), "{fault}");
    }
    assert!(!subject.ok(&key, Exists {}).await);
}
