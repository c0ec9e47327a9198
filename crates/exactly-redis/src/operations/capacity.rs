//! Capacities: so many units, each free, held or confirmed.

use std::collections::HashMap;

use exactly_core::operations::capacity::{
    CapacityOp, CapacityOutcome, Confirm, Confirmed, Extend, Extended, GiveBack, GivenBack, Levels,
    Read, Release, Resize, Resized, Take, TakeEach, Taken, TakenEach,
};
use exactly_core::{Fault, HoldId};

use crate::operations::micros;
use crate::words::{Told, Words, odd};

/// The digits of an id.
const DIGITS: usize = 32;

/// Writes the arguments of the operation: the limit of a missing capacity, the hold, and its own.
pub(crate) fn send(op: &CapacityOp, args: &mut Words) -> &'static str {
    let (name, limit, hold) = match op {
        CapacityOp::Read(Read { limit }) => ("read", *limit, None),
        CapacityOp::Take(Take { hold, limit, .. }) => ("take", *limit, Some(*hold)),
        CapacityOp::TakeEach(each) => return send_each(each, args),
        CapacityOp::Confirm(Confirm { hold }) => ("confirm", 0, Some(*hold)),
        CapacityOp::Release(Release { hold }) => ("release", 0, Some(*hold)),
        CapacityOp::Extend(Extend { hold, .. }) => ("extend", 0, Some(*hold)),
        CapacityOp::GiveBack(_) => ("back", 0, None),
        CapacityOp::Resize(Resize { to }) => ("resize", *to, None),
    };
    args.number(limit);
    match hold {
        Some(hold) => id(hold, args),
        None => args.push(""),
    }
    match op {
        CapacityOp::Take(Take { units, lease, .. }) => {
            args.number(*units);
            args.number(micros(*lease));
        }
        CapacityOp::Extend(Extend { lease, .. }) => args.number(micros(*lease)),
        CapacityOp::GiveBack(GiveBack { units }) => args.number(*units),
        CapacityOp::Resize(Resize { to }) => args.number(*to),
        CapacityOp::Read(_) | CapacityOp::TakeEach(_) => {}
        CapacityOp::Confirm(_) | CapacityOp::Release(_) => {}
    }
    name
}

pub(crate) fn id(hold: HoldId, args: &mut Words) {
    // As it is displayed, but not formatted: of all that a crowd of takes sends this is the most.
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| HEX[usize::from(half & 15)];
    let digits = hold.as_u128().to_be_bytes().map(|byte| [digit(byte >> 4), digit(byte)]);
    args.push(digits.as_flattened());
}

fn read_id(digits: &[u8]) -> Result<HoldId, Fault> {
    std::str::from_utf8(digits).map_err(|_| odd())?.parse().map_err(|_| odd())
}

/// Writes each id once, for the script looks only at what was held before.
fn send_each(each: &TakeEach, args: &mut Words) -> &'static str {
    let (holds, _) = named_once(&each.holds);
    args.number(each.limit);
    args.number(holds.len() as u64);
    args.number(each.units);
    args.number(micros(each.lease));
    holds.into_iter().for_each(|hold| id(hold, args));
    "take each"
}

/// Each of these ids once, in the order in which they are first named, and for each name its place
/// among them.
fn named_once(holds: &[HoldId]) -> (Vec<HoldId>, Vec<usize>) {
    let mut sorted = holds.to_vec();
    sorted.sort_unstable();
    if sorted.is_sorted_by(|one, two| one < two) {
        // By far the most: nobody makes up an id twice.
        return (holds.to_vec(), (0..holds.len()).collect());
    }
    let (mut once, mut known) = (Vec::with_capacity(holds.len()), HashMap::new());
    let place = |hold: &HoldId| {
        *known.entry(*hold).or_insert_with(|| {
            once.push(*hold);
            once.len() - 1
        })
    };
    let places = holds.iter().map(place).collect();
    (once, places)
}

/// Reads what each of many takes would have been told. One that names an id again is told what the
/// first was: it finds what that one took, or as little room.
fn taken_each(each: &TakeEach, told: &Told<'_>) -> Result<TakenEach, Fault> {
    let (once, places) = named_once(&each.holds);
    let full = Taken::Full { free: told.number(2)?, held: told.number(3)? };
    if told.is(0, "refused") {
        return Ok(TakenEach { each: vec![full; places.len()] });
    }
    let mut first = told.word(4).chunks_exact(DIGITS);
    let known = (5..told.len()).map(|place| told.number::<usize>(place));
    let mut known = known.collect::<Result<Vec<_>, _>>()?.into_iter().peekable();
    let mut fit: usize = told.number(1)?;
    let taken = (1..).zip(once).map(|(place, asked)| {
        // Under a token of a caller's not the ids that were asked for, as with one.
        let hold = first.next().map_or(Ok(asked), read_id)?;
        if known.next_if_eq(&place).is_none() {
            if fit == 0 {
                return Ok(full);
            }
            fit -= 1;
        }
        Ok(Taken::Held { hold })
    });
    let taken = taken.collect::<Result<Vec<_>, _>>()?;
    Ok(TakenEach { each: places.into_iter().map(|place| taken[place]).collect() })
}

/// Reads its outcome.
pub(crate) fn outcome(op: &CapacityOp, told: &Told<'_>) -> Result<CapacityOutcome, Fault> {
    let refused = told.is(0, "refused");
    Ok(match op {
        CapacityOp::Read(_) => CapacityOutcome::Read(Levels {
            limit: told.number(0)?,
            free: told.number(1)?,
            held: told.number(2)?,
            confirmed: told.number(3)?,
        }),
        CapacityOp::Take(_) => CapacityOutcome::Take(if refused {
            Taken::Full { free: told.number(1)?, held: told.number(2)? }
        } else {
            // Not the id that was asked for: who calls again under a token gets the first one.
            Taken::Held { hold: read_id(told.word(1))? }
        }),
        CapacityOp::TakeEach(each) => CapacityOutcome::TakeEach(taken_each(each, told)?),
        CapacityOp::Confirm(_) => {
            CapacityOutcome::Confirm(if refused { Confirmed::Lapsed } else { Confirmed::Confirmed })
        }
        CapacityOp::Release(_) => CapacityOutcome::Release(told.is(0, "done")),
        CapacityOp::Extend(_) => {
            CapacityOutcome::Extend(if refused { Extended::Lapsed } else { Extended::Extended })
        }
        CapacityOp::GiveBack(_) => CapacityOutcome::GiveBack(if refused {
            GivenBack::TooFew { confirmed: told.number(1)? }
        } else {
            GivenBack::GivenBack
        }),
        CapacityOp::Resize(_) => CapacityOutcome::Resize(Resized { over: told.number(0)? }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_sent_as_it_is_displayed() {
        for number in [0, 1, 0x0123_4567_89ab_cdef_0f1e_2d3c_4b5a_6978, u128::MAX] {
            let hold = HoldId::from_u128(number);
            let mut args = Words::default();
            id(hold, &mut args);
            assert_eq!(args.iter().next(), Some(hold.to_string().as_bytes()));
            assert_eq!(read_id(hold.to_string().as_bytes()).unwrap(), hold);
        }
    }

    #[test]
    fn ids_that_are_named_again_are_sent_once() {
        let ids = |numbers: &[u128]| -> Vec<_> {
            numbers.iter().map(|number| HoldId::from_u128(*number)).collect()
        };
        assert_eq!(named_once(&[]), (vec![], vec![]));
        assert_eq!(named_once(&ids(&[3, 1, 2])), (ids(&[3, 1, 2]), vec![0, 1, 2]));
        assert_eq!(named_once(&ids(&[3, 1, 3, 2, 1])), (ids(&[3, 1, 2]), vec![0, 1, 0, 2, 1]));
    }
}
