//! Capacities: so many units, each free, held or confirmed.
//!
//! A taken unit is *held* on a lease. Confirming makes it permanent; releasing, or a lease that
//! runs out because its holder died, makes it free again. Free, held and confirmed are one state,
//! read and changed in one step, so they never disagree and never exceed the limit.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Refusable, operations};
use crate::state::{Misuse, Slot, State};
use crate::time::{Moment, Timestamp};
use crate::token::HoldId;

/// The greatest limit: 2^53 - 1 units, the last number that every engine and every JSON reader
/// keeps exact.
pub const LIMIT_MAX: u64 = (1 << 53) - 1;
/// The longest lease: 30 days.
pub const LEASE_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The most holds of one [`TakeEach`]: as many as a server takes with one command each for the
/// holds and their leases, in a few milliseconds.
pub const HOLDS_MAX: usize = 2_000;

// ===== operations =====

operations! {
    /// What can be asked of a capacity.
    CapacityOp => CapacityOutcome;

    /// How many units are free, held and confirmed.
    read Read {
        /// The limit that a missing capacity starts with.
        limit: u64,
    } -> Levels;

    /// Takes units on a lease, if that many are free. Taking with an id that is held already
    /// answers that hold.
    write Take {
        /// The id of the new hold.
        hold: HoldId,
        /// How many.
        units: u64,
        /// After how long without [`Extend`] or [`Confirm`] they are free again.
        lease: Duration,
        /// The limit that a missing capacity starts with.
        limit: u64,
    } -> Taken;

    /// As so many [`Take`]s in a row, one for each hold in this order: what many callers who take
    /// the same come down to.
    write TakeEach {
        /// The ids of the new holds. Boxed: no operation is larger for this one.
        holds: Box<Vec<HoldId>>,
        /// How many units each of them is for.
        units: u64,
        /// After how long without [`Extend`] or [`Confirm`] those of a hold are free again.
        lease: Duration,
        /// The limit that a missing capacity starts with.
        limit: u64,
    } -> TakenEach;

    /// Makes held units permanent, if the lease still runs. Confirming again is answered alike for
    /// as long as the lease would have run.
    write Confirm {
        /// The hold.
        hold: HoldId,
    } -> Confirmed;

    /// Gives held units back. Answers whether they were still held.
    write Release {
        /// The hold.
        hold: HoldId,
    } -> bool;

    /// Lets the lease run anew, if it still runs.
    write Extend {
        /// The hold.
        hold: HoldId,
        /// How long from now.
        lease: Duration,
    } -> Extended;

    /// Gives confirmed units back.
    write GiveBack {
        /// How many.
        units: u64,
    } -> GivenBack;

    /// Changes the limit. It may fall below what is taken: nobody loses a unit, none is free until
    /// enough came back.
    write Resize {
        /// The new limit.
        to: u64,
    } -> Resized;
}

impl CapacityOp {
    pub(crate) fn check(&self) -> Result<(), Misuse> {
        match self {
            Self::Read(Read { limit }) | Self::Resize(Resize { to: limit }) => check_limit(*limit),
            Self::Take(Take { units, lease, limit, .. }) => check_limit(*limit)
                .and_then(|()| check_units(*units))
                .and_then(|()| check_lease(*lease)),
            Self::TakeEach(TakeEach { holds, units, lease, limit }) => check_holds(holds.len())
                .and_then(|()| check_limit(*limit))
                .and_then(|()| check_units(*units))
                .and_then(|()| check_lease(*lease)),
            Self::Extend(Extend { lease, .. }) => check_lease(*lease),
            Self::GiveBack(GiveBack { units }) => check_units(*units),
            Self::Confirm(_) | Self::Release(_) => Ok(()),
        }
    }
}

fn check_holds(count: usize) -> Result<(), Misuse> {
    if count > HOLDS_MAX {
        return Err(Misuse::BadSetting(format!(
            "one operation takes at most {HOLDS_MAX} holds, found {count}; nothing was changed: \
             take them in parts"
        )));
    }
    Ok(())
}

fn check_limit(limit: u64) -> Result<(), Misuse> {
    if limit > LIMIT_MAX {
        return Err(Misuse::BadSetting(format!(
            "a capacity has at most {LIMIT_MAX} units, found {limit}; nothing was changed: count \
                in larger units"
        )));
    }
    Ok(())
}

fn check_units(units: u64) -> Result<(), Misuse> {
    if units == 0 {
        return Err(Misuse::BadSetting(
            "expected at least one unit, found 0; nothing was changed".to_owned(),
        ));
    }
    Ok(())
}

pub(crate) fn check_lease(lease: Duration) -> Result<(), Misuse> {
    if lease.is_zero() || lease > LEASE_MAX {
        return Err(Misuse::BadSetting(format!(
            "a lease is more than zero and at most {} days, found {lease:?}; nothing was changed: \
             give a shorter one and extend it",
            LEASE_MAX.as_secs() / 86_400
        )));
    }
    Ok(())
}

// ===== outcomes =====

/// Of [`Read`]. `free + held + confirmed` is the limit, unless a [`Resize`] went below what is
/// taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Levels {
    /// How many units there are.
    pub limit: u64,
    /// How many can be taken now.
    pub free: u64,
    /// How many are held on a lease.
    pub held: u64,
    /// How many are taken for good.
    pub confirmed: u64,
}

impl Refusable for Levels {}

/// Of [`Take`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Taken {
    /// The units are held.
    Held {
        /// The hold to confirm, extend or release.
        hold: HoldId,
    },
    /// Refused: fewer are free than were asked for.
    Full {
        /// How many are free.
        free: u64,
        /// How many are held, and may become free again.
        held: u64,
    },
}

impl Refusable for Taken {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Full { .. })
    }
}

/// Of [`TakeEach`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenEach {
    /// What each [`Take`] by itself would have been told, in the order of the holds.
    pub each: Vec<Taken>,
}

impl Refusable for TakenEach {
    fn is_refusal(&self) -> bool {
        self.each.iter().all(Taken::is_refusal)
    }
}

/// Of [`Confirm`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Confirmed {
    /// The units are taken for good.
    Confirmed,
    /// Refused: there is no such hold any more. Its lease ran out, or it was released before.
    Lapsed,
}

impl Refusable for Confirmed {
    fn is_refusal(&self) -> bool {
        *self == Self::Lapsed
    }
}

/// Of [`Extend`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Extended {
    /// The lease runs anew.
    Extended,
    /// Refused: there is no such hold any more.
    Lapsed,
}

impl Refusable for Extended {
    fn is_refusal(&self) -> bool {
        *self == Self::Lapsed
    }
}

/// Of [`GiveBack`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum GivenBack {
    /// The units are free, or make up for a limit that shrank.
    GivenBack,
    /// Refused: fewer are confirmed than were given back.
    TooFew {
        /// How many are.
        confirmed: u64,
    },
}

impl Refusable for GivenBack {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::TooFew { .. })
    }
}

/// Of [`Resize`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resized {
    /// How many taken units the new limit no longer covers; zero unless it shrank below them.
    pub over: u64,
}

impl Refusable for Resized {}

// ===== state =====

/// The state of a capacity.
#[derive(Debug, Clone, PartialEq)]
pub struct CapacityState {
    limit: u64,
    confirmed: u64,
    /// The sum of the `holds` that are not confirmed.
    held: u64,
    /// The holds whose leases run. A confirmed one stays until its lease would have run out, so
    /// that whoever confirms again, not having heard the answer, gets it.
    holds: BTreeMap<HoldId, Hold>,
    /// The same holds in the order in which their leases run out.
    leases: BTreeSet<(Timestamp, HoldId)>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Hold {
    units: u64,
    until: Timestamp,
    confirmed: bool,
}

impl CapacityState {
    fn new(limit: u64) -> Self {
        Self { limit, confirmed: 0, held: 0, holds: BTreeMap::new(), leases: BTreeSet::new() }
    }

    fn levels(&self) -> Levels {
        let Self { limit, confirmed, held, .. } = *self;
        Levels {
            limit,
            free: limit.saturating_sub(confirmed.saturating_add(held)),
            held,
            confirmed,
        }
    }

    fn hold(&mut self, id: HoldId, units: u64, until: Timestamp) {
        self.held += units;
        self.holds.insert(id, Hold { units, until, confirmed: false });
        self.leases.insert((until, id));
    }

    /// Ends a hold that is not confirmed, and tells how many units it had.
    fn end(&mut self, id: HoldId) -> Option<u64> {
        let Hold { units, until, .. } = *self.holds.get(&id).filter(|hold| !hold.confirmed)?;
        self.holds.remove(&id);
        self.leases.remove(&(until, id));
        self.held -= units;
        Some(units)
    }

    fn confirm(&mut self, id: HoldId) -> Confirmed {
        let Some(hold) = self.holds.get_mut(&id) else { return Confirmed::Lapsed };
        if !hold.confirmed {
            hold.confirmed = true;
            self.held -= hold.units;
            self.confirmed += hold.units;
        }
        Confirmed::Confirmed
    }

    /// Whether this hold's lease still runs.
    pub(crate) fn holds(&self, id: HoldId) -> bool {
        self.holds.get(&id).is_some_and(|hold| !hold.confirmed)
    }

    /// Frees what is held on leases that have run out.
    pub(crate) fn lapse(&mut self, now: Timestamp) {
        while let Some(&(until, id)) = self.leases.first() {
            if until > now {
                break;
            }
            self.leases.remove(&(until, id));
            if let Some(hold) = self.holds.remove(&id).filter(|hold| !hold.confirmed) {
                self.held -= hold.units;
            }
        }
    }

    /// When the next lease runs out.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        self.leases.first().map(|(until, _)| *until)
    }
}

// ===== step =====

/// The meaning of a [`CapacityOp`]. Leases that have run out have lapsed before.
pub(crate) fn step(
    slot: &mut Slot,
    op: &CapacityOp,
    at: Moment,
) -> Result<CapacityOutcome, Misuse> {
    let stored = slot.capacity()?;
    Ok(match op {
        CapacityOp::Read(Read { limit }) => {
            let new = CapacityState::new(*limit);
            CapacityOutcome::Read(stored.map_or(new.levels(), |capacity| capacity.levels()))
        }
        CapacityOp::Take(take) => CapacityOutcome::Take(self::take(slot, take, at)?),
        CapacityOp::TakeEach(each) => CapacityOutcome::TakeEach(take_each(slot, each, at)?),
        CapacityOp::Confirm(Confirm { hold }) => CapacityOutcome::Confirm(
            stored.map_or(Confirmed::Lapsed, |capacity| capacity.confirm(*hold)),
        ),
        CapacityOp::Release(Release { hold }) => {
            CapacityOutcome::Release(stored.and_then(|capacity| capacity.end(*hold)).is_some())
        }
        CapacityOp::Extend(Extend { hold, lease }) => CapacityOutcome::Extend(
            match stored.and_then(|capacity| Some((capacity.end(*hold)?, capacity))) {
                None => Extended::Lapsed,
                Some((units, capacity)) => {
                    capacity.hold(*hold, units, at.now.plus(*lease));
                    Extended::Extended
                }
            },
        ),
        CapacityOp::GiveBack(GiveBack { units }) => {
            CapacityOutcome::GiveBack(give_back(stored, *units))
        }
        CapacityOp::Resize(Resize { to }) => {
            let capacity = filled(slot, *to, at)?;
            capacity.limit = *to;
            let taken = capacity.confirmed.saturating_add(capacity.held);
            CapacityOutcome::Resize(Resized { over: taken.saturating_sub(*to) })
        }
    })
}

fn take(slot: &mut Slot, take: &Take, at: Moment) -> Result<Taken, Misuse> {
    let Take { hold, units, lease, limit } = *take;
    let levels = match slot.capacity()? {
        Some(capacity) if capacity.holds.contains_key(&hold) => return Ok(Taken::Held { hold }),
        Some(capacity) => capacity.levels(),
        None => CapacityState::new(limit).levels(),
    };
    if units > levels.free {
        return Ok(Taken::Full { free: levels.free, held: levels.held });
    }
    filled(slot, limit, at)?.hold(hold, units, at.now.plus(lease));
    Ok(Taken::Held { hold })
}

/// None fails where the first did not: nothing is taken then.
fn take_each(slot: &mut Slot, takes: &TakeEach, at: Moment) -> Result<TakenEach, Misuse> {
    let TakeEach { holds, units, lease, limit } = takes;
    let (units, lease, limit) = (*units, *lease, *limit);
    let takes = holds.iter().map(|hold| Take { hold: *hold, units, lease, limit });
    let each = takes.map(|one| take(slot, &one, at)).collect::<Result<_, _>>()?;
    Ok(TakenEach { each })
}

fn give_back(stored: Option<&mut CapacityState>, units: u64) -> GivenBack {
    let Some(capacity) = stored else { return GivenBack::TooFew { confirmed: 0 } };
    match capacity.confirmed.checked_sub(units) {
        None => GivenBack::TooFew { confirmed: capacity.confirmed },
        Some(rest) => {
            capacity.confirmed = rest;
            GivenBack::GivenBack
        }
    }
}

/// The capacity of the slot, made with `limit` where there is none.
fn filled(slot: &mut Slot, limit: u64, at: Moment) -> Result<&mut CapacityState, Misuse> {
    if slot.is_empty() {
        slot.overwrite(State::Capacity(Box::new(CapacityState::new(limit))), at);
    }
    let nothing = || Misuse::wrong_type("a capacity", "nothing");
    slot.capacity()?.ok_or_else(nothing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Key;
    use crate::meaning::Model;
    use crate::operations::key::Expire;
    use crate::state::Slots;

    const LEASE: Duration = Duration::from_secs(30);
    /// The shortest time that can be told.
    const MOMENT: Duration = Duration::from_nanos(1);

    fn seats() -> (Model, Key) {
        (Model::new(), Key::alone("", "seats").unwrap())
    }

    fn take(hold: u128, units: u64) -> Take {
        Take { hold: HoldId::from_u128(hold), units, lease: LEASE, limit: 3 }
    }

    fn levels(model: &mut Model, key: &Key) -> (u64, u64, u64) {
        let Levels { free, held, confirmed, .. } = model.run(key, Read { limit: 3 }).unwrap();
        (free, held, confirmed)
    }

    #[test]
    fn units_are_free_held_or_confirmed() {
        let (mut model, key) = seats();
        let hold = HoldId::from_u128(1);
        assert_eq!(levels(&mut model, &key), (3, 0, 0));
        assert_eq!(model.run(&key, take(1, 2)).unwrap(), Taken::Held { hold });
        assert_eq!(levels(&mut model, &key), (1, 2, 0));
        assert_eq!(model.run(&key, take(2, 2)).unwrap(), Taken::Full { free: 1, held: 2 });
        assert_eq!(model.run(&key, take(1, 2)).unwrap(), Taken::Held { hold });
        assert_eq!(levels(&mut model, &key), (1, 2, 0));
        assert_eq!(model.run(&key, Confirm { hold }).unwrap(), Confirmed::Confirmed);
        assert_eq!(levels(&mut model, &key), (1, 0, 2));
        assert_eq!(model.run(&key, Confirm { hold }).unwrap(), Confirmed::Confirmed);
        assert!(!model.run(&key, Release { hold }).unwrap());
        let extend = Extend { hold, lease: LEASE };
        assert_eq!(model.run(&key, extend).unwrap(), Extended::Lapsed);
        assert_eq!(levels(&mut model, &key), (1, 0, 2));
        model.advance(LEASE);
        assert_eq!(model.run(&key, Confirm { hold }).unwrap(), Confirmed::Lapsed);
        assert_eq!(levels(&mut model, &key), (1, 0, 2));
        assert_eq!(
            model.run(&key, GiveBack { units: 3 }).unwrap(),
            GivenBack::TooFew { confirmed: 2 }
        );
        assert_eq!(model.run(&key, GiveBack { units: 2 }).unwrap(), GivenBack::GivenBack);
        assert_eq!(levels(&mut model, &key), (3, 0, 0));
    }

    fn take_each(holds: &[u128], units: u64) -> TakeEach {
        let holds = holds.iter().map(|hold| HoldId::from_u128(*hold)).collect::<Vec<_>>();
        TakeEach { holds: holds.into(), units, lease: LEASE, limit: 3 }
    }

    #[test]
    fn of_many_takes_the_first_fit_and_the_others_are_told_what_is_left() {
        let (mut model, key) = seats();
        let held = |hold| Taken::Held { hold: HoldId::from_u128(hold) };
        let full = |free, held| Taken::Full { free, held };
        let mut told = |holds: &[u128], units| {
            let told = model.run(&key, take_each(holds, units)).unwrap();
            (told.is_refusal(), told.each)
        };
        assert_eq!(told(&[], 1), (true, vec![]));
        assert_eq!(told(&[1], 4), (true, vec![full(3, 0)]));
        assert_eq!(told(&[1, 2, 1, 2], 2), (false, vec![held(1), full(1, 2), held(1), full(1, 2)]));
        assert_eq!(told(&[3, 1, 4, 5], 1), (false, vec![held(3), held(1), full(0, 3), full(0, 3)]));
        assert_eq!(told(&[6, 7], 1), (true, vec![full(0, 3), full(0, 3)]));
        assert_eq!(told(&[6, 1], 1), (false, vec![full(0, 3), held(1)]));
    }

    #[test]
    fn many_takes_mean_what_they_mean_one_after_the_other() {
        let mut dice = fastrand::Rng::with_seed(7);
        for round in 0..2_000 {
            let (mut one, key) = seats();
            if dice.bool() {
                one.run(&key, Resize { to: dice.u64(..12) }).unwrap();
            }
            for _ in 0..dice.u8(..4) {
                one.run(&key, take(dice.u128(..9), dice.u64(1..4))).unwrap();
                let hold = HoldId::from_u128(dice.u128(..9));
                if dice.bool() {
                    one.run(&key, Confirm { hold }).unwrap();
                } else {
                    one.run(&key, Release { hold }).unwrap();
                }
            }
            let mut other = one.clone();
            let holds: Vec<_> = (0..dice.usize(..8)).map(|_| dice.u128(..9)).collect();
            let units = dice.u64(1..4);
            let each: Vec<_> =
                holds.iter().map(|hold| one.run(&key, take(*hold, units)).unwrap()).collect();
            let told = other.run(&key, take_each(&holds, units)).unwrap();
            assert_eq!(told.is_refusal(), each.iter().all(Taken::is_refusal), "{round}");
            assert_eq!(told.each, each, "{round}");
            assert!(one.states().eq(other.states()), "{round}");
            one.advance(LEASE);
            other.advance(LEASE);
            assert_eq!(levels(&mut one, &key), levels(&mut other, &key), "{round}");
        }
    }

    #[test]
    fn a_hold_comes_back_by_itself_and_its_late_holder_is_told() {
        let (mut model, key) = seats();
        let hold = HoldId::from_u128(1);
        model.run(&key, take(1, 3)).unwrap();
        model.advance(LEASE - MOMENT);
        let extend = Extend { hold, lease: LEASE };
        assert_eq!(model.run(&key, extend.clone()).unwrap(), Extended::Extended);
        model.advance(LEASE - MOMENT);
        assert_eq!(levels(&mut model, &key), (0, 3, 0));
        model.advance(MOMENT);
        assert_eq!(levels(&mut model, &key), (3, 0, 0));
        assert_eq!(model.run(&key, Confirm { hold }).unwrap(), Confirmed::Lapsed);
        assert_eq!(model.run(&key, extend).unwrap(), Extended::Lapsed);
        assert!(!model.run(&key, Release { hold }).unwrap());
        assert_eq!(levels(&mut model, &key), (3, 0, 0));
    }

    #[test]
    fn shrinking_below_what_is_taken_is_legal_and_says_so() {
        let (mut model, key) = seats();
        model.run(&key, take(1, 3)).unwrap();
        assert_eq!(model.run(&key, Resize { to: 1 }).unwrap(), Resized { over: 2 });
        assert_eq!(levels(&mut model, &key), (0, 3, 0));
        model.run(&key, Release { hold: HoldId::from_u128(1) }).unwrap();
        assert_eq!(levels(&mut model, &key), (1, 0, 0));
        assert_eq!(model.run(&key, Resize { to: 5 }).unwrap(), Resized { over: 0 });
        assert_eq!(levels(&mut model, &key), (5, 0, 0));
        // Held and confirmed are taken alike.
        model.run(&key, take(2, 2)).unwrap();
        model.run(&key, Confirm { hold: HoldId::from_u128(2) }).unwrap();
        model.run(&key, take(3, 1)).unwrap();
        assert_eq!(model.run(&key, Resize { to: 1 }).unwrap(), Resized { over: 2 });
        assert_eq!(levels(&mut model, &key), (0, 1, 2));
    }

    #[test]
    fn a_lease_runs_until_its_last_moment_and_no_longer() {
        const TICK: Duration = Duration::from_nanos(1);
        let (mut model, key) = seats();
        model.run(&key, take(1, 1)).unwrap();
        model.advance(LEASE - TICK);
        assert_eq!(levels(&mut model, &key), (2, 1, 0), "a tick before the end");
        model.advance(TICK);
        assert_eq!(levels(&mut model, &key), (3, 0, 0), "at the end");
        let confirmed = Confirm { hold: HoldId::from_u128(1) };
        assert_eq!(model.run(&key, confirmed).unwrap(), Confirmed::Lapsed);
    }

    #[test]
    fn the_hold_that_ends_first_is_due_first() {
        let (mut model, key) = seats();
        model.run(&key, Take { lease: 2 * LEASE, ..take(1, 1) }).unwrap();
        model.run(&key, take(2, 1)).unwrap();
        let due = |model: &mut Model| model.slot(&key).due().unwrap();
        let first = due(&mut model);
        model.advance(LEASE);
        assert_eq!(levels(&mut model, &key), (2, 1, 0));
        let second = due(&mut model);
        assert!(second > first);
        // The key's own end comes before that of its hold, or after it.
        model.run(&key, Expire { after: LEASE / 2 }).unwrap();
        assert!(due(&mut model) < second);
        model.run(&key, Expire { after: 3 * LEASE }).unwrap();
        assert_eq!(due(&mut model), second);
    }

    #[test]
    fn bad_settings_are_misuse() {
        let (mut model, key) = seats();
        let good = take(1, 1);
        for bad in [
            Take { units: 0, ..good.clone() },
            Take { lease: Duration::ZERO, ..good.clone() },
            Take { lease: LEASE_MAX + Duration::from_nanos(1), ..good.clone() },
            Take { limit: LIMIT_MAX + 1, ..good.clone() },
        ] {
            let fault = model.run(&key, bad).unwrap_err();
            assert!(fault.is_bad_setting(), "{fault}");
        }
        let each = take_each(&[1], 1);
        let many: Vec<_> = (0..=HOLDS_MAX as u128).collect();
        for bad in [
            take_each(&many, 1),
            take_each(&[], 0),
            TakeEach { lease: Duration::ZERO, ..each.clone() },
            TakeEach { limit: LIMIT_MAX + 1, ..each },
        ] {
            let fault = model.run(&key, bad).unwrap_err();
            assert!(fault.is_bad_setting(), "{fault}");
        }
        let extend = |lease| Extend { hold: good.hold, lease };
        for fault in [
            model.run(&key, Resize { to: LIMIT_MAX + 1 }).unwrap_err(),
            model.run(&key, Read { limit: LIMIT_MAX + 1 }).unwrap_err(),
            model.run(&key, GiveBack { units: 0 }).unwrap_err(),
            model.run(&key, extend(Duration::ZERO)).unwrap_err(),
            model.run(&key, extend(LEASE_MAX + Duration::from_nanos(1))).unwrap_err(),
        ] {
            assert!(fault.is_bad_setting(), "{fault}");
        }
        assert_eq!(levels(&mut model, &key), (3, 0, 0));
        // The most of each is allowed.
        let most = Take { lease: LEASE_MAX, limit: LIMIT_MAX, units: LIMIT_MAX, ..good.clone() };
        assert!(!model.run(&key, most).unwrap().is_refusal());
        assert_eq!(model.run(&key, extend(LEASE_MAX)).unwrap(), Extended::Extended);
        assert_eq!(model.run(&key, Resize { to: LIMIT_MAX }).unwrap(), Resized { over: 0 });
    }
}
