//! Kinds of values: what PostgreSQL has to be told of a bind, and how values are written as texts.

use crate::fault::Fault;
use crate::name::Name;
use crate::program::Plain;
use crate::record::told;
use crate::value::Value;

/// The kind of a value, or of all values of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// True or false.
    Bool,
    /// A whole number that fits into an `i64`.
    Whole,
    /// A number that is counted with exactly.
    Decimal,
    /// A floating point number.
    Float,
    /// A text.
    Text,
    /// Bytes.
    Bytes,
    /// A UUID.
    Uuid,
    /// A day.
    Date,
    /// A time of day.
    Time,
    /// A date and time without a zone.
    DateTime,
    /// A moment.
    Instant,
    /// A type of the user's own.
    Own(Name),
}

impl Kind {
    /// The kind of a value; NULL has none.
    pub fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Null => return None,
            Value::Bool(_) => Self::Bool,
            Value::I64(_) => Self::Whole,
            Value::U64(number) if i64::try_from(*number).is_ok() => Self::Whole,
            Value::U64(_) | Value::Decimal(_) => Self::Decimal,
            Value::F64(_) => Self::Float,
            Value::Text(_) => Self::Text,
            Value::Bytes(_) => Self::Bytes,
            Value::Uuid(_) => Self::Uuid,
            Value::Date(_) => Self::Date,
            Value::Time(_) => Self::Time,
            Value::DateTime(_) => Self::DateTime,
            Value::Instant(_) => Self::Instant,
            Value::Cast { to, .. } => Self::Own(to.clone()),
        })
    }

    /// The one kind of all values of a column. Whole numbers and decimals go together.
    pub fn of_all<'v>(
        column: &str,
        values: impl IntoIterator<Item = &'v Value>,
    ) -> Result<Self, Fault> {
        let mut all = None;
        for value in values {
            let Some(kind) = Self::of(value) else { continue };
            all = Some(match all {
                None => kind,
                Some(known) if known == kind => known,
                Some(Self::Whole | Self::Decimal) if kind.is_exact() => Self::Decimal,
                Some(known) => return Err(mixed(column, &known, value)),
            });
        }
        Ok(all.unwrap_or(Self::Text))
    }

    fn is_exact(&self) -> bool {
        matches!(self, Self::Whole | Self::Decimal)
    }

    /// The type of the bind, and the type that it is cast to, if that is another.
    pub(crate) fn on_postgres(&self) -> (&'static str, Option<&str>) {
        match self {
            Self::Bool => ("boolean", None),
            Self::Whole => ("bigint", None),
            Self::Decimal => ("text", Some("numeric")),
            Self::Float => ("double precision", None),
            Self::Text => ("text", None),
            Self::Bytes => ("bytea", None),
            Self::Uuid => ("text", Some("uuid")),
            Self::Date => ("text", Some("date")),
            Self::Time => ("text", Some("time")),
            Self::DateTime => ("text", Some("timestamp")),
            Self::Instant => ("text", Some("timestamptz")),
            Self::Own(name) => ("text", Some(name.as_str())),
        }
    }
}

fn mixed(column: &str, known: &Kind, value: &Value) -> Fault {
    let found = told(value);
    Fault::input(format!("`{column}` has values of two kinds: {known:?}, and then {found}"))
}

/// A value as PostgreSQL is sent it: what is cast there goes as a text.
pub(crate) fn plain_on_postgres(value: &Value) -> Plain {
    match value {
        Value::Null => Plain::Null,
        Value::Bool(truth) => Plain::Bool(*truth),
        Value::I64(number) => Plain::I64(*number),
        Value::U64(number) => {
            i64::try_from(*number).map_or_else(|_| Plain::Text(number.to_string()), Plain::I64)
        }
        Value::F64(number) => Plain::F64(*number),
        Value::Decimal(number) => Plain::Text(number.to_string()),
        Value::Text(text) | Value::Cast { text, .. } => Plain::Text(text.clone()),
        Value::Bytes(bytes) => Plain::Bytes(bytes.clone()),
        Value::Uuid(uuid) => Plain::Text(uuid_text(uuid)),
        Value::Date(_) | Value::Time(_) | Value::DateTime(_) => Plain::Text(time_text(value)),
        Value::Instant(_) => Plain::Text(format!("{}+00", time_text(value))),
    }
}

/// A value as the others are sent it, which infer its type from the value.
pub(crate) fn plain_elsewhere(value: &Value) -> Plain {
    match value {
        Value::Bool(truth) => Plain::I64(i64::from(*truth)),
        Value::U64(number) => {
            i64::try_from(*number).map_or_else(|_| Plain::U64(*number), Plain::I64)
        }
        Value::Uuid(uuid) => Plain::Bytes(uuid.to_vec()),
        Value::Instant(_) => Plain::Text(time_text(value)),
        Value::Null
        | Value::I64(_)
        | Value::F64(_)
        | Value::Decimal(_)
        | Value::Text(_)
        | Value::Bytes(_)
        | Value::Date(_)
        | Value::Time(_)
        | Value::DateTime(_)
        | Value::Cast { .. } => plain_on_postgres(value),
    }
}

/// As in `67e55044-10b1-426f-9247-bb680e5fe0c8`.
pub(crate) fn uuid_text(uuid: &[u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (at, byte) in uuid.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// The bytes of a UUID that is written with or without dashes.
pub(crate) fn uuid_of(text: &str) -> Option<[u8; 16]> {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b'-').collect();
    let mut uuid = [0; 16];
    if digits.len() != 32 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    for (byte, pair) in uuid.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(uuid)
}

const MICROS: i64 = 1_000_000;
const DAY: i64 = 86_400 * MICROS;

/// A day, time or moment as every engine reads it; of a moment the time in UTC.
pub(crate) fn time_text(value: &Value) -> String {
    match value {
        Value::Date(days) => day_text(i64::from(*days)),
        Value::Time(micros) => clock_text(*micros),
        Value::DateTime(micros) | Value::Instant(micros) => {
            let (day, time) = (micros.div_euclid(DAY), micros.rem_euclid(DAY));
            format!("{} {}", day_text(day), clock_text(time))
        }
        Value::Null
        | Value::Bool(_)
        | Value::I64(_)
        | Value::U64(_)
        | Value::F64(_)
        | Value::Decimal(_)
        | Value::Text(_)
        | Value::Bytes(_)
        | Value::Uuid(_)
        | Value::Cast { .. } => String::new(),
    }
}

fn clock_text(micros: i64) -> String {
    let (seconds, rest) = (micros / MICROS, micros % MICROS);
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if rest == 0 { clock } else { format!("{clock}.{rest:06}") }
}

/// The proleptic Gregorian calendar, in eras of 400 years that begin in March, so that the day
/// that some years lack is the last of one.
fn day_text(days: i64) -> String {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_based = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_based + 2) / 5 + 1;
    let month = if march_based < 10 { march_based + 3 } else { march_based - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// The day of a date, counted from 1970-01-01.
#[cfg(feature = "mysql")]
pub(crate) fn day_of(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let march_based = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * march_based + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_has_one_kind() {
        let all = |values: &[Value]| Kind::of_all("c", values);
        assert_eq!(all(&[Value::Null, 1.into(), 2.into()]).unwrap(), Kind::Whole);
        assert_eq!(all(&[1.into(), u64::MAX.into()]).unwrap(), Kind::Decimal);
        assert_eq!(all(&[Value::Null]).unwrap(), Kind::Text);
        let told = all(&[1.into(), "a".into()]).unwrap_err().to_string();
        assert_eq!(told, "misuse: `c` has values of two kinds: Whole, and then a");
    }

    #[test]
    fn times_are_written_as_databases_read_them() {
        for (value, text) in [
            (Value::Date(0), "1970-01-01"),
            (Value::Date(19_782), "2024-02-29"),
            (Value::Date(-1), "1969-12-31"),
            (Value::Time(3_723_000_004), "01:02:03.000004"),
            (Value::DateTime(-1), "1969-12-31 23:59:59.999999"),
            (Value::Instant(1_709_210_096 * MICROS), "2024-02-29 12:34:56"),
        ] {
            assert_eq!(time_text(&value), text);
        }
    }

    #[cfg(feature = "mysql")]
    #[test]
    fn days_are_counted_both_ways() {
        for days in (-800_000..800_000).step_by(37) {
            let text = day_text(days);
            let parts: Vec<i64> =
                text.splitn(3, '-').filter_map(|part| part.parse().ok()).collect();
            if let [year, month, day] = parts[..] {
                assert_eq!(day_of(year, month, day), days, "{text}");
            }
        }
    }

    #[test]
    fn a_uuid_is_read_as_written() {
        let text = "67e55044-10b1-426f-9247-bb680e5fe0c8";
        assert_eq!(uuid_of(text).map(|uuid| uuid_text(&uuid)).as_deref(), Some(text));
        assert_eq!(uuid_of("67e55044"), None);
    }
}
