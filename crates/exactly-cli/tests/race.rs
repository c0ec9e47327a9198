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
    command.arg("race").args(arguments).env_remove("EXACTLY_URL");
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
fn the_engine_is_in_the_report_in_the_figures_and_in_the_picture() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("race.svg");
    let report = small(&["--url", "memory:", "--svg", path.to_str().unwrap()]);
    assert!(text(&report.stdout).contains("\non    memory:\n"), "{}", text(&report.stdout));
    assert!(fs::read_to_string(&path).unwrap().contains("seed 30 · memory:"));
    let document: Value = serde_json::from_slice(&small(&["--json"]).stdout).unwrap();
    assert_eq!(document["plan"]["engine"], "memory");
    assert_eq!(document["plan"]["url"], "memory:");
}

#[test]
fn the_url_comes_from_the_flag_then_from_the_environment() {
    let race = |flag: &[&str], url| {
        let arguments = [&SMALL[..], &["--json", "--coding", "capacity"], flag].concat();
        let output = exactly(&arguments).env("EXACTLY_URL", url).output().unwrap();
        (output.status.code(), text(&output.stderr))
    };
    assert_eq!(race(&[], "memory:"), (Some(0), String::new()));
    assert_eq!(race(&["--url", "memory:"], "gopher:"), (Some(0), String::new()));
    for (flag, url) in [(&[][..], "gopher:"), (&["--url", "gopher:"], "memory:")] {
        let (status, complaint) = race(flag, url);
        assert_eq!(status, Some(2));
        assert!(complaint.starts_with("exactly: cannot play on `gopher:`: "), "{complaint}");
    }
}

#[test]
fn a_url_that_does_not_open_is_one_sentence_and_what_to_do() {
    let scheme = "the URL has no scheme, such as `memory:`, in front";
    for (url, says) in [
        ("gopher://host/0", "cannot play on `gopher://host/0`: no engine of this version opens"),
        ("memory:twice", "cannot play on `memory:`: `memory:` takes nothing after the colon"),
        ("host", &format!("cannot play: {scheme}")),
        ("", &format!("cannot play: {scheme}")),
        ("//host", &format!("cannot play: {scheme}")),
    ] {
        let by_flag = complaint(&small(&["--url", url]));
        assert!(by_flag.starts_with(&format!("exactly: {says}")), "{by_flag}");
        let advice = ". Give --url, or EXACTLY_URL, an engine that opens.\n";
        assert!(by_flag.ends_with(advice) && by_flag.lines().count() == 1, "{by_flag}");
        let by_environment = exactly(&SMALL).env("EXACTLY_URL", url).output().unwrap();
        assert_eq!(complaint(&by_environment), by_flag);
    }
}

#[cfg(unix)]
#[test]
fn a_url_that_is_not_unicode_is_refused() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let url = OsStr::from_bytes(b"memory:\xff");
    let complaint = complaint(&exactly(&SMALL).env("EXACTLY_URL", url).output().unwrap());
    assert!(complaint.contains("the URL is not Unicode"), "{complaint}");
}

#[test]
fn an_engine_that_does_not_open_leaves_no_picture() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("race.svg");
    complaint(&small(&["--url", "gopher:", "--svg", path.to_str().unwrap()]));
    assert!(!path.exists());
}

#[test]
fn users_and_passwords_are_never_shown() {
    for url in [
        "gopher://ann:secret@host/0",
        "gopher://ann:sec/ret@host/0",
        "gopher://:secret@host?password=secret",
        "gopher://host/0?user=ann&password=secret",
        "gopher://ann:secret",
        "memory://ann:secret@host",
        "memory:ann:secret@host",
        "ann:secret@host",
        "secret@host",
        "secret",
    ] {
        let outputs = [
            small(&["--url", url]),
            small(&["--json", "--url", url]),
            exactly(&SMALL).env("EXACTLY_URL", url).output().unwrap(),
            exactly(&["--help"]).env("EXACTLY_URL", url).output().unwrap(),
        ];
        for output in outputs {
            let said = text(&output.stdout) + &text(&output.stderr);
            for part in ["ann", "secret", "sec/ret"] {
                assert!(!words(&said).any(|word| word == part), "{part} of {url}: {said}");
            }
        }
    }
    // In the wrong place it is repeated, but for what is nobody's business.
    for arguments in [&["gopher://ann:secret@host"][..], &["--seats", "gopher://ann:secret@host"]] {
        let complaint = complaint(&run(arguments));
        assert!(complaint.contains("'gopher://host'"), "{complaint}");
    }
}

/// What stands between blanks and punctuation, so that "cannot" is not "ann".
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '/'))
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
