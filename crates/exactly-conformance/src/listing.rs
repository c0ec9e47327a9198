//! Which keys are stored: nothing that stays is missed, and what is listed are keys as they were
//! given.

use std::collections::BTreeSet;
use std::time::Duration;

use exactly_core::operations::capacity::Take;
use exactly_core::operations::counter::{Add, AddUndoable};
use exactly_core::operations::key::{Delete, Expire};
use exactly_core::operations::value;
use exactly_core::{Batch, HoldId, Key, Listing, Pattern, Token};

use crate::operations::key::awkward_keys;
use crate::subject::{Subject, key, step};

const SOON: Duration = Duration::from_millis(50);
const HOUR: Duration = Duration::from_secs(3600);

impl Subject {
    async fn listed(&self, pattern: Pattern, count: u32) -> Vec<Key> {
        const PAGES_MAX: usize = 100_000;
        let (mut keys, mut after) = (Vec::new(), None);
        for _ in 0..PAGES_MAX {
            let listing = Listing { pattern: pattern.clone(), after, count };
            let page = self.engine.keys(listing).await.expect("the engine answers");
            keys.extend(page.keys);
            after = page.next;
            if after.is_none() {
                return keys;
            }
        }
        panic!("a listing ends");
    }

    async fn names(&self, glob: &str) -> BTreeSet<String> {
        let keys = self.listed(Pattern::glob("", glob), 100).await;
        keys.iter().map(|key| key.name().to_owned()).collect()
    }
}

fn seats(id: usize) -> Key {
    Key::in_group("", "course", &id.to_string(), "seats").expect("a key")
}

fn set<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into()
}

/// What is stored is listed, with nothing that stands beside it; what is gone is not.
pub async fn meaning(subject: Subject) {
    assert!(subject.names("*").await.is_empty());
    let [visits, gone, over] = ["visits", "gone", "over"].map(key);
    let total = Key::global("", "course", "total").expect("a key");
    // A counter with an epoch, a capacity with leases, the record of a token: none is another key.
    subject.ok(&visits, AddUndoable::by(1)).await;
    let take = Take { hold: HoldId::unique(), units: 1, lease: HOUR, limit: 3 };
    subject.ok(&seats(42), take).await;
    let token = Token::caller("job 7", HOUR).expect("a token");
    subject.apply(Batch::one(step(&total, Add::by(1))).named(token)).await.expect("an answer");
    for key in [&gone, &over] {
        subject.ok(key, value::Set { to: "x".into() }).await;
    }
    subject.ok(&gone, Delete {}).await;
    subject.ok(&over, Expire { after: SOON }).await;
    subject.pass(SOON * 2).await;
    assert_eq!(subject.names("*").await, set(["visits", "course:42:seats", "course::total"]));
    for (glob, found) in [
        ("course:*", &["course:42:seats", "course::total"][..]),
        ("course:*:seats", &["course:42:seats"]),
        ("course:*:total", &["course::total"]),
        ("course:4?:seats", &["course:42:seats"]),
        ("course:42*", &["course:42:seats"]),
        ("course:42:s*", &["course:42:seats"]),
        ("course:42:seats", &["course:42:seats"]),
        ("course::t*", &["course::total"]),
        ("*:seats", &["course:42:seats"]),
        ("*::total", &["course::total"]),
        ("*ats", &["course:42:seats"]),
        ("*o*t*s*", &["course:42:seats"]),
        ("visits", &["visits"]),
        ("v?s*", &["visits"]),
        ("course:*2:seats", &["course:42:seats"]),
        ("course", &[]),
        ("cours:*", &[]),
        ("nothing*", &[]),
    ] {
        let found: BTreeSet<_> = found.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(subject.names(glob).await, found, "{glob}");
    }
}

/// A listing stays in its namespace.
pub async fn namespaces(subject: Subject) {
    let spaces = ["", "shop", "shop2", "a:b", "exactly", "*"];
    let keys = |space: &str| {
        [
            Key::in_group(space, "course", "42", "seats").expect("a key"),
            Key::global(space, "course", "total").expect("a key"),
            Key::alone(space, "visits").expect("a key"),
        ]
    };
    for space in spaces {
        for key in &keys(space) {
            subject.ok(key, Add::by(1)).await;
        }
    }
    for space in spaces {
        let listed = subject.listed(Pattern::glob(space, "*"), 100).await;
        assert_eq!(BTreeSet::from_iter(listed), BTreeSet::from(keys(space)), "{space}");
        let group = subject.listed(Pattern::group(space, "course"), 100).await;
        assert_eq!(BTreeSet::from_iter(group).len(), 2, "{space}");
    }
}

/// Every awkward name comes back as it was given, and is found by what it begins with.
pub async fn awkward_names(subject: Subject) {
    let keys = awkward_keys();
    for key in &keys {
        subject.ok(key, Add::by(1)).await;
    }
    let spaces: BTreeSet<_> = keys.iter().map(|key| key.namespace().unwrap_or_default()).collect();
    let mut listed = BTreeSet::new();
    for space in &spaces {
        listed.extend(subject.listed(Pattern::glob(space, "*"), 1000).await);
    }
    assert_eq!(listed, keys.iter().cloned().collect());
    for key in &keys {
        let space = key.namespace().unwrap_or_default();
        for pattern in [
            Pattern::prefix(&space, key.name()),
            Pattern::glob(&space, &Pattern::prefix(&space, key.name()).to_string()),
        ] {
            assert!(subject.listed(pattern, 1000).await.contains(key), "{key:?}");
        }
    }
}

/// Many keys, in pages of any size.
pub async fn pages(subject: Subject) {
    const KEYS: usize = 1000;
    let all: BTreeSet<_> = (0..KEYS).map(seats).collect();
    for chunk in all.iter().collect::<Vec<_>>().chunks(500) {
        let batch = Batch::of(chunk.iter().map(|key| step(key, Add::by(1))));
        subject.apply(batch).await.expect("the engine answers");
    }
    for count in [0, 1, 7, 100, 100_000] {
        let listed = subject.listed(Pattern::group("", "course"), count).await;
        assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), all, "{count}");
    }
}

/// While others come and go in thousands, nothing that stays is missed, and every listing ends.
pub async fn while_others_write(subject: Subject) {
    const STAYING: usize = 300;
    const COMING: usize = 3000;
    let staying: BTreeSet<_> = (0..STAYING).map(seats).collect();
    let batch = Batch::of(staying.iter().map(|key| step(key, Add::by(1))));
    subject.apply(batch).await.expect("the engine answers");
    let writer = tokio::spawn({
        let subject = subject.clone();
        async move {
            for first in (0..COMING).step_by(50) {
                let some = first + 1_000_000..first + 1_000_050;
                let come = Batch::of(some.clone().map(|id| step(&seats(id), Add::by(1))));
                subject.apply(come).await.expect("the engine answers");
                // Every second one goes again.
                let go = some.step_by(2).map(|id| step(&seats(id), Delete {}));
                subject.apply(Batch::of(go)).await.expect("the engine answers");
                tokio::task::yield_now().await;
            }
        }
    });
    let mut listings = 0;
    while listings < 5 || !writer.is_finished() {
        let listed: BTreeSet<_> =
            subject.listed(Pattern::group("", "course"), 20).await.into_iter().collect();
        assert!(staying.is_subset(&listed), "{:?}", staying.difference(&listed));
        assert!(listed.len() <= STAYING + COMING);
        listings += 1;
    }
    writer.await.expect("the writer ends");
    let listed = subject.listed(Pattern::group("", "course"), 20).await;
    let listed: BTreeSet<_> = listed.into_iter().collect();
    assert_eq!(listed.len(), STAYING + COMING / 2);
}
