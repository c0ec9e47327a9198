//! The plain face: plans on the pools, connections and transactions of sqlx.

#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
mod cells;
mod classify;
mod combined;
#[cfg(feature = "mysql")]
mod mysql;
mod own;
#[cfg(feature = "postgres")]
mod postgres;
mod retry;
#[cfg(feature = "sea-orm")]
pub mod sea_orm;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::future::Future;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Connection, Database, Pool, Transaction};

use crate::dialect::Dialect;
use crate::fault::Fault;
use crate::program::{Answer, Next, Plan, Statement};

use classify::Stage;

pub use combined::{Combined, combined};
pub use retry::{Again, Tx, retry_transaction};

/// Runs a plan: `plan.exec(&pool)`, or on a connection or in a transaction that is yours.
pub trait Exec: Plan {
    /// Carries the plan out, and tells its outcome.
    ///
    /// *On a pool*, or on a connection without a transaction, it is one change by itself: done
    /// again after a deadlock, a serialization failure or a busy database, for ten seconds at most
    /// (see [`within`]). On a pool it is finished even if the caller does not wait for the answer.
    ///
    /// *In a transaction of yours* it is a part of that. A refusal has changed nothing, and the
    /// transaction goes on. After a fault, roll it back: what the fault says holds then. It has to
    /// be one that sqlx has begun; of one that was begun by plain SQL nobody here knows.
    ///
    /// # Faults
    ///
    /// *Misuse* if the plan is wrong or the database does not know what it names. *Not applied* if
    /// the database ended it. *Unknown* if the connection was lost while it was committed.
    fn exec<P: Place>(self, place: P) -> impl Future<Output = Result<Self::Outcome, Fault>> + Send {
        place.run(self)
    }
}

impl<P: Plan> Exec for P {}

/// Where a plan runs: a pool, a connection or a transaction of sqlx.
pub trait Place: Send + Sized {
    /// Carries a plan out there: see [`Exec::exec`].
    fn run<P: Plan>(self, plan: P) -> impl Future<Output = Result<P::Outcome, Fault>> + Send;
}

/// A database of sqlx that plans can run on: PostgreSQL, MySQL and MariaDB, SQLite.
pub trait Speaks: Database {
    /// How a transaction begins that will write.
    #[doc(hidden)]
    fn begin_writing() -> Option<&'static str>;

    /// Which dialect is spoken there. `differ` is false if the answer makes no difference.
    #[doc(hidden)]
    fn dialect(
        connection: &mut Self::Connection,
        server: Option<&Pool<Self>>,
        differ: bool,
    ) -> impl Future<Output = Result<Dialect, sqlx::Error>> + Send;

    /// Gives a transaction back whose owner was cancelled, perhaps in the middle of a statement.
    #[doc(hidden)]
    fn give_up(
        transaction: Transaction<'static, Self>,
        _: &Pool<Self>,
    ) -> impl Future<Output = ()> + Send {
        drop(transaction);
        std::future::ready(())
    }

    /// How many statements on one row are worth being on their way at once: where a lock is kept
    /// until the change is on disk, one.
    #[doc(hidden)]
    fn flights_at_once() -> usize {
        1
    }

    /// Sends one statement.
    #[doc(hidden)]
    fn ask(
        connection: &mut Self::Connection,
        statement: Statement,
    ) -> impl Future<Output = Result<Answer, sqlx::Error>> + Send;
}

/// A pool, and how long a plan is tried on it: see [`within`].
#[derive(Debug)]
pub struct Patient<'p, DB: Database> {
    pool: &'p Pool<DB>,
    patience: Duration,
}

/// How long a plan is done again on a pool, by default.
const PATIENCE: Duration = Duration::from_secs(10);

/// The pool, with plans done again for that long at most, after deadlocks, serialization failures
/// and a busy database: `plan.exec(within(&pool, Duration::from_secs(2)))`. A statement that is
/// under way is not cut off; for that the databases have settings.
pub fn within<DB: Database>(pool: &Pool<DB>, patience: Duration) -> Patient<'_, DB> {
    Patient { pool, patience }
}

impl<DB: Speaks> Place for &Pool<DB> {
    async fn run<P: Plan>(self, plan: P) -> Result<P::Outcome, Fault> {
        within(self, PATIENCE).run(plan).await
    }
}

impl<DB: Speaks> Place for Patient<'_, DB> {
    async fn run<P: Plan>(self, plan: P) -> Result<P::Outcome, Fault> {
        let (pool, patience) = (self.pool.clone(), self.patience);
        own::finished(retry::again(patience, move || {
            let (pool, plan) = (pool.clone(), plan.clone());
            async move { once(&pool, &plan).await }
        }))
        .await
    }
}

async fn once<DB: Speaks, P: Plan>(pool: &Pool<DB>, plan: &P) -> Result<P::Outcome, Fault> {
    let connecting = |error| classify::fault(error, Stage::Connecting);
    let mut connection = pool.acquire().await.map_err(connecting)?;
    alone(&mut *connection, Some(pool), plan).await
}

impl<DB: Speaks> Place for &mut Transaction<'_, DB> {
    async fn run<P: Plan>(self, plan: P) -> Result<P::Outcome, Fault> {
        inside::<DB, P>(self, &plan).await
    }
}

impl<DB: Speaks> Place for &mut PoolConnection<DB> {
    async fn run<P: Plan>(self, plan: P) -> Result<P::Outcome, Fault> {
        on_connection::<DB, P>(self, plan).await
    }
}

/// In the caller's transaction, if one is open, and by itself if not.
async fn on_connection<DB: Speaks, P: Plan>(
    connection: &mut DB::Connection,
    plan: P,
) -> Result<P::Outcome, Fault> {
    if connection.is_in_transaction() {
        return inside::<DB, P>(connection, &plan).await;
    }
    let begun = tokio::time::Instant::now();
    let mut attempts = 0;
    loop {
        match alone::<DB, P>(connection, None, &plan).await {
            Err(fault) if fault.is_transient() && begun.elapsed() < PATIENCE => {
                retry::pause(attempts).await;
                attempts += 1;
            }
            told => return told,
        }
    }
}

async fn dialect<DB: Speaks, P: Plan>(
    connection: &mut DB::Connection,
    server: Option<&Pool<DB>>,
    plan: &P,
) -> Result<Dialect, Fault> {
    let differ = plan.tells_mysql_from_mariadb();
    let told = DB::dialect(connection, server, differ).await;
    told.map_err(|error| classify::fault(error, Stage::Inside))
}

/// By itself: the program says where it needs a transaction.
async fn alone<DB: Speaks, P: Plan>(
    connection: &mut DB::Connection,
    server: Option<&Pool<DB>>,
    plan: &P,
) -> Result<P::Outcome, Fault> {
    let dialect = dialect::<DB, P>(connection, server, plan).await?;
    let mut next = plan.program(dialect)?;
    loop {
        next = match next {
            Next::Done(outcome) => return Ok(outcome),
            Next::Ask(statement, then) => {
                let answer = DB::ask(connection, statement).await;
                then(answer.map_err(|error| classify::fault(error, Stage::Alone))?)?
            }
            Next::Begin { then, .. } => {
                let begin = DB::begin_writing();
                return own::transaction::<DB, _>(connection, begin, then).await;
            }
        };
    }
}

/// As a part of the caller's transaction.
async fn inside<DB: Speaks, P: Plan>(
    connection: &mut DB::Connection,
    plan: &P,
) -> Result<P::Outcome, Fault> {
    let dialect = dialect::<DB, P>(connection, None, plan).await?;
    let mut next = plan.program(dialect)?;
    loop {
        next = match next {
            Next::Done(outcome) => return Ok(outcome),
            Next::Ask(statement, then) => then(own::ask::<DB>(connection, statement).await?)?,
            Next::Begin { writes_often: false, then } => then(())?,
            // A savepoint, so that half of it cannot stay if the rest is refused.
            Next::Begin { writes_often: true, then } => {
                return own::transaction::<DB, _>(connection, None, then).await;
            }
        };
    }
}
