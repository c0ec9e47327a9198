//! What one caller makes for all.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};

use exactly_core::Fault;
use parking_lot::Mutex;
use tokio::sync::Mutex as Turn;

/// Something that many use and that is made again when it is of no use any more. One caller makes
/// it; those who wait meanwhile share it, or the fault.
pub(crate) struct Shared<T> {
    current: Mutex<Option<T>>,
    is_good: fn(&T) -> bool,
    making: Turn<Option<Fault>>,
    /// How often it could not be made.
    failures: AtomicU64,
}

impl<T: Clone> Shared<T> {
    pub(crate) fn new(first: Option<T>, is_good: fn(&T) -> bool) -> Self {
        let (current, making) = (Mutex::new(first), Turn::default());
        Self { current, is_good, making, failures: AtomicU64::new(0) }
    }

    /// The present one, or else the one that is made now.
    pub(crate) async fn get<F>(&self, make: impl FnOnce() -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        if let Some(current) = self.current() {
            return Ok(current);
        }
        let failures = self.failures.load(Ordering::Acquire);
        let mut failed = self.making.lock().await;
        if let Some(current) = self.current() {
            return Ok(current);
        }
        if let Some(fault) = &*failed
            && self.failures.load(Ordering::Acquire) != failures
        {
            // It failed while this caller waited: a hundred who wait must not each try in turn.
            return Err(fault.clone());
        }
        match make().await {
            Ok(made) => {
                *self.current.lock() = Some(made.clone());
                Ok(made)
            }
            Err(fault) => {
                *failed = Some(fault.clone());
                self.failures.fetch_add(1, Ordering::Release);
                Err(fault)
            }
        }
    }

    /// The next one is made anew.
    pub(crate) fn renew(&self) {
        *self.current.lock() = None;
    }

    fn current(&self) -> Option<T> {
        self.current.lock().clone().filter(self.is_good)
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    fn fails(counted: &AtomicU64) -> impl Future<Output = Result<u8, Fault>> {
        counted.fetch_add(1, Ordering::Relaxed);
        async {
            tokio::task::yield_now().await;
            Err(Fault::unavailable("nobody is there"))
        }
    }

    #[tokio::test]
    async fn those_who_wait_share_the_fault() {
        let shared = Shared::new(None, |_| true);
        let asked = AtomicU64::new(0);
        let get = || shared.get(|| fails(&asked));
        let told = tokio::join!(get(), get(), get());
        assert!(told.0.is_err() && told.1.is_err() && told.2.is_err());
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        // Who comes later tries anew.
        assert!(get().await.is_err());
        assert_eq!(asked.load(Ordering::Relaxed), 2);
        assert_eq!(shared.get(async || Ok(7)).await.unwrap(), 7);
        assert_eq!(get().await.unwrap(), 7);
    }

    #[tokio::test]
    async fn whoever_makes_it_may_go_away() {
        let shared = Shared::new(Some(1), |made| *made != 1);
        let gone = timeout(Duration::ZERO, shared.get(pending)).await;
        assert!(gone.is_err());
        assert_eq!(shared.get(async || Ok(2)).await.unwrap(), 2);
        shared.renew();
        assert_eq!(shared.get(async || Ok(3)).await.unwrap(), 3);
    }
}
