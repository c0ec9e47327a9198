//! One way to speak to every server: plans, and plain SQL to set the scene and to look at it.

use std::sync::Arc;
use std::time::Duration;

use exactly_rows::{Exec, Fault, Plan, Speaks, Statement, Table, Value, within};
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sqlx::{MySql, MySqlPool, PgPool, Postgres, Sqlite, SqlitePool, Transaction};

use exactly_conformance::servers::sql::{Flavour, Server};

/// As many as race.
pub(crate) const CONNECTIONS: u32 = 16;

#[derive(Debug, Clone)]
pub(crate) struct Database {
    pub(crate) flavour: Flavour,
    pub(crate) pools: Arc<Pools>,
}

#[derive(Debug)]
pub(crate) enum Pools {
    Postgres(PgPool),
    MySql(MySqlPool),
    Sqlite(SqlitePool),
}

/// A transaction of the caller's.
pub(crate) enum Own {
    Postgres(Transaction<'static, Postgres>),
    MySql(Transaction<'static, MySql>),
    Sqlite(Transaction<'static, Sqlite>),
}

macro_rules! each {
    ($on:expr, $kind:ident, $it:ident => $do:expr) => {
        match $on {
            $kind::Postgres($it) => $do,
            $kind::MySql($it) => $do,
            $kind::Sqlite($it) => $do,
        }
    };
}

impl Database {
    pub(crate) async fn open(server: &Server) -> Self {
        Self::of(server, CONNECTIONS).await
    }

    pub(crate) async fn of(server: &Server, connections: u32) -> Self {
        let flavour = server.flavour;
        let waits = Duration::from_secs(60);
        let pools = match flavour {
            Flavour::Postgres15 | Flavour::Postgres18 => {
                let options = PgConnectOptions::new_without_pgpass().socket(server.folder());
                let options = options.username("postgres").database("postgres");
                let pool = PgPoolOptions::new().max_connections(connections).acquire_timeout(waits);
                Pools::Postgres(pool.connect_with(options).await.unwrap())
            }
            Flavour::MariaDb10 | Flavour::MySql9 => {
                let options = MySqlConnectOptions::new().socket(server.socket()).username("root");
                let plain = MySqlPoolOptions::new().max_connections(1).acquire_timeout(waits);
                let bare = plain.connect_with(options.clone()).await.unwrap();
                sqlx::raw_sql("CREATE DATABASE IF NOT EXISTS shop CHARACTER SET utf8mb4")
                    .execute(&bare)
                    .await
                    .unwrap();
                bare.close().await;
                let pool =
                    MySqlPoolOptions::new().max_connections(connections).acquire_timeout(waits);
                Pools::MySql(pool.connect_with(options.database("shop")).await.unwrap())
            }
            Flavour::Sqlite => {
                let options = SqliteConnectOptions::new().filename(server.folder().join("shop.db"));
                let options = options.create_if_missing(true).busy_timeout(waits);
                let options = options.journal_mode(SqliteJournalMode::Wal);
                let pool =
                    SqlitePoolOptions::new().max_connections(connections).acquire_timeout(waits);
                Pools::Sqlite(pool.connect_with(options).await.unwrap())
            }
        };
        Self { flavour, pools: Arc::new(pools) }
    }

    /// Carries out a plan by itself.
    pub(crate) async fn exec<P: Plan>(&self, plan: P) -> Result<P::Outcome, Fault> {
        each!(&*self.pools, Pools, pool => plan.exec(pool).await)
    }

    /// Carries out a plan without doing it again: whom the database ends is told.
    pub(crate) async fn exec_once<P: Plan>(&self, plan: P) -> Result<P::Outcome, Fault> {
        each!(&*self.pools, Pools, pool => plan.exec(within(pool, Duration::ZERO)).await)
    }

    pub(crate) async fn begin(&self) -> Own {
        match &*self.pools {
            Pools::Postgres(pool) => Own::Postgres(pool.begin().await.unwrap()),
            Pools::MySql(pool) => Own::MySql(pool.begin().await.unwrap()),
            Pools::Sqlite(pool) => Own::Sqlite(pool.begin().await.unwrap()),
        }
    }

    /// Plain SQL.
    pub(crate) async fn sql(&self, text: &str) {
        let told = self.try_sql(text).await;
        told.unwrap_or_else(|fault| panic!("{text}: {fault}"));
    }

    /// Plain SQL, and how many rows it changed.
    pub(crate) async fn try_sql(&self, text: &str) -> Result<u64, sqlx::Error> {
        let text = sqlx::AssertSqlSafe(text.to_owned());
        let raw = sqlx::raw_sql(text);
        each!(&*self.pools, Pools, pool => raw.execute(pool).await.map(|done| done.rows_affected()))
    }

    /// The rows that a query finds.
    pub(crate) async fn rows(&self, text: &str) -> Vec<Vec<Value>> {
        match &*self.pools {
            Pools::Postgres(pool) => {
                read::<Postgres>(&mut *pool.acquire().await.unwrap(), text).await
            }
            Pools::MySql(pool) => read::<MySql>(&mut *pool.acquire().await.unwrap(), text).await,
            Pools::Sqlite(pool) => read::<Sqlite>(&mut *pool.acquire().await.unwrap(), text).await,
        }
    }

    /// The whole numbers of the first column.
    pub(crate) async fn numbers(&self, text: &str) -> Vec<i64> {
        let rows = self.rows(text).await.into_iter();
        rows.map(|mut row| i64::try_from(row.swap_remove(0)).unwrap()).collect()
    }

    pub(crate) async fn number(&self, text: &str) -> i64 {
        self.numbers(text).await[0]
    }

    /// Makes a table anew. `ID` is a key that counts by itself, `UNSIGNED` what it says where there
    /// is such a thing, `MOMENT` a time.
    pub(crate) async fn table(&self, name: &str, columns: &str) {
        let (id, unsigned, moment, tail) = match self.flavour {
            Flavour::Postgres15 | Flavour::Postgres18 => {
                ("BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY", "", "TIMESTAMPTZ", "")
            }
            Flavour::MariaDb10 | Flavour::MySql9 => {
                ("BIGINT AUTO_INCREMENT PRIMARY KEY", "UNSIGNED", "DATETIME(6)", " ENGINE=InnoDB")
            }
            Flavour::Sqlite => ("INTEGER PRIMARY KEY", "", "TEXT", ""),
        };
        let columns = columns.replace(" UNSIGNED", &format!(" {unsigned}"));
        let columns =
            columns.replace(" ID", &format!(" {id}")).replace(" MOMENT", &format!(" {moment}"));
        self.sql(&format!("DROP TABLE IF EXISTS {name}")).await;
        self.sql(&format!("CREATE TABLE {name} ({columns}){tail}")).await;
    }

    /// What players own, the table of most tests: no item to pay with twice, and none by default.
    pub(crate) async fn items(&self, name: &str) -> Table {
        let unique = if self.flavour.is_mysql_like() {
            "UNIQUE KEY of_user (user_id, item_id)"
        } else {
            "UNIQUE (user_id, item_id)"
        };
        let columns = format!(
            "id ID, user_id BIGINT NOT NULL, item_id BIGINT NOT NULL, \
             quantity BIGINT UNSIGNED, bonus BIGINT UNSIGNED, updated_at MOMENT, {unique}"
        );
        self.table(name, &columns).await;
        Table::new(name).order(["user_id", "item_id"]).index("of_user")
    }
}

async fn read<DB: Speaks>(connection: &mut DB::Connection, text: &str) -> Vec<Vec<Value>> {
    let text = text.to_owned();
    let statement = Statement { text, binds: Vec::new(), reads: true, keep: false };
    DB::ask(connection, statement).await.unwrap().rows
}

impl Own {
    pub(crate) async fn exec<P: Plan>(&mut self, plan: P) -> Result<P::Outcome, Fault> {
        each!(self, Own, tx => plan.exec(tx).await)
    }

    pub(crate) async fn try_sql(&mut self, text: &str) -> Result<u64, sqlx::Error> {
        let raw = sqlx::raw_sql(sqlx::AssertSqlSafe(text.to_owned()));
        each!(self, Own, tx => raw.execute(&mut **tx).await.map(|done| done.rows_affected()))
    }

    pub(crate) async fn sql(&mut self, text: &str) {
        self.try_sql(text).await.unwrap_or_else(|fault| panic!("{text}: {fault}"));
    }

    pub(crate) async fn number(&mut self, text: &str) -> i64 {
        let mut rows = match self {
            Self::Postgres(tx) => read::<Postgres>(&mut *tx, text).await,
            Self::MySql(tx) => read::<MySql>(&mut *tx, text).await,
            Self::Sqlite(tx) => read::<Sqlite>(&mut *tx, text).await,
        };
        i64::try_from(rows.swap_remove(0).swap_remove(0)).unwrap()
    }

    pub(crate) async fn commit(self) {
        each!(self, Own, tx => tx.commit().await.unwrap());
    }

    pub(crate) async fn rollback(self) {
        each!(self, Own, tx => tx.rollback().await.unwrap());
    }
}
