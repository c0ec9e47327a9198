//! The arithmetic of a race: what a coding left behind, held against what was right.

use std::collections::HashSet;

use super::requests::{Course, Requests, Student};

/// How a coding left one course behind when the last caller had gone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Everybody who was admitted, once for each time.
    pub(crate) roster: Vec<Student>,
    /// What the coding's counter says, if it keeps one.
    pub(crate) counter: Option<i64>,
}

/// What a coding did, counted over all courses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Requests played, double clicks included.
    pub(crate) requests: u32,
    /// Seats given.
    pub(crate) admitted: u64,
    /// Seats that a right handler gives: in each course every asker, up to its seats.
    pub(crate) right: u64,
    /// Seats given that are not there.
    pub(crate) over_admitted: u64,
    /// Seats not given though they were there and somebody asked.
    pub(crate) wrongly_refused: u64,
    /// Seats given to a student who already had one in the same course.
    pub(crate) twice: u64,
    /// By how much the counters and the rosters disagree; `None` without counters.
    pub(crate) lost_updates: Option<u64>,
    /// The course that is furthest from right, if any is off.
    pub(crate) worst: Option<Worst>,
}

/// The course that is furthest from right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Worst {
    /// Which course.
    pub(crate) course: Course,
    /// Seats given in it.
    pub(crate) admitted: u64,
    /// Seats that a right handler gives in it.
    pub(crate) right: u64,
}

impl Tally {
    /// Counts `standings`, one for each course of `requests` in their order.
    pub(crate) fn count(requests: &Requests, seats: u32, standings: &[Standing]) -> Self {
        let mut tally = Self {
            requests: requests.len(),
            admitted: 0,
            right: 0,
            over_admitted: 0,
            wrongly_refused: 0,
            twice: 0,
            lost_updates: None,
            worst: None,
        };
        for (course, standing) in requests.courses().zip(standings) {
            tally.add(course, u64::from(requests.right(course, seats)), standing);
        }
        tally
    }

    fn add(&mut self, course: Course, right: u64, standing: &Standing) {
        let admitted = standing.roster.len() as u64;
        self.admitted += admitted;
        self.right += right;
        self.over_admitted += admitted.saturating_sub(right);
        self.wrongly_refused += right.saturating_sub(admitted);

        let students: HashSet<Student> = standing.roster.iter().copied().collect();
        self.twice += admitted - students.len() as u64;

        if let Some(counter) = standing.counter {
            let gap = (i128::from(admitted) - i128::from(counter)).unsigned_abs();
            let gap = u64::try_from(gap).unwrap_or(u64::MAX);
            self.lost_updates = Some(self.lost_updates.unwrap_or(0).saturating_add(gap));
        }

        let off = admitted.abs_diff(right);
        let worst_off = self.worst.as_ref().map_or(0, |worst| worst.admitted.abs_diff(worst.right));
        if off > worst_off {
            self.worst = Some(Worst { course, admitted, right });
        }
    }

    /// Whether every course admitted the right number of students, nobody twice.
    ///
    /// Lost updates are not held against a coding here: a wrong counter is how most of them come
    /// to admit a wrong number, and the number is what the students see.
    pub(crate) fn exact(&self) -> bool {
        self.over_admitted == 0 && self.wrongly_refused == 0 && self.twice == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::race::requests::Intake;

    /// Five ask for math, two for art, nobody else for anything else.
    fn requests() -> Requests {
        let mut intake = Intake::default();
        for student in ["ann", "bob", "cy", "di", "ed"] {
            intake.ask(student, "math");
        }
        intake.ask("ann", "art");
        intake.ask("bob", "art");
        intake.finish()
    }

    fn standing(roster: &[u32], counter: Option<i64>) -> Standing {
        Standing { roster: roster.iter().copied().map(Student).collect(), counter }
    }

    /// Three seats: the right rosters hold three in math and two in art.
    fn tally(math: &[u32], art: &[u32]) -> Tally {
        Tally::count(&requests(), 3, &[standing(math, None), standing(art, None)])
    }

    #[test]
    fn the_right_number_is_exact() {
        let tally = tally(&[0, 2, 4], &[0, 1]);
        assert!(tally.exact());
        assert_eq!((tally.requests, tally.admitted, tally.right), (7, 5, 5));
        assert_eq!((tally.over_admitted, tally.wrongly_refused, tally.twice), (0, 0, 0));
        assert_eq!(tally.worst, None);
    }

    #[test]
    fn one_too_many_here_does_not_make_up_for_one_too_few_there() {
        let tally = tally(&[0, 1, 2, 3], &[0]);
        assert!(!tally.exact());
        assert_eq!((tally.admitted, tally.right), (5, 5));
        assert_eq!((tally.over_admitted, tally.wrongly_refused), (1, 1));
    }

    #[test]
    fn a_student_admitted_twice_takes_a_seat_from_another() {
        let tally = tally(&[0, 1, 1], &[0, 1]);
        assert!(!tally.exact());
        assert_eq!((tally.over_admitted, tally.wrongly_refused, tally.twice), (0, 0, 1));
    }

    #[test]
    fn a_student_in_two_courses_is_not_there_twice() {
        assert_eq!(tally(&[0, 1, 2], &[0, 1]).twice, 0);
    }

    #[test]
    fn the_worst_course_is_the_one_furthest_from_right() {
        let worst = tally(&[0, 1, 2, 3], &[]).worst.unwrap();
        assert_eq!((worst.course, worst.admitted, worst.right), (Course(1), 0, 2));
    }

    #[test]
    fn lost_updates_are_the_gaps_between_counters_and_rosters() {
        let of = |math, art| {
            let standings = [standing(&[0, 1, 2], math), standing(&[0, 1], art)];
            Tally::count(&requests(), 3, &standings).lost_updates
        };
        assert_eq!(of(Some(3), Some(2)), Some(0));
        assert_eq!(of(Some(1), Some(5)), Some(2 + 3));
        assert_eq!(of(Some(-2), None), Some(5));
        assert_eq!(of(None, None), None);
    }

    #[test]
    fn a_wrong_counter_alone_is_not_a_wrong_admission() {
        let standings = [standing(&[0, 1, 2], Some(9)), standing(&[0, 1], Some(2))];
        assert!(Tally::count(&requests(), 3, &standings).exact());
    }

    #[test]
    fn without_seats_the_right_number_is_nobody() {
        let nobody = [Standing::default(), Standing::default()];
        assert!(Tally::count(&requests(), 0, &nobody).exact());
        assert_eq!(Tally::count(&requests(), 0, &[standing(&[0], None)]).over_admitted, 1);
    }
}
