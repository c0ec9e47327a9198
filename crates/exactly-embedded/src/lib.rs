//! The in-process engine of `exactly`: state in this process's memory, shared by its tasks and
//! threads.
//!
//! | file | holds |
//! | --- | --- |
//! | `memory.rs` | the engine: which locks a batch takes, and in which order |
//! | `shard.rs` | the keys behind one lock, and when their time is over |
//! | `listing.rs` | which keys are stored, page by page |
//! | `waiting.rs` | who waits for which key to change |
//! | `sweep.rs` | the task that frees what has expired |
//!
//! There is no meaning here: it is [`exactly_core::apply`], under locks.

mod listing;
mod memory;
mod shard;
mod sweep;
mod waiting;

pub use memory::{Memory, Options, Usage};
