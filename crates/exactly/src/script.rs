//! Scripts of the user's own, on Redis.

use std::fmt;

use exactly_core::codec::Form;
use exactly_core::{Bytes, Fault, Key};
use exactly_redis::{Script, ScriptAnswer};

use crate::object::Object;
use crate::store::Store;

/// A call of a script: see [`Store::script`].
#[must_use = "a script does nothing until it is run"]
pub struct Scripting<'a> {
    store: &'a Store,
    script: &'a Script,
    keys: Result<Vec<Key>, Fault>,
    args: Result<Vec<Bytes>, Fault>,
}

impl fmt::Debug for Scripting<'_> {
    /// What it is, not what is in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripting").field("store", &self.store).finish_non_exhaustive()
    }
}

impl Store {
    /// Runs a script in Lua on Redis, for what no object offers. Nobody comes between its commands.
    ///
    /// Objects are its keys, so it finds them under the names that this store gives them, and what
    /// stands there is what the page of [the wire](crate::redis) says: a counter, value or flag is
    /// a text, and lists, sets, sorted sets and maps are those of Redis. What this library keeps in
    /// several keys, such as capacities, locks and queues, is better left to it.
    ///
    /// ```no_run
    /// # use exactly::{Counter, Fault, List, Store, redis::Script};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Fault> {
    /// let store = Store::open("redis://localhost").await?;
    /// let (sold, buyers) = (Counter::new(&store, "sold"), List::<String>::new(&store, "buyers"));
    ///
    /// // Made once: the server remembers it by its digest.
    /// let sell = Script::new(
    ///     "local sold = redis.call('INCR', KEYS[1])
    ///      redis.call('RPUSH', KEYS[2], ARGV[1])
    ///      return sold",
    /// );
    /// let number: i64 = store.script(&sell).key(&sold).key(&buyers).text("ada").one().await?;
    /// # let _ = number; Ok(()) }
    /// ```
    ///
    /// # What it does not promise
    ///
    /// A script that ends with an error leaves behind what it had written before, whatever
    /// tutorials say: Redis takes nothing back. A [batch](Store::batch) and a
    /// [transaction](Store::atomically) do. A script is sent once: where its answer is lost,
    /// whether it has run is *unknown*, and no token tells. It cannot be a part of a transaction.
    ///
    /// # Faults
    /// *Misuse* on an engine that is not Redis, for an object of another store, and for a text that
    /// does not compile; *unknown* when the script ends with an error. As every call.
    pub fn script<'a>(&'a self, script: &'a Script) -> Scripting<'a> {
        Scripting { store: self, script, keys: Ok(Vec::new()), args: Ok(Vec::new()) }
    }
}

impl Scripting<'_> {
    /// With this object as its next key.
    pub fn key(mut self, object: &impl AsRef<Object>) -> Self {
        let object = object.as_ref();
        let key = self.store.has(object).and_then(|()| object.key().cloned());
        add(&mut self.keys, key);
        self
    }

    /// With this as its next argument.
    pub fn arg<T: Form>(mut self, value: T) -> Self {
        let encoded = value.encode().map_err(|why| {
            Fault::bad_option(format!(
                "an argument of a script cannot be written as {}: {why}; nothing was changed",
                T::NAME
            ))
        });
        add(&mut self.args, encoded);
        self
    }

    /// With this text as its next argument.
    pub fn text(mut self, text: &str) -> Self {
        add(&mut self.args, Ok(text.into()));
        self
    }

    /// Runs it, and does not look at its answer.
    ///
    /// # Faults
    /// As [`Store::script`].
    pub async fn run(self) -> Result<(), Fault> {
        self.answer().await.map(drop)
    }

    /// Runs it, and reads the one thing that it answers.
    ///
    /// # Faults
    /// As [`Store::script`]; *misuse* when it answers something else, or nothing: what it has done
    /// stands.
    pub async fn one<T: Form>(self) -> Result<T, Fault> {
        let answer = self.answer().await?;
        read(&answer)?.ok_or_else(|| strange(T::NAME, &answer))
    }

    /// Runs it, and reads what it answers: none for `nil` and `false`.
    ///
    /// # Faults
    /// As [`one`](Scripting::one).
    pub async fn optional<T: Form>(self) -> Result<Option<T>, Fault> {
        read(&self.answer().await?)
    }

    /// Runs it, and reads the table that it answers, which ends where something in it is `nil`.
    ///
    /// # Faults
    /// As [`one`](Scripting::one).
    pub async fn all<T: Form>(self) -> Result<Vec<T>, Fault> {
        let answer = self.answer().await?;
        let ScriptAnswer::List(parts) = &answer else { return Err(strange("a table", &answer)) };
        let part = |part| read(part)?.ok_or_else(|| strange(T::NAME, &answer));
        parts.iter().map(part).collect()
    }

    /// Runs it, and answers what it answers.
    ///
    /// # Faults
    /// As [`Store::script`].
    pub async fn answer(self) -> Result<ScriptAnswer, Fault> {
        let (keys, args) = (self.keys?, self.args?);
        self.store.scripts()?.run_script(self.script, &keys, &args).await
    }
}

fn add<T>(all: &mut Result<Vec<T>, Fault>, one: Result<T, Fault>) {
    match (all.as_mut(), one) {
        (Ok(all), Ok(one)) => all.push(one),
        (Ok(_), Err(fault)) => *all = Err(fault),
        // The first fault is told.
        (Err(_), _) => {}
    }
}

fn read<T: Form>(answer: &ScriptAnswer) -> Result<Option<T>, Fault> {
    let bytes = match answer {
        ScriptAnswer::Nothing => return Ok(None),
        ScriptAnswer::Integer(number) => number.to_string().into(),
        ScriptAnswer::Bytes(bytes) => bytes.clone(),
        ScriptAnswer::List(_) => return Err(strange(T::NAME, answer)),
    };
    T::decode(&bytes).map(Some).map_err(|_| strange(T::NAME, answer))
}

fn strange(expected: &str, answer: &ScriptAnswer) -> Fault {
    let found = match answer {
        ScriptAnswer::Nothing => "nothing".to_owned(),
        ScriptAnswer::Integer(number) => number.to_string(),
        ScriptAnswer::Bytes(bytes) => format!("{bytes:?}"),
        ScriptAnswer::List(parts) => format!("a table of {}", parts.len()),
    };
    Fault::bad_option(format!(
        "the script answered {found}, and {expected} was expected; what it has done stands: mend \
         the script, or how it is read"
    ))
}
