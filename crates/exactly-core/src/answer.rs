//! What an engine gives back: a future that may already be there.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::batch::Reply;
use crate::fault::Fault;
use crate::layers::Folding;
use crate::operations::Operation;

/// A boxed future that may be sent between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The answer of an engine: a future of `Result<T, Fault>`.
///
/// An engine that knows its answer at once (an in-process one) gives it with [`Answer::ready`] and
/// no allocation is made; any other boxes its future with [`Answer::pending`].
#[must_use = "an answer does nothing until it is awaited"]
pub struct Answer<'a, T> {
    state: State<'a, T>,
    look: Option<fn(&Result<T, Fault>)>,
}

enum State<'a, T> {
    Ready(Option<Result<T, Fault>>),
    Pending(BoxFuture<'a, Result<T, Fault>>),
    /// A share in what a layer makes of many callers; it has no box of its own.
    Folding(Folding<'a, T>),
}

impl<'a, T> Answer<'a, T> {
    /// An answer that is there already.
    #[inline]
    pub fn ready(result: Result<T, Fault>) -> Self {
        Self { state: State::Ready(Some(result)), look: None }
    }

    /// An answer that is still being worked out.
    pub fn pending(future: impl Future<Output = Result<T, Fault>> + Send + 'a) -> Self {
        Self { state: State::Pending(Box::pin(future)), look: None }
    }

    /// An answer that many callers get together.
    #[inline]
    pub(crate) fn folding(share: Folding<'a, T>) -> Self {
        Self { state: State::Folding(share), look: None }
    }
}

impl<'a, T: Send + 'a> Answer<'a, T> {
    /// The same answer, looked at when it is there.
    pub fn inspect(mut self, look: fn(&Result<T, Fault>)) -> Self {
        if let State::Ready(Some(result)) = &self.state {
            look(result);
            return self;
        }
        if self.look.is_some() {
            self = Self::pending(self);
        }
        self.look = Some(look);
        self
    }

    /// The answer if it is there, else a box with what will give it.
    pub(crate) fn into_box(mut self) -> Result<Result<T, Fault>, BoxFuture<'a, Result<T, Fault>>> {
        match (&mut self.state, self.look) {
            (State::Ready(result), _) if result.is_some() => match result.take() {
                Some(result) => Ok(result),
                None => Err(Box::pin(self)),
            },
            (State::Pending(_), None) => match self.state {
                State::Pending(future) => Err(future),
                State::Ready(_) | State::Folding(_) => Err(Box::pin(std::future::pending())),
            },
            (State::Ready(_) | State::Pending(_) | State::Folding(_), _) => Err(Box::pin(self)),
        }
    }
}

impl Answer<'_, Reply> {
    /// Polls for the outcome of a batch of one operation, as [`Reply::only`] takes it out of the
    /// reply; a call that was folded has it at hand.
    ///
    /// # Faults
    /// As the engine says, and when it answered something else.
    #[inline]
    pub fn poll_only<O: Operation>(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<O::Outcome, Fault>> {
        if let (State::Folding(share), None) = (&mut self.state, self.look) {
            return share.poll_outcome(cx).map(|outcome| {
                let odd = || Fault::broken("an operation was answered by another's outcome");
                O::outcome(outcome?).ok_or_else(odd)
            });
        }
        Pin::new(self).poll(cx).map(|reply| reply?.only::<O>())
    }
}

// Nothing in an `Answer` is pinned in place: the value is plain and the future has its own box.
impl<T> Unpin for Answer<'_, T> {}

impl<T> Future for Answer<'_, T> {
    type Output = Result<T, Fault>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let polled = match &mut this.state {
            State::Ready(result) => match result.take() {
                // It was looked at when it was there.
                Some(result) => return Poll::Ready(result),
                None => panic!("an Answer was polled after it had answered"),
            },
            State::Pending(future) => future.as_mut().poll(cx),
            State::Folding(share) => share.poll(cx),
        };
        if let (Poll::Ready(result), Some(look)) = (&polled, this.look) {
            look(result);
        }
        polled
    }
}

impl<T> fmt::Debug for Answer<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Ready(_) => "Answer::ready",
            State::Pending(_) => "Answer::pending",
            State::Folding(_) => "Answer::folding",
        })
    }
}
