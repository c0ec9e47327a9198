//! Random batches mean the same on the engine as in the model.

mod crowd;
mod list;
mod lock;
mod map;
mod queue;
mod set;
mod sorted_set;

use std::collections::HashMap;
use std::num::NonZeroU64;
use std::time::Duration;

use exactly_core::operations::capacity::{
    Confirm, Extend, GiveBack, Read, Release, Resize, Take, TakeEach,
};
use exactly_core::operations::counter::{
    Add, AddTimes, AddUndoable, AddedUndoable, Bounds, CounterOp, CounterOutcome, Get, Set, Swap,
    Undo,
};
use exactly_core::operations::key::{
    Delete, Exists, Expire, ExpireAt, KeyOutcome, KindOf, Life, Persist, Rename, Ttl,
};
use exactly_core::operations::{flag, value};
use exactly_core::{
    Batch, Bytes, Condition, Destination, Epoch, Fault, HoldId, Key, Lifetime, Model, Op,
    Operation, Outcome, Rehearsal, Reply, Step, Timestamp,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use crate::subject::{Subject, key};

const KEYS: usize = 3;
const LONG: Duration = Duration::from_secs(3600);
/// Behind and ahead on every clock.
const PASSED: Timestamp = Timestamp::from_nanos(1);
const AHEAD: Timestamp = Timestamp::from_nanos(1 << 63);

/// An operation, but for what only the engine can number.
#[derive(Debug, Clone)]
enum Draft {
    Op(Op),
    /// Undoes a step by this much, of the last epoch that was answered at the key.
    UndoLast(i64),
}

fn some_key() -> impl Strategy<Value = usize> {
    0..KEYS
}

fn name(place: usize) -> Key {
    key(&format!("key {place}"))
}

fn number() -> impl Strategy<Value = i64> {
    prop_oneof![4 => -3_i64..4, 1 => prop::sample::select(vec![i64::MAX, i64::MIN, i64::MAX - 1])]
}

fn bounds() -> impl Strategy<Value = Bounds<i64>> {
    let end = || prop::option::of(-5_i64..6);
    (end(), end()).prop_map(|(min, max)| Bounds { min, max })
}

fn text() -> impl Strategy<Value = Bytes> {
    let texts = vec!["", "0", "7", "-1", "1.5", "abc", "9223372036854775807"];
    prop::sample::select(texts).prop_map(Bytes::from)
}

fn hold() -> impl Strategy<Value = HoldId> {
    (1_u128..5).prop_map(HoldId::from_u128)
}

fn op(operation: impl Operation) -> Draft {
    Draft::Op(operation.into_op())
}

fn counter() -> impl Strategy<Value = Draft> {
    prop_oneof![
        number().prop_map(|start| op(Get { start })),
        (number(), number(), bounds()).prop_map(|(by, start, bounds)| op(Add {
            by,
            start,
            bounds
        })),
        (number(), number(), bounds()).prop_map(|(by, start, bounds)| op(AddUndoable {
            by,
            start,
            bounds
        })),
        (number(), 0_u32..6, number(), bounds())
            .prop_map(|(by, times, start, bounds)| { op(AddTimes { by, times, start, bounds }) }),
        (number(), bounds()).prop_map(|(to, bounds)| op(Set { to, bounds })),
        (number(), bounds()).prop_map(|(to, bounds)| op(Swap { to, start: 0, bounds })),
        number().prop_map(Draft::UndoLast),
        // Tenths are not exact in binary: every engine must round alike.
        (-8_i32..9).prop_map(|tenths| op(Add::by(f64::from(tenths) / 10.0))),
        (-8_i32..9).prop_map(|quarters| op(AddUndoable::by(f64::from(quarters) / 4.0))),
        Just(op(Get { start: 0.5 })),
    ]
}

fn other() -> impl Strategy<Value = Draft> {
    prop_oneof![
        Just(op(value::Get {})),
        text().prop_map(|to| op(value::Set { to })),
        text().prop_map(|to| op(value::Swap { to })),
        Just(op(value::Take {})),
        text().prop_map(|to| op(value::SetIfAbsent { to })),
        (text(), text()).prop_map(|(old, to)| op(value::ReplaceIf { old, to })),
        any::<bool>().prop_map(|only_if_unmarked| op(flag::Mark { only_if_unmarked })),
        Just(op(flag::IsMarked {})),
        Just(op(flag::Clear {})),
        Just(op(Exists {})),
        Just(op(Delete {})),
        Just(op(Ttl {})),
        Just(op(Expire { after: LONG })),
        Just(op(ExpireAt { at: PASSED })),
        Just(op(ExpireAt { at: AHEAD })),
        Just(op(KindOf {})),
        Just(op(Persist {})),
        (some_key(), any::<bool>()).prop_map(|(to, replace)| op(Rename { to: name(to), replace })),
    ]
}

fn capacity() -> impl Strategy<Value = Draft> {
    prop_oneof![
        Just(op(Read { limit: 3 })),
        (hold(), 0_u64..4).prop_map(|(hold, units)| op(Take {
            hold,
            units,
            lease: LONG,
            limit: 3
        })),
        (prop::collection::vec(hold(), 0..6), 0_u64..4).prop_map(|(holds, units)| op(TakeEach {
            holds: holds.into(),
            units,
            lease: LONG,
            limit: 3
        })),
        hold().prop_map(|hold| op(Confirm { hold })),
        hold().prop_map(|hold| op(Release { hold })),
        hold().prop_map(|hold| op(Extend { hold, lease: LONG })),
        (0_u64..3).prop_map(|units| op(GiveBack { units })),
        (0_u64..6).prop_map(|to| op(Resize { to })),
    ]
}

fn limit() -> impl Strategy<Value = Option<NonZeroU64>> {
    prop::option::of((1_u64..4).prop_map(|limit| NonZeroU64::new(limit).unwrap()))
}

fn lifetime() -> impl Strategy<Value = Lifetime> {
    prop_oneof![
        6 => Just(Lifetime::Unchanged),
        1 => Just(Lifetime::FromFirstWrite(LONG)),
        1 => Just(Lifetime::Sliding(LONG)),
        1 => Just(Lifetime::Until(AHEAD)),
        1 => Just(Lifetime::Until(PASSED)),
    ]
}

fn destination() -> impl Strategy<Value = Box<Destination>> {
    (some_key(), limit(), lifetime())
        .prop_map(|(to, limit, lifetime)| Box::new(Destination { key: name(to), limit, lifetime }))
}

type DraftStep = (usize, Draft, Lifetime, bool);

#[derive(Debug, Clone)]
struct DraftBatch {
    requirement: Option<(usize, Condition)>,
    steps: Vec<DraftStep>,
    apart: bool,
}

fn draft_batch(draft: impl Strategy<Value = Draft> + 'static) -> impl Strategy<Value = DraftBatch> {
    let step = (some_key(), draft, lifetime(), any::<bool>()).boxed();
    let condition = prop_oneof![
        Just(Condition::Exists),
        Just(Condition::Absent),
        text().prop_map(Condition::Equals),
        hold().prop_map(Condition::Holds),
        hold().prop_map(Condition::Locks),
    ];
    let one = prop::collection::vec(step.clone(), 1..2);
    let several = prop::collection::vec(step, 2..6);
    let steps = prop_oneof![2 => one, 1 => several];
    let requirement = prop::option::weighted(0.2, (some_key(), condition));
    let apart = prop::bool::weighted(0.3);
    (requirement, steps, apart).prop_map(|(requirement, steps, apart)| DraftBatch {
        apart: apart && requirement.is_none(),
        requirement,
        steps,
    })
}

/// The epochs one side has answered last.
#[derive(Default)]
struct Epochs(HashMap<usize, Epoch>);

impl Epochs {
    fn batch(&self, draft: &DraftBatch) -> Batch {
        let steps = draft.steps.iter().map(|(place, draft, lifetime, optional)| {
            let op = match draft {
                Draft::Op(op) => op.clone(),
                Draft::UndoLast(by) => {
                    let epoch = self.0.get(place).copied().unwrap_or_default();
                    Undo { by: *by, epoch, bounds: Bounds::NONE }.into_op()
                }
            };
            let step = Step::new(name(*place), op).lifetime(*lifetime);
            if *optional { step.optional() } else { step }
        });
        let batch = Batch { apart: draft.apart, ..Batch::of(steps) };
        match &draft.requirement {
            Some((place, condition)) => batch.requiring(name(*place), condition.clone()),
            None => batch,
        }
    }

    fn learn(&mut self, draft: &DraftBatch, result: &Result<Reply, Fault>) {
        let Ok(Reply::Applied(outcomes)) = result else { return };
        for ((place, ..), outcome) in draft.steps.iter().zip(outcomes) {
            if let Outcome::Counter(CounterOutcome::AddUndoable(AddedUndoable::Stepped {
                epoch,
                ..
            }))
            | Outcome::Float(CounterOutcome::AddUndoable(AddedUndoable::Stepped {
                epoch,
                ..
            })) = outcome
            {
                self.0.insert(*place, *epoch);
            }
        }
    }
}

/// Whether the engine and the model said the same, each by its own clock.
fn agree(engine: &Result<Reply, Fault>, model: &Result<Reply, Fault>) -> bool {
    match (engine, model) {
        (Ok(Reply::Applied(engine)), Ok(Reply::Applied(model))) => {
            engine.len() == model.len()
                && engine.iter().zip(model).all(|(engine, model)| match (engine, model) {
                    (
                        Outcome::Key(KeyOutcome::Ttl(Life::Left(engine))),
                        Outcome::Key(KeyOutcome::Ttl(Life::Left(model))),
                    ) => engine.abs_diff(*model) < LONG / 10 || (*engine).min(*model) > LONG * 2,
                    (engine, model) => engine.says_the_same(model),
                })
        }
        (Ok(engine), Ok(model)) => engine.says_the_same(model),
        (Err(engine), Err(model)) => {
            (engine.fate(), engine.key()) == (model.fate(), model.key())
                && engine.is_overflow() == model.is_overflow()
                && engine.is_wrong_type() == model.is_wrong_type()
                && engine.is_not_a_number() == model.is_not_a_number()
                && engine.is_bad_setting() == model.is_bad_setting()
        }
        (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
    }
}

/// Whether a batch is told the same when it is tried and when it is applied.
fn can_be_tried(batch: &Batch) -> bool {
    let is_new_each_time = |op: &Op| match op {
        Op::Counter(op) => matches!(op, CounterOp::AddUndoable(_)),
        Op::Float(op) => matches!(op, CounterOp::AddUndoable(_)),
        Op::Lock(_) | Op::Queue(_) => true,
        Op::Key(_) | Op::Value(_) | Op::Flag(_) | Op::Capacity(_) | Op::List(_) => false,
        Op::Set(_) | Op::SortedSet(_) | Op::Map(_) | Op::Limiter(_) | Op::Once(_) => false,
    };
    let alone = batch.requirements.is_empty() && !batch.apart;
    alone && !batch.steps.iter().any(|step| is_new_each_time(&step.op) || step.op.is_by_chance())
}

/// What a batch would be answered, and the sights of it.
fn told(rehearsal: Result<Rehearsal, Fault>) -> (Result<Reply, Fault>, Vec<Bytes>) {
    match rehearsal {
        Ok(Rehearsal::Told(tried)) => {
            let (outcomes, sights): (Vec<_>, Vec<_>) =
                tried.into_iter().map(|one| (one.outcome, one.sight)).unzip();
            (Ok(Reply::Applied(outcomes.into_iter().collect())), sights)
        }
        Ok(Rehearsal::Refused(refusal)) => (Ok(Reply::Refused(refusal)), Vec::new()),
        Err(fault) => (Err(fault), Vec::new()),
    }
}

/// Sequences of random batches of every operation, shrunk to the shortest that differs.
pub async fn batches_mean_what_the_model_says(subject: Subject) {
    let every = prop_oneof![
        3 => counter(),
        3 => other(),
        2 => capacity(),
        2 => lock::lock(),
        2 => queue::queue(),
        2 => set::set(),
        2 => map::map(),
        2 => list::list(),
        2 => sorted_set::sorted_set(),
    ];
    all_agree(&subject, every).await;
}

/// Where most keys hold sets, most of what is asked of sets is done.
pub async fn sets_mean_what_the_model_says(subject: Subject) {
    all_agree(&subject, prop_oneof![1 => counter(), 2 => other(), 9 => set::set()]).await;
}

/// Where most keys hold maps, most of what is asked of maps is done.
pub async fn maps_mean_what_the_model_says(subject: Subject) {
    all_agree(&subject, prop_oneof![1 => counter(), 2 => other(), 9 => map::map()]).await;
}

/// Where most keys hold lists, most of what is asked of lists is done.
pub async fn lists_mean_what_the_model_says(subject: Subject) {
    all_agree(&subject, prop_oneof![1 => counter(), 2 => other(), 9 => list::list()]).await;
}

/// Where most keys hold locks, most of what is asked of locks is done.
pub async fn locks_mean_what_the_model_says(subject: Subject) {
    all_agree(&subject, prop_oneof![1 => counter(), 2 => other(), 9 => lock::lock()]).await;
}

/// Where most keys hold queues, whose jobs have come a long way before they can show a difference.
pub async fn queues_mean_what_the_model_says(subject: Subject) {
    all_agree(&subject, prop_oneof![1 => counter(), 1 => other(), 12 => queue::queue()]).await;
}

/// Where most keys hold sorted sets, most of what is asked of sorted sets is done.
pub async fn sorted_sets_mean_what_the_model_says(subject: Subject) {
    all_agree(&subject, prop_oneof![1 => counter(), 2 => other(), 9 => sorted_set::sorted_set()])
        .await;
}

/// Where crowds come to the same few keys, each is told what it would be told alone, in its turn.
pub async fn crowds_mean_what_the_model_says(subject: Subject) {
    let filling = draft_batch(prop_oneof![other(), set::set(), map::map()]);
    each_agrees(&subject, prop_oneof![3 => crowd::crowd(), 1 => filling]).await;
}

async fn all_agree(subject: &Subject, draft: impl Strategy<Value = Draft> + 'static) {
    each_agrees(subject, draft_batch(draft)).await;
}

async fn each_agrees(subject: &Subject, batch: impl Strategy<Value = DraftBatch>) {
    let drafts = prop::collection::vec(batch, 1..25);
    let mut runner =
        TestRunner::new(Config { cases: 400, failure_persistence: None, ..Config::default() });
    let result = block_in_place(|| {
        runner.run(&drafts, |drafts| Handle::current().block_on(play(subject, &drafts)))
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
}

async fn play(subject: &Subject, drafts: &[DraftBatch]) -> Result<(), TestCaseError> {
    for place in 0..KEYS {
        subject.ok(&name(place), Delete {}).await;
    }
    let mut model = Model::new();
    let (mut seen, mut expected) = (Epochs::default(), Epochs::default());
    for (round, draft) in drafts.iter().enumerate() {
        let (mut batch, mut expecting) = (seen.batch(draft), expected.batch(draft));
        if can_be_tried(&batch) {
            let tried = subject.engine.rehearse(batch.clone()).await;
            let (tried, sights) = told(tried);
            let (meant, expected_sights) = told(model.rehearse(&expecting));
            prop_assert!(
                agree(&tried, &meant),
                "batch {round} tried {batch:?}\n engine {tried:?}\n  model {meant:?}"
            );
            (batch.seen, expecting.seen) = (sights, expected_sights);
        }
        let engine = subject.apply(batch).await;
        let meant = model.apply(&expecting);
        prop_assert!(
            agree(&engine, &meant),
            "batch {round} {:?}\n engine {engine:?}\n  model {meant:?}",
            seen.batch(draft)
        );
        seen.learn(draft, &engine);
        expected.learn(draft, &meant);
    }
    Ok(())
}
