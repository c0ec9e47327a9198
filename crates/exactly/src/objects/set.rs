//! The handle of a set.

mod pages;

use std::marker::PhantomData;

use exactly_core::codec::Form;
use exactly_core::operations::set::{
    Add, Added, All, Combination, Combine, Contains, Len, Move, Moved, Pop, Random, Remove,
    Replace, Replaced, StoreCombined,
};
use exactly_core::{Bytes, Destination, Fault, Few, Key, Members};

use crate::call::Call;
use crate::declare::{Declare, Limit};
use crate::element::{self, encode, encode_all, most};
use crate::object::{Object, common_verbs};
use crate::store::Store;

pub use pages::SetPages;

/// Members, each once, in no order.
///
/// The race: a course of 30 has 29 students. Two requests count them, both find a place free, and
/// both enrol: 31. Or two workers read the same open task, both remove it, and both do it. The end
/// of it: [`try_add`](Set::try_add) looks and adds in one step, [`pop`](Set::pop) finds and removes
/// in one.
///
/// ```
/// # use exactly::{Set, SetAdded, Store};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// let students: Set<String> = Set::new(&store, "students").with_limit(2);
/// assert_eq!(students.try_add("Ada").await?, SetAdded::Added { new: 1 });
///
/// // Counting and adding apart lets in two where there is one place ...
/// let (mine, yours) = (students.len().await?, students.len().await?);
/// assert!(mine < 2 && yours < 2);
///
/// // ... adding within the limit is one step.
/// assert_eq!(students.try_add("Bob").await?, SetAdded::Added { new: 1 });
/// assert_eq!(students.try_add("Cem").await?, SetAdded::Full { free: 0 });
/// # Ok(()) }
/// ```
///
/// # Members
///
/// `T` is any [`Form`]. What is stored are its bytes, and two members are one where their bytes are
/// equal, so a value must always be written alike. Texts, numbers and moments are. What serde
/// writes ([`Json`](crate::Json), [`MsgPack`](crate::MsgPack)) must not hold a `HashMap` or
/// `HashSet`, which tell their own elements in any order (a `BTreeMap` does not). The table at
/// [`Form`] says it of every type.
///
/// # Limit
///
/// What a handle [declares](Set::with_limit) as the limit is looked at in the same step as every
/// write that adds members: they are all in, or none is. Whoever is a member already needs no room.
/// Handles of one set should declare the same: each keeps to its own.
///
/// # Looking at members to remove them
///
/// There is no `remove_if` or `retain`: between reading and removing, others would go on. None is
/// needed, for a member is nothing but its value: read a [page](Set::pages), decide, and
/// [`remove_many`](Set::remove_many) those; whoever came meanwhile stays, and whoever went is not
/// there to be removed. To keep just what you computed, [`replace`](Set::replace) all in one step.
#[derive(Debug)]
pub struct Set<T> {
    object: Object,
    limit: Option<u64>,
    form: PhantomData<fn() -> T>,
}

common_verbs!(Set<T: Form>);

impl<T: Form> Clone for Set<T> {
    fn clone(&self) -> Self {
        Self { limit: self.limit, ..Self::declare(self.object.clone()) }
    }
}

/// Making one.
impl<T: Form> Set<T> {
    /// A set that stands alone, under this name.
    pub fn new(store: &Store, name: &str) -> Self {
        Self::declare(Object::alone(store, name))
    }

    /// Keeps to so many members at most. A limit of 0 is *misuse* at the first call.
    #[must_use]
    pub fn with_limit(mut self, limit: u64) -> Self {
        self.limit = Some(limit);
        self
    }
}

/// Reading: each is a look at one moment.
impl<T: Form> Set<T> {
    /// How many members there are.
    pub fn len(&self) -> Call<'_, Len> {
        Call::new(&self.object, Len {}, |_, len| Ok(len))
    }

    /// Is nobody a member?
    pub fn is_empty(&self) -> Call<'_, Len, bool> {
        Call::new(&self.object, Len {}, |_, len| Ok(len == 0))
    }

    /// Is this a member?
    ///
    /// # Faults
    /// *Misuse* when it cannot be written in its form.
    pub fn contains(&self, member: impl Into<T>) -> Call<'_, Contains, bool> {
        let contains = self.encode(member).map(|member| Contains { members: only(member) });
        Call::fallible(&self.object, contains, |_, there| Ok(there.first() == Some(&true)))
    }

    /// Whether each of these is a member, in their order, all of one moment.
    ///
    /// ```
    /// # use exactly::{Set, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let primes: Set<u64> = Set::new(&store, "primes");
    /// primes.add_many([2_u64, 3, 5]).await?;
    /// assert_eq!(primes.contains_many([2_u64, 4, 5]).await?, [true, false, true]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// *Misuse* when one cannot be written in its form, or for more than 65,536.
    pub fn contains_many(
        &self,
        members: impl IntoIterator<Item = impl Into<T>>,
    ) -> Call<'_, Contains, Vec<bool>> {
        let contains = self.encode_all(members).map(|members| Contains { members });
        Call::fallible(&self.object, contains, |_, there| Ok(there.into_vec()))
    }

    /// All members, in no order: `set.all().await?.into_iter().collect::<HashSet<_>>()` is one that
    /// you can ask. Large sets are better read in [pages](Set::pages).
    ///
    /// # Faults
    /// *Misuse* that names the member when one cannot be read as `T`; all bytes stay, and
    /// [`all_bytes`](Set::all_bytes) reads them.
    pub fn all(&self) -> Call<'_, All, Vec<T>> {
        Call::new(&self.object, All {}, element::members)
    }

    /// The bytes of all members, whatever they are.
    pub fn all_bytes(&self) -> Call<'_, All, Vec<Bytes>> {
        Call::new(&self.object, All {}, |_, Members(all)| Ok(all))
    }

    /// All members, about `size` at a time: for sets too large to be read at once.
    ///
    /// ```
    /// # use exactly::{Set, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let guests: Set<String> = Set::new(&store, "guests");
    /// guests.add_many(["Ada", "Bob", "Cem"]).await?;
    /// let mut pages = guests.pages(2);
    /// while let Some(page) = pages.next_page().await? {
    ///     let cancelled: Vec<_> = page.into_iter().filter(|guest| guest != "Ada").collect();
    ///     guests.remove_many(cancelled).await?;
    /// }
    /// assert_eq!(guests.all().await?, ["Ada"]);
    /// # Ok(()) }
    /// ```
    pub fn pages(&self, size: u64) -> SetPages<'_, T> {
        SetPages::new(self, size)
    }

    /// A member drawn by lot, which stays; none when there is none.
    ///
    /// # Faults
    /// As [`all`](Set::all).
    pub fn random(&self) -> Call<'_, Random, Option<T>> {
        Call::new(&self.object, Random { count: 1 }, |object, drawn| {
            Ok(element::members(object, drawn)?.pop())
        })
    }

    /// So many members drawn by lot, none twice, which stay; all where there are no more.
    ///
    /// # Faults
    /// *Misuse* for more than 65,536. As [`all`](Set::all).
    pub fn random_many(&self, count: u64) -> Call<'_, Random, Vec<T>> {
        Call::new(&self.object, Random { count }, element::members)
    }
}

/// Adding: all that are given, or none.
impl<T: Form> Set<T> {
    /// Adds a member. Answers whether it is new.
    ///
    /// # Faults
    /// *Misuse* when the limit leaves no room for it, when it cannot be written in its form, or is
    /// too long.
    pub fn add(&self, member: impl Into<T>) -> Call<'_, Add, bool> {
        let members = self.encode(member).map(only);
        Call::fallible(&self.object, self.adding(members), |object, told| {
            Ok(added(object, told)? == 1)
        })
    }

    /// Adds members in one step, all or none. Answers how many are new.
    ///
    /// # Faults
    /// As [`add`](Set::add), and for more than 65,536: give them in parts.
    pub fn add_many(&self, members: impl IntoIterator<Item = impl Into<T>>) -> Call<'_, Add, u64> {
        let members = self.encode_all(members);
        Call::fallible(&self.object, self.adding(members), added)
    }

    /// Adds a member if the limit leaves room for it: of many who try at once, as many are in as
    /// there are places.
    ///
    /// # Faults
    /// *Misuse* when it cannot be written in its form, or is too long.
    pub fn try_add(&self, member: impl Into<T>) -> Call<'_, Add, Added> {
        let members = self.encode(member).map(only);
        Call::fallible(&self.object, self.adding(members), |_, told| Ok(told))
    }

    /// Adds members if the limit leaves room for all of them that are new.
    ///
    /// ```
    /// # use exactly::{Set, SetAdded, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let table: Set<String> = Set::new(&store, "table").with_limit(3);
    /// assert_eq!(table.try_add_many(["Ada", "Bob"]).await?, SetAdded::Added { new: 2 });
    /// assert_eq!(table.try_add_many(["Cem", "Didem"]).await?, SetAdded::Full { free: 1 });
    /// assert_eq!(table.try_add_many(["Ada", "Cem"]).await?, SetAdded::Added { new: 1 });
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// As [`try_add`](Set::try_add), and for more than 65,536: give them in parts.
    pub fn try_add_many(
        &self,
        members: impl IntoIterator<Item = impl Into<T>>,
    ) -> Call<'_, Add, Added> {
        let members = self.encode_all(members);
        Call::fallible(&self.object, self.adding(members), |_, told| Ok(told))
    }

    fn adding(&self, members: Result<Few<Bytes>, Fault>) -> Result<Add, Fault> {
        Ok(Add { members: members?, limit: most(&self.object, self.limit)? })
    }
}

/// Removing. With its last member a set is gone, and its time to live with it.
impl<T: Form> Set<T> {
    /// Removes a member. Answers whether it was one: of many who try at once, one is told so.
    ///
    /// # Faults
    /// *Misuse* when it cannot be written in its form.
    pub fn remove(&self, member: impl Into<T>) -> Call<'_, Remove, bool> {
        let remove = self.encode(member).map(|member| Remove { members: only(member) });
        Call::fallible(&self.object, remove, |_, removed| Ok(removed == 1))
    }

    /// Removes members in one step. Answers how many there were.
    ///
    /// # Faults
    /// As [`remove`](Set::remove), and for more than 65,536: give them in parts.
    pub fn remove_many(
        &self,
        members: impl IntoIterator<Item = impl Into<T>>,
    ) -> Call<'_, Remove, u64> {
        let remove = self.encode_all(members).map(|members| Remove { members });
        Call::fallible(&self.object, remove, |_, removed| Ok(removed))
    }

    /// Removes the member that is written like this, be it one that cannot be read as `T`. Answers
    /// whether it was a member.
    pub fn remove_bytes(&self, member: Bytes) -> Call<'_, Remove, bool> {
        Call::new(&self.object, Remove { members: only(member) }, |_, removed| Ok(removed == 1))
    }

    /// Removes a member drawn by lot, and answers it; none when there is none. Of many who take at
    /// once, no two get the same.
    ///
    /// ```
    /// # use exactly::{Set, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let tasks: Set<String> = Set::new(&store, "tasks");
    /// tasks.add_many(["wash", "cook"]).await?;
    /// let (mine, yours) = (tasks.pop().await?, tasks.pop().await?);
    /// assert!(mine.is_some() && yours.is_some() && mine != yours);
    /// assert_eq!(tasks.pop().await?, None);
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// A member is removed also when it cannot be read as `T`: the fault says so, and [has its
    /// bytes](Fault::gone).
    pub fn pop(&self) -> Call<'_, Pop, Option<T>> {
        Call::new(&self.object, Pop { count: 1 }, |object, drawn| {
            Ok(element::gone_members(object, drawn)?.pop())
        })
    }

    /// Removes so many members drawn by lot, and answers them; all where there are no more.
    ///
    /// # Faults
    /// *Misuse* for more than 65,536. As [`pop`](Set::pop).
    pub fn pop_many(&self, count: u64) -> Call<'_, Pop, Vec<T>> {
        Call::new(&self.object, Pop { count }, element::gone_members)
    }

    /// As [`pop_many`](Set::pop_many), answering the bytes of the members, whatever they are.
    ///
    /// # Faults
    /// *Misuse* for more than 65,536.
    pub fn pop_bytes(&self, count: u64) -> Call<'_, Pop, Vec<Bytes>> {
        Call::new(&self.object, Pop { count }, |_, Members(drawn)| Ok(drawn))
    }
}

/// Moving and replacing.
impl<T: Form> Set<T> {
    /// Moves a member to another set, whose limit and time to live are kept to, in one step: at any
    /// moment it is in exactly one of both. Answers whether it was a member here.
    ///
    /// # Faults
    /// *Misuse* when the other set has no room for it, or is in another store; as
    /// [`add`](Set::add).
    pub fn move_to(&self, member: impl Into<T>, to: &Self) -> Call<'_, Move, bool> {
        Call::fallible(&self.object, self.moving(member, to), |object, told| match told {
            Moved::Moved => Ok(true),
            Moved::Missing => Ok(false),
            Moved::Full => Err(Fault::out_of_bounds(
                object.key()?,
                "the set it was to be moved to is full, and nothing was changed; use the `try_` \
                 form to get that as an answer",
            )),
        })
    }

    /// Moves a member to another set, if it is one here and there is room for it there.
    ///
    /// ```
    /// # use exactly::{Set, SetMoved, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let waiting: Set<String> = Set::new(&store, "waiting");
    /// let students = Set::new(&store, "students").with_limit(1);
    /// waiting.add_many(["Ada", "Bob"]).await?;
    /// assert_eq!(waiting.try_move_to("Ada", &students).await?, SetMoved::Moved);
    /// assert_eq!(waiting.try_move_to("Bob", &students).await?, SetMoved::Full);
    /// assert_eq!(waiting.try_move_to("Cem", &students).await?, SetMoved::Missing);
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// *Misuse* when the other set is in another store; as [`try_add`](Set::try_add).
    pub fn try_move_to(&self, member: impl Into<T>, to: &Self) -> Call<'_, Move, Moved> {
        Call::fallible(&self.object, self.moving(member, to), |_, told| Ok(told))
    }

    fn moving(&self, member: impl Into<T>, to: &Self) -> Result<Move, Fault> {
        let key = self.object.key_of_other(&to.object)?;
        let limit = most(&to.object, to.limit)?;
        let to = Destination { key, limit, lifetime: to.object.lifetime() };
        Ok(Move { member: self.encode(member)?, to: Box::new(to) })
    }

    /// Replaces all members in one step: no reader sees the set empty in between, or half. With
    /// none given, nothing is stored. The time to live stays, unless the handle declares one.
    /// Answers how many members there were.
    ///
    /// ```
    /// # use exactly::{Set, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let open: Set<String> = Set::new(&store, "open");
    /// assert_eq!(open.replace(["mon", "tue"]).await?, 0);
    /// assert_eq!(open.replace(["wed"]).await?, 2);
    /// assert_eq!(open.replace([] as [String; 0]).await?, 1);
    /// assert!(!open.exists().await?);
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// *Misuse* when there are more than the limit; as [`add_many`](Set::add_many).
    pub fn replace(
        &self,
        members: impl IntoIterator<Item = impl Into<T>>,
    ) -> Call<'_, Replace, u64> {
        Call::fallible(&self.object, self.replacing(members), |object, told| match told {
            Replaced::Replaced { before, .. } => Ok(before),
            Replaced::Full { found } => Err(too_many(object, found)),
        })
    }

    /// Replaces all members in one step, if there are no more than the limit.
    ///
    /// # Faults
    /// As [`try_add_many`](Set::try_add_many).
    pub fn try_replace(
        &self,
        members: impl IntoIterator<Item = impl Into<T>>,
    ) -> Call<'_, Replace, Replaced> {
        Call::fallible(&self.object, self.replacing(members), |_, told| Ok(told))
    }

    fn replacing(&self, members: impl IntoIterator<Item = impl Into<T>>) -> Result<Replace, Fault> {
        let limit = most(&self.object, self.limit)?;
        Ok(Replace { with: encode_all(&self.object, members)?, limit })
    }
}

/// Several sets put together, all of one moment. They are of one store. On a Redis Cluster they are
/// fields of one group with one id as well, for it wants all keys of an operation on one slot:
/// where they are not, *misuse* says so. Then read each by itself, and put together what was read.
impl<T: Form> Set<T> {
    /// The members of this set and of the others.
    ///
    /// ```
    /// # use exactly::{Set, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let [ada, bob]: [Set<String>; 2] = ["ada", "bob"].map(|name| Set::new(&store, name));
    /// ada.add_many(["tea", "jam"]).await?;
    /// bob.add_many(["tea", "rum"]).await?;
    /// assert_eq!(ada.union([&bob]).await?.len(), 3);
    /// assert_eq!(ada.intersection([&bob]).await?, ["tea"]);
    /// assert_eq!(ada.difference([&bob]).await?, ["jam"]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// *Misuse* for more than 256 sets, or when one is in another store; as [`all`](Set::all).
    pub fn union<'s>(&self, others: impl IntoIterator<Item = &'s Self>) -> Call<'_, Combine, Vec<T>>
    where
        T: 's,
    {
        self.combine(Combination::Union, others)
    }

    /// The members of this set that are members of all others too.
    ///
    /// # Faults
    /// As [`union`](Set::union).
    pub fn intersection<'s>(
        &self,
        others: impl IntoIterator<Item = &'s Self>,
    ) -> Call<'_, Combine, Vec<T>>
    where
        T: 's,
    {
        self.combine(Combination::Intersection, others)
    }

    /// The members of this set that are members of no other.
    ///
    /// # Faults
    /// As [`union`](Set::union).
    pub fn difference<'s>(
        &self,
        others: impl IntoIterator<Item = &'s Self>,
    ) -> Call<'_, Combine, Vec<T>>
    where
        T: 's,
    {
        self.combine(Combination::Difference, others)
    }

    /// Stores the members of these sets here, in place of what is stored, in one step. This set may
    /// be among them. Keeps to the limit and the time to live that this handle declares. Answers
    /// how many there are.
    ///
    /// ```
    /// # use exactly::{Set, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let [ada, bob]: [Set<String>; 2] = ["ada", "bob"].map(|name| Set::new(&store, name));
    /// ada.add_many(["tea", "jam"]).await?;
    /// bob.add_many(["tea", "rum"]).await?;
    /// let shared = Set::new(&store, "shared");
    /// assert_eq!(shared.store_intersection([&ada, &bob]).await?, 1);
    /// assert_eq!(shared.all().await?, ["tea"]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// *Misuse* when there are more than the limit, for none or more than 256 sets, or when one is
    /// in another store.
    pub fn store_union<'s>(
        &self,
        of: impl IntoIterator<Item = &'s Self>,
    ) -> Call<'_, StoreCombined, u64>
    where
        T: 's,
    {
        self.store(Combination::Union, of)
    }

    /// As [`store_union`](Set::store_union), of the members that all of these sets have.
    ///
    /// # Faults
    /// As [`store_union`](Set::store_union).
    pub fn store_intersection<'s>(
        &self,
        of: impl IntoIterator<Item = &'s Self>,
    ) -> Call<'_, StoreCombined, u64>
    where
        T: 's,
    {
        self.store(Combination::Intersection, of)
    }

    /// As [`store_union`](Set::store_union), of the members of the first that no other has.
    ///
    /// # Faults
    /// As [`store_union`](Set::store_union).
    pub fn store_difference<'s>(
        &self,
        of: impl IntoIterator<Item = &'s Self>,
    ) -> Call<'_, StoreCombined, u64>
    where
        T: 's,
    {
        self.store(Combination::Difference, of)
    }

    /// As [`store_union`](Set::store_union) and its like, if there are no more than the limit.
    ///
    /// ```
    /// # use exactly::{Combination, Set, SetReplaced, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let all: Set<u64> = Set::new(&store, "all");
    /// let few = Set::new(&store, "few").with_limit(2);
    /// all.add_many([1_u64, 2, 3]).await?;
    /// let told = few.try_store(Combination::Union, [&all]).await?;
    /// assert_eq!(told, SetReplaced::Full { found: 3 });
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// *Misuse* for none or more than 256 sets, or when one is in another store.
    pub fn try_store<'s>(
        &self,
        how: Combination,
        of: impl IntoIterator<Item = &'s Self>,
    ) -> Call<'_, StoreCombined, Replaced>
    where
        T: 's,
    {
        Call::fallible(&self.object, self.storing(how, of), |_, told| Ok(told))
    }

    fn combine<'s>(
        &self,
        how: Combination,
        others: impl IntoIterator<Item = &'s Self>,
    ) -> Call<'_, Combine, Vec<T>>
    where
        T: 's,
    {
        let combine = self.keys(others).map(|with| Combine { how, with });
        Call::fallible(&self.object, combine, element::members)
    }

    fn store<'s>(
        &self,
        how: Combination,
        of: impl IntoIterator<Item = &'s Self>,
    ) -> Call<'_, StoreCombined, u64>
    where
        T: 's,
    {
        Call::fallible(&self.object, self.storing(how, of), |object, told| match told {
            Replaced::Replaced { len, .. } => Ok(len),
            Replaced::Full { found } => Err(too_many(object, found)),
        })
    }

    fn storing<'s>(
        &self,
        how: Combination,
        of: impl IntoIterator<Item = &'s Self>,
    ) -> Result<StoreCombined, Fault>
    where
        T: 's,
    {
        let limit = most(&self.object, self.limit)?;
        Ok(StoreCombined { how, of: self.keys(of)?, limit })
    }

    fn keys<'s>(&self, others: impl IntoIterator<Item = &'s Self>) -> Result<Vec<Key>, Fault>
    where
        T: 's,
    {
        others.into_iter().map(|other| self.object.key_of_other(&other.object)).collect()
    }

    fn encode(&self, member: impl Into<T>) -> Result<Bytes, Fault> {
        encode::<T>(&self.object, &member.into())
    }

    fn encode_all(
        &self,
        members: impl IntoIterator<Item = impl Into<T>>,
    ) -> Result<Few<Bytes>, Fault> {
        encode_all::<T, _>(&self.object, members)
    }
}

fn only(member: Bytes) -> Few<Bytes> {
    Few::from_buf([member])
}

fn added(object: &Object, told: Added) -> Result<u64, Fault> {
    match told {
        Added::Added { new } => Ok(new),
        Added::Full { free } => Err(Fault::out_of_bounds(
            object.key()?,
            format!(
                "the limit leaves room for {free} more members, and nothing was changed; use the \
                 `try_` form to get that as an answer"
            ),
        )),
    }
}

fn too_many(object: &Object, found: u64) -> Fault {
    let message = format!(
        "{found} members are more than the limit, and nothing was changed; use the `try_` form to \
         get that as an answer"
    );
    object.key().map_or_else(|fault| fault, |key| Fault::out_of_bounds(key, message))
}

impl<T: Form> Declare for Set<T> {
    fn declare(object: Object) -> Self {
        Self { object, limit: None, form: PhantomData }
    }
}

impl<T: Form> Limit for Set<T> {
    const LEAST: u64 = 1;

    fn limit(self, limit: u64) -> Self {
        self.with_limit(limit)
    }
}
