//! The one door: every call passes here.

use std::fmt::Debug;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::batch::{Batch, Delivery, Lifetime, Reply};
use crate::key::Key;
use crate::listing::{Listing, Page};
use crate::operations::Op;
use crate::rehearsal::Rehearsal;
use crate::resolution::Resolution;
use crate::token::Token;

/// A place that applies batches.
///
/// The contract, which the conformance suite holds every engine to:
///
/// - **Meaning**: [`apply`](crate::apply) in this crate, nothing more and nothing less. An engine
///   asks [`Batch::check`] first and answers every operation; there is no operation an engine may
///   leave out.
/// - **One change**: a batch happens at one moment between call and answer, whole or not at all,
///   also when the caller goes away. Dropping an answer does not mean that the batch did not
///   happen.
/// - **One effect per token**: a batch whose token has a record gets the recorded reply; the record
///   is made in the same atomic step as the effect. The same token with another
///   [`Batch::fingerprint`] is *misuse*. A token the engine can no longer judge is *unknown*, never
///   new.
/// - **The engine's clock**: expiry and leases are judged by the engine, inside the step.
/// - **Listings miss nothing that stays**: a key at which something is stored during a whole
///   listing is listed at least once, whatever else comes and goes. What comes or goes meanwhile
///   may be listed, and a key may be listed twice. Every listing ends.
/// - **Faults are truthful**: *not applied* only with proof; whatever was sent and not answered is
///   *unknown*.
pub trait Engine: Debug + Send + Sync + 'static {
    /// Applies the batch as one atomic change, or none of it, and answers each operation.
    fn apply(&self, batch: Batch) -> Answer<'_, Reply>;

    /// Resolves with the key's present mark once that is no longer `since`; at once for
    /// [`Mark::NONE`].
    ///
    /// Ask for the mark, read, then wait for a change of the mark: no change is missed in between.
    /// Spurious answers are allowed, missed changes are not.
    fn changed(&self, key: &Key, since: Mark) -> Answer<'_, Mark>;

    /// A page of the keys at which something is stored.
    fn keys(&self, listing: Listing) -> Answer<'_, Page>;

    /// What a batch would do, if it were applied now: nothing is changed. What it requires, its
    /// token and its delivery are not looked at; what it has [seen](Batch::seen) is.
    fn rehearse(&self, batch: Batch) -> Answer<'_, Rehearsal>;

    /// What is remembered of a token. It is looked up, and nothing more: a batch that is still on
    /// its way under this name may take effect later.
    fn resolve(&self, token: &Token) -> Answer<'_, Resolution>;

    /// What this engine promises.
    fn profile(&self) -> Profile;

    /// Goes along with an equal call that waits here already, if there is one; else the call is to
    /// be made by [`apply`](Engine::apply). Only a shortcut for layers that fold, which saves a hot
    /// call its batch. The answer is the same; it need not be polled before it wakes this waker.
    fn join(&self, _call: &Joining<'_>, _waker: &Waker) -> Option<Answer<'_, Reply>> {
        None
    }
}

/// One operation by reference, as [`Engine::join`] looks at it.
#[derive(Debug, Clone, Copy)]
pub struct Joining<'c> {
    /// Where.
    pub key: &'c Key,
    /// What.
    pub op: &'c Op,
    /// What becomes of the key's time to live.
    pub lifetime: Lifetime,
    /// How often it may take effect.
    pub delivery: &'c Delivery,
}

impl<E: Engine + ?Sized> Engine for Arc<E> {
    fn apply(&self, batch: Batch) -> Answer<'_, Reply> {
        (**self).apply(batch)
    }

    fn changed(&self, key: &Key, since: Mark) -> Answer<'_, Mark> {
        (**self).changed(key, since)
    }

    fn keys(&self, listing: Listing) -> Answer<'_, Page> {
        (**self).keys(listing)
    }

    fn rehearse(&self, batch: Batch) -> Answer<'_, Rehearsal> {
        (**self).rehearse(batch)
    }

    fn resolve(&self, token: &Token) -> Answer<'_, Resolution> {
        (**self).resolve(token)
    }

    fn profile(&self) -> Profile {
        (**self).profile()
    }

    fn join(&self, call: &Joining<'_>, waker: &Waker) -> Option<Answer<'_, Reply>> {
        (**self).join(call, waker)
    }
}

/// A state of a key, as [`Engine::changed`] tells states apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mark(u64);

impl Mark {
    /// No state: every key has changed since.
    pub const NONE: Self = Self(0);

    /// The mark with this number, which must not be zero for a state.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }
}

/// What an engine promises. The meaning is the same everywhere; this is what may differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// What the engine is called in messages.
    pub name: &'static str,
    /// What an answered batch has survived.
    pub durability: Durability,
    /// The most operations and requirements in one batch.
    pub batch_max: usize,
    /// Whether a reply can be lost on its way, so that batches need tokens by default.
    pub loses_replies: bool,
    /// Whether a call waits for something outside this process, so that those who wait together
    /// had better go together.
    pub far: bool,
    /// How long a session's last token is remembered. A batch is not sent again after half of it.
    pub token_window: Duration,
}

/// What an answered batch has survived, and what a crash can lose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Durability {
    /// Nothing: the state lives and dies with this process.
    Process,
    /// This process, but not a crash of the server: the state lives in its memory.
    Server,
    /// A crash of the server, but for what it was told in the last seconds.
    Seconds,
    /// A crash of the server: the change was on its disk before the answer.
    Disk,
}
