//! The words and the meaning of `exactly`.
//!
//! Operations are values, and what they mean is one pure function: [`apply`]. It *is* the embedded
//! engine, the [`Model`] that other engines are compared with, and the specification: open
//! `operations/counter.rs` and read from top to bottom. Every call passes one door, the [`Engine`]
//! trait, so history, faults, retries and timeouts are [`layers`].
//!
//! This crate does no I/O and knows no engine by name. Applications use the crate `exactly`.

mod answer;
mod batch;
mod bytes;
pub mod codec;
mod element;
mod engine;
mod fault;
mod indexed;
mod key;
pub mod layers;
mod ledger;
mod listing;
mod meaning;
mod number;
pub mod operations;
mod rehearsal;
mod resolution;
mod state;
mod thread;
mod time;
mod token;
mod tree;

pub use answer::{Answer, BoxFuture};
pub use batch::{
    BATCH_MAX, Batch, Condition, Delivery, Lifetime, Refusal, Reply, Requirement, Step,
};
pub use bytes::Bytes;
pub use element::{Cursor, Destination, ELEMENTS_MAX, Few, Members, PAGE_MAX, SOURCES_MAX};
pub use engine::{Durability, Engine, Joining, Mark, Profile};
pub use fault::{Fate, Fault, Place};
pub use key::{Key, PART_BYTES_MAX};
pub use ledger::{Admission, Ledger};
pub use listing::{Listing, Page, Pattern};
pub use meaning::{Model, apply, rehearse};
pub use operations::{Op, Operation, Outcome};
pub use rehearsal::{Rehearsal, Tried};
pub use resolution::{Record, Remembered, Resolution};
pub use state::{Entry, Epoch, Kind, Misuse, Scalar, Slot, Slots, State};
pub use thread::thread_place;
pub use time::{Clock, ManualClock, Moment, SystemClock, Timestamp};
pub use token::{HoldId, SessionId, TOKEN_ID_BYTES_MAX, TOKEN_KEEP_MAX, Token};
