//! Durations that are none, or last too short or too long.

use exactly::{Capacity, Counter, Flag, Objects};

#[derive(Objects)]
#[exactly(name = "course")]
struct Course {
    #[exactly(ttl = "soon")]
    closing: Flag,
    #[exactly(ttl = "30")]
    opening: Flag,
    #[exactly(ttl = 30)]
    full: Flag,
    #[exactly(ttl_sliding = "30 seconds")]
    visits: Counter,
    #[exactly(limit = 30, lease = "1.5h")]
    seats: Capacity,
    #[exactly(limit = 30, lease = "31d")]
    rooms: Capacity,
    #[exactly(ttl = "36501d")]
    founded: Flag,
    #[exactly(ttl = "0s")]
    over: Flag,
    #[exactly(limit = 30, lease = "0ms")]
    chairs: Capacity,
    #[exactly(expire_at = "1h")]
    today: Counter,
}

fn main() {}
