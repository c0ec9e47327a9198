//! Everything that is not a struct with named fields.

use exactly::{Counter, Objects};

#[derive(Objects)]
#[exactly(name = "course")]
enum Course {
    Taken(Counter),
}

#[derive(Objects)]
#[exactly(name = "lecture")]
struct Lecture(Counter, Counter);

#[derive(Objects)]
#[exactly(name = "room")]
union Room {
    floor: u8,
    number: u16,
}

#[derive(Objects)]
#[exactly(name = "building")]
struct Building;

#[derive(Objects)]
#[exactly(name = "campus")]
struct Campus {}

fn main() {}
