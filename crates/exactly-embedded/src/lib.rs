//! exactly-embedded
