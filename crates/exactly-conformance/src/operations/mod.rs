//! The meaning of each operation, one file per kind.

pub mod capacity;
pub mod counter;
pub mod flag;
pub mod key;
pub mod value;
