//! Capacities: the overbooked course.

use std::time::Duration;

use exactly_core::HoldId;
use exactly_core::layers::Combine;
use exactly_core::operations::capacity::{Confirm, Confirmed, Levels, Read, Release, Take, Taken};

use crate::subject::{Subject, key};

const LIMIT: u64 = 30;
const LONG: Duration = Duration::from_secs(3600);

fn take(units: u64, lease: Duration) -> Take {
    Take { hold: HoldId::unique(), units, lease, limit: LIMIT }
}

/// Of many who take one unit, exactly as many get one as there are; the others are told it is full.
pub async fn last_units(subject: Subject) {
    let answers = subject
        .crowd(64, |subject, _| async move {
            match subject.ok(&key("seats"), take(1, LONG)).await {
                Taken::Held { hold } => {
                    tokio::task::yield_now().await;
                    let confirmed = subject.ok(&key("seats"), Confirm { hold }).await;
                    assert_eq!(confirmed, Confirmed::Confirmed);
                    true
                }
                Taken::Full { free, held } => {
                    assert!(free == 0 && held <= LIMIT);
                    false
                }
            }
        })
        .await;
    assert_eq!(answers.into_iter().filter(|admitted| *admitted).count() as u64, LIMIT);
    let levels = subject.ok(&key("seats"), Read { limit: LIMIT }).await;
    assert_eq!(levels, Levels { limit: LIMIT, free: 0, held: 0, confirmed: LIMIT });
}

/// Each hold is confirmed or lapses, never both, however close the two come.
pub async fn confirm_or_lapse(subject: Subject) {
    const LEASE: Duration = Duration::from_millis(20);
    let confirmed = subject
        .crowd(64, |subject, number| async move {
            let Taken::Held { hold } = subject.ok(&key("seats"), take(1, LEASE)).await else {
                return false;
            };
            if number % 2 == 0 {
                subject.pass(LEASE).await;
            }
            subject.ok(&key("seats"), Confirm { hold }).await == Confirmed::Confirmed
        })
        .await;
    subject.pass(LEASE * 2).await;
    let confirmed = confirmed.into_iter().filter(|confirmed| *confirmed).count() as u64;
    let levels = subject.ok(&key("seats"), Read { limit: LIMIT }).await;
    assert_eq!(levels, Levels { limit: LIMIT, free: LIMIT - confirmed, held: 0, confirmed });
}

/// Free, held and confirmed are one state: whoever reads them while others take, confirm and
/// release sees them add up.
pub async fn levels_agree(subject: Subject) {
    subject
        .crowd(16, |subject, number| async move {
            for round in 0..200 {
                if number % 4 == 0 {
                    let Levels { limit, free, held, confirmed } =
                        subject.ok(&key("seats"), Read { limit: LIMIT }).await;
                    assert_eq!(free + held + confirmed, limit);
                    continue;
                }
                if let Taken::Held { hold } = subject.ok(&key("seats"), take(3, LONG)).await {
                    tokio::task::yield_now().await;
                    if round % 100 == 0 {
                        subject.ok(&key("seats"), Confirm { hold }).await;
                    } else {
                        assert!(subject.ok(&key("seats"), Release { hold }).await);
                    }
                }
            }
        })
        .await;
    let levels = subject.ok(&key("seats"), Read { limit: LIMIT }).await;
    assert_eq!(levels.held, 0);
}

/// Many who take, confirm, release and go away while their takes travel together: nobody is told of
/// the hold of another, and at the end all is free but what was confirmed, or taken for those who
/// went away.
pub async fn taken_together(subject: Subject) {
    const MANY: u64 = 100;
    let subject = subject.through(Combine::new);
    let seats = key("seats");
    let told = subject
        .crowd(64, |subject, number| {
            let seats = seats.clone();
            async move {
                let (mut confirmed, mut gone) = (0, Vec::new());
                for round in 0..40 {
                    let own = Take { limit: MANY, ..take(1, LONG) };
                    let hold = own.hold;
                    if (number + round) % 7 == 0 {
                        tokio::select! {
                            biased;
                            _told = subject.run(&seats, own) => {}
                            () = tokio::task::yield_now() => {}
                        }
                        gone.push(hold);
                        continue;
                    }
                    match subject.ok(&seats, own).await {
                        Taken::Held { hold: told } => assert_eq!(told, hold),
                        Taken::Full { free, held } => {
                            assert!(free == 0 && held <= MANY);
                            continue;
                        }
                    }
                    if round == 20 {
                        let told = subject.ok(&seats, Confirm { hold }).await;
                        assert_eq!(told, Confirmed::Confirmed);
                        confirmed += 1;
                    } else {
                        assert!(subject.ok(&seats, Release { hold }).await);
                    }
                }
                (confirmed, gone)
            }
        })
        .await;
    let confirmed = told.iter().map(|(confirmed, _)| confirmed).sum();
    // What they left behind may be on its way still.
    let levels = loop {
        for (_, gone) in &told {
            for hold in gone {
                subject.ok(&seats, Release { hold: *hold }).await;
            }
        }
        let levels = subject.ok(&seats, Read { limit: MANY }).await;
        if levels.held == 0 {
            break levels;
        }
    };
    assert_eq!(levels, Levels { limit: MANY, free: MANY - confirmed, held: 0, confirmed });
}

/// Two who ask for more than there is between them: one of them gets it. A counter that steps first
/// and looks afterwards refuses both.
pub async fn big_and_small(subject: Subject) {
    for round in 0..100 {
        let course = key(&format!("course {round}"));
        let answers = subject
            .crowd(2, |subject, number| {
                let course = course.clone();
                let take = Take { limit: 5, ..take(if number == 0 { 4 } else { 3 }, LONG) };
                async move { matches!(subject.ok(&course, take).await, Taken::Held { .. }) }
            })
            .await;
        assert_eq!(answers.into_iter().filter(|held| *held).count(), 1);
    }
}
