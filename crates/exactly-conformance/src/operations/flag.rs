//! Flags.

use std::time::Duration;

use exactly_core::operations::capacity::Resize;
use exactly_core::operations::flag::{Clear, IsMarked, Mark, Marked};
use exactly_core::operations::key::{Life, Ttl};
use exactly_core::{Batch, Lifetime};

use crate::subject::{Subject, key, step};

/// Marking, marking again, marking only if unmarked, and clearing.
pub async fn meaning(subject: Subject) {
    let key = key("flag");
    let mark = |only_if_unmarked| Mark { only_if_unmarked };
    assert!(!subject.ok(&key, IsMarked {}).await);
    assert!(!subject.ok(&key, Clear {}).await);
    assert_eq!(subject.ok(&key, mark(true)).await, Marked::Marked);
    assert_eq!(subject.ok(&key, mark(true)).await, Marked::Already);
    assert_eq!(subject.ok(&key, mark(false)).await, Marked::Marked);
    assert!(subject.ok(&key, IsMarked {}).await);
    assert!(subject.ok(&key, Clear {}).await);
    assert!(!subject.ok(&key, IsMarked {}).await);
    assert_eq!(subject.ok(&key, mark(true)).await, Marked::Marked);
}

/// A capacity is no flag.
pub async fn wrong_type(subject: Subject) {
    let key = key("seats");
    subject.ok(&key, Resize { to: 3 }).await;
    let fault = subject.run(&key, Mark { only_if_unmarked: false }).await.expect_err("a capacity");
    assert!(fault.is_misuse() && fault.is_wrong_type(), "{fault}");
    assert!(subject.run(&key, IsMarked {}).await.expect_err("a capacity").is_wrong_type());
}

/// A mark for a while ends by itself; a refused mark does not prolong it.
pub async fn expiry(subject: Subject) {
    const SOON: Duration = Duration::from_millis(50);
    let key = key("flag");
    let mark = |time| {
        let mark = step(&key, Mark { only_if_unmarked: true }).optional();
        Batch::one(mark.lifetime(Lifetime::Sliding(time)))
    };
    subject.apply(mark(SOON)).await.expect("the engine answers");
    subject.apply(mark(Duration::from_secs(3600))).await.expect("the engine answers");
    subject.pass(SOON * 2).await;
    assert!(!subject.ok(&key, IsMarked {}).await);
    subject.apply(mark(Duration::from_secs(3600))).await.expect("the engine answers");
    assert!(matches!(subject.ok(&key, Ttl {}).await, Life::Left(_)));
}
