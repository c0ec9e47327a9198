//! The counter's block, which steps back by itself.

use exactly::Ran;

use super::{Course, Desk, Enrol, work};
use crate::failure::Failure;
use crate::race::requests::Student;

/// There is no race: the block runs with a number of its own, and a caller who hangs up drops the
/// block, which takes the step back.
///
/// The counter is told its bound. To let the block refuse a number above it, as in
/// `if taken <= seats`, also lets nobody in who should not be; but until the refused have stepped
/// back they count as if they sat, and a seat that is given back meanwhile goes to nobody.
#[derive(Debug)]
pub(super) struct CounterBlock;

impl Enrol for CounterBlock {
    async fn enrol(&self, desk: &Desk, student: Student) -> Result<(), Failure> {
        let Desk { course, roster, seats } = desk;
        let Some(row) = roster.row(student).await else { return Ok(()) };
        let slots_taken = course.slots_taken.clone().with_bounds(..=*seats);
        // The block borrows the row: who hangs up steps back first and frees the row then.
        let enrolled = slots_taken.increment_with(async |_| {
            work().await;
            row.insert();
            Some(())
        });
        match enrolled.await? {
            // Enrolled, or the course is full: both are answers.
            Ran::Kept(()) | Ran::Undone(()) | Ran::OutOfBounds => Ok(()),
        }
    }

    async fn taken(&self, course: &Course) -> Result<Option<i64>, Failure> {
        Ok(Some(course.slots_taken.get().await?))
    }
}
