//! The Redis engine: objects on Redis, Valkey and what speaks their protocol.
//!
//! Applications use the crate `exactly`, whose `Store::open("redis://…")` makes one of these.

mod changes;
mod connection;
mod engine;
mod exclusive;
mod fault;
mod heard;
mod names;
mod native;
mod operations;
mod options;
mod reply;
mod request;
mod rights;
mod script;
mod server;
mod words;

pub use engine::Redis;
pub use names::KeyStyle;
pub use options::Options;
pub use redis::{Client, aio::MultiplexedConnection};
#[cfg(feature = "tls")]
pub use redis::{ClientTlsConfig, TlsCertificates};
pub use rights::RIGHTS;
