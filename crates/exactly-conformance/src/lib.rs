//! The one suite that every engine passes.
//!
//! An engine says how an empty one is made and how its time passes, in two methods, and gets every
//! case with one line; there is no menu to choose from:
//!
//! ```ignore (it makes tests, and a documentation example has no place for them)
//! struct Memory;
//!
//! impl exactly_conformance::Setup for Memory {
//!     async fn engine(&self) -> Arc<dyn Engine> { Arc::new(exactly_embedded::Memory::new()) }
//!     async fn pass(&self, time: Duration) { tokio::time::sleep(time).await }
//! }
//!
//! exactly_conformance::suite!(Memory);
//! ```
//!
//! | file | asks |
//! | --- | --- |
//! | `operations/<kind>.rs` | does each operation mean what `step` says, on every kind of input? |
//! | `races/<kind>.rs` | many actors, one exact number, and what the losers are told |
//! | `batches.rs` | is a batch one change, or none? |
//! | `tokens.rs` | does a token ever take effect twice? |
//! | `faults.rs` | what of lost requests, lost replies and dead callers? |
//! | `cancelled.rs` | does a caller that goes away leave anything half done? |
//! | `listing.rs` | is a key ever missed that stays? |
//! | `waiting.rs` | is a change ever missed? |
//! | `random.rs` | do random batches mean the same as in the model? |
//! | `history.rs` | is what concurrent callers saw linearizable? |
//!
//! Engines that speak to a server find in [`servers`] a private one for each test, and in [`proxy`]
//! what loses their requests and replies on the way.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a case is a test: it fails by panicking, and says where"
)]

pub mod batches;
pub mod cancelled;
pub mod crowds;
pub mod faults;
pub mod history;
pub mod linearizable;
pub mod listing;
pub mod operations;
pub mod proxy;
pub mod races;
pub mod random;
pub mod servers;
mod subject;
mod suite;
pub mod tokens;
pub mod transactions;
pub mod waiting;

pub use subject::{Setup, Subject, run};
