//! The handle of a list.

mod elements;
mod pages;
mod taking;

use std::marker::PhantomData;
use std::ops::RangeBounds;

use exactly_core::codec::Form;
use exactly_core::operations::list::{
    End, Insert, Inserted, Len, Position, Push, PushIfRoom, Pushed, Range, Remove, Replace, SetAt,
    SetAtOutcome, Side, Trim,
};
use exactly_core::{Bytes, Fault};

use crate::call::Call;
use crate::declare::{Declare, Limit};
use crate::object::{Object, common_verbs};
use crate::store::Store;

use elements::{ALL, decode, encode, encode_all, ends, first_index, room};
pub use pages::ListPages;

/// Elements in an order, put and taken at both ends.
///
/// The race: two workers read the first job of a list, and both do it before either has removed it;
/// a list that is to hold the last ten entries holds an eleventh until somebody has trimmed it; one
/// that is written anew is empty for a moment, and whoever reads it then shows nothing. The end of
/// it: whoever [pops](List::pop_front) an element has it alone, what a [limit](List::with_limit)
/// drops goes in the step that pushes, and [`replace`](List::replace) is one step.
///
/// ```
/// # use exactly::{List, Store};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// let visitors: List<String> = List::new(&store, "visitors").with_limit(2);
/// for name in ["ada", "grace", "barbara"] {
///     visitors.push_back(name).await?;
/// }
/// assert_eq!(visitors.all().await?, ["grace", "barbara"]);
/// assert_eq!(visitors.pop_front().await?.as_deref(), Some("grace"));
/// # Ok(()) }
/// ```
///
/// Indices count from 0 at the front, and from -1 at the back. A list that is empty is not stored:
/// its time to live ends with its last element.
///
/// `T` is any [`Form`]. Elements are looked for as they are written: two are equal if they are
/// written alike. As `List<Bytes>` any list can be read, whatever is in it.
#[derive(Debug)]
pub struct List<T> {
    object: Object,
    form: PhantomData<fn() -> T>,
}

common_verbs!(List<T: Form>);

impl<T: Form> Clone for List<T> {
    fn clone(&self) -> Self {
        Self::declare(self.object.clone())
    }
}

/// Making one.
impl<T: Form> List<T> {
    /// A list that stands alone, under this name.
    pub fn new(store: &Store, name: &str) -> Self {
        Self::declare(Object::alone(store, name))
    }

    /// With at most so many elements: whoever pushes at one end drops what is too much at the
    /// other, in the same step. Nobody ever sees more. Zero is *misuse* at the first write.
    ///
    /// Two handles with different limits on one list each keep their own when they write.
    #[must_use]
    pub fn with_limit(mut self, limit: u64) -> Self {
        self.object.set_limit(limit);
        self
    }
}

/// Reading.
impl<T: Form> List<T> {
    /// How many elements there are.
    pub fn len(&self) -> Call<'_, Len> {
        Call::new(&self.object, Len {}, |_, len| Ok(len))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> Call<'_, Len, bool> {
        Call::new(&self.object, Len {}, |_, len| Ok(len == 0))
    }

    /// All elements, from front to back, read in one step. Of a very long list rather
    /// [pages](List::pages).
    ///
    /// # Faults
    /// *Misuse* when an element cannot be read as `T`, with its [index](Fault::place); the list
    /// stays as it is, and [`all_bytes`](List::all_bytes) reads it.
    pub fn all(&self) -> Call<'_, Range, Vec<T>> {
        Call::new(&self.object, ALL, |object, found| decode(object, 0, &found))
    }

    /// The element at this index, counted from the back if it is negative.
    ///
    /// ```
    /// # use exactly::{List, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let steps: List<u64> = List::new(&store, "steps");
    /// steps.push_back_many([10_u64, 20, 30]).await?;
    /// assert_eq!(steps.get(0).await?, Some(10));
    /// assert_eq!(steps.get(-1).await?, Some(30));
    /// assert_eq!(steps.get(3).await?, None);
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// As [`all`](List::all).
    pub async fn get(&self, index: i64) -> Result<Option<T>, Fault> {
        let found = self.get_bytes(index).await?;
        Ok(decode(&self.object, index, found.as_slice())?.pop())
    }

    /// The first element.
    ///
    /// # Faults
    /// As [`all`](List::all).
    pub fn first(&self) -> Call<'_, Range, Option<T>> {
        Call::new(&self.object, Range { from: 0, to: 0 }, |object, found| {
            Ok(decode(object, 0, &found)?.pop())
        })
    }

    /// The last element.
    ///
    /// # Faults
    /// As [`all`](List::all).
    pub fn last(&self) -> Call<'_, Range, Option<T>> {
        Call::new(&self.object, Range { from: -1, to: -1 }, |object, found| {
            Ok(decode(object, -1, &found)?.pop())
        })
    }

    /// The elements with these indices, read in one step; what lies outside is left out.
    ///
    /// ```
    /// # use exactly::{List, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let steps: List<u64> = List::new(&store, "steps");
    /// steps.push_back_many([10_u64, 20, 30, 40]).await?;
    /// assert_eq!(steps.range(1..3).await?, [20, 30]);
    /// assert_eq!(steps.range(-2..).await?, [30, 40]);
    /// assert_eq!(steps.range(..-1).await?, [10, 20, 30]);
    /// assert_eq!(steps.range(2..99).await?, [30, 40]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// As [`all`](List::all).
    pub async fn range(&self, indices: impl RangeBounds<i64>) -> Result<Vec<T>, Fault> {
        let range = ends(&indices);
        let found = self.call_range(range.clone()).await?;
        decode(&self.object, first_index(&range, found.len()), &found)
    }

    /// The list page by page, from front to back, so many elements on each but the last.
    ///
    /// Each page is read in one step; between two of them the list may change. An element whose
    /// index stays what it is while the pages are read is on exactly one of them: what happens at
    /// the back disturbs nobody. What is pushed at the front meanwhile shifts elements onto a
    /// second page, what is popped there shifts others past the reader. Where lists change at the
    /// front there is [`pages_from_back`](List::pages_from_back); all elements of one moment are
    /// read by [`all`](List::all).
    ///
    /// ```
    /// # use exactly::{List, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let steps: List<u64> = List::new(&store, "steps");
    /// steps.push_back_many(1..=5_u64).await?;
    /// let mut pages = steps.pages(2);
    /// let mut sizes = Vec::new();
    /// while let Some(page) = pages.next_page().await? {
    ///     sizes.push(page.len());
    /// }
    /// assert_eq!(sizes, [2, 2, 1]);
    /// # Ok(()) }
    /// ```
    pub fn pages(&self, size: u64) -> ListPages<'_, T> {
        ListPages::new(self, End::Front, size)
    }

    /// As [`pages`](List::pages), from back to front, the last element first: what happens at the
    /// front disturbs nobody.
    pub fn pages_from_back(&self, size: u64) -> ListPages<'_, T> {
        ListPages::new(self, End::Back, size)
    }

    /// The index of the first element that equals this one.
    ///
    /// # Faults
    /// *Misuse* when it cannot be written in its form.
    pub fn position(&self, element: impl Into<T>) -> Call<'_, Position, Option<u64>> {
        self.call_position(element.into(), End::Front)
    }

    /// The index of the last element that equals this one.
    ///
    /// # Faults
    /// As [`position`](List::position).
    pub fn last_position(&self, element: impl Into<T>) -> Call<'_, Position, Option<u64>> {
        self.call_position(element.into(), End::Back)
    }

    /// Whether an element equals this one.
    ///
    /// # Faults
    /// As [`position`](List::position).
    pub fn contains(&self, element: impl Into<T>) -> Call<'_, Position, bool> {
        let element = encode(&self.object, &element.into());
        let position = element.map(|element| Position { element, end: End::Front });
        Call::fallible(&self.object, position, |_, found| Ok(found.is_some()))
    }

    /// The bytes of all elements, whatever they are.
    pub fn all_bytes(&self) -> Call<'_, Range> {
        self.call_range(ALL)
    }

    /// The bytes of the element at this index, whatever they are.
    pub fn get_bytes(&self, index: i64) -> Call<'_, Range, Option<Bytes>> {
        let range = Range { from: index, to: index };
        Call::new(&self.object, range, |_, mut found| Ok(found.pop()))
    }

    /// The bytes of the elements with these indices, whatever they are.
    pub fn range_bytes(&self, indices: impl RangeBounds<i64>) -> Call<'_, Range> {
        self.call_range(ends(&indices))
    }

    fn call_range(&self, range: Range) -> Call<'_, Range> {
        Call::new(&self.object, range, |_, found| Ok(found))
    }

    fn call_position(&self, element: T, end: End) -> Call<'_, Position, Option<u64>> {
        let element = encode(&self.object, &element);
        let position = element.map(|element| Position { element, end });
        Call::fallible(&self.object, position, |_, found| Ok(found))
    }
}

/// Putting.
impl<T: Form> List<T> {
    /// Puts an element at the back, and answers how many there are then. With a
    /// [limit](List::with_limit) what is too much goes at the front, in the same step. A bare
    /// number is an `i32` here, as everywhere in Rust: for a `List<u64>` write `push_back(5_u64)`.
    ///
    /// # Faults
    /// *Misuse* when the element cannot be written in its form, or is too long.
    pub fn push_back(&self, element: impl Into<T>) -> Call<'_, Push, u64> {
        self.push(End::Back, [element])
    }

    /// Puts an element at the front, and answers how many there are then. With a
    /// [limit](List::with_limit) what is too much goes at the back, in the same step.
    ///
    /// # Faults
    /// As [`push_back`](List::push_back).
    pub fn push_front(&self, element: impl Into<T>) -> Call<'_, Push, u64> {
        self.push(End::Front, [element])
    }

    /// Puts elements at the back in one step, the last of them outermost.
    ///
    /// # Faults
    /// As [`push_back`](List::push_back), and when there are more than
    /// [`ELEMENTS_MAX`](exactly_core::ELEMENTS_MAX).
    pub fn push_back_many(
        &self,
        elements: impl IntoIterator<Item = impl Into<T>>,
    ) -> Call<'_, Push, u64> {
        self.push(End::Back, elements)
    }

    /// Puts elements at the front in one step, one after the other: the last of them comes first.
    ///
    /// # Faults
    /// As [`push_back_many`](List::push_back_many).
    pub fn push_front_many(
        &self,
        elements: impl IntoIterator<Item = impl Into<T>>,
    ) -> Call<'_, Push, u64> {
        self.push(End::Front, elements)
    }

    /// Puts an element at the back if the [limit](List::with_limit) leaves room for it: nothing is
    /// dropped.
    ///
    /// ```
    /// # use exactly::{List, PushedIfRoom, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let jobs: List<String> = List::new(&store, "jobs").with_limit(1);
    /// assert_eq!(jobs.try_push_back("sweep").await?, PushedIfRoom::Pushed { len: 1 });
    /// assert_eq!(jobs.try_push_back("mop").await?, PushedIfRoom::Full { free: 0 });
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// As [`push_back`](List::push_back).
    pub fn try_push_back(&self, element: impl Into<T>) -> Call<'_, PushIfRoom> {
        self.try_push(End::Back, [element])
    }

    /// Puts an element at the front if the [limit](List::with_limit) leaves room for it.
    ///
    /// # Faults
    /// As [`push_back`](List::push_back).
    pub fn try_push_front(&self, element: impl Into<T>) -> Call<'_, PushIfRoom> {
        self.try_push(End::Front, [element])
    }

    /// Puts all of these elements at the back in one step, or none if the
    /// [limit](List::with_limit) leaves no room for all.
    ///
    /// # Faults
    /// As [`push_back_many`](List::push_back_many).
    pub fn try_push_back_many(
        &self,
        elements: impl IntoIterator<Item = impl Into<T>>,
    ) -> Call<'_, PushIfRoom> {
        self.try_push(End::Back, elements)
    }

    /// Puts all of these elements at the front in one step, one after the other, or none if the
    /// [limit](List::with_limit) leaves no room for all.
    ///
    /// # Faults
    /// As [`push_back_many`](List::push_back_many).
    pub fn try_push_front_many(
        &self,
        elements: impl IntoIterator<Item = impl Into<T>>,
    ) -> Call<'_, PushIfRoom> {
        self.try_push(End::Front, elements)
    }

    fn push(
        &self,
        end: End,
        elements: impl IntoIterator<Item = impl Into<T>>,
    ) -> Call<'_, Push, u64> {
        let both =
            encode_all(&self.object, elements).and_then(|all| Ok((all, self.object.limit()?)));
        let push = both.map(|(elements, limit)| Push { end, elements, limit });
        Call::fallible(&self.object, push, |_, Pushed { len, .. }| Ok(len))
    }

    fn try_push(
        &self,
        end: End,
        elements: impl IntoIterator<Item = impl Into<T>>,
    ) -> Call<'_, PushIfRoom> {
        let both =
            encode_all(&self.object, elements).and_then(|all| Ok((all, room(&self.object)?)));
        let push = both.map(|(elements, limit)| PushIfRoom { end, elements, limit });
        Call::fallible(&self.object, push, |_, outcome| Ok(outcome))
    }
}

/// Changing.
impl<T: Form> List<T> {
    /// Overwrites the element at this index, counted from the back if it is negative.
    ///
    /// # Faults
    /// *Misuse* when there is no such element: where that is to be expected there is
    /// [`try_set`](List::try_set). As [`push_back`](List::push_back).
    pub fn set(&self, index: i64, to: impl Into<T>) -> Call<'_, SetAt, ()> {
        self.call_set(index, &to.into(), |object, outcome| match outcome {
            SetAtOutcome::Set => Ok(()),
            SetAtOutcome::OutOfRange { len } => Err(Fault::bad_setting(
                object.key()?,
                format!(
                    "no element has this index, for there are {len}; nothing was changed: \
                     `try_set` answers that"
                ),
            )),
        })
    }

    /// Overwrites the element at this index, if there is one.
    ///
    /// # Faults
    /// As [`push_back`](List::push_back).
    pub fn try_set(&self, index: i64, to: impl Into<T>) -> Call<'_, SetAt> {
        self.call_set(index, &to.into(), |_, outcome| Ok(outcome))
    }

    /// Puts an element in front of the first one that equals `pivot`. Refused where none does, and
    /// where the [limit](List::with_limit) leaves no room: which other to drop nobody has said.
    ///
    /// ```
    /// # use exactly::{List, ListInserted, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let jobs: List<String> = List::new(&store, "jobs");
    /// jobs.push_back_many(["sweep", "dust"]).await?;
    /// assert_eq!(jobs.insert_before("dust", "mop").await?, ListInserted::Inserted { len: 3 });
    /// assert_eq!(jobs.all().await?, ["sweep", "mop", "dust"]);
    /// assert_eq!(jobs.insert_after("paint", "tidy").await?, ListInserted::NoPivot);
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// As [`push_back`](List::push_back).
    pub fn insert_before(&self, pivot: impl Into<T>, element: impl Into<T>) -> Call<'_, Insert> {
        self.insert(Side::Before, &pivot.into(), &element.into())
    }

    /// Puts an element behind the first one that equals `pivot`.
    ///
    /// # Faults
    /// As [`insert_before`](List::insert_before).
    pub fn insert_after(&self, pivot: impl Into<T>, element: impl Into<T>) -> Call<'_, Insert> {
        self.insert(Side::After, &pivot.into(), &element.into())
    }

    /// Removes all elements that equal this one. Answers how many there were.
    ///
    /// # Faults
    /// *Misuse* when it cannot be written in its form.
    pub fn remove(&self, element: impl Into<T>) -> Call<'_, Remove> {
        self.call_remove(&element.into(), End::Front, None)
    }

    /// Removes up to so many elements that equal this one, beginning at the front. Answers how many
    /// it removed.
    ///
    /// # Faults
    /// As [`remove`](List::remove).
    pub fn remove_first(&self, element: impl Into<T>, count: u64) -> Call<'_, Remove> {
        self.call_remove(&element.into(), End::Front, Some(count))
    }

    /// Removes up to so many elements that equal this one, beginning at the back. Answers how many
    /// it removed.
    ///
    /// # Faults
    /// As [`remove`](List::remove).
    pub fn remove_last(&self, element: impl Into<T>, count: u64) -> Call<'_, Remove> {
        self.call_remove(&element.into(), End::Back, Some(count))
    }

    /// Keeps the elements with these indices and removes all others. Answers how many it removed.
    ///
    /// ```
    /// # use exactly::{List, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let steps: List<u64> = List::new(&store, "steps");
    /// steps.push_back_many(0..10_u64).await?;
    /// assert_eq!(steps.trim(-3..).await?, 7);
    /// assert_eq!(steps.all().await?, [7, 8, 9]);
    /// # Ok(()) }
    /// ```
    pub fn trim(&self, indices: impl RangeBounds<i64>) -> Call<'_, Trim> {
        let Range { from, to } = ends(&indices);
        Call::new(&self.object, Trim { from, to }, |_, removed| Ok(removed))
    }

    /// Replaces all elements in one step: nobody sees the list empty, half written, or with old and
    /// new elements. Answers how many there were. By no elements it is emptied. Of more than the
    /// [limit](List::with_limit) the last ones stay.
    ///
    /// ```
    /// # use exactly::{List, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let menu: List<String> = List::new(&store, "menu");
    /// menu.push_back("soup").await?;
    /// assert_eq!(menu.replace(["bread", "cheese"]).await?, 1);
    /// assert_eq!(menu.all().await?, ["bread", "cheese"]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// As [`push_back_many`](List::push_back_many).
    pub fn replace(&self, with: impl IntoIterator<Item = impl Into<T>>) -> Call<'_, Replace> {
        let both = encode_all(&self.object, with).and_then(|all| Ok((all, self.object.limit()?)));
        let replace = both.map(|(with, limit)| Replace { with, limit });
        Call::fallible(&self.object, replace, |_, before| Ok(before))
    }

    fn call_set<R>(
        &self,
        index: i64,
        to: &T,
        read: fn(&Object, SetAtOutcome) -> Result<R, Fault>,
    ) -> Call<'_, SetAt, R> {
        let set = encode(&self.object, to).map(|to| SetAt { index, to });
        Call::fallible(&self.object, set, read)
    }

    fn insert(&self, side: Side, pivot: &T, element: &T) -> Call<'_, Insert> {
        let both = encode(&self.object, pivot).and_then(|pivot| {
            let (element, limit) = (encode(&self.object, element)?, self.object.limit()?);
            Ok(Insert { side, pivot, element, limit })
        });
        Call::fallible(&self.object, both, |_, outcome: Inserted| Ok(outcome))
    }

    fn call_remove(&self, element: &T, end: End, count: Option<u64>) -> Call<'_, Remove> {
        let remove = encode(&self.object, element);
        let remove = remove.map(|element| Remove { element, end, count });
        Call::fallible(&self.object, remove, |_, removed| Ok(removed))
    }
}

impl<T: Form> Declare for List<T> {
    fn declare(object: Object) -> Self {
        Self { object, form: PhantomData }
    }
}

impl<T: Form> Limit for List<T> {
    const LEAST: u64 = 1;

    fn limit(self, limit: u64) -> Self {
        self.with_limit(limit)
    }
}
