//! From the keys of redis-objects to ours: what that library writes, byte for byte, and what may
//! stand in the way.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use exactly_conformance::servers::{Flavour, Redis as Server, flavours, skipped};
use exactly_core::operations::{capacity, counter};
use exactly_core::{Batch, Engine, Fault, HoldId, Key, Operation, Reply, Step};
use exactly_redis::{KeyStyle, MigratedOutcome as Outcome, Migration, Options, RIGHTS, Redis};

/// What the gem sends when its users count, set, push, add, score, store and lock.
const GEM: [&[&str]; 12] = [
    &["SETNX", "course:42:available_slots", "30"],
    &["DECRBY", "course:42:available_slots", "1"],
    &["INCRBYFLOAT", "course:42:rating", "4.5"],
    &["SET", "course:42:motto", "first come"],
    &["RPUSH", "course:42:waiting", "Ada", "Bob"],
    &["SADD", "course:42:tags", "rust", "lua"],
    &["ZADD", "course:42:scores", "1.5", "Ada", "2", "Bob"],
    &["HMSET", "course:42:rooms", "mon", "A1", "tue", "B2"],
    &["SET", "course:42:enrol_lock", "", "NX", "PX", "60000"],
    &["SET", "course:42:brief", "soon", "EX", "3600"],
    &["INCRBY", "course::total", "100"],
    &["SET", "nested__course:7:motto", "another class"],
];

struct Scene {
    server: Server,
    redis: Redis,
}

async fn scene(flavour: Flavour) -> Scene {
    let server = Server::builder().flavour(flavour).start().await;
    for command in GEM {
        server.raw(command).await;
    }
    // Of Ruby's Marshal: an array, whose bytes are no text.
    lua(&server, r"redis.call('SET', 'course:42:days', '\4\8[\7i\6i\255')").await;
    let redis = Redis::open(&server.url(), Options::new()).await.unwrap();
    Scene { server, redis }
}

/// Runs a script: its texts may have any bytes.
async fn lua(server: &Server, script: &str) {
    server.raw(&["EVAL", script, "0"]).await;
}

impl Scene {
    /// All pages: what became of each key.
    async fn migrate(&self, migration: &Migration) -> BTreeMap<String, (Option<String>, Outcome)> {
        let (mut all, mut after) = (BTreeMap::new(), None);
        loop {
            let page = self.redis.migrate(migration, after).await.unwrap();
            all.extend(page.keys.into_iter().map(|one| (one.from, (one.to, one.outcome))));
            after = page.next;
            if after.is_none() {
                return all;
            }
        }
    }

    async fn outcomes(&self, migration: &Migration) -> Vec<Outcome> {
        self.migrate(migration).await.into_values().map(|(_, outcome)| outcome).collect()
    }

    async fn raw(&self, command: &[&str]) -> String {
        self.server.raw(command).await
    }
}

#[tokio::test]
async fn whatever_the_gem_wrote_is_there_under_its_new_name_with_its_time_to_live() {
    for flavour in flavours() {
        let scene = scene(flavour).await;
        let before = scene.raw(&["DBSIZE"]).await;
        // First it only says what it would do.
        let looked = scene.migrate(&Migration::of("course:*")).await;
        assert_eq!(looked.len(), 11);
        assert!(looked.values().all(|(_, outcome)| *outcome == Outcome::Would));
        assert_eq!(scene.raw(&["DBSIZE"]).await, before);
        let (to, _) = &looked["course::total"];
        assert_eq!(to.as_deref(), Some("{course}:total"));
        let migration = Migration::of("course:*").go();
        assert!(scene.outcomes(&migration).await.iter().all(|one| *one == Outcome::Done));
        for (read, expected) in [
            (&["GET", "{course:42}:available_slots"][..], "29"),
            (&["GET", "{course:42}:rating"], "4.5"),
            (&["GET", "{course:42}:motto"], "first come"),
            (&["LRANGE", "{course:42}:waiting", "0", "-1"], "Ada\nBob"),
            (&["SCARD", "{course:42}:tags"], "2"),
            (&["ZSCORE", "{course:42}:scores", "Ada"], "1.5"),
            (&["HGET", "{course:42}:rooms", "tue"], "B2"),
            (&["TTL", "{course:42}:motto"], "-1"),
            (&["GET", "{course}:total"], "100"),
            (&["STRLEN", "{course:42}:days"], "8"),
            // The old ones stay, and what does not look like the pattern is left alone.
            (&["GET", "course:42:available_slots"], "29"),
            (&["EXISTS", "{nested__course:7}:motto"], "0"),
        ] {
            assert_eq!(scene.raw(read).await, expected, "{read:?}");
        }
        let left: i64 = scene.raw(&["TTL", "{course:42}:brief"]).await.parse().unwrap();
        assert!((3000..=3600).contains(&left), "{left}");
        let seats = Key::in_group("", "course", "42", "available_slots").unwrap();
        let step = Step::new(seats, counter::Get { start: 0_i64 }.into_op());
        let reply = scene.redis.apply(Batch::one(step)).await.unwrap();
        assert_eq!(reply.only::<counter::Get<i64>>().unwrap(), 29);
    }
}

#[tokio::test]
async fn run_again_it_goes_on_and_overwrites_nothing() {
    for flavour in flavours() {
        let scene = scene(flavour).await;
        let migration = Migration::of("course:*").go();
        // One that was migrated before, and one whose new name is used by somebody else already.
        scene.raw(&["SADD", "{course:42}:tags", "lua", "rust"]).await;
        scene.raw(&["SET", "{course:42}:motto", "theirs"]).await;
        let all = scene.migrate(&migration).await;
        assert_eq!(all["course:42:tags"].1, Outcome::Same);
        assert_eq!(all["course:42:motto"].1, Outcome::Taken);
        assert_eq!(scene.raw(&["GET", "{course:42}:motto"]).await, "theirs");
        assert_eq!(scene.raw(&["GET", "course:42:motto"]).await, "first come");
        let again = scene.outcomes(&migration).await;
        assert_eq!(again.iter().filter(|one| **one == Outcome::Same).count(), 10);
        // What the other program goes on writing is told from what was copied.
        scene.raw(&["INCRBY", "course:42:available_slots", "1"]).await;
        scene.raw(&["RPUSH", "course:42:waiting", "Cem"]).await;
        let again = scene.migrate(&migration).await;
        assert_eq!(again["course:42:available_slots"].1, Outcome::Taken);
        assert_eq!(again["course:42:waiting"].1, Outcome::Taken);
        assert_eq!(scene.raw(&["GET", "{course:42}:available_slots"]).await, "29");
    }
}

#[tokio::test]
async fn moved_keys_leave_nothing_behind() {
    for flavour in flavours() {
        let scene = scene(flavour).await;
        scene.raw(&["SET", "{course:42}:motto", "theirs"]).await;
        let all = scene.migrate(&Migration::of("*").go().moving()).await;
        assert_eq!(all.len(), 12);
        assert_eq!(scene.raw(&["DBSIZE"]).await, "13");
        let left = scene.raw(&["KEYS", "[cn]*"]).await;
        assert_eq!(left, "course:42:motto", "what could not be moved is where it was");
        let left: i64 = scene.raw(&["TTL", "{course:42}:brief"]).await.parse().unwrap();
        assert!((3000..=3600).contains(&left), "{left}");
        // Again there is one to be looked at, and nothing to be done.
        assert_eq!(scene.outcomes(&Migration::of("*").go().moving()).await, [Outcome::Taken]);
    }
}

#[tokio::test]
async fn a_capacity_goes_with_its_leases_and_what_is_no_object_stays() -> Result<(), Fault> {
    for flavour in flavours() {
        let server = Server::builder().flavour(flavour).start().await;
        let options = Options::new().key_style(KeyStyle::RedisObjects);
        let theirs = Redis::open(&server.url(), options).await?;
        let seats = Key::in_group("", "course", "42", "seats")?;
        let hold = HoldId::unique();
        let hour = std::time::Duration::from_secs(3600);
        let take = capacity::Take { hold, units: 2, lease: hour, limit: 30 };
        theirs.apply(Batch::one(Step::new(seats.clone(), take.into_op()))).await?;
        server.raw(&["SET", "exactly:session:ab:0", "a record"]).await;
        server.raw(&["SET", "cache:page", "of another program"]).await;
        lua(&server, r"redis.call('SET', 'course:\255:x', 'no text')").await;
        let redis = Redis::open(&server.url(), Options::new()).await?;
        let scene = Scene { server, redis };
        let all = scene.migrate(&Migration::of("*").go().moving()).await;
        let outcomes: Vec<_> =
            all.iter().map(|(from, (_, outcome))| (from.as_str(), *outcome)).collect();
        assert_eq!(
            outcomes,
            [
                ("cache:page", Outcome::Unreadable),
                ("course:42:seats", Outcome::Done),
                ("course:\u{fffd}:x", Outcome::Unreadable),
            ]
        );
        // The hold is still held, by its id and on its lease.
        let confirm = Step::new(seats, capacity::Confirm { hold }.into_op());
        let reply = scene.redis.apply(Batch::one(confirm)).await?;
        assert!(matches!(reply, Reply::Applied(_)), "{reply:?}");
        assert_eq!(scene.raw(&["EXISTS", "course:42:seats:leases"]).await, "0");
    }
    Ok(())
}

#[tokio::test]
async fn a_namespace_stays_in_front() {
    for flavour in flavours() {
        let scene = scene(flavour).await;
        scene.raw(&["SET", "shop:course:4:2:motto", "with a colon in its id"]).await;
        let all = scene.migrate(&Migration::of("course:*").namespace("shop").go()).await;
        assert_eq!(all.len(), 1);
        let read = scene.raw(&["GET", "shop:{course:4%3A2}:motto"]).await;
        assert_eq!(read, "with a colon in its id");
        let long = "x".repeat(300);
        let migration = Migration::of("*").namespace(long);
        let fault = scene.redis.migrate(&migration, None).await.unwrap_err();
        assert!(fault.is_bad_name(), "{fault}");
    }
}

#[tokio::test]
async fn a_user_who_may_not_copy_is_told_so_and_nothing_is_half_done() {
    if Flavour::Redis7.missing().is_some_and(|why| !skipped(&why)) {
        return;
    }
    let rights = format!("~* {RIGHTS}");
    let server = Server::builder().user("ann", "pw", &rights).start().await;
    server.raw(&["SET", "course:42:motto", "first come"]).await;
    let redis = Redis::open(&server.url(), Options::new()).await.unwrap();
    let migration = Migration::of("course:*").go();
    let fault = redis.migrate(&migration, None).await.unwrap_err();
    assert!(fault.is_denied() && fault.to_string().contains("`+copy`"), "{fault}");
    assert_eq!(server.raw(&["DBSIZE"]).await, "1");
}
