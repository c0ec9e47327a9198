//! The six statements: one file each, with the same sections in the same order.
//!
//! *Plan*: what is asked. *Outcome*: what is answered. *Check*: what is wrong with a plan, told
//! before anything is sent. *Together*: the one statement that locks, judges and writes, where the
//! dialect has one. *Apart*: lock, judge here, write, in one transaction, where it has none.

pub(crate) mod create_or_plus;
pub(crate) mod decrement_unsigned_counters;
pub(crate) mod pay_all;
pub(crate) mod update;
pub(crate) mod update_all;
pub(crate) mod update_all_and_get_ids;

use crate::fault::Fault;
use crate::name::Names;
use crate::program::{Answer, Next};
use crate::record::{Record, RowKey};
use crate::value::Value;

/// The keys of the rows of an answer, each row its key alone.
fn keys_of(answer: Answer, columns: &Names) -> Result<Vec<RowKey>, Fault> {
    let rows = answer.rows.into_iter();
    rows.map(|row| Ok(key_and_rest(row, columns, &Names::default())?.0)).collect()
}

/// A row that begins with its key.
fn key_and_rest(
    mut row: Vec<Value>,
    key: &Names,
    columns: &Names,
) -> Result<(RowKey, Record), Fault> {
    if row.len() != key.len() + columns.len() {
        return Err(Fault::unexpected(format!("a row has {} columns", row.len())));
    }
    let rest = row.split_off(key.len());
    Ok((RowKey::of(row), Record::of(columns, rest)))
}

/// The whole number in that column of the only row.
fn number_of(answer: &Answer, column: usize) -> Result<u64, Fault> {
    match answer.rows.as_slice() {
        [row] if column < row.len() => row[column].clone().try_into(),
        rows => Err(Fault::unexpected(format!("{} rows tell one number", rows.len()))),
    }
}

/// The same program, with what it answers in other words.
fn mapped<A, B>(
    next: Next<A>,
    map: impl FnOnce(A) -> Result<B, Fault> + Send + 'static,
) -> Mapped<B>
where
    A: 'static,
    B: 'static,
{
    match next {
        Next::Begin { writes_often, then } => {
            Ok(Next::begin(writes_often, move || mapped(then(())?, map)))
        }
        Next::Ask(statement, then) => {
            Ok(Next::ask(statement, move |answer| mapped(then(answer)?, map)))
        }
        Next::Done(outcome) => Ok(Next::Done(map(outcome)?)),
    }
}

type Mapped<B> = Result<Next<B>, Fault>;
