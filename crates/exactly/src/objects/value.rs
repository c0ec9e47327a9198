//! The handle of a value.

use std::fmt;
use std::sync::Arc;

use exactly_core::codec::Form;
use exactly_core::operations::value::{
    Get, ReplaceIf, Replaced, Set, SetIfAbsent, SetIfAbsentOutcome, Swap, Take,
};
use exactly_core::{Bytes, Fault};

use crate::call::{Call, Finish};
use crate::declare::{Declare, ReadDefault};
use crate::object::{Object, common_verbs};
use crate::relay;
use crate::store::Store;

/// One text, number or document, read and replaced whole.
///
/// The race: two requests read a value, each changes its own copy, and the later write loses the
/// earlier one. The end of it: [`update`](Value::update), or [`replace_if`](Value::replace_if) for
/// those who look first.
///
/// ```
/// # use exactly::{Store, Value};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// let motto: Value<String> = Value::new(&store, "motto");
/// motto.set("first come").await?;
/// motto.update(|motto| motto.unwrap_or_default() + ", first served").await?;
/// assert_eq!(motto.get().await?.as_deref(), Some("first come, first served"));
/// # Ok(()) }
/// ```
///
/// `T` is any [`Form`]: texts, numbers, moments and the like are stored as plain text,
/// [`Json`](crate::Json) and [`MsgPack`](crate::MsgPack) hold whatever serde knows.
pub struct Value<T> {
    object: Object,
    /// Makes the declared default of nothing.
    default: Option<Arc<Finish<Option<T>>>>,
}

common_verbs!(Value<T: Form>);

impl<T> fmt::Debug for Value<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Value").field("object", &self.object).finish_non_exhaustive()
    }
}

impl<T> Clone for Value<T> {
    fn clone(&self) -> Self {
        Self { object: self.object.clone(), default: self.default.clone() }
    }
}

/// Making one.
impl<T: Form> Value<T> {
    /// A value that stands alone, under this name.
    pub fn new(store: &Store, name: &str) -> Self {
        Self::declare(Object::alone(store, name))
    }

    /// Reads as this where nothing is stored. It is made anew for each read that needs it, and
    /// never written: `exists` tells the truth, and the default may change with the code.
    ///
    /// ```
    /// # use exactly::{Store, Value};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let room: Value<u32> = Value::new(&store, "room").with_default(|| 101);
    /// assert_eq!(room.get().await?, Some(101));
    /// assert!(!room.exists().await?);
    /// assert_eq!(room.update(|room| room.unwrap_or(0) + 1).await?, 102);
    /// # Ok(()) }
    /// ```
    ///
    /// [`get`](Value::get) and [`update`](Value::update) read it. What was stored before is another
    /// question: [`swap`](Value::swap) and [`take`](Value::take) answer `None` where nothing was,
    /// and for [`replace_if`](Value::replace_if) nothing equals nothing.
    #[must_use]
    pub fn with_default(mut self, default: impl Fn() -> T + Send + Sync + 'static) -> Self {
        self.default = Some(Arc::new(move |found: Option<T>| found.or_else(|| Some(default()))));
        self
    }
}

/// Reading.
impl<T: Form> Value<T> {
    /// What is stored. Where nothing is, the [declared default](Value::with_default), and `None`
    /// without one.
    ///
    /// # Faults
    /// *Misuse* when it cannot be read as `T`; the bytes stay, and [`get_bytes`](Value::get_bytes)
    /// reads them.
    pub fn get(&self) -> Call<'_, Get, Option<T>> {
        self.stored().finished(self.default.as_deref())
    }

    /// What is stored, or this `default` when nothing is, also where another one is declared. The
    /// default is not written.
    ///
    /// # Faults
    /// As [`get`](Value::get).
    pub async fn get_or(&self, default: impl Into<T>) -> Result<T, Fault> {
        self.get_or_else(|| default.into()).await
    }

    /// As [`get_or`](Value::get_or), of a default that is made only when it is needed.
    ///
    /// # Faults
    /// As [`get`](Value::get).
    pub async fn get_or_else(&self, default: impl FnOnce() -> T) -> Result<T, Fault> {
        Ok(self.stored().await?.unwrap_or_else(default))
    }

    fn stored(&self) -> Call<'_, Get, Option<T>> {
        Call::new(&self.object, Get {}, decode)
    }

    /// The bytes that are stored, whatever they are.
    pub fn get_bytes(&self) -> Call<'_, Get> {
        Call::new(&self.object, Get {}, |_, bytes| Ok(bytes))
    }
}

/// Writing.
impl<T: Form> Value<T> {
    /// Overwrites it. The time to live stays, unless the handle declares one. A bare number is an
    /// `i32` here, as everywhere in Rust: for a `Value<u64>` write `set(5_u64)`.
    ///
    /// # Faults
    /// *Misuse* when the value cannot be written in its form, or is too long.
    pub fn set(&self, to: impl Into<T>) -> Call<'_, Set> {
        let set = self.encode(&to.into()).map(|to| Set { to });
        Call::fallible(&self.object, set, |_, ()| Ok(()))
    }

    /// Overwrites it and answers what was stored before, in one step.
    ///
    /// # Faults
    /// As [`set`](Value::set). What was stored is overwritten also when it cannot be read as `T`:
    /// the fault says so, and [has it](Fault::gone).
    pub fn swap(&self, to: impl Into<T>) -> Call<'_, Swap, Option<T>> {
        let swap = self.encode(&to.into()).map(|to| Swap { to });
        Call::fallible(&self.object, swap, decode_gone)
    }

    /// As [`swap`](Value::swap), answering the bytes that were stored, whatever they are.
    ///
    /// # Faults
    /// As [`set`](Value::set).
    pub fn swap_bytes(&self, to: impl Into<T>) -> Call<'_, Swap> {
        let swap = self.encode(&to.into()).map(|to| Swap { to });
        Call::fallible(&self.object, swap, |_, bytes| Ok(bytes))
    }

    /// Removes it and answers what was stored, in one step.
    ///
    /// # Faults
    /// As [`get`](Value::get). What was stored is removed also when it cannot be read as `T`: the
    /// fault says so, and [has it](Fault::gone).
    pub fn take(&self) -> Call<'_, Take, Option<T>> {
        Call::new(&self.object, Take {}, decode_gone)
    }

    /// As [`take`](Value::take), answering the bytes that were stored, whatever they are.
    pub fn take_bytes(&self) -> Call<'_, Take> {
        Call::new(&self.object, Take {}, |_, bytes| Ok(bytes))
    }

    /// Writes only where nothing is stored: of many who try, one succeeds. Answers whether it was
    /// this one.
    ///
    /// # Faults
    /// As [`set`](Value::set).
    pub fn set_if_absent(&self, to: impl Into<T>) -> Call<'_, SetIfAbsent, bool> {
        let set = self.encode(&to.into()).map(|to| SetIfAbsent { to });
        Call::fallible(&self.object, set, |_, outcome| Ok(outcome == SetIfAbsentOutcome::Set))
    }

    /// Overwrites only what equals `old`. Answers whether it did. Equal is what is written alike.
    ///
    /// # Faults
    /// As [`set`](Value::set).
    pub fn replace_if(&self, old: &T, to: impl Into<T>) -> Call<'_, ReplaceIf, bool> {
        let both = self.encode(old).and_then(|old| Ok((old, self.encode(&to.into())?)));
        let replace = both.map(|(old, to)| ReplaceIf { old, to });
        Call::fallible(&self.object, replace, |_, outcome| Ok(outcome == Replaced::Replaced))
    }

    /// Replaces it by what `change` makes of it, and answers that. When others changed it
    /// meanwhile, `change` is called again on what they left.
    ///
    /// Callers of one process who come together go together: each changes what the one before has
    /// left, and one write carries all of it. So a hot value is no loop of losers. A caller who
    /// goes away after its change was made has made it. One that is kept and not polled any more,
    /// such as the loser of a `select!`, keeps its turn, and the others wait for it.
    ///
    /// # Faults
    /// [Contended](Fault::is_contended) when others were faster at each of
    /// [`UPDATE_ATTEMPTS_MAX`] attempts: nothing was changed. As [`get`](Value::get) and
    /// [`set`](Value::set).
    pub async fn update(&self, mut change: impl FnMut(Option<T>) -> T) -> Result<T, Fault> {
        relay::update(&self.object, |found| {
            let stored = decode(&self.object, found)?;
            let new = change(self.or_default(stored));
            Ok((self.encode(&new)?, new))
        })
        .await
    }

    /// The declared default where nothing is stored.
    fn or_default(&self, stored: Option<T>) -> Option<T> {
        match &self.default {
            Some(default) => default(stored),
            None => stored,
        }
    }

    fn encode(&self, value: &T) -> Result<Bytes, Fault> {
        let key = self.object.key()?;
        value.encode().map_err(|source| Fault::unencodable(key, T::NAME, source))
    }
}

/// How often [`Value::update`] tries before it answers *not applied*.
pub const UPDATE_ATTEMPTS_MAX: u32 = 64;

fn decode<T: Form>(object: &Object, bytes: Option<Bytes>) -> Result<Option<T>, Fault> {
    let Some(bytes) = bytes else { return Ok(None) };
    match T::decode(&bytes) {
        Ok(value) => Ok(Some(value)),
        Err(source) => Err(Fault::undecodable(object.key()?, T::NAME, source)),
    }
}

/// As [`decode`], of what the engine has overwritten or removed by now.
fn decode_gone<T: Form>(object: &Object, bytes: Option<Bytes>) -> Result<Option<T>, Fault> {
    let Some(bytes) = bytes else { return Ok(None) };
    T::decode(&bytes)
        .map(Some)
        .or_else(|source| Err(Fault::undecodable_and_gone(object.key()?, T::NAME, &bytes, source)))
}

impl<T: Form> Declare for Value<T> {
    fn declare(object: Object) -> Self {
        Self { object, default: None }
    }
}

impl<T: Form> ReadDefault for Value<T> {
    type Value = T;

    fn default(self, default: impl Fn() -> T + Send + Sync + 'static) -> Self {
        self.with_default(default)
    }
}
