//! Doing a transaction of sea-orm again that the database ended for no fault of its own.

use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;

use sea_orm::{
    DatabaseConnection, DatabaseTransaction, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use tokio::time::Instant;

use super::fault::fault;
use crate::face::classify::Stage;
use crate::face::own::finished;
use crate::face::{Again, PATIENCE, Place, retry};
use crate::fault::Fault;
use crate::program::Plan;

/// Runs a transaction of yours and commits it, and runs it again if the database ended it: as
/// [`retry_transaction`](crate::retry_transaction) does for sqlx, and with the same faults.
///
/// ```no_run
/// # async fn example(db: sea_orm::DatabaseConnection) -> Result<(), exactly_rows::Fault> {
/// use exactly_rows::{DecrementUnsignedCounters, Exec, Fault, Table, sea_orm::retry_transaction};
/// use sea_orm::ConnectionTrait;
///
/// retry_transaction(&db, async |tx| {
///     let seats = DecrementUnsignedCounters::of(&Table::new("courses"), 42).by([("free", 1)]);
///     if seats.exec(&tx).await?.is_done() {
///         let enrol = "INSERT INTO enrolments (course_id, user_id) VALUES (42, 1)";
///         tx.execute_unprepared(enrol).await?;
///     }
///     Ok::<_, Fault>(())
/// })
/// .await
/// # }
/// ```
pub async fn retry_transaction<T, E, W, F>(db: &DatabaseConnection, mut work: W) -> Result<T, E>
where
    E: From<Fault> + Again,
    W: FnMut(Tx) -> F,
    F: Future<Output = Result<T, E>>,
{
    let begun = Instant::now();
    let mut attempts = 0;
    loop {
        match attempt(db, &mut work).await {
            Err(fault) if fault.is_transient() && begun.elapsed() < PATIENCE => {
                retry::pause(attempts).await;
                attempts += 1;
            }
            told => return told,
        }
    }
}

/// The transaction of [`retry_transaction`]: one of sea-orm, which is committed after the work.
///
/// Whoever keeps it beyond the end of the work keeps it from being committed.
#[derive(Debug)]
pub struct Tx(Arc<DatabaseTransaction>);

impl Deref for Tx {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &DatabaseTransaction {
        &self.0
    }
}

impl Place for &Tx {
    async fn run<P: Plan>(self, plan: P) -> Result<P::Outcome, Fault> {
        (&**self).run(plan).await
    }
}

async fn attempt<T, E, W, F>(db: &DatabaseConnection, work: &mut W) -> Result<T, E>
where
    E: From<Fault>,
    W: FnMut(Tx) -> F,
    F: Future<Output = Result<T, E>>,
{
    let Begun { transaction, guard } = begin(db.clone()).await?;
    let told = work(Tx(Arc::clone(&transaction))).await;
    guard.rest();
    let Some(transaction) = Arc::into_inner(transaction) else { return Err(kept().into()) };
    match told {
        Ok(told) => {
            let committed = finished(transaction.commit()).await;
            committed.map_err(|error| fault(error, Stage::Committing))?;
            Ok(told)
        }
        Err(fault) => {
            // Where this fails the connection is lost, and with it the transaction.
            let _ = finished(transaction.rollback()).await;
            Err(fault)
        }
    }
}

fn kept() -> Fault {
    Fault::input("the transaction was kept beyond the end of its work, and is rolled back")
}

/// A transaction, and what is done if its owner is cancelled.
struct Begun {
    transaction: Arc<DatabaseTransaction>,
    guard: Guard,
}

/// One of SQLite begins as one that writes, and so waits at its beginning.
async fn begin(db: DatabaseConnection) -> Result<Begun, Fault> {
    finished(async move {
        let sqlite_transaction_mode = Some(SqliteTransactionMode::Immediate);
        let options = TransactionOptions { sqlite_transaction_mode, ..Default::default() };
        let begun = db.begin_with_options(options).await;
        let transaction = Arc::new(begun.map_err(|error| fault(error, Stage::Connecting))?);
        let guard = Guard::of(&db, &transaction).await?;
        Ok(Begun { transaction, guard })
    })
    .await
}

#[cfg(feature = "mysql")]
use cancelled::Guard;

/// The others give a transaction back as it should be.
#[cfg(not(feature = "mysql"))]
struct Guard;

#[cfg(not(feature = "mysql"))]
impl Guard {
    async fn of(_: &DatabaseConnection, _: &DatabaseTransaction) -> Result<Self, Fault> {
        Ok(Self)
    }

    fn rest(self) {}
}

/// What becomes of a transaction of MySQL whose owner was cancelled in the middle of a statement:
/// sqlx loses its step, and the connection would wait for ever for what came already.
#[cfg(feature = "mysql")]
mod cancelled {
    use sea_orm::{ConnectionTrait, Statement};
    use sea_orm::{DatabaseConnection, DatabaseConnectionType, DatabaseTransaction, DbBackend};
    use sqlx::{AssertSqlSafe, ConnectOptions, MySqlPool};
    use tokio::runtime::Handle;

    use super::{Fault, Stage, fault};

    /// Ends the connection of a transaction by another one, unless it is put to rest before. The
    /// pool then notices that it is dead.
    pub(super) struct Guard(Option<(MySqlPool, u64)>);

    impl Guard {
        pub(super) async fn of(
            db: &DatabaseConnection,
            transaction: &DatabaseTransaction,
        ) -> Result<Self, Fault> {
            if !matches!(db.inner, DatabaseConnectionType::SqlxMySqlPoolConnection(_)) {
                return Ok(Self(None));
            }
            let asked = Statement::from_string(DbBackend::MySql, "SELECT CONNECTION_ID()");
            let told = transaction.query_one_raw(asked).await;
            let told = told.map_err(|error| fault(error, Stage::Inside))?;
            let id = told.and_then(|row| row.try_get_by_index(0).ok());
            Ok(Self(id.map(|id| (db.get_mysql_connection_pool().clone(), id))))
        }

        pub(super) fn rest(mut self) {
            self.0 = None;
        }
    }

    impl Drop for Guard {
        fn drop(&mut self) {
            let (Some((pool, id)), Ok(runtime)) = (self.0.take(), Handle::try_current()) else {
                return;
            };
            runtime.spawn(async move {
                let Ok(mut other) = pool.connect_options().connect().await else { return };
                let kill = sqlx::raw_sql(AssertSqlSafe(format!("KILL {id}")));
                let _ = kill.execute(&mut other).await;
            });
        }
    }
}
