//! Large maps: parts and pages.

use std::collections::BTreeSet;
use std::num::NonZeroU64;

use exactly_core::operations::map::{
    All, Contains, Filled, Len, Page, Pairs, Remove, Replace, Set, SetFields, SetIfAbsent, Take,
};
use exactly_core::{Batch, Bytes, Few, PAGE_MAX, Refusal, Reply};

use super::pairs;
use crate::subject::{Subject, key, step};

/// A hundred thousand fields, written, read and taken in parts.
pub async fn of_many_fields(subject: Subject) {
    const COUNT: u32 = 100_000;
    const PART: u32 = 20_000;
    let key = key("large");
    let field = |number: u32| Bytes::from(format!("field {number}"));
    let pair = |number: u32| (field(number), Bytes::from(number.to_string()));
    for first in (0..COUNT).step_by(PART as usize) {
        let pairs: Few<_> = (first..first + PART).map(pair).collect();
        if first % (2 * PART) == 0 {
            let set = Set { pairs, limit: NonZeroU64::new(u64::from(COUNT)) };
            assert_eq!(subject.ok(&key, set).await, SetFields::Set { new: u64::from(PART) });
        } else {
            let fill = SetIfAbsent { pairs, limit: None };
            let Filled::Filled { set } = subject.ok(&key, fill).await else { panic!("new ones") };
            assert!(set.iter().all(|set| *set) && set.len() == PART as usize);
        }
    }
    let mut paged = Vec::new();
    let mut after = None;
    loop {
        let mut page = subject.ok(&key, Page { after, count: u64::from(PART) }).await;
        paged.append(&mut page.pairs.0);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    paged.sort_unstable();
    paged.dedup();
    assert_eq!(Pairs(paged), Pairs((0..COUNT).map(pair).collect()));
    // In a batch that goes back on it, and without one.
    let take = Take { fields: (0..PART).map(field).collect() };
    let replace = Replace { with: (0..PART).map(pair).collect(), limit: None };
    let full = Set { pairs: pairs("new=1"), limit: NonZeroU64::new(1) };
    for change in [step(&key, take.clone()), step(&key, replace)] {
        let reply = subject.apply(Batch::of([change, step(&key, full.clone())])).await;
        assert!(matches!(reply, Ok(Reply::Refused(Refusal::Operation(1, _)))), "{reply:?}");
        assert_eq!(subject.ok(&key, Len {}).await, u64::from(COUNT));
    }
    let taken = subject.ok(&key, take).await.into_iter().flatten();
    assert!(taken.eq((0..PART).map(|number| pair(number).1)));
    let there = Contains { fields: (0..2 * PART).map(field).collect() };
    let there = subject.ok(&key, there).await;
    assert!(there.into_iter().eq((0..2 * PART).map(|number| number >= PART)));
    for first in (2 * PART..COUNT).step_by(PART as usize) {
        let fields = (first..first + PART).map(field).collect();
        assert_eq!(subject.ok(&key, Remove { fields }).await, u64::from(PART));
    }
    assert_eq!(subject.ok(&key, All {}).await, Pairs((PART..2 * PART).map(pair).collect()));
}

/// Who is there from the first page to the last is on one of them, whatever becomes of others.
pub async fn while_others_change(subject: Subject) {
    let key = key("pages");
    let named = |numbers: std::ops::Range<u32>| -> Few<(Bytes, Bytes)> {
        numbers.map(|number| (number.to_string().into(), "x".into())).collect()
    };
    for size in [1_u64, 7, 100, PAGE_MAX] {
        subject.ok(&key, Replace { with: named(0..600), limit: None }).await;
        let mut seen = BTreeSet::new();
        let (mut after, mut round) = (None, 0);
        loop {
            let page = subject.ok(&key, Page { after, count: size }).await;
            seen.extend(page.pairs.0.into_iter().map(|(field, _)| field));
            let Some(next) = page.next else { break };
            (after, round) = (Some(next), round + 1);
            // Those below 200 stay; of the others some go, some come, and once all are replaced.
            let gone = (0..9).map(|place| (200 + (round * 9 + place) % 400).to_string().into());
            subject.ok(&key, Remove { fields: gone.collect() }).await;
            let first = 600 + round * 9;
            subject.ok(&key, Set { pairs: named(first..first + 12), limit: None }).await;
            if round == 2 {
                subject.ok(&key, Replace { with: named(0..250), limit: None }).await;
            }
        }
        let stayed = named(0..200).into_iter().map(|(field, _)| field);
        assert_eq!(stayed.filter(|field| !seen.contains(field)).count(), 0, "pages of {size}");
    }
}
