//! Which transactions the code that runs right now is a part of.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::pin;

use exactly_core::Fault;

use crate::store::Store;

thread_local! {
    /// The stores whose transactions are being polled on this thread, the innermost last.
    static INSIDE: RefCell<Vec<Store>> = const { RefCell::new(Vec::new()) };
}

/// Polls the closure of a transaction so that calls on the store itself are noticed.
pub(super) async fn run<T>(store: &Store, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    poll_fn(|cx| {
        let _entered = Entered::new(store);
        work.as_mut().poll(cx)
    })
    .await
}

/// Also left when the closure panics.
struct Entered;

impl Entered {
    fn new(store: &Store) -> Self {
        INSIDE.with_borrow_mut(|inside| inside.push(store.clone()));
        Self
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        // Its store may be the last clone of one whose end makes calls of its own.
        drop(INSIDE.with_borrow_mut(Vec::pop));
    }
}

/// Whether a call on this store may be made here.
///
/// # Faults
/// *Misuse* inside of a transaction of the store: the call would not be a part of it.
pub(crate) fn check(store: &Store) -> Result<(), Fault> {
    let is_inside =
        INSIDE.with_borrow(|inside| !inside.is_empty() && inside.iter().any(|one| one.is(store)));
    if is_inside {
        return Err(Fault::bad_option(
            "a call on the store itself inside of its transaction would not be a part of it; \
             nothing was changed: make the handle on `tx`, the store that the closure is given",
        ));
    }
    Ok(())
}

/// Does something that has nothing to do with the transactions that are being polled here, such as
/// what is left over of a handle that was made before them.
pub(crate) fn outside<T>(errand: impl FnOnce() -> T) -> T {
    let _set_aside = SetAside(INSIDE.take());
    errand()
}

/// Comes back also when the errand panics.
struct SetAside(Vec<Store>);

impl Drop for SetAside {
    fn drop(&mut self) {
        INSIDE.set(std::mem::take(&mut self.0));
    }
}
