//! The handles: one file per kind.

pub(crate) mod capacity;
pub(crate) mod counter;
pub(crate) mod flag;
pub(crate) mod limiter;
pub(crate) mod list;
pub(crate) mod lock;
pub(crate) mod map;
pub(crate) mod once;
pub(crate) mod queue;
pub(crate) mod set;
pub(crate) mod sorted_set;
pub(crate) mod value;
