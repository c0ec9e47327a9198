//! The enrolment list: who asked for which course, in the order of asking.

use std::collections::HashMap;

/// The most requests one race plays; a list this long takes about 80 MB.
pub(crate) const MAX_REQUESTS: u32 = 10_000_000;

/// A student, by their position among the names of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Student(pub(crate) u32);

/// A course, by its position among the names of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Course(pub(crate) u32);

impl Course {
    /// The position, to index whatever is kept per course.
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// One student asks for a seat in one course.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Request {
    /// The course comes first, so that sorted requests are grouped by course.
    pub(crate) course: Course,
    /// Who asks.
    pub(crate) student: Student,
}

/// A list of requests with the names of its courses.
///
/// A request that is there twice is a double click. It stays: to answer it rightly is part of the
/// handler's work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Requests {
    list: Vec<Request>,
    courses: Vec<String>,
    askers: Vec<u32>,
    students: u32,
    double_clicks: u32,
}

impl Requests {
    /// Takes `list`, whose courses are positions in `courses`.
    pub(crate) fn new(list: Vec<Request>, courses: Vec<String>) -> Self {
        let mut distinct = list.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let mut askers = vec![0; courses.len()];
        for request in &distinct {
            askers[request.course.index()] += 1;
        }
        let double_clicks = count(list.len() - distinct.len());

        let mut students: Vec<Student> = distinct.iter().map(|request| request.student).collect();
        students.sort_unstable();
        students.dedup();
        Self { list, courses, askers, students: count(students.len()), double_clicks }
    }

    /// Every request, in the order of asking.
    pub(crate) fn list(&self) -> &[Request] {
        &self.list
    }

    /// How many requests there are, double clicks included.
    pub(crate) fn len(&self) -> u32 {
        count(self.list.len())
    }

    /// Every course of the list, also those that nobody asked for.
    pub(crate) fn courses(&self) -> impl ExactSizeIterator<Item = Course> + use<> {
        (0..count(self.courses.len())).map(Course)
    }

    /// The course as its list calls it.
    pub(crate) fn name(&self, course: Course) -> &str {
        &self.courses[course.index()]
    }

    /// How many different students asked for the course.
    pub(crate) fn askers(&self, course: Course) -> u32 {
        self.askers[course.index()]
    }

    /// How many different students are in the list.
    pub(crate) fn students(&self) -> u32 {
        self.students
    }

    /// How many requests repeat an earlier one.
    pub(crate) fn double_clicks(&self) -> u32 {
        self.double_clicks
    }

    /// How many a right handler admits to the course: every asker, up to its seats.
    pub(crate) fn right(&self, course: Course, seats: u32) -> u32 {
        self.askers(course).min(seats)
    }

    /// How many a right handler admits in all.
    pub(crate) fn right_in_all(&self, seats: u32) -> u64 {
        self.courses().map(|course| u64::from(self.right(course, seats))).sum()
    }
}

/// A length as a `u32`, which it fits because of [`MAX_REQUESTS`].
fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Collects requests by name: each name is kept once, each request is two numbers.
#[derive(Debug, Default)]
pub(crate) struct Intake {
    list: Vec<Request>,
    students: Names,
    courses: Names,
}

impl Intake {
    /// Adds a request to the end of the list.
    pub(crate) fn ask(&mut self, student: &str, course: &str) {
        let course = Course(self.courses.number(course));
        let student = Student(self.students.number(student));
        self.list.push(Request { course, student });
    }

    /// How many requests were added.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// The list.
    pub(crate) fn finish(self) -> Requests {
        Requests::new(self.list, self.courses.in_order())
    }
}

/// Names and the numbers they were given, in the order they first appeared.
#[derive(Debug, Default)]
struct Names(HashMap<String, u32>);

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.0.get(name) {
            return number;
        }
        let number = count(self.0.len());
        self.0.insert(name.to_owned(), number);
        number
    }

    fn in_order(self) -> Vec<String> {
        let mut names: Vec<(String, u32)> = self.0.into_iter().collect();
        names.sort_unstable_by_key(|&(_, number)| number);
        names.into_iter().map(|(name, _)| name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requests(pairs: &[(&str, &str)]) -> Requests {
        let mut intake = Intake::default();
        for (student, course) in pairs {
            intake.ask(student, course);
        }
        intake.finish()
    }

    #[test]
    fn names_keep_the_order_of_their_first_appearance() {
        let requests = requests(&[("ann", "math"), ("bob", "art"), ("cy", "math")]);
        let names: Vec<&str> = requests.courses().map(|course| requests.name(course)).collect();
        assert_eq!(names, ["math", "art"]);
        assert_eq!(requests.students(), 3);
    }

    #[test]
    fn a_double_click_stays_in_the_list_but_is_one_asker() {
        let requests = requests(&[("ann", "math"), ("ann", "math"), ("ann", "art")]);
        assert_eq!(requests.len(), 3);
        assert_eq!(requests.double_clicks(), 1);
        assert_eq!(requests.askers(Course(0)), 1);
    }

    #[test]
    fn the_right_number_is_every_asker_up_to_the_seats() {
        let requests =
            requests(&[("ann", "math"), ("bob", "math"), ("cy", "math"), ("ann", "art")]);
        assert_eq!(requests.right_in_all(0), 0);
        assert_eq!(requests.right_in_all(1), 2);
        assert_eq!(requests.right_in_all(2), 3);
        assert_eq!(requests.right_in_all(30), 4);
    }
}
