//! Locks: held on a lease by one, or shared by several.
//!
//! Who holds a lock has a *fence*: a number that grows with every acquisition, for ever. It is
//! never less than the time in nanoseconds, so that it grows also past a delete or a restart that
//! lost the lock.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::capacity::check_lease;
use super::{Refusable, operations};
use crate::state::{Misuse, Slot, State};
use crate::time::{Moment, Timestamp};
use crate::token::HoldId;

/// How long a lock is remembered after its last lease, so that fences grow even if the clock goes
/// back by less than that. It is the lock's time to live, which every new lease starts anew.
pub const FENCE_KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// The most fences of one acquisition: so few that fences never run ahead of the time.
pub const FENCES_MAX: u32 = 64;

// ===== operations =====

operations! {
    /// What can be asked of a lock.
    LockOp => LockOutcome;

    /// Who holds it, and for how long.
    read Read {} -> Holders;

    /// Acquires it on a lease, if it is free. Who holds it already is answered as before.
    write Acquire {
        /// Who.
        owner: HoldId,
        /// Alone, or with others.
        mode: Mode,
        /// After how long without [`Extend`] it is free again, and a place in the line without
        /// asking again.
        lease: Duration,
        /// Whether to take a place in the line if it is not free: those in the line go first, in
        /// their order. Who asks out of turn only gets what nobody waits for.
        line: bool,
        /// How many fences are taken: as many as hold it one after the other under this lease.
        fences: u32,
    } -> Acquired;

    /// Lets the lease run anew, if it still runs.
    write Extend {
        /// Who.
        owner: HoldId,
        /// How long from now.
        lease: Duration,
    } -> Extended;

    /// Gives it back, or the place in the line. Answers whether it was held.
    write Release {
        /// Who.
        owner: HoldId,
    } -> bool;
}

impl LockOp {
    pub(crate) fn check(&self) -> Result<(), Misuse> {
        match self {
            Self::Acquire(Acquire { lease, fences, .. }) => {
                if !(1..=FENCES_MAX).contains(fences) {
                    return Err(Misuse::BadSetting(format!(
                        "an acquisition takes 1 to {FENCES_MAX} fences, found {fences}; nothing \
                         was changed: acquire it again when they are used up"
                    )));
                }
                check_lease(*lease)
            }
            Self::Extend(Extend { lease, .. }) => check_lease(*lease),
            Self::Read(_) | Self::Release(_) => Ok(()),
        }
    }
}

/// How a lock is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Mode {
    /// By one alone.
    Exclusive,
    /// By any number together.
    Shared,
}

// ===== outcomes =====

/// Of [`Read`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holders {
    /// How many hold it.
    pub holders: u64,
    /// How they hold it; none where nobody does.
    pub mode: Option<Mode>,
    /// How long until the last of their leases is over; zero where nobody holds it.
    pub left: Duration,
    /// How many wait in the line.
    pub waiting: u64,
    /// The greatest fence given; zero where none is remembered.
    pub fence: u64,
}

impl Refusable for Holders {}

/// Of [`Acquire`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Acquired {
    /// It is held.
    Held {
        /// By whom: the one who asked first under a token.
        owner: HoldId,
        /// The first of the fences.
        fence: u64,
    },
    /// Others hold it or are before the caller in the line, and the place in the line is the
    /// caller's from now on.
    Waiting {
        /// How many stand before the caller in the line.
        ahead: u64,
        /// How long until the first lease of those who hold it is over, if nobody extends or
        /// releases before; zero where only the line is in the way.
        left: Duration,
    },
    /// Refused: others hold it or are before the caller in the line, and the caller has no place in
    /// it, or has one still for more than half of the lease.
    Busy {
        /// As in [`Acquired::Waiting`].
        ahead: u64,
        /// As in [`Acquired::Waiting`].
        left: Duration,
    },
}

impl Refusable for Acquired {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Busy { .. })
    }
}

/// Of [`Extend`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Extended {
    /// The lease runs anew.
    Extended,
    /// Refused: it is not held any more.
    Lost,
}

impl Refusable for Extended {
    fn is_refusal(&self) -> bool {
        *self == Self::Lost
    }
}

impl LockOutcome {
    /// Whether both say the same to a caller: all but fences and what is left of leases, which
    /// every engine tells by its own clock.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        let timeless = |outcome: &Self| match *outcome {
            Self::Read(holders) => {
                Self::Read(Holders { fence: 0, left: Duration::ZERO, ..holders })
            }
            Self::Acquire(Acquired::Held { owner, .. }) => {
                Self::Acquire(Acquired::Held { owner, fence: 0 })
            }
            Self::Acquire(Acquired::Waiting { ahead, .. }) => {
                Self::Acquire(Acquired::Waiting { ahead, left: Duration::ZERO })
            }
            Self::Acquire(Acquired::Busy { ahead, .. }) => {
                Self::Acquire(Acquired::Busy { ahead, left: Duration::ZERO })
            }
            Self::Extend(extended) => Self::Extend(extended),
            Self::Release(was_held) => Self::Release(was_held),
        };
        timeless(self) == timeless(other)
    }
}

// ===== state =====

/// The state of a lock.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LockState {
    /// The greatest fence given.
    fence: u64,
    /// Those who hold it, all in one mode.
    holders: BTreeMap<HoldId, Holder>,
    /// Those who wait for it, in the order in which they came.
    line: VecDeque<Waiter>,
    /// When each of them came.
    arrivals: BTreeMap<HoldId, u64>,
    /// The ends of the holders' leases, in their order.
    leases: BTreeSet<(Timestamp, HoldId)>,
    /// The ends of the waiters' places, in their order.
    places: BTreeSet<(Timestamp, HoldId)>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Holder {
    mode: Mode,
    /// The first of its fences.
    fence: u64,
    until: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Waiter {
    owner: HoldId,
    mode: Mode,
    arrival: u64,
    until: Timestamp,
}

impl LockState {
    /// Whether this owner's lease still runs.
    pub(crate) fn is_held_by(&self, owner: HoldId) -> bool {
        self.holders.contains_key(&owner)
    }

    /// Ends the leases and places whose time is over.
    pub(crate) fn lapse(&mut self, now: Timestamp) {
        while let Some(&(_, owner)) = self.leases.first().filter(|(until, _)| *until <= now) {
            self.end_hold(owner);
        }
        while let Some(&(_, owner)) = self.places.first().filter(|(until, _)| *until <= now) {
            self.end_place(owner);
        }
    }

    /// When the next lease or place ends.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        let first = |ends: &BTreeSet<(Timestamp, HoldId)>| ends.first().map(|(until, _)| *until);
        first(&self.leases).into_iter().chain(first(&self.places)).min()
    }

    fn mode(&self) -> Option<Mode> {
        self.holders.first_key_value().map(|(_, holder)| holder.mode)
    }

    fn holders(&self, now: Timestamp) -> Holders {
        Holders {
            holders: self.holders.len() as u64,
            mode: self.mode(),
            left: self.leases.last().map_or(Duration::ZERO, |(until, _)| now.until(*until)),
            waiting: self.line.len() as u64,
            fence: self.fence,
        }
    }

    /// How long until the first lease is over.
    fn left(&self, now: Timestamp) -> Duration {
        self.leases.first().map_or(Duration::ZERO, |(until, _)| now.until(*until))
    }

    /// The place of this owner in the line, from 0 on.
    fn place(&self, owner: HoldId) -> Option<usize> {
        let arrival = self.arrivals.get(&owner)?;
        self.line.binary_search_by_key(arrival, |waiter| waiter.arrival).ok()
    }

    /// Whether one before whom so many stand in the line can have it now: the first of the line,
    /// and with those who share it all who are first together.
    fn is_free_for(&self, mode: Mode, ahead: usize) -> bool {
        let shared = |other: Mode| mode == Mode::Shared && other == Mode::Shared;
        self.mode().is_none_or(shared)
            && self.line.iter().take(ahead).all(|before| shared(before.mode))
    }

    /// Takes so many fences, and answers the first.
    fn take_fences(&mut self, fences: u32, now: Timestamp) -> u64 {
        let first = self.fence.saturating_add(1).max(now.as_nanos());
        self.fence = first.saturating_add(u64::from(fences) - 1);
        first
    }

    fn end_hold(&mut self, owner: HoldId) -> Option<Holder> {
        let holder = self.holders.remove(&owner)?;
        self.leases.remove(&(holder.until, owner));
        Some(holder)
    }

    /// Gives a place at the end of the line, or keeps the one that there is.
    fn wait(&mut self, owner: HoldId, mode: Mode, until: Timestamp) {
        if let Some(place) = self.place(owner) {
            let waiter = &mut self.line[place];
            self.places.remove(&(waiter.until, owner));
            waiter.until = until;
        } else {
            let arrival = self.line.back().map_or(1, |last| last.arrival + 1);
            self.line.push_back(Waiter { owner, mode, arrival, until });
            self.arrivals.insert(owner, arrival);
        }
        self.places.insert((until, owner));
    }

    fn end_place(&mut self, owner: HoldId) -> Option<Waiter> {
        let place = self.place(owner)?;
        let waiter = self.line.remove(place)?;
        self.arrivals.remove(&owner);
        self.places.remove(&(waiter.until, owner));
        Some(waiter)
    }
}

// ===== step =====

/// The meaning of a [`LockOp`]. Leases and places that have run out have lapsed before.
pub(crate) fn step(slot: &mut Slot, op: &LockOp, at: Moment) -> Result<LockOutcome, Misuse> {
    let stored = slot.lock()?;
    Ok(match op {
        LockOp::Read(Read {}) => {
            LockOutcome::Read(stored.map(|lock| lock.holders(at.now)).unwrap_or_default())
        }
        LockOp::Acquire(acquire) => LockOutcome::Acquire(self::acquire(slot, acquire, at)?),
        LockOp::Extend(Extend { owner, lease }) => {
            LockOutcome::Extend(match stored.and_then(|lock| lock.end_hold(*owner)) {
                None => Extended::Lost,
                Some(holder) => {
                    hold(slot, *owner, Holder { until: at.now.plus(*lease), ..holder }, at)?;
                    Extended::Extended
                }
            })
        }
        LockOp::Release(Release { owner }) => LockOutcome::Release(stored.is_some_and(|lock| {
            lock.end_hold(*owner).is_some() || lock.end_place(*owner).is_some()
        })),
    })
}

/// Begins a lease, and lets the lock be remembered for a while after the last one.
fn hold(slot: &mut Slot, owner: HoldId, holder: Holder, at: Moment) -> Result<(), Misuse> {
    let lock = filled(slot, at)?;
    lock.leases.insert((holder.until, owner));
    lock.holders.insert(owner, holder);
    let last = lock.leases.last().map_or(holder.until, |(until, _)| *until);
    if let Some(entry) = slot.entry_mut() {
        entry.expires = last.plus(FENCE_KEPT);
    }
    Ok(())
}

fn acquire(slot: &mut Slot, acquire: &Acquire, at: Moment) -> Result<Acquired, Misuse> {
    let Acquire { owner, mode, lease, line, fences } = *acquire;
    let new = LockState::default();
    let stored = match slot.lock()? {
        Some(lock) => &*lock,
        None => &new,
    };
    let place = stored.place(owner);
    let in_front = place.unwrap_or(stored.line.len());
    let (ahead, left) = (in_front as u64, stored.left(at.now));
    if let Some(holder) = stored.holders.get(&owner) {
        // Who holds it alone holds more than a share. The other way round it would wait for itself.
        return Ok(if holder.mode == Mode::Exclusive || mode == Mode::Shared {
            Acquired::Held { owner, fence: holder.fence }
        } else {
            Acquired::Busy { ahead, left }
        });
    }
    // Out of turn only what nobody waits for.
    let in_turn = place.is_some() || line || stored.line.is_empty();
    if in_turn && stored.is_free_for(mode, in_front) {
        let lock = filled(slot, at)?;
        lock.end_place(owner);
        let fence = lock.take_fences(fences, at.now);
        hold(slot, owner, Holder { mode, fence, until: at.now.plus(lease) }, at)?;
        return Ok(Acquired::Held { owner, fence });
    }
    let is_fresh = |place: usize| at.now.until(stored.line[place].until) > lease / 2;
    if !line || place.is_some_and(is_fresh) {
        return Ok(Acquired::Busy { ahead, left });
    }
    filled(slot, at)?.wait(owner, mode, at.now.plus(lease));
    Ok(Acquired::Waiting { ahead, left })
}

/// The lock of the slot, made where there is none.
fn filled(slot: &mut Slot, at: Moment) -> Result<&mut LockState, Misuse> {
    if slot.is_empty() {
        slot.overwrite(State::Lock(Box::default()), at);
    }
    slot.lock()?.ok_or_else(|| Misuse::wrong_type("a lock", "nothing"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{Batch, Condition, Refusal, Reply, Step};
    use crate::key::Key;
    use crate::meaning::Model;
    use crate::operations::capacity::LEASE_MAX;
    use crate::operations::counter::Add;
    use crate::operations::key::{Delete, Exists, Expire, Life, Rename, Ttl};
    use crate::operations::{Operation, value};
    use crate::state::Slots;

    const LEASE: Duration = Duration::from_secs(30);
    /// The shortest time that can be told.
    const TICK: Duration = Duration::from_nanos(1);

    use Mode::{Exclusive, Shared};

    fn door() -> (Model, Key) {
        (Model::new(), Key::alone("", "door").unwrap())
    }

    fn owner(number: u128) -> HoldId {
        HoldId::from_u128(number)
    }

    /// Out of turn.
    fn barge(number: u128, mode: Mode) -> Acquire {
        Acquire { owner: owner(number), mode, lease: LEASE, line: false, fences: 1 }
    }

    fn queue(number: u128, mode: Mode) -> Acquire {
        Acquire { line: true, ..barge(number, mode) }
    }

    /// One letter: held, waiting, busy; and how many are ahead.
    fn told(acquired: Acquired) -> (char, u64) {
        match acquired {
            Acquired::Held { .. } => ('h', 0),
            Acquired::Waiting { ahead, .. } => ('w', ahead),
            Acquired::Busy { ahead, .. } => ('b', ahead),
        }
    }

    fn fence(model: &mut Model, key: &Key, acquire: Acquire) -> u64 {
        let told = model.run(key, acquire).unwrap();
        let Acquired::Held { fence, .. } = told else { panic!("{told:?}") };
        fence
    }

    #[test]
    fn one_holds_it_until_it_is_released_or_the_lease_is_over() {
        let (mut model, key) = door();
        let held = model.run(&key, barge(1, Exclusive)).unwrap();
        let Acquired::Held { owner: first, fence } = held else { panic!() };
        assert_eq!(first, owner(1));
        model.advance(LEASE / 2);
        assert_eq!(model.run(&key, barge(1, Exclusive)).unwrap(), held, "asked again");
        let busy = Acquired::Busy { ahead: 0, left: LEASE / 2 };
        assert_eq!(model.run(&key, barge(2, Exclusive)).unwrap(), busy);
        assert_eq!(model.run(&key, barge(2, Shared)).unwrap(), busy);
        assert!(!model.run(&key, Release { owner: owner(2) }).unwrap());
        let read = model.run(&key, Read {}).unwrap();
        let held =
            Holders { holders: 1, mode: Some(Exclusive), left: LEASE / 2, waiting: 0, fence };
        assert_eq!(read, held);
        assert!(model.run(&key, Release { owner: owner(1) }).unwrap());
        assert!(!model.run(&key, Release { owner: owner(1) }).unwrap());
        let free = Holders { fence, ..Holders::default() };
        assert_eq!(model.run(&key, Read {}).unwrap(), free);
        assert_eq!(told(model.run(&key, barge(2, Exclusive)).unwrap()), ('h', 0));
        let extend = Extend { owner: owner(1), lease: LEASE };
        assert_eq!(model.run(&key, extend).unwrap(), Extended::Lost);
    }

    #[test]
    fn a_lease_runs_until_its_last_moment_and_no_longer() {
        let (mut model, key) = door();
        model.run(&key, barge(1, Exclusive)).unwrap();
        let extend = Extend { owner: owner(1), lease: LEASE };
        for _ in 0..2 {
            model.advance(LEASE - TICK);
            assert_eq!(told(model.run(&key, barge(2, Exclusive)).unwrap()), ('b', 0));
            assert_eq!(model.run(&key, extend.clone()).unwrap(), Extended::Extended);
        }
        model.advance(LEASE);
        assert_eq!(model.run(&key, extend.clone()).unwrap(), Extended::Lost);
        assert_eq!(told(model.run(&key, barge(2, Exclusive)).unwrap()), ('h', 0));
        // The late one disturbs the next in nothing.
        assert_eq!(model.run(&key, extend).unwrap(), Extended::Lost);
        assert!(!model.run(&key, Release { owner: owner(1) }).unwrap());
        assert_eq!(model.run(&key, Read {}).unwrap().holders, 1);
    }

    #[test]
    fn modes() {
        // Who holds it, who asks, and what is told.
        for (holder, asks, answer) in [
            (Exclusive, Exclusive, ('b', 0)),
            (Exclusive, Shared, ('b', 0)),
            (Shared, Exclusive, ('b', 0)),
            (Shared, Shared, ('h', 0)),
        ] {
            let (mut model, key) = door();
            model.run(&key, barge(1, holder)).unwrap();
            let found = told(model.run(&key, barge(2, asks)).unwrap());
            assert_eq!(found, answer, "{holder:?} {asks:?}");
        }
        // Who asks in another mode than the one it holds.
        for (holds, asks, answer) in [(Exclusive, Shared, ('h', 0)), (Shared, Exclusive, ('b', 0))]
        {
            let (mut model, key) = door();
            model.run(&key, barge(1, holds)).unwrap();
            assert_eq!(
                told(model.run(&key, queue(1, asks)).unwrap()),
                answer,
                "{holds:?} {asks:?}"
            );
            assert_eq!(model.run(&key, Read {}).unwrap().waiting, 0);
        }
    }

    #[test]
    fn the_last_of_those_who_share_it_lets_the_next_in() {
        let (mut model, key) = door();
        for number in 1..=3 {
            let lease = LEASE * u32::try_from(number).unwrap();
            let shared = Acquire { lease, ..barge(number, Shared) };
            assert_eq!(told(model.run(&key, shared).unwrap()), ('h', 0));
        }
        let Holders { holders, mode, left, .. } = model.run(&key, Read {}).unwrap();
        assert_eq!((holders, mode, left), (3, Some(Shared), 3 * LEASE));
        let busy = Acquired::Busy { ahead: 0, left: LEASE };
        assert_eq!(model.run(&key, barge(4, Exclusive)).unwrap(), busy, "the first lease");
        model.run(&key, Release { owner: owner(2) }).unwrap();
        model.advance(LEASE);
        let busy = Acquired::Busy { ahead: 0, left: 2 * LEASE };
        assert_eq!(model.run(&key, barge(4, Exclusive)).unwrap(), busy);
        model.run(&key, Release { owner: owner(3) }).unwrap();
        assert_eq!(told(model.run(&key, barge(4, Exclusive)).unwrap()), ('h', 0));
    }

    #[test]
    fn those_in_the_line_go_first_and_in_their_order() {
        let (mut model, key) = door();
        let mut ask = |acquire: Acquire| told(model.run(&key, acquire).unwrap());
        assert_eq!(ask(queue(1, Exclusive)), ('h', 0));
        assert_eq!(ask(queue(2, Exclusive)), ('w', 0));
        assert_eq!(ask(queue(3, Exclusive)), ('w', 1));
        assert_eq!(ask(queue(4, Exclusive)), ('w', 2));
        assert_eq!(ask(queue(3, Exclusive)), ('b', 1), "nothing is changed by asking at once");
        assert_eq!(ask(barge(5, Exclusive)), ('b', 3));
        assert_eq!(model.run(&key, Read {}).unwrap().waiting, 3);
        assert!(model.run(&key, Release { owner: owner(1) }).unwrap());
        let mut ask = |acquire: Acquire| told(model.run(&key, acquire).unwrap());
        assert_eq!(ask(barge(5, Exclusive)), ('b', 3), "nobody goes before the first");
        assert_eq!(ask(queue(3, Exclusive)), ('b', 1));
        assert_eq!(ask(barge(2, Exclusive)), ('h', 0), "a place is a place, however it is asked");
        assert!(model.run(&key, Release { owner: owner(3) }).unwrap(), "a place is given back");
        assert!(model.run(&key, Release { owner: owner(2) }).unwrap());
        let mut ask = |acquire: Acquire| told(model.run(&key, acquire).unwrap());
        assert_eq!(ask(queue(4, Exclusive)), ('h', 0));
        assert_eq!(ask(queue(3, Exclusive)), ('w', 0));
    }

    #[test]
    fn who_shares_it_goes_with_the_first_of_the_line_but_not_past_who_is_alone() {
        let (mut model, key) = door();
        let mut ask = |acquire: Acquire| told(model.run(&key, acquire).unwrap());
        ask(queue(1, Exclusive));
        for (number, mode) in [(2, Shared), (3, Shared), (4, Exclusive), (5, Shared)] {
            ask(queue(number, mode));
        }
        model.run(&key, Release { owner: owner(1) }).unwrap();
        let mut ask = |acquire: Acquire| told(model.run(&key, acquire).unwrap());
        assert_eq!(ask(queue(5, Shared)), ('b', 3));
        assert_eq!(ask(queue(3, Shared)), ('h', 0), "not the first, but with it");
        assert_eq!(ask(queue(2, Shared)), ('h', 0));
        assert_eq!(ask(queue(5, Shared)), ('b', 1));
        assert_eq!(ask(barge(6, Shared)), ('b', 2), "who waits alone is not starved");
        assert_eq!(ask(queue(4, Exclusive)), ('b', 0));
        for number in [2, 3] {
            model.run(&key, Release { owner: owner(number) }).unwrap();
        }
        let mut ask = |acquire: Acquire| told(model.run(&key, acquire).unwrap());
        assert_eq!(ask(queue(5, Shared)), ('b', 1));
        assert_eq!(ask(queue(4, Exclusive)), ('h', 0));
    }

    #[test]
    fn a_place_ends_with_its_time_unless_it_is_asked_for_again() {
        let (mut model, key) = door();
        model.run(&key, Acquire { lease: 9 * LEASE, ..queue(1, Exclusive) }).unwrap();
        for number in [2, 3] {
            model.run(&key, queue(number, Exclusive)).unwrap();
        }
        model.advance(LEASE / 2 - TICK);
        assert_eq!(told(model.run(&key, queue(3, Exclusive)).unwrap()), ('b', 1));
        model.advance(TICK);
        assert_eq!(told(model.run(&key, queue(3, Exclusive)).unwrap()), ('w', 1), "it runs anew");
        model.advance(LEASE / 2 - TICK);
        assert_eq!(model.run(&key, Read {}).unwrap().waiting, 2);
        model.advance(TICK);
        assert_eq!(model.run(&key, Read {}).unwrap().waiting, 1, "the other's is over");
        assert_eq!(told(model.run(&key, queue(2, Exclusive)).unwrap()), ('w', 1));
        model.run(&key, Release { owner: owner(1) }).unwrap();
        assert_eq!(told(model.run(&key, queue(3, Exclusive)).unwrap()), ('h', 0));
    }

    #[test]
    fn fences_grow_past_whatever_happens() {
        let (mut model, key) = door();
        let mut last = 0;
        let mut grows = |fence: u64| {
            assert!(fence > last, "{fence} after {last}");
            last = fence;
        };
        for number in 1..=3 {
            grows(fence(&mut model, &key, barge(number, Exclusive)));
            model.run(&key, Release { owner: owner(number) }).unwrap();
        }
        // Fences that were taken ahead are nobody else's.
        let first = fence(&mut model, &key, Acquire { fences: 64, ..barge(4, Exclusive) });
        grows(first);
        grows(first + 63);
        model.advance(LEASE);
        grows(fence(&mut model, &key, barge(5, Exclusive)));
        // Deleted or lost, it is still not earlier than a moment ago.
        for _ in 0..2 {
            model.advance(Duration::from_micros(1));
            model.run(&key, Delete {}).unwrap();
            grows(fence(&mut model, &key, barge(6, Exclusive)));
        }
        model.run(&key, Expire { after: TICK }).unwrap();
        model.advance(Duration::from_micros(1));
        grows(fence(&mut model, &key, barge(7, Shared)));
        grows(fence(&mut model, &key, barge(8, Shared)));
        assert_eq!(model.run(&key, Read {}).unwrap().fence, last);
    }

    #[test]
    fn a_free_lock_is_remembered_for_a_while() {
        let (mut model, key) = door();
        model.run(&key, Read {}).unwrap();
        assert!(!model.run(&key, Release { owner: owner(1) }).unwrap());
        assert!(!model.run(&key, Exists {}).unwrap(), "reading and releasing make nothing");
        let ttl = |model: &mut Model| model.run(&key, Ttl {}).unwrap();
        model.run(&key, barge(1, Exclusive)).unwrap();
        assert_eq!(ttl(&mut model), Life::Left(LEASE + FENCE_KEPT));
        model.run(&key, Extend { owner: owner(1), lease: LEASE * 2 }).unwrap();
        assert_eq!(ttl(&mut model), Life::Left(LEASE * 2 + FENCE_KEPT));
        model.run(&key, Acquire { lease: LEASE * 9, ..queue(2, Shared) }).unwrap();
        for number in [1, 2] {
            model.run(&key, Release { owner: owner(number) }).unwrap();
        }
        assert_eq!(ttl(&mut model), Life::Left(LEASE * 2 + FENCE_KEPT), "by leases alone");
        for (number, lease) in [(3, LEASE * 3), (4, LEASE)] {
            model.run(&key, Acquire { lease, ..barge(number, Shared) }).unwrap();
        }
        assert_eq!(ttl(&mut model), Life::Left(LEASE * 3 + FENCE_KEPT), "the last of them");
        for number in [3, 4] {
            model.run(&key, Release { owner: owner(number) }).unwrap();
        }
        model.run(&key, barge(5, Exclusive)).unwrap();
        model.advance(LEASE + FENCE_KEPT - TICK);
        assert_eq!(ttl(&mut model), Life::Left(TICK), "however its lease ended");
        assert_ne!(model.run(&key, Read {}).unwrap().fence, 0);
        model.advance(TICK);
        assert!(!model.run(&key, Exists {}).unwrap());
        assert_eq!(model.run(&key, Read {}).unwrap(), Holders::default());
    }

    #[test]
    fn what_ends_first_is_due_first() {
        let (mut model, key) = door();
        let start = model.clone();
        let due = |acquire: &[Acquire]| {
            let mut model = start.clone();
            for acquire in acquire {
                model.run(&key, acquire.clone()).unwrap();
            }
            model.slot(&key).due().unwrap()
        };
        let lease = due(&[barge(1, Exclusive)]);
        let brief = Acquire { lease: LEASE / 3, ..queue(2, Exclusive) };
        let place = due(&[barge(1, Exclusive), brief]);
        assert!(place < lease);
        assert_eq!(
            due(&[barge(1, Shared), Acquire { lease: LEASE * 2, ..barge(2, Shared) }]),
            lease
        );
        model.run(&key, barge(1, Exclusive)).unwrap();
        model.run(&key, Release { owner: owner(1) }).unwrap();
        assert!(model.slot(&key).due().unwrap() > lease);
    }

    #[test]
    fn a_batch_can_require_it_and_a_late_holder_is_refused() {
        let (mut model, key) = door();
        let count = Key::alone("", "count").unwrap();
        let add = |number| {
            let step = Step::new(count.clone(), Add::by(1).into_op());
            Batch::one(step).requiring(key.clone(), Condition::Locks(owner(number)))
        };
        let refused = Reply::Refused(Refusal::Requirement(0));
        assert_eq!(model.apply(&add(1)).unwrap(), refused);
        model.run(&key, barge(1, Exclusive)).unwrap();
        model.run(&key, queue(2, Exclusive)).unwrap();
        assert!(matches!(model.apply(&add(1)).unwrap(), Reply::Applied(_)));
        assert_eq!(model.apply(&add(2)).unwrap(), refused, "who waits does not hold it");
        model.advance(LEASE - TICK);
        assert!(matches!(model.apply(&add(1)).unwrap(), Reply::Applied(_)));
        model.advance(TICK);
        assert_eq!(model.apply(&add(1)).unwrap(), refused);
        let odd = Batch::one(Step::new(key.clone(), Read {}.into_op()));
        let odd = odd.requiring(count.clone(), Condition::Locks(owner(1)));
        assert!(model.apply(&odd).unwrap_err().is_wrong_type());
    }

    #[test]
    fn who_holds_a_lock_is_not_what_a_batch_is() {
        let (_, key) = door();
        let print = |batch: Batch| batch.fingerprint();
        let acquire = |number| Batch::one(Step::new(key.clone(), queue(number, Shared).into_op()));
        assert_eq!(print(acquire(1)), print(acquire(2)));
        let more = Acquire { fences: 2, ..queue(1, Shared) };
        assert_ne!(print(acquire(1)), print(Batch::one(Step::new(key.clone(), more.into_op()))));
        let release = |number| {
            let release = Release { owner: owner(number) };
            Batch::one(Step::new(key.clone(), release.into_op()))
        };
        assert_ne!(print(release(1)), print(release(2)));
        let locked = |number| release(1).requiring(key.clone(), Condition::Locks(owner(number)));
        assert_eq!(print(locked(1)), print(locked(2)));
        assert_ne!(print(locked(1)), print(release(1)));
        assert_ne!(print(locked(1)), print(release(1).requiring(key.clone(), Condition::Exists)));
    }

    #[test]
    fn all_are_acquired_in_one_change_or_none() {
        let (mut model, one) = door();
        let two = Key::alone("", "window").unwrap();
        let both = |number| {
            let keys = [&one, &two].into_iter();
            Batch::of(keys.map(|key| Step::new(key.clone(), barge(number, Exclusive).into_op())))
        };
        model.run(&two, barge(1, Exclusive)).unwrap();
        let reply = model.apply(&both(2)).unwrap();
        assert!(matches!(reply, Reply::Refused(Refusal::Operation(1, _))), "{reply:?}");
        assert!(!model.run(&one, Exists {}).unwrap());
        model.run(&two, Release { owner: owner(1) }).unwrap();
        assert!(matches!(model.apply(&both(2)).unwrap(), Reply::Applied(_)));
        assert_eq!(told(model.run(&one, barge(3, Exclusive)).unwrap()), ('b', 0));
    }

    #[test]
    fn a_lock_moves_with_those_who_hold_it_and_wait() {
        let (mut model, key) = door();
        let to = Key::alone("", "gate").unwrap();
        model.run(&key, barge(1, Exclusive)).unwrap();
        model.run(&key, queue(2, Exclusive)).unwrap();
        model.run(&key, Rename { to: to.clone(), replace: false }).unwrap();
        assert_eq!(told(model.run(&to, queue(3, Exclusive)).unwrap()), ('w', 1));
        assert!(model.run(&to, Release { owner: owner(1) }).unwrap());
        assert_eq!(told(model.run(&to, queue(2, Exclusive)).unwrap()), ('h', 0));
    }

    #[test]
    fn bad_settings_and_other_kinds_are_misuse() {
        let (mut model, key) = door();
        let good = queue(1, Exclusive);
        let long = LEASE_MAX + TICK;
        for bad in [
            Acquire { lease: Duration::ZERO, ..good.clone() },
            Acquire { lease: long, ..good.clone() },
            Acquire { fences: 0, ..good.clone() },
            Acquire { fences: FENCES_MAX + 1, ..good.clone() },
        ] {
            let fault = model.run(&key, bad).unwrap_err();
            assert!(fault.is_bad_setting(), "{fault}");
        }
        let extend = |lease| Extend { owner: owner(1), lease };
        assert!(model.run(&key, extend(long)).unwrap_err().is_bad_setting());
        assert!(!model.run(&key, Exists {}).unwrap());
        let most = Acquire { lease: LEASE_MAX, fences: FENCES_MAX, ..good };
        assert_eq!(told(model.run(&key, most.clone()).unwrap()), ('h', 0));
        assert_eq!(model.run(&key, extend(LEASE_MAX)).unwrap(), Extended::Extended);
        let motto = Key::alone("", "motto").unwrap();
        model.run(&motto, value::Set { to: "x".into() }).unwrap();
        assert!(model.run(&motto, most).unwrap_err().is_wrong_type());
        assert!(model.run(&motto, Read {}).unwrap_err().is_wrong_type());
        assert!(model.run(&motto, Release { owner: owner(1) }).unwrap_err().is_wrong_type());
        assert!(model.run(&key, value::Get {}).unwrap_err().is_wrong_type());
    }
}
