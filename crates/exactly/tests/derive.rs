//! What `#[derive(Objects)]` takes, and how it refuses the rest.
//!
//! Each refused struct has its message beside it, as the compiler prints it. After a change of
//! words, run with `TRYBUILD=overwrite` and read what changed as a user would.

#[test]
fn derive() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/derive/accepted/*.rs");
    cases.compile_fail("tests/derive/refused/*.rs");
}
