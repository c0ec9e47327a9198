//! The statements on many rows: what a select finds.

use sea_orm::sea_query::{IntoValueTuple, SimpleExpr, ValueTuple};
use sea_orm::{
    ActiveModelTrait, ActiveValue, EntityTrait, IdentityOf, IntoActiveModel, Iterable, Select,
};

use super::value::{Change, Given};
use super::{name, names, plans, select, table};
use crate::amount::Amount;
use crate::dialect::Dialect;
use crate::fault::Fault;
use crate::name::Names;
use crate::record::RowKey;
use crate::scope::Scope;
use crate::table::Table;

/// The rows that a select finds: see [`AtomicSelect`](super::AtomicSelect).
#[derive(Debug, Clone)]
#[must_use]
pub struct Rows<E: EntityTrait> {
    select: Select<E>,
    table: Table,
}

impl<E: EntityTrait> Rows<E> {
    pub(super) fn of(select: Select<E>) -> Self {
        Self { select, table: table::<E>() }
    }

    /// Locked in the order of that table, instead of what [`table`](super::table) makes of the
    /// entity. Use it for every statement on the entity.
    pub fn locked_by(mut self, table: &Table) -> Self {
        self.table = table.clone();
        self
    }

    /// Takes each amount from the row whose `by` is the key, out of each of the columns `from`;
    /// from all rows or from none. See [`PayAll`](crate::PayAll).
    pub fn pay_all<K, A, C>(
        self,
        amounts: impl IntoIterator<Item = (K, A)>,
        by: impl IdentityOf<E>,
        from: C,
    ) -> PayAll<E>
    where
        K: IntoValueTuple,
        A: Into<Amount>,
        C: IntoIterator<Item = E::Column>,
    {
        let by: Vec<_> = by.identity_of().iter().map(ToString::to_string).collect();
        let amounts = amounts.into_iter();
        PayAll {
            amounts: amounts.map(|(key, amount)| (values(key), amount.into())).collect(),
            columns: columns_of::<E>(&by),
            by: Names::from(by),
            from: names(from),
            touched: None,
            returning: Names::default(),
            rows: self,
        }
    }

    /// Sets what the active model has set, if there are exactly so many rows. See
    /// [`UpdateAll`](crate::UpdateAll).
    pub fn update_all(
        self,
        expected: u64,
        changes: impl IntoActiveModel<E::ActiveModel>,
    ) -> UpdateAll<E> {
        UpdateAll { rows: self, expected, changes: set_in(&changes.into_active_model()) }
    }

    /// Sets what the active model has set, and tells which rows that were. See
    /// [`UpdateAllAndGetIds`](crate::UpdateAllAndGetIds).
    pub fn update_all_and_get_ids(
        self,
        changes: impl IntoActiveModel<E::ActiveModel>,
    ) -> UpdateAllAndGetIds<E> {
        let changes = set_in(&changes.into_active_model());
        let (returning, skip_locked) = (Names::default(), false);
        UpdateAllAndGetIds { rows: self, changes, returning, skip_locked }
    }

    fn scope(&self, dialect: Dialect) -> Result<Scope, Fault> {
        select::scope(&self.select, dialect)
    }
}

fn values(key: impl IntoValueTuple) -> Vec<sea_orm::Value> {
    match key.into_value_tuple() {
        ValueTuple::One(one) => vec![one],
        ValueTuple::Two(one, two) => vec![one, two],
        ValueTuple::Three(one, two, three) => vec![one, two, three],
        ValueTuple::Many(all) => all,
    }
}

fn columns_of<E: EntityTrait>(named: &[String]) -> Vec<Option<E::Column>> {
    let column = |named: &String| E::Column::iter().find(|one| name(*one).as_str() == named);
    named.iter().map(column).collect()
}

/// What an active model has set. What is unchanged is not written.
pub(super) fn set_in<A: ActiveModelTrait>(active: &A) -> Vec<Change> {
    let columns = <A::Entity as EntityTrait>::Column::iter();
    let set = columns.filter_map(|column| match active.get(column) {
        ActiveValue::Set(value) => Some(Change::To(Given::of(column, value))),
        ActiveValue::Unchanged(_) | ActiveValue::NotSet => None,
    });
    set.collect()
}

// ===== pay_all =====

/// See [`Rows::pay_all`].
#[derive(Debug, Clone)]
#[must_use]
pub struct PayAll<E: EntityTrait> {
    rows: Rows<E>,
    amounts: Vec<(Vec<sea_orm::Value>, Amount)>,
    by: Names,
    columns: Vec<Option<E::Column>>,
    from: Names,
    touched: Option<E::Column>,
    returning: Names,
}

impl<E: EntityTrait> PayAll<E> {
    const TELLS_MYSQL_FROM_MARIADB: bool = false;

    /// Sets this column of each row that pays to the time of the statement.
    pub fn touch(mut self, column: E::Column) -> Self {
        self.touched = Some(column);
        self
    }

    /// Tells these columns of each row too, as they are afterwards.
    pub fn returning(mut self, columns: impl IntoIterator<Item = E::Column>) -> Self {
        self.returning = names(columns);
        self
    }

    fn plan(&self, dialect: Dialect) -> Result<crate::PayAll, Fault> {
        let amounts = self.amounts.iter().map(|(key, amount)| {
            let typed = key.iter().enumerate().map(|(at, value)| {
                match self.columns.get(at).copied().flatten() {
                    Some(column) => Given::of(column, value.clone()).value(dialect),
                    None => super::value::value(value, dialect),
                }
            });
            Ok((RowKey::of(typed.collect::<Result<_, _>>()?), *amount))
        });
        let plan = crate::PayAll::of(&self.rows.table)
            .scope(self.rows.scope(dialect)?)
            .by(self.by.clone())
            .take(amounts.collect::<Result<Vec<_>, Fault>>()?)
            .from(self.from.clone())
            .returning(self.returning.clone());
        Ok(match self.touched {
            Some(column) => plan.also(crate::now(name(column))),
            None => plan,
        })
    }
}

// ===== update_all =====

/// See [`Rows::update_all`].
#[derive(Debug, Clone)]
#[must_use]
pub struct UpdateAll<E: EntityTrait> {
    rows: Rows<E>,
    expected: u64,
    changes: Vec<Change>,
}

impl<E: EntityTrait> UpdateAll<E> {
    const TELLS_MYSQL_FROM_MARIADB: bool = false;

    /// Sets a column to an expression, as `UpdateMany` of sea-orm does.
    pub fn col_expr(mut self, column: E::Column, expr: impl Into<SimpleExpr>) -> Self {
        self.changes.push(Change::Expr(name(column), expr.into()));
        self
    }

    /// Sets this column to the time of the statement.
    pub fn touch(mut self, column: E::Column) -> Self {
        self.changes.push(Change::Now(name(column)));
        self
    }

    fn plan(&self, dialect: Dialect) -> Result<crate::UpdateAll, Fault> {
        let plan = crate::UpdateAll::of(&self.rows.table).scope(self.rows.scope(dialect)?);
        let mut changes = self.changes.iter();
        changes.try_fold(plan.expecting(self.expected), |plan, change| {
            Ok(plan.set(change.setting(dialect)?))
        })
    }
}

// ===== update_all_and_get_ids =====

/// See [`Rows::update_all_and_get_ids`].
#[derive(Debug, Clone)]
#[must_use]
pub struct UpdateAllAndGetIds<E: EntityTrait> {
    rows: Rows<E>,
    changes: Vec<Change>,
    returning: Names,
    skip_locked: bool,
}

impl<E: EntityTrait> UpdateAllAndGetIds<E> {
    const TELLS_MYSQL_FROM_MARIADB: bool = false;

    /// Sets a column to an expression, as `UpdateMany` of sea-orm does.
    pub fn col_expr(mut self, column: E::Column, expr: impl Into<SimpleExpr>) -> Self {
        self.changes.push(Change::Expr(name(column), expr.into()));
        self
    }

    /// Sets this column to the time of the statement.
    pub fn touch(mut self, column: E::Column) -> Self {
        self.changes.push(Change::Now(name(column)));
        self
    }

    /// Tells these columns of each row too, as they are afterwards.
    pub fn returning(mut self, columns: impl IntoIterator<Item = E::Column>) -> Self {
        self.returning = names(columns);
        self
    }

    /// Passes over rows that somebody else has locked, and does not wait for them.
    pub fn skip_locked(mut self) -> Self {
        self.skip_locked = true;
        self
    }

    fn plan(&self, dialect: Dialect) -> Result<crate::UpdateAllAndGetIds, Fault> {
        let plan = crate::UpdateAllAndGetIds::of(&self.rows.table);
        let plan = plan.scope(self.rows.scope(dialect)?).returning(self.returning.clone());
        let plan = if self.skip_locked { plan.skip_locked() } else { plan };
        self.changes.iter().try_fold(plan, |plan, change| Ok(plan.set(change.setting(dialect)?)))
    }
}

plans! {
    PayAll => crate::PayAll,
    UpdateAll => crate::UpdateAll,
    UpdateAllAndGetIds => crate::UpdateAllAndGetIds,
}
