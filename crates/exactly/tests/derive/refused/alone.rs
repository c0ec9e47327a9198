//! Names outside of the group that are none, or would be one for all.

use exactly::{Counter, Objects};

#[derive(Objects)]
#[exactly(name = "course")]
struct Course {
    #[exactly(alone = "seats")]
    seats: Counter,
    #[exactly(alone = "legacy:{id}", global)]
    total: Counter,
    #[exactly(alone = "legacy:{name}")]
    named: Counter,
    #[exactly(alone = "legacy:#{id}:seats")]
    of_ruby: Counter,
    #[exactly(alone = "legacy:{id:seats")]
    open: Counter,
    #[exactly(alone = "{id}:{id}")]
    twice: Counter,
    #[exactly(alone = "legacy:{id}:both", key = "both")]
    both: Counter,
    #[exactly(key = "legacy:{id}:seats")]
    key: Counter,
    #[exactly(key = "legacy:#{id}:taken")]
    key_of_ruby: Counter,
    #[exactly(alone = 30)]
    number: Counter,
}

fn main() {}
