//! Transactions: all of it or none, and nobody in between.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[macro_use]
mod engines;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use exactly::{
    Batched, Capacity, Confirmed, Counter, Fault, Flag, List, Lock, Map, Queue, Resolved, Set,
    SortedSet, Store, Taking, Token, Value,
};
use tokio::task::JoinSet;

on_both! {
    a_transfer_is_whole
    what_both_have_read_neither_changes
    a_name_is_one_persons
    nothing_is_left_of_what_failed
    every_kind_is_a_part_of_it
    several_reads_are_of_one_moment
    a_hot_key_makes_progress
    what_cannot_be_tried_is_told
    a_lock_can_be_required
    one_inside_of_another
    a_batch_is_required_inside_as_outside
    what_refused_is_remembered
    what_is_left_over_is_no_part_of_it
    what_has_ended_is_gone_inside_as_outside
    a_name_makes_it_one_change
}

fn accounts(store: &Store) -> Vec<Counter> {
    (0..4).map(|number| Counter::new(store, &format!("account {number}"))).collect()
}

/// The sum stays, and nobody is in debt.
async fn a_transfer_is_whole(store: Store) {
    for account in accounts(&store) {
        account.set(100).await.unwrap();
    }
    let mut crowd = JoinSet::new();
    for seed in 0..16 {
        let store = store.clone();
        crowd.spawn(async move {
            let mut dice = fastrand::Rng::with_seed(seed);
            for _ in 0..20 {
                let (from, to, amount) = (dice.usize(..4), dice.usize(..4), dice.i64(1..60));
                let transfer = store.atomically(async |tx| {
                    let accounts = accounts(&tx);
                    if accounts[from].get().await? < amount {
                        return Ok(false);
                    }
                    accounts[from].add(-amount).await?;
                    accounts[to].add(amount).await?;
                    Ok::<_, Fault>(true)
                });
                transfer.await.unwrap();
                let all = store.read(accounts(&store)).await.unwrap();
                assert_eq!(all.iter().sum::<i64>(), 400, "{all:?}");
                assert!(all.iter().all(|balance| *balance >= 0), "{all:?}");
            }
        });
    }
    crowd.join_all().await;
}

/// Write skew: each of two doctors may leave while the other is there.
async fn what_both_have_read_neither_changes(store: Store) {
    for round in 0..50 {
        let on_call = ["ada", "bob"].map(|name| format!("{name} {round}"));
        for name in &on_call {
            Flag::new(&store, name).mark().await.unwrap();
        }
        let mut crowd = JoinSet::new();
        for name in on_call.clone() {
            let (store, on_call) = (store.clone(), on_call.clone());
            crowd.spawn(async move {
                let leave = store.atomically(async |tx| {
                    let mut there = 0;
                    for other in &on_call {
                        there += u32::from(Flag::new(&tx, other).is_marked().await?);
                    }
                    if there == 2 {
                        Flag::new(&tx, &name).clear().await?;
                    }
                    Ok::<_, Fault>(())
                });
                leave.await.unwrap();
            });
        }
        crowd.join_all().await;
        let flags = on_call.map(|name| Flag::new(&store, &name));
        let there = store.read(flags).await.unwrap();
        assert_eq!(there.into_iter().filter(|is_there| *is_there).count(), 1);
    }
}

/// The registration of the tutorials: 300 race for 30 names.
async fn a_name_is_one_persons(store: Store) {
    let mut crowd = JoinSet::new();
    for number in 0..300 {
        let store = store.clone();
        crowd.spawn(async move {
            let name = format!("name {}", number % 30);
            let register = store.atomically(async |tx| {
                let users: Map<String, i64> = Map::new(&tx, "users");
                if users.get(&name).await?.is_some() {
                    return Ok(false);
                }
                let id = Counter::new(&tx, "last user").increment().await?;
                users.set(&name, id).await?;
                Ok::<_, Fault>(true)
            });
            register.await.unwrap()
        });
    }
    let registered = crowd.join_all().await.into_iter().filter(|registered| *registered).count();
    assert_eq!(registered, 30);
    assert_eq!(Counter::new(&store, "last user").get().await.unwrap(), 30);
    let users: Map<String, i64> = Map::new(&store, "users");
    let mut ids: Vec<_> = users.all().await.unwrap().into_iter().map(|(_, id)| id).collect();
    ids.sort_unstable();
    assert!(ids.into_iter().eq(1..=30));
}

/// An error, an abort, a panic, a caller who goes away: no trace.
async fn nothing_is_left_of_what_failed(store: Store) {
    let sold = Counter::new(&store, "sold");
    let failed = store.atomically(async |tx| {
        assert_eq!(Counter::new(&tx, "sold").increment().await?, 1);
        Err::<(), Fault>(Fault::unavailable("no more"))
    });
    assert!(failed.await.unwrap_err().is_unavailable());
    let aborted = store.atomically(async |tx| {
        Counter::new(&tx, "sold").increment().await?;
        tx.abort::<_, Fault>(7)
    });
    assert_eq!(aborted.await.unwrap(), 7);
    let panicking = store.clone();
    let panicked = tokio::spawn(async move {
        panicking
            .atomically(async |tx| {
                Counter::new(&tx, "sold").increment().await?;
                if sold_out() { panic!("out of luck") } else { Ok::<_, Fault>(()) }
            })
            .await
    });
    assert!(panicked.await.unwrap_err().is_panic());
    let leaving = store.atomically(async |tx| {
        Counter::new(&tx, "sold").increment().await?;
        std::future::pending::<()>().await;
        Ok::<_, Fault>(())
    });
    assert!(tokio::time::timeout(Duration::from_millis(20), leaving).await.is_err());
    assert!(!sold.exists().await.unwrap());
    assert_eq!(sold.increment().await.unwrap(), 1);
}

fn sold_out() -> bool {
    true
}

/// What is written is seen in it at once, as it will be, and by others when all of it is.
async fn every_kind_is_a_part_of_it(store: Store) {
    let done = store.atomically(async |tx| {
        let seats = Capacity::new(&tx, "seats", 2);
        let Taking::Held(seat) = seats.take(2).await? else { panic!("two are free") };
        assert!(matches!(seats.take(1).await?, Taking::Full { free: 0, held: 2 }));
        assert_eq!(seat.confirm().await?, Confirmed::Confirmed);
        let motto: Value<String> = Value::new(&tx, "motto");
        motto.set("exactly 30").await?;
        assert_eq!(motto.get().await?.as_deref(), Some("exactly 30"));
        assert!(Flag::new(&tx, "closed").mark_if_unmarked().await?);
        let students: Set<String> = Set::new(&tx, "students");
        assert!(students.add("ada").await?);
        assert!(!students.add("ada").await?);
        let waiting: List<String> = List::new(&tx, "waiting");
        waiting.push_back("bob").await?;
        assert_eq!(waiting.pop_front().await?.as_deref(), Some("bob"));
        let board: SortedSet<String> = SortedSet::new(&tx, "board");
        board.insert("ada", 7.0).await?;
        assert_eq!(board.rank("ada").await?, Some(0));
        let mails: Queue<String> = Queue::new(&tx, "mails");
        mails.push("welcome").await?;
        assert_eq!(mails.depth().await?.ready, 1);
        Counter::new(&tx, "old").set(7).await?;
        Counter::new(&tx, "old").rename_to("new").await?;
        assert_eq!(Counter::new(&tx, "new").get().await?, 7);
        assert!(!store.clone().namespace().contains("tx"));
        students.len().await
    });
    assert_eq!(done.await.unwrap(), 1);
    assert_eq!(Capacity::new(&store, "seats", 2).levels().await.unwrap().confirmed, 2);
    assert_eq!(Counter::new(&store, "new").get().await.unwrap(), 7);
    assert!(!Counter::new(&store, "old").exists().await.unwrap());
    let mails: Queue<String> = Queue::new(&store, "mails");
    assert_eq!(mails.claim().await.unwrap().unwrap().payload(), "welcome");
    assert!(!List::<String>::new(&store, "waiting").exists().await.unwrap());
}

/// Three keys that always change together are never seen apart, not even by an attempt that loses.
async fn several_reads_are_of_one_moment(store: Store) {
    let counters = |store: &Store| ["a", "b", "c"].map(|name| Counter::new(store, name));
    let mut crowd = JoinSet::new();
    for _ in 0..4 {
        let store = store.clone();
        crowd.spawn(async move {
            for _ in 0..25 {
                let all = store.atomically(async |tx| {
                    for counter in counters(&tx) {
                        counter.increment().await?;
                    }
                    Ok::<_, Fault>(())
                });
                all.await.unwrap();
            }
        });
    }
    for _ in 0..4 {
        let store = store.clone();
        crowd.spawn(async move {
            for _ in 0..50 {
                let seen = store.atomically(async |tx| {
                    let mut seen = Vec::new();
                    for counter in counters(&tx) {
                        seen.push(counter.get().await?);
                    }
                    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:?}");
                    Ok::<_, Fault>(seen[0])
                });
                seen.await.unwrap();
            }
        });
    }
    crowd.join_all().await;
    assert_eq!(counters(&store)[2].get().await.unwrap(), 100);
}

/// 64 at one key: all get their turn, and few try often.
async fn a_hot_key_makes_progress(store: Store) {
    let attempts = Arc::new(AtomicU32::new(0));
    let mut crowd = JoinSet::new();
    for _ in 0..64 {
        let (store, attempts) = (store.clone(), Arc::clone(&attempts));
        crowd.spawn(async move {
            for _ in 0..5 {
                let step = store.atomically(async |tx| {
                    attempts.fetch_add(1, Ordering::Relaxed);
                    let hot = Counter::new(&tx, "hot");
                    let found: i64 = hot.get().await?;
                    hot.set(found + 1).await?;
                    Ok::<_, Fault>(())
                });
                step.await.unwrap();
            }
        });
    }
    crowd.join_all().await;
    assert_eq!(Counter::new(&store, "hot").get().await.unwrap(), 320);
    let attempts = attempts.load(Ordering::Relaxed);
    assert!(attempts < 3 * 320, "{attempts} attempts");
}

/// Each with a word on what to do instead.
async fn what_cannot_be_tried_is_told(store: Store) {
    let inside = store.clone();
    let told = store.atomically(async |tx| {
        let sold = Counter::new(&tx, "sold");
        let fault = sold.increment_with(async |_| Some(())).await.unwrap_err();
        assert!(fault.is_bad_setting(), "{fault}");
        let fault = Lock::new(&tx, "till").try_acquire().await.unwrap_err();
        assert!(fault.to_string().contains("before a transaction"), "{fault}");
        let fault = Queue::<String>::new(&tx, "mails").claim().await.unwrap_err();
        assert!(fault.to_string().contains("before a transaction"), "{fault}");
        let fault = Set::<String>::new(&tx, "names").random().await.unwrap_err();
        assert!(fault.to_string().contains("by lot"), "{fault}");
        let token = Token::caller("a", Duration::from_secs(60))?;
        let fault = sold.increment().token(token).await.unwrap_err();
        assert!(fault.to_string().contains("token"), "{fault}");
        let fault = tx.keys("").collect_all().await.unwrap_err();
        assert!(fault.to_string().contains("list them before"), "{fault}");
        // The store itself, which is the mistake that is made first.
        let fault = Counter::new(&inside, "sold").increment().await.unwrap_err();
        assert!(fault.is_misuse() && fault.to_string().contains("`tx`"), "{fault}");
        let fault = inside.atomically(async |_| Ok::<_, Fault>(())).await.unwrap_err();
        assert!(fault.to_string().contains("`tx`"), "{fault}");
        // What is wrong is wrong here as well, and the others go on.
        List::<String>::new(&tx, "list").push_back("a").await?;
        assert!(Counter::new(&tx, "list").get().await.unwrap_err().is_wrong_type());
        sold.increment().await
    });
    assert_eq!(told.await.unwrap(), 1);
    assert_eq!(Counter::new(&store, "sold").get().await.unwrap(), 1);
}

async fn a_lock_can_be_required(store: Store) {
    let till = Lock::new(&store, "till");
    let guard = till.acquire().await.unwrap().held().unwrap();
    let sell = async || {
        store
            .atomically(async |tx| {
                let sold = Counter::new(&tx, "sold");
                let so_far: i64 = sold.get().await?;
                sold.set(so_far + 1).requiring(&guard).await?;
                Ok::<_, Fault>(so_far + 1)
            })
            .await
    };
    assert_eq!(sell().await.unwrap(), 1);
    till.delete().await.unwrap();
    assert!(sell().await.unwrap_err().is_lock_lost());
    assert_eq!(Counter::new(&store, "sold").get().await.unwrap(), 1);
}

/// The inner one is a part of the outer: what it applies is only tried.
async fn one_inside_of_another(store: Store) {
    let outer = store.atomically(async |tx| {
        Counter::new(&tx, "sold").increment().await?;
        let inner = tx.atomically(async |tx| {
            let sold = Counter::new(&tx, "sold");
            let so_far: i64 = sold.get().await?;
            sold.set(so_far * 10).await?;
            Ok::<_, Fault>(so_far)
        });
        assert_eq!(inner.await?, 1);
        assert_eq!(Counter::new(&tx, "sold").get().await?, 10);
        tx.abort::<_, Fault>(())
    });
    outer.await.unwrap();
    assert!(!Counter::new(&store, "sold").exists().await.unwrap());
}

/// What it requires is judged behind what was tried before.
async fn a_batch_is_required_inside_as_outside(store: Store) {
    let told = store.atomically(async |tx| {
        let (state, sold) = (Value::<String>::new(&tx, "state"), Counter::new(&tx, "sold"));
        let sell = || tx.batch(sold.increment());
        assert_eq!(sell().if_exists(&state).await?, Batched::Unmet { place: 0 });
        assert_eq!(sell().if_missing(&state).await?, Batched::Done(1));
        state.set("open").await?;
        let open = "open".to_owned();
        assert_eq!(sell().if_exists(&sold).if_unchanged(&state, &open).await?, Batched::Done(2));
        state.set("closed").await?;
        let both = sell().if_exists(&sold).if_unchanged(&state, &open).await?;
        assert_eq!(both, Batched::Unmet { place: 1 });
        sold.get().await
    });
    assert_eq!(told.await.unwrap(), 2);
    assert_eq!(Counter::new(&store, "sold").get().await.unwrap(), 2);
}

/// Also that a batch was refused must still be so at the end.
async fn what_refused_is_remembered(store: Store) {
    let [sold, names] = ["sold", "names"];
    let full = |store: &Store| Counter::new(store, sold).with_bounds(..=1);
    full(&store).set(1).await.unwrap();
    let attempts = AtomicU32::new(0);
    let told = store.atomically(async |tx| {
        let (sold, names) = (full(&tx), List::<String>::new(&tx, names));
        let sell = tx.batch((names.push_back("ada"), sold.try_increment())).await?;
        if attempts.fetch_add(1, Ordering::Relaxed) == 0 {
            assert!(matches!(sell, Batched::Refused { place: 1 }));
            let others = full(&store);
            tokio::spawn(async move { others.set(0).await }).await.unwrap()?;
        }
        Value::<bool>::new(&tx, "sold out").set(!matches!(sell, Batched::Done(_))).await?;
        // What it cannot remember it says.
        let one = Counter::new(&tx, "one").with_bounds(..=1);
        let fault = tx.batch((one.try_increment(), one.try_increment())).await.unwrap_err();
        assert!(fault.to_string().contains("one after the other"), "{fault}");
        Ok::<_, Fault>(sell)
    });
    assert!(matches!(told.await.unwrap(), Batched::Done((1, _))));
    assert_eq!(Value::<bool>::new(&store, "sold out").get().await.unwrap(), Some(false));
    assert_eq!(attempts.into_inner(), 2);
}

/// A hold that was taken before is released when it is dropped inside, whatever becomes of the
/// transaction.
async fn what_is_left_over_is_no_part_of_it(store: Store) {
    let seats = Capacity::new(&store, "seats", 1);
    let hold = Mutex::new(seats.take(1).await.unwrap().held());
    let told = store.atomically(async |tx| {
        drop(hold.lock().unwrap().take().unwrap());
        tx.abort::<_, Fault>(())
    });
    told.await.unwrap();
    let released = async {
        while seats.levels().await.unwrap().held > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), released).await.unwrap();
}

async fn what_has_ended_is_gone_inside_as_outside(store: Store) {
    let told = store.atomically(async |tx| {
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
        let brief = Value::<String>::new(&tx, "brief").with_expire_at(long_ago);
        brief.set("gone".to_owned()).await?;
        brief.get().await
    });
    assert_eq!(told.await.unwrap(), None);
}

/// Applied once under its name, also when others were faster in between.
async fn a_name_makes_it_one_change(store: Store) {
    let token = Token::caller("order 7", Duration::from_secs(60)).unwrap();
    let attempts = AtomicU32::new(0);
    let pay = async || {
        let work = async |tx: exactly::Tx| {
            let balance = Counter::new(&tx, "balance");
            let left: i64 = balance.get().await?;
            if attempts.fetch_add(1, Ordering::Relaxed) == 0 {
                let others = Counter::new(&store, "balance");
                tokio::spawn(async move { others.add(100).await }).await.unwrap()?;
            }
            balance.set(left - 30).await?;
            Ok::<_, Fault>(left - 30)
        };
        store.transaction().token(token.clone()).run(work).await
    };
    let aborted = store.transaction().token(token.clone());
    aborted.run(async |tx| tx.abort::<_, Fault>(())).await.unwrap();
    assert!(matches!(store.resolve(&token).await.unwrap(), Resolved::NotApplied));
    assert_eq!(pay().await.unwrap(), 70);
    assert_eq!(attempts.load(Ordering::Relaxed), 2);
    assert!(matches!(store.resolve(&token).await.unwrap(), Resolved::Applied(_)));
    assert!(pay().await.unwrap_err().is_token_reused());
    assert_eq!(Counter::new(&store, "balance").get().await.unwrap(), 70);
}
