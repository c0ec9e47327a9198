//! `exactly locks`: who holds which lock, and who waits for it.

use std::io::{self, Write as _};

use clap::Args;
use exactly::{Holders, Store};

use crate::engine::{EngineOptions, wait};
use crate::failure::{Failure, Status, of_engine};
use crate::figures::lasting;
use crate::ls::NewOnes;
use crate::output::{Reader, print};
use crate::screen::{Palette, Screen, painted};
use crate::stored::{self, Content, Stored, plain};

/// Show the locks that are held or waited for
///
/// A lock that is free is left out, unless --all asks for it: its greatest fence is remembered for
/// as long as late holders may be around.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  exactly locks
      all locks that are held or waited for
  exactly locks 'course:42:*'
      those of course 42
  exactly locks --json | jq 'select(.waiting > 10)'
      those that many wait for

Exit status:
  0  there are such locks
  1  there are none, or the engine could not answer to the end
  2  wrong use, or an engine that does not open")]
pub(crate) struct Options {
    /// What their keys look like: `*` is anything, `?` one character, `\` takes their meaning
    #[arg(value_name = "PATTERN", default_value = "*")]
    pattern: String,

    #[command(flatten)]
    engine: EngineOptions,

    /// Those that are free as well
    #[arg(long)]
    all: bool,

    /// One JSON object on each line
    #[arg(long)]
    json: bool,
}

/// Shows them.
pub(crate) fn run(options: &Options) -> Result<Status, Failure> {
    wait(async {
        let store = options.engine.open().await?;
        let found = list(&store, options, &Screen::of_stdout().palette, print).await?;
        if found == 0 {
            let which = if options.all { "" } else { "held or waited for, and " };
            let _ = writeln!(
                io::stderr(),
                "exactly: no lock is {which}named like `{}`.",
                options.pattern
            );
            return Ok(Status::Inexact);
        }
        Ok(Status::Exact)
    })
}

/// Lists them and tells how many there were.
async fn list(
    store: &Store,
    options: &Options,
    palette: &Palette,
    print: impl Fn(&str) -> Result<Reader, Failure>,
) -> Result<usize, Failure> {
    let mut keys = store.keys_like(&options.pattern);
    let mut new = NewOnes::new(usize::MAX);
    let mut found = 0;
    while let Some(page) = new.page(&mut keys).await? {
        let stored = stored::read(store, &page).await.map_err(|fault| of_engine(&fault))?;
        let locks: Vec<_> = stored.iter().filter_map(lock).collect();
        let locks = locks.into_iter().filter(|(_, lock)| options.all || is_in_use(lock));
        let mut text = String::new();
        for (one, lock) in locks {
            if options.json {
                text += &format!("{}\n", one.json(0));
            } else {
                if found == 0 {
                    text += &painted(palette.faint, format!("{}\n", line(HEAD)));
                }
                text += &format!("{}\n", line(figures(one, lock).each_ref().map(String::as_str)));
            }
            found += 1;
        }
        if !text.is_empty() && print(&text)? == Reader::Gone {
            break;
        }
    }
    Ok(found)
}

fn lock(stored: &Stored) -> Option<(&Stored, &Holders)> {
    let Content::Lock(lock) = &stored.content else { return None };
    Some((stored, lock))
}

fn is_in_use(lock: &Holders) -> bool {
    lock.mode.is_some() || lock.waiting > 0
}

const HEAD: [&str; 6] = ["lock", "held", "holders", "left", "waiting", "fence"];

fn figures(stored: &Stored, lock: &Holders) -> [String; 6] {
    let left = if lock.mode.is_some() { lasting(lock.left) } else { "-".to_owned() };
    [
        plain(stored.key.name()),
        lock.mode.map_or("no", stored::mode).to_owned(),
        lock.holders.to_string(),
        left,
        lock.waiting.to_string(),
        lock.fence.to_string(),
    ]
}

fn line([name, held, holders, left, waiting, fence]: [&str; 6]) -> String {
    format!("{name:<32}  {held:<9}  {holders:>7}  {left:>8}  {waiting:>7}  {fence}")
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use clap::Parser;
    use exactly::{Counter, Lock};

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        options: Options,
    }

    async fn listed(store: &Store, line: &[&str]) -> (usize, String) {
        let words = ["locks"].into_iter().chain(line.iter().copied());
        let options = Cli::try_parse_from(words).unwrap().options;
        let told = RefCell::new(String::new());
        let print = |text: &str| {
            told.borrow_mut().push_str(text);
            Ok(Reader::Reads)
        };
        let found = list(store, &options, &Palette::PLAIN, print).await.unwrap();
        (found, told.into_inner())
    }

    #[tokio::test]
    async fn those_that_are_held_are_told_with_their_fences() {
        let store = Store::open("memory:").await.unwrap();
        Counter::new(&store, "visits").increment().await.unwrap();
        let [door, gate] = ["door", "gate"].map(|name| Lock::new(&store, name));
        assert_eq!(listed(&store, &[]).await, (0, String::new()));
        let held = door.acquire().await.unwrap().held().unwrap();
        gate.acquire().await.unwrap().held().unwrap().release().await.unwrap();
        let (found, text) = listed(&store, &[]).await;
        assert_eq!(found, 1, "{text}");
        let row: Vec<_> = text.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!(row[..3], ["door", "exclusive", "1"], "{text}");
        assert_eq!(row.last().unwrap().parse(), Ok(held.fence()), "{text}");
        let (found, text) = listed(&store, &["--json", "d*"]).await;
        let told: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((found, &told["mode"]), (1, &"exclusive".into()));
        assert_eq!(listed(&store, &["nothing*"]).await.0, 0);
        let (found, text) = listed(&store, &["--all"]).await;
        assert!(found <= 2 && text.contains("door"), "{text}");
    }
}
