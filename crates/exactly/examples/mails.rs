//! Mails are sent by workers, each counted once however often it is tried: `cargo run --example
//! mails`.
//!
//! In this process, or on the engine that `EXACTLY_URL` names. There several of it can run at once,
//! and be killed: whatever one was about comes back when its lease is over.

use std::time::Duration;

use exactly::{AckedWith, Counter, Fault, Job, Queue, Store};

/// Stands for the provider: the first try of every third mail finds the line dead.
async fn send(job: &Job<String>) -> Result<(), String> {
    tokio::task::yield_now().await;
    match job.payload().len().is_multiple_of(3) && job.attempt() == 1 {
        true => Err("no answer from the provider".to_owned()),
        false => Ok(()),
    }
}

#[tokio::main]
async fn main() -> Result<(), Fault> {
    let store = Store::from_env().await?;
    let mails: Queue<String> = Queue::new(&store, "mails")
        .with_lease(Duration::from_secs(10))
        .with_backoff(Duration::from_millis(20), Duration::from_secs(1));
    let sent = Counter::new(&store, "mails sent");
    let before = sent.get().await?;
    mails.push_many((1..=100).map(|number| format!("mail {number}"))).await?;

    let workers = mails.work(8, {
        let sent = sent.clone();
        move |job: Job<String>| {
            let sent = sent.clone();
            async move {
                // An error is a failed try: the mail comes back a little later.
                send(&job).await?;
                // The count and the end of the job are one change: both, or neither.
                match job.ack_with(sent.increment()).await {
                    Ok(AckedWith::Done(_)) => Ok(()),
                    Ok(AckedWith::Lapsed | AckedWith::Refused { .. }) => Err("too late".to_owned()),
                    Err(fault) => Err(fault.to_string()),
                }
            }
        }
    });
    while sent.get().await? < before + 100 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    workers.stop_within(Duration::from_secs(5)).await;

    println!("sent: {}", sent.get().await? - before);
    println!("left: {:?}", mails.depth().await?);
    Ok(())
}
