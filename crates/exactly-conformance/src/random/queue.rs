//! Drafts of what is asked of a queue.

use exactly_core::Cursor;
use exactly_core::operations::queue::{
    Acknowledge, Bury, Chosen, Claim, Dead, Depth, Discard, Extend, Failed, NewJob, Push, Release,
    Retry, Revive,
};

use super::*;

fn new_job() -> impl Strategy<Value = NewJob> {
    let unique = prop::option::weighted(0.3, text());
    (hold(), text(), prop::bool::weighted(0.2), unique).prop_map(
        |(id, payload, delayed, unique)| {
            let delay = if delayed { LONG } else { Duration::ZERO };
            NewJob { id, payload, delay, unique }
        },
    )
}

fn chosen() -> impl Strategy<Value = Chosen> {
    prop_oneof![
        prop::collection::vec(hold(), 1..3).prop_map(Chosen::Named),
        cursor().prop_map(|after| Chosen::Page { after, count: 2 }),
    ]
}

/// The places in a queue are numbered alike by all who begin with nothing.
fn cursor() -> impl Strategy<Value = Option<Cursor>> {
    (0_u64..12).prop_map(|place| NonZeroU64::new(place).map(Cursor))
}

pub(super) fn queue() -> impl Strategy<Value = Draft> {
    let jobs = || prop::collection::vec(new_job(), 1..4);
    let limit = || prop::option::of(1_u64..5).prop_map(|limit| limit.and_then(NonZeroU64::new));
    let deliveries = || prop::collection::vec(hold(), 1..4);
    let after = || prop::sample::select(vec![Duration::ZERO, LONG]);
    let retry = |(delivery, after, note)| {
        let failed = Box::new(Failed { after, note });
        op(Retry { delivery, failed })
    };
    prop_oneof![
        1 => Just(op(Depth {})),
        4 => (jobs(), limit()).prop_map(|(jobs, limit)| op(Push { jobs, limit })),
        4 => (deliveries(), 1_u32..4).prop_map(|(deliveries, tries_max)| {
            op(Claim { deliveries: deliveries.into(), lease: LONG, tries_max })
        }),
        1 => hold().prop_map(|delivery| op(Acknowledge { delivery })),
        2 => (hold(), after(), text()).prop_map(retry),
        1 => hold().prop_map(|delivery| op(Release { delivery })),
        1 => (hold(), text()).prop_map(|(delivery, note)| op(Bury { delivery, note })),
        1 => hold().prop_map(|delivery| op(Extend { delivery, lease: LONG })),
        2 => (cursor(), 1_u64..4).prop_map(|(after, count)| op(Dead { after, count })),
        1 => chosen().prop_map(|jobs| op(Revive { jobs })),
        1 => chosen().prop_map(|jobs| op(Discard { jobs })),
    ]
}
