//! The handle of work that is done once under an id, and whose answer is kept.
