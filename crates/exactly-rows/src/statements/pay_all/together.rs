//! Lock, judge and pay in one statement.

use super::{Due, Found, Paid, bad_row, place_of};
use crate::dialect::Dialect;
use crate::fault::Fault;
use crate::kind::Kind;
use crate::locking::{self, numbered};
use crate::name::Names;
use crate::program::{Answer, Next};
use crate::record::{Record, RowKey};
use crate::value::Value;
use crate::writer::Writer;

const LOOK: &str = "exactly_look";
const KEY: &str = "exactly_key";
const HELD: &str = "exactly_held";
const LEFT: &str = "exactly_left";

impl Due {
    pub(super) fn together(self) -> Result<Next<Paid>, Fault> {
        let mut writer = Writer::new(Dialect::Postgres);
        self.due(&mut writer)?;
        self.paid(&mut writer)?;
        self.tell(&mut writer);
        let statement = writer.finish(true)?;
        Ok(Next::ask(statement, move |answer| Ok(Next::Done(self.read(answer)?))))
    }

    fn look(&self) -> &Names {
        self.plan.looked_up()
    }

    /// The rows that are to pay and what, locked in the order of the table, and only then judged.
    fn due(&self, writer: &mut Writer) -> Result<(), Fault> {
        let (plan, table) = (&self.plan, &self.plan.table);
        writer.put("WITH exactly_due AS MATERIALIZED (SELECT ");
        locking::key_columns(writer, table)?;
        writer.put(", ");
        locking::aliased(writer, table, &plan.from, HELD)?;
        writer.put(", exactly_amount, exactly_at FROM ");
        self.want(writer)?;
        writer.put(" JOIN ").table(table).put(" ON ");
        writer.separated(" AND ", self.look().iter().enumerate(), |writer, (at, column)| {
            writer.column(table, column).put(" = ").put(&numbered(LOOK, at));
            Ok(())
        })?;
        writer.put(" WHERE TRUE");
        writer.and_scope(table, &plan.scope)?;
        writer.put(" ORDER BY ");
        writer.columns(table, table.lock_order())?;
        // Nothing that refers to the row has to wait, as the key does not change.
        writer.put(" FOR NO KEY UPDATE OF ").name(&table.name).put(")");
        Ok(())
    }

    /// What is wanted, as a table: which key, how much, and its place among the keys.
    fn want(&self, writer: &mut Writer) -> Result<(), Fault> {
        writer.put("unnest(");
        for (at, column) in self.look().iter().enumerate() {
            let values = || self.keys.iter().map(move |key| &key.values()[at]);
            writer.array(&Kind::of_all(column.as_str(), values())?, values())?;
            writer.put(", ");
        }
        let amounts = self.amount_values();
        writer.array(&Kind::of_all("the amounts", &amounts)?, &amounts)?;
        writer.put(") WITH ORDINALITY AS exactly_want (");
        for at in 0..self.look().len() {
            writer.put(&numbered(LOOK, at)).put(", ");
        }
        writer.put("exactly_amount, exactly_at)");
        Ok(())
    }

    /// The payment, of all or none: the condition on all due rows comes before the first write.
    fn paid(&self, writer: &mut Writer) -> Result<(), Fault> {
        let (plan, table) = (&self.plan, &self.plan.table);
        writer.put(", exactly_paid AS (UPDATE ").table(table).put(" SET ");
        writer.separated(", ", plan.from.iter(), |writer, column| {
            writer.name(column).put(" = ").column(table, column);
            writer.put(" - exactly_amount");
            Ok(())
        })?;
        if !plan.also.is_empty() {
            writer.put(", ");
            writer.settings(&plan.also)?;
        }
        writer.put(" FROM exactly_due WHERE ");
        locking::same_row(writer, table, "exactly_due")?;
        writer.put(" AND (SELECT count(*) = ");
        let rows = Value::from(self.keys.len() as u64);
        writer.value(&rows)?;
        writer.put(" AND count(DISTINCT exactly_at) = ");
        writer.value(&rows)?;
        for at in 0..plan.from.len() {
            let held = numbered(HELD, at);
            // NULL is passed over by `bool_and`, and must not be.
            writer.put(&format!(" AND bool_and(COALESCE({held} >= exactly_amount, FALSE))"));
        }
        writer.put(" FROM exactly_due) RETURNING exactly_at, ");
        locking::aliased(writer, table, &self.told(), LEFT)?;
        writer.put(")");
        Ok(())
    }

    /// Each row that was found: the place of its key, itself, what it held, whether it paid, and
    /// what is left.
    fn tell(&self, writer: &mut Writer) {
        writer.put(" SELECT exactly_due.exactly_at - 1, ");
        locking::aliases(writer, "exactly_due", &self.plan.table.key, KEY);
        writer.put(", ");
        locking::aliases(writer, "exactly_due", &self.plan.from, HELD);
        writer.put(", exactly_paid.exactly_at IS NOT NULL, ");
        locking::aliases(writer, "exactly_paid", &self.told(), LEFT);
        writer.put(" FROM exactly_due LEFT JOIN exactly_paid USING (exactly_at)");
    }

    fn read(&self, answer: Answer) -> Result<Paid, Fault> {
        let mut found = Vec::new();
        let mut paid = Vec::new();
        for mut row in answer.rows {
            let keys = self.plan.table.key.len();
            let held = self.plan.from.len();
            if row.len() != 2 + keys + held + self.told().len() {
                return Err(bad_row());
            }
            let left = row.split_off(2 + keys + held);
            let has_paid = row.pop() == Some(Value::Bool(true));
            let held = row.split_off(1 + keys);
            let key = RowKey::of(row.split_off(1));
            let at = place_of(row.first().ok_or_else(bad_row)?, self.keys.len())?;
            if has_paid {
                paid.push((at, self.paid_row(at, key, Record::of(&self.told(), left))));
            } else {
                found.push(Found { at, key, held });
            }
        }
        paid.sort_unstable_by_key(|(at, _)| *at);
        let paid: Vec<_> = paid.into_iter().map(|(_, row)| row).collect();
        let short = self.shortages(&found);
        match (paid.len(), short.is_empty()) {
            (all, _) if all == self.keys.len() => Ok(Paid::All { rows: paid }),
            (0, false) => Ok(Paid::Short { rows: short }),
            (some, _) => Err(Fault::unexpected(format!("{some} rows have paid"))),
        }
    }

    pub(super) fn rehearse_together(&self) -> Answer {
        let row = |at: usize| {
            let mut row = vec![Value::from(at as u64)];
            row.extend(self.plan.table.key.iter().map(|_| Value::from(1)));
            row.extend(self.plan.from.iter().map(|_| Value::from(1)));
            row.push(Value::Bool(true));
            row.extend(self.told().iter().map(|_| Value::from(1)));
            row
        };
        Answer { rows: (0..self.keys.len()).map(row).collect(), ..Answer::default() }
    }
}
