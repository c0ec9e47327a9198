//! Sets and time: what each write does to the time to live, and what is taken back of both.

use std::time::Duration;

use exactly_core::operations::counter;
use exactly_core::operations::counter::Bounds;
use exactly_core::operations::key::{Exists, Expire, Life, Ttl};
use exactly_core::operations::set::{Add, Combination, Pop, StoreCombined};
use exactly_core::{Batch, Key, Lifetime, Operation, Reply, Step};

use super::{add, all, at_most, fill, members, move_to, remove, replace, these};
use crate::subject::{Subject, key, step};

const LONG: Duration = Duration::from_secs(3600);
const SOON: Duration = Duration::from_millis(50);

/// Every write brings the time to live it declares, in both sets of a move; what goes with its last
/// member starts anew.
pub async fn expiry(subject: Subject) {
    let [key, other] = ["set", "other"].map(key);
    let lives = async |key: &Key| match subject.ok(key, Ttl {}).await {
        Life::Left(left) => Some(left),
        Life::Missing | Life::Persistent => None,
    };
    let store = StoreCombined { how: Combination::Union, of: vec![other.clone()], limit: None };
    for write in [
        add("a").into_op(),
        Add { members: these("b"), limit: at_most(9) }.into_op(),
        remove("a").into_op(),
        remove("x").into_op(),
        Pop { count: 1 }.into_op(),
        move_to(&other, "a", None, Lifetime::Unchanged).into_op(),
        replace("de").into_op(),
        store.into_op(),
    ] {
        let write = Step::new(key.clone(), write);
        // What runs before, what is declared, and what runs then.
        for (before, lifetime, after) in [
            (None, Lifetime::Unchanged, None),
            (Some(LONG), Lifetime::Unchanged, Some(LONG)),
            (None, Lifetime::FromFirstWrite(LONG), Some(LONG)),
            (Some(LONG), Lifetime::FromFirstWrite(LONG * 9), Some(LONG)),
            (Some(LONG), Lifetime::Sliding(LONG * 9), Some(LONG * 9)),
        ] {
            fill(&subject, &key, "").await;
            fill(&subject, &key, "abc").await;
            fill(&subject, &other, "xyz").await;
            if let Some(after) = before {
                subject.ok(&key, Expire { after }).await;
            }
            let one = Batch::one(write.clone().lifetime(lifetime));
            subject.apply(one).await.expect("the engine answers");
            let left = lives(&key).await;
            let about =
                left.zip(after).is_none_or(|(left, after)| left.abs_diff(after) < SOON * 99);
            assert!(left.is_some() == after.is_some() && about, "{write:?} {lifetime:?}: {left:?}");
        }
    }
    fill(&subject, &other, "").await;
    let brief = move_to(&other, "a", None, Lifetime::Sliding(SOON));
    fill(&subject, &key, "ab").await;
    let moved = step(&key, brief).lifetime(Lifetime::Sliding(LONG));
    subject.apply(Batch::one(moved)).await.expect("the engine answers");
    assert!(lives(&key).await.is_some_and(|left| left > SOON * 9));
    assert!(lives(&other).await.is_some_and(|left| left <= SOON));
    subject.pass(SOON * 2).await;
    assert_eq!(all(&subject, &other).await, members(""));
    assert_eq!(all(&subject, &key).await, members("b"));
    subject.ok(&key, remove("b")).await;
    subject.ok(&key, add("b")).await;
    assert_eq!(subject.ok(&key, Ttl {}).await, Life::Persistent, "another set than before");
}

/// What a batch did to sets is taken back when it is refused, and what a write found refused does
/// not touch the time to live.
pub async fn taken_back(subject: Subject) {
    let [key, other, refusing] = ["set", "other", "refusing"].map(key);
    let how = Combination::Union;
    let store = |of: &Key| StoreCombined { how, of: vec![of.clone()], limit: None };
    let refused = {
        let bounds = Bounds { min: None, max: Some(0) };
        step(&refusing, counter::Add { by: 1, start: 0, bounds })
    };
    let sliding = Lifetime::Sliding(LONG * 9);
    for writes in [
        vec![step(&key, add("bcd"))],
        vec![step(&other, add("x"))],
        vec![step(&key, Add { members: these("ad"), limit: at_most(4) })],
        vec![step(&key, remove("axc"))],
        vec![step(&key, remove("abc"))],
        vec![step(&key, remove("abc")), step(&key, add("z"))],
        vec![step(&key, Pop { count: 1 })],
        vec![step(&key, Pop { count: 3 }), step(&key, add("xyz"))],
        vec![step(&key, move_to(&other, "a", None, sliding))],
        ["a", "b", "c"].map(|one| step(&key, move_to(&other, one, None, sliding))).to_vec(),
        vec![step(&key, replace("xyz"))],
        vec![step(&key, replace("")), step(&key, add("a"))],
        vec![step(&other, add("xa")), step(&key, store(&other)), step(&key, store(&refusing))],
        vec![step(&other, store(&key)), step(&other, remove("abc"))],
    ] {
        for lifetime in [Lifetime::Unchanged, sliding, Lifetime::FromFirstWrite(LONG * 9)] {
            fill(&subject, &key, "abc").await;
            subject.ok(&key, Expire { after: LONG }).await;
            let writes = writes.iter().map(|write| write.clone().lifetime(lifetime));
            let batch = Batch::of(writes.chain([refused.clone()]));
            let told = subject.apply(batch.clone()).await.expect("the engine answers");
            assert!(matches!(told, Reply::Refused(_)), "{batch:?}: {told:?}");
            assert_eq!(all(&subject, &key).await, members("abc"), "{batch:?}");
            let left = subject.ok(&key, Ttl {}).await;
            assert!(matches!(left, Life::Left(left) if left <= LONG), "{batch:?}: {left:?}");
            assert!(!subject.ok(&other, Exists {}).await, "{batch:?}");
        }
    }
    fill(&subject, &key, "abc").await;
    let full = step(&key, Add { members: these("d"), limit: at_most(3) }).lifetime(sliding);
    subject.apply(Batch::one(full.optional())).await.expect("the engine answers");
    assert!(matches!(subject.ok(&key, Ttl {}).await, Life::Left(left) if left <= LONG));
}
