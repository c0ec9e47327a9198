//! The race of each kind: many actors, one exact number, and what the losers are told.

pub mod capacity;
pub mod counter;
pub mod flag;
pub mod value;
