//! A wrong struct is told once: the code that uses it is not to blame.

use exactly::{Counter, Fault, Objects, Store};

#[derive(Objects)]
#[exactly(name = "course")]
struct Course {
    #[exactly(strat = 30)]
    available: Counter,
}

async fn enrol(store: &Store) -> Result<i64, Fault> {
    let course = Course::at(store, 42);
    course.delete_all().await?;
    Ok(course.available.decrement().await?)
}

fn main() {
    drop(enrol);
}
