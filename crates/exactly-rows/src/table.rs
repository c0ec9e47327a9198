//! Tables, as far as a statement has to know them.

use crate::fault::Fault;
use crate::name::{Name, Names};

/// A table: its name, its primary key, and the order in which its rows are locked.
///
/// **Declare a table once and use it for every statement.** Two statements that lock the same rows
/// in different orders can wait for each other for ever, and the database then ends one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub(crate) schema: Option<Name>,
    pub(crate) name: Name,
    pub(crate) key: Names,
    pub(crate) order: Names,
    pub(crate) index: Option<Name>,
}

impl Table {
    /// The table of that name, with the primary key `id`. A name with a point in it is that of a
    /// schema and a table, as in `shop.items`.
    pub fn new(name: &str) -> Self {
        let (schema, name) = match name.split_once('.') {
            Some((schema, name)) => (Some(schema.into()), name),
            None => (None, name),
        };
        Self { schema, name: name.into(), key: ["id"].into(), order: Names::default(), index: None }
    }

    /// With these columns as its primary key.
    #[must_use]
    pub fn key(mut self, columns: impl Into<Names>) -> Self {
        self.key = columns.into();
        self
    }

    /// With its rows locked in the order of these columns. Without this, in that of the primary
    /// key.
    ///
    /// Where rows are found by another unique key (`user_id, item_id`), and above all where
    /// [`CreateOrPlus`](crate::CreateOrPlus) meets them by it, say so here.
    #[must_use]
    pub fn order(mut self, columns: impl Into<Names>) -> Self {
        self.order = columns.into();
        self
    }

    /// With this index for rows that [`PayAll`](crate::PayAll) finds by other columns than the
    /// primary key on MySQL and MariaDB, which lock rows in the order in which they scan them. It
    /// should be the index of the columns of [`order`](Self::order). The other engines lock after
    /// sorting and do not need it.
    #[must_use]
    pub fn index(mut self, name: impl Into<Name>) -> Self {
        self.index = Some(name.into());
        self
    }

    pub(crate) fn check(&self) -> Result<(), Fault> {
        if let Some(schema) = &self.schema {
            schema.check("a schema")?;
        }
        self.name.check("a table")?;
        self.key.check("the primary key")?;
        self.order.check_each("the order")?;
        self.index.iter().try_for_each(|index| index.check("an index"))
    }

    /// The columns by which rows are locked.
    pub(crate) fn lock_order(&self) -> &Names {
        if self.order.is_empty() { &self.key } else { &self.order }
    }
}
