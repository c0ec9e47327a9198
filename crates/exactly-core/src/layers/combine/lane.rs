//! Where calls arrive: open flights, which callers board and leave.
//!
//! Everything about a lane is behind one lock, which a caller takes once. Two rules keep anybody
//! from waiting for ever: while callers wait, either somebody was called who will look, or a flight
//! is on its way whose pilot looks when it is done; and whoever looks sends what may be sent.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Poll, Waker};

use hashbrown::HashTable;

use super::group::{Class, Group, Told};
use super::landing::{Landing, Seat};
use super::sync::{AtomicBool, Mutex, Ordering};
use crate::{Fault, Joining, Op, Reply, Step};

/// The most flights in the air that hold the next one back.
const FLIGHTS: usize = 2;
/// From how many callers on a lane is crowded, and until when it stays so. Fewer had better share
/// one lane, whatever threads they run on: each flight costs the same, and more of them go along.
const CROWDED: usize = 512;
const CROWDED_STILL: usize = 64;
/// How many boardings are kept to be used again.
const SPARE: usize = 8;

/// One of the places where calls arrive, alone on its cache lines.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Lane {
    arrivals: Mutex<Arrivals>,
    /// Whether somebody was called to look. Written under the lock.
    called: AtomicBool,
    /// Whether so many callers are here that others had better go elsewhere. Written under the
    /// lock.
    crowded: AtomicBool,
}

/// What bounds a lane.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The most groups of one flight.
    pub(crate) groups: usize,
    /// The most callers who wait.
    pub(crate) callers: usize,
}

#[derive(Debug, Default)]
struct Arrivals {
    /// Open flights, the first to depart in front. Of each class only the last takes new groups.
    open: VecDeque<Boarding>,
    spare: VecDeque<Boarding>,
    /// Callers of the open flights.
    waiting: usize,
    /// Callers who boarded and were not answered, those who left before their flight included.
    aboard: usize,
    /// Callers of flights on their way.
    flying: usize,
    /// Flights on their way, until the last caller is woken.
    flights: usize,
    /// Whether a caller sends its call itself.
    direct: bool,
}

/// A flight before its departure, and what of it goes along.
#[derive(Debug)]
pub(crate) struct Boarding {
    pub(crate) class: Class,
    pub(crate) groups: Vec<Group>,
    pub(crate) landing: Arc<Landing>,
    pub(crate) callers: usize,
    /// For what is told at the end: kept so that it need not be made anew.
    pub(crate) told: Told,
    table: HashTable<u32>,
    wakers: Vec<Option<Waker>>,
    /// Where the last caller boarded.
    last: usize,
}

/// What becomes of a caller that arrives.
#[derive(Debug)]
pub(crate) enum Boarded {
    /// It has a place; if `call` says so, it must call somebody to look.
    Seat {
        /// The place.
        seat: Seat,
        /// Whether to call.
        call: bool,
    },
    /// Nothing is under way: it sends its call itself, and says so when it is
    /// [done](Lane::direct_is_done).
    Direct,
    /// Nobody can be called: it sends its call itself.
    Alone,
    /// Too many wait.
    Full,
}

impl Boarding {
    fn new(class: Class) -> Self {
        Self {
            class,
            groups: Vec::new(),
            landing: Arc::default(),
            callers: 0,
            told: Told::default(),
            table: HashTable::new(),
            wakers: Vec::new(),
            last: 0,
        }
    }

    /// Empty again, with what it has allocated. The landing may still be read by callers.
    fn clear(&mut self) {
        self.groups.clear();
        self.table.clear();
        self.wakers.clear();
        (self.callers, self.last) = (0, 0);
    }

    /// The group of this call, if there is one.
    #[inline]
    fn find(&self, call: &Joining<'_>) -> Option<usize> {
        if self.groups.get(self.last).is_some_and(|group| group.takes(call)) {
            return Some(self.last);
        }
        if self.groups.len() < 2 || !Group::folds(call.op, call.lifetime) {
            return None;
        }
        let is_it = |group: &u32| self.groups[*group as usize].takes(call);
        let found = self.table.find(Group::hash_of(call.key, call.op), is_it);
        found.map(|group| *group as usize)
    }

    fn open_group(&mut self, step: Step) -> usize {
        let place = self.groups.len();
        // Only where it can be found again: the hash of a whole operation is not for nothing.
        let folds = Group::folds(&step.op, step.lifetime);
        let hash = folds.then(|| Group::hash_of(&step.key, &step.op));
        self.groups.push(Group::new(step));
        if let Some(hash) = hash {
            let groups = &self.groups;
            self.table.insert_unique(hash, place as u32, |group| groups[*group as usize].hash());
        }
        place
    }

    /// A place in this group, for a caller with this operation unless it has brought it.
    fn board(&mut self, group: usize, op: Option<&Op>, waker: &Waker) -> Seat {
        self.last = group;
        self.callers += 1;
        self.wakers.push(Some(waker.clone()));
        Seat {
            landing: Arc::clone(&self.landing),
            lane: 0,
            group: group as u32,
            place: self.groups[group].board(op),
            waker: self.wakers.len() as u32 - 1,
            optional: false,
        }
    }

    /// Takes the place of the wakers of a flight that is over, to be used again.
    pub(crate) fn keep_wakers(&mut self, wakers: Vec<Option<Waker>>) {
        self.wakers = wakers;
    }

    /// Callers who left.
    fn gone(&self) -> usize {
        self.wakers.len() - self.callers
    }
}

impl Arrivals {
    fn is_idle(&self) -> bool {
        self.waiting == 0 && self.flights == 0 && !self.direct
    }

    /// Whether the next flight may depart: at once if nothing is on its way, and beside one that
    /// is, if it is at least half as large.
    fn may_depart(&self, waiting: usize) -> bool {
        waiting > 0 && (self.flights == 0 || self.flights < FLIGHTS && waiting * 2 >= self.flying)
    }

    /// The last open flight of this class, which takes those who come.
    #[inline]
    fn last_open(&mut self, class: Class) -> Option<&mut Boarding> {
        self.open.iter_mut().rfind(|boarding| boarding.class == class)
    }

    /// The open flight that takes a step like none that waits.
    fn open_for(&mut self, class: Class, groups_max: usize) -> Option<&mut Boarding> {
        if self.last_open(class).is_none_or(|boarding| boarding.groups.len() >= groups_max) {
            let boarding = self.spare(class);
            self.open.push_back(boarding);
        }
        self.last_open(class)
    }

    /// A place for a caller with this step, which is taken unless another has brought the same.
    fn seat(
        &mut self,
        step: &mut Option<Step>,
        class: Class,
        waker: &Waker,
        groups_max: usize,
    ) -> Option<Seat> {
        let known = step.as_ref()?;
        let (lifetime, delivery) = (known.lifetime, &class.delivery());
        let call = Joining { key: &known.key, op: &known.op, lifetime, delivery };
        if let Some(boarding) = self.last_open(class)
            && let Some(group) = boarding.find(&call)
        {
            return Some(boarding.board(group, Some(call.op), waker));
        }
        let boarding = self.open_for(class, groups_max)?;
        let group = boarding.open_group(step.take()?);
        Some(boarding.board(group, None, waker))
    }

    /// A boarding whose landing nobody reads any more, or a new one.
    fn spare(&mut self, class: Class) -> Boarding {
        for _ in 0..self.spare.len() {
            let Some(mut boarding) = self.spare.pop_front() else { break };
            if let Some(landing) = Arc::get_mut(&mut boarding.landing) {
                boarding.told = landing.clear();
                boarding.class = class;
                return boarding;
            }
            self.spare.push_back(boarding);
        }
        Boarding::new(class)
    }

    fn keep(&mut self, mut boarding: Boarding) {
        if self.spare.len() < SPARE {
            boarding.clear();
            self.spare.push_back(boarding);
        }
    }

    fn depart(&mut self) -> Option<Boarding> {
        let mut boarding = self.open.pop_front()?;
        while boarding.callers == 0 {
            self.keep(boarding);
            boarding = self.open.pop_front()?;
        }
        self.aboard -= boarding.gone();
        self.waiting -= boarding.callers;
        self.flying += boarding.callers;
        self.flights += 1;
        boarding.groups.iter_mut().for_each(Group::close);
        boarding.landing.depart(&mut boarding.wakers);
        Some(boarding)
    }

    fn at(&self, seat: &Seat) -> Option<usize> {
        self.open.iter().position(|open| Arc::ptr_eq(&open.landing, &seat.landing))
    }
}

/// For callers.
impl Lane {
    /// A caller arrives who asks for what another waits for already: its place, and whether it must
    /// call somebody to look. None if nobody waits for the same.
    #[inline]
    pub(crate) fn join(
        &self,
        call: &Joining<'_>,
        class: Class,
        waker: &Waker,
        limits: Limits,
        can_call: impl FnOnce() -> bool,
    ) -> Option<(Seat, bool)> {
        let arrivals = &mut *self.arrivals.lock();
        if arrivals.waiting == 0 || arrivals.aboard >= limits.callers {
            return None;
        }
        let must_call = self.must_call(arrivals);
        let boarding = arrivals.last_open(class)?;
        let group = boarding.find(call)?;
        if must_call && !can_call() {
            return None;
        }
        let seat = boarding.board(group, Some(call.op), waker);
        self.boarded(arrivals, must_call);
        Some((seat, must_call))
    }

    /// A caller arrives. It takes the step unless another caller has brought the same.
    pub(crate) fn board(
        &self,
        step: &mut Option<Step>,
        class: Class,
        waker: &Waker,
        limits: Limits,
        can_call: impl FnOnce() -> bool,
    ) -> Boarded {
        let arrivals = &mut *self.arrivals.lock();
        if arrivals.is_idle() {
            arrivals.direct = true;
            return Boarded::Direct;
        }
        if arrivals.aboard >= limits.callers {
            return Boarded::Full;
        }
        let call = self.must_call(arrivals);
        if call && !can_call() {
            return Boarded::Alone;
        }
        match arrivals.seat(step, class, waker, limits.groups) {
            Some(seat) => {
                self.boarded(arrivals, call);
                Boarded::Seat { seat, call }
            }
            None => Boarded::Alone,
        }
    }

    /// Whether one more caller has to call somebody to look.
    #[inline]
    fn must_call(&self, arrivals: &Arrivals) -> bool {
        !self.called.load(Ordering::Relaxed) && arrivals.may_depart(arrivals.waiting + 1)
    }

    #[inline]
    fn boarded(&self, arrivals: &mut Arrivals, call: bool) {
        arrivals.waiting += 1;
        arrivals.aboard += 1;
        if arrivals.aboard == CROWDED {
            self.crowded.store(true, Ordering::Relaxed);
        }
        if call {
            self.called.store(true, Ordering::Release);
        }
    }

    /// Whether those who come had better go elsewhere.
    #[inline]
    pub(crate) fn is_crowded(&self) -> bool {
        self.crowded.load(Ordering::Relaxed)
    }

    /// A call that its caller sent itself has ended.
    pub(crate) fn direct_is_done(&self) {
        self.arrivals.lock().direct = false;
    }

    /// A caller whose flight has not landed asks again, and is to be woken by this waker.
    pub(crate) fn poll(&self, seat: &Seat, waker: &Waker) -> Poll<Result<Reply, Fault>> {
        let mut arrivals = self.arrivals.lock();
        let Some(at) = arrivals.at(seat) else {
            drop(arrivals);
            return seat.poll_in_the_air(waker);
        };
        let known = &mut arrivals.open[at].wakers[seat.waker as usize];
        let former = known.replace(waker.clone());
        // What a waker does when it is dropped is not ours to know: never under the lock.
        drop(arrivals);
        drop(former);
        Poll::Pending
    }

    /// A caller leaves; tells whether in time. Before the departure its share has no effect; after
    /// it, it may.
    pub(crate) fn withdraw(&self, seat: &Seat) -> bool {
        let mut guard = self.arrivals.lock();
        let arrivals = &mut *guard;
        let Some(at) = arrivals.at(seat) else { return false };
        let boarding = &mut arrivals.open[at];
        boarding.groups[seat.group as usize].withdraw(seat.place);
        let former = boarding.wakers[seat.waker as usize].take();
        boarding.callers -= 1;
        arrivals.waiting -= 1;
        if boarding.callers == 0 {
            // Nobody knows of its groups any more: those who come begin anew.
            arrivals.aboard -= boarding.gone();
            boarding.clear();
        }
        drop(guard);
        drop(former);
        true
    }
}

/// For those who send flights.
impl Lane {
    /// Whether somebody was called to look here.
    pub(crate) fn has_called(&self) -> bool {
        self.called.load(Ordering::Acquire)
    }

    /// The next flight, if one may depart. Whoever asks has then answered the call.
    pub(crate) fn depart(&self) -> Option<Boarding> {
        let arrivals = &mut *self.arrivals.lock();
        self.called.store(false, Ordering::Relaxed);
        if arrivals.may_depart(arrivals.waiting) { arrivals.depart() } else { None }
    }

    /// The next flight, whether or not it may depart: there is nobody left to send it.
    pub(crate) fn clear(&self) -> Option<Boarding> {
        let arrivals = &mut *self.arrivals.lock();
        self.called.store(false, Ordering::Relaxed);
        arrivals.depart()
    }

    /// So many callers of a flight are woken. One that was [given up](Lane::give_up) does not count
    /// as on its way.
    pub(crate) fn woken(&self, callers: usize, on_its_way: bool) {
        let arrivals = &mut *self.arrivals.lock();
        arrivals.aboard -= callers;
        if arrivals.aboard < CROWDED_STILL {
            self.crowded.store(false, Ordering::Relaxed);
        }
        if on_its_way {
            arrivals.flying -= callers;
        }
    }

    /// A flight is over. Whoever says so has to look next.
    pub(crate) fn end(&self, boarding: Boarding, on_its_way: bool) {
        let arrivals = &mut *self.arrivals.lock();
        arrivals.flights -= usize::from(on_its_way);
        arrivals.keep(boarding);
    }

    /// A flight takes so long that the others had better not wait for it. Whoever says so has to
    /// look next.
    pub(crate) fn give_up(&self, callers: usize) {
        let arrivals = &mut *self.arrivals.lock();
        arrivals.flights -= 1;
        arrivals.flying -= callers;
    }

    /// Whether callers wait here and nobody will look; who asks then has to find somebody.
    pub(crate) fn is_deserted(&self) -> bool {
        let arrivals = self.arrivals.lock();
        let deserted = arrivals.waiting > 0 && arrivals.flights == 0;
        self.called.store(deserted, Ordering::Release);
        deserted
    }
}
