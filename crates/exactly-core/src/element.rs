//! What collections are made of, and what they have in common.

use std::fmt;
use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::batch::Lifetime;
use crate::bytes::Bytes;
use crate::key::Key;
use crate::operations::Refusable;
use crate::operations::value::VALUE_BYTES_MAX;
use crate::state::Misuse;

/// The most elements that one operation may write or name.
pub const ELEMENTS_MAX: usize = 65_536;

/// The most elements on one page.
pub const PAGE_MAX: u64 = 65_536;

/// The most sets that are put together at once.
pub const SOURCES_MAX: usize = 256;

/// Some of a collection, most often one: that one needs no memory of its own.
pub type Few<T> = SmallVec<[T; 1]>;

/// Elements in no order: equal when each is in both equally often.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Members(pub Vec<Bytes>);

impl Members {
    /// In the order of their bytes.
    pub fn sorted(&self) -> Vec<&Bytes> {
        let mut sorted: Vec<_> = self.0.iter().collect();
        sorted.sort_unstable();
        sorted
    }
}

impl PartialEq for Members {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.sorted() == other.sorted()
    }
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.sorted()).finish()
    }
}

impl Refusable for Members {}

/// A place between two pages. Only the engine that gave it knows what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub NonZeroU64);

/// Where an operation puts what it takes elsewhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Destination {
    /// The object it is put into.
    pub key: Key,
    /// The most elements that object may have.
    pub limit: Option<NonZeroU64>,
    /// What becomes of that object's time to live.
    pub lifetime: Lifetime,
}

/// Whether so many elements of these sizes are allowed in one operation.
pub(crate) fn check_elements<'a>(
    elements: impl ExactSizeIterator<Item = &'a Bytes>,
) -> Result<(), Misuse> {
    let count = elements.len();
    if count > ELEMENTS_MAX {
        return Err(Misuse::BadSetting(format!(
            "one operation takes at most {ELEMENTS_MAX} elements, found {count}; nothing was \
             changed: give them in parts"
        )));
    }
    match elements.map(|element| element.len()).find(|size| *size > VALUE_BYTES_MAX) {
        Some(size) => Err(Misuse::BadSetting(format!(
            "an element has at most {VALUE_BYTES_MAX} bytes, found {size}; nothing was changed: \
             store it in parts"
        ))),
        None => Ok(()),
    }
}

/// Whether one operation may answer so many elements.
pub(crate) fn check_count(count: u64) -> Result<(), Misuse> {
    if count > ELEMENTS_MAX as u64 {
        return Err(Misuse::BadSetting(format!(
            "one operation answers at most {ELEMENTS_MAX} elements, asked for {count}; nothing was \
             changed: ask for them in parts"
        )));
    }
    Ok(())
}

/// Whether so many sets can be put together.
pub(crate) fn check_sources(count: usize) -> Result<(), Misuse> {
    if count == 0 || count > SOURCES_MAX {
        return Err(Misuse::BadSetting(format!(
            "1 to {SOURCES_MAX} sets are put together at once, found {count}; nothing was changed: \
             store some of them together first"
        )));
    }
    Ok(())
}

/// Whether a page may have so many elements.
pub(crate) fn check_pages(count: u64) -> Result<(), Misuse> {
    if count == 0 || count > PAGE_MAX {
        return Err(Misuse::BadSetting(format!(
            "a page has 1 to {PAGE_MAX} elements, found {count}; nothing was read"
        )));
    }
    Ok(())
}
