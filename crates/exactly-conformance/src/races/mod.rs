//! The race of each kind: many actors, one exact number, and what the losers are told.

pub mod capacity;
pub mod counter;
pub mod flag;
pub mod limiter;
pub mod list;
pub mod lock;
pub mod map;
pub mod once;
pub mod queue;
pub mod set;
pub mod sorted_set;
pub mod value;
