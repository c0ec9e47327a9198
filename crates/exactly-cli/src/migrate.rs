//! `exactly migrate`: from the keys of another library to those of this one.

use std::collections::{BTreeMap, HashSet};

use clap::{Args, ValueEnum};
use exactly::Key;
use exactly::redis::{Migrated, MigratedOutcome, Migration, Options as Opening, Redis};

use crate::engine::{EngineOptions, not_opened, wait};
use crate::failure::{Failure, Status, of_engine, said};
use crate::figures::counted;
use crate::output::{Reader, print};
use crate::stored::plain;

/// Of what would be done, so many are shown; of what is left, all.
const SHOWN: usize = 20;

/// Give the keys of another library the names that this one reads
///
/// The Ruby library redis-objects writes `course:42:seats`, exactly writes `{course:42}:seats`.
/// Says what it would do; with --go it does it. What is stored goes along as it is, whatever it is,
/// with its time to live, each key in one step. Nothing is ever overwritten. The old keys stay,
/// unless --move is given. Ended early, it is simply run again.
///
/// While the other program still writes its keys, what it writes after the copy stays with the old
/// ones. To share keys with it instead, open the store with `?key_style=redis-objects`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  exactly migrate --from redis-objects --url redis://localhost 'course:*'
      what would become of all keys of courses
  exactly migrate --from redis-objects --url redis://localhost 'course:*' --go
      copy them
  exactly migrate --from redis-objects --url redis://localhost '*' --go --move
      rename all keys of that library

Exit status:
  0  every key that looks like the pattern is there under its new name, or would be
  1  some were left, and it is said why; or the engine could not answer to the end
  2  wrong use, or an engine that does not open")]
pub(crate) struct Options {
    /// What the keys look like as they are written now: `*` is anything, `?` one character
    #[arg(value_name = "PATTERN")]
    pattern: String,

    /// The library whose keys they are
    #[arg(long, value_name = "LIBRARY", value_enum)]
    from: Library,

    #[command(flatten)]
    engine: EngineOptions,

    /// Do it
    #[arg(long)]
    go: bool,

    /// Leave nothing under the old names
    #[arg(long = "move")]
    moves: bool,

    /// Show every key, and not only those that are left
    #[arg(long)]
    verbose: bool,
}

/// Whose keys can be migrated.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Library {
    RedisObjects,
}

/// Migrates, or says what it would.
pub(crate) fn run(options: &Options) -> Result<Status, Failure> {
    wait(async {
        let redis = open(options).await?;
        let mut report = Report::new(options);
        let mut after = None;
        loop {
            let page = redis.migrate(&migration(options), after).await;
            let page = page.map_err(|fault| of_engine(&fault))?;
            if print(&report.page(page.keys))? == Reader::Gone && !options.go {
                return Ok(Status::Exact);
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        print(&report.closing())?;
        Ok(report.status())
    })
}

fn migration(options: &Options) -> Migration {
    let Library::RedisObjects = options.from;
    let migration = Migration::of(&options.pattern).namespace(options.engine.namespace());
    let migration = if options.go { migration.go() } else { migration };
    if options.moves { migration.moving() } else { migration }
}

async fn open(options: &Options) -> Result<Redis, Failure> {
    const SCHEMES: [&str; 6] = ["redis", "rediss", "valkey", "valkeys", "unix", "redis+unix"];
    let (url, shown) = options.engine.url()?;
    options.engine.check_namespace()?;
    if !SCHEMES.iter().any(|scheme| url.split(':').next() == Some(scheme)) {
        let why = "the keys of redis-objects are on a Redis server";
        return Err(not_opened(&shown, why));
    }
    Redis::open(url, Opening::new()).await.map_err(|fault| not_opened(&shown, &said(&fault)))
}

/// What became of the keys so far.
#[derive(Debug)]
struct Report {
    go: bool,
    moves: bool,
    verbose: bool,
    pattern: String,
    counts: BTreeMap<&'static str, u64>,
    left: u64,
    shown: usize,
    /// By their hashes: a server may tell of a key twice.
    seen: HashSet<u64>,
}

impl Report {
    fn new(options: &Options) -> Self {
        Self {
            go: options.go,
            moves: options.moves,
            verbose: options.verbose,
            pattern: options.pattern.clone(),
            counts: BTreeMap::new(),
            left: 0,
            shown: 0,
            seen: HashSet::new(),
        }
    }

    /// Counts a page of keys, and the lines worth telling of it.
    fn page(&mut self, keys: Vec<Migrated>) -> String {
        let mut text = String::new();
        for one in keys {
            if !self.seen.insert(Key::hash_text(&one.from)) {
                continue;
            }
            let (heading, why) = self.told(one.outcome);
            *self.counts.entry(heading).or_default() += 1;
            let is_left = !why.is_empty();
            self.left += u64::from(is_left);
            self.shown += usize::from(!is_left);
            let wanted = is_left || self.verbose || (!self.go && self.shown <= SHOWN);
            if wanted && one.outcome != MigratedOutcome::Gone {
                text += &line(&one, why);
            }
        }
        text
    }

    /// Under which heading it is counted, and why it is left where it is left.
    fn told(&self, outcome: MigratedOutcome) -> (&'static str, &'static str) {
        match outcome {
            MigratedOutcome::Done if self.moves => ("1 moved", ""),
            MigratedOutcome::Done => ("1 copied", ""),
            MigratedOutcome::Would if self.moves => ("1 to be moved", ""),
            MigratedOutcome::Would => ("1 to be copied", ""),
            // To be moved, and its twin is there: whoever copied it first has to decide.
            MigratedOutcome::Same if self.moves => (
                "3 left: the same is there already",
                "the same is there already: delete one of them",
            ),
            MigratedOutcome::Same => ("2 there already, the same", ""),
            MigratedOutcome::Taken => {
                ("4 left: something else is there already", "something else is there already")
            }
            MigratedOutcome::Unreadable => {
                ("5 left: no key of redis-objects", "no key of redis-objects")
            }
            MigratedOutcome::Gone => ("6 gone meanwhile", ""),
        }
    }

    /// The counts, and what to do next.
    fn closing(&self) -> String {
        if self.counts.is_empty() {
            return format!("No key looks like `{}`.\n", plain(&self.pattern));
        }
        let mut text = String::new();
        if !self.go && !self.verbose && self.shown > SHOWN {
            text += &format!("… and {} more: --verbose shows them.\n", self.shown - SHOWN);
        }
        text.push('\n');
        for (heading, count) in &self.counts {
            // The figure in front puts them in order.
            text += &format!("{} {}\n", counted(*count, "key"), &heading[2..]);
        }
        if !self.go {
            text += "Nothing was changed: --go does it.\n";
        }
        text
    }

    fn status(&self) -> Status {
        if self.left == 0 { Status::Exact } else { Status::Inexact }
    }
}

fn line(one: &Migrated, why: &str) -> String {
    let from = plain(&one.from);
    match &one.to {
        Some(to) if why.is_empty() => format!("{from} -> {}\n", plain(to)),
        Some(to) => format!("{from} -> {}  left: {why}\n", plain(to)),
        None => format!("{from}  left: {why}\n"),
    }
}
