//! Rows are inserted, or their numbers added to the rows that are there.

mod chunks;

use std::fmt;
use std::sync::Arc;

use crate::dialect::Dialect;
use crate::fault::Fault;
use crate::kind::Kind;
use crate::locking::begin_writing;
use crate::name::{Name, Names};
use crate::program::{Answer, Next, Plan, Statement};
use crate::record::RowKey;
use crate::scope::Scope;
use crate::setting::Setting;
use crate::statements::number_of;
use crate::table::Table;
use crate::value::Value;
use crate::writer::Writer;

use chunks::Chunks;

// ===== plan =====

/// Inserts rows, and where a row of that key is there already adds numbers to it.
///
/// *Loot for many players at once*: rows of one key are added up, and all are written in the order
/// in which the other statements lock them, so that two such calls never wait for each other in a
/// circle. A number that is NULL counts as zero.
///
/// ```
/// use exactly_rows::{CreateOrPlus, Dialect, Table, render};
///
/// let items = Table::new("user_items").order(["user_id", "item_id"]);
/// let loot = CreateOrPlus::of(&items)
///     .columns(["user_id", "item_id", "quantity"])
///     .rows([(1, 7, 4), (1, 9, 3)])
///     .plus(["quantity"])
///     .on_conflict(["user_id", "item_id"]);
/// assert_eq!(render(&loot, Dialect::MySql)?.round_trips(), 1);
/// # Ok::<(), exactly_rows::Fault>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct CreateOrPlus {
    table: Table,
    columns: Names,
    rows: Rows,
    plus: Names,
    conflict: Option<Names>,
    also: Vec<Setting>,
}

#[derive(Clone)]
enum Rows {
    Given(Arc<Vec<Row>>),
    Made(Arc<dyn Fn() -> RowIter + Send + Sync>),
}

type RowIter = Box<dyn Iterator<Item = Row> + Send>;

impl CreateOrPlus {
    /// In that table.
    pub fn of(table: &Table) -> Self {
        Self {
            table: table.clone(),
            columns: Names::default(),
            rows: Rows::Given(Arc::default()),
            plus: Names::default(),
            conflict: None,
            also: Vec::new(),
        }
    }

    /// The columns of the rows.
    pub fn columns(mut self, columns: impl Into<Names>) -> Self {
        self.columns = columns.into();
        self
    }

    /// The rows: tuples, arrays or vectors with a value for each column.
    pub fn rows<R: Into<Row>>(mut self, rows: impl IntoIterator<Item = R>) -> Self {
        self.rows = Rows::Given(Arc::new(rows.into_iter().map(Into::into).collect()));
        self
    }

    /// The rows as they are made, for more of them than memory should hold. They are asked for anew
    /// when a transaction has to be done again.
    ///
    /// A part of them is sorted at a time. If they come in the order of the table, two such calls
    /// never wait for each other in a circle; if not, the database may have to end one of them.
    pub fn rows_from<I, R>(mut self, make: impl Fn() -> I + Send + Sync + 'static) -> Self
    where
        I: IntoIterator<Item = R>,
        I::IntoIter: Send + 'static,
        R: Into<Row> + 'static,
    {
        self.rows = Rows::Made(Arc::new(move || Box::new(make().into_iter().map(Into::into))));
        self
    }

    /// The columns whose numbers are added to a row that is there. Its other columns stay.
    pub fn plus(mut self, columns: impl Into<Names>) -> Self {
        self.plus = columns.into();
        self
    }

    /// The columns of the unique index by which a row is there. Without this the primary key.
    ///
    /// MySQL and MariaDB cannot be told: a row that has *any* unique key of another one is added to
    /// that one. There, use it on tables with one unique key beside the primary.
    pub fn on_conflict(mut self, columns: impl Into<Names>) -> Self {
        self.conflict = Some(columns.into());
        self
    }

    /// Sets another column of each row that is there already, such as the time of its last change.
    pub fn also(mut self, setting: Setting) -> Self {
        self.also.push(setting);
        self
    }
}

/// A row to insert: a value for each column.
#[derive(Debug, Clone, PartialEq)]
pub struct Row(Vec<Value>);

impl Row {
    /// Its values, in the order of the columns.
    pub fn values(&self) -> &[Value] {
        &self.0
    }
}

impl<V: Into<Value>> From<Vec<V>> for Row {
    fn from(values: Vec<V>) -> Self {
        Self(values.into_iter().map(Into::into).collect())
    }
}

impl<V: Into<Value>, const N: usize> From<[V; N]> for Row {
    fn from(values: [V; N]) -> Self {
        Self(values.into_iter().map(Into::into).collect())
    }
}

macro_rules! tuple {
    ($($name:ident)+) => {
        impl<$($name: Into<Value>),+> From<($($name,)+)> for Row {
            #[allow(non_snake_case, reason = "one letter names a type and its value")]
            fn from(($($name,)+): ($($name,)+)) -> Self {
                Self(vec![$($name.into()),+])
            }
        }
    };
}

tuple!(A);
tuple!(A B);
tuple!(A B C);
tuple!(A B C D);
tuple!(A B C D E);
tuple!(A B C D E F);
tuple!(A B C D E F G);
tuple!(A B C D E F G H);

impl fmt::Debug for CreateOrPlus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, columns, plus, conflict, also, .. } = self;
        let mut shown = f.debug_struct("CreateOrPlus");
        shown.field("table", table).field("columns", columns).field("plus", plus);
        shown.field("on_conflict", conflict).field("also", also).finish_non_exhaustive()
    }
}

// ===== outcome =====

/// Of [`CreateOrPlus`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Added {
    /// How many rows there were, those of one key counted once. None: nothing was sent.
    pub rows: u64,
    /// How many of them are new; the others were added to rows that were there. MySQL and MariaDB
    /// do not tell it if a number that was to be added is zero.
    pub inserted: Option<u64>,
}

impl Added {
    fn and(self, other: Self) -> Self {
        let inserted = self.inserted.zip(other.inserted).map(|(one, two)| one + two);
        Self { rows: self.rows + other.rows, inserted }
    }
}

// ===== check =====

impl CreateOrPlus {
    fn check(&self) -> Result<(), Fault> {
        self.table.check()?;
        self.columns.check("the columns of the rows")?;
        self.conflict().check("the conflict")?;
        self.plus.check("what is added")?;
        for column in self.conflict().iter().chain(self.plus.iter()) {
            if self.columns.position(column).is_none() {
                return Err(Fault::input(format!("`{column}` is not among the columns given")));
            }
        }
        if let Some(column) = self.plus.iter().find(|one| self.conflict().position(one).is_some()) {
            return Err(Fault::input(format!("`{column}` is the key, and cannot be added to")));
        }
        let written = self.plus.iter().chain(self.also.iter().map(|setting| &setting.column));
        Names::from(written.cloned()).check("what is set")
    }

    /// The columns by which a row is there.
    fn conflict(&self) -> &Names {
        self.conflict.as_ref().unwrap_or(&self.table.key)
    }

    /// The columns by which rows are sorted: those of the table, if all of them are given.
    fn order(&self) -> &Names {
        let order = self.table.lock_order();
        let given = order.iter().all(|column| self.columns.position(column).is_some());
        if given { order } else { self.conflict() }
    }

    fn made(&self) -> RowIter {
        match &self.rows {
            Rows::Given(rows) => {
                let (rows, mut at) = (Arc::clone(rows), 0);
                Box::new(std::iter::from_fn(move || {
                    at += 1;
                    rows.get(at - 1).cloned()
                }))
            }
            Rows::Made(make) => make(),
        }
    }
}

impl Plan for CreateOrPlus {
    type Outcome = Added;

    fn program(&self, dialect: Dialect) -> Result<Next<Added>, Fault> {
        self.check()?;
        let mut chunks = Chunks::of(self, dialect)?;
        let Some(chunk) = chunks.next()? else {
            return Ok(Next::Done(Added { rows: 0, inserted: Some(0) }));
        };
        let plan = self.clone();
        let whole = Added { rows: 0, inserted: Some(0) };
        if chunks.is_done() && dialect != Dialect::Sqlite {
            return plan.send(dialect, chunks, chunk, whole);
        }
        let often = !chunks.is_done();
        let table = self.table.clone();
        begin_writing(&table, dialect, often, move || plan.send(dialect, chunks, chunk, whole))
    }

    fn tells_mysql_from_mariadb(&self) -> bool {
        true
    }

    fn rehearse(&self, dialect: Dialect, _: usize) -> Answer {
        let tells = matches!(dialect, Dialect::Postgres | Dialect::Sqlite);
        let rows = if tells { vec![vec![Value::from(0), Value::from(0)]] } else { Vec::new() };
        Answer { rows, ..Answer::default() }
    }
}

// ===== together =====

impl CreateOrPlus {
    /// One chunk, and then the next.
    fn send(
        self,
        dialect: Dialect,
        chunks: Chunks,
        chunk: Vec<Row>,
        sum: Added,
    ) -> Result<Next<Added>, Fault> {
        let insert = self.insert(dialect, &chunk)?;
        if dialect != Dialect::Sqlite {
            return Ok(Next::ask(insert, move |answer| {
                let added = self.added(dialect, &chunk, &answer)?;
                self.go_on(dialect, chunks, sum.and(added))
            }));
        }
        let known = self.known(&chunk)?;
        Ok(Next::ask(known, move |answer| {
            let known = number_of(&answer, 0)?;
            let rows = chunk.len() as u64;
            let added = Added { rows, inserted: rows.checked_sub(known) };
            Ok(Next::ask(insert, move |_| self.go_on(dialect, chunks, sum.and(added))))
        }))
    }

    fn go_on(self, dialect: Dialect, mut rest: Chunks, sum: Added) -> Result<Next<Added>, Fault> {
        match rest.next()? {
            None => Ok(Next::Done(sum)),
            Some(chunk) => self.send(dialect, rest, chunk, sum),
        }
    }

    fn insert(&self, dialect: Dialect, chunk: &[Row]) -> Result<Statement, Fault> {
        let mut writer = Writer::new(dialect);
        let tells = dialect == Dialect::Postgres;
        writer.put(if tells { "WITH exactly_done AS (" } else { "" });
        writer.put("INSERT INTO ").table(&self.table).put(" (");
        listed(&mut writer, &self.columns);
        writer.put(") ");
        match dialect {
            Dialect::Postgres => self.arrays(&mut writer, chunk)?,
            Dialect::MySql | Dialect::MariaDb | Dialect::Sqlite => values(&mut writer, chunk)?,
        }
        self.or_plus(&mut writer)?;
        if tells {
            writer.put(" RETURNING (xmax = 0) AS exactly_new) SELECT count(*)");
            writer.put(", count(*) FILTER (WHERE exactly_new) FROM exactly_done");
        }
        writer.finish(tells)
    }

    /// One array for each column: one text for any number of rows, and few binds.
    fn arrays(&self, writer: &mut Writer, chunk: &[Row]) -> Result<(), Fault> {
        writer.put("SELECT * FROM unnest(");
        writer.separated(", ", self.columns.iter().enumerate(), |writer, (at, column)| {
            let values = || chunk.iter().map(move |row| &row.0[at]);
            writer.array(&Kind::of_all(column.as_str(), values())?, values())
        })?;
        writer.put(") AS exactly_row (");
        listed(writer, &self.columns);
        // Sorted there, as it knows the order of its texts, in which the other statements lock.
        writer.put(") ORDER BY ");
        listed(writer, self.order());
        Ok(())
    }

    fn or_plus(&self, writer: &mut Writer) -> Result<(), Fault> {
        match writer.dialect {
            Dialect::Postgres | Dialect::Sqlite => {
                writer.put(" ON CONFLICT (");
                listed(writer, self.conflict());
                writer.put(") DO UPDATE SET ");
            }
            Dialect::MySql => drop(writer.put(" AS exactly_row ON DUPLICATE KEY UPDATE ")),
            Dialect::MariaDb => drop(writer.put(" ON DUPLICATE KEY UPDATE ")),
        }
        writer.separated(", ", self.plus.iter(), |writer, column| {
            self.plus_column(writer, column);
            Ok(())
        })?;
        if self.also.is_empty() {
            return Ok(());
        }
        writer.put(", ");
        writer.settings(&self.also)
    }

    fn plus_column(&self, writer: &mut Writer, column: &Name) {
        writer.name(column).put(" = COALESCE(").column(&self.table, column).put(", 0) + ");
        match writer.dialect {
            Dialect::Postgres | Dialect::Sqlite => writer.put("excluded.").name(column),
            Dialect::MySql => writer.put("exactly_row.").name(column),
            Dialect::MariaDb => writer.put("VALUES(").name(column).put(")"),
        };
    }

    /// MySQL and MariaDB count an inserted row once and an updated one twice, but one that stays as
    /// it is once too.
    fn added(&self, dialect: Dialect, chunk: &[Row], answer: &Answer) -> Result<Added, Fault> {
        let rows = chunk.len() as u64;
        if dialect == Dialect::Postgres {
            let (rows, inserted) = (number_of(answer, 0)?, number_of(answer, 1)?);
            return Ok(Added { rows, inserted: Some(inserted) });
        }
        let updated = answer.affected.checked_sub(rows).filter(|updated| *updated <= rows);
        let zero = chunk.iter().any(|row| self.plus_values(row).any(is_zero));
        Ok(Added { rows, inserted: updated.filter(|_| !zero).map(|updated| rows - updated) })
    }

    /// How many of the rows are there already: SQLite does not tell afterwards.
    fn known(&self, chunk: &[Row]) -> Result<Statement, Fault> {
        let places: Vec<_> =
            self.conflict().iter().filter_map(|column| self.columns.position(column)).collect();
        let keys = chunk.iter().map(|row| places.iter().map(|at| row.0[*at].clone()).collect());
        let keys = keys.map(RowKey::of).filter(|key| !key.values().iter().any(Value::is_null));
        let mut writer = Writer::new(Dialect::Sqlite);
        writer.put("SELECT count(*) FROM ").table(&self.table).put(" WHERE ");
        writer.scope(&self.table, &Scope::keys_in(self.conflict().clone(), keys))?;
        writer.finish(true)
    }

    fn plus_values<'r>(&self, row: &'r Row) -> impl Iterator<Item = &'r Value> {
        let places = self.plus.iter().filter_map(|column| self.columns.position(column));
        places.collect::<Vec<_>>().into_iter().map(|at| &row.0[at])
    }
}

fn listed(writer: &mut Writer, columns: &Names) {
    for (at, column) in columns.iter().enumerate() {
        writer.put(if at == 0 { "" } else { ", " }).name(column);
    }
}

fn values(writer: &mut Writer, chunk: &[Row]) -> Result<(), Fault> {
    writer.put("VALUES ");
    writer.separated(", ", chunk, |writer, row| {
        writer.put("(");
        writer.separated(", ", row.values(), Writer::value)?;
        writer.put(")");
        Ok(())
    })
}

fn is_zero(value: &Value) -> bool {
    value.as_decimal().is_some_and(|number| number == crate::decimal::Decimal::whole(0))
        || *value == Value::F64(0.0)
}

#[cfg(test)]
mod tests;
