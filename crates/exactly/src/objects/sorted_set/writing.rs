//! What changes a sorted set.

use std::ops::RangeBounds;

use exactly_core::codec::Form;
use exactly_core::operations::sorted_set::{
    Add, AddTo, Added, AddedTo, Extreme, Pop, Remove, RemoveByScore, RemoveRange, Replace, Scored,
    Scores, When,
};
use exactly_core::{Bytes, Fault, Few, Place};

use super::{SortedSet, first_and_last};
use crate::call::Call;
use crate::element::{encode_all, most};
use crate::object::Object;

/// Adding members and setting scores.
impl<T: Form> SortedSet<T> {
    /// Adds a member, or sets its score.
    ///
    /// # Faults
    /// *Misuse* when the score is NaN, or when the member cannot be written in its form or is too
    /// long.
    pub fn insert(&self, member: impl Into<T>, score: f64) -> Call<'_, Add, Inserted> {
        self.insert_when(member, score, When::ALWAYS)
    }

    /// Adds a member only where it is none: of many who try, one succeeds. Answers whether it was
    /// this one.
    ///
    /// # Faults
    /// As [`insert`](SortedSet::insert).
    pub fn insert_if_absent(&self, member: impl Into<T>, score: f64) -> Call<'_, Add, bool> {
        self.inserting(member, score, When::NEW, has_it)
    }

    /// Sets the score of a member, and adds none. Answers whether there was one.
    ///
    /// # Faults
    /// As [`insert`](SortedSet::insert).
    pub fn insert_if_present(&self, member: impl Into<T>, score: f64) -> Call<'_, Add, bool> {
        self.inserting(member, score, When::EXISTING, has_it)
    }

    /// Adds a member, or raises its score: of many who try, the greatest remains. Answers whether
    /// it did.
    ///
    /// # Faults
    /// As [`insert`](SortedSet::insert).
    pub fn insert_if_greater(&self, member: impl Into<T>, score: f64) -> Call<'_, Add, bool> {
        self.inserting(member, score, When::GREATER, has_it)
    }

    /// Adds a member, or lowers its score: of many who try, the least remains. Answers whether it
    /// did.
    ///
    /// # Faults
    /// As [`insert`](SortedSet::insert).
    pub fn insert_if_less(&self, member: impl Into<T>, score: f64) -> Call<'_, Add, bool> {
        self.inserting(member, score, When::LESS, has_it)
    }

    /// Adds a member, or sets its score, on a condition.
    ///
    /// ```
    /// # use exactly::{Inserted, SortedSet, Store, When, WhenScore};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let bids: SortedSet<String> = SortedSet::new(&store, "bids");
    /// let raise = When { score: WhenScore::Greater, ..When::EXISTING };
    /// assert_eq!(bids.insert_when("Ada", 5.0, raise).await?, Inserted::Unmet);
    /// assert_eq!(bids.insert_when("Ada", 5.0, When::NEW).await?, Inserted::New);
    /// assert_eq!(bids.insert_when("Ada", 7.0, raise).await?, Inserted::Changed);
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// As [`insert`](SortedSet::insert).
    pub fn insert_when(
        &self,
        member: impl Into<T>,
        score: f64,
        when: When,
    ) -> Call<'_, Add, Inserted> {
        self.inserting(member, score, when, |_, added| Ok(Inserted::of(added)))
    }

    /// Adds members and sets scores in one step. Answers how many are new; of a limit, those that
    /// it let go at once among them.
    ///
    /// # Faults
    /// As [`insert`](SortedSet::insert), and for more than 65,536: give them in parts.
    pub fn insert_many(
        &self,
        members: impl IntoIterator<Item = (impl Into<T>, f64)>,
    ) -> Call<'_, Add, u64> {
        let add = self.adding(self.scored(members), When::ALWAYS);
        Call::fallible(&self.object, add, |_, added| match added {
            Added::Added { new, .. } => Ok(new),
            Added::Unmet => Ok(0),
        })
    }

    /// Adds members and sets scores in one step, each only where the condition holds for it.
    ///
    /// ```
    /// # use exactly::{SortedSet, SortedSetAdded, Store, When};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let best: SortedSet<String> = SortedSet::new(&store, "best");
    /// best.insert_many([("Ada", 3.0), ("Bob", 5.0)]).await?;
    /// let today = [("Ada", 4.0), ("Bob", 4.0), ("Cem", 1.0)];
    /// let told = best.insert_many_when(today, When::GREATER).await?;
    /// assert_eq!(told, SortedSetAdded::Added { new: 1, changed: 1, trimmed: 0, gone: 0 });
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// As [`insert_many`](SortedSet::insert_many).
    pub fn insert_many_when(
        &self,
        members: impl IntoIterator<Item = (impl Into<T>, f64)>,
        when: When,
    ) -> Call<'_, Add, Added> {
        let add = self.adding(self.scored(members), when);
        Call::fallible(&self.object, add, |_, added| Ok(added))
    }

    /// Adds to the score of a member, which may be negative; a missing one begins with 0. Answers
    /// its score then; none when the limit let it go at once.
    ///
    /// ```
    /// # use exactly::{SortedSet, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let points: SortedSet<String> = SortedSet::new(&store, "points");
    /// assert_eq!(points.add_to("Ada", 10.0).await?, Some(10.0));
    /// assert_eq!(points.add_to("Ada", -2.5).await?, Some(7.5));
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// *Misuse* when the sum is no number (infinity less infinity), and as
    /// [`insert`](SortedSet::insert).
    pub fn add_to(&self, member: impl Into<T>, by: f64) -> Call<'_, AddTo, Option<f64>> {
        let add = self.adding_to(member, by, When::ALWAYS);
        Call::fallible(&self.object, add, |_, added| match added {
            AddedTo::Scored(score) => Ok(Some(score)),
            AddedTo::Trimmed | AddedTo::Unmet => Ok(None),
        })
    }

    /// Adds to the score of a member on a condition: the sum is compared with the score that is
    /// there.
    ///
    /// # Faults
    /// As [`add_to`](SortedSet::add_to).
    pub fn add_to_when(&self, member: impl Into<T>, by: f64, when: When) -> Call<'_, AddTo> {
        Call::fallible(&self.object, self.adding_to(member, by, when), |_, added| Ok(added))
    }

    /// Replaces all members in one step: no reader sees the set empty in between, or half. With
    /// none given, nothing is stored. The time to live stays, unless the handle declares one.
    /// Answers how many members there were.
    ///
    /// ```
    /// # use exactly::{SortedSet, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let board: SortedSet<String> = SortedSet::new(&store, "board");
    /// assert_eq!(board.replace([("Ada", 1.0), ("Bob", 2.0)]).await?, 0);
    /// assert_eq!(board.replace([("Cem", 3.0)]).await?, 2);
    /// assert_eq!(board.replace([] as [(String, f64); 0]).await?, 1);
    /// assert!(!board.exists().await?);
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// As [`insert_many`](SortedSet::insert_many).
    pub fn replace(
        &self,
        members: impl IntoIterator<Item = (impl Into<T>, f64)>,
    ) -> Call<'_, Replace, u64> {
        let limit = most(&self.object, self.limit);
        let replace = self.scored(members).and_then(|with| Ok(Replace { with, limit: limit? }));
        Call::fallible(&self.object, replace, |_, before| Ok(before))
    }

    fn inserting<'a, V>(
        &'a self,
        member: impl Into<T>,
        score: f64,
        when: When,
        read: fn(&'a Object, Added) -> Result<V, Fault>,
    ) -> Call<'a, Add, V> {
        let members = self.encode(member);
        let members = members.map(|member| Few::from_buf([Scored { member, score }]));
        Call::fallible(&self.object, self.adding(members, when), read)
    }

    fn adding(&self, members: Result<Few<Scored>, Fault>, when: When) -> Result<Add, Fault> {
        Ok(Add { members: members?, when, limit: most(&self.object, self.limit)? })
    }

    fn adding_to(&self, member: impl Into<T>, by: f64, when: When) -> Result<AddTo, Fault> {
        let limit = most(&self.object, self.limit)?;
        Ok(AddTo { member: self.encode(member)?, by, when, limit })
    }

    fn scored<B: FromIterator<Scored>>(
        &self,
        members: impl IntoIterator<Item = (impl Into<T>, f64)>,
    ) -> Result<B, Fault> {
        let scored = |(member, score)| Ok(Scored { member: self.encode(member)?, score });
        members.into_iter().map(scored).collect()
    }
}

/// Removing. With its last member a set is gone, and its time to live with it.
///
/// There is no `remove_if`: between reading and removing others would go on. What is told by score
/// or rank is removed by them in one step.
impl<T: Form> SortedSet<T> {
    /// Removes a member. Answers whether it was one: of many who try at once, one is told so.
    ///
    /// # Faults
    /// *Misuse* when it cannot be written in its form.
    pub fn remove(&self, member: impl Into<T>) -> Call<'_, Remove, bool> {
        let remove = self.encode(member).map(|member| Remove { members: Few::from_buf([member]) });
        Call::fallible(&self.object, remove, |_, removed| Ok(removed == 1))
    }

    /// Removes members in one step. Answers how many there were.
    ///
    /// # Faults
    /// As [`remove`](SortedSet::remove), and for more than 65,536: give them in parts.
    pub fn remove_many(
        &self,
        members: impl IntoIterator<Item = impl Into<T>>,
    ) -> Call<'_, Remove, u64> {
        let remove = encode_all(&self.object, members).map(|members| Remove { members });
        Call::fallible(&self.object, remove, |_, removed| Ok(removed))
    }

    /// Removes the members of these [ranks](SortedSet::range), from the least score. Answers how
    /// many.
    ///
    /// ```
    /// # use exactly::{SortedSet, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let board: SortedSet<u64> = SortedSet::new(&store, "board");
    /// board.insert_many((0..100_u64).map(|number| (number, number as f64))).await?;
    /// assert_eq!(board.remove_range(..-10).await?, 90);
    /// assert_eq!(board.first().await?, Some((90, 90.0)));
    /// # Ok(()) }
    /// ```
    pub fn remove_range(&self, ranks: impl RangeBounds<i64>) -> Call<'_, RemoveRange> {
        let (first, last) = first_and_last(&ranks);
        Call::new(&self.object, RemoveRange { first, last }, |_, removed| Ok(removed))
    }

    /// Removes the members with scores in this range. Answers how many.
    ///
    /// # Faults
    /// *Misuse* for NaN.
    pub fn remove_by_score(&self, scores: impl RangeBounds<f64>) -> Call<'_, RemoveByScore> {
        let scores = Scores::of(&scores);
        Call::new(&self.object, RemoveByScore { scores }, |_, removed| Ok(removed))
    }

    /// Removes the member with the least score, and answers it; none when there is none. Of many
    /// who take at once, no two get the same.
    ///
    /// ```
    /// # use exactly::{SortedSet, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let jobs: SortedSet<String> = SortedSet::new(&store, "jobs");
    /// jobs.insert_many([("wash", 2.0), ("cook", 1.0)]).await?;
    /// assert_eq!(jobs.pop_min().await?, Some(("cook".to_owned(), 1.0)));
    /// assert_eq!(jobs.pop_max_many(9).await?, [("wash".to_owned(), 2.0)]);
    /// assert_eq!(jobs.pop_min().await?, None);
    /// # Ok(()) }
    /// ```
    ///
    /// Who goes away while the call is under way does not hear what was taken, if it was: under a
    /// [token](Call::token) the same call answers it again.
    ///
    /// # Faults
    /// A member is removed also when it cannot be read as `T`: the fault says so, and [has its
    /// bytes](Fault::gone).
    pub fn pop_min(&self) -> Call<'_, Pop, Option<(T, f64)>> {
        Call::new(&self.object, Pop { from: Extreme::Least, count: 1 }, gone_one)
    }

    /// Removes the member with the greatest score, and answers it; none when there is none.
    ///
    /// # Faults
    /// As [`pop_min`](SortedSet::pop_min).
    pub fn pop_max(&self) -> Call<'_, Pop, Option<(T, f64)>> {
        Call::new(&self.object, Pop { from: Extreme::Greatest, count: 1 }, gone_one)
    }

    /// Removes so many members with the least scores, and answers them, the least first; all where
    /// there are no more.
    ///
    /// # Faults
    /// *Misuse* for more than 65,536. As [`pop_min`](SortedSet::pop_min).
    pub fn pop_min_many(&self, count: u64) -> Call<'_, Pop, Vec<(T, f64)>> {
        Call::new(&self.object, Pop { from: Extreme::Least, count }, gone)
    }

    /// Removes so many members with the greatest scores, and answers them, the greatest first; all
    /// where there are no more.
    ///
    /// # Faults
    /// As [`pop_min_many`](SortedSet::pop_min_many).
    pub fn pop_max_many(&self, count: u64) -> Call<'_, Pop, Vec<(T, f64)>> {
        Call::new(&self.object, Pop { from: Extreme::Greatest, count }, gone)
    }
}

/// Of [`SortedSet::insert`] and [`SortedSet::insert_when`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    /// It was no member before.
    New,
    /// It had another score before.
    Changed,
    /// It had this score before.
    Unchanged,
    /// The limit let it go at once: there are enough members with greater scores.
    Trimmed,
    /// The condition does not hold, and nothing was changed.
    Unmet,
}

impl Inserted {
    fn of(added: Added) -> Self {
        match added {
            Added::Unmet => Self::Unmet,
            Added::Added { gone: 1.., .. } => Self::Trimmed,
            Added::Added { new: 1.., .. } => Self::New,
            Added::Added { changed: 1.., .. } => Self::Changed,
            Added::Added { .. } => Self::Unchanged,
        }
    }

    /// Whether it is a member with this score now.
    pub fn is_there(self) -> bool {
        match self {
            Self::New | Self::Changed | Self::Unchanged => true,
            Self::Trimmed | Self::Unmet => false,
        }
    }
}

fn has_it(_: &Object, added: Added) -> Result<bool, Fault> {
    Ok(Inserted::of(added).is_there())
}

/// Reads members that the call has removed by now.
fn gone<T: Form>(object: &Object, scored: Vec<Scored>) -> Result<Vec<(T, f64)>, Fault> {
    let read = |one: &Scored| match T::decode(&one.member) {
        Ok(member) => Ok((member, one.score)),
        Err(source) => {
            let place = Place::Member(one.member.clone());
            let gone: Vec<Bytes> = scored.iter().map(|one| one.member.clone()).collect();
            Err(Fault::undecodable_and_gone_at(object.key()?, &place, T::NAME, &gone, source))
        }
    };
    scored.iter().map(read).collect()
}

/// The only one of them.
fn gone_one<T: Form>(object: &Object, scored: Vec<Scored>) -> Result<Option<(T, f64)>, Fault> {
    Ok(gone(object, scored)?.pop())
}
