//! The laws of forms.

use std::fmt::Debug;

use exactly_core::Bytes;
use exactly_core::codec::Form;

pub(crate) fn bytes(text: &str) -> Bytes {
    text.into()
}

/// The value is written as `text`, which reads as the value.
#[track_caller]
pub(crate) fn is<T: Form + PartialEq + Debug>(value: T, text: &str) {
    assert_eq!(value.encode().unwrap(), bytes(text));
    assert_eq!(T::decode(&bytes(text)).unwrap(), value);
}

/// Each of them reads as the value, though it is written in another way.
#[track_caller]
pub(crate) fn reads<T: Form + PartialEq + Debug>(value: T, texts: &[&str]) {
    for text in texts {
        assert_eq!(T::decode(&bytes(text)).unwrap(), value, "{text:?}");
        assert_ne!(value.encode().unwrap(), bytes(text));
    }
}

/// None of them is of this form, and the reason says what was found.
#[track_caller]
pub(crate) fn wrong<T: Form + Debug>(texts: &[&str]) {
    for text in texts {
        let told = T::decode(&bytes(text)).unwrap_err().to_string();
        let found = format!("found {:?}", bytes(text));
        assert!(told.ends_with(&found), "{told:?} of {text:?} as {}", T::NAME);
    }
}

/// What is written reads back, and equal values are written alike, and others are not.
pub(crate) fn comes_back<T: Form + PartialEq + Debug>(values: &[T]) {
    for value in values {
        let written = value.encode().unwrap();
        let back = T::decode(&written).unwrap();
        assert_eq!(&back, value, "{written:?}");
        assert_eq!(back.encode().unwrap(), written);
        for other in values {
            assert_eq!(value == other, written == other.encode().unwrap(), "{value:?} {other:?}");
        }
    }
}

/// As [`comes_back`], and bytes sort as values do.
pub(crate) fn sorts<T: Form + Ord + Debug>(values: &[T]) {
    comes_back(values);
    for value in values {
        for other in values {
            let bytes = value.encode().unwrap().cmp(&other.encode().unwrap());
            assert_eq!(value.cmp(other), bytes, "{value:?} {other:?}");
        }
    }
}

/// Whatever the bytes are, reading them does not panic; what reads is the same when it is written
/// and read once more, and what does not says what was found.
pub(crate) fn survives<T: Form + PartialEq + Debug>(bytes: &Bytes) {
    match T::decode(bytes) {
        Ok(value) => {
            let Ok(written) = value.encode() else { return };
            assert_eq!(T::decode(&written).unwrap(), value, "{bytes:?}");
        }
        Err(told) => assert!(told.to_string().contains("found"), "{told}"),
    }
}

/// As [`survives`], and there is no other way to write the value.
pub(crate) fn is_strict<T: Form + PartialEq + Debug>(bytes: &Bytes) {
    survives::<T>(bytes);
    if let Ok(value) = T::decode(bytes) {
        assert_eq!(&value.encode().unwrap(), bytes);
    }
}
