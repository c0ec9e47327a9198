//! What a call of a transaction requires, as it is judged behind all that was tried before.

use exactly_core::operations::key::{Exists, KeyOutcome};
use exactly_core::operations::value::{Get, ValueOutcome};
use exactly_core::operations::{Operation, Outcome};
use exactly_core::{Bytes, Condition, Fault, Requirement, Step};

/// What a batch requires, told apart.
#[derive(Default)]
pub(super) struct Required {
    /// What is looked for when the batch is tried, and remembered as everything that is read.
    looks: Vec<Look>,
    /// What must hold when all is applied, and until then: that locks are held.
    pub(super) locks: Vec<Requirement>,
}

struct Look {
    /// Which requirement of the batch.
    place: usize,
    step: Step,
    wanted: Wanted,
}

enum Wanted {
    Stored(bool),
    Text(Bytes),
}

impl Required {
    /// # Faults
    /// *Misuse* when it cannot be looked for.
    pub(super) fn of(requirements: &[Requirement]) -> Result<Self, Fault> {
        let mut required = Self::default();
        for (place, requirement) in requirements.iter().enumerate() {
            let key = requirement.key.clone();
            let (step, wanted) = match &requirement.condition {
                Condition::Exists => (Step::new(key, Exists {}.into_op()), Wanted::Stored(true)),
                Condition::Absent => (Step::new(key, Exists {}.into_op()), Wanted::Stored(false)),
                Condition::Equals(text) => {
                    (Step::new(key, Get {}.into_op()), Wanted::Text(text.clone()))
                }
                Condition::Locks(_) => {
                    required.locks.push(requirement.clone());
                    continue;
                }
                Condition::Holds(_) => {
                    return Err(Fault::bad_setting(
                        &key,
                        "that a hold still runs cannot be required in a transaction; nothing was \
                         changed: confirm the hold in it, which refuses when it is over",
                    ));
                }
            };
            required.looks.push(Look { place, step, wanted });
        }
        Ok(required)
    }

    /// How many operations look.
    pub(super) fn len(&self) -> usize {
        self.looks.len()
    }

    /// The operations that look.
    pub(super) fn steps(&self) -> impl Iterator<Item = Step> {
        self.looks.iter().map(|look| look.step.clone())
    }

    /// The first requirement that does not hold, by what the operations were told.
    pub(super) fn unmet<'a>(&self, told: impl Iterator<Item = &'a Outcome>) -> Option<usize> {
        let unmet = self.looks.iter().zip(told).find(|(look, told)| !look.wanted.is(told));
        unmet.map(|(look, _)| look.place)
    }
}

impl Wanted {
    fn is(&self, told: &Outcome) -> bool {
        match (self, told) {
            (Self::Stored(wanted), Outcome::Key(KeyOutcome::Exists(is))) => wanted == is,
            (Self::Text(wanted), Outcome::Value(ValueOutcome::Get(Some(text)))) => wanted == text,
            (Self::Stored(_) | Self::Text(_), _) => false,
        }
    }
}
