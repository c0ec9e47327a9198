//! Values of a type that the option does not take.

use exactly::{Capacity, Counter, Objects, Value};

const SEATS: usize = 30;

#[derive(Objects)]
#[exactly(name = "course")]
struct Course {
    #[exactly(start = 30)]
    average: Counter<f64>,
    #[exactly(start = 0.5)]
    taken: Counter,
    #[exactly(limit = SEATS, lease = SEATS)]
    seats: Capacity,
    #[exactly(limit = 30u8)]
    rooms: Capacity,
    #[exactly(start = SEATS, ttl = 1 + 1)]
    left: Counter,
    #[exactly(default = 30)]
    motto: Value<String>,
    #[exactly(store = SEATS)]
    elsewhere: Counter,
}

fn main() {}
