//! Layers: an engine around an engine, each one small thing more.
//!
//! Every call passes one door, so a layer sees them all:
//!
//! ```
//! # use exactly_core::layers::{Faults, Retry, Act};
//! # use exactly_core::{Engine, Profile};
//! fn dependable<E: Engine>(engine: E) -> Retry<Faults<E>> {
//!     let lossy = Faults::new(engine);
//!     lossy.next([Act::LoseReply]);
//!     Retry::new(lossy)
//! }
//! ```

mod combine;
mod fault;
mod record;
mod retry;
mod timeout;
mod trace;

pub(crate) use combine::Folding;
pub use combine::{Combine, CombinePolicy};
pub use fault::{Act, Faults, Odds};
pub use record::{Call, Ending, History, Record};
pub use retry::{Retry, RetryPolicy};
pub use timeout::Timeout;
pub use trace::Trace;
