//! Bounds that no number is within.

use exactly::{Counter, Objects};

#[derive(Objects)]
#[exactly(name = "course")]
struct Course {
    #[exactly(min = 30, max = 0)]
    taken: Counter,
    #[exactly(max = -1.5, min = (-0.5))]
    average: Counter<f64>,
}

fn main() {}
