//! A set, a page at a time.

use exactly_core::codec::Form;
use exactly_core::operations::set::{MembersPage, Page};
use exactly_core::{Bytes, Cursor, Fault, Members};

use super::Set;
use crate::call::Call;
use crate::element;

/// Where the next page begins.
#[derive(Debug, Clone, Copy)]
enum At {
    Start,
    After(Cursor),
    End,
}

/// The members of a set, a page at a time: of [`Set::pages`].
///
/// Whoever is a member from the first page to the last is on at least one of them, whatever is
/// added, removed and replaced meanwhile, perhaps on two. Whoever came or went in between may be on
/// one or on none. On Redis this holds for as long as one server answers: one that takes over or
/// starts again in between may tell some twice or not at all.
#[derive(Debug)]
pub struct SetPages<'a, T> {
    set: &'a Set<T>,
    size: u64,
    at: At,
}

impl<'a, T: Form> SetPages<'a, T> {
    pub(super) fn new(set: &'a Set<T>, size: u64) -> Self {
        Self { set, size, at: At::Start }
    }

    /// The next members, about as many as asked for and at least one; none after the last page.
    ///
    /// # Faults
    /// *Misuse* for a size of 0 or more than 65,536; as [`Set::all`]. After a fault, or where it is
    /// dropped half-way, the same page is read again.
    pub async fn next_page(&mut self) -> Result<Option<Vec<T>>, Fault> {
        let Some((members, next)) = self.read().await? else { return Ok(None) };
        let members = element::members(&self.set.object, members)?;
        self.at = next;
        Ok(Some(members))
    }

    /// As [`next_page`](SetPages::next_page), the bytes of the members, whatever they are.
    ///
    /// # Faults
    /// *Misuse* for a size of 0 or more than 65,536.
    pub async fn next_page_bytes(&mut self) -> Result<Option<Vec<Bytes>>, Fault> {
        let Some((Members(members), next)) = self.read().await? else { return Ok(None) };
        self.at = next;
        Ok(Some(members))
    }

    /// The next page that is not empty, and where to go on after it.
    async fn read(&mut self) -> Result<Option<(Members, At)>, Fault> {
        loop {
            let after = match self.at {
                At::Start => None,
                At::After(cursor) => Some(cursor),
                At::End => return Ok(None),
            };
            let page = Page { after, count: self.size };
            let page = Call::new(&self.set.object, page, |_, page| Ok(page)).await?;
            let MembersPage { members, next } = page;
            let next = next.map_or(At::End, At::After);
            if !members.0.is_empty() {
                return Ok(Some((members, next)));
            }
            self.at = next;
        }
    }
}
