//! A crowd enrols in one course: `cargo run --example course`.
//!
//! In this process, or on the engine that `EXACTLY_URL` names. There the course outlives the run:
//! a second run finds it full, or one seat short of it, for whoever asks while the last one is held
//! is turned away, also if its card is declined a moment later.

use exactly::{Capacity, Confirmed, Counter, Fault, Objects, Store, Taking};
use tokio::task::{JoinSet, yield_now};

#[derive(Clone, Objects)]
#[exactly(name = "course")]
struct Course {
    #[exactly(limit = 30, lease = "30s")]
    seats: Capacity,
    turned_away: Counter,
    #[exactly(global)]
    total_enrolled: Counter,
}

/// What an application does for one request.
async fn enrol(course: &Course, student: u32) -> Result<bool, Fault> {
    let Taking::Held(seat) = course.seats.take(1).await? else {
        course.turned_away.increment().await?;
        return Ok(false);
    };
    if !pays(student).await {
        // The seat is given back as `seat` goes out of scope, also if we were cancelled up there.
        return Ok(false);
    }
    let enrolled = seat.confirm().await? == Confirmed::Confirmed;
    if enrolled {
        course.total_enrolled.increment().await?;
    }
    Ok(enrolled)
}

/// Stands for the payment provider: slow, and one card in ten is declined.
async fn pays(student: u32) -> bool {
    yield_now().await;
    !student.is_multiple_of(10)
}

#[tokio::main]
async fn main() -> Result<(), Fault> {
    let store = Store::from_env().await?;
    let course = Course::at(&store, 42);

    let mut crowd = JoinSet::new();
    for student in 1..=200 {
        let course = course.clone();
        crowd.spawn(async move { enrol(&course, student).await });
    }
    let mut enrolled = 0;
    for answer in crowd.join_all().await {
        enrolled += u32::from(answer?);
    }

    // Seats that went out of scope come back by themselves, a moment later.
    store.settle().await;
    println!("enrolled: {enrolled}");
    println!("seats:    {:?}", course.seats.levels().await?);
    println!("all:      {}", course.total_enrolled.get().await?);
    Ok(())
}
