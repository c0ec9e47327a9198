//! Where no order goes on: what a person needs to see why.

use std::fmt;

use exactly_core::layers::{Call, Ending};
use exactly_core::{Fault, Key, Reply, State};

use super::component::Component;
use super::diagram::{diagram, plain, reply_text};
use super::search::Stuck;
use super::world::World;

/// How many keys are named.
const KEYS_TOLD_MAX: usize = 8;
/// How many calls in flight together with the one in question are told.
const IN_FLIGHT_TOLD_MAX: usize = 20;
/// How many unknown calls are told, the latest.
const UNKNOWN_TOLD_MAX: usize = 8;
/// How many calls that had returned before are told, the latest.
const BEFORE_TOLD_MAX: usize = 4;

/// An answer that could not be explained although every earlier one could, and what was around it.
#[derive(Debug, Clone)]
pub struct Impasse {
    /// The keys that have to do with each other here.
    pub keys: Vec<Key>,
    /// The call whose answer it is.
    pub call: Call,
    /// How many answers that were there before were explained.
    pub explained: usize,
    /// Some of the states that explain those, each with what would have been answered in it.
    pub possible: Vec<Possible>,
    /// The call itself, those in flight at the same time, unknown ones, and the latest before it.
    pub around: Vec<Call>,
}

/// What may have been stored.
#[derive(Debug, Clone)]
pub struct Possible {
    /// Every key that was filled, and its state.
    pub stored: Vec<(Key, State)>,
    /// What the call would have been answered.
    pub reply: Result<Reply, Fault>,
}

impl Impasse {
    pub(super) fn new(component: &Component<'_>, stuck: &Stuck) -> Self {
        let effect = &component.answered[stuck.due].effect;
        let call = effect.first_answered().unwrap_or(effect.calls[0]);
        Self {
            keys: component.keys().into_iter().cloned().collect(),
            call: call.clone(),
            explained: stuck.due,
            possible: stuck.worlds.iter().map(|world| Possible::new(world, call)).collect(),
            around: around(component, stuck.due).into_iter().cloned().collect(),
        }
    }
}

impl Possible {
    fn new(world: &World, call: &Call) -> Self {
        let stored = world.states().map(|(key, state)| (key.clone(), state.clone())).collect();
        Self { stored, reply: world.play(&call.batch).0 }
    }
}

/// What to show of a history that can be long.
fn around<'a>(component: &Component<'a>, due: usize) -> Vec<&'a Call> {
    let due = &component.answered[due];
    let mut told: Vec<&Call> = due.effect.calls.to_vec();
    let others = component.effects().filter(|effect| effect.calls[0] != due.effect.calls[0]);
    let calls = others.flat_map(|effect| effect.calls.iter().copied());
    let (mut answered, mut unknown): (Vec<&Call>, Vec<&Call>) = calls
        .filter(|call| call.called <= due.until)
        .partition(|call| matches!(call.ending, Ending::Answered(_)));
    answered.sort_by_key(|call| call.returned);
    let from = due.effect.from();
    let before = answered.partition_point(|call| call.returned.is_some_and(|end| end < from));
    unknown.sort_by_key(|call| call.called);
    told.extend(answered[before..].iter().take(IN_FLIGHT_TOLD_MAX));
    told.extend(answered[..before].iter().rev().take(BEFORE_TOLD_MAX));
    told.extend(unknown.iter().rev().take(UNKNOWN_TOLD_MAX));
    told.sort_by_key(|call| call.called);
    told
}

impl fmt::Display for Impasse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named: Vec<_> = self.keys.iter().take(KEYS_TOLD_MAX).map(Key::to_string).collect();
        write!(f, "keys: {}", named.join(", "))?;
        if self.keys.len() > named.len() {
            write!(f, " and {} more", self.keys.len() - named.len())?;
        }
        let explained = self.explained;
        writeln!(f, "\n{explained} earlier answers are explained; the one marked > is not:")?;
        writeln!(f, "{}", diagram(&self.around.iter().collect::<Vec<_>>(), Some(&self.call)))?;
        write!(f, "what was stored before it, and what it would have been answered:")?;
        self.possible.iter().try_for_each(|possible| write!(f, "\n  {possible}"))
    }
}

impl fmt::Display for Possible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stored = self.stored.iter().take(KEYS_TOLD_MAX);
        let stored: Vec<_> =
            stored.map(|(key, state)| format!("{key} = {}", plain(state))).collect();
        match stored.as_slice() {
            [] => write!(f, "nothing")?,
            stored => write!(f, "{}", stored.join(", "))?,
        }
        match &self.reply {
            Ok(reply) => write!(f, " -> {}", reply_text(reply)),
            Err(fault) => write!(f, " -> {fault}"),
        }
    }
}
