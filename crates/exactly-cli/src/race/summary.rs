//! The words around the figures: what was played, and what came of it.

use super::plan::Source;
use super::report::Report;
use crate::failure::Status;
use crate::figures::{counted, grouped};
use crate::screen::{Palette, painted};

/// What was played, before the figures.
pub(crate) fn opening(report: &Report<'_>, palette: &Palette) -> String {
    let plan = report.plan;
    let requests = &plan.requests;
    let setting = &plan.setting;
    let title = format!(
        "{} from {} for {} of {} each",
        counted(requests.len(), "request"),
        counted(requests.students(), "student"),
        counted(requests.courses().len() as u64, "course"),
        counted(setting.seats, "seat"),
    );
    let list = match &plan.source {
        Source::Sample => "the built-in sample".to_owned(),
        Source::File { path, has_header: true } => path.display().to_string(),
        Source::File { path, has_header: false } => {
            format!("{} (no header: first the student, then the course)", path.display())
        }
    };
    let double_clicks = counted(requests.double_clicks(), "double click");
    let crowd = format!(
        "{} on {}, seed {}; {}, each with a second attempt",
        counted(setting.tasks, "task"),
        counted(setting.threads, "thread"),
        setting.seed,
        counted(plan.hang_ups(), "hang-up"),
    );
    let right = format!(
        "{}: in every course each student who asked, up to its seats",
        grouped(plan.right())
    );
    let line = |label: &str, text: &str| format!("{} {text}\n", painted(palette.faint, label));
    painted(palette.strong, title)
        + "\n"
        + &line("list ", &format!("{list}; {double_clicks}"))
        + &line("crowd", &crowd)
        + &line("on   ", &report.place.to_string())
        + &line("right", &right)
}

/// What came of it, after the figures.
pub(crate) fn closing(report: &Report<'_>, palette: &Palette) -> String {
    worst_courses(report) + &verdict(report, palette) + "\n"
}

fn worst_courses(report: &Report<'_>) -> String {
    let mut text = String::new();
    for entry in &report.entries {
        if let Some(worst) = &entry.tally.worst {
            text += &format!(
                "{} was furthest off in {}: {} admitted, {} right\n",
                entry.coding.name(),
                report.plan.requests.name(worst.course),
                grouped(worst.admitted),
                grouped(worst.right),
            );
        }
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

fn verdict(report: &Report<'_>, palette: &Palette) -> String {
    let ours = join(report.ours().map(|entry| entry.coding.name()));
    match report.status() {
        Status::Exact if ours.is_empty() => "None of exactly's own codings was played.".to_owned(),
        Status::Exact => {
            painted(palette.exact, format!("{ours}: exactly the right number, in every course."))
        }
        Status::Inexact | Status::Misuse => {
            let wrong = report.ours().filter(|entry| !entry.tally.exact());
            painted(
                palette.over,
                format!(
                    "{} did not admit exactly the right number. That is a mistake in exactly: \
                     please report it with the options of this race.",
                    join(wrong.map(|entry| entry.coding.name())),
                ),
            )
        }
    }
}

fn join<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::race::coding::Coding;
    use crate::race::plan::{Plan, Setting};
    use crate::race::report::tests::{entry, report, small_plan, usual};
    use crate::race::requests::Intake;

    #[test]
    fn the_opening_says_what_was_played() {
        insta::assert_snapshot!(opening(&usual(&small_plan()), &Palette::PLAIN), @"
        1,200 requests from 400 students for 4 courses of 30 seats each
        list  the built-in sample; 0 double clicks
        crowd 256 tasks on 8 threads, seed 30; 12 hang-ups, each with a second attempt
        on    memory:
        right 120: in every course each student who asked, up to its seats
        ");
    }

    #[test]
    fn the_opening_says_how_a_file_was_read_and_what_is_in_it_twice() {
        let mut intake = Intake::default();
        intake.ask("ann", "math");
        intake.ask("ann", "math");
        let source = Source::File { path: "requests.csv".into(), has_header: false };
        let setting = Setting { seats: 1, tasks: 1, threads: 1, hang_ups_percent: 50.0, seed: 7 };
        let plan = Plan::new(intake.finish(), source, setting);
        insta::assert_snapshot!(opening(&report(&plan, vec![]), &Palette::PLAIN), @"
        2 requests from 1 student for 1 course of 1 seat each
        list  requests.csv (no header: first the student, then the course); 1 double click
        crowd 1 task on 1 thread, seed 7; 1 hang-up, each with a second attempt
        on    memory:
        right 1: in every course each student who asked, up to its seats
        ");
    }

    #[test]
    fn the_closing_names_the_worst_courses_and_the_verdict() {
        let plan = small_plan();
        insta::assert_snapshot!(closing(&usual(&plan), &Palette::PLAIN), @"
        read-check-write was furthest off in Anatomy 1: 1,264 admitted, 30 right
        count-then-insert was furthest off in Anatomy 1: 87 admitted, 30 right
        step-back-by-hand was furthest off in Anatomy 1: 3 admitted, 30 right

        counter-block and capacity: exactly the right number, in every course.
        ");
    }

    #[test]
    fn a_mistake_of_ours_is_not_played_down() {
        let plan = small_plan();
        let entries =
            vec![entry(Coding::CounterBlock, 0, 0, &plan), entry(Coding::Capacity, 0, 2, &plan)];
        assert_eq!(
            closing(&report(&plan, entries), &Palette::PLAIN),
            "capacity was furthest off in Anatomy 1: 28 admitted, 30 right\n\n\
             capacity did not admit exactly the right number. That is a mistake in exactly: \
             please report it with the options of this race.\n"
        );
    }

    #[test]
    fn without_our_codings_nothing_is_claimed_for_them() {
        let plan = small_plan();
        let entries = vec![entry(Coding::ReadCheckWrite, 0, 0, &plan)];
        assert_eq!(
            closing(&report(&plan, entries), &Palette::PLAIN),
            "None of exactly's own codings was played.\n"
        );
    }
}
