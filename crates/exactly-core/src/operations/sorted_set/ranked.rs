//! Members in the order of their scores, found by place as well as by score.

use std::cmp::Ordering;
use std::ops::Range;

use super::Scored;

/// The most members of a chunk: so many are moved about where one is put in or taken out.
const CHUNK: usize = 256;

/// A chunk with fewer joins a neighbour, if there is room.
const FEW: usize = CHUNK / 4;

/// Members in the order of their scores, those of one score in the order of their bytes.
///
/// They stand in sorted chunks, and a directory knows how many members come before each chunk. To
/// find a place takes a search among the chunks and one inside; a change moves the members of one
/// chunk. The directory is made anew when a chunk comes or goes, which is once in many changes.
#[derive(Clone, Default)]
pub(crate) struct Ranked {
    /// None of them empty.
    chunks: Vec<Vec<Scored>>,
    directory: Directory,
    len: usize,
}

/// The order of a sorted set. No score is NaN.
fn order(one: &Scored, score: f64, member: &[u8]) -> Ordering {
    let by_score = one.score.partial_cmp(&score).unwrap_or(Ordering::Equal);
    by_score.then_with(|| (*one.member).cmp(member))
}

/// Where something stands, or would stand.
#[derive(Clone, Copy)]
struct Place {
    chunk: usize,
    inside: usize,
}

impl Ranked {
    /// Takes the members as they are: in order, each once.
    pub(crate) fn of_sorted(sorted: Vec<Scored>) -> Self {
        let len = sorted.len();
        if len <= CHUNK {
            let chunks = if len == 0 { Vec::new() } else { vec![sorted] };
            let directory = Directory::of(&chunks);
            return Self { chunks, directory, len };
        }
        // With room for more, so that the next changes do not tear each of them apart.
        let mut chunks = Vec::with_capacity(len.div_ceil(CHUNK * 3 / 4));
        let mut rest = sorted.into_iter();
        while rest.len() > 0 {
            chunks.push(rest.by_ref().take(CHUNK * 3 / 4).collect());
        }
        Self { directory: Directory::of(&chunks), chunks, len }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// How many come before this place in the order.
    pub(crate) fn rank(&self, score: f64, member: &[u8]) -> usize {
        self.before(|one| order(one, score, member).is_lt())
    }

    /// How many come first for which this holds: it must hold for none behind one for which it does
    /// not.
    pub(crate) fn before(&self, holds: impl FnMut(&Scored) -> bool) -> usize {
        let Place { chunk, inside } = self.place(holds);
        self.directory.before(chunk) + inside
    }

    /// The place behind all those for which this holds, in the chunk of the last of them.
    fn place(&self, mut holds: impl FnMut(&Scored) -> bool) -> Place {
        let behind = self.chunks.partition_point(|chunk| chunk.first().is_some_and(&mut holds));
        let chunk = behind.saturating_sub(1);
        let inside = self.chunks.get(chunk).map_or(0, |chunk| chunk.partition_point(holds));
        Place { chunk, inside }
    }

    /// Puts one in that is not there.
    pub(crate) fn insert(&mut self, one: Scored) {
        let Place { chunk, inside } =
            self.place(|other| order(other, one.score, &one.member).is_lt());
        self.len += 1;
        let last = chunk + 1 >= self.chunks.len();
        let Some(found) = self.chunks.get_mut(chunk) else {
            self.chunks.push(vec![one]);
            return self.directory = Directory::of(&self.chunks);
        };
        if found.len() < CHUNK {
            found.insert(inside, one);
            return self.directory.add(chunk, 1);
        }
        if last && inside == CHUNK {
            // Those who come in order fill one chunk after the other, and leave none half empty.
            self.chunks.push(vec![one]);
        } else {
            let mut upper = found.split_off(CHUNK / 2);
            match inside.checked_sub(CHUNK / 2) {
                Some(inside) => upper.insert(inside, one),
                None => found.insert(inside, one),
            }
            self.chunks.insert(chunk + 1, upper);
        }
        self.directory = Directory::of(&self.chunks);
    }

    /// Takes one out that is there.
    pub(crate) fn remove(&mut self, score: f64, member: &[u8]) {
        let rank = self.rank(score, member);
        drop(self.take(rank..rank + 1));
    }

    /// Takes out those who stand at these places.
    pub(crate) fn take(&mut self, ranks: Range<usize>) -> Vec<Scored> {
        let mut taken = Vec::with_capacity(ranks.len());
        if ranks.is_empty() {
            return taken;
        }
        let Place { chunk: first, mut inside } = self.find(ranks.start);
        let (mut chunk, mut emptied) = (first, false);
        while taken.len() < ranks.len() {
            let found = &mut self.chunks[chunk];
            let end = found.len().min(inside + ranks.len() - taken.len());
            taken.extend(found.drain(inside..end));
            emptied |= found.is_empty();
            give_back(found);
            (chunk, inside) = (chunk + 1, 0);
        }
        self.len -= taken.len();
        let one_changed = chunk == first + 1 && !emptied;
        if one_changed && !self.joins(first) && !self.joins(first + 1) {
            self.directory.remove(first, taken.len());
            return taken;
        }
        self.chunks.retain(|chunk| !chunk.is_empty());
        for upper in [first + 1, first] {
            if self.joins(upper) {
                let joining = self.chunks.remove(upper);
                self.chunks[upper - 1].extend(joining);
            }
        }
        self.directory = Directory::of(&self.chunks);
        taken
    }

    /// Whether this chunk and the one before it are small together, and one of them by itself.
    fn joins(&self, upper: usize) -> bool {
        let both = upper.checked_sub(1).and_then(|lower| self.chunks.get(lower..=upper));
        let Some([lower, upper]) = both else { return false };
        lower.len().min(upper.len()) < FEW && lower.len() + upper.len() <= CHUNK * 3 / 4
    }

    /// Where the one of this rank stands: there is one.
    fn find(&self, rank: usize) -> Place {
        let (chunk, inside) = self.directory.find(rank);
        Place { chunk, inside }
    }

    /// Those who stand at these places, in order.
    pub(crate) fn range(
        &self,
        ranks: Range<usize>,
    ) -> impl DoubleEndedIterator<Item = &Scored> + ExactSizeIterator {
        RangeOf { ranked: self, ranks, front: None, back: None }
    }

    /// All of them, in order.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Scored> + ExactSizeIterator {
        self.range(0..self.len)
    }
}

/// A chunk that became small does not keep the room of a large one.
fn give_back(chunk: &mut Vec<Scored>) {
    const SMALL: usize = 16;
    if chunk.capacity() > SMALL && chunk.len() < chunk.capacity() / 4 {
        chunk.shrink_to(chunk.len() * 2);
    }
}

/// Some of the members, from both ends.
struct RangeOf<'a> {
    ranked: &'a Ranked,
    /// Those that were not given yet.
    ranks: Range<usize>,
    /// The next from the front, once it was looked for.
    front: Option<Place>,
    /// The place behind the next from the back, once it was looked for.
    back: Option<Place>,
}

impl<'a> Iterator for RangeOf<'a> {
    type Item = &'a Scored;

    fn next(&mut self) -> Option<&'a Scored> {
        let rank = self.ranks.next()?;
        let chunks = &self.ranked.chunks;
        let mut place = self.front.unwrap_or_else(|| self.ranked.find(rank));
        if place.inside == chunks[place.chunk].len() {
            place = Place { chunk: place.chunk + 1, inside: 0 };
        }
        self.front = Some(Place { inside: place.inside + 1, ..place });
        chunks[place.chunk].get(place.inside)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.ranks.size_hint()
    }
}

impl DoubleEndedIterator for RangeOf<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let rank = self.ranks.next_back()?;
        let chunks = &self.ranked.chunks;
        let place = self.back.unwrap_or_else(|| {
            let Place { chunk, inside } = self.ranked.find(rank);
            Place { chunk, inside: inside + 1 }
        });
        let place = match place.inside.checked_sub(1) {
            Some(inside) => Place { inside, ..place },
            None => {
                let chunk = place.chunk - 1;
                Place { chunk, inside: chunks[chunk].len() - 1 }
            }
        };
        self.back = Some(place);
        chunks[place.chunk].get(place.inside)
    }
}

impl ExactSizeIterator for RangeOf<'_> {}

/// How many members the chunks have, added up in the manner of Fenwick: the sum at each place is
/// that of as many chunks as the lowest bit of its number says, so that adding up and finding takes
/// as many steps as the number of chunks has bits.
#[derive(Clone, Default)]
struct Directory {
    sums: Vec<usize>,
}

impl Directory {
    fn of(chunks: &[Vec<Scored>]) -> Self {
        let mut sums: Vec<usize> = chunks.iter().map(Vec::len).collect();
        for place in 1..=sums.len() {
            let above = place + lowest_bit(place);
            if above <= sums.len() {
                sums[above - 1] += sums[place - 1];
            }
        }
        Self { sums }
    }

    fn add(&mut self, chunk: usize, more: usize) {
        self.each_sum_of(chunk, |sum| *sum += more);
    }

    fn remove(&mut self, chunk: usize, fewer: usize) {
        self.each_sum_of(chunk, |sum| *sum -= fewer);
    }

    fn each_sum_of(&mut self, chunk: usize, change: impl Fn(&mut usize)) {
        let mut place = chunk + 1;
        while place <= self.sums.len() {
            change(&mut self.sums[place - 1]);
            place += lowest_bit(place);
        }
    }

    /// How many members the chunks before this one have.
    fn before(&self, chunk: usize) -> usize {
        let (mut place, mut sum) = (chunk, 0);
        while place > 0 {
            sum += self.sums[place - 1];
            place -= lowest_bit(place);
        }
        sum
    }

    /// The chunk of the member with this rank, and its place inside.
    fn find(&self, rank: usize) -> (usize, usize) {
        let (mut chunk, mut rest) = (0, rank);
        let mut step = self.sums.len().next_power_of_two();
        while step > 0 {
            if let Some(sum) = self.sums.get(chunk + step - 1).filter(|sum| **sum <= rest) {
                rest -= sum;
                chunk += step;
            }
            step /= 2;
        }
        (chunk, rest)
    }
}

fn lowest_bit(number: usize) -> usize {
    number & number.wrapping_neg()
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;

    use super::*;
    use crate::bytes::Bytes;

    fn one(score: i32, member: u32) -> Scored {
        Scored { member: Bytes::from(format!("{member:06}")), score: f64::from(score) }
    }

    fn is_in_order(ranked: &Ranked) {
        assert!(ranked.chunks.iter().all(|chunk| (1..=CHUNK).contains(&chunk.len())));
        assert_eq!(ranked.chunks.iter().map(Vec::len).sum::<usize>(), ranked.len());
        let all: Vec<_> = ranked.iter().collect();
        assert!(all.is_sorted_by(|one, two| order(one, two.score, &two.member).is_lt()));
        assert!(ranked.iter().rev().eq(all.iter().rev().copied()));
    }

    /// Against a sorted vector, at sizes around those of one and of several chunks.
    #[test]
    fn it_is_a_sorted_vector() {
        for (seed, size) in
            [3, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 2000].into_iter().enumerate()
        {
            let mut dice = Rng::with_seed(seed as u64);
            let (mut ranked, mut plain) = (Ranked::default(), Vec::new());
            for round in 0..6 * size {
                // It grows, shrinks to almost nothing, and grows again.
                let grows = (round / size) % 3 != 1;
                if grows != (dice.u8(..5) == 0) || plain.is_empty() {
                    let new = one(dice.i32(-20..20), dice.u32(..1_000_000));
                    let place = plain.partition_point(|other: &Scored| {
                        order(other, new.score, &new.member).is_lt()
                    });
                    if plain.get(place) == Some(&new) {
                        continue;
                    }
                    assert_eq!(ranked.rank(new.score, &new.member), place);
                    plain.insert(place, new.clone());
                    ranked.insert(new);
                } else {
                    let gone = plain.remove(dice.usize(..plain.len()));
                    ranked.remove(gone.score, &gone.member);
                }
                let (from, to) = (dice.usize(..=plain.len()), dice.usize(..=plain.len()));
                if from <= to && round % 16 == 0 {
                    assert!(ranked.range(from..to).eq(&plain[from..to]));
                    assert!(ranked.range(from..to).rev().eq(plain[from..to].iter().rev()));
                }
            }
            assert!(ranked.iter().eq(&plain));
            is_in_order(&ranked);
        }
    }

    #[test]
    fn ranges_are_taken_out_across_chunks() {
        let all: Vec<_> = (0..2000).map(|number| one(number, 0)).collect();
        for (from, to) in
            [(0, 0), (0, 1), (0, 2000), (5, 1990), (100, 400), (1999, 2000), (700, 701)]
        {
            let (mut ranked, mut plain) = (Ranked::of_sorted(all.clone()), all.clone());
            let taken: Vec<_> = plain.drain(from..to).collect();
            assert_eq!(ranked.take(from..to), taken, "{from}..{to}");
            assert!(ranked.iter().eq(&plain));
            is_in_order(&ranked);
        }
    }

    #[test]
    fn what_comes_in_order_fills_its_chunks() {
        let mut ranked = Ranked::default();
        (0..10 * CHUNK as i32).for_each(|number| ranked.insert(one(number, 0)));
        assert_eq!(ranked.chunks.len(), 10);
        is_in_order(&ranked);
    }

    #[test]
    fn what_became_small_takes_little_room() {
        let all: Vec<_> = (0..20_000).map(|number| one(number, 0)).collect();
        let mut ranked = Ranked::of_sorted(all);
        let mut dice = Rng::with_seed(1);
        while ranked.len() > 100 {
            let rank = dice.usize(..ranked.len());
            drop(ranked.take(rank..rank + 1));
        }
        let room: usize = ranked.chunks.iter().map(Vec::capacity).sum();
        assert!(ranked.chunks.len() <= 4 && room <= 1024, "{} {room}", ranked.chunks.len());
    }

    #[test]
    fn both_ends_of_a_range_meet() {
        let ranked = Ranked::of_sorted((0..1000).map(|number| one(number, 0)).collect());
        let mut range = ranked.range(190..200);
        let mut seen = Vec::new();
        while let (Some(front), Some(back)) = (range.next(), range.next_back()) {
            seen.extend([front.score, back.score]);
        }
        assert_eq!(seen.len(), 10);
        assert_eq!(range.len(), 0);
        assert!(range.next().is_none() && range.next_back().is_none());
    }
}
