//! A value of a type that has no form to be stored in.

use exactly::{Objects, Value};

struct Motto;

#[derive(Objects)]
#[exactly(name = "course")]
struct Course {
    motto: Value<Motto>,
}

fn main() {}
