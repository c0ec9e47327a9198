//! Read the counter, check it, write it back.

use super::{Course, Desk, Enrol, work};
use crate::failure::Failure;
use crate::race::requests::Student;

/// The race is between the read and the write: everybody who reads 29 while the others are at
/// work gets the last seat, and then writes 30. The counter forgets all of them but one, so that
/// the next reader is let in as well.
#[derive(Debug)]
pub(super) struct ReadCheckWrite;

impl Enrol for ReadCheckWrite {
    async fn enrol(&self, desk: &Desk, student: Student) -> Result<(), Failure> {
        let Desk { course, roster, seats } = desk;
        let Some(row) = roster.row(student).await else { return Ok(()) };
        let taken = course.slots_taken.get().await?;
        if taken < *seats {
            work().await;
            course.slots_taken.set(taken + 1).await?;
            row.insert();
        }
        Ok(())
    }

    async fn taken(&self, course: &Course) -> Result<Option<i64>, Failure> {
        Ok(Some(course.slots_taken.get().await?))
    }
}
