//! Work that is done once: everybody begins at the same time.

use std::time::Duration;

use exactly_core::operations::counter::{Add, Get};
use exactly_core::operations::once::{Begin, Begun, Continued, Finish};
use exactly_core::{Bytes, HoldId};

use crate::subject::{Subject, key};

const LONG: Duration = Duration::from_secs(3600);

/// Of many who begin, one does the work, and all get its answer.
pub async fn one_does_it(subject: Subject) {
    let answers = subject.crowd(64, |subject, number| async move {
        let (mail, worker) = (key("mail"), HoldId::unique());
        loop {
            match subject.ok(&mail, Begin { worker, lease: LONG }).await {
                Begun::Begun { .. } => {
                    subject.ok(&key("sent"), Add::by(1)).await;
                    let answer = Bytes::from(number.to_string());
                    let finish = Finish { worker, answer, keep: LONG };
                    assert_eq!(subject.ok(&mail, finish).await, Continued::Continued);
                }
                Begun::Running { .. } => tokio::task::yield_now().await,
                Begun::Done { answer } => return answer,
            }
        }
    });
    let answers = answers.await;
    assert!(answers.iter().all(|answer| *answer == answers[0]), "one answer for all");
    assert_eq!(subject.ok(&key("sent"), Get { start: 0_i64 }).await, 1);
}

/// Workers die on the job: each time one of the others takes over, and in the end it is done once.
pub async fn taken_over(subject: Subject) {
    const LEASE: Duration = Duration::from_millis(20);
    const DEATHS: u64 = 3;
    let finished = subject.crowd(16, |subject, _| async move {
        let (mail, worker) = (key("mail"), HoldId::unique());
        loop {
            match subject.ok(&mail, Begin { worker, lease: LEASE }).await {
                // The first ones are never heard of again.
                Begun::Begun { attempt, .. } if attempt <= DEATHS => return 0,
                Begun::Begun { attempt, .. } => {
                    let answer = Bytes::from(attempt.to_string());
                    let finish = Finish { worker, answer, keep: LONG };
                    if subject.ok(&mail, finish).await == Continued::Continued {
                        return 1;
                    }
                }
                Begun::Running { left } => subject.pass(left).await,
                Begun::Done { .. } => return 0,
            }
        }
    });
    assert_eq!(finished.await.into_iter().sum::<u64>(), 1);
}
