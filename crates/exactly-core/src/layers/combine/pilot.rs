//! Who sends flights: looks at the lanes, carries what has departed, and wakes those who landed.

use std::collections::VecDeque;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use smallvec::SmallVec;

use super::group::{self, Group};
use super::lane::{Boarding, Lane};
use crate::{Answer, Batch, BoxFuture, Clock, Engine, Fault, Outcome, Reply, Timestamp};

/// How many callers are woken before others get their turn: a worker's own queue holds 256 tasks,
/// and what does not fit is taken away from the thread it ran on.
const WOKEN_AT_ONCE: usize = 128;

/// After how long a flight in the air no longer holds the next one back: those who come while an
/// engine stalls get a deadline of their own in the layers below.
pub(crate) const PATIENCE: Duration = Duration::from_millis(20);

/// What a pilot works with.
#[derive(Debug)]
pub(crate) struct Field<E> {
    pub(crate) engine: E,
    pub(crate) lanes: Box<[Lane]>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// Sends flights, as often as it is given a turn.
pub(crate) struct Pilot<'a, E> {
    field: &'a Field<E>,
    air: Vec<InAir<'a>>,
    landed: VecDeque<Landed>,
    alarm: Option<BoxFuture<'a, ()>>,
}

/// A flight in the air.
struct InAir<'a> {
    lane: usize,
    boarding: Boarding,
    answer: Answer<'a, Reply>,
    departed: Timestamp,
    /// Whether it holds the next one back.
    on_its_way: bool,
    /// What the groups were told so far, if they are sent one by one.
    each: Option<Vec<Result<Reply, Fault>>>,
}

/// A flight whose callers are being woken.
struct Landed {
    lane: usize,
    boarding: Boarding,
    wakers: Vec<Option<Waker>>,
    woken: usize,
    on_its_way: bool,
}

impl<'a, E: Engine> Pilot<'a, E> {
    pub(crate) fn new(field: &'a Field<E>) -> Self {
        Self { field, air: Vec::new(), landed: VecDeque::new(), alarm: None }
    }

    /// Does what can be done now; wakes itself where more is left. Serves the lane `here` first:
    /// that of the thread it runs on, so that callers are woken where they ran.
    pub(crate) fn turn(&mut self, cx: &mut Context<'_>, here: usize) {
        self.look_into_the_air(cx);
        // Those woken at the last turn have run meanwhile, and may go with the next flight.
        self.look(here, cx);
        self.end_flights(cx);
        for lane in 0..self.field.lanes.len() {
            if self.field.lanes[lane].has_called() {
                self.look(lane, cx);
            }
        }
        if self.wake_some() {
            cx.waker().wake_by_ref();
        }
        self.watch(cx);
    }

    /// Whether nothing is left to do until it is called.
    pub(crate) fn is_idle(&self) -> bool {
        self.air.is_empty() && self.landed.is_empty()
    }

    fn look_into_the_air(&mut self, cx: &mut Context<'_>) {
        let mut place = 0;
        while place < self.air.len() {
            match self.air[place].poll(&self.field.engine, cx) {
                Poll::Ready(result) => {
                    let flight = self.air.swap_remove(place);
                    self.landed.push_back(flight.land(result));
                }
                Poll::Pending => place += 1,
            }
        }
    }

    /// Sends what may depart from this lane.
    fn look(&mut self, lane: usize, cx: &mut Context<'_>) {
        while let Some(boarding) = self.field.lanes[lane].depart() {
            let departed = self.field.clock.now();
            let batch = group::batch(&boarding.groups, boarding.class);
            let answer = ask(&self.field.engine, batch);
            let (on_its_way, each) = (true, None);
            let mut flight = InAir { lane, boarding, answer, departed, on_its_way, each };
            match flight.poll(&self.field.engine, cx) {
                Poll::Ready(result) => self.landed.push_back(flight.land(result)),
                Poll::Pending => self.air.push(flight),
            }
        }
    }

    /// Ends the flights whose callers are all woken, and looks after those who came meanwhile.
    fn end_flights(&mut self, cx: &mut Context<'_>) {
        while let Some(landed) = self.landed.pop_front_if(|landed| landed.is_over()) {
            let lane = landed.lane;
            landed.end(&self.field.lanes[lane]);
            self.look(lane, cx);
        }
    }

    /// Wakes some of those who landed; tells whether there were any.
    fn wake_some(&mut self) -> bool {
        let Some(landed) = self.landed.iter_mut().find(|landed| !landed.is_over()) else {
            return !self.landed.is_empty();
        };
        landed.wake(&self.field.lanes[landed.lane], WOKEN_AT_ONCE);
        true
    }

    /// Gives up on flights that take too long.
    fn watch(&mut self, cx: &mut Context<'_>) {
        loop {
            if self.alarm.is_none() {
                let flying = self.air.iter().filter(|flight| flight.on_its_way);
                let Some(first) = flying.map(|flight| flight.departed).min() else { return };
                self.alarm = Some(self.field.clock.reached(first.plus(PATIENCE)));
            }
            let Some(alarm) = &mut self.alarm else { return };
            match catch_unwind(AssertUnwindSafe(|| alarm.as_mut().poll(cx))) {
                Ok(Poll::Ready(())) => {}
                Ok(Poll::Pending) => return,
                Err(_) => {
                    // A runtime without timers: then nothing is given up, and all else goes on.
                    self.alarm = Some(Box::pin(std::future::pending()));
                    return;
                }
            }
            self.alarm = None;
            let now = self.field.clock.now();
            for place in 0..self.air.len() {
                let flight = &mut self.air[place];
                if flight.on_its_way && flight.departed.plus(PATIENCE) <= now {
                    flight.on_its_way = false;
                    let lane = flight.lane;
                    self.field.lanes[lane].give_up(flight.boarding.callers);
                    self.look(lane, cx);
                }
            }
        }
    }
}

impl<E> Drop for Pilot<'_, E> {
    /// A pilot that goes while flights are in the air cannot tell what became of them.
    fn drop(&mut self) {
        let landed = self.air.drain(..).map(|flight| {
            let lost = Fault::lost_reply("the runtime that carried the call has ended");
            flight.land(Ending::Together(Err(lost)))
        });
        self.landed.extend(landed);
        for mut landed in self.landed.drain(..) {
            let lane = &self.field.lanes[landed.lane];
            landed.wake(lane, usize::MAX);
            landed.end(lane);
        }
    }
}

/// Tells the callers of a flight that nobody is there to send.
pub(crate) fn cancel(lane: &Lane) {
    while let Some(boarding) = lane.clear() {
        let fault = Fault::unavailable(
            "the runtime that was to carry the call has ended; nothing was sent: call again",
        );
        let mut landed = Landed::new(0, boarding, true, Ending::Together(Err(fault)));
        landed.wake(lane, usize::MAX);
        landed.end(lane);
    }
}

/// An engine that panics has answered with a fault: its callers are not to wait for ever.
fn ask<E: Engine>(engine: &E, batch: Batch) -> Answer<'_, Reply> {
    catch_unwind(AssertUnwindSafe(|| engine.apply(batch)))
        .unwrap_or_else(|_| Answer::ready(Err(Fault::broken("it panicked"))))
}

/// What came of a flight.
enum Ending {
    /// Of all groups together.
    Together(Result<Reply, Fault>),
    /// Of each group for itself.
    Each(Vec<Result<Reply, Fault>>),
}

impl<'a> InAir<'a> {
    fn poll<E: Engine>(&mut self, engine: &'a E, cx: &mut Context<'_>) -> Poll<Ending> {
        loop {
            let answer = &mut self.answer;
            let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(answer).poll(cx)));
            let panicked = |_| Poll::Ready(Err(Fault::broken("it panicked")));
            let reply = ready!(polled.unwrap_or_else(panicked));
            let asked = match &mut self.each {
                Some(each) => {
                    each.push(reply);
                    each.len()
                }
                // One of several may be to blame for all, and nothing was applied: each is asked
                // for itself.
                None if reply.as_ref().is_err_and(Fault::is_misuse) => {
                    self.each = Some(Vec::new());
                    0
                }
                None => return Poll::Ready(Ending::Together(reply)),
            };
            let mut sent = self.boarding.groups.iter().filter(|group| group.callers() > 0);
            match sent.nth(asked) {
                Some(next) => {
                    let alone = group::batch(std::slice::from_ref(next), self.boarding.class);
                    self.answer = ask(engine, alone);
                }
                None => return Poll::Ready(Ending::Each(self.each.take().unwrap_or_default())),
            }
        }
    }

    fn land(self, ending: Ending) -> Landed {
        Landed::new(self.lane, self.boarding, self.on_its_way, ending)
    }
}

impl Landed {
    fn new(lane: usize, mut boarding: Boarding, on_its_way: bool, ending: Ending) -> Self {
        let (class, mut told) = (boarding.class, std::mem::take(&mut boarding.told));
        let fault = |fault| class.fault(fault);
        match ending {
            Ending::Each(replies) => {
                let outcomes = replies.into_iter().map(|reply| only(reply).map_err(fault));
                told.fill(boarding.groups.drain(..), outcomes);
            }
            Ending::Together(reply) => match outcomes(reply, &boarding.groups).map_err(fault) {
                Ok(outcomes) => told.fill(boarding.groups.drain(..), outcomes.into_iter().map(Ok)),
                Err(fault) => {
                    let all = std::iter::repeat_with(|| Err(fault.clone()));
                    told.fill(boarding.groups.drain(..), all);
                }
            },
        }
        let wakers = boarding.landing.land(told);
        Self { lane, boarding, wakers, woken: 0, on_its_way }
    }

    fn is_over(&self) -> bool {
        self.woken == self.wakers.len()
    }

    /// Wakes so many callers more.
    fn wake(&mut self, lane: &Lane, most: usize) {
        let until = self.wakers.len().min(self.woken.saturating_add(most));
        let callers = self.wakers[self.woken..until].iter_mut().filter_map(Option::take);
        let woken = callers.map(Waker::wake).count();
        self.woken = until;
        lane.woken(woken, self.on_its_way);
    }

    fn end(mut self, lane: &Lane) {
        self.boarding.keep_wakers(self.wakers);
        lane.end(self.boarding, self.on_its_way);
    }
}

type Outcomes = SmallVec<[Outcome; 1]>;

/// The outcomes of a flight, one for each group that has callers.
fn outcomes(reply: Result<Reply, Fault>, groups: &[Group]) -> Result<Outcomes, Fault> {
    let sent = groups.iter().filter(|group| group.callers() > 0).count();
    match reply? {
        Reply::Applied(outcomes) if outcomes.len() == sent => Ok(outcomes),
        Reply::Applied(_) | Reply::Refused(_) => {
            Err(Fault::broken("operations that stand apart were not each answered"))
        }
    }
}

fn only(reply: Result<Reply, Fault>) -> Result<Outcome, Fault> {
    let outcome = match reply? {
        Reply::Applied(mut outcomes) if outcomes.len() == 1 => outcomes.pop(),
        Reply::Applied(_) | Reply::Refused(_) => None,
    };
    outcome.ok_or_else(|| Fault::broken("one operation was not answered by its one outcome"))
}
