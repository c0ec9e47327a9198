//! The objects that belong to one thing of the user's.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use exactly_core::operations::key::Delete;
use exactly_core::{Batch, BoxFuture, Fault, Operation, Outcome, Pattern, Reply, Step};
use tracing::warn;

use crate::declare::{Group, Member};
use crate::id::Id;
use crate::keys::{Ids, Keys};
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

    /// The ids of all things of the group of which something is stored, page by page: under keys
    /// of the group, in this store. What a field keeps under a name of its own, or in another
    /// store, is not looked at.
    ///
    /// ```
    /// # use exactly::{Counter, Objects, Store};
    /// #[derive(Objects)]
    /// #[exactly(name = "course")]
    /// struct Course {
    ///     taken: Counter,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// Course::at(&store, 42).taken.increment().await?;
    /// assert_eq!(Course::ids(&store).collect_all().await?, ["42"]);
    /// # Ok(()) }
    /// ```
    fn ids(store: &Store) -> Ids {
        Ids::new(Self::keys(store))
    }

    /// The keys of the group at which something is stored, page by page: of all its things, and of
    /// what they share.
    fn keys(store: &Store) -> Keys {
        Keys::new(store, Pattern::group(store.namespace(), Self::GROUP))
    }

    /// Deletes every object of the thing in one atomic change, and answers how many there were.
    /// What all things of the group share stays.
    ///
    /// If fields live in several stores, it is one atomic change in each, one after the other in
    /// the order of the fields. There is a moment at which the objects in one store are gone and
    /// those in the next are not; a caller who goes away in that moment has the rest deleted in the
    /// background.
    ///
    /// # Faults
    /// As the engine says; then none is deleted. With several stores, *unknown* if it fails in one
    /// after it was done in another: deleting again deletes the rest.
    fn delete_all(&self) -> impl Future<Output = Result<usize, Fault>> + Send {
        let parts = parts(&self.objects());
        async move {
            let mut parts = parts?;
            match (parts.pop(), parts.is_empty()) {
                (None, _) => Ok(0),
                (Some((store, batch)), true) => delete(&store, batch).await,
                (Some(last), false) => {
                    parts.push(last);
                    Deleting::new(parts).await
                }
            }
        }
    }
}

/// One batch for each store, so that whatever is wrong with a key is known before anything is
/// deleted.
fn parts(members: &[Member<'_>]) -> Result<Vec<(Store, Batch)>, Fault> {
    let mut parts: Vec<(Store, Batch)> = Vec::new();
    for object in members.iter().filter(|member| !member.is_global()).map(Member::object) {
        let step = Step::new(object.key()?.clone(), Delete {}.into_op());
        match parts.iter_mut().find(|(store, _)| store.is(object.store())) {
            Some((_, batch)) => batch.steps.push(step),
            None => parts.push((object.store().clone(), Batch::one(step))),
        }
    }
    Ok(parts)
}

async fn delete(store: &Store, batch: Batch) -> Result<usize, Fault> {
    match store.apply(batch).await? {
        Reply::Applied(outcomes) => Ok(outcomes.into_iter().filter(was).count()),
        Reply::Refused(_) => Err(Fault::broken("a delete cannot be refused, and was")),
    }
}

fn was(outcome: &Outcome) -> bool {
    Delete::outcome(outcome.clone()) == Some(true)
}

async fn delete_in_each(parts: Vec<(Store, Batch)>) -> Result<usize, Fault> {
    let (mut deleted, stores) = (0, parts.len());
    for (done, (store, batch)) in parts.into_iter().enumerate() {
        deleted += match delete(&store, batch).await {
            Ok(deleted) => deleted,
            Err(fault) if done == 0 => return Err(fault),
            Err(fault) => {
                let done = format!(
                    "in {done} of {stores} stores the objects are deleted: delete again for the \
                     rest"
                );
                return Err(fault.in_part(done));
            }
        };
    }
    Ok(deleted)
}

/// Deleting in several stores: once begun, it is carried to its end.
struct Deleting {
    /// Whose background it is carried on in.
    store: Option<Store>,
    flight: Option<BoxFuture<'static, Result<usize, Fault>>>,
    begun: bool,
}

impl Deleting {
    fn new(parts: Vec<(Store, Batch)>) -> Self {
        let store = parts.first().map(|(store, _)| store.clone());
        Self { store, flight: Some(Box::pin(delete_in_each(parts))), begun: false }
    }
}

impl Future for Deleting {
    type Output = Result<usize, Fault>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.begun = true;
        let Some(flight) = &mut self.flight else { return Poll::Pending };
        let polled = flight.as_mut().poll(cx);
        if polled.is_ready() {
            self.flight = None;
        }
        polled
    }
}

impl Drop for Deleting {
    fn drop(&mut self) {
        let (Some(store), Some(flight), true) = (&self.store, self.flight.take(), self.begun)
        else {
            return;
        };
        store.background().run(Box::pin(async move {
            if let Err(fault) = flight.await {
                warn!(target: "exactly", "the deletion of a group whose caller went away: {fault}");
            }
        }));
    }
}
