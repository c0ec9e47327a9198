//! The handle of locks: held on a lease by one, or shared by several.
