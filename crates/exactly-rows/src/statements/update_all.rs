//! Exactly so many rows are updated, or none.

use crate::dialect::Dialect;
use crate::fault::Fault;
use crate::locking::{self, Lock, NAMED_ROWS_MAX};
use crate::program::{Answer, Next, Plan};
use crate::record::RowKey;
use crate::scope::{Scope, all};
use crate::setting::{self, Setting};
use crate::statements::{keys_of, number_of};
use crate::table::Table;
use crate::value::Value;
use crate::writer::Writer;

// ===== plan =====

/// Updates the rows of a scope, if there are exactly as many as expected.
///
/// *Two seats, or none*: a rival who takes one of the two between the counting and the writing
/// makes a plain statement update the other one alone. Here the rows are locked first.
///
/// ```
/// use exactly_rows::{Dialect, Table, UpdateAll, column, render, set};
///
/// let seats = UpdateAll::of(&Table::new("seats"))
///     .scope(column("id").is_in([7, 8]).and(column("taken_by").is_null()))
///     .expecting(2)
///     .set(set("taken_by", 1));
/// assert_eq!(render(&seats, Dialect::Postgres)?.round_trips(), 1);
/// # Ok::<(), exactly_rows::Fault>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct UpdateAll {
    table: Table,
    scope: Scope,
    expected: Option<u64>,
    settings: Vec<Setting>,
}

impl UpdateAll {
    /// Of that table, all rows so far.
    pub fn of(table: &Table) -> Self {
        Self { table: table.clone(), scope: all(), expected: None, settings: Vec::new() }
    }

    /// Of the rows that fulfil this too.
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = self.scope.and(scope);
        self
    }

    /// If they are so many.
    pub fn expecting(mut self, rows: u64) -> Self {
        self.expected = Some(rows);
        self
    }

    /// Sets a column.
    pub fn set(mut self, setting: Setting) -> Self {
        self.settings.push(setting);
        self
    }
}

// ===== outcome =====

/// Of [`UpdateAll`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Updated {
    /// All of them were updated, so many.
    Exactly(u64),
    /// None was: they were more or fewer.
    Refused {
        /// How many there were, counted no further than to one more than was expected.
        matched: u64,
    },
}

impl Updated {
    /// Whether the rows were updated.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Exactly(_))
    }
}

// ===== check =====

impl UpdateAll {
    /// How many rows are expected.
    fn check(&self) -> Result<u64, Fault> {
        self.table.check()?;
        setting::check(&self.settings)?;
        locking::key_stays(&self.table, &self.settings)?;
        self.expected
            .ok_or_else(|| Fault::input("no number of rows is expected: say it with `expecting`"))
    }

    fn lock(&self, expected: u64) -> Lock<'_> {
        let limit = Some(expected.saturating_add(1).min(i64::MAX as u64));
        Lock { limit, ..Lock::of(&self.table, &self.scope) }
    }
}

impl Plan for UpdateAll {
    type Outcome = Updated;

    fn program(&self, dialect: Dialect) -> Result<Next<Updated>, Fault> {
        let expected = self.check()?;
        match dialect {
            Dialect::Postgres => self.together(expected),
            Dialect::MySql | Dialect::MariaDb | Dialect::Sqlite => self.apart(dialect, expected),
        }
    }

    fn rehearse(&self, dialect: Dialect, _: usize) -> Answer {
        if dialect == Dialect::Postgres {
            let rows = Value::from(self.expected.unwrap_or(0));
            return Answer { rows: vec![vec![rows.clone(), rows]], ..Answer::default() };
        }
        let rows = self.expected.unwrap_or(0).min(100);
        let row = |at| self.table.key.iter().map(|_| Value::from(at)).collect();
        Answer { rows: (1..=rows).map(row).collect(), ..Answer::default() }
    }
}

// ===== together =====

impl UpdateAll {
    fn together(&self, expected: u64) -> Result<Next<Updated>, Fault> {
        let table = &self.table;
        let mut writer = Writer::new(Dialect::Postgres);
        writer.put("WITH exactly_locked AS MATERIALIZED (");
        self.lock(expected).write(&mut writer, |writer| locking::key_columns(writer, table))?;
        writer.put("), exactly_changed AS (UPDATE ").table(table).put(" SET ");
        writer.settings(&self.settings)?;
        writer.put(" FROM exactly_locked WHERE ");
        locking::same_row(&mut writer, table, "exactly_locked")?;
        writer.put(" AND (SELECT count(*) FROM exactly_locked) = ");
        writer.value(&Value::from(expected))?;
        writer.put(" RETURNING 1) SELECT (SELECT count(*) FROM exactly_locked)");
        writer.put(", (SELECT count(*) FROM exactly_changed)");
        Ok(Next::ask(writer.finish(true)?, move |answer| {
            let matched = number_of(&answer, 0)?;
            let changed = number_of(&answer, 1)?;
            Ok(Next::Done(outcome(matched, expected, changed)?))
        }))
    }
}

fn outcome(matched: u64, expected: u64, changed: u64) -> Result<Updated, Fault> {
    match (matched == expected, changed) {
        (true, changed) if changed == expected => Ok(Updated::Exactly(expected)),
        (false, 0) => Ok(Updated::Refused { matched }),
        _ => Err(Fault::unexpected(format!("{matched} rows were locked and {changed} updated"))),
    }
}

// ===== apart =====

impl UpdateAll {
    fn apart(&self, dialect: Dialect, expected: u64) -> Result<Next<Updated>, Fault> {
        let table = &self.table;
        let mut writer = Writer::new(dialect);
        self.lock(expected).write(&mut writer, |writer| locking::key_columns(writer, table))?;
        let lock = writer.finish(true)?;
        let Self { table, settings, .. } = self.clone();
        // Told now what could only be told after the rows are locked.
        locking::update_named(&table, dialect, &settings, &[])?;
        let often = expected > NAMED_ROWS_MAX as u64;
        locking::begin_writing(&self.table, dialect, often, move || {
            Ok(Next::ask(lock, move |answer| {
                let keys = keys_of(answer, &table.key)?;
                let matched = keys.len() as u64;
                if matched != expected {
                    return Ok(Next::Done(Updated::Refused { matched }));
                }
                let write = Write { table, dialect, settings };
                write.all(keys, move || Ok(Next::Done(Updated::Exactly(expected))))
            }))
        })
    }
}

/// Locked rows that are written, in as many statements as it takes.
pub(super) struct Write {
    pub(super) table: Table,
    pub(super) dialect: Dialect,
    pub(super) settings: Vec<Setting>,
}

impl Write {
    pub(super) fn all<O: 'static>(
        self,
        mut keys: Vec<RowKey>,
        then: impl FnOnce() -> Result<Next<O>, Fault> + Send + 'static,
    ) -> Result<Next<O>, Fault> {
        if keys.is_empty() {
            return then();
        }
        let rest = keys.split_off(keys.len().min(NAMED_ROWS_MAX));
        let part = locking::update_named(&self.table, self.dialect, &self.settings, &keys)?;
        Ok(Next::ask(part, move |_| self.all(rest, then)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::column;
    use crate::setting::{now, set};

    fn seats() -> UpdateAll {
        UpdateAll::of(&Table::new("seats")).scope(column("row").eq("A")).expecting(2)
    }

    fn told(plan: &UpdateAll) -> String {
        Dialect::ALL.map(|dialect| plan.program(dialect).unwrap_err().to_string())[0].clone()
    }

    #[test]
    fn what_is_wrong_is_told_before_anything_is_sent() {
        let plain = seats().set(set("taken", true));
        assert!(told(&seats()).contains("nothing is set"));
        assert!(told(&plain.clone().set(now("taken"))).contains("`taken` is named twice"));
        assert!(told(&plain.clone().set(set("id", 1))).contains("part of the primary key"));
        let silent = UpdateAll { expected: None, ..plain.clone() };
        assert!(told(&silent).contains("say it with `expecting`"));
        let half = plain.scope(column("price").lt(None::<i64>));
        assert!(told(&half).contains("compared by size with NULL"));
    }
}
