//! Drafts of what is asked of a lock.

use exactly_core::operations::lock::{self, Acquire, Mode};

use super::*;

pub(super) fn lock() -> impl Strategy<Value = Draft> {
    let mode = prop_oneof![Just(Mode::Exclusive), Just(Mode::Shared)];
    prop_oneof![
        4 => (hold(), mode, any::<bool>(), 1_u32..3).prop_map(|(owner, mode, line, fences)| {
            op(Acquire { owner, mode, lease: LONG, line, fences })
        }),
        1 => Just(op(lock::Read {})),
        1 => hold().prop_map(|owner| op(lock::Extend { owner, lease: LONG })),
        2 => hold().prop_map(|owner| op(lock::Release { owner })),
    ]
}
