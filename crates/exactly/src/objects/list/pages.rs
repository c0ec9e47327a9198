//! A list page by page.

use exactly_core::codec::Form;
use exactly_core::operations::list::{End, Range};
use exactly_core::{Fault, PAGE_MAX};

use super::List;
use super::elements::{decode, first_index};

/// A list read page by page: see [`List::pages`].
#[derive(Debug)]
#[must_use = "nothing is read until a page is asked for"]
pub struct ListPages<'a, T> {
    list: &'a List<T>,
    from: End,
    seen: u64,
    size: u64,
    is_over: bool,
}

impl<'a, T: Form> ListPages<'a, T> {
    pub(super) fn new(list: &'a List<T>, from: End, size: u64) -> Self {
        Self { list, from, seen: 0, size, is_over: false }
    }

    /// The next page, in the order in which it is read; none when there is no more.
    ///
    /// # Faults
    /// *Misuse* when a page has no elements or more than [`PAGE_MAX`]; as [`List::all`]. A page
    /// that could not be read is read again the next time.
    pub async fn next_page(&mut self) -> Result<Option<Vec<T>>, Fault> {
        let object = &self.list.object;
        if self.is_over {
            return Ok(None);
        }
        if self.size == 0 || self.size > PAGE_MAX {
            let told = format!("a page has 1 to {PAGE_MAX} elements, found {}", self.size);
            return Err(Fault::bad_setting(object.key()?, told));
        }
        let range = self.range();
        let found = self.list.call_range(range.clone()).await?;
        let mut page = decode(object, first_index(&range, found.len()), &found)?;
        if self.from == End::Back {
            page.reverse();
        }
        let len = page.len() as u64;
        self.seen += len;
        self.is_over = len < self.size;
        Ok((len > 0).then_some(page))
    }

    /// The indices of the next page.
    fn range(&self) -> Range {
        let index = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let (first, last) = (index(self.seen), index(self.seen + self.size - 1));
        match self.from {
            End::Front => Range { from: first, to: last },
            End::Back => Range { from: -1 - last, to: -1 - first },
        }
    }
}
