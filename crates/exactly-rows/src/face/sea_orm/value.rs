//! Values of sea-orm as values of ours, each bound as sea-orm itself would bind it.

use sea_orm::sea_query::prelude::time::{OffsetDateTime, PrimitiveDateTime, Time};
use sea_orm::sea_query::{OptionEnum, SimpleExpr};
use sea_orm::{ColumnTrait, ColumnType};

use super::select;
use crate::decimal::Decimal;
use crate::dialect::Dialect;
use crate::fault::Fault;
use crate::name::Name;
use crate::setting::{Setting, now, set, set_to};
use crate::value::Value;

type Theirs = sea_orm::Value;

/// A value for a column, which is written when the dialect is known.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Given {
    pub(super) column: Name,
    value: Theirs,
    /// The type that PostgreSQL has to be told, if the column is of a type of the user's own.
    cast: Option<Name>,
}

impl Given {
    pub(super) fn of(column: impl ColumnTrait, value: Theirs) -> Self {
        let cast = cast(column.def().get_column_type());
        Self { column: column.as_str().into(), value, cast }
    }

    pub(super) fn value(&self, dialect: Dialect) -> Result<Value, Fault> {
        Ok(match (value(&self.value, dialect)?, &self.cast) {
            (Value::Text(text) | Value::Cast { text, .. }, Some(to)) => {
                Value::Cast { text, to: to.clone() }
            }
            (value, _) => value,
        })
    }
}

fn cast(of: &ColumnType) -> Option<Name> {
    if let ColumnType::Enum { name, .. } = of {
        return Some(name.to_string().into());
    }
    if matches!(of, ColumnType::Json) {
        return Some("json".into());
    }
    matches!(of, ColumnType::JsonBinary).then(|| "jsonb".into())
}

/// What a column is set to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Change {
    To(Given),
    Expr(Name, SimpleExpr),
    Now(Name),
}

impl Change {
    pub(super) fn setting(&self, dialect: Dialect) -> Result<Setting, Fault> {
        Ok(match self {
            Self::To(given) => set(given.column.clone(), given.value(dialect)?),
            Self::Expr(column, expr) => set_to(column.clone(), select::expression(expr, dialect)?),
            Self::Now(column) => now(column.clone()),
        })
    }

    pub(super) fn column(&self) -> &Name {
        match self {
            Self::To(given) => &given.column,
            Self::Expr(column, _) | Self::Now(column) => column,
        }
    }
}

/// A value of sea-orm, of the types that it knows by default. SQLite holds times as texts, and they
/// are compared letter by letter: there they are written as sqlx writes them.
pub(super) fn value(given: &Theirs, dialect: Dialect) -> Result<Value, Fault> {
    if *given == given.as_null() {
        return Ok(Value::Null);
    }
    if let Some(time) = chrono(given, dialect).or_else(|| time(given, dialect)) {
        return Ok(time);
    }
    #[expect(clippy::wildcard_enum_match_arm, reason = "features of others may add to them")]
    match given {
        Theirs::Bool(value) => Ok((*value).into()),
        Theirs::TinyInt(value) => Ok((*value).into()),
        Theirs::SmallInt(value) => Ok((*value).into()),
        Theirs::Int(value) => Ok((*value).into()),
        Theirs::BigInt(value) => Ok((*value).into()),
        Theirs::TinyUnsigned(value) => Ok((*value).into()),
        Theirs::SmallUnsigned(value) => Ok((*value).into()),
        Theirs::Unsigned(value) => Ok((*value).into()),
        Theirs::BigUnsigned(value) => Ok((*value).into()),
        Theirs::Float(value) => Ok((*value).into()),
        Theirs::Double(value) => Ok((*value).into()),
        Theirs::String(value) => Ok(value.clone().into()),
        Theirs::Char(value) => Ok(value.map(String::from).into()),
        Theirs::Bytes(value) => Ok(value.clone().into()),
        Theirs::Enum(OptionEnum::Some(of)) => {
            Ok(Value::cast(of.value.to_string(), of.type_name.to_string()))
        }
        Theirs::Json(Some(json)) => Ok(Value::cast(json.to_string(), "jsonb")),
        Theirs::Uuid(Some(uuid)) => Ok(Value::Uuid(*uuid.as_bytes())),
        Theirs::Decimal(Some(number)) => number.to_string().parse().map(|number: Decimal| {
            // A whole one is a decimal too, as its column is one.
            Value::Decimal(number)
        }),
        other => Err(foreign(other)),
    }
}

fn foreign(value: &Theirs) -> Fault {
    let told = format!("{value:?}");
    let kind = told.split('(').next().unwrap_or_default();
    Fault::input(format!("a value of the type {kind} is not understood: give it as a text"))
}

fn chrono(given: &Theirs, dialect: Dialect) -> Option<Value> {
    let as_text = dialect == Dialect::Sqlite;
    #[expect(clippy::wildcard_enum_match_arm, reason = "all others are no times of this library")]
    Some(match given {
        Theirs::ChronoDate(Some(date)) => {
            let days = date.signed_duration_since(Default::default()).num_days();
            Value::Date(i32::try_from(days).ok()?)
        }
        Theirs::ChronoTime(Some(time)) if as_text => Value::Text(time.to_string()),
        Theirs::ChronoTime(Some(time)) => {
            Value::Time(time.signed_duration_since(Default::default()).num_microseconds()?)
        }
        Theirs::ChronoDateTime(Some(at)) if as_text => Value::Text(at.to_string()),
        Theirs::ChronoDateTime(Some(at)) => Value::DateTime(at.and_utc().timestamp_micros()),
        Theirs::ChronoDateTimeUtc(Some(at)) if as_text => Value::Text(at.to_rfc3339()),
        Theirs::ChronoDateTimeUtc(Some(at)) => Value::Instant(at.timestamp_micros()),
        Theirs::ChronoDateTimeLocal(Some(at)) if as_text => Value::Text(at.to_rfc3339()),
        Theirs::ChronoDateTimeLocal(Some(at)) => Value::Instant(at.timestamp_micros()),
        Theirs::ChronoDateTimeWithTimeZone(Some(at)) if as_text => Value::Text(at.to_rfc3339()),
        Theirs::ChronoDateTimeWithTimeZone(Some(at)) => Value::Instant(at.timestamp_micros()),
        _ => return None,
    })
}

fn time(given: &Theirs, dialect: Dialect) -> Option<Value> {
    let as_text = dialect == Dialect::Sqlite;
    #[expect(clippy::wildcard_enum_match_arm, reason = "all others are no times of this library")]
    Some(match given {
        Theirs::TimeDate(Some(date)) => Value::Date(date.to_julian_day() - JULIAN_DAY_OF_1970),
        Theirs::TimeTime(Some(time)) if as_text => Value::Text(clock(*time, 1)),
        Theirs::TimeTime(Some(time)) => Value::Time(micros_of_day(*time)),
        Theirs::TimeDateTime(Some(at)) if as_text => {
            Value::Text(format!("{} {}", at.date(), clock(at.time(), 1)))
        }
        Theirs::TimeDateTime(Some(at)) => Value::DateTime(micros(at.assume_utc())),
        Theirs::TimeDateTimeWithTimeZone(Some(at)) if as_text => Value::Text(rfc_3339(*at)),
        Theirs::TimeDateTimeWithTimeZone(Some(at)) => Value::Instant(micros(*at)),
        _ => return None,
    })
}

const JULIAN_DAY_OF_1970: i32 = 2_440_588;

fn micros(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos().div_euclid(1_000)).unwrap_or(i64::MAX)
}

fn micros_of_day(time: Time) -> i64 {
    let (hour, minute, second, micros) = time.as_hms_micro();
    ((i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second)) * 1_000_000
        + i64::from(micros)
}

/// With as many digits of the second as it takes, and these at least.
fn clock(time: Time, digits: usize) -> String {
    let (hour, minute, second, nanos) = time.as_hms_nano();
    let part = format!("{nanos:09}");
    let long = part.trim_end_matches('0').len().max(digits);
    let point = if long == 0 { "" } else { "." };
    format!("{hour:02}:{minute:02}:{second:02}{point}{}", &part[..long])
}

fn rfc_3339(at: OffsetDateTime) -> String {
    let local = PrimitiveDateTime::new(at.date(), at.time());
    let (hours, minutes, _) = at.offset().as_hms();
    let sign = if at.offset().is_negative() { '-' } else { '+' };
    let offset = match (hours, minutes) {
        (0, 0) => "Z".to_owned(),
        (hours, minutes) => format!("{sign}{:02}:{:02}", hours.abs(), minutes.abs()),
    };
    format!("{}T{}{offset}", local.date(), clock(local.time(), 0))
}

#[cfg(test)]
mod tests {
    use sea_orm::sea_query::prelude::chrono::DateTime;

    use super::*;

    const MOMENT: i64 = 1_709_210_096;

    #[test]
    fn a_moment_is_bound_as_sea_orm_would_bind_it() {
        let chrono = DateTime::from_timestamp(MOMENT, 0).unwrap();
        let time = OffsetDateTime::from_unix_timestamp(MOMENT).unwrap();
        let instant = Value::Instant(MOMENT * 1_000_000);
        for (given, text) in [
            (Theirs::from(chrono), "2024-02-29T12:34:56+00:00"),
            (Theirs::from(time), "2024-02-29T12:34:56Z"),
        ] {
            assert_eq!(value(&given, Dialect::Postgres).unwrap(), instant);
            assert_eq!(value(&given, Dialect::MySql).unwrap(), instant);
            assert_eq!(value(&given, Dialect::Sqlite).unwrap(), Value::from(text));
        }
    }

    #[test]
    fn days_and_times_are_counted_alike_by_both_libraries() {
        let chrono = DateTime::from_timestamp(MOMENT, 5_000).unwrap();
        let time =
            OffsetDateTime::from_unix_timestamp_nanos(i128::from(MOMENT) * 1_000_000_000 + 5_000);
        let time = time.unwrap();
        for (one, two) in [
            (Theirs::from(chrono.date_naive()), Theirs::from(time.date())),
            (Theirs::from(chrono.time()), Theirs::from(time.time())),
            (
                Theirs::from(chrono.naive_utc()),
                Theirs::from(PrimitiveDateTime::new(time.date(), time.time())),
            ),
        ] {
            let one = value(&one, Dialect::Postgres).unwrap();
            assert_eq!(one, value(&two, Dialect::Postgres).unwrap());
        }
    }

    #[test]
    fn what_is_not_there_is_null_and_what_is_foreign_is_told() {
        assert_eq!(value(&Theirs::Int(None), Dialect::Postgres).unwrap(), Value::Null);
        assert_eq!(value(&Theirs::ChronoDate(None), Dialect::Postgres).unwrap(), Value::Null);
        let list = Theirs::from(vec![1, 2]);
        let told = value(&list, Dialect::Postgres).unwrap_err().to_string();
        assert!(told.contains("the type Array is not understood"), "{told}");
    }
}
