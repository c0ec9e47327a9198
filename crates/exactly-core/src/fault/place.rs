//! Where in a collection something stands.

use std::fmt;

use crate::bytes::Bytes;
use crate::token::HoldId;

/// Where in a collection a value stands that could not be read: beside the key, what is needed to
/// read its bytes, or to remove it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// The element at this index of a list, counted from 0, or among those that a call removed.
    Index(i64),
    /// The value of the field of this name, in a map.
    Field(Bytes),
    /// The name itself of a field of a map.
    FieldName(Bytes),
    /// The member of a set or sorted set that is written like this.
    Member(Bytes),
    /// The job of this name, in a queue.
    Job(HoldId),
}

impl fmt::Display for Place {
    /// As messages call it: `element 3`, `field "x"`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(f, "element {index}"),
            Self::Field(name) => write!(f, "field {name:?}"),
            Self::FieldName(name) => write!(f, "the field name {name:?}"),
            Self::Member(member) => write!(f, "member {member:?}"),
            Self::Job(job) => write!(f, "job {job}"),
        }
    }
}
