//! Rows by the chunk: checked, those of one key added up, sorted.

use std::cmp::Ordering;
use std::iter::Peekable;

use super::{CreateOrPlus, Row, RowIter, Rows};
use crate::decimal::Decimal;
use crate::dialect::Dialect;
use crate::fault::Fault;
use crate::record::told;
use crate::value::Value;

/// How many rows one statement writes, and how many bytes.
const CHUNK_ROWS_MAX: usize = 2_000;
const CHUNK_BYTES_MAX: usize = 2 << 20;

/// The rows that are not sent yet.
pub(super) struct Chunks {
    rows: Peekable<RowIter>,
    rules: Rules,
    chunk_max: usize,
}

/// Where the columns are that matter here.
struct Rules {
    columns: usize,
    key: Vec<usize>,
    plus: Vec<(String, usize)>,
    order: Vec<usize>,
}

impl Chunks {
    pub(super) fn of(plan: &CreateOrPlus, dialect: Dialect) -> Result<Self, Fault> {
        let rules = Rules::of(plan);
        let rows: RowIter = match plan.rows {
            Rows::Made(_) => plan.made(),
            // All of them are in memory, and can be in order from the first to the last.
            Rows::Given(_) => Box::new(rules.merged(plan.made().collect())?.into_iter()),
        };
        let by_binds = match dialect {
            Dialect::Postgres => CHUNK_ROWS_MAX,
            Dialect::MySql | Dialect::MariaDb | Dialect::Sqlite => {
                dialect.binds_max() / rules.columns.max(1)
            }
        };
        let chunk_max = by_binds.clamp(1, CHUNK_ROWS_MAX);
        Ok(Self { rows: rows.peekable(), rules, chunk_max })
    }

    /// Whether the last chunk has been taken.
    pub(super) fn is_done(&mut self) -> bool {
        self.rows.peek().is_none()
    }

    pub(super) fn next(&mut self) -> Result<Option<Vec<Row>>, Fault> {
        let mut chunk = Vec::new();
        let mut bytes = 0;
        while chunk.len() < self.chunk_max && bytes < CHUNK_BYTES_MAX {
            let Some(row) = self.rows.next() else { break };
            bytes += row.0.iter().map(size).sum::<usize>();
            chunk.push(row);
        }
        let chunk = self.rules.merged(chunk)?;
        Ok((!chunk.is_empty()).then_some(chunk))
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Text(text) | Value::Cast { text, .. } => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Null
        | Value::Bool(_)
        | Value::I64(_)
        | Value::U64(_)
        | Value::F64(_)
        | Value::Decimal(_)
        | Value::Uuid(_)
        | Value::Date(_)
        | Value::Time(_)
        | Value::DateTime(_)
        | Value::Instant(_) => 16,
    }
}

impl Rules {
    fn of(plan: &CreateOrPlus) -> Self {
        let place = |column| plan.columns.position(column);
        let plus = plan.plus.iter();
        Self {
            columns: plan.columns.len(),
            key: plan.conflict().iter().filter_map(place).collect(),
            plus: plus.filter_map(|name| Some((name.to_string(), place(name)?))).collect(),
            order: plan.order().iter().filter_map(place).collect(),
        }
    }

    /// The rows of one key as one, in the order in which rows are locked. The first of them says
    /// what is inserted in columns that are not added to.
    fn merged(&self, mut rows: Vec<Row>) -> Result<Vec<Row>, Fault> {
        rows.iter().try_for_each(|row| self.check(row))?;
        rows.sort_by(|one, two| by(&self.key, one, two));
        let mut merged: Vec<Row> = Vec::with_capacity(rows.len());
        for row in rows {
            match merged.last_mut() {
                Some(last) if self.is_one_key(last, &row) => self.add(last, &row)?,
                _ => merged.push(row),
            }
        }
        if self.order != self.key {
            merged.sort_by(|one, two| by(&self.order, one, two));
        }
        Ok(merged)
    }

    fn check(&self, row: &Row) -> Result<(), Fault> {
        if row.0.len() != self.columns {
            let (found, columns) = (row.0.len(), self.columns);
            let row = listed(row);
            return Err(Fault::input(format!(
                "the row {row} has {found} values for {columns} columns"
            )));
        }
        for (name, at) in &self.plus {
            let value = &row.0[*at];
            if !is_zero_or_more(value) {
                let found = told(value);
                return Err(Fault::input(format!(
                    "`{name}` of the row {} is {found}, and not a number of zero or more",
                    listed(row)
                )));
            }
        }
        Ok(())
    }

    /// NULL is no key: such rows are always new.
    fn is_one_key(&self, one: &Row, two: &Row) -> bool {
        let null = self.key.iter().any(|at| one.0[*at].is_null());
        !null && by(&self.key, one, two).is_eq()
    }

    fn add(&self, sum: &mut Row, row: &Row) -> Result<(), Fault> {
        for (name, at) in &self.plus {
            let both = plus(&sum.0[*at], &row.0[*at]);
            sum.0[*at] = both.ok_or_else(|| {
                let row = listed(row);
                Fault::input(format!("`{name}` of the rows like {row} is too large together"))
            })?;
        }
        Ok(())
    }
}

fn is_zero_or_more(value: &Value) -> bool {
    if let Value::F64(number) = value {
        return *number >= 0.0;
    }
    value.as_decimal().is_some_and(|number| number >= Decimal::whole(0))
}

fn plus(one: &Value, two: &Value) -> Option<Value> {
    if let (Value::F64(one), Value::F64(two)) = (one, two) {
        return Some(Value::F64(one + two));
    }
    let sum = Value::of_decimal(one.as_decimal()?.plus(two.as_decimal()?)?);
    let were_whole = !matches!(one, Value::Decimal(_)) && !matches!(two, Value::Decimal(_));
    // Beyond 64 bits it would become a number that no column of whole numbers holds.
    let is_whole = !matches!(sum, Value::Decimal(_));
    (is_whole || !were_whole).then_some(sum)
}

fn by(places: &[usize], one: &Row, two: &Row) -> Ordering {
    let pairs = places.iter().map(|at| one.0[*at].order(&two.0[*at]));
    pairs.fold(Ordering::Equal, Ordering::then)
}

fn listed(row: &Row) -> String {
    let values: Vec<_> = row.0.iter().map(told).collect();
    format!("({})", values.join(", "))
}
