//! The options of `exactly race`, and what their values may be.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::thread;

use clap::{Args, ValueEnum};

use super::coding::Coding;
use super::enrolment_file;
use super::plan::{Plan, Setting, Source};
use super::requests::MAX_REQUESTS;
use super::sample::{Size, sample};
use super::wallet;
use crate::failure::Failure;
use crate::figures::grouped;

const MAX_SEATS: u32 = 1_000_000;
const MAX_COURSES: u32 = 100_000;
const MAX_STUDENTS: u32 = 1_000_000;
const MAX_TASKS: u32 = 65_536;
const MAX_THREADS: u32 = 1_024;
/// A database takes about a hundred unless told otherwise.
const MAX_CONNECTIONS: u32 = 64;

/// Play one enrolment list against several codings of the same handler
///
/// A crowd of students asks for seats, many at the same time. The same list is played against
/// five codings of the handler that enrols them: three as they are often written by hand, two
/// with exactly's objects. Then the report says how many each coding let in, and how many would
/// have been right: in every course each student who asked, up to its seats.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  exactly race
      the built-in sample against every coding
  exactly race --requests enrolments.csv --seats 25
      your own list, with lines student,course
  exactly race --coding read-check-write --coding capacity --tasks 1000
      two of the codings, with a larger crowd
  exactly race --url redis://localhost:6379
      the same race on a server, where the callers really wait
  exactly race --svg race.svg --json > race.json
      a picture for a talk, and the figures for a script
  exactly race --story wallet --url postgres://localhost/shop
      payments with several items of a table, of all or none

Exit status:
  0  every one of exactly's own codings admitted exactly the right number
  1  one of them did not, or a coding did not get to its end
  2  wrong use, unreadable input, an engine that does not open, or a file that cannot be
     written")]
pub(crate) struct Options {
    /// What is played
    #[arg(long, value_name = "STORY", value_enum, default_value = "enrolment")]
    pub(super) story: Story,

    /// Read the requests from a CSV file with the columns student,course
    ///
    /// A header line that names student and course may put them in any order and among other
    /// columns; without a header the first column is the student and the second the course. The
    /// same line twice is a double click. One line that cannot be read, and nothing is played.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["courses", "students", "count"])]
    requests: Option<PathBuf>,

    /// The engine to play on
    ///
    /// A race has a namespace of its own, exactly-race- and eight random digits, so that it meets
    /// neither your data nor another race. Its keys are deleted in the end, also after Ctrl-C;
    /// those of a race that is killed expire within the hour. The report shows the URL without
    /// user, password and options.
    #[arg(
        long,
        value_name = "URL",
        env = "EXACTLY_URL",
        hide_env_values = true,
        default_value = "memory:"
    )]
    pub(super) url: OsString,

    /// Seats of every course
    #[arg(long, value_name = "N", default_value = "30", allow_negative_numbers = true,
          value_parser = whole_number(0..=MAX_SEATS))]
    seats: u32,

    /// Courses of the built-in sample
    #[arg(long, value_name = "N", default_value = "200", allow_negative_numbers = true,
          value_parser = whole_number(1..=MAX_COURSES))]
    courses: u32,

    /// Students of the built-in sample
    #[arg(long, value_name = "N", default_value = "20000", allow_negative_numbers = true,
          value_parser = whole_number(1..=MAX_STUDENTS))]
    students: u32,

    /// Requests of the built-in sample [default: 100000; of the wallet 2000]
    #[arg(long, value_name = "N", allow_negative_numbers = true,
          value_parser = whole_number(1..=MAX_REQUESTS))]
    count: Option<u32>,

    /// Callers served at the same time [default: 256; of the wallet, where each has a connection
    /// of its own, 16]
    #[arg(long, value_name = "N", allow_negative_numbers = true,
          value_parser = whole_number(1..=MAX_TASKS))]
    tasks: Option<u32>,

    /// Worker threads [default: as many as the machine has]
    #[arg(long, value_name = "N", allow_negative_numbers = true,
          value_parser = whole_number(1..=MAX_THREADS))]
    threads: Option<u32>,

    /// Of a hundred callers, how many hang up in the middle and ask again
    #[arg(long, value_name = "PERCENT", default_value = "1", allow_negative_numbers = true,
          value_parser = percentage)]
    hang_ups: f64,

    /// Makes the sample and decides who hangs up; the same seed makes and decides the same
    #[arg(long, value_name = "N", default_value = "30", allow_negative_numbers = true,
          value_parser = seed)]
    seed: u64,

    /// Play only this coding; may be given several times [default: all]
    #[arg(long = "coding", value_name = "NAME", value_enum)]
    codings: Vec<Coding>,

    /// Write the report as one JSON document
    #[arg(long)]
    pub(super) json: bool,

    /// Draw the report into an SVG file as well
    #[arg(long, value_name = "FILE")]
    pub(super) svg: Option<PathBuf>,
}

/// What is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Story {
    /// Students ask for the seats of courses, on an engine of exactly's
    Enrolment,
    /// Customers pay with several items at once, of all or none, in a table of a database
    Wallet,
}

impl Options {
    /// How the wallet is played.
    pub(super) fn wallet(&self) -> Result<wallet::Setting, Failure> {
        let of_enrolment = [
            ("--requests", self.requests.is_some()),
            ("--svg", self.svg.is_some()),
            ("--coding", !self.codings.is_empty()),
        ];
        if let Some((option, _)) = of_enrolment.into_iter().find(|(_, is_given)| *is_given) {
            return Err(Failure::Misuse(format!(
                "{option} belongs to the story of the enrolment. Leave it out, or leave out \
                 --story."
            )));
        }
        let (count, callers) = (self.count.unwrap_or(2_000), self.tasks.unwrap_or(16));
        if callers > MAX_CONNECTIONS {
            return Err(Failure::Misuse(format!(
                "each of the {callers} callers would have a connection of its own. Give --tasks at \
                 most {MAX_CONNECTIONS}."
            )));
        }
        Ok(wallet::Setting { count, callers, seed: self.seed })
    }

    /// The worker threads that were asked for.
    pub(super) fn threads(&self) -> u32 {
        self.threads.unwrap_or_else(threads_of_the_machine)
    }

    /// Reads or makes the list, and settles everything that is the same for all codings.
    pub(super) fn plan(&self) -> Result<Plan, Failure> {
        let (requests, source) = match &self.requests {
            Some(path) => {
                let file = enrolment_file::read(path)?;
                let source = Source::File { path: path.clone(), has_header: file.has_header };
                (file.requests, source)
            }
            None => {
                let requests = self.count.unwrap_or(100_000);
                let size = Size { requests, students: self.students, courses: self.courses };
                (sample(size, self.seed).map_err(Failure::Misuse)?, Source::Sample)
            }
        };
        let setting = Setting {
            seats: self.seats,
            tasks: self.tasks.unwrap_or(256),
            threads: self.threads(),
            hang_ups_percent: self.hang_ups,
            seed: self.seed,
        };
        Ok(Plan::new(requests, source, setting))
    }

    /// The codings to play: each once, in the order of the story, however they were asked for.
    pub(super) fn codings(&self) -> impl Iterator<Item = Coding> {
        let asked = |coding: &Coding| self.codings.is_empty() || self.codings.contains(coding);
        Coding::ALL.into_iter().filter(asked)
    }
}

fn threads_of_the_machine() -> u32 {
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    u32::try_from(threads).unwrap_or(MAX_THREADS).min(MAX_THREADS)
}

/// Parses a whole number in `range`; the error says the range.
fn whole_number(
    range: RangeInclusive<u32>,
) -> impl Fn(&str) -> Result<u32, String> + Clone + Send + Sync + 'static {
    move |text| {
        text.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
            let (least, most) = (grouped(*range.start()), grouped(*range.end()));
            format!("give a whole number from {least} to {most}, without separators")
        })
    }
}

fn percentage(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).parse().ok();
    number
        .filter(|percent| (0.0..=100.0).contains(percent))
        .ok_or_else(|| "give a number from 0 to 100, such as 1 or 0.5".to_owned())
}

fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("give a whole number from 0 to {}", u64::MAX))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        options: Options,
    }

    fn options(line: &str) -> Result<Options, String> {
        let words = ["race"].into_iter().chain(line.split_whitespace());
        Cli::try_parse_from(words).map(|cli| cli.options).map_err(|error| error.to_string())
    }

    fn complaint(line: &str) -> String {
        options(line).unwrap_err().lines().next().unwrap_or_default().to_owned()
    }

    #[test]
    fn the_defaults_make_a_race_of_a_second_or_so() {
        let plan = options("--threads 2").unwrap().plan().unwrap();
        let setting =
            Setting { seats: 30, tasks: 256, threads: 2, hang_ups_percent: 1.0, seed: 30 };
        assert_eq!(plan.setting, setting);
        assert_eq!((plan.requests.len(), plan.hang_ups()), (100_000, 1_000));
    }

    #[test]
    fn without_a_number_there_are_as_many_threads_as_the_machine_has() {
        assert!(options("").unwrap().plan().unwrap().setting.threads >= 1);
    }

    #[test]
    fn a_course_may_have_no_seats() {
        assert_eq!(options("--seats 0").unwrap().plan().unwrap().right(), 0);
    }

    #[test]
    fn numbers_out_of_range_are_told_the_range() {
        for wrong in ["-1", "many", "1.5", "1,000", "4294967296"] {
            assert_eq!(
                complaint(&format!("--seats {wrong}")),
                format!(
                    "error: invalid value '{wrong}' for '--seats <N>': \
                     give a whole number from 0 to 1,000,000, without separators"
                )
            );
        }
        for option in ["--courses", "--students", "--count", "--tasks", "--threads"] {
            let complaint = complaint(&format!("{option} 0"));
            assert!(complaint.contains("give a whole number from 1 to "), "{complaint}");
        }
    }

    #[test]
    fn hang_ups_are_a_percentage() {
        for (text, percent) in [("0", 0.0), ("0.5", 0.5), ("2.5%", 2.5), ("100", 100.0)] {
            let plan = options(&format!("--hang-ups {text}")).unwrap().plan().unwrap();
            assert_eq!(plan.setting.hang_ups_percent, percent);
        }
        for wrong in ["-1", "100.1", "NaN", "inf", "few"] {
            let complaint = complaint(&format!("--hang-ups {wrong}"));
            assert!(complaint.ends_with("give a number from 0 to 100, such as 1 or 0.5"));
        }
    }

    #[test]
    fn codings_are_played_once_each_in_the_order_of_the_story() {
        let codings = |line| options(line).unwrap().codings().collect::<Vec<_>>();
        assert_eq!(codings(""), Coding::ALL);
        assert_eq!(
            codings("--coding capacity --coding read-check-write --coding capacity"),
            [Coding::ReadCheckWrite, Coding::Capacity]
        );
    }

    #[test]
    fn an_unknown_coding_is_told_the_known_ones() {
        let answer = options("--coding mutex").unwrap_err();
        for coding in Coding::ALL {
            assert!(answer.contains(coding.name()), "{answer}");
        }
    }

    #[test]
    fn a_list_from_a_file_has_its_own_size() {
        for size in ["--courses 1", "--students 1", "--count 1"] {
            let answer = options(&format!("--requests r.csv {size}")).unwrap_err();
            assert!(answer.contains("cannot be used with"), "{answer}");
        }
    }
}
