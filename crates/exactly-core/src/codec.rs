//! How Rust values are written down: plain text that other programs read, JSON, or MessagePack.

use std::error::Error;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::state::Bytes;

/// Why a value could not be written or read.
pub type Mismatch = Box<dyn Error + Send + Sync>;

/// A type whose values are stored as bytes.
///
/// Numbers, texts and booleans are plain text, readable in any client of the store. [`Json`] and
/// [`MsgPack`] wrap whatever serde knows.
///
/// ```
/// # use exactly_core::codec::{Form, Json};
/// assert_eq!(42_i64.encode()?, "42".into());
/// assert_eq!(Json(vec![1, 2]).encode()?, "[1,2]".into());
/// # Ok::<(), exactly_core::codec::Mismatch>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no form to be stored in",
    label = "cannot be stored as it is",
    note = "store it as `Json<{Self}>` or `MsgPack<{Self}>`, or implement `Form` for it"
)]
pub trait Form: Sized + Send {
    /// What the form is called in messages.
    const NAME: &'static str;

    /// Writes the value down.
    ///
    /// # Errors
    /// When the form has no way to write it.
    fn encode(&self) -> Result<Bytes, Mismatch>;

    /// Reads it back.
    ///
    /// # Errors
    /// When the bytes are not of this form.
    fn decode(bytes: &Bytes) -> Result<Self, Mismatch>;
}

/// A value stored as JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Json<T>(pub T);

/// A value stored as MessagePack, with the names of its fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct MsgPack<T>(pub T);

impl<T> From<T> for Json<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> From<T> for MsgPack<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: Serialize + DeserializeOwned + Send> Form for Json<T> {
    const NAME: &'static str = "JSON";

    fn encode(&self) -> Result<Bytes, Mismatch> {
        Ok(serde_json::to_vec(&self.0)?.into())
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        Ok(Self(serde_json::from_slice(bytes)?))
    }
}

impl<T: Serialize + DeserializeOwned + Send> Form for MsgPack<T> {
    const NAME: &'static str = "MessagePack";

    fn encode(&self) -> Result<Bytes, Mismatch> {
        Ok(rmp_serde::to_vec_named(&self.0)?.into())
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        Ok(Self(rmp_serde::from_slice(bytes)?))
    }
}

impl Form for String {
    const NAME: &'static str = "UTF-8 text";

    fn encode(&self) -> Result<Bytes, Mismatch> {
        Ok(self.as_str().into())
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        Ok(std::str::from_utf8(bytes)?.to_owned())
    }
}

impl Form for Vec<u8> {
    const NAME: &'static str = "bytes";

    fn encode(&self) -> Result<Bytes, Mismatch> {
        Ok(self.clone().into())
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        Ok(bytes.to_vec())
    }
}

impl Form for Bytes {
    const NAME: &'static str = "bytes";

    fn encode(&self) -> Result<Bytes, Mismatch> {
        Ok(self.clone())
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        Ok(bytes.clone())
    }
}

/// Types whose `Display` and `FromStr` are each other's inverse.
macro_rules! as_text {
    ($($name:literal: $($ty:ty),+;)+) => {
        $($(
            impl Form for $ty {
                const NAME: &'static str = $name;

                fn encode(&self) -> Result<Bytes, Mismatch> {
                    Ok(self.to_string().into())
                }

                fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
                    Ok(std::str::from_utf8(bytes)?.parse()?)
                }
            }
        )+)+
    };
}

as_text! {
    "a whole number": i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize;
    "a number": f32, f64;
    "`true` or `false`": bool;
    "one character": char;
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use super::*;

    fn there_and_back<T: Form + PartialEq + Debug>(value: T, written: &[u8]) {
        let bytes = value.encode().unwrap();
        assert_eq!(&*bytes, written, "{value:?}");
        assert_eq!(T::decode(&bytes).unwrap(), value);
    }

    #[test]
    fn plain_forms_are_what_a_person_would_type() {
        there_and_back("hello".to_owned(), b"hello");
        there_and_back(-42_i64, b"-42");
        there_and_back(u128::MAX, b"340282366920938463463374607431768211455");
        there_and_back(0.1_f64, b"0.1");
        there_and_back(true, b"true");
        there_and_back(vec![0_u8, 255], b"\x00\xff");
        there_and_back(Json(vec![1, 2]), b"[1,2]");
        there_and_back(MsgPack(7_u8), b"\x07");
    }

    #[test]
    fn what_does_not_decode_is_an_error() {
        assert!(i64::decode(&"abc".into()).is_err());
        assert!(String::decode(&vec![0xff].into()).is_err());
        assert!(Json::<Vec<u8>>::decode(&"{".into()).is_err());
        assert!(u8::decode(&"256".into()).is_err());
    }
}
