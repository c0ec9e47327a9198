//! Sets: members, each once.

pub mod life;
pub mod several;

use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::time::Duration;

use exactly_core::operations::key::Exists;
use exactly_core::operations::set::{
    Add, Added, All, Combination, Combine, Contains, Len, Move, Moved, Page, Pop, Random, Remove,
    Replace, Replaced, StoreCombined,
};
use exactly_core::operations::value;
use exactly_core::{
    Batch, Bytes, Destination, ELEMENTS_MAX, Few, Key, Lifetime, Members, Op, Operation, PAGE_MAX,
    SOURCES_MAX, Step,
};

use crate::subject::{Subject, key, step};

/// Each letter is a member.
fn these<B: FromIterator<Bytes>>(letters: &str) -> B {
    letters.chars().map(|letter| Bytes::from(letter.to_string())).collect()
}

fn members(letters: &str) -> Members {
    Members(these(letters))
}

fn at_most(limit: u64) -> Option<NonZeroU64> {
    NonZeroU64::new(limit)
}

fn add(letters: &str) -> Add {
    Add { members: these(letters), limit: None }
}

fn remove(letters: &str) -> Remove {
    Remove { members: these(letters) }
}

fn replace(letters: &str) -> Replace {
    Replace { with: these(letters), limit: None }
}

fn move_to(to: &Key, member: &str, limit: Option<NonZeroU64>, lifetime: Lifetime) -> Move {
    let to = Destination { key: to.clone(), limit, lifetime };
    Move { member: member.into(), to: Box::new(to) }
}

/// Stores these letters at the key, and nothing else.
async fn fill(subject: &Subject, key: &Key, letters: &str) {
    subject.ok(key, replace(letters)).await;
}

async fn all(subject: &Subject, key: &Key) -> Members {
    subject.ok(key, All {}).await
}

fn distinct(members: &Members) -> usize {
    members.0.iter().collect::<BTreeSet<_>>().len()
}

/// Adding, asking, removing, drawing lots; the last member takes the set along.
pub async fn meaning(subject: Subject) {
    let key = key("set");
    assert_eq!(subject.ok(&key, Len {}).await, 0);
    assert_eq!(all(&subject, &key).await, members(""));
    assert_eq!(subject.ok(&key, remove("a")).await, 0);
    assert_eq!(subject.ok(&key, Pop { count: 2 }).await, members(""));
    assert_eq!(subject.ok(&key, Random { count: 2 }).await, members(""));
    assert_eq!(subject.ok(&key, add("")).await, Added::Added { new: 0 });
    assert!(!subject.ok(&key, Exists {}).await, "of nothing no set is made");
    for (added, new) in [("aba", 2), ("b", 0), ("bc", 1), ("", 0), ("cde", 2)] {
        assert_eq!(subject.ok(&key, add(added)).await, Added::Added { new }, "{added}");
    }
    assert_eq!(subject.ok(&key, Len {}).await, 5);
    assert_eq!(all(&subject, &key).await, members("abcde"));
    for (asked, told) in [("", vec![]), ("a", vec![true]), ("axaa", vec![true, false, true, true])]
    {
        let contains = Contains { members: these(asked) };
        assert_eq!(subject.ok(&key, contains).await.to_vec(), told, "{asked}");
    }
    for count in 0..8 {
        let drawn = subject.ok(&key, Random { count }).await;
        let expected = count.min(5) as usize;
        assert_eq!((drawn.0.len(), distinct(&drawn)), (expected, expected));
    }
    for (removed, told) in [("", 0), ("xa", 1), ("aa", 0), ("bb", 1)] {
        assert_eq!(subject.ok(&key, remove(removed)).await, told, "{removed}");
    }
    assert_eq!(subject.ok(&key, Pop { count: 0 }).await, members(""));
    let popped = subject.ok(&key, Pop { count: 2 }).await;
    assert_eq!(distinct(&popped), 2);
    let left = all(&subject, &key).await;
    assert_eq!(Members([popped.0, left.0.clone()].concat()), members("cde"));
    assert_eq!(subject.ok(&key, Pop { count: 9 }).await, left);
    assert!(!subject.ok(&key, Exists {}).await, "with the last member the set is gone");
    subject.ok(&key, add("ab")).await;
    assert_eq!(subject.ok(&key, remove("ba")).await, 2);
    assert!(!subject.ok(&key, Exists {}).await);
}

/// A limit lets all in or none; who is in already needs no room.
pub async fn limits(subject: Subject) {
    let key = key("set");
    // What is stored, the limit, what is added, and what is told.
    for (stored, limit, added, told) in [
        ("", 2, "aab", Added::Added { new: 2 }),
        ("", 2, "abc", Added::Full { free: 2 }),
        ("a", 2, "ab", Added::Added { new: 1 }),
        ("a", 2, "bbb", Added::Added { new: 1 }),
        ("a", 2, "abc", Added::Full { free: 1 }),
        ("ab", 2, "ba", Added::Added { new: 0 }),
        ("ab", 2, "c", Added::Full { free: 0 }),
        // The limit fell since: nobody leaves, nobody comes.
        ("abc", 2, "abc", Added::Added { new: 0 }),
        ("abc", 2, "ad", Added::Full { free: 0 }),
        ("abc", 2, "", Added::Added { new: 0 }),
        ("abc", u64::MAX, "d", Added::Added { new: 1 }),
    ] {
        fill(&subject, &key, stored).await;
        let add = Add { members: these(added), limit: at_most(limit) };
        assert_eq!(subject.ok(&key, add).await, told, "{stored} {limit} {added}");
        let joined: BTreeSet<Bytes> = match told {
            Added::Added { .. } => these(&format!("{stored}{added}")),
            Added::Full { .. } => these(stored),
        };
        assert_eq!(all(&subject, &key).await, Members(joined.into_iter().collect()));
    }
}

/// Tells all pages, while `meanwhile` happens between any two.
async fn paged(
    subject: &Subject,
    key: &Key,
    count: u64,
    meanwhile: impl AsyncFn(u64),
) -> BTreeSet<Bytes> {
    let (mut told, mut after) = (BTreeSet::new(), None);
    for round in 0.. {
        let page = subject.ok(key, Page { after, count }).await;
        told.extend(page.members.0);
        after = page.next;
        if after.is_none() {
            break;
        }
        meanwhile(round).await;
    }
    told
}

fn numbers<B: FromIterator<Bytes>>(range: std::ops::Range<u32>) -> B {
    range.map(|number| Bytes::from(number.to_string())).collect()
}

/// Whoever is a member from the first page to the last is on one of them, however much comes, goes
/// and is replaced meanwhile.
pub async fn pages(subject: Subject) {
    let key = key("set");
    assert_eq!(paged(&subject, &key, 1, async |_| {}).await, BTreeSet::new());
    subject.ok(&key, add("abc")).await;
    assert_eq!(paged(&subject, &key, 1, async |_| {}).await, these("abc"));
    let staying: BTreeSet<Bytes> = numbers(1_000..2_000);
    subject.ok(&key, Replace { with: numbers(0..3_000), limit: None }).await;
    let told = paged(&subject, &key, 100, async |round| {
        let some = (round as u32 * 37) % 900;
        match round % 4 {
            0 | 1 => {
                let start = if round % 4 == 0 { some } else { some + 2_000 };
                subject.ok(&key, Remove { members: numbers(start..start + 100) }).await;
            }
            2 => {
                let members = numbers(some + 3_000..some + 3_500);
                subject.ok(&key, Add { members, limit: None }).await;
            }
            3.. => {
                subject.ok(&key, Replace { with: numbers(some..2_000), limit: None }).await;
            }
        }
    });
    let told = told.await;
    assert!(told.is_superset(&staying), "{} were told", told.len());
    let untouched = paged(&subject, &key, 100, async |_| {}).await;
    assert_eq!(untouched, all(&subject, &key).await.0.into_iter().collect());
}

/// Members are any bytes, the empty ones and the words of engines among them.
pub async fn any_bytes(subject: Subject) {
    let [key, other] = ["set", "other"].map(key);
    let every: Vec<u8> = (0..=255).collect();
    let large = vec![b'x'; 1 << 20];
    let odd = [Vec::new(), vec![0], every, large, b"\r\n".to_vec(), "🪑".into(), b"-0".to_vec()];
    let words = ["refused", "misuse", "missing", "taken", "done", "0", "1", ":", ";", "2:ab"];
    let words = words.map(|word| word.as_bytes().to_vec());
    let odd: Vec<Bytes> = odd.into_iter().chain(words).map(Bytes::from).collect();
    for one in &odd {
        let (just, alone) = (Few::from_buf([one.clone()]), Members(vec![one.clone()]));
        let added = subject.ok(&key, Add { members: just.clone(), limit: at_most(1) }).await;
        assert_eq!(added, Added::Added { new: 1 });
        assert_eq!(all(&subject, &key).await, alone);
        assert_eq!(subject.ok(&key, Random { count: 1 }).await, alone);
        let to = Destination { key: other.clone(), limit: None, lifetime: Lifetime::Unchanged };
        let moved = Move { member: one.clone(), to: Box::new(to) };
        assert_eq!(subject.ok(&key, moved).await, Moved::Moved);
        let union = Combine { how: Combination::Union, with: vec![key.clone()] };
        assert_eq!(subject.ok(&other, union).await, alone);
        assert_eq!(subject.ok(&other, Contains { members: just }).await.to_vec(), [true]);
        assert_eq!(subject.ok(&other, Pop { count: 2 }).await, alone);
    }
    subject.ok(&key, Replace { with: odd.clone(), limit: None }).await;
    let told = paged(&subject, &key, 3, async |_| {}).await;
    assert_eq!(told, odd.iter().cloned().collect());
    let members: Few<Bytes> = odd.iter().cloned().collect();
    assert!(subject.ok(&key, Contains { members }).await.into_iter().all(|there| there));
    assert_eq!(subject.ok(&key, Remove { members: odd.clone().into() }).await, odd.len() as u64);
}

/// What is no set is told by the key where it is, and stays.
pub async fn wrong_type(subject: Subject) {
    let [text, set, none] = ["text", "set", "none"].map(key);
    subject.ok(&text, value::Set { to: "x".into() }).await;
    subject.ok(&set, add("a")).await;
    let moved = |to| move_to(to, "a", None, Lifetime::Unchanged);
    for (at, operation) in [
        (&text, Len {}.into_op()),
        (&text, Contains { members: these("a") }.into_op()),
        (&text, All {}.into_op()),
        (&text, Page { after: None, count: 1 }.into_op()),
        (&text, Random { count: 1 }.into_op()),
        (&text, add("a").into_op()),
        (&text, add("").into_op()),
        (&text, Add { members: these("a"), limit: at_most(1) }.into_op()),
        (&text, remove("a").into_op()),
        (&text, Pop { count: 1 }.into_op()),
        (&text, moved(&set).into_op()),
        (&set, moved(&text).into_op()),
        (&none, moved(&text).into_op()),
        (&text, replace("a").into_op()),
        (&text, replace("").into_op()),
    ] {
        expect_wrong_type(&subject, at, operation, &text).await;
    }
    for how in [Combination::Union, Combination::Intersection, Combination::Difference] {
        for (at, with) in [(&text, &set), (&set, &text), (&none, &text)] {
            let combine = Combine { how, with: vec![none.clone(), with.clone()] };
            expect_wrong_type(&subject, at, combine.into_op(), &text).await;
            let of = vec![none.clone(), with.clone()];
            let store = StoreCombined { how, of, limit: None };
            expect_wrong_type(&subject, at, store.into_op(), &text).await;
        }
    }
    assert!(subject.run(&set, value::Get {}).await.expect_err("a set").is_wrong_type());
    assert_eq!(subject.ok(&text, value::Get {}).await, Some("x".into()));
    assert_eq!(all(&subject, &set).await, members("a"));
    assert!(!subject.ok(&none, Exists {}).await);
}

async fn expect_wrong_type(subject: &Subject, at: &Key, op: Op, wrong: &Key) {
    let step = Step::new(at.clone(), op);
    let asked = format!("{step:?}");
    let alone = subject.apply(Batch::one(step.clone())).await;
    let along = Batch::of([step, Step::new(key("flag"), value::Get {}.into_op())]);
    for told in [alone, subject.apply(along).await] {
        let fault = told.expect_err("no set");
        assert!(fault.is_misuse() && fault.is_wrong_type(), "{asked}: {fault}");
        assert_eq!(fault.key(), Some(wrong), "{asked}: {fault}");
    }
}

/// A hundred thousand members, written in parts, then asked, stored, replaced and removed.
pub async fn large_ones(subject: Subject) {
    const MANY: u32 = 100_000;
    let [key, other, third] = ["set", "other", "third"].map(key);
    let parts = [0..50_000, 50_000..MANY];
    for part in parts.clone() {
        let (members, new) = (numbers(part.clone()), u64::from(part.end - part.start));
        let added = subject.ok(&key, Add { members, limit: at_most(u64::from(MANY)) }).await;
        assert_eq!(added, Added::Added { new });
    }
    assert_eq!(subject.ok(&key, Len {}).await, u64::from(MANY));
    let one_more = Add { members: numbers(MANY - 9..MANY + 1), limit: at_most(u64::from(MANY)) };
    assert_eq!(subject.ok(&key, one_more).await, Added::Full { free: 0 });
    let most = Contains { members: numbers(MANY - 9..MANY + ELEMENTS_MAX as u32 - 9) };
    assert_eq!(subject.ok(&key, most).await.iter().filter(|there| **there).count(), 9);
    let how = Combination::Union;
    let store = StoreCombined { how, of: vec![key.clone()], limit: None };
    subject.ok(&other, store).await;
    // In pages of a size that a slow machine reads well within the patience of an engine.
    let told = paged(&subject, &other, 10_000, async |_| {}).await;
    assert_eq!(told.len(), MANY as usize);
    let with = numbers(MANY..MANY + ELEMENTS_MAX as u32);
    let (len, before) = (ELEMENTS_MAX as u64, u64::from(MANY));
    let told = subject.ok(&other, Replace { with, limit: None }).await;
    assert_eq!(told, Replaced::Replaced { len, before });
    let (of, len) = (vec![key.clone(), other.clone()], u64::from(MANY) + ELEMENTS_MAX as u64);
    let both = subject.ok(&third, StoreCombined { how, of: of.clone(), limit: None }).await;
    assert_eq!(both, Replaced::Replaced { len, before: 0 });
    let how = Combination::Intersection;
    let none = subject.ok(&third, StoreCombined { how, of, limit: None }).await;
    assert_eq!(none, Replaced::Replaced { len: 0, before: len });
    let shared = Combine { how, with: vec![other.clone()] };
    assert_eq!(subject.ok(&key, shared).await, members(""));
    let mut popped = 0;
    while popped < ELEMENTS_MAX {
        let drawn = subject.ok(&other, Pop { count: 16_384 }).await;
        assert_eq!(distinct(&drawn), 16_384);
        popped += drawn.0.len();
    }
    for part in parts {
        let removed = subject.ok(&key, Remove { members: numbers(part.clone()) }).await;
        assert_eq!(removed, u64::from(part.end - part.start));
    }
    for key in [&key, &other, &third] {
        assert!(!subject.ok(key, Exists {}).await);
    }
}

/// Too many members, too long ones, pages of nothing: misuse, and what is stored stays.
pub async fn bad_settings(subject: Subject) {
    let key = key("set");
    subject.ok(&key, add("a")).await;
    let long: Vec<Bytes> = vec![vec![0; value::VALUE_BYTES_MAX + 1].into()];
    let many: Few<Bytes> = std::iter::repeat_n("a".into(), ELEMENTS_MAX + 1).collect();
    let keys = |count| vec![key.clone(); count];
    let (how, limit) = (Combination::Union, None);
    for fault in [
        subject.run(&key, Add { members: long.clone().into(), limit }).await.err(),
        subject.run(&key, Add { members: many.clone(), limit }).await.err(),
        subject.run(&key, Contains { members: many.clone() }).await.err(),
        subject.run(&key, Remove { members: many.clone() }).await.err(),
        subject.run(&key, Replace { with: long, limit }).await.err(),
        subject.run(&key, Replace { with: many.to_vec(), limit }).await.err(),
        subject.run(&key, Page { after: None, count: 0 }).await.err(),
        subject.run(&key, Page { after: None, count: PAGE_MAX + 1 }).await.err(),
        subject.run(&key, Random { count: ELEMENTS_MAX as u64 + 1 }).await.err(),
        subject.run(&key, Pop { count: ELEMENTS_MAX as u64 + 1 }).await.err(),
        subject.run(&key, Combine { how, with: keys(SOURCES_MAX) }).await.err(),
        subject.run(&key, StoreCombined { how, of: keys(0), limit }).await.err(),
        subject.run(&key, StoreCombined { how, of: keys(SOURCES_MAX + 1), limit }).await.err(),
    ] {
        let fault = fault.expect("it is not allowed");
        assert!(fault.is_misuse() && fault.is_bad_setting(), "{fault}");
        assert_eq!(fault.key(), Some(&key));
    }
    let endless = step(&key, move_to(&key, "a", None, Lifetime::Sliding(Duration::ZERO)));
    assert!(subject.apply(Batch::one(endless)).await.expect_err("no time").is_bad_setting());
    assert_eq!(all(&subject, &key).await, members("a"));
}
