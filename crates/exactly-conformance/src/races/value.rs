//! Values: the lost update.

use exactly_core::operations::value::{
    Get, ReplaceIf, Replaced, Set, SetIfAbsent, SetIfAbsentOutcome,
};

use crate::subject::{Subject, key};

const ACTORS: usize = 32;

/// Of many who write where nothing is, one does, and the others see what it wrote.
pub async fn one_is_first(subject: Subject) {
    for round in 0..50 {
        let name = key(&format!("name {round}"));
        let answers = subject
            .crowd(ACTORS, |subject, number| {
                let name = name.clone();
                async move {
                    let to = number.to_string().as_str().into();
                    (number, subject.ok(&name, SetIfAbsent { to }).await)
                }
            })
            .await;
        let stored = subject.ok(&name, Get {}).await.expect("somebody wrote");
        for (number, answer) in answers {
            let mine = stored == number.to_string().as_str().into();
            let expected = if mine {
                SetIfAbsentOutcome::Set
            } else {
                SetIfAbsentOutcome::Present { found: stored.clone() }
            };
            assert_eq!(answer, expected);
        }
    }
}

/// Of many who replace the same old value, one does, and the others see what it wrote.
pub async fn one_replaces(subject: Subject) {
    for _ in 0..50 {
        subject.ok(&key("motto"), Set { to: "old".into() }).await;
        let answers = subject
            .crowd(ACTORS, |subject, number| async move {
                let to = number.to_string().as_str().into();
                subject.ok(&key("motto"), ReplaceIf { old: "old".into(), to }).await
            })
            .await;
        let found = subject.ok(&key("motto"), Get {}).await;
        let won = answers.iter().filter(|answer| **answer == Replaced::Replaced).count();
        assert_eq!(won, 1);
        let differs = Replaced::Differs { found };
        assert!(answers.iter().all(|answer| *answer == Replaced::Replaced || *answer == differs));
    }
}

/// Reading, changing and replacing until it fits loses no change.
pub async fn updates(subject: Subject) {
    const EACH: usize = 50;
    subject.ok(&key("sum"), Set { to: "0".into() }).await;
    subject
        .crowd(16, |subject, _| async move {
            for _ in 0..EACH {
                let mut old = subject.ok(&key("sum"), Get {}).await.expect("a value");
                loop {
                    let number: u64 = std::str::from_utf8(&old).unwrap().parse().unwrap();
                    let to = (number + 1).to_string().as_str().into();
                    match subject.ok(&key("sum"), ReplaceIf { old, to }).await {
                        Replaced::Replaced => break,
                        Replaced::Differs { found } => old = found.expect("a value"),
                    }
                }
            }
        })
        .await;
    let expected = (16 * EACH).to_string();
    assert_eq!(subject.ok(&key("sum"), Get {}).await, Some(expected.as_str().into()));
}
