//! The block form: step, run the caller's block, and undo the step unless the block keeps it.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::task::Poll;

use exactly_core::operations::counter::{AddUndoable, AddedUndoable, Bounds, Number, Undo, Undone};
use exactly_core::{BoxFuture, Fault};

use crate::call::Call;
use crate::object::Object;

/// What a block says of its step: `Some` and `Ok` keep it, `None` and `Err` undo it.
pub trait Verdict {
    /// What comes with keeping.
    type Kept;
    /// What comes with undoing.
    type Undone;

    /// Keep, or undo?
    ///
    /// # Errors
    /// To undo.
    fn verdict(self) -> Result<Self::Kept, Self::Undone>;
}

impl<T> Verdict for Option<T> {
    type Kept = T;
    type Undone = ();

    fn verdict(self) -> Result<T, ()> {
        self.ok_or(())
    }
}

impl<T, E> Verdict for Result<T, E> {
    type Kept = T;
    type Undone = E;

    fn verdict(self) -> Self {
        self
    }
}

/// What became of a block and its step.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ran<T, E = ()> {
    /// The block kept the step.
    Kept(T),
    /// The block did not keep the step, and it was undone.
    Undone(E),
    /// The step would have left the counter's bounds: nothing was changed and the block did not
    /// run.
    OutOfBounds,
}

impl<T, E> Ran<T, E> {
    /// What the block answered when it kept the step.
    pub fn kept(self) -> Option<T> {
        match self {
            Self::Kept(answer) => Some(answer),
            Self::Undone(_) | Self::OutOfBounds => None,
        }
    }

    /// Whether the step stands.
    pub fn is_kept(&self) -> bool {
        matches!(self, Self::Kept(_))
    }
}

/// One step of a counter that stands only if it is kept. Dropped before, at whatever point, it is
/// undone in the background by the recorded operation.
struct Rewinding<N: Number> {
    object: Object,
    by: N,
    bounds: Bounds<N>,
    phase: Phase<N>,
}

type Flight<T> = BoxFuture<'static, Result<T, Fault>>;

enum Phase<N> {
    /// The step is on its way: whether it happened is known when it lands.
    Stepping(Flight<AddedUndoable<N>>),
    /// The step stands, and this would undo it.
    Stepped(Undo<N>),
    /// The undo is on its way. It is the same flight whoever waits for it, so it cannot undo twice.
    Undoing(Flight<Undone<N>>),
    /// Nothing is left to do.
    Settled,
}

impl<N: Number> Rewinding<N> {
    fn new(object: &Object, step: AddUndoable<N>) -> Self {
        let (by, bounds) = (step.by, step.bounds);
        let flight = Call::new(object, step, |_, added| Ok(added)).owned();
        Self { object: object.clone(), by, bounds, phase: Phase::Stepping(flight) }
    }

    /// The value after the step; none when it would have left the bounds.
    async fn step(&mut self) -> Result<Option<N>, Fault> {
        let Phase::Stepping(flight) = &mut self.phase else { return Ok(None) };
        let added = poll_fn(|cx| flight.as_mut().poll(cx)).await;
        self.phase = Phase::Settled;
        match added? {
            AddedUndoable::OutOfBounds { .. } => Ok(None),
            AddedUndoable::Stepped { value, epoch } => {
                self.phase = Phase::Stepped(Undo { by: self.by, epoch, bounds: self.bounds });
                Ok(Some(value))
            }
        }
    }

    async fn undo(&mut self) -> Result<(), Fault> {
        if let Phase::Stepped(undo) = &self.phase {
            self.phase = Phase::Undoing(fly(&self.object, undo.clone()));
        }
        let Phase::Undoing(flight) = &mut self.phase else { return Ok(()) };
        let undone = poll_fn(|cx| flight.as_mut().poll(cx)).await;
        self.phase = Phase::Settled;
        landed(&self.object, undone)
    }

    fn keep(mut self) {
        self.phase = Phase::Settled;
    }
}

fn fly<N: Number>(object: &Object, undo: Undo<N>) -> Flight<Undone<N>> {
    Call::new(object, undo, |_, undone| Ok(undone)).timeless().owned()
}

fn landed<N: Number>(object: &Object, undone: Result<Undone<N>, Fault>) -> Result<(), Fault> {
    let why = match undone {
        Ok(Undone::Undone { .. } | Undone::Overwritten) => return Ok(()),
        Ok(Undone::OutOfBounds { value }) => format!(
            "others moved the counter to {value} meanwhile, and without the step it would leave \
             its bounds; a `Capacity` keeps track of who holds what"
        ),
        Err(fault) => fault.to_string(),
    };
    Err(Fault::not_undone(object.key()?, why))
}

impl<N: Number> Drop for Rewinding<N> {
    fn drop(&mut self) {
        let phase = std::mem::replace(&mut self.phase, Phase::Settled);
        let (object, by, bounds) = (self.object.clone(), self.by, self.bounds);
        let undoing: BoxFuture<'static, Result<(), Fault>> = match phase {
            Phase::Settled => return,
            Phase::Stepped(undo) => {
                let flight = fly(&object, undo);
                Box::pin(async move { landed(&object, flight.await) })
            }
            Phase::Undoing(flight) => Box::pin(async move { landed(&object, flight.await) }),
            Phase::Stepping(flight) => Box::pin(async move {
                let AddedUndoable::Stepped { epoch, .. } = flight.await? else { return Ok(()) };
                landed(&object, fly(&object, Undo { by, epoch, bounds }).await)
            }),
        };
        self.object.store().background().run(Box::pin(async move {
            if let Err(fault) = undoing.await {
                tracing::warn!(target: "exactly", "the step of a dropped block: {fault}");
            }
        }));
    }
}

/// Runs `block` on the value after the step, and undoes the step unless the block keeps it.
pub(crate) async fn run<N: Number, V: Verdict>(
    object: &Object,
    step: AddUndoable<N>,
    block: impl AsyncFnOnce(N) -> V,
) -> Result<Ran<V::Kept, V::Undone>, Fault> {
    let mut stepped = Rewinding::new(object, step);
    let Some(value) = stepped.step().await? else { return Ok(Ran::OutOfBounds) };
    let verdict = match catching(block(value)).await {
        Ok(verdict) => verdict,
        Err(panic) => {
            if let Err(fault) = stepped.undo().await {
                tracing::warn!(target: "exactly", "the step of a panicking block: {fault}");
            }
            resume_unwind(panic)
        }
    };
    match verdict.verdict() {
        Ok(kept) => {
            stepped.keep();
            Ok(Ran::Kept(kept))
        }
        Err(undone) => {
            stepped.undo().await?;
            Ok(Ran::Undone(undone))
        }
    }
}

pub(crate) type Panic = Box<dyn std::any::Any + Send>;

/// The future's output, or its panic. The block is not looked at again after a panic, so nobody
/// sees what it left half done.
pub(crate) async fn catching<F: Future>(future: F) -> Result<F::Output, Panic> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let future: Pin<&mut F> = future.as_mut();
        match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}

/// What the first of the two gives, while the other goes on beside it.
pub(crate) async fn first_of<T>(
    mut first: Pin<&mut impl Future<Output = T>>,
    mut beside: Pin<&mut impl Future<Output = ()>>,
) -> T {
    poll_fn(|cx| {
        if let Poll::Ready(answer) = first.as_mut().poll(cx) {
            return Poll::Ready(answer);
        }
        // It never comes to an end.
        let _ = beside.as_mut().poll(cx);
        Poll::Pending
    })
    .await
}
