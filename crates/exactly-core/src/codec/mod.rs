//! How Rust values are written down: plain text that other programs read, JSON, or MessagePack.

mod calendar;
#[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
mod civil;
#[cfg(feature = "compressed")]
mod compressed;
mod duration;
mod number;
mod text;
mod wrapped;

#[cfg(feature = "chrono")]
mod chrono;
#[cfg(feature = "jiff")]
mod jiff;
#[cfg(feature = "rust_decimal")]
mod rust_decimal;
#[cfg(feature = "time")]
mod time;
#[cfg(feature = "uuid")]
mod uuid;

use std::error::Error;
use std::fmt::Display;

use crate::bytes::Bytes;

#[cfg(feature = "compressed")]
pub use compressed::Compressed;
pub use wrapped::{Json, MsgPack, Text};

/// Why a value could not be written or read.
pub type Mismatch = Box<dyn Error + Send + Sync>;

/// A type whose values are stored as bytes.
///
/// | type | is written | reads also |
/// | --- | --- | --- |
/// | whole numbers of all widths, `NonZero` too | `-42` | |
/// | `f32`, `f64` | `0.1`, `1e21`: the shortest that reads back | other spellings of a number |
/// | `bool` | `true`, `false` | |
/// | `char`, `String`, `Box<str>`, `Arc<str>` | as it is, in UTF-8 | |
/// | `Vec<u8>`, `Box<[u8]>`, `[u8; N]`, [`Bytes`] | as it is | |
/// | `IpAddr`, `Ipv4Addr`, `Ipv6Addr`, `SocketAddr` | `2001:db8::1` | other spellings of one |
/// | `Duration` | `90`, `0.25`: seconds | zeros at the end of a fraction |
/// | `SystemTime` | `2026-01-02T03:04:05.000000000Z` | RFC 3339 with any offset, fewer digits |
/// | [`Text<T>`] | what `T` displays as | what `T` parses |
/// | [`Json<T>`], [`MsgPack<T>`] | whatever serde knows | |
///
/// With features of the same names:
///
/// | feature | type | is written |
/// | --- | --- | --- |
/// | `uuid` | `Uuid` | `67e55044-10b1-426f-9247-bb680e5fe0c8` |
/// | `jiff` | `Timestamp`, `SignedDuration` | as `SystemTime` and `Duration` are |
/// | `chrono` | `DateTime<Utc>`, `TimeDelta` | likewise |
/// | `time` | `UtcDateTime`, `Duration` | likewise |
/// | these three | dates, times of day, both without an offset | `2026-01-02T03:04:05.000000000` |
/// | these three | `Zoned`, `DateTime<FixedOffset>`, `OffsetDateTime` | with offset (and zone) |
/// | `rust_decimal` | `Decimal` | `1.5`, without zeros at the end |
/// | `compressed` | `Compressed<T>` | what `T` is written as, in zlib |
///
/// # Equal values, equal bytes
///
/// Members of a set, names of fields and [`ReplaceIf`](crate::operations::value::ReplaceIf) are
/// compared by their bytes. Equal values of every type above are written alike, except:
///
/// - **`Json` and `MsgPack`** write in the order in which serde is told: a `HashMap` or `HashSet`
///   inside comes in another order each time. Use a `BTreeMap`.
/// - **`Zoned`, `DateTime<FixedOffset>` and `OffsetDateTime`** are equal where they are the same
///   moment, and written with their offsets. Store the moment: `Timestamp`, `DateTime<Utc>`,
///   `UtcDateTime`.
/// - **`Compressed`**: another version of the compressor may find shorter bytes.
/// - **`Text`** is as good as `T`'s `Display`.
///
/// What another program wrote in another way ("reads also") reads as the same value, but is other
/// bytes: a set may have both.
///
/// # In order
///
/// Bytes sort as the values do for texts, bytes, UUIDs, dates, times of day and moments: these have
/// four digits of the year and nine after the second, always. A year outside of 0000 to 9999 is
/// *misuse*. Numbers sort as texts do, `10` before `9`: a sorted set has scores for them.
///
/// # What has no form
///
/// - **`NaN` and infinite floats**: `NaN` is not even equal to itself, and programs do not agree
///   how to write the others down. [`MsgPack`] keeps them; JSON turns them into `null`. `-0.0` is
///   written as `0`, which it equals.
/// - **`Option`**: what is not stored is `None` already, and a second way to say so would be a
///   second truth. [`Json<Option<T>>`](Json) is there for those who mean it.
///
/// ```
/// # use exactly_core::codec::{Form, Json};
/// assert_eq!(42_i64.encode()?, "42".into());
/// assert_eq!(Json(vec![1, 2]).encode()?, "[1,2]".into());
/// assert!(f64::NAN.encode().is_err());
/// # Ok::<(), exactly_core::codec::Mismatch>(())
/// ```
///
/// A type of yours gets a form by being wrapped, or by two functions:
///
/// ```
/// # use exactly_core::{Bytes, codec::{Form, Mismatch}};
/// #[derive(Debug, PartialEq)]
/// enum Status { Open, Closed }
///
/// impl Form for Status {
///     const NAME: &'static str = "`open` or `closed`";
///
///     fn encode(&self) -> Result<Bytes, Mismatch> {
///         Ok(match self { Self::Open => "open", Self::Closed => "closed" }.into())
///     }
///
///     fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
///         match &**bytes {
///             b"open" => Ok(Self::Open),
///             b"closed" => Ok(Self::Closed),
///             _ => Err(format!("found {bytes:?}").into()),
///         }
///     }
/// }
///
/// assert_eq!(Status::decode(&"open".into())?, Status::Open);
/// # Ok::<(), Mismatch>(())
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
    /// When the bytes are not of this form. It says what was found.
    fn decode(bytes: &Bytes) -> Result<Self, Mismatch>;
}

/// What stood there instead. [`Bytes`] are cut where they are long, so that it stays a sentence.
fn found(bytes: &Bytes) -> Mismatch {
    format!("found {bytes:?}").into()
}

/// As [`found`], with what is wrong about it.
fn odd(why: impl Display, bytes: &Bytes) -> Mismatch {
    format!("{why}, found {bytes:?}").into()
}

/// The bytes as text.
fn text(bytes: &Bytes) -> Result<&str, Mismatch> {
    std::str::from_utf8(bytes).map_err(|error| odd(error, bytes))
}
