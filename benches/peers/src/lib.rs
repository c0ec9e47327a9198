//! What the benches beside other clients share.

pub mod callers;
pub mod raw;
pub mod rounds;
pub mod server;
