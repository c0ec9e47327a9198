//! Doing a transaction again that the database ended for no fault of its own.

use std::error::Error;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use sqlx::{AssertSqlSafe, Pool, Transaction};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::Instant;

use super::classify::{self, Stage};
use super::own::finished;
use super::{PATIENCE, Place, Speaks};
use crate::fault::{Fault, Trouble};
use crate::program::Plan;

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
/// retry_transaction(&pool, async |mut tx| {
///     let seats = DecrementUnsignedCounters::of(&Table::new("courses"), 42).by([("free", 1)]);
///     if seats.exec(&mut tx).await?.is_done() {
///         sqlx::query("INSERT INTO enrolments (course_id, user_id) VALUES (42, 1)")
///             .execute(&mut **tx)
///             .await?;
///     }
///     Ok::<_, Fault>(())
/// })
/// .await
/// # }
/// ```
pub async fn retry_transaction<DB, T, E, W, F>(pool: &Pool<DB>, mut work: W) -> Result<T, E>
where
    DB: Speaks,
    E: From<Fault> + Again,
    W: FnMut(Tx<DB>) -> F,
    F: Future<Output = Result<T, E>>,
{
    let begun = Instant::now();
    let mut attempts = 0;
    loop {
        match attempt(pool, &mut work).await {
            Err(fault) if fault.is_transient() && begun.elapsed() < PATIENCE => {
                pause(attempts).await;
                attempts += 1;
            }
            told => return told,
        }
    }
}

/// The transaction of [`retry_transaction`]: one of sqlx, which is committed after the work.
///
/// It comes by value and not by reference, so that the whole can be spawned as a task. Whoever
/// keeps it beyond the end of the work keeps it from being committed.
#[derive(Debug)]
pub struct Tx<DB: Speaks>(OwnedMutexGuard<Lent<DB>>);

/// The transaction while the work has it. It ends here only if the caller was cancelled.
#[derive(Debug)]
struct Lent<DB: Speaks> {
    transaction: Option<Transaction<'static, DB>>,
    pool: Pool<DB>,
}

impl<DB: Speaks> Drop for Lent<DB> {
    fn drop(&mut self) {
        let Some(transaction) = self.transaction.take() else { return };
        let pool = self.pool.clone();
        // Without a runtime there is no pool that could be used any more.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move { DB::give_up(transaction, &pool).await });
        }
    }
}

impl<DB: Speaks> Deref for Tx<DB> {
    type Target = Transaction<'static, DB>;

    fn deref(&self) -> &Self::Target {
        lent(self.0.transaction.as_ref())
    }
}

impl<DB: Speaks> DerefMut for Tx<DB> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        lent(self.0.transaction.as_mut())
    }
}

impl<DB: Speaks> Place for &mut Tx<DB> {
    async fn run<P: Plan>(self, plan: P) -> Result<P::Outcome, Fault> {
        (&mut **self).run(plan).await
    }
}

async fn attempt<DB, T, E, W, F>(pool: &Pool<DB>, work: &mut W) -> Result<T, E>
where
    DB: Speaks,
    E: From<Fault>,
    W: FnMut(Tx<DB>) -> F,
    F: Future<Output = Result<T, E>>,
{
    let begun = begin(pool.clone()).await;
    let transaction = begun.map_err(|error| classify::fault(error, Stage::Connecting))?;
    let pool = pool.clone();
    let home = Arc::new(Mutex::new(Lent { transaction: Some(transaction), pool }));
    let lent = Arc::clone(&home).lock_owned().await;
    let told = work(Tx(lent)).await;
    let back = Arc::into_inner(home).and_then(|home| home.into_inner().transaction.take());
    let Some(transaction) = back else { return Err(kept().into()) };
    match told {
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

/// It is taken out only after the work has given it back.
#[expect(clippy::expect_used, reason = "nobody can have it twice")]
fn lent<T>(transaction: Option<T>) -> T {
    transaction.expect("the transaction is lent")
}

fn kept() -> Fault {
    Fault::input("the transaction was kept beyond the end of its work, and is rolled back")
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
