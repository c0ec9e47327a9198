//! Reads of elements of one object, as callers who come together ask for them: asked at once, and
//! dealt out.

use std::collections::HashMap;
use std::vec::IntoIter;

use exactly_core::operations::map::{self, MapOp, MapOutcome};
use exactly_core::operations::set::{self, SetOp, SetOutcome};
use exactly_core::operations::sorted_set::{self, SortedSetOp, SortedSetOutcome};
use exactly_core::{Batch, Bytes, Delivery, Fault, Few, Key, Op, Operation, Outcome, Reply, Step};
use smallvec::SmallVec;

use crate::words::odd;

/// The most elements that are asked for at once: more had better let others pass in between.
const AT_ONCE: usize = 1024;

/// A batch of reads in which no two are about the same object that can be one.
#[derive(Debug)]
pub(crate) struct Gathered {
    pub(crate) batch: Batch,
    /// Which step answers each read, and how many of its elements are this one's.
    shares: Vec<(usize, usize)>,
}

/// What many ask of one object.
struct Asked<'a> {
    step: &'a Step,
    elements: Vec<Bytes>,
}

impl Gathered {
    /// The batch, if there are such in it that can be one.
    pub(crate) fn of(batch: &Batch) -> Option<Self> {
        let bound = !batch.requirements.is_empty() || !batch.seen.is_empty();
        let named = matches!(batch.delivery, Delivery::Token(_));
        if !batch.apart || batch.steps.len() < 2 || bound || named || batch.writes() {
            return None;
        }
        let (mut asked, mut shares) = (Vec::<Asked<'_>>::new(), Vec::new());
        let mut places: HashMap<(&Key, Of), usize> = HashMap::new();
        for step in &batch.steps {
            let elements = wanted(&step.op).map_or(&[][..], |(_, elements)| elements);
            let place = wanted(&step.op).map_or(asked.len(), |(kind, _)| {
                let place = places.entry((&step.key, kind)).or_insert(asked.len());
                if asked.get(*place).is_some_and(|asked| asked.elements.len() >= AT_ONCE) {
                    *place = asked.len();
                }
                *place
            });
            if place == asked.len() {
                asked.push(Asked { step, elements: Vec::new() });
            }
            asked[place].elements.extend_from_slice(elements);
            shares.push((place, elements.len()));
        }
        let is_less = asked.len() < batch.steps.len();
        let gathered = || Batch::apart(asked.into_iter().map(Asked::step));
        is_less.then(|| Self { batch: gathered(), shares })
    }

    /// The outcome of each read.
    ///
    /// # Faults
    /// When something else was answered than was asked.
    pub(crate) fn deal(self, reply: Reply) -> Result<Reply, Fault> {
        let Reply::Applied(outcomes) = reply else { return Err(odd()) };
        let mut told: Vec<_> = outcomes.into_iter().map(Told::of).collect();
        let shares = self.shares.into_iter();
        let each = shares.map(|(place, count)| told.get_mut(place).ok_or_else(odd)?.take(count));
        each.collect::<Result<SmallVec<[Outcome; 1]>, Fault>>().map(Reply::Applied)
    }
}

impl Asked<'_> {
    fn step(self) -> Step {
        let Self { step, elements } = self;
        let elements = Few::from_vec(elements);
        let op = match wanted(&step.op) {
            Some((Of::Sets, _)) => set::Contains { members: elements }.into_op(),
            Some((Of::Maps, _)) => map::Get { fields: elements }.into_op(),
            Some((Of::SortedSets, _)) => sorted_set::ScoresOf { members: elements }.into_op(),
            None => step.op.clone(),
        };
        Step { op, ..step.clone() }
    }
}

/// Of which kind of object elements are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Of {
    Sets,
    Maps,
    SortedSets,
}

/// The elements that are asked for, where that may be asked for others as well.
fn wanted(op: &Op) -> Option<(Of, &[Bytes])> {
    if let Op::Set(SetOp::Contains(set::Contains { members })) = op {
        return Some((Of::Sets, members));
    }
    if let Op::Map(MapOp::Get(map::Get { fields })) = op {
        return Some((Of::Maps, fields));
    }
    if let Op::SortedSet(SortedSetOp::ScoresOf(sorted_set::ScoresOf { members })) = op {
        return Some((Of::SortedSets, members));
    }
    None
}

/// What a step was told, to be dealt out.
enum Told {
    Members(IntoIter<bool>),
    Values(IntoIter<Option<Bytes>>),
    Scores(IntoIter<Option<f64>>),
    /// To each of them.
    Same(Outcome),
}

impl Told {
    fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Set(SetOutcome::Contains(are)) => Self::Members(are.into_vec().into_iter()),
            Outcome::Map(MapOutcome::Get(values)) => Self::Values(values.into_vec().into_iter()),
            Outcome::SortedSet(SortedSetOutcome::ScoresOf(scores)) => {
                Self::Scores(scores.into_vec().into_iter())
            }
            same @ (Outcome::Set(_) | Outcome::Map(_) | Outcome::SortedSet(_)) => Self::Same(same),
            same @ (Outcome::Key(_) | Outcome::Counter(_) | Outcome::Float(_)) => Self::Same(same),
            same @ (Outcome::Value(_) | Outcome::Flag(_) | Outcome::Capacity(_)) => {
                Self::Same(same)
            }
            same @ (Outcome::List(_) | Outcome::Lock(_) | Outcome::Limiter(_)) => Self::Same(same),
            same @ (Outcome::Queue(_) | Outcome::Once(_) | Outcome::Misuse(_)) => Self::Same(same),
        }
    }

    fn take(&mut self, count: usize) -> Result<Outcome, Fault> {
        Ok(match self {
            Self::Members(are) => Outcome::Set(SetOutcome::Contains(some(are, count)?)),
            Self::Values(values) => Outcome::Map(MapOutcome::Get(some(values, count)?)),
            Self::Scores(scores) => {
                Outcome::SortedSet(SortedSetOutcome::ScoresOf(some(scores, count)?))
            }
            Self::Same(outcome) => outcome.clone(),
        })
    }
}

fn some<T>(all: &mut IntoIter<T>, count: usize) -> Result<Few<T>, Fault> {
    let some: Few<T> = all.take(count).collect();
    if some.len() == count { Ok(some) } else { Err(odd()) }
}
