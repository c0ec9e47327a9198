//! The handle of a sorted set, and of its pages.

mod combined;
mod pages;
mod writing;

use std::marker::PhantomData;
use std::ops::{Bound, RangeBounds};

use exactly_core::codec::Form;
use exactly_core::operations::sorted_set::{
    Count, Extreme, Len, Range, RangeByScore, Rank, Scored, Scores, ScoresOf,
};
use exactly_core::{Bytes, Fault, Few, Place};

use crate::call::Call;
use crate::declare::{Declare, Limit};
use crate::element::{encode, encode_all};
use crate::object::{Object, common_verbs};
use crate::store::Store;

pub use combined::Weighed;
pub use pages::SortedSetPages;
pub use writing::Inserted;

/// Members, each once and with a score, in the order of the scores: a leaderboard, a queue by
/// priority, what happened when.
///
/// The race: Ada plays on two devices and has 120 points on one and 90 on the other. Both read her
/// best score, 80; both find theirs better, and write it; the later write wins, and that was 90.
/// The end of it: [`insert_if_greater`](SortedSet::insert_if_greater) looks and writes in one step,
/// and [`add_to`](SortedSet::add_to) adds in one.
///
/// ```
/// # use exactly::{SortedSet, Store};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// let best: SortedSet<String> = SortedSet::new(&store, "best");
/// best.insert("Ada", 80.0).await?;
///
/// // Looking and writing apart loses the better of two scores ...
/// let (phone, laptop) = (best.score("Ada").await?, best.score("Ada").await?);
/// assert!(phone < Some(120.0) && laptop < Some(90.0));
/// best.insert("Ada", 120.0).await?;
/// best.insert("Ada", 90.0).await?;
/// assert_eq!(best.score("Ada").await?, Some(90.0));
///
/// // ... what looks and writes in one step does not.
/// assert!(best.insert_if_greater("Ada", 120.0).await?);
/// assert!(!best.insert_if_greater("Ada", 110.0).await?);
/// assert_eq!(best.top(3).await?, [("Ada".to_owned(), 120.0)]);
/// # Ok(()) }
/// ```
///
/// # Order and scores
///
/// Members stand in the order of their scores, those of one score in the order of their bytes; the
/// *first* has the least score, the *top* one the greatest. Scores are floating-point numbers, the
/// infinite ones among them. NaN is *misuse*, and `-0.0` is `0.0`. Whole numbers are exact up to
/// 2^53, fractions round.
///
/// # Members
///
/// `T` is any [`Form`]. What is stored are its bytes, and two members are one where their bytes are
/// equal: so a value must always be written alike. What cannot be read as `T` stays where it is,
/// and every verb of [`in_bytes`](SortedSet::in_bytes) reads it.
///
/// # Limit
///
/// A handle that declares a [limit](SortedSet::with_limit) keeps those with the greatest scores:
/// every write that adds lets those with the least go, in the same step, so that no reader ever
/// sees more. Handles of one set should declare the same: each keeps to its own.
///
/// ```
/// # use exactly::{Inserted, SortedSet, Store};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// let podium: SortedSet<String> = SortedSet::new(&store, "podium").with_limit(2);
/// podium.insert_many([("Ada", 3.0), ("Bob", 1.0)]).await?;
/// assert_eq!(podium.insert("Cem", 2.0).await?, Inserted::New);
/// assert_eq!(podium.insert("Bob", 1.0).await?, Inserted::Trimmed);
/// assert_eq!(podium.len().await?, 2);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct SortedSet<T> {
    object: Object,
    limit: Option<u64>,
    form: PhantomData<fn() -> T>,
}

common_verbs!(SortedSet<T: Form>);

impl<T: Form> Clone for SortedSet<T> {
    fn clone(&self) -> Self {
        Self { limit: self.limit, ..Self::declare(self.object.clone()) }
    }
}

/// Making one.
impl<T: Form> SortedSet<T> {
    /// A sorted set that stands alone, under this name.
    pub fn new(store: &Store, name: &str) -> Self {
        Self::declare(Object::alone(store, name))
    }

    /// Keeps to so many members at most, those with the greatest scores. A limit of 0 is *misuse*
    /// at the first call.
    #[must_use]
    pub fn with_limit(mut self, limit: u64) -> Self {
        self.limit = Some(limit);
        self
    }

    /// The same set, its members as the bytes that they are written in: every verb for what cannot
    /// be read as `T`.
    ///
    /// ```
    /// # use exactly::{SortedSet, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let ids: SortedSet<u64> = SortedSet::new(&store, "ids");
    /// ids.in_bytes().insert_many([("7", 1.0), ("eight", 2.0)]).await?;
    /// let fault = ids.all().await.unwrap_err();
    /// assert!(fault.is_undecodable() && fault.to_string().contains("member \"eight\""));
    /// assert!(ids.in_bytes().remove("eight").await?);
    /// assert_eq!(ids.all().await?, [(7, 1.0)]);
    /// # Ok(()) }
    /// ```
    pub fn in_bytes(&self) -> SortedSet<Bytes> {
        SortedSet { limit: self.limit, ..SortedSet::declare(self.object.clone()) }
    }
}

/// Reading scores and ranks: each is a look at one moment.
impl<T: Form> SortedSet<T> {
    /// How many members there are.
    pub fn len(&self) -> Call<'_, Len> {
        Call::new(&self.object, Len {}, |_, len| Ok(len))
    }

    /// Is nobody a member?
    pub fn is_empty(&self) -> Call<'_, Len, bool> {
        Call::new(&self.object, Len {}, |_, len| Ok(len == 0))
    }

    /// The score of a member; none when it is none.
    ///
    /// # Faults
    /// *Misuse* when it cannot be written in its form.
    pub fn score(&self, member: impl Into<T>) -> Call<'_, ScoresOf, Option<f64>> {
        Call::fallible(&self.object, self.scores_of(member), |_, scores| {
            Ok(scores.first().copied().flatten())
        })
    }

    /// Is this a member?
    ///
    /// # Faults
    /// As [`score`](SortedSet::score).
    pub fn contains(&self, member: impl Into<T>) -> Call<'_, ScoresOf, bool> {
        Call::fallible(&self.object, self.scores_of(member), |_, scores| {
            Ok(scores.first().is_some_and(Option::is_some))
        })
    }

    /// The scores of these, in their order, all of one moment.
    ///
    /// # Faults
    /// *Misuse* when one cannot be written in its form, or for more than 65,536.
    pub fn scores(
        &self,
        members: impl IntoIterator<Item = impl Into<T>>,
    ) -> Call<'_, ScoresOf, Vec<Option<f64>>> {
        let of = encode_all(&self.object, members).map(|members| ScoresOf { members });
        Call::fallible(&self.object, of, |_, scores| Ok(scores.into_vec()))
    }

    /// How many members come before this one: 0 for the least score. None when it is no member.
    ///
    /// # Faults
    /// As [`score`](SortedSet::score).
    pub fn rank(&self, member: impl Into<T>) -> Call<'_, Rank> {
        self.rank_from(member, Extreme::Least)
    }

    /// How many members come before this one from the top: 0 for the greatest score. None when it
    /// is no member.
    ///
    /// ```
    /// # use exactly::{SortedSet, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let board: SortedSet<String> = SortedSet::new(&store, "board");
    /// board.insert_many([("Ada", 3.0), ("Bob", 1.0), ("Cem", 2.0)]).await?;
    /// assert_eq!((board.rank("Cem").await?, board.rev_rank("Ada").await?), (Some(1), Some(0)));
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// As [`score`](SortedSet::score).
    pub fn rev_rank(&self, member: impl Into<T>) -> Call<'_, Rank> {
        self.rank_from(member, Extreme::Greatest)
    }

    /// How many members have scores in this range.
    ///
    /// # Faults
    /// *Misuse* for NaN.
    pub fn count(&self, scores: impl RangeBounds<f64>) -> Call<'_, Count> {
        Call::new(&self.object, Count { scores: Scores::of(&scores) }, |_, count| Ok(count))
    }

    fn scores_of(&self, member: impl Into<T>) -> Result<ScoresOf, Fault> {
        self.encode(member).map(|member| ScoresOf { members: Few::from_buf([member]) })
    }

    fn rank_from(&self, member: impl Into<T>, from: Extreme) -> Call<'_, Rank> {
        let rank = self.encode(member).map(|member| Rank { member, from });
        Call::fallible(&self.object, rank, |_, rank| Ok(rank))
    }
}

/// Reading members: each is a look at one moment, and a fault names the member that cannot be read.
/// What a long range costs is what it has; large sets are better read in
/// [pages](SortedSet::pages).
impl<T: Form> SortedSet<T> {
    /// The member with the least score.
    ///
    /// # Faults
    /// As [`all`](SortedSet::all).
    pub fn first(&self) -> Call<'_, Range, Option<(T, f64)>> {
        Call::new(&self.object, Range { from: Extreme::Least, first: 0, last: 0 }, one)
    }

    /// The member with the greatest score.
    ///
    /// # Faults
    /// As [`all`](SortedSet::all).
    pub fn last(&self) -> Call<'_, Range, Option<(T, f64)>> {
        Call::new(&self.object, Range { from: Extreme::Greatest, first: 0, last: 0 }, one)
    }

    /// So many members with the greatest scores, the greatest first.
    ///
    /// # Faults
    /// As [`all`](SortedSet::all).
    pub fn top(&self, count: u64) -> Call<'_, Range, Vec<(T, f64)>> {
        self.outermost(Extreme::Greatest, count)
    }

    /// So many members with the least scores, the least first.
    ///
    /// # Faults
    /// As [`all`](SortedSet::all).
    pub fn bottom(&self, count: u64) -> Call<'_, Range, Vec<(T, f64)>> {
        self.outermost(Extreme::Least, count)
    }

    /// All members and their scores, the least first.
    ///
    /// # Faults
    /// *Misuse* that names the member when one cannot be read as `T`; all stay, and
    /// [`in_bytes`](SortedSet::in_bytes) reads them.
    pub fn all(&self) -> Call<'_, Range, Vec<(T, f64)>> {
        self.range(..)
    }

    /// The members of these ranks, the least score first. Ranks count from 0, and from -1 at the
    /// far end; what lies outside is left out.
    ///
    /// ```
    /// # use exactly::{SortedSet, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let board: SortedSet<String> = SortedSet::new(&store, "board");
    /// board.insert_many([("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 4.0)]).await?;
    /// let names = |range: Vec<_>| range.into_iter().map(|(name, _)| name).collect::<String>();
    /// assert_eq!(names(board.range(1..3).await?), "bc");
    /// assert_eq!(names(board.range(2..).await?), "cd");
    /// assert_eq!(names(board.range(-2..).await?), "cd");
    /// assert_eq!(names(board.range(..=-2).await?), "abc");
    /// assert_eq!(names(board.rev_range(..2).await?), "dc");
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// As [`all`](SortedSet::all).
    pub fn range(&self, ranks: impl RangeBounds<i64>) -> Call<'_, Range, Vec<(T, f64)>> {
        self.range_from(Extreme::Least, &ranks)
    }

    /// As [`range`](SortedSet::range), from the top: the greatest score has rank 0 and comes first.
    ///
    /// # Faults
    /// As [`all`](SortedSet::all).
    pub fn rev_range(&self, ranks: impl RangeBounds<i64>) -> Call<'_, Range, Vec<(T, f64)>> {
        self.range_from(Extreme::Greatest, &ranks)
    }

    /// The members with scores in this range, the least first.
    ///
    /// ```
    /// # use exactly::{SortedSet, Store};
    /// # use std::ops::Bound::{Excluded, Included};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let seen: SortedSet<u64> = SortedSet::new(&store, "seen");
    /// seen.insert_many([(7_u64, 1.0), (8, 1.5), (9, 2.0)]).await?;
    /// assert_eq!(seen.range_by_score(..2.0).await?, [(7, 1.0), (8, 1.5)]);
    /// assert_eq!(seen.range_by_score((Excluded(1.0), Included(2.0))).await?.len(), 2);
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// *Misuse* for NaN. As [`all`](SortedSet::all).
    pub fn range_by_score(
        &self,
        scores: impl RangeBounds<f64>,
    ) -> Call<'_, RangeByScore, Vec<(T, f64)>> {
        self.range_by_score_part(scores, 0, u64::MAX)
    }

    /// As [`range_by_score`](SortedSet::range_by_score), without the first `skip` of them, and
    /// `count` at most.
    ///
    /// # Faults
    /// As [`range_by_score`](SortedSet::range_by_score).
    pub fn range_by_score_part(
        &self,
        scores: impl RangeBounds<f64>,
        skip: u64,
        count: u64,
    ) -> Call<'_, RangeByScore, Vec<(T, f64)>> {
        let (scores, from) = (Scores::of(&scores), Extreme::Least);
        Call::new(&self.object, RangeByScore { scores, from, skip, count }, members)
    }

    /// The members with scores in this range, the greatest first.
    ///
    /// # Faults
    /// As [`range_by_score`](SortedSet::range_by_score).
    pub fn rev_range_by_score(
        &self,
        scores: impl RangeBounds<f64>,
    ) -> Call<'_, RangeByScore, Vec<(T, f64)>> {
        self.rev_range_by_score_part(scores, 0, u64::MAX)
    }

    /// As [`rev_range_by_score`](SortedSet::rev_range_by_score), without the first `skip` of them,
    /// and `count` at most.
    ///
    /// # Faults
    /// As [`range_by_score`](SortedSet::range_by_score).
    pub fn rev_range_by_score_part(
        &self,
        scores: impl RangeBounds<f64>,
        skip: u64,
        count: u64,
    ) -> Call<'_, RangeByScore, Vec<(T, f64)>> {
        let (scores, from) = (Scores::of(&scores), Extreme::Greatest);
        Call::new(&self.object, RangeByScore { scores, from, skip, count }, members)
    }

    /// All members, the least first, so many at a time: for sets too large to be read at once.
    ///
    /// ```
    /// # use exactly::{SortedSet, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let board: SortedSet<String> = SortedSet::new(&store, "board");
    /// board.insert_many([("Ada", 3.0), ("Bob", 1.0), ("Cem", 2.0)]).await?;
    /// let (mut pages, mut points) = (board.pages(2), 0.0);
    /// while let Some(page) = pages.next_page().await? {
    ///     points += page.iter().map(|(_, score)| score).sum::<f64>();
    /// }
    /// assert_eq!(points, 6.0);
    /// # Ok(()) }
    /// ```
    pub fn pages(&self, size: u64) -> SortedSetPages<'_, T> {
        SortedSetPages::new(self, Extreme::Least, size)
    }

    /// All members, the greatest first, so many at a time.
    pub fn rev_pages(&self, size: u64) -> SortedSetPages<'_, T> {
        SortedSetPages::new(self, Extreme::Greatest, size)
    }

    fn outermost(&self, from: Extreme, count: u64) -> Call<'_, Range, Vec<(T, f64)>> {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.range_from(from, &(..count))
    }

    fn range_from(
        &self,
        from: Extreme,
        ranks: &impl RangeBounds<i64>,
    ) -> Call<'_, Range, Vec<(T, f64)>> {
        let (first, last) = first_and_last(ranks);
        Call::new(&self.object, Range { from, first, last }, members)
    }
}

/// Of both ends of a collection's verbs: from Rust to bytes and back.
impl<T: Form> SortedSet<T> {
    fn encode(&self, member: impl Into<T>) -> Result<Bytes, Fault> {
        encode::<T>(&self.object, &member.into())
    }
}

/// The first and the last rank of a range, both included. A range that ends before rank 0 is empty,
/// and must not be taken for one up to rank -1, which is the last.
fn first_and_last(ranks: &impl RangeBounds<i64>) -> (i64, i64) {
    const NONE: (i64, i64) = (1, 0);
    let first = match ranks.start_bound() {
        Bound::Included(first) => *first,
        Bound::Excluded(-1) => return NONE,
        Bound::Excluded(before) => before.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let last = match ranks.end_bound() {
        Bound::Included(last) => *last,
        Bound::Excluded(0) => return NONE,
        Bound::Excluded(end) => end.saturating_sub(1),
        Bound::Unbounded => -1,
    };
    (first, last)
}

/// Reads members that are still where they were.
fn members<T: Form>(object: &Object, scored: Vec<Scored>) -> Result<Vec<(T, f64)>, Fault> {
    let read = |Scored { member, score }| match T::decode(&member) {
        Ok(read) => Ok((read, score)),
        Err(source) => {
            let place = Place::Member(member);
            Err(Fault::undecodable_at(object.key()?, &place, T::NAME, source))
        }
    };
    scored.into_iter().map(read).collect()
}

/// The only one of them.
fn one<T: Form>(object: &Object, scored: Vec<Scored>) -> Result<Option<(T, f64)>, Fault> {
    Ok(members(object, scored)?.pop())
}

impl<T: Form> Declare for SortedSet<T> {
    fn declare(object: Object) -> Self {
        Self { object, limit: None, form: PhantomData }
    }
}

impl<T: Form> Limit for SortedSet<T> {
    const LEAST: u64 = 1;

    fn limit(self, limit: u64) -> Self {
        self.with_limit(limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::reversed_empty_ranges, reason = "ranks count from the far end too")]
    fn ranges_of_ranks_include_what_rust_says() {
        use Bound::{Excluded, Included, Unbounded};
        const NONE: (i64, i64) = (1, 0);
        for (range, both) in [
            ((Unbounded, Unbounded), (0, -1)),
            ((Included(0), Excluded(0)), NONE),
            ((Unbounded, Excluded(0)), NONE),
            ((Included(-3), Excluded(0)), NONE),
            ((Included(2), Excluded(5)), (2, 4)),
            ((Excluded(2), Included(5)), (3, 5)),
            ((Included(-3), Unbounded), (-3, -1)),
            ((Included(-3), Excluded(-1)), (-3, -2)),
            ((Excluded(-1), Unbounded), NONE),
            ((Included(i64::MIN), Excluded(i64::MIN)), (i64::MIN, i64::MIN)),
            ((Excluded(i64::MAX), Unbounded), (i64::MAX, -1)),
        ] {
            assert_eq!(first_and_last(&range), both, "{range:?}");
        }
        assert_eq!(first_and_last(&(0..=-1)), (0, -1));
        assert_eq!(first_and_last(&..), (0, -1));
    }
}
