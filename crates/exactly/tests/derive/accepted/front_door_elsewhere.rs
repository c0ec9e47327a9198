//! `exactly` under another path.

#![allow(unreachable_pub, reason = "it is written as a library writes it")]

mod ours {
    pub mod reexported {
        pub use exactly::*;
    }
}

mod deep {
    use super::ours::reexported::{Capacity, Objects};

    #[derive(Objects)]
    #[exactly(name = "course", crate = "crate::accepted::front_door_elsewhere::ours::reexported")]
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

#[test]
fn is_accepted() {
    use renamed::Objects;
    assert_eq!(deep::Course::GROUP, "course");
    assert_eq!(Lecture::GROUP, "lecture");
    let _ = |lecture: Lecture| lecture.taken;
}
