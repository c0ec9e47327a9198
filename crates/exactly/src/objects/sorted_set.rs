//! The handle of a sorted set.
