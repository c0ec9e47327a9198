//! Keys on a Cluster: those of one group are on one slot, and what needs several slots says so.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use exactly_conformance::servers::{self, flavours};
use exactly_core::operations::key::Rename;
use exactly_core::operations::set::{
    Add, Added, All, Combination, Combine, Move, Moved, Replaced, StoreCombined,
};
use exactly_core::{
    Batch, Bytes, Destination, Engine, Fault, Few, Key, Lifetime, Members, Operation, Step,
};
use exactly_redis::{Options, Redis};

fn key(id: &str, field: &str) -> Key {
    Key::in_group("", "course", id, field).unwrap()
}

async fn run<O: Operation>(engine: &Redis, key: &Key, op: O) -> Result<O::Outcome, Fault> {
    let step = Step::new(key.clone(), op.into_op()).optional();
    engine.apply(Batch::one(step)).await?.only::<O>()
}

fn add(member: &str) -> Add {
    Add { members: Few::from_buf([Bytes::from(member)]), limit: None }
}

fn move_to(to: &Key) -> Move {
    let to = Destination { key: to.clone(), limit: None, lifetime: Lifetime::Unchanged };
    Move { member: "ada".into(), to: Box::new(to) }
}

#[tokio::test]
async fn sets_of_one_group_are_put_together_and_those_of_several_are_misuse() {
    for flavour in flavours() {
        let builder = servers::Redis::builder().flavour(flavour);
        let server = builder.config("cluster-enabled", "yes").start().await;
        server.raw(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]).await;
        let engine = Redis::open(&server.url(), Options::new()).await.unwrap();
        let [mine, also_mine, theirs] =
            [key("42", "students"), key("42", "guests"), key("43", "students")];
        run_until_up(&engine, &mine).await;
        run(&engine, &theirs, add("bob")).await.unwrap();
        for how in [Combination::Union, Combination::Intersection, Combination::Difference] {
            let (of, with) = (vec![mine.clone(), theirs.clone()], vec![theirs.clone()]);
            let fault = run(&engine, &mine, Combine { how, with }).await.unwrap_err();
            expect_across_slots(&fault);
            let store = StoreCombined { how, of, limit: None };
            expect_across_slots(&run(&engine, &also_mine, store).await.unwrap_err());
        }
        expect_across_slots(&run(&engine, &mine, move_to(&theirs)).await.unwrap_err());
        let rename = Rename { to: theirs.clone(), replace: true };
        expect_across_slots(&run(&engine, &mine, rename).await.unwrap_err());
        let steps = [&mine, &theirs].map(|key| Step::new(key.clone(), add("cem").into_op()));
        expect_across_slots(&engine.apply(Batch::of(steps)).await.unwrap_err());
        // Nothing of all that has happened, and within the group everything does.
        assert_eq!(run(&engine, &mine, All {}).await.unwrap(), Members(vec!["ada".into()]));
        assert_eq!(run(&engine, &theirs, All {}).await.unwrap(), Members(vec!["bob".into()]));
        assert_eq!(run(&engine, &mine, move_to(&also_mine)).await.unwrap(), Moved::Moved);
        let of = vec![mine.clone(), also_mine];
        let store = StoreCombined { how: Combination::Union, of, limit: None };
        let told = run(&engine, &mine, store).await.unwrap();
        assert_eq!(told, Replaced::Replaced { len: 1, before: 0 });
    }
}

/// A Cluster that was just put together refuses everything until it believes that it is whole.
async fn run_until_up(engine: &Redis, key: &Key) {
    loop {
        match run(engine, key, add("ada")).await {
            Ok(added) => return assert_eq!(added, Added::Added { new: 1 }),
            Err(fault) => assert!(fault.is_unavailable(), "{fault}"),
        }
        tokio::task::yield_now().await;
    }
}

fn expect_across_slots(fault: &Fault) {
    assert!(fault.is_misuse() && !fault.is_unknown(), "{fault}");
    assert!(fault.to_string().contains("make them fields of one group"), "{fault}");
}
