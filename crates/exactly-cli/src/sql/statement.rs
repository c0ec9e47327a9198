//! The six statements, as the command line has them, and the plans that they are.

use clap::{Args, Subcommand};
use exactly_rows::{
    CreateOrPlus, DecrementUnsignedCounters, Dialect, Fault, PayAll, Scope, Setting, Shown, Table,
    Update, UpdateAll, UpdateAllAndGetIds, all, now, render, set,
};

use super::Common;
use super::words::{Assigned, Changed, Condition, Due, Key, Less, Line};

/// Which of the six.
#[derive(Debug, Subcommand)]
pub(crate) enum Statement {
    /// Insert rows, or add their numbers to the rows that are there
    #[command(name = "create_or_plus", alias = "create-or-plus")]
    CreateOrPlus(Addition),
    /// Take amounts from all rows, or from none
    #[command(name = "pay_all", alias = "pay-all")]
    PayAll(Payment),
    /// Update exactly so many rows, or none
    #[command(name = "update_all", alias = "update-all")]
    UpdateAll(Expected),
    /// Update rows, and be told which
    #[command(name = "update_all_and_get_ids", alias = "update-all-and-get-ids")]
    UpdateAllAndGetIds(Claim),
    /// Update one row, if it still holds what is believed
    #[command(name = "update")]
    Update(OneChange),
    /// Take numbers of one row down, never below zero
    #[command(name = "decrement_unsigned_counters", alias = "decrement-unsigned-counters")]
    DecrementUnsignedCounters(Decrement),
}

#[derive(Debug, Args)]
pub(crate) struct Addition {
    #[command(flatten)]
    common: Common,
    /// The columns of the rows
    #[arg(long, value_name = "COLUMN,…", required = true, value_delimiter = ',')]
    columns: Vec<String>,
    /// A row; may be given several times
    #[arg(long = "row", value_name = "VALUE,…", required = true, allow_hyphen_values = true)]
    rows: Vec<Line>,
    /// The columns whose numbers are added to a row that is there
    #[arg(long, value_name = "COLUMN,…", required = true, value_delimiter = ',')]
    plus: Vec<String>,
    /// The columns of the unique index by which a row is there [default: those of the key]
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    on_conflict: Vec<String>,
    #[command(flatten)]
    touch: Touch,
}

#[derive(Debug, Args)]
pub(crate) struct Payment {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    scope: Where,
    /// The columns whose keys are given with --take [default: those of the key]
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    by: Vec<String>,
    /// What the row of that key pays; may be given several times
    #[arg(long = "take", value_name = "KEY=AMOUNT", required = true, allow_hyphen_values = true)]
    due: Vec<Due>,
    /// The columns that pay
    #[arg(long, value_name = "COLUMN,…", required = true, value_delimiter = ',')]
    from: Vec<String>,
    #[command(flatten)]
    returning: Returning,
    #[command(flatten)]
    touch: Touch,
}

#[derive(Debug, Args)]
pub(crate) struct Expected {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    scope: Where,
    /// How many rows have to be there
    #[arg(long, value_name = "N")]
    expect: u64,
    #[command(flatten)]
    set: Set,
    #[command(flatten)]
    touch: Touch,
}

#[derive(Debug, Args)]
pub(crate) struct Claim {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    scope: Where,
    #[command(flatten)]
    set: Set,
    /// The first so many, in the order of the table
    #[arg(long, value_name = "N")]
    at_most: Option<u64>,
    /// Pass over rows that somebody else has locked
    #[arg(long)]
    skip_locked: bool,
    #[command(flatten)]
    returning: Returning,
    #[command(flatten)]
    touch: Touch,
}

#[derive(Debug, Args)]
pub(crate) struct OneChange {
    #[command(flatten)]
    common: Common,
    /// The primary key of the row: 7, or '(1, 7)' for one of two columns
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    id: Key,
    /// What a column is believed to hold, and what it gets; may be given several times
    #[arg(long = "change", value_name = "COLUMN:FROM=TO", required = true)]
    changes: Vec<Changed>,
    /// Do not ask what the row holds if it is not changed
    #[arg(long)]
    briefly: bool,
    #[command(flatten)]
    returning: Returning,
    #[command(flatten)]
    touch: Touch,
}

#[derive(Debug, Args)]
pub(crate) struct Decrement {
    #[command(flatten)]
    common: Common,
    /// The primary key of the row: 7, or '(1, 7)' for one of two columns
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    id: Key,
    /// By how much a column goes down; may be given several times
    #[arg(long = "by", value_name = "COLUMN=AMOUNT", required = true)]
    amounts: Vec<Less>,
    /// Ask for no more than whether it was done
    #[arg(long)]
    briefly: bool,
    #[command(flatten)]
    touch: Touch,
}

#[derive(Debug, Args)]
struct Where {
    /// A condition on the rows; may be given several times, and then all have to hold
    #[arg(long = "where", value_name = "COLUMN=VALUE")]
    conditions: Vec<Condition>,
}

#[derive(Debug, Args)]
struct Set {
    /// What a column gets; may be given several times
    #[arg(long = "set", value_name = "COLUMN=VALUE", required_unless_present = "touch")]
    set: Vec<Assigned>,
}

#[derive(Debug, Args)]
struct Returning {
    /// Columns that are told too
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    returning: Vec<String>,
}

#[derive(Debug, Args)]
struct Touch {
    /// A column that gets the time of the statement; may be given several times
    #[arg(long, value_name = "COLUMN")]
    touch: Vec<String>,
}

impl Common {
    fn table(&self) -> Table {
        let table = Table::new(&self.table).key(self.key.clone()).order(self.order.clone());
        match &self.index {
            Some(index) => table.index(index.as_str()),
            None => table,
        }
    }
}

impl Where {
    fn scope(&self) -> Scope {
        let conditions = self.conditions.iter().map(|condition| condition.0.clone());
        conditions.fold(all(), Scope::and)
    }
}

impl Touch {
    fn settings(&self) -> impl Iterator<Item = Setting> {
        self.touch.iter().map(|column| now(column.as_str()))
    }
}

impl Set {
    fn settings(&self) -> impl Iterator<Item = Setting> {
        self.set.iter().map(|set_to| set(set_to.column.as_str(), set_to.value.clone()))
    }
}

impl Statement {
    pub(super) fn common(&self) -> &Common {
        match self {
            Self::CreateOrPlus(options) => &options.common,
            Self::PayAll(options) => &options.common,
            Self::UpdateAll(options) => &options.common,
            Self::UpdateAllAndGetIds(options) => &options.common,
            Self::Update(options) => &options.common,
            Self::DecrementUnsignedCounters(options) => &options.common,
        }
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::CreateOrPlus(_) => "create_or_plus",
            Self::PayAll(_) => "pay_all",
            Self::UpdateAll(_) => "update_all",
            Self::UpdateAllAndGetIds(_) => "update_all_and_get_ids",
            Self::Update(_) => "update",
            Self::DecrementUnsignedCounters(_) => "decrement_unsigned_counters",
        }
    }

    /// What it sends there.
    pub(super) fn shown(&self, dialect: Dialect) -> Result<Shown, Fault> {
        match self {
            Self::CreateOrPlus(options) => render(&options.plan(), dialect),
            Self::PayAll(options) => render(&options.plan(), dialect),
            Self::UpdateAll(options) => render(&options.plan(), dialect),
            Self::UpdateAllAndGetIds(options) => render(&options.plan(), dialect),
            Self::Update(options) => render(&options.plan(), dialect),
            Self::DecrementUnsignedCounters(options) => render(&options.plan(), dialect),
        }
    }
}

impl Addition {
    fn plan(&self) -> CreateOrPlus {
        let rows = self.rows.iter().map(|line| line.0.clone());
        let plan = CreateOrPlus::of(&self.common.table()).columns(self.columns.clone());
        let plan = plan.rows(rows).plus(self.plus.clone());
        let plan = match self.on_conflict.as_slice() {
            [] => plan,
            columns => plan.on_conflict(columns.to_vec()),
        };
        self.touch.settings().fold(plan, CreateOrPlus::also)
    }
}

impl Payment {
    fn plan(&self) -> PayAll {
        let due = self.due.iter().map(|due| (due.key.clone(), due.amount));
        let plan = PayAll::of(&self.common.table()).scope(self.scope.scope()).take(due);
        let plan = plan.from(self.from.clone()).returning(self.returning.returning.clone());
        let plan = match self.by.as_slice() {
            [] => plan,
            columns => plan.by(columns.to_vec()),
        };
        self.touch.settings().fold(plan, PayAll::also)
    }
}

impl Expected {
    fn plan(&self) -> UpdateAll {
        let plan = UpdateAll::of(&self.common.table()).scope(self.scope.scope());
        let settings = self.set.settings().chain(self.touch.settings());
        settings.fold(plan.expecting(self.expect), UpdateAll::set)
    }
}

impl Claim {
    fn plan(&self) -> UpdateAllAndGetIds {
        let plan = UpdateAllAndGetIds::of(&self.common.table()).scope(self.scope.scope());
        let plan = plan.returning(self.returning.returning.clone());
        let plan = if self.skip_locked { plan.skip_locked() } else { plan };
        let plan = match self.at_most {
            Some(rows) => plan.at_most(rows),
            None => plan,
        };
        let settings = self.set.settings().chain(self.touch.settings());
        settings.fold(plan, UpdateAllAndGetIds::set)
    }
}

impl OneChange {
    fn plan(&self) -> Update {
        let plan = Update::of(&self.common.table(), self.id.0.clone());
        let plan = plan.returning(self.returning.returning.clone());
        let plan = if self.briefly { plan.briefly() } else { plan };
        let plan = self.changes.iter().fold(plan, |plan, change| {
            plan.change(change.column.as_str(), change.from.clone(), change.to.clone())
        });
        self.touch.settings().fold(plan, Update::also)
    }
}

impl Decrement {
    fn plan(&self) -> DecrementUnsignedCounters {
        let amounts = self.amounts.iter().map(|less| (less.column.as_str(), less.amount));
        let plan = DecrementUnsignedCounters::of(&self.common.table(), self.id.0.clone());
        let plan = plan.by(amounts);
        let plan = if self.briefly { plan.briefly() } else { plan };
        self.touch.settings().fold(plan, DecrementUnsignedCounters::also)
    }
}
