//! The key itself.

use std::time::Duration;

use exactly_core::operations::counter::{Add, Get};
use exactly_core::operations::key::{
    Delete, Exists, Expire, Life, Persist, Rename, Renamed, TTL_MAX, Ttl,
};
use exactly_core::{Key, PART_BYTES_MAX};

use crate::subject::{Subject, key};

const HOUR: Duration = Duration::from_secs(3600);
const SOON: Duration = Duration::from_millis(50);

/// Exists, delete, expire and persist, on nothing and on something.
pub async fn meaning(subject: Subject) {
    let key = key("seats");
    assert!(!subject.ok(&key, Exists {}).await);
    assert_eq!(subject.ok(&key, Ttl {}).await, Life::Missing);
    assert!(!subject.ok(&key, Expire { after: HOUR }).await);
    assert!(!subject.ok(&key, Persist {}).await);
    assert!(!subject.ok(&key, Delete {}).await);
    subject.ok(&key, Add::by(1)).await;
    assert!(subject.ok(&key, Exists {}).await);
    assert_eq!(subject.ok(&key, Ttl {}).await, Life::Persistent);
    assert!(!subject.ok(&key, Persist {}).await);
    assert!(subject.ok(&key, Expire { after: HOUR }).await);
    let Life::Left(left) = subject.ok(&key, Ttl {}).await else { panic!("a life has an end") };
    assert!(left <= HOUR && left > HOUR / 2, "{left:?}");
    assert!(subject.ok(&key, Persist {}).await);
    assert_eq!(subject.ok(&key, Ttl {}).await, Life::Persistent);
    assert!(subject.ok(&key, Delete {}).await);
    assert!(!subject.ok(&key, Exists {}).await);
}

/// Renaming moves state and time to live, or refuses and changes nothing.
pub async fn renaming(subject: Subject) {
    let [from, to] = ["from", "to"].map(key);
    let rename = |replace| Rename { to: to.clone(), replace };
    let read = |key: &Key| {
        let (subject, key) = (subject.clone(), key.clone());
        async move { subject.ok(&key, Get { start: 0 }).await }
    };
    assert_eq!(subject.ok(&from, rename(true)).await, Renamed::Missing);
    subject.ok(&from, Add::by(7)).await;
    subject.ok(&from, Expire { after: HOUR }).await;
    assert_eq!(subject.ok(&from, rename(false)).await, Renamed::Renamed);
    assert_eq!((read(&from).await, read(&to).await), (0, 7));
    assert!(matches!(subject.ok(&to, Ttl {}).await, Life::Left(_)));
    subject.ok(&from, Add::by(1)).await;
    assert_eq!(subject.ok(&from, rename(false)).await, Renamed::Taken);
    assert_eq!((read(&from).await, read(&to).await), (1, 7));
    assert_eq!(subject.ok(&from, rename(true)).await, Renamed::Renamed);
    assert_eq!((read(&from).await, read(&to).await), (0, 1));
    assert_eq!(subject.ok(&to, Ttl {}).await, Life::Persistent);
    assert_eq!(subject.ok(&to, rename(true)).await, Renamed::Renamed);
    assert_eq!(subject.ok(&to, rename(false)).await, Renamed::Taken);
    assert_eq!(read(&to).await, 1);
}

/// What has expired is as if it had never been, and leaves a name free.
pub async fn expiry(subject: Subject) {
    let [gone, other] = ["gone", "other"].map(key);
    subject.ok(&gone, Add::by(7)).await;
    subject.ok(&gone, Expire { after: SOON }).await;
    subject.pass(SOON * 2).await;
    assert!(!subject.ok(&gone, Exists {}).await);
    assert!(!subject.ok(&gone, Delete {}).await);
    assert_eq!(subject.ok(&gone, Ttl {}).await, Life::Missing);
    subject.ok(&other, Add::by(1)).await;
    let rename = Rename { to: gone.clone(), replace: false };
    assert_eq!(subject.ok(&other, rename).await, Renamed::Renamed);
    assert_eq!(subject.ok(&gone, Get { start: 0 }).await, 1);
}

/// Every awkward character in every part: keys stay apart and come back.
pub async fn awkward_names(subject: Subject) {
    let long = "x".repeat(PART_BYTES_MAX);
    let parts = [
        "a:b",
        "a%3Ab",
        "a",
        ":",
        "::",
        "{a}",
        "}{",
        "{",
        "%",
        "%25",
        "'",
        "\"",
        "\\",
        "\r\n",
        "\t",
        " ",
        "  ",
        "*",
        "?",
        "[a]",
        "a\u{202e}b",
        "ключ",
        "🪑",
        "--",
        "; DROP TABLE x",
        "\u{7f}",
        &long,
    ];
    for (number, part) in parts.iter().enumerate() {
        for key in places(part) {
            subject.ok(&key, Add::by(number as i64 + 1)).await;
        }
    }
    for (number, part) in parts.iter().enumerate() {
        for key in places(part) {
            let value = subject.ok(&key, Get { start: 0 }).await;
            assert_eq!(value, number as i64 + 1, "{key:?}");
        }
    }
}

fn places(part: &str) -> [Key; 6] {
    [
        Key::in_group(part, "group", "id", "field"),
        Key::in_group("", part, "id", "field"),
        Key::in_group("", "group", part, "field"),
        Key::in_group("", "group", "id", part),
        Key::global("", "group", part),
        Key::alone("", part),
    ]
    .map(|key| key.expect("an awkward name is a name"))
}

/// A time to live outside what is allowed is misuse that names the key; nothing changes.
pub async fn bad_settings(subject: Subject) {
    let key = key("seats");
    subject.ok(&key, Add::by(1)).await;
    for after in [Duration::ZERO, TTL_MAX + Duration::from_nanos(1)] {
        let fault = subject.run(&key, Expire { after }).await.expect_err("not allowed");
        assert!(fault.is_misuse() && fault.is_bad_setting(), "{fault}");
        assert_eq!(fault.key(), Some(&key));
    }
    assert_eq!(subject.ok(&key, Ttl {}).await, Life::Persistent);
    assert!(subject.ok(&key, Expire { after: TTL_MAX }).await);
}
