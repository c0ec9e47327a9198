//! Values: one text or number, read and replaced whole.

use serde::{Deserialize, Serialize};

use super::{Refusable, operations};
use crate::bytes::Bytes;
use crate::state::{Misuse, Scalar, Slot, State};
use crate::time::Moment;

/// The longest value: 16 MiB.
pub const VALUE_BYTES_MAX: usize = 16 * 1024 * 1024;

// ===== operations =====

operations! {
    /// What can be asked of a value.
    ValueOp => ValueOutcome;

    /// Reads it.
    read Get {} -> Option<Bytes>;

    /// Overwrites it. The time to live stays.
    write Set {
        /// The new value.
        to: Bytes,
    } -> ();

    /// Reads and overwrites in one step. The time to live stays.
    write Swap {
        /// The new value.
        to: Bytes,
    } -> Option<Bytes>;

    /// Reads and removes in one step.
    write Take {} -> Option<Bytes>;

    /// Writes only where nothing is stored.
    write SetIfAbsent {
        /// The new value.
        to: Bytes,
    } -> SetIfAbsentOutcome;

    /// Overwrites only what equals `old`.
    write ReplaceIf {
        /// What must be stored now.
        old: Bytes,
        /// The new value.
        to: Bytes,
    } -> Replaced;
}

impl ValueOp {
    pub(crate) fn check(&self) -> Result<(), Misuse> {
        match self {
            Self::Get(_) | Self::Take(_) => Ok(()),
            Self::Set(Set { to })
            | Self::Swap(Swap { to })
            | Self::SetIfAbsent(SetIfAbsent { to })
            | Self::ReplaceIf(ReplaceIf { to, .. }) => check_size(to),
        }
    }
}

fn check_size(bytes: &Bytes) -> Result<(), Misuse> {
    if bytes.len() > VALUE_BYTES_MAX {
        return Err(Misuse::BadSetting(format!(
            "a value has at most {VALUE_BYTES_MAX} bytes, found {}; nothing was changed: store it \
                in parts",
            bytes.len()
        )));
    }
    Ok(())
}

// ===== outcomes =====

/// Of [`SetIfAbsent`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SetIfAbsentOutcome {
    /// Nothing was stored; now the value is.
    Set,
    /// Refused: something is stored.
    Present {
        /// It.
        found: Bytes,
    },
}

impl Refusable for SetIfAbsentOutcome {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Present { .. })
    }
}

/// Of [`ReplaceIf`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Replaced {
    /// What was expected was stored; now the new value is.
    Replaced,
    /// Refused: something else, or nothing, is stored.
    Differs {
        /// It.
        found: Option<Bytes>,
    },
}

impl Refusable for Replaced {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Differs { .. })
    }
}

// ===== step =====

/// The meaning of a [`ValueOp`].
pub(crate) fn step(slot: &mut Slot, op: &ValueOp, at: Moment) -> Result<ValueOutcome, Misuse> {
    let found = slot.scalar()?.map(Scalar::to_bytes);
    Ok(match op {
        ValueOp::Get(Get {}) => ValueOutcome::Get(found),
        ValueOp::Set(Set { to }) => {
            overwrite(slot, to, at);
            ValueOutcome::Set(())
        }
        ValueOp::Swap(Swap { to }) => {
            overwrite(slot, to, at);
            ValueOutcome::Swap(found)
        }
        ValueOp::Take(Take {}) => {
            slot.take();
            ValueOutcome::Take(found)
        }
        ValueOp::SetIfAbsent(SetIfAbsent { to }) => ValueOutcome::SetIfAbsent(match found {
            Some(found) => SetIfAbsentOutcome::Present { found },
            None => {
                overwrite(slot, to, at);
                SetIfAbsentOutcome::Set
            }
        }),
        ValueOp::ReplaceIf(ReplaceIf { old, to }) => {
            ValueOutcome::ReplaceIf(if found.as_ref() == Some(old) {
                overwrite(slot, to, at);
                Replaced::Replaced
            } else {
                Replaced::Differs { found }
            })
        }
    })
}

fn overwrite(slot: &mut Slot, to: &Bytes, at: Moment) {
    slot.overwrite(State::Scalar(Scalar::Bytes(to.clone())), at);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Key;
    use crate::meaning::Model;
    use crate::operations::{capacity, counter};

    #[test]
    fn the_verbs_of_a_value() {
        let mut model = Model::new();
        let key = Key::alone("", "motto").unwrap();
        let [a, b, c] = ["a", "b", "c"].map(Bytes::from);
        let if_absent = |to: &Bytes| SetIfAbsent { to: to.clone() };
        let if_old = |old: &Bytes, to: &Bytes| ReplaceIf { old: old.clone(), to: to.clone() };
        assert_eq!(model.run(&key, Get {}).unwrap(), None);
        assert_eq!(model.run(&key, if_old(&a, &b)).unwrap(), Replaced::Differs { found: None });
        assert_eq!(model.run(&key, if_absent(&a)).unwrap(), SetIfAbsentOutcome::Set);
        assert_eq!(
            model.run(&key, if_absent(&b)).unwrap(),
            SetIfAbsentOutcome::Present { found: a.clone() }
        );
        assert_eq!(model.run(&key, if_old(&a, &b)).unwrap(), Replaced::Replaced);
        assert_eq!(
            model.run(&key, if_old(&a, &c)).unwrap(),
            Replaced::Differs { found: Some(b.clone()) }
        );
        assert_eq!(model.run(&key, Swap { to: c.clone() }).unwrap(), Some(b));
        model.run(&key, Set { to: a.clone() }).unwrap();
        assert_eq!(model.run(&key, Take {}).unwrap(), Some(a));
        assert_eq!(model.run(&key, Get {}).unwrap(), None);
    }

    #[test]
    fn a_counter_reads_as_its_digits_and_a_capacity_does_not_read() {
        let mut model = Model::new();
        let key = Key::alone("", "number").unwrap();
        model.run(&key, counter::Add::by(-7)).unwrap();
        assert_eq!(model.run(&key, Get {}).unwrap(), Some("-7".into()));
        let seats = Key::alone("", "seats").unwrap();
        model.run(&seats, capacity::Resize { to: 1 }).unwrap();
        assert!(model.run(&seats, Get {}).unwrap_err().is_wrong_type());
    }

    #[test]
    fn no_verb_writes_a_value_that_is_too_long_and_the_longest_is_not() {
        let mut model = Model::new();
        let key = Key::alone("", "motto").unwrap();
        let longest = Bytes::from(vec![b'x'; VALUE_BYTES_MAX]);
        model.run(&key, Set { to: longest.clone() }).unwrap();
        let long = Bytes::from(vec![b'x'; VALUE_BYTES_MAX + 1]);
        let replace = ReplaceIf { old: longest.clone(), to: long.clone() };
        for fault in [
            model.run(&key, Set { to: long.clone() }).unwrap_err(),
            model.run(&key, Swap { to: long.clone() }).unwrap_err(),
            model.run(&key, SetIfAbsent { to: long }).unwrap_err(),
            model.run(&key, replace).unwrap_err(),
        ] {
            assert!(fault.is_bad_setting(), "{fault}");
        }
        assert!(model.run(&key, Get {}).unwrap() == Some(longest));
    }
}
