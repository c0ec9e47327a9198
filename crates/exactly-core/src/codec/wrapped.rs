//! Forms around types that have none of their own.

use std::fmt::Display;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Form, Mismatch, odd, text};
use crate::bytes::Bytes;

/// A value stored as JSON.
///
/// Wherever the wrapped value is wanted, it stands in for it: it dereferences to it, is made from
/// it by `into`, and is serialised as it.
///
/// ```
/// # use exactly_core::codec::{Form, Json};
/// let seats: Json<Vec<u32>> = vec![7, 8].into();
/// assert_eq!(seats.len(), 2);
/// assert_eq!(seats.encode()?, "[7,8]".into());
/// # Ok::<(), exactly_core::codec::Mismatch>(())
/// ```
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Json<T>(pub T);

/// A value stored as MessagePack, with the names of its fields. As [`Json`], shorter, and not for
/// people to read.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct MsgPack<T>(pub T);

/// A value stored as the text that it displays as: for what `FromStr` reads back, such as versions
/// and URLs.
///
/// ```
/// # use exactly_core::codec::{Form, Text};
/// let network: Text<std::net::SocketAddrV4> = Text("127.0.0.1:80".parse()?);
/// assert_eq!(network.encode()?, "127.0.0.1:80".into());
/// assert_eq!(Text::decode(&"127.0.0.1:80".into())?, network);
/// # Ok::<(), exactly_core::codec::Mismatch>(())
/// ```
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Text<T>(pub T);

macro_rules! stands_in {
    ($($wrapper:ident),+) => {
        $(
            impl<T> From<T> for $wrapper<T> {
                fn from(value: T) -> Self {
                    Self(value)
                }
            }

            impl<T> std::ops::Deref for $wrapper<T> {
                type Target = T;

                fn deref(&self) -> &T {
                    &self.0
                }
            }

            impl<T> std::ops::DerefMut for $wrapper<T> {
                fn deref_mut(&mut self) -> &mut T {
                    &mut self.0
                }
            }
        )+
    };
}
#[cfg(feature = "compressed")]
pub(super) use stands_in;

stands_in!(Json, MsgPack, Text);

impl<T: Serialize + DeserializeOwned + Send> Form for Json<T> {
    const NAME: &'static str = "JSON";

    fn encode(&self) -> Result<Bytes, Mismatch> {
        Ok(serde_json::to_vec(&self.0)?.into())
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        serde_json::from_slice(bytes).map(Self).map_err(|error| odd(error, bytes))
    }
}

impl<T: Serialize + DeserializeOwned + Send> Form for MsgPack<T> {
    const NAME: &'static str = "MessagePack";

    fn encode(&self) -> Result<Bytes, Mismatch> {
        Ok(rmp_serde::to_vec_named(&self.0)?.into())
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        // The reader stops where the value ends, and what is behind it would never be noticed.
        let mut rest = &**bytes;
        let value = rmp_serde::from_read(&mut rest).map_err(|error| odd(error, bytes))?;
        match rest.len() {
            0 => Ok(Self(value)),
            more => Err(odd(format!("{more} more bytes behind the value"), bytes)),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T: Display + FromStr<Err: Display> + Send> Form for Text<T> {
    const NAME: &'static str = "text";

    fn encode(&self) -> Result<Bytes, Mismatch> {
        Ok(self.0.to_string().into())
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        text(bytes)?.parse().map(Self).map_err(|error| odd(error, bytes))
    }
}
