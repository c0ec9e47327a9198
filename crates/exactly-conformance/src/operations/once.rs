//! Work that is done once.

use std::time::Duration;

use exactly_core::operations::counter::{Add, Get};
use exactly_core::operations::key::{Exists, Life, Rename, Ttl};
use exactly_core::operations::once::{
    Abandon, Begin, Begun, Continued, Extend, Finish, Progress, Read,
};
use exactly_core::{Batch, Bytes, HoldId, Reply};

use crate::subject::{Subject, key, step};

const LONG: Duration = Duration::from_secs(3600);
const SOON: Duration = Duration::from_millis(50);

fn begin(worker: HoldId, lease: Duration) -> Begin {
    Begin { worker, lease }
}

fn finish(worker: HoldId) -> Finish {
    Finish { worker, answer: "sent".into(), keep: LONG }
}

fn worker() -> HoldId {
    HoldId::unique()
}

/// One begins, the others are told; what it answers is kept and told to all who come later.
pub async fn meaning(subject: Subject) {
    let (key, [ann, bob]) = (key("mail"), [worker(), worker()]);
    assert_eq!(subject.ok(&key, Read {}).await, Progress::New);
    let begun = Begun::Begun { worker: ann, attempt: 1 };
    assert_eq!(subject.ok(&key, begin(ann, LONG)).await, begun);
    assert_eq!(subject.ok(&key, begin(ann, LONG)).await, begun);
    let running = subject.ok(&key, begin(bob, LONG)).await;
    assert!(matches!(running, Begun::Running { left } if left <= LONG && left > LONG / 2));
    let progress = subject.ok(&key, Read {}).await;
    assert!(matches!(progress, Progress::Running { attempt: 1, .. }), "{progress:?}");
    assert_eq!(subject.ok(&key, finish(bob)).await, Continued::Lost);
    assert_eq!(subject.ok(&key, finish(ann)).await, Continued::Continued);
    assert_eq!(subject.ok(&key, finish(ann)).await, Continued::Continued);
    assert_eq!(subject.ok(&key, finish(bob)).await, Continued::Lost);
    let answer = Bytes::from("sent");
    let done = Begun::Done { answer: answer.clone() };
    assert_eq!(subject.ok(&key, begin(bob, LONG)).await, done);
    assert_eq!(subject.ok(&key, Read {}).await, Progress::Done { answer });
    assert!(matches!(subject.ok(&key, Ttl {}).await, Life::Left(left) if left <= LONG));
}

/// What was given up is new; giving up what is another's changes nothing.
pub async fn giving_up(subject: Subject) {
    let (key, [ann, bob]) = (key("mail"), [worker(), worker()]);
    subject.ok(&key, begin(ann, LONG)).await;
    assert!(!subject.ok(&key, Abandon { worker: bob }).await);
    assert!(subject.ok(&key, Abandon { worker: ann }).await);
    assert!(!subject.ok(&key, Exists {}).await);
    let begun = Begun::Begun { worker: bob, attempt: 1 };
    assert_eq!(subject.ok(&key, begin(bob, LONG)).await, begun);
}

/// A worker that is not heard of again has crashed: that is seen, and another takes over.
pub async fn crashes(subject: Subject) {
    let (key, [ann, bob]) = (key("mail"), [worker(), worker()]);
    subject.ok(&key, begin(ann, SOON)).await;
    subject.pass(SOON * 2).await;
    assert_eq!(subject.ok(&key, Read {}).await, Progress::Crashed { attempts: 1 });
    let begun = Begun::Begun { worker: bob, attempt: 2 };
    assert_eq!(subject.ok(&key, begin(bob, LONG)).await, begun);
    assert_eq!(subject.ok(&key, finish(ann)).await, Continued::Lost);
    assert_eq!(subject.ok(&key, Extend { worker: ann, lease: LONG }).await, Continued::Lost);
    assert!(!subject.ok(&key, Abandon { worker: ann }).await);
    // A lease that is extended goes on.
    assert_eq!(subject.ok(&key, Extend { worker: bob, lease: SOON }).await, Continued::Continued);
    subject.pass(SOON * 2).await;
    assert_eq!(subject.ok(&key, finish(bob)).await, Continued::Lost);
    assert_eq!(subject.ok(&key, Read {}).await, Progress::Crashed { attempts: 2 });
}

/// What is undone with its batch was not begun, not finished and not given up.
pub async fn in_batches(subject: Subject) {
    let (mail, count, ann) = (key("mail"), key("count"), worker());
    let never = step(&mail, begin(worker(), LONG));
    let refused = async |steps: Vec<_>| {
        let reply = subject.apply(Batch::of(steps)).await.expect("the engine answers");
        assert!(matches!(reply, Reply::Refused(_)), "{reply:?}");
    };
    refused(vec![step(&mail, begin(ann, LONG)), never.clone()]).await;
    assert_eq!(subject.ok(&mail, Read {}).await, Progress::New);
    subject.ok(&mail, begin(ann, LONG)).await;
    refused(vec![step(&mail, finish(ann)), never.clone()]).await;
    refused(vec![
        step(&mail, Abandon { worker: ann }),
        step(&mail, begin(ann, LONG)),
        step(&mail, finish(ann)),
        never,
    ])
    .await;
    let progress = subject.ok(&mail, Read {}).await;
    assert!(matches!(progress, Progress::Running { attempt: 1, .. }), "{progress:?}");
    // The work's effect and its end, in one step.
    let both = Batch::of([step(&count, Add::by(1)), step(&mail, finish(ann))]);
    assert!(matches!(subject.apply(both).await, Ok(Reply::Applied(_))));
    assert_eq!(subject.ok(&count, Get { start: 0_i64 }).await, 1);
}

/// It goes along with its key.
pub async fn renaming(subject: Subject) {
    let (old, new, ann) = (key("old"), key("new"), worker());
    subject.ok(&old, begin(ann, LONG)).await;
    subject.ok(&old, Rename { to: new.clone(), replace: false }).await;
    assert_eq!(subject.ok(&old, finish(ann)).await, Continued::Lost);
    assert_eq!(subject.ok(&new, finish(ann)).await, Continued::Continued);
}

/// A counter is no such work, nor the other way round.
pub async fn wrong_type(subject: Subject) {
    let (count, mail) = (key("count"), key("mail"));
    subject.ok(&count, Add::by(1)).await;
    let fault = subject.run(&count, begin(worker(), LONG)).await.expect_err("a counter");
    assert!(fault.is_misuse() && fault.is_wrong_type(), "{fault}");
    assert!(subject.run(&count, Read {}).await.expect_err("a counter").is_wrong_type());
    subject.ok(&mail, begin(worker(), LONG)).await;
    assert!(subject.run(&mail, Add::by(1)).await.expect_err("work").is_wrong_type());
}

/// Leases and times that are none.
pub async fn bad_settings(subject: Subject) {
    let key = key("mail");
    let fault = subject.run(&key, begin(worker(), Duration::ZERO)).await.expect_err("no lease");
    assert!(fault.is_bad_setting(), "{fault}");
    let unkept = Finish { keep: Duration::ZERO, ..finish(worker()) };
    assert!(subject.run(&key, unkept).await.expect_err("kept for no time").is_bad_setting());
    assert!(!subject.ok(&key, Exists {}).await);
}
