//! What fails inside a script: a script that fails undoes nothing, so it must not have begun, or
//! say so.

use std::num::NonZeroU64;
use std::time::Duration;

use exactly_conformance::servers::{self, Flavour};
use exactly_core::operations::capacity::{Confirm, Extend, GiveBack, Release, Resize, Take};
use exactly_core::operations::counter::{
    Add, AddTimes, AddUndoable, AddedUndoable, Bounds, Get, Swap, Undo,
};
use exactly_core::operations::key::{Delete, Expire, Persist, Rename};
use exactly_core::operations::lock::{self, Acquire, Mode};
use exactly_core::operations::map::{self, Addend};
use exactly_core::operations::queue::{
    Acknowledge, Bury, Chosen, Claim, Discard, Failed, NewJob, Push, Retry, Revive,
};
use exactly_core::operations::{flag, queue, value};
use exactly_core::{Batch, Bytes, Engine, Few, HoldId, Lifetime, Outcome, Reply, Step, Token};
use exactly_redis::Options;

use crate::scene::{PATIENT, Scene, on_every_server, run, step};

on_every_server! {
    a_companion_of_another_type, a_part_of_a_queue_of_another_type, a_missing_right,
    a_queue_whose_key_alone_is_gone, what_ends_while_it_is_taken_back,
    half_a_change_is_not_done_again, a_window_that_no_server_takes,
}

const HOUR: Duration = Duration::from_secs(3600);
const HELD: HoldId = HoldId::from_u128(1);

fn take(hold: u128) -> Take {
    Take { hold: HoldId::from_u128(hold), units: 1, lease: HOUR, limit: 5 }
}

/// Acquires, or waits.
fn acquire(owner: u128) -> Acquire {
    let (owner, mode) = (HoldId::from_u128(owner), Mode::Exclusive);
    Acquire { owner, mode, lease: HOUR, line: true, fences: 1 }
}

/// What can be done to a counter, a value, a flag, a capacity and a lock that are there, and to
/// some that are not.
fn changes() -> Vec<Step> {
    let times = AddTimes { by: 1, times: 3, start: 1, bounds: Bounds::NONE };
    let living = |step: Step| step.lifetime(Lifetime::Sliding(HOUR));
    vec![
        step("count", Add::by(1)),
        step("new", Add::by(1)),
        step("new", Add { by: 1, start: 5, bounds: Bounds::NONE }),
        step("count", Add { by: 1, start: 0, bounds: Bounds { min: None, max: Some(9) } }),
        step("new", Add { by: 1, start: 0, bounds: Bounds { min: None, max: Some(9) } }),
        living(step("count", Add::by(1))),
        living(step("new", Add::by(1))),
        step("count", AddUndoable::by(1)),
        step("new", AddUndoable::by(1)),
        step("count", times),
        step("count", Swap { to: 0, start: 0, bounds: Bounds::NONE }),
        step("text", value::Set { to: "other".into() }),
        living(step("text", value::Set { to: "other".into() })),
        step("text", value::Take {}),
        step("flag", flag::Clear {}),
        step("new", flag::Mark { only_if_unmarked: true }),
        step("seats", take(2)),
        living(step("seats", take(2))),
        step("new seats", take(2)),
        step("seats", Confirm { hold: HELD }),
        step("seats", Release { hold: HELD }),
        step("seats", Extend { hold: HELD, lease: HOUR }),
        step("seats", GiveBack { units: 1 }),
        step("seats", Resize { to: 9 }),
        step("new door", acquire(1)),
        living(step("new door", acquire(1))),
        step("door", acquire(3)),
        step("door", Acquire { lease: 3 * HOUR, ..acquire(2) }),
        step("free door", acquire(2)),
        step("door", lock::Extend { owner: HELD, lease: HOUR }),
        step("door", lock::Release { owner: HELD }),
        step("door", lock::Release { owner: HoldId::from_u128(2) }),
        step("door", Delete {}),
        step("count", Delete {}),
        step("seats", Delete {}),
        step("seats", Expire { after: HOUR }),
        step("brief", Persist {}),
        step("seats", Rename { to: crate::scene::key("moved"), replace: true }),
    ]
    .into_iter()
    .chain(changes_of_a_queue())
    .collect()
}

fn new_job(number: u128) -> NewJob {
    let unique = Some(format!("kind {number}").into());
    NewJob { id: HoldId::from_u128(number), payload: "x".into(), delay: Duration::ZERO, unique }
}

fn push(jobs: impl IntoIterator<Item = u128>) -> Push {
    Push { jobs: jobs.into_iter().map(new_job).collect(), limit: NonZeroU64::new(100) }
}

fn claim(delivery: u128, tries_max: u32) -> Claim {
    let deliveries = [HoldId::from_u128(delivery)].into();
    Claim { deliveries, lease: HOUR, tries_max }
}

fn retry(delivery: HoldId) -> Retry {
    Retry { delivery, failed: Box::new(Failed { after: HOUR, note: "late".into() }) }
}

/// What can be done to a queue in which one job waits, two are claimed (one for the last time), and
/// one is dead.
fn changes_of_a_queue() -> Vec<Step> {
    let all = || Chosen::Page { after: None, count: 9 };
    vec![
        step("jobs", push([5, 6])),
        step("new jobs", push([5])),
        step("jobs", push([5])).lifetime(Lifetime::Sliding(HOUR)),
        step("jobs", claim(9, 3)),
        step("jobs", Acknowledge { delivery: HELD }),
        step("jobs", retry(HELD)),
        step("jobs", retry(HoldId::from_u128(2))),
        step("jobs", queue::Release { delivery: HELD }),
        step("jobs", Bury { delivery: HELD, note: "x".into() }),
        step("jobs", queue::Extend { delivery: HELD, lease: HOUR }),
        step("jobs", Revive { jobs: all() }),
        step("jobs", Discard { jobs: all() }),
        step("jobs", Delete {}),
        step("jobs", Expire { after: HOUR }),
        step("jobs", Rename { to: crate::scene::key("moved"), replace: true }),
    ]
}

fn a_queue() -> [Step; 5] {
    let dead = HoldId::from_u128(3);
    [
        step("jobs", push(1..=4)),
        step("jobs", claim(1, 3)),
        step("jobs", claim(2, 1)),
        step("jobs", claim(3, 3)),
        step("jobs", Bury { delivery: dead, note: "no good".into() }),
    ]
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Few<(Bytes, Bytes)> {
    pairs.map(|(field, value)| (field.into(), value.into())).into_iter().collect()
}

/// What can be done to a map that is there, and to one that is not.
fn changes_of_maps() -> Vec<Step> {
    let living = |step: Step| step.lifetime(Lifetime::Sliding(HOUR));
    let limit = std::num::NonZeroU64::new(9);
    let set = |limit| map::Set { pairs: pairs([("a", "2"), ("c", "3")]), limit };
    let exchange = |old: Option<&str>, to: Option<&str>| {
        let [old, to] = [old, to].map(|text| text.map(Bytes::from));
        map::ReplaceIf { field: "a".into(), old, to, limit }
    };
    let fields = || ["a", "b"].map(Bytes::from).into_iter().collect();
    let replace = || map::Replace { with: pairs([("a", "2"), ("c", "3")]), limit };
    vec![
        step("prices", set(None)),
        living(step("prices", set(limit))),
        step("new", set(limit)),
        step("prices", map::SetIfAbsent { pairs: pairs([("a", "2"), ("c", "3")]), limit }),
        step("prices", exchange(Some("1"), Some("2"))),
        step("prices", exchange(Some("1"), None)),
        step("new", exchange(None, Some("1"))),
        step("prices", map::Remove { fields: fields() }),
        step("prices", map::Take { fields: fields() }),
        step("prices", 5_i64.add("a".into(), limit)),
        living(step("new", 0.5.add("a".into(), None))),
        step("prices", replace()),
        step("brief prices", replace()),
        step("prices", map::Replace { with: Few::new(), limit }),
        step("prices", Delete {}),
    ]
}

/// The same objects before every change.
async fn furnish(scene: &Scene, engine: &impl Engine) {
    scene.server.raw(&["FLUSHALL"]).await;
    let steps = [
        step("count", AddUndoable::by(7)),
        step("text", value::Set { to: "old".into() }),
        step("flag", flag::Mark { only_if_unmarked: false }),
        step("seats", take(1)),
        step("seats", take(3)),
        step("seats", Confirm { hold: HoldId::from_u128(3) }),
        step("brief", Add::by(1)).lifetime(Lifetime::Sliding(HOUR)),
        step("prices", map::Set { pairs: pairs([("a", "1"), ("b", "x")]), limit: None }),
        step("brief prices", map::Set { pairs: pairs([("a", "1")]), limit: None })
            .lifetime(Lifetime::Sliding(HOUR)),
        step("door", acquire(1)),
        step("door", acquire(2)),
        step("free door", acquire(1)),
        step("free door", acquire(2)),
        step("free door", lock::Release { owner: HELD }),
    ];
    drop(engine.apply(Batch::of(steps.into_iter().chain(a_queue()))).await.unwrap());
}

/// Somebody else's data where the epoch of a counter or the leases of others would be: misuse, and
/// nothing was changed. The script has to find out before it writes.
async fn a_companion_of_another_type(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let engine = scene.engine().await;
    let squat = async |name: &str| {
        scene.server.raw(&["DEL", name]).await;
        scene.server.raw(&["SADD", name, "of another program"]).await;
    };
    for fresh in [true, false] {
        furnish(&scene, &engine).await;
        if fresh {
            scene.server.raw(&["DEL", "{seats}", "{door}"]).await;
        }
        squat("{seats}::leases").await;
        squat("{door}::leases").await;
        squat("{count}::epoch").await;
        let undo = Undo { by: 1, epoch: exactly_core::Epoch(1), bounds: Bounds::NONE };
        for change in [
            step("seats", take(2)),
            step("seats", Resize { to: 3 }),
            step("seats", Release { hold: HELD }),
            step("door", acquire(4)),
            step("door", lock::Release { owner: HELD }),
            step("door", lock::Extend { owner: HELD, lease: HOUR }),
            step("count", AddUndoable::by(1)),
            step("count", undo),
        ] {
            for named in [false, true] {
                let before = scene.everything().await;
                let batch = Batch::one(change.clone());
                let token = Token::caller("a", HOUR).unwrap();
                let batch = if named { batch.named(token) } else { batch };
                let fault = engine.apply(batch).await.unwrap_err();
                assert!(fault.is_wrong_type(), "{:?}: {fault}", change.op);
                assert_eq!(before, scene.everything().await, "{:?}: {fault}", change.op);
            }
        }
    }
}

/// The same where the parts of a queue would be, each by itself.
async fn a_part_of_a_queue_of_another_type(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let engine = scene.engine().await;
    let mut refused = 0;
    for part in ["leases", "waiting", "dead", "unique"] {
        for change in changes_of_a_queue() {
            furnish(&scene, &engine).await;
            let name = format!("{{jobs}}::{part}");
            scene.server.raw(&["DEL", &name]).await;
            scene.server.raw(&["SET", &name, "of another program"]).await;
            let before = scene.everything().await;
            match engine.apply(Batch::one(change.clone())).await {
                // Not every change has to do with every part.
                Ok(reply) => assert!(matches!(reply, Reply::Applied(_)), "{part} {:?}", change.op),
                Err(fault) => {
                    assert!(fault.is_wrong_type(), "{part} {:?}: {fault}", change.op);
                    assert_eq!(before, scene.everything().await, "{part} {:?}", change.op);
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 20, "{refused}");
}

/// Somebody deletes the key of a queue, and not what stands beside it: the next queue under this
/// name begins anew, and knows nothing of jobs that it never had.
async fn a_queue_whose_key_alone_is_gone(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let engine = scene.engine().await;
    for first in ["push", "claim", "depth"] {
        furnish(&scene, &engine).await;
        let brief = Claim { lease: Duration::from_millis(1), ..claim(4, 3) };
        run(&engine, "jobs", brief).await.unwrap();
        scene.server.raw(&["DEL", "{jobs}"]).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
        match first {
            "claim" => {
                let claimed = run(&engine, "jobs", claim(5, 3)).await.unwrap();
                assert_eq!(claimed, queue::Claimed::Empty { next_after: None });
            }
            "depth" => {
                let depths = run(&engine, "jobs", queue::Depth {}).await.unwrap();
                assert_eq!(depths, queue::Depths::default());
            }
            _ => {}
        }
        // The same unique key, though a job that is gone had it.
        let pushed = run(&engine, "jobs", push([1])).await.unwrap();
        let queue::Pushed::Pushed { jobs } = pushed else { panic!("{first}: {pushed:?}") };
        assert!(jobs[0].new, "{first}");
        let claimed = run(&engine, "jobs", claim(6, 3)).await.unwrap();
        let queue::Claimed::Claimed { jobs } = claimed else { panic!("{first}: {claimed:?}") };
        assert_eq!((jobs.len(), jobs[0].attempt), (1, 1), "{first}");
        run(&engine, "jobs", Acknowledge { delivery: HoldId::from_u128(6) }).await.unwrap();
        let keys = scene.server.raw(&["KEYS", "{jobs}*"]).await;
        assert_eq!(keys.trim(), "", "{first}");
    }
}

/// A key whose time is over in the middle of a script has none left, and is still there for it:
/// what is taken back must not live for ever.
async fn what_ends_while_it_is_taken_back(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let engine = scene.engine().await;
    let soon = Duration::from_millis(20);
    let brief = |step: Step| step.lifetime(Lifetime::FromFirstWrite(soon));
    // To dump it takes the server longer than that.
    let fill = "for n = 1, 300000 do redis.call('HSET', KEYS[1], n, n) end";
    scene.server.raw(&["EVAL", fill, "1", "{big}"]).await;
    let big = scene.everything().await;
    for _ in 0..3 {
        let furnished = [
            brief(step("count", Add::by(1))),
            brief(step("prices", map::Set { pairs: pairs([("a", "1")]), limit: None })),
            brief(step("seats", take(1))),
        ];
        drop(engine.apply(Batch::of(furnished)).await.unwrap());
        let last = Add { by: 1, start: 0, bounds: Bounds { min: None, max: Some(0) } };
        let batch = Batch::of([
            step("big", Delete {}),
            step("count", Add::by(1)),
            step("prices", Delete {}),
            step("seats", take(2)),
            step("seats", Delete {}),
            step("last", last),
        ]);
        let reply = engine.apply(batch).await.unwrap();
        assert!(matches!(reply, Reply::Refused(_)), "{reply:?}");
        tokio::time::sleep(2 * soon).await;
        assert_eq!(scene.everything().await, big);
    }
}

/// The commands that scripts use.
const COMMANDS: [&str; 29] = [
    "get",
    "set",
    "del",
    "exists",
    "type",
    "pttl",
    "pexpire",
    "persist",
    "incrby",
    "hget",
    "hset",
    "hmget",
    "hdel",
    "hincrby",
    "hexists",
    "hlen",
    "zadd",
    "zrem",
    "zrangebyscore",
    "zscore",
    "zcount",
    "zcard",
    "zrange",
    "rename",
    "dump",
    "restore",
    "time",
    "evalsha",
    "eval",
];

/// A user without the right to one command that a script needs: whatever fails, what is said about
/// it is true. *Unknown* is said only where something stands that could not be taken back.
async fn a_missing_right(flavour: Flavour) {
    let builder = servers::Redis::builder().flavour(flavour).user("app", "pw", "~* &* +@all");
    let scene = Scene::of(builder).await;
    let engine = scene.engine().await;
    let token = || Token::caller("a", HOUR).unwrap();
    let (mut denied, mut halves) = (0, Vec::new());
    for (round, command) in COMMANDS.into_iter().enumerate() {
        let changes = changes().into_iter().chain(changes_of_maps());
        for (number, change) in changes.enumerate() {
            let other = [
                step("beside", value::Set { to: "here".into() }),
                step("beside", Add { by: 1, start: 1, bounds: Bounds::NONE }),
            ];
            // All shapes of all changes would take long: the shape goes by turns.
            let (batch, place) = match (number + round) % 5 {
                0 => (Batch::one(change.clone()), 0),
                1 => (Batch::one(change.clone()).named(token()), 0),
                2 => (Batch::of([other[0].clone(), change.clone()]), 1),
                3 => (Batch::apart([other[0].clone(), change.clone()]), 1),
                _ => (Batch::apart([other[1].clone(), change.clone()]).named(token()), 1),
            };
            furnish(&scene, &engine).await;
            let before = scene.everything().await;
            scene.server.raw(&["ACL", "SETUSER", "app", &format!("-{command}")]).await;
            let result = engine.apply(batch).await;
            scene.server.raw(&["ACL", "SETUSER", "app", &format!("+{command}")]).await;
            let what = format!("-{command} {:?} {number}", change.op);
            match result {
                Ok(Reply::Applied(outcomes)) => {
                    let refused = matches!(outcomes[place], Outcome::Misuse(_));
                    denied += usize::from(refused);
                    let mut after = scene.everything().await;
                    after.retain(|stored| !stored.starts_with("{beside}"));
                    assert!(!refused || before == after, "{what}: {outcomes:?}");
                }
                Ok(Reply::Refused(refusal)) => panic!("{what}: {refusal:?}"),
                Err(fault) if fault.is_unknown() => {
                    assert!(fault.is_broken(), "{what}: {fault}");
                    halves.push(what);
                }
                Err(fault) => {
                    denied += 1;
                    // What could not be taken back is asked for before, and refused by the script.
                    let asked = command == "restore" && fault.is_not_applied();
                    assert!(fault.is_denied() || asked, "{what}: {fault}");
                    assert_eq!(before, scene.everything().await, "{what}: {fault}");
                }
            }
        }
    }
    assert!(denied > 100 && !halves.is_empty(), "{denied} {halves:?}");
}

/// What stands by half is not sent again, though its token would allow it: the engine would do that
/// half once more.
async fn half_a_change_is_not_done_again(flavour: Flavour) {
    let builder = servers::Redis::builder().flavour(flavour).user("app", "pw", "~* &* +@all");
    let scene = Scene::of(builder).await;
    let patient = exactly_core::layers::Retry::with_policy(scene.engine().await, PATIENT);
    scene.server.raw(&["ACL", "SETUSER", "app", "-set"]).await;
    // Counted by one command, and then the record of the token is refused.
    let counted = Batch::apart([step("a", Add::by(1)), step("b", Add::by(1))]);
    let fault = patient.apply(counted).await.unwrap_err();
    assert!(fault.is_unknown() && fault.is_broken(), "{fault}");
    assert_eq!((scene.stored("a").await, scene.stored("b").await), (1, 1));
    // With its rights back, it goes on.
    scene.server.raw(&["ACL", "SETUSER", "app", "+set"]).await;
    let undoable = run(&patient, "a", AddUndoable::by(1)).await.unwrap();
    assert!(matches!(undoable, AddedUndoable::Stepped { value: 2, .. }), "{undoable:?}");
    assert_eq!(run(&patient, "b", Get { start: 0 }).await.unwrap(), 1);
}

/// A window of no time, or of more than a server takes, would make every record fail after its
/// effect.
async fn a_window_that_no_server_takes(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    for (number, window) in [Duration::ZERO, Duration::MAX].into_iter().enumerate() {
        let engine = scene.engine_with(Options::new().token_window(window)).await;
        let session = exactly_core::SessionId::random();
        let token = Token::Session { session, slot: 0, sequence: std::num::NonZeroU64::MIN };
        let batch = Batch::one(step("a", Add::by(1))).named(token);
        match engine.apply(batch).await {
            Ok(_) => assert_eq!(scene.stored("a").await, number as i64),
            // A millisecond's window is over before the batch is there.
            Err(fault) => assert!(fault.is_not_applied() && number == 0, "{fault}"),
        }
    }
}
