//! Asking faults: for callers.

use super::{Cause, Fate, Fault, Place};
use crate::bytes::Bytes;
use crate::key::Key;

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

    /// The call requires a lock that its caller does not hold any more: the lease was over, or
    /// somebody deleted the lock. Nothing was changed, and the [key](Fault::key) is that of the
    /// lock.
    ///
    /// ```
    /// # use exactly_core::{Fault, Key};
    /// let fault = Fault::lock_lost(&Key::alone("", "till")?);
    /// assert!(fault.is_lock_lost() && fault.is_not_applied());
    /// # Ok::<(), exactly_core::Fault>(())
    /// ```
    pub fn is_lock_lost(&self) -> bool {
        self.0.cause == Cause::LockLost
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

    /// The engine did what it must not. Asking it again would not help.
    ///
    /// ```
    /// # use exactly_core::Fault;
    /// assert!(Fault::broken("half of a batch was applied").is_broken());
    /// ```
    pub fn is_broken(&self) -> bool {
        self.0.cause == Cause::Broken
    }

    /// The key the fault is about, if it is about one.
    pub fn key(&self) -> Option<&Key> {
        self.0.key.as_ref()
    }

    /// Where in the collection at the [`key`](Fault::key) the value stands that could not be read.
    ///
    /// ```
    /// # use exactly_core::{Fault, Key, Place, codec::Form};
    /// let source = i64::decode(&"first come".into()).unwrap_err();
    /// let scores = Key::alone("", "scores")?;
    /// let fault = Fault::undecodable_at(&scores, &Place::Index(3), i64::NAME, source);
    /// assert_eq!(fault.place(), Some(&Place::Index(3)));
    /// # Ok::<(), exactly_core::Fault>(())
    /// ```
    pub fn place(&self) -> Option<&Place> {
        self.0.place.as_ref()
    }

    /// The bytes that the call overwrote or removed, if it could not read all of them: they are
    /// nowhere else now. In the order in which the call would have answered them.
    ///
    /// ```
    /// # use exactly_core::{Bytes, Fault, Key, codec::Form};
    /// let bytes = Bytes::from("first come");
    /// let source = i64::decode(&bytes).unwrap_err();
    /// let motto = Key::alone("", "motto")?;
    /// let fault = Fault::undecodable_and_gone(&motto, i64::NAME, &bytes, source);
    /// assert_eq!(fault.gone(), [bytes]);
    /// # Ok::<(), exactly_core::Fault>(())
    /// ```
    pub fn gone(&self) -> &[Bytes] {
        &self.0.gone
    }
}
