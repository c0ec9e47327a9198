//! A sorted set, a page at a time.

use exactly_core::codec::Form;
use exactly_core::operations::sorted_set::{Extreme, Page, Scored};
use exactly_core::{Bytes, Fault};

use super::{SortedSet, members};
use crate::call::Call;

/// Where the next page begins.
#[derive(Debug, Clone)]
enum At {
    Start,
    After(Scored),
    End,
}

/// The members of a sorted set, a page at a time: of [`SortedSet::pages`] and
/// [`SortedSet::rev_pages`].
///
/// A page begins behind the last member of the one before, be that still there or not. Whoever is a
/// member with the same score from the first page to the last is on exactly one of them, whatever
/// becomes of others meanwhile. Whose score changes in between is on one page, on two, or on none,
/// by where it was and where it went.
#[derive(Debug)]
pub struct SortedSetPages<'a, T> {
    set: &'a SortedSet<T>,
    from: Extreme,
    size: u64,
    at: At,
}

impl<'a, T: Form> SortedSetPages<'a, T> {
    pub(super) fn new(set: &'a SortedSet<T>, from: Extreme, size: u64) -> Self {
        Self { set, from, size, at: At::Start }
    }

    /// The next members and their scores, as many as asked for, or fewer on the last page; none
    /// after it.
    ///
    /// # Faults
    /// *Misuse* for a size of 0 or more than 65,536; as [`SortedSet::all`]. After a fault, or where
    /// it is dropped half-way, the same page is read again.
    pub async fn next_page(&mut self) -> Result<Option<Vec<(T, f64)>>, Fault> {
        let Some((page, next)) = self.read().await? else { return Ok(None) };
        let page = members(&self.set.object, page)?;
        self.at = next;
        Ok(Some(page))
    }

    /// As [`next_page`](SortedSetPages::next_page), the bytes of the members, whatever they are.
    ///
    /// # Faults
    /// *Misuse* for a size of 0 or more than 65,536.
    pub async fn next_page_bytes(&mut self) -> Result<Option<Vec<(Bytes, f64)>>, Fault> {
        let Some((page, next)) = self.read().await? else { return Ok(None) };
        self.at = next;
        Ok(Some(page.into_iter().map(|one| (one.member, one.score)).collect()))
    }

    /// The next page, if it is not empty, and where to go on after it.
    async fn read(&mut self) -> Result<Option<(Vec<Scored>, At)>, Fault> {
        let after = match &self.at {
            At::Start => None,
            At::After(last) => Some(last.clone()),
            At::End => return Ok(None),
        };
        let page = Page { after, from: self.from, count: self.size };
        let page = Call::new(&self.set.object, page, |_, page| Ok(page)).await?;
        let whole = page.len() as u64 >= self.size;
        let next = page.last().filter(|_| whole).cloned().map_or(At::End, At::After);
        if page.is_empty() {
            self.at = next;
            return Ok(None);
        }
        Ok(Some((page, next)))
    }
}
