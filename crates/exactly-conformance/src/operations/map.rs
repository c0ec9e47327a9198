//! Maps: fields, each with a value.
