//! Calls that are made as one change.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use exactly_core::{
    Batch, BoxFuture, Condition, Fault, Key, Operation, Outcome, Refusal, Reply, Requirement, Step,
};

use crate::call::Call;
use crate::objects::queue::Pushing;
use crate::store::Store;

/// Calls that can be made as one change: one of them, tuples of up to eight, arrays and `Vec`s.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be made together with other calls",
    label = "is no call, and not made of calls",
    note = "calls that are not awaited, tuples of up to eight, arrays and `Vec`s of them"
)]
pub trait Together: Sized + sealed::Sealed {
    /// What each of them answers.
    type Answers;

    /// The operations, in order.
    #[doc(hidden)]
    fn ask(&self, asked: &mut Asked<'_>);

    /// What they answered, in the same order.
    #[doc(hidden)]
    fn told(self, told: &mut Told) -> Result<Self::Answers, Fault>;
}

/// The operations of one change.
#[doc(hidden)]
#[derive(Debug)]
pub struct Asked<'s> {
    store: &'s Store,
    steps: Result<Vec<Step>, Fault>,
}

/// What they answered.
#[doc(hidden)]
#[derive(Debug)]
pub struct Told(std::vec::IntoIter<Outcome>);

/// What became of a change of several calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Batched<A> {
    /// It was made: what each of them answered.
    Done(A),
    /// The call at this place refused, and nothing was changed.
    Refused {
        /// Which, from 0 on.
        place: usize,
    },
    /// What is required at this place does not hold, and nothing was changed.
    Unmet {
        /// Which, from 0 on.
        place: usize,
    },
}

impl<A> Batched<A> {
    /// The answers, if the change was made.
    pub fn done(self) -> Option<A> {
        match self {
            Self::Done(answers) => Some(answers),
            Self::Refused { .. } | Self::Unmet { .. } => None,
        }
    }
}

/// This batch with these calls behind its steps, as one change. Once begun it is carried to its
/// end.
pub(crate) fn together<C: Together>(
    store: &Store,
    batch: Batch,
    calls: C,
) -> Result<impl Future<Output = Result<Batched<C::Answers>, Fault>> + use<C>, Fault> {
    let before = batch.steps.len();
    let mut asked = Asked { store, steps: Ok(batch.steps.into_vec()) };
    calls.ask(&mut asked);
    let steps = asked.steps?.into_iter().collect();
    let batch = Batch { steps, ..batch };
    let locks: Vec<_> = batch.requirements.iter().map(lock_of).collect();
    let sender = store.clone();
    let flight = Carried::new(store, Box::pin(async move { sender.apply(batch).await }));
    Ok(async move {
        match flight.await? {
            Reply::Applied(outcomes) => {
                let mut told =
                    Told(outcomes.into_iter().skip(before).collect::<Vec<_>>().into_iter());
                calls.told(&mut told).map(Batched::Done)
            }
            Reply::Refused(Refusal::Operation(place, _)) => Ok(Batched::Refused { place }),
            Reply::Refused(Refusal::Requirement(place)) => match locks.get(place) {
                Some(Some(lock)) => Err(Fault::lock_lost(lock)),
                Some(None) | None => Ok(Batched::Unmet { place }),
            },
            Reply::Refused(Refusal::Changed(_)) => {
                Err(Fault::broken("a change that has seen nothing was refused for it"))
            }
        }
    })
}

/// The lock that is required, if it is one.
fn lock_of(required: &Requirement) -> Option<Key> {
    matches!(required.condition, Condition::Locks(_)).then(|| required.key.clone())
}

/// A flight that is carried to its end in the background when its caller goes away.
pub(crate) struct Carried<T: 'static> {
    store: Store,
    flight: Option<BoxFuture<'static, Result<T, Fault>>>,
}

impl<T: 'static> Carried<T> {
    pub(crate) fn new(store: &Store, flight: BoxFuture<'static, Result<T, Fault>>) -> Self {
        Self { store: store.clone(), flight: Some(flight) }
    }
}

impl<T: 'static> Future for Carried<T> {
    type Output = Result<T, Fault>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(flight) = &mut self.flight else {
            return Poll::Ready(Err(Fault::broken("a change was polled after it had answered")));
        };
        let polled = flight.as_mut().poll(cx);
        if polled.is_ready() {
            self.flight = None;
        }
        polled
    }
}

impl<T: 'static> Drop for Carried<T> {
    fn drop(&mut self) {
        let Some(flight) = self.flight.take() else { return };
        self.store.background().run(Box::pin(async move {
            if let Err(fault) = flight.await {
                tracing::warn!(target: "exactly", "a change whose caller went away: {fault}");
            }
        }));
    }
}

impl<O: Operation, T> Together for Call<'_, O, T> {
    type Answers = T;

    fn ask(&self, asked: &mut Asked<'_>) {
        let Ok(steps) = &mut asked.steps else { return };
        match self.step_in(asked.store) {
            Ok(step) => steps.push(step),
            Err(fault) => asked.steps = Err(fault),
        }
    }

    fn told(self, told: &mut Told) -> Result<T, Fault> {
        let odd = || Fault::broken("a call was answered by another's outcome");
        self.read(told.0.next().and_then(O::outcome).ok_or_else(odd)?)
    }
}

impl<R> Together for Pushing<'_, R> {
    type Answers = R;

    fn ask(&self, asked: &mut Asked<'_>) {
        Together::ask(&self.as_call(), asked);
    }

    fn told(self, told: &mut Told) -> Result<R, Fault> {
        Together::told(self.call(), told)
    }
}

impl<C: Together> Together for Vec<C> {
    type Answers = Vec<C::Answers>;

    fn ask(&self, asked: &mut Asked<'_>) {
        self.iter().for_each(|call| call.ask(asked));
    }

    fn told(self, told: &mut Told) -> Result<Self::Answers, Fault> {
        self.into_iter().map(|call| call.told(told)).collect()
    }
}

impl<C: Together, const N: usize> Together for [C; N] {
    type Answers = Vec<C::Answers>;

    fn ask(&self, asked: &mut Asked<'_>) {
        self.iter().for_each(|call| call.ask(asked));
    }

    fn told(self, told: &mut Told) -> Result<Self::Answers, Fault> {
        self.into_iter().map(|call| call.told(told)).collect()
    }
}

macro_rules! tuples {
    ($(($($call:ident $place:tt),+);)+) => {
        $(
            impl<$($call: Together),+> Together for ($($call,)+) {
                type Answers = ($($call::Answers,)+);

                fn ask(&self, asked: &mut Asked<'_>) {
                    $(self.$place.ask(asked);)+
                }

                fn told(self, told: &mut Told) -> Result<Self::Answers, Fault> {
                    Ok(($(self.$place.told(told)?,)+))
                }
            }

            impl<$($call: sealed::Sealed),+> sealed::Sealed for ($($call,)+) {}
        )+
    };
}

tuples! {
    (A 0);
    (A 0, B 1);
    (A 0, B 1, C 2);
    (A 0, B 1, C 2, D 3);
    (A 0, B 1, C 2, D 3, E 4);
    (A 0, B 1, C 2, D 3, E 4, F 5);
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6);
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
}

mod sealed {
    use exactly_core::Operation;

    use crate::call::Call;
    use crate::objects::queue::Pushing;

    /// What a batch is made of is the library's to know.
    pub trait Sealed {}

    impl<O: Operation, T> Sealed for Call<'_, O, T> {}
    impl<R> Sealed for Pushing<'_, R> {}
    impl<C: Sealed> Sealed for Vec<C> {}
    impl<C: Sealed, const N: usize> Sealed for [C; N] {}
}
