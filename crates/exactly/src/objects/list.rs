//! The handle of a list.
