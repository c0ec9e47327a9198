//! What is no store, and no name of one.

use exactly::{Counter, Objects};

#[derive(Objects)]
#[exactly(name = "course")]
struct Course {
    #[exactly(store = 30)]
    number: Counter,
    #[exactly(store = "")]
    nameless: Counter,
    #[exactly(store)]
    missing: Counter,
    #[exactly(default)]
    nothing: Counter,
}

fn main() {}
