//! Locking: every statement takes its rows in the one order of their table before it judges them.
//!
//! PostgreSQL locks above the sort, so `ORDER BY` is that order. MySQL and MariaDB lock what they
//! scan, in the order in which they scan it: rows are found by the index that the table names, and
//! written by the primary key alone. SQLite has one writer.

use crate::dialect::Dialect;
use crate::fault::Fault;
use crate::name::{Name, Names};
use crate::program::{Next, Statement};
use crate::record::RowKey;
use crate::scope::Scope;
use crate::setting::Setting;
use crate::table::Table;
use crate::writer::Writer;

/// How many rows one statement names by their keys.
pub(crate) const NAMED_ROWS_MAX: usize = 5_000;

/// Which rows are locked.
pub(crate) struct Lock<'l> {
    pub(crate) table: &'l Table,
    pub(crate) scope: &'l Scope,
    /// Columns and the keys that they hold, beside the scope.
    pub(crate) keys: Option<(&'l Names, &'l [RowKey])>,
    pub(crate) limit: Option<u64>,
    pub(crate) skip_locked: bool,
}

impl<'l> Lock<'l> {
    pub(crate) fn of(table: &'l Table, scope: &'l Scope) -> Self {
        Self { table, scope, keys: None, limit: None, skip_locked: false }
    }

    /// The index of the table's order, where rows are found by other columns than the primary key.
    /// For any other condition it could mean to go through, and lock, the whole table.
    fn index(&self) -> Option<&Name> {
        let by_other = self.keys.is_some_and(|(columns, _)| *columns != self.table.key);
        self.table.index.as_ref().filter(|_| by_other)
    }

    /// `SELECT what FROM … FOR UPDATE`.
    pub(crate) fn write(
        &self,
        writer: &mut Writer,
        what: impl FnOnce(&mut Writer) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        writer.put("SELECT ");
        what(writer)?;
        writer.put(" FROM ").table(self.table);
        if let Some(index) = self.index().filter(|_| writer.dialect.is_mysql_like()) {
            writer.put(" FORCE INDEX (").name(index).put(")");
        }
        writer.put(" WHERE ");
        match self.keys {
            None => writer.scope(self.table, self.scope)?,
            Some((columns, keys)) => {
                writer.key_in(self.table, columns, keys, true)?;
                writer.and_scope(self.table, self.scope)?;
            }
        }
        writer.put(" ORDER BY ");
        writer.columns(self.table, self.table.lock_order())?;
        if let Some(limit) = self.limit {
            writer.put(&format!(" LIMIT {limit}"));
        }
        match writer.dialect {
            // Nothing that refers to the row has to wait, as the key does not change.
            Dialect::Postgres => writer.put(" FOR NO KEY UPDATE"),
            Dialect::MySql | Dialect::MariaDb => writer.put(" FOR UPDATE"),
            Dialect::Sqlite => return Ok(()),
        };
        if self.skip_locked {
            writer.put(" SKIP LOCKED");
        }
        Ok(())
    }
}

/// Begins a transaction that will write. In the caller's transaction SQLite lets two read what both
/// will write, and then ends one of them: an update that finds nothing makes it wait before.
pub(crate) fn begin_writing<O: 'static>(
    table: &Table,
    dialect: Dialect,
    writes_often: bool,
    then: impl FnOnce() -> Result<Next<O>, Fault> + Send + 'static,
) -> Result<Next<O>, Fault> {
    if dialect != Dialect::Sqlite {
        return Ok(Next::begin(writes_often, then));
    }
    let mut writer = Writer::new(dialect);
    writer.put("UPDATE ").table(table).put(" SET ");
    writer.separated(", ", table.key.iter(), |writer, column| {
        writer.name(column).put(" = ").name(column);
        Ok(())
    })?;
    writer.put(" WHERE 1 = 0");
    let wait = writer.finish(false)?;
    Ok(Next::begin(writes_often, move || Ok(Next::ask(wait, |_| then()))))
}

/// `UPDATE … SET … WHERE` the primary key is one of these, whose rows are locked.
pub(crate) fn update_named(
    table: &Table,
    dialect: Dialect,
    settings: &[Setting],
    keys: &[RowKey],
) -> Result<Statement, Fault> {
    let mut writer = Writer::new(dialect);
    update_by_key(&mut writer, table);
    writer.settings(settings)?;
    writer.put(" WHERE ");
    writer.key_in(table, &table.key, keys, true)?;
    writer.finish(false)
}

/// `UPDATE … SET`, finding rows by the primary key, whatever the optimizer would prefer.
pub(crate) fn update_by_key(writer: &mut Writer, table: &Table) {
    writer.put("UPDATE ").table(table);
    if writer.dialect.is_mysql_like() {
        writer.put(" FORCE INDEX (PRIMARY)");
    }
    writer.put(" SET ");
}

/// The columns of the key as `exactly_key_1`, `exactly_key_2` and so on.
pub(crate) fn key_columns(writer: &mut Writer, table: &Table) -> Result<(), Fault> {
    aliased(writer, table, &table.key, "exactly_key")
}

/// Columns under names of ours, which no column of the user's has.
pub(crate) fn aliased(
    writer: &mut Writer,
    table: &Table,
    columns: &Names,
    alias: &str,
) -> Result<(), Fault> {
    writer.separated(", ", columns.iter().enumerate(), |writer, (at, column)| {
        writer.column(table, column).put(" AS ").put(&numbered(alias, at));
        Ok(())
    })
}

pub(crate) fn numbered(alias: &str, at: usize) -> String {
    format!("{alias}_{}", at + 1)
}

/// The names of ours, each of the same part of the statement.
pub(crate) fn aliases(writer: &mut Writer, of: &str, columns: &Names, alias: &str) {
    for at in 0..columns.len() {
        let between = if at == 0 { "" } else { ", " };
        writer.put(&format!("{between}{of}.{}", numbered(alias, at)));
    }
}

/// The row of the table is the row of that part of the statement.
pub(crate) fn same_row(writer: &mut Writer, table: &Table, of: &str) -> Result<(), Fault> {
    writer.separated(" AND ", table.key.iter().enumerate(), |writer, (at, column)| {
        writer.column(table, column).put(" = ");
        writer.put(&format!("{of}.{}", numbered("exactly_key", at)));
        Ok(())
    })
}

/// What is set is not the key: the rows would be others afterwards, and be locked as others.
pub(crate) fn key_stays(table: &Table, settings: &[Setting]) -> Result<(), Fault> {
    let columns = settings.iter().map(|setting| &setting.column);
    let moved = |column: &&Name| table.key.position(column).is_some();
    match columns.into_iter().find(moved) {
        None => Ok(()),
        Some(column) => Err(Fault::input(format!(
            "`{column}` is part of the primary key, which these statements do not change"
        ))),
    }
}
