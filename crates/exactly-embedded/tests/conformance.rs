//! The whole suite, on the embedded engine and on a clock that the tests move.

use std::sync::Arc;
use std::time::Duration;

use exactly_conformance::{Setup, suite};
use exactly_core::{Clock, Engine, ManualClock, Timestamp};
use exactly_embedded::{Memory, Options};

#[derive(Default)]
struct OnManualClock {
    clock: Arc<ManualClock>,
}

impl Setup for OnManualClock {
    async fn engine(&self) -> Arc<dyn Engine> {
        let clock = Arc::clone(&self.clock) as _;
        Arc::new(Memory::with(Options { clock, ..Options::default() }))
    }

    async fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

suite!(OnManualClock::default());
