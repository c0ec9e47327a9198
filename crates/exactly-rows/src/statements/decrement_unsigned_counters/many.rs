//! Many callers who take as much from one column of one row, as one statement.
//!
//! A row that a thousand callers decrement is locked a thousand times, and each waits until the one
//! before is safely on disk. Together they wait once: as many as the row has enough for are told
//! what is left behind each of them, and the rest that it is too little.

use super::{DecrementUnsignedCounters, Decremented, Shortfall};
use crate::amount::Amount;
use crate::decimal::Decimal;
use crate::dialect::Dialect;
use crate::fault::Fault;
use crate::locking::{self, Lock, begin_writing};
use crate::name::{Name, Names};
use crate::program::{Answer, Next, Statement, TOGETHER_MAX};
use crate::record::{Record, RowKey};
use crate::setting::{Setting, To};
use crate::table::Table;
use crate::value::Value;
use crate::writer::Writer;

/// Amounts beyond are taken one by one, so that all of them together are a number of 64 bits.
const AMOUNT_MAX: i128 = 1 << 40;
/// What is multiplied with what is left, so that the number of callers rides below it.
const TIMES_SPAN: u32 = TOGETHER_MAX * 2;
/// What rides instead of a number that is too large, or has a fraction: both are 62 bits.
const NOT_TOLD: u64 = (1 << 48) - 1;

/// The plan of each of them, and how many they are.
struct Many {
    plan: DecrementUnsignedCounters,
    column: Name,
    amount: Amount,
    times: u32,
}

impl DecrementUnsignedCounters {
    /// What it has in common with those that can go together with it; none if it goes alone: what
    /// is taken from several columns, and what sets more than a value once for all.
    pub(super) fn common(&self) -> Option<String> {
        let [(_, amount)] = self.amounts.as_slice() else { return None };
        let is_small = amount.number().as_whole().is_some_and(|whole| whole <= AMOUNT_MAX);
        let once = |setting: &Setting| matches!(setting.to, To::Value(_) | To::Now);
        (is_small && self.also.iter().all(once)).then(|| format!("{self:?}"))
    }

    /// As many of it, in turn.
    pub(super) fn many_times(
        &self,
        times: u32,
        dialect: Dialect,
    ) -> Result<Next<Vec<Decremented>>, Fault> {
        // In order, as one of it is.
        self.guarded()?.check_key()?;
        let (column, amount) = match (self.common(), self.amounts.as_slice()) {
            (Some(_), [(column, amount)]) if times <= TOGETHER_MAX => (column.clone(), *amount),
            (Some(_) | None, _) => return Err(Fault::unexpected("these cannot go together")),
        };
        let many = Many { plan: self.clone(), column, amount, times };
        match dialect {
            Dialect::Postgres => many.together(),
            Dialect::MySql | Dialect::MariaDb => many.riding(dialect),
            Dialect::Sqlite => many.apart(dialect),
        }
    }
}

impl Many {
    fn table(&self) -> &Table {
        &self.plan.table
    }

    fn row(&self, writer: &mut Writer) -> Result<(), Fault> {
        writer.row_is(self.table(), &self.plan.key)?;
        writer.and_scope(self.table(), &self.plan.scope)
    }

    /// `, column = …` for what else is set.
    fn also(&self, writer: &mut Writer) -> Result<(), Fault> {
        if self.plan.also.is_empty() {
            return Ok(());
        }
        writer.put(", ");
        writer.settings(&self.plan.also)
    }

    // ===== together =====

    fn together(self) -> Result<Next<Vec<Decremented>>, Fault> {
        let (table, column) = (self.table(), &self.column);
        let mut writer = Writer::new(Dialect::Postgres);
        writer.put("WITH exactly_found AS MATERIALIZED (SELECT ");
        locking::key_columns(&mut writer, table)?;
        writer.put(", ").column(table, column).put(" AS exactly_held, LEAST(");
        writer.value(&u64::from(self.times).into())?;
        // Of no number and zero, PostgreSQL takes zero for the greater.
        writer.put(", GREATEST(FLOOR(").column(table, column).put(" / ");
        self.amount_as_numeric(&mut writer)?;
        writer.put("), 0))::bigint AS exactly_times FROM ").table(table).put(" WHERE ");
        self.row(&mut writer)?;
        writer.put(" FOR NO KEY UPDATE), exactly_changed AS (UPDATE ").table(table).put(" SET ");
        writer.name(column).put(" = ").column(table, column).put(" - exactly_times * ");
        writer.value(&self.amount.value())?;
        self.also(&mut writer)?;
        writer.put(" FROM exactly_found WHERE exactly_times > 0 AND ");
        locking::same_row(&mut writer, table, "exactly_found")?;
        writer.put(" RETURNING ").column(table, column).put(" AS exactly_left)");
        writer.put(" SELECT exactly_times, COALESCE(exactly_left, exactly_held)");
        writer.put(" FROM exactly_found LEFT JOIN exactly_changed ON TRUE");
        Ok(Next::ask(writer.finish(true)?, move |mut answer| {
            let Some(row) = answer.rows.pop() else { return Ok(Next::Done(self.missing())) };
            let [times, left] = <[Value; 2]>::try_from(row)
                .map_err(|_| Fault::unexpected("two columns were asked for"))?;
            let times = u32::try_from(u64::try_from(times)?)
                .map_err(|_| Fault::unexpected("more were done than were asked for"))?;
            Ok(Next::Done(self.told(times, Some(left))))
        }))
    }

    /// The amount, so that dividing by it loses nothing: as whole numbers they divide otherwise.
    fn amount_as_numeric(&self, writer: &mut Writer) -> Result<(), Fault> {
        writer.value(&self.amount.value())?;
        writer.put("::numeric");
        Ok(())
    }

    // ===== riding =====

    /// MySQL and MariaDB tell one number with an update: how many it was enough for, and what is
    /// left. A row with too little for one is read under its lock.
    fn riding(self, dialect: Dialect) -> Result<Next<Vec<Decremented>>, Fault> {
        let mut writer = Writer::new(dialect);
        let column = &self.column;
        writer.put("UPDATE ").table(self.table()).put(" SET ").name(column).put(" = ");
        self.less(&mut writer)?;
        writer.put(" + 0 * LAST_INSERT_ID(");
        self.enough_for(&mut writer)?;
        writer.put(&format!(" + {TIMES_SPAN} * (CASE WHEN ")).name(column).put(" = FLOOR(");
        writer.name(column).put(") AND ").name(column).put(&format!(" < {NOT_TOLD} THEN "));
        self.less(&mut writer)?;
        writer.put(&format!(" ELSE {NOT_TOLD} END))"));
        self.also(&mut writer)?;
        writer.put(" WHERE ");
        self.row(&mut writer)?;
        writer.put(" AND COALESCE(").column(self.table(), column).put(" >= ");
        writer.value(&self.amount.value())?;
        writer.put(", 0)");
        Ok(Next::ask(writer.finish(false)?, move |answer| {
            if answer.affected == 0 {
                return self.apart(dialect);
            }
            let left = answer.last_id / u64::from(TIMES_SPAN);
            let left = (left != NOT_TOLD).then(|| Value::from(left));
            let times = u32::try_from(answer.last_id % u64::from(TIMES_SPAN));
            let times = times.map_err(|_| Fault::unexpected("a number that rode along"))?;
            // Who is short is told what is there, and that has not ridden along.
            if left.is_none() && times < self.times {
                return self.read_what_is_left(dialect, times);
            }
            Ok(Next::Done(self.told(times, left)))
        }))
    }

    /// For how many of them the row has enough.
    fn enough_for(&self, writer: &mut Writer) -> Result<(), Fault> {
        writer.put("LEAST(");
        writer.value(&u64::from(self.times).into())?;
        writer.put(", ").name(&self.column).put(" DIV ");
        writer.value(&self.amount.value())?;
        writer.put(")");
        Ok(())
    }

    /// What is left behind them.
    fn less(&self, writer: &mut Writer) -> Result<(), Fault> {
        writer.name(&self.column).put(" - ");
        writer.value(&self.amount.value())?;
        writer.put(" * ");
        self.enough_for(writer)
    }

    fn read_what_is_left(
        self,
        dialect: Dialect,
        times: u32,
    ) -> Result<Next<Vec<Decremented>>, Fault> {
        let statement = self.select(dialect)?;
        Ok(Next::ask(statement, move |mut answer| {
            let left = answer.rows.pop().and_then(|mut row| row.pop());
            Ok(Next::Done(self.told(times, left)))
        }))
    }

    // ===== apart =====

    /// Locked, judged here, and written.
    fn apart(self, dialect: Dialect) -> Result<Next<Vec<Decremented>>, Fault> {
        let table = self.table().clone();
        begin_writing(&table, dialect, false, move || {
            let statement = self.select(dialect)?;
            Ok(Next::ask(statement, move |mut answer| {
                let Some(held) = answer.rows.pop().and_then(|mut row| row.pop()) else {
                    return Ok(Next::Done(self.missing()));
                };
                let times = self.affordable(&held);
                if times == 0 {
                    return Ok(Next::Done(self.told(0, Some(held))));
                }
                let taken = self.amount.number().times(times);
                let taken = taken.ok_or_else(|| Fault::unexpected("amounts without end"))?;
                let minus =
                    Setting { column: self.column.clone(), to: To::Minus(Amount::from(taken)) };
                let settings: Vec<_> =
                    std::iter::once(minus).chain(self.plan.also.iter().cloned()).collect();
                let keys = [self.plan.key.clone()];
                let update = locking::update_named(self.table(), dialect, &settings, &keys)?;
                let left = self.after(&held, -i128::from(times));
                Ok(Next::ask(update, move |_| Ok(Next::Done(self.told(times, left)))))
            }))
        })
    }

    fn select(&self, dialect: Dialect) -> Result<Statement, Fault> {
        let mut writer = Writer::new(dialect);
        let names = Names::from([self.column.clone()]);
        let (columns, keys) = (&self.table().key, [self.plan.key.clone()]);
        let keys: Option<(&Names, &[RowKey])> = Some((columns, &keys));
        let lock = Lock { keys, ..Lock::of(self.table(), &self.plan.scope) };
        lock.write(&mut writer, |writer| writer.columns(self.table(), &names))?;
        writer.finish(true)
    }

    /// For how many of them this is enough.
    fn affordable(&self, held: &Value) -> u32 {
        let is_enough = |times: u32| {
            let all = self.amount.number().times(times).map(Amount::from);
            all.and_then(|all| all.is_in(held)) == Some(true)
        };
        let (mut enough, mut too_many) = (0, self.times + 1);
        while enough + 1 < too_many {
            let middle = enough.midpoint(too_many);
            match is_enough(middle) {
                true => enough = middle,
                false => too_many = middle,
            }
        }
        enough
    }

    // ===== outcome =====

    fn missing(&self) -> Vec<Decremented> {
        vec![Decremented::Missing; self.times as usize]
    }

    /// What each is told, in turn, when it was enough for so many of them and that is left.
    fn told(&self, times: u32, left: Option<Value>) -> Vec<Decremented> {
        let column = || Names::from([self.column.clone()]);
        let behind = |one: u32| {
            let left = left.as_ref()?;
            let value = self.after(left, i128::from(times - 1 - one))?;
            Some(Record::of(&column(), [value]))
        };
        let done = (0..times).map(|one| Decremented::Done { left: behind(one) });
        let held = left.clone().unwrap_or(Value::Null);
        let lacking = self.amount.beyond(&held);
        let short = Shortfall { column: self.column.clone(), held, lacking };
        let short = Decremented::Short { columns: vec![short] };
        let refused = std::iter::repeat_n(short, (self.times - times) as usize);
        done.chain(refused).collect()
    }

    /// That number and so many amounts more.
    fn after(&self, number: &Value, times: i128) -> Option<Value> {
        let amount = self.amount.number().as_whole()?.checked_mul(times)?;
        if let Value::F64(number) = number {
            return Some(Value::F64(number + Decimal::whole(amount).as_f64()));
        }
        number.as_decimal()?.plus(Decimal::whole(amount)).map(Value::of_decimal)
    }
}

/// Answers as the dialect would of a row that has enough for all.
pub(super) fn rehearse(dialect: Dialect, times: u32) -> Answer {
    let row = match dialect {
        Dialect::Postgres => vec![Value::from(u64::from(times)), Value::from(1)],
        Dialect::MySql | Dialect::MariaDb | Dialect::Sqlite => vec![Value::from(1_i64 << 50)],
    };
    Answer { rows: vec![row], affected: 1, last_id: u64::from(times) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fragment::Fragment;
    use crate::setting::{now, set_to};

    fn plan(amount: i64) -> DecrementUnsignedCounters {
        DecrementUnsignedCounters::of(&Table::new("stocks"), 7).by([("units", amount)])
    }

    fn many(amount: i64, times: u32) -> Many {
        let amount = Amount::from(amount);
        Many { plan: plan(1), column: Name::from("units"), amount, times }
    }

    #[test]
    fn equal_ones_go_together_and_others_do_not() {
        assert_eq!(plan(1).common(), plan(1).common());
        assert!(plan(1).common().is_some() && plan(1).also(now("at")).common().is_some());
        assert_ne!(plan(1).common(), plan(2).common());
        assert_eq!(plan(1).by([("tons", 1)]).common(), None);
        assert_eq!(plan(i64::MAX).common(), None);
        let each = Fragment::new("tries + 1", [0_i64; 0]);
        assert_eq!(plan(1).also(set_to("tries", each)).common(), None);
    }

    #[test]
    fn each_is_told_in_turn() {
        let told = many(3, 4).told(2, Some(Value::I64(1)));
        let left = |told: &Decremented| {
            let Decremented::Done { left: Some(left) } = told else { return None };
            left.value("units").cloned()
        };
        assert_eq!(left(&told[0]), Some(Value::I64(4)));
        assert_eq!(left(&told[1]), Some(Value::I64(1)));
        let short = Shortfall {
            column: Name::from("units"),
            held: Value::I64(1),
            lacking: Some(Value::I64(2)),
        };
        let short = Decremented::Short { columns: vec![short] };
        assert_eq!(told[2..], [short.clone(), short]);
    }

    #[test]
    fn as_many_as_it_is_enough_for() {
        for (held, enough) in [
            (Value::I64(-1), 0),
            (Value::I64(2), 0),
            (Value::I64(3), 1),
            (Value::I64(11), 3),
            (Value::I64(12), 4),
            (Value::I64(i64::MAX), 4),
            (Value::F64(6.5), 2),
            (Value::Null, 0),
        ] {
            assert_eq!(many(3, 4).affordable(&held), enough, "{held:?}");
        }
    }
}
