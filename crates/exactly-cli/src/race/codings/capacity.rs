//! The capacity: a seat is held, then confirmed.

use exactly::{Confirmed, Fault, Taking};

use super::{Course, Desk, Enrol, work};
use crate::failure::Failure;
use crate::race::requests::Student;

/// There is no race: a seat that is held is nobody else's. A caller who hangs up drops the hold,
/// which gives the seat back; and should the whole process die, the lease does.
#[derive(Debug)]
pub(super) struct Capacity;

impl Enrol for Capacity {
    async fn enrol(&self, desk: &Desk, student: Student) -> Result<(), Failure> {
        let Desk { course, roster, .. } = desk;
        while let Some(row) = roster.row(student).await {
            let Taking::Held(hold) = course.seats.take(1).await? else { break };
            work().await;
            // Once begun, this runs to its end, whoever still listens: between an engine that has
            // confirmed and a caller who hangs up there must not be a seat without its row.
            let enrolling = tokio::spawn(async move {
                match hold.confirm().await? {
                    Confirmed::Confirmed => row.insert(),
                    // The work took longer than the lease, and the seat may be another's by now:
                    // the row is free again, and the loop asks for another seat.
                    Confirmed::Lapsed => drop(row),
                }
                Ok::<(), Fault>(())
            });
            enrolling.await.map_err(|_| Failure::Unfinished("an enrolment panicked.".into()))??;
        }
        Ok(())
    }

    async fn taken(&self, course: &Course) -> Result<Option<i64>, Failure> {
        Ok(i64::try_from(course.seats.levels().await?.confirmed).ok())
    }
}
