//! The codings of the handler: five ways people write "enrol, if there is a seat left".

use clap::ValueEnum;
use clap::builder::PossibleValue;

/// One way to write the handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// Read the counter, check it, write it back.
    ReadCheckWrite,
    /// Count the rows, then insert one more.
    CountThenInsert,
    /// Increment, check, step back by hand when it was too many.
    StepBackByHand,
    /// The counter's block, which steps back by itself.
    CounterBlock,
    /// The capacity: a seat is held, then confirmed.
    Capacity,
}

impl Coding {
    /// Every coding, in the order of the story.
    pub(crate) const ALL: [Self; 5] = [
        Self::ReadCheckWrite,
        Self::CountThenInsert,
        Self::StepBackByHand,
        Self::CounterBlock,
        Self::Capacity,
    ];

    /// The one name it has: on the command line, in the table, in the picture, in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ReadCheckWrite => "read-check-write",
            Self::CountThenInsert => "count-then-insert",
            Self::StepBackByHand => "step-back-by-hand",
            Self::CounterBlock => "counter-block",
            Self::Capacity => "capacity",
        }
    }

    /// What its handler does, in a few words.
    pub(crate) fn about(self) -> &'static str {
        match self {
            Self::ReadCheckWrite => "read the counter, check it, write it back",
            Self::CountThenInsert => "count the rows, then insert one more",
            Self::StepBackByHand => "increment, check, step back by hand",
            Self::CounterBlock => "exactly: increment with a block, which rewinds by itself",
            Self::Capacity => "exactly: take a seat from a capacity, then confirm it",
        }
    }

    /// Whether the coding is written with exactly's objects and so has to be exact.
    pub(crate) fn ours(self) -> bool {
        match self {
            Self::ReadCheckWrite | Self::CountThenInsert | Self::StepBackByHand => false,
            Self::CounterBlock | Self::Capacity => true,
        }
    }
}

/// By hand rather than derived, so that the command line cannot learn another name than
/// [`Coding::name`].
impl ValueEnum for Coding {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(self.about()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_coding_is_known_by_its_name() {
        for coding in Coding::ALL {
            assert_eq!(Coding::from_str(coding.name(), false), Ok(coding));
        }
    }

    #[test]
    fn two_of_the_codings_are_ours() {
        let ours: Vec<Coding> = Coding::ALL.into_iter().filter(|coding| coding.ours()).collect();
        assert_eq!(ours, [Coding::CounterBlock, Coding::Capacity]);
    }
}
