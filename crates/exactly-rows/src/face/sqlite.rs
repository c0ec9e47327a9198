//! SQLite: what is bound, and what is read.

use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteConnection, SqliteRow, SqliteValueRef};
use sqlx::{Arguments, AssertSqlSafe, Decode, Pool, TypeInfo, ValueRef};

use super::cells::{Bad, cells};
use super::{Place, Speaks, on_connection};
use crate::dialect::Dialect;
use crate::fault::Fault;
use crate::program::{Answer, Bind, Plain, Plan, Statement};
use crate::value::Value;

impl Speaks for Sqlite {
    /// One that reads first and writes then may find that somebody else wrote between, and is
    /// ended. This one waits at its beginning.
    fn begin_writing() -> Option<&'static str> {
        Some("BEGIN IMMEDIATE")
    }

    async fn dialect(
        _: &mut SqliteConnection,
        _: Option<&Pool<Self>>,
        _: bool,
    ) -> Result<Dialect, sqlx::Error> {
        Ok(Dialect::Sqlite)
    }

    async fn ask(
        connection: &mut SqliteConnection,
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

impl Place for &mut SqliteConnection {
    async fn run<P: Plan>(self, plan: P) -> Result<P::Outcome, Fault> {
        on_connection::<Sqlite, P>(self, plan).await
    }
}

fn arguments(binds: Vec<Bind>) -> Result<SqliteArguments, Bad> {
    let mut arguments = SqliteArguments::default();
    for bind in binds {
        match bind {
            Bind::One(Plain::Null) => arguments.add(None::<i64>)?,
            Bind::One(Plain::Bool(truth)) => arguments.add(truth)?,
            Bind::One(Plain::I64(number)) => arguments.add(number)?,
            Bind::One(Plain::U64(number)) => arguments.add(i64::try_from(number)?)?,
            Bind::One(Plain::F64(number)) => arguments.add(number)?,
            Bind::One(Plain::Text(text)) => arguments.add(text)?,
            Bind::One(Plain::Bytes(bytes)) => arguments.add(bytes)?,
            Bind::Many(..) => return Err("SQLite has no arrays".into()),
        }
    }
    Ok(arguments)
}

pub(super) fn row(row: &SqliteRow) -> Result<Vec<Value>, sqlx::Error> {
    cells(row, value)
}

/// By what is stored: a column may hold values of any type.
fn value(cell: SqliteValueRef<'_>) -> Result<Value, Bad> {
    if cell.is_null() {
        return Ok(Value::Null);
    }
    Ok(match cell.type_info().name() {
        "REAL" => Value::F64(Decode::<Sqlite>::decode(cell)?),
        "TEXT" => Value::Text(Decode::<Sqlite>::decode(cell)?),
        "BLOB" => Value::Bytes(Decode::<Sqlite>::decode(cell)?),
        _ => Value::I64(Decode::<Sqlite>::decode(cell)?),
    })
}
