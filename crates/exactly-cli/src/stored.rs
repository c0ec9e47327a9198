//! What is stored at keys, read as what it is.

use std::time::Duration;

use exactly::core::operations::key::{KindOf, Ttl};
use exactly::core::operations::{capacity, list, lock, map, once, queue, set, sorted_set, value};
use exactly::core::{BATCH_MAX, Batch, Operation, Outcome, Reply, Step};
use exactly::{Bytes, Depths, Fault, Holders, Key, Kind, Levels, Life, Mode, Progress, Store};
use serde_json::{Value, json};

use crate::failure::said;
use crate::figures::{counted, lasting};

/// What is stored at a key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stored {
    pub(crate) key: Key,
    pub(crate) life: Life,
    pub(crate) content: Content,
}

/// What an object holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    /// A counter, value or flag.
    Scalar(Bytes),
    Capacity(Levels),
    /// A list, set, sorted set or map.
    Collection {
        kind: Kind,
        len: u64,
    },
    Lock(Holders),
    /// Its rate is in the program that asks it, so that no more is known of it than its end: by
    /// then a whole burst is admitted.
    Limiter,
    Queue(Depths),
    /// Work that is done once.
    Once(Progress),
    /// Something of another program.
    Foreign,
    /// What no reader of ours can make sense of, in the words of the engine.
    Odd(String),
}

/// What is stored at these keys, each for itself; what is gone by now is left out.
pub(crate) async fn read(store: &Store, keys: &[Key]) -> Result<Vec<Stored>, Fault> {
    let mut stored = Vec::with_capacity(keys.len());
    // Two questions for each key.
    for keys in keys.chunks(BATCH_MAX / 2) {
        let heads = heads(store, keys).await?;
        let asked = heads.iter().filter_map(|(key, kind, _)| question(key, *kind));
        let mut answers = apart(store, asked.collect()).await?.into_iter();
        for (key, kind, life) in heads {
            let answer = question(&key, kind).and_then(|_| answers.next());
            if let Some(content) = content(&key, kind, answer) {
                stored.push(Stored { key, life, content });
            }
        }
    }
    Ok(stored)
}

/// What kind is stored, and for how long.
async fn heads(store: &Store, keys: &[Key]) -> Result<Vec<(Key, Kind, Life)>, Fault> {
    let both = |key: &Key| [step(key, KindOf {}), step(key, Ttl {})];
    let told = apart(store, keys.iter().flat_map(both).collect()).await?;
    let heads = keys.iter().zip(told.chunks_exact(2)).filter_map(|(key, told)| {
        let kind = KindOf::outcome(told[0].clone())??;
        let life = Ttl::outcome(told[1].clone())?;
        (life != Life::Missing).then(|| (key.clone(), kind, life))
    });
    Ok(heads.collect())
}

/// The operation that reads this kind: of a collection how many elements there are.
fn question(key: &Key, kind: Kind) -> Option<Step> {
    match kind {
        Kind::Scalar => Some(step(key, value::Get {})),
        Kind::Capacity => Some(step(key, capacity::Read { limit: 0 })),
        Kind::List => Some(step(key, list::Len {})),
        Kind::Set => Some(step(key, set::Len {})),
        Kind::SortedSet => Some(step(key, sorted_set::Len {})),
        Kind::Map => Some(step(key, map::Len {})),
        Kind::Lock => Some(step(key, lock::Read {})),
        Kind::Queue => Some(step(key, queue::Depth {})),
        Kind::Once => Some(step(key, once::Read {})),
        Kind::Limiter | Kind::Foreign => None,
    }
}

/// What it answered; none where nothing is stored any more.
fn content(key: &Key, kind: Kind, answer: Option<Outcome>) -> Option<Content> {
    let Some(answer) = answer else {
        return Some(if kind == Kind::Limiter { Content::Limiter } else { Content::Foreign });
    };
    if let Outcome::Misuse(misuse) = answer {
        return Some(Content::Odd(said(&misuse.at(key))));
    }
    let len = match kind {
        Kind::Scalar => return value::Get::outcome(answer)?.map(Content::Scalar),
        Kind::Capacity => return capacity::Read::outcome(answer).map(Content::Capacity),
        Kind::List => list::Len::outcome(answer)?,
        Kind::Set => set::Len::outcome(answer)?,
        Kind::SortedSet => sorted_set::Len::outcome(answer)?,
        Kind::Map => map::Len::outcome(answer)?,
        Kind::Lock => return lock::Read::outcome(answer).map(Content::Lock),
        Kind::Queue => return queue::Depth::outcome(answer).map(Content::Queue),
        Kind::Once => return once::Read::outcome(answer).map(Content::Once),
        Kind::Limiter | Kind::Foreign => return None,
    };
    (len > 0).then_some(Content::Collection { kind, len })
}

fn step(key: &Key, operation: impl Operation) -> Step {
    Step::new(key.clone(), operation.into_op())
}

async fn apart(store: &Store, steps: Vec<Step>) -> Result<Vec<Outcome>, Fault> {
    if steps.is_empty() {
        return Ok(Vec::new());
    }
    match store.apply(Batch::apart(steps)).await? {
        Reply::Applied(outcomes) => Ok(outcomes.into_vec()),
        Reply::Refused(_) => Err(Fault::broken("reads that stand apart were refused together")),
    }
}

impl Content {
    /// The kind, in one word.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Scalar(_) => "scalar",
            Self::Capacity(_) => "capacity",
            Self::Collection { kind, .. } => word(*kind),
            Self::Lock(_) => word(Kind::Lock),
            Self::Limiter => word(Kind::Limiter),
            Self::Queue(_) => word(Kind::Queue),
            Self::Once(_) => word(Kind::Once),
            Self::Foreign => word(Kind::Foreign),
            Self::Odd(_) => "odd",
        }
    }

    /// In a few words on one line.
    pub(crate) fn short(&self) -> String {
        const SHOWN: usize = 48;
        match self {
            Self::Scalar(bytes) => short_text(bytes, SHOWN),
            Self::Capacity(Levels { limit, free, held, confirmed, .. }) => {
                format!("{confirmed} confirmed + {held} held of {limit}, {free} free")
            }
            Self::Collection { kind: Kind::Map, len, .. } => counted(*len, "field"),
            Self::Collection { len, .. } => counted(*len, "element"),
            Self::Lock(holders) => short_of_lock(holders),
            Self::Limiter => "admits a whole burst when it ends".to_owned(),
            Self::Queue(Depths { ready, delayed, claimed, dead, .. }) => {
                format!("{ready} ready, {delayed} delayed, {claimed} claimed, {dead} dead")
            }
            Self::Once(progress) => short_of_work(progress),
            Self::Foreign => "of another program".to_owned(),
            Self::Odd(message) => plain(message),
        }
    }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Scalar => "scalar",
        Kind::Capacity => "capacity",
        Kind::List => "list",
        Kind::Set => "set",
        Kind::SortedSet => "sorted set",
        Kind::Map => "map",
        Kind::Lock => "lock",
        Kind::Limiter => "limiter",
        Kind::Queue => "queue",
        Kind::Once => "once",
        Kind::Foreign => "foreign",
    }
}

fn short_of_lock(lock: &Holders) -> String {
    let held = match lock.mode {
        None => "free".to_owned(),
        Some(Mode::Exclusive) => format!("held for {}", lasting(lock.left)),
        Some(Mode::Shared) => {
            format!("shared by {} for {}", lock.holders, lasting(lock.left))
        }
    };
    format!("{held}, {} waiting, fence {}", lock.waiting, lock.fence)
}

fn short_of_work(work: &Progress) -> String {
    const SHOWN: usize = 40;
    match work {
        Progress::New => "nobody has begun".to_owned(),
        Progress::Running { left, attempt } => {
            format!("running for the {attempt}. time, {} left", lasting(*left))
        }
        Progress::Crashed { attempts } => {
            format!("begun {}, and not finished", counted(*attempts, "time"))
        }
        Progress::Done { answer } => format!("done: {}", short_text(answer, SHOWN)),
    }
}

impl Stored {
    /// For scripts. Values of more than `bytes_max` bytes are left out, and only their size told.
    pub(crate) fn json(&self, bytes_max: usize) -> Value {
        let ttl = match self.life {
            Life::Left(left) => Some(millis(left)),
            Life::Persistent | Life::Missing => None,
        };
        let mut told = json!({
            "key": self.key.name(), "namespace": self.key.namespace(), "kind": self.content.word(),
            "ttl_ms": ttl,
        });
        if let (Value::Object(told), Value::Object(more)) =
            (&mut told, self.content.json(bytes_max))
        {
            told.extend(more);
        }
        told
    }
}

impl Content {
    fn json(&self, bytes_max: usize) -> Value {
        match self {
            Self::Scalar(bytes) => {
                let value = (bytes.len() <= bytes_max).then_some(bytes);
                json!({ "bytes": bytes.len(), "value": value })
            }
            Self::Capacity(Levels { limit, free, held, confirmed, .. }) => {
                json!({ "limit": limit, "free": free, "held": held, "confirmed": confirmed })
            }
            Self::Collection { len, .. } => json!({ "len": len }),
            Self::Lock(lock) => json!({
                "mode": lock.mode.map(mode), "holders": lock.holders, "left_ms": millis(lock.left),
                "waiting": lock.waiting, "fence": lock.fence,
            }),
            Self::Queue(Depths { ready, delayed, claimed, dead, oldest }) => json!({
                "ready": ready, "delayed": delayed, "claimed": claimed, "dead": dead,
                "oldest_ms": millis(*oldest),
            }),
            Self::Once(work) => match work {
                Progress::New => json!({ "progress": "new" }),
                Progress::Running { left, attempt } => {
                    json!({ "progress": "running", "attempts": attempt, "left_ms": millis(*left) })
                }
                Progress::Crashed { attempts } => {
                    json!({ "progress": "crashed", "attempts": attempts })
                }
                Progress::Done { answer } => json!({ "progress": "done", "answer": answer }),
            },
            Self::Limiter | Self::Foreign => json!({}),
            Self::Odd(message) => json!({ "message": message }),
        }
    }
}

/// How a lock is held, in one word.
pub(crate) fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Exclusive => "exclusive",
        Mode::Shared => "shared",
    }
}

pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A number as it is, a text in quotes, anything else with its bytes; cut where it is long.
pub(crate) fn short_text(bytes: &Bytes, most: usize) -> String {
    let (text, rest) = match std::str::from_utf8(bytes) {
        Ok(text) if is_number(text) => return text.to_owned(),
        Ok(text) => {
            let shown: String = text.chars().take(most).collect();
            (shown.escape_debug().to_string(), text.len() > shown.len())
        }
        Err(_) => {
            let shown = &bytes[..bytes.len().min(most / 2)];
            (shown.escape_ascii().to_string(), bytes.len() > shown.len())
        }
    };
    if rest { format!("\"{text}\"… ({} bytes)", bytes.len()) } else { format!("\"{text}\"") }
}

fn is_number(text: &str) -> bool {
    text.len() <= 32 && text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// A text of an engine's as every terminal shows it.
pub(crate) fn plain(text: &str) -> String {
    let escape =
        |c: char| if c.is_control() { c.escape_unicode().to_string() } else { c.to_string() };
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use exactly::{Capacity, Counter};

    use super::*;

    #[tokio::test]
    async fn what_is_stored_is_read_as_what_it_is() -> Result<(), Fault> {
        let store = Store::open("memory:").await?;
        let visits = Counter::new(&store, "visits").with_ttl(Duration::from_secs(60));
        visits.increment().await?;
        let seats = Capacity::new(&store, "seats", 30);
        let _ = seats.take(2).await?.held().unwrap().keep();
        let gone = Key::alone("", "gone")?;
        let keys = [visits.key()?.clone(), gone, seats.key()?.clone()];
        let stored = read(&store, &keys).await?;
        let words: Vec<_> = stored.iter().map(|one| (one.key.name(), one.content.word())).collect();
        assert_eq!(words, [("visits", "scalar"), ("seats", "capacity")]);
        assert_eq!(stored[0].content.short(), "1");
        assert!(matches!(stored[0].life, Life::Left(_)));
        assert_eq!(stored[1].content.short(), "0 confirmed + 2 held of 30, 28 free");
        let many: Vec<_> = (0..2000).map(|_| keys[0].clone()).collect();
        assert_eq!(read(&store, &many).await?.len(), 2000);
        Ok(())
    }

    #[test]
    fn collections_are_told_by_their_size() {
        let key = Key::alone("", "waiting").unwrap();
        let content = Content::Collection { kind: Kind::SortedSet, len: 1000 };
        assert_eq!((content.word(), content.short().as_str()), ("sorted set", "1,000 elements"));
        let stored = Stored { key, life: Life::Persistent, content };
        assert_eq!(stored.json(0)["len"], json!(1000));
    }

    #[test]
    fn values_are_short_and_plain() {
        for (bytes, shown) in [
            (&b"29"[..], "29"),
            (b"-0.5", "-0.5"),
            (b"inf", "\"inf\""),
            (b"exactly 30", "\"exactly 30\""),
            (b"\x1b[31m\n", "\"\\u{1b}[31m\\n\""),
            (b"\x04\x08i\xff", "\"\\x04\\x08i\\xff\""),
            (b"", "\"\""),
        ] {
            assert_eq!(short_text(&bytes.to_vec().into(), 48), shown);
        }
        let long = Bytes::from("x".repeat(100));
        assert_eq!(short_text(&long, 4), "\"xxxx\"… (100 bytes)");
        assert_eq!(plain("a\u{9b}b"), "a\\u{9b}b");
    }
}
