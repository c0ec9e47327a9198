//! Which keys of a store have something stored, page by page.

use std::collections::HashSet;

use exactly_core::{Fault, Key, Listing, Page, Pattern};

use crate::store::Store;

/// About how many keys an engine looks at for one page, unless told otherwise.
const PAGE: u32 = 1000;

/// The keys of a store at which something is stored, page by page.
///
/// A key at which something is stored during the whole listing is listed at least once, whatever
/// else comes and goes. What comes or goes meanwhile may be listed, and a key may come twice. The
/// keys come in no order. Listing holds up nobody for longer than a page takes.
///
/// ```
/// # use exactly::{Counter, Store};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// Counter::new(&store, "visits").increment().await?;
/// Counter::new(&store, "votes").increment().await?;
/// let mut keys = store.keys("v");
/// while let Some(page) = keys.next_page().await? {
///     for key in page {
///         println!("{key}");
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use = "keys are listed when they are asked for"]
pub struct Keys {
    store: Store,
    listing: Listing,
    over: bool,
}

impl Keys {
    pub(crate) fn new(store: &Store, pattern: Pattern) -> Self {
        let listing = Listing { pattern, after: None, count: PAGE };
        Self { store: store.clone(), listing, over: false }
    }

    /// About how many keys are looked at for one page: 1000 unless told otherwise. A small page
    /// holds up others for a shorter time, and more of them take longer.
    pub fn page_size(mut self, count: u32) -> Self {
        self.listing.count = count;
        self
    }

    /// The next keys, at least one; none when there are no more.
    ///
    /// A caller that goes away meanwhile has missed nothing: the next call asks for the same page.
    ///
    /// # Faults
    /// As the engine says. The listing goes on where it was.
    pub async fn next_page(&mut self) -> Result<Option<Vec<Key>>, Fault> {
        while !self.over {
            let Page { keys, next } = self.store.page(self.listing.clone()).await?;
            (self.listing.after, self.over) = (next, next.is_none());
            if !keys.is_empty() {
                return Ok(Some(keys));
            }
        }
        Ok(None)
    }

    /// All that are left, each once, in no order.
    ///
    /// # Faults
    /// As the engine says.
    pub async fn collect_all(mut self) -> Result<Vec<Key>, Fault> {
        let mut all = HashSet::new();
        while let Some(page) = self.next_page().await? {
            all.extend(page);
        }
        Ok(all.into_iter().collect())
    }
}

/// The ids of a group's things of which something is stored, page by page: see
/// [`Objects::ids`](crate::Objects::ids).
#[derive(Debug, Clone)]
#[must_use = "ids are listed when they are asked for"]
pub struct Ids(Keys);

impl Ids {
    pub(crate) fn new(keys: Keys) -> Self {
        Self(keys)
    }

    /// About how many keys are looked at for one page: see [`Keys::page_size`].
    pub fn page_size(self, count: u32) -> Self {
        Self(self.0.page_size(count))
    }

    /// The next ids, at least one and each once; none when there are no more. A thing of several
    /// objects may come with several pages.
    ///
    /// # Faults
    /// As the engine says. The listing goes on where it was.
    pub async fn next_page(&mut self) -> Result<Option<Vec<String>>, Fault> {
        while let Some(page) = self.0.next_page().await? {
            // What all things of the group share has no id.
            let ids: HashSet<_> = page.iter().filter_map(Key::id).collect();
            if !ids.is_empty() {
                return Ok(Some(ids.into_iter().map(|id| id.into_owned()).collect()));
            }
        }
        Ok(None)
    }

    /// All that are left, each once, in no order.
    ///
    /// # Faults
    /// As the engine says.
    pub async fn collect_all(mut self) -> Result<Vec<String>, Fault> {
        let mut all = HashSet::new();
        while let Some(page) = self.next_page().await? {
            all.extend(page);
        }
        Ok(all.into_iter().collect())
    }
}
