//! Numbers in the fields of maps.

use exactly_core::operations::map::{Add, AddReal, AddedToField, Addend, Get, Remove, Set};

use super::{all, fields, set, stored};
use crate::subject::{Subject, key};

/// Whole numbers are exact over all of 64 bits, and no other text is one.
pub async fn whole(subject: Subject) {
    let key = key("stock");
    let add = |by: i64| -> Add { by.add("a".into(), None) };
    for (by, sum) in [
        (9_007_199_254_740_993, 9_007_199_254_740_993),
        (-1, 9_007_199_254_740_992),
        (0, 9_007_199_254_740_992),
        (i64::MIN, -9_214_364_837_600_034_816),
        (9_214_364_837_600_034_816, 0),
    ] {
        assert_eq!(subject.ok(&key, add(by)).await, AddedToField::Added(sum), "{by}");
        assert_eq!(stored(&subject, &key).await, all(&format!("a={sum}")));
    }
    for (last, by) in [(i64::MAX, 1), (i64::MIN, -1)] {
        subject.ok(&key, set(&format!("a={last}"))).await;
        let fault = subject.run(&key, add(by)).await.expect_err("it does not fit");
        assert!(fault.is_overflow() && fault.to_string().contains("field \"a\""), "{fault}");
        assert_eq!(stored(&subject, &key).await, all(&format!("a={last}")));
    }
    for text in ["", "abc", "1.5", "007", "+1", " 1", "9223372036854775808", "inf"] {
        let pairs = [("a".into(), text.into())].into_iter().collect();
        subject.ok(&key, Set { pairs, limit: None }).await;
        let fault = subject.run(&key, add(1)).await.expect_err("no whole number");
        assert!(fault.is_not_a_number(), "{fault}");
        assert!(fault.to_string().contains("field \"a\""), "{fault}");
        let values = subject.ok(&key, Get { fields: fields("a") }).await;
        assert_eq!(values.as_slice(), [Some(text.into())], "nothing was changed");
    }
}

/// Floats are written as counters write them, and are whole numbers as far as their digits are.
pub async fn real(subject: Subject) {
    let key = key("stock");
    let add = |by: f64| -> AddReal { by.add("a".into(), None) };
    for (by, sum, text) in [
        (0.1, 0.1, "0.1"),
        (0.2, 0.1 + 0.2, "0.30000000000000004"),
        (-0.1 - 0.2, 0.0, "0"),
        (-0.0, 0.0, "0"),
        (3.0, 3.0, "3"),
        (1e20, 1e20, "100000000000000000000"),
        (-1e20, 0.0, "0"),
        (1e-7, 1e-7, "0.0000001"),
    ] {
        assert_eq!(subject.ok(&key, add(by)).await, AddedToField::Added(sum), "{by}");
        assert_eq!(stored(&subject, &key).await, all(&format!("a={text}")));
    }
    subject.ok(&key, add(f64::MAX)).await;
    let fault = subject.run(&key, add(f64::MAX)).await.expect_err("too large");
    assert!(fault.is_overflow() && fault.to_string().contains("field \"a\""), "{fault}");
    for text in ["", "abc", "inf", "nan"] {
        subject.ok(&key, set(&format!("a={text}"))).await;
        let fault = subject.run(&key, add(1.0)).await.expect_err("no number");
        assert!(fault.is_not_a_number() && fault.to_string().contains("field \"a\""), "{fault}");
    }
    subject.ok(&key, Remove { fields: fields("a") }).await;
    subject.ok(&key, add(1e16)).await;
    let whole: Add = 1_i64.add("a".into(), None);
    let sum = subject.ok(&key, whole).await;
    assert_eq!(sum, AddedToField::Added(10_000_000_000_000_001));
}
