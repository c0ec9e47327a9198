//! Options that the object has not, also when the type has another name here.

use exactly::{Capacity, Counter, Flag, Objects, Value};

type Motto = Value<String>;

#[derive(Objects)]
#[exactly(name = "course")]
struct Course {
    #[exactly(start = 30)]
    motto: Motto,
    #[exactly(limit = 30)]
    taken: Counter,
    #[exactly(lease = "30s")]
    closing: Flag,
    #[exactly(limit = 30, min = 0, max = 30)]
    seats: Capacity,
    #[exactly(default = 30)]
    rooms: Counter,
}

fn main() {}
