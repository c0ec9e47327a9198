//! The meaning of each operation, one file per kind.

pub mod capacity;
pub mod counter;
pub mod flag;
pub mod key;
pub mod list;
pub mod map;
pub mod set;
pub mod sorted_set;
pub mod value;
