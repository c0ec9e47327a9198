//! From the keys of another style to those of the default one.

use exactly_core::{Cursor, Fault, Key, Pattern};

use crate::engine::Redis;
use crate::names::{Companion, KeyStyle, literally};
use crate::request::Request;
use crate::script::Script;
use crate::words::{Words, odd};

/// How many keys are looked at for one page.
const PAGE: u32 = 500;

/// What is migrated, and how: keys as the Ruby library redis-objects writes them
/// (`course:42:seats`) get the names of [`KeyStyle::Tagged`] (`{course:42}:seats`), with all that
/// is stored there, whatever it is, and its time to live.
///
/// Each key is one step of the server's: it is there under the new name as a whole or not at all.
/// Nothing is ever overwritten. A key that was copied before is found to be the same and left, so
/// that a migration that ended early is simply run again.
///
/// ```no_run
/// # use exactly_redis::{Migration, Options, Redis};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly_core::Fault> {
/// let redis = Redis::open("redis://localhost", Options::new()).await?;
/// let migration = Migration::of("course:*").go();
/// let mut after = None;
/// loop {
///     let page = redis.migrate(&migration, after).await?;
///     for migrated in page.keys {
///         println!("{}: {:?}", migrated.from, migrated.outcome);
///     }
///     after = page.next;
///     if after.is_none() {
///         break;
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a migration does nothing until an engine is told to migrate"]
pub struct Migration {
    glob: String,
    namespace: String,
    go: bool,
    moves: bool,
}

impl Migration {
    /// The keys that look like `glob` as they are written now: `course:*` are those of a group.
    /// Unless told otherwise it only looks, and copies.
    pub fn of(glob: impl Into<String>) -> Self {
        Self { glob: glob.into(), namespace: String::new(), go: false, moves: false }
    }

    /// Keys that begin with this namespace and a colon, which they keep: the pattern is for what
    /// follows it.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// Does it, and does not only say what it would do.
    pub fn go(mut self) -> Self {
        self.go = true;
        self
    }

    /// Leaves nothing under the old name.
    pub fn moving(mut self) -> Self {
        self.moves = true;
        self
    }
}

/// One page of a migration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MigratedPage {
    /// The keys that were looked at, in no order; one may come twice.
    pub keys: Vec<Migrated>,
    /// Where the next page begins; none after the last.
    pub next: Option<Cursor>,
}

/// What became of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Migrated {
    /// What it was called, as text where it is none.
    pub from: String,
    /// What it is called now, or would be.
    pub to: Option<String>,
    /// What became of it.
    pub outcome: MigratedOutcome,
}

/// What became of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MigratedOutcome {
    /// It is there under its new name.
    Done,
    /// It would be.
    Would,
    /// It was there already, the same: copied before.
    Same,
    /// Left: something else is stored under the new name.
    Taken,
    /// Left: it is no key of that library, which are `class:id:field`, `class::field` or a name
    /// without a colon.
    Unreadable,
    /// It was gone before it could be migrated.
    Gone,
}

impl Redis {
    /// Migrates, or says what it would, one page of keys.
    ///
    /// The user needs the rights `+scan` and `+copy`, and to compare what is there already those to
    /// read it, whatever it is: `+lrange`, `+smembers`, `+zrange`, `+hgetall`.
    ///
    /// # Faults
    /// As the server says. What was answered before stands, and the same page can be asked for
    /// again.
    pub async fn migrate(
        &self,
        migration: &Migration,
        after: Option<Cursor>,
    ) -> Result<MigratedPage, Fault> {
        // A namespace that cannot be part of a key has none to migrate.
        Key::alone(&migration.namespace, "any")?;
        let (texts, next) = self.scan(&migration.glob(), after, PAGE).await?;
        let mut keys = Vec::with_capacity(texts.len());
        for text in &texts {
            if !migration.concerns(text) || self.is_of_ours(migration, text).await? {
                continue;
            }
            keys.push(match migration.key(text) {
                Some(key) => self.migrate_one(migration, text, &key).await?,
                None => Migrated::left(text),
            });
        }
        Ok(MigratedPage { keys, next })
    }

    /// Whether it is no object at all: the record of a token, or what stands beside an object.
    async fn is_of_ours(&self, migration: &Migration, text: &[u8]) -> Result<bool, Fault> {
        if self.is_record(text) {
            return Ok(true);
        }
        match KeyStyle::RedisObjects.beside(text) {
            // It may have gone along with its object by now.
            Some(object) if migration.key(text).is_none() => {
                Ok(self.has(object).await? || !self.has(text).await?)
            }
            Some(_) | None => Ok(false),
        }
    }

    async fn migrate_one(
        &self,
        migration: &Migration,
        text: &[u8],
        key: &Key,
    ) -> Result<Migrated, Fault> {
        let mut keys = Words::default();
        for style in [KeyStyle::RedisObjects, KeyStyle::Tagged] {
            keys.write(|text| style.write(key, text));
            for companion in Companion::ALL {
                keys.write(|text| style.write_companion(key, *companion, text));
            }
        }
        let to = keys
            .iter()
            .nth(1 + Companion::ALL.len())
            .map(|to| String::from_utf8_lossy(to).into_owned());
        let mut args = Words::default();
        args.push(if migration.go { "go" } else { "look" });
        args.push(if migration.moves { "move" } else { "copy" });
        let told = self.run(Request::new_plain(Script::migrate(), keys, args)).await?;
        let outcome = match told.as_slice() {
            b"done" => MigratedOutcome::Done,
            b"free" => MigratedOutcome::Would,
            b"same" => MigratedOutcome::Same,
            b"taken" => MigratedOutcome::Taken,
            b"gone" => MigratedOutcome::Gone,
            b"denied" => return Err(Fault::denied("the user lacks the right `+copy`")),
            _ => return Err(odd()),
        };
        Ok(Migrated { from: String::from_utf8_lossy(text).into_owned(), to, outcome })
    }
}

impl Migrated {
    fn left(text: &[u8]) -> Self {
        let from = String::from_utf8_lossy(text).into_owned();
        Self { from, to: None, outcome: MigratedOutcome::Unreadable }
    }
}

impl Migration {
    /// The server's own pattern. Its `?` is a byte, and ours a character.
    fn glob(&self) -> Vec<u8> {
        let mut glob = Vec::new();
        if !self.namespace.is_empty() {
            literally(&self.namespace, &mut glob);
            glob.push(b':');
        }
        let mut chars = self.glob.chars();
        while let Some(c) = chars.next() {
            match c {
                '*' | '?' => glob.push(b'*'),
                '\\' => literally(chars.next().unwrap_or('\\').encode_utf8(&mut [0; 4]), &mut glob),
                c => literally(c.encode_utf8(&mut [0; 4]), &mut glob),
            }
        }
        glob
    }

    /// Whether it looks like the pattern and is not written in the default style already.
    fn concerns(&self, text: &[u8]) -> bool {
        let pattern = Pattern::glob(&self.namespace, &self.glob);
        if KeyStyle::Tagged.read(pattern.namespace(), text).is_some() {
            return false;
        }
        let Ok(mut name) = std::str::from_utf8(text) else { return true };
        if !self.namespace.is_empty() {
            let rest = name.strip_prefix(&self.namespace).and_then(|rest| rest.strip_prefix(':'));
            let Some(rest) = rest else { return false };
            name = rest;
        }
        pattern.fits(name)
    }

    /// The key that this is, if it is one of that library's. A colon in what stands alone is some
    /// other program's.
    fn key(&self, text: &[u8]) -> Option<Key> {
        let pattern = Pattern::glob(&self.namespace, &self.glob);
        let key = KeyStyle::RedisObjects.read(pattern.namespace(), text)?;
        (key.group().is_some() || !key.field().contains(':')).then_some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_migration_is_concerned_with() {
        let of = |glob: &str| Migration::of(glob);
        for (migration, text, concerned, key) in [
            (of("course:*"), "course:42:seats", true, Some("course:42:seats")),
            (of("course:*"), "course:4:2:seats", true, Some("course:4%3A2:seats")),
            (of("course:*"), "course::total", true, Some("course::total")),
            (of("course:*"), "user:1:name", false, Some("user:1:name")),
            (of("course:*"), "course:42", true, None),
            (of("*"), "{course:42}:seats", false, Some("%7Bcourse:42}%3Aseats")),
            (of("*"), "visits", true, Some("visits")),
            (of("*"), "cache:page", true, None),
            (of("c?urs*"), "cöurse:42:seats", true, Some("cöurse:42:seats")),
            (of("a%3Ab:*"), "a%3Ab:1:c", true, Some("a%253Ab:1:c")),
            (
                of("course:*").namespace("shop"),
                "shop:course:42:seats",
                true,
                Some("course:42:seats"),
            ),
            (of("course:*").namespace("shop"), "course:42:seats", false, None),
        ] {
            assert_eq!(migration.concerns(text.as_bytes()), concerned, "{text}");
            if concerned {
                let read = migration.key(text.as_bytes());
                assert_eq!(read.as_ref().map(Key::name), key, "{text}");
            }
        }
        assert!(of("*").concerns(b"\xff") && of("*").key(b"\xff").is_none());
        assert_eq!(of("c?[a]\\*:*").namespace("a*").glob(), b"a\\*:c*\\[a\\]\\*:*");
    }
}
