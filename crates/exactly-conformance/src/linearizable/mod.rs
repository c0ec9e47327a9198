//! Is there one order of all calls that explains every answer?
//!
//! [`check`] takes the calls that a [`Record`](exactly_core::layers::Record) layer wrote down while
//! clients raced, and looks for an order that keeps to real time (what returned before another was
//! called comes first) and in which [`exactly_core::apply`] itself gives every answer. If there is
//! none, the engine has lost, repeated or invented something, and the [`Impasse`] shows where.
//!
//! # How a call is read
//!
//! | ending | then |
//! | --- | --- |
//! | answered | takes place between its call and its return, with [that reply] |
//! | no effect | is left out |
//! | unknown | takes place at any moment after its call, or never |
//!
//! [that reply]: exactly_core::Reply::says_the_same
//!
//! Calls under one token are one effect that takes place at most once: not before the first of them
//! was made, not after the first of them was answered, and each of them that was answered was told
//! the same. That is what a [`Ledger`](exactly_core::Ledger) promises, so retries may be recorded
//! above the retry layer or below it.
//!
//! # What cannot be judged
//!
//! The order is looked for with a clock that stands still. So nothing in a history may depend on
//! time that passes: leases and times to live are to be longer than it lasts. Two operations depend
//! on it by nature, and their histories are told apart as [`Objection::CannotJudge`]: a counter's
//! [`Undo`], because every engine numbers epochs by its own clock, and a key's [`Ttl`]. So are
//! those with one token for two batches, which is misuse, and those that draw members by lot and
//! are not told which: whoever is told is judged by that, for an engine may draw any.
//!
//! [`Undo`]: exactly_core::operations::counter::Undo
//! [`Ttl`]: exactly_core::operations::key::Ttl
//!
//! # How the order is found
//!
//! Calls that share no key, not even by way of others, say nothing about each other, so every
//! connected component of keys is searched alone (linearizability is local). In a component, calls
//! are placed *just in time* (Wing and Gong's search as Lowe improved it): whenever an answer is
//! there, its call is placed, and before it those calls in flight that are needed to explain it. A
//! *configuration* is how far that got: the next answer, which calls in flight are placed, what is
//! stored, and how many unknown calls were spent on it. None is visited twice, nor one that spent
//! more than another to get to the same. Unknown calls of equal batches are interchangeable.
//!
//! A search that needs more configurations than allowed answers [`Objection::GaveUp`], which a
//! test treats as what it is: not proven.

mod chance;
mod component;
mod diagram;
mod effect;
mod impasse;
mod search;
#[cfg(test)]
mod tests;
mod world;

use std::error::Error;
use std::fmt;

use exactly_core::layers::Call;

pub use impasse::{Impasse, Possible};

/// How many configurations [`check`] visits at most in one component of keys. They take up to
/// half a gigabyte. An ordinary history needs one or two for each call.
pub const CONFIGURATIONS_MAX: usize = 400_000;

/// Why a history is not known to be linearizable.
#[derive(Debug, Clone)]
pub enum Objection {
    /// It is not: no order of the calls explains this answer.
    Violation(Box<Impasse>),
    /// The search was longer than allowed.
    GaveUp {
        /// How many configurations were visited.
        configurations_max: usize,
        /// The answer that was not explained so far. It may have an explanation.
        furthest: Box<Impasse>,
    },
    /// The history depends on what the checker does not know.
    CannotJudge(Unjudged),
}

/// What a checker with a clock that stands still cannot judge.
#[derive(Debug, Clone)]
pub enum Unjudged {
    /// A counter's [`Undo`](exactly_core::operations::counter::Undo): epochs are each engine's own.
    Undo(Box<Call>),
    /// A key's [`Ttl`](exactly_core::operations::key::Ttl), or an end at a moment: what it answers
    /// or leaves depends on the time.
    Ttl(Box<Call>),
    /// Members drawn by lot that nobody was told.
    Chance(Box<Call>),
    /// One token, two batches: misuse of which it is not known what came of it.
    TokenOfTwoBatches(Box<[Call; 2]>),
    /// A call that returned before it was made: nobody recorded that.
    Backwards(Box<Call>),
}

/// Looks for one order of the calls that explains every answer.
///
/// ```
/// use exactly_conformance::linearizable::{self, Objection};
/// use exactly_core::layers::{Call, Ending};
/// use exactly_core::operations::{Operation, counter};
/// use exactly_core::{Batch, Key, Model, Step};
///
/// let visits = Key::alone("", "visits")?;
/// let add = Batch::one(Step::new(visits, counter::Add::by(1).into_op()));
/// let mut engine = Model::new();
/// let mut call = |called, returned| {
///     let ending = Ending::Answered(engine.apply(&add)?);
///     Ok::<_, exactly_core::Fault>(Call { called, returned, batch: add.clone(), ending })
/// };
/// let one = call(1, Some(4))?;
/// let two = call(2, Some(3))?;
/// assert!(linearizable::check(&[one.clone(), two.clone()]).is_ok());
///
/// // Both are told they were the first: an update was lost.
/// let told_the_same = Call { ending: one.ending.clone(), ..two };
/// let objection = linearizable::check(&[one, told_the_same]).unwrap_err();
/// assert!(matches!(objection, Objection::Violation(_)));
/// # Ok::<(), exactly_core::Fault>(())
/// ```
///
/// # Errors
/// When there is none, when it was not found within [`CONFIGURATIONS_MAX`] configurations, and when
/// the history cannot be judged.
pub fn check(calls: &[Call]) -> Result<(), Objection> {
    check_within(calls, CONFIGURATIONS_MAX)
}

/// [`check`], with at most so many configurations visited in one component of keys.
///
/// # Errors
/// As [`check`].
pub fn check_within(calls: &[Call], configurations_max: usize) -> Result<(), Objection> {
    for component in component::partition(effect::effects(calls)?) {
        search::search(&component, configurations_max).map_err(|stuck| {
            let furthest = Box::new(Impasse::new(&component, &stuck));
            if stuck.gave_up {
                Objection::GaveUp { configurations_max, furthest }
            } else {
                Objection::Violation(furthest)
            }
        })?;
    }
    Ok(())
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Violation(impasse) => {
                write!(f, "not linearizable: no order of the calls explains this answer\n{impasse}")
            }
            Self::GaveUp { configurations_max, furthest } => write!(
                f,
                "not proven linearizable: gave up after {configurations_max} configurations; \
                 check a shorter history, or allow more\nnot explained so far\n{furthest}"
            ),
            Self::CannotJudge(unjudged) => write!(f, "cannot be judged: {unjudged}"),
        }
    }
}

impl fmt::Display for Unjudged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (why, calls) = match self {
            Self::Undo(call) => ("epochs are numbered by each engine", vec![&**call]),
            Self::Ttl(call) => ("the answer depends on when it was asked", vec![&**call]),
            Self::Chance(call) => ("what was drawn by lot was not told", vec![&**call]),
            Self::TokenOfTwoBatches(calls) => {
                ("one token was used for two batches", calls.iter().collect())
            }
            Self::Backwards(call) => ("it returned before it was called", vec![&**call]),
        };
        write!(f, "{why}\n{}", diagram::diagram(&calls, None))
    }
}

impl Error for Objection {}
