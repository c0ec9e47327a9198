//! Increment, check, step back by hand when it was too many.

use super::{Course, Desk, Enrol, work};
use crate::failure::Failure;
use crate::race::requests::Student;

/// Nobody is let in who should not be, for everybody gets a number of their own. The hole is
/// between the increment and the insert: when the caller hangs up there, or the process dies,
/// nobody steps back, and the seat is lost for ever.
#[derive(Debug)]
pub(super) struct StepBackByHand;

impl Enrol for StepBackByHand {
    async fn enrol(&self, desk: &Desk, student: Student) -> Result<(), Failure> {
        let Desk { course, roster, seats } = desk;
        let Some(row) = roster.row(student).await else { return Ok(()) };
        let taken = course.slots_taken.increment().await?;
        if taken <= *seats {
            work().await;
            row.insert();
        } else {
            course.slots_taken.decrement().await?;
        }
        Ok(())
    }

    async fn taken(&self, course: &Course) -> Result<Option<i64>, Failure> {
        Ok(Some(course.slots_taken.get().await?))
    }
}
