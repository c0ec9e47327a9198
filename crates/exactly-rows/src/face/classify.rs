//! What an error of sqlx means: did the change happen, and what stood in its way?

use exactly_core::Fate;
use sqlx::error::{DatabaseError, ErrorKind};

use crate::fault::{Constraint, Fault, Trouble};

/// When an error came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Before anything was sent.
    Connecting,
    /// During a statement that is a change by itself.
    Alone,
    /// During a statement of a transaction that is not committed yet.
    Inside,
    /// During the commit.
    Committing,
}

impl Trouble {
    /// What stood in the way, by an error of sqlx.
    ///
    /// ```
    /// # use exactly_rows::Trouble;
    /// assert_eq!(Trouble::of(&sqlx::Error::PoolTimedOut), Trouble::Unavailable);
    /// ```
    pub fn of(error: &sqlx::Error) -> Self {
        use sqlx::Error as E;
        if let E::Database(told) = error {
            return of_database(told.as_ref());
        }
        if matches!(error, E::PoolTimedOut | E::PoolClosed | E::Tls(_)) {
            return Self::Unavailable;
        }
        if matches!(error, E::Io(_) | E::Protocol(_) | E::WorkerCrashed) {
            return Self::Lost;
        }
        if matches!(error, E::ColumnDecode { .. } | E::Decode(_)) {
            return Self::Undecodable;
        }
        let of_statement = matches!(
            error,
            E::Configuration(_)
                | E::InvalidArgument(_)
                | E::TypeNotFound { .. }
                | E::ColumnIndexOutOfBounds { .. }
                | E::ColumnNotFound(_)
                | E::Encode(_)
        );
        if of_statement { Self::Statement } else { Self::Other }
    }
}

/// A fault of sqlx that came one does not know when: a lost connection may have lost the answer to
/// a commit.
impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        fault(error, Stage::Alone)
    }
}

pub(super) fn fault(error: sqlx::Error, stage: Stage) -> Fault {
    let (fault, constraint) = judged(&error, stage);
    fault.because(error, constraint.as_deref())
}

/// The fault without its source, and the constraint that the database named.
pub(super) fn judged(error: &sqlx::Error, stage: Stage) -> (Fault, Option<String>) {
    let trouble = Trouble::of(error);
    let told = error.as_database_error();
    let constraint = told.and_then(DatabaseError::constraint).map(str::to_owned);
    let message = format!("{}{}", sentence(error), advice(trouble, stage));
    (Fault::of(fate(trouble, stage), trouble, message), constraint)
}

fn sentence(error: &sqlx::Error) -> String {
    let text = match error.as_database_error() {
        Some(told) => format!("the database says: {}", told.message()),
        None => error.to_string(),
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn fate(trouble: Trouble, stage: Stage) -> Fate {
    match trouble {
        Trouble::Lost => match stage {
            Stage::Connecting | Stage::Inside => Fate::NotApplied,
            Stage::Alone | Stage::Committing => Fate::Unknown,
        },
        // The change was made before its answer could not be read, unless it is undone.
        Trouble::Undecodable | Trouble::Other => match stage {
            Stage::Connecting | Stage::Inside => Fate::Misuse,
            Stage::Alone | Stage::Committing => Fate::Unknown,
        },
        Trouble::Serialization
        | Trouble::Deadlock
        | Trouble::LockTimeout
        | Trouble::Busy
        | Trouble::Unavailable
        | Trouble::Constraint(_) => Fate::NotApplied,
        Trouble::Input | Trouble::Statement | Trouble::Overflow => Fate::Misuse,
    }
}

fn advice(trouble: Trouble, stage: Stage) -> &'static str {
    match trouble {
        Trouble::Serialization | Trouble::Deadlock | Trouble::LockTimeout | Trouble::Busy => {
            "; nothing stands once the transaction is rolled back: do it again"
        }
        Trouble::Lost if matches!(stage, Stage::Alone | Stage::Committing) => {
            "; whether the change was made cannot be known: look"
        }
        Trouble::Undecodable => "; ask for the column as a text, or do not ask for it",
        Trouble::Lost
        | Trouble::Input
        | Trouble::Statement
        | Trouble::Overflow
        | Trouble::Constraint(_)
        | Trouble::Unavailable
        | Trouble::Other => "",
    }
}

fn of_database(told: &dyn DatabaseError) -> Trouble {
    let named = [
        (ErrorKind::UniqueViolation, Constraint::Unique),
        (ErrorKind::ForeignKeyViolation, Constraint::ForeignKey),
        (ErrorKind::NotNullViolation, Constraint::NotNull),
        (ErrorKind::CheckViolation, Constraint::Check),
    ];
    let kind = told.kind();
    if let Some((_, constraint)) = named.into_iter().find(|(named, _)| *named == kind) {
        return Trouble::Constraint(constraint);
    }
    #[cfg(feature = "mysql")]
    if let Some(told) = told.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() {
        return of_mysql(told.number(), told.message());
    }
    #[cfg(feature = "sqlite")]
    if let Some(told) = told.try_downcast_ref::<sqlx::sqlite::SqliteError>() {
        return of_sqlite(told);
    }
    of_state(told.code().as_deref().unwrap_or_default())
}

/// By the five letters of the SQL standard, as PostgreSQL tells them.
fn of_state(state: &str) -> Trouble {
    match state {
        "40001" => Trouble::Serialization,
        "40P01" => Trouble::Deadlock,
        "55P03" => Trouble::LockTimeout,
        "22003" => Trouble::Overflow,
        "23P01" => Trouble::Constraint(Constraint::Other),
        "53300" | "57P03" => Trouble::Unavailable,
        "57P01" | "57P02" | "57P05" => Trouble::Lost,
        state if state.starts_with("08") => Trouble::Lost,
        state if state.starts_with("23") => Trouble::Constraint(Constraint::Other),
        state if ["22", "25", "42"].iter().any(|class| state.starts_with(class)) => {
            Trouble::Statement
        }
        _ => Trouble::Other,
    }
}

#[cfg(feature = "mysql")]
fn of_mysql(number: u16, message: &str) -> Trouble {
    match number {
        1213 => Trouble::Deadlock,
        1205 | 3572 => Trouble::LockTimeout,
        // A row is not as it was when the transaction first read: MariaDB's snapshot isolation.
        1020 => Trouble::Serialization,
        1264 | 1690 => Trouble::Overflow,
        // A check of MariaDB; sqlx knows that of MySQL.
        4025 => Trouble::Constraint(Constraint::Check),
        1040 | 1129 | 1203 | 1226 => Trouble::Unavailable,
        // A server that goes away, or killed the connection or the statement.
        1053 | 1927 | 3169 => Trouble::Lost,
        1064 | 1054 | 1146 | 1044 | 1045 | 1142 | 1143 | 1176 | 1292 | 1366 | 1406 | 1265 => {
            Trouble::Statement
        }
        1364 if message.contains("default value") => Trouble::Constraint(Constraint::NotNull),
        _ => Trouble::Other,
    }
}

#[cfg(feature = "sqlite")]
fn of_sqlite(told: &sqlx::sqlite::SqliteError) -> Trouble {
    let code = told.code().and_then(|code| code.parse::<u32>().ok()).unwrap_or(0);
    // The primary code is the last byte; the others say more about it.
    match code & 0xff {
        5 | 6 => Trouble::Busy,
        19 => Trouble::Constraint(Constraint::Other),
        1 | 20 | 25 => Trouble::Statement,
        14 => Trouble::Unavailable,
        _ => Trouble::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut() -> sqlx::Error {
        sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into())
    }

    #[test]
    fn a_lost_connection_is_judged_by_when_it_was_lost() {
        for (stage, fate) in [
            (Stage::Connecting, Fate::NotApplied),
            (Stage::Inside, Fate::NotApplied),
            (Stage::Alone, Fate::Unknown),
            (Stage::Committing, Fate::Unknown),
        ] {
            let fault = fault(cut(), stage);
            assert_eq!((fault.fate(), fault.trouble()), (fate, Trouble::Lost), "{stage:?}");
            assert!(!fault.is_transient(), "{stage:?}");
        }
        assert!(Fault::from(cut()).is_unknown());
    }

    #[test]
    fn states_of_the_standard() {
        for (state, trouble) in [
            ("40001", Trouble::Serialization),
            ("40P01", Trouble::Deadlock),
            ("55P03", Trouble::LockTimeout),
            ("22003", Trouble::Overflow),
            ("23P01", Trouble::Constraint(Constraint::Other)),
            ("53300", Trouble::Unavailable),
            ("57P01", Trouble::Lost),
            ("08006", Trouble::Lost),
            ("42703", Trouble::Statement),
            ("22P02", Trouble::Statement),
            ("58030", Trouble::Other),
            ("", Trouble::Other),
        ] {
            assert_eq!(of_state(state), trouble, "{state}");
        }
    }

    #[cfg(feature = "mysql")]
    #[test]
    fn numbers_of_mysql_and_mariadb() {
        for (number, trouble) in [
            (1213, Trouble::Deadlock),
            (1205, Trouble::LockTimeout),
            (1020, Trouble::Serialization),
            (1264, Trouble::Overflow),
            (4025, Trouble::Constraint(Constraint::Check)),
            (1054, Trouble::Statement),
            (1053, Trouble::Lost),
            (1105, Trouble::Other),
        ] {
            assert_eq!(of_mysql(number, ""), trouble, "{number}");
        }
    }

    #[test]
    fn all_behind_a_fault_of_ones_own_is_asked() {
        #[derive(Debug)]
        struct Mine(Fault);
        impl std::fmt::Display for Mine {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("mine")
            }
        }
        impl std::error::Error for Mine {
            fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
                Some(&self.0)
            }
        }
        let ended = Fault::of(Fate::NotApplied, Trouble::Deadlock, "ended");
        let mine: Box<dyn std::error::Error + Send + Sync> = Box::new(Mine(ended));
        assert!(crate::face::Again::is_transient(&mine));
        let other: Box<dyn std::error::Error + Send + Sync> = Box::new(Mine(cut().into()));
        assert!(!crate::face::Again::is_transient(&other));
    }
}
