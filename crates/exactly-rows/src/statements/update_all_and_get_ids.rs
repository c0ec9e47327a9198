//! Rows are updated, and told which.

use crate::dialect::Dialect;
use crate::fault::Fault;
use crate::locking::{self, Lock, NAMED_ROWS_MAX};
use crate::name::Names;
use crate::program::{Answer, Next, Plan};
use crate::record::{Record, RowKey};
use crate::scope::{Scope, all};
use crate::setting::{self, Setting};
use crate::statements::update_all::Write;
use crate::statements::{key_and_rest, keys_of};
use crate::table::Table;
use crate::value::Value;
use crate::writer::Writer;

// ===== plan =====

/// Updates the rows of a scope and tells which rows that were.
///
/// *Ten jobs for this worker*: no row is told to two callers, whatever they do at once.
///
/// ```
/// use exactly_rows::{Dialect, Table, UpdateAllAndGetIds, column, render, set};
///
/// let claim = UpdateAllAndGetIds::of(&Table::new("jobs"))
///     .scope(column("worker").is_null())
///     .at_most(10)
///     .skip_locked()
///     .set(set("worker", "w1"))
///     .returning(["payload"]);
/// assert_eq!(render(&claim, Dialect::Postgres)?.round_trips(), 1);
/// # Ok::<(), exactly_rows::Fault>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct UpdateAllAndGetIds {
    table: Table,
    scope: Scope,
    settings: Vec<Setting>,
    returning: Names,
    limit: Option<u64>,
    skip_locked: bool,
}

impl UpdateAllAndGetIds {
    /// Of that table, all rows so far.
    pub fn of(table: &Table) -> Self {
        Self {
            table: table.clone(),
            scope: all(),
            settings: Vec::new(),
            returning: Names::default(),
            limit: None,
            skip_locked: false,
        }
    }

    /// Of the rows that fulfil this too.
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = self.scope.and(scope);
        self
    }

    /// Sets a column.
    pub fn set(mut self, setting: Setting) -> Self {
        self.settings.push(setting);
        self
    }

    /// Tells these columns too, as they are afterwards.
    pub fn returning(mut self, columns: impl Into<Names>) -> Self {
        self.returning = columns.into();
        self
    }

    /// The first so many, in the order of the table.
    pub fn at_most(mut self, rows: u64) -> Self {
        self.limit = Some(rows);
        self
    }

    /// Passes over rows that somebody else has locked, and does not wait for them. SQLite has one
    /// writer and waits for it.
    pub fn skip_locked(mut self) -> Self {
        self.skip_locked = true;
        self
    }
}

// ===== outcome =====

/// The rows that [`UpdateAllAndGetIds`] updated, in the order of their keys.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ids {
    rows: Vec<(RowKey, Record)>,
}

impl Ids {
    /// Each key, with the columns that were asked for.
    pub fn rows(&self) -> &[(RowKey, Record)] {
        &self.rows
    }

    /// The keys.
    pub fn keys(&self) -> impl Iterator<Item = &RowKey> {
        self.rows.iter().map(|(key, _)| key)
    }

    /// The keys as a type of yours, if the key has one column.
    pub fn to_vec<T: TryFrom<Value, Error = Fault>>(&self) -> Result<Vec<T>, Fault> {
        self.keys().map(RowKey::get).collect()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether no row was updated.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn of(mut rows: Vec<(RowKey, Record)>) -> Self {
        rows.sort_by(|(one, _), (two, _)| one.order(two));
        Self { rows }
    }

    fn read(
        answer: Answer,
        key: &Names,
        returning: &Names,
    ) -> Result<Vec<(RowKey, Record)>, Fault> {
        let rows = answer.rows.into_iter().map(|row| key_and_rest(row, key, returning));
        rows.collect()
    }
}

// ===== check =====

impl UpdateAllAndGetIds {
    fn check(&self) -> Result<(), Fault> {
        self.table.check()?;
        self.returning.check_each("what is returned")?;
        setting::check(&self.settings)?;
        locking::key_stays(&self.table, &self.settings)
    }

    fn lock(&self) -> Lock<'_> {
        let Self { limit, skip_locked, .. } = *self;
        let limit = limit.map(|rows| rows.min(i64::MAX as u64));
        Lock { limit, skip_locked, ..Lock::of(&self.table, &self.scope) }
    }
}

impl Plan for UpdateAllAndGetIds {
    type Outcome = Ids;

    fn program(&self, dialect: Dialect) -> Result<Next<Ids>, Fault> {
        self.check()?;
        match dialect {
            Dialect::Postgres => self.together(),
            Dialect::Sqlite => self.by_one_writer(),
            Dialect::MySql | Dialect::MariaDb => self.apart(dialect),
        }
    }

    fn rehearse(&self, dialect: Dialect, at: usize) -> Answer {
        let told = at != 0 || !dialect.is_mysql_like();
        let columns = self.table.key.iter().chain(self.returning.iter().filter(|_| told));
        Answer { rows: vec![columns.map(|_| Value::from(1)).collect()], ..Answer::default() }
    }
}

// ===== together =====

impl UpdateAllAndGetIds {
    fn together(&self) -> Result<Next<Ids>, Fault> {
        let table = &self.table;
        let mut writer = Writer::new(Dialect::Postgres);
        writer.put("WITH exactly_locked AS MATERIALIZED (");
        self.lock().write(&mut writer, |writer| locking::key_columns(writer, table))?;
        writer.put(") UPDATE ").table(table).put(" SET ");
        writer.settings(&self.settings)?;
        writer.put(" FROM exactly_locked WHERE ");
        locking::same_row(&mut writer, table, "exactly_locked")?;
        self.told(&mut writer)?;
        self.read(writer)
    }

    /// One statement is one change where there is one writer.
    fn by_one_writer(&self) -> Result<Next<Ids>, Fault> {
        let table = &self.table;
        let mut writer = Writer::new(Dialect::Sqlite);
        locking::update_by_key(&mut writer, table);
        writer.settings(&self.settings)?;
        writer.put(" WHERE ");
        if self.limit.is_some() {
            let several = table.key.len() > 1;
            writer.put(if several { "(" } else { "" });
            writer.columns(table, &table.key)?;
            writer.put(if several { ") IN (" } else { " IN (" });
            self.lock().write(&mut writer, |writer| writer.columns(table, &table.key))?;
            writer.put(")");
        } else {
            writer.scope(table, &self.scope)?;
        }
        self.told(&mut writer)?;
        self.read(writer)
    }

    fn told(&self, writer: &mut Writer) -> Result<(), Fault> {
        writer.put(" RETURNING ");
        let columns = self.table.key.iter().chain(self.returning.iter());
        writer.separated(", ", columns, |writer, column| {
            match writer.dialect {
                // It knows the columns of the table there, and no other name of it.
                Dialect::Sqlite => writer.name(column),
                Dialect::Postgres | Dialect::MySql | Dialect::MariaDb => {
                    writer.column(&self.table, column)
                }
            };
            Ok(())
        })
    }

    fn read(&self, writer: Writer) -> Result<Next<Ids>, Fault> {
        let (key, returning) = (self.table.key.clone(), self.returning.clone());
        Ok(Next::ask(writer.finish(true)?, move |answer| {
            Ok(Next::Done(Ids::of(Ids::read(answer, &key, &returning)?)))
        }))
    }
}

// ===== apart =====

impl UpdateAllAndGetIds {
    fn apart(&self, dialect: Dialect) -> Result<Next<Ids>, Fault> {
        let table = &self.table;
        let mut writer = Writer::new(dialect);
        self.lock().write(&mut writer, |writer| locking::key_columns(writer, table))?;
        let lock = writer.finish(true)?;
        locking::update_named(table, dialect, &self.settings, &[])?;
        let Self { table, settings, returning, .. } = self.clone();
        locking::begin_writing(&self.table, dialect, true, move || {
            Ok(Next::ask(lock, move |answer| {
                let keys = keys_of(answer, &table.key)?;
                let read = Read { table: table.clone(), dialect, returning };
                let left = keys.clone();
                let write = Write { table, dialect, settings };
                write.all(keys, move || read.all(left, Vec::new()))
            }))
        })
    }
}

/// Locked rows that are read after they were written, in as many statements as it takes.
struct Read {
    table: Table,
    dialect: Dialect,
    returning: Names,
}

impl Read {
    fn all(
        self,
        mut keys: Vec<RowKey>,
        mut rows: Vec<(RowKey, Record)>,
    ) -> Result<Next<Ids>, Fault> {
        if self.returning.is_empty() {
            let bare = keys.into_iter().map(|key| (key, Record::default()));
            return Ok(Next::Done(Ids::of(bare.collect())));
        }
        if keys.is_empty() {
            return Ok(Next::Done(Ids::of(rows)));
        }
        let rest = keys.split_off(keys.len().min(NAMED_ROWS_MAX));
        let mut writer = Writer::new(self.dialect);
        writer.put("SELECT ");
        let columns = self.table.key.iter().chain(self.returning.iter());
        writer.separated(", ", columns, |writer, column| {
            writer.column(&self.table, column);
            Ok(())
        })?;
        writer.put(" FROM ").table(&self.table).put(" WHERE ");
        writer.key_in(&self.table, &self.table.key, &keys, true)?;
        // What was locked is read as it is now, not as it was when the transaction began.
        writer.put(" FOR UPDATE");
        Ok(Next::ask(writer.finish(true)?, move |answer| {
            rows.extend(Ids::read(answer, &self.table.key, &self.returning)?);
            self.all(rest, rows)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setting::set;

    #[test]
    fn what_is_wrong_is_told_before_anything_is_sent() {
        let plan = UpdateAllAndGetIds::of(&Table::new("jobs"));
        for (plan, why) in [
            (plan.clone(), "nothing is set"),
            (plan.clone().set(set("id", 1)), "part of the primary key"),
            (plan.clone().set(set("a", 1)).returning(["b", "b"]), "`b` is named twice"),
            (UpdateAllAndGetIds::of(&Table::new("")).set(set("a", 1)), "of a table is empty"),
        ] {
            for dialect in Dialect::ALL {
                let told = plan.program(dialect).unwrap_err().to_string();
                assert!(told.contains(why), "{told}");
            }
        }
    }
}
