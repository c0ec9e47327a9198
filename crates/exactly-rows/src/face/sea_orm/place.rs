//! Where plans run: the connections and transactions of sea-orm.

#[cfg(feature = "postgres")]
use sea_orm::sea_query::ArrayType;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseConnectionType, DatabaseTransaction, DbBackend,
    QueryResult, TransactionTrait,
};

use super::fault::fault;
use crate::dialect::Dialect;
use crate::face::Place;
use crate::face::classify::Stage;
use crate::fault::Fault;
use crate::kind::Kind;
use crate::program::{Answer, Bind, Next, Plain, Plan, Statement, Then};
use crate::value::Value;

type Theirs = sea_orm::Value;

/// By itself, on the pool of sqlx within it: see [`Exec::exec`](crate::Exec::exec).
impl Place for &DatabaseConnection {
    async fn run<P: Plan>(self, plan: P) -> Result<P::Outcome, Fault> {
        match &self.inner {
            #[cfg(feature = "postgres")]
            DatabaseConnectionType::SqlxPostgresPoolConnection(_) => {
                self.get_postgres_connection_pool().run(plan).await
            }
            #[cfg(feature = "mysql")]
            DatabaseConnectionType::SqlxMySqlPoolConnection(_) => {
                self.get_mysql_connection_pool().run(plan).await
            }
            #[cfg(feature = "sqlite")]
            DatabaseConnectionType::SqlxSqlitePoolConnection(_) => {
                self.get_sqlite_connection_pool().run(plan).await
            }
            other => Err(Fault::input(format!(
                "a plan does not run on {other:?}: connect by sqlx, and choose the engine's \
                 feature of exactly-rows"
            ))),
        }
    }
}

/// As a part of that transaction: see [`Exec::exec`](crate::Exec::exec).
impl Place for &DatabaseTransaction {
    async fn run<P: Plan>(self, plan: P) -> Result<P::Outcome, Fault> {
        let dialect = dialect(self, plan.tells_mysql_from_mariadb()).await?;
        let mut next = plan.program(dialect)?;
        loop {
            next = match next {
                Next::Done(outcome) => return Ok(outcome),
                Next::Ask(statement, then) => then(ask(self, statement).await?)?,
                Next::Begin { writes_often: false, then } => then(())?,
                // A savepoint, so that half of it cannot stay if the rest is refused.
                Next::Begin { writes_often: true, then } => return in_savepoint(self, then).await,
            };
        }
    }
}

async fn in_savepoint<O: Send>(
    transaction: &DatabaseTransaction,
    then: Then<(), O>,
) -> Result<O, Fault> {
    let inside = |error| fault(error, Stage::Inside);
    let savepoint = transaction.begin().await.map_err(inside)?;
    match to_the_end(&savepoint, then(())).await {
        Ok(outcome) => {
            savepoint.commit().await.map_err(inside)?;
            Ok(outcome)
        }
        Err(fault) => {
            // Where this fails the connection is lost, and with it the transaction.
            let _ = savepoint.rollback().await;
            Err(fault)
        }
    }
}

async fn to_the_end<O: Send>(
    transaction: &DatabaseTransaction,
    next: Result<Next<O>, Fault>,
) -> Result<O, Fault> {
    let mut next = next?;
    loop {
        next = match next {
            Next::Done(outcome) => return Ok(outcome),
            Next::Ask(statement, then) => then(ask(transaction, statement).await?)?,
            Next::Begin { then, .. } => then(())?,
        };
    }
}

/// MySQL and MariaDB are told apart by the version of the server, where it makes a difference.
async fn dialect(transaction: &DatabaseTransaction, differ: bool) -> Result<Dialect, Fault> {
    let backend = transaction.get_database_backend();
    if backend == DbBackend::Postgres {
        return Ok(Dialect::Postgres);
    }
    if backend == DbBackend::Sqlite {
        return Ok(Dialect::Sqlite);
    }
    if !differ {
        return Ok(Dialect::MySql);
    }
    let text = "SELECT VERSION()".to_owned();
    let version = Statement { text, binds: Vec::new(), reads: true, keep: false };
    let answer = ask(transaction, version).await?;
    match answer.rows.first().and_then(|row| row.first()) {
        Some(Value::Text(version)) => Ok(Dialect::of_version(version)),
        _ => Err(Fault::unexpected("the server tells no version")),
    }
}

async fn ask(transaction: &DatabaseTransaction, statement: Statement) -> Result<Answer, Fault> {
    let backend = transaction.get_database_backend();
    let reads = statement.reads;
    let inside = |error| fault(error, Stage::Inside);
    let statement = theirs(backend, statement)?;
    if reads {
        let rows = transaction.query_all_raw(statement).await.map_err(inside)?;
        let rows = rows.iter().map(row).collect::<Result<_, _>>()?;
        return Ok(Answer { rows, ..Answer::default() });
    }
    let done = transaction.execute_raw(statement).await.map_err(inside)?;
    // That of PostgreSQL has none, and is not asked for it.
    let last_id = if backend == DbBackend::MySql { done.last_insert_id() } else { 0 };
    Ok(Answer { rows: Vec::new(), affected: done.rows_affected(), last_id })
}

fn theirs(backend: DbBackend, statement: Statement) -> Result<sea_orm::Statement, Fault> {
    let Statement { mut text, binds, .. } = statement;
    let mut values = Vec::with_capacity(binds.len());
    for (at, bind) in binds.into_iter().enumerate() {
        values.push(match bind {
            Bind::One(plain) => one(plain),
            Bind::Many(kind, plains) => many(&kind, plains, &mut text, at + 1),
        });
    }
    Ok(sea_orm::Statement::from_sql_and_values(backend, text, values))
}

fn one(plain: Plain) -> Theirs {
    match plain {
        Plain::Null => Theirs::BigInt(None),
        Plain::Bool(truth) => Theirs::Bool(Some(truth)),
        Plain::I64(number) => Theirs::BigInt(Some(number)),
        Plain::U64(number) => Theirs::BigUnsigned(Some(number)),
        Plain::F64(number) => Theirs::Double(Some(number)),
        Plain::Text(text) => Theirs::String(Some(text)),
        Plain::Bytes(bytes) => Theirs::Bytes(Some(bytes)),
    }
}

/// An array. One with NULL in it goes as a text, because sea-orm knows no such arrays; its place
/// then says so, as the same text with other types would not be prepared anew.
#[cfg(feature = "postgres")]
fn many(kind: &Kind, plains: Vec<Plain>, text: &mut String, place: usize) -> Theirs {
    if plains.contains(&Plain::Null) {
        *text = text.replacen(&format!("${place}::"), &format!("${place}::text::"), 1);
        return Theirs::String(Some(array_text(&plains)));
    }
    let of = match kind {
        Kind::Bool => ArrayType::Bool,
        Kind::Whole => ArrayType::BigInt,
        Kind::Float => ArrayType::Double,
        Kind::Bytes => ArrayType::Bytes,
        Kind::Text
        | Kind::Decimal
        | Kind::Uuid
        | Kind::Date
        | Kind::Time
        | Kind::DateTime
        | Kind::Instant
        | Kind::Own(_) => ArrayType::String,
    };
    Theirs::Array(of, Some(Box::new(plains.into_iter().map(one).collect())))
}

/// No other engine is sent one.
#[cfg(not(feature = "postgres"))]
fn many(_: &Kind, _: Vec<Plain>, _: &mut String, _: usize) -> Theirs {
    Theirs::String(None)
}

/// As PostgreSQL writes arrays.
#[cfg(feature = "postgres")]
fn array_text(plains: &[Plain]) -> String {
    let quoted = |text: &str| {
        let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
        format!("\"{escaped}\"")
    };
    let parts = plains.iter().map(|plain| match plain {
        Plain::Null => "NULL".to_owned(),
        Plain::Bool(truth) => truth.to_string(),
        Plain::I64(number) => number.to_string(),
        Plain::U64(number) => number.to_string(),
        Plain::F64(number) => number.to_string(),
        Plain::Text(text) => quoted(text),
        Plain::Bytes(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            quoted(&format!("\\x{digits}"))
        }
    });
    format!("{{{}}}", parts.collect::<Vec<_>>().join(","))
}

fn row(row: &QueryResult) -> Result<Vec<Value>, Fault> {
    #[cfg(feature = "postgres")]
    if let Some(row) = row.try_as_pg_row() {
        return read(crate::face::postgres::row(row));
    }
    #[cfg(feature = "mysql")]
    if let Some(row) = row.try_as_mysql_row() {
        return read(crate::face::mysql::row(row));
    }
    #[cfg(feature = "sqlite")]
    if let Some(row) = row.try_as_sqlite_row() {
        return read(crate::face::sqlite::row(row));
    }
    Err(Fault::input(format!("a row of another library cannot be read: {row:?}")))
}

#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
fn read(row: Result<Vec<Value>, sqlx::Error>) -> Result<Vec<Value>, Fault> {
    row.map_err(|error| crate::face::classify::fault(error, Stage::Inside))
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use super::*;

    #[test]
    fn an_array_with_null_goes_as_a_text() {
        let mut text = "SELECT $1::text, $2::text[]".to_owned();
        let plains = vec![Plain::Text("a\"\\,".into()), Plain::Null];
        let bound = many(&Kind::Text, plains, &mut text, 2);
        assert_eq!(bound, Theirs::from(r#"{"a\"\\,",NULL}"#));
        assert_eq!(text, "SELECT $1::text, $2::text::text[]");
        let bytes = [Plain::Bytes(vec![0, 255]), Plain::I64(-1), Plain::F64(0.5)];
        assert_eq!(array_text(&bytes), r#"{"\\x00ff",-1,0.5}"#);
    }
}
