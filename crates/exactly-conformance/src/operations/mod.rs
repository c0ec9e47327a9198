//! The meaning of each operation, one file per kind.

pub mod capacity;
pub mod counter;
pub mod flag;
pub mod key;
pub mod limiter;
pub mod list;
pub mod lock;
pub mod map;
pub mod once;
pub mod queue;
pub mod set;
pub mod sorted_set;
pub mod value;
