//! The search itself: just in time, the furthest first, nothing twice.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use smallvec::SmallVec;

use super::component::Component;
use super::world::World;

/// How many worlds are remembered for the report.
const WORLDS_TOLD_MAX: usize = 4;

/// Where no configuration got any further.
#[derive(Debug, Default)]
pub(super) struct Stuck {
    /// The answer that was not explained, as a place in [`Component::answered`].
    pub(super) due: usize,
    /// Some of what may have been stored then.
    pub(super) worlds: Vec<Rc<World>>,
    /// Whether there are configurations left that were not visited.
    pub(super) gave_up: bool,
}

/// Looks for an order that explains every answer.
pub(super) fn search(component: &Component<'_>, configurations_max: usize) -> Result<(), Stuck> {
    let mut search = Search {
        component,
        seen: HashMap::new(),
        queue: BTreeMap::new(),
        queued: 0,
        admitted: 0,
        furthest: Stuck::default(),
    };
    search.visit_later(Configuration::default());
    while let Some((_, (turn, here))) = search.queue.pop_last() {
        if search.admitted > configurations_max {
            return Err(Stuck { gave_up: true, ..search.furthest });
        }
        match turn {
            Turn::Due => {
                if search.visit(here) {
                    return Ok(());
                }
            }
            Turn::Others => search.place_others(&here),
            Turn::Unknown => search.spend_unknown(&here),
        }
    }
    Err(search.furthest)
}

/// How far an order got. All that was answered before the one that is due is placed.
#[derive(Debug, Clone, Default)]
struct Configuration {
    /// The answer to be explained next, as a place in [`Component::answered`].
    due: usize,
    /// The lanes of those in flight that are placed already.
    placed: Lanes,
    spent: Spent,
    world: Rc<World>,
}

/// What to place next in a configuration. The first is tried when it is visited, the others only
/// when that came to nothing.
#[derive(Debug, Clone, Copy)]
enum Turn {
    /// The one that is due.
    Due,
    /// Another one in flight.
    Others,
    /// An unknown one.
    Unknown,
}

/// The furthest first; of those the one that spent least, because unknown calls are for the answers
/// that nothing else explains; of those the newest.
type Rank = (usize, Reverse<usize>, u64);

/// A configuration but for what was spent on it.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Place {
    due: usize,
    placed: Lanes,
    world: u128,
}

struct Search<'c, 'a> {
    component: &'c Component<'a>,
    /// What the configurations admitted to a place had spent, none of it more than another.
    seen: HashMap<Place, SmallVec<[Spent; 1]>>,
    queue: BTreeMap<Rank, (Turn, Configuration)>,
    queued: u64,
    admitted: usize,
    furthest: Stuck,
}

impl Search<'_, '_> {
    fn queue(&mut self, turn: Turn, configuration: Configuration) {
        let more = match turn {
            Turn::Due | Turn::Others => 0,
            Turn::Unknown => 1,
        };
        let rank = (configuration.due, Reverse(configuration.spent.total() + more), self.queued);
        self.queued += 1;
        self.queue.insert(rank, (turn, configuration));
    }

    fn visit_later(&mut self, configuration: Configuration) {
        if self.admit(&configuration) {
            self.queue(Turn::Due, configuration);
        }
    }

    /// Whether the configuration is worth a visit: nothing to the same end spent as little.
    fn admit(&mut self, here: &Configuration) -> bool {
        let Configuration { due, placed, spent, world } = here;
        let place = Place { due: *due, placed: placed.clone(), world: world.digest() };
        let known = self.seen.entry(place).or_default();
        if known.iter().any(|known| known.within(spent)) {
            return false;
        }
        known.retain(|known| !spent.within(known));
        known.push(spent.clone());
        self.admitted += 1;
        true
    }

    /// Whether every answer is explained.
    fn visit(&mut self, mut here: Configuration) -> bool {
        let before = (here.due, here.placed.clone());
        if !self.settle(&mut here) {
            return true;
        }
        if before != (here.due, here.placed.clone()) && !self.admit(&here) {
            return false;
        }
        self.note(&here);
        let due = &self.component.answered[here.due];
        if !self.component.unknown.is_empty() {
            self.queue(Turn::Unknown, here.clone());
        }
        if due.in_flight.len() > 1 {
            self.queue(Turn::Others, here.clone());
        }
        for way in due.effect.ways(&here.world, due.until) {
            let world = Rc::new(way.into_world());
            self.visit_later(Configuration { due: here.due + 1, world, ..here.clone() });
        }
        false
    }

    /// Places what fits and leaves no trace, and moves on past answers that are explained. Tells
    /// whether one is left.
    ///
    /// Nothing is lost by it: what leaves no trace could be placed here in any order that goes on
    /// from here. A write that happens to change nothing now is another matter, for it may have to
    /// change something later.
    fn settle(&self, here: &mut Configuration) -> bool {
        while let Some(due) = self.component.answered.get(here.due) {
            let in_flight = due.in_flight.iter().map(|&place| &self.component.answered[place]);
            for one in in_flight.filter(|one| one.leaves_no_trace) {
                if !here.placed.has(one.lane)
                    && one.effect.ways(&here.world, due.until).next().is_some()
                {
                    here.placed.insert(one.lane);
                }
            }
            if !here.placed.has(due.lane) {
                return true;
            }
            here.placed.remove(due.lane);
            here.due += 1;
        }
        false
    }

    fn note(&mut self, here: &Configuration) {
        if here.due > self.furthest.due {
            self.furthest.due = here.due;
            self.furthest.worlds.clear();
        }
        let worlds = &mut self.furthest.worlds;
        if here.due == self.furthest.due
            && worlds.len() < WORLDS_TOLD_MAX
            && worlds.iter().all(|world| world.digest() != here.world.digest())
        {
            worlds.push(Rc::clone(&here.world));
        }
    }

    fn place_others(&mut self, here: &Configuration) {
        let due = &self.component.answered[here.due];
        // The newest is visited first: the one that will be due soonest.
        for &place in due.in_flight.iter().rev().filter(|&&place| place != here.due) {
            let one = &self.component.answered[place];
            if one.leaves_no_trace || here.placed.has(one.lane) {
                continue;
            }
            for way in one.effect.ways(&here.world, due.until) {
                let mut next = Configuration { world: Rc::new(way.into_world()), ..here.clone() };
                next.placed.insert(one.lane);
                self.visit_later(next);
            }
        }
    }

    fn spend_unknown(&mut self, here: &Configuration) {
        let moment = self.component.answered[here.due].until;
        for (class, members) in self.component.unknown.iter().enumerate() {
            let Some(one) = members.get(here.spent.of(class)) else { continue };
            for way in one.ways(&here.world, moment).filter(|way| way.changes()) {
                let mut next = Configuration { world: Rc::new(way.into_world()), ..here.clone() };
                next.spent.one_more(class);
                self.visit_later(next);
            }
        }
    }
}

/// A set of lanes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Lanes(SmallVec<[u64; 2]>);

impl Lanes {
    fn has(&self, lane: usize) -> bool {
        self.0.get(lane / 64).is_some_and(|word| word & bit(lane) != 0)
    }

    fn insert(&mut self, lane: usize) {
        if self.0.len() <= lane / 64 {
            self.0.resize(lane / 64 + 1, 0);
        }
        self.0[lane / 64] |= bit(lane);
    }

    /// Sets that are equal have equal words: no zeros at the end.
    fn remove(&mut self, lane: usize) {
        if let Some(word) = self.0.get_mut(lane / 64) {
            *word &= !bit(lane);
        }
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }
}

fn bit(lane: usize) -> u64 {
    1 << (lane % 64)
}

/// How many unknown effects of each class took place, by class, without the zeros.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Spent(SmallVec<[(usize, usize); 1]>);

impl Spent {
    fn find(&self, class: usize) -> Result<usize, usize> {
        self.0.binary_search_by_key(&class, |(class, _)| *class)
    }

    fn of(&self, class: usize) -> usize {
        self.find(class).map_or(0, |place| self.0[place].1)
    }

    fn total(&self) -> usize {
        self.0.iter().map(|(_, often)| often).sum()
    }

    fn one_more(&mut self, class: usize) {
        match self.find(class) {
            Ok(place) => self.0[place].1 += 1,
            Err(place) => self.0.insert(place, (class, 1)),
        }
    }

    /// Whether nothing was spent more often than in the other.
    fn within(&self, other: &Self) -> bool {
        self.0.iter().all(|(class, often)| *often <= other.of(*class))
    }
}
