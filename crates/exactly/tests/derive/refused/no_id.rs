//! What is no id, such as that of a record that is not saved yet.

use exactly::{Counter, Objects, Store};

#[derive(Objects)]
#[exactly(name = "course")]
struct Course {
    taken: Counter,
}

fn taken(store: &Store, id: Option<u32>) -> Counter {
    Course::at(store, id).taken
}

fn main() {
    drop(taken);
}
