//! What callers who go together bring along, each its own, and what each is told of it.

use crate::operations::capacity::{
    CapacityOp, CapacityOutcome, HOLDS_MAX, Take, TakeEach, TakenEach,
};
use crate::operations::list::{ListOp, ListOutcome, Pop, Push, Pushed};
use crate::{Bytes, ELEMENTS_MAX, Fault, HoldId, Op, Outcome};

/// What each caller of a group brought, by its place.
#[derive(Debug)]
pub(crate) enum Brought {
    /// All ask for the very same.
    Nothing,
    /// What each wants to push, and how many elements that is.
    Elements(Vec<Vec<Bytes>>, usize),
    /// How many each wants to pop.
    Counts(Vec<u64>),
    /// The hold that each wants to take.
    Holds(Vec<HoldId>),
}

impl Brought {
    /// Takes out of the operation what is the first caller's own.
    pub(crate) fn by_the_first(op: &mut Op) -> Self {
        if let Op::List(ListOp::Push(Push { elements, .. })) = op {
            let first = std::mem::take(elements);
            let count = first.len();
            return Self::Elements(vec![first], count);
        }
        if let Op::List(ListOp::Pop(Pop { count, .. })) = op {
            return Self::Counts(vec![std::mem::take(count)]);
        }
        if let Op::Capacity(CapacityOp::Take(Take { hold, .. })) = op {
            return Self::Holds(vec![*hold]);
        }
        Self::Nothing
    }

    /// Whether another caller's operation is this one, but for what it brings, and there is room
    /// for that.
    pub(crate) fn takes(&self, op: &Op, another: &Op) -> bool {
        match (self, op, another) {
            (
                Self::Elements(_, count),
                Op::List(ListOp::Push(Push { end, limit, .. })),
                Op::List(ListOp::Push(one)),
            ) => {
                let room = ELEMENTS_MAX.saturating_sub(*count);
                *end == one.end && *limit == one.limit && one.elements.len() <= room
            }
            (
                Self::Counts(_),
                Op::List(ListOp::Pop(Pop { end, .. })),
                Op::List(ListOp::Pop(one)),
            ) => *end == one.end,
            (
                Self::Holds(each),
                Op::Capacity(CapacityOp::Take(Take { units, lease, limit, .. })),
                Op::Capacity(CapacityOp::Take(one)),
            ) => {
                let alike = (*units, *lease, *limit) == (one.units, one.lease, one.limit);
                alike && each.len() < HOLDS_MAX
            }
            (Self::Nothing, op, another) => op == another,
            (Self::Elements(..) | Self::Counts(_) | Self::Holds(_), _, _) => false,
        }
    }

    /// One more caller, with this operation.
    pub(crate) fn add(&mut self, op: &Op) {
        match (self, op) {
            (Self::Elements(each, count), Op::List(ListOp::Push(Push { elements, .. }))) => {
                *count += elements.len();
                each.push(elements.clone());
            }
            (Self::Counts(each), Op::List(ListOp::Pop(Pop { count, .. }))) => each.push(*count),
            (Self::Holds(each), Op::Capacity(CapacityOp::Take(Take { hold, .. }))) => {
                each.push(*hold);
            }
            (Self::Nothing | Self::Elements(..) | Self::Counts(_) | Self::Holds(_), _) => {}
        }
    }

    /// Puts into the operation what all have brought but for those who left, in the order in which
    /// they came.
    pub(crate) fn put_into(&self, op: &mut Op, withdrawn: &[u32]) {
        match (self, op) {
            (Self::Elements(each, _), Op::List(ListOp::Push(Push { elements, .. }))) => {
                elements.extend(staying(each, withdrawn).flatten().cloned());
            }
            (Self::Counts(each), Op::List(ListOp::Pop(Pop { count, .. }))) => {
                *count = staying(each, withdrawn).fold(0, |sum, count| sum.saturating_add(*count));
            }
            (Self::Holds(each), Op::Capacity(op)) => take_each(each, op, withdrawn),
            (Self::Nothing | Self::Elements(..) | Self::Counts(_) | Self::Holds(_), _) => {}
        }
    }

    /// What each of those who stayed is told when this came of all; else what all are told alike.
    pub(crate) fn deal(
        &self,
        outcome: Outcome,
        op: &Op,
        withdrawn: &[u32],
    ) -> Result<Vec<Outcome>, Result<Outcome, Fault>> {
        match (self, outcome, op) {
            (
                Self::Elements(each, _),
                Outcome::List(ListOutcome::Push(pushed)),
                Op::List(ListOp::Push(push)),
            ) => {
                let told = one_by_one(pushed, push, staying(each, withdrawn));
                Ok(told.map(|pushed| Outcome::List(ListOutcome::Push(pushed))).collect())
            }
            (Self::Counts(each), Outcome::List(ListOutcome::Pop(popped)), _) => {
                let mut popped = popped.into_iter();
                let own = staying(each, withdrawn).map(|count| {
                    let count = usize::try_from(*count).unwrap_or(usize::MAX);
                    popped.by_ref().take(count).collect()
                });
                Ok(own.map(|own| Outcome::List(ListOutcome::Pop(own))).collect())
            }
            (Self::Holds(_), Outcome::Capacity(CapacityOutcome::TakeEach(taken)), _) => {
                let TakenEach { each } = taken;
                let told = each.into_iter().map(CapacityOutcome::Take);
                Ok(told.map(Outcome::Capacity).collect())
            }
            (Self::Holds(each), outcome @ Outcome::Capacity(CapacityOutcome::Take(_)), _)
                if staying(each, withdrawn).count() == 1 =>
            {
                Ok(vec![outcome])
            }
            (Self::Nothing, outcome, _) => Err(Ok(outcome)),
            (Self::Elements(..) | Self::Counts(_) | Self::Holds(_), _, _) => {
                Err(Err(Fault::broken("what many brought was not answered by its outcome")))
            }
        }
    }
}

/// What those brought who did not leave.
fn staying<'a, T>(each: &'a [T], withdrawn: &'a [u32]) -> impl Iterator<Item = &'a T> {
    let places = (0_u32..).zip(each);
    places.filter(|(place, _)| withdrawn.binary_search(place).is_err()).map(|(_, own)| own)
}

/// Makes of one take the takes of all who stayed; of one who stayed alone, that one's.
fn take_each(each: &[HoldId], op: &mut CapacityOp, withdrawn: &[u32]) {
    let CapacityOp::Take(Take { hold, units, lease, limit }) = op else { return };
    let holds: Vec<_> = staying(each, withdrawn).copied().collect();
    if let [only] = *holds.as_slice() {
        *hold = only;
        return;
    }
    let (units, lease, limit) = (*units, *lease, *limit);
    *op = CapacityOp::TakeEach(TakeEach { holds: holds.into(), units, lease, limit });
}

/// What pushes one after the other are told, if together they were told this.
fn one_by_one<'a>(
    together: Pushed,
    push: &'a Push,
    each: impl Iterator<Item = &'a Vec<Bytes>> + 'a,
) -> impl Iterator<Item = Pushed> + 'a {
    each.scan(together.before, |before, elements| {
        let len = *before + elements.len() as u64;
        let len = push.limit.map_or(len, |limit| len.min(limit.get()));
        let told = Pushed { len, before: *before };
        *before = len;
        Some(told)
    })
}
