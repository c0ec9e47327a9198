//! What an error of sea-orm means: that of sqlx within it, and when it came.

use exactly_core::Fate;
use sea_orm::{DbErr, RuntimeErr};

use crate::face::Again;
use crate::face::classify::{self, Stage};
use crate::fault::{Fault, Trouble};

impl Trouble {
    /// What stood in the way, by an error of sea-orm.
    ///
    /// ```
    /// # use exactly_rows::Trouble;
    /// # use sea_orm::DbErr;
    /// assert_eq!(Trouble::of_sea_orm(&DbErr::Custom("mine".into())), Trouble::Other);
    /// ```
    pub fn of_sea_orm(error: &DbErr) -> Self {
        if let Some(error) = within(error) {
            return Self::of(error);
        }
        if matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_)) {
            return Self::Unavailable;
        }
        Self::Other
    }
}

/// A fault of sea-orm that came one does not know when: a lost connection may have lost the answer
/// to a commit.
impl From<DbErr> for Fault {
    fn from(error: DbErr) -> Self {
        fault(error, Stage::Alone)
    }
}

impl Again for DbErr {
    fn is_transient(&self) -> bool {
        Trouble::of_sea_orm(self).is_transient()
    }
}

pub(super) fn fault(error: DbErr, stage: Stage) -> Fault {
    if let Some(theirs) = within(&error) {
        let (fault, constraint) = classify::judged(theirs, stage);
        return fault.because(error, constraint.as_deref());
    }
    let trouble = Trouble::of_sea_orm(&error);
    let fate = match (trouble, stage) {
        (Trouble::Unavailable, _) | (_, Stage::Connecting) => Fate::NotApplied,
        (_, Stage::Inside) => Fate::Misuse,
        (_, Stage::Alone | Stage::Committing) => Fate::Unknown,
    };
    Fault::of(fate, trouble, error.to_string()).because(error, None)
}

/// The error of sqlx.
#[expect(clippy::wildcard_enum_match_arm, reason = "an enum of theirs, which grows")]
fn within(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        // Whatever else there is, and may be added, does not come from a database.
        _ => None,
    }
}
