//! A counter that would start where it may never be.

use exactly::{Counter, Objects};

#[derive(Objects)]
#[exactly(name = "course")]
struct Course {
    #[exactly(start = -1, min = 0)]
    taken: Counter,
    #[exactly(start = 31, min = 0, max = 30)]
    available: Counter,
    #[exactly(start = 0.25, min = 0.5)]
    average: Counter<f64>,
    #[exactly(min = 1)]
    place: Counter,
    #[exactly(max = -0.5)]
    below: Counter<f64>,
}

fn main() {}
