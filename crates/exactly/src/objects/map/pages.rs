//! A map in pages.

use exactly_core::codec::Form;
use exactly_core::operations::map::{Page, Pairs};
use exactly_core::{Bytes, Cursor, Fault};

use super::{Map, decode_pairs};
use crate::call::Call;

/// The [pages](Map::pages) of a map.
#[derive(Debug)]
pub struct MapPages<'a, F, V> {
    map: &'a Map<F, V>,
    size: u64,
    turn: Turn,
}

#[derive(Debug, Clone, Copy)]
enum Turn {
    First,
    After(Cursor),
    Over,
}

impl<'a, F: Form, V: Form> MapPages<'a, F, V> {
    pub(super) fn new(map: &'a Map<F, V>, size: u64) -> Self {
        Self { map, size, turn: Turn::First }
    }

    /// The next fields with their values; none when there are no more. A call that failed or was
    /// dropped is made again by the next one: no page is left out.
    ///
    /// # Faults
    /// *Misuse* when a page is to have no fields or more than 65,536; as [`all`](Map::all), and
    /// then [`next_page_bytes`](MapPages::next_page_bytes) reads this page as it is.
    pub async fn next_page(&mut self) -> Result<Option<Vec<(F, V)>>, Fault> {
        let Some((pairs, turn)) = self.read().await? else { return Ok(None) };
        let decoded = decode_pairs(&self.map.object, pairs)?;
        self.turn = turn;
        Ok(Some(decoded))
    }

    /// The bytes of the next fields and of their values, whatever they are.
    ///
    /// # Faults
    /// *Misuse* when a page is to have no fields or more than 65,536.
    pub async fn next_page_bytes(&mut self) -> Result<Option<Vec<(Bytes, Bytes)>>, Fault> {
        let Some((Pairs(pairs), turn)) = self.read().await? else { return Ok(None) };
        self.turn = turn;
        Ok(Some(pairs))
    }

    /// The next page that is not empty, and whose turn it is after that.
    async fn read(&mut self) -> Result<Option<(Pairs, Turn)>, Fault> {
        loop {
            let after = match self.turn {
                Turn::First => None,
                Turn::After(cursor) => Some(cursor),
                Turn::Over => return Ok(None),
            };
            let page = Page { after, count: self.size };
            let page = Call::new(&self.map.object, page, |_, page| Ok(page)).await?;
            let turn = page.next.map_or(Turn::Over, Turn::After);
            if !page.pairs.0.is_empty() {
                return Ok(Some((page.pairs, turn)));
            }
            self.turn = turn;
        }
    }
}
