//! A field that is no object.

use exactly::{Counter, Objects};

#[derive(Objects)]
#[exactly(name = "course")]
struct Course {
    id: u64,
    taken: Counter,
}

fn main() {}
