//! Fields that are no objects.

use exactly::{Counter, Objects, Value};

struct Motto;

#[derive(Objects)]
#[exactly(name = "course")]
struct Course {
    id: u64,
    taken: Counter,
    title: std::string::String,
    motto: Value<Motto>,
}

fn main() {}
