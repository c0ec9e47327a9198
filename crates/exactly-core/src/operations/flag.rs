//! Flags: marked or not, often for a while.

use serde::{Deserialize, Serialize};

use super::{Refusable, operations};
use crate::state::{Misuse, Scalar, Slot, State};
use crate::time::Moment;

// ===== operations =====

operations! {
    /// What can be asked of a flag.
    FlagOp => FlagOutcome;

    /// Marks it. A time to live comes with the call and starts anew.
    write Mark {
        /// Whether a flag that is marked refuses.
        only_if_unmarked: bool,
    } -> Marked;

    /// Is it marked?
    read IsMarked {} -> bool;

    /// Takes the mark away. Answers whether there was one.
    write Clear {} -> bool;
}

// ===== outcomes =====

/// Of [`Mark`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Marked {
    /// It is marked now.
    Marked,
    /// Refused: it was marked, and only an unmarked one was to be.
    Already,
}

impl Refusable for Marked {
    fn is_refusal(&self) -> bool {
        *self == Self::Already
    }
}

// ===== step =====

/// The meaning of a [`FlagOp`].
pub(crate) fn step(slot: &mut Slot, op: &FlagOp, at: Moment) -> Result<FlagOutcome, Misuse> {
    let marked = slot.scalar()?.is_some();
    Ok(match op {
        FlagOp::IsMarked(IsMarked {}) => FlagOutcome::IsMarked(marked),
        FlagOp::Clear(Clear {}) => {
            slot.take();
            FlagOutcome::Clear(marked)
        }
        FlagOp::Mark(Mark { only_if_unmarked: true }) if marked => {
            FlagOutcome::Mark(Marked::Already)
        }
        FlagOp::Mark(Mark { .. }) => {
            slot.overwrite(State::Scalar(Scalar::Integer(1)), at);
            FlagOutcome::Mark(Marked::Marked)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Key;
    use crate::meaning::Model;

    #[test]
    fn marking_and_clearing() {
        let mut model = Model::new();
        let key = Key::alone("", "flag").unwrap();
        let table = [
            (Mark { only_if_unmarked: true }, Marked::Marked),
            (Mark { only_if_unmarked: true }, Marked::Already),
            (Mark { only_if_unmarked: false }, Marked::Marked),
        ];
        assert!(!model.run(&key, IsMarked {}).unwrap());
        for (op, outcome) in table {
            assert_eq!(model.run(&key, op).unwrap(), outcome);
            assert!(model.run(&key, IsMarked {}).unwrap());
        }
        assert!(model.run(&key, Clear {}).unwrap());
        assert!(!model.run(&key, Clear {}).unwrap());
        assert!(!model.run(&key, IsMarked {}).unwrap());
    }
}
