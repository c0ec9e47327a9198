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
mod place;

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::bytes::Bytes;
use crate::key::Key;

pub use place::Place;

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
    place: Option<Place>,
    /// What was overwritten or removed by a call that could not read it, and is nowhere else.
    gone: Vec<Bytes>,
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
    LockLost,
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
    fn what_cannot_be_read_is_named_by_key_and_place() {
        let key = Key::in_group("", "course", "42", "names").unwrap();
        for (place, says) in [
            (Place::Index(3), "`course:42:names`: element 3 cannot be read as a number: odd; "),
            (Place::Field("a".into()), "`course:42:names`: field \"a\" cannot be read as "),
            (Place::FieldName("a".into()), "the field name \"a\" cannot be read as "),
            (Place::Member("a\n".into()), "member \"a\\n\" cannot be read as "),
        ] {
            let fault = Fault::undecodable_at(&key, &place, "a number", "odd".into());
            assert!(fault.to_string().contains(says), "{fault}");
            assert!(fault.is_misuse() && fault.is_undecodable(), "{fault}");
            assert_eq!((fault.key(), fault.place()), (Some(&key), Some(&place)));
            assert_eq!(fault.gone(), []);
        }
    }

    #[test]
    fn what_is_gone_and_cannot_be_read_is_in_the_fault() {
        let key = Key::alone("", "names").unwrap();
        let gone: Vec<Bytes> = ["a", "b"].map(Bytes::from).into();
        let odd = || "odd".into();
        for (fault, gone, says) in [
            (Fault::undecodable_and_gone(&key, "a number", &gone[0], odd()), &gone[..1], "it was"),
            (
                Fault::undecodable_and_gone_at(&key, &Place::Index(1), "a number", &gone, odd()),
                &gone[..],
                "element 1 of what was overwritten or removed cannot be read as a number: odd; \
                 the fault has the bytes of all 2",
            ),
        ] {
            assert!(fault.to_string().contains(says), "{fault}");
            assert!(fault.is_unknown() && fault.is_undecodable(), "{fault}");
            assert_eq!(fault.gone(), gone);
        }
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
