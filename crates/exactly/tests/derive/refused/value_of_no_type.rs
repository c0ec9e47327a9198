//! Literals that no option of this kind takes.

use exactly::{Counter, Objects};

#[derive(Objects)]
#[exactly(name = "course")]
struct Course {
    #[exactly(start = true, min = "0", max = '9')]
    taken: Counter,
}

fn main() {}
