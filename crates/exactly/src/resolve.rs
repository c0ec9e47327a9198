//! What became of a call whose answer nobody heard.

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use exactly_core::{
    BoxFuture, Engine as _, Fault, Operation, Record, Refusal, Reply, Resolution, Token,
};

use crate::call::Call;
use crate::store::Store;

/// What became of the call or batch under a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved<T> {
    /// It was applied, and this is what it was answered: a refusal is an answer, too.
    Applied(T),
    /// Nothing has happened under this token. A copy that is still on its way may take effect
    /// later; to send it again under the same token settles it, and never takes effect twice.
    NotApplied,
    /// Nothing is remembered of it, and it may have been applied: the token is older than what the
    /// engine remembers.
    Forgotten,
}

impl<T> Resolved<T> {
    /// The answer, if it was applied.
    pub fn applied(self) -> Option<T> {
        match self {
            Self::Applied(answer) => Some(answer),
            Self::NotApplied | Self::Forgotten => None,
        }
    }
}

impl Store {
    /// Looks up what became of the call or batch under a token, of which an answer was never heard:
    /// it ended as [unknown](Fault::is_unknown), or the process that sent it is gone. Nothing is
    /// changed by it.
    ///
    /// The answer is a [`Record`]: in words for people by its `Display`, and as the outcomes of a
    /// batch by [`Record::reply`], which takes the batch. What one call was answered, typed, tells
    /// [`Call::resolve`].
    ///
    /// ```
    /// # use exactly::{Counter, Resolved, Store, Token};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let balance = Counter::new(&store, "balance");
    /// let day = Duration::from_secs(24 * 60 * 60);
    /// let payment = Token::caller("payment-7", day)?;
    /// assert!(matches!(store.resolve(&payment).await?, Resolved::NotApplied));
    /// balance.add(30).token(payment.clone()).await?;
    /// assert!(matches!(store.resolve(&payment).await?, Resolved::Applied(_)));
    /// let again = balance.add(30).token(payment).resolve().await?;
    /// assert_eq!(again, Resolved::Applied(30));
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// As the engine says.
    pub fn resolve(&self, token: &Token) -> Resolving<'_, Record> {
        let named = self.named(token);
        let looking = async move { self.engine().resolve(&named).await };
        Resolving::new(token, Box::pin(async move { looking.await.map(Found::of) }))
    }
}

impl<'a, O: Operation + 'a, T: 'a> Call<'a, O, T> {
    /// Instead of making the call, looks up what it was answered under its [token](Call::token):
    /// see [`Store::resolve`].
    ///
    /// # Faults
    /// *Misuse* when it has no token of the caller's, and when the token was used for another call.
    /// [Lost](Fault::is_lock_lost) when the call was refused because the lock that it
    /// [requires](Call::requiring) was not held. As the engine says.
    pub fn resolve(self) -> Resolving<'a, T> {
        let (object, lost) = (self.object(), self.lock_lost());
        let (batch, reading) = self.parts();
        let asked = batch.and_then(|batch| match batch.token().cloned() {
            Some(token) => Ok((batch, token)),
            None => Err(Fault::bad_option(
                "only a call with a token of its own can be resolved: give it the one that it was \
                 made under, by `token`"
                    .to_owned(),
            )),
        });
        let (batch, token) = match asked {
            Ok(asked) => asked,
            Err(fault) => return Resolving { keep: Duration::MAX, age: None, looking: Err(fault) },
        };
        let store = object.store();
        let named = store.named(&token);
        let looking = Box::pin(async move {
            Ok(match store.engine().resolve(&named).await? {
                Resolution::Answered(record) => {
                    let outcome = match (record.reply(&batch)?, lost) {
                        (Reply::Refused(Refusal::Requirement(_)), Some(lost)) => return Err(lost),
                        (reply, _) => reply.only::<O>()?,
                    };
                    Found::Answer(reading.of(object, outcome)?)
                }
                Resolution::Nothing => Found::Nothing,
                Resolution::Forgotten => Found::Gone,
            })
        });
        Resolving::new(&token, looking)
    }
}

/// What an engine found.
enum Found<T> {
    Answer(T),
    Nothing,
    Gone,
}

impl Found<Record> {
    fn of(resolution: Resolution) -> Self {
        match resolution {
            Resolution::Answered(record) => Self::Answer(record),
            Resolution::Nothing => Self::Nothing,
            Resolution::Forgotten => Self::Gone,
        }
    }
}

/// A token that is looked up when this is awaited.
#[must_use = "a token is looked up when this is awaited"]
pub struct Resolving<'a, T> {
    keep: Duration,
    age: Option<Duration>,
    looking: Result<BoxFuture<'a, Result<Found<T>, Fault>>, Fault>,
}

impl<'a, T> Resolving<'a, T> {
    fn new(token: &Token, looking: BoxFuture<'a, Result<Found<T>, Fault>>) -> Self {
        let keep = match token {
            Token::Session { .. } => Duration::MAX,
            Token::Caller { keep, .. } => *keep,
        };
        Self { keep, age: None, looking: Ok(looking) }
    }

    /// Tells that the token may have been used for the first time as long ago as this. If that is
    /// longer than it is kept, and there is no record of it, it is
    /// [forgotten](Resolved::Forgotten). Else it is taken to have been used within the time for
    /// which it is kept, as who sends it again does.
    pub fn first_sent(mut self, ago: Duration) -> Self {
        self.age = Some(ago);
        self
    }
}

impl<'a, T: 'a> IntoFuture for Resolving<'a, T> {
    type Output = Result<Resolved<T>, Fault>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let is_kept = self.age.is_none_or(|age| age < self.keep);
        let looking = self.looking;
        Box::pin(async move {
            Ok(match looking?.await? {
                Found::Answer(answer) => Resolved::Applied(answer),
                Found::Nothing if is_kept => Resolved::NotApplied,
                Found::Nothing | Found::Gone => Resolved::Forgotten,
            })
        })
    }
}

impl<T> fmt::Debug for Resolving<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolving").field("age", &self.age).finish_non_exhaustive()
    }
}
