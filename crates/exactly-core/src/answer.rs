//! What an engine gives back: a future that may already be there.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::fault::Fault;

/// A boxed future that may be sent between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The answer of an engine: a future of `Result<T, Fault>`.
///
/// An engine that knows its answer at once (an in-process one) gives it with [`Answer::ready`] and
/// no allocation is made; any other boxes its future with [`Answer::pending`].
#[must_use = "an answer does nothing until it is awaited"]
pub struct Answer<'a, T>(State<'a, T>);

enum State<'a, T> {
    Ready(Option<Result<T, Fault>>),
    Pending(BoxFuture<'a, Result<T, Fault>>),
}

impl<'a, T> Answer<'a, T> {
    /// An answer that is there already.
    #[inline]
    pub fn ready(result: Result<T, Fault>) -> Self {
        Self(State::Ready(Some(result)))
    }

    /// An answer that is still being worked out.
    pub fn pending(future: impl Future<Output = Result<T, Fault>> + Send + 'a) -> Self {
        Self(State::Pending(Box::pin(future)))
    }
}

impl<'a, T: Send + 'a> Answer<'a, T> {
    /// The same answer, looked at when it is there.
    pub fn inspect(self, look: impl FnOnce(&Result<T, Fault>) + Send + 'a) -> Self {
        match self.0 {
            State::Ready(result) => {
                if let Some(result) = &result {
                    look(result);
                }
                Self(State::Ready(result))
            }
            State::Pending(future) => Self::pending(async move {
                let result = future.await;
                look(&result);
                result
            }),
        }
    }
}

// Nothing in an `Answer` is pinned in place: the value is plain and the future has its own box.
impl<T> Unpin for Answer<'_, T> {}

impl<T> Future for Answer<'_, T> {
    type Output = Result<T, Fault>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Ready(result) => match result.take() {
                Some(result) => Poll::Ready(result),
                None => panic!("an Answer was polled after it had answered"),
            },
            State::Pending(future) => future.as_mut().poll(cx),
        }
    }
}

impl<T> fmt::Debug for Answer<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            State::Ready(_) => "Answer::ready",
            State::Pending(_) => "Answer::pending",
        })
    }
}
