//! The handle of a map.
