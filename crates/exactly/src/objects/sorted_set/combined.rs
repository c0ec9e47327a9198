//! Several sorted sets put together.

use std::marker::PhantomData;

use exactly_core::codec::Form;
use exactly_core::operations::set::Combination;
use exactly_core::operations::sorted_set::{Aggregate, Combine, StoreCombined};
use exactly_core::{Fault, Key};

use super::{SortedSet, members};
use crate::call::Call;
use crate::element::most;
use crate::object::Object;
use crate::objects::set::Set;

/// One of several sets that are put together, and what its scores are multiplied by: made from
/// `&set`, whose weight is 1, or from `(&set, weight)`. A [`Set`] has no scores and counts as if
/// each were 1.
#[derive(Debug)]
pub struct Weighed<'a, T> {
    object: &'a Object,
    weight: f64,
    form: PhantomData<fn() -> T>,
}

impl<'a, T: Form> From<&'a SortedSet<T>> for Weighed<'a, T> {
    fn from(set: &'a SortedSet<T>) -> Self {
        Self::from((set, 1.0))
    }
}

impl<'a, T: Form> From<(&'a SortedSet<T>, f64)> for Weighed<'a, T> {
    fn from((set, weight): (&'a SortedSet<T>, f64)) -> Self {
        Self { object: &set.object, weight, form: PhantomData }
    }
}

impl<'a, T: Form> From<&'a Set<T>> for Weighed<'a, T> {
    fn from(set: &'a Set<T>) -> Self {
        Self::from((set, 1.0))
    }
}

impl<'a, T: Form> From<(&'a Set<T>, f64)> for Weighed<'a, T> {
    fn from((set, weight): (&'a Set<T>, f64)) -> Self {
        Self { object: set.as_ref(), weight, form: PhantomData }
    }
}

/// Several sorted sets put together, all of one moment. A member of several has the sum of its
/// scores, or what [`Aggregate`] says; a weight multiplies the scores of one set.
///
/// They are of one store. On a Redis Cluster they are fields of one group with one id as well: it
/// has all keys of an operation on one slot, and *misuse* says so where they are not. The order in
/// which an engine sums up is its own, and so is the last digit of a sum that is rounded. Reading
/// unions, intersections and differences needs Redis 6.2.
impl<T: Form> SortedSet<T> {
    /// The members of this set and of the others, the least score first.
    ///
    /// ```
    /// # use exactly::{Set, SortedSet, Store, Weighed};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let board = |month| SortedSet::<String>::new(&store, month);
    /// let (may, june) = (board("may"), board("june"));
    /// may.insert_many([("Ada", 5.0), ("Bob", 3.0)]).await?;
    /// june.insert_many([("Ada", 1.0), ("Cem", 4.0)]).await?;
    /// let both = may.union([&june]).await?;
    /// assert_eq!(both.last(), Some(&("Ada".to_owned(), 6.0)));
    /// let twice = may.union([(&june, 2.0)]).await?;
    /// assert_eq!(twice.last(), Some(&("Cem".to_owned(), 8.0)));
    ///
    /// // A set without scores: those with whom it is put together count one more, or five.
    /// let helpers: Set<String> = Set::new(&store, "helpers");
    /// helpers.add("Bob").await?;
    /// let thanked = may.union([Weighed::from(&june), Weighed::from((&helpers, 5.0))]).await?;
    /// assert_eq!(thanked.last(), Some(&("Bob".to_owned(), 8.0)));
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// *Misuse* for more than 256 sets, a weight that is not finite, or when one is in another
    /// store; as [`all`](SortedSet::all).
    pub fn union<'s>(
        &self,
        others: impl IntoIterator<Item = impl Into<Weighed<'s, T>>>,
    ) -> Call<'_, Combine, Vec<(T, f64)>>
    where
        T: 's,
    {
        self.combine(Combination::Union, 1.0, others, Aggregate::Sum)
    }

    /// The members of this set that are members of all others too, the least score first.
    ///
    /// # Faults
    /// As [`union`](SortedSet::union).
    pub fn intersection<'s>(
        &self,
        others: impl IntoIterator<Item = impl Into<Weighed<'s, T>>>,
    ) -> Call<'_, Combine, Vec<(T, f64)>>
    where
        T: 's,
    {
        self.combine(Combination::Intersection, 1.0, others, Aggregate::Sum)
    }

    /// The members of this set that are members of no other, with their scores here.
    ///
    /// # Faults
    /// As [`union`](SortedSet::union), and for a weight other than 1: there is nothing to weigh.
    pub fn difference<'s>(
        &self,
        others: impl IntoIterator<Item = impl Into<Weighed<'s, T>>>,
    ) -> Call<'_, Combine, Vec<(T, f64)>>
    where
        T: 's,
    {
        self.combine(Combination::Difference, 1.0, others, Aggregate::Sum)
    }

    /// This set, with this weight, put together with the others.
    ///
    /// ```
    /// # use exactly::{Aggregate, Combination, SortedSet, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let board = |month| SortedSet::<String>::new(&store, month);
    /// let (may, june) = (board("may"), board("june"));
    /// may.insert("Ada", 5.0).await?;
    /// june.insert("Ada", 7.0).await?;
    /// let best = may.combine(Combination::Union, 1.0, [&june], Aggregate::Greatest).await?;
    /// assert_eq!(best, [("Ada".to_owned(), 7.0)]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// As [`union`](SortedSet::union).
    pub fn combine<'s>(
        &self,
        how: Combination,
        weight: f64,
        others: impl IntoIterator<Item = impl Into<Weighed<'s, T>>>,
        aggregate: Aggregate,
    ) -> Call<'_, Combine, Vec<(T, f64)>>
    where
        T: 's,
    {
        let combine = self.keys(others).map(|with| Combine { how, weight, with, aggregate });
        Call::fallible(&self.object, combine, members)
    }

    /// Stores the members of these sets here, in place of what is stored, in one step. This set may
    /// be among them. Keeps to the limit and the time to live that this handle declares. Answers
    /// how many there are.
    ///
    /// ```
    /// # use exactly::{SortedSet, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let board = |month| SortedSet::<String>::new(&store, month);
    /// let (may, june) = (board("may"), board("june"));
    /// may.insert_many([("Ada", 5.0), ("Bob", 3.0)]).await?;
    /// june.insert_many([("Ada", 1.0), ("Cem", 4.0)]).await?;
    /// let year = SortedSet::new(&store, "year").with_limit(2);
    /// assert_eq!(year.store_union([&may, &june]).await?, 2);
    /// assert_eq!(year.top(1).await?, [("Ada".to_owned(), 6.0)]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// *Misuse* for none or more than 256 sets, a weight that is not finite, or when one is in
    /// another store.
    pub fn store_union<'s>(
        &self,
        of: impl IntoIterator<Item = impl Into<Weighed<'s, T>>>,
    ) -> Call<'_, StoreCombined, u64>
    where
        T: 's,
    {
        self.store_combined(Combination::Union, of, Aggregate::Sum)
    }

    /// As [`store_union`](SortedSet::store_union), of the members that all of these sets have.
    ///
    /// # Faults
    /// As [`store_union`](SortedSet::store_union).
    pub fn store_intersection<'s>(
        &self,
        of: impl IntoIterator<Item = impl Into<Weighed<'s, T>>>,
    ) -> Call<'_, StoreCombined, u64>
    where
        T: 's,
    {
        self.store_combined(Combination::Intersection, of, Aggregate::Sum)
    }

    /// As [`store_union`](SortedSet::store_union), of the members of the first that no other has.
    ///
    /// # Faults
    /// As [`store_union`](SortedSet::store_union), and for a weight other than 1.
    pub fn store_difference<'s>(
        &self,
        of: impl IntoIterator<Item = impl Into<Weighed<'s, T>>>,
    ) -> Call<'_, StoreCombined, u64>
    where
        T: 's,
    {
        self.store_combined(Combination::Difference, of, Aggregate::Sum)
    }

    /// As [`store_union`](SortedSet::store_union) and its like, with what becomes of the scores.
    ///
    /// # Faults
    /// As [`store_union`](SortedSet::store_union).
    pub fn store_combined<'s>(
        &self,
        how: Combination,
        of: impl IntoIterator<Item = impl Into<Weighed<'s, T>>>,
        aggregate: Aggregate,
    ) -> Call<'_, StoreCombined, u64>
    where
        T: 's,
    {
        let limit = most(&self.object, self.limit);
        let store =
            self.keys(of).and_then(|of| Ok(StoreCombined { how, of, aggregate, limit: limit? }));
        Call::fallible(&self.object, store, |_, len| Ok(len))
    }

    fn keys<'s>(
        &self,
        sets: impl IntoIterator<Item = impl Into<Weighed<'s, T>>>,
    ) -> Result<Vec<(Key, f64)>, Fault>
    where
        T: 's,
    {
        let key = |set: Weighed<'s, T>| Ok((self.object.key_of_other(set.object)?, set.weight));
        sets.into_iter().map(|set| key(set.into())).collect()
    }
}
