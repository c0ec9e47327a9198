//! Is what a crowd saw linearizable, though connections were cut, replies vanished and the server
//! was killed?
//!
//! Each history has a seed, which is printed where it fails; `EXACTLY_SEED` plays that one alone.

use std::env;
use std::sync::Arc;
use std::time::Duration;

use exactly_conformance::linearizable;
use exactly_conformance::proxy::{Rule, Toward, Which};
use exactly_conformance::servers::{self, Flavour};
use exactly_core::layers::{Call, Combine, Ending, History, Record, Retry};
use exactly_core::operations::capacity::{Confirm, Read, Release, Take, Taken};
use exactly_core::operations::counter::{Add, Bounds, Get, Set, Swap};
use exactly_core::operations::key::Delete;
use exactly_core::operations::{flag, value};
use exactly_core::{Batch, Bytes, Engine, HoldId};
use exactly_redis::{Options, Redis};
use fastrand::Rng;

use crate::scene::{PATIENT, Scene, crowd, on_every_server, run, step};

on_every_server! { with_a_second_try, in_flights, at_most_once, without_any_fault }

const CALLERS: usize = 12;
const LONG: Duration = Duration::from_secs(3600);

/// How a history goes.
#[derive(Debug, Clone, Copy)]
struct Plan {
    layers: Layers,
    calls: usize,
    cuts: usize,
    kills: usize,
}

async fn with_a_second_try(flavour: Flavour) {
    let plan = Plan { layers: Layers::Retry, calls: 60, cuts: 25, kills: 2 };
    play(flavour, plan, 3).await;
}

async fn in_flights(flavour: Flavour) {
    let plan = Plan { layers: Layers::CombineAndRetry, calls: 60, cuts: 25, kills: 2 };
    play(flavour, plan, 3).await;
}

/// What is unknown stays unknown, and the checker allows for both.
async fn at_most_once(flavour: Flavour) {
    let plan = Plan { layers: Layers::Nothing, calls: 40, cuts: 6, kills: 1 };
    play(flavour, plan, 5).await;
}

async fn without_any_fault(flavour: Flavour) {
    let plan = Plan { layers: Layers::CombineAndRetry, calls: 60, cuts: 0, kills: 0 };
    play(flavour, plan, 1).await;
}

async fn play(flavour: Flavour, plan: Plan, histories: u64) {
    let asked = env::var("EXACTLY_SEED").ok().and_then(|seed| seed.parse().ok());
    let seeds = asked.map_or(1..=histories, |seed: u64| seed..=seed);
    for seed in seeds {
        let calls = history(flavour, plan, seed).await;
        let unknown = calls.iter().filter(|call| call.ending == Ending::Unknown).count();
        let told = format!("EXACTLY_SEED={seed} {plan:?} {} calls, {unknown} unknown", calls.len());
        assert!(calls.len() > CALLERS * plan.calls / 2, "{told}");
        assert!(plan.layers == Layers::Nothing || unknown == 0, "{told}");
        if let Err(objection) = linearizable::check(&calls) {
            panic!("{told}\n{objection}");
        }
    }
}

/// What a crowd was told while the proxy and the server failed as the seed has it.
async fn history(flavour: Flavour, plan: Plan, seed: u64) -> Vec<Call> {
    let builder = servers::Redis::builder().flavour(flavour);
    let builder = builder.config("appendonly", "yes").config("appendfsync", "always");
    let scene = Scene::of(builder).await;
    let options = Options::new().reply_timeout(Duration::from_millis(500));
    let engine = scene.engine_with(options).await;
    let history = History::default();
    let recorded = Arc::new(Record::new(plan.layers.around(engine), history.clone()));
    let callers = crowd(CALLERS, |caller| {
        let recorded = Arc::clone(&recorded);
        let mut dice = Rng::with_seed(seed * 1_000 + caller as u64);
        async move {
            let mut holds = Vec::new();
            for _ in 0..plan.calls {
                call(&*recorded, &mut dice, &mut holds).await;
            }
        }
    });
    tokio::join!(callers, fail(&scene, plan, seed));
    history.calls()
}

/// What is around the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layers {
    Nothing,
    Retry,
    /// Callers who come together share a flight, and its fate.
    CombineAndRetry,
}

impl Layers {
    fn around(self, engine: Redis) -> Arc<dyn Engine> {
        let retry = |engine| Retry::with_policy(engine, PATIENT);
        match self {
            Self::Nothing => Arc::new(engine),
            Self::Retry => Arc::new(retry(engine)),
            Self::CombineAndRetry => Arc::new(Combine::new(retry(engine))),
        }
    }
}

/// One call, of any kind, whatever comes of it.
async fn call(engine: &impl Engine, dice: &mut Rng, holds: &mut Vec<HoldId>) {
    let counter = ["a", "b"][dice.usize(..2)];
    let bounds = Bounds { min: Some(0), max: Some(9) };
    let text = |dice: &mut Rng| Bytes::from(["x", "y", "z"][dice.usize(..3)]);
    match dice.u8(..16) {
        0 => drop(run(engine, counter, Get { start: 0_i64 }).await),
        1 | 2 => drop(run(engine, counter, Add { by: 1, start: 0, bounds }).await),
        3 => drop(run(engine, counter, Add { by: -1, start: 0, bounds }).await),
        4 => drop(run(engine, "free", Add::by(dice.i64(-3..4))).await),
        5 => drop(run(engine, "free", Get { start: 0_i64 }).await),
        6 => drop(run(engine, counter, Swap { to: 0, start: 0, bounds }).await),
        7 => drop(run(engine, counter, Set { to: dice.i64(..5), bounds }).await),
        8 => drop(run(engine, "motto", value::Get {}).await),
        9 => drop(run(engine, "motto", value::Set { to: text(dice) }).await),
        10 => {
            let (old, to) = (text(dice), text(dice));
            drop(run(engine, "motto", value::ReplaceIf { old, to }).await);
        }
        11 => drop(run(engine, "flag", flag::Mark { only_if_unmarked: true }).await),
        12 => drop(run(engine, "flag", flag::Clear {}).await),
        13 => {
            let both = [step("a", Add::by(1)), step("b", Add { by: -1, start: 0, bounds })];
            drop(engine.apply(Batch::of(both)).await);
        }
        14 => drop(run(engine, "motto", Delete {}).await),
        15.. => seats(engine, dice, holds).await,
    }
}

async fn seats(engine: &impl Engine, dice: &mut Rng, holds: &mut Vec<HoldId>) {
    match (dice.u8(..4), holds.pop()) {
        (0, _) => drop(run(engine, "seats", Read { limit: 4 }).await),
        (1, Some(hold)) => drop(run(engine, "seats", Confirm { hold }).await),
        (2.., Some(hold)) => drop(run(engine, "seats", Release { hold }).await),
        (_, None) => {
            let take = Take { hold: HoldId::unique(), units: 1, lease: LONG, limit: 4 };
            if let Ok(Taken::Held { hold }) = run(engine, "seats", take).await {
                holds.push(hold);
            }
        }
    }
}

/// Cuts and swallows at random bytes, and kills the server in between, each after some traffic.
async fn fail(scene: &Scene, plan: Plan, seed: u64) {
    let mut dice = Rng::with_seed(seed);
    let mut events: Vec<bool> = (0..plan.cuts + plan.kills).map(|n| n < plan.kills).collect();
    dice.shuffle(&mut events);
    for kill in events {
        let toward = if dice.u8(..3) == 0 { Toward::Server } else { Toward::Client };
        let byte = dice.u64(..2_000);
        let swallow = dice.u8(..8) == 0;
        let before = scene.proxy.counts();
        if kill {
            scene.server.restart().await;
        } else if swallow {
            scene.proxy.rule(Which::Existing, Rule::swallow(toward, byte));
        } else {
            scene.proxy.rule(Which::Existing, Rule::cut(toward, byte));
        }
        // Until somebody has met it and come back, or nobody is left who would.
        let met = scene.proxy.until(|counts| counts.accepted > before.accepted);
        drop(tokio::time::timeout(Duration::from_millis(700), met).await);
    }
    scene.proxy.pass();
}
