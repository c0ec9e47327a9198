//! A number that does not fit.

use exactly::{Counter, Objects};

#[derive(Objects)]
#[exactly(name = "course")]
struct Course {
    #[exactly(max = 9_223_372_036_854_775_808)]
    visits: Counter,
}

fn main() {}
