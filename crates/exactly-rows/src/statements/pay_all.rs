//! Amounts are taken from all rows, or from none.

mod apart;
mod together;

use crate::amount::Amount;
use crate::dialect::Dialect;
use crate::fault::Fault;
use crate::kind::Kind;
use crate::locking::{self, Lock};
use crate::name::{Name, Names};
use crate::program::{Answer, Next, Plan};
use crate::record::{Record, RowKey};
use crate::scope::{Scope, all};
use crate::setting::Setting;
use crate::table::Table;
use crate::value::Value;

/// How many rows one call pays from.
pub const KEYS_MAX: usize = 5_000;

// ===== plan =====

/// Takes an amount from each of several rows, from all of them or from none.
///
/// *Four swords and three potions for the crafting*: with one potion too few nothing is taken, and
/// the answer tells that it is the potions, and how many are there. The rows are locked before they
/// are judged, so that a rival who pays at the same time is waited for and then seen.
///
/// ```
/// use exactly_rows::{Dialect, PayAll, Table, column, render};
///
/// let items = Table::new("user_items").order(["user_id", "item_id"]);
/// let pay = PayAll::of(&items)
///     .scope(column("user_id").eq(1))
///     .by(["item_id"])
///     .take([(7, 4), (9, 3)])
///     .from(["quantity"]);
/// assert_eq!(render(&pay, Dialect::Postgres)?.round_trips(), 1);
/// # Ok::<(), exactly_rows::Fault>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct PayAll {
    table: Table,
    scope: Scope,
    by: Option<Names>,
    amounts: Vec<(RowKey, Amount)>,
    from: Names,
    also: Vec<Setting>,
    returning: Names,
}

impl PayAll {
    /// From rows of that table.
    pub fn of(table: &Table) -> Self {
        Self {
            table: table.clone(),
            scope: all(),
            by: None,
            amounts: Vec::new(),
            from: Names::default(),
            also: Vec::new(),
            returning: Names::default(),
        }
    }

    /// From rows that fulfil this too.
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = self.scope.and(scope);
        self
    }

    /// The keys given are those of these columns, which are unique within the scope. Without this
    /// they are primary keys.
    pub fn by(mut self, columns: impl Into<Names>) -> Self {
        self.by = Some(columns.into());
        self
    }

    /// Takes each amount from the row of that key. Amounts of one key are added up.
    pub fn take<K: Into<RowKey>, A: Into<Amount>>(
        mut self,
        amounts: impl IntoIterator<Item = (K, A)>,
    ) -> Self {
        let amounts = amounts.into_iter().map(|(key, amount)| (key.into(), amount.into()));
        self.amounts.extend(amounts);
        self
    }

    /// From this column, or from each of these columns.
    pub fn from(mut self, columns: impl Into<Names>) -> Self {
        self.from = columns.into();
        self
    }

    /// Sets another column of each row that pays, such as the time of its last change.
    pub fn also(mut self, setting: Setting) -> Self {
        self.also.push(setting);
        self
    }

    /// Tells these columns too, as they are afterwards.
    pub fn returning(mut self, columns: impl Into<Names>) -> Self {
        self.returning = columns.into();
        self
    }
}

// ===== outcome =====

/// Of [`PayAll`].
#[derive(Debug, Clone, PartialEq)]
pub enum Paid {
    /// Every row has paid.
    All {
        /// What each has left, in the order of the keys.
        rows: Vec<PaidRow>,
    },
    /// No row has paid, because of these.
    Short {
        /// Who was short, in the order of the keys.
        rows: Vec<Shortage>,
    },
    /// Nobody was to pay: there was nothing to do, and nothing was sent.
    Nothing,
}

impl Paid {
    /// Whether all has been paid. Nothing is paid, too, if nothing was due.
    pub fn is_all(&self) -> bool {
        match self {
            Self::All { .. } | Self::Nothing => true,
            Self::Short { .. } => false,
        }
    }
}

/// A row that has paid.
#[derive(Debug, Clone, PartialEq)]
pub struct PaidRow {
    /// The key that was given.
    pub by: RowKey,
    /// Its primary key.
    pub key: RowKey,
    /// What the paying columns hold now, and the columns that were asked for.
    pub left: Record,
}

/// A row that could not pay.
#[derive(Debug, Clone, PartialEq)]
pub struct Shortage {
    /// The key that was given.
    pub by: RowKey,
    /// What it was to pay.
    pub amount: Amount,
    /// Why it could not.
    pub why: Why,
}

/// Why a row could not pay.
#[derive(Debug, Clone, PartialEq)]
pub enum Why {
    /// No row of the scope has that key.
    Missing,
    /// Several rows of the scope have that key, so that it names none.
    Ambiguous {
        /// How many.
        rows: u64,
    },
    /// A column holds too little.
    Short {
        /// The column; of several, the first.
        column: Name,
        /// What it holds.
        held: Value,
        /// By how much that is too little; none, if it holds no number.
        lacking: Option<Value>,
    },
}

// ===== check =====

/// A plan that is in order: each key once, in a fixed order.
struct Due {
    plan: PayAll,
    keys: Vec<RowKey>,
    amounts: Vec<Amount>,
}

impl PayAll {
    fn check(&self) -> Result<Due, Fault> {
        self.table.check()?;
        self.looked_up().check("the keys")?;
        self.from.check("what pays")?;
        self.returning.check_each("what is returned")?;
        let paid = self.from.iter().chain(self.also.iter().map(|setting| &setting.column));
        Names::from(paid.cloned()).check("what is set")?;
        locking::key_stays(&self.table, &self.also)?;
        if let Some(column) = self.from.iter().find(|column| self.is_key(column)) {
            return Err(Fault::input(format!("`{column}` is a key, and cannot pay")));
        }
        let (keys, amounts) = self.merged()?;
        if keys.len() > KEYS_MAX {
            let found = keys.len();
            return Err(Fault::input(format!("{found} rows are to pay, at most {KEYS_MAX}")));
        }
        for (at, column) in self.looked_up().iter().enumerate() {
            Kind::of_all(column.as_str(), keys.iter().map(|key| &key.values()[at]))?;
        }
        Ok(Due { plan: self.clone(), keys, amounts })
    }

    /// The columns whose keys are given.
    fn looked_up(&self) -> &Names {
        self.by.as_ref().unwrap_or(&self.table.key)
    }

    fn is_key(&self, column: &Name) -> bool {
        self.table.key.position(column).is_some() || self.looked_up().position(column).is_some()
    }

    /// Each key once, with all that it is to pay.
    fn merged(&self) -> Result<(Vec<RowKey>, Vec<Amount>), Fault> {
        let mut sorted: Vec<_> = self.amounts.iter().collect();
        for (key, amount) in &sorted {
            key.check(self.looked_up())?;
            amount.check(&format!("row {key}"))?;
        }
        sorted.sort_by(|(one, _), (two, _)| one.order(two));
        let (mut keys, mut amounts): (Vec<RowKey>, Vec<Amount>) = (Vec::new(), Vec::new());
        for (key, amount) in sorted {
            match (keys.last(), amounts.last_mut()) {
                (Some(last), Some(sum)) if last.order(key).is_eq() => {
                    *sum = sum.plus(*amount, &format!("row {key}"))?;
                }
                _ => {
                    keys.push(key.clone());
                    amounts.push(*amount);
                }
            }
        }
        Ok((keys, amounts))
    }
}

impl Plan for PayAll {
    type Outcome = Paid;

    fn program(&self, dialect: Dialect) -> Result<Next<Paid>, Fault> {
        let due = self.check()?;
        if due.keys.is_empty() {
            return Ok(Next::Done(Paid::Nothing));
        }
        match dialect {
            Dialect::Postgres => due.together(),
            Dialect::MySql | Dialect::MariaDb | Dialect::Sqlite => due.apart(dialect),
        }
    }

    fn rehearse(&self, dialect: Dialect, at: usize) -> Answer {
        let locks = if dialect == Dialect::Sqlite { 1 } else { 0 };
        match self.check() {
            Ok(due) if dialect == Dialect::Postgres => due.rehearse_together(),
            Ok(due) if at == locks => due.rehearse_lock(),
            Ok(due) => due.rehearse_read(),
            Err(_) => Answer::default(),
        }
    }
}

impl Due {
    fn lock(&self) -> Lock<'_> {
        let plan = &self.plan;
        let keys = Some((plan.looked_up(), self.keys.as_slice()));
        Lock { keys, ..Lock::of(&plan.table, &plan.scope) }
    }

    fn amount_values(&self) -> Vec<Value> {
        self.amounts.iter().map(|amount| amount.value()).collect()
    }

    /// Who is short, of rows that are locked.
    fn shortages(&self, found: &[Found]) -> Vec<Shortage> {
        let each = self.keys.iter().zip(&self.amounts).enumerate();
        let short = each.filter_map(|(at, (key, amount))| {
            let mut rows = found.iter().filter(|row| row.at == at);
            let why = match (rows.next(), rows.count()) {
                (None, _) => Some(Why::Missing),
                (Some(row), 0) => self.lack(*amount, row),
                (Some(_), others) => Some(Why::Ambiguous { rows: others as u64 + 1 }),
            };
            Some(Shortage { by: key.clone(), amount: *amount, why: why? })
        });
        short.collect()
    }

    fn lack(&self, amount: Amount, row: &Found) -> Option<Why> {
        let columns = self.plan.from.iter().zip(&row.held);
        let (column, held) =
            columns.into_iter().find(|(_, held)| amount.is_in(held) != Some(true))?;
        let lacking = amount.beyond(held);
        Some(Why::Short { column: column.clone(), held: held.clone(), lacking })
    }

    /// The columns that are told of a row that has paid.
    fn told(&self) -> Names {
        let plan = &self.plan;
        let more = plan.returning.iter().filter(|column| plan.from.position(column).is_none());
        Names::from(plan.from.iter().chain(more).cloned())
    }

    fn paid_row(&self, at: usize, key: RowKey, left: Record) -> PaidRow {
        PaidRow { by: self.keys[at].clone(), key, left }
    }
}

/// A locked row.
struct Found {
    /// Which of the keys given it has.
    at: usize,
    key: RowKey,
    /// What the paying columns hold.
    held: Vec<Value>,
}

fn place_of(value: &Value, keys: usize) -> Result<usize, Fault> {
    let place = usize::try_from(u64::try_from(value.clone())?).ok().filter(|at| *at < keys);
    place.ok_or_else(|| Fault::unexpected("a row has the place of no key"))
}

fn bad_row() -> Fault {
    Fault::unexpected("a row has too few columns")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setting::now;

    fn pay<K: Into<RowKey>, A: Into<Amount>>(amounts: Vec<(K, A)>) -> PayAll {
        PayAll::of(&Table::new("items")).take(amounts).from(["quantity"])
    }

    #[test]
    fn nothing_due_is_nothing_sent() {
        for dialect in Dialect::ALL {
            let next = pay(Vec::<(i64, u64)>::new()).program(dialect).unwrap();
            assert!(matches!(next, Next::Done(Paid::Nothing)), "{next:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_before_anything_is_sent() {
        let due = || pay(vec![(7, 1)]);
        for (plan, why) in [
            (pay(vec![(7, 0)]), "the amount 0 of row 7 is not above zero"),
            (pay(vec![(7, -4)]), "the amount -4 of row 7 is not above zero"),
            (pay(vec![(7, i128::MAX), (7, i128::MAX)]), "too large together"),
            (due().from([""; 0]), "no column is named as what pays"),
            (due().from(["a", "a"]), "`a` is named twice"),
            (due().from(["id"]), "`id` is a key, and cannot pay"),
            (due().also(now("quantity")), "`quantity` is named twice"),
            (due().by(["user_id", "item_id"]), "the key 7 has 1 values, and its columns are 2"),
            (pay(vec![(7, 1)]).take([("a", 1)]), "`id` has values of two kinds"),
            (pay(vec![(None::<i64>, 1)]), "has no value"),
        ] {
            for dialect in Dialect::ALL {
                let fault = plan.program(dialect).unwrap_err();
                assert!(fault.is_misuse() && fault.to_string().contains(why), "{fault}");
            }
        }
    }

    #[test]
    fn amounts_of_one_key_are_added_up() {
        let due = pay(vec![(9, 1), (7, 4), (9, 2)]).check().unwrap();
        assert_eq!(due.keys, [RowKey::from(7), RowKey::from(9)]);
        assert_eq!(due.amounts, [Amount::from(4), Amount::from(3)]);
    }

    #[test]
    fn who_is_short_is_told_with_what_is_there() {
        let due = pay(vec![(1, 5), (2, 5), (3, 5), (4, 5)]).check().unwrap();
        let found = |at, held: Value| Found { at, key: RowKey::from(at as u64), held: vec![held] };
        let rows =
            [found(0, 5.into()), found(1, 3.into()), found(2, Value::Null), found(2, 9.into())];
        let told: Vec<_> = due.shortages(&rows).into_iter().map(|row| (row.by, row.why)).collect();
        let lacking = Some(Value::I64(2));
        let short = Why::Short { column: "quantity".into(), held: 3.into(), lacking };
        assert_eq!(
            told,
            [
                (RowKey::from(2), short),
                (RowKey::from(3), Why::Ambiguous { rows: 2 }),
                (RowKey::from(4), Why::Missing)
            ]
        );
    }
}
