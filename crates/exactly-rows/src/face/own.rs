//! Transactions of our own, which nobody can leave half begun.

use std::future::Future;

use sqlx::{AssertSqlSafe, Connection};

use super::Speaks;
use super::classify::{self, Stage};
use crate::fault::Fault;
use crate::program::{Answer, Next, Statement, Then};

/// Runs to its end what may not be dropped half-way: sqlx forgets a transaction whose beginning
/// was cancelled, and gives its connection to the next caller.
pub(super) async fn finished<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> T {
    match tokio::spawn(work).await {
        Ok(done) => done,
        Err(panicked) => match panicked.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down, and so is whoever waits here.
            Err(_) => std::future::pending().await,
        },
    }
}

/// One transaction, or a savepoint within one.
pub(super) async fn transaction<DB: Speaks, O: Send>(
    connection: &mut DB::Connection,
    begin: Option<&'static str>,
    then: Then<(), O>,
) -> Result<O, Fault> {
    let begun = match begin {
        Some(begin) => connection.begin_with(AssertSqlSafe(begin.to_owned())).await,
        None => connection.begin().await,
    };
    let mut transaction = begun.map_err(|error| classify::fault(error, Stage::Inside))?;
    match to_the_end::<DB, O>(&mut transaction, then(())).await {
        Ok(outcome) => {
            let told = transaction.commit().await;
            told.map_err(|error| classify::fault(error, Stage::Committing))?;
            Ok(outcome)
        }
        Err(fault) => {
            // Where this fails the connection is lost, and with it the transaction.
            let _ = transaction.rollback().await;
            Err(fault)
        }
    }
}

async fn to_the_end<DB: Speaks, O: Send>(
    connection: &mut DB::Connection,
    next: Result<Next<O>, Fault>,
) -> Result<O, Fault> {
    let mut next = next?;
    loop {
        next = match next {
            Next::Done(outcome) => return Ok(outcome),
            Next::Ask(statement, then) => then(ask::<DB>(connection, statement).await?)?,
            Next::Begin { then, .. } => then(())?,
        };
    }
}

/// One statement of a transaction.
pub(super) async fn ask<DB: Speaks>(
    connection: &mut DB::Connection,
    statement: Statement,
) -> Result<Answer, Fault> {
    let answer = DB::ask(connection, statement).await;
    answer.map_err(|error| classify::fault(error, Stage::Inside))
}
