//! The handles: one file per kind.

pub(crate) mod capacity;
pub(crate) mod counter;
pub(crate) mod flag;
pub(crate) mod value;
