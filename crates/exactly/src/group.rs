//! The objects that belong to one thing of the user's.

use exactly_core::operations::key::Delete;
use exactly_core::{Batch, Fault, Operation, Outcome, Reply, Step};

use crate::declare::{Group, Member};
use crate::id::Id;
use crate::store::Store;

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
