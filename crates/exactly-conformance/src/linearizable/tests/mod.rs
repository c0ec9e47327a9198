//! The specification of the checker: histories that are right, histories that are wrong, and random
//! ones that a checker too simple to be mistaken judges as well.

mod brute_force;
mod chance;
mod mutations;
mod reports;
mod right;
mod simulator;
mod sizes;
mod unjudged;
mod wrong;

use std::time::Duration;

use exactly_core::layers::{Call, Ending};
use exactly_core::operations::capacity::{
    self, CapacityOp, CapacityOutcome, Confirmed, Extended, Levels, Taken,
};
use exactly_core::operations::counter::{self, Added, Bounds, CounterOutcome, Swapped};
use exactly_core::operations::flag::{self, FlagOutcome, Marked};
use exactly_core::operations::key::{self, KeyOutcome, Renamed};
use exactly_core::operations::value::{self, Replaced, ValueOutcome};
use exactly_core::operations::{Op, Operation, Outcome};
use exactly_core::{Batch, Condition, Epoch, HoldId, Key, Lifetime, Refusal, Reply, Step, Token};

use super::{Impasse, Objection, check};

/// Longer than any history.
const HOUR: Duration = Duration::from_secs(3600);

// ===== calls =====

/// Answered with these outcomes; refused when the only one is a refusal.
fn at<const N: usize>(called: u64, returned: u64, batch: Batch, outcomes: [Outcome; N]) -> Call {
    let reply = match &outcomes[..] {
        [only] if only.is_refusal() => Reply::Refused(Refusal::Operation(0, only.clone())),
        outcomes => Reply::Applied(outcomes.iter().cloned().collect()),
    };
    told(called, returned, batch, reply)
}

fn told(called: u64, returned: u64, batch: Batch, reply: Reply) -> Call {
    Call { called, returned: Some(returned), batch, ending: Ending::Answered(reply) }
}

fn unknown(called: u64, batch: Batch) -> Call {
    Call { called, returned: None, batch, ending: Ending::Unknown }
}

// ===== batches =====

fn named(name: &str) -> Key {
    Key::alone("", name).unwrap()
}

fn token(id: &str) -> Token {
    Token::caller(id, HOUR).unwrap()
}

fn step(key: &str, operation: impl Operation) -> Step {
    Step::new(named(key), operation.into_op())
}

fn on(key: &str, operation: impl Operation) -> Batch {
    Batch::one(step(key, operation))
}

fn add(by: i64) -> Batch {
    on("count", counter::Add::by(by))
}

fn at_most(max: i64) -> Batch {
    let bounds = Bounds { min: None, max: Some(max) };
    on("count", counter::Add { by: 1, start: 0, bounds })
}

fn swap(to: i64) -> Batch {
    on("count", counter::Swap { to, start: 0, bounds: Bounds::NONE })
}

fn count() -> Batch {
    on("count", counter::Get { start: 0 })
}

fn set(to: &str) -> Batch {
    on("motto", value::Set { to: to.into() })
}

fn replace(old: &str, to: &str) -> Batch {
    on("motto", value::ReplaceIf { old: old.into(), to: to.into() })
}

fn get() -> Batch {
    on("motto", value::Get {})
}

fn delete() -> Batch {
    on("motto", key::Delete {})
}

fn mark() -> Batch {
    on("flag", flag::Mark { only_if_unmarked: true })
}

fn take(hold: u128, limit: u64) -> Batch {
    let hold = HoldId::from_u128(hold);
    on("seats", capacity::Take { hold, units: 1, lease: HOUR, limit })
}

fn confirm(hold: u128) -> Batch {
    on("seats", capacity::Confirm { hold: HoldId::from_u128(hold) })
}

fn release(hold: u128) -> Batch {
    on("seats", capacity::Release { hold: HoldId::from_u128(hold) })
}

fn extend(hold: u128) -> Batch {
    on("seats", capacity::Extend { hold: HoldId::from_u128(hold), lease: HOUR })
}

fn levels(limit: u64) -> Batch {
    on("seats", capacity::Read { limit })
}

// ===== outcomes =====

fn stepped(value: i64) -> Outcome {
    Outcome::Counter(CounterOutcome::Add(Added::Stepped { value }))
}

fn out_of_bounds(value: i64) -> Outcome {
    Outcome::Counter(CounterOutcome::Add(Added::OutOfBounds { value }))
}

fn swapped(old: i64) -> Outcome {
    Outcome::Counter(CounterOutcome::Swap(Swapped::Swapped { old }))
}

fn counted(value: i64) -> Outcome {
    Outcome::Counter(CounterOutcome::Get(value))
}

fn done() -> Outcome {
    Outcome::Value(ValueOutcome::Set(()))
}

fn replaced() -> Outcome {
    Outcome::Value(ValueOutcome::ReplaceIf(Replaced::Replaced))
}

fn got(text: &str) -> Outcome {
    Outcome::Value(ValueOutcome::Get(Some(text.into())))
}

fn got_nothing() -> Outcome {
    Outcome::Value(ValueOutcome::Get(None))
}

fn deleted(something: bool) -> Outcome {
    Outcome::Key(KeyOutcome::Delete(something))
}

fn renamed(renamed: Renamed) -> Outcome {
    Outcome::Key(KeyOutcome::Rename(renamed))
}

fn marked(marked: Marked) -> Outcome {
    Outcome::Flag(FlagOutcome::Mark(marked))
}

fn held(hold: u128) -> Outcome {
    let hold = HoldId::from_u128(hold);
    Outcome::Capacity(CapacityOutcome::Take(Taken::Held { hold }))
}

fn full(free: u64, held: u64) -> Outcome {
    Outcome::Capacity(CapacityOutcome::Take(Taken::Full { free, held }))
}

fn confirmed() -> Outcome {
    Outcome::Capacity(CapacityOutcome::Confirm(Confirmed::Confirmed))
}

fn released(something: bool) -> Outcome {
    Outcome::Capacity(CapacityOutcome::Release(something))
}

fn extended() -> Outcome {
    Outcome::Capacity(CapacityOutcome::Extend(Extended::Extended))
}

fn seen(limit: u64, held: u64, confirmed: u64) -> Outcome {
    let free = limit - held - confirmed;
    Outcome::Capacity(CapacityOutcome::Read(Levels { limit, free, held, confirmed }))
}

// ===== verdicts =====

fn violation(calls: &[Call]) -> Option<Box<Impasse>> {
    match check(calls) {
        Ok(()) => None,
        Err(Objection::Violation(impasse)) => Some(impasse),
        Err(other @ (Objection::GaveUp { .. } | Objection::CannotJudge(_))) => panic!("{other}"),
    }
}
