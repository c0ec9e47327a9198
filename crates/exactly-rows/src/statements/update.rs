//! One row is updated, if it still holds what the caller believes.

use crate::dialect::Dialect;
use crate::fault::Fault;
use crate::guarded::{Guard, Guarded, Seen};
use crate::locking;
use crate::name::{Name, Names};
use crate::program::{Answer, Next, Plan};
use crate::record::{Record, RowKey};
use crate::scope::{Scope, all};
use crate::setting::{self, Setting, set};
use crate::statements::mapped;
use crate::table::Table;
use crate::value::Value;

// ===== plan =====

/// Changes columns of one row from what the caller believes they hold.
///
/// *Enter the arena, if I am still outside*: of many who try at once, one is told that the row was
/// changed, and the others what they found.
///
/// ```
/// use exactly_rows::{Dialect, Table, Update, render};
///
/// let enter = Update::of(&Table::new("users"), 7).change("arena", None::<i64>, 3);
/// for dialect in Dialect::ALL {
///     assert_eq!(render(&enter, dialect)?.round_trips(), 1);
/// }
/// # Ok::<(), exactly_rows::Fault>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Update {
    table: Table,
    key: RowKey,
    scope: Scope,
    changes: Vec<(Name, Value, Value)>,
    also: Vec<Setting>,
    returning: Names,
    briefly: bool,
}

impl Update {
    /// Of the row with that primary key.
    pub fn of(table: &Table, key: impl Into<RowKey>) -> Self {
        Self {
            table: table.clone(),
            key: key.into(),
            scope: all(),
            changes: Vec::new(),
            also: Vec::new(),
            returning: Names::default(),
            briefly: false,
        }
    }

    /// If the row fulfils this too. One that does not is missing.
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = self.scope.and(scope);
        self
    }

    /// Changes a column from one value to another. NULL is a value like any other here, and texts
    /// are compared letter by letter. Several columns are changed together or not at all.
    pub fn change(
        mut self,
        column: impl Into<Name>,
        from: impl Into<Value>,
        to: impl Into<Value>,
    ) -> Self {
        self.changes.push((column.into(), from.into(), to.into()));
        self
    }

    /// Sets another column with it, whatever it holds.
    pub fn also(mut self, setting: Setting) -> Self {
        self.also.push(setting);
        self
    }

    /// Tells these columns, as they are afterwards. On MySQL and MariaDB that makes it a
    /// transaction.
    pub fn returning(mut self, columns: impl Into<Names>) -> Self {
        self.returning = columns.into();
        self
    }

    /// Does not ask what the row holds if it was not changed, which costs MySQL, MariaDB and SQLite
    /// a transaction.
    pub fn briefly(mut self) -> Self {
        self.briefly = true;
        self
    }
}

// ===== outcome =====

/// Of [`Update`].
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The row held what the caller believed, and was changed.
    Changed {
        /// The columns that were asked for.
        row: Record,
    },
    /// The row held something else, and was left as it is.
    Unchanged {
        /// What it holds. Not told if it was asked [briefly](Update::briefly), except by
        /// PostgreSQL.
        found: Option<Record>,
    },
    /// No such row.
    Missing,
}

impl Change {
    /// Whether the row was changed.
    pub fn is_changed(&self) -> bool {
        matches!(self, Self::Changed { .. })
    }
}

// ===== check =====

impl Update {
    fn guarded(&self) -> Result<Guarded, Fault> {
        self.table.check()?;
        self.returning.check_each("what is returned")?;
        if self.changes.is_empty() {
            return Err(Fault::input("nothing is changed: give a column with its two values"));
        }
        let changes = self.changes.iter().map(|(column, _, to)| set(column.clone(), to.clone()));
        let settings: Vec<_> = changes.chain(self.also.iter().cloned()).collect();
        setting::check(&settings)?;
        locking::key_stays(&self.table, &settings)?;
        let guards = self.changes.iter();
        let same = guards.map(|(column, from, _)| (column.clone(), Guard::Same(from.clone())));
        Ok(Guarded {
            table: self.table.clone(),
            key: self.key.clone(),
            scope: self.scope.clone(),
            guards: same.collect(),
            settings,
            returning: self.returning.clone(),
            briefly: self.briefly,
        })
    }
}

impl Plan for Update {
    type Outcome = Change;

    fn program(&self, dialect: Dialect) -> Result<Next<Change>, Fault> {
        mapped(self.guarded()?.program(dialect)?, |seen| {
            Ok(match seen {
                Seen::Changed(row) => Change::Changed { row: row.unwrap_or_default() },
                Seen::Refused(found) => Change::Unchanged { found },
                Seen::Missing => Change::Missing,
            })
        })
    }

    fn rehearse(&self, dialect: Dialect, at: usize) -> Answer {
        self.guarded().map(|row| row.rehearse(dialect, at)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setting::now;

    #[test]
    fn what_is_wrong_is_told_before_anything_is_sent() {
        let plan = || Update::of(&Table::new("users"), 7);
        let change = || plan().change("arena", 1, 2);
        for (plan, why) in [
            (plan(), "nothing is changed"),
            (change().change("arena", 2, 3), "`arena` is named twice"),
            (change().also(now("arena")), "`arena` is named twice"),
            (plan().change("id", 7, 8), "part of the primary key"),
            (Update::of(&Table::new("users"), (1, 2)).change("a", 1, 2), "has 2 values"),
        ] {
            for dialect in Dialect::ALL {
                let told = plan.program(dialect).unwrap_err().to_string();
                assert!(told.contains(why), "{told}");
            }
        }
    }
}
