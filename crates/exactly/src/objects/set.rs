//! The handle of a set.
