//! The objects that belong to one thing of the user's.

use std::borrow::Cow;

use exactly_core::operations::key::Delete;
use exactly_core::{Batch, Fault, Operation, Outcome, Reply, Step};

use crate::declare::{Group, Member};
use crate::store::Store;

/// What tells one thing of the user's from another: its id, as it goes into keys.
///
/// Implement it for a type of your own to make its objects from the thing itself:
///
/// ```
/// # use exactly::{Counter, Id, Objects, Store};
/// # use std::borrow::Cow;
/// struct Course { id: u32, title: String }
///
/// impl Id for Course {
///     fn to_id(&self) -> Cow<'_, str> { self.id.to_string().into() }
/// }
///
/// #[derive(Objects)]
/// #[exactly(name = "course")]
/// struct Enrolment { taken: Counter }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// let course = Course { id: 42, title: "Rust".to_owned() };
/// let enrolment = Enrolment::at(&store, &course);
/// assert_eq!(enrolment.taken.key()?.to_string(), "course:42:taken");
/// # Ok(()) }
/// ```
pub trait Id {
    /// The id as text. Two things of a group are the same exactly when their texts are equal.
    fn to_id(&self) -> Cow<'_, str>;
}

impl<T: Id + ?Sized> Id for &T {
    fn to_id(&self) -> Cow<'_, str> {
        (**self).to_id()
    }
}

impl Id for str {
    fn to_id(&self) -> Cow<'_, str> {
        self.into()
    }
}

impl Id for String {
    fn to_id(&self) -> Cow<'_, str> {
        self.as_str().into()
    }
}

macro_rules! whole_numbers {
    ($($number:ty),+) => {
        $(
            impl Id for $number {
                fn to_id(&self) -> Cow<'_, str> {
                    self.to_string().into()
                }
            }
        )+
    };
}

whole_numbers!(i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize);

/// A struct of handles: the objects that belong to one thing ("course 42").
///
/// Derived with [`#[derive(Objects)]`](macro@crate::Objects), which documents every option.
pub trait Objects: Sized {
    /// The group's name in keys.
    const GROUP: &'static str;

    /// Makes the handles. Called by [`Objects::at`].
    fn declare(group: &Group) -> Self;

    /// All its objects, in the order of the fields.
    fn objects(&self) -> Vec<Member<'_>>;

    /// The objects of the thing with this id. Does no I/O and needs no record, only the id.
    ///
    /// An id that cannot be part of a key (empty, too long, with NUL) is *misuse* at the first
    /// call.
    fn at(store: &Store, id: impl Id) -> Self {
        Self::declare(&Group::new(store, Self::GROUP, &id))
    }

    /// Deletes every object of the thing in one atomic change, and answers how many there were.
    /// What all things of the group share stays.
    ///
    /// # Faults
    /// As the engine says; then none is deleted.
    fn delete_all(&self) -> impl Future<Output = Result<usize, Fault>> + Send {
        let members = self.objects();
        let own: Vec<_> = members.iter().filter(|member| !member.is_global()).collect();
        let store = own.first().map(|member| member.object().store().clone());
        let batch = own
            .iter()
            .map(|member| Ok(Step::new(member.object().key()?.clone(), Delete {}.into_op())))
            .collect::<Result<Vec<_>, Fault>>()
            .map(Batch::of);
        async move {
            let Some(store) = store else { return Ok(0) };
            match store.apply(batch?).await? {
                Reply::Applied(outcomes) => Ok(outcomes.into_iter().filter(was).count()),
                Reply::Refused(_) => Err(Fault::broken("a delete cannot be refused, and was")),
            }
        }
    }
}

fn was(outcome: &Outcome) -> bool {
    Delete::outcome(outcome.clone()) == Some(true)
}
