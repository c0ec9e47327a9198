//! Several calls as one change.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[macro_use]
mod engines;

use std::time::Duration;

use exactly::core::operations::counter::Get;
use exactly::{Batched, Capacity, Counter, List, Lock, Map, Set, Store, Taking, Token, Value};

on_both! {
    each_call_has_its_own_answer
    one_that_refuses_undoes_all
    what_is_required
    under_a_token_it_is_one_change
    wrong_ones
}

async fn each_call_has_its_own_answer(store: Store) {
    let (taken, students) = (Counter::new(&store, "taken"), Set::<String>::new(&store, "students"));
    let (seats, grades) = (Capacity::new(&store, "seats", 2), Map::<String, i64>::new(&store, "g"));
    let calls = (
        taken.increment(),
        students.add("ada"),
        seats.take(2),
        (grades.set("ada", 1), grades.get("ada")),
        vec![taken.add(1), taken.add(5)],
    );
    let Batched::Done((count, is_new, taking, (_, grade), counts)) =
        store.batch(calls).await.unwrap()
    else {
        panic!("nothing refuses")
    };
    assert_eq!((count, is_new, grade, counts), (1, true, Some(1), vec![2, 7]));
    let Taking::Held(seat) = taking else { panic!("two are free") };
    assert_eq!(seats.levels().await.unwrap().held, 2);
    drop(seat);
    let nothing: Vec<exactly::Call<'_, Get<i64>, i64>> = Vec::new();
    assert_eq!(store.batch(nothing).await.unwrap(), Batched::Done(Vec::new()));
}

async fn one_that_refuses_undoes_all(store: Store) {
    let taken = Counter::new(&store, "taken").with_bounds(..=1);
    let names: List<String> = List::new(&store, "names");
    let enrol = || store.batch((names.push_back("ada"), taken.try_increment()));
    assert!(matches!(enrol().await.unwrap(), Batched::Done(_)));
    assert!(matches!(enrol().await.unwrap(), Batched::Refused { place: 1 }));
    assert_eq!((names.len().await.unwrap(), taken.get().await.unwrap()), (1, 1));
    let either = store.batch((taken.try_increment().optional(), names.push_back("bob")));
    let Batched::Done((tried, len)) = either.await.unwrap() else { panic!("it is optional") };
    assert_eq!((tried.stepped(), len), (None, 2));
    // What does not fit what is stored undoes them too.
    let odd: Value<i64> = Value::new(&store, "names");
    let fault = store.batch((taken.set(0), odd.set(1))).await.unwrap_err();
    assert!(fault.is_wrong_type(), "{fault}");
    assert_eq!(taken.get().await.unwrap(), 1);
}

async fn what_is_required(store: Store) {
    let (state, sold) = (Value::<String>::new(&store, "state"), Counter::new(&store, "sold"));
    let sell = || store.batch(sold.increment());
    assert_eq!(sell().if_exists(&state).await.unwrap(), Batched::Unmet { place: 0 });
    assert_eq!(sell().if_missing(&state).await.unwrap(), Batched::Done(1));
    state.set("open").await.unwrap();
    let open = "open".to_owned();
    let both = sell().if_exists(&sold).if_unchanged(&state, &open);
    assert_eq!(both.await.unwrap(), Batched::Done(2));
    state.set("closed").await.unwrap();
    let both = sell().if_exists(&sold).if_unchanged(&state, &open);
    assert_eq!(both.await.unwrap(), Batched::Unmet { place: 1 });
    let till = Lock::new(&store, "till");
    let guard = till.acquire().await.unwrap().held().unwrap();
    assert_eq!(sell().requiring(&guard).await.unwrap(), Batched::Done(3));
    till.delete().await.unwrap();
    assert!(sell().requiring(&guard).await.unwrap_err().is_lock_lost());
    assert_eq!(sold.get().await.unwrap(), 3);
}

async fn under_a_token_it_is_one_change(store: Store) {
    let (paid, log) = (Counter::new(&store, "paid"), List::<String>::new(&store, "log"));
    let token = Token::caller("payment 7", Duration::from_secs(60)).unwrap();
    let pay = || store.batch((paid.add(30), log.push_back("paid"))).token(token.clone());
    let first = pay().await.unwrap();
    assert_eq!(first, Batched::Done((30, 1)));
    paid.add(1).await.unwrap();
    assert_eq!(pay().await.unwrap(), first);
    assert_eq!((paid.get().await.unwrap(), log.len().await.unwrap()), (31, 1));
    let other = store.batch(paid.add(30)).token(token.clone()).await.unwrap_err();
    assert!(other.is_token_reused(), "{other}");
}

async fn wrong_ones(store: Store) {
    let sold = Counter::new(&store, "sold");
    let elsewhere = Counter::new(&Store::open("memory:").await.unwrap(), "sold");
    let token = Token::caller("a", Duration::from_secs(60)).unwrap();
    for wrong in [elsewhere.increment(), sold.increment().token(token)] {
        let fault = store.batch((sold.increment(), wrong)).await.unwrap_err();
        assert!(fault.is_bad_setting() && fault.to_string().contains("nothing was"), "{fault}");
    }
    let fault = store.batch(sold.increment()).if_exists(&elsewhere).await.unwrap_err();
    assert!(fault.is_bad_setting(), "{fault}");
    assert!(!sold.exists().await.unwrap());
}
