//! MySQL and MariaDB: what is bound, and what is read.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use sqlx::mysql::{MySql, MySqlArguments, MySqlConnection, MySqlRow, MySqlValueRef};
use sqlx::{Arguments, AssertSqlSafe, ConnectOptions, Decode, Pool, Transaction, Type};
use sqlx::{TypeInfo, ValueRef};

use super::cells::{Bad, cells};
use super::{Place, Speaks, on_connection};
use crate::dialect::Dialect;
use crate::fault::Fault;
use crate::kind::day_of;
use crate::program::{Answer, Bind, Plain, Plan, Statement};
use crate::value::Value;

impl Speaks for MySql {
    fn begin_writing() -> Option<&'static str> {
        None
    }

    /// InnoDB lets go of a row before it is on disk, and writes several commits at once.
    fn flights_at_once() -> usize {
        3
    }

    /// Asked once for each server that a pool connects to, and each time on a bare connection,
    /// which does not tell its server; and only where it makes a difference.
    async fn dialect(
        connection: &mut MySqlConnection,
        server: Option<&Pool<Self>>,
        differ: bool,
    ) -> Result<Dialect, sqlx::Error> {
        if !differ {
            return Ok(Dialect::MySql);
        }
        let server = server.map(address);
        if let Some(known) = server.as_ref().and_then(known) {
            return Ok(known);
        }
        let version: String =
            sqlx::query_scalar("SELECT VERSION()").fetch_one(&mut *connection).await?;
        let dialect = Dialect::of_version(&version);
        if let Some(server) = server {
            KNOWN.lock().unwrap_or_else(PoisonError::into_inner).insert(server, dialect);
        }
        Ok(dialect)
    }

    /// sqlx loses its step where a statement was cancelled while it was prepared: the connection
    /// then waits for ever for what came already, and with it the pool. Another one that is dead
    /// takes its place, which the pool notices; the server undoes what the first one did.
    async fn give_up(mut transaction: Transaction<'static, Self>, pool: &Pool<Self>) {
        let Ok(mut other) = pool.connect_options().connect().await else { return };
        let _ = sqlx::raw_sql("KILL CONNECTION_ID()").execute(&mut other).await;
        drop(std::mem::replace(&mut *transaction, other));
    }

    async fn ask(
        connection: &mut MySqlConnection,
        statement: Statement,
    ) -> Result<Answer, sqlx::Error> {
        let arguments = arguments(statement.binds).map_err(sqlx::Error::Encode)?;
        let query = sqlx::query_with(AssertSqlSafe(statement.text), arguments);
        let query = query.persistent(statement.keep);
        if !statement.reads {
            let done = query.execute(connection).await?;
            let (affected, last_id) = (done.rows_affected(), done.last_insert_id());
            return Ok(Answer { rows: Vec::new(), affected, last_id });
        }
        let rows = query.fetch_all(connection).await?;
        let rows = rows.iter().map(row).collect::<Result<_, _>>()?;
        Ok(Answer { rows, ..Answer::default() })
    }
}

impl Place for &mut MySqlConnection {
    async fn run<P: Plan>(self, plan: P) -> Result<P::Outcome, Fault> {
        on_connection::<MySql, P>(self, plan).await
    }
}

/// Which of the two each server is.
static KNOWN: Mutex<BTreeMap<String, Dialect>> = Mutex::new(BTreeMap::new());

fn known(server: &String) -> Option<Dialect> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).get(server).copied()
}

fn address(pool: &Pool<MySql>) -> String {
    let options = pool.connect_options();
    match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    }
}

fn arguments(binds: Vec<Bind>) -> Result<MySqlArguments, Bad> {
    let mut arguments = MySqlArguments::default();
    for bind in binds {
        match bind {
            Bind::One(Plain::Null) => arguments.add(None::<i64>)?,
            Bind::One(Plain::Bool(truth)) => arguments.add(truth)?,
            Bind::One(Plain::I64(number)) => arguments.add(number)?,
            Bind::One(Plain::U64(number)) => arguments.add(number)?,
            Bind::One(Plain::F64(number)) => arguments.add(number)?,
            Bind::One(Plain::Text(text)) => arguments.add(text)?,
            Bind::One(Plain::Bytes(bytes)) => arguments.add(bytes)?,
            Bind::Many(..) => return Err("MySQL has no arrays".into()),
        }
    }
    Ok(arguments)
}

pub(super) fn row(row: &MySqlRow) -> Result<Vec<Value>, sqlx::Error> {
    cells(row, value)
}

fn value(cell: MySqlValueRef<'_>) -> Result<Value, Bad> {
    if cell.is_null() {
        return Ok(Value::Null);
    }
    let info = cell.type_info().into_owned();
    Ok(match info.name() {
        "BOOLEAN" | "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => {
            Value::I64(Decode::<MySql>::decode(cell)?)
        }
        name if name.ends_with("UNSIGNED") || matches!(name, "BIT" | "YEAR") => {
            Value::from(<u64 as Decode<MySql>>::decode(cell)?)
        }
        "FLOAT" => Value::F64(<f32 as Decode<MySql>>::decode(cell)?.into()),
        "DOUBLE" => Value::F64(Decode::<MySql>::decode(cell)?),
        "DECIMAL" => {
            let text = String::from_utf8(bytes(cell)?)?;
            text.parse().map_or(Value::Text(text), Value::Decimal)
        }
        "DATE" => Value::Date(i32::try_from(moment(&bytes(cell)?)? / DAY)?),
        "DATETIME" => Value::DateTime(moment(&bytes(cell)?)?),
        "TIMESTAMP" => Value::Instant(moment(&bytes(cell)?)?),
        "TIME" => Value::Time(time(&bytes(cell)?)?),
        "JSON" | "ENUM" | "SET" => Value::Text(String::from_utf8(bytes(cell)?)?),
        _ if <str as Type<MySql>>::compatible(&info) => {
            Value::Text(String::from_utf8(bytes(cell)?)?)
        }
        _ => Value::Bytes(bytes(cell)?),
    })
}

/// What was sent, whatever its type.
fn bytes(cell: MySqlValueRef<'_>) -> Result<Vec<u8>, Bad> {
    Decode::<MySql>::decode(cell)
}

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// A date and time as the protocol has it after its length: only the date, the time, or the
/// microseconds too.
fn moment(bytes: &[u8]) -> Result<i64, Bad> {
    let [_, year, century, month, day, rest @ ..] = bytes else {
        return Err("a date is too short".into());
    };
    let year = i64::from(u16::from_le_bytes([*year, *century]));
    let days = day_of(year, i64::from(*month), i64::from(*day));
    Ok(days * DAY + clock(rest)?)
}

/// After its length a sign and days, and then as for a date and time.
fn time(bytes: &[u8]) -> Result<i64, Bad> {
    let [_, sign, one, two, three, four, rest @ ..] = bytes else { return Ok(0) };
    let days = i64::from(u32::from_le_bytes([*one, *two, *three, *four]));
    let micros = days * DAY + clock(rest)?;
    Ok(if *sign == 1 { -micros } else { micros })
}

fn clock(bytes: &[u8]) -> Result<i64, Bad> {
    let [hour, minute, second, rest @ ..] = bytes else { return Ok(0) };
    let seconds = (i64::from(*hour) * 60 + i64::from(*minute)) * 60 + i64::from(*second);
    let micros = match rest {
        [] => 0,
        rest => i64::from(u32::from_le_bytes(rest.try_into()?)),
    };
    Ok(seconds * SECOND + micros)
}
