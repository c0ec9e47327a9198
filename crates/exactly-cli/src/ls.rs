//! `exactly ls`: which keys have something stored, and what it is.

use std::collections::HashSet;
use std::io::{self, Write as _};

use clap::Args;
use exactly::{Key, Keys, Life, Store};

use crate::engine::{EngineOptions, wait};
use crate::failure::{Failure, Status, of_engine};
use crate::figures::lasting;
use crate::output::{Reader, print};
use crate::screen::{Palette, Screen, painted};
use crate::stored::{self, Stored, plain};

/// Longer names push the rest of their line to the right.
const NAME_WIDTH_MAX: usize = 48;
/// In a list a long value is only in the way.
const VALUE_BYTES_MAX: usize = 1024;

/// List the keys at which something is stored
///
/// Page by page, as the engine gives them, and in no order; each key once. A key at which something
/// is stored all the while is listed, whatever others do meanwhile.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  exactly ls
      all keys without a namespace
  exactly ls 'course:*:seats'
      the seats of all courses
  exactly ls --namespace shop --names 'course:42:*' | wc -l
      how many objects of course 42 have something stored
  exactly ls --json 'course:*' | jq 'select(.kind == \"capacity\" and .free == 0)'
      the capacities that are full

Exit status:
  0  there are such keys
  1  there are none, or the engine could not answer to the end
  2  wrong use, or an engine that does not open")]
pub(crate) struct Options {
    /// What the keys look like: `*` is anything, `?` one character, `\` takes their meaning
    ///
    /// A key is `group:id:field`, `group::field` for what a group shares, or the name of an object
    /// that stands alone; a colon in one of its parts is written `%3A`.
    #[arg(value_name = "PATTERN", default_value = "*")]
    pattern: String,

    #[command(flatten)]
    engine: EngineOptions,

    /// Only the names, one on each line, without asking what is stored there
    #[arg(long)]
    names: bool,

    /// One JSON object on each line
    ///
    /// Of values longer than 1 kB only the size; `exactly show` tells them.
    #[arg(long, conflicts_with = "names")]
    json: bool,

    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// Lists the keys.
pub(crate) fn run(options: &Options) -> Result<Status, Failure> {
    wait(async {
        let store = options.engine.open().await?;
        let found = list(&store, options, Screen::of_stdout()).await?;
        if found == 0 {
            let _ = writeln!(io::stderr(), "exactly: no key looks like `{}`.", options.pattern);
            return Ok(Status::Inexact);
        }
        Ok(Status::Exact)
    })
}

/// Lists them and tells how many there were.
async fn list(store: &Store, options: &Options, screen: Screen) -> Result<usize, Failure> {
    let mut keys = store.keys_like(&options.pattern);
    let mut new = NewOnes::new(options.limit.unwrap_or(usize::MAX));
    let mut headed = options.names || options.json;
    while let Some(page) = new.page(&mut keys).await? {
        let text = if options.names {
            page.iter().map(|key| plain(key.name()) + "\n").collect()
        } else {
            let stored = stored::read(store, &page).await.map_err(|fault| of_engine(&fault))?;
            let heading = !std::mem::replace(&mut headed, true);
            if options.json { lines(&stored) } else { table(&stored, heading, &screen.palette) }
        };
        if print(&text)? == Reader::Gone {
            break;
        }
    }
    Ok(new.seen.len())
}

/// Keys that were not listed before, as long as some are wanted.
pub(crate) struct NewOnes {
    /// By their hashes, for a listing of millions would not fit otherwise.
    seen: HashSet<u64>,
    left: usize,
}

impl NewOnes {
    /// At most so many.
    pub(crate) fn new(limit: usize) -> Self {
        Self { seen: HashSet::new(), left: limit }
    }

    /// The next of them, if there are more.
    pub(crate) async fn page(&mut self, keys: &mut Keys) -> Result<Option<Vec<Key>>, Failure> {
        while self.left > 0 {
            let page = keys.next_page().await.map_err(|fault| of_engine(&fault))?;
            let Some(mut page) = page else { return Ok(None) };
            page.sort_unstable();
            page.retain(|key| self.seen.insert(key.hash_value()));
            for beyond in page.iter().skip(self.left) {
                self.seen.remove(&beyond.hash_value());
            }
            page.truncate(self.left);
            self.left -= page.len();
            if !page.is_empty() {
                return Ok(Some(page));
            }
        }
        Ok(None)
    }
}

fn lines(stored: &[Stored]) -> String {
    stored.iter().map(|one| one.json(VALUE_BYTES_MAX).to_string() + "\n").collect()
}

/// One line for each: the key, its kind, how long it lives, and what it holds.
fn table(stored: &[Stored], heading: bool, palette: &Palette) -> String {
    let names: Vec<_> = stored.iter().map(|one| plain(one.key.name())).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
    let width = width.clamp("key".len(), NAME_WIDTH_MAX);
    let mut text = String::new();
    if heading {
        text += &painted(
            palette.faint,
            format!("{:width$}  {:10}  {:>7}  holds", "key", "kind", "ends in"),
        );
        text.push('\n');
    }
    for (one, name) in stored.iter().zip(names) {
        let ends = match one.life {
            Life::Left(left) => lasting(left),
            Life::Persistent | Life::Missing => "-".to_owned(),
        };
        let (word, short) = (one.content.word(), one.content.short());
        let rest = painted(palette.faint, format!("{word:10}  {ends:>7}"));
        text += &format!("{name:width$}  {rest}  {short}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use exactly::{Capacity, Counter};
    use serde_json::{Value, json};

    use super::*;

    async fn store() -> Store {
        let store = Store::open("memory:").await.unwrap();
        Counter::new(&store, "visits").add(29).await.unwrap();
        let motto: exactly::Value<String> = exactly::Value::new(&store, "motto");
        motto.with_ttl(Duration::from_secs(3600)).set("exactly 30").await.unwrap();
        Capacity::new(&store, "seats", 0).resize(30).await.unwrap();
        store
    }

    #[tokio::test]
    async fn a_table_of_what_is_stored() {
        let store = store().await;
        let mut keys = store.keys("").collect_all().await.unwrap();
        keys.sort();
        let mut stored = stored::read(&store, &keys).await.unwrap();
        stored[0].life = Life::Left(Duration::from_secs(3598));
        insta::assert_snapshot!(table(&stored, true, &Palette::PLAIN), @r#"
        key     kind        ends in  holds
        motto   scalar      59m 58s  "exactly 30"
        seats   capacity          -  0 confirmed + 0 held of 30, 30 free
        visits  scalar            -  29
        "#);
        let lines = lines(&stored);
        let lines: Vec<Value> =
            lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let (none, left) = (Value::Null, 3_598_000);
        let motto = json!({
            "key": "motto", "namespace": none, "kind": "scalar", "ttl_ms": left,
            "bytes": 10, "value": "exactly 30",
        });
        let seats = json!({
            "key": "seats", "namespace": none, "kind": "capacity", "ttl_ms": none,
            "limit": 30, "free": 30, "held": 0, "confirmed": 0,
        });
        let visits = json!({
            "key": "visits", "namespace": none, "kind": "scalar", "ttl_ms": none,
            "bytes": 2, "value": "29",
        });
        assert_eq!(lines, [motto, seats, visits]);
    }

    #[tokio::test]
    async fn no_more_are_listed_than_wanted_and_none_twice() {
        let store = store().await;
        for (limit, expected) in [(0, 0), (1, 1), (2, 2), (9, 3)] {
            let mut new = NewOnes { seen: HashSet::new(), left: limit };
            let mut listed = Vec::new();
            let mut keys = store.keys("").page_size(1);
            while let Some(page) = new.page(&mut keys).await.unwrap() {
                listed.extend(page);
            }
            assert_eq!((listed.len(), new.seen.len()), (expected, expected));
            // The same keys once more are none that are new.
            assert!(new.page(&mut store.keys("")).await.unwrap().is_none() || limit < 3);
        }
    }
}
