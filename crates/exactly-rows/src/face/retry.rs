//! Doing a transaction again that the database ended for no fault of its own.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use sqlx::{AssertSqlSafe, Pool, Transaction};
use tokio::time::Instant;

use super::classify::{self, Stage};
use super::own::finished;
use super::{PATIENCE, Speaks};
use crate::fault::{Fault, Trouble};

/// The pause after the first attempt, and the longest. Each is a random part of what it may be, so
/// that those who met do not meet again.
const FIRST_PAUSE: Duration = Duration::from_millis(4);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

pub(super) async fn pause(attempts: u32) {
    let limit = FIRST_PAUSE.saturating_mul(1 << attempts.min(10)).min(LONGEST_PAUSE);
    tokio::time::sleep(limit.mul_f64(fastrand::f64())).await;
}

pub(super) async fn again<T, F>(patience: Duration, attempt: impl Fn() -> F) -> Result<T, Fault>
where
    F: Future<Output = Result<T, Fault>>,
{
    let begun = Instant::now();
    let mut attempts = 0;
    loop {
        match attempt().await {
            Err(fault) if is_worth_it(&fault) && begun.elapsed() < patience => {
                pause(attempts).await;
                attempts += 1;
            }
            told => return told,
        }
    }
}

/// A connection that was lost before the commit took its transaction with it.
fn is_worth_it(fault: &Fault) -> bool {
    fault.is_transient() || (fault.is_not_applied() && fault.trouble() == Trouble::Lost)
}

/// A fault of yours, as [`retry_transaction`] has to understand it.
pub trait Again {
    /// Whether the same transaction, begun anew, can be expected to come through.
    fn is_transient(&self) -> bool;
}

impl Again for Fault {
    fn is_transient(&self) -> bool {
        Fault::is_transient(self)
    }
}

impl Again for sqlx::Error {
    fn is_transient(&self) -> bool {
        Trouble::of(self).is_transient()
    }
}

/// Asks all that stands behind it.
impl Again for Box<dyn Error + Send + Sync> {
    fn is_transient(&self) -> bool {
        let mut cause: Option<&(dyn Error + 'static)> = Some(self.as_ref());
        while let Some(one) = cause {
            let by_library = one.downcast_ref::<sqlx::Error>().is_some_and(Again::is_transient);
            if by_library || one.downcast_ref::<Fault>().is_some_and(Again::is_transient) {
                return true;
            }
            cause = one.source();
        }
        false
    }
}

/// Runs a transaction of yours and commits it, and runs it again if the database ended it: after a
/// deadlock, a serialization failure, a lock that took too long or a busy database, with a random
/// pause between, for ten seconds at most.
///
/// The work is rolled back if it answers with a fault. It may run several times, so it should do
/// nothing but what the transaction undoes. On SQLite the transaction begins as one that writes.
/// A caller who does not wait for the end leaves no open transaction in the pool.
///
/// # Faults
///
/// Those of the work; and *not applied* if there is no connection, *unknown* if the connection was
/// lost during the commit.
///
/// ```no_run
/// # #[cfg(feature = "postgres")]
/// # async fn example(pool: sqlx::PgPool) -> Result<(), exactly_rows::Fault> {
/// use exactly_rows::{DecrementUnsignedCounters, Exec, Fault, Table, retry_transaction};
///
/// retry_transaction(&pool, async |tx| {
///     let seats = DecrementUnsignedCounters::of(&Table::new("courses"), 42).by([("free", 1)]);
///     if seats.exec(&mut *tx).await?.is_done() {
///         sqlx::query("INSERT INTO enrolments (course_id, user_id) VALUES (42, 1)")
///             .execute(&mut **tx)
///             .await?;
///     }
///     Ok::<_, Fault>(())
/// })
/// .await
/// # }
/// ```
pub async fn retry_transaction<DB, T, E>(
    pool: &Pool<DB>,
    work: impl AsyncFn(&mut Transaction<'static, DB>) -> Result<T, E>,
) -> Result<T, E>
where
    DB: Speaks,
    E: From<Fault> + Again,
{
    let begun = Instant::now();
    let mut attempts = 0;
    loop {
        match attempt(pool, &work).await {
            Err(fault) if fault.is_transient() && begun.elapsed() < PATIENCE => {
                pause(attempts).await;
                attempts += 1;
            }
            told => return told,
        }
    }
}

async fn attempt<DB, T, E>(
    pool: &Pool<DB>,
    work: &impl AsyncFn(&mut Transaction<'static, DB>) -> Result<T, E>,
) -> Result<T, E>
where
    DB: Speaks,
    E: From<Fault>,
{
    let begun = begin(pool.clone()).await;
    let mut transaction = begun.map_err(|error| classify::fault(error, Stage::Connecting))?;
    match work(&mut transaction).await {
        Ok(told) => {
            let committed = finished(transaction.commit()).await;
            committed.map_err(|error| classify::fault(error, Stage::Committing))?;
            Ok(told)
        }
        Err(fault) => {
            // Where this fails the connection is lost, and with it the transaction.
            let _ = finished(transaction.rollback()).await;
            Err(fault)
        }
    }
}

async fn begin<DB: Speaks>(pool: Pool<DB>) -> Result<Transaction<'static, DB>, sqlx::Error> {
    finished(async move {
        match DB::begin_writing() {
            Some(begin) => pool.begin_with(AssertSqlSafe(begin.to_owned())).await,
            None => pool.begin().await,
        }
    })
    .await
}
