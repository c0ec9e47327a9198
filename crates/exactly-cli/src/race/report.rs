//! What a race found: the data behind the table, the bars, the JSON document and the picture.

use std::time::Duration;

use super::coding::Coding;
use super::plan::Plan;
use super::tally::Tally;
use super::venue::Place;
use crate::failure::Status;

/// How one coding did.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Which coding.
    pub(crate) coding: Coding,
    /// What it admitted.
    pub(crate) tally: Tally,
    /// How long it took.
    pub(crate) elapsed: Duration,
}

impl Entry {
    /// Requests per second, rounded.
    pub(crate) fn per_second(&self) -> u64 {
        // A clock too coarse to see the race gives a large number, not a division by zero.
        let seconds = self.elapsed.max(Duration::from_nanos(1)).as_secs_f64();
        (f64::from(self.tally.requests) / seconds).round() as u64
    }
}

/// How all codings did with the same plan.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    /// What was played.
    pub(crate) plan: &'a Plan,
    /// Where it was played.
    pub(crate) place: &'a Place,
    /// How the codings did, in the order they were played.
    pub(crate) entries: Vec<Entry>,
}

impl Report<'_> {
    /// The codings written with exactly's objects.
    pub(crate) fn ours(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.coding.ours())
    }

    /// Exact when all of our codings are; what the others do is the point, not a failure.
    pub(crate) fn status(&self) -> Status {
        if self.ours().all(|entry| entry.tally.exact()) { Status::Exact } else { Status::Inexact }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::race::plan::{Setting, Source};
    use crate::race::requests::Course;
    use crate::race::sample::{Size, sample};
    use crate::race::tally::Worst;

    /// A small list for tests of the views.
    pub(crate) fn small_plan() -> Plan {
        let size = Size { requests: 1_200, students: 400, courses: 4 };
        let setting =
            Setting { seats: 30, tasks: 256, threads: 8, hang_ups_percent: 1.0, seed: 30 };
        Plan::new(sample(size, 30).expect("a possible size"), Source::Sample, setting)
    }

    /// A coding that was off by so many.
    pub(crate) fn entry(coding: Coding, over: u64, refused: u64, plan: &Plan) -> Entry {
        let right = plan.right();
        let worst = (over + refused > 0).then(|| Worst {
            course: Course(2),
            admitted: 30 + over - refused.min(30),
            right: 30,
        });
        let tally = Tally {
            requests: plan.requests.len(),
            admitted: right + over - refused,
            right,
            over_admitted: over,
            wrongly_refused: refused,
            twice: 0,
            lost_updates: (coding != Coding::CountThenInsert).then_some(over + refused),
            worst,
        };
        Entry { coding, tally, elapsed: Duration::from_micros(1_234_567) }
    }

    /// A report of these entries, from a race in this process.
    pub(crate) fn report(plan: &Plan, entries: Vec<Entry>) -> Report<'_> {
        static HERE: LazyLock<Place> =
            LazyLock::new(|| Place { url: "memory:".to_owned(), engine: "memory" });
        Report { plan, place: &HERE, entries }
    }

    /// A report as a race usually ends.
    pub(crate) fn usual(plan: &Plan) -> Report<'_> {
        let entries = vec![
            entry(Coding::ReadCheckWrite, 1_234, 0, plan),
            entry(Coding::CountThenInsert, 57, 0, plan),
            entry(Coding::StepBackByHand, 3, 41, plan),
            entry(Coding::CounterBlock, 0, 0, plan),
            entry(Coding::Capacity, 0, 0, plan),
        ];
        report(plan, entries)
    }

    #[test]
    fn only_our_codings_decide_the_status() {
        let plan = small_plan();
        let status = |entries| report(&plan, entries).status();
        let theirs_wrong = entry(Coding::ReadCheckWrite, 5, 0, &plan);
        let ours_wrong = entry(Coding::Capacity, 0, 1, &plan);
        assert_eq!(status(vec![theirs_wrong]), Status::Exact);
        assert_eq!(status(vec![ours_wrong]), Status::Inexact);
        assert_eq!(usual(&plan).status(), Status::Exact);
    }

    #[test]
    fn throughput_is_requests_by_time() {
        let mut entry = entry(Coding::Capacity, 0, 0, &small_plan());
        entry.elapsed = Duration::from_millis(500);
        assert_eq!(entry.per_second(), 2_400);
        entry.elapsed = Duration::ZERO;
        assert!(entry.per_second() > 1_000_000);
    }
}
