//! What `#[derive(Objects)]` takes, and how it refuses the rest.
//!
//! Each refused struct has its message beside it, as the compiler prints it. After a change of
//! words, run with `TRYBUILD=overwrite` and read what changed as a user would.

mod accepted {
    mod all_options;
    mod front_door_elsewhere;
    mod hostile_scope;
    mod own_handle;
    mod raw_names;
}

#[test]
fn refused() {
    trybuild::TestCases::new().compile_fail("tests/derive/refused/*.rs");
}
