//! The locks of the heart of this layer: a model checker puts its own here.

pub(crate) use parking_lot::Mutex;
