//! The handle of a flag.

use std::time::Duration;

use exactly_core::Lifetime;
use exactly_core::operations::flag::{Clear, IsMarked, Mark, Marked};

use crate::call::Call;
use crate::declare::Declare;
use crate::object::{Object, common_verbs};
use crate::store::Store;

/// Marked or not, often for a while.
///
/// The race: two requests see that the welcome mail was not sent, and send it twice. The end of it:
/// [`mark_if_unmarked`](Flag::mark_if_unmarked) lets one of them through.
///
/// ```
/// # use exactly::{Flag, Store};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// let welcomed = Flag::new(&store, "welcomed");
/// assert!(welcomed.mark_if_unmarked().await?);
/// assert!(!welcomed.mark_if_unmarked().await?);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Flag {
    object: Object,
}

common_verbs!(Flag);

impl Flag {
    /// A flag that stands alone, under this name.
    pub fn new(store: &Store, name: &str) -> Self {
        Self::declare(Object::alone(store, name))
    }

    /// Marks it, be it marked or not.
    pub fn mark(&self) -> Call<'_, Mark, ()> {
        Call::new(&self.object, Mark { only_if_unmarked: false }, |_, _| Ok(()))
    }

    /// Marks it for this long, counted from now.
    ///
    /// ```
    /// # use exactly::{Flag, Life, Store};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let closing = Flag::new(&store, "closing");
    /// closing.mark_for(Duration::from_secs(60)).await?;
    /// assert!(matches!(closing.ttl().await?, Life::Left(_)));
    /// # Ok(()) }
    /// ```
    pub fn mark_for(&self, time: Duration) -> Call<'_, Mark, ()> {
        self.mark().living(Lifetime::Sliding(time))
    }

    /// Marks it if it is unmarked. Answers whether it was this call that did.
    pub fn mark_if_unmarked(&self) -> Call<'_, Mark, bool> {
        let mark = Mark { only_if_unmarked: true };
        Call::new(&self.object, mark, |_, marked| Ok(marked == Marked::Marked))
    }

    /// Marks it for this long if it is unmarked. Answers whether it was this call that did.
    pub fn mark_if_unmarked_for(&self, time: Duration) -> Call<'_, Mark, bool> {
        self.mark_if_unmarked().living(Lifetime::Sliding(time))
    }

    /// Is it marked?
    pub fn is_marked(&self) -> Call<'_, IsMarked> {
        Call::new(&self.object, IsMarked {}, |_, marked| Ok(marked))
    }

    /// Takes the mark away. Answers whether there was one.
    pub fn clear(&self) -> Call<'_, Clear> {
        Call::new(&self.object, Clear {}, |_, was_marked| Ok(was_marked))
    }
}

impl Declare for Flag {
    fn declare(object: Object) -> Self {
        Self { object }
    }
}
