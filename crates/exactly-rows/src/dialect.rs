//! The four dialects, and where they differ.

use std::fmt;

use crate::name::Name;

/// Which language a database speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// PostgreSQL 12 or newer.
    Postgres,
    /// MySQL 8.0.20 or newer.
    MySql,
    /// MariaDB 10.6 or newer. Unlike MySQL it knows no alias for the rows of an insert.
    MariaDb,
    /// SQLite 3.35 or newer.
    Sqlite,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Postgres, Self::MySql, Self::MariaDb, Self::Sqlite];

    /// Which of MySQL and MariaDB a server is that tells this version.
    ///
    /// ```
    /// # use exactly_rows::Dialect;
    /// assert_eq!(Dialect::of_version("10.11.19-MariaDB-0+deb12u1"), Dialect::MariaDb);
    /// assert_eq!(Dialect::of_version("9.7.0-1"), Dialect::MySql);
    /// ```
    pub fn of_version(version: &str) -> Self {
        if version.to_ascii_lowercase().contains("mariadb") { Self::MariaDb } else { Self::MySql }
    }

    /// Whether it is MySQL or MariaDB.
    pub(crate) fn is_mysql_like(self) -> bool {
        matches!(self, Self::MySql | Self::MariaDb)
    }

    /// The name as it is written in a statement.
    pub fn quoted(self, name: &Name) -> String {
        let (quote, twice) = if self.is_mysql_like() { ("`", "``") } else { ("\"", "\"\"") };
        format!("{quote}{}{quote}", name.as_str().replace(quote, twice))
    }

    /// The time of the statement, as the engine tells it.
    pub(crate) fn now(self) -> &'static str {
        match self {
            Self::Postgres => "now()",
            Self::MySql | Self::MariaDb => "CURRENT_TIMESTAMP(6)",
            Self::Sqlite => "strftime('%Y-%m-%d %H:%M:%f', 'now')",
        }
    }

    /// How many binds one statement may have.
    pub(crate) fn binds_max(self) -> usize {
        match self {
            Self::Postgres | Self::MySql | Self::MariaDb => 65_535,
            Self::Sqlite => 32_766,
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Postgres => "PostgreSQL",
            Self::MySql => "MySQL",
            Self::MariaDb => "MariaDB",
            Self::Sqlite => "SQLite",
        })
    }
}
