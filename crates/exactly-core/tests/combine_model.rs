//! Every order in which callers arrive, leave and are answered, as far as a model checker gets: the
//! heart of the layer that folds calls, on the checker's own locks and threads.
//!
//! Nobody waits for ever (the checker tells of tasks that nothing will wake), everybody gets one
//! answer, no two get the same value, and nothing is counted that nobody asked for.
#![allow(clippy::unwrap_used, dead_code, reason = "a test fails by panicking; the heart has more")]

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use exactly_core::operations::capacity::{Read, Release, Take, Taken};
use exactly_core::operations::counter::{Add, Added, Get};
use exactly_core::operations::list::{End, Pop, Push, Pushed, Range};
use exactly_core::{
    Answer, BATCH_MAX, Batch, BoxFuture, Bytes, Clock, Delivery, Durability, ELEMENTS_MAX, Engine,
    Fault, HoldId, Joining, Key, Lifetime, Listing, Mark, Model, Op, Operation, Outcome, Page,
    Profile, Refusal, Rehearsal, Reply, Resolution, Step, Timestamp, Token, operations,
};
use shuttle::rand::Rng;
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};

#[path = "../src/layers/combine/brought.rs"]
mod brought;
#[path = "../src/layers/combine/group.rs"]
mod group;
#[path = "../src/layers/combine/landing.rs"]
mod landing;
#[path = "../src/layers/combine/lane.rs"]
mod lane;
#[path = "../src/layers/combine/pilot.rs"]
mod pilot;

/// The checker's locks, with the faces of those they stand for.
mod sync {
    pub(crate) use shuttle::sync::atomic::{AtomicBool, Ordering};

    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(shuttle::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(content: T) -> Self {
            Self(shuttle::sync::Mutex::new(content))
        }

        pub(crate) fn lock(&self) -> shuttle::sync::MutexGuard<'_, T> {
            self.0.lock().unwrap()
        }
    }
}

use group::Class;
use landing::Seat;
use lane::{Boarded, Lane, Limits};
use pilot::{Field, Pilot};
use sync::{AtomicBool, Mutex, Ordering};

/// The model, late.
#[derive(Debug)]
struct Late(Mutex<Model>);

impl Engine for Late {
    fn apply(&self, batch: Batch) -> Answer<'_, Reply> {
        Answer::pending(async move {
            shuttle::future::yield_now().await;
            let reply = self.0.lock().apply(&batch);
            shuttle::future::yield_now().await;
            reply
        })
    }

    fn changed(&self, _key: &Key, _since: Mark) -> Answer<'_, Mark> {
        Answer::pending(std::future::pending())
    }

    fn keys(&self, _listing: Listing) -> Answer<'_, Page> {
        Answer::ready(Ok(Page::default()))
    }

    fn resolve(&self, token: &Token) -> Answer<'_, Resolution> {
        Answer::ready(Err(Fault::broken(format!("{token} is asked of nobody"))))
    }

    fn rehearse(&self, batch: Batch) -> Answer<'_, Rehearsal> {
        Answer::ready(Err(Fault::broken(format!("{batch:?} is tried by nobody"))))
    }

    fn profile(&self) -> Profile {
        Profile {
            name: "late",
            durability: Durability::Process,
            batch_max: BATCH_MAX,
            loses_replies: false,
            far: true,
            token_window: Duration::from_secs(600),
        }
    }
}

/// Time that stands still, or in which every flight takes too long.
#[derive(Debug)]
struct Hasty(bool);

impl Clock for Hasty {
    fn now(&self) -> Timestamp {
        let passed = if self.0 { shuttle::rand::thread_rng().gen_range(0..100_000_000) } else { 0 };
        Timestamp::from_nanos(passed)
    }

    fn reached(&self, _moment: Timestamp) -> BoxFuture<'_, ()> {
        if self.0 {
            Box::pin(shuttle::future::yield_now())
        } else {
            Box::pin(std::future::pending())
        }
    }
}

/// What the tasks of a runtime are elsewhere.
struct Crew {
    field: Field<Late>,
    bells: Vec<Mutex<Option<Waker>>>,
    closed: AtomicBool,
}

impl Crew {
    fn call(&self) {
        let bell = shuttle::rand::thread_rng().gen_range(0..self.bells.len());
        self.ring(bell);
    }

    fn ring(&self, bell: usize) {
        let waker = self.bells[bell].lock().clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    async fn fly(self: Arc<Self>, place: usize) {
        let mut pilot = Pilot::new(&self.field);
        poll_fn(|cx| {
            *self.bells[place].lock() = Some(cx.waker().clone());
            if self.closed.load(Ordering::SeqCst) {
                return Poll::Ready(());
            }
            let here = shuttle::rand::thread_rng().gen_range(0..self.field.lanes.len());
            pilot.turn(cx, here);
            Poll::Pending
        })
        .await;
    }
}

/// One call, as the layer makes it.
struct Call<'a> {
    lane: &'a Lane,
    crew: &'a Crew,
    seat: Option<Seat>,
    step: Step,
}

const LIMITS: Limits = Limits { groups: 1, callers: 100 };

fn add() -> Step {
    let key = Key::alone("", "a").unwrap();
    Step::new(key, Add::by(1_i64).into_op())
}

impl Future for Call<'_> {
    type Output = Option<Result<Reply, Fault>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(seat) = &self.seat {
            let answer = match seat.answer() {
                Some(answer) => answer,
                None => std::task::ready!(self.lane.poll(seat, cx.waker())),
            };
            self.seat = None;
            return Poll::Ready(Some(answer));
        }
        let step = self.step.clone();
        let delivery = &Delivery::ExactlyOnce;
        let call = Joining { key: &step.key, op: &step.op, lifetime: step.lifetime, delivery };
        let (seat, must_call) =
            match self.lane.join(&call, Class::Once, cx.waker(), LIMITS, || true) {
                Some(joined) => joined,
                None => {
                    match self.lane.board(&mut Some(step), Class::Once, cx.waker(), LIMITS, || true)
                    {
                        Boarded::Seat { seat, call } => (seat, call),
                        Boarded::Direct => {
                            shuttle::thread::yield_now();
                            self.lane.direct_is_done();
                            return Poll::Ready(None);
                        }
                        Boarded::Alone | Boarded::Full => panic!("there is room, and a pilot"),
                    }
                }
            };
        self.seat = Some(seat);
        if must_call {
            self.crew.call();
        }
        Poll::Pending
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if let Some(seat) = &self.seat {
            assert!(!self.lane.withdraw(seat), "it was answered, or left");
        }
    }
}

/// Calls once; sometimes it goes away, or is polled for nothing, or by another waker. Tells the
/// reply, or whether it left too late.
async fn call_once(crew: &Crew, step: Step, leaves: bool) -> Result<Option<Reply>, bool> {
    let place = shuttle::rand::thread_rng().gen_range(0..crew.field.lanes.len());
    let lane = &crew.field.lanes[place];
    let mut call = Call { lane, crew, seat: None, step };
    let patience = match shuttle::rand::thread_rng().gen_range(0..4) {
        0 if leaves => 1,
        1 if leaves => 3,
        _ => usize::MAX,
    };
    let mut polls = 0;
    let answer = poll_fn(|cx| {
        polls += 1;
        if polls > patience {
            return Poll::Ready(None);
        }
        if polls < 3 {
            // Polled early, by a waker that wakes nobody and then by the right one.
            let noop = &mut Context::from_waker(Waker::noop());
            if let Poll::Ready(answer) = Pin::new(&mut call).poll(noop) {
                return Poll::Ready(Some(answer));
            }
        }
        if patience < usize::MAX {
            cx.waker().wake_by_ref();
        }
        Pin::new(&mut call).poll(cx).map(Some)
    })
    .await;
    match answer {
        Some(reply) => Ok(reply.map(Result::unwrap)),
        // Who leaves in time has asked for nothing.
        None => Err(call.seat.take().is_some_and(|seat| !lane.withdraw(&seat))),
    }
}

/// Adds a few times; what it was told, and how often it left too late.
async fn call_some(crew: Arc<Crew>, calls: usize, leaves: bool) -> (Vec<i64>, usize) {
    let (mut values, mut left) = (Vec::new(), 0);
    for _ in 0..calls {
        match call_once(&crew, add(), leaves).await {
            Ok(Some(reply)) => match reply.only::<Add<i64>>().unwrap() {
                Added::Stepped { value } => values.push(value),
                Added::OutOfBounds { .. } => panic!("there are no bounds"),
            },
            Ok(None) => {}
            Err(too_late) => left += usize::from(too_late),
        }
    }
    (values, left)
}

/// What a caller of a list has put and got.
#[derive(Default)]
struct Hands {
    pushed: Vec<Bytes>,
    /// Pushed perhaps, by a call that was left too late.
    doubtful: Vec<Bytes>,
    popped: Vec<Bytes>,
    /// The most that may have been popped for nobody.
    dropped: u64,
}

/// Pushes and pops at one end of a list a few times.
async fn push_and_pop(crew: Arc<Crew>, caller: usize, leaves: bool) -> Hands {
    let (key, mut hands) = (Key::alone("", "a").unwrap(), Hands::default());
    for round in 0..2 {
        let elements: Vec<_> =
            (0..=round).map(|one| Bytes::from(format!("{caller} {round} {one}"))).collect();
        let push = Push { end: End::Back, elements: elements.clone(), limit: None };
        let push = Step::new(key.clone(), push.into_op());
        match call_once(&crew, push, leaves).await {
            Ok(Some(reply)) => {
                let Pushed { len, before } = reply.only::<Push>().unwrap();
                assert_eq!(len - before, elements.len() as u64);
                hands.pushed.extend(elements);
            }
            Err(true) => hands.doubtful.extend(elements),
            // A call that is alone is not sent here, and one that left in time was not either.
            Ok(None) | Err(false) => {}
        }
        let count = 2 - round as u64;
        let pop = Step::new(key.clone(), Pop { end: End::Back, count }.into_op());
        match call_once(&crew, pop, leaves).await {
            Ok(Some(reply)) => {
                let popped = reply.only::<Pop>().unwrap();
                assert!(popped.len() as u64 <= count);
                hands.popped.extend(popped);
            }
            Err(true) => hands.dropped += count,
            Ok(None) | Err(false) => {}
        }
    }
    hands
}

/// Every element that was pushed was popped once or is still there, but for those that were popped
/// for whoever left too late.
fn nothing_is_lost_or_doubled(hands: Vec<Hands>, crew: &Crew) {
    let key = Key::alone("", "a").unwrap();
    let left = crew.field.engine.0.lock().run(&key, Range { from: 0, to: -1 }).unwrap();
    let (mut got, mut pushed, mut doubtful, mut dropped) = (left, Vec::new(), Vec::new(), 0);
    for hands in hands {
        got.extend(hands.popped);
        pushed.extend(hands.pushed);
        doubtful.extend(hands.doubtful);
        dropped += hands.dropped;
    }
    let found = got.len();
    got.sort_unstable();
    got.dedup();
    assert_eq!(got.len(), found, "{got:?}");
    let known = |one: &Bytes| pushed.contains(one) || doubtful.contains(one);
    assert!(got.iter().all(known), "{got:?}");
    let missing = pushed.iter().filter(|one| !got.contains(one)).count() as u64;
    assert!(missing <= dropped, "{missing} of {pushed:?} are in none of {got:?}");
}

/// The holds that a caller of a capacity asked for.
#[derive(Default)]
struct Asked {
    held: Vec<HoldId>,
    refused: Vec<HoldId>,
    /// Taken perhaps, by a call that was left too late.
    doubtful: Vec<HoldId>,
}

const SEATS: u64 = 4;

/// Takes a few times, each time another hold.
async fn take_some(crew: Arc<Crew>, caller: usize, leaves: bool) -> Asked {
    let (key, mut asked) = (Key::alone("", "a").unwrap(), Asked::default());
    for round in 0..3 {
        let hold = HoldId::from_u128((caller * 10 + round) as u128);
        let take = Take { hold, units: 1, lease: Duration::from_secs(30), limit: SEATS };
        let step = Step::new(key.clone(), take.into_op());
        match call_once(&crew, step, leaves).await {
            Ok(Some(reply)) => match reply.only::<Take>().unwrap() {
                Taken::Held { hold: told } => {
                    assert_eq!(told, hold);
                    asked.held.push(hold);
                }
                Taken::Full { free, held } => {
                    assert_eq!((free, held), (0, SEATS));
                    asked.refused.push(hold);
                }
            },
            Err(true) => asked.doubtful.push(hold),
            // A call that is alone is not sent here, and one that left in time was not either.
            Ok(None) | Err(false) => {}
        }
    }
    asked
}

/// Each hold that was answered is there, none that was refused, and beside them at most those of
/// whoever left too late.
fn each_has_its_own(asked: Vec<Asked>, crew: &Crew) {
    let key = Key::alone("", "a").unwrap();
    let model = &mut crew.field.engine.0.lock();
    let mut is_held = |hold: HoldId| model.run(&key, Release { hold }).unwrap();
    let mut held = 0;
    for own in asked {
        assert!(own.held.iter().all(|hold| is_held(*hold)), "{:?}", own.held);
        assert!(!own.refused.iter().any(|hold| is_held(*hold)), "{:?}", own.refused);
        held += own.held.len() + own.doubtful.iter().filter(|hold| is_held(**hold)).count();
    }
    assert!(held as u64 <= SEATS, "{held}");
    let levels = model.run(&key, Read { limit: SEATS }).unwrap();
    assert_eq!((levels.free, levels.held), (SEATS, 0), "nobody else has taken any");
}

/// Runs callers and what carries their calls to the end.
fn run<F: Future<Output: Send + 'static> + Send + 'static>(
    lanes: usize,
    hasty: bool,
    caller: impl Fn(Arc<Crew>, usize) -> F,
) -> (Arc<Crew>, Vec<F::Output>) {
    let engine = Late(Mutex::new(Model::new()));
    let lanes = (0..lanes).map(|_| Lane::default()).collect();
    let field = Field { engine, lanes, clock: Arc::new(Hasty(hasty)) };
    let bells = (0..2).map(|_| Mutex::default()).collect();
    let crew = Arc::new(Crew { field, bells, closed: AtomicBool::new(false) });
    let pilots: Vec<_> =
        (0..2).map(|place| shuttle::future::spawn(Arc::clone(&crew).fly(place))).collect();
    let callers: Vec<_> =
        (0..3).map(|place| shuttle::future::spawn(caller(Arc::clone(&crew), place))).collect();
    let told = callers.into_iter().map(|caller| shuttle::future::block_on(caller).unwrap());
    let told = told.collect();
    crew.closed.store(true, Ordering::SeqCst);
    (0..2).for_each(|bell| crew.ring(bell));
    for pilot in pilots {
        shuttle::future::block_on(pilot).unwrap();
    }
    (crew, told)
}

fn explore_lists(scheduler: impl Scheduler + 'static, lanes: usize, leaves: bool, hasty: bool) {
    let mut config = shuttle::Config::new();
    config.stack_size = 0x4_0000;
    shuttle::Runner::new(scheduler, config).run(move || {
        let caller = move |crew, place| push_and_pop(crew, place, leaves);
        let (crew, hands) = run(lanes, hasty, caller);
        nothing_is_lost_or_doubled(hands, &crew);
    });
}

fn explore_takes(scheduler: impl Scheduler + 'static, lanes: usize, leaves: bool, hasty: bool) {
    let mut config = shuttle::Config::new();
    config.stack_size = 0x4_0000;
    shuttle::Runner::new(scheduler, config).run(move || {
        let caller = move |crew, place| take_some(crew, place, leaves);
        let (crew, asked) = run(lanes, hasty, caller);
        each_has_its_own(asked, &crew);
    });
}

fn explore(scheduler: impl Scheduler + 'static, lanes: usize, leaves: bool, hasty: bool) {
    let mut config = shuttle::Config::new();
    config.stack_size = 0x4_0000;
    shuttle::Runner::new(scheduler, config).run(move || {
        let (crew, told) = run(lanes, hasty, move |crew, _| call_some(crew, 3, leaves));
        let (mut values, mut left) = (Vec::new(), 0);
        for (own, gone) in told {
            assert!(own.is_sorted(), "{own:?}");
            values.extend(own);
            left += gone;
        }
        let answered = values.len();
        values.sort_unstable();
        values.dedup();
        assert_eq!(values.len(), answered, "{values:?}");
        let key = Key::alone("", "a").unwrap();
        let count = crew.field.engine.0.lock().run(&key, Get { start: 0_i64 }).unwrap() as usize;
        assert!((answered..=answered + left).contains(&count), "{count}: {values:?}, {left} left");
    });
}

const RUNS: usize = 1500;

#[test]
fn callers_on_one_lane() {
    explore(RandomScheduler::new(RUNS), 1, false, false);
    explore(PctScheduler::new(3, RUNS), 1, false, false);
}

#[test]
fn callers_on_two_lanes() {
    explore(RandomScheduler::new(RUNS), 2, false, false);
    explore(PctScheduler::new(3, RUNS), 2, false, false);
}

#[test]
fn callers_who_leave() {
    explore(RandomScheduler::new(RUNS), 1, true, false);
    explore(PctScheduler::new(3, RUNS), 2, true, false);
}

#[test]
fn flights_that_take_too_long() {
    explore(RandomScheduler::new(RUNS), 1, true, true);
    explore(PctScheduler::new(3, RUNS), 2, true, true);
}

#[test]
fn callers_of_a_list() {
    explore_lists(RandomScheduler::new(RUNS), 1, false, false);
    explore_lists(PctScheduler::new(3, RUNS), 2, false, false);
}

#[test]
fn callers_of_a_list_who_leave() {
    explore_lists(RandomScheduler::new(RUNS), 1, true, false);
    explore_lists(PctScheduler::new(3, RUNS), 2, true, true);
}

#[test]
fn callers_of_a_capacity() {
    explore_takes(RandomScheduler::new(RUNS), 1, false, false);
    explore_takes(PctScheduler::new(3, RUNS), 2, false, false);
}

#[test]
fn callers_of_a_capacity_who_leave() {
    explore_takes(RandomScheduler::new(RUNS), 1, true, false);
    explore_takes(PctScheduler::new(3, RUNS), 2, true, true);
}
