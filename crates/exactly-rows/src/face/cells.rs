//! Rows of sqlx, cell by cell.

use sqlx::{ColumnIndex, Database, Row};

use crate::value::Value;

/// Why a value cannot be bound or read.
pub(super) type Bad = Box<dyn std::error::Error + Send + Sync>;

/// The cells of a row, each read by `value`.
pub(super) fn cells<'r, R: Row>(
    row: &'r R,
    value: impl Fn(<R::Database as Database>::ValueRef<'r>) -> Result<Value, Bad>,
) -> Result<Vec<Value>, sqlx::Error>
where
    usize: ColumnIndex<R>,
{
    let read = |at: usize| {
        let source = |source| sqlx::Error::ColumnDecode { index: at.to_string(), source };
        value(row.try_get_raw(at)?).map_err(source)
    };
    (0..row.len()).map(read).collect()
}
