//! An option given twice, also in two attributes, and two that exclude each other.

use exactly::{Counter, Flag, Objects};

#[derive(Objects)]
#[exactly(name = "course")]
#[exactly(name = "lecture")]
struct Course {
    #[exactly(start = 30, start = 31)]
    available: Counter,
    #[exactly(global)]
    #[exactly(global)]
    total: Counter,
    #[exactly(ttl = "1h", ttl_sliding = "1h")]
    closing: Flag,
    #[exactly(ttl = "1h", expire_at = std::time::SystemTime::now())]
    today: Counter,
}

fn main() {}
