//! The counter's block, which steps back by itself.

use super::{Course, Desk, Enrol, work};
use crate::failure::Failure;
use crate::race::requests::Student;

#[derive(Debug)]
pub(super) struct CounterBlock;

impl Enrol for CounterBlock {
    async fn enrol(&self, desk: &Desk, student: Student) -> Result<(), Failure> {
        let Desk { course, roster, seats } = desk;
        let Some(row) = roster.row(student).await else { return Ok(()) };
        let seated = course.slots_taken.increment_with(async |taken| {
            if taken <= *seats {
                work().await;
                Some(row.insert())
            } else {
                None
            }
        });
        let _ = seated.await?;
        Ok(())
    }

    async fn taken(&self, course: &Course) -> Result<Option<i64>, Failure> {
        Ok(Some(course.slots_taken.get().await?))
    }
}
