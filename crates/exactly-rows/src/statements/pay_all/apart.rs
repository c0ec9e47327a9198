//! Lock, judge here, pay: in one transaction.

use super::{Due, Found, Paid, bad_row, place_of};
use crate::dialect::Dialect;
use crate::fault::Fault;
use crate::locking;
use crate::name::Names;
use crate::program::{Answer, Next, Statement};
use crate::record::{Record, RowKey};
use crate::statements::key_and_rest;
use crate::value::Value;
use crate::writer::Writer;

impl Due {
    pub(super) fn apart(self, dialect: Dialect) -> Result<Next<Paid>, Fault> {
        let lock = self.lock_rows(dialect)?;
        let table = self.plan.table.clone();
        locking::begin_writing(&table, dialect, false, move || {
            Ok(Next::ask(lock, move |answer| {
                let found = self.found(answer)?;
                let short = self.shortages(&found);
                if short.is_empty() { self.pay(dialect, found) } else { Ok(refuse(short)) }
            }))
        })
    }

    /// The rows with the place of their key, which the database finds, as it knows what is equal
    /// in its collations.
    fn lock_rows(&self, dialect: Dialect) -> Result<Statement, Fault> {
        let (plan, table) = (&self.plan, &self.plan.table);
        let mut writer = Writer::new(dialect);
        self.lock().write(&mut writer, |writer| {
            writer.put("CASE");
            for (at, key) in self.keys.iter().enumerate() {
                writer.put(" WHEN ");
                let columns = plan.looked_up().iter().zip(key.values());
                writer.separated(" AND ", columns, |writer, (column, value)| {
                    writer.column(table, column).put(" = ");
                    writer.value(value)
                })?;
                writer.put(&format!(" THEN {at}"));
            }
            writer.put(" END AS exactly_at, ");
            locking::key_columns(writer, table)?;
            writer.put(", ");
            locking::aliased(writer, table, &plan.from, "exactly_held")
        })?;
        writer.finish(true)
    }

    fn found(&self, answer: Answer) -> Result<Vec<Found>, Fault> {
        let keys = self.plan.table.key.len();
        let rows = answer.rows.into_iter().map(|mut row| {
            if row.len() != 1 + keys + self.plan.from.len() {
                return Err(bad_row());
            }
            let held = row.split_off(1 + keys);
            let key = RowKey::of(row.split_off(1));
            Ok(Found {
                at: place_of(row.first().ok_or_else(bad_row)?, self.keys.len())?,
                key,
                held,
            })
        });
        rows.collect()
    }

    fn pay(self, dialect: Dialect, mut found: Vec<Found>) -> Result<Next<Paid>, Fault> {
        found.sort_by_key(|row| row.at);
        let update = self.update(dialect, &found)?;
        Ok(Next::ask(update, move |_| {
            let rows: Option<Vec<_>> = found.iter().map(|row| self.left(row)).collect();
            if let Some(left) = rows {
                let rows = found.into_iter().zip(left);
                let rows = rows.map(|(row, left)| self.paid_row(row.at, row.key, left)).collect();
                return Ok(Next::Done(Paid::All { rows }));
            }
            let read = self.read_rows(dialect, &found)?;
            Ok(Next::ask(read, move |answer| self.read_paid(answer, found)))
        }))
    }

    fn update(&self, dialect: Dialect, found: &[Found]) -> Result<Statement, Fault> {
        let (plan, table) = (&self.plan, &self.plan.table);
        let mut writer = Writer::new(dialect);
        locking::update_by_key(&mut writer, table);
        writer.separated(", ", plan.from.iter(), |writer, column| {
            writer.name(column).put(" = ").name(column).put(" - ");
            self.amount(writer, found)
        })?;
        if !plan.also.is_empty() {
            writer.put(", ");
            writer.settings(&plan.also)?;
        }
        writer.put(" WHERE ");
        let keys: Vec<_> = found.iter().map(|row| row.key.clone()).collect();
        writer.key_in(table, &table.key, &keys, true)?;
        writer.finish(false)
    }

    /// What the row is to pay.
    fn amount(&self, writer: &mut Writer, found: &[Found]) -> Result<(), Fault> {
        if self.amounts.iter().all(|amount| *amount == self.amounts[0]) {
            return writer.value(&self.amounts[0].value());
        }
        writer.put("CASE");
        for row in found {
            writer.put(" WHEN ");
            writer.row_is(&self.plan.table, &row.key)?;
            writer.put(" THEN ");
            writer.value(&self.amounts[row.at].value())?;
        }
        writer.put(" END");
        Ok(())
    }

    /// What is left, where that is known without asking: whole numbers, and nothing else is told.
    fn left(&self, row: &Found) -> Option<Record> {
        let amount = self.amounts[row.at];
        let whole = |value: &Value| matches!(value, Value::I64(_) | Value::U64(_));
        let known = self.told() == self.plan.from && whole(&amount.value());
        let values = row.held.iter().filter(|held| known && whole(held));
        let left: Option<Vec<_>> = values
            .map(|held| Some(Value::of_decimal(held.as_decimal()?.minus(amount.number())?)))
            .collect();
        let left = left.filter(|left| left.len() == self.plan.from.len())?;
        Some(Record::of(&self.plan.from, left))
    }

    fn read_rows(&self, dialect: Dialect, found: &[Found]) -> Result<Statement, Fault> {
        let table = &self.plan.table;
        let mut writer = Writer::new(dialect);
        writer.put("SELECT ");
        let columns = Names::from(table.key.iter().chain(self.told().iter()).cloned());
        writer.columns(table, &columns)?;
        writer.put(" FROM ").table(table).put(" WHERE ");
        let keys: Vec<_> = found.iter().map(|row| row.key.clone()).collect();
        writer.key_in(table, &table.key, &keys, true)?;
        // What was locked is read as it is now, not as it was when the transaction began.
        writer.put(if dialect == Dialect::Sqlite { "" } else { " FOR UPDATE" });
        writer.finish(true)
    }

    fn read_paid(&self, answer: Answer, found: Vec<Found>) -> Result<Next<Paid>, Fault> {
        let mut rows = Vec::with_capacity(found.len());
        for row in answer.rows {
            let (key, left) = key_and_rest(row, &self.plan.table.key, &self.told())?;
            let locked = found.iter().find(|row| row.key == key);
            let locked = locked.ok_or_else(|| Fault::unexpected("another row was read"))?;
            rows.push((locked.at, self.paid_row(locked.at, key, left)));
        }
        rows.sort_by_key(|(at, _)| *at);
        let rows = rows.into_iter().map(|(_, row)| row).collect();
        Ok(Next::Done(Paid::All { rows }))
    }

    pub(super) fn rehearse_lock(&self) -> Answer {
        let row = |at: usize| {
            let mut row = vec![Value::from(at as u64)];
            row.extend(self.plan.table.key.iter().map(|_| Value::from(at as u64 + 1)));
            row.extend(self.plan.from.iter().map(|_| self.amounts[at].value()));
            row
        };
        Answer { rows: (0..self.keys.len()).map(row).collect(), ..Answer::default() }
    }

    pub(super) fn rehearse_read(&self) -> Answer {
        let row = |at: usize| {
            let key = self.plan.table.key.iter().map(|_| Value::from(at as u64 + 1));
            key.chain(self.told().iter().map(|_| Value::from(0))).collect()
        };
        Answer { rows: (0..self.keys.len()).map(row).collect(), ..Answer::default() }
    }
}

fn refuse(rows: Vec<super::Shortage>) -> Next<Paid> {
    Next::Done(Paid::Short { rows })
}
