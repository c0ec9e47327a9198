//! `exactly show`: what is stored at one key, or at all keys of one thing.

use clap::Args;
use exactly::{Bytes, Depths, Holders, Key, Kind, Levels, Life, Progress, Store};

use crate::elements::{self, Element, Elements, Place};
use crate::engine::{EngineOptions, wait};
use crate::failure::{Failure, Status, of_engine, said};
use crate::figures::{counted, grouped, lasting};
use crate::output::print_bytes;
use crate::screen::{Palette, Screen, painted};
use crate::stored::{self, Content, Stored, plain};

/// Show what is stored at a key, or at all keys of a thing
///
/// A key is `group:id:field`, `group::field` for what a group shares, or the name of an object that
/// stands alone; a thing is `group:id`. A colon in one of the parts is written `%3A`, as `exactly
/// ls` shows it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  exactly show course:42:seats
      one object
  exactly show course:42
      all objects of course 42
  exactly show course:42:students --elements 100
      a hundred elements, and where the next begin: `--after` shows them
  exactly show course:42:students --elements all --json
      the whole collection
  exactly show --raw course:42:photo > photo.png
      the bytes of a value as they are

Exit status:
  0  something is stored there
  1  nothing is, or the engine could not answer
  2  wrong use, or an engine that does not open")]
pub(crate) struct Options {
    /// The key, or the thing
    #[arg(value_name = "KEY|GROUP:ID")]
    name: String,

    #[command(flatten)]
    engine: EngineOptions,

    /// The bytes of a counter, value or flag as they are, and nothing else
    #[arg(long)]
    raw: bool,

    /// Of collections, how many elements; of sets and maps, which the engine cuts, about so many
    #[arg(long, value_name = "N|all", default_value = "20", value_parser = elements)]
    elements: u64,

    /// Of one collection, the elements behind this place, where a page before has ended
    #[arg(long, value_name = "PLACE", allow_hyphen_values = true, conflicts_with = "raw")]
    after: Option<String>,

    /// One JSON object for each key, on a line of its own
    #[arg(long, conflicts_with = "raw")]
    json: bool,
}

/// Shows it.
pub(crate) fn run(options: &Options) -> Result<Status, Failure> {
    wait(async {
        let store = options.engine.open().await?;
        let shown = show(&store, options, &Screen::of_stdout().palette).await?;
        print_bytes(&shown)?;
        Ok(Status::Exact)
    })
}

fn elements(text: &str) -> Result<u64, String> {
    match text {
        "all" => Ok(u64::MAX),
        number => number.parse().map_err(|_| "a number of elements, or `all`".to_owned()),
    }
}

/// An object, and those of its elements that were asked for.
struct Shown {
    stored: Stored,
    elements: Elements,
}

async fn show(store: &Store, options: &Options, palette: &Palette) -> Result<Vec<u8>, Failure> {
    let keys = keys(store, &options.name).await?;
    let stored = stored::read(store, &keys).await.map_err(|fault| of_engine(&fault))?;
    if stored.is_empty() {
        return Err(nothing(store, &options.name).await);
    }
    if options.raw {
        return Ok(raw(&stored, &options.name)?.to_vec());
    }
    let after = after(&stored, options)?;
    let mut text = Vec::with_capacity(stored.len());
    for stored in stored {
        let mut elements = Elements::default();
        if let Content::Collection { kind, .. } = stored.content {
            let (key, wanted) = (&stored.key, options.elements);
            elements = elements::read(store, key, kind, after.clone(), wanted)
                .await
                .map_err(|fault| of_engine(&fault))?;
        }
        let shown = Shown { stored, elements };
        text.push(if options.json { json(&shown) } else { page(&shown, palette) });
    }
    Ok(text.join(if options.json { "" } else { "\n" }).into_bytes())
}

/// Where to go on: of one collection only.
fn after(stored: &[Stored], options: &Options) -> Result<Option<Place>, Failure> {
    let Some(text) = &options.after else { return Ok(None) };
    let [Stored { content: Content::Collection { kind, .. }, .. }] = stored else {
        return Err(Failure::Misuse(format!(
            "--after is a place in one list, set, sorted set or map, and `{}` is none. Name one, \
             or leave --after out.",
            plain(&options.name)
        )));
    };
    match Place::parse(*kind, text) {
        Some(place) => Ok(Some(place)),
        None => Err(Failure::Misuse(format!(
            "`{}` is no place in {}. Give what stood behind --after under the page before.",
            plain(text),
            kind.words()
        ))),
    }
}

/// For scripts, on one line.
fn json(shown: &Shown) -> String {
    let mut told = shown.stored.json(usize::MAX);
    if let Content::Collection { .. } = shown.stored.content {
        let elements: Vec<_> = shown.elements.found.iter().map(Element::json).collect();
        told["elements"] = elements.into();
        told["next"] = shown.elements.next.as_ref().map(Place::to_string).into();
    }
    told.to_string() + "\n"
}

/// The keys that this names: one, or those of a thing that have something stored.
async fn keys(store: &Store, name: &str) -> Result<Vec<Key>, Failure> {
    let is_thing = name.split(':').count() == 2;
    if !is_thing {
        let key = Key::named(store.namespace(), name);
        return Ok(vec![key.map_err(|fault| Failure::Misuse(format!("{}.", said(&fault))))?]);
    }
    // A thing is a key whose last part is not told.
    let any = Key::named(store.namespace(), &format!("{name}:any"));
    let any = any.map_err(|fault| Failure::Misuse(format!("{}.", said(&fault))))?;
    let thing = any.name().strip_suffix("any").unwrap_or_default();
    let keys = store.keys(thing).collect_all().await.map_err(|fault| of_engine(&fault))?;
    let mut keys = keys;
    keys.sort_unstable();
    Ok(keys)
}

/// That nothing is stored there, and where something is.
async fn nothing(store: &Store, name: &str) -> Failure {
    let mut group = store.keys(&format!("{name}:"));
    let is_group = matches!(group.next_page().await, Ok(Some(_)));
    let hint = if is_group {
        format!("`exactly ls '{name}:*'` lists what begins with it.")
    } else {
        "`exactly ls` lists what is.".to_owned()
    };
    Failure::Nothing(format!("nothing is stored at `{}`. {hint}", plain(name)))
}

fn raw<'a>(stored: &'a [Stored], name: &str) -> Result<&'a Bytes, Failure> {
    match stored {
        [Stored { content: Content::Scalar(bytes), .. }] => Ok(bytes),
        [one] => Err(Failure::Misuse(format!(
            "`{}` is of kind {}, and only a counter, value or flag has bytes of its own. Leave \
             --raw out.",
            plain(name),
            one.content.word()
        ))),
        _ => Err(Failure::Misuse(format!(
            "`{}` has {} objects. Name one of them for --raw.",
            plain(name),
            stored.len()
        ))),
    }
}

/// One object: its key and kind, and its figures under them.
fn page(shown: &Shown, palette: &Palette) -> String {
    let Shown { stored, elements } = shown;
    let ends = match stored.life {
        Life::Left(left) => format!("in {}", lasting(left)),
        Life::Persistent | Life::Missing => "never".to_owned(),
    };
    let (kind, mut lines) = figures(&stored.content);
    if let Content::Collection { len, .. } = stored.content {
        lines.extend(listed(len, elements));
    }
    lines.push(("ends", ends));
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let name = painted(palette.strong, plain(stored.key.name()));
    let mut text = format!("{name}  {}\n", painted(palette.faint, kind));
    for (name, figure) in lines {
        text += &format!("  {}  {figure}\n", painted(palette.faint, format!("{name:width$}")));
    }
    text
}

/// How much of a value is shown, in characters.
const SHOWN: usize = 4000;

/// What it is, and its figures.
fn figures(content: &Content) -> (&'static str, Vec<(&'static str, String)>) {
    match content {
        Content::Scalar(bytes) => (
            Kind::Scalar.words(),
            vec![
                ("value", stored::short_text(bytes, SHOWN)),
                ("bytes", grouped(bytes.len() as u64)),
            ],
        ),
        Content::Capacity(Levels { limit, free, held, confirmed, .. }) => (
            Kind::Capacity.words(),
            vec![
                ("limit", grouped(*limit)),
                ("free", grouped(*free)),
                ("held", grouped(*held)),
                ("confirmed", grouped(*confirmed)),
            ],
        ),
        Content::Collection { kind, len } => (kind.words(), vec![("elements", grouped(*len))]),
        Content::Lock(lock) => (Kind::Lock.words(), of_lock(lock)),
        Content::Limiter => (Kind::Limiter.words(), Vec::new()),
        Content::Queue(Depths { ready, delayed, claimed, dead, oldest }) => (
            Kind::Queue.words(),
            vec![
                ("ready", grouped(*ready)),
                ("delayed", grouped(*delayed)),
                ("claimed", grouped(*claimed)),
                ("dead", grouped(*dead)),
                ("oldest", if *ready > 0 { lasting(*oldest) } else { "-".to_owned() }),
            ],
        ),
        Content::Once(work) => (Kind::Once.words(), of_work(work)),
        Content::Foreign => (Kind::Foreign.words(), Vec::new()),
        Content::Odd(message) => ("unreadable", vec![("because", plain(message))]),
    }
}

fn of_lock(lock: &Holders) -> Vec<(&'static str, String)> {
    let mut lines = vec![("held", lock.mode.map_or("no", stored::mode).to_owned())];
    if lock.mode.is_some() {
        lines.push(("holders", grouped(lock.holders)));
        lines.push(("left", lasting(lock.left)));
    }
    lines.push(("waiting", grouped(lock.waiting)));
    lines.push(("fence", grouped(lock.fence)));
    lines
}

fn of_work(work: &Progress) -> Vec<(&'static str, String)> {
    match work {
        Progress::New => vec![("state", "new".to_owned())],
        Progress::Running { left, attempt } => vec![
            ("state", "running".to_owned()),
            ("begun", counted(*attempt, "time")),
            ("left", lasting(*left)),
        ],
        Progress::Crashed { attempts } => vec![
            ("state", "crashed: its lease ended before it was finished".to_owned()),
            ("begun", counted(*attempts, "time")),
        ],
        Progress::Done { answer } => {
            vec![("state", "done".to_owned()), ("answer", stored::short_text(answer, SHOWN))]
        }
    }
}

/// The elements that were asked for, and how to see those behind them.
fn listed(len: u64, elements: &Elements) -> Vec<(&'static str, String)> {
    const SHOWN: usize = 200;
    let lines = elements.found.iter().map(|element| ("", element.line(SHOWN)));
    let more = match &elements.next {
        Some(place) => Some(format!("… the next: --after '{}'", plain(&place.to_string()))),
        None if elements.found.is_empty() && len > 0 => Some("… see --elements".to_owned()),
        None => None,
    };
    lines.chain(more.map(|more| ("", more))).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use exactly::{Capacity, Counter, List, Objects, Value};

    use super::*;

    #[derive(Objects)]
    #[exactly(name = "course")]
    struct Course {
        taken: Counter,
        #[exactly(limit = 30)]
        seats: Capacity,
        motto: Value<String>,
    }

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        options: Options,
    }

    async fn shown(store: &Store, line: &str) -> Result<String, Failure> {
        let words = ["show"].into_iter().chain(line.split(' '));
        let options = Cli::try_parse_from(words).unwrap().options;
        show(store, &options, &Palette::PLAIN).await.map(|text| String::from_utf8(text).unwrap())
    }

    async fn store() -> Store {
        let store = Store::open("memory:").await.unwrap();
        let course = Course::at(&store, "4:2");
        course.taken.add(1234).await.unwrap();
        course.seats.resize(1000).await.unwrap();
        course.motto.set("exactly 30\n").await.unwrap();
        store
    }

    #[tokio::test]
    async fn a_key_and_a_thing() {
        let store = store().await;
        insta::assert_snapshot!(shown(&store, "course:4%3A2").await.unwrap(), @r#"
        course:4%3A2:motto  a counter, value or flag
          value  "exactly 30\n"
          bytes  11
          ends   never

        course:4%3A2:seats  a capacity
          limit      1,000
          free       1,000
          held       0
          confirmed  0
          ends       never

        course:4%3A2:taken  a counter, value or flag
          value  1234
          bytes  4
          ends   never
        "#);
        let one = shown(&store, "--json course:4%3A2:taken").await.unwrap();
        let one: serde_json::Value = serde_json::from_str(&one).unwrap();
        assert_eq!((&one["key"], &one["value"]), (&"course:4%3A2:taken".into(), &"1234".into()));
        assert_eq!(shown(&store, "--raw course:4%3A2:motto").await.unwrap(), "exactly 30\n");
    }

    #[test]
    fn a_collection_is_shown_with_its_first_elements() {
        let found = ["Ada", "Bob"].map(|name| Element::One(name.into())).into();
        let elements = Elements { found, next: Some(Place::Index(2)) };
        let content = Content::Collection { kind: Kind::List, len: 1000 };
        let key = Key::alone("", "waiting").unwrap();
        let list = Shown { stored: Stored { key, life: Life::Persistent, content }, elements };
        insta::assert_snapshot!(page(&list, &Palette::PLAIN), @r#"
        waiting  a list
          elements  1,000
                    "Ada"
                    "Bob"
                    … the next: --after '2'
          ends      never
        "#);
    }

    #[tokio::test]
    async fn what_is_not_there_or_has_no_bytes_is_a_sentence_that_says_what_to_do() {
        let store = store().await;
        List::<String>::new(&store, "names").push_back("Ada").await.unwrap();
        for (line, says, status) in [
            ("course", "`exactly ls 'course:*'` lists", Status::Inexact),
            ("course:7", "nothing is stored at `course:7`", Status::Inexact),
            ("course:7:seats", "nothing is stored", Status::Inexact),
            ("a:b:c:d", "one part or three", Status::Misuse),
            ("course::", "at least one character", Status::Misuse),
            (":", "at least one character", Status::Misuse),
            ("--raw course:4%3A2", "has 3 objects", Status::Misuse),
            ("--raw course:4%3A2:seats", "is of kind capacity", Status::Misuse),
            ("--after 2 course:4%3A2:seats", "and `course:4%3A2:seats` is none", Status::Misuse),
            ("--after 2 course:4%3A2", "and `course:4%3A2` is none", Status::Misuse),
            ("--after Bob names", "`Bob` is no place in a list", Status::Misuse),
        ] {
            let failure = shown(&store, line).await.unwrap_err();
            assert!(failure.to_string().contains(says), "{line}: {failure}");
            assert_eq!(failure.status(), status, "{line}: {failure}");
        }
    }
}
