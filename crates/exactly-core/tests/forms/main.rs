//! Forms: what each value is written as, and the laws that hold for all of them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod crates;
mod drawn;
mod laws;
mod plain;
