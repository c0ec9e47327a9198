//! Money goes from hand to hand, and none is made or lost: `cargo run --example transfer`.
//!
//! In this process, or on the engine that `EXACTLY_URL` names.

use exactly::{Counter, Fault, Store};
use tokio::task::JoinSet;

const PEOPLE: [&str; 4] = ["ada", "barbara", "grace", "radia"];

fn balance(store: &Store, who: &str) -> Counter {
    Counter::new(store, &format!("balance of {who}"))
}

/// Moves so much, if it is there. `tx` is a store like any other; what is written on it is applied
/// as one change at the end, and only if nothing that was read has changed meanwhile.
async fn transfer(store: &Store, from: &str, to: &str, amount: i64) -> Result<bool, Fault> {
    store
        .atomically(async |tx| {
            let (from, to) = (balance(&tx, from), balance(&tx, to));
            if from.get().await? < amount {
                return tx.abort(false);
            }
            from.add(-amount).await?;
            to.add(amount).await?;
            Ok(true)
        })
        .await
}

#[tokio::main]
async fn main() -> Result<(), Fault> {
    let store = Store::from_env().await?;
    for who in PEOPLE {
        balance(&store, who).set(100).await?;
    }

    let mut crowd = JoinSet::new();
    for number in 0..200 {
        let store = store.clone();
        crowd.spawn(async move {
            let (from, to) = (PEOPLE[number % 4], PEOPLE[(number / 4 + 1) % 4]);
            transfer(&store, from, to, (number % 60 + 1) as i64).await
        });
    }
    let mut done = 0;
    for answer in crowd.join_all().await {
        done += u32::from(answer?);
    }

    // All of one moment, whatever else goes on.
    let all = PEOPLE.map(|who| balance(&store, who));
    let [ada, barbara, grace, radia] = &all;
    let balances = store.read((ada, barbara, grace, radia)).await?;
    println!("transfers: {done}");
    println!("balances:  {balances:?}");
    let (ada, barbara, grace, radia) = balances;
    println!("in all:    {}", ada + barbara + grace + radia);
    Ok(())
}
