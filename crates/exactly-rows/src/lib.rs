//! Six atomic statements on your own SQL tables, right under concurrency.
//!
//! | statement | promise |
//! | --- | --- |
//! | [`CreateOrPlus`] | rows are inserted, or their numbers added to the rows that are there |
//! | [`PayAll`] | amounts are taken from all rows, or from none: told who was short |
//! | [`UpdateAll`] | exactly so many rows are updated, or none |
//! | [`UpdateAllAndGetIds`] | rows are updated, and told which: no row to two callers |
//! | [`Update`] | one row is updated if it still holds what the caller believes |
//! | [`DecrementUnsignedCounters`] | numbers of one row go down, never below zero |
//!
//! Each is a *plan*: a plain value, built fluently, that becomes text and binds for a [`Dialect`]
//! (PostgreSQL, MySQL, MariaDB, SQLite) and reads the answer as a typed outcome. The plan knows no
//! database library: a *face* runs it. The feature `sqlx` has one for its pools, connections and
//! transactions, and the feature `sea-orm` one for its entities, selects and models.
//!
//! The promise is the outcome and holds at each engine's default isolation. Rows are locked first,
//! in one order for each table ([`Table::order`]), and only then judged and written. A statement
//! that counts and writes at once does not give that: on PostgreSQL a rival's commit between makes
//! it pay one item of two.
//!
//! ```
//! use exactly_rows::{Dialect, PayAll, Table, column, render};
//!
//! let items = Table::new("user_items").key(["id"]).order(["user_id", "item_id"]);
//! let pay = PayAll::of(&items)
//!     .scope(column("user_id").eq(1))
//!     .by(["item_id"])
//!     .take([(7, 4), (9, 3)])
//!     .from(["quantity"]);
//! let shown = render(&pay, Dialect::Postgres)?;
//! assert_eq!((shown.statements().len(), shown.round_trips()), (1, 1));
//! assert_eq!(render(&pay, Dialect::MariaDb)?.round_trips(), 4);
//! # Ok::<(), exactly_rows::Fault>(())
//! ```

mod amount;
mod decimal;
mod dialect;
mod fault;
mod fragment;
mod guarded;
mod kind;
mod locking;
mod name;
mod program;
mod record;
mod scope;
mod setting;
mod statements;
mod table;
mod value;
mod writer;

#[cfg(feature = "sqlx")]
mod face;

pub use amount::Amount;
pub use decimal::Decimal;
pub use dialect::Dialect;
pub use fault::{Constraint, Fault, Trouble};
pub use fragment::{FRAGMENT_BYTES_MAX, Fragment};
pub use kind::Kind;
pub use name::{NAME_BYTES_MAX, Name, Names};
pub use program::{Answer, Bind, Many, Next, Plain, Plan, Shown, Statement, Then, render};
pub use record::{Record, RowKey};
pub use scope::{Column, Scope, all, column};
pub use setting::{Setting, now, set, set_to};
pub use statements::create_or_plus::{Added, CreateOrPlus, Row};
pub use statements::decrement_unsigned_counters::{
    DecrementUnsignedCounters, Decremented, Shortfall,
};
pub use statements::pay_all::{KEYS_MAX, Paid, PaidRow, PayAll, Shortage, Why};
pub use statements::update::{Change, Update};
pub use statements::update_all::{UpdateAll, Updated};
pub use statements::update_all_and_get_ids::{Ids, UpdateAllAndGetIds};
pub use table::Table;
pub use value::Value;

#[cfg(feature = "sea-orm")]
pub use face::sea_orm;
#[cfg(feature = "sqlx")]
pub use face::{
    Again, Combined, Exec, Patient, Place, Speaks, Tx, combined, retry_transaction, within,
};
