//! The statements on one record.

use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, ColumnType, EntityTrait, IdenStatic, Iterable,
    ModelTrait, PrimaryKeyToColumn, Value,
};

use super::rows::set_in;
use super::value::{Change, Given};
use super::{name, names, plans, table};
use crate::amount::Amount;
use crate::dialect::Dialect;
use crate::fault::Fault;
use crate::name::{Name, Names};
use crate::record::RowKey;

/// One record: see [`AtomicModel`](super::AtomicModel) and
/// [`AtomicActiveModel`](super::AtomicActiveModel).
#[derive(Debug, Clone)]
#[must_use]
pub struct Row<E: EntityTrait> {
    /// What it is known to hold.
    held: Vec<(E::Column, Value)>,
    pending: Vec<Change>,
}

impl<E: EntityTrait> Row<E> {
    pub(super) fn of_model<M: ModelTrait<Entity = E>>(model: &M) -> Self {
        let held = E::Column::iter().map(|column| (column, model.get(column)));
        Self { held: held.collect(), pending: Vec::new() }
    }

    pub(super) fn of_active_model<A: ActiveModelTrait<Entity = E>>(active: &A) -> Self {
        let held = E::Column::iter().filter_map(|column| match active.get(column) {
            ActiveValue::Unchanged(value) => Some((column, value)),
            // The key of a record is what it is found by, also if it was set by hand.
            ActiveValue::Set(value) if is_key::<E>(column) => Some((column, value)),
            ActiveValue::Set(_) | ActiveValue::NotSet => None,
        });
        let pending = set_in(active).into_iter().filter(|change| !keys::<E>().contains(change));
        Self { held: held.collect(), pending: pending.collect() }
    }

    /// Changes a column to `set`, if it holds `from`. See [`Update`].
    pub fn update(
        &self,
        column: E::Column,
        set: impl Into<Value>,
        from: impl Into<Value>,
    ) -> Update<E> {
        Update::of(self).update(column, set, from)
    }

    /// Changes a column to `set`, if it still holds what this record holds. See [`Update`].
    pub fn change(&self, column: E::Column, set: impl Into<Value>) -> Update<E> {
        Update::of(self).change(column, set)
    }

    /// Takes amounts from numbers of this record, from all of them or from none, and never below
    /// zero. See [`DecrementUnsignedCounters`](crate::DecrementUnsignedCounters).
    pub fn decrement_unsigned_counters<A: Into<Amount>>(
        &self,
        amounts: impl IntoIterator<Item = (E::Column, A)>,
    ) -> DecrementUnsignedCounters<E> {
        let amounts = amounts.into_iter();
        let amounts = amounts.map(|(column, amount)| (name(column), amount.into()));
        let (touched, briefly) = (None, false);
        DecrementUnsignedCounters {
            row: self.clone(),
            amounts: amounts.collect(),
            touched,
            briefly,
        }
    }

    fn held(&self, column: E::Column) -> Option<&Value> {
        let held = self.held.iter().find(|(one, _)| one.as_str() == column.as_str());
        held.map(|(_, value)| value)
    }

    fn key(&self, dialect: Dialect) -> Result<RowKey, Fault> {
        let columns = E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column);
        let values = columns.map(|column: E::Column| match self.held(column) {
            Some(value) => Given::of(column, value.clone()).value(dialect),
            None => Err(Fault::input(format!(
                "the record has no `{}`, which is its primary key",
                column.as_str()
            ))),
        });
        Ok(RowKey::of(values.collect::<Result<_, _>>()?))
    }
}

fn is_key<E: EntityTrait>(column: E::Column) -> bool {
    keys::<E>().position(&name(column)).is_some()
}

fn keys<E: EntityTrait>() -> Names {
    Names::from(E::PrimaryKey::iter().map(|key| name(key.into_column())))
}

impl Names {
    fn contains(&self, change: &Change) -> bool {
        self.position(change.column()).is_some()
    }
}

// ===== update =====

/// Changes columns of one record, if they hold what is expected; all of them or none. See
/// [`crate::Update`].
///
/// *What is expected* is what is given with the column ([`update`](Self::update)), or what the
/// record holds ([`change`](Self::change)). NULL is a value like any other: `None` expects it.
///
/// *Pending changes* of an active model, on other columns, are written with it whatever those hold,
/// and only if it comes to the change. From a model nothing else is written.
///
/// *`updated_at`* is set to the time of the statement, if the entity has a column of that name
/// whose type is a date and time, unless it is changed, pending or [left](Self::untouched).
///
/// The record in memory stays as it is.
#[derive(Debug, Clone)]
#[must_use]
pub struct Update<E: EntityTrait> {
    row: Row<E>,
    changes: Vec<(Given, Result<Given, Fault>)>,
    touches: bool,
    returning: Names,
    briefly: bool,
}

impl<E: EntityTrait> Update<E> {
    const TELLS_MYSQL_FROM_MARIADB: bool = false;

    fn of(row: &Row<E>) -> Self {
        let (changes, returning) = (Vec::new(), Names::default());
        Self { row: row.clone(), changes, touches: true, returning, briefly: false }
    }

    /// Changes a column to `set`, if it holds `from`.
    pub fn update(
        mut self,
        column: E::Column,
        set: impl Into<Value>,
        from: impl Into<Value>,
    ) -> Self {
        let from = Given::of(column, from.into());
        self.changes.push((Given::of(column, set.into()), Ok(from)));
        self
    }

    /// Changes a column to `set`, if it still holds what the record holds. What an active model has
    /// set itself is not known to be held: say it with [`update`](Self::update).
    pub fn change(mut self, column: E::Column, set: impl Into<Value>) -> Self {
        let from = self.row.held(column).cloned();
        let from = from.map(|from| Given::of(column, from)).ok_or_else(|| {
            let column = column.as_str();
            Fault::input(format!("what `{column}` holds is not known: give it with `update`"))
        });
        self.changes.push((Given::of(column, set.into()), from));
        self
    }

    /// Leaves `updated_at` as it is.
    pub fn untouched(mut self) -> Self {
        self.touches = false;
        self
    }

    /// Tells these columns, as they are afterwards.
    pub fn returning(mut self, columns: impl IntoIterator<Item = E::Column>) -> Self {
        self.returning = names(columns);
        self
    }

    /// Does not ask what the row holds if it was not changed: one statement on every engine.
    pub fn briefly(mut self) -> Self {
        self.briefly = true;
        self
    }

    fn plan(&self, dialect: Dialect) -> Result<crate::Update, Fault> {
        let key = self.row.key(dialect)?;
        let mut plan = crate::Update::of(&table::<E>(), key).returning(self.returning.clone());
        let mut written: Vec<&Name> = Vec::new();
        for (set, from) in &self.changes {
            let from = from.as_ref().map_err(Clone::clone)?;
            plan = plan.change(set.column.clone(), from.value(dialect)?, set.value(dialect)?);
            written.push(&set.column);
        }
        for change in &self.row.pending {
            if !written.contains(&change.column()) {
                plan = plan.also(change.setting(dialect)?);
            }
        }
        written.extend(self.row.pending.iter().map(Change::column));
        let touched = touched::<E>().filter(|_| self.touches);
        if let Some(column) = touched.filter(|column| !written.contains(&column)) {
            plan = plan.also(crate::now(column));
        }
        Ok(if self.briefly { plan.briefly() } else { plan })
    }
}

/// The column that tells when a record was last changed.
fn touched<E: EntityTrait>() -> Option<Name> {
    let column = E::Column::iter().find(|column| {
        let is_time = matches!(
            column.def().get_column_type(),
            ColumnType::DateTime | ColumnType::Timestamp | ColumnType::TimestampWithTimeZone
        );
        column.as_str() == "updated_at" && is_time
    });
    column.map(name)
}

// ===== decrement_unsigned_counters =====

/// See [`Row::decrement_unsigned_counters`].
#[derive(Debug, Clone)]
#[must_use]
pub struct DecrementUnsignedCounters<E: EntityTrait> {
    row: Row<E>,
    amounts: Vec<(Name, Amount)>,
    touched: Option<E::Column>,
    briefly: bool,
}

impl<E: EntityTrait> DecrementUnsignedCounters<E> {
    const TELLS_MYSQL_FROM_MARIADB: bool = false;

    /// Sets this column to the time of the statement.
    pub fn touch(mut self, column: E::Column) -> Self {
        self.touched = Some(column);
        self
    }

    /// Asks for no more than whether it was done: one statement on every engine.
    pub fn briefly(mut self) -> Self {
        self.briefly = true;
        self
    }

    fn plan(&self, dialect: Dialect) -> Result<crate::DecrementUnsignedCounters, Fault> {
        let key = self.row.key(dialect)?;
        let plan = crate::DecrementUnsignedCounters::of(&table::<E>(), key);
        let plan = plan.by(self.amounts.iter().cloned());
        let plan = if self.briefly { plan.briefly() } else { plan };
        Ok(match self.touched {
            Some(column) => plan.also(crate::now(name(column))),
            None => plan,
        })
    }
}

plans! {
    Update => crate::Update,
    DecrementUnsignedCounters => crate::DecrementUnsignedCounters,
}
