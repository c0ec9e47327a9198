//! A limiter that does not say how much it admits, and rates that are none.

use exactly::{Counter, Limiter, Objects};

#[derive(Objects)]
#[exactly(name = "user")]
struct User {
    logins: Limiter,
}

#[derive(Objects)]
#[exactly(name = "account")]
struct Account {
    #[exactly(rate = "100/s")]
    reads: Limiter,
    #[exactly(rate = 100)]
    writes: Limiter,
    #[exactly(rate = "0 per 1s")]
    nobody: Limiter,
}

#[derive(Objects)]
#[exactly(name = "page")]
struct Page {
    #[exactly(rate = "1 per 1s")]
    visits: Counter,
}

fn main() {}
