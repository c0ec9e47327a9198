//! Scopes: which rows a statement may touch.

use crate::fault::Fault;
use crate::fragment::Fragment;
use crate::name::{Name, Names};
use crate::record::RowKey;
use crate::value::Value;

/// A condition on the rows of a table.
///
/// ```
/// use exactly_rows::{Fragment, Scope, column};
///
/// let scope = column("user_id").eq(1).and(column("sold_at").is_null().or(column("price").lt(5)));
/// let swords = Fragment::new("SELECT id FROM items WHERE name = ?", ["sword"]);
/// let named = column("item_id").in_select(swords);
/// let raw = Scope::raw(Fragment::new("quantity % ? = 0", [2]));
/// # let _ = scope.and(named).and(raw);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Scope(pub(crate) Condition);

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    All,
    Compare { column: Name, by: Comparison, value: Value },
    Null { column: Name, is: bool },
    In { columns: Names, keys: Vec<RowKey>, is: bool },
    InSelect { columns: Names, select: Fragment },
    KeyInSelect { select: Fragment },
    Raw(Fragment),
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Equal => " = ",
            Self::NotEqual => " <> ",
            Self::Less => " < ",
            Self::LessOrEqual => " <= ",
            Self::Greater => " > ",
            Self::GreaterOrEqual => " >= ",
        }
    }
}

/// All rows of the table.
pub fn all() -> Scope {
    Scope(Condition::All)
}

/// A column, to make a condition of.
pub fn column(name: impl Into<Name>) -> Column {
    Column(name.into())
}

/// A column, to make a condition of. A comparison with `None` is one with NULL.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Column(Name);

impl Column {
    /// It holds that value, or none if that is none.
    pub fn eq(self, value: impl Into<Value>) -> Scope {
        self.compare(Comparison::Equal, value.into())
    }

    /// It holds another value. A row without one is not among them, as in SQL.
    pub fn ne(self, value: impl Into<Value>) -> Scope {
        self.compare(Comparison::NotEqual, value.into())
    }

    /// It holds less.
    pub fn lt(self, value: impl Into<Value>) -> Scope {
        self.compare(Comparison::Less, value.into())
    }

    /// It holds at most that.
    pub fn lte(self, value: impl Into<Value>) -> Scope {
        self.compare(Comparison::LessOrEqual, value.into())
    }

    /// It holds more.
    pub fn gt(self, value: impl Into<Value>) -> Scope {
        self.compare(Comparison::Greater, value.into())
    }

    /// It holds at least that.
    pub fn gte(self, value: impl Into<Value>) -> Scope {
        self.compare(Comparison::GreaterOrEqual, value.into())
    }

    /// It holds no value.
    pub fn is_null(self) -> Scope {
        Scope(Condition::Null { column: self.0, is: true })
    }

    /// It holds a value.
    pub fn is_not_null(self) -> Scope {
        Scope(Condition::Null { column: self.0, is: false })
    }

    /// It holds one of these; of none, no row does.
    pub fn is_in<V: Into<Value>>(self, values: impl IntoIterator<Item = V>) -> Scope {
        Scope::keys_in([self.0], values.into_iter().map(|value| RowKey::of(vec![value.into()])))
    }

    /// It holds none of these.
    pub fn is_not_in<V: Into<Value>>(self, values: impl IntoIterator<Item = V>) -> Scope {
        let keys = values.into_iter().map(|value| RowKey::of(vec![value.into()])).collect();
        Scope(Condition::In { columns: [self.0].into(), keys, is: false })
    }

    /// It holds what a sub-select finds: the way to a condition on other tables.
    pub fn in_select(self, select: Fragment) -> Scope {
        Scope(Condition::InSelect { columns: [self.0].into(), select })
    }

    fn compare(self, by: Comparison, value: Value) -> Scope {
        Scope(match (by, value) {
            (Comparison::Equal, Value::Null) => Condition::Null { column: self.0, is: true },
            (Comparison::NotEqual, Value::Null) => Condition::Null { column: self.0, is: false },
            (by, value) => Condition::Compare { column: self.0, by, value },
        })
    }
}

impl Scope {
    /// These columns hold one of these keys.
    pub fn keys_in<K: Into<RowKey>>(
        columns: impl Into<Names>,
        keys: impl IntoIterator<Item = K>,
    ) -> Self {
        let keys = keys.into_iter().map(Into::into).collect();
        Self(Condition::In { columns: columns.into(), keys, is: true })
    }

    /// The primary key is one that a sub-select finds. It selects the columns of the key, in order:
    /// the way in for a query of another library, with its joins.
    pub fn selected(select: Fragment) -> Self {
        Self(Condition::KeyInSelect { select })
    }

    /// A condition of the user's own.
    pub fn raw(fragment: Fragment) -> Self {
        Self(Condition::Raw(fragment))
    }

    /// Both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(match (self.0, other.0) {
            (Condition::All, other) => other,
            (own, Condition::All) => own,
            (Condition::And(mut own), other) => {
                own.push(other);
                Condition::And(own)
            }
            (own, other) => Condition::And(vec![own, other]),
        })
    }

    /// One of them holds, or both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(match (self.0, other.0) {
            (Condition::Or(mut own), other) => {
                own.push(other);
                Condition::Or(own)
            }
            (own, other) => Condition::Or(vec![own, other]),
        })
    }

    /// It does not hold. As in SQL, that is not so where a comparison meets NULL.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "reads as the other verbs do")]
    pub fn not(self) -> Self {
        Self(Condition::Not(Box::new(self.0)))
    }
}

impl Default for Scope {
    fn default() -> Self {
        all()
    }
}

impl Condition {
    /// What is wrong with it, before it is written.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        match self {
            Self::All | Self::Raw(_) | Self::KeyInSelect { .. } => Ok(()),
            Self::Compare { column, value, .. } if value.is_null() => {
                Err(Fault::input(format!("`{column}` is compared by size with NULL")))
            }
            Self::Compare { column, .. } | Self::Null { column, .. } => column.check("a column"),
            Self::In { columns, keys, .. } => {
                columns.check("a condition")?;
                keys.iter().try_for_each(|key| key.check(columns))
            }
            Self::InSelect { columns, .. } => columns.check("a condition"),
            Self::And(parts) | Self::Or(parts) => parts.iter().try_for_each(Self::check),
            Self::Not(part) => part.check(),
        }
    }
}
