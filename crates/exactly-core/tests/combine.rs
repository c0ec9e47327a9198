//! Calls that are folded, before an engine that answers when it is told to.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::{Future, poll_fn};
use std::num::NonZeroU64;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use exactly_core::layers::{Combine, CombinePolicy};
use exactly_core::operations::capacity::{
    CapacityOp, HOLDS_MAX, Levels, Read, Take, TakeEach, Taken,
};
use exactly_core::operations::counter::{Add, AddTimes, Added, Bounds, Get};
use exactly_core::operations::list::{End, ListOp, Pop, Push, Pushed, Range};
use exactly_core::operations::{flag, set, value};
use exactly_core::{
    Answer, BATCH_MAX, Batch, Bytes, Delivery, Durability, ELEMENTS_MAX, Engine, Fault, HoldId,
    Joining, Key, Lifetime, Listing, ManualClock, Mark, Model, Op, Operation, Outcome, Page,
    Profile, Refusal, Rehearsal, Reply, Resolution, Step, Token,
};
use tokio::runtime;
use tokio::sync::Semaphore;
use tokio::task::yield_now;

/// The model behind a gate: every batch waits until one more may pass.
#[derive(Debug)]
struct Gate {
    model: Mutex<Model>,
    asked: Mutex<Vec<Batch>>,
    passes: Semaphore,
    script: Mutex<Vec<Told>>,
}

/// What comes of a batch that is not simply applied.
#[derive(Debug, Clone, Copy)]
enum Told {
    Lost,
    Unavailable,
    Nothing,
    Refused,
    Panic,
}

impl Gate {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            model: Mutex::new(Model::new()),
            asked: Mutex::default(),
            passes: Semaphore::new(0),
            script: Mutex::default(),
        })
    }

    fn pass(&self, batches: usize) {
        self.passes.add_permits(batches);
    }

    /// The next batches that pass are told this.
    fn tell(&self, told: impl IntoIterator<Item = Told>) {
        self.script.lock().unwrap().extend(told);
    }

    fn asked(&self) -> Vec<Batch> {
        self.asked.lock().unwrap().clone()
    }

    /// The batches asked for, once there are so many.
    async fn asked_for(&self, batches: usize) -> Vec<Batch> {
        while self.asked().len() < batches {
            yield_now().await;
        }
        self.asked()
    }

    fn count(&self, name: &str) -> i64 {
        self.model.lock().unwrap().run(&key(name), Get { start: 0 }).unwrap()
    }

    async fn answer(&self, batch: Batch) -> Result<Reply, Fault> {
        self.passes.acquire().await.unwrap().forget();
        let mut script = self.script.lock().unwrap();
        let told = (!script.is_empty()).then(|| script.remove(0));
        drop(script);
        match told {
            None => self.model.lock().unwrap().apply(&batch),
            Some(Told::Lost) => Err(Fault::lost_reply("cut")),
            Some(Told::Unavailable) => Err(Fault::unavailable("refused")),
            Some(Told::Nothing) => Ok(Reply::Applied([].into_iter().collect())),
            Some(Told::Refused) => Ok(Reply::Refused(Refusal::Requirement(0))),
            Some(Told::Panic) => panic!("told to"),
        }
    }
}

impl Engine for Gate {
    fn apply(&self, batch: Batch) -> Answer<'_, Reply> {
        self.asked.lock().unwrap().push(batch.clone());
        Answer::pending(self.answer(batch))
    }

    fn changed(&self, _key: &Key, _since: Mark) -> Answer<'_, Mark> {
        Answer::ready(Ok(Mark::new(7)))
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
            name: "gate",
            durability: Durability::Process,
            batch_max: BATCH_MAX,
            loses_replies: true,
            far: true,
            token_window: Duration::from_secs(600),
        }
    }
}

const ONE_LANE: CombinePolicy =
    CombinePolicy { batch_max: BATCH_MAX, callers_max: 10_000, lanes: 1 };

fn combine(gate: &Arc<Gate>) -> Combine<Arc<Gate>> {
    Combine::with_policy(Arc::clone(gate), ONE_LANE)
}

fn key(name: &str) -> Key {
    Key::alone("", name).unwrap()
}

fn step(name: &str, operation: impl Operation) -> Step {
    Step::new(key(name), operation.into_op())
}

fn one(name: &str, operation: impl Operation) -> Batch {
    Batch::one(step(name, operation))
}

fn add(name: &str) -> Batch {
    one(name, Add::by(1_i64))
}

fn at_most(max: i64) -> Add<i64> {
    Add { by: 1, start: 0, bounds: Bounds { min: None, max: Some(max) } }
}

/// Polls once, with the waker of the test.
async fn poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    poll_fn(|cx| {
        Poll::Ready(match Pin::new(&mut *future).poll(cx) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}

/// Makes these calls at once, in this order; none may answer yet.
async fn board<'a>(
    combine: &'a Combine<Arc<Gate>>,
    batches: impl IntoIterator<Item = Batch>,
) -> Vec<Answer<'a, Reply>> {
    let mut calls: Vec<_> = batches.into_iter().map(|batch| combine.apply(batch)).collect();
    for call in &mut calls {
        assert!(poll(call).await.is_none());
    }
    calls
}

/// A call that is sent by itself and keeps the lane busy while the gate is closed.
async fn busy<'a>(combine: &'a Combine<Arc<Gate>>, gate: &Gate) -> Answer<'a, Reply> {
    let mut first = combine.apply(one("first", flag::IsMarked {}));
    assert!(poll(&mut first).await.is_none());
    assert_eq!(gate.asked().len(), 1);
    first
}

async fn all(calls: Vec<Answer<'_, Reply>>) -> Vec<Result<Reply, Fault>> {
    let mut replies = Vec::new();
    for call in calls {
        replies.push(call.await);
    }
    replies
}

fn added(reply: &Result<Reply, Fault>) -> Option<i64> {
    match reply.clone().unwrap().only::<Add<i64>>().unwrap() {
        Added::Stepped { value } => Some(value),
        Added::OutOfBounds { .. } => None,
    }
}

#[tokio::test]
async fn equal_additions_travel_as_one_and_are_dealt_out_in_the_order_of_arrival() {
    let gate = Gate::new();
    let combine = combine(&gate);
    let _first = busy(&combine, &gate).await;
    let calls = board(&combine, (0..5).map(|_| add("a"))).await;
    let asked = gate.asked_for(2).await;
    let many = AddTimes { by: 1_i64, times: 5, start: 0, bounds: Bounds::NONE };
    assert_eq!(asked[1], Batch::apart([step("a", many)]));
    gate.pass(2);
    let values: Vec<_> = all(calls).await.iter().map(added).collect();
    assert_eq!(values, (1..=5).map(Some).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_flight_of_one_is_the_operation_itself() {
    let gate = Gate::new();
    let combine = combine(&gate);
    let _first = busy(&combine, &gate).await;
    let _calls = board(&combine, [add("a")]).await;
    assert_eq!(gate.asked_for(2).await[1], Batch::apart([step("a", Add::by(1_i64))]));
}

/// What callers are told of additions that meet bounds or the end of the numbers, some of them
/// leaving before the departure, is what they would be told one by one.
#[tokio::test]
async fn each_is_told_what_it_would_have_been_told_alone() {
    let mut dice = fastrand::Rng::with_seed(5);
    for round in 0..300 {
        let start = *dice.choice(&[0, -3, i64::MAX - 4, i64::MIN + 4]).unwrap();
        let by = *dice.choice(&[1, -1, 3, 0, i64::MAX / 2]).unwrap();
        let bound = |dice: &mut fastrand::Rng| dice.bool().then(|| start.saturating_add(5));
        let bounds = Bounds { min: None, max: bound(&mut dice) };
        let add = step("a", Add { by, start, bounds });
        let gate = Gate::new();
        let combine = combine(&gate);
        let _first = busy(&combine, &gate).await;
        let count = dice.usize(1..12);
        let optional: Vec<_> = (0..count).map(|_| dice.bool()).collect();
        let batches = optional.iter().map(|optional| {
            Batch::one(if *optional { add.clone().optional() } else { add.clone() })
        });
        let batches: Vec<_> = batches.collect();
        let calls = board(&combine, batches.clone()).await;
        let mut model = Model::new();
        let mut staying = Vec::new();
        for (call, batch) in calls.into_iter().zip(&batches) {
            if dice.u8(..3) > 0 {
                staying.push((call, model.apply(batch)));
            }
        }
        gate.pass(2);
        for (call, expected) in staying {
            match (call.await, expected) {
                (Ok(reply), Ok(expected)) => assert_eq!(reply, expected, "{round}"),
                (Err(told), Err(expected)) => {
                    assert_eq!(told.to_string(), expected.to_string(), "{round}");
                }
                (told, expected) => panic!("{round}: {told:?} for {expected:?}"),
            }
        }
        let left = gate.model.lock().unwrap().clone();
        assert!(left.states().eq(model.states()), "{round}");
    }
}

fn push(end: End, letters: &str, most: u64) -> Push {
    let elements = letters.chars().map(|letter| Bytes::from(letter.to_string())).collect();
    Push { end, elements, limit: NonZeroU64::new(most) }
}

fn range(from: i64, to: i64) -> Batch {
    one("jobs", Range { from, to })
}

#[tokio::test]
async fn what_is_pushed_travels_in_a_row_and_what_is_popped_is_handed_round() {
    let gate = Gate::new();
    let combine = combine(&gate);
    let _first = busy(&combine, &gate).await;
    let letters = ["ab", "", "c", "def"];
    let pushes = letters.map(|letters| one("jobs", push(End::Back, letters, 5)));
    let others = [push(End::Front, "x", 5), push(End::Back, "y", 6)].map(|push| one("jobs", push));
    let pushes = board(&combine, pushes.into_iter().chain(others)).await;
    let pop = |count| one("jobs", Pop { end: End::Front, count });
    let pops = board(&combine, [pop(1), pop(0), pop(2), pop(9), pop(u64::MAX)]).await;
    let asked = gate.asked_for(2).await;
    let back = Pop { end: End::Front, count: u64::MAX };
    let together = [
        step("jobs", push(End::Back, "abcdef", 5)),
        step("jobs", push(End::Front, "x", 5)),
        step("jobs", push(End::Back, "y", 6)),
        step("jobs", back),
    ];
    assert_eq!(asked[1], Batch::apart(together));
    gate.pass(2);
    let told = |before, len| Pushed { before, len };
    let pushed = all(pushes).await.into_iter().map(|told| told.unwrap().only::<Push>().unwrap());
    let expected = [told(0, 2), told(2, 2), told(2, 3), told(3, 5), told(5, 5), told(5, 6)];
    assert_eq!(pushed.collect::<Vec<_>>(), expected);
    let popped = all(pops).await.into_iter().map(|told| told.unwrap().only::<Pop>().unwrap());
    let letters = |letters| push(End::Back, letters, 0).elements;
    assert_eq!(popped.collect::<Vec<_>>(), ["x", "", "bc", "dey", ""].map(letters));
}

/// What callers are told of pushes and pops at both ends of lists, some of them leaving before the
/// departure, is what they would be told one by one; those of one group in the order of arrival.
#[tokio::test]
async fn each_has_from_a_list_what_it_would_have_had_alone() {
    let mut dice = fastrand::Rng::with_seed(6);
    for round in 0..300 {
        let end = |dice: &mut fastrand::Rng| if dice.bool() { End::Front } else { End::Back };
        let (pushed_at, popped_at) = (end(&mut dice), end(&mut dice));
        let limit = dice.u64(..6);
        let pushes = dice.u8(..3);
        let mut model = Model::new();
        let before = match dice.u8(..8) {
            0 => value::Set { to: "no list".into() }.into_op(),
            1.. => push(End::Back, &"mnopqrs"[..dice.usize(..8)], 0).into_op(),
        };
        model.apply(&Batch::one(Step::new(key("jobs"), before))).unwrap();
        let gate = Gate::new();
        gate.model.lock().unwrap().clone_from(&model);
        let combine = combine(&gate);
        let _first = busy(&combine, &gate).await;
        // One kind comes first, so that the order of arrival is that of the groups.
        let mut batches: Vec<_> = (0..dice.usize(1..8))
            .map(|_| one("jobs", push(pushed_at, &"abc"[..dice.usize(..4)], limit)))
            .collect();
        let pops = (0..dice.usize(1..8)).map(|_| dice.u64(..4));
        let pops = pops.map(|count| one("jobs", Pop { end: popped_at, count }));
        let pops: Vec<_> = pops.collect();
        match pushes {
            0 => batches.splice(0..0, pops),
            1.. => batches.splice(batches.len().., pops),
        };
        let calls = board(&combine, batches.clone()).await;
        let mut staying = Vec::new();
        for (call, batch) in calls.into_iter().zip(&batches) {
            if dice.u8(..3) > 0 {
                staying.push((call, model.apply(batch)));
            }
        }
        gate.pass(2);
        for (call, expected) in staying {
            match (call.await, expected) {
                (Ok(reply), Ok(expected)) => assert_eq!(reply, expected, "{round}"),
                (Err(told), Err(expected)) => {
                    assert_eq!(told.to_string(), expected.to_string(), "{round}");
                }
                (told, expected) => panic!("{round}: {told:?} for {expected:?}"),
            }
        }
        let left = gate.model.lock().unwrap().clone();
        assert!(left.states().eq(model.states()), "{round}");
    }
}

#[tokio::test]
async fn a_push_in_a_row_is_not_longer_than_one_may_be() {
    let gate = Gate::new();
    let combine = combine(&gate);
    let _first = busy(&combine, &gate).await;
    let many = |count| Push { elements: vec!["x".into(); count], ..push(End::Back, "", 0) };
    let sizes = [ELEMENTS_MAX - 1, 1, 1, ELEMENTS_MAX, 1];
    let calls = board(&combine, sizes.map(|count| one("jobs", many(count)))).await;
    let too_many = combine.apply(one("jobs", many(ELEMENTS_MAX + 1))).await.unwrap_err();
    assert!(too_many.is_bad_setting(), "{too_many}");
    // Nor does one go along that is not asked whether it may.
    let op = many(ELEMENTS_MAX + 1).into_op();
    let (key, lifetime, delivery) = (&key("jobs"), Lifetime::Unchanged, &Delivery::ExactlyOnce);
    let joining = Joining { key, op: &op, lifetime, delivery };
    assert!(combine.join(&joining, Waker::noop()).is_none());
    gate.pass(9);
    let pushed = all(calls).await.into_iter().map(|told| told.unwrap().only::<Push>().unwrap());
    let lens: Vec<_> = pushed.map(|pushed| pushed.len).collect();
    let most = ELEMENTS_MAX as u64;
    // Who finds no room in a row begins another, which whoever comes next joins.
    assert_eq!(lens, [most - 1, most, most + 1, 2 * most + 2, most + 2]);
    let sizes: Vec<_> = gate.asked()[1].steps.iter().map(pushed_by).collect();
    assert_eq!(sizes, [ELEMENTS_MAX, 2, ELEMENTS_MAX]);
}

fn pushed_by(step: &Step) -> usize {
    let Op::List(ListOp::Push(push)) = &step.op else { panic!("{step:?}") };
    push.elements.len()
}

fn take(hold: u128, units: u64) -> Take {
    let lease = Duration::from_secs(30);
    Take { hold: HoldId::from_u128(hold), units, lease, limit: 3 }
}

fn take_each(holds: impl IntoIterator<Item = u128>, units: u64) -> TakeEach {
    let Take { lease, limit, .. } = take(0, units);
    let holds: Vec<_> = holds.into_iter().map(HoldId::from_u128).collect();
    TakeEach { holds: holds.into(), units, lease, limit }
}

fn taken(reply: Result<Reply, Fault>) -> Taken {
    reply.unwrap().only::<Take>().unwrap()
}

#[tokio::test]
async fn those_who_take_the_same_travel_as_one_and_each_is_told_of_its_own_hold() {
    let gate = Gate::new();
    let combine = combine(&gate);
    let _first = busy(&combine, &gate).await;
    let longer = Take { lease: Duration::from_secs(31), ..take(7, 1) };
    let wider = Take { limit: 4, ..take(8, 1) };
    let raw = one("seats", take(9, 1)).delivery(Delivery::AtMostOnce);
    let takes = [take(1, 1), take(2, 1), take(5, 2), take(3, 1), longer, wider, take(4, 1)];
    let lasting = step("seats", take(6, 1)).lifetime(Lifetime::Sliding(Duration::from_secs(60)));
    let takes = takes.map(|take| one("seats", take)).into_iter();
    let calls = board(&combine, takes.chain([raw, Batch::one(lasting.clone())])).await;
    let asked = gate.asked_for(2).await;
    let [longer, wider] = [(7, 31, 3), (8, 30, 4)].map(|(hold, lease, limit)| Take {
        lease: Duration::from_secs(lease),
        limit,
        ..take(hold, 1)
    });
    let together = [
        step("seats", take_each(1..=4, 1)),
        step("seats", take(5, 2)),
        step("seats", longer),
        step("seats", wider),
        lasting,
    ];
    assert_eq!(asked[1], Batch::apart(together));
    gate.pass(9);
    let told: Vec<_> = all(calls).await.into_iter().map(taken).collect();
    let held = |hold| Taken::Held { hold: HoldId::from_u128(hold) };
    let full = Taken::Full { free: 0, held: 3 };
    assert_eq!(told, [held(1), held(2), full, held(3), full, full, full, full, full]);
    assert_eq!(gate.asked()[2].delivery, Delivery::AtMostOnce);
}

#[tokio::test]
async fn whoever_left_before_the_departure_has_taken_nothing() {
    let gate = Gate::new();
    let combine = combine(&gate);
    let first = busy(&combine, &gate).await;
    let mut calls = board(&combine, (1..=4).map(|hold| one("seats", take(hold, 1)))).await;
    // The first and the third leave; then, of another crowd, all but one.
    drop((calls.remove(2), calls.remove(0)));
    gate.asked_for(2).await;
    let mut others = board(&combine, (5..=7).map(|hold| one("seats", take(hold, 1)))).await;
    drop(others.drain(..2));
    gate.pass(9);
    first.await.unwrap();
    calls.append(&mut others);
    let told: Vec<_> = all(calls).await.into_iter().map(taken).collect();
    assert_eq!(told, [2, 4, 7].map(|hold| Taken::Held { hold: HoldId::from_u128(hold) }));
    let asked = gate.asked();
    assert_eq!(asked[1], Batch::apart([step("seats", take_each([2, 4], 1))]));
    assert_eq!(asked[2], Batch::apart([step("seats", take(7, 1))]));
    let levels = gate.model.lock().unwrap().run(&key("seats"), Read { limit: 3 }).unwrap();
    assert_eq!(levels, Levels { limit: 3, free: 0, held: 3, confirmed: 0 });
}

/// What callers are told of takes under ids of which some are held already or named twice, some
/// callers leaving before the departure, is what they would be told one by one.
#[tokio::test]
async fn each_takes_what_it_would_have_taken_alone() {
    let mut dice = fastrand::Rng::with_seed(8);
    for round in 0..300 {
        let mut model = Model::new();
        match dice.u8(..8) {
            0 => model.apply(&one("seats", value::Set { to: "no capacity".into() })).unwrap(),
            1.. => model.apply(&one("seats", take(dice.u128(..9), dice.u64(1..4)))).unwrap(),
        };
        let gate = Gate::new();
        gate.model.lock().unwrap().clone_from(&model);
        let combine = combine(&gate);
        let _first = busy(&combine, &gate).await;
        let (count, units) = (dice.usize(1..9), dice.u64(1..3));
        let batches = (0..count).map(|_| {
            let step = step("seats", take(dice.u128(..9), units));
            Batch::one(if dice.bool() { step.optional() } else { step })
        });
        let batches: Vec<_> = batches.collect();
        let calls = board(&combine, batches.clone()).await;
        let mut staying = Vec::new();
        for (call, batch) in calls.into_iter().zip(&batches) {
            if dice.u8(..3) > 0 {
                staying.push((call, model.apply(batch)));
            }
        }
        gate.pass(2);
        for (call, expected) in staying {
            match (call.await, expected) {
                (Ok(reply), Ok(expected)) => assert_eq!(reply, expected, "{round}"),
                (Err(told), Err(expected)) => {
                    assert_eq!(told.to_string(), expected.to_string(), "{round}");
                }
                (told, expected) => panic!("{round}: {told:?} for {expected:?}"),
            }
        }
        let left = gate.model.lock().unwrap().clone();
        assert!(left.states().eq(model.states()), "{round}");
    }
}

#[tokio::test]
async fn no_more_take_together_than_may() {
    let gate = Gate::new();
    let combine = combine(&gate);
    let _first = busy(&combine, &gate).await;
    let many = (0..HOLDS_MAX as u128 + 2).map(|hold| one("seats", take(hold, 1)));
    let calls = board(&combine, many).await;
    gate.pass(9);
    let told: Vec<_> = all(calls).await.into_iter().map(taken).collect();
    assert_eq!(told.iter().filter(|told| matches!(told, Taken::Held { .. })).count(), 3);
    let holds = |step: &Step| {
        let Op::Capacity(CapacityOp::TakeEach(each)) = &step.op else { panic!("{step:?}") };
        each.holds.len()
    };
    assert_eq!(gate.asked()[1].steps.iter().map(holds).collect::<Vec<_>>(), [HOLDS_MAX, 2]);
}

#[tokio::test]
async fn those_who_read_different_parts_of_a_list_are_told_their_own() {
    let gate = Gate::new();
    gate.model.lock().unwrap().run(&key("jobs"), push(End::Back, "abcdef", 0)).unwrap();
    let combine = combine(&gate);
    let _first = busy(&combine, &gate).await;
    let reads = (0..36).map(|number| range(number / 6, number % 6));
    let reads = board(&combine, reads.clone().chain(reads)).await;
    gate.pass(9);
    for (number, told) in all(reads).await.into_iter().enumerate() {
        let (from, to) = (number % 36 / 6, number % 6);
        let expected = if from <= to { &"abcdef"[from..=to] } else { "" };
        let told = told.unwrap().only::<Range>().unwrap();
        assert_eq!(told, push(End::Back, expected, 0).elements);
    }
    assert_eq!(gate.asked()[1].steps.len(), 36, "each once");
}

#[tokio::test]
async fn equal_reads_are_one_and_all_else_shares_the_way() {
    let gate = Gate::new();
    let combine = combine(&gate);
    let _first = busy(&combine, &gate).await;
    let reads = board(&combine, (0..3).map(|_| one("a", Get { start: 9_i64 }))).await;
    let writes = [
        one("motto", value::Set { to: "x".into() }),
        one("motto", value::Set { to: "x".into() }),
        one("b", Add::by(1_i64)),
        one("b", Add::by(2_i64)),
        one("c", Add::by(0.5_f64)),
        one("c", Add::by(0.5_f64)),
        one("b", Add::by(1_i64)),
    ];
    let writes = board(&combine, writes).await;
    let raw = board(&combine, [add("b").delivery(Delivery::AtMostOnce), add("b")]).await;
    let raw_read = one("a", Get { start: 9_i64 }).delivery(Delivery::AtMostOnce);
    let late = board(&combine, [raw_read]).await;
    gate.pass(100);
    for read in all(reads).await.into_iter().chain(all(late).await) {
        assert_eq!(read.unwrap().only::<Get<i64>>().unwrap(), 9);
    }
    let told = all(writes).await;
    let told = [added(&told[2]), added(&told[6]), added(&told[3])];
    assert_eq!(told, [Some(1), Some(2), Some(5)]);
    assert_eq!(all(raw).await.iter().map(added).collect::<Vec<_>>(), [Some(6), Some(3)]);
    let asked = gate.asked();
    let flights = asked[1..].iter().map(|batch| (batch.steps.len(), batch.writes()));
    assert_eq!(flights.collect::<Vec<_>>(), [(1, false), (6, true), (1, true)]);
    let deliveries: Vec<_> = asked[1..].iter().map(|batch| batch.delivery.clone()).collect();
    assert_eq!(deliveries[..2], [Delivery::ExactlyOnce, Delivery::ExactlyOnce]);
    assert_eq!(deliveries[2], Delivery::AtMostOnce);
}

#[tokio::test]
async fn whoever_draws_a_lot_has_a_draw_of_its_own() {
    let gate = Gate::new();
    let combine = combine(&gate);
    let members = (0..64).map(|number| number.to_string().into()).collect();
    gate.model.lock().unwrap().run(&key("set"), set::Add { members, limit: None }).unwrap();
    let _first = busy(&combine, &gate).await;
    let draws = (0..32).map(|_| one("set", set::Random { count: 1 }));
    let draws = board(&combine, draws).await;
    gate.pass(100);
    let told = all(draws).await.into_iter();
    let told: Vec<_> = told.map(|draw| draw.unwrap().only::<set::Random>().unwrap()).collect();
    assert!(told.iter().any(|draw| *draw != told[0]), "32 draws of 64 members: {told:?}");
    assert_eq!(gate.asked().last().unwrap().steps.len(), 32, "and all go along");
}

#[tokio::test]
async fn what_has_a_name_or_conditions_or_parts_goes_its_own_way() {
    let gate = Gate::new();
    let combine = combine(&gate);
    let _first = busy(&combine, &gate).await;
    let token = Token::caller("id", Duration::from_secs(60)).unwrap();
    let passing = [
        add("a").named(token),
        add("a").requiring(key("a"), exactly_core::Condition::Absent),
        Batch::of([step("a", Add::by(1_i64)), step("b", Add::by(1_i64))]),
        Batch::of([]),
        Batch::apart([step("a", Add::by(1_i64))]),
    ];
    let _calls = board(&combine, passing.clone()).await;
    assert_eq!(gate.asked()[1..], passing);
    assert_eq!(combine.changed(&key("a"), Mark::NONE).await.unwrap(), Mark::new(7));
    assert_eq!(combine.profile(), gate.profile());
}

#[tokio::test]
async fn a_lone_caller_sends_its_own_batch_and_keeps_nobody_waiting() {
    let gate = Gate::new();
    let combine = combine(&gate);
    let raw = add("a").delivery(Delivery::AtMostOnce);
    let mut first = board(&combine, [raw.clone()]).await;
    assert_eq!(gate.asked(), [raw]);
    // The first is never polled again; those who come later go in a flight.
    let second = board(&combine, [add("a")]).await;
    gate.asked_for(2).await;
    gate.pass(2);
    assert_eq!(added(&all(second).await[0]), Some(1));
    // Nothing is under way but the first.
    let third = board(&combine, [add("a")]).await;
    gate.asked_for(3).await;
    gate.pass(1);
    assert_eq!(added(&all(third).await[0]), Some(2));
    assert!(gate.asked()[2].apart);
    assert_eq!(added(&first.pop().unwrap().await), Some(3));
    // Nothing is under way at all.
    gate.pass(1);
    let fourth = combine.apply(add("a")).await;
    assert_eq!(added(&fourth), Some(4));
    assert!(!gate.asked()[3].apart);
}

#[tokio::test]
async fn a_lone_caller_that_goes_away_leaves_the_lane_idle() {
    let gate = Gate::new();
    let combine = combine(&gate);
    drop(board(&combine, [add("a")]).await);
    drop(board(&combine, [add("a")]).await);
    assert!(gate.asked().iter().all(|batch| !batch.apart));
}

#[tokio::test]
async fn who_leaves_before_the_departure_has_asked_for_nothing() {
    let gate = Gate::new();
    let combine = combine(&gate);
    let _first = busy(&combine, &gate).await;
    let mut calls = board(&combine, (0..4).map(|_| add("a"))).await;
    let other = board(&combine, [add("b")]).await;
    drop((calls.remove(0), calls.remove(1), other));
    let reads = board(&combine, [one("a", Get { start: 0_i64 })]).await;
    drop(reads);
    gate.pass(9);
    assert_eq!(all(calls).await.iter().map(added).collect::<Vec<_>>(), [Some(1), Some(2)]);
    // Neither the group nor the flight whose only callers left was sent.
    let asked = gate.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[1].steps.len(), 1);
    // An answer that was never polled has not even boarded.
    drop(combine.apply(add("a")));
    assert_eq!((gate.count("a"), gate.count("b")), (2, 0));
}

#[tokio::test]
async fn who_leaves_after_the_departure_may_have_happened() {
    let gate = Gate::new();
    let combine = combine(&gate);
    let _first = busy(&combine, &gate).await;
    let mut calls = board(&combine, (0..3).map(|_| add("a"))).await;
    gate.asked_for(2).await;
    drop(calls.remove(0));
    gate.pass(9);
    assert_eq!(all(calls).await.iter().map(added).collect::<Vec<_>>(), [Some(2), Some(3)]);
}

#[tokio::test]
async fn a_flood_is_served_in_order() {
    let gate = Gate::new();
    let policy = CombinePolicy { batch_max: 2, ..ONE_LANE };
    let combine = Combine::with_policy(Arc::clone(&gate), policy);
    let _first = busy(&combine, &gate).await;
    let names = ["a", "b", "c", "d", "e", "e", "a"];
    let calls = board(&combine, names.map(add)).await;
    gate.pass(9);
    assert!(all(calls).await.iter().all(|reply| reply.is_ok()));
    let flights: Vec<Vec<_>> = gate.asked()[1..]
        .iter()
        .map(|batch| batch.steps.iter().map(|step| step.key.to_string()).collect())
        .collect();
    assert_eq!(flights, [vec!["a", "b"], vec!["c", "d"], vec!["e", "a"]]);
}

#[tokio::test]
async fn a_second_flight_departs_when_it_is_at_least_half_as_large() {
    let gate = Gate::new();
    let combine = combine(&gate);
    let _first = busy(&combine, &gate).await;
    let _flying = board(&combine, (0..4).map(|_| add("a"))).await;
    gate.asked_for(2).await;
    let _one = board(&combine, [add("a")]).await;
    for _ in 0..10 {
        yield_now().await;
    }
    assert_eq!(gate.asked().len(), 2);
    let _two = board(&combine, [add("b")]).await;
    assert_eq!(gate.asked_for(3).await[2].steps.len(), 2);
    // A third waits, however large.
    let third = board(&combine, (0..9).map(|_| add("a"))).await;
    for _ in 0..10 {
        yield_now().await;
    }
    assert_eq!(gate.asked().len(), 3);
    gate.pass(9);
    assert!(all(third).await.iter().all(|reply| reply.is_ok()));
}

#[tokio::test]
async fn a_flight_that_takes_long_holds_nobody_back() {
    let gate = Gate::new();
    let clock = Arc::new(ManualClock::new());
    let combine = Combine::by_clock(Arc::clone(&gate), ONE_LANE, Arc::clone(&clock) as _);
    let _first = busy(&combine, &gate).await;
    let mut stalled = Vec::new();
    for flights in 0..5 {
        // Two flights; who comes next waits, until these have taken too long.
        stalled.extend(board(&combine, (0..8).map(|_| add("a"))).await);
        gate.asked_for(2 + 3 * flights).await;
        stalled.extend(board(&combine, (0..8).map(|_| add("b"))).await);
        gate.asked_for(3 + 3 * flights).await;
        stalled.extend(board(&combine, [add("c")]).await);
        for _ in 0..10 {
            yield_now().await;
        }
        assert_eq!(gate.asked().len(), 3 + 3 * flights);
        clock.advance(Duration::from_millis(20));
        gate.asked_for(4 + 3 * flights).await;
        clock.advance(Duration::from_millis(20));
        for _ in 0..10 {
            yield_now().await;
        }
    }
    gate.pass(99);
    assert!(all(stalled).await.iter().all(|reply| reply.is_ok()));
    assert_eq!(["a", "b", "c"].map(|name| gate.count(name)), [40, 40, 5]);
}

#[tokio::test]
async fn too_many_are_told_so() {
    let gate = Gate::new();
    let policy = CombinePolicy { callers_max: 2, ..ONE_LANE };
    let combine = Combine::with_policy(Arc::clone(&gate), policy);
    let _first = busy(&combine, &gate).await;
    let calls = board(&combine, [add("a"), add("a")]).await;
    let fault = combine.apply(add("a")).await.unwrap_err();
    assert!(fault.is_at_capacity() && fault.is_not_applied(), "{fault}");
    // Those in the air wait too.
    gate.asked_for(2).await;
    assert!(combine.apply(add("b")).await.unwrap_err().is_at_capacity());
    gate.pass(9);
    assert!(all(calls).await.iter().all(|reply| reply.is_ok()));
    assert!(combine.apply(add("b")).await.is_ok());
}

#[tokio::test]
async fn a_fault_is_told_to_all_and_a_read_was_not_applied() {
    // What comes of the flight; whether its writers are told that it is unknown.
    for (told, unknown) in [
        (Told::Lost, true),
        (Told::Unavailable, false),
        (Told::Nothing, true),
        (Told::Refused, true),
        (Told::Panic, true),
    ] {
        let gate = Gate::new();
        let combine = combine(&gate);
        let first = busy(&combine, &gate).await;
        gate.pass(1);
        let boarded = board(&combine, [add("a"), add("b"), add("a")]).await;
        first.await.unwrap();
        gate.tell([told, told]);
        gate.asked_for(2).await;
        let reads = board(&combine, (0..2).map(|_| one("a", Get { start: 0_i64 }))).await;
        gate.asked_for(3).await;
        gate.pass(9);
        for fault in all(boarded).await {
            let fault = fault.unwrap_err();
            assert_eq!((fault.is_unknown(), fault.is_misuse()), (unknown, false), "{fault}");
        }
        for fault in all(reads).await {
            let fault = fault.unwrap_err();
            assert!(fault.is_not_applied(), "{fault}");
        }
        // And it goes on.
        assert_eq!(added(&combine.apply(add("a")).await), Some(1), "{told:?}");
    }
}

/// Takes no batch with a value in which it finds `poison`.
#[derive(Debug)]
struct Squeamish(Arc<Gate>);

impl Engine for Squeamish {
    fn apply(&self, batch: Batch) -> Answer<'_, Reply> {
        let poison = value::Set { to: "poison".into() }.into_op();
        if batch.steps.iter().any(|step| step.op == poison) {
            self.0.asked.lock().unwrap().push(batch);
            return Answer::ready(Err(Fault::bad_option("poison")));
        }
        self.0.apply(batch)
    }

    fn changed(&self, key: &Key, since: Mark) -> Answer<'_, Mark> {
        self.0.changed(key, since)
    }

    fn keys(&self, listing: Listing) -> Answer<'_, Page> {
        self.0.keys(listing)
    }

    fn resolve(&self, token: &Token) -> Answer<'_, Resolution> {
        self.0.resolve(token)
    }

    fn rehearse(&self, batch: Batch) -> Answer<'_, Rehearsal> {
        self.0.rehearse(batch)
    }

    fn profile(&self) -> Profile {
        self.0.profile()
    }
}

#[tokio::test]
async fn one_who_is_to_blame_is_told_so_and_the_others_are_served() {
    let gate = Gate::new();
    let combine = Combine::with_policy(Squeamish(Arc::clone(&gate)), ONE_LANE);
    let mut first = combine.apply(add("first"));
    assert!(poll(&mut first).await.is_none());
    let poison = || one("motto", value::Set { to: "poison".into() });
    let batches = [add("a"), poison(), add("a"), add("b")];
    let mut calls: Vec<_> = batches.map(|batch| combine.apply(batch)).into_iter().collect();
    for call in &mut calls {
        assert!(poll(call).await.is_none());
    }
    gate.pass(99);
    let told = all(calls).await;
    assert!(told[1].as_ref().unwrap_err().is_misuse());
    assert_eq!([0, 2, 3].map(|place| added(&told[place])), [Some(1), Some(2), Some(1)]);
    // All together, then three by one.
    let sizes: Vec<_> = gate.asked()[1..].iter().map(|batch| batch.steps.len()).collect();
    assert_eq!(sizes, [3, 1, 1, 1]);
}

#[tokio::test]
async fn a_misuse_of_one_is_its_own() {
    let gate = Gate::new();
    gate.model.lock().unwrap().run(&key("motto"), value::Set { to: "abc".into() }).unwrap();
    let combine = combine(&gate);
    let _first = busy(&combine, &gate).await;
    // A bad setting does not even board.
    let wrong = Bounds { min: Some(1), max: Some(0) };
    let fault = combine.apply(one("a", Add { bounds: wrong, ..Add::by(1_i64) })).await.unwrap_err();
    assert!(fault.is_bad_setting() && fault.key() == Some(&key("a")), "{fault}");
    let calls = board(&combine, [add("a"), add("motto"), add("motto"), add("a")]).await;
    gate.pass(99);
    let told = all(calls).await;
    for fault in &told[1..3] {
        let fault = fault.as_ref().unwrap_err();
        assert!(fault.is_not_a_number() && fault.key() == Some(&key("motto")), "{fault}");
    }
    assert_eq!([0, 3].map(|place| added(&told[place])), [Some(1), Some(2)]);
    assert_eq!(gate.asked().len(), 2);
}

#[tokio::test]
async fn a_refusal_is_an_outcome_only_for_those_to_whom_it_is_one() {
    let gate = Gate::new();
    let combine = combine(&gate);
    let _first = busy(&combine, &gate).await;
    let required = Batch::one(step("a", at_most(1)));
    let optional = Batch::one(step("a", at_most(1)).optional());
    let calls = board(&combine, [optional.clone(), required.clone(), optional, required]).await;
    gate.pass(9);
    let told: Vec<_> = all(calls).await.into_iter().map(Result::unwrap).collect();
    assert!(matches!(told[0], Reply::Applied(_)) && matches!(told[2], Reply::Applied(_)));
    for place in [1, 3] {
        assert!(matches!(told[place], Reply::Refused(Refusal::Operation(0, Outcome::Counter(_)))));
    }
}

#[tokio::test]
async fn a_call_may_move_to_another_task_while_it_waits_and_while_it_flies() {
    let gate = Gate::new();
    let combine = Arc::new(combine(&gate));
    let first = busy(&combine, &gate).await;
    let moved = |flying: bool| {
        let (gate, combine) = (Arc::clone(&gate), Arc::clone(&combine));
        async move {
            // Boarded with a waker that wakes nobody, then waited for by a task of its own.
            let mut call = combine.apply(add("a"));
            let asked = gate.asked().len();
            assert!(poll_unheard(&mut call).is_pending());
            if flying {
                gate.asked_for(asked + 1).await;
            }
            call.await
        }
    };
    for flying in [false, true] {
        let task = tokio::spawn(moved(flying));
        for _ in 0..10 {
            yield_now().await;
        }
        gate.pass(2);
        assert!(task.await.unwrap().is_ok());
    }
    first.await.unwrap();
}

/// Polls with a waker that wakes nobody.
fn poll_unheard<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_runtime_that_ends_takes_its_flights_with_it_and_nothing_else() {
    let single = || runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let gate = Gate::new();
    let combine = combine(&gate);
    let ended = single();
    let first = ended.block_on(busy(&combine, &gate));
    let flying = ended.block_on(async {
        let flying = board(&combine, [add("a"), add("a")]).await;
        gate.asked_for(2).await;
        flying
    });
    let reading = ended.block_on(board(&combine, [one("a", Get { start: 0_i64 })]));
    drop(ended);
    // Whoever still asks is told.
    let other = single();
    for fault in other.block_on(all(flying)) {
        assert!(fault.unwrap_err().is_unknown());
    }
    for fault in other.block_on(all(reading)) {
        assert!(fault.unwrap_err().is_not_applied());
    }
    // Those who come next are carried by their own runtime.
    let calls = other.block_on(board(&combine, [add("b"), add("b")]));
    gate.pass(99);
    assert!(other.block_on(all(calls)).iter().all(|reply| reply.is_ok()));
    assert!(other.block_on(first).is_ok());
}

#[test]
fn a_runtime_that_nobody_drives_keeps_no_other_waiting() {
    let single = || runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (idle, other) = (single(), single());
    let gate = Gate::new();
    let combine = combine(&gate);
    let first = idle.block_on(busy(&combine, &gate));
    gate.pass(2);
    idle.block_on(all(idle.block_on(board(&combine, [add("a")]))));
    let calls = other.block_on(board(&combine, [add("a"), add("a")]));
    gate.pass(2);
    assert!(other.block_on(all(calls)).iter().all(|reply| reply.is_ok()));
    drop(first);
}

#[test]
fn where_no_timers_are_all_else_goes_on() {
    let runtime = runtime::Builder::new_current_thread().build().unwrap();
    let gate = Gate::new();
    let combine = combine(&gate);
    runtime.block_on(async {
        let _first = busy(&combine, &gate).await;
        let calls = board(&combine, [add("a"), add("a")]).await;
        gate.asked_for(2).await;
        gate.pass(9);
        assert!(all(calls).await.iter().all(|reply| reply.is_ok()));
    });
}

#[test]
fn a_layer_that_is_dropped_leaves_no_task_behind() {
    let runtime = runtime::Builder::new_current_thread().build().unwrap();
    let gate = Gate::new();
    runtime.block_on(async {
        let combine = combine(&gate);
        let calls = board(&combine, (0..3).map(|_| add("a"))).await;
        gate.pass(9);
        assert!(all(calls).await.iter().all(|reply| reply.is_ok()));
        drop(combine);
        while Arc::strong_count(&gate) > 1 {
            yield_now().await;
        }
    });
}

/// Answers at once, after a moment in which others come.
#[derive(Debug)]
struct Slow(Mutex<Model>);

impl Engine for Slow {
    fn apply(&self, batch: Batch) -> Answer<'_, Reply> {
        std::thread::yield_now();
        Answer::ready(self.0.lock().unwrap().apply(&batch))
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
        Profile { far: false, ..Gate::new().profile() }
    }
}

#[test]
fn where_no_runtime_is_everybody_calls_alone() {
    const EACH: i64 = 500;
    let combine = Combine::with_policy(Slow(Mutex::new(Model::new())), ONE_LANE);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..EACH {
                    let Poll::Ready(reply) = poll_unheard(&mut combine.apply(add("a"))) else {
                        panic!("nobody is there to fold with")
                    };
                    assert!(added(&reply).is_some());
                }
            });
        }
    });
    let mut read = combine.apply(one("a", Get { start: 0_i64 }));
    let Poll::Ready(Ok(reply)) = poll_unheard(&mut read) else { panic!("no answer") };
    assert_eq!(reply.only::<Get<i64>>().unwrap(), 4 * EACH);
}

/// A crowd on several lanes and threads, some of whom leave at any moment: those who stay each get
/// a value of their own, and nobody who left before asking has counted.
#[test]
fn a_crowd_of_whom_some_leave() {
    const EACH: usize = 200;
    let runtime = runtime::Builder::new_multi_thread().worker_threads(3).build().unwrap();
    let gate = Gate::new();
    gate.pass(Semaphore::MAX_PERMITS / 2);
    let policy = CombinePolicy { lanes: 3, ..ONE_LANE };
    let combine = Arc::new(Combine::with_policy(Arc::clone(&gate), policy));
    let mut values = runtime.block_on(async {
        let crowd: Vec<_> = (0..64_u64)
            .map(|number| {
                let combine = Arc::clone(&combine);
                tokio::spawn(async move {
                    let mut dice = fastrand::Rng::with_seed(number);
                    let mut values = Vec::new();
                    while values.len() < EACH {
                        let mut call = combine.apply(add("a"));
                        if dice.u8(..3) == 0 {
                            for _ in 0..dice.u8(..4) {
                                if let Some(reply) = poll(&mut call).await {
                                    values.push(added(&reply).unwrap());
                                    break;
                                }
                                yield_now().await;
                            }
                        } else {
                            values.push(added(&call.await).unwrap());
                        }
                    }
                    values
                })
            })
            .collect();
        let mut values = Vec::new();
        for task in crowd {
            let own = task.await.unwrap();
            assert!(own.is_sorted());
            values.extend(own);
        }
        values
    });
    let asked = values.len();
    values.sort_unstable();
    values.dedup();
    assert_eq!(values.len(), asked);
    assert!(*values.last().unwrap() <= gate.count("a"));
}
