//! What the heart of this layer waits by: a model checker puts its own here.

pub(crate) use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) use parking_lot::Mutex;
