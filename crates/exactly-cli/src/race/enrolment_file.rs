//! Reading an enrolment list from a CSV file. One line, one request: whatever cannot be played is
//! reported with its line number, and then nothing is played, so that nothing is lost in silence.

use std::fmt::Write as _;
use std::path::Path;

use csv::ByteRecord;

use super::requests::{Intake, MAX_REQUESTS, Requests};
use crate::failure::{Failure, reason};
use crate::figures::{counted, grouped};

/// A file with a million bad lines is usually the wrong file: these many say so just as well.
const BAD_LINES_SHOWN: usize = 10;

/// A list from a file, and how its columns were found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct EnrolmentFile {
    /// The list.
    pub(crate) requests: Requests,
    /// Whether a header line said which column is which.
    pub(crate) has_header: bool,
}

/// Reads the list in `path`.
pub(crate) fn read(path: &Path) -> Result<EnrolmentFile, Failure> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| {
        Failure::Misuse(format!(
            "cannot read {name}: {}. Give a readable CSV file with the columns student,course, \
             or leave --requests out for the built-in sample.",
            reason(&error)
        ))
    })?;
    parse(&bytes, &name).map_err(Failure::Misuse)
}

/// Parses the whole file, so that all of its bad lines are known before anything runs.
fn parse(bytes: &[u8], name: &str) -> Result<EnrolmentFile, String> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut columns: Option<Columns> = None;
    let mut intake = Intake::default();
    let mut bad = BadLines::default();
    let mut record = ByteRecord::new();
    // Reading bytes from memory into a flexible record has no error left to report.
    while reader.read_byte_record(&mut record).map_err(|error| format!("{name}: {error}."))? {
        let place = || line_number(bytes, &record);
        let columns = match &columns {
            Some(columns) => columns,
            None => {
                let found = Columns::of_first_line(&record)
                    .map_err(|problem| format!("{name}, line {}: {problem}", place()))?;
                let columns = columns.insert(found);
                if columns.header_width.is_some() {
                    continue;
                }
                columns
            }
        };
        match columns.names(&record) {
            Ok((student, course)) => intake.ask(student, course),
            Err(problem) => bad.add(place, problem),
        }
        if intake.len() > MAX_REQUESTS as usize {
            let most = counted(MAX_REQUESTS, "request");
            return Err(format!("{name} has more than {most}. Split it, and race the parts."));
        }
    }
    bad.none(name)?;
    match columns {
        Some(columns) if intake.len() > 0 => Ok(EnrolmentFile {
            requests: intake.finish(),
            has_header: columns.header_width.is_some(),
        }),
        Some(_) => Err(format!(
            "{name} has a header and no requests. Add one line student,course for each request."
        )),
        None => {
            Err(format!("{name} is empty. Write one line student,course for each request into it."))
        }
    }
}

/// Where the two names stand in a line.
#[derive(Debug)]
struct Columns {
    student: usize,
    course: usize,
    /// How many columns the header has; `None` when there is no header.
    header_width: Option<usize>,
}

impl Columns {
    /// A first line that names a column is a header, and then it has to name both, once.
    /// Any other first line is a request already: the student, then the course.
    fn of_first_line(line: &ByteRecord) -> Result<Self, String> {
        let student = positions(line, "student");
        let course = positions(line, "course");
        match (student.as_slice(), course.as_slice()) {
            ([], []) => Ok(Self { student: 0, course: 1, header_width: None }),
            (&[student], &[course]) => Ok(Self { student, course, header_width: Some(line.len()) }),
            ([], _) => {
                Err("the header names no column student. Name both, student and course.".to_owned())
            }
            (_, []) => {
                Err("the header names no column course. Name both, student and course.".to_owned())
            }
            ([_, _, ..], _) => Err("the header names the column student twice.".to_owned()),
            (_, [_, _, ..]) => Err("the header names the column course twice.".to_owned()),
        }
    }

    /// The student and the course of a line, or what is wrong with it.
    fn names<'a>(&self, line: &'a ByteRecord) -> Result<(&'a str, &'a str), String> {
        // Only an open quotation mark makes a cell swallow the lines below it.
        if line.iter().any(|cell| cell.contains(&b'\n') || cell.contains(&b'\r')) {
            return Err("a cell goes on over the end of the line; \
                        a quotation mark opens and does not close"
                .to_owned());
        }
        let width = line.len();
        match self.header_width {
            None if width > 2 => {
                return Err(format!(
                    "{width} columns where student,course are 2; \
                     a header line can say which columns they are"
                ));
            }
            Some(expected) if width > expected => {
                return Err(format!(
                    "{width} columns where the header has {expected}; \
                     a comma inside a name needs quotation marks around it"
                ));
            }
            None | Some(_) => {}
        }
        let student = name_at(line, self.student, "student");
        let course = name_at(line, self.course, "course");
        match (student, course) {
            (Ok(student), Ok(course)) => Ok((student, course)),
            (Err(problem), Ok(_)) | (Ok(_), Err(problem)) => Err(problem),
            (Err(first), Err(second)) => Err(format!("{first}, and {second}")),
        }
    }
}

fn positions(line: &ByteRecord, name: &str) -> Vec<usize> {
    let is_name = |cell: &[u8]| cell.trim_ascii().eq_ignore_ascii_case(name.as_bytes());
    line.iter().enumerate().filter(|(_, cell)| is_name(cell)).map(|(at, _)| at).collect()
}

/// The name in one cell. Blanks around it are not part of it: `ann, math` asks for `math`.
fn name_at<'a>(line: &'a ByteRecord, at: usize, what: &str) -> Result<&'a str, String> {
    let cell = line.get(at).ok_or_else(|| format!("the column {what} is missing"))?;
    let name = std::str::from_utf8(cell).map_err(|_| format!("the {what} is not UTF-8"))?.trim();
    if name.is_empty() {
        return Err(format!("the {what} is empty"));
    }
    // Reports print names; a name that moves the cursor would garble them.
    if name.chars().any(char::is_control) {
        return Err(format!("the {what} holds a control character"));
    }
    Ok(name)
}

/// The line on which the record starts, as an editor counts lines. The csv crate counts where it
/// began to look, which is one line early after `\r\n` and earlier still after empty lines.
fn line_number(bytes: &[u8], record: &ByteRecord) -> usize {
    let looked = record.position().map_or(0, |position| position.byte());
    let looked = usize::try_from(looked).unwrap_or(usize::MAX).min(bytes.len());
    let skipped = bytes[looked..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let before = &bytes[..looked + skipped];
    let feeds = before.iter().filter(|&&byte| byte == b'\n').count();
    let lone_returns =
        before.windows(2).filter(|pair| pair[0] == b'\r' && pair[1] != b'\n').count()
            + usize::from(before.last() == Some(&b'\r'));
    1 + feeds + lone_returns
}

/// The lines that cannot be played: the first few in words, all of them in number.
#[derive(Debug, Default)]
struct BadLines {
    shown: Vec<(usize, String)>,
    count: u32,
}

impl BadLines {
    /// `place` costs a look through the file and is asked only for the lines shown.
    fn add(&mut self, place: impl FnOnce() -> usize, problem: String) {
        self.count += 1;
        if self.shown.len() < BAD_LINES_SHOWN {
            self.shown.push((place(), problem));
        }
    }

    fn none(&self, name: &str) -> Result<(), String> {
        if self.count == 0 {
            return Ok(());
        }
        let mut text = format!(
            "{name} has {} that cannot be played, so none was. Mend them and run again:",
            counted(self.count, "line")
        );
        for (line, problem) in &self.shown {
            let _ = write!(text, "\n  line {line}: {problem}");
        }
        let more = self.count as usize - self.shown.len();
        if more > 0 {
            let _ = write!(text, "\n  and {} more", grouped(more as u64));
        }
        Err(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::race::requests::Course;

    /// The file as `student>course` per request, or the complaint.
    fn read(bytes: impl AsRef<[u8]>) -> Result<Vec<String>, String> {
        let requests = parse(bytes.as_ref(), "r.csv")?.requests;
        let written = requests
            .list()
            .iter()
            .map(|request| format!("{}>{}", request.student.0, requests.name(request.course)));
        Ok(written.collect())
    }

    fn complaint(bytes: impl AsRef<[u8]>) -> String {
        read(bytes).unwrap_err()
    }

    /// What is wrong with line 2 of a file whose line 1 is fine.
    fn problem(line: impl AsRef<[u8]>) -> String {
        let file = [b"ann,math\n", line.as_ref()].concat();
        let text = complaint(file);
        text.split_once("line 2: ").expect("a complaint about line 2").1.to_owned()
    }

    #[test]
    fn without_a_header_the_first_column_is_the_student() {
        assert_eq!(read("ann,math\nbob,art\n").unwrap(), ["0>math", "1>art"]);
        assert!(!parse(b"ann,math\n", "r.csv").unwrap().has_header);
    }

    #[test]
    fn a_header_may_name_the_columns_in_any_order_and_case() {
        assert_eq!(read("COURSE,Student\nmath,ann\n").unwrap(), ["0>math"]);
        assert!(parse(b" student , course \nann,math\n", "r.csv").unwrap().has_header);
    }

    #[test]
    fn a_header_makes_room_for_other_columns() {
        let file = "id,student,when,course,note\n1,ann,noon,math,hello\n2,bob,noon,art\n";
        assert_eq!(read(file).unwrap(), ["0>math", "1>art"]);
    }

    #[test]
    fn quoting_windows_line_ends_a_byte_order_mark_and_a_missing_last_line_end_are_fine() {
        let file = "\u{feff}student,course\r\n\"Lee, Ann\",\"The \"\"new\"\" math\"\r\nbob,art";
        assert_eq!(read(file).unwrap(), ["0>The \"new\" math", "1>art"]);
    }

    #[test]
    fn empty_lines_are_not_requests() {
        assert_eq!(read("\n\nann,math\n\n\nbob,art\n\n").unwrap(), ["0>math", "1>art"]);
    }

    #[test]
    fn blanks_around_a_name_are_not_part_of_it() {
        assert_eq!(read("ann, math\nann ,math\n").unwrap(), ["0>math", "0>math"]);
    }

    #[test]
    fn a_double_click_is_kept() {
        let requests = parse(b"ann,math\nann,math\n", "r.csv").unwrap().requests;
        assert_eq!((requests.len(), requests.askers(Course(0))), (2, 1));
    }

    #[test]
    fn each_kind_of_bad_line_says_what_is_wrong() {
        assert_eq!(problem("bob"), "the column course is missing");
        assert_eq!(problem("bob;art"), "the column course is missing");
        assert_eq!(problem(",art"), "the student is empty");
        assert_eq!(problem("bob,\"  \""), "the course is empty");
        assert_eq!(problem(","), "the student is empty, and the course is empty");
        assert_eq!(problem(b"bob,\xff"), "the course is not UTF-8");
        assert_eq!(problem("bob,a\u{1b}[31mrt"), "the course holds a control character");
        insta::assert_snapshot!(
            problem("bob,art,noon"),
            @"3 columns where student,course are 2; a header line can say which columns they are"
        );
    }

    #[test]
    fn more_columns_than_the_header_mean_a_comma_without_quotation_marks() {
        let complaint = complaint("student,course\nLee, Ann,math\n");
        assert_eq!(
            complaint.lines().last(),
            Some(
                "  line 2: 3 columns where the header has 2; \
                 a comma inside a name needs quotation marks around it"
            )
        );
    }

    #[test]
    fn an_open_quotation_mark_does_not_swallow_the_rest_of_the_file() {
        let file = "student,course,note\nann,math,\"oops\nbob,art,fine\n";
        insta::assert_snapshot!(complaint(file), @"
        r.csv has 1 line that cannot be played, so none was. Mend them and run again:
          line 2: a cell goes on over the end of the line; a quotation mark opens and does not close
        ");
    }

    #[test]
    fn all_bad_lines_are_counted_and_the_first_ten_are_shown() {
        let file = "ann,math\n".to_owned() + &"bob\n".repeat(1_234);
        insta::assert_snapshot!(complaint(file), @"
        r.csv has 1,234 lines that cannot be played, so none was. Mend them and run again:
          line 2: the column course is missing
          line 3: the column course is missing
          line 4: the column course is missing
          line 5: the column course is missing
          line 6: the column course is missing
          line 7: the column course is missing
          line 8: the column course is missing
          line 9: the column course is missing
          line 10: the column course is missing
          line 11: the column course is missing
          and 1,224 more
        ");
    }

    #[test]
    fn lines_are_numbered_as_an_editor_numbers_them() {
        for line_end in ["\n", "\r\n", "\r"] {
            for mark in ["", "\u{feff}"] {
                let lines = ["student,course", "", "ann,math", "", "", "bob", "", "cy,"];
                let text = complaint(mark.to_owned() + &lines.join(line_end));
                assert!(text.contains("line 6: the column course is missing"), "{text}");
                assert!(text.contains("line 8: the course is empty"), "{text}");
            }
        }
    }

    #[test]
    fn half_a_header_is_not_taken_for_a_request() {
        insta::assert_snapshot!(
            complaint("student,class\nann,math\n"),
            @"r.csv, line 1: the header names no column course. Name both, student and course."
        );
        insta::assert_snapshot!(
            complaint("\nname,course\nann,math\n"),
            @"r.csv, line 2: the header names no column student. Name both, student and course."
        );
        insta::assert_snapshot!(
            complaint("student,course,course\n"),
            @"r.csv, line 1: the header names the column course twice."
        );
    }

    #[test]
    fn a_file_without_requests_is_refused() {
        for file in ["", "\n\n", "\u{feff}"] {
            assert_eq!(
                complaint(file),
                "r.csv is empty. Write one line student,course for each request into it."
            );
        }
        assert_eq!(
            complaint("student,course\n"),
            "r.csv has a header and no requests. Add one line student,course for each request."
        );
    }
}
