//! `EXACTLY_URL` chooses the store.
//!
//! A process has one environment, which its threads share: each case is a process of its own, the
//! second half of this test, started from the same binary.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::env;
use std::ffi::OsStr;
use std::process::Command;

use exactly::Store;

const CASE: &str = "EXACTLY_TEST_CASE";

/// What a process with this variable is told.
fn told(url: Option<&OsStr>) -> String {
    let mut process = Command::new(env::current_exe().unwrap());
    process.args(["--exact", "second_process", "--nocapture"]).env(CASE, "yes");
    match url {
        Some(url) => process.env("EXACTLY_URL", url),
        None => process.env_remove("EXACTLY_URL"),
    };
    let output = process.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    let (_, told) = text.split_once("told: ").unwrap();
    told.lines().next().unwrap().to_owned()
}

#[tokio::test]
async fn second_process() {
    if env::var_os(CASE).is_none() {
        return;
    }
    match Store::from_env().await {
        Ok(store) => println!("told: {}", store.profile().name),
        Err(fault) => {
            assert!(fault.is_misuse() && fault.is_bad_url(), "{fault}");
            println!("told: {fault}");
        }
    }
}

#[test]
fn without_the_variable_it_is_memory() {
    assert_eq!(told(None), "memory");
    assert_eq!(told(Some("memory:".as_ref())), "memory");
}

#[test]
fn a_variable_that_names_no_engine_is_misuse_and_not_memory() {
    for (url, says) in [("", "set to nothing"), ("gopher:", "`gopher:`"), ("host", "`scheme:`")] {
        let told = told(Some(url.as_ref()));
        assert!(told.starts_with("misuse: ") && told.contains(says), "{told}");
    }
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_unicode_is_misuse_that_does_not_repeat_it() {
    use std::os::unix::ffi::OsStrExt;

    let told = told(Some(OsStr::from_bytes(b"memory:secret\xff")));
    assert!(told.contains("`EXACTLY_URL` is not Unicode") && !told.contains("secret"), "{told}");
}
