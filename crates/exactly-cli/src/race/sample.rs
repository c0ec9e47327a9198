//! The built-in enrolment list, made from a seed: everybody wants the same few courses.

use fastrand::Rng;

use super::requests::{Course, Request, Requests, Student};
use crate::figures::{counted, grouped};

/// How fast popularity falls from one course to the next (the exponent of Zipf's law).
const EXPONENT: f64 = 0.8;

const SUBJECTS: [&str; 40] = [
    "Algebra",
    "Analysis",
    "Anatomy",
    "Archaeology",
    "Art History",
    "Astronomy",
    "Botany",
    "Calculus",
    "Chemistry",
    "Compilers",
    "Cryptography",
    "Databases",
    "Ecology",
    "Economics",
    "Ethics",
    "Film",
    "French",
    "Genetics",
    "Geology",
    "Geometry",
    "German",
    "Japanese",
    "Latin",
    "Law",
    "Linguistics",
    "Logic",
    "Mechanics",
    "Music",
    "Networks",
    "Optics",
    "Philosophy",
    "Photography",
    "Poetry",
    "Probability",
    "Rhetoric",
    "Robotics",
    "Sociology",
    "Statistics",
    "Topology",
    "Zoology",
];

/// How large the list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    /// How many different requests.
    pub(crate) requests: u32,
    /// How many students may ask.
    pub(crate) students: u32,
    /// How many courses there are.
    pub(crate) courses: u32,
}

/// The list that belongs to `seed`: no request twice, courses of uneven popularity, in mixed order.
pub(crate) fn sample(size: Size, seed: u64) -> Result<Requests, String> {
    let Size { requests, students, courses } = size;
    let possible = u64::from(students) * u64::from(courses);
    if u64::from(requests) > possible {
        return Err(format!(
            "{} and {} make at most {} different requests, not {}. \
             Lower --count, or raise --students or --courses.",
            counted(students, "student"),
            counted(courses, "course"),
            grouped(possible),
            grouped(requests)
        ));
    }

    let mut rng = Rng::with_seed(seed);
    // The most popular course should not always be the first of the list.
    let mut ranked: Vec<Course> = (0..courses).map(Course).collect();
    rng.shuffle(&mut ranked);

    let mut crowd: Vec<Student> = (0..students).map(Student).collect();
    let mut list = Vec::with_capacity(requests as usize);
    for (course, askers) in ranked.into_iter().zip(popularity(size)) {
        // The first few of a shuffle are a fair draw, whatever order it starts from.
        for at in 0..askers as usize {
            let other = rng.usize(at..crowd.len());
            crowd.swap(at, other);
            list.push(Request { course, student: crowd[at] });
        }
    }
    rng.shuffle(&mut list);
    Ok(Requests::new(list, (0..courses).map(course_name).collect()))
}

/// How many ask for each course, the most popular first; the sum is the number of requests.
fn popularity(size: Size) -> Vec<u32> {
    let weights: Vec<f64> = (1..=size.courses).map(|rank| weight(rank, size.courses)).collect();
    let whole: f64 = weights.iter().sum();
    let share = |weight: &f64| (f64::from(size.requests) * weight / whole) as u32;
    let mut askers: Vec<u32> =
        weights.iter().map(|weight| share(weight).min(size.students)).collect();

    // What rounding and courses that everybody asks for have left over goes round once more.
    let mut left = size.requests - askers.iter().sum::<u32>();
    while left > 0 {
        for course in askers.iter_mut().filter(|course| **course < size.students) {
            if left == 0 {
                break;
            }
            *course += 1;
            left -= 1;
        }
    }
    askers
}

/// Zipf's law, tapered to nothing at the end of the list: with the plain law even the least
/// popular of 200 courses would be overrun, and a race also needs courses with seats to spare.
fn weight(rank: u32, courses: u32) -> f64 {
    let rank = f64::from(rank);
    rank.powf(-EXPONENT) * (1.0 - (rank - 0.5) / f64::from(courses))
}

/// `Algebra 1` to `Zoology 1`, then `Algebra 2` and so on.
fn course_name(number: u32) -> String {
    let subjects = SUBJECTS.len() as u32;
    let subject = SUBJECTS[(number % subjects) as usize];
    format!("{subject} {}", number / subjects + 1)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const DEFAULT: Size = Size { requests: 100_000, students: 20_000, courses: 200 };

    fn askers(requests: &Requests) -> Vec<u32> {
        requests.courses().map(|course| requests.askers(course)).collect()
    }

    #[test]
    fn the_same_seed_makes_the_same_list_and_another_seed_another() {
        let small = Size { requests: 50, students: 20, courses: 5 };
        assert_eq!(sample(small, 1), sample(small, 1));
        assert_ne!(sample(small, 1), sample(small, 2));
    }

    #[test]
    fn a_list_does_not_change_from_one_release_to_the_next() {
        let requests = sample(Size { requests: 6, students: 3, courses: 4 }, 30).unwrap();
        let list: Vec<String> = requests
            .list()
            .iter()
            .map(|request| format!("{}>{}", request.student.0, requests.name(request.course)))
            .collect();
        insta::assert_snapshot!(list.join("\n"), @"
        2>Analysis 1
        2>Anatomy 1
        0>Analysis 1
        1>Algebra 1
        0>Anatomy 1
        1>Anatomy 1
        ");
    }

    #[test]
    fn every_request_is_there_once() {
        let requests = sample(DEFAULT, 30).unwrap();
        assert_eq!((requests.len(), requests.double_clicks()), (100_000, 0));
    }

    #[test]
    fn some_courses_have_seats_to_spare_and_some_are_overrun() {
        let askers = askers(&sample(DEFAULT, 30).unwrap());
        let with_spare_seats = askers.iter().filter(|&&askers| askers < 30).count();
        let overrun = askers.iter().filter(|&&askers| askers > 300).count();
        assert!((10..60).contains(&with_spare_seats), "{with_spare_seats}");
        assert!((50..150).contains(&overrun), "{overrun}");
    }

    #[test]
    fn everybody_asking_for_everything_is_possible() {
        let requests = sample(Size { requests: 12, students: 3, courses: 4 }, 30).unwrap();
        assert_eq!(askers(&requests), [3, 3, 3, 3]);
    }

    #[test]
    fn more_requests_than_pairs_are_refused() {
        assert_eq!(
            sample(Size { requests: 1_300, students: 1, courses: 4 }, 30).unwrap_err(),
            "1 student and 4 courses make at most 4 different requests, not 1,300. \
             Lower --count, or raise --students or --courses."
        );
    }

    #[test]
    fn courses_have_different_names() {
        let names: HashSet<String> = (0..200).map(course_name).collect();
        assert_eq!(names.len(), 200);
        assert_eq!((course_name(0), course_name(199)), ("Algebra 1".into(), "Zoology 5".into()));
    }
}
