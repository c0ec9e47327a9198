//! Limits that no capacity can have, or no collection.

use exactly::declare::{Declare, Limit};
use exactly::{Capacity, Object, Objects};

struct Collection(Object);

impl AsRef<Object> for Collection {
    fn as_ref(&self) -> &Object {
        &self.0
    }
}

impl Declare for Collection {
    fn declare(object: Object) -> Self {
        Self(object)
    }
}

impl Limit for Collection {
    const LEAST: u64 = 1;

    fn limit(self, _: u64) -> Self {
        self
    }
}

#[derive(Objects)]
#[exactly(name = "course")]
struct Course {
    #[exactly(limit = -30)]
    seats: Capacity,
    #[exactly(limit = 30.5)]
    rooms: Capacity,
    #[exactly(limit = "30")]
    chairs: Capacity,
    #[exactly(limit = 9_007_199_254_740_992)]
    desks: Capacity,
}

#[derive(Objects)]
#[exactly(name = "course")]
struct Names {
    #[exactly(limit = 0)]
    names: Collection,
    #[exactly(limit = 0)]
    seats: Capacity,
}

fn main() {}
