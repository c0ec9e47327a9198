//! Limiters: so many units in a while, by the generic cell rate algorithm.
