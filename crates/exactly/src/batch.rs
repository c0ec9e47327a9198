//! Several calls as one change.

use std::fmt;
use std::future::IntoFuture;

use exactly_core::codec::Form;
use exactly_core::{Batch, BoxFuture, Condition, Fault, Token};

use crate::locking::LockGuard;
use crate::object::Object;
use crate::objects::value::Value;
use crate::store::Store;
use crate::together::{Batched, Together, together};

impl Store {
    /// Makes several calls as one change: all of them or none, in one step of the engine, and
    /// nobody sees a half of it.
    ///
    /// The race: a seat is taken, and the program dies before the student is on the list; or it
    /// reads in between. The end of it: both are one change. Where what is written depends on what
    /// is read, use [`Store::atomically`].
    ///
    /// ```
    /// # use exactly::{Batched, Counter, Fault, Set, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let taken = Counter::new(&store, "taken").with_bounds(..=30);
    /// let students: Set<String> = Set::new(&store, "students");
    /// let enrolled = store.batch((taken.try_increment(), students.add("ada"))).await?;
    /// let Batched::Done((_, is_new)) = enrolled else { panic!("there is room") };
    /// assert!(is_new);
    ///
    /// // Full: the second call is not made either.
    /// taken.set(30).await?;
    /// let refused = store.batch((taken.try_increment(), students.add("bob"))).await?;
    /// assert!(matches!(refused, Batched::Refused { place: 0 }));
    /// assert_eq!(students.len().await?, 1);
    /// # Ok(()) }
    /// ```
    ///
    /// A call that refuses undoes all of them, unless it is [optional](crate::Call::optional). Once
    /// begun, a batch is carried to its end, also when its caller goes away; what it has taken on a
    /// lease, a seat say, then comes back when the lease ends.
    ///
    /// # Faults
    /// *Misuse* when a call is of another store, has a token of its own, or does not fit what is
    /// stored: nothing was changed. As the engine says.
    pub fn batch<C: Together>(&self, calls: C) -> Batching<'_, C> {
        Batching { store: self, calls, batch: Ok(Batch::of([])) }
    }
}

/// Calls on their way to be one change: see [`Store::batch`].
#[must_use = "a batch does nothing until it is awaited"]
pub struct Batching<'s, C> {
    store: &'s Store,
    calls: C,
    batch: Result<Batch, Fault>,
}

impl<C> Batching<'_, C> {
    /// Only if this lock is still held.
    ///
    /// # Faults
    /// [Lost](Fault::is_lock_lost) when it is not: nothing was changed.
    pub fn requiring(mut self, guard: &LockGuard) -> Self {
        self.batch = self.batch.and_then(|batch| guard.require(batch));
        self
    }

    /// Only if something is stored there.
    pub fn if_exists(self, object: &impl AsRef<Object>) -> Self {
        self.only_if(object.as_ref(), Ok(Condition::Exists))
    }

    /// Only if nothing is stored there.
    pub fn if_missing(self, object: &impl AsRef<Object>) -> Self {
        self.only_if(object.as_ref(), Ok(Condition::Absent))
    }

    /// Only if this is stored, as a value that was read before.
    ///
    /// ```
    /// # use exactly::{Batched, Fault, Store, Value};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let state: Value<String> = Value::new(&store, "state");
    /// state.set("open").await?;
    /// let closing = store.batch(state.set("closed")).if_unchanged(&state, &"open".to_owned());
    /// assert!(matches!(closing.await?, Batched::Done(())));
    /// let again = store.batch(state.set("closed")).if_unchanged(&state, &"open".to_owned());
    /// assert!(matches!(again.await?, Batched::Unmet { place: 0 }));
    /// # Ok(()) }
    /// ```
    pub fn if_unchanged<T: Form>(self, value: &Value<T>, seen: &T) -> Self {
        let object: &Object = value.as_ref();
        let bytes = seen.encode().map_err(|source| match object.key() {
            Ok(key) => Fault::unencodable(key, T::NAME, source),
            Err(fault) => fault,
        });
        self.only_if(object, bytes.map(Condition::Equals))
    }

    fn only_if(mut self, object: &Object, condition: Result<Condition, Fault>) -> Self {
        let required = self.store.has(object).and(condition);
        self.batch = self.batch.and_then(|batch| {
            let condition = required?;
            Ok(batch.requiring(object.key()?.clone(), condition))
        });
        self
    }

    /// Under a name of your own, for a change that may be made again from another place or process:
    /// see [`Call::token`](crate::Call::token).
    pub fn token(mut self, token: Token) -> Self {
        self.batch = self.batch.map(|batch| batch.named(token));
        self
    }
}

impl<'s, C> IntoFuture for Batching<'s, C>
where
    C: Together + Send + 's,
    C::Answers: Send,
{
    type Output = Result<Batched<C::Answers>, Fault>;
    type IntoFuture = BoxFuture<'s, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { store, calls, batch } = self;
        match batch.and_then(|batch| together(store, batch, calls)) {
            Ok(changing) => Box::pin(changing),
            Err(fault) => Box::pin(std::future::ready(Err(fault))),
        }
    }
}

impl<C> fmt::Debug for Batching<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batching").field("store", &self.store).finish_non_exhaustive()
    }
}
