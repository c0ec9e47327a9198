//! Where the story is played: a database of SQL, and a table of the race's own.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use exactly_rows::{Exec, Fault, Plan, Table, Trouble};
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, MySqlPool, PgPool, SqlitePool};

use super::order::{ITEMS, STOCK};
use crate::address;
use crate::failure::Failure;

/// How long a caller waits for a connection, or for a file that another writes to.
const PATIENCE: Duration = Duration::from_secs(30);

/// A database and the table. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    pool: Pool,
    table: String,
    place: String,
    /// A file of the race's own.
    file: Option<PathBuf>,
}

#[derive(Debug, Clone)]
enum Pool {
    Postgres(PgPool),
    MySql(MySqlPool),
    Sqlite(SqlitePool),
}

/// What became of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt<T> {
    Done(T),
    /// The database ended it in favour of another, or did not get to it.
    Ended,
}

macro_rules! each {
    ($pool:expr, $it:ident => $do:expr) => {
        match $pool {
            Pool::Postgres($it) => $do,
            Pool::MySql($it) => $do,
            Pool::Sqlite($it) => $do,
        }
    };
}

impl Database {
    /// Opens the database that the URL names; for `memory:` a file of SQLite that nobody else has.
    pub(super) async fn open(url: &OsStr, connections: u32) -> Result<Self, Failure> {
        let url = url.to_str().ok_or_else(|| not_opened("", "the URL is not Unicode"))?;
        let place = address::public(url);
        let table = format!("exactly_race_{:08x}", fastrand::u32(..));
        let mut file = None;
        let scheme = url.split(':').next().unwrap_or_default();
        let pool = match scheme {
            "postgres" | "postgresql" => postgres(url, connections).await.map(Pool::Postgres),
            "mysql" | "mariadb" => mysql(url, connections).await.map(Pool::MySql),
            "sqlite" if url.contains(":memory:") || url.contains("mode=memory") => {
                return Err(not_opened(
                    &place,
                    "each connection would have a memory of its own. Give a file, or `memory:` \
                     for one that is deleted in the end",
                ));
            }
            "sqlite" => match SqliteConnectOptions::from_str(url) {
                Ok(options) => sqlite(options, connections).await.map(Pool::Sqlite),
                Err(error) => Err(error),
            },
            "memory" => {
                let path = env::temp_dir().join(format!("{table}.db"));
                let options = SqliteConnectOptions::new().filename(&path);
                file = Some(path);
                sqlite(options, connections).await.map(Pool::Sqlite)
            }
            _ => {
                return Err(not_opened(
                    &place,
                    "the wallet is a table of `postgres://…`, `mysql://…`, `mariadb://…` or \
                     `sqlite:FILE`",
                ));
            }
        };
        let pool = pool.map_err(|error| not_opened(&place, &error.to_string()))?;
        let place = if file.is_some() { "a file of SQLite".to_owned() } else { place };
        Ok(Self { pool, table, place, file })
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) fn table(&self) -> &str {
        &self.table
    }

    /// The table, as its statements are told of it.
    pub(super) fn rows(&self) -> Table {
        let table = Table::new(self.table.as_str()).order(["player_id", "item_id"]);
        match self.pool {
            Pool::MySql(_) => table.index("of_player"),
            Pool::Postgres(_) | Pool::Sqlite(_) => table,
        }
    }

    /// The table as every coding finds it.
    pub(super) async fn furnish(&self) -> Result<(), Failure> {
        let table = &self.table;
        let (id, unique) = match self.pool {
            Pool::Postgres(_) => ("BIGINT PRIMARY KEY", "UNIQUE (player_id, item_id)"),
            Pool::MySql(_) => ("BIGINT PRIMARY KEY", "UNIQUE KEY of_player (player_id, item_id)"),
            Pool::Sqlite(_) => ("INTEGER PRIMARY KEY", "UNIQUE (player_id, item_id)"),
        };
        let row = |item| format!("({item}, 1, {item}, {STOCK})");
        let rows = (1..=ITEMS).map(row).collect::<Vec<_>>().join(", ");
        self.sql(&format!("DROP TABLE IF EXISTS {table}")).await?;
        self.sql(&format!(
            "CREATE TABLE {table} (id {id}, player_id BIGINT NOT NULL, item_id BIGINT NOT NULL, \
             quantity BIGINT NOT NULL, {unique})"
        ))
        .await?;
        let columns = "(id, player_id, item_id, quantity)";
        self.sql(&format!("INSERT INTO {table} {columns} VALUES {rows}")).await
    }

    /// How many of each item are left.
    pub(super) async fn left(&self) -> Result<Vec<i64>, Failure> {
        let all: Vec<_> = (1..=ITEMS).collect();
        match self.held(&all).await? {
            Attempt::Done(held) => Ok(held.into_iter().map(|(_, quantity)| quantity).collect()),
            Attempt::Ended => Err(Failure::Unfinished("what is left cannot be read.".to_owned())),
        }
    }

    /// How many there are of these items, as anybody reads it.
    pub(super) async fn held(&self, items: &[i64]) -> Result<Attempt<Vec<(i64, i64)>>, Failure> {
        let text = self.select(items, "");
        let text = AssertSqlSafe(text);
        let rows: Result<Vec<(i64, i64)>, _> =
            each!(&self.pool, pool => sqlx::query_as(text).fetch_all(pool).await);
        attempt(rows)
    }

    fn select(&self, items: &[i64], lock: &str) -> String {
        let items = items.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
        let table = &self.table;
        format!(
            "SELECT item_id, quantity FROM {table} WHERE item_id IN ({items}) ORDER BY item_id\
             {lock}"
        )
    }

    /// One statement by itself: how many rows it has changed.
    pub(super) async fn write(&self, text: &str) -> Result<Attempt<u64>, Failure> {
        let text = AssertSqlSafe(text.to_owned());
        let done = each!(&self.pool, pool => {
            sqlx::query(text).execute(pool).await.map(|done| done.rows_affected())
        });
        attempt(done)
    }

    /// A careful user's transaction: rows are locked in order, checked, and written.
    pub(super) async fn locked(
        &self,
        items: &[i64],
        amount: i64,
    ) -> Result<Attempt<bool>, Failure> {
        let table = &self.table;
        let (lock, begin) = match self.pool {
            Pool::Postgres(_) | Pool::MySql(_) => (" FOR UPDATE", None),
            Pool::Sqlite(_) => ("", Some("BEGIN IMMEDIATE")),
        };
        let select = AssertSqlSafe(self.select(items, lock));
        let list = items.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
        let update = AssertSqlSafe(format!(
            "UPDATE {table} SET quantity = quantity - {amount} WHERE item_id IN ({list})"
        ));
        attempt(each!(&self.pool, pool => {
            let paid = async {
                let mut tx = match begin {
                    Some(begin) => pool.begin_with(begin).await?,
                    None => pool.begin().await?,
                };
                let held: Vec<(i64, i64)> = sqlx::query_as(select).fetch_all(&mut *tx).await?;
                if held.iter().any(|(_, quantity)| *quantity < amount) {
                    tx.rollback().await?;
                    return Ok(false);
                }
                sqlx::query(update).execute(&mut *tx).await?;
                tx.commit().await?;
                Ok(true)
            };
            paid.await
        }))
    }

    /// One of exactly's statements.
    pub(super) async fn exec<P: Plan>(&self, plan: P) -> Result<Attempt<P::Outcome>, Failure> {
        let told = each!(&self.pool, pool => plan.exec(pool).await);
        match told {
            Ok(outcome) => Ok(Attempt::Done(outcome)),
            Err(fault) if fault.is_transient() => Ok(Attempt::Ended),
            Err(fault) => Err(of_database(&fault)),
        }
    }

    /// Nothing of the race stays.
    pub(super) async fn tidy(&self) -> Result<(), Failure> {
        let tidied = self.sql(&format!("DROP TABLE IF EXISTS {}", self.table)).await;
        each!(&self.pool, pool => pool.close().await);
        if let Some(file) = &self.file {
            for end in ["", "-wal", "-shm"] {
                let mut path = file.clone().into_os_string();
                path.push(end);
                // What SQLite has removed by itself is not there.
                let _ = fs::remove_file(path);
            }
        }
        tidied
    }

    async fn sql(&self, text: &str) -> Result<(), Failure> {
        let text = AssertSqlSafe(text.to_owned());
        let done = each!(&self.pool, pool => sqlx::raw_sql(text).execute(pool).await.map(drop));
        done.map_err(|error| of_database(&Fault::from(error)))
    }
}

async fn postgres(url: &str, connections: u32) -> Result<PgPool, sqlx::Error> {
    let options = PgConnectOptions::from_str(url)?;
    // Once before the pool, which would wait for a server that is not there.
    options.connect().await?.close().await?;
    let pool = PgPoolOptions::new().max_connections(connections).acquire_timeout(PATIENCE);
    pool.connect_with(options).await
}

async fn mysql(url: &str, connections: u32) -> Result<MySqlPool, sqlx::Error> {
    let options = match url.strip_prefix("mariadb:") {
        Some(rest) => MySqlConnectOptions::from_str(&format!("mysql:{rest}"))?,
        None => MySqlConnectOptions::from_str(url)?,
    };
    options.connect().await?.close().await?;
    let pool = MySqlPoolOptions::new().max_connections(connections).acquire_timeout(PATIENCE);
    pool.connect_with(options).await
}

async fn sqlite(
    options: SqliteConnectOptions,
    connections: u32,
) -> Result<SqlitePool, sqlx::Error> {
    let options = options.create_if_missing(true).busy_timeout(PATIENCE);
    let options = options.journal_mode(SqliteJournalMode::Wal);
    let pool = SqlitePoolOptions::new().max_connections(connections).acquire_timeout(PATIENCE);
    pool.connect_with(options).await
}

fn attempt<T>(told: Result<T, sqlx::Error>) -> Result<Attempt<T>, Failure> {
    match told {
        Ok(done) => Ok(Attempt::Done(done)),
        Err(error) if Trouble::of(&error).is_transient() => Ok(Attempt::Ended),
        Err(error) => Err(of_database(&Fault::from(error))),
    }
}

fn of_database(fault: &Fault) -> Failure {
    let mut said = fault.to_string();
    let source = std::error::Error::source(fault);
    if let Some(source) = source.filter(|source| !said.contains(&source.to_string())) {
        said += &format!(" ({source})");
    }
    Failure::Unfinished(format!("{}.", said.trim_end_matches('.')))
}

fn not_opened(place: &str, why: &str) -> Failure {
    let on = if place.is_empty() { String::new() } else { format!(" on `{place}`") };
    let why = why.trim_end_matches('.');
    Failure::Misuse(format!(
        "cannot play the wallet{on}: {why}. Give --url a database that opens, or none for a file \
         of SQLite."
    ))
}
