//! The Redis engine: objects on Redis, Valkey and what speaks their protocol.
//!
//! Applications use the crate `exactly`, whose `Store::open("redis://…")` makes one of these.
//!
//! A batch is one command where the server has one that does all of it, and one script otherwise;
//! under a token it is always a script, which keeps the record of the token in the same step. The
//! server's clock judges leases and expiry. Numbers travel as text, because Lua counts in doubles.
//!
//! | | |
//! | --- | --- |
//! | servers | Redis 7 or newer, Valkey; one server, for a Cluster is not followed yet |
//! | how keys are written | [`KeyStyle`] |
//! | what a user must be allowed to do | [`RIGHTS`] |
//! | what else can be chosen | [`Options`], and what [`Redis::open`] reads in the URL |
//! | what an answered batch survives | what the server's settings say, as the profile tells |
//!
#![doc = include_str!("../WIRE.md")]

mod changes;
mod connection;
mod echo;
mod engine;
mod exclusive;
mod fault;
mod fold;
mod gather;
mod heard;
mod listing;
mod migrate;
mod names;
mod native;
mod operations;
mod options;
mod own;
mod reply;
mod request;
mod resolution;
mod rights;
mod script;
mod server;
mod shared;
mod words;

pub use engine::Redis;
pub use migrate::{Migrated, MigratedOutcome, MigratedPage, Migration};
pub use names::KeyStyle;
pub use options::Options;
pub use own::{Script, ScriptAnswer};
pub use redis::{Client, aio::MultiplexedConnection};
#[cfg(feature = "tls")]
pub use redis::{ClientTlsConfig, TlsCertificates};
pub use rights::RIGHTS;
