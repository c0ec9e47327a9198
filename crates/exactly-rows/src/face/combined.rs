//! Callers who change one row at once, as one statement: group commit for a hot row.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use exactly_core::Fate;
use sqlx::Pool;
use tokio::sync::oneshot;

use super::{PATIENCE, Patient, Place, Speaks, within};
use crate::fault::{Fault, Trouble};
use crate::program::{Many, Plan, TOGETHER_MAX};

/// So many wait for one row at most; whoever comes then is told at once.
const WAITING_MAX: usize = 1 << 16;

/// A pool on which equal plans that come together go together: see [`combined`].
///
/// Clones are the same: keep one for the program, or one for each hot table.
#[derive(Debug)]
pub struct Combined<DB: Speaks> {
    pool: Pool<DB>,
    lines: Arc<Mutex<Lines>>,
}

/// Those who wait, by what their plans have in common.
type Lines = HashMap<(TypeId, String), Arc<dyn Any + Send + Sync>>;

/// Those of one plan who wait, and how many statements of theirs are on their way.
struct Line<P: Plan> {
    plan: P,
    state: Mutex<State<P::Outcome>>,
}

/// Who waits for its answer.
type Caller<O> = oneshot::Sender<Result<O, Fault>>;

struct State<O> {
    waiting: Vec<Caller<O>>,
    flights: usize,
}

/// The pool, with callers of equal plans folded: `plan.exec(&stocks).await` with
/// `let stocks = combined(&pool)`.
///
/// A row that a thousand callers decrement is locked a thousand times, and PostgreSQL keeps the
/// lock until the change is on disk. Here those who come while a statement is on its way are the
/// next one: a decrement of as much for as many of them as the row has enough for, in the order in
/// which they came. Each is told what is left behind it, or that it is too little. Whoever is
/// alone waits for nobody.
///
/// What goes together: [`DecrementUnsignedCounters`](crate::DecrementUnsignedCounters) of one
/// column, equal in all, that sets besides only values and times. All else runs as on the pool.
///
/// A caller that goes away before its statement is sent has changed nothing; after that its share
/// is done all the same. A fault is told to all who were in the statement.
///
/// ```no_run
/// # #[cfg(feature = "postgres")]
/// # async fn example(pool: sqlx::PgPool) -> Result<(), exactly_rows::Fault> {
/// use exactly_rows::{DecrementUnsignedCounters, Exec, Table, combined};
///
/// let stocks = combined(&pool);
/// let sell = DecrementUnsignedCounters::of(&Table::new("stocks"), 7).by([("units", 1)]);
/// let sold = sell.exec(&stocks).await?.is_done();
/// # let _ = sold; Ok(())
/// # }
/// ```
pub fn combined<DB: Speaks>(pool: &Pool<DB>) -> Combined<DB> {
    Combined { pool: pool.clone(), lines: Arc::default() }
}

impl<DB: Speaks> Clone for Combined<DB> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), lines: Arc::clone(&self.lines) }
    }
}

impl<DB: Speaks> Place for &Combined<DB> {
    async fn run<P: Plan>(self, plan: P) -> Result<P::Outcome, Fault> {
        let Some(common) = plan.common() else { return self.place().run(plan).await };
        let told = self.join(common, plan)?;
        // Whoever is to tell it ends only with its runtime.
        told.await.unwrap_or_else(|_| Err(ended()))
    }
}

impl<DB: Speaks> Combined<DB> {
    fn place(&self) -> Patient<'_, DB> {
        within(&self.pool, PATIENCE)
    }

    /// Waits in the line of that plan, and sends it on its way if nobody else does.
    fn join<P: Plan>(
        &self,
        common: String,
        plan: P,
    ) -> Result<oneshot::Receiver<Result<P::Outcome, Fault>>, Fault> {
        let (tell, told) = oneshot::channel();
        let name = (TypeId::of::<P>(), common);
        // Both locks, so that no line ends while somebody comes to it.
        let mut lines = held(&self.lines);
        let line = lines.entry(name.clone()).or_insert_with(|| Arc::new(Line::of(plan)));
        let line = Arc::clone(line).downcast::<Line<P>>();
        let line = line.map_err(|_| Fault::unexpected("a line of other plans"))?;
        let mut state = held(&line.state);
        if state.waiting.len() >= WAITING_MAX {
            return Err(crowded());
        }
        state.waiting.push(tell);
        if state.flights < DB::flights_at_once() {
            state.flights += 1;
            tokio::spawn(self.clone().fly(name, Arc::clone(&line)));
        }
        drop(state);
        Ok(told)
    }

    /// Sends those who wait, one statement after the other, until nobody does.
    async fn fly<P: Plan>(self, name: (TypeId, String), line: Arc<Line<P>>) {
        while let Some(callers) = self.next(&name, &line) {
            let told = self.sent(&line.plan, callers.len()).await;
            match told {
                Ok(outcomes) => callers.into_iter().zip(outcomes).for_each(|(caller, outcome)| {
                    // Who has gone away has been served all the same.
                    drop(caller.send(Ok(outcome)));
                }),
                Err(fault) => callers.into_iter().for_each(|caller| {
                    drop(caller.send(Err(fault.clone())));
                }),
            }
        }
    }

    async fn sent<P: Plan>(&self, plan: &P, callers: usize) -> Result<Vec<P::Outcome>, Fault> {
        let alone = || Fault::unexpected("plans of this kind go alone");
        match u32::try_from(callers).unwrap_or(u32::MAX) {
            // As if it had not come here.
            1 => Ok(vec![self.place().run(plan.clone()).await?]),
            times => {
                let many = Many::of(plan.clone(), times).ok_or_else(alone)?;
                let outcomes = self.place().run(many).await?;
                match outcomes.len() == callers {
                    true => Ok(outcomes),
                    false => Err(Fault::unexpected("others were answered than had asked")),
                }
            }
        }
    }

    /// The next who go together; without them the flight is over.
    fn next<P: Plan>(
        &self,
        name: &(TypeId, String),
        line: &Line<P>,
    ) -> Option<Vec<Caller<P::Outcome>>> {
        let mut lines = held(&self.lines);
        let mut state = held(&line.state);
        state.waiting.retain(|caller| !caller.is_closed());
        if state.waiting.is_empty() {
            state.flights -= 1;
            if state.flights == 0 {
                lines.remove(name);
            }
            return None;
        }
        let together = state.waiting.len().min(TOGETHER_MAX as usize);
        Some(state.waiting.drain(..together).collect())
    }
}

impl<P: Plan> Line<P> {
    fn of(plan: P) -> Self {
        Self { plan, state: Mutex::new(State { waiting: Vec::new(), flights: 0 }) }
    }
}

fn crowded() -> Fault {
    let message = format!("{WAITING_MAX} callers wait for that row already; try again later");
    Fault::of(Fate::NotApplied, Trouble::Busy, message)
}

fn ended() -> Fault {
    Fault::of(Fate::Unknown, Trouble::Lost, "the runtime ended while the statement was on its way")
}

/// Nothing that can panic is done while it is held.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
