//! Maps: the lost field, the torn read, and the last place.

use std::num::NonZeroU64;

use exactly_core::operations::map::{
    Add, AddedToField, Addend, All, Filled, Get, Len, Pairs, Replace, ReplaceIf, Replaced, Set,
    SetFields, SetIfAbsent, Take,
};
use exactly_core::{Bytes, Few};

use crate::operations::map::{fields, pairs, set};
use crate::subject::{Subject, key};

async fn value(subject: &Subject, field: &str) -> Option<Bytes> {
    subject.ok(&key("map"), Get { fields: fields(field) }).await.remove(0)
}

/// Many add to one field of two: no addition is lost, and no two are told the same sum.
pub async fn additions(subject: Subject) {
    const ACTORS: usize = 32;
    const EACH: usize = 25;
    let told = subject
        .crowd(ACTORS, |subject, number| async move {
            let mut told = Vec::new();
            for _ in 0..EACH {
                let field = ["even", "odd"][number % 2];
                let add: Add = 3_i64.add(field.into(), None);
                let AddedToField::Added(sum) = subject.ok(&key("map"), add).await else {
                    panic!("there is no limit")
                };
                told.push((field, sum));
            }
            told
        })
        .await;
    let mut told: Vec<_> = told.into_iter().flatten().collect();
    told.sort_unstable();
    let sums = (1..=(ACTORS * EACH / 2) as i64).map(|times| times * 3);
    let expected =
        ["even", "odd"].into_iter().flat_map(|field| sums.clone().map(move |sum| (field, sum)));
    assert!(told.into_iter().eq(expected));
}

/// Of many who set one field that is not there, one does; the others see what it set, and none of
/// them set the half of what they brought.
pub async fn one_is_first(subject: Subject) {
    const ACTORS: usize = 64;
    for round in 0..20 {
        let name = format!("field{round}");
        let answers = subject
            .crowd(ACTORS, |subject, number| {
                let name = name.clone();
                async move {
                    let told = if number % 2 == 0 {
                        let pairs = pairs(&format!("{name}={number}"));
                        let fill = SetIfAbsent { pairs, limit: None };
                        match subject.ok(&key("map"), fill).await {
                            Filled::Filled { .. } => None,
                            Filled::Present => value(&subject, &name).await,
                            Filled::Full { .. } => panic!("there is no limit"),
                        }
                    } else {
                        let to = Some(number.to_string().into());
                        let field = name.as_str().into();
                        let exchange = ReplaceIf { field, old: None, to, limit: None };
                        match subject.ok(&key("map"), exchange).await {
                            Replaced::Replaced => None,
                            Replaced::Differs { found } => found,
                            Replaced::Full => panic!("there is no limit"),
                        }
                    };
                    (number, told)
                }
            })
            .await;
        let stored = value(&subject, &name).await.expect("somebody set it");
        let (won, lost): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|(_, found)| found.is_none());
        let [(winner, _)] = won.as_slice() else { panic!("one sets it, not {won:?}") };
        assert_eq!(stored, winner.to_string().into());
        assert!(lost.iter().all(|(_, found)| found.as_ref() == Some(&stored)), "{lost:?}");
    }
}

/// Reading, changing and replacing until it fits loses no change, also where the last change
/// removes the field and the next one makes it again.
pub async fn updates(subject: Subject) {
    const EACH: usize = 25;
    const ACTORS: usize = 16;
    subject
        .crowd(ACTORS, |subject, number| async move {
            // Half of them count up, half of them down: at zero there is no field.
            let step: i64 = if number % 2 == 0 { 1 } else { -1 };
            for _ in 0..EACH {
                let mut old = value(&subject, "sum").await;
                loop {
                    let text = old.as_deref().map_or("0", |old| std::str::from_utf8(old).unwrap());
                    let sum = text.parse::<i64>().unwrap() + step;
                    let to = (sum != 0).then(|| sum.to_string().into());
                    let exchange =
                        ReplaceIf { field: "sum".into(), old: old.clone(), to, limit: None };
                    match subject.ok(&key("map"), exchange).await {
                        Replaced::Replaced => break,
                        Replaced::Differs { found } => {
                            assert_ne!(found, old, "it differs");
                            old = found;
                        }
                        Replaced::Full => panic!("there is no limit"),
                    }
                }
            }
        })
        .await;
    assert_eq!(value(&subject, "sum").await, None);
    assert_eq!(subject.ok(&key("map"), Len {}).await, 0);
}

/// While some replace the whole map, nobody reads an empty one or the half of one.
pub async fn replaced_whole(subject: Subject) {
    const ROUNDS: usize = 60;
    let shape = |writer: usize| -> Few<(Bytes, Bytes)> {
        // Each of its own size, with fields that others have and fields that they have not.
        let names = (0..=writer * 3).map(|place| format!("common{place}"));
        let own = (0..4).map(|place| format!("{writer}:{place}"));
        names.chain(own).map(|name| (name.into(), writer.to_string().into())).collect()
    };
    subject.ok(&key("map"), Replace { with: shape(0), limit: None }).await;
    let expected: Vec<_> = (0..4).map(|writer| Pairs(shape(writer).into_vec())).collect();
    subject
        .crowd(8, |subject, number| {
            let expected = expected.clone();
            async move {
                for round in 0..ROUNDS {
                    if number < 4 {
                        let with = shape((number + round) % 4);
                        subject.ok(&key("map"), Replace { with, limit: None }).await;
                    } else {
                        let found = subject.ok(&key("map"), All {}).await;
                        assert!(expected.contains(&found), "a mixture: {found:?}");
                        let len = subject.ok(&key("map"), Len {}).await;
                        assert!(expected.iter().any(|whole| whole.0.len() as u64 == len));
                    }
                }
            }
        })
        .await;
}

/// While some set many fields at once, nobody reads some of them old and some of them new.
pub async fn set_together(subject: Subject) {
    const ROUNDS: usize = 60;
    let all = |value: &str| -> Few<(Bytes, Bytes)> {
        (0..20).map(|place| (format!("field{place}").into(), value.into())).collect()
    };
    subject.ok(&key("map"), Set { pairs: all("start"), limit: None }).await;
    subject
        .crowd(8, |subject, number| async move {
            for round in 0..ROUNDS {
                if number < 4 {
                    let pairs = all(&format!("{number}:{round}"));
                    subject.ok(&key("map"), Set { pairs, limit: None }).await;
                    continue;
                }
                let asked = (0..20).map(|place| format!("field{place}").into()).collect();
                let values: Vec<Option<Bytes>> = if round % 2 == 0 {
                    subject.ok(&key("map"), Get { fields: asked }).await.into_vec()
                } else {
                    let Pairs(found) = subject.ok(&key("map"), All {}).await;
                    found.into_iter().map(|(_, value)| Some(value)).collect()
                };
                assert!(values.len() == 20 && values[0].is_some());
                assert!(values.iter().all(|value| *value == values[0]), "torn: {values:?}");
            }
        })
        .await;
}

/// Fields that many take, some of them at once, are each taken by one.
pub async fn each_is_taken_once(subject: Subject) {
    const FIELDS: usize = 200;
    let name = |number: usize| Bytes::from(format!("ticket{number}"));
    let tickets = (0..FIELDS).map(|number| (name(number), Bytes::from(number.to_string())));
    subject.ok(&key("map"), Set { pairs: tickets.collect(), limit: None }).await;
    let taken = subject
        .crowd(16, |subject, actor| async move {
            let mut taken = Vec::new();
            for first in 0..FIELDS {
                // From where each begins, two at a time, so that every ticket is wanted by all.
                let start = (first + actor * 13) % FIELDS;
                let fields = [start, (start + 1) % FIELDS].map(name).into_iter().collect();
                taken.extend(subject.ok(&key("map"), Take { fields }).await.into_iter().flatten());
            }
            taken
        })
        .await;
    let text = |value: &Bytes| String::from_utf8(value.to_vec()).unwrap();
    let mut taken: Vec<usize> =
        taken.iter().flatten().map(|value| text(value).parse().unwrap()).collect();
    taken.sort_unstable();
    assert!(taken.into_iter().eq(0..FIELDS));
    assert_eq!(subject.ok(&key("map"), Len {}).await, 0);
}

/// Where there is room for thirty, thirty come in, and every other is told that it is full.
pub async fn last_places(subject: Subject) {
    const LIMIT: u64 = 30;
    let limit = NonZeroU64::new(LIMIT);
    subject.ok(&key("map"), set("early=0")).await;
    let answers = subject
        .crowd(64, |subject, number| async move {
            let field = format!("guest{number}");
            let pairs = pairs(&format!("{field}=1 early={number}"));
            match number % 4 {
                0 => match subject.ok(&key("map"), Set { pairs, limit }).await {
                    SetFields::Set { new } => new == 1,
                    SetFields::Full { free } => {
                        assert_eq!(free, 0);
                        false
                    }
                },
                1 => match subject.ok(&key("map"), SetIfAbsent { pairs, limit }).await {
                    Filled::Filled { set } => set.as_slice() == [true, false],
                    Filled::Full { free } => {
                        assert_eq!(free, 0);
                        false
                    }
                    Filled::Present => panic!("nobody else has the name"),
                },
                2 => {
                    let add: Add = 1_i64.add(field.into(), limit);
                    subject.ok(&key("map"), add).await == AddedToField::Added(1)
                }
                3.. => {
                    let to = Some("1".into());
                    let exchange = ReplaceIf { field: field.into(), old: None, to, limit };
                    match subject.ok(&key("map"), exchange).await {
                        Replaced::Replaced => true,
                        Replaced::Full => false,
                        Replaced::Differs { .. } => panic!("nobody else has the name"),
                    }
                }
            }
        })
        .await;
    assert_eq!(answers.into_iter().filter(|came_in| *came_in).count() as u64, LIMIT - 1);
    assert_eq!(subject.ok(&key("map"), Len {}).await, LIMIT);
}
