//! Options that are not written as options are.

use exactly::{Counter, Flag, Objects};

#[derive(Objects)]
#[exactly("course")]
struct Course {
    #[exactly = "taken"]
    taken: Counter,
    #[exactly(start)]
    available: Counter,
    #[exactly(start(30))]
    left: Counter,
    #[exactly(global = true)]
    total: Counter,
    #[exactly(ttl)]
    closing: Flag,
    #[exactly(key)]
    opening: Flag,
    #[exactly(start = )]
    visits: Counter,
    #[exactly(start = 1 min = 0)]
    places: Counter,
}

#[derive(Objects)]
#[exactly(name = "lecture", crate = "not a path")]
struct Lecture {
    taken: Counter,
}

fn main() {}
