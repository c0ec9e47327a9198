//! Locks: held on a lease by one, or shared by several.
