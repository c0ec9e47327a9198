//! Members that change all at once, or from one set to another, and sets put together.

use std::collections::BTreeSet;

use exactly_core::operations::key::{Delete, Exists};
use exactly_core::operations::set::{
    Combination, Combine, Len, Moved, Pop, Remove, Replace, Replaced, StoreCombined,
};
use exactly_core::operations::{Outcome, value};
use exactly_core::{Batch, Bytes, Key, Lifetime, Members, Misuse, Reply, SOURCES_MAX, Step};

use super::{all, at_most, fill, members, move_to, these};
use crate::subject::{Subject, key, step};

/// A member moves to where there is room for it, or stays.
pub async fn moving(subject: Subject) {
    let [from, to] = ["from", "to"].map(key);
    // Here, there, the limit there, the member, what is told, and where it is then.
    for (here, there, limit, member, told, then) in [
        ("ab", "c", None, "a", Moved::Moved, ("b", "ac")),
        ("ab", "c", at_most(2), "a", Moved::Moved, ("b", "ac")),
        ("a", "", None, "a", Moved::Moved, ("", "a")),
        ("a", "", at_most(1), "a", Moved::Moved, ("", "a")),
        ("a", "ab", None, "a", Moved::Moved, ("", "ab")),
        ("a", "ab", at_most(2), "a", Moved::Moved, ("", "ab")),
        ("a", "abc", at_most(2), "a", Moved::Moved, ("", "abc")),
        ("a", "bc", at_most(2), "a", Moved::Full, ("a", "bc")),
        ("a", "bc", at_most(2), "d", Moved::Missing, ("a", "bc")),
        ("a", "bc", None, "d", Moved::Missing, ("a", "bc")),
        ("", "a", None, "a", Moved::Missing, ("", "a")),
        ("", "", None, "a", Moved::Missing, ("", "")),
    ] {
        fill(&subject, &from, here).await;
        fill(&subject, &to, there).await;
        let moved = move_to(&to, member, limit, Lifetime::Unchanged);
        assert_eq!(subject.ok(&from, moved).await, told, "{here} {there} {member}");
        let found = (all(&subject, &from).await, all(&subject, &to).await);
        assert_eq!(found, (members(then.0), members(then.1)));
    }
    fill(&subject, &from, "a").await;
    for (member, told) in [("a", Moved::Moved), ("b", Moved::Missing)] {
        let moved = move_to(&from, member, at_most(1), Lifetime::Unchanged);
        assert_eq!(subject.ok(&from, moved).await, told, "to where it is");
        assert_eq!(all(&subject, &from).await, members("a"));
    }
}

/// All members are replaced in one step, by none as well.
pub async fn replacing(subject: Subject) {
    let key = key("set");
    for (stored, new, told) in [
        ("", "", Replaced::Replaced { len: 0, before: 0 }),
        ("", "aab", Replaced::Replaced { len: 2, before: 0 }),
        ("abc", "cde", Replaced::Replaced { len: 3, before: 3 }),
        ("abc", "ccdd", Replaced::Replaced { len: 2, before: 3 }),
        ("abc", "", Replaced::Replaced { len: 0, before: 3 }),
        ("abc", "defg", Replaced::Full { found: 4 }),
        ("abcd", "dcba", Replaced::Full { found: 4 }),
    ] {
        fill(&subject, &key, stored).await;
        let replace = Replace { with: these(new), limit: at_most(3) };
        assert_eq!(subject.ok(&key, replace).await, told, "{stored} {new}");
        let full = matches!(told, Replaced::Full { .. });
        let left: BTreeSet<Bytes> = these(if full { stored } else { new });
        assert_eq!(subject.ok(&key, Exists {}).await, !left.is_empty());
        assert_eq!(all(&subject, &key).await, Members(left.into_iter().collect()));
    }
}

/// Union, intersection and difference, read and stored; stored also in place of one of them.
pub async fn combining(subject: Subject) {
    use Combination::{Difference, Intersection, Union};
    let keys = ["one", "two", "three", "four"].map(key);
    for (how, sets, expected) in [
        (Union, vec!["abc"], "abc"),
        (Union, vec!["ab", "bc", "", "x"], "abcx"),
        (Union, vec!["", ""], ""),
        (Intersection, vec!["abc"], "abc"),
        (Intersection, vec!["abcd", "bcde", "cb"], "bc"),
        (Intersection, vec!["abc", ""], ""),
        (Intersection, vec!["", "abc"], ""),
        (Intersection, vec!["ab", "cd"], ""),
        (Difference, vec!["abc"], "abc"),
        (Difference, vec!["abcdef", "b", "", "cx"], "adef"),
        (Difference, vec!["ab", "bcdef"], "a"),
        (Difference, vec!["", "ab"], ""),
        (Difference, vec!["ab", "ab"], ""),
    ] {
        for into in [&key("elsewhere"), &keys[0]] {
            for (key, letters) in keys.iter().zip(&sets) {
                fill(&subject, key, letters).await;
            }
            let of = keys[..sets.len()].to_vec();
            let combine = Combine { how, with: of[1..].to_vec() };
            assert_eq!(subject.ok(&of[0], combine).await, members(expected), "{how:?} {sets:?}");
            let (before, len) = (subject.ok(into, Len {}).await, expected.len() as u64);
            let store = |limit| StoreCombined { how, of: of.clone(), limit };
            if len > 1 {
                let told = subject.ok(into, store(at_most(len - 1))).await;
                assert_eq!(told, Replaced::Full { found: len });
                assert_eq!(subject.ok(into, Len {}).await, before);
            }
            let told = subject.ok(into, store(at_most(len))).await;
            assert_eq!(told, Replaced::Replaced { len, before }, "{how:?} {sets:?}");
            assert_eq!(all(&subject, into).await, members(expected));
            assert_eq!(subject.ok(into, Exists {}).await, len > 0);
        }
    }
    // The same set several times, and as many as are allowed.
    fill(&subject, &keys[0], "ab").await;
    let with = vec![keys[0].clone(); SOURCES_MAX - 1];
    for (how, expected) in [(Union, "ab"), (Intersection, "ab"), (Difference, "")] {
        let combine = Combine { how, with: with.clone() };
        assert_eq!(subject.ok(&keys[0], combine).await, members(expected));
    }
}

/// What stands apart in one batch is told what held when its turn came, also where what comes after
/// it takes away what it was about.
pub async fn in_turn(subject: Subject) {
    let [text, set, none] = ["text", "set", "none"].map(key);
    let wrong = |key: &Key, expected: &'static str, found: &'static str| {
        Outcome::Misuse(Misuse::wrong_type(expected, found).elsewhere(key))
    };
    subject.ok(&text, value::Set { to: "x".into() }).await;
    let absent = value::SetIfAbsent { to: "y".into() };
    let union = Combine { how: Combination::Union, with: vec![text.clone()] };
    let [told, _] = apart(&subject, [step(&none, union), step(&none, absent)]).await;
    assert_eq!(told, wrong(&text, "a set", "a counter, value or flag"));
    let empty: Vec<Step> = vec![
        step(&set, Pop { count: 9 }),
        step(&set, Remove { members: these("ab") }),
        step(&set, move_to(&none, "a", None, Lifetime::Unchanged)),
    ];
    for emptying in empty {
        subject.ok(&none, Delete {}).await;
        fill(&subject, &set, "a").await;
        let [told, _] = apart(&subject, [step(&set, value::Get {}), emptying]).await;
        assert!(matches!(told, Outcome::Misuse(Misuse::WrongType { .. })), "{told:?}");
        assert_eq!(all(&subject, &set).await, members(""));
    }
}

async fn apart(subject: &Subject, steps: [Step; 2]) -> [Outcome; 2] {
    let told = subject.apply(Batch::apart(steps)).await.expect("the engine answers");
    let Reply::Applied(outcomes) = told else { panic!("{told:?}") };
    outcomes.into_vec().try_into().expect("an outcome for each")
}
