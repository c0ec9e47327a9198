//! PostgreSQL: what is bound, and what is read.

use sqlx::postgres::{PgArguments, PgConnection, PgRow, PgTypeInfo, PgTypeKind, PgValueFormat};
use sqlx::postgres::{PgValueRef, Postgres};
use sqlx::{Arguments, AssertSqlSafe, Pool, TypeInfo, ValueRef};

use super::cells::{Bad, cells};
use super::{Place, Speaks, on_connection};
use crate::dialect::Dialect;
use crate::fault::Fault;
use crate::kind::Kind;
use crate::program::{Answer, Bind, Plain, Plan, Statement};
use crate::value::Value;

impl Speaks for Postgres {
    fn begin_writing() -> Option<&'static str> {
        None
    }

    async fn dialect(
        _: &mut PgConnection,
        _: Option<&Pool<Self>>,
        _: bool,
    ) -> Result<Dialect, sqlx::Error> {
        Ok(Dialect::Postgres)
    }

    async fn ask(
        connection: &mut PgConnection,
        statement: Statement,
    ) -> Result<Answer, sqlx::Error> {
        let arguments = arguments(statement.binds).map_err(sqlx::Error::Encode)?;
        let query = sqlx::query_with(AssertSqlSafe(statement.text), arguments);
        let query = query.persistent(statement.keep);
        if !statement.reads {
            let affected = query.execute(connection).await?.rows_affected();
            return Ok(Answer { affected, ..Answer::default() });
        }
        let rows = query.fetch_all(connection).await?;
        let rows = rows.iter().map(row).collect::<Result<_, _>>()?;
        Ok(Answer { rows, ..Answer::default() })
    }
}

impl Place for &mut PgConnection {
    async fn run<P: Plan>(self, plan: P) -> Result<P::Outcome, Fault> {
        on_connection::<Postgres, P>(self, plan).await
    }
}

fn arguments(binds: Vec<Bind>) -> Result<PgArguments, Bad> {
    let mut arguments = PgArguments::default();
    for bind in binds {
        match bind {
            Bind::One(Plain::Null) => arguments.add(None::<String>)?,
            Bind::One(Plain::Bool(truth)) => arguments.add(truth)?,
            Bind::One(Plain::I64(number)) => arguments.add(number)?,
            Bind::One(Plain::U64(number)) => arguments.add(number.to_string())?,
            Bind::One(Plain::F64(number)) => arguments.add(number)?,
            Bind::One(Plain::Text(text)) => arguments.add(text)?,
            Bind::One(Plain::Bytes(bytes)) => arguments.add(bytes)?,
            Bind::Many(kind, values) => array(&mut arguments, &kind, values)?,
        }
    }
    Ok(arguments)
}

fn array(arguments: &mut PgArguments, kind: &Kind, values: Vec<Plain>) -> Result<(), Bad> {
    macro_rules! of {
        ($plain:path) => {
            arguments.add(
                values
                    .into_iter()
                    .map(|value| if let $plain(one) = value { Some(one) } else { None })
                    .collect::<Vec<_>>(),
            )
        };
    }
    match kind {
        Kind::Bool => of!(Plain::Bool),
        Kind::Whole => of!(Plain::I64),
        Kind::Float => of!(Plain::F64),
        Kind::Bytes => of!(Plain::Bytes),
        Kind::Text
        | Kind::Decimal
        | Kind::Uuid
        | Kind::Date
        | Kind::Time
        | Kind::DateTime
        | Kind::Instant
        | Kind::Own(_) => of!(Plain::Text),
    }
}

pub(super) fn row(row: &PgRow) -> Result<Vec<Value>, sqlx::Error> {
    cells(row, value)
}

fn value(cell: PgValueRef<'_>) -> Result<Value, Bad> {
    if cell.is_null() {
        return Ok(Value::Null);
    }
    let info = cell.type_info().into_owned();
    let bytes = cell.as_bytes()?;
    if cell.format() == PgValueFormat::Text {
        return Ok(Value::Text(cell.as_str()?.to_owned()));
    }
    of_type(&info, bytes)
}

const EPOCH_DAYS: i32 = 10_957;
const EPOCH_MICROS: i64 = 946_684_800_000_000;

fn of_type(info: &PgTypeInfo, bytes: &[u8]) -> Result<Value, Bad> {
    if let PgTypeKind::Domain(of) = info.kind() {
        return of_type(of, bytes);
    }
    if let PgTypeKind::Enum(_) = info.kind() {
        return text(bytes);
    }
    let from_2000 = |micros: i64| micros.saturating_add(EPOCH_MICROS);
    Ok(match info.name() {
        "BOOL" => Value::Bool(bytes != [0]),
        "INT2" => Value::I64(i16::from_be_bytes(bytes.try_into()?).into()),
        "INT4" => Value::I64(i32::from_be_bytes(bytes.try_into()?).into()),
        "INT8" => Value::I64(i64::from_be_bytes(bytes.try_into()?)),
        "OID" => Value::I64(u32::from_be_bytes(bytes.try_into()?).into()),
        "FLOAT4" => Value::F64(f32::from_be_bytes(bytes.try_into()?).into()),
        "FLOAT8" => Value::F64(f64::from_be_bytes(bytes.try_into()?)),
        "NUMERIC" => numeric(bytes)?,
        "BYTEA" => Value::Bytes(bytes.to_vec()),
        "UUID" => Value::Uuid(bytes.try_into()?),
        "DATE" => {
            let days = i32::from_be_bytes(bytes.try_into()?);
            Value::Date(days.saturating_add(EPOCH_DAYS))
        }
        "TIME" => Value::Time(i64::from_be_bytes(bytes.try_into()?)),
        "TIMESTAMP" => Value::DateTime(from_2000(i64::from_be_bytes(bytes.try_into()?))),
        "TIMESTAMPTZ" => Value::Instant(from_2000(i64::from_be_bytes(bytes.try_into()?))),
        "JSONB" => return text(bytes.get(1..).unwrap_or_default()),
        "TEXT" | "VARCHAR" | "CHAR" | "\"CHAR\"" | "NAME" | "JSON" | "XML" | "UNKNOWN"
        | "citext" | "CITEXT" => return text(bytes),
        other => return Err(format!("the type {other} is not understood").into()),
    })
}

fn text(bytes: &[u8]) -> Result<Value, Bad> {
    Ok(Value::Text(std::str::from_utf8(bytes)?.to_owned()))
}

/// Digits to the base of ten thousand, the weight of the first, the sign, and how many decimal
/// digits are behind the point.
fn numeric(bytes: &[u8]) -> Result<Value, Bad> {
    let words: Vec<u16> =
        bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    let [_, weight, sign, scale, digits @ ..] = words.as_slice() else {
        return Err("a NUMERIC is too short".into());
    };
    let sign = match sign {
        0x0000 => "",
        0x4000 => "-",
        _ => return Ok(Value::Text("NaN".to_owned())),
    };
    let weight = i32::from(i16::from_be_bytes(weight.to_be_bytes()));
    let digit = |place: i32| {
        let at = usize::try_from(weight - place).ok();
        at.and_then(|at| digits.get(at)).copied().unwrap_or(0)
    };
    let whole: String = (0..=weight.max(0)).rev().map(|at| format!("{:04}", digit(at))).collect();
    let scale = usize::from(*scale);
    let places = i32::try_from(scale.div_ceil(4))?;
    let part: String = (1..=places).map(|at| format!("{:04}", digit(-at))).collect();
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if scale == 0 { "" } else { "." };
    let text = format!("{sign}{whole}{point}{}", &part[..scale]);
    Ok(text.parse().map_or(Value::Text(text), Value::Decimal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numeric_is_read_as_it_is_written() {
        for (words, expected) in [
            (&[0_u16, 0, 0, 0][..], "0"),
            (&[1, 0, 0, 0, 7], "7"),
            (&[2, 0, 0x4000, 2, 12, 5000], "-12.50"),
            (&[1, 0xffff, 0, 4, 5], "0.0005"),
            (&[1, 0xfffe, 0, 8, 5], "0.00000005"),
            (&[1, 1, 0, 0, 2], "20000"),
            (&[2, 1, 0, 1, 1, 1], "10001.0"),
        ] {
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
            let Value::Decimal(found) = numeric(&bytes).unwrap() else { panic!("{expected}") };
            assert_eq!(found.to_string(), expected);
        }
    }
}
