//! Capacities.

use std::time::Duration;

use exactly_core::operations::capacity::{
    Confirm, Confirmed, Extend, Extended, GiveBack, GivenBack, HOLDS_MAX, LEASE_MAX, LIMIT_MAX,
    Levels, Read, Release, Resize, Resized, Take, TakeEach, Taken, TakenEach,
};
use exactly_core::operations::key::{Exists, Expire, Life, Ttl};
use exactly_core::operations::value;
use exactly_core::{Batch, HoldId, Key, Lifetime, Refusal, Reply, Token};

use crate::subject::{Subject, key, step};

const LIMIT: u64 = 3;
const LONG: Duration = Duration::from_secs(3600);
const SOON: Duration = Duration::from_millis(50);

fn take(hold: HoldId, units: u64, lease: Duration) -> Take {
    Take { hold, units, lease, limit: LIMIT }
}

fn take_each(holds: &[HoldId], units: u64) -> TakeEach {
    TakeEach { holds: holds.to_vec().into(), units, lease: LONG, limit: LIMIT }
}

fn held(hold: HoldId) -> Taken {
    Taken::Held { hold }
}

fn unique<const COUNT: usize>() -> [HoldId; COUNT] {
    std::array::from_fn(|_| HoldId::unique())
}

async fn levels(subject: &Subject, key: &Key) -> (u64, u64, u64) {
    let Levels { free, held, confirmed, .. } = subject.ok(key, Read { limit: LIMIT }).await;
    (free, held, confirmed)
}

/// Units are free, held or confirmed; taking, confirming, releasing and giving back move them.
pub async fn meaning(subject: Subject) {
    let key = key("seats");
    let [one, two] = [HoldId::unique(), HoldId::unique()];
    assert_eq!(levels(&subject, &key).await, (3, 0, 0));
    assert!(!subject.ok(&key, Exists {}).await, "a read does not write");
    assert_eq!(subject.ok(&key, take(one, 2, LONG)).await, Taken::Held { hold: one });
    assert_eq!(subject.ok(&key, take(two, 2, LONG)).await, Taken::Full { free: 1, held: 2 });
    assert_eq!(subject.ok(&key, take(one, 2, LONG)).await, Taken::Held { hold: one });
    assert_eq!(levels(&subject, &key).await, (1, 2, 0), "the same hold is taken once");
    assert_eq!(subject.ok(&key, Confirm { hold: two }).await, Confirmed::Lapsed);
    for _again in 0..2 {
        assert_eq!(subject.ok(&key, Confirm { hold: one }).await, Confirmed::Confirmed);
    }
    assert!(!subject.ok(&key, Release { hold: one }).await);
    let extend = Extend { hold: one, lease: LONG };
    assert_eq!(subject.ok(&key, extend).await, Extended::Lapsed);
    assert_eq!(levels(&subject, &key).await, (1, 0, 2));
    assert_eq!(subject.ok(&key, take(two, 1, LONG)).await, Taken::Held { hold: two });
    assert!(subject.ok(&key, Release { hold: two }).await);
    assert!(!subject.ok(&key, Release { hold: two }).await);
    let too_few = GivenBack::TooFew { confirmed: 2 };
    assert_eq!(subject.ok(&key, GiveBack { units: 3 }).await, too_few);
    assert_eq!(subject.ok(&key, GiveBack { units: 2 }).await, GivenBack::GivenBack);
    assert_eq!(levels(&subject, &key).await, (3, 0, 0));
    let many = take(HoldId::unique(), 4, LONG);
    assert_eq!(subject.ok(&key, many).await, Taken::Full { free: 3, held: 0 });
}

/// Many takes in one operation mean what they mean one after the other.
pub async fn taking_each(subject: Subject) {
    let course = key("seats");
    let each =
        async |holds: &[HoldId], units| subject.ok(&course, take_each(holds, units)).await.each;
    let [a, b, c, d, e] = unique();
    let full = |free, held| Taken::Full { free, held };
    assert_eq!(each(&[], 1).await, []);
    assert_eq!(each(&[a, b], 4).await, [full(3, 0); 2]);
    assert_eq!(each(&[a], u64::MAX).await, [full(3, 0)]);
    assert!(!subject.ok(&course, Exists {}).await, "nothing was taken");
    // The first fit, and whoever names one of them again is told the same.
    assert_eq!(each(&[a, b, a, b], 2).await, [held(a), full(1, 2), held(a), full(1, 2)]);
    assert_eq!(levels(&subject, &course).await, (1, 2, 0));
    // A hold that is there takes no room, whatever is asked for, and when it is confirmed.
    assert_eq!(subject.ok(&course, Confirm { hold: a }).await, Confirmed::Confirmed);
    let told = [full(1, 0), held(a), full(1, 0)];
    assert_eq!(each(&[b, a, c], 2).await, told);
    assert_eq!(each(&[b, a, c, d], 1).await, [held(b), held(a), full(0, 1), full(0, 1)]);
    assert_eq!(each(&[c, b], 1).await, [full(0, 1), held(b)]);
    assert_eq!(levels(&subject, &course).await, (0, 1, 2));
    // Each is a hold of its own.
    assert!(subject.ok(&course, Release { hold: b }).await);
    assert!(!subject.ok(&course, Release { hold: c }).await);
    subject.ok(&course, Resize { to: 5 }).await;
    assert_eq!(each(&[c, d, e], 1).await, [held(c), held(d), held(e)]);
    assert_eq!(subject.ok(&course, Confirm { hold: d }).await, Confirmed::Confirmed);
    assert!(subject.ok(&course, Release { hold: c }).await);
    assert_eq!(levels(&subject, &course).await, (1, 1, 3));
    // As many as one operation takes, of which all fit, and half; their leases end as all do.
    let (course, most) = (key("arena"), HOLDS_MAX as u64);
    let many: Vec<_> = (0..HOLDS_MAX).map(|_| HoldId::unique()).collect();
    let all = TakeEach { limit: most, lease: SOON * 4, ..take_each(&many, 1) };
    let TakenEach { each } = subject.ok(&key("stadium"), all.clone()).await;
    assert!(each.into_iter().eq(many.iter().copied().map(held)));
    let limit = most / 2;
    let TakenEach { each } = subject.ok(&course, TakeEach { limit, ..all }).await;
    let (first, rest) = each.split_at(HOLDS_MAX / 2);
    assert!(first.iter().copied().eq(many.iter().take(HOLDS_MAX / 2).copied().map(held)));
    assert!(rest.iter().all(|told| *told == full(0, limit)));
    subject.pass(SOON * 8).await;
    assert_eq!(levels(&subject, &course).await, (limit, 0, 0));
    assert_eq!(levels(&subject, &key("stadium")).await, (most, 0, 0));
}

/// In a batch, many takes of which none fits refuse, and those that stand are taken back with it.
/// Under a token the holds that were taken first are told again; and a time to live begins as with
/// one.
pub async fn taking_each_in_batches(subject: Subject) {
    let course = key("seats");
    let [a, b, c, d] = unique();
    let each = |holds: &[HoldId], units| step(&course, take_each(holds, units));
    let apply = async |batch: Batch| subject.apply(batch).await.expect("the engine answers");
    let told = apply(Batch::of([each(&[a, b], 1), each(&[c, d], 2)])).await;
    assert!(matches!(told, Reply::Refused(Refusal::Operation(1, _))), "{told:?}");
    assert_eq!(levels(&subject, &course).await, (3, 0, 0));
    assert!(!subject.ok(&course, Exists {}).await);
    subject.ok(&course, take(a, 1, LONG)).await;
    let told = apply(Batch::of([each(&[a, b, c, d], 1), each(&[a, d], 2).optional()])).await;
    let Reply::Applied(outcomes) = &told else { panic!("{told:?}") };
    assert!(outcomes.iter().all(|outcome| !outcome.is_refusal()), "one of each is held");
    assert!(subject.ok(&course, Release { hold: b }).await);
    let told = apply(Batch::of([each(&[b], 1), each(&[d], 1)])).await;
    assert!(matches!(told, Reply::Refused(Refusal::Operation(1, _))), "{told:?}");
    assert_eq!(levels(&subject, &course).await, (1, 2, 0));
    assert!(!subject.ok(&course, Release { hold: b }).await, "it was taken back");
    // The lease went with the hold, and those of the others stay.
    assert_eq!(subject.ok(&course, Extend { hold: c, lease: LONG }).await, Extended::Extended);
    let token = Token::caller("once", LONG).expect("a token");
    let named = async |holds: &[HoldId]| {
        let batch = Batch::one(each(holds, 1)).named(token.clone());
        apply(batch).await.only::<TakeEach>().expect("its outcome").each
    };
    let full = Taken::Full { free: 0, held: 3 };
    let [e, f, g] = unique();
    for holds in [[d, e, d], [f, g, f]] {
        assert_eq!(named(&holds).await, [held(d), full, held(d)]);
    }
    let brief = key("brief");
    let step = step(&brief, take_each(&[a, b], 2)).lifetime(Lifetime::Sliding(LONG));
    apply(Batch::one(step.clone())).await;
    let left = subject.ok(&brief, Ttl {}).await;
    assert!(matches!(left, Life::Left(left) if left > LONG / 2), "{left:?}");
}

/// A hold comes back by itself, and its late holder is told.
pub async fn leases(subject: Subject) {
    let key = key("seats");
    let [short, long] = [HoldId::unique(), HoldId::unique()];
    subject.ok(&key, take(short, 1, SOON)).await;
    subject.ok(&key, take(long, 1, SOON)).await;
    assert_eq!(subject.ok(&key, Extend { hold: long, lease: LONG }).await, Extended::Extended);
    subject.pass(SOON * 2).await;
    assert_eq!(levels(&subject, &key).await, (2, 1, 0));
    assert_eq!(subject.ok(&key, Confirm { hold: short }).await, Confirmed::Lapsed);
    let late = Extend { hold: short, lease: LONG };
    assert_eq!(subject.ok(&key, late).await, Extended::Lapsed);
    assert!(!subject.ok(&key, Release { hold: short }).await);
    assert_eq!(subject.ok(&key, Confirm { hold: long }).await, Confirmed::Confirmed);
    assert_eq!(levels(&subject, &key).await, (2, 0, 1));
    // Who is confirmed stays so; who confirms long after is told that there is no such hold.
    let brief = HoldId::unique();
    subject.ok(&key, take(brief, 1, SOON)).await;
    assert_eq!(subject.ok(&key, Confirm { hold: brief }).await, Confirmed::Confirmed);
    subject.pass(SOON * 2).await;
    assert_eq!(subject.ok(&key, Confirm { hold: brief }).await, Confirmed::Lapsed);
    assert_eq!(levels(&subject, &key).await, (1, 0, 2));
}

/// A limit may shrink below what is taken: nobody loses a unit, and none is free until enough came
/// back.
pub async fn resizing(subject: Subject) {
    let key = key("seats");
    let hold = HoldId::unique();
    subject.ok(&key, take(hold, 3, LONG)).await;
    assert_eq!(subject.ok(&key, Resize { to: 1 }).await, Resized { over: 2 });
    assert_eq!(levels(&subject, &key).await, (0, 3, 0));
    assert_eq!(subject.ok(&key, Confirm { hold }).await, Confirmed::Confirmed);
    assert_eq!(subject.ok(&key, Resize { to: 1 }).await, Resized { over: 2 });
    let full = Taken::Full { free: 0, held: 0 };
    assert_eq!(subject.ok(&key, take(HoldId::unique(), 1, LONG)).await, full);
    subject.ok(&key, GiveBack { units: 2 }).await;
    assert_eq!(subject.ok(&key, take(HoldId::unique(), 1, LONG)).await, full);
    subject.ok(&key, GiveBack { units: 1 }).await;
    assert_eq!(levels(&subject, &key).await, (1, 0, 0));
    assert_eq!(subject.ok(&key, Resize { to: 0 }).await, Resized { over: 0 });
    assert_eq!(subject.ok(&key, take(HoldId::unique(), 1, LONG)).await, full);
    assert_eq!(subject.ok(&key, Resize { to: LIMIT_MAX }).await, Resized { over: 0 });
    assert_eq!(levels(&subject, &key).await, (LIMIT_MAX, 0, 0));
}

/// A value is no capacity, and stays.
pub async fn wrong_type(subject: Subject) {
    let key = key("motto");
    subject.ok(&key, value::Set { to: "x".into() }).await;
    let fault = subject.run(&key, take(HoldId::unique(), 1, LONG)).await.expect_err("a value");
    assert!(fault.is_misuse() && fault.is_wrong_type(), "{fault}");
    assert_eq!(fault.key(), Some(&key));
    for holds in [&[][..], &unique::<2>()] {
        let fault = subject.run(&key, take_each(holds, 1)).await.expect_err("a value");
        assert!(fault.is_misuse() && fault.is_wrong_type(), "{fault}");
    }
    assert!(subject.run(&key, Read { limit: 1 }).await.expect_err("a value").is_wrong_type());
    assert!(subject.run(&key, Resize { to: 1 }).await.expect_err("a value").is_wrong_type());
    assert_eq!(subject.ok(&key, value::Get {}).await, Some("x".into()));
}

/// A capacity whose key expires is gone with its holds and confirmations.
pub async fn expiry(subject: Subject) {
    let key = key("seats");
    let hold = HoldId::unique();
    subject.ok(&key, take(hold, 3, LONG)).await;
    subject.ok(&key, Expire { after: SOON }).await;
    subject.pass(SOON * 2).await;
    assert_eq!(levels(&subject, &key).await, (3, 0, 0));
    assert_eq!(subject.ok(&key, Confirm { hold }).await, Confirmed::Lapsed);
    assert!(!subject.ok(&key, Exists {}).await);
    // What is taken later ends with it as well: the first after none was held, and one beside it.
    let others = unique::<3>();
    subject.ok(&key, take_each(&others[..1], 1)).await;
    assert!(subject.ok(&key, Release { hold: others[0] }).await);
    subject.ok(&key, Expire { after: SOON }).await;
    subject.ok(&key, take_each(&others[1..2], 1)).await;
    subject.ok(&key, take(others[2], 1, LONG)).await;
    subject.pass(SOON * 2).await;
    assert_eq!(levels(&subject, &key).await, (3, 0, 0));
    assert!(!subject.ok(&key, Exists {}).await);
}

/// Zero units, and leases and limits outside what is allowed, are misuse; nothing is taken.
pub async fn bad_settings(subject: Subject) {
    let key = key("seats");
    let good = take(HoldId::unique(), 1, LONG);
    for bad in [
        Take { units: 0, ..good.clone() },
        Take { lease: Duration::ZERO, ..good.clone() },
        Take { lease: LEASE_MAX + Duration::from_nanos(1), ..good.clone() },
        Take { limit: LIMIT_MAX + 1, ..good.clone() },
    ] {
        let fault = subject.run(&key, bad.clone()).await.expect_err("not allowed");
        assert!(fault.is_misuse() && fault.is_bad_setting(), "{bad:?} {fault}");
        assert_eq!(fault.key(), Some(&key));
    }
    let good_each = take_each(&[good.hold], 1);
    for bad in [
        take_each(&vec![good.hold; HOLDS_MAX + 1], 1),
        take_each(&[], 0),
        TakeEach { lease: Duration::ZERO, ..good_each.clone() },
        TakeEach { lease: LEASE_MAX + Duration::from_nanos(1), ..good_each.clone() },
        TakeEach { limit: LIMIT_MAX + 1, ..good_each },
    ] {
        let fault = subject.run(&key, bad).await.expect_err("not allowed");
        assert!(fault.is_misuse() && fault.is_bad_setting(), "{fault}");
        assert_eq!(fault.key(), Some(&key));
    }
    assert!(subject.run(&key, Resize { to: u64::MAX }).await.is_err());
    assert!(subject.run(&key, Read { limit: LIMIT_MAX + 1 }).await.is_err());
    assert!(subject.run(&key, GiveBack { units: 0 }).await.is_err());
    assert!(!subject.ok(&key, Exists {}).await);
    subject.ok(&key, good.clone()).await;
    let forever = Extend { hold: good.hold, lease: LEASE_MAX * 2 };
    assert!(subject.run(&key, forever).await.is_err());
    assert_eq!(levels(&subject, &key).await, (2, 1, 0));
    let longest = Extend { hold: good.hold, lease: LEASE_MAX };
    assert_eq!(subject.ok(&key, longest).await, Extended::Extended);
}
