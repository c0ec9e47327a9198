//! A group without a name, and a nested type without one.

use exactly::{Counter, Objects};

#[derive(Objects)]
struct CourseSeats {
    taken: Counter,
}

#[derive(Objects)]
#[exactly()]
struct HTTPServer2 {
    requests: Counter,
}

fn main() {}
