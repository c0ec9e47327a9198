//! `exactly sql`: what one of the six statements sends, in each dialect, without a database.
//!
//! [`words`] are columns, conditions and values as the command line has them; [`statement`] makes a
//! plan of them; [`page`] and [`json`] show what it becomes.

mod json;
mod page;
mod statement;
mod words;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use exactly_rows::{Dialect, Fault, Shown};

use self::statement::Statement;
use crate::failure::{Failure, Status};
use crate::output::print;
use crate::screen::Screen;

/// Show what one of the six statements on your own tables sends, without a database
///
/// The text, what is bound, and how often a connection waits for the server, when all goes well. A
/// statement of several is one transaction, whose BEGIN and COMMIT are counted; the primary keys
/// that it reads before it writes are shown as 1, 2 and so on.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  exactly sql pay_all --table user_items --where user_id=1 --by item_id \\
      --take 7=4 --take 9=3 --from quantity --dialect postgres
      four of item 7 and three of item 9, from both or from none
  exactly sql create_or_plus --table user_items --columns user_id,item_id,quantity \\
      --row 1,7,4 --row 1,9,3 --plus quantity --on-conflict user_id,item_id
      the same rows in every dialect
  exactly sql update_all --table seats --where taken_by=NULL --where 'no<9' --expect 2 \\
      --set taken_by=1
      exactly two rows, or none
  exactly sql update --table users --id 7 --change arena:NULL=3 --json
      from nothing to 3, for a script

Values:
  NULL, true, false, and numbers as in -12.50 are what they look like; everything else is a text,
  and so is whatever stands between '…'.

Exit status:
  0  it is shown
  2  wrong use: the sentence on standard error says what to change")]
pub(crate) struct Options {
    #[command(subcommand)]
    statement: Statement,
}

/// What all statements are told.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// The table, as in user_items or shop.user_items
    #[arg(long, value_name = "TABLE")]
    table: String,

    /// The columns of its primary key
    #[arg(long, value_name = "COLUMN,…", default_value = "id", value_delimiter = ',')]
    key: Vec<String>,

    /// The columns in whose order its rows are locked [default: those of the key]
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    order: Vec<String>,

    /// The index of that order, for MySQL and MariaDB
    #[arg(long, value_name = "NAME")]
    index: Option<String>,

    /// Show it in this dialect; may be given several times [default: all]
    #[arg(long = "dialect", value_name = "NAME", value_enum)]
    dialects: Vec<Spoken>,

    /// As one JSON document
    #[arg(long)]
    json: bool,
}

/// A dialect, by the one name that it has on the command line and in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spoken(Dialect);

const DIALECTS: [Spoken; 4] = [
    Spoken(Dialect::Postgres),
    Spoken(Dialect::MySql),
    Spoken(Dialect::MariaDb),
    Spoken(Dialect::Sqlite),
];

impl Spoken {
    fn name(self) -> &'static str {
        match self.0 {
            Dialect::Postgres => "postgres",
            Dialect::MySql => "mysql",
            Dialect::MariaDb => "mariadb",
            Dialect::Sqlite => "sqlite",
        }
    }
}

impl ValueEnum for Spoken {
    fn value_variants<'a>() -> &'a [Self] {
        &DIALECTS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

/// Shows it.
pub(crate) fn run(options: &Options) -> Result<Status, Failure> {
    let statement = &options.statement;
    let common = statement.common();
    let asked = |spoken: &&Spoken| common.dialects.is_empty() || common.dialects.contains(spoken);
    let mut all = Vec::new();
    for spoken in DIALECTS.iter().filter(asked) {
        all.push((*spoken, statement.shown(spoken.0).map_err(|fault| misuse(&fault))?));
    }
    print(&match common.json {
        true => json::render(statement.name(), &all),
        false => page::render(&all, Screen::of_stdout()),
    })?;
    Ok(Status::Exact)
}

/// What it becomes in one dialect.
type Entry = (Spoken, Shown);

/// What is wrong with a plan, as a sentence.
fn misuse(fault: &Fault) -> Failure {
    let text = fault.to_string();
    let said = text.split_once(": ").map_or(text.as_str(), |(_, said)| said);
    Failure::Misuse(format!("{said}."))
}
