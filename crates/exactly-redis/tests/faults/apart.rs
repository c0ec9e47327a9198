//! Operations that stand apart, as callers who were folded together: one that fails leaves the
//! others standing, and is told what it would have been told alone.

use std::sync::Arc;
use std::time::Duration;

use exactly_conformance::servers::{self, Flavour};
use exactly_core::layers::{Combine, Retry};
use exactly_core::operations::capacity::Resize;
use exactly_core::operations::counter::Add;
use exactly_core::operations::{set, value};
use exactly_core::{Batch, Engine, Fault, Outcome, Reply, Token};

use crate::scene::{
    PATIENT, Scene, Tally, add_at_most_once, added, crowd, on_every_server, run, step, value_of,
};

on_every_server! {
    one_of_many_is_denied, one_of_a_flight_is_denied, one_of_many_is_of_another_type,
    what_stands_is_not_taken_for_nothing, a_crowd_at_a_full_server,
}

fn applied(reply: Reply) -> Vec<Outcome> {
    match reply {
        Reply::Applied(outcomes) => outcomes.into_vec(),
        Reply::Refused(refusal) => panic!("{refusal:?}"),
    }
}

fn is_misuse(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Misuse(_))
}

/// Operations that stand apart, one of them on a key that is not ours. Where each is a command of
/// the server's the others stand; where one script takes all, the server refuses it whole, before
/// it began, so that each may be sent alone.
async fn one_of_many_is_denied(flavour: Flavour) {
    let rights = "~{mine}* ~{yours}* ~exactly:* &* +@all";
    let scene =
        Scene::of(servers::Redis::builder().flavour(flavour).user("app", "pw", rights)).await;
    let engine = scene.engine().await;
    let many = || Batch::apart(["mine", "a", "yours"].map(|name| step(name, Add::by(1))));
    let outcomes = applied(engine.apply(many()).await.unwrap());
    assert_eq!(outcomes.iter().map(is_misuse).collect::<Vec<_>>(), [false, true, false]);
    let stored = async || (scene.stored("mine").await, scene.stored("yours").await);
    assert_eq!((stored().await, scene.stored("a").await), ((1, 1), 0));
    let named = many().named(Token::caller("a", Duration::from_secs(60)).unwrap());
    let fault = engine.apply(named).await.unwrap_err();
    assert!(fault.is_denied() && fault.is_misuse(), "{fault}");
    assert_eq!((stored().await, scene.stored("a").await), ((1, 1), 0));
}

/// Callers who were folded into one flight with somebody who has no right: each is told what it
/// would have been told alone.
async fn one_of_a_flight_is_denied(flavour: Flavour) {
    let rights = "~{mine}* ~{yours}* ~exactly:* &* +@all";
    let scene =
        Scene::of(servers::Redis::builder().flavour(flavour).user("app", "pw", rights)).await;
    let retried = Retry::with_policy(scene.engine().await, PATIENT);
    let folded = Arc::new(Combine::new(retried));
    let told = crowd(90, |caller| {
        let folded = Arc::clone(&folded);
        async move {
            let name = ["mine", "a", "yours"][caller % 3];
            (name, added(&folded, name).await)
        }
    })
    .await;
    let (denied, served): (Vec<_>, Vec<_>) = told.into_iter().partition(|(name, _)| *name == "a");
    assert!(denied.iter().all(|(_, told)| told.as_ref().is_err_and(Fault::is_denied)));
    for name in ["mine", "yours"] {
        let own = served.iter().filter(|(of, _)| *of == name);
        Tally::of(own.map(|(_, told)| told.clone())).is_exactly(scene.stored(name).await);
        assert_eq!(scene.stored(name).await, 30);
    }
    assert_eq!(scene.stored("a").await, 0);
}

async fn one_of_many_is_of_another_type(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let engine = scene.engine().await;
    run(&engine, "a", Resize { to: 3 }).await.unwrap();
    run(&engine, "text", value::Set { to: "no number".into() }).await.unwrap();
    run(&engine, "full", Add::by(i64::MAX)).await.unwrap();
    let before = scene.everything().await;
    let names = ["mine", "a", "text", "full", "yours"];
    for (round, token) in [None, Some("one"), Some("two")].into_iter().enumerate() {
        let mut batch = Batch::apart(names.map(|name| step(name, Add::by(1))));
        if round == 2 {
            // By the other script.
            batch.steps.push(step("more", value::Set { to: "1".into() }));
        }
        if let Some(id) = token {
            batch = batch.named(Token::caller(id, Duration::from_secs(60)).unwrap());
        }
        let outcomes = applied(engine.apply(batch).await.unwrap());
        let misuses: Vec<_> = outcomes.iter().take(5).map(is_misuse).collect();
        assert_eq!(misuses, [false, true, true, true, false], "{round}: {outcomes:?}");
        let count = round as i64 + 1;
        assert_eq!((scene.stored("mine").await, scene.stored("yours").await), (count, count));
    }
    scene.server.raw(&["DEL", "{mine}", "{yours}", "{more}"]).await;
    assert_eq!(before, scene.everything().await);
}

/// Each is a command of the server's, and one of them leaves open why it failed. Asking why fails
/// as well: that is this one's own fault, for the others stand and must not be sent again.
async fn what_stands_is_not_taken_for_nothing(flavour: Flavour) {
    let builder = servers::Redis::builder().flavour(flavour);
    let scene = Scene::of(builder.user("app", "pw", "~* &* +@all")).await;
    let engine = scene.engine().await;
    run(&engine, "seats", Resize { to: 3 }).await.unwrap();
    scene.server.raw(&["ACL", "SETUSER", "app", "-evalsha", "-eval"]).await;
    let many = Batch::apart(["mine", "seats", "yours"].map(|name| step(name, Add::by(1))));
    let outcomes = applied(engine.apply(many).await.unwrap());
    assert_eq!(outcomes.iter().map(is_misuse).collect::<Vec<_>>(), [false, true, false]);
    let folded = Arc::new(Combine::new(Retry::with_policy(engine, PATIENT)));
    let told = crowd(60, |caller| {
        let folded = Arc::clone(&folded);
        async move {
            let name = ["mine", "seats", "yours"][caller % 3];
            value_of(folded.apply(add_at_most_once(name)).await?)
        }
    })
    .await;
    assert_eq!(told.iter().filter(|told| told.is_err()).count(), 20, "{told:?}");
    assert_eq!((scene.stored("mine").await, scene.stored("yours").await), (21, 21));
}

/// Members that come are written before those that go. A server without memory refuses that; then
/// each has its turn, and what is freed first lets others in.
async fn a_crowd_at_a_full_server(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let engine = scene.engine().await;
    let these = |member: &str| [member.into()].into_iter().collect();
    let add = |member: &str| step("set", set::Add { members: these(member), limit: None });
    let remove = |member: &str| step("set", set::Remove { members: these(member) });
    let crowd =
        |steps, id| Batch::apart(steps).named(Token::caller(id, Duration::from_secs(60)).unwrap());
    applied(engine.apply(Batch::apart(["a", "b"].map(add))).await.unwrap());
    scene.server.raw(&["CONFIG", "SET", "maxmemory", "1"]).await;
    let fault = engine.apply(crowd([add("c"), remove("a")], "one")).await.unwrap_err();
    assert!(fault.is_out_of_memory() && fault.is_not_applied(), "{fault}");
    assert_eq!(scene.server.raw(&["SCARD", "{set}"]).await, "2");
    let outcomes = applied(engine.apply(crowd([remove("a"), add("c")], "two")).await.unwrap());
    assert!(!outcomes.iter().any(is_misuse), "{outcomes:?}");
    let only_less =
        applied(engine.apply(crowd([remove("c"), remove("x")], "three")).await.unwrap());
    assert!(!only_less.iter().any(is_misuse), "{only_less:?}");
    assert_eq!(scene.server.raw(&["SMEMBERS", "{set}"]).await, "b");
    scene.server.raw(&["CONFIG", "SET", "maxmemory", "0"]).await;
}
