//! A capacity that does not say how many units it has, also when the type has another name here.

use exactly::{Capacity, Objects};

type Seats = Capacity;

#[derive(Objects)]
#[exactly(name = "course")]
struct Course {
    seats: Capacity,
    #[exactly(lease = "30s")]
    waiting: Seats,
}

fn main() {}
