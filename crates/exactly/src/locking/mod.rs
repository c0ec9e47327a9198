//! What a lock needs in the process that asks for it.
//!
//! | file | is |
//! | --- | --- |
//! | `request.rs` | waiting for it, in turn |
//! | `line.rs` | those of this process who wait for one lock: one of them asks at a time |
//! | `claim.rs` | one who asks, and what is given back when it goes away |
//! | `lease.rs` | what the engine has given, extended until it is given back |
//! | `guard.rs` | who has it now |

mod claim;
mod guard;
mod lease;
mod line;
mod request;

pub use guard::LockGuard;
pub(crate) use guard::Passage;
pub(crate) use line::Lines;
pub(crate) use request::{Request, Seen, all_held, all_tried};
