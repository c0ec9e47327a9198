//! Two fields that would be one object.

use exactly::{Counter, Objects};

#[derive(Objects)]
#[exactly(name = "course")]
struct Course {
    slots_taken: Counter,
    #[exactly(key = "slots_taken")]
    taken: Counter,
    #[exactly(key = "type")]
    kind: Counter,
    r#type: Counter,
    #[exactly(store = "archive")]
    old: Counter,
    #[exactly(store = "archive", key = "old")]
    older: Counter,
}

fn main() {}
