//! Scripts of the user's own, and what they do not promise.
#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use exactly::redis::{Script, ScriptAnswer};
use exactly::{Counter, Json, List, Store, Value};
use exactly_conformance::servers::{Flavour, Redis, skipped};

async fn on_redis() -> Option<(Redis, Store)> {
    if let Some(why) = Flavour::Redis7.missing() {
        assert!(!skipped(&why));
        return None;
    }
    let server = Redis::start(Flavour::Redis7).await;
    let store = Store::builder().namespace("shop").open(&server.url()).await.unwrap();
    Some((server, store))
}

#[tokio::test]
async fn it_finds_objects_by_its_keys_and_answers_what_is_asked() {
    let Some((server, store)) = on_redis().await else { return };
    let (sold, buyers) = (Counter::new(&store, "sold"), List::<String>::new(&store, "buyers"));
    let sell = Script::new(
        "local sold = redis.call('INCRBY', KEYS[1], ARGV[2])
         redis.call('RPUSH', KEYS[2], ARGV[1])
         return sold",
    );
    let call = || store.script(&sell).key(&sold).key(&buyers).text("ada").arg(2_u8);
    assert_eq!(call().one::<i64>().await.unwrap(), 2);
    // Forgotten by the server, it is sent again in full.
    server.raw(&["SCRIPT", "FLUSH"]).await;
    assert_eq!(call().optional::<i64>().await.unwrap(), Some(4));
    call().run().await.unwrap();
    assert_eq!(sold.get().await.unwrap(), 6);
    assert_eq!(buyers.all().await.unwrap(), ["ada", "ada", "ada"]);
}

#[tokio::test]
async fn its_answers_are_typed() {
    let Some((_server, store)) = on_redis().await else { return };
    let script = Script::new("return loadstring('return ' .. ARGV[1])()");
    let answer = |text: &'static str| store.script(&script).text(text);
    assert_eq!(answer("'ada'").one::<String>().await.unwrap(), "ada");
    assert_eq!(answer("3.7").one::<i64>().await.unwrap(), 3);
    assert_eq!(answer("false").optional::<String>().await.unwrap(), None);
    assert_eq!(answer("{1, 2, nil, 4}").all::<u8>().await.unwrap(), [1, 2]);
    let json = answer("'[1,2]'").one::<Json<Vec<u8>>>().await.unwrap();
    assert_eq!(json.0, [1, 2]);
    let nested = answer("{{'a'}, redis.status_reply('FINE')}").answer().await.unwrap();
    let [a, fine] = ["a", "FINE"].map(|text| ScriptAnswer::Bytes(text.into()));
    assert_eq!(nested, ScriptAnswer::List(vec![ScriptAnswer::List(vec![a]), fine]));
    for (text, says) in [
        ("'ada'", "answered \"ada\""),
        ("nil", "answered nothing"),
        ("{1}", "answered a table of 1"),
    ] {
        let fault = answer(text).one::<i64>().await.unwrap_err();
        assert!(fault.is_misuse() && fault.to_string().contains(says), "{fault}");
    }
    assert!(answer("1").all::<i64>().await.unwrap_err().to_string().contains("a table"));
    assert!(answer("{'a'}").all::<i64>().await.unwrap_err().is_misuse());
}

/// Tutorials say that a script that fails undoes what it did. It does not, and a batch does.
#[tokio::test]
async fn a_failing_script_undoes_nothing_and_a_batch_undoes_all() {
    let Some((_server, store)) = on_redis().await else { return };
    let (paid, motto) = (Counter::new(&store, "paid"), Value::<String>::new(&store, "motto"));
    motto.set("exactly 30").await.unwrap();
    let pay = Script::new(
        "redis.call('INCRBY', KEYS[1], 30)
         return redis.call('INCRBY', KEYS[2], 30)",
    );
    let fault = store.script(&pay).key(&paid).key(&motto).run().await.unwrap_err();
    assert!(fault.is_unknown() && fault.to_string().contains("stays"), "{fault}");
    assert!(fault.to_string().contains("user_script:2"), "of the user's own line: {fault}");
    assert_eq!(paid.get().await.unwrap(), 30, "half of it stands");

    let as_number = Counter::new(&store, "motto");
    let fault = store.batch((paid.add(30), as_number.add(30))).await.unwrap_err();
    assert!(fault.is_misuse(), "{fault}");
    assert_eq!(paid.get().await.unwrap(), 30, "nothing is added by a batch that fails");

    let raised = Script::new("redis.call('INCR', KEYS[1]) return redis.error_reply('OUT of luck')");
    let fault = store.script(&raised).key(&paid).run().await.unwrap_err();
    assert!(fault.is_unknown() && fault.to_string().contains("OUT of luck"), "{fault}");
}

#[tokio::test]
async fn what_cannot_be_run_is_told() {
    let Some((_server, store)) = on_redis().await else { return };
    let sold = Counter::new(&store, "sold");
    let odd = Script::new("redis.call('INCR', KEYS[1]) return (");
    let fault = store.script(&odd).key(&sold).run().await.unwrap_err();
    assert!(fault.is_misuse() && fault.to_string().contains("compil"), "{fault}");
    let fine = Script::new("return redis.call('INCR', KEYS[1])");
    let memory = Store::open("memory:").await.unwrap();
    let elsewhere = Counter::new(&memory, "sold");
    let fault = store.script(&fine).key(&elsewhere).key(&sold).run().await.unwrap_err();
    assert!(fault.to_string().contains("in another store"), "{fault}");
    let fault = memory.script(&fine).key(&elsewhere).run().await.unwrap_err();
    assert!(fault.is_misuse() && fault.to_string().contains("opened on Redis"), "{fault}");
    let inside = store.atomically(async |tx| {
        let sold = Counter::new(&tx, "sold");
        tx.script(&fine).key(&sold).run().await
    });
    assert!(inside.await.unwrap_err().to_string().contains("outside of transactions"));
    let beside = store.atomically(async |_| store.script(&fine).key(&sold).run().await);
    assert!(beside.await.unwrap_err().to_string().contains("`tx`"));
    assert!(!sold.exists().await.unwrap(), "nothing of it was run");
    assert!(store.script(&fine).run().await.unwrap_err().is_unknown(), "it has no key");
}
