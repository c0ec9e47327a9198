//! Folds calls that arrive together into one.
//!
//! While a flight of calls is in the air, those who arrive board the next. Additions to one counter
//! become one addition, whose values are dealt out in the order of arrival; what is pushed at one
//! end of a list is pushed in a row, and what is popped there handed round; those who take units of
//! one capacity take them one after the other in one operation; equal reads become one read;
//! everything else shares the way. Nobody waits for company: a call that finds nothing under way is
//! sent at once, by itself.
//!
//! | file | is |
//! | --- | --- |
//! | `group.rs` | what folds, and what each caller is told |
//! | `brought.rs` | what each brings along |
//! | `lane.rs` | where callers board and leave |
//! | `landing.rs` | where they find what came of it |
//! | `pilot.rs` | who sends flights and wakes those who landed |
//! | `crew.rs` | the tasks in which pilots run |
//! | `share.rs` | a caller's share, as a future without a box |

mod brought;
mod crew;
mod group;
mod landing;
mod lane;
mod pilot;
mod share;
mod sync;

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread::available_parallelism;

use crate::answer::Answer;
use crate::batch::{BATCH_MAX, Batch, Reply, Step};
use crate::engine::{Engine, Joining, Mark, Profile};
use crate::fault::Fault;
use crate::key::Key;
use crate::listing::{Listing, Page};
use crate::operations::Outcome;
use crate::rehearsal::Rehearsal;
use crate::resolution::Resolution;
use crate::thread::thread_place;
use crate::time::{Clock, SystemClock};
use crate::token::Token;

use crew::Crew;
use group::{Class, Group};
use landing::Seat;
use lane::{Boarded, Lane, Limits};
use pilot::Field;
pub(crate) use share::Folding;
use share::{Direct, Fold, Share};

/// How a [`Combine`] folds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CombinePolicy {
    /// The most different operations in one flight; never more than the engine takes in one batch.
    pub batch_max: usize,
    /// The most callers who wait at a time; beyond, a call is *not applied*.
    pub callers_max: usize,
    /// In how many places crowds arrive. As many as there are threads that call, so that no two
    /// threads wait for one lock and a caller is woken where it ran. A few callers share the first.
    pub lanes: usize,
}

impl Default for CombinePolicy {
    fn default() -> Self {
        const LANES_MAX: usize = 8;
        let threads = available_parallelism().map_or(1, usize::from);
        Self { batch_max: BATCH_MAX, callers_max: 65_536, lanes: threads.min(LANES_MAX) }
    }
}

/// An engine to which callers who come together go together.
///
/// A batch of one operation without requirement and without a token of the caller's is folded;
/// everything else passes. Those who fly together share their fate: a reply that is lost is lost to
/// all of them. A caller who goes away before the departure has asked for nothing; after it, its
/// share may take effect.
///
/// Flights are carried by tasks of the runtime in which callers wait. A flight whose runtime ends
/// in between is *unknown*.
pub struct Combine<E: Engine> {
    crew: Arc<Crew<E>>,
    limits: Limits,
}

impl<E: Engine> Combine<E> {
    /// Around `inner`, with the default policy and real time.
    pub fn new(inner: E) -> Self {
        Self::with_policy(inner, CombinePolicy::default())
    }

    /// Around `inner`, with this policy and real time.
    pub fn with_policy(inner: E, policy: CombinePolicy) -> Self {
        Self::by_clock(inner, policy, Arc::new(SystemClock::new()))
    }

    /// Around `inner`, with this policy; by this clock it tells how long a flight takes.
    pub fn by_clock(inner: E, policy: CombinePolicy, clock: Arc<dyn Clock>) -> Self {
        let lanes = policy.lanes.max(1);
        let groups = policy.batch_max.min(inner.profile().batch_max).clamp(1, BATCH_MAX);
        let callers = policy.callers_max.div_ceil(lanes).max(1);
        let lanes = (0..lanes).map(|_| Lane::default()).collect();
        let crew = Crew::new(Field { engine: inner, lanes, clock });
        Self { crew, limits: Limits { groups, callers } }
    }

    fn engine(&self) -> &E {
        &self.crew.field.engine
    }

    /// The lane for a caller on this thread: the first, which a few share, until it is crowded;
    /// then the thread's own.
    #[inline]
    fn lane_here(&self) -> (usize, &Lane) {
        let lanes = &self.crew.field.lanes;
        let place = if lanes[0].is_crowded() { thread_place() % lanes.len() } else { 0 };
        (place, &lanes[place])
    }

    fn board<'a>(
        &'a self,
        mut step: Option<Step>,
        class: Class,
        cx: &mut Context<'_>,
    ) -> Result<Share<'a, Reply>, Result<Reply, Fault>> {
        let optional = step.as_ref().is_some_and(|step| step.optional);
        let (place, lane) = self.lane_here();
        let boarded =
            lane.board(&mut step, class, cx.waker(), self.limits, Crew::<E>::can_be_called);
        match (boarded, step) {
            (Boarded::Seat { mut seat, call }, _) => {
                (seat.lane, seat.optional) = (place as u32, optional);
                if call {
                    self.crew.call();
                }
                Ok(Share::Seated(seat))
            }
            (Boarded::Direct, Some(step)) => self.send_alone(step, class, Some(lane)),
            (Boarded::Alone, Some(step)) => self.send_alone(step, class, None),
            (Boarded::Full, _) => {
                let limit = self.limits.callers * self.crew.field.lanes.len();
                Err(Err(Fault::at_capacity("waiting callers", limit)))
            }
            (Boarded::Direct | Boarded::Alone, None) => Err(Err(Fault::broken("a call was lost"))),
        }
    }

    fn send_alone<'a>(
        &'a self,
        step: Step,
        class: Class,
        lane: Option<&'a Lane>,
    ) -> Result<Share<'a, Reply>, Result<Reply, Fault>> {
        let _direct = lane.map(Direct);
        let batch = Batch::one(step).delivery(class.delivery());
        match self.engine().apply(batch).into_box() {
            Ok(answer) => Err(answer),
            Err(call) => Ok(Share::Alone { call, _direct }),
        }
    }
}

impl<E: Engine> Fold<Reply> for Combine<E> {
    fn poll<'a>(
        &'a self,
        share: &mut Share<'a, Reply>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Reply, Fault>> {
        if let Share::Waiting(step, class) = share {
            match self.board(step.take(), *class, cx) {
                Ok(Share::Seated(seat)) => {
                    *share = Share::Seated(seat);
                    return Poll::Pending;
                }
                Ok(sent) => *share = sent,
                Err(answer) => {
                    *share = Share::Over;
                    return Poll::Ready(answer);
                }
            }
        }
        let polled = match share {
            Share::Seated(seat) => match seat.answer() {
                Some(answer) => Poll::Ready(answer),
                None => self.crew.field.lanes[seat.lane as usize].poll(seat, cx.waker()),
            },
            Share::Alone { call, .. } => call.as_mut().poll(cx),
            Share::Waiting(..) | Share::Over => {
                panic!("an Answer was polled after it had answered")
            }
        };
        if polled.is_ready() {
            *share = Share::Over;
        }
        polled
    }

    fn poll_outcome<'a>(
        &'a self,
        share: &mut Share<'a, Reply>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Outcome, Fault>> {
        if let Share::Seated(seat) = share
            && let Some(outcome) = seat.outcome()
        {
            *share = Share::Over;
            return Poll::Ready(outcome);
        }
        self.poll(share, cx).map(|reply| reply?.outcome())
    }

    fn leave(&self, seat: &Seat) {
        self.crew.field.lanes[seat.lane as usize].withdraw(seat);
    }
}

impl<E: Engine> Engine for Combine<E> {
    fn apply(&self, mut batch: Batch) -> Answer<'_, Reply> {
        let Some(class) = Class::of(&batch) else { return self.engine().apply(batch) };
        if let Err(fault) = batch.check() {
            return Answer::ready(Err(fault));
        }
        match batch.steps.pop() {
            Some(step) => Answer::folding(Folding::new(self, step, class)),
            None => self.engine().apply(batch),
        }
    }

    fn changed(&self, key: &Key, since: Mark) -> Answer<'_, Mark> {
        self.engine().changed(key, since)
    }

    fn keys(&self, listing: Listing) -> Answer<'_, Page> {
        self.engine().keys(listing)
    }

    fn rehearse(&self, batch: Batch) -> Answer<'_, Rehearsal> {
        self.engine().rehearse(batch)
    }

    fn resolve(&self, token: &Token) -> Answer<'_, Resolution> {
        self.engine().resolve(token)
    }

    fn profile(&self) -> Profile {
        self.engine().profile()
    }

    fn join(&self, call: &Joining<'_>, waker: &Waker) -> Option<Answer<'_, Reply>> {
        let class = Class::of_one(call.op, call.delivery)?;
        // What is brought along is the caller's own; all else is what another was asked for.
        if Group::brings(call.op) && call.op.check().is_err() {
            return None;
        }
        let (place, lane) = self.lane_here();
        let can_call = Crew::<E>::can_be_called;
        let (seat, must_call) = lane.join(call, class, waker, self.limits, can_call)?;
        if must_call {
            self.crew.call();
        }
        Some(Answer::folding(Folding::seated(self, Seat { lane: place as u32, ..seat })))
    }
}

impl<E: Engine> Drop for Combine<E> {
    fn drop(&mut self) {
        self.crew.close();
    }
}

impl<E: Engine> fmt::Debug for Combine<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Combine").field("inner", self.engine()).finish_non_exhaustive()
    }
}
