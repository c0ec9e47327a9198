//! Waiting for an object to change, for so long.

use std::time::Duration;

use exactly_core::{Fault, Mark};
use tokio::time::{Instant, timeout_at};

use crate::object::Object;

/// One caller's wait. It asks for the mark of the key, looks, and then waits for another mark: no
/// change is missed in between.
#[derive(Debug)]
pub(crate) struct Wait {
    /// None where it never ends.
    until: Option<Instant>,
    mark: Mark,
}

impl Wait {
    /// A wait of at most this long.
    pub(crate) fn within(time: Duration) -> Self {
        Self { until: Instant::now().checked_add(time), mark: Mark::NONE }
    }

    /// Resolves when it is worth another look, with `false` when the time is over. The first time
    /// that is soon: whoever has looked without a mark has seen what may have changed since.
    ///
    /// # Faults
    /// As the engine says.
    pub(crate) async fn another_look(&mut self, object: &Object) -> Result<bool, Fault> {
        if self.until.is_some_and(|until| until <= Instant::now()) {
            return Ok(false);
        }
        let change = object.store().changed(object.key()?, self.mark);
        let changed = match self.until {
            Some(until) => timeout_at(until, change).await,
            None => Ok(change.await),
        };
        match changed {
            Ok(mark) => {
                self.mark = mark?;
                Ok(true)
            }
            Err(_) => Ok(false),
        }
    }
}
