//! A server with the tables of a shop, and one way to speak to both kinds.

use std::time::Duration;

use exactly_conformance::servers::sql::Server;
use exactly_rows::{Combined, Exec, Fault, Plan, combined};
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, MySql, MySqlPool, PgPool, Postgres};

/// What a user's statement may end with, beside success: another transaction was in its way.
#[derive(Debug)]
pub struct Ended;

#[derive(Debug, Clone)]
pub enum Shop {
    Postgres(PgPool, Combined<Postgres>),
    MySql(MySqlPool, Combined<MySql>),
}

macro_rules! each {
    ($shop:expr, $pool:ident => $do:expr) => {
        match $shop {
            Shop::Postgres($pool, _) => $do,
            Shop::MySql($pool, _) => $do,
        }
    };
}

impl Shop {
    pub async fn open(server: &Server, connections: u32) -> Self {
        let patience = Duration::from_secs(60);
        if server.flavour.is_postgres() {
            let options = PgConnectOptions::new_without_pgpass().socket(server.folder());
            let pool = PgPoolOptions::new().max_connections(connections).acquire_timeout(patience);
            let pool = pool.test_before_acquire(false);
            let options = options.username("postgres").database("postgres");
            let pool = pool.connect_with(options).await.expect("it connects");
            let folded = combined(&pool);
            return Self::Postgres(pool, folded);
        }
        let options = MySqlConnectOptions::new().socket(server.socket()).username("root");
        let pool = || MySqlPoolOptions::new().acquire_timeout(patience).test_before_acquire(false);
        let bare = pool().max_connections(1).connect_with(options.clone()).await;
        let bare = bare.expect("it connects");
        let make = sqlx::raw_sql("CREATE DATABASE IF NOT EXISTS shop");
        make.execute(&bare).await.expect("a database is made");
        bare.close().await;
        let pool = pool().max_connections(connections);
        let pool = pool.connect_with(options.database("shop")).await.expect("it connects");
        let folded = combined(&pool);
        Self::MySql(pool, folded)
    }

    pub fn is_mysql_like(&self) -> bool {
        matches!(self, Self::MySql(..))
    }

    pub async fn exec<P: Plan>(&self, plan: P) -> Result<P::Outcome, Fault> {
        each!(self, pool => plan.exec(pool).await)
    }

    pub async fn exec_folded<P: Plan>(&self, plan: P) -> Result<P::Outcome, Fault> {
        match self {
            Self::Postgres(_, folded) => plan.exec(folded).await,
            Self::MySql(_, folded) => plan.exec(folded).await,
        }
    }

    /// Plain SQL.
    pub async fn sql(&self, text: &str) {
        let text = AssertSqlSafe(text.to_owned());
        each!(self, pool => drop(sqlx::raw_sql(text).execute(pool).await.expect("it is fine")));
    }

    /// One prepared statement of a user's own, with numbers bound. How many rows it changed.
    pub async fn prepared(&self, text: &str, binds: &[i64]) -> Result<u64, Ended> {
        let text = AssertSqlSafe(text.to_owned());
        let done = match self {
            Self::Postgres(pool, _) => {
                let query = binds.iter().fold(sqlx::query(text), |query, bind| query.bind(bind));
                query.execute(pool).await.map(|done| done.rows_affected())
            }
            Self::MySql(pool, _) => {
                let query = binds.iter().fold(sqlx::query(text), |query, bind| query.bind(bind));
                query.execute(pool).await.map(|done| done.rows_affected())
            }
        };
        done.map_err(|_| Ended)
    }

    /// A transaction of a user's own: rows are locked, and written if there are as many.
    pub async fn by_hand(
        &self,
        lock: &str,
        write: &str,
        binds: &[i64],
        rows: usize,
    ) -> Result<bool, Ended> {
        let [lock, write] = [lock, write].map(|text| AssertSqlSafe(text.to_owned()));
        macro_rules! transaction {
            ($pool:expr) => {{
                let mut tx = $pool.begin().await.map_err(|_| Ended)?;
                let query = binds.iter().fold(sqlx::query(lock), |query, bind| query.bind(bind));
                let found = query.fetch_all(&mut *tx).await.map_err(|_| Ended)?;
                if found.len() != rows {
                    return Ok(false);
                }
                let query = binds.iter().fold(sqlx::query(write), |query, bind| query.bind(bind));
                query.execute(&mut *tx).await.map_err(|_| Ended)?;
                tx.commit().await.map_err(|_| Ended)?;
                Ok(true)
            }};
        }
        match self {
            Self::Postgres(pool, _) => transaction!(pool),
            Self::MySql(pool, _) => transaction!(pool),
        }
    }

    pub async fn number(&self, text: &str) -> i64 {
        let text = AssertSqlSafe(text.to_owned());
        each!(self, pool => sqlx::query_scalar(text).fetch_one(pool).await.expect("a number"))
    }

    /// Places for binds, as this server writes them.
    pub fn places(&self, text: &str) -> String {
        if self.is_mysql_like() {
            return text.to_owned();
        }
        let mut number = 0;
        let place = |part: &str| {
            number += 1;
            format!("{part}${number}")
        };
        let mut parts: Vec<_> = text.split('?').collect();
        let last = parts.pop().unwrap_or_default();
        parts.into_iter().map(place).collect::<String>() + last
    }

    /// Makes a table anew.
    pub async fn table(&self, name: &str, columns: &str) {
        let id = match self.is_mysql_like() {
            true => "BIGINT AUTO_INCREMENT PRIMARY KEY",
            false => "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
        };
        self.sql(&format!("DROP TABLE IF EXISTS {name}")).await;
        self.sql(&format!("CREATE TABLE {name} (id {id}, {columns})")).await;
    }

    pub async fn close(self) {
        each!(self, pool => pool.close().await);
    }
}
