//! Values.

use std::time::Duration;

use exactly_core::operations::capacity::Resize;
use exactly_core::operations::counter::Add;
use exactly_core::operations::key::{Exists, Expire, Life, Ttl};
use exactly_core::operations::value::{
    Get, ReplaceIf, Replaced, Set, SetIfAbsent, SetIfAbsentOutcome, Swap, Take, VALUE_BYTES_MAX,
};
use exactly_core::{Batch, Bytes, Lifetime};

use crate::subject::{Subject, key, step};

/// Every verb, on nothing, on what is expected, and on something else.
pub async fn meaning(subject: Subject) {
    let key = key("motto");
    let [a, b, c] = ["a", "b", "c"].map(Bytes::from);
    let if_absent = |to: &Bytes| SetIfAbsent { to: to.clone() };
    let if_old = |old: &Bytes, to: &Bytes| ReplaceIf { old: old.clone(), to: to.clone() };
    assert_eq!(subject.ok(&key, Get {}).await, None);
    assert_eq!(subject.ok(&key, Take {}).await, None);
    assert_eq!(subject.ok(&key, if_old(&a, &b)).await, Replaced::Differs { found: None });
    assert_eq!(subject.ok(&key, if_absent(&a)).await, SetIfAbsentOutcome::Set);
    let present = SetIfAbsentOutcome::Present { found: a.clone() };
    assert_eq!(subject.ok(&key, if_absent(&b)).await, present);
    assert_eq!(subject.ok(&key, if_old(&a, &b)).await, Replaced::Replaced);
    let differs = Replaced::Differs { found: Some(b.clone()) };
    assert_eq!(subject.ok(&key, if_old(&a, &c)).await, differs);
    assert_eq!(subject.ok(&key, Swap { to: c.clone() }).await, Some(b));
    subject.ok(&key, Set { to: a.clone() }).await;
    assert_eq!(subject.ok(&key, Get {}).await, Some(a.clone()));
    assert_eq!(subject.ok(&key, Take {}).await, Some(a));
    assert!(!subject.ok(&key, Exists {}).await);
    assert_eq!(subject.ok(&key, Swap { to: c.clone() }).await, None);
    assert_eq!(subject.ok(&key, Get {}).await, Some(c));
}

/// Any bytes come back as they were; an empty value is one.
pub async fn any_bytes(subject: Subject) {
    let key = key("bytes");
    let every: Vec<u8> = (0..=255).collect();
    let large = vec![b'x'; 1 << 20];
    for bytes in [Vec::new(), vec![0], every, large, b"\r\n".to_vec(), "🪑".into(), b"-0".to_vec()]
    {
        let bytes = Bytes::from(bytes);
        subject.ok(&key, Set { to: bytes.clone() }).await;
        assert_eq!(subject.ok(&key, Get {}).await, Some(bytes.clone()));
        let replace = ReplaceIf { old: bytes, to: "next".into() };
        assert_eq!(subject.ok(&key, replace).await, Replaced::Replaced);
    }
}

/// A capacity is no value; a counter is one, of its digits.
pub async fn wrong_type(subject: Subject) {
    let [seats, number] = ["seats", "number"].map(key);
    subject.ok(&seats, Resize { to: 3 }).await;
    let fault = subject.run(&seats, Set { to: "x".into() }).await.expect_err("another kind");
    assert!(fault.is_misuse() && fault.is_wrong_type(), "{fault}");
    assert!(subject.run(&seats, Get {}).await.expect_err("another kind").is_wrong_type());
    subject.ok(&number, Add::by(-7)).await;
    assert_eq!(subject.ok(&number, Get {}).await, Some("-7".into()));
}

/// A write keeps the time to live that runs, and brings the one it declares.
pub async fn expiry(subject: Subject) {
    const SOON: Duration = Duration::from_millis(50);
    let key = key("motto");
    let brief = step(&key, Set { to: "x".into() }).lifetime(Lifetime::Sliding(SOON));
    subject.apply(Batch::one(brief)).await.expect("the engine answers");
    subject.pass(SOON * 2).await;
    assert_eq!(subject.ok(&key, Get {}).await, None);
    assert_eq!(subject.ok(&key, SetIfAbsent { to: "y".into() }).await, SetIfAbsentOutcome::Set);
    assert_eq!(subject.ok(&key, Ttl {}).await, Life::Persistent);
    subject.ok(&key, Expire { after: Duration::from_secs(60) }).await;
    subject.ok(&key, Set { to: "z".into() }).await;
    subject.ok(&key, Swap { to: "y".into() }).await;
    assert!(matches!(subject.ok(&key, Ttl {}).await, Life::Left(_)));
}

/// A value that is too long is misuse; what is stored stays.
pub async fn bad_settings(subject: Subject) {
    let key = key("motto");
    subject.ok(&key, Set { to: "short".into() }).await;
    let long = Bytes::from(vec![0; VALUE_BYTES_MAX + 1]);
    for fault in [
        subject.run(&key, Set { to: long.clone() }).await.expect_err("too long"),
        subject.run(&key, Swap { to: long.clone() }).await.expect_err("too long"),
        subject.run(&key, SetIfAbsent { to: long.clone() }).await.expect_err("too long"),
        subject.run(&key, ReplaceIf { old: "short".into(), to: long }).await.expect_err("too long"),
    ] {
        assert!(fault.is_misuse() && fault.is_bad_setting(), "{fault}");
    }
    assert_eq!(subject.ok(&key, Get {}).await, Some("short".into()));
}
