//! Optimistic transactions: reads are remembered, writes are tried, and all of it is one change.

mod attempt;
mod inside;
mod known;
mod required;
mod turns;

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use exactly_core::{Fault, Token};
use tokio::time::Instant;

use self::attempt::{Attempt, Ended};
use self::turns::Held;
use crate::contention::{self, By};
use crate::store::Store;

pub(crate) use self::inside::{check as check_outside, outside};
pub(crate) use self::turns::Turns;

/// How long a transaction is tried unless told otherwise.
pub const TRANSACTION_TIME_DEFAULT: Duration = Duration::from_secs(30);
/// How often a transaction is tried at most.
pub const TRANSACTION_ATTEMPTS_MAX: u32 = 1_000;

impl Store {
    /// Reads, decides and writes as one change: nobody comes in between.
    ///
    /// The race: a program reads a balance, sees that it suffices, and writes what is left; two
    /// that do so at once both see the whole of it. The end of it: `tx` is a store like this one,
    /// on which everything reads and writes as usual, but what is written is only tried. At the end
    /// all of it is applied as one change, if each operation would still be answered what it was
    /// answered before; if not, the closure runs again. Whoever has lost to others waits for a turn
    /// at what they met at, so that a hot key makes progress.
    ///
    /// ```
    /// # use exactly::{Counter, Fault, List, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Fault> {
    /// let store = Store::open("memory:").await?;
    /// let balance = |store: &Store, name: &str| Counter::new(store, name);
    /// balance(&store, "ada").set(100).await?;
    ///
    /// let left = store
    ///     .atomically(async |tx| {
    ///         let (ada, bob) = (balance(&tx, "ada"), balance(&tx, "bob"));
    ///         if ada.get().await? < 30 {
    ///             return Ok(None);
    ///         }
    ///         bob.add(30).await?;
    ///         Ok::<_, Fault>(Some(ada.add(-30).await?))
    ///     })
    ///     .await?;
    /// assert_eq!(left, Some(70));
    /// assert_eq!(balance(&store, "bob").get().await?, 30);
    /// # Ok(()) }
    /// ```
    ///
    /// # What the closure may do
    ///
    /// It may run several times, and so should do nothing outside of `tx` that cannot be done
    /// again: what it captures it only reads. Handles are made on `tx`; a call on the store itself
    /// inside of the closure is *misuse*, for it would not be part of the change. What the closure
    /// answers with `Err` leaves no trace, nor does one that panics or is dropped, nor one that
    /// [aborts](Tx::abort).
    ///
    /// All operations can be part of it, except those that cannot be tried: acquiring a lock
    /// (acquire it before, and [require](crate::Call::requiring) it), claiming a job, lots drawn,
    /// the block form of a counter, waiting and listing. These are *misuse*, as is a call with a
    /// token. Objects of several stores are several changes. That a call was *misuse*, such as a
    /// counter where a list is stored, is not looked at again at the end.
    ///
    /// # Faults
    /// What the closure answers. [Contended](Fault::is_contended) when others were faster for
    /// [`TRANSACTION_TIME_DEFAULT`] or [`TRANSACTION_ATTEMPTS_MAX`] times: nothing was changed. As
    /// the engine says; *unknown* when it cannot be told whether the change was made.
    pub async fn atomically<T, E, W, F>(&self, work: W) -> Result<T, E>
    where
        W: FnMut(Tx) -> F,
        F: Future<Output = Result<T, E>>,
        E: From<Fault>,
    {
        self.transaction().run(work).await
    }

    /// A transaction with its own bounds: see [`Store::atomically`].
    pub fn transaction(&self) -> Transaction<'_> {
        let (time, attempts) = (TRANSACTION_TIME_DEFAULT, TRANSACTION_ATTEMPTS_MAX);
        Transaction { store: self, time, attempts, token: None }
    }
}

/// The store as a transaction sees it: see [`Store::atomically`].
/// Clones are the same transaction.
#[derive(Debug, Clone)]
pub struct Tx {
    store: Store,
    attempt: Arc<Attempt>,
}

impl Tx {
    /// Ends the transaction with an answer, and without a trace: nothing that was written on it is
    /// applied, whatever the closure does from here on.
    ///
    /// ```
    /// # use exactly::{Counter, Fault, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let told = store
    ///     .atomically(async |tx| {
    ///         let sold = Counter::new(&tx, "sold").increment().await?;
    ///         if sold > 0 { tx.abort("out of stock") } else { Ok::<_, Fault>("sold") }
    ///     })
    ///     .await?;
    /// assert_eq!(told, "out of stock");
    /// assert_eq!(Counter::new(&store, "sold").get().await?, 0);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// None: it is written as the end of the closure.
    pub fn abort<T, E>(&self, answer: T) -> Result<T, E> {
        self.attempt.abort();
        Ok(answer)
    }
}

impl Deref for Tx {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

impl AsRef<Store> for Tx {
    fn as_ref(&self) -> &Store {
        &self.store
    }
}

/// How a transaction is tried: see [`Store::atomically`].
#[must_use = "a transaction does nothing until it is run"]
#[derive(Clone)]
pub struct Transaction<'s> {
    store: &'s Store,
    time: Duration,
    attempts: u32,
    token: Option<Token>,
}

impl fmt::Debug for Transaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("time", &self.time)
            .field("attempts", &self.attempts)
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

impl Transaction<'_> {
    /// Tried for so long. An attempt that has begun is not cut short by it.
    pub fn within(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    /// Tried so often at most, and at least once.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// Applied once under this name, whoever runs it and however often: for an id that outlives
    /// the process, such as the number of an order. [`Store::resolve`] tells whether it was.
    ///
    /// ```
    /// # use exactly::{Counter, Fault, Resolved, Store, Token};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Fault> {
    /// let store = Store::open("memory:").await?;
    /// let token = Token::caller("order 7", Duration::from_secs(3600))?;
    /// let pay = async || {
    ///     let pay = store.transaction().token(token.clone());
    ///     pay.run(async |tx| Counter::new(&tx, "balance").add(-30).await).await
    /// };
    /// assert_eq!(pay().await?, -30);
    /// assert!(matches!(store.resolve(&token).await?, Resolved::Applied(_)));
    /// // It reads another balance now, and so is another change: it is not made.
    /// assert!(pay().await.is_err_and(|fault| fault.is_token_reused()));
    /// # Ok(()) }
    /// ```
    ///
    /// One that has ended with an error of the closure, or was aborted, has left no trace of its
    /// token either.
    pub fn token(mut self, token: Token) -> Self {
        self.token = Some(token);
        self
    }

    /// Runs it.
    ///
    /// # Faults
    /// As [`Store::atomically`]; *misuse* when its token was applied before as another change.
    pub async fn run<T, E, W, F>(self, mut work: W) -> Result<T, E>
    where
        W: FnMut(Tx) -> F,
        F: Future<Output = Result<T, E>>,
        E: From<Fault>,
    {
        check_outside(self.store)?;
        let until = Instant::now().checked_add(self.time);
        let mut held = Held::none(self.store.turns(), until);
        for number in 1..=self.attempts {
            let attempt = Arc::new(Attempt::new(self.store, held));
            let store = self.store.with_engine(Arc::clone(&attempt) as _);
            let tx = Tx { store, attempt: Arc::clone(&attempt) };
            let answer = inside::run(self.store, work(tx)).await;
            match attempt.end(answer, self.token.as_ref()).await {
                Ended::Done(answer) => {
                    contention::settled(By::Transaction, number);
                    return answer;
                }
                Ended::Conflict { key, turns } => {
                    contention::met(&key, By::Transaction, number);
                    let late = until.is_some_and(|until| Instant::now() >= until);
                    if late || number == self.attempts {
                        contention::settled(By::Transaction, number);
                        return Err(Fault::contended(&key, number).into());
                    }
                    held = turns;
                    held.take_another(&key, number).await;
                }
            }
        }
        Err(Fault::broken("a transaction was tried less than once").into())
    }
}
