//! A group that is generic, whose keys would be the same for every parameter.

use std::marker::PhantomData;

use exactly::{Counter, Objects};

#[derive(Objects)]
#[exactly(name = "course")]
struct Course<T> {
    taken: Counter,
    of: PhantomData<T>,
}

#[derive(Objects)]
#[exactly(name = "lecture")]
struct Lecture<'a> {
    taken: Counter,
    of: PhantomData<&'a str>,
}

#[derive(Objects)]
#[exactly(name = "room")]
struct Room<const FLOOR: u8> {
    taken: Counter,
}

fn main() {}
