//! exactly-conformance
