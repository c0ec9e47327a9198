//! One row that is changed if it still holds what it should: what `update` and
//! `decrement_unsigned_counters` have in common.
//!
//! A row that may not be changed is read under its lock, so that what the caller is told is why.

use crate::amount::Amount;
use crate::dialect::Dialect;
use crate::fault::Fault;
use crate::locking::{self, begin_writing, numbered};
use crate::name::{Name, Names};
use crate::program::{Answer, Next, Statement};
use crate::record::{Record, RowKey};
use crate::scope::{Scope, all};
use crate::setting::{Setting, To};
use crate::table::Table;
use crate::value::Value;
use crate::writer::Writer;

/// The row, its guards, and what is written.
#[derive(Debug, Clone)]
pub(crate) struct Guarded {
    pub(crate) table: Table,
    pub(crate) key: RowKey,
    pub(crate) scope: Scope,
    pub(crate) guards: Vec<(Name, Guard)>,
    pub(crate) settings: Vec<Setting>,
    /// The columns that are told of a changed row.
    pub(crate) returning: Names,
    /// A refusal is not explained.
    pub(crate) briefly: bool,
}

/// What a column must hold.
#[derive(Debug, Clone)]
pub(crate) enum Guard {
    /// That very value, or none where that is none.
    Same(Value),
    AtLeast(Amount),
}

/// What became of the row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Seen {
    Changed(Option<Record>),
    /// What the guarded columns hold.
    Refused(Option<Record>),
    Missing,
}

/// What rides where a fraction cannot: one less than zero, as the id of an insert has no sign.
const NO_WHOLE_NUMBER: u64 = u64::MAX;

impl Guarded {
    pub(crate) fn check_key(&self) -> Result<(), Fault> {
        self.key.check(&self.table.key)
    }

    pub(crate) fn program(self, dialect: Dialect) -> Result<Next<Seen>, Fault> {
        self.check_key()?;
        match dialect {
            Dialect::Postgres => self.together(),
            Dialect::MySql | Dialect::MariaDb | Dialect::Sqlite => self.apart(dialect),
        }
    }

    fn guarded(&self) -> Names {
        Names::from(self.guards.iter().map(|(column, _)| column.clone()))
    }

    // ===== together =====

    fn together(self) -> Result<Next<Seen>, Fault> {
        let table = &self.table;
        let mut writer = Writer::new(Dialect::Postgres);
        writer.put("WITH exactly_found AS MATERIALIZED (SELECT ");
        locking::key_columns(&mut writer, table)?;
        writer.put(", ");
        locking::aliased(&mut writer, table, &self.guarded(), "exactly_held")?;
        writer.put(", ");
        self.holds(&mut writer)?;
        writer.put(" AS exactly_holds FROM ").table(table).put(" WHERE ");
        self.row(&mut writer)?;
        writer.put(" FOR NO KEY UPDATE), exactly_changed AS (UPDATE ").table(table).put(" SET ");
        writer.settings(&self.settings)?;
        // Whether it holds was judged under the lock: here the row may still be an older version.
        writer.put(" FROM exactly_found WHERE exactly_found.exactly_holds AND ");
        locking::same_row(&mut writer, table, "exactly_found")?;
        writer.put(" RETURNING TRUE AS exactly_done");
        writer.put(if self.returning.is_empty() { "" } else { ", " });
        locking::aliased(&mut writer, table, &self.returning, "exactly_left")?;
        writer.put(") SELECT COALESCE(exactly_done, FALSE), ");
        locking::aliases(&mut writer, "exactly_found", &self.guarded(), "exactly_held");
        for at in 0..self.returning.len() {
            writer.put(", ").put(&numbered("exactly_left", at));
        }
        writer.put(" FROM exactly_found LEFT JOIN exactly_changed ON TRUE");
        Ok(Next::ask(writer.finish(true)?, move |answer| Ok(Next::Done(self.read(answer)?))))
    }

    fn read(&self, mut answer: Answer) -> Result<Seen, Fault> {
        let Some(mut row) = answer.rows.pop() else { return Ok(Seen::Missing) };
        if row.len() != 1 + self.guards.len() + self.returning.len() || !answer.rows.is_empty() {
            return Err(Fault::unexpected("one row was asked for"));
        }
        let left = row.split_off(1 + self.guards.len());
        let held = row.split_off(1);
        if row == [Value::Bool(true)] {
            return Ok(Seen::Changed(Some(Record::of(&self.returning, left))));
        }
        Ok(Seen::Refused(Some(Record::of(&self.guarded(), held))))
    }

    // ===== apart =====

    /// A single update, if nothing more has to be told of a row that it changes.
    fn apart(self, dialect: Dialect) -> Result<Next<Seen>, Fault> {
        let update = self.update(dialect)?;
        if self.reads_after(dialect) {
            let table = self.table.clone();
            return begin_writing(&table, dialect, false, move || {
                Ok(Next::ask(update, move |answer| match answer.affected {
                    0 => self.explain(dialect),
                    _ => self.read_changed(dialect),
                }))
            });
        }
        Ok(Next::ask(update, move |answer| {
            if let Some(changed) = self.changed(dialect, answer) {
                return Ok(Next::Done(changed));
            }
            if self.briefly {
                return Ok(Next::Done(Seen::Refused(None)));
            }
            let table = self.table.clone();
            begin_writing(&table, dialect, false, move || self.explain(dialect))
        }))
    }

    fn reads_after(&self, dialect: Dialect) -> bool {
        let told = dialect == Dialect::Sqlite || self.rides(dialect).is_some() || self.briefly;
        !told && !self.returning.is_empty()
    }

    /// The one number that can come back with an update of MySQL and MariaDB.
    fn rides(&self, dialect: Dialect) -> Option<&Name> {
        let minus = self.settings.iter().find_map(|setting| match &setting.to {
            To::Minus(amount) => amount.number().as_whole().map(|_| &setting.column),
            To::Value(_) | To::Now | To::Fragment(_) => None,
        });
        let alone = self.returning.len() == 1 && dialect.is_mysql_like();
        minus.filter(|column| alone && self.returning.position(column).is_some())
    }

    fn changed(&self, dialect: Dialect, mut answer: Answer) -> Option<Seen> {
        if dialect == Dialect::Sqlite && !self.returning.is_empty() {
            let row = answer.rows.pop()?;
            return Some(Seen::Changed(Some(Record::of(&self.returning, row))));
        }
        if answer.affected == 0 {
            return None;
        }
        if self.rides(dialect).is_some() {
            let whole = answer.last_id != NO_WHOLE_NUMBER;
            let left = whole.then(|| Record::of(&self.returning, [Value::from(answer.last_id)]));
            return Some(Seen::Changed(left));
        }
        let told = self.returning.is_empty().then(Record::default);
        Some(Seen::Changed(told))
    }

    /// Reads the row under its lock, and tries once more: it may have come to hold what it should.
    fn explain(self, dialect: Dialect) -> Result<Next<Seen>, Fault> {
        let lock = self.select(dialect, &self.guarded(), &self.scope)?;
        Ok(Next::ask(lock, move |mut answer| {
            let Some(row) = answer.rows.pop() else { return Ok(Next::Done(Seen::Missing)) };
            let found = Record::of(&self.guarded(), row);
            let update = self.update(dialect)?;
            Ok(Next::ask(update, move |answer| match self.changed(dialect, answer) {
                None => Ok(Next::Done(Seen::Refused(Some(found)))),
                Some(_) if self.reads_after(dialect) => self.read_changed(dialect),
                Some(changed) => Ok(Next::Done(changed)),
            }))
        }))
    }

    fn read_changed(self, dialect: Dialect) -> Result<Next<Seen>, Fault> {
        // What was changed may have left the scope.
        let select = self.select(dialect, &self.returning, &all())?;
        Ok(Next::ask(select, move |mut answer| {
            let row = answer.rows.pop();
            let row = row.ok_or_else(|| Fault::unexpected("the changed row is not there"))?;
            Ok(Next::Done(Seen::Changed(Some(Record::of(&self.returning, row)))))
        }))
    }

    fn select(&self, dialect: Dialect, columns: &Names, scope: &Scope) -> Result<Statement, Fault> {
        let mut writer = Writer::new(dialect);
        writer.put("SELECT ");
        writer.columns(&self.table, columns)?;
        writer.put(" FROM ").table(&self.table).put(" WHERE ");
        writer.row_is(&self.table, &self.key)?;
        writer.and_scope(&self.table, scope)?;
        writer.put(if dialect == Dialect::Sqlite { "" } else { " FOR UPDATE" });
        writer.finish(true)
    }

    fn update(&self, dialect: Dialect) -> Result<Statement, Fault> {
        let mut writer = Writer::new(dialect);
        writer.put("UPDATE ").table(&self.table).put(" SET ");
        match self.rides(dialect) {
            Some(column) => writer.riding(column, &self.settings)?,
            None => writer.settings(&self.settings)?,
        }
        writer.put(" WHERE ");
        self.row(&mut writer)?;
        writer.put(" AND ");
        self.holds(&mut writer)?;
        let reads = dialect == Dialect::Sqlite && !self.returning.is_empty();
        if reads {
            writer.put(" RETURNING ");
            writer.separated(", ", self.returning.iter(), |writer, column| {
                writer.name(column);
                Ok(())
            })?;
        }
        writer.finish(reads)
    }

    // ===== both =====

    fn row(&self, writer: &mut Writer) -> Result<(), Fault> {
        writer.row_is(&self.table, &self.key)?;
        writer.and_scope(&self.table, &self.scope)
    }

    fn holds(&self, writer: &mut Writer) -> Result<(), Fault> {
        let table = &self.table;
        writer.separated(" AND ", &self.guards, |writer, (column, guard)| match guard {
            Guard::Same(value) => writer.same(table, column, value),
            Guard::AtLeast(amount) => {
                writer.put("COALESCE(").column(table, column).put(" >= ");
                writer.value(&amount.value())?;
                writer.put(if writer.dialect == Dialect::Postgres { ", FALSE)" } else { ", 0)" });
                Ok(())
            }
        })
    }

    /// Answers as that dialect would of a row that is changed.
    pub(crate) fn rehearse(&self, dialect: Dialect, at: usize) -> Answer {
        let told = |columns: &Names| columns.iter().map(|_| Value::from(1)).collect::<Vec<_>>();
        let row = match dialect {
            Dialect::Postgres => {
                let mut row = vec![Value::Bool(true)];
                row.extend(told(&self.guarded()));
                row.extend(told(&self.returning));
                row
            }
            Dialect::Sqlite => told(&self.returning),
            Dialect::MySql | Dialect::MariaDb if at == 0 => Vec::new(),
            Dialect::MySql | Dialect::MariaDb => told(&self.returning),
        };
        Answer { rows: vec![row], affected: 1, last_id: 1 }
    }
}

impl Writer {
    /// The column holds that very value. Texts are compared letter by letter: to the usual
    /// collations of MySQL and MariaDB `'open'` is `'OPEN '`.
    fn same(&mut self, table: &Table, column: &Name, value: &Value) -> Result<(), Fault> {
        if value.is_null() {
            self.column(table, column).put(" IS NULL");
            return Ok(());
        }
        let is_text = matches!(value, Value::Text(_) | Value::Cast { .. });
        match (self.dialect, is_text) {
            (Dialect::MySql | Dialect::MariaDb, true) => {
                self.put("CAST(CONVERT(").column(table, column).put(" USING utf8mb4) AS BINARY)");
                self.put(" <=> CAST(CONVERT(");
                self.value(value)?;
                self.put(" USING utf8mb4) AS BINARY)");
            }
            (Dialect::MySql | Dialect::MariaDb, false) => {
                self.column(table, column).put(" <=> ");
                self.value(value)?;
            }
            (Dialect::Postgres, _) => {
                self.column(table, column).put(" IS NOT DISTINCT FROM ");
                self.value(value)?;
            }
            (Dialect::Sqlite, _) => {
                self.column(table, column);
                self.put(if is_text { " COLLATE BINARY IS " } else { " IS " });
                self.value(value)?;
            }
        }
        Ok(())
    }

    /// The settings, with the new number of one column as the id of the last insert, which comes
    /// back with the answer. The column is written from its own value, as that id has no fractions.
    fn riding(&mut self, column: &Name, settings: &[Setting]) -> Result<(), Fault> {
        self.separated(", ", settings, |writer, setting| {
            writer.settings(std::slice::from_ref(setting))?;
            let To::Minus(amount) = &setting.to else { return Ok(()) };
            if setting.column != *column {
                return Ok(());
            }
            writer.put(" + 0 * LAST_INSERT_ID(CASE WHEN ").name(column).put(" = FLOOR(");
            writer.name(column).put(") THEN ").name(column).put(" - ");
            writer.value(&amount.value())?;
            writer.put(" ELSE -1 END)");
            Ok(())
        })
    }
}
