//! What becomes of calls when the network, the server or the caller fails: on real servers, behind
//! a proxy that loses what it is told to lose.
//!
//! | file | asks |
//! | --- | --- |
//! | `lost.rs` | requests and replies cut at every byte, or swallowed |
//! | `outage.rs` | a server that is not there, goes, comes back, or stands still |
//! | `crashes.rs` | a server that is killed in the middle of a crowd, and what it still knows |
//! | `refusals.rs` | a server that answers, but not with what was asked for |
//! | `apart.rs` | one of many that share a way fails |
//! | `halves.rs` | what fails inside a script: is nothing half done? |
//! | `cancelled.rs` | callers that go away, and a runtime that goes away |
//! | `tokens.rs` | how long a token is remembered, and what is told after that |
//! | `histories.rs` | is what a crowd saw through all of this linearizable? |
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod apart;
mod cancelled;
mod crashes;
mod halves;
mod histories;
mod lost;
mod outage;
mod refusals;
mod scene;
mod tokens;
