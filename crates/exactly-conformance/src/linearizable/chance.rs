//! What is drawn by lot, judged by what was drawn: an engine may draw any members, but they must
//! have been there, so many of them and none twice.

use exactly_core::layers::{Call, Ending};
use exactly_core::operations::Operation;
use exactly_core::operations::set::{Contains, Len, Page, Pop, Random, Remove, SetOp, SetOutcome};
use exactly_core::{BATCH_MAX, Batch, Members, Op, Outcome, Refusal, Reply, Step};

use super::Unjudged;

/// A batch that does for certain what another one was told that it did by chance.
#[derive(Debug)]
pub(super) struct Certain {
    pub(super) batch: Batch,
    /// The reply that was told first, and what it tells of each step.
    reply: Reply,
    told: Vec<Told>,
}

/// What was told of a step, and so what has to be told of those that stand for it.
#[derive(Debug)]
enum Told {
    /// Of itself.
    Same(Outcome),
    /// Of its size, and of the removal of so many members drawn from at most this number.
    Removed { count: u64, drawn: u64 },
    /// Of its size, and of the question for so many members drawn from at most this number.
    Found { count: u64, drawn: u64 },
    /// Of the question for them: a page has any number of members.
    Paged,
}

impl Certain {
    /// The batch that stands for this one; none where nothing is up to chance.
    pub(super) fn of(calls: &[&Call]) -> Result<Option<Self>, Unjudged> {
        let first = calls[0];
        if !first.batch.steps.iter().any(|step| is_up_to_engine(&step.op)) {
            return Ok(None);
        }
        let mut replies = calls.iter().filter_map(|call| match &call.ending {
            Ending::Answered(reply) => Some(reply),
            Ending::NoEffect | Ending::Unknown => None,
        });
        let unjudged = || Unjudged::Chance(Box::new(first.clone()));
        let (reply, outcomes) = match replies.next() {
            Some(reply @ Reply::Applied(outcomes)) => (reply.clone(), outcomes),
            // Nothing was looked at but what it requires.
            Some(Reply::Refused(Refusal::Requirement(_))) => return Ok(None),
            // What was drawn before the refusal, or by a call that nobody heard of, was not told.
            Some(Reply::Refused(Refusal::Operation(..) | Refusal::Changed(_))) | None => {
                return Err(unjudged());
            }
        };
        let mut batch = Batch { steps: [].into_iter().collect(), ..first.batch.clone() };
        let mut told = Vec::with_capacity(outcomes.len());
        for (step, outcome) in first.batch.steps.iter().zip(outcomes) {
            let (steps, expected) = stand_ins(step, outcome);
            batch.steps.extend(steps);
            told.push(expected);
        }
        if batch.steps.len() > BATCH_MAX {
            return Err(unjudged());
        }
        Ok(Some(Self { batch, reply, told }))
    }

    /// Whether what came of the batch explains what one of its callers was told.
    pub(super) fn explains(&self, told: &Reply, found: Option<&Reply>) -> bool {
        let Some(Reply::Applied(outcomes)) = found else { return false };
        let mut outcomes = outcomes.iter();
        told.says_the_same(&self.reply)
            && self.told.iter().all(|told| told.fits(&mut outcomes))
            && outcomes.next().is_none()
    }
}

fn is_up_to_engine(op: &Op) -> bool {
    op.is_by_chance() || matches!(op, Op::Set(SetOp::Page(_)))
}

/// The steps that do for certain what this one was told it did.
fn stand_ins(step: &Step, outcome: &Outcome) -> (Vec<Step>, Told) {
    let same = || (vec![step.clone()], Told::Same(outcome.clone()));
    let (Op::Set(op), Outcome::Set(outcome)) = (&step.op, outcome) else { return same() };
    let instead = |op: Op| Step { op, ..step.clone() };
    let drawn = |op: Op| vec![instead(Len {}.into_op()), instead(op)];
    let contains = |members: &Members| Contains { members: members.0.clone().into() }.into_op();
    match (op, outcome) {
        (SetOp::Pop(Pop { count }), SetOutcome::Pop(members)) => {
            let remove = Remove { members: members.0.clone().into() };
            let told = Told::Removed { count: *count, drawn: members.0.len() as u64 };
            (drawn(remove.into_op()), told)
        }
        (SetOp::Random(Random { count }), SetOutcome::Random(members)) if are_apart(members) => {
            let told = Told::Found { count: *count, drawn: members.0.len() as u64 };
            (drawn(contains(members)), told)
        }
        (SetOp::Page(Page { .. }), SetOutcome::Page(page)) => {
            (vec![instead(contains(&page.members))], Told::Paged)
        }
        (_, _) => same(),
    }
}

fn are_apart(members: &Members) -> bool {
    members.sorted().windows(2).all(|two| two[0] != two[1])
}

impl Told {
    fn fits<'a>(&self, outcomes: &mut impl Iterator<Item = &'a Outcome>) -> bool {
        let mut next = || outcomes.next();
        match self {
            Self::Same(told) => next().is_some_and(|outcome| told.says_the_same(outcome)),
            Self::Removed { count, drawn } => {
                is_as_many(next(), *count, *drawn)
                    && next() == Some(&Outcome::Set(SetOutcome::Remove(*drawn)))
            }
            Self::Found { count, drawn } => is_as_many(next(), *count, *drawn) && all_there(next()),
            Self::Paged => all_there(next()),
        }
    }
}

/// Whether so many are drawn of a set of this size when at most `count` are asked for.
fn is_as_many(len: Option<&Outcome>, count: u64, drawn: u64) -> bool {
    matches!(len, Some(Outcome::Set(SetOutcome::Len(len))) if drawn == count.min(*len))
}

fn all_there(outcome: Option<&Outcome>) -> bool {
    matches!(outcome, Some(Outcome::Set(SetOutcome::Contains(there))) if !there.contains(&false))
}
