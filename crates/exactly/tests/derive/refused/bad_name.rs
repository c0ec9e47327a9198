//! Names that cannot be part of a key.

use exactly::{Counter, Objects};

#[derive(Objects)]
#[exactly(name = "")]
struct Empty {
    #[exactly(key = "")]
    taken: Counter,
}

#[derive(Objects)]
#[exactly(name = "cou\0rse")]
struct WithNul {
    #[exactly(key = taken)]
    taken: Counter,
}

#[derive(Objects)]
#[exactly(name = course)]
struct Unquoted {
    #[exactly(key = 3)]
    taken: Counter,
}

fn main() {}
