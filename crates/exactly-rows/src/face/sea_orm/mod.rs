//! The face of sea-orm 2: the six statements on its entities, selects and models.
//!
//! | on | by | statements |
//! | --- | --- | --- |
//! | an entity | [`AtomicEntity`] | `create_or_plus`, and those of a select on all its rows |
//! | a select | [`AtomicSelect`] | `pay_all`, `update_all`, `update_all_and_get_ids` |
//! | a model | [`AtomicModel`] | `update`, `decrement_unsigned_counters` |
//! | an active model | [`AtomicActiveModel`] | the same, with its pending changes |
//!
//! All but `create_or_plus` come after `atomically()`. Each is a [`Plan`](crate::Plan): run it with
//! [`Exec::exec`](crate::Exec) on a `DatabaseConnection`, where it is one change by itself, or in a
//! `DatabaseTransaction` of yours. What the statements promise and answer is told by the plans of
//! the same names at the root of this crate; a plan of theirs runs on a `DatabaseConnection` too.
//!
//! ```
//! # mod user_item {
//! #     use sea_orm::entity::prelude::*;
//! #     #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
//! #     #[sea_orm(table_name = "user_items")]
//! #     pub struct Model {
//! #         #[sea_orm(primary_key)]
//! #         pub id: i64,
//! #         #[sea_orm(unique_key = "of_user")]
//! #         pub user_id: i64,
//! #         #[sea_orm(unique_key = "of_user")]
//! #         pub item_id: i64,
//! #         pub quantity: i64,
//! #     }
//! #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
//! #     pub enum Relation {}
//! #     impl ActiveModelBehavior for ActiveModel {}
//! # }
//! # #[cfg(feature = "sqlite")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use sea_orm::{ConnectOptions, ConnectionTrait, Database, DbBackend, Schema};
//! # let mut options = ConnectOptions::new("sqlite::memory:");
//! # let db = Database::connect(options.max_connections(1).to_owned()).await?;
//! # let schema = Schema::new(DbBackend::Sqlite);
//! # db.execute(&schema.create_table_from_entity(user_item::Entity)).await?;
//! # for index in schema.create_index_from_entity(user_item::Entity) { db.execute(&index).await?; }
//! use exactly_rows::Exec;
//! use exactly_rows::sea_orm::{AtomicEntity, AtomicSelect};
//! use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};
//! use user_item::{ActiveModel, Column, Entity as UserItem};
//!
//! let (sword, potion) = (7, 9);
//! let loot = [(sword, 5), (potion, 2)].map(|(item_id, quantity)| ActiveModel {
//!     user_id: Set(1),
//!     item_id: Set(item_id),
//!     quantity: Set(quantity),
//!     ..Default::default()
//! });
//! let more = UserItem::create_or_plus(loot, [Column::Quantity]);
//! more.on_conflict([Column::UserId, Column::ItemId]).exec(&db).await?;
//!
//! let mine = UserItem::find().filter(Column::UserId.eq(1)).atomically();
//! let paid = mine
//!     .pay_all([(sword, 4), (potion, 3)], Column::ItemId, [Column::Quantity])
//!     .exec(&db)
//!     .await?;
//! assert!(!paid.is_all()); // A potion is missing: no sword is gone either.
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "sqlite"))]
//! # fn main() {}
//! ```
//!
//! # What is locked in which order
//!
//! [`table`] says: an entity that declares one unique key of several columns
//! (`#[sea_orm(unique_key = "…")]`) is locked in the order of that key, and every other by its
//! primary key. [`Rows::locked_by`] and [`CreateOrPlus::locked_by`] take another [`Table`], to be
//! used in every statement on the entity.
//!
//! # Callers who give up
//!
//! A statement on a `DatabaseConnection` runs to its end, also if its caller does not wait for it,
//! and [`retry_transaction`] leaves nothing open. In a `DatabaseTransaction` that you have begun
//! yourself, a statement that is dropped half-way is rolled back by sea-orm; on MySQL and MariaDB
//! it can leave a connection behind that waits for ever, as any other statement of sqlx 0.9 can.
//!
//! # Hooks
//!
//! As with sea-orm's own statements on many rows, no `ActiveModelBehavior` is asked. Only
//! [`Update`] touches `updated_at` by itself.

mod create_or_plus;
mod fault;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
mod place;
mod record;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
mod retry;
mod rows;
mod select;
mod value;

use sea_orm::{
    ActiveModelTrait, DbBackend, EntityTrait, IdenStatic, IntoActiveModel, Iterable, ModelTrait,
    PrimaryKeyToColumn, Schema, Select,
};

use crate::name::{Name, Names};
use crate::table::Table;

pub use create_or_plus::CreateOrPlus;
pub use record::{DecrementUnsignedCounters, Row, Update};
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
pub use retry::{Tx, retry_transaction};
pub use rows::{PayAll, Rows, UpdateAll, UpdateAllAndGetIds};

/// The statements of an entity.
pub trait AtomicEntity: EntityTrait {
    /// Inserts rows, and where a row of that key is there already adds the numbers of these columns
    /// to it: see [`CreateOrPlus`](crate::CreateOrPlus). All rows set the same columns.
    fn create_or_plus<A, I, C>(rows: I, plus: C) -> CreateOrPlus<Self>
    where
        A: IntoActiveModel<Self::ActiveModel>,
        I: IntoIterator<Item = A>,
        C: IntoIterator<Item = Self::Column>,
    {
        CreateOrPlus::of(rows, plus)
    }

    /// The statements on all its rows.
    fn atomically() -> Rows<Self> {
        Rows::of(Self::find())
    }
}

impl<E: EntityTrait> AtomicEntity for E {}

/// The statements on the rows that a select finds.
pub trait AtomicSelect<E: EntityTrait>: Sized {
    /// The statements on these rows.
    ///
    /// *Filters* are judged again when a row is locked, which a rival may have changed before.
    /// *Joins* find rows by what they are joined with; the other tables are read as they were when
    /// the statement began. *A limit* takes the first rows in the order of the select; one that a
    /// rival changes meanwhile may then be missing. A row is counted once, however often it is
    /// joined.
    fn atomically(self) -> Rows<E>;
}

impl<E: EntityTrait> AtomicSelect<E> for Select<E> {
    fn atomically(self) -> Rows<E> {
        Rows::of(self)
    }
}

/// The statements on one record.
///
/// What is for many rows is not for a record:
///
/// ```compile_fail,E0599
/// # use sea_orm::entity::prelude::*;
/// # #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
/// # #[sea_orm(table_name = "users")]
/// # pub struct Model {
/// #     #[sea_orm(primary_key)]
/// #     pub id: i64,
/// #     pub money: i64,
/// # }
/// # #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
/// # pub enum Relation {}
/// # impl ActiveModelBehavior for ActiveModel {}
/// use exactly_rows::sea_orm::AtomicModel;
///
/// let user = Model { id: 7, money: 10 };
/// user.atomically().pay_all([(7, 1)], Column::Id, [Column::Money]);
/// ```
pub trait AtomicModel: ModelTrait {
    /// The statements on this record, which is found by its primary key.
    fn atomically(&self) -> Row<Self::Entity> {
        Row::of_model(self)
    }
}

impl<M: ModelTrait> AtomicModel for M {}

/// The statements on one record that has pending changes.
pub trait AtomicActiveModel: ActiveModelTrait {
    /// The statements on this record, which is found by its primary key. Its pending changes (what
    /// is `Set`) are written by [`Row::update`] and [`Row::change`], and by nothing else.
    fn atomically(&self) -> Row<Self::Entity> {
        Row::of_active_model(self)
    }
}

impl<A: ActiveModelTrait> AtomicActiveModel for A {}

/// The table of an entity, for plans of this crate: its name, its primary key, and the order in
/// which its rows are locked. That is the order of its unique key, if it declares one and no more,
/// and else of its primary key.
pub fn table<E: EntityTrait>() -> Table {
    let entity = E::default();
    Table {
        schema: entity.schema_name().map(Name::from),
        name: entity.table_name().into(),
        key: Names::from(E::PrimaryKey::iter().map(|key| name(key.into_column()))),
        order: unique_key::<E>().unwrap_or_default(),
        index: None,
    }
}

fn unique_key<E: EntityTrait>() -> Option<Names> {
    // The columns are the same for every backend.
    let indexes = Schema::new(DbBackend::Postgres).create_index_from_entity(E::default());
    let mut unique = indexes.iter().filter(|index| index.is_unique_key());
    let columns = unique.next()?.get_index_spec().get_column_names();
    (unique.next().is_none() && !columns.is_empty()).then(|| Names::from(columns))
}

fn name(column: impl IdenStatic) -> Name {
    column.as_str().into()
}

fn names<C: IdenStatic>(columns: impl IntoIterator<Item = C>) -> Names {
    Names::from(columns.into_iter().map(|column| column.as_str()))
}

/// A statement of this face is the plan of the same name, made when the dialect is known.
macro_rules! plans {
    ($($name:ident => $plan:ty),+ $(,)?) => {$(
        impl<E: EntityTrait> crate::program::Plan for $name<E> {
            type Outcome = <$plan as crate::program::Plan>::Outcome;

            fn program(
                &self,
                dialect: crate::dialect::Dialect,
            ) -> Result<crate::program::Next<Self::Outcome>, crate::fault::Fault> {
                self.plan(dialect)?.program(dialect)
            }

            fn tells_mysql_from_mariadb(&self) -> bool {
                Self::TELLS_MYSQL_FROM_MARIADB
            }

            fn rehearse(
                &self,
                dialect: crate::dialect::Dialect,
                at: usize,
            ) -> crate::program::Answer {
                self.plan(dialect).map(|plan| plan.rehearse(dialect, at)).unwrap_or_default()
            }
        }
    )+};
}
use plans;
