//! Values that are bound, and values that are read.

use std::cmp::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::decimal::Decimal;
use crate::fault::Fault;
use crate::name::Name;

/// A value of a column: bound, never pasted into the text.
///
/// Whole numbers, texts, bytes, truth values and floats come by `From`, as do options of them.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// True or false. MySQL, MariaDB and SQLite hold it as a number.
    Bool(bool),
    /// A whole number.
    I64(i64),
    /// A whole number that may be beyond [`i64::MAX`].
    U64(u64),
    /// A floating point number.
    F64(f64),
    /// An exact decimal number.
    Decimal(Decimal),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A UUID. MySQL and SQLite hold its 16 bytes, as sqlx binds it; bind a text where the column
    /// holds the text.
    Uuid([u8; 16]),
    /// A day, counted from 1970-01-01.
    Date(i32),
    /// A time of day in microseconds from midnight.
    Time(i64),
    /// A date and time without a zone, in microseconds from 1970-01-01.
    DateTime(i64),
    /// A moment, in microseconds from 1970-01-01 UTC.
    Instant(i64),
    /// A value of a type of your own, such as an `enum` of PostgreSQL: its text, and the type that
    /// PostgreSQL casts it to. The other engines take the text.
    Cast {
        /// How it is written.
        text: String,
        /// The type, as in `mood` or `jsonb`.
        to: Name,
    },
}

impl Value {
    /// The number, if it is one that can be counted with exactly.
    pub fn as_decimal(&self) -> Option<Decimal> {
        match self {
            Self::I64(number) => Some(Decimal::whole(i128::from(*number))),
            Self::U64(number) => Some(Decimal::whole(i128::from(*number))),
            Self::Decimal(number) => Some(*number),
            Self::Null
            | Self::Bool(_)
            | Self::F64(_)
            | Self::Text(_)
            | Self::Bytes(_)
            | Self::Uuid(_)
            | Self::Date(_)
            | Self::Time(_)
            | Self::DateTime(_)
            | Self::Instant(_)
            | Self::Cast { .. } => None,
        }
    }

    /// Whether there is no value.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// A value of a type of your own: see [`Value::Cast`].
    pub fn cast(text: impl Into<String>, to: impl Into<Name>) -> Self {
        Self::Cast { text: text.into(), to: to.into() }
    }

    /// A total order: numbers by size, texts and bytes byte by byte, kinds one after the other.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        if let (Some(one), Some(two)) = (self.as_decimal(), other.as_decimal()) {
            return one.cmp(&two);
        }
        match (self, other) {
            (Self::F64(one), Self::F64(two)) => one.total_cmp(two),
            (Self::Bool(one), Self::Bool(two)) => one.cmp(two),
            (Self::Text(one), Self::Text(two)) => one.cmp(two),
            (Self::Bytes(one), Self::Bytes(two)) => one.cmp(two),
            (Self::Uuid(one), Self::Uuid(two)) => one.cmp(two),
            (Self::Date(one), Self::Date(two)) => one.cmp(two),
            (Self::Time(one), Self::Time(two))
            | (Self::DateTime(one), Self::DateTime(two))
            | (Self::Instant(one), Self::Instant(two)) => one.cmp(two),
            (Self::Cast { text: one, .. }, Self::Cast { text: two, .. }) => one.cmp(two),
            (one, two) => one.rank().cmp(&two.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::I64(_) | Self::U64(_) | Self::Decimal(_) => 2,
            Self::F64(_) => 3,
            Self::Text(_) => 4,
            Self::Bytes(_) => 5,
            Self::Uuid(_) => 6,
            Self::Date(_) => 7,
            Self::Time(_) => 8,
            Self::DateTime(_) => 9,
            Self::Instant(_) => 10,
            Self::Cast { .. } => 11,
        }
    }

    /// A whole number of any size.
    pub(crate) fn of_decimal(number: Decimal) -> Self {
        let whole = number.as_whole().filter(|_| number.scale() == 0);
        match whole.map(|whole| (i64::try_from(whole), u64::try_from(whole))) {
            Some((Ok(whole), _)) => Self::I64(whole),
            Some((_, Ok(whole))) => Self::U64(whole),
            Some((Err(_), Err(_))) | None => Self::Decimal(number),
        }
    }
}

macro_rules! from {
    ($($type:ty => |$value:ident| $made:expr),+ $(,)?) => {$(
        impl From<$type> for Value {
            fn from($value: $type) -> Self {
                $made
            }
        }
    )+};
}

from! {
    bool => |value| Self::Bool(value),
    i8 => |value| Self::I64(value.into()),
    i16 => |value| Self::I64(value.into()),
    i32 => |value| Self::I64(value.into()),
    i64 => |value| Self::I64(value),
    u8 => |value| Self::I64(value.into()),
    u16 => |value| Self::I64(value.into()),
    u32 => |value| Self::I64(value.into()),
    u64 => |value| i64::try_from(value).map_or(Self::U64(value), Self::I64),
    f32 => |value| Self::F64(value.into()),
    f64 => |value| Self::F64(value),
    Decimal => |value| Self::Decimal(value),
    String => |value| Self::Text(value),
    &str => |value| Self::Text(value.to_owned()),
    &String => |value| Self::Text(value.clone()),
    Vec<u8> => |value| Self::Bytes(value),
    &[u8] => |value| Self::Bytes(value.to_vec()),
    SystemTime => |value| Self::Instant(micros_of(value)),
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

fn micros_of(time: SystemTime) -> i64 {
    let micros = |span: std::time::Duration| i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => micros(since),
        Err(before) => -micros(before.duration()),
    }
}

macro_rules! into {
    ($($type:ty, $says:literal, $read:expr);+ $(;)?) => {$(
        impl TryFrom<Value> for $type {
            type Error = Fault;

            fn try_from(value: Value) -> Result<Self, Fault> {
                let read: fn(&Value) -> Option<Self> = $read;
                read(&value).ok_or_else(|| Fault::undecodable(&value, $says))
            }
        }
    )+};
}

into! {
    bool, "true or false", truth;
    i16, "an i16", |value| whole(value)?.try_into().ok();
    i32, "an i32", |value| whole(value)?.try_into().ok();
    i64, "an i64", |value| whole(value)?.try_into().ok();
    u16, "a u16", |value| whole(value)?.try_into().ok();
    u32, "a u32", |value| whole(value)?.try_into().ok();
    u64, "a u64", |value| whole(value)?.try_into().ok();
    f64, "a float", |value| if let Value::F64(number) = value { Some(*number) } else { None };
    Decimal, "a decimal number", Value::as_decimal;
    String, "a text", |value| if let Value::Text(text) = value { Some(text.clone()) } else { None };
    Vec<u8>, "bytes", |value| if let Value::Bytes(all) = value { Some(all.clone()) } else { None };
    [u8; 16], "a UUID", sixteen;
}

/// MySQL, MariaDB and SQLite hold truth as a number.
fn truth(value: &Value) -> Option<bool> {
    if let Value::Bool(truth) = value {
        return Some(*truth);
    }
    whole(value).filter(|number| (0..=1).contains(number)).map(|number| number == 1)
}

fn whole(value: &Value) -> Option<i128> {
    value.as_decimal().and_then(Decimal::as_whole)
}

fn sixteen(value: &Value) -> Option<[u8; 16]> {
    match value {
        Value::Uuid(uuid) => Some(*uuid),
        Value::Bytes(bytes) => bytes.as_slice().try_into().ok(),
        Value::Text(text) => crate::kind::uuid_of(text),
        Value::Null
        | Value::Bool(_)
        | Value::I64(_)
        | Value::U64(_)
        | Value::F64(_)
        | Value::Decimal(_)
        | Value::Date(_)
        | Value::Time(_)
        | Value::DateTime(_)
        | Value::Instant(_)
        | Value::Cast { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_and_go_by_type() {
        assert_eq!(Value::from(u64::MAX), Value::U64(u64::MAX));
        assert_eq!(u64::try_from(Value::from(u64::MAX)).unwrap(), u64::MAX);
        assert_eq!(Value::from(None::<i64>), Value::Null);
        assert_eq!(String::try_from(Value::from("a")).unwrap(), "a");
        let told = i32::try_from(Value::from(1_u64 << 40)).unwrap_err().to_string();
        assert!(told.contains("an i32") && told.contains("1099511627776"), "{told}");
    }

    #[test]
    fn the_order_is_total() {
        let rising = [
            Value::Null,
            Value::Bool(false),
            Value::I64(-1),
            Value::I64(9),
            Value::I64(10),
            Value::U64(u64::MAX),
            Value::from("a"),
            Value::from("b"),
        ];
        for (at, one) in rising.iter().enumerate() {
            for (beside, two) in rising.iter().enumerate() {
                assert_eq!(one.order(two), at.cmp(&beside), "{one:?} {two:?}");
            }
        }
    }
}
