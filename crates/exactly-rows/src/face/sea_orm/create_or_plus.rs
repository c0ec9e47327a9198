//! Rows of sea-orm are inserted, or their numbers added to the rows that are there.

use std::sync::Arc;

use sea_orm::{ActiveModelTrait, ActiveValue, EntityTrait, IntoActiveModel, Iterable};

use super::value::Given;
use super::{name, names, plans, table};
use crate::dialect::Dialect;
use crate::fault::Fault;
use crate::name::Names;
use crate::table::Table;

/// See [`AtomicEntity::create_or_plus`](super::AtomicEntity::create_or_plus).
#[derive(Debug, Clone)]
#[must_use]
pub struct CreateOrPlus<E: EntityTrait> {
    table: Table,
    rows: Arc<Vec<Vec<Given>>>,
    plus: Names,
    conflict: Option<Names>,
    touched: Option<E::Column>,
}

impl<E: EntityTrait> CreateOrPlus<E> {
    const TELLS_MYSQL_FROM_MARIADB: bool = true;

    pub(super) fn of<A>(
        rows: impl IntoIterator<Item = A>,
        plus: impl IntoIterator<Item = E::Column>,
    ) -> Self
    where
        A: IntoActiveModel<E::ActiveModel>,
    {
        let rows = rows.into_iter().map(|row| given(&row.into_active_model()));
        Self {
            table: table::<E>(),
            rows: Arc::new(rows.collect()),
            plus: names(plus),
            conflict: None,
            touched: None,
        }
    }

    /// The columns of the unique index by which a row is there. Without this the primary key.
    ///
    /// MySQL and MariaDB take any unique index: see
    /// [`on_conflict`](crate::CreateOrPlus::on_conflict).
    pub fn on_conflict(mut self, columns: impl IntoIterator<Item = E::Column>) -> Self {
        self.conflict = Some(names(columns));
        self
    }

    /// Sets this column of each row that is there already to the time of the statement.
    pub fn touch(mut self, column: E::Column) -> Self {
        self.touched = Some(column);
        self
    }

    /// Written in the order of that table, instead of what [`table`](super::table) makes of the
    /// entity. Use it for every statement on the entity.
    pub fn locked_by(mut self, table: &Table) -> Self {
        self.table = table.clone();
        self
    }

    fn plan(&self, dialect: Dialect) -> Result<crate::CreateOrPlus, Fault> {
        let columns = self.rows.first().map(|first| columns(first)).unwrap_or_default();
        let mut rows = Vec::with_capacity(self.rows.len());
        for (at, row) in self.rows.iter().enumerate() {
            same_columns(&columns, row, at)?;
            let values = row.iter().map(|given| given.value(dialect));
            rows.push(values.collect::<Result<Vec<_>, _>>()?);
        }
        // Without rows nothing is sent, and no column is missed.
        let columns = if rows.is_empty() { self.needed() } else { columns };
        let plan = crate::CreateOrPlus::of(&self.table).columns(columns).rows(rows);
        let plan = plan.plus(self.plus.clone());
        let plan = match &self.conflict {
            Some(conflict) => plan.on_conflict(conflict.clone()),
            None => plan,
        };
        Ok(match self.touched {
            Some(column) => plan.also(crate::now(name(column))),
            None => plan,
        })
    }

    fn needed(&self) -> Names {
        let conflict = self.conflict.as_ref().unwrap_or(&self.table.key);
        Names::from(conflict.iter().chain(self.plus.iter()).cloned())
    }
}

fn given<A: ActiveModelTrait>(row: &A) -> Vec<Given> {
    let columns = <A::Entity as EntityTrait>::Column::iter();
    let given = columns.filter_map(|column| match row.get(column) {
        ActiveValue::Set(value) | ActiveValue::Unchanged(value) => Some(Given::of(column, value)),
        ActiveValue::NotSet => None,
    });
    given.collect()
}

fn columns(row: &[Given]) -> Names {
    Names::from(row.iter().map(|given| given.column.clone()))
}

fn same_columns(first: &Names, row: &[Given], at: usize) -> Result<(), Fault> {
    if *first == columns(row) {
        return Ok(());
    }
    let lacking = first.iter().find(|column| !row.iter().any(|given| given.column == **column));
    let beyond = row.iter().map(|given| &given.column).find(|one| first.position(one).is_none());
    let (column, verb) = lacking.map_or((beyond, "sets"), |column| (Some(column), "does not set"));
    let column = column.map(|column| column.as_str()).unwrap_or_default();
    let other = if verb == "sets" { "does not" } else { "does" };
    Err(Fault::input(format!("row {} {verb} `{column}`, which row 1 {other}", at + 1)))
}

plans! { CreateOrPlus => crate::CreateOrPlus }
