//! Capacities.

use std::time::Duration;

use exactly_core::operations::capacity::{
    Confirm, Confirmed, Extend, Extended, GiveBack, GivenBack, LEASE_MAX, LIMIT_MAX, Levels, Read,
    Release, Resize, Resized, Take, Taken,
};
use exactly_core::operations::key::{Exists, Expire};
use exactly_core::operations::value;
use exactly_core::{HoldId, Key};

use crate::subject::{Subject, key};

const LIMIT: u64 = 3;
const LONG: Duration = Duration::from_secs(3600);
const SOON: Duration = Duration::from_millis(50);

fn take(hold: HoldId, units: u64, lease: Duration) -> Take {
    Take { hold, units, lease, limit: LIMIT }
}

async fn levels(subject: &Subject, key: &Key) -> (u64, u64, u64) {
    let Levels { free, held, confirmed, .. } = subject.ok(key, Read { limit: LIMIT }).await;
    (free, held, confirmed)
}

/// Units are free, held or confirmed; taking, confirming, releasing and giving back move them.
pub async fn meaning(subject: Subject) {
    let key = key("seats");
    let [one, two] = [HoldId::unique(), HoldId::unique()];
    assert_eq!(levels(&subject, &key).await, (3, 0, 0));
    assert!(!subject.ok(&key, Exists {}).await, "a read does not write");
    assert_eq!(subject.ok(&key, take(one, 2, LONG)).await, Taken::Held { hold: one });
    assert_eq!(subject.ok(&key, take(two, 2, LONG)).await, Taken::Full { free: 1, held: 2 });
    assert_eq!(subject.ok(&key, take(one, 2, LONG)).await, Taken::Held { hold: one });
    assert_eq!(levels(&subject, &key).await, (1, 2, 0), "the same hold is taken once");
    assert_eq!(subject.ok(&key, Confirm { hold: two }).await, Confirmed::Lapsed);
    for _again in 0..2 {
        assert_eq!(subject.ok(&key, Confirm { hold: one }).await, Confirmed::Confirmed);
    }
    assert!(!subject.ok(&key, Release { hold: one }).await);
    let extend = Extend { hold: one, lease: LONG };
    assert_eq!(subject.ok(&key, extend).await, Extended::Lapsed);
    assert_eq!(levels(&subject, &key).await, (1, 0, 2));
    assert_eq!(subject.ok(&key, take(two, 1, LONG)).await, Taken::Held { hold: two });
    assert!(subject.ok(&key, Release { hold: two }).await);
    assert!(!subject.ok(&key, Release { hold: two }).await);
    let too_few = GivenBack::TooFew { confirmed: 2 };
    assert_eq!(subject.ok(&key, GiveBack { units: 3 }).await, too_few);
    assert_eq!(subject.ok(&key, GiveBack { units: 2 }).await, GivenBack::GivenBack);
    assert_eq!(levels(&subject, &key).await, (3, 0, 0));
    let many = take(HoldId::unique(), 4, LONG);
    assert_eq!(subject.ok(&key, many).await, Taken::Full { free: 3, held: 0 });
}

/// A hold comes back by itself, and its late holder is told.
pub async fn leases(subject: Subject) {
    let key = key("seats");
    let [short, long] = [HoldId::unique(), HoldId::unique()];
    subject.ok(&key, take(short, 1, SOON)).await;
    subject.ok(&key, take(long, 1, SOON)).await;
    assert_eq!(subject.ok(&key, Extend { hold: long, lease: LONG }).await, Extended::Extended);
    subject.pass(SOON * 2).await;
    assert_eq!(levels(&subject, &key).await, (2, 1, 0));
    assert_eq!(subject.ok(&key, Confirm { hold: short }).await, Confirmed::Lapsed);
    let late = Extend { hold: short, lease: LONG };
    assert_eq!(subject.ok(&key, late).await, Extended::Lapsed);
    assert!(!subject.ok(&key, Release { hold: short }).await);
    assert_eq!(subject.ok(&key, Confirm { hold: long }).await, Confirmed::Confirmed);
    assert_eq!(levels(&subject, &key).await, (2, 0, 1));
    // Who is confirmed stays so; who confirms long after is told that there is no such hold.
    let brief = HoldId::unique();
    subject.ok(&key, take(brief, 1, SOON)).await;
    assert_eq!(subject.ok(&key, Confirm { hold: brief }).await, Confirmed::Confirmed);
    subject.pass(SOON * 2).await;
    assert_eq!(subject.ok(&key, Confirm { hold: brief }).await, Confirmed::Lapsed);
    assert_eq!(levels(&subject, &key).await, (1, 0, 2));
}

/// A limit may shrink below what is taken: nobody loses a unit, and none is free until enough came
/// back.
pub async fn resizing(subject: Subject) {
    let key = key("seats");
    let hold = HoldId::unique();
    subject.ok(&key, take(hold, 3, LONG)).await;
    assert_eq!(subject.ok(&key, Resize { to: 1 }).await, Resized { over: 2 });
    assert_eq!(levels(&subject, &key).await, (0, 3, 0));
    assert_eq!(subject.ok(&key, Confirm { hold }).await, Confirmed::Confirmed);
    assert_eq!(subject.ok(&key, Resize { to: 1 }).await, Resized { over: 2 });
    let full = Taken::Full { free: 0, held: 0 };
    assert_eq!(subject.ok(&key, take(HoldId::unique(), 1, LONG)).await, full);
    subject.ok(&key, GiveBack { units: 2 }).await;
    assert_eq!(subject.ok(&key, take(HoldId::unique(), 1, LONG)).await, full);
    subject.ok(&key, GiveBack { units: 1 }).await;
    assert_eq!(levels(&subject, &key).await, (1, 0, 0));
    assert_eq!(subject.ok(&key, Resize { to: 0 }).await, Resized { over: 0 });
    assert_eq!(subject.ok(&key, take(HoldId::unique(), 1, LONG)).await, full);
    assert_eq!(subject.ok(&key, Resize { to: LIMIT_MAX }).await, Resized { over: 0 });
    assert_eq!(levels(&subject, &key).await, (LIMIT_MAX, 0, 0));
}

/// A value is no capacity, and stays.
pub async fn wrong_type(subject: Subject) {
    let key = key("motto");
    subject.ok(&key, value::Set { to: "x".into() }).await;
    let fault = subject.run(&key, take(HoldId::unique(), 1, LONG)).await.expect_err("a value");
    assert!(fault.is_misuse() && fault.is_wrong_type(), "{fault}");
    assert_eq!(fault.key(), Some(&key));
    assert!(subject.run(&key, Read { limit: 1 }).await.expect_err("a value").is_wrong_type());
    assert!(subject.run(&key, Resize { to: 1 }).await.expect_err("a value").is_wrong_type());
    assert_eq!(subject.ok(&key, value::Get {}).await, Some("x".into()));
}

/// A capacity whose key expires is gone with its holds and confirmations.
pub async fn expiry(subject: Subject) {
    let key = key("seats");
    let hold = HoldId::unique();
    subject.ok(&key, take(hold, 3, LONG)).await;
    subject.ok(&key, Expire { after: SOON }).await;
    subject.pass(SOON * 2).await;
    assert_eq!(levels(&subject, &key).await, (3, 0, 0));
    assert_eq!(subject.ok(&key, Confirm { hold }).await, Confirmed::Lapsed);
    assert!(!subject.ok(&key, Exists {}).await);
}

/// Zero units, and leases and limits outside what is allowed, are misuse; nothing is taken.
pub async fn bad_settings(subject: Subject) {
    let key = key("seats");
    let good = take(HoldId::unique(), 1, LONG);
    for bad in [
        Take { units: 0, ..good.clone() },
        Take { lease: Duration::ZERO, ..good.clone() },
        Take { lease: LEASE_MAX + Duration::from_nanos(1), ..good.clone() },
        Take { limit: LIMIT_MAX + 1, ..good.clone() },
    ] {
        let fault = subject.run(&key, bad.clone()).await.expect_err("not allowed");
        assert!(fault.is_misuse() && fault.is_bad_setting(), "{bad:?} {fault}");
        assert_eq!(fault.key(), Some(&key));
    }
    assert!(subject.run(&key, Resize { to: u64::MAX }).await.is_err());
    assert!(subject.run(&key, Read { limit: LIMIT_MAX + 1 }).await.is_err());
    assert!(subject.run(&key, GiveBack { units: 0 }).await.is_err());
    assert!(!subject.ok(&key, Exists {}).await);
    subject.ok(&key, good.clone()).await;
    let forever = Extend { hold: good.hold, lease: LEASE_MAX * 2 };
    assert!(subject.run(&key, forever).await.is_err());
    assert_eq!(levels(&subject, &key).await, (2, 1, 0));
    let longest = Extend { hold: good.hold, lease: LEASE_MAX };
    assert_eq!(subject.ok(&key, longest).await, Extended::Extended);
}
