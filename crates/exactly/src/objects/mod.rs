//! The handles: one file per kind.

pub(crate) mod capacity;
pub(crate) mod counter;
pub(crate) mod flag;
pub(crate) mod list;
pub(crate) mod map;
pub(crate) mod set;
pub(crate) mod sorted_set;
pub(crate) mod value;
