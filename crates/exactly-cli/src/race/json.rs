//! The report as one JSON document. Scripts read it: a field keeps its name and its unit.

use serde::Serialize;

use super::plan::{Plan, Source};
use super::report::{Entry, Report};
use crate::failure::Status;

/// The whole document.
#[derive(Debug, Serialize)]
struct Document<'a> {
    plan: PlanFigures<'a>,
    codings: Vec<CodingFigures<'a>>,
    /// Whether all of exactly's own codings are exact; the same as exit status 0.
    exact: bool,
}

#[derive(Debug, Serialize)]
struct PlanFigures<'a> {
    engine: &'a str,
    /// Without user, password and options.
    url: &'a str,
    /// `null` for the built-in sample.
    requests_file: Option<String>,
    requests: u32,
    double_clicks: u32,
    students: u32,
    courses: usize,
    seats_per_course: u32,
    hang_ups: u32,
    tasks: u32,
    threads: u32,
    seed: u64,
    right: u64,
}

#[derive(Debug, Serialize)]
struct CodingFigures<'a> {
    coding: &'static str,
    about: &'static str,
    ours: bool,
    exact: bool,
    requests: u32,
    admitted: u64,
    right: u64,
    over_admitted: u64,
    wrongly_refused: u64,
    twice: u64,
    /// `null` when the coding keeps no counter.
    lost_updates: Option<u64>,
    /// `null` when every course admitted the right number.
    worst_course: Option<WorstCourse<'a>>,
    elapsed_ms: f64,
    per_second: u64,
}

#[derive(Debug, Serialize)]
struct WorstCourse<'a> {
    course: &'a str,
    admitted: u64,
    right: u64,
}

/// The document, indented, with a line end.
pub(crate) fn render(report: &Report<'_>) -> serde_json::Result<String> {
    let codings = report.entries.iter().map(|entry| figures(entry, report.plan)).collect();
    let exact = report.status() == Status::Exact;
    let document = Document { plan: plan_figures(report), codings, exact };
    serde_json::to_string_pretty(&document).map(|text| text + "\n")
}

fn plan_figures<'a>(report: &Report<'a>) -> PlanFigures<'a> {
    let Report { plan, place, .. } = report;
    let requests_file = match &plan.source {
        Source::Sample => None,
        Source::File { path, .. } => Some(path.display().to_string()),
    };
    PlanFigures {
        engine: place.engine,
        url: &place.url,
        requests_file,
        requests: plan.requests.len(),
        double_clicks: plan.requests.double_clicks(),
        students: plan.requests.students(),
        courses: plan.requests.courses().len(),
        seats_per_course: plan.setting.seats,
        hang_ups: plan.hang_ups(),
        tasks: plan.setting.tasks,
        threads: plan.setting.threads,
        seed: plan.setting.seed,
        right: plan.right(),
    }
}

fn figures<'a>(entry: &Entry, plan: &'a Plan) -> CodingFigures<'a> {
    let tally = &entry.tally;
    let worst_course = tally.worst.as_ref().map(|worst| WorstCourse {
        course: plan.requests.name(worst.course),
        admitted: worst.admitted,
        right: worst.right,
    });
    CodingFigures {
        coding: entry.coding.name(),
        about: entry.coding.about(),
        ours: entry.coding.ours(),
        exact: tally.exact(),
        requests: tally.requests,
        admitted: tally.admitted,
        right: tally.right,
        over_admitted: tally.over_admitted,
        wrongly_refused: tally.wrongly_refused,
        twice: tally.twice,
        lost_updates: tally.lost_updates,
        worst_course,
        // Whole microseconds: more digits would only be noise.
        elapsed_ms: entry.elapsed.as_micros() as f64 / 1e3,
        per_second: entry.per_second(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::race::coding::Coding;
    use crate::race::report::tests::{entry, report, small_plan};

    #[test]
    fn the_document_keeps_its_names_and_units() {
        let plan = small_plan();
        let entries = vec![entry(Coding::CountThenInsert, 2, 0, &plan)];
        let text = render(&report(&plan, entries)).unwrap();
        insta::assert_snapshot!(text, @r#"
        {
          "plan": {
            "engine": "memory",
            "url": "memory:",
            "requests_file": null,
            "requests": 1200,
            "double_clicks": 0,
            "students": 400,
            "courses": 4,
            "seats_per_course": 30,
            "hang_ups": 12,
            "tasks": 256,
            "threads": 8,
            "seed": 30,
            "right": 120
          },
          "codings": [
            {
              "coding": "count-then-insert",
              "about": "count the rows, then insert one more",
              "ours": false,
              "exact": false,
              "requests": 1200,
              "admitted": 122,
              "right": 120,
              "over_admitted": 2,
              "wrongly_refused": 0,
              "twice": 0,
              "lost_updates": null,
              "worst_course": {
                "course": "Anatomy 1",
                "admitted": 32,
                "right": 30
              },
              "elapsed_ms": 1234.567,
              "per_second": 972
            }
          ],
          "exact": true
        }
        "#);
    }

    #[test]
    fn what_there_is_not_is_null() {
        let plan = small_plan();
        let entries = vec![entry(Coding::Capacity, 0, 0, &plan)];
        let text = render(&report(&plan, entries)).unwrap();
        assert!(text.contains(r#""lost_updates": 0,"#), "{text}");
        assert!(text.contains(r#""worst_course": null,"#), "{text}");
    }
}
