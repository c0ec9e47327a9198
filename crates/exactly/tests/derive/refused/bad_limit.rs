//! Limits that no capacity can have.

use exactly::{Capacity, Objects};

#[derive(Objects)]
#[exactly(name = "course")]
struct Course {
    #[exactly(limit = -30)]
    seats: Capacity,
    #[exactly(limit = 30.5)]
    rooms: Capacity,
    #[exactly(limit = "30")]
    chairs: Capacity,
    #[exactly(limit = 9_007_199_254_740_992)]
    desks: Capacity,
}

fn main() {}
