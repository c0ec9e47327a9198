//! How the program ends: a status for scripts and, when there is no result, a sentence for people.

use std::fmt;
use std::io;
use std::process::ExitCode;

use exactly::Fault;

/// The exit status. The help text of every subcommand documents these numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// Everything was exactly right.
    Exact,
    /// The result is in, and it is not exactly right; what was to be done was not done to its end;
    /// or what was looked for is not there.
    Inexact,
    /// Wrong use, unreadable input, an engine that does not open, or a file that cannot be written.
    Misuse,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        match status {
            Status::Exact => Self::SUCCESS,
            Status::Inexact => Self::from(1),
            Status::Misuse => Self::from(2),
        }
    }
}

/// Why there is no result, in one or two sentences that say what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The user can mend it: an option, the input, a path.
    Misuse(String),
    /// What was begun could not be brought to its end.
    Unfinished(String),
    /// What was looked for is not there.
    Nothing(String),
}

impl Failure {
    /// The exit status that goes with the sentence.
    pub(crate) fn status(&self) -> Status {
        match self {
            Self::Misuse(_) => Status::Misuse,
            Self::Unfinished(_) | Self::Nothing(_) => Status::Inexact,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misuse(sentence) | Self::Unfinished(sentence) | Self::Nothing(sentence) => {
                f.write_str(sentence)
            }
        }
    }
}

/// An engine that cannot answer leaves no result.
impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Unfinished(fault.to_string())
    }
}

/// Why an engine could not do what the command line asks of it, as a sentence.
pub(crate) fn of_engine(fault: &Fault) -> Failure {
    let said = said(fault);
    let end = if said.ends_with(['.', '?']) { "" } else { "." };
    if fault.is_misuse() {
        return Failure::Misuse(format!("{said}{end}"));
    }
    Failure::Unfinished(format!("{said}{end}"))
}

/// What the engine said, without the fate in front of it, which is for programs.
pub(crate) fn said(fault: &Fault) -> String {
    let text = fault.to_string();
    text.split_once(": ").map_or_else(|| text.clone(), |(_, said)| said.to_owned())
}

/// What the system said, without the error number that std appends for programmers.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_use_and_an_unfinished_race_have_different_statuses() {
        assert_eq!(Failure::Misuse(String::new()).status(), Status::Misuse);
        assert_eq!(Failure::Unfinished(String::new()).status(), Status::Inexact);
    }

    #[test]
    fn what_an_engine_said_is_for_people() {
        assert_eq!(said(&Fault::unavailable("connection refused")), "connection refused");
        assert_eq!(said(&Fault::bad_url("a: b")), "a: b");
    }

    #[test]
    fn a_reason_is_for_people() {
        let missing = std::fs::File::open("no/such/file").unwrap_err();
        assert_eq!(reason(&missing), "No such file or directory");
        assert_eq!(reason(&io::Error::other("the disk is full")), "the disk is full");
    }
}
