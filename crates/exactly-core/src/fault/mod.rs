//! The one error type: did it happen, and what to do now.
//!
//! A refusal (`Full`, `OutOfBounds`) is an outcome, not a fault. A fault means the engine could not
//! answer, and it is always one of three:
//!
//! | [`Fate`] | it happened? | do |
//! | --- | --- | --- |
//! | not applied | provably not | call again |
//! | unknown | perhaps | send the same token again, or ask |
//! | misuse | no, and it never will | change the call, as the message says |

mod asked;
mod made;

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::key::Key;

/// Why an engine could not answer. Opaque, cheap to clone and to move; ask it with the `is_…`
/// predicates.
///
/// The message is a sentence for people: which key, what was expected, what was found, and what to
/// do.
#[derive(Clone)]
pub struct Fault(Arc<Report>);

struct Report {
    fate: Fate,
    cause: Cause,
    key: Option<Key>,
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// Whether the change of a failed call happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It provably did not happen. Calling again is safe.
    NotApplied,
    /// It was sent and no answer came: it may have happened.
    Unknown,
    /// It did not happen and will not until the call is changed.
    Misuse,
}

/// What went wrong, as far as programs tell it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    BadName,
    BadUrl,
    BadSetting,
    WrongType,
    NotANumber,
    Overflow,
    OutOfBounds,
    Undecodable,
    TooLarge,
    TokenReused,
    TokenForgotten,
    NotUndone,
    Unavailable,
    Denied,
    Untrusted,
    Loading,
    Busy,
    ReadOnly,
    OutOfMemory,
    Misconfigured,
    Contended,
    AtCapacity,
    TimedOut,
    LostReply,
    Broken,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fate = match self.0.fate {
            Fate::NotApplied => "not applied",
            Fate::Unknown => "unknown",
            Fate::Misuse => "misuse",
        };
        write!(f, "{fate}: {}", self.0.message)
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fault({:?}: {})", self.0.cause, self.0.message)
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_one_word_wide() {
        assert_eq!(size_of::<Fault>(), size_of::<usize>());
    }

    #[test]
    fn a_lost_read_changed_nothing() {
        let lost = Fault::lost_reply("cut");
        assert!(lost.is_unknown());
        assert!(lost.of_a_read().is_not_applied());
    }

    #[test]
    fn the_message_names_the_key_and_what_to_do() {
        let key = Key::in_group("", "course", "42", "motto").unwrap();
        let said = Fault::not_a_number(&key, "an integer", "\"abc\"").to_string();
        for part in ["misuse", "course:42:motto", "an integer", "abc", "nothing was changed"] {
            assert!(said.contains(part), "{said}");
        }
    }
}
