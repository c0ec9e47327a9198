//! Numbers of one row go down, never below zero.

mod many;

use crate::amount::Amount;
use crate::dialect::Dialect;
use crate::fault::Fault;
use crate::guarded::{Guard, Guarded, Seen};
use crate::locking;
use crate::name::{Name, Names};
use crate::program::{Answer, Next, Plan};
use crate::record::{Record, RowKey};
use crate::scope::{Scope, all};
use crate::setting::{self, Setting, To};
use crate::statements::mapped;
use crate::table::Table;
use crate::value::Value;

// ===== plan =====

/// Takes amounts from numbers of one row, from all of them or from none.
///
/// *Ten of gold and one action point*: if one of them is too small nothing is taken, and the answer
/// tells which.
///
/// ```
/// use exactly_rows::{DecrementUnsignedCounters, Dialect, Table, render};
///
/// let stock = DecrementUnsignedCounters::of(&Table::new("stocks"), 7).by([("units", 1)]);
/// for dialect in Dialect::ALL {
///     assert_eq!(render(&stock, dialect)?.round_trips(), 1);
/// }
/// # Ok::<(), exactly_rows::Fault>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct DecrementUnsignedCounters {
    table: Table,
    key: RowKey,
    scope: Scope,
    amounts: Vec<(Name, Amount)>,
    also: Vec<Setting>,
    briefly: bool,
}

impl DecrementUnsignedCounters {
    /// Of the row with that primary key.
    pub fn of(table: &Table, key: impl Into<RowKey>) -> Self {
        Self {
            table: table.clone(),
            key: key.into(),
            scope: all(),
            amounts: Vec::new(),
            also: Vec::new(),
            briefly: false,
        }
    }

    /// If the row fulfils this too. One that does not is missing.
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = self.scope.and(scope);
        self
    }

    /// Each column by its amount.
    pub fn by<N: Into<Name>, A: Into<Amount>>(
        mut self,
        amounts: impl IntoIterator<Item = (N, A)>,
    ) -> Self {
        let amounts = amounts.into_iter().map(|(column, amount)| (column.into(), amount.into()));
        self.amounts.extend(amounts);
        self
    }

    /// Sets another column with it, such as the time of the last change.
    pub fn also(mut self, setting: Setting) -> Self {
        self.also.push(setting);
        self
    }

    /// Asks for no more than whether it was done: one statement on every engine, whatever becomes
    /// of it. What is left, and why not, is then told by engines that tell it with the answer.
    pub fn briefly(mut self) -> Self {
        self.briefly = true;
        self
    }
}

// ===== outcome =====

/// Of [`DecrementUnsignedCounters`].
#[derive(Debug, Clone, PartialEq)]
pub enum Decremented {
    /// All amounts were taken.
    Done {
        /// What is left. Not told if it was asked
        /// [briefly](DecrementUnsignedCounters::briefly), or by MySQL and MariaDB of a number with
        /// a fraction.
        left: Option<Record>,
    },
    /// Nothing was taken, because of these columns.
    Short {
        /// Which, in the order given.
        columns: Vec<Shortfall>,
    },
    /// Nothing was taken, and why was not asked.
    Refused,
    /// No such row.
    Missing,
    /// No amount was given: there was nothing to do, and nothing was sent.
    Nothing,
}

impl Decremented {
    /// Whether all amounts were taken.
    pub fn is_done(&self) -> bool {
        match self {
            Self::Done { .. } | Self::Nothing => true,
            Self::Short { .. } | Self::Refused | Self::Missing => false,
        }
    }
}

/// A column that holds too little.
#[derive(Debug, Clone, PartialEq)]
pub struct Shortfall {
    /// The column.
    pub column: Name,
    /// What it holds.
    pub held: Value,
    /// By how much that is too little; none, if it holds no number.
    pub lacking: Option<Value>,
}

// ===== check =====

impl DecrementUnsignedCounters {
    fn guarded(&self) -> Result<Guarded, Fault> {
        self.table.check()?;
        for (column, amount) in &self.amounts {
            amount.check(&format!("`{column}`"))?;
        }
        let minus = self
            .amounts
            .iter()
            .map(|(column, amount)| Setting { column: column.clone(), to: To::Minus(*amount) });
        let settings: Vec<_> = minus.chain(self.also.iter().cloned()).collect();
        setting::check(&settings)?;
        locking::key_stays(&self.table, &settings)?;
        let guards = self.amounts.iter();
        let guards = guards.map(|(column, amount)| (column.clone(), Guard::AtLeast(*amount)));
        Ok(Guarded {
            table: self.table.clone(),
            key: self.key.clone(),
            scope: self.scope.clone(),
            guards: guards.collect(),
            settings,
            returning: Names::from(self.amounts.iter().map(|(column, _)| column.clone())),
            briefly: self.briefly,
        })
    }

    fn outcome(&self, seen: Seen) -> Decremented {
        match seen {
            Seen::Changed(left) => Decremented::Done { left },
            Seen::Refused(None) => Decremented::Refused,
            Seen::Refused(Some(found)) => Decremented::Short { columns: self.short(&found) },
            Seen::Missing => Decremented::Missing,
        }
    }

    fn short(&self, found: &Record) -> Vec<Shortfall> {
        let columns = self.amounts.iter().filter_map(|(column, amount)| {
            let held = found.value(column.as_str())?.clone();
            let lacking = amount.beyond(&held);
            let short = amount.is_in(&held) != Some(true);
            short.then(|| Shortfall { column: column.clone(), held, lacking })
        });
        columns.collect()
    }
}

impl Plan for DecrementUnsignedCounters {
    type Outcome = Decremented;

    fn program(&self, dialect: Dialect) -> Result<Next<Decremented>, Fault> {
        if self.amounts.is_empty() {
            return Ok(Next::Done(Decremented::Nothing));
        }
        let plan = self.clone();
        let program = self.guarded()?.program(dialect)?;
        mapped(program, move |seen| Ok(plan.outcome(seen)))
    }

    fn common(&self) -> Option<String> {
        self.common()
    }

    fn many(&self, times: u32, dialect: Dialect) -> Result<Next<Vec<Decremented>>, Fault> {
        self.many_times(times, dialect)
    }

    fn rehearse_many(&self, times: u32, dialect: Dialect) -> Answer {
        many::rehearse(dialect, times)
    }

    fn rehearse(&self, dialect: Dialect, at: usize) -> Answer {
        self.guarded().map(|row| row.rehearse(dialect, at)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_before_anything_is_sent() {
        let plan = || DecrementUnsignedCounters::of(&Table::new("users"), 7);
        for (plan, why) in [
            (plan().by([("money", 0)]), "the amount 0 of `money` is not above zero"),
            (plan().by([("money", -10), ("ap", 1)]), "the amount -10 of `money`"),
            (plan().by([("money", 1), ("money", 1)]), "`money` is named twice"),
            (plan().by([("id", 1)]), "part of the primary key"),
        ] {
            for dialect in Dialect::ALL {
                let fault = plan.program(dialect).unwrap_err();
                assert!(fault.is_misuse() && fault.to_string().contains(why), "{fault}");
            }
        }
    }

    #[test]
    fn nothing_to_take_is_nothing_sent() {
        let plan = DecrementUnsignedCounters::of(&Table::new("users"), 7);
        let next = plan.program(Dialect::MySql).unwrap();
        assert!(matches!(next, Next::Done(Decremented::Nothing)));
    }
}
