//! The application's own table of a course: one row for each student who is enrolled.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::race::requests::Student;

/// The rows of one course, with a unique key on the student. Clones are the same table.
///
/// The key works as it does in a database: of two requests for one row the second waits until the
/// first has inserted it or given it up. It is the same in every coding, so that none of them has
/// to mend double clicks by its own means.
#[derive(Debug, Clone, Default)]
pub(super) struct Roster(Arc<Mutex<Table>>);

#[derive(Debug, Default)]
struct Table {
    rows: Vec<Student>,
    keys: HashMap<Student, Key>,
}

/// What the unique key knows of a student.
#[derive(Debug)]
enum Key {
    /// A request is on its way, and this tells of its end.
    Asked(Arc<Notify>),
    /// The row is there.
    Enrolled,
}

impl Roster {
    /// The row of `student`, to be inserted; `None` if it is there already: somebody clicked twice,
    /// or hung up too late to hear the answer.
    pub(super) async fn row(&self, student: Student) -> Option<Row> {
        loop {
            let end = match self.table().keys.entry(student) {
                Entry::Vacant(key) => {
                    let end = Arc::new(Notify::new());
                    key.insert(Key::Asked(end.clone()));
                    return Some(Row { roster: self.clone(), student, end });
                }
                Entry::Occupied(key) => match key.get() {
                    Key::Enrolled => return None,
                    // Made while the table is locked, it does not miss an end from then on.
                    Key::Asked(end) => end.clone().notified_owned(),
                },
            };
            end.await;
        }
    }

    /// `SELECT COUNT(*)`.
    pub(super) fn count(&self) -> i64 {
        self.table().rows.len() as i64
    }

    /// Every row.
    pub(super) fn rows(&self) -> Vec<Student> {
        self.table().rows.clone()
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A row that is not there yet. Dropped before it is inserted, it frees its key for the next
/// request, as a transaction that is rolled back does.
#[derive(Debug)]
pub(super) struct Row {
    roster: Roster,
    student: Student,
    end: Arc<Notify>,
}

impl Row {
    /// `INSERT`.
    pub(super) fn insert(&self) {
        let mut table = self.roster.table();
        if let Some(Key::Asked(_)) = table.keys.insert(self.student, Key::Enrolled) {
            table.rows.push(self.student);
        }
    }
}

impl Drop for Row {
    fn drop(&mut self) {
        let mut table = self.roster.table();
        if let Some(Key::Asked(_)) = table.keys.get(&self.student) {
            table.keys.remove(&self.student);
        }
        self.end.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    const ANN: Student = Student(1);
    const BOB: Student = Student(2);

    /// The row, when there is nothing to wait for.
    fn row(roster: &Roster, student: Student) -> Poll<Option<Row>> {
        pin!(roster.row(student)).poll(&mut Context::from_waker(Waker::noop()))
    }

    fn free(roster: &Roster, student: Student) -> Row {
        match row(roster, student) {
            Poll::Ready(Some(row)) => row,
            Poll::Ready(None) | Poll::Pending => panic!("the row is not free"),
        }
    }

    #[test]
    fn a_row_is_inserted_once() {
        let roster = Roster::default();
        let ann = free(&roster, ANN);
        ann.insert();
        ann.insert();
        drop(ann);
        free(&roster, BOB).insert();
        assert!(matches!(row(&roster, ANN), Poll::Ready(None)));
        assert_eq!((roster.count(), roster.rows()), (2, vec![ANN, BOB]));
    }

    #[test]
    fn a_row_that_is_given_up_is_free_again() {
        let roster = Roster::default();
        drop(free(&roster, ANN));
        drop(free(&roster, ANN));
        assert_eq!(roster.rows(), []);
    }

    #[test]
    fn the_second_request_of_a_student_waits_for_the_end_of_the_first() {
        let mut context = Context::from_waker(Waker::noop());
        for enrolled in [true, false] {
            let roster = Roster::default();
            let first = free(&roster, ANN);
            let mut second = pin!(roster.row(ANN));
            assert!(second.as_mut().poll(&mut context).is_pending());
            // Other students do not wait.
            drop(free(&roster, BOB));
            assert!(second.as_mut().poll(&mut context).is_pending());

            if enrolled {
                first.insert();
            }
            drop(first);
            let Poll::Ready(row) = second.poll(&mut context) else { panic!("it still waits") };
            assert_eq!(row.is_none(), enrolled);
        }
    }
}
