//! `exactly race` as its users meet it: a process with an exit status and two streams.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A race that is over in a moment, on a crowd large enough for everything to happen in it.
const SMALL: [&str; 8] =
    ["--count", "4000", "--students", "600", "--courses", "40", "--hang-ups", "5"];

fn exactly(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_exactly"));
    command.arg("race").args(arguments);
    command
}

fn run(arguments: &[&str]) -> Output {
    exactly(arguments).output().unwrap_or_else(|error| panic!("the program starts: {error}"))
}

fn small(arguments: &[&str]) -> Output {
    run(&[&SMALL, arguments].concat())
}

fn text(stream: &[u8]) -> String {
    String::from_utf8_lossy(stream).into_owned()
}

/// The one sentence or two that a refused race leaves on standard error, and nothing else.
fn complaint(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stdout), "");
    text(&output.stderr)
}

#[test]
fn exactlys_own_codings_are_exact_and_the_status_says_so() {
    let output = small(&["--json"]);
    assert_eq!(text(&output.stderr), "");
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["exact"], true);
    for coding in document["codings"].as_array().unwrap() {
        if coding["ours"] == true {
            assert_eq!(coding["admitted"], document["plan"]["right"], "{coding}");
            assert_eq!(coding["exact"], true, "{coding}");
        }
    }
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn the_report_for_people_has_no_colours_when_it_goes_into_a_file() {
    let report = text(&small(&[]).stdout);
    assert!(report.starts_with("4,000 requests from "), "{report}");
    assert!(!report.contains('\u{1b}'), "{report}");
    for coding in
        ["read-check-write", "count-then-insert", "step-back-by-hand", "counter-block", "capacity"]
    {
        assert!(report.contains(coding), "{report}");
    }
}

#[test]
fn one_caller_at_a_time_who_waits_for_the_answer_is_served_rightly_by_every_coding() {
    let output = run(&["--count", "4000", "--tasks", "1", "--hang-ups", "0", "--json"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    for coding in document["codings"].as_array().unwrap() {
        assert_eq!(coding["exact"], true, "{coding}");
    }
}

#[test]
fn a_list_from_a_file_is_played_with_its_double_clicks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("requests.csv");
    fs::write(&path, "course,student\nmath,ann\nmath,ann\nmath,bob\nmath,cy\nart,ann\n").unwrap();
    let path = path.to_str().unwrap();
    let output = run(&["--requests", path, "--seats", "2", "--json", "--coding", "capacity"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["plan"]["double_clicks"], 1);
    assert_eq!(document["plan"]["right"], 3);
    assert_eq!(document["codings"][0]["exact"], true);
}

#[test]
fn without_seats_nobody_is_admitted() {
    let output = small(&["--seats", "0", "--json"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    for coding in document["codings"].as_array().unwrap() {
        assert_eq!(coding["admitted"], 0, "{coding}");
    }
}

#[test]
fn a_file_that_is_not_there_is_one_sentence_and_what_to_do() {
    assert_eq!(
        complaint(&run(&["--requests", "no-such.csv"])),
        "exactly: cannot read no-such.csv: No such file or directory. Give a readable CSV file \
         with the columns student,course, or leave --requests out for the built-in sample.\n"
    );
}

#[test]
fn one_bad_line_and_nothing_is_played() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("requests.csv");
    fs::write(&path, "ann,math\nbob\n").unwrap();
    let complaint = complaint(&run(&["--requests", path.to_str().unwrap()]));
    assert!(complaint.contains("1 line that cannot be played"), "{complaint}");
    assert!(complaint.ends_with("  line 2: the column course is missing\n"), "{complaint}");
}

#[test]
fn an_impossible_sample_is_refused() {
    let complaint = complaint(&run(&["--count", "10", "--students", "3", "--courses", "3"]));
    assert!(complaint.contains("at most 9 different requests, not 10"), "{complaint}");
}

#[test]
fn options_that_contradict_are_refused() {
    let complaint = complaint(&run(&["--requests", "requests.csv", "--count", "3"]));
    assert!(complaint.contains("cannot be used with"), "{complaint}");
}

#[test]
fn a_picture_is_drawn_beside_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("race.svg");
    let output = small(&["--svg", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    let picture = fs::read_to_string(&path).unwrap();
    assert!(picture.contains("Exactly 30 seats"), "{picture}");
}

#[test]
fn a_picture_without_a_place_is_refused_before_the_race() {
    let complaint = complaint(&small(&["--svg", "no-such-folder/race.svg"]));
    assert!(complaint.starts_with("exactly: cannot write the picture no-such-folder/race.svg: "));
    assert!(!Path::new("no-such-folder").exists());
}

#[test]
fn a_reader_that_goes_away_is_not_an_accident() {
    let mut child = exactly(&SMALL).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut complaint = String::new();
    child.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
    assert_eq!(complaint, "");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
