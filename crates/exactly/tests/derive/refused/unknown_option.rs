//! An option that there is not, with the one that was meant.

use exactly::{Counter, Objects};

#[derive(Objects)]
#[exactly(nam = "course")]
struct Course {
    #[exactly(strat = 30)]
    slots: Counter,
    #[exactly(expires_in = "1h")]
    visits: Counter,
    #[exactly(maximum = 30, mix = 0)]
    taken: Counter,
    #[exactly(redis = "archive")]
    archived: Counter,
    #[exactly(colour = "red")]
    painted: Counter,
}

fn main() {}
