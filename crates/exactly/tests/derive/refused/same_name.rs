//! Names outside of the group that two fields could have, with one id and another.

use exactly::{Counter, Objects};

#[derive(Objects)]
#[exactly(name = "course")]
struct Course {
    #[exactly(alone = "legacy:{id}:seats")]
    seats: Counter,
    #[exactly(alone = "legacy:{id}:taken")]
    taken: Counter,
    #[exactly(alone = "{id}:seats")]
    places: Counter,
    #[exactly(alone = "legacy:{id}:taken")]
    occupied: Counter,
    #[exactly(alone = "legacy:total:taken", global)]
    total: Counter,
    #[exactly(alone = "legacy:total:seats", store = "archive", global)]
    elsewhere: Counter,
    #[exactly(alone = "legacy:total:seats", store = "archive", global)]
    elsewhere_too: Counter,
}

fn main() {}
