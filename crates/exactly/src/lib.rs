//! *Exactly 30 seats, not 32.*
//!
//! Shared state that stays right when requests race: counters, capacities, locks, limiters, queues,
//! values, flags, lists, sets, sorted sets and maps, with one meaning on every engine.
//!
//! Two requests read 29 at once, and 31 students are in a course of 30. The same race sells the
//! last item twice and spends a balance twice. It ends where the change itself is one step of the
//! engine:
//!
//! ```
//! use exactly::{Capacity, Confirmed, Counter, Objects, Store, Taking, Value};
//!
//! #[derive(Objects)]
//! #[exactly(name = "course")]
//! struct Course {
//!     #[exactly(max = 30)]
//!     slots_taken: Counter,
//!     #[exactly(start = 30)]
//!     available_slots: Counter,
//!     #[exactly(limit = 30, lease = "30s")]
//!     seats: Capacity,
//!     motto: Value<String>,
//!     #[exactly(global)]
//!     total_enrolled: Counter,
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
//! # async fn enrol() -> &'static str { "enrolled" }
//! let store = Store::open("memory:").await?;
//! let course = Course::at(&store, 42);
//!
//! // A step that stands only if the block succeeds: errors, panics and dropped futures undo it.
//! let enrolled = course.slots_taken.increment_with(async |_taken| Some(enrol().await)).await?;
//! assert_eq!(enrolled.kept(), Some("enrolled"));
//!
//! // A seat that is held, then confirmed; should the whole process die in between, it comes back.
//! if let Taking::Held(seat) = course.seats.take(1).await? {
//!     enrol().await;
//!     assert_eq!(seat.confirm().await?, Confirmed::Confirmed);
//! }
//! # Ok(()) }
//! ```
//!
//! # What to use
//!
//! | you have | use |
//! | --- | --- |
//! | a limit that must hold, also when processes die | [`Capacity`] |
//! | a number to count up and down | [`Counter`] |
//! | a step that stands only if more work succeeds | [`Counter::increment_with`] |
//! | work outside the store that may be done once | [`Once`] |
//! | so many requests in a while | [`Limiter`] |
//! | something that may happen once | [`Flag::mark_if_unmarked`] |
//! | steps that nobody may come between, in whichever process | [`Lock::with`] |
//! | a text, number or document that many rewrite | [`Value::update`] |
//! | work that others do, each piece once, also when they die | [`Queue`] |
//! | work that each of many workers takes once | [`List::pop_front_wait`] |
//! | the last so many of something | [`List::with_limit`] |
//! | members, each once, also with a limit to them | [`Set`] |
//! | named fields that are each changed apart, or some of them together | [`Map`] |
//! | members in the order of their scores: a leaderboard, a queue by priority | [`SortedSet`] |
//! | many objects to read | [`Store::read`]: one call, one moment |
//! | no idea what is stored | [`Store::keys`], [`Objects::ids`] |
//!
//! What a [`Value`] can hold, and how it is written, is the table of [`Form`].
//!
//! # Features
//!
//! | feature | is |
//! | --- | --- |
//! | `memory`, `redis` (both by default) | the engines |
//! | `uuid`, `jiff`, `chrono`, `time`, `rust_decimal` | values of the types of these crates |
//! | `compressed` | `Compressed<T>`: any form, in zlib |
//! | `metrics` | contention, told to the recorder of the crate `metrics` |
//!
//! # Seeing contention
//!
//! `tracing` is told of each conflict, attempt and wait with its key, on the target `exactly` at
//! level DEBUG. With the feature `metrics` the recorder that the program has installed is told as
//! well: a counter and two histograms, with the label `object` where it is one that is met at. It
//! is `course:*:seats`, so that there are no more labels than fields, and the name of an object
//! that stands alone. In the terminal `exactly watch --hottest` shows what changes most.
//!
//! | metric | is |
//! | --- | --- |
//! | `exactly_conflicts_total` | others were faster than one: `by` `transaction` or `update` |
//! | `exactly_attempts` | at which attempt one was made or given up, `by` the same |
//! | `exactly_wait_seconds` | how long one waited `for` a `lock`, or its `turn` at a hot key |
//!
//! # Faults
//!
//! A refusal ([`Taking::Full`], [`Tried::OutOfBounds`]) is an answer. A [`Fault`] means the engine
//! could not answer, and says whether the change happened: *not applied*, *unknown*, or *misuse*.

mod background;
mod batch;
mod block;
mod by_key;
mod call;
mod contention;
pub mod declare;
mod element;
mod group;
mod id;
mod keys;
mod locking;
mod object;
mod objects;
mod open;
mod read;
mod relay;
mod resolve;
#[cfg(feature = "redis")]
mod script;
mod store;
mod together;
mod transaction;
mod wait;

pub use batch::Batching;
pub use block::{Ran, Verdict};
pub use call::{Call, Calling};
pub use group::Objects;
pub use id::Id;
pub use keys::{Ids, Keys};
pub use locking::LockGuard;
pub use object::{Object, Target};
pub use objects::capacity::{Capacity, Hold, LEASE_DEFAULT, Taking, Used};
pub use objects::counter::{Counter, Tried};
pub use objects::flag::Flag;
pub use objects::limiter::{Limiter, WhenAway};
pub use objects::list::{List, ListPages};
pub use objects::lock::{Acquiring, AcquiringAll, Lock, Locked, Locking, WAIT_DEFAULT};
pub use objects::map::{Map, MapPages};
pub use objects::once::{ANSWER_KEPT_DEFAULT, Done, Once};
pub use objects::queue::{
    AckedWith, DeadLetter, DeadLetters, Job, JobId, Pushing, Queue, Report, TOKENS_KEPT_DEFAULT,
    TRIES_DEFAULT, Workers,
};
pub use objects::set::{Set, SetPages};
pub use objects::sorted_set::{Inserted, SortedSet, SortedSetPages, Weighed};
pub use objects::value::{UPDATE_ATTEMPTS_MAX, Value};
pub use read::{Readable, Reads, Told};
pub use resolve::{Resolved, Resolving};
#[cfg(feature = "redis")]
pub use script::Scripting;
pub use store::{Store, StoreBuilder};
pub use together::{Batched, Together};
pub use transaction::{TRANSACTION_ATTEMPTS_MAX, TRANSACTION_TIME_DEFAULT, Transaction, Tx};

#[cfg(feature = "compressed")]
pub use exactly_core::codec::Compressed;
pub use exactly_core::codec::{Form, Json, MsgPack, Text};
pub use exactly_core::operations::capacity::{Confirmed, Extended, GivenBack, Levels, Resized};
pub use exactly_core::operations::key::{Life, Renamed};
pub use exactly_core::operations::limiter::{Allowance, Checked, Rate};
pub use exactly_core::operations::list::{
    End, Inserted as ListInserted, PushedIfRoom, SetAtOutcome,
};
pub use exactly_core::operations::lock::{Holders, Mode};
pub use exactly_core::operations::map::{AddedToField, Addend, Filled, ReplacedAll, SetFields};
pub use exactly_core::operations::once::Progress;
pub use exactly_core::operations::queue::{
    Depths, Pushed as QueuePushed, PushedJob, Retried, Settled, Try,
};
pub use exactly_core::operations::set::{
    Added as SetAdded, Combination, Moved as SetMoved, Replaced as SetReplaced,
};
pub use exactly_core::operations::sorted_set::{
    Added as SortedSetAdded, AddedTo, Aggregate, When, WhenMember, WhenScore,
};
pub use exactly_core::{
    Bytes, Fate, Fault, HoldId, Key, Kind, Place, Profile, Record, Token, layers,
};
pub use exactly_derive::Objects;

/// What engines and layers are made of: operations, batches, replies, and the engine trait.
pub use exactly_core as core;
#[cfg(feature = "redis")]
pub use exactly_redis as redis;

/// The examples of the README, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
