//! Reading many objects at once.

use exactly_core::codec::Form;
use exactly_core::operations::Operation;
use exactly_core::operations::capacity::Levels;
use exactly_core::operations::counter::Number;
use exactly_core::operations::limiter::Allowance;
use exactly_core::operations::lock::Holders;
use exactly_core::operations::once::Progress;
use exactly_core::operations::queue::Depths;
use exactly_core::{Batch, Fault, Outcome, Reply, Step};

use crate::object::Object;
use crate::objects::capacity::Capacity;
use crate::objects::counter::Counter;
use crate::objects::flag::Flag;
use crate::objects::limiter::Limiter;
use crate::objects::list::List;
use crate::objects::lock::Lock;
use crate::objects::map::Map;
use crate::objects::once::Once;
use crate::objects::queue::Queue;
use crate::objects::set::Set;
use crate::objects::sorted_set::SortedSet;
use crate::objects::value::Value;
use crate::store::Store;

/// What [`Store::read`] can read in one step: handles, references to them, tuples of up to twelve,
/// and arrays, slices and `Vec`s of one type.
///
/// | handle | is read as |
/// | --- | --- |
/// | `Counter<N>` | `N`: its start where it is missing |
/// | `Value<T>` | `Option<T>`: its default, if it declares one, where it is missing |
/// | `Flag` | `bool`: is it marked? |
/// | `Capacity` | [`Levels`] |
/// | `List<T>`, `Set<T>` | `Vec<T>` |
/// | `SortedSet<T>` | `Vec<(T, f64)>`, the least score first |
/// | `Map<F, V>` | `Vec<(F, V)>` |
/// | `Lock` | [`Holders`] |
/// | `Limiter` | [`Allowance`] |
/// | `Queue<T>` | [`Depths`] |
/// | `Once<T>` | [`Progress`] |
///
/// A handle of your own is read by the operations it names:
///
/// ```
/// # use exactly::{Counter, Fault, Readable, Reads, Store, Told};
/// struct Percent(Counter);
///
/// impl Readable for Percent {
///     type Read = f64;
///
///     fn ask(&self, reads: &mut Reads<'_>) {
///         self.0.ask(reads);
///     }
///
///     fn told(&self, told: &mut Told) -> Result<f64, Fault> {
///         Ok(self.0.told(told)? as f64 / 100.0)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// let done = Percent(Counter::new(&store, "done").with_start(50));
/// assert_eq!(store.read(done).await?, 0.5);
/// # Ok(()) }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read together with others",
    label = "is no handle, and not made of handles",
    note = "handles, references to them, tuples of up to twelve, arrays and `Vec`s can be read; \
            for an iterator there is `Store::read_all`"
)]
pub trait Readable {
    /// What is read.
    type Read;

    /// Names the operations that read it, in order.
    fn ask(&self, reads: &mut Reads<'_>);

    /// Takes what these operations answered, in the same order.
    ///
    /// # Faults
    /// *Misuse* that names the key, when what is stored cannot be read as this.
    fn told(&self, told: &mut Told) -> Result<Self::Read, Fault>;
}

/// The operations that read something, as [`Readable::ask`] names them.
#[derive(Debug)]
pub struct Reads<'s> {
    store: &'s Store,
    steps: Result<Vec<Step>, Fault>,
}

impl<'s> Reads<'s> {
    fn of(store: &'s Store, what: &(impl Readable + ?Sized)) -> Result<Vec<Step>, Fault> {
        let mut reads = Self { store, steps: Ok(Vec::new()) };
        what.ask(&mut reads);
        reads.steps
    }

    /// One operation more.
    pub fn add(&mut self, object: &Object, operation: impl Operation) {
        let Ok(steps) = &mut self.steps else { return };
        let step = object.key().and_then(|key| {
            if object.store().is(self.store) {
                return Ok(Step::new(key.clone(), operation.into_op()));
            }
            Err(Fault::bad_setting(
                key,
                "is of another store than the one that reads: read each store by itself, or make \
                 all handles on one store or on clones of it",
            ))
        });
        match step {
            Ok(step) => steps.push(step),
            Err(fault) => self.fail(fault),
        }
    }

    /// There is something that cannot be read, and so nothing is.
    pub(crate) fn fail(&mut self, fault: Fault) {
        if self.steps.is_ok() {
            self.steps = Err(fault);
        }
    }
}

/// What the operations answered, in the order in which they were named.
#[derive(Debug)]
pub struct Told(std::vec::IntoIter<Outcome>);

impl Told {
    /// The outcome of the next operation.
    ///
    /// # Faults
    /// When the engine answered something else, or the operation was not named.
    pub fn outcome<O: Operation>(&mut self) -> Result<O::Outcome, Fault> {
        let odd = || Fault::broken("a read was answered by another's outcome");
        self.0.next().and_then(O::outcome).ok_or_else(odd)
    }
}

impl Store {
    /// Reads many objects at once: one call to the engine, and one moment that all of it is of.
    ///
    /// The race: two objects read one after the other are of two moments, and what was moved from
    /// one to the other in between is seen twice or not at all. The end of it: both are read in one
    /// step.
    ///
    /// ```
    /// # use exactly::{Capacity, Counter, Objects, Store, Value};
    /// #[derive(Objects)]
    /// #[exactly(name = "course")]
    /// struct Course {
    ///     taken: Counter,
    ///     #[exactly(limit = 30)]
    ///     seats: Capacity,
    ///     motto: Value<String>,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let course = Course::at(&store, 42);
    /// course.motto.set("exactly 30").await?;
    /// let (taken, levels, motto) =
    ///     store.read((&course.taken, &course.seats, &course.motto)).await?;
    /// assert_eq!((taken, levels.free, motto.as_deref()), (0, 30, Some("exactly 30")));
    ///
    /// // The same field of many things: one call, and not one for each.
    /// let taken = store.read([1, 2, 3].map(|id| Course::at(&store, id).taken)).await?;
    /// assert_eq!(taken, [0, 0, 0]);
    /// # Ok(()) }
    /// ```
    ///
    /// More than [`BATCH_MAX`](crate::core::BATCH_MAX) objects are read in as many steps as it
    /// takes, each of a moment of its own.
    ///
    /// # Faults
    /// *Misuse* when an object is of another store, or what is stored is of another kind or cannot
    /// be decoded: it names the key. As the engine says.
    pub async fn read<R: Readable>(&self, what: R) -> Result<R::Read, Fault> {
        let mut left = Reads::of(self, &what)?;
        let most = self.profile().batch_max;
        let mut outcomes = Vec::with_capacity(left.len());
        while !left.is_empty() {
            let rest = left.split_off(left.len().min(most));
            match self.apply(Batch::of(left)).await? {
                Reply::Applied(told) => outcomes.extend(told),
                Reply::Refused(_) => {
                    return Err(Fault::broken("a read cannot be refused, and was"));
                }
            }
            left = rest;
        }
        what.told(&mut Told(outcomes.into_iter()))
    }

    /// As [`read`](Store::read), of all that an iterator gives.
    ///
    /// ```
    /// # use exactly::{Counter, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let names = ["visits", "votes"];
    /// let counts = store.read_all(names.iter().map(|name| Counter::new(&store, name))).await?;
    /// let counts: Vec<i64> = counts;
    /// assert_eq!(counts, [0, 0]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// As [`read`](Store::read).
    pub async fn read_all<R: Readable>(
        &self,
        what: impl IntoIterator<Item = R>,
    ) -> Result<Vec<R::Read>, Fault> {
        let what: Vec<R> = what.into_iter().collect();
        self.read(what).await
    }
}

/// What is read of a handle is what this verb of its reads.
macro_rules! handles {
    ($($handle:ident $(<$($n:ident: $bound:ident),+>)?: $verb:ident -> $read:ty;)+) => {
        $(
            impl $(<$($n: $bound),+>)? Readable for $handle $(<$($n),+>)? {
                type Read = $read;

                fn ask(&self, reads: &mut Reads<'_>) {
                    self.$verb().ask(reads);
                }

                fn told(&self, told: &mut Told) -> Result<$read, Fault> {
                    self.$verb().told(told)
                }
            }
        )+
    };
}

handles! {
    Counter<N: Number>: get -> N;
    Value<T: Form>: get -> Option<T>;
    Flag: is_marked -> bool;
    Capacity: levels -> Levels;
    List<T: Form>: all -> Vec<T>;
    Set<T: Form>: all -> Vec<T>;
    SortedSet<T: Form>: all -> Vec<(T, f64)>;
    Map<F: Form, V: Form>: all -> Vec<(F, V)>;
    Lock: holders -> Holders;
    Limiter: peek -> Allowance;
    Queue<T: Form>: depth -> Depths;
    Once<T: Form>: progress -> Progress;
}

impl<R: Readable + ?Sized> Readable for &R {
    type Read = R::Read;

    fn ask(&self, reads: &mut Reads<'_>) {
        (**self).ask(reads);
    }

    fn told(&self, told: &mut Told) -> Result<R::Read, Fault> {
        (**self).told(told)
    }
}

impl<R: Readable> Readable for [R] {
    type Read = Vec<R::Read>;

    fn ask(&self, reads: &mut Reads<'_>) {
        self.iter().for_each(|one| one.ask(reads));
    }

    fn told(&self, told: &mut Told) -> Result<Vec<R::Read>, Fault> {
        self.iter().map(|one| one.told(told)).collect()
    }
}

impl<R: Readable> Readable for Vec<R> {
    type Read = Vec<R::Read>;

    fn ask(&self, reads: &mut Reads<'_>) {
        self.as_slice().ask(reads);
    }

    fn told(&self, told: &mut Told) -> Result<Vec<R::Read>, Fault> {
        self.as_slice().told(told)
    }
}

impl<R: Readable, const N: usize> Readable for [R; N] {
    type Read = [R::Read; N];

    fn ask(&self, reads: &mut Reads<'_>) {
        self.as_slice().ask(reads);
    }

    fn told(&self, told: &mut Told) -> Result<[R::Read; N], Fault> {
        let all = self.as_slice().told(told)?;
        all.try_into().map_err(|_| Fault::broken("so many reads were not answered by as many"))
    }
}

/// Tuples of handles are read as tuples.
macro_rules! tuples {
    ($(($($one:ident $place:tt),+))+) => {
        $(
            impl<$($one: Readable),+> Readable for ($($one,)+) {
                type Read = ($($one::Read,)+);

                fn ask(&self, reads: &mut Reads<'_>) {
                    $(self.$place.ask(reads);)+
                }

                fn told(&self, told: &mut Told) -> Result<Self::Read, Fault> {
                    Ok(($(self.$place.told(told)?,)+))
                }
            }
        )+
    };
}

tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11)
}
