//! Where every name that the generated code could have used short is something else.

#![no_implicit_prelude]
#![allow(dead_code, non_camel_case_types, unused_macros, reason = "they are only in the way")]

mod std {}
mod core {}
mod exactly {}

struct Vec;
struct Option;
struct Result;
struct String;
struct AsRef;
struct Duration;
struct Group;
struct Member;
struct Declare;
struct Start;
struct Limit;
struct Ttl;
struct Object;
struct str;
struct u64;
struct object;
struct group;
struct declare;

macro_rules! vec {
    ($($all:tt)*) => {
        ::std::compile_error!("not this one")
    };
}
macro_rules! assert {
    ($($all:tt)*) => {
        ::std::compile_error!("not this one")
    };
}

#[derive(::exactly::Objects)]
#[exactly(name = "course")]
struct Course {
    #[exactly(start = 30, min = 0, ttl = "1h")]
    object: ::exactly::Counter,
    group: ::exactly::Counter,
    #[exactly(limit = 30, lease = "30s")]
    declare: ::exactly::Capacity,
    #[exactly(ttl_sliding = ::std::time::Duration::from_secs(1))]
    objects: ::exactly::Flag,
}
