//! The handle of a counter.

use std::ops::RangeBounds;

use exactly_core::Fault;
use exactly_core::codec::Form;
use exactly_core::operations::counter::{
    Add, AddUndoable, Added, Bounds, Get, Number, Put, Set, Swap, Swapped,
};

use crate::block::{self, Ran, Verdict};
use crate::call::Call;
use crate::declare::{Declare, Max, Min, Start};
use crate::object::{Object, common_verbs};
use crate::relay;
use crate::store::Store;

/// A number that everybody counts up and down, and nobody twice.
///
/// The race: two requests read 29, both write 30, and one increment is lost. The end of it: an
/// increment is one step of the engine, and answers the caller's own new value.
///
/// ```
/// # use exactly::{Counter, Store};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// let taken = Counter::new(&store, "slots_taken");
///
/// // Reading and writing apart loses one of two increments ...
/// let (mine, yours) = (taken.get().await?, taken.get().await?);
/// taken.set(mine + 1).await?;
/// taken.set(yours + 1).await?;
/// assert_eq!(taken.get().await?, 1);
///
/// // ... an increment is one step.
/// assert_eq!(taken.increment().await?, 2);
/// assert_eq!(taken.increment().await?, 3);
/// # Ok(()) }
/// ```
///
/// # Start and bounds
///
/// A missing counter reads as its start; reading never writes it, and after a delete or an expiry
/// it applies again. Bounds hold on every path, also for [`set`](Counter::set) and for the undo of
/// a block:
///
/// ```
/// # use exactly::{Counter, Store, Tried};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// let left = Counter::new(&store, "left").with_start(1).with_bounds(0..);
/// assert_eq!(left.try_decrement().await?, Tried::Stepped(0));
/// assert_eq!(left.try_decrement().await?, Tried::OutOfBounds { value: 0 });
/// // The verb that can only answer a number calls it misuse.
/// assert!(left.decrement().await.unwrap_err().is_out_of_bounds());
/// # Ok(()) }
/// ```
///
/// # Floats
///
/// `Counter<f64>` counts in floating-point numbers, with the same verbs. They round: what is added
/// and taken away again may be off by the last digit, so keep bounds away from values that must be
/// met exactly, or count in whole cents:
///
/// ```
/// # use exactly::{Counter, Store};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// let litres = Counter::float(&store, "litres");
/// assert_eq!(litres.add(0.25).await?, 0.25);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Counter<N: Number = i64> {
    object: Object,
    start: N,
    bounds: Bounds<N>,
}

common_verbs!(Counter<N: Number>);

impl Counter {
    /// A counter of whole numbers that stands alone, under this name.
    pub fn new(store: &Store, name: &str) -> Self {
        Self::declare(Object::alone(store, name))
    }
}

impl Counter<f64> {
    /// A counter of floating-point numbers that stands alone, under this name.
    pub fn float(store: &Store, name: &str) -> Self {
        Self::declare(Object::alone(store, name))
    }
}

/// Making one.
impl<N: Number> Counter<N> {
    /// Counts from `start` when nothing is stored.
    #[must_use]
    pub fn with_start(mut self, start: N) -> Self {
        self.start = start;
        self
    }

    /// Keeps to these bounds. Bounds that no number keeps to are *misuse* at the first call.
    ///
    /// ```
    /// # use exactly::{Counter, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let seats = Counter::new(&store, "seats").with_bounds(0..=30);
    /// # #[allow(clippy::reversed_empty_ranges, reason = "the mistake is the point")]
    /// let wrong = Counter::new(&store, "wrong").with_bounds(30..=0);
    /// assert!(wrong.increment().await.unwrap_err().is_bad_setting());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn with_bounds(mut self, bounds: impl RangeBounds<N>) -> Self {
        self.bounds = Bounds::of(&bounds);
        self
    }
}

/// Reading and stepping.
impl<N: Number> Counter<N> {
    /// The value; the start when nothing is stored.
    pub fn get(&self) -> Call<'_, Get<N>> {
        Call::new(&self.object, Get { start: self.start }, |_, value| Ok(value))
    }

    /// Adds one and answers the new value.
    ///
    /// # Faults
    /// *Misuse* when the counter would leave its bounds or its type, or holds no number.
    pub fn increment(&self) -> Call<'_, Add<N>, N> {
        self.add(N::ONE)
    }

    /// Subtracts one and answers the new value.
    ///
    /// # Faults
    /// As [`increment`](Counter::increment).
    pub fn decrement(&self) -> Call<'_, Add<N>, N> {
        self.add(N::ZERO.minus(N::ONE).unwrap_or(N::ZERO))
    }

    /// Adds `by`, which may be negative, and answers the new value.
    ///
    /// # Faults
    /// As [`increment`](Counter::increment).
    pub fn add(&self, by: N) -> Call<'_, Add<N>, N> {
        Call::new(&self.object, self.step(by), |object, added| match added {
            Added::Stepped { value } => Ok(value),
            Added::OutOfBounds { value } => Err(Fault::out_of_bounds(
                object.key()?,
                format!(
                    "the step would leave the bounds, the value stays {value}; \
                     use the `try_` form to get that as an answer"
                ),
            )),
        })
    }

    /// Adds one if that keeps to the bounds.
    pub fn try_increment(&self) -> Call<'_, Add<N>, Tried<N>> {
        self.try_add(N::ONE)
    }

    /// Subtracts one if that keeps to the bounds.
    pub fn try_decrement(&self) -> Call<'_, Add<N>, Tried<N>> {
        self.try_add(N::ZERO.minus(N::ONE).unwrap_or(N::ZERO))
    }

    /// Adds `by`, which may be negative, if that keeps to the bounds.
    pub fn try_add(&self, by: N) -> Call<'_, Add<N>, Tried<N>> {
        Call::new(&self.object, self.step(by), |_, added| {
            Ok(match added {
                Added::Stepped { value } => Tried::Stepped(value),
                Added::OutOfBounds { value } => Tried::OutOfBounds { value },
            })
        })
    }

    fn step(&self, by: N) -> Add<N> {
        Add { by, start: self.start, bounds: self.bounds }
    }
}

/// Overwriting. What was counted before is gone: a block that runs meanwhile has nothing left to
/// undo.
impl<N: Number> Counter<N> {
    /// Overwrites the value. The time to live stays.
    ///
    /// # Faults
    /// *Misuse* when the value is outside the bounds.
    pub fn set(&self, to: N) -> Call<'_, Set<N>, ()> {
        Call::new(&self.object, Set { to, bounds: self.bounds }, |object, put| match put {
            Put::Put => Ok(()),
            Put::OutOfBounds { bounds } => outside(object, &bounds),
        })
    }

    /// Replaces it by what `change` makes of it, and answers that. When others changed it
    /// meanwhile, `change` is called again on what they left: see [`Value::update`](crate::Value).
    ///
    /// ```
    /// # use exactly::{Counter, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let price = Counter::new(&store, "price").with_start(100);
    /// assert_eq!(price.update(|price| price * 9 / 10).await?, 90);
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// *Misuse* when the new value is outside of the declared bounds: nothing was changed.
    /// [Contended](Fault::is_contended) when others were faster again and again.
    pub async fn update(&self, mut change: impl FnMut(N) -> N) -> Result<N, Fault>
    where
        N: Form,
    {
        let object = &self.object;
        relay::update(object, |found| {
            let key = object.key()?;
            let unread = |source| Fault::undecodable(key, <N as Form>::NAME, source);
            let number = match found {
                Some(text) => N::decode(&text).map_err(unread)?,
                None => self.start,
            };
            let new = change(number);
            if !self.bounds.contain(new) {
                return outside(object, &self.bounds);
            }
            let text = new
                .encode()
                .map_err(|source| Fault::unencodable(key, <N as Form>::NAME, source))?;
            Ok((text, new))
        })
        .await
    }

    /// Sets it to its start. The time to live stays.
    pub fn reset(&self) -> Call<'_, Set<N>, ()> {
        self.set(self.start)
    }

    /// Overwrites the value and answers the one before, in one step. The time to live stays.
    ///
    /// `swap(0)` reads and resets: no increment between the two is lost.
    ///
    /// # Faults
    /// *Misuse* when the value is outside the bounds.
    pub fn swap(&self, to: N) -> Call<'_, Swap<N>, N> {
        let swap = Swap { to, start: self.start, bounds: self.bounds };
        Call::new(&self.object, swap, |object, swapped| match swapped {
            Swapped::Swapped { old } => Ok(old),
            Swapped::OutOfBounds { bounds } => outside(object, &bounds),
        })
    }
}

/// The block form: step, run a block on the new value, undo unless the block keeps the step.
///
/// | the block | the step |
/// | --- | --- |
/// | answers `Some` or `Ok` | stays |
/// | answers `None` or `Err` | is undone |
/// | panics | is undone, and the panic goes on |
/// | is dropped with its future (a timeout, a client that hung up) | is undone in the background |
/// | dies with its process | **stays** |
///
/// The undo is by the recorded operation: it takes back what was added, whatever others added
/// meanwhile. A counter that was set, reset, swapped, deleted or expired meanwhile has nothing left
/// of the step, and nothing is undone.
///
/// The last row no plain counter can mend: nobody is left to undo. Where that matters, use a
/// [`Capacity`](crate::Capacity), whose holds come back by themselves.
///
/// A limit belongs into the [bounds](Counter::with_bounds), not into the block. A block that
/// answers `None` above the limit lets nobody in too many either; but until it has stepped back it
/// counts, and whoever comes meanwhile may be refused a place that is about to be free.
impl<N: Number> Counter<N> {
    /// [`add_with`](Counter::add_with) one.
    ///
    /// # Faults
    /// As [`add_with`](Counter::add_with).
    pub async fn increment_with<V: Verdict>(
        &self,
        block: impl AsyncFnOnce(N) -> V,
    ) -> Result<Ran<V::Kept, V::Undone>, Fault> {
        self.add_with(N::ONE, block).await
    }

    /// [`add_with`](Counter::add_with) minus one.
    ///
    /// # Faults
    /// As [`add_with`](Counter::add_with).
    pub async fn decrement_with<V: Verdict>(
        &self,
        block: impl AsyncFnOnce(N) -> V,
    ) -> Result<Ran<V::Kept, V::Undone>, Fault> {
        self.add_with(N::ZERO.minus(N::ONE).unwrap_or(N::ZERO), block).await
    }

    /// Adds `by`, runs `block` on the new value, and undoes the step unless the block keeps it.
    ///
    /// ```
    /// # use exactly::{Counter, Ran, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let taken = Counter::new(&store, "slots_taken").with_bounds(..=30).with_start(28);
    /// let enrol = async |student: &str, paid| match paid {
    ///     true => Ok(format!("{student} is in")),
    ///     false => Err(format!("{student} has not paid")),
    /// };
    ///
    /// let ada = taken.increment_with(async |_| enrol("Ada", true).await).await?;
    /// assert_eq!(ada, Ran::Kept("Ada is in".to_owned()));
    /// let bob = taken.increment_with(async |_| enrol("Bob", false).await).await?;
    /// assert_eq!(bob, Ran::Undone("Bob has not paid".to_owned()));
    /// let cem = taken.increment_with(async |_| enrol("Cem", true).await).await?;
    /// assert!(cem.is_kept());
    /// let didem = taken.increment_with(async |_| enrol("Didem", true).await).await?;
    /// assert_eq!(didem, Ran::OutOfBounds);
    /// assert_eq!(taken.get().await?, 30);
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// Of the step: then the block did not run. Of the undo ([`Fault::is_not_undone`]): then the
    /// block ran and the step stands, or may, because the engine could not be asked or because
    /// others moved the counter so that the undo would break its bounds.
    pub async fn add_with<V: Verdict>(
        &self,
        by: N,
        block: impl AsyncFnOnce(N) -> V,
    ) -> Result<Ran<V::Kept, V::Undone>, Fault> {
        let step = AddUndoable { by, start: self.start, bounds: self.bounds };
        block::run(&self.object, step, block).await
    }
}

/// Of the `try_` verbs.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried<N> {
    /// The new value.
    Stepped(N),
    /// The step would have left the bounds, and nothing was changed.
    OutOfBounds {
        /// The value.
        value: N,
    },
}

impl<N> Tried<N> {
    /// The new value, if there is one.
    pub fn stepped(self) -> Option<N> {
        match self {
            Self::Stepped(value) => Some(value),
            Self::OutOfBounds { .. } => None,
        }
    }
}

fn outside<N: Number, T>(object: &Object, bounds: &Bounds<N>) -> Result<T, Fault> {
    let message = format!("the new value is outside the bounds ({bounds}); nothing was changed");
    Err(Fault::out_of_bounds(object.key()?, message))
}

impl<N: Number> Declare for Counter<N> {
    fn declare(object: Object) -> Self {
        Self { object, start: N::ZERO, bounds: Bounds::NONE }
    }
}

impl<N: Number> Start for Counter<N> {
    type Number = N;

    fn start(self, start: N) -> Self {
        self.with_start(start)
    }
}

impl<N: Number> Min for Counter<N> {
    type Number = N;

    fn min(mut self, min: N) -> Self {
        self.bounds.min = Some(min);
        self
    }
}

impl<N: Number> Max for Counter<N> {
    type Number = N;

    fn max(mut self, max: N) -> Self {
        self.bounds.max = Some(max);
        self
    }
}
