//! The one error type: did it happen, and what to do now.
//!
//! A refusal (`Full`, `OutOfBounds`) is an outcome, not a fault. A fault means the engine could not
//! answer, and it is always one of three:
//!
//! | [`Fate`] | it happened? | do |
//! | --- | --- | --- |
//! | not applied | provably not | call again |
//! | unknown | perhaps | send the same token again, or ask |
//! | misuse | no, and it never will | change the call, as the message says |

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::key::Key;
use crate::state::Bytes;
use crate::token::Token;

/// Why an engine could not answer. Opaque, cheap to clone and to move; ask it with the `is_…`
/// predicates.
///
/// The message is a sentence for people: which key, what was expected, what was found, and what to
/// do.
#[derive(Clone)]
pub struct Fault(Arc<Report>);

struct Report {
    fate: Fate,
    cause: Cause,
    key: Option<Key>,
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// Whether the change of a failed call happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It provably did not happen. Calling again is safe.
    NotApplied,
    /// It was sent and no answer came: it may have happened.
    Unknown,
    /// It did not happen and will not until the call is changed.
    Misuse,
}

/// What went wrong, as far as programs tell it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    BadName,
    BadUrl,
    BadSetting,
    WrongType,
    NotANumber,
    Overflow,
    OutOfBounds,
    Undecodable,
    TooLarge,
    TokenReused,
    TokenForgotten,
    NotUndone,
    Unavailable,
    Denied,
    Untrusted,
    Loading,
    Busy,
    ReadOnly,
    OutOfMemory,
    Misconfigured,
    Contended,
    AtCapacity,
    TimedOut,
    LostReply,
    Broken,
}

/// Making faults: for engines and layers.
impl Fault {
    fn new(fate: Fate, cause: Cause, message: String) -> Self {
        Self(Arc::new(Report { fate, cause, key: None, message, source: None }))
    }

    fn misuse(cause: Cause, key: &Key, message: String) -> Self {
        let message = format!("`{key}`: {message}");
        Self(Arc::new(Report {
            fate: Fate::Misuse,
            cause,
            key: Some(key.clone()),
            message,
            source: None,
        }))
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
        let message = format!(
            "`{key}`: cannot be read as {expected}: {source}; read the raw bytes, or read it as \
                what was written"
        );
        Self(Arc::new(Report {
            fate: Fate::Misuse,
            cause: Cause::Undecodable,
            key: Some(key.clone()),
            message,
            source: Some(source),
        }))
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
            "`{key}`: what was overwritten or removed cannot be read as {expected}: {source}; it \
             was {bytes:?}"
        );
        Self(Arc::new(Report {
            fate: Fate::Unknown,
            cause: Cause::Undecodable,
            key: Some(key.clone()),
            message,
            source: Some(source),
        }))
    }

    /// The step of a block that was to be undone and was not: it stands, or may.
    pub fn not_undone(key: &Key, why: impl fmt::Display) -> Self {
        let message = format!("`{key}`: the block ran and its step was not undone: {why}");
        Self(Arc::new(Report {
            fate: Fate::Unknown,
            cause: Cause::NotUndone,
            key: Some(key.clone()),
            message,
            source: None,
        }))
    }

    /// A value that its form cannot write down.
    pub fn unencodable(key: &Key, form: &str, source: Box<dyn Error + Send + Sync>) -> Self {
        let message =
            format!("`{key}`: cannot be written as {form}: {source}; nothing was changed");
        Self(Arc::new(Report {
            fate: Fate::Misuse,
            cause: Cause::Undecodable,
            key: Some(key.clone()),
            message,
            source: Some(source),
        }))
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

    /// The same fault of a batch that changes nothing: whatever became of it, nothing was applied.
    #[must_use]
    pub fn of_a_read(self) -> Self {
        if self.fate() != Fate::Unknown {
            return self;
        }
        let (cause, key) = (self.0.cause, self.0.key.clone());
        let message = format!("{} (the batch only reads, so nothing was changed)", self.0.message);
        Self(Arc::new(Report { fate: Fate::NotApplied, cause, key, message, source: None }))
    }
}

/// Asking faults: for callers.
impl Fault {
    /// Whether the change happened.
    pub fn fate(&self) -> Fate {
        self.0.fate
    }

    /// It provably did not happen; calling again is safe.
    ///
    /// ```
    /// # use exactly_core::Fault;
    /// assert!(Fault::unavailable("connection refused").is_not_applied());
    /// ```
    pub fn is_not_applied(&self) -> bool {
        self.0.fate == Fate::NotApplied
    }

    /// It was sent and no answer came.
    ///
    /// ```
    /// # use exactly_core::Fault;
    /// assert!(Fault::lost_reply("the connection was cut").is_unknown());
    /// ```
    pub fn is_unknown(&self) -> bool {
        self.0.fate == Fate::Unknown
    }

    /// The call must be changed; the message says how.
    ///
    /// ```
    /// # use exactly_core::Key;
    /// assert!(Key::alone("", "").unwrap_err().is_misuse());
    /// ```
    pub fn is_misuse(&self) -> bool {
        self.0.fate == Fate::Misuse
    }

    /// A name, id or namespace that cannot be part of a key.
    ///
    /// ```
    /// # use exactly_core::Key;
    /// assert!(Key::in_group("", "course", "", "seats").unwrap_err().is_bad_name());
    /// ```
    pub fn is_bad_name(&self) -> bool {
        self.0.cause == Cause::BadName
    }

    /// A URL that this build does not open.
    ///
    /// ```
    /// # use exactly_core::Fault;
    /// assert!(Fault::bad_url("no engine opens `gopher:`").is_bad_url());
    /// ```
    pub fn is_bad_url(&self) -> bool {
        self.0.cause == Cause::BadUrl
    }

    /// A limit, lease, TTL or bound outside what is allowed.
    ///
    /// ```
    /// # use exactly_core::{Key, Model, operations::key::Expire};
    /// let never = Expire { after: std::time::Duration::ZERO };
    /// let fault = Model::new().run(&Key::alone("", "motto")?, never).unwrap_err();
    /// assert!(fault.is_bad_setting());
    /// # Ok::<(), exactly_core::Fault>(())
    /// ```
    pub fn is_bad_setting(&self) -> bool {
        self.0.cause == Cause::BadSetting
    }

    /// The key holds another kind of object.
    ///
    /// ```
    /// # use exactly_core::{Key, Model, operations::{capacity, counter}};
    /// let (mut model, seats) = (Model::new(), Key::alone("", "seats")?);
    /// model.run(&seats, capacity::Resize { to: 30 })?;
    /// assert!(model.run(&seats, counter::Add::by(1)).unwrap_err().is_wrong_type());
    /// # Ok::<(), exactly_core::Fault>(())
    /// ```
    pub fn is_wrong_type(&self) -> bool {
        self.0.cause == Cause::WrongType
    }

    /// The key holds a text that is not a number.
    ///
    /// ```
    /// # use exactly_core::{Key, Model, operations::{counter, value}};
    /// let (mut model, motto) = (Model::new(), Key::alone("", "motto")?);
    /// model.run(&motto, value::Set { to: "first come".into() })?;
    /// assert!(model.run(&motto, counter::Add::by(1)).unwrap_err().is_not_a_number());
    /// # Ok::<(), exactly_core::Fault>(())
    /// ```
    pub fn is_not_a_number(&self) -> bool {
        self.0.cause == Cause::NotANumber
    }

    /// A number would not fit.
    ///
    /// ```
    /// # use exactly_core::{Key, Model, operations::counter::Add};
    /// let (mut model, count) = (Model::new(), Key::alone("", "count")?);
    /// model.run(&count, Add::by(i64::MAX))?;
    /// assert!(model.run(&count, Add::by(1)).unwrap_err().is_overflow());
    /// # Ok::<(), exactly_core::Fault>(())
    /// ```
    pub fn is_overflow(&self) -> bool {
        self.0.cause == Cause::Overflow
    }

    /// A verb without a refusal met the declared bounds.
    ///
    /// ```
    /// # use exactly_core::{Fault, Key};
    /// assert!(Fault::out_of_bounds(&Key::alone("", "count")?, "0 to 30").is_out_of_bounds());
    /// # Ok::<(), exactly_core::Fault>(())
    /// ```
    pub fn is_out_of_bounds(&self) -> bool {
        self.0.cause == Cause::OutOfBounds
    }

    /// The stored bytes cannot be read as the type asked for, or the value cannot be written.
    ///
    /// ```
    /// # use exactly_core::{Fault, Key, codec::Form};
    /// let source = i64::decode(&"first come".into()).unwrap_err();
    /// assert!(Fault::undecodable(&Key::alone("", "motto")?, i64::NAME, source).is_undecodable());
    /// # Ok::<(), exactly_core::Fault>(())
    /// ```
    pub fn is_undecodable(&self) -> bool {
        self.0.cause == Cause::Undecodable
    }

    /// The step of a block stands, or may, though the block did not keep it.
    ///
    /// ```
    /// # use exactly_core::{Fault, Key};
    /// assert!(Fault::not_undone(&Key::alone("", "count")?, "refused").is_not_undone());
    /// # Ok::<(), exactly_core::Fault>(())
    /// ```
    pub fn is_not_undone(&self) -> bool {
        self.0.cause == Cause::NotUndone
    }

    /// A value, batch or name is larger than an engine takes.
    ///
    /// ```
    /// # use exactly_core::{BATCH_MAX, Batch, Key, Operation, Step, operations::key::Exists};
    /// let step = Step::new(Key::alone("", "motto")?, Exists {}.into_op());
    /// let batch = Batch::of(vec![step; BATCH_MAX + 1]);
    /// assert!(batch.check().unwrap_err().is_too_large());
    /// # Ok::<(), exactly_core::Fault>(())
    /// ```
    pub fn is_too_large(&self) -> bool {
        self.0.cause == Cause::TooLarge
    }

    /// The id was used before, for another batch.
    ///
    /// ```
    /// # use exactly_core::{Fault, Token};
    /// let token = Token::caller("order-1", std::time::Duration::from_secs(60))?;
    /// assert!(Fault::token_reused(&token).is_token_reused());
    /// # Ok::<(), exactly_core::Fault>(())
    /// ```
    pub fn is_token_reused(&self) -> bool {
        self.0.cause == Cause::TokenReused
    }

    /// The engine no longer remembers the token.
    ///
    /// ```
    /// # use exactly_core::{Fault, Token};
    /// let token = Token::caller("order-1", std::time::Duration::from_secs(60))?;
    /// assert!(Fault::token_forgotten(&token).is_token_forgotten());
    /// # Ok::<(), exactly_core::Fault>(())
    /// ```
    pub fn is_token_forgotten(&self) -> bool {
        self.0.cause == Cause::TokenForgotten
    }

    /// The engine could not be reached; nothing was sent.
    ///
    /// ```
    /// # use exactly_core::Fault;
    /// assert!(Fault::unavailable("connection refused").is_unavailable());
    /// ```
    pub fn is_unavailable(&self) -> bool {
        self.0.cause == Cause::Unavailable
    }

    /// The engine refuses this user, password, command or key.
    ///
    /// ```
    /// # use exactly_core::Fault;
    /// assert!(Fault::denied("wrong password").is_denied());
    /// ```
    pub fn is_denied(&self) -> bool {
        self.0.cause == Cause::Denied
    }

    /// No trusted connection could be made.
    ///
    /// ```
    /// # use exactly_core::Fault;
    /// assert!(Fault::untrusted("unknown issuer").is_untrusted());
    /// ```
    pub fn is_untrusted(&self) -> bool {
        self.0.cause == Cause::Untrusted
    }

    /// The engine is starting.
    ///
    /// ```
    /// # use exactly_core::Fault;
    /// assert!(Fault::loading("the server is loading its data").is_loading());
    /// ```
    pub fn is_loading(&self) -> bool {
        self.0.cause == Cause::Loading
    }

    /// The engine does something else that takes long.
    ///
    /// ```
    /// # use exactly_core::Fault;
    /// assert!(Fault::busy("the server runs a script").is_busy());
    /// ```
    pub fn is_busy(&self) -> bool {
        self.0.cause == Cause::Busy
    }

    /// The engine is a copy that takes no writes.
    ///
    /// ```
    /// # use exactly_core::Fault;
    /// assert!(Fault::read_only("the server is a replica").is_read_only());
    /// ```
    pub fn is_read_only(&self) -> bool {
        self.0.cause == Cause::ReadOnly
    }

    /// The engine has no memory left.
    ///
    /// ```
    /// # use exactly_core::Fault;
    /// assert!(Fault::out_of_memory("the server is full").is_out_of_memory());
    /// ```
    pub fn is_out_of_memory(&self) -> bool {
        self.0.cause == Cause::OutOfMemory
    }

    /// The engine takes no writes until its operator mends it.
    ///
    /// ```
    /// # use exactly_core::Fault;
    /// assert!(Fault::misconfigured("the server cannot save").is_misconfigured());
    /// ```
    pub fn is_misconfigured(&self) -> bool {
        self.0.cause == Cause::Misconfigured
    }

    /// No answer came within the time allowed.
    ///
    /// ```
    /// # use exactly_core::Fault;
    /// assert!(Fault::timed_out(std::time::Duration::from_secs(1)).is_timed_out());
    /// ```
    pub fn is_timed_out(&self) -> bool {
        self.0.cause == Cause::TimedOut
    }

    /// Others kept changing the state.
    ///
    /// ```
    /// # use exactly_core::{Fault, Key};
    /// assert!(Fault::contended(&Key::alone("", "motto")?, 64).is_contended());
    /// # Ok::<(), exactly_core::Fault>(())
    /// ```
    pub fn is_contended(&self) -> bool {
        self.0.cause == Cause::Contended
    }

    /// A bounded room of the engine is full.
    ///
    /// ```
    /// # use exactly_core::Fault;
    /// assert!(Fault::at_capacity("remembered tokens", 64).is_at_capacity());
    /// ```
    pub fn is_at_capacity(&self) -> bool {
        self.0.cause == Cause::AtCapacity
    }

    /// The key the fault is about, if it is about one.
    pub fn key(&self) -> Option<&Key> {
        self.0.key.as_ref()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fate = match self.0.fate {
            Fate::NotApplied => "not applied",
            Fate::Unknown => "unknown",
            Fate::Misuse => "misuse",
        };
        write!(f, "{fate}: {}", self.0.message)
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fault({:?}: {})", self.0.cause, self.0.message)
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_one_word_wide() {
        assert_eq!(size_of::<Fault>(), size_of::<usize>());
    }

    #[test]
    fn a_lost_read_changed_nothing() {
        let lost = Fault::lost_reply("cut");
        assert!(lost.is_unknown());
        assert!(lost.of_a_read().is_not_applied());
    }

    #[test]
    fn the_message_names_the_key_and_what_to_do() {
        let key = Key::in_group("", "course", "42", "motto").unwrap();
        let said = Fault::not_a_number(&key, "an integer", "\"abc\"").to_string();
        for part in ["misuse", "course:42:motto", "an integer", "abc", "nothing was changed"] {
            assert!(said.contains(part), "{said}");
        }
    }
}
