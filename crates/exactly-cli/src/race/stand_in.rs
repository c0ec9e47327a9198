//! Stand-ins for the codings, on plain data in this process: they make the same mistakes as the
//! handlers they stand in for. They go when the codings on exactly's objects come.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::task::yield_now;

use super::coding::Coding;
use super::crowd::Handler;
use super::plan::Plan;
use super::requests::{Course, Request, Student};
use super::tally::Standing;
use crate::failure::Failure;

/// One coding on plain data.
#[derive(Debug)]
pub(super) struct StandIn {
    coding: Coding,
    seats: i64,
    shelves: Vec<Mutex<Shelf>>,
}

/// What is kept of one course.
#[derive(Debug, Default)]
struct Shelf {
    taken: i64,
    roster: Vec<Student>,
}

impl StandIn {
    pub(super) fn new(coding: Coding, plan: &Plan) -> Self {
        let shelves = plan.requests.courses().map(|_| Mutex::default()).collect();
        Self { coding, seats: i64::from(plan.setting.seats), shelves }
    }

    fn shelf(&self, course: Course) -> MutexGuard<'_, Shelf> {
        self.shelves[course.index()].lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read_check_write(&self, Request { course, student }: Request) {
        let taken = self.shelf(course).taken;
        yield_now().await;
        if taken < self.seats && !self.shelf(course).roster.contains(&student) {
            self.shelf(course).taken = taken + 1;
            yield_now().await;
            self.shelf(course).roster.push(student);
        }
    }

    async fn count_then_insert(&self, Request { course, student }: Request) {
        let taken = self.shelf(course).roster.len() as i64;
        yield_now().await;
        if taken < self.seats && !self.shelf(course).roster.contains(&student) {
            self.shelf(course).roster.push(student);
        }
    }

    async fn step_back_by_hand(&self, Request { course, student }: Request) {
        self.shelf(course).taken += 1;
        yield_now().await;
        let too_many = self.shelf(course).taken > self.seats;
        yield_now().await;
        if too_many || self.shelf(course).roster.contains(&student) {
            self.shelf(course).taken -= 1;
        } else {
            self.shelf(course).roster.push(student);
        }
    }

    async fn in_one_step(&self, Request { course, student }: Request) {
        yield_now().await;
        let mut shelf = self.shelf(course);
        if shelf.taken < self.seats && !shelf.roster.contains(&student) {
            shelf.taken += 1;
            shelf.roster.push(student);
        }
    }
}

impl Handler for StandIn {
    async fn enrol(&self, request: Request) -> Result<(), Failure> {
        match self.coding {
            Coding::ReadCheckWrite => self.read_check_write(request).await,
            Coding::CountThenInsert => self.count_then_insert(request).await,
            Coding::StepBackByHand => self.step_back_by_hand(request).await,
            Coding::CounterBlock | Coding::Capacity => self.in_one_step(request).await,
        }
        Ok(())
    }

    async fn standing(&self, course: Course) -> Result<Standing, Failure> {
        let shelf = self.shelf(course);
        let counter = match self.coding {
            Coding::CountThenInsert => None,
            Coding::ReadCheckWrite
            | Coding::StepBackByHand
            | Coding::CounterBlock
            | Coding::Capacity => Some(shelf.taken),
        };
        Ok(Standing { roster: shelf.roster.clone(), counter })
    }
}
