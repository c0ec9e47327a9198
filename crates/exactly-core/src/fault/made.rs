//! Making faults: for engines and layers.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{Cause, Fate, Fault, Place, Report};
use crate::bytes::Bytes;
use crate::key::Key;
use crate::token::Token;

/// Making faults: for engines and layers.
impl Fault {
    fn new(fate: Fate, cause: Cause, message: String) -> Self {
        Self(Arc::new(Report::new(fate, cause, message)))
    }

    fn misuse(cause: Cause, key: &Key, message: String) -> Self {
        Self(Arc::new(Report::at(Fate::Misuse, cause, key, message)))
    }

    /// A name that cannot be part of a key.
    pub fn bad_name(what: &str, expected: &str, found: &str) -> Self {
        let message = format!("a {what} needs {expected}, found {found}; give another {what}");
        Self::new(Fate::Misuse, Cause::BadName, message)
    }

    /// A URL that no engine of this build opens. `message` says which it does; it must not repeat a
    /// password.
    pub fn bad_url(message: impl Into<String>) -> Self {
        Self::new(Fate::Misuse, Cause::BadUrl, message.into())
    }

    /// An option outside what is allowed.
    pub fn bad_setting(key: &Key, message: impl fmt::Display) -> Self {
        Self::misuse(Cause::BadSetting, key, message.to_string())
    }

    /// A limit, rate or window of a layer or engine outside what is allowed.
    pub fn bad_option(message: impl Into<String>) -> Self {
        Self::new(Fate::Misuse, Cause::BadSetting, message.into())
    }

    /// The key holds another kind of object.
    pub fn wrong_type(key: &Key, expected: &str, found: &str) -> Self {
        let message = format!(
            "expected {expected}, found {found}; nothing was changed: use another key, or delete \
                this one first"
        );
        Self::misuse(Cause::WrongType, key, message)
    }

    /// The key holds a text that is not the number an operation needs.
    pub fn not_a_number(key: &Key, expected: &str, found: &str) -> Self {
        let message = format!(
            "expected {expected}, found the text {found}; nothing was changed: set a number, or \
                use a value"
        );
        Self::misuse(Cause::NotANumber, key, message)
    }

    /// The result would not fit.
    pub fn overflow(key: &Key, message: impl fmt::Display) -> Self {
        let message = format!("{message}; nothing was changed");
        Self::misuse(Cause::Overflow, key, message)
    }

    /// A verb that cannot express a refusal met the declared bounds.
    pub fn out_of_bounds(key: &Key, message: impl fmt::Display) -> Self {
        Self::misuse(Cause::OutOfBounds, key, message.to_string())
    }

    /// The stored bytes are not what the reader's type expects. The raw bytes stay where they are.
    pub fn undecodable(key: &Key, expected: &str, source: Box<dyn Error + Send + Sync>) -> Self {
        let message = format!("cannot be read as {expected}: {source}; {READ_AS_WRITTEN}");
        let report = Report::at(Fate::Misuse, Cause::Undecodable, key, message);
        Self(Arc::new(Report { source: Some(source), ..report }))
    }

    /// As [`undecodable`](Fault::undecodable), of one value of a collection.
    pub fn undecodable_at(
        key: &Key,
        place: &Place,
        expected: &str,
        source: Box<dyn Error + Send + Sync>,
    ) -> Self {
        let message = format!("{place} cannot be read as {expected}: {source}; {READ_AS_WRITTEN}");
        let report = Report::at(Fate::Misuse, Cause::Undecodable, key, message);
        Self(Arc::new(Report { source: Some(source), place: Some(place.clone()), ..report }))
    }

    /// As [`undecodable`](Fault::undecodable), of bytes that were overwritten or removed by the
    /// call that read them.
    pub fn undecodable_and_gone(
        key: &Key,
        expected: &str,
        bytes: &Bytes,
        source: Box<dyn Error + Send + Sync>,
    ) -> Self {
        let message = format!(
            "what was overwritten or removed cannot be read as {expected}: {source}; it was \
             {bytes:?}"
        );
        let report = Report::at(Fate::Unknown, Cause::Undecodable, key, message);
        Self(Arc::new(Report { source: Some(source), gone: vec![bytes.clone()], ..report }))
    }

    /// As [`undecodable_and_gone`](Fault::undecodable_and_gone), of one value of a collection:
    /// `gone` is all that the call overwrote or removed, in the order of its answer.
    pub fn undecodable_and_gone_at(
        key: &Key,
        place: &Place,
        expected: &str,
        gone: &[Bytes],
        source: Box<dyn Error + Send + Sync>,
    ) -> Self {
        let message = format!(
            "{place} of what was overwritten or removed cannot be read as {expected}: {source}; \
             the fault has the bytes of all {}",
            gone.len()
        );
        let report = Report::at(Fate::Unknown, Cause::Undecodable, key, message);
        let place = Some(place.clone());
        Self(Arc::new(Report { source: Some(source), place, gone: gone.to_vec(), ..report }))
    }

    /// The step of a block that was to be undone and was not: it stands, or may.
    pub fn not_undone(key: &Key, why: impl fmt::Display) -> Self {
        let message = format!("the block ran and its step was not undone: {why}");
        Self(Arc::new(Report::at(Fate::Unknown, Cause::NotUndone, key, message)))
    }

    /// A call that requires a lock which its caller does not hold any more.
    pub fn lock_lost(key: &Key) -> Self {
        let message = "the lock is not held any more, and nothing was changed: acquire it again, \
                       and read again what was read under it"
            .to_owned();
        Self(Arc::new(Report::at(Fate::NotApplied, Cause::LockLost, key, message)))
    }

    /// A value that its form cannot write down.
    pub fn unencodable(key: &Key, form: &str, source: Box<dyn Error + Send + Sync>) -> Self {
        let message = format!("cannot be written as {form}: {source}; nothing was changed");
        let report = Report::at(Fate::Misuse, Cause::Undecodable, key, message);
        Self(Arc::new(Report { source: Some(source), ..report }))
    }

    /// More than an engine takes at once.
    pub fn too_large(what: &str, limit: usize, found: usize) -> Self {
        let message = format!("{what} is limited to {limit}, found {found}; send it in parts");
        Self::new(Fate::Misuse, Cause::TooLarge, message)
    }

    /// A caller's id that was used before, for another batch.
    pub fn token_reused(token: &Token) -> Self {
        let message = format!(
            "{token} was used before, for another batch; nothing was changed: one id, one batch"
        );
        Self::new(Fate::Misuse, Cause::TokenReused, message)
    }

    /// A token whose record the engine no longer has: it cannot tell whether the batch took effect.
    pub fn token_forgotten(token: &Token) -> Self {
        let message = format!(
            "{token} is older than what the engine remembers: the batch may have taken effect; \
                read the state"
        );
        Self::new(Fate::Unknown, Cause::TokenForgotten, message)
    }

    /// The engine could not be reached; nothing was sent.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Fate::NotApplied, Cause::Unavailable, message.into())
    }

    /// The engine refuses this user or password, or this user this command or key.
    pub fn denied(message: impl fmt::Display) -> Self {
        let message = format!("{message}; nothing was changed: check user, password and rights");
        Self::new(Fate::Misuse, Cause::Denied, message)
    }

    /// No trusted connection could be made: certificates do not match, or one side speaks no TLS.
    pub fn untrusted(message: impl fmt::Display) -> Self {
        let message = format!("{message}; nothing was sent: check the certificates and the URL");
        Self::new(Fate::Misuse, Cause::Untrusted, message)
    }

    /// The engine is starting and has not read its data yet.
    pub fn loading(message: impl fmt::Display) -> Self {
        let message = format!("{message}; nothing was changed: call again in a moment");
        Self::new(Fate::NotApplied, Cause::Loading, message)
    }

    /// The engine does something else that takes long.
    pub fn busy(message: impl fmt::Display) -> Self {
        let message = format!("{message}; nothing was changed: call again in a moment");
        Self::new(Fate::NotApplied, Cause::Busy, message)
    }

    /// The engine is a copy that takes no writes, or has become one.
    pub fn read_only(message: impl fmt::Display) -> Self {
        let message = format!("{message}; nothing was changed: write to the primary");
        Self::new(Fate::NotApplied, Cause::ReadOnly, message)
    }

    /// The engine has no memory left for what is new.
    pub fn out_of_memory(message: impl fmt::Display) -> Self {
        let message = format!("{message}; nothing was changed: free some, or allow more");
        Self::new(Fate::NotApplied, Cause::OutOfMemory, message)
    }

    /// The engine takes no writes until its operator mends it, say because it cannot save.
    pub fn misconfigured(message: impl fmt::Display) -> Self {
        let message = format!("{message}; nothing was changed: ask who runs it");
        Self::new(Fate::NotApplied, Cause::Misconfigured, message)
    }

    /// Others kept changing the state; the bounded number of attempts is used up.
    pub fn contended(key: &Key, attempts: u32) -> Self {
        let message = format!(
            "`{key}`: changed by others at each of {attempts} attempts; nothing was changed: call \
                again"
        );
        Self::new(Fate::NotApplied, Cause::Contended, message)
    }

    /// A bounded room of the engine (tokens, waiting callers) is full.
    pub fn at_capacity(what: &str, limit: usize) -> Self {
        let message = format!("{what} are limited to {limit} and all are in use; call again later");
        Self::new(Fate::NotApplied, Cause::AtCapacity, message)
    }

    /// No answer within the time allowed; the batch was sent, so it may take effect.
    pub fn timed_out(after: Duration) -> Self {
        let message = format!(
            "no answer within {after:?}: the batch may have taken effect; send the same token \
                again, or read the state"
        );
        Self::new(Fate::Unknown, Cause::TimedOut, message)
    }

    /// The batch was sent and its reply was lost.
    pub fn lost_reply(message: impl fmt::Display) -> Self {
        let message = format!(
            "{message}: the batch may have taken effect; send the same token again, or read the \
                state"
        );
        Self::new(Fate::Unknown, Cause::LostReply, message)
    }

    /// An engine broke its contract.
    pub fn broken(message: impl fmt::Display) -> Self {
        let message =
            format!("the engine broke its contract: {message}; this is a bug, please report it");
        Self::new(Fate::Unknown, Cause::Broken, message)
    }

    /// The same fault of a change in several stores, of which some are done: what happened is
    /// neither all nor nothing. `done` says what, and what to do.
    #[must_use]
    pub fn in_part(self, done: impl fmt::Display) -> Self {
        let message = format!("{}; {done}", self.0.message);
        let report = Report::new(Fate::Unknown, self.0.cause, message);
        Self(Arc::new(Report { key: self.0.key.clone(), ..report }))
    }

    /// The same fault of a batch that changes nothing: whatever became of it, nothing was applied.
    #[must_use]
    pub fn of_a_read(self) -> Self {
        if self.fate() != Fate::Unknown {
            return self;
        }
        let message = format!("{} (the batch only reads, so nothing was changed)", self.0.message);
        let report = Report::new(Fate::NotApplied, self.0.cause, message);
        Self(Arc::new(Report { key: self.0.key.clone(), ..report }))
    }
}

/// What to do about stored bytes that are of another form.
const READ_AS_WRITTEN: &str = "read the raw bytes, or read it as what was written";

impl Report {
    fn new(fate: Fate, cause: Cause, message: String) -> Self {
        Self { fate, cause, key: None, message, source: None, place: None, gone: Vec::new() }
    }

    /// About what is at `key`, which the message begins with.
    fn at(fate: Fate, cause: Cause, key: &Key, message: String) -> Self {
        let message = format!("`{key}`: {message}");
        Self { key: Some(key.clone()), ..Self::new(fate, cause, message) }
    }
}
