//! Flags: what may happen once.

use exactly_core::operations::flag::{Clear, Mark, Marked};

use crate::subject::{Subject, key};

/// Of many who mark an unmarked flag, one does.
pub async fn one_marks(subject: Subject) {
    for _ in 0..50 {
        let answers = subject
            .crowd(32, |subject, _| async move {
                subject.ok(&key("welcomed"), Mark { only_if_unmarked: true }).await
            })
            .await;
        assert_eq!(answers.iter().filter(|answer| **answer == Marked::Marked).count(), 1);
        let cleared = subject
            .crowd(32, |subject, _| async move { subject.ok(&key("welcomed"), Clear {}).await })
            .await;
        assert_eq!(cleared.iter().filter(|was_marked| **was_marked).count(), 1);
    }
}
