//! `exactly` under another path.

mod ours {
    pub mod reexported {
        pub use exactly::*;
    }
}

mod deep {
    use crate::ours::reexported::{Capacity, Objects};

    #[derive(Objects)]
    #[exactly(name = "course", crate = "crate::ours::reexported")]
    pub struct Course {
        #[exactly(limit = 30, lease = "30s")]
        pub seats: Capacity,
    }
}

use ours::reexported as renamed;

#[derive(renamed::Objects)]
#[exactly(crate = "renamed", name = "lecture")]
struct Lecture {
    taken: renamed::Counter,
}

fn main() {
    use renamed::Objects;
    assert_eq!(deep::Course::GROUP, "course");
    assert_eq!(Lecture::GROUP, "lecture");
    let _ = |lecture: Lecture| lecture.taken;
}
