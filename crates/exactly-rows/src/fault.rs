//! Why a statement was not carried out, and what to do.
//!
//! A refusal (somebody was short, the row was not what the caller believed) is an outcome, not a
//! fault. A fault says whether the change happened, and what stood in its way.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use exactly_core::Fate;

use crate::record::told;
use crate::value::Value;

/// Why a statement was not carried out. Opaque, cheap to clone and to move; ask it with the `is_…`
/// predicates, or for its [`Trouble`].
#[derive(Clone)]
pub struct Fault(Arc<Report>);

struct Report {
    fate: Fate,
    trouble: Trouble,
    message: String,
    constraint: Option<String>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What stood in the way of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// The plan is wrong: told before anything was sent.
    Input,
    /// The database refuses the statement: no such table or column, a wrong type, no right.
    Statement,
    /// A number is too large or too small for its column.
    Overflow,
    /// A row breaks a rule of its table.
    Constraint(Constraint),
    /// Another transaction changed what this one read (40001, 1020).
    Serialization,
    /// It and another transaction waited for each other (40P01, 1213).
    Deadlock,
    /// It waited too long for a row (55P03, 1205).
    LockTimeout,
    /// Another writer has the whole database (`SQLITE_BUSY`).
    Busy,
    /// No connection could be had.
    Unavailable,
    /// The connection was lost while a statement ran.
    Lost,
    /// What was read is of a type that is not understood.
    Undecodable,
    /// Something else.
    Other,
}

/// Which rule of a table a row breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Constraint {
    /// Another row has that key.
    Unique,
    /// It refers to a row that is not there, or is referred to.
    ForeignKey,
    /// A `CHECK`.
    Check,
    /// A value is missing.
    NotNull,
    /// An exclusion constraint of PostgreSQL, or a rule that the server does not name.
    Other,
}

impl Trouble {
    /// Whether the same transaction, begun anew, can be expected to come through.
    pub fn is_transient(self) -> bool {
        match self {
            Self::Serialization | Self::Deadlock | Self::LockTimeout | Self::Busy => true,
            Self::Input
            | Self::Statement
            | Self::Overflow
            | Self::Constraint(_)
            | Self::Unavailable
            | Self::Lost
            | Self::Undecodable
            | Self::Other => false,
        }
    }
}

impl Fault {
    /// Whether the change happened.
    pub fn fate(&self) -> Fate {
        self.0.fate
    }

    /// It provably did not happen. In a transaction of the caller's: provided that the caller rolls
    /// it back, as it must.
    pub fn is_not_applied(&self) -> bool {
        self.0.fate == Fate::NotApplied
    }

    /// It was sent and no answer came: the connection was lost while it was committed.
    pub fn is_unknown(&self) -> bool {
        self.0.fate == Fate::Unknown
    }

    /// The call must be changed; the message says how.
    ///
    /// ```
    /// # use exactly_rows::{Dialect, PayAll, Table, render};
    /// let gift = PayAll::of(&Table::new("items")).take([(7, -4)]).from(["quantity"]);
    /// assert!(render(&gift, Dialect::Postgres).unwrap_err().is_misuse());
    /// ```
    pub fn is_misuse(&self) -> bool {
        self.0.fate == Fate::Misuse
    }

    /// Whether the same transaction, begun anew, can be expected to come through: it provably did
    /// not happen, and what stood in its way passes.
    pub fn is_transient(&self) -> bool {
        self.is_not_applied() && self.0.trouble.is_transient()
    }

    /// What stood in its way.
    pub fn trouble(&self) -> Trouble {
        self.0.trouble
    }

    /// The name of the constraint that was broken, where the server tells it.
    pub fn constraint(&self) -> Option<&str> {
        self.0.constraint.as_deref()
    }

    /// A fault of a face: `fate` says whether the change happened.
    pub fn of(fate: Fate, trouble: Trouble, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Arc::new(Report { fate, trouble, message, constraint: None, source: None }))
    }

    /// With what the database library said, and the constraint that it named.
    #[must_use]
    pub fn because(
        self,
        source: impl Into<Box<dyn Error + Send + Sync>>,
        constraint: Option<&str>,
    ) -> Self {
        Self(Arc::new(Report {
            fate: self.0.fate,
            trouble: self.0.trouble,
            message: self.0.message.clone(),
            constraint: constraint.map(str::to_owned),
            source: Some(source.into()),
        }))
    }

    /// What is wrong with a plan.
    pub(crate) fn input(message: impl fmt::Display) -> Self {
        Self::of(Fate::Misuse, Trouble::Input, message.to_string())
    }

    pub(crate) fn undecodable(value: &Value, expected: &str) -> Self {
        let message = format!("{} cannot be read as {expected}", told(value));
        Self::of(Fate::Misuse, Trouble::Undecodable, message)
    }

    /// An answer that no database should give.
    pub(crate) fn unexpected(message: impl fmt::Display) -> Self {
        let message = format!("{message}; this is a fault of this library");
        Self::of(Fate::Unknown, Trouble::Other, message)
    }
}

impl From<Fault> for exactly_core::Fault {
    fn from(fault: Fault) -> Self {
        match fault.fate() {
            Fate::NotApplied => Self::busy(&fault.0.message),
            Fate::Unknown => Self::lost_reply(&fault.0.message),
            Fate::Misuse => Self::bad_option(fault.0.message.clone()),
        }
    }
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
        write!(f, "Fault({:?}: {})", self.0.trouble, self.0.message)
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}
