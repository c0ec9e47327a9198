//! The whole suite once more, with calls folded that come together: over an engine that answers at
//! once, and over one that never does, so that there is always somebody to fold with.

use std::sync::Arc;
use std::time::Duration;

use exactly_conformance::{Setup, suite};
use exactly_core::layers::{Combine, CombinePolicy, Faults};
use exactly_core::{Clock, Engine, ManualClock, Timestamp};
use exactly_embedded::{Memory, Options};

#[derive(Default)]
struct OnManualClock {
    clock: Arc<ManualClock>,
}

impl OnManualClock {
    fn memory(&self) -> Memory {
        let clock = Arc::clone(&self.clock) as _;
        Memory::with(Options { clock, ..Options::default() })
    }

    async fn passed(&self, time: Duration) {
        self.clock.advance(time);
    }
}

mod at_once {
    use super::*;

    #[derive(Default)]
    struct AtOnce(OnManualClock);

    impl Setup for AtOnce {
        async fn engine(&self) -> Arc<dyn Engine> {
            Arc::new(Combine::new(self.0.memory()))
        }

        async fn pass(&self, time: Duration) {
            self.0.passed(time).await;
        }

        fn now(&self) -> Timestamp {
            self.0.clock.now()
        }
    }

    suite!(AtOnce::default());
}

mod late {
    use super::*;

    #[derive(Default)]
    struct Late(OnManualClock);

    impl Setup for Late {
        async fn engine(&self) -> Arc<dyn Engine> {
            let few = CombinePolicy { batch_max: 8, lanes: 3, ..CombinePolicy::default() };
            Arc::new(Combine::with_policy(Faults::late(self.0.memory()), few))
        }

        async fn pass(&self, time: Duration) {
            self.0.passed(time).await;
        }

        fn now(&self) -> Timestamp {
            self.0.clock.now()
        }
    }

    suite!(Late::default());
}
