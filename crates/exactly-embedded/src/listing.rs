//! Which keys are stored, page by page.
//!
//! A page goes from bucket to bucket and looks at so many keys, whatever else the table holds. When
//! the table has grown in between, its keys are elsewhere, and what is left of the shard is listed
//! from its beginning, in one piece: keys may come twice, and none that stays is missed.

use std::num::NonZeroU64;

use exactly_core::{Cursor, Key, Listing, Page};
use parking_lot::MutexGuard;

use crate::memory::Inner;
use crate::shard::Shard;

/// How a place is written into a cursor: the shard, the bucket, and the last bits of the moves, of
/// which two would have to be millions apart to be taken for one.
const MOVES_BITS: u32 = 24;
const BUCKET_BITS: u32 = 33;
const MOVES: u64 = (1 << MOVES_BITS) - 1;
const BUCKETS: u64 = (1 << BUCKET_BITS) - 1;

/// Where a page begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Place {
    shard: usize,
    /// How often the nodes of the shard had moved when the page before ended.
    moves: u64,
    bucket: usize,
}

impl Inner {
    /// One page.
    pub(crate) fn page(&self, listing: &Listing) -> Page {
        let mut place = Place::read(listing.after);
        let mut page = Page::default();
        let mut left = listing.count.max(1) as usize;
        while let Some(shard) = self.shards.get(place.shard) {
            let shard = shard.lock();
            let now = shard.now(false, &*self.clock);
            // The whole rest at once if the buckets are not what they were: a listing has an end.
            let (first, most) = match place {
                Place { bucket: 0, .. } => (0, left),
                Place { bucket, moves, .. } if moves == shard.moves() & MOVES => (bucket, left),
                Place { .. } => (0, usize::MAX),
            };
            let mut stored = shard.stored_from(first, now);
            let mut looked_at = 0;
            let next = loop {
                let Some((bucket, text)) = stored.next() else { break None };
                if looked_at == most {
                    break Some(bucket);
                }
                looked_at += 1;
                let key = Key::from_shared(text);
                if listing.pattern.matches(&key) {
                    page.keys.push(key);
                }
            };
            drop(stored);
            left = left.saturating_sub(looked_at);
            match next {
                Some(bucket) => {
                    page.next = Place::at(place.shard, &shard, bucket).write();
                    return page;
                }
                None => place = Place { shard: place.shard + 1, ..Place::default() },
            }
            if left == 0 && place.shard < self.shards.len() {
                page.next = place.write();
                return page;
            }
        }
        page
    }
}

impl Place {
    fn at(place: usize, shard: &MutexGuard<'_, Shard>, bucket: usize) -> Self {
        Self { shard: place, moves: shard.moves(), bucket }
    }

    /// The beginning is the place of no cursor. One of no place of ours is behind the last.
    fn read(cursor: Option<Cursor>) -> Self {
        let Some(Cursor(number)) = cursor else { return Self::default() };
        let number = number.get();
        let shard = (number >> (MOVES_BITS + BUCKET_BITS)) as usize;
        Self {
            shard: shard.checked_sub(1).unwrap_or(usize::MAX),
            moves: number & MOVES,
            bucket: (number >> MOVES_BITS & BUCKETS) as usize,
        }
    }

    fn write(self) -> Option<Cursor> {
        let Self { shard, moves, bucket } = self;
        // Shards are counted from one, so that no place is zero.
        let place = (shard as u64 + 1) << BUCKET_BITS | (bucket as u64 & BUCKETS);
        NonZeroU64::new(place << MOVES_BITS | (moves & MOVES)).map(Cursor)
    }
}
