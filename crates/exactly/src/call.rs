//! One operation on one object: awaited, it is sent.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};

use exactly_core::{Answer, Batch, Delivery, Fault, Lifetime, Operation, Reply, Step, Token};

use crate::object::Object;

/// An operation that is sent when it is awaited.
///
/// `O` is the operation that travels to the engine, `T` what the caller gets.
///
/// ```
/// # use exactly::{Counter, Store, Token};
/// # use std::time::Duration;
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// let sold: Counter = Counter::new(&store, "sold");
/// let order = Token::caller("order-4711", Duration::from_secs(3600))?;
/// assert_eq!(sold.increment().token(order.clone()).await?, 1);
/// // The same order again, from a retry or another process: no second effect, the first answer.
/// assert_eq!(sold.increment().token(order).await?, 1);
/// # Ok(()) }
/// ```
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<'a, O: Operation, T = <O as Operation>::Outcome> {
    object: &'a Object,
    operation: Result<O, Fault>,
    lifetime: Lifetime,
    delivery: Delivery,
    read: Read<'a, O, T>,
}

/// From what the engine answered to what the caller gets.
type Read<'a, O, T> = fn(&'a Object, <O as Operation>::Outcome) -> Result<T, Fault>;

impl<'a, O: Operation, T> Call<'a, O, T> {
    pub(crate) fn new(object: &'a Object, operation: O, read: Read<'a, O, T>) -> Self {
        Self::fallible(object, Ok(operation), read)
    }

    pub(crate) fn fallible(
        object: &'a Object,
        operation: Result<O, Fault>,
        read: Read<'a, O, T>,
    ) -> Self {
        let (lifetime, delivery) = (object.lifetime(), Delivery::ExactlyOnce);
        Self { object, operation, lifetime, delivery, read }
    }

    /// Leaves the time to live alone.
    pub(crate) fn timeless(mut self) -> Self {
        self.lifetime = Lifetime::Unchanged;
        self
    }

    /// With this time to live instead of the object's own.
    pub(crate) fn living(mut self, lifetime: Lifetime) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Under a name of your own, for calls that may be made again from another place or process:
    /// the same token never takes effect twice and gets the first outcome again.
    pub fn token(mut self, token: Token) -> Self {
        self.delivery = Delivery::Token(Box::new(token));
        self
    }

    /// Without a token: if the reply is lost, the call is not sent again and ends as *unknown*.
    /// Saves the engine the record.
    pub fn at_most_once(mut self) -> Self {
        self.delivery = Delivery::AtMostOnce;
        self
    }

    fn batch(self) -> Result<Batch, Fault> {
        let step = Step::new(self.object.key()?.clone(), self.operation?.into_op());
        Ok(Batch::one(step.lifetime(self.lifetime)).delivery(self.delivery))
    }

    /// The call as a future that owns all it needs, answering what the engine answered.
    pub(crate) fn owned(
        self,
    ) -> impl Future<Output = Result<O::Outcome, Fault>> + Send + use<O, T> {
        let engine = self.object.store().engine().clone();
        let batch = self.batch();
        async move { engine.apply(batch?).await?.only::<O>() }
    }
}

impl<'a, O: Operation, T> IntoFuture for Call<'a, O, T> {
    type Output = Result<T, Fault>;
    type IntoFuture = Calling<'a, O, T>;

    fn into_future(self) -> Calling<'a, O, T> {
        let (object, read) = (self.object, self.read);
        let answer = match self.batch() {
            Ok(batch) => object.store().engine().apply(batch),
            Err(fault) => Answer::ready(Err(fault)),
        };
        Calling { object, read, answer }
    }
}

impl<O: Operation, T> fmt::Debug for Call<'_, O, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("key", &self.object.key())
            .field("operation", &self.operation)
            .field("delivery", &self.delivery)
            .finish_non_exhaustive()
    }
}

/// A [`Call`] on its way.
#[must_use = "a call does nothing until it is awaited"]
#[derive(Debug)]
pub struct Calling<'a, O: Operation, T> {
    object: &'a Object,
    read: Read<'a, O, T>,
    answer: Answer<'a, Reply>,
}

impl<O: Operation, T> Future for Calling<'_, O, T> {
    type Output = Result<T, Fault>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (object, read) = (self.object, self.read);
        Pin::new(&mut self.answer).poll(cx).map(|reply| read(object, reply?.only::<O>()?))
    }
}
