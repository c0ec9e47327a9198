//! Taking elements out of a list: popping, moving, waiting.

use std::time::Duration;

use exactly_core::codec::Form;
use exactly_core::operations::list::{End, Move, Moved, Pop, PushIfRoom, PushedIfRoom};
use exactly_core::{Bytes, Fault};

use super::List;
use super::elements::{decode_gone, pop_one, room};
use crate::call::Call;
use crate::object::Object;
use crate::wait::Wait;

/// Taking.
///
/// Who pops an element has it alone. If the caller goes away before it has heard the answer, the
/// call is carried to its end in the background, and what it took is put back at the same end.
/// After that the element is with the caller: should the whole process die, it is gone with it.
/// Where that must not be, [move](List::move_front_to) it to a list of what is under way.
impl<T: Form> List<T> {
    /// Takes the last element.
    ///
    /// # Faults
    /// *Unknown* when the element cannot be read as `T`: it is taken all the same, and the fault
    /// [has its bytes](Fault::gone).
    pub fn pop_back(&self) -> Call<'_, Pop, Option<T>> {
        self.pop(End::Back, 1, pop_one)
    }

    /// Takes the first element.
    ///
    /// # Faults
    /// As [`pop_back`](List::pop_back).
    pub fn pop_front(&self) -> Call<'_, Pop, Option<T>> {
        self.pop(End::Front, 1, pop_one)
    }

    /// Takes up to so many elements from the back in one step, the last one first.
    ///
    /// # Faults
    /// As [`pop_back`](List::pop_back), with the bytes of all that were taken.
    pub fn pop_back_many(&self, count: u64) -> Call<'_, Pop, Vec<T>> {
        self.pop(End::Back, count, decode_gone)
    }

    /// Takes up to so many elements from the front in one step, the first one first.
    ///
    /// ```
    /// # use exactly::{List, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let jobs: List<String> = List::new(&store, "jobs");
    /// jobs.push_back_many(["sweep", "mop", "dust"]).await?;
    /// assert_eq!(jobs.pop_front_many(2).await?, ["sweep", "mop"]);
    /// assert_eq!(jobs.pop_front_many(2).await?, ["dust"]);
    /// assert!(!jobs.exists().await?);
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// As [`pop_back_many`](List::pop_back_many).
    pub fn pop_front_many(&self, count: u64) -> Call<'_, Pop, Vec<T>> {
        self.pop(End::Front, count, decode_gone)
    }

    /// Takes the last element, and waits for one if there is none: at most this long.
    ///
    /// # Faults
    /// As [`pop_front_wait`](List::pop_front_wait).
    pub async fn pop_back_wait(&self, within: Duration) -> Result<Option<T>, Fault> {
        self.pop_wait(End::Back, within).await
    }

    /// Takes the first element, and waits for one if there is none: at most this long.
    ///
    /// The waiting costs the engine nothing: the caller is woken when the list changes. Of many who
    /// wait, each element goes to one. It may be given up at any point, as the loser of a `select!`
    /// or of a timeout: what was taken for nobody is put back at the front. A lost reply loses
    /// nothing either: the call that is sent again is told what the first one took.
    ///
    /// ```
    /// # use exactly::{List, Store};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let jobs: List<String> = List::new(&store, "jobs");
    /// let worker = tokio::spawn({
    ///     let jobs = jobs.clone();
    ///     async move { jobs.pop_front_wait(Duration::from_secs(60)).await }
    /// });
    /// jobs.push_back("sweep").await?;
    /// assert_eq!(worker.await.expect("no panic")?.as_deref(), Some("sweep"));
    /// assert_eq!(jobs.pop_front_wait(Duration::ZERO).await?, None);
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// As [`pop_back`](List::pop_back); *not applied* when the engine is not there to wait for.
    pub async fn pop_front_wait(&self, within: Duration) -> Result<Option<T>, Fault> {
        self.pop_wait(End::Front, within).await
    }

    async fn pop_wait(&self, end: End, within: Duration) -> Result<Option<T>, Fault> {
        let mut wait = Wait::within(within);
        loop {
            let popped = self.pop(end, 1, pop_one).await?;
            if popped.is_some() || !wait.another_look(&self.object).await? {
                return Ok(popped);
            }
        }
    }

    fn pop<R>(
        &self,
        end: End,
        count: u64,
        read: fn(&Object, Vec<Bytes>) -> Result<R, Fault>,
    ) -> Call<'_, Pop, R> {
        let call = Call::new(&self.object, Pop { end, count }, read);
        match end {
            End::Front => call.when_abandoned(|list, taken| put_back(list, End::Front, taken)),
            End::Back => call.when_abandoned(|list, taken| put_back(list, End::Back, taken)),
        }
    }
}

/// Moving, in one step: an element is in one of the two lists at any moment.
impl<T: Form> List<T> {
    /// Moves the first element to an end of another list, and answers it; with the limit and the
    /// time to live that the other handle declares. Both may be one list, which is turned then.
    ///
    /// A worker that dies with a job in its hands loses it, unless the job stands in a list of what
    /// is under way:
    ///
    /// ```
    /// # use exactly::{End, List, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let todo: List<String> = List::new(&store, "todo");
    /// let doing: List<String> = List::new(&store, "doing");
    /// todo.push_back("sweep").await?;
    /// if let Some(job) = todo.move_front_to(&doing, End::Back).await? {
    ///     // ... do it; whoever looks after dead workers finds it in `doing` ...
    ///     doing.remove(job).await?;
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// *Unknown* when the element cannot be read as `T`: it is moved all the same, and the fault
    /// [has its bytes](Fault::gone). *Misuse* on engines of several servers when the two lists are
    /// not on one of them.
    pub fn move_front_to(&self, to: &List<T>, end: End) -> Call<'_, Move, Option<T>> {
        self.call_move(End::Front, to, end)
    }

    /// Moves the last element to an end of another list, and answers it.
    ///
    /// # Faults
    /// As [`move_front_to`](List::move_front_to).
    pub fn move_back_to(&self, to: &List<T>, end: End) -> Call<'_, Move, Option<T>> {
        self.call_move(End::Back, to, end)
    }

    /// As [`move_front_to`](List::move_front_to), and waits for an element if there is none: at
    /// most this long. Given up, it has moved the element or not; nothing is lost either way.
    ///
    /// # Faults
    /// As [`move_front_to`](List::move_front_to); *not applied* when the engine is not there to
    /// wait for.
    pub async fn move_front_to_wait(
        &self,
        to: &List<T>,
        end: End,
        within: Duration,
    ) -> Result<Option<T>, Fault> {
        self.move_wait(End::Front, to, end, within).await
    }

    /// As [`move_back_to`](List::move_back_to), and waits for an element if there is none: at most
    /// this long.
    ///
    /// # Faults
    /// As [`move_front_to_wait`](List::move_front_to_wait).
    pub async fn move_back_to_wait(
        &self,
        to: &List<T>,
        end: End,
        within: Duration,
    ) -> Result<Option<T>, Fault> {
        self.move_wait(End::Back, to, end, within).await
    }

    async fn move_wait(
        &self,
        from: End,
        to: &List<T>,
        end: End,
        within: Duration,
    ) -> Result<Option<T>, Fault> {
        let mut wait = Wait::within(within);
        loop {
            let moved = self.call_move(from, to, end).await?;
            if moved.is_some() || !wait.another_look(&self.object).await? {
                return Ok(moved);
            }
        }
    }

    fn call_move(&self, from: End, to: &List<T>, end: End) -> Call<'_, Move, Option<T>> {
        let operation = to.object.destination().map(|to| Move { from, to, end });
        Call::fallible(&self.object, operation, |object, moved| match moved {
            Moved::Moved { element } => pop_one(object, vec![element]),
            Moved::Empty => Ok(None),
        })
    }
}

/// Puts back what was popped for a caller that has gone away: as if it had never been popped, so
/// that where others have filled the list meanwhile, the outermost of it would be gone by now.
fn put_back(list: Object, end: End, taken: Vec<Bytes>) {
    if taken.is_empty() {
        return;
    }
    let store = list.store().clone();
    store.background().run(Box::pin(async move {
        let count = taken.len();
        match push_what_fits(&list, end, taken).await {
            Ok(pushed) if pushed == count => {}
            Ok(pushed) => tracing::warn!(
                target: "exactly",
                "a pop whose caller went away: {} of {count} elements found no room any more",
                count - pushed
            ),
            Err(fault) => {
                tracing::warn!(target: "exactly", "a pop whose caller went away: {fault}");
            }
        }
    }));
}

/// Puts back as many of the innermost elements, which come last, as there is room for.
async fn push_what_fits(list: &Object, end: End, taken: Vec<Bytes>) -> Result<usize, Fault> {
    let mut elements: Vec<_> = taken.into_iter().rev().collect();
    let limit = room(list)?;
    while !elements.is_empty() {
        let push = PushIfRoom { end, elements: elements.clone(), limit };
        match Call::new(list, push, |_, outcome| Ok(outcome)).await? {
            PushedIfRoom::Pushed { .. } => break,
            PushedIfRoom::Full { free } => {
                elements.truncate(usize::try_from(free).unwrap_or(usize::MAX));
            }
        }
    }
    Ok(elements.len())
}
