//! What concurrent callers saw is linearizable.

use std::future::{Future, poll_fn};
use std::num::NonZeroU64;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use exactly_core::layers::{Call, Faults, History, Odds, Record, Retry, RetryPolicy};
use exactly_core::operations::capacity::{Confirm, GiveBack, Read, Release, Take, Taken};
use exactly_core::operations::counter::{Add, Bounds, Get, Swap};
use exactly_core::operations::key::{Delete, Rename};
use exactly_core::operations::list::{End, Len, Move, Pop, Push, Range, Replace};
use exactly_core::operations::lock::{self, Acquire, Acquired, Mode};
use exactly_core::operations::map::{self, Addend};
use exactly_core::operations::queue::{Acknowledge, Bury, Claimed, NewJob};
use exactly_core::operations::sorted_set::{AddTo, Extreme, Scored, When};
use exactly_core::operations::{flag, queue, set, sorted_set, value};
use exactly_core::{Batch, Bytes, Destination, HoldId, Key, Lifetime, Operation, Step};
use fastrand::Rng;
use smallvec::smallvec;

use crate::linearizable;
use crate::operations::queue::{claim, job};
use crate::subject::{Subject, key, step};

const CALLERS: usize = 8;
const LONG: Duration = Duration::from_secs(3600);

fn judge(calls: &[Call]) {
    assert!(calls.len() > 100, "a history worth judging");
    if let Err(violation) = linearizable::check(calls) {
        panic!("{violation}");
    }
}

/// Additions, reads and resets of two counters.
pub async fn of_counters(subject: Subject) {
    let history = History::default();
    let recorded = subject.through(|engine| Record::new(engine, history.clone()));
    recorded
        .crowd(CALLERS, |subject, number| async move {
            let mut dice = Rng::with_seed(number as u64);
            for _ in 0..300 {
                let name = key(["a", "b"][dice.usize(..2)]);
                let bounds = Bounds { min: Some(0), max: Some(9) };
                match dice.u8(..4) {
                    0 => drop(subject.ok(&name, Get { start: 0_i64 }).await),
                    1 => drop(subject.ok(&name, Swap { to: 0, start: 0, bounds }).await),
                    2 => drop(subject.ok(&name, Add { by: 1, start: 0, bounds }).await),
                    3.. => drop(subject.ok(&name, Add { by: -1, start: 0, bounds }).await),
                }
                if dice.bool() {
                    tokio::task::yield_now().await;
                }
            }
        })
        .await;
    judge(&history.calls());
}

/// Every kind, each on a key of its own.
pub async fn of_every_kind(subject: Subject) {
    let history = History::default();
    let recorded = subject.through(|engine| Record::new(engine, history.clone()));
    recorded
        .crowd(CALLERS, |subject, number| async move {
            let mut dice = Rng::with_seed(100 + number as u64);
            let (mut holds, mut owner, mut deliveries) = (Vec::new(), None, Vec::new());
            for _ in 0..200 {
                values_and_flags(&subject, &mut dice).await;
                sets(&subject, &mut dice).await;
                seats(&subject, &mut dice, &mut holds).await;
                prices(&subject, &mut dice).await;
                jobs(&subject, &mut dice).await;
                board(&subject, &mut dice).await;
                door(&subject, &mut dice, &mut owner).await;
                orders(&subject, &mut dice, &mut deliveries).await;
            }
        })
        .await;
    judge(&history.calls());
}

async fn values_and_flags(subject: &Subject, dice: &mut Rng) {
    let (motto, flag) = (key("motto"), key("flag"));
    let text = |dice: &mut Rng| Bytes::from(["a", "b", "c"][dice.usize(..3)]);
    match dice.u8(..8) {
        0 => drop(subject.ok(&motto, value::Get {}).await),
        1 => subject.ok(&motto, value::Set { to: text(dice) }).await,
        2 => drop(subject.ok(&motto, value::SetIfAbsent { to: text(dice) }).await),
        3 => {
            let (old, to) = (text(dice), text(dice));
            subject.ok(&motto, value::ReplaceIf { old, to }).await;
        }
        4 => drop(subject.ok(&motto, Delete {}).await),
        5 => drop(subject.ok(&flag, flag::Mark { only_if_unmarked: true }).await),
        6 => drop(subject.ok(&flag, flag::Clear {}).await),
        7.. => drop(subject.ok(&flag, flag::IsMarked {}).await),
    }
}

async fn sets(subject: &Subject, dice: &mut Rng) {
    let [queue, done] = [key("queue"), key("done")];
    let member = |dice: &mut Rng| Bytes::from(["a", "b", "c", "d"][dice.usize(..4)]);
    let some = |dice: &mut Rng| [member(dice), member(dice)].into_iter().collect();
    match dice.u8(..9) {
        0 | 1 => {
            let (members, limit) = (some(dice), NonZeroU64::new(3));
            subject.ok(&queue, set::Add { members, limit }).await;
        }
        2 => drop(subject.ok(&queue, set::Pop { count: dice.u64(1..3) }).await),
        3 => drop(subject.ok(&queue, set::Random { count: dice.u64(1..3) }).await),
        4 => drop(subject.ok(&queue, set::Remove { members: some(dice) }).await),
        5 => {
            let to = Destination { key: done, limit: None, lifetime: Lifetime::Unchanged };
            subject.ok(&queue, set::Move { member: member(dice), to: Box::new(to) }).await;
        }
        6 => drop(subject.ok(&done, set::Pop { count: 9 }).await),
        7 => drop(subject.ok(&done, set::All {}).await),
        8.. => {
            let how = set::Combination::Difference;
            drop(subject.ok(&queue, set::Combine { how, with: vec![done] }).await);
        }
    }
}

async fn seats(subject: &Subject, dice: &mut Rng, holds: &mut Vec<HoldId>) {
    let seats = key("seats");
    match dice.u8(..5) {
        0 | 1 => {
            let hold = HoldId::unique();
            let take = Take { hold, units: dice.u64(1..3), lease: LONG, limit: 5 };
            if let Taken::Held { hold } = subject.ok(&seats, take).await {
                holds.push(hold);
            }
        }
        2 => drop(subject.ok(&seats, Read { limit: 5 }).await),
        3.. => match (holds.pop(), dice.u8(..3)) {
            (None, _) => drop(subject.ok(&seats, GiveBack { units: 1 }).await),
            (Some(hold), 0) => drop(subject.ok(&seats, Confirm { hold }).await),
            (Some(hold), 1..) => drop(subject.ok(&seats, Release { hold }).await),
        },
    }
}

async fn prices(subject: &Subject, dice: &mut Rng) {
    let prices = key("prices");
    let text = |dice: &mut Rng| Bytes::from(["1", "2", "3"][dice.usize(..3)]);
    let field = |dice: &mut Rng| Bytes::from(["a", "b", "c"][dice.usize(..3)]);
    let fields = |dice: &mut Rng| [field(dice), field(dice)].into_iter().collect();
    let pairs = |dice: &mut Rng| {
        [(field(dice), text(dice)), (field(dice), text(dice))].into_iter().collect()
    };
    let limit = NonZeroU64::new(2);
    match dice.u8(..10) {
        0 => drop(subject.ok(&prices, map::All {}).await),
        1 => drop(subject.ok(&prices, map::Get { fields: fields(dice) }).await),
        2 => drop(subject.ok(&prices, map::Set { pairs: pairs(dice), limit }).await),
        3 => drop(subject.ok(&prices, map::SetIfAbsent { pairs: pairs(dice), limit }).await),
        4 => {
            let (old, to) = (Some(text(dice)), dice.bool().then(|| text(dice)));
            let replace = map::ReplaceIf { field: field(dice), old, to, limit };
            drop(subject.ok(&prices, replace).await);
        }
        5 => drop(subject.ok(&prices, map::Remove { fields: fields(dice) }).await),
        6 => drop(subject.ok(&prices, map::Take { fields: fields(dice) }).await),
        7 => drop(subject.ok(&prices, map::Replace { with: pairs(dice), limit }).await),
        8.. => drop(subject.ok(&prices, 1_i64.add(field(dice), limit)).await),
    }
}

/// Two lists with the same few elements, so that most of them are told apart by their places alone.
async fn jobs(subject: &Subject, dice: &mut Rng) {
    let [todo, done] = ["todo", "todo later"].map(key);
    let end = if dice.bool() { End::Front } else { End::Back };
    let limit = NonZeroU64::new(4);
    match dice.u8(..8) {
        0 | 1 => {
            let elements = vec![["a", "b", "c"][dice.usize(..3)].into()];
            subject.ok(&todo, Push { end, elements, limit }).await;
        }
        2 => drop(subject.ok(&todo, Pop { end, count: 1 }).await),
        3 => drop(subject.ok(&done, Range { from: 0, to: -1 }).await),
        4 => drop(subject.ok(&todo, Len {}).await),
        5 => drop(subject.ok(&done, Replace { with: Vec::new(), limit }).await),
        6.. => {
            let to = Destination { key: done, limit, lifetime: Lifetime::Unchanged };
            subject.ok(&todo, Move { from: end, to: Box::new(to), end }).await;
        }
    }
}

async fn board(subject: &Subject, dice: &mut Rng) {
    let board = key("board");
    let from = if dice.bool() { Extreme::Least } else { Extreme::Greatest };
    let member = Bytes::from(["a", "b", "c"][dice.usize(..3)]);
    let score = f64::from(dice.u8(..5));
    let limit = NonZeroU64::new(2);
    match dice.u8(..6) {
        0 => drop(subject.ok(&board, sorted_set::Range { from, first: 0, last: -1 }).await),
        1 => drop(subject.ok(&board, sorted_set::Pop { from, count: 1 }).await),
        2 => {
            let add = AddTo { member, by: score - 2.0, when: When::ALWAYS, limit };
            subject.ok(&board, add).await;
        }
        3.. => {
            let members = smallvec![Scored { member, score }];
            let when = [When::ALWAYS, When::NEW, When::GREATER][dice.usize(..3)];
            subject.ok(&board, sorted_set::Add { members, when, limit }).await;
        }
    }
}

async fn door(subject: &Subject, dice: &mut Rng, owner: &mut Option<HoldId>) {
    let door = key("door");
    match (*owner, dice.u8(..5)) {
        (_, 0) => {
            subject.ok(&door, lock::Read {}).await;
        }
        (Some(held), 1..3) => {
            subject.ok(&door, lock::Release { owner: held }).await;
            *owner = None;
        }
        (Some(held), 3) => {
            subject.ok(&door, lock::Extend { owner: held, lease: LONG }).await;
        }
        (_, 1..) => {
            let asks = owner.unwrap_or_else(HoldId::unique);
            let mode = if dice.bool() { Mode::Shared } else { Mode::Exclusive };
            let line = dice.bool();
            let acquire = Acquire { owner: asks, mode, lease: LONG, line, fences: 1 };
            match subject.ok(&door, acquire).await {
                Acquired::Held { .. } | Acquired::Waiting { .. } => *owner = Some(asks),
                Acquired::Busy { .. } => {}
            }
        }
    }
}

async fn orders(subject: &Subject, dice: &mut Rng, deliveries: &mut Vec<HoldId>) {
    let orders = key("orders");
    let settled = deliveries.pop().unwrap_or_else(HoldId::unique);
    match dice.u8(..8) {
        0 | 1 => {
            let unique = dice.bool().then(|| Bytes::from(["a", "b"][dice.usize(..2)]));
            let job = NewJob { id: HoldId::unique(), unique, ..job(1) };
            let limit = NonZeroU64::new(5);
            subject.ok(&orders, queue::Push { jobs: vec![job], limit }).await;
        }
        2..5 => {
            deliveries.push(settled);
            let named = HoldId::unique();
            if let Claimed::Claimed { .. } = subject.ok(&orders, claim([named], LONG)).await {
                deliveries.push(named);
            }
        }
        5 => drop(subject.ok(&orders, queue::Release { delivery: settled }).await),
        6 => drop(subject.ok(&orders, Bury { delivery: settled, note: "x".into() }).await),
        7.. => drop(subject.ok(&orders, Acknowledge { delivery: settled }).await),
    }
}

/// Batches over several keys, with refusals and renames.
pub async fn of_batches(subject: Subject) {
    let history = History::default();
    let recorded = subject.through(|engine| Record::new(engine, history.clone()));
    recorded
        .crowd(CALLERS, |subject, number| async move {
            let mut dice = Rng::with_seed(200 + number as u64);
            let keys = ["a", "b", "c"].map(key);
            for _ in 0..60 {
                let size = dice.usize(1..4);
                let batch = Batch::of((0..size).map(|_| random_step(&keys, &mut dice)));
                drop(subject.apply(batch).await.expect("the engine answers"));
                tokio::task::yield_now().await;
            }
        })
        .await;
    judge(&history.calls());
}

fn random_step(keys: &[Key; 3], dice: &mut Rng) -> Step {
    let at = &keys[dice.usize(..3)];
    let bounds = Bounds { min: Some(0), max: Some(4) };
    match dice.u8(..5) {
        0 => step(at, Get { start: 0_i64 }),
        1 => {
            let rename = Rename { to: keys[dice.usize(..3)].clone(), replace: dice.bool() };
            step(at, rename).optional()
        }
        2 => step(at, Delete {}),
        3.. => step(at, Add { by: dice.i64(-2..3), start: 0, bounds }),
    }
}

/// One counter that many step up and read, while a third of them go away at any moment.
pub async fn of_leaving_callers(subject: Subject) {
    let history = History::default();
    let recorded = subject.through(|engine| Record::new(engine, history.clone()));
    recorded
        .crowd(24, |subject, number| async move {
            let mut dice = Rng::with_seed(300 + number as u64);
            for _ in 0..20 {
                let operation = match dice.u8(..5) {
                    0 => Get { start: 0_i64 }.into_op(),
                    1.. => Add::by(1_i64).into_op(),
                };
                let call = subject.apply(Batch::one(Step::new(key("hot"), operation)));
                if dice.u8(..3) == 0 {
                    polled_at_most(dice.u8(..6), call).await;
                } else {
                    drop(call.await.expect("the engine answers"));
                }
            }
        })
        .await;
    judge(&history.calls());
}

/// Goes away after so many polls, unless it is over before.
async fn polled_at_most<T>(polls: u8, call: impl Future<Output = T>) {
    let (mut call, mut left) = (pin!(call), polls);
    poll_fn(|cx| {
        if left == 0 || call.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        left -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Callers whose requests and replies get lost, with and without a second try.
pub async fn of_lossy_callers(subject: Subject) {
    let odds = Odds { lose_request: 0.02, lose_reply: 0.02, ..Odds::default() };
    let patient = RetryPolicy { pause: Duration::from_micros(1), ..RetryPolicy::default() };
    for retried in [true, false] {
        let history = History::default();
        let recorded = subject.through(|engine| {
            let lossy = Faults::with_odds(engine, odds, 11);
            let inner: std::sync::Arc<dyn exactly_core::Engine> = if retried {
                std::sync::Arc::new(Retry::with_policy(lossy, patient))
            } else {
                std::sync::Arc::new(lossy)
            };
            Record::new(inner, history.clone())
        });
        let name = key(if retried { "retried" } else { "raw" });
        recorded
            .crowd(CALLERS, |subject, _| {
                let name = name.clone();
                async move {
                    for round in 0..60 {
                        if round % 5 == 0 {
                            drop(subject.run(&name, Get { start: 0_i64 }).await);
                        } else {
                            drop(subject.run(&name, Add::by(1)).await);
                        }
                    }
                }
            })
            .await;
        judge(&history.calls());
    }
}
