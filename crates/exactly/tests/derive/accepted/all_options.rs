//! Every option, as a literal and as an expression, under the strictest lints.

#![deny(warnings, rust_2018_idioms, nonstandard_style)]
#![deny(missing_docs, unused_qualifications, unused_results)]
#![deny(single_use_lifetimes, trivial_casts, variant_size_differences, let_underscore_drop)]
#![forbid(unsafe_code)]
#![allow(unreachable_pub, reason = "it is written as a library writes it")]

use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use exactly_embedded::Memory;

use exactly::{
    Capacity, Counter, Fault, Flag, Limiter, Lock, Objects, Once, Queue, Rate, Store, Value,
};

const HOUR: Duration = Duration::from_secs(3_600);

fn archive() -> &'static Store {
    static ARCHIVE: OnceLock<Store> = OnceLock::new();
    ARCHIVE.get_or_init(|| Store::builder().namespace("older").build(Memory::new()))
}

const fn places(rooms: u64) -> u64 {
    rooms * 30
}

/// A course.
#[derive(Objects, Debug, Clone)]
#[exactly(name = "course")]
pub struct Course {
    /// Documented.
    pub slots_taken: Counter,
    #[doc(hidden)]
    #[exactly(start = 30, min = 0, max = 0x1e_i64)]
    pub available_slots: Counter,
    #[exactly(start = Self::SEATS - 1)]
    #[exactly(min = -(5), max = i64::MAX)]
    pub(crate) left: Counter,
    #[exactly(start = 0.5, min = -1.5, max = f64::MAX)]
    average: Counter<f64>,
    #[exactly(limit = 30, lease = "1m 30s", ttl = "36500d")]
    seats: Capacity,
    #[exactly(limit = places(2), lease = HOUR / 2, ttl = HOUR)]
    places: Capacity,
    #[exactly(ttl_sliding = HOUR)]
    motto: Value<String>,
    #[exactly(ttl_sliding = "250ms", key = "closing:soon")]
    closing: Flag,
    #[exactly(expire_at = SystemTime::now() + HOUR)]
    today: Counter,
    #[exactly(global, key = "slots_taken")]
    total_enrolled: Counter,
    #[exactly(alone = "legacy:{id}:seats", ttl = HOUR)]
    legacy: Counter,
    #[exactly(alone = "{{legacy}}", global)]
    legacy_total: Counter,
    #[exactly(store = "archive", default = "none")]
    old_motto: Value<String>,
    #[exactly(store = archive(), default = Self::SEATS * 2, key = "room")]
    room: Value<i64>,
    #[exactly(rate = "5 per 1m, burst 2")]
    logins: Limiter,
    #[exactly(rate = Rate::per(7, HOUR), global)]
    all_logins: Limiter,
    #[exactly(lease = "1m", limit = 9, ttl = HOUR)]
    mails: Queue<String>,
    #[exactly(lease = "1m")]
    door: Lock,
    #[exactly(lease = HOUR, ttl = "30d")]
    invoice: Once<String>,
    #[cfg(any())]
    absent: Never,
}

impl Course {
    const SEATS: i64 = 30;
}

#[tokio::test]
async fn is_accepted() -> Result<(), Fault> {
    let old = Store::builder().namespace("old").open("memory:").await?;
    let store = Store::builder().beside("archive", old).open("memory:").await?;
    let course = Course::at(&store, 42);
    let members: Vec<_> = course
        .objects()
        .iter()
        .map(|member| (member.field(), member.object().key().expect("a key").to_string()))
        .collect();
    let members: Vec<_> = members.iter().map(|(field, key)| (*field, key.as_str())).collect();
    assert_eq!(
        members,
        [
            ("slots_taken", "course:42:slots_taken"),
            ("available_slots", "course:42:available_slots"),
            ("left", "course:42:left"),
            ("average", "course:42:average"),
            ("seats", "course:42:seats"),
            ("places", "course:42:places"),
            ("motto", "course:42:motto"),
            ("closing", "course:42:closing%3Asoon"),
            ("today", "course:42:today"),
            ("total_enrolled", "course::slots_taken"),
            ("legacy", "legacy%3A42%3Aseats"),
            ("legacy_total", "%7Blegacy%7D"),
            ("old_motto", "old:course:42:old_motto"),
            ("room", "older:course:42:room"),
            ("logins", "course:42:logins"),
            ("all_logins", "course::all_logins"),
            ("mails", "course:42:mails"),
            ("door", "course:42:door"),
            ("invoice", "course:42:invoice"),
        ]
    );
    let global = course.objects().iter().filter(|m| m.is_global()).count();
    assert_eq!(global, 3);

    assert_eq!(course.slots_taken.get().await?, 0);
    assert!(course.available_slots.increment().await.unwrap_err().is_out_of_bounds());
    assert_eq!(course.left.decrement().await?, 28);
    assert_eq!(course.average.add(-2.0).await?, -1.5);
    assert_eq!(course.seats.levels().await?.limit, 30);
    assert_eq!(course.places.levels().await?.limit, 60);
    course.motto.set("exactly 30").await?;
    course.closing.mark().await?;
    assert_eq!(course.logins.peek().await?.units, 2);
    assert_eq!(course.all_logins.peek().await?.units, 7);
    assert_eq!(course.today.increment().await?, 1);
    assert_eq!(course.total_enrolled.increment().await?, 1);
    assert_eq!(Course::at(&store, 43).total_enrolled.get().await?, 1);
    assert_eq!(course.legacy.increment().await?, 1);
    assert_eq!(course.old_motto.get().await?.as_deref(), Some("none"));
    course.room.set(101).await?;
    assert_eq!(course.delete_all().await?, 7);
    assert_eq!(course.room.get().await?, Some(60));
    Ok(())
}
