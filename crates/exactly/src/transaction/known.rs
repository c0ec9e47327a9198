//! What a transaction knows of texts and numbers without asking.
//!
//! Who has read a whole text knows what becomes of it, as the engine would: the meaning of the
//! operations is here, too. That the text was as it was read is found when all is applied.

use std::collections::HashMap;

use exactly_core::operations::counter::{Add, Added, CounterOp, CounterOutcome, Get, Set};
use exactly_core::operations::value::{self, ValueOp, ValueOutcome};
use exactly_core::operations::{Op, Outcome};
use exactly_core::{
    Batch, Fault, Key, Lifetime, Moment, Reply, Scalar, Slot, Slots, State, Step, Timestamp, apply,
};

/// The texts that are known, by their keys.
#[derive(Debug, Default)]
pub(super) struct Known(HashMap<Key, Text>);

#[derive(Debug)]
struct Text {
    slot: Slot,
    /// Read as this by a counter that starts there: it may be missing.
    start: Option<i64>,
}

const HERE: Moment = Moment { now: Timestamp::ZERO, order: 1 };

impl Known {
    /// What the operation is answered, if that is known.
    ///
    /// # Faults
    /// *Misuse* when it does not fit.
    pub(super) fn answer(&mut self, step: &Step) -> Option<Result<Outcome, Fault>> {
        if ends_at_a_moment(step) {
            return None;
        }
        let text = self.0.get_mut(&step.key)?;
        if !text.tells(&step.op) {
            return None;
        }
        // How long it lives nobody asks here.
        let alone = Step { lifetime: Lifetime::Unchanged, optional: true, ..step.clone() };
        let reply = apply(&mut Only(&mut text.slot), &Batch::one(alone), HERE);
        if step.op.writes() {
            text.start = None;
        }
        Some(match reply {
            Ok(Reply::Applied(outcomes)) => {
                outcomes.into_iter().next().ok_or_else(|| Fault::broken("a step has an outcome"))
            }
            Ok(Reply::Refused(_)) => Err(Fault::broken("an optional step was refused")),
            Err(fault) => Err(fault),
        })
    }

    /// Learns from what the engine has told.
    pub(super) fn learn(&mut self, step: &Step, outcome: &Outcome) {
        for key in step.keys() {
            self.0.remove(key);
        }
        if ends_at_a_moment(step) {
            return;
        }
        let (scalar, start) = match (&step.op, outcome) {
            (Op::Value(ValueOp::Get(_)), Outcome::Value(ValueOutcome::Get(found))) => {
                (found.clone().map(Scalar::Bytes), None)
            }
            (Op::Value(ValueOp::Set(value::Set { to })), _) => {
                (Some(Scalar::Bytes(to.clone())), None)
            }
            (
                Op::Counter(CounterOp::Get(Get { start })),
                Outcome::Counter(CounterOutcome::Get(n)),
            ) => (Some(Scalar::Integer(*n)), (n == start).then_some(*start)),
            (
                Op::Counter(CounterOp::Add(_)),
                Outcome::Counter(CounterOutcome::Add(Added::Stepped { value })),
            ) => (Some(Scalar::Integer(*value)), None),
            (Op::Counter(CounterOp::Set(Set { to, .. })), outcome) if !outcome.is_refusal() => {
                (Some(Scalar::Integer(*to)), None)
            }
            (_, _) => return,
        };
        let mut slot = Slot::default();
        if let Some(scalar) = scalar {
            slot.overwrite(State::Scalar(scalar), HERE);
        }
        self.0.insert(step.key.clone(), Text { slot, start });
    }
}

/// Whether it is a write that may be gone in the same step, as only the engine's clock tells.
fn ends_at_a_moment(step: &Step) -> bool {
    step.op.writes() && matches!(step.lifetime, Lifetime::Until(_))
}

impl Text {
    /// Whether what is known is enough for this operation.
    fn tells(&self, op: &Op) -> bool {
        match op {
            Op::Counter(CounterOp::Get(Get { start }) | CounterOp::Add(Add { start, .. })) => {
                self.start.is_none_or(|own| own == *start)
            }
            Op::Counter(CounterOp::Set(_)) => true,
            Op::Value(op) => match op {
                ValueOp::Get(_) | ValueOp::Set(_) => self.start.is_none(),
                ValueOp::Swap(_) | ValueOp::Take(_) | ValueOp::SetIfAbsent(_) => false,
                ValueOp::ReplaceIf(_) => false,
            },
            Op::Counter(_) | Op::Float(_) | Op::Flag(_) | Op::Key(_) | Op::Capacity(_) => false,
            Op::List(_) | Op::Set(_) | Op::SortedSet(_) | Op::Map(_) | Op::Lock(_) => false,
            Op::Limiter(_) | Op::Queue(_) | Op::Once(_) => false,
        }
    }
}

/// The one slot that a step touches.
struct Only<'a>(&'a mut Slot);

impl Slots for Only<'_> {
    fn slot(&mut self, _key: &Key) -> &mut Slot {
        self.0
    }
}
