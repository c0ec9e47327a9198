//! Sorted sets: members, each once and with a score, in the order of the scores.
