//! Keys of rows, and rows as far as they were asked for.

use std::cmp::Ordering;
use std::fmt;

use crate::fault::Fault;
use crate::name::{Name, Names};
use crate::value::Value;

/// The key of a row: one value, or several for a key of several columns.
///
/// ```
/// use exactly_rows::RowKey;
///
/// assert_eq!(RowKey::from(7).to_string(), "7");
/// assert_eq!(RowKey::from((7, "sword")).to_string(), "(7, sword)");
/// assert_eq!(RowKey::from(7).get::<i64>()?, 7);
/// # Ok::<(), exactly_rows::Fault>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RowKey(Vec<Value>);

impl RowKey {
    /// Of these values, in the order of the columns.
    pub fn of(values: Vec<Value>) -> Self {
        Self(values)
    }

    /// Its values, in the order of the columns.
    pub fn values(&self) -> &[Value] {
        &self.0
    }

    /// The key as a type of yours, if it has one column.
    pub fn get<T: TryFrom<Value, Error = Fault>>(&self) -> Result<T, Fault> {
        match self.0.as_slice() {
            [one] => T::try_from(one.clone()),
            several => Err(Fault::input(format!(
                "the key {self} has {} columns: read its `values`",
                several.len()
            ))),
        }
    }

    pub(crate) fn order(&self, other: &Self) -> Ordering {
        let pairs = self.0.iter().zip(&other.0).map(|(one, two)| one.order(two));
        pairs.fold(Ordering::Equal, Ordering::then)
    }

    pub(crate) fn check(&self, columns: &Names) -> Result<(), Fault> {
        if self.0.len() != columns.len() {
            let names: Vec<_> = columns.iter().map(Name::as_str).collect();
            return Err(Fault::input(format!(
                "the key {self} has {} values, and its columns are {}: {}",
                self.0.len(),
                columns.len(),
                names.join(", ")
            )));
        }
        if self.0.iter().any(Value::is_null) {
            return Err(Fault::input(format!("the key {self} has no value in a column")));
        }
        Ok(())
    }
}

impl fmt::Display for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values: Vec<_> = self.0.iter().map(told).collect();
        match values.as_slice() {
            [one] => f.write_str(one),
            several => write!(f, "({})", several.join(", ")),
        }
    }
}

/// A value as messages tell it.
pub(crate) fn told(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::I64(number) => number.to_string(),
        Value::U64(number) => number.to_string(),
        Value::F64(number) => number.to_string(),
        Value::Decimal(number) => number.to_string(),
        Value::Text(text) | Value::Cast { text, .. } => text.clone(),
        Value::Bytes(bytes) => format!("{} bytes", bytes.len()),
        Value::Uuid(uuid) => crate::kind::uuid_text(uuid),
        Value::Date(_) | Value::Time(_) | Value::DateTime(_) | Value::Instant(_) => {
            crate::kind::time_text(value)
        }
    }
}

impl<T: Into<Value>> From<T> for RowKey {
    fn from(value: T) -> Self {
        Self(vec![value.into()])
    }
}

impl<A: Into<Value>, B: Into<Value>> From<(A, B)> for RowKey {
    fn from((a, b): (A, B)) -> Self {
        Self(vec![a.into(), b.into()])
    }
}

impl<A: Into<Value>, B: Into<Value>, C: Into<Value>> From<(A, B, C)> for RowKey {
    fn from((a, b, c): (A, B, C)) -> Self {
        Self(vec![a.into(), b.into(), c.into()])
    }
}

/// The columns of a row that were asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record(Vec<(Name, Value)>);

impl Record {
    pub(crate) fn of(columns: &Names, values: impl IntoIterator<Item = Value>) -> Self {
        Self(columns.iter().cloned().zip(values).collect())
    }

    /// What a column holds.
    pub fn value(&self, column: &str) -> Option<&Value> {
        self.0.iter().find(|(name, _)| name.as_str() == column).map(|(_, value)| value)
    }

    /// What a column holds, as a type of yours.
    pub fn get<T: TryFrom<Value, Error = Fault>>(&self, column: &str) -> Result<T, Fault> {
        let found = self.value(column).cloned();
        let missing = || Fault::input(format!("`{column}` was not asked for"));
        T::try_from(found.ok_or_else(missing)?)
    }

    /// Every column with what it holds.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}
