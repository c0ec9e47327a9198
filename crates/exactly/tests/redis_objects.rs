//! One server, two libraries: this one in the key style of redis-objects, and that library's own
//! commands, as its versions 1 and 2 send them.
#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use exactly::redis::{KeyStyle, Options};
use exactly::{
    Bytes, Capacity, Counter, End, Json, Life, List, ListInserted, Map, Objects, Ran, Renamed, Set,
    SortedSet, Store, Tried, Value,
};
use exactly_conformance::servers::{Flavour, Redis, skipped};

#[derive(Objects, Clone)]
#[exactly(name = "course")]
struct Course {
    slots_taken: Counter,
    #[exactly(start = 30, min = 0)]
    available_slots: Counter,
    rating: Counter<f64>,
    motto: Value<String>,
    room: Value<i64>,
    students: Set<String>,
    scores: Set<i64>,
    board: SortedSet<String>,
    recent: SortedSet<i64>,
    #[exactly(limit = 30)]
    seats: Capacity,
    prefs: Map<String, String>,
    #[exactly(ttl = "1h")]
    votes: Map<String, i64>,
    #[exactly(global)]
    total: Counter,
    names: List<String>,
    #[exactly(limit = 3)]
    marks: List<i64>,
}

/// A private server and a store on it, if this machine has one.
async fn store(style: KeyStyle) -> Option<(Redis, Store)> {
    if Flavour::Redis7.missing().is_some_and(|why| !skipped(&why)) {
        return None;
    }
    let server = Redis::start(Flavour::Redis7).await;
    let options = Options::new().key_style(style);
    let store = Store::builder().redis(options).open(&server.url()).await.unwrap();
    Some((server, store))
}

async fn shared() -> Option<(Redis, Course)> {
    let (server, store) = store(KeyStyle::RedisObjects).await?;
    Some((server, Course::at(&store, 42)))
}

#[tokio::test]
async fn what_the_gem_wrote_is_read() {
    let Some((server, course)) = shared().await else { return };
    assert_eq!(course.slots_taken.get().await.unwrap(), 0, "a missing counter is its start");
    assert_eq!(course.available_slots.get().await.unwrap(), 30);
    assert_eq!(course.motto.get().await.unwrap(), None);
    assert_eq!(server.raw(&["DBSIZE"]).await, "0", "reading writes nothing");
    for gem in [
        &["SET", "course:42:slots_taken", "7"][..],
        &["SETNX", "course:42:available_slots", "30"],
        &["DECRBY", "course:42:available_slots", "1"],
        &["INCRBYFLOAT", "course:42:rating", "4.5"],
        &["SET", "course:42:motto", "first come"],
        &["SET", "course:42:room", "42"],
        &["INCRBY", "course::total", "100"],
    ] {
        server.raw(gem).await;
    }
    assert_eq!(course.slots_taken.get().await.unwrap(), 7);
    assert_eq!(course.available_slots.get().await.unwrap(), 29);
    assert_eq!(course.rating.get().await.unwrap(), 4.5);
    assert_eq!(course.motto.get().await.unwrap().as_deref(), Some("first come"));
    assert_eq!(course.room.get().await.unwrap(), Some(42));
    assert_eq!(course.total.get().await.unwrap(), 100);
    server.raw(&["SET", "course:42:motto", ""]).await;
    assert_eq!(course.motto.get().await.unwrap().as_deref(), Some(""));
    server.raw(&["DEL", "course:42:motto"]).await;
    assert_eq!(course.motto.get().await.unwrap(), None, "the gem deletes what is set to nil");
}

#[tokio::test]
async fn what_is_written_is_what_the_gem_reads() {
    let Some((server, course)) = shared().await else { return };
    course.slots_taken.add(7).await.unwrap();
    course.available_slots.decrement().await.unwrap();
    course.rating.add(4.5).await.unwrap();
    course.motto.set("first come").await.unwrap();
    course.room.set(42).await.unwrap();
    course.total.set(100).await.unwrap();
    for (key, text) in [
        ("course:42:slots_taken", "7"),
        ("course:42:available_slots", "29"),
        ("course:42:rating", "4.5"),
        ("course:42:motto", "first come"),
        ("course:42:room", "42"),
        ("course::total", "100"),
    ] {
        assert_eq!(server.raw(&["GET", key]).await, text, "{key}");
    }
    // The gem's constructor and its steps find a counter of its own kind.
    assert_eq!(server.raw(&["SETNX", "course:42:available_slots", "30"]).await, "0");
    assert_eq!(server.raw(&["DECRBY", "course:42:available_slots", "1"]).await, "28");
    assert_eq!(server.raw(&["INCRBYFLOAT", "course:42:rating", "0.25"]).await, "4.75");
    assert_eq!(server.raw(&["GETSET", "course:42:slots_taken", "0"]).await, "7");
    assert_eq!(course.motto.take().await.unwrap().as_deref(), Some("first come"));
    assert_eq!(server.raw(&["EXISTS", "course:42:motto"]).await, "0");
    for number in [i64::MIN, -1, 0, 1, i64::MAX] {
        course.slots_taken.set(number).await.unwrap();
        let text = server.raw(&["GET", "course:42:slots_taken"]).await;
        assert_eq!(text, number.to_string());
    }
}

/// As the gem's `set` fields send it: members as they are, without marshalling.
#[tokio::test]
async fn both_work_on_the_same_sets() {
    let Some((server, course)) = shared().await else { return };
    for gem in [
        &["SADD", "course:42:students", "Ada"][..],
        &["SADD", "course:42:students", "Bob", "Çiğdem", ""],
        &["SADD", "course:42:scores", "7", "-1"],
        &["EXPIRE", "course:42:students", "1000"],
    ] {
        server.raw(gem).await;
    }
    let mut students = course.students.all().await.unwrap();
    students.sort_unstable();
    assert_eq!(students, ["", "Ada", "Bob", "Çiğdem"]);
    assert!(course.scores.contains(-1).await.unwrap());
    assert_eq!(course.students.remove_many(["", "Bob"]).await.unwrap(), 2);
    assert!(course.students.add("Deniz").await.unwrap());
    for (member, there) in [("Ada", "1"), ("Çiğdem", "1"), ("Deniz", "1"), ("Bob", "0")] {
        let told = server.raw(&["SISMEMBER", "course:42:students", member]).await;
        assert_eq!(told, there, "{member}");
    }
    assert_eq!(course.scores.replace([42]).await.unwrap(), 2);
    assert_eq!(server.raw(&["SMEMBERS", "course:42:scores"]).await, "42");
    assert_eq!(course.students.replace(["Ada"]).await.unwrap(), 3);
    assert_eq!(server.raw(&["SPOP", "course:42:students"]).await, "Ada");
    assert!(course.students.is_empty().await.unwrap());
    server.raw(&["SADD", "course:42:students", "Ada"]).await;
    assert_eq!(course.students.ttl().await.unwrap(), Life::Persistent, "another set than before");
}

/// A `hash_key`: the gem sends these commands for `store`, `bulk_set`, `incrby`, `fill`, `delete`.
#[tokio::test]
async fn a_hash_of_the_gem_is_a_map() {
    let Some((server, course)) = shared().await else { return };
    let (prefs, votes) = (&course.prefs, &course.votes);
    assert_eq!(prefs.all().await.unwrap(), []);
    for gem in [
        &["HSET", "course:42:prefs", "colour", "çöğüş"][..],
        &["HMSET", "course:42:prefs", "size", "", "::odd", "x"],
        &["HINCRBY", "course:42:votes", "yes", "41"],
        &["HINCRBYFLOAT", "course:42:votes", "rating", "4.5"],
    ] {
        server.raw(gem).await;
    }
    assert_eq!(prefs.get("colour").await.unwrap().as_deref(), Some("çöğüş"));
    assert_eq!(prefs.get_many(["size", "none"]).await.unwrap(), [Some(String::new()), None]);
    let mut fields = prefs.fields().await.unwrap();
    fields.sort();
    assert_eq!(fields, ["::odd", "colour", "size"], "what others named is read");
    assert_eq!(votes.increment("yes").await.unwrap(), 42);
    assert_eq!(votes.add("rating", 0.25).await.unwrap(), 4.75);
    // And the other way round.
    assert_eq!(server.raw(&["HINCRBY", "course:42:votes", "yes", "1"]).await, "43");
    assert_eq!(server.raw(&["HINCRBYFLOAT", "course:42:votes", "rating", "0.25"]).await, "5");
    prefs.set_many([("colour", "red"), ("note", "a b")]).await.unwrap();
    assert_eq!(server.raw(&["HGET", "course:42:prefs", "colour"]).await, "red");
    assert_eq!(server.raw(&["HGET", "course:42:prefs", "note"]).await, "a b");
    assert_eq!(server.raw(&["HSETNX", "course:42:prefs", "note", "c"]).await, "0");
    assert!(prefs.remove("note").await.unwrap());
    assert_eq!(server.raw(&["HEXISTS", "course:42:prefs", "note"]).await, "0");
    // The gem's time to live is kept, also where all fields are replaced; ours comes with a write.
    server.raw(&["EXPIRE", "course:42:prefs", "1000"]).await;
    assert_eq!(prefs.replace([("only", "one")]).await.unwrap(), 3);
    assert_eq!(server.raw(&["HGETALL", "course:42:prefs"]).await, "only\none");
    for key in ["course:42:prefs", "course:42:votes"] {
        let left: u64 = server.raw(&["PTTL", key]).await.parse().unwrap();
        assert!(left > 900_000, "{key} {left}");
    }
    // With `marshal_keys` each value is a document of the gem's own: the bytes are the user's.
    let documents: Map<String, Json<Vec<u8>>> = Map::new(votes.as_ref().store(), "documents");
    server.raw(&["HSET", "documents", "a", "[1,2]"]).await;
    assert_eq!(documents.get("a").await.unwrap(), Some(Json(vec![1, 2])));
    assert!(prefs.take("only").await.unwrap().is_some());
    assert_eq!(server.raw(&["EXISTS", "course:42:prefs"]).await, "0");
}

#[tokio::test]
async fn lists_are_shared_in_their_plain_form() {
    let Some((server, course)) = shared().await else { return };
    let names = &course.names;
    let listed = async |key: &str| server.raw(&["LRANGE", key, "0", "-1"]).await;
    // `push`, `unshift`, `insert`, `[]=` and `delete` of the gem.
    for gem in [
        &["RPUSH", "course:42:names", "ada", "grace"][..],
        &["LPUSH", "course:42:names", "barbara"],
        &["LINSERT", "course:42:names", "before", "ada", ""],
        &["LSET", "course:42:names", "-1", "grete"],
    ] {
        server.raw(gem).await;
    }
    assert_eq!(names.all().await.unwrap(), ["barbara", "", "ada", "grete"]);
    assert_eq!(names.remove("").await.unwrap(), 1, "what the gem makes of nil");
    names.push_back_many(["mary", "ida"]).await.unwrap();
    names.set(0, "bjarne").await.unwrap();
    let inserted = names.insert_after("ada", "edsger").await.unwrap();
    assert_eq!(inserted, ListInserted::Inserted { len: 6 });
    assert_eq!(listed("course:42:names").await, "bjarne\nada\nedsger\ngrete\nmary\nida");
    // The gem's `pop`, `shift` and `rpoplpush`, and ours.
    assert_eq!(server.raw(&["RPOP", "course:42:names"]).await, "ida");
    assert_eq!(names.pop_front_many(2).await.unwrap(), ["bjarne", "ada"]);
    server.raw(&["RPOPLPUSH", "course:42:names", "course:42:marks"]).await;
    assert_eq!(course.marks.all_bytes().await.unwrap(), [Bytes::from("mary")]);
    server.raw(&["DEL", "course:42:marks"]).await;
    let moved = names.move_front_to(names, End::Back).await.unwrap();
    assert_eq!(moved.as_deref(), Some("edsger"));
    assert_eq!(listed("course:42:names").await, "grete\nedsger");
    // A bound of the gem is a trim behind its push; ours is in the push.
    server.raw(&["RPUSH", "course:42:marks", "1", "2", "3", "4"]).await;
    assert_eq!(course.marks.push_back(5).await.unwrap(), 3);
    assert_eq!(listed("course:42:marks").await, "3\n4\n5");
    server.raw(&["EXPIRE", "course:42:marks", "1000"]).await;
    course.marks.replace([7, 8]).await.unwrap();
    assert_eq!(listed("course:42:marks").await, "7\n8");
    assert!(matches!(course.marks.ttl().await.unwrap(), Life::Left(_)));
    course.marks.replace([] as [i64; 0]).await.unwrap();
    assert_eq!(server.raw(&["EXISTS", "course:42:marks"]).await, "0");
}

/// As the gem's `sorted_set` fields send it: members as they are, without marshalling.
#[tokio::test]
async fn both_work_on_the_same_sorted_sets() {
    let Some((server, course)) = shared().await else { return };
    for gem in [
        &["ZADD", "course:42:board", "120", "Ada"][..],
        &["ZADD", "course:42:board", "90.5", "Bob", "-0", "Çiğdem", "inf", ""],
        &["ZINCRBY", "course:42:board", "0.1", "Ada"],
        &["ZADD", "course:42:recent", "1", "7", "2", "-1"],
        &["EXPIRE", "course:42:board", "1000"],
    ] {
        server.raw(gem).await;
    }
    let expected = [("Çiğdem", 0.0), ("Bob", 90.5), ("Ada", 120.1), ("", f64::INFINITY)];
    let expected = expected.map(|(name, score)| (name.to_owned(), score));
    assert_eq!(course.board.all().await.unwrap(), expected);
    assert_eq!(course.recent.top(1).await.unwrap(), [(-1, 2.0)]);
    assert!(course.board.insert_if_greater("Bob", 1e300).await.unwrap());
    assert_eq!(course.board.add_to("Çiğdem", 0.1).await.unwrap(), Some(0.1));
    assert_eq!(course.board.pop_max().await.unwrap(), Some((String::new(), f64::INFINITY)));
    for (gem, told) in [
        (&["ZSCORE", "course:42:board", "Bob"][..], "1.0000000000000001e+300"),
        (&["ZSCORE", "course:42:board", "Çiğdem"], "0.10000000000000001"),
        (&["ZREVRANK", "course:42:board", "Ada"], "1"),
        (&["ZCARD", "course:42:board"], "3"),
        (&["ZCOUNT", "course:42:board", "(0.1", "+inf"], "2"),
    ] {
        assert_eq!(server.raw(gem).await, told, "{gem:?}");
    }
    assert!(matches!(course.board.ttl().await.unwrap(), Life::Left(_)));
    // The gem's own stored forms, and ours of what is no sorted set.
    server.raw(&["SADD", "course:42:recent2", "7", "8"]).await;
    server
        .raw(&["ZUNIONSTORE", "course:42:recent", "2", "course:42:recent", "course:42:recent2"])
        .await;
    assert_eq!(course.recent.all().await.unwrap(), [(8, 1.0), (-1, 2.0), (7, 2.0)]);
    assert_eq!(course.recent.replace([(42, 0.5)]).await.unwrap(), 3);
    assert_eq!(
        server.raw(&["ZRANGE", "course:42:recent", "0", "-1", "WITHSCORES"]).await,
        "42\n0.5"
    );
}

#[tokio::test]
async fn both_count_the_same_counter_at_once() {
    let Some((server, course)) = shared().await else { return };
    let ours = tokio::spawn({
        let taken = course.slots_taken.clone();
        async move {
            for _ in 0..200 {
                taken.increment().await.unwrap();
            }
        }
    });
    for _ in 0..200 {
        server.raw(&["INCRBY", "course:42:slots_taken", "1"]).await;
    }
    ours.await.unwrap();
    assert_eq!(course.slots_taken.get().await.unwrap(), 400);
}

#[tokio::test]
async fn a_time_to_live_that_the_gem_set_is_kept_by_every_write() {
    let Some((server, course)) = shared().await else { return };
    let (slots, motto) = (&course.slots_taken, &course.motto);
    server.raw(&["SET", "course:42:slots_taken", "1", "EX", "1000"]).await;
    server.raw(&["SET", "course:42:motto", "text", "EX", "1000"]).await;
    slots.increment().await.unwrap();
    slots.add(-5).await.unwrap();
    let bounded = slots.clone().with_bounds(..=30);
    assert!(bounded.try_increment().await.unwrap().stepped().is_some());
    slots.set(7).await.unwrap();
    slots.swap(8).await.unwrap();
    assert_eq!(slots.increment_with(async |_| None::<()>).await.unwrap(), Ran::Undone(()));
    motto.set("other").await.unwrap();
    motto.swap("third").await.unwrap();
    assert!(motto.replace_if(&"third".to_owned(), "fourth").await.unwrap());
    assert!(!motto.set_if_absent("fifth").await.unwrap());
    let long = Duration::from_secs(900);
    for life in [slots.ttl().await.unwrap(), motto.ttl().await.unwrap()] {
        assert!(matches!(life, Life::Left(left) if left > long), "{life:?}");
    }
    let beside = server.raw(&["PTTL", "course:42:slots_taken:epoch"]).await;
    assert!(beside.parse::<u64>().unwrap() > 900_000, "what stands beside lives as long: {beside}");
}

#[tokio::test]
async fn a_limit_is_kept_by_us_and_by_nobody_else() {
    let Some((server, course)) = shared().await else { return };
    server.raw(&["SET", "course:42:available_slots", "0"]).await;
    let refused = course.available_slots.try_decrement().await.unwrap();
    assert_eq!(refused, Tried::OutOfBounds { value: 0 });
    // The gem knows no bounds. From outside, steps towards them are allowed.
    server.raw(&["DECRBY", "course:42:available_slots", "3"]).await;
    assert_eq!(course.available_slots.increment().await.unwrap(), -2);
}

#[tokio::test]
async fn a_counter_that_the_gem_sets_inside_a_block_is_stepped_back_all_the_same() {
    let Some((server, course)) = shared().await else { return };
    let gem_resets = async |_| {
        server.raw(&["SET", "course:42:slots_taken", "0"]).await;
        None::<()>
    };
    let ran = course.slots_taken.increment_with(gem_resets).await.unwrap();
    assert_eq!(ran, Ran::Undone(()));
    // As the gem's own blocks do: it does not know of epochs. With `reset` of ours it would be 0.
    assert_eq!(course.slots_taken.get().await.unwrap(), -1);
}

/// Fields whose keys somebody else chose: in the gem `key: 'legacy:#{id}:seats'`, and
/// `key: 'legacy_total', global: true`.
#[derive(Objects)]
#[exactly(name = "course")]
struct Legacy {
    #[exactly(alone = "legacy:{id}:seats")]
    seats: Counter,
    #[exactly(alone = "legacy_total", global)]
    total: Counter,
}

#[tokio::test]
async fn keys_that_were_chosen_by_hand_are_met_too() {
    for (style, seats, total) in [
        (KeyStyle::RedisObjects, "legacy:42:seats", "legacy_total"),
        (KeyStyle::Tagged, "{legacy%3A42%3Aseats}", "{legacy_total}"),
    ] {
        let Some((server, store)) = store(style).await else { return };
        let course = Legacy::at(&store, 42);
        server.raw(&["SET", seats, "7"]).await;
        assert_eq!(course.seats.increment().await.unwrap(), 8);
        assert_eq!(course.total.increment().await.unwrap(), 1);
        assert_eq!(server.raw(&["GET", total]).await, "1");
        assert_eq!(course.delete_all().await.unwrap(), 1);
        assert_eq!(server.raw(&["KEYS", "*legacy*"]).await, total);
    }
}

#[cfg(feature = "compressed")]
#[tokio::test]
async fn what_the_gem_compressed_is_read() {
    use exactly::Compressed;
    let Some((server, store)) = store(KeyStyle::RedisObjects).await else { return };
    // `Zlib::Deflate.deflate("first come")`, as `value :motto, compress: true` sends it.
    let packed = "\\120\\156\\75\\203\\44\\42\\46\
                  \\81\\72\\206\\207\\77\\5\\0\\21\\220\\3\\237";
    let set = format!("return redis.call('SET', KEYS[1], '{packed}')");
    server.raw(&["EVAL", &set, "1", "motto"]).await;
    let motto: Value<Compressed<String>> = Value::new(&store, "motto");
    assert_eq!(**motto.get().await.unwrap().unwrap(), *"first come");
    let written = motto.get_bytes().await.unwrap();
    motto.set(Compressed("first come".to_owned())).await.unwrap();
    assert_eq!(motto.get_bytes().await.unwrap(), written);
}

#[tokio::test]
async fn what_stands_beside_an_object_comes_and_goes_with_it() {
    let Some((server, course)) = shared().await else { return };
    course.slots_taken.increment().await.unwrap();
    assert_eq!(server.raw(&["KEYS", "course*"]).await, "course:42:slots_taken");
    let ran = course.slots_taken.increment_with(async |_| Some(())).await.unwrap();
    assert!(ran.is_kept());
    course.seats.take(1).await.unwrap().held().unwrap().keep();
    for key in ["course:42:slots_taken:epoch", "course:42:seats", "course:42:seats:leases"] {
        assert_eq!(server.raw(&["EXISTS", key]).await, "1", "{key}");
    }
    course.delete_all().await.unwrap();
    assert_eq!(server.raw(&["KEYS", "course*"]).await, "");
}

/// In this style a name may be that of another object with more behind it.
#[tokio::test]
async fn what_only_looks_as_if_it_stood_beside_stays() {
    let Some((server, store)) = store(KeyStyle::RedisObjects).await else { return };
    let user: List<String> = List::new(&store, "user:7");
    let other: List<String> = List::new(&store, "user:8");
    for beside in ["leases", "waiting", "dead", "unique"] {
        server.raw(&["SADD", &format!("user:7:{beside}"), "theirs"]).await;
        server.raw(&["SADD", &format!("user:8:{beside}"), "theirs"]).await;
    }
    user.push_back("ada").await.unwrap();
    other.push_back("bob").await.unwrap();
    user.expire(Duration::from_secs(3600)).await.unwrap();
    user.rename_over("user:8").await.unwrap();
    other.delete().await.unwrap();
    for beside in ["leases", "waiting", "dead", "unique"] {
        for user in ["user:7", "user:8"] {
            let key = format!("{user}:{beside}");
            assert_eq!(server.raw(&["TTL", &key]).await, "-1", "{key}");
        }
    }
}

/// Ids that have colons, braces, blanks or letters of other alphabets, as the server sees them.
const ODD_IDS: [(&str, &str, &str); 7] = [
    ("4:2", "shop:{course:4%3A2}:motto", "shop:course:4:2:motto"),
    ("{42}", "shop:{course:%7B42%7D}:motto", "shop:course:{42}:motto"),
    ("a b", "shop:{course:a b}:motto", "shop:course:a b:motto"),
    ("çöğüş-课程", "shop:{course:çöğüş-课程}:motto", "shop:course:çöğüş-课程:motto"),
    ("50%", "shop:{course:50%25}:motto", "shop:course:50%:motto"),
    ("*?[a]", "shop:{course:*?[a]}:motto", "shop:course:*?[a]:motto"),
    ("line\nend", "shop:{course:line%0Aend}:motto", "shop:course:line\nend:motto"),
];

#[tokio::test]
async fn odd_ids_are_names_of_their_own_in_both_styles() {
    for style in [KeyStyle::Tagged, KeyStyle::RedisObjects] {
        let Some((server, _)) = store(style).await else { return };
        let options = Options::new().key_style(style);
        let store = Store::builder().namespace("shop").redis(options);
        let store = store.open(&server.url()).await.unwrap();
        for (id, ..) in ODD_IDS {
            Course::at(&store, id).motto.set(id).await.unwrap();
        }
        for (id, tagged, plain) in ODD_IDS {
            let key = if style == KeyStyle::Tagged { tagged } else { plain };
            assert_eq!(server.raw(&["GET", key]).await, id, "{key}");
            assert_eq!(Course::at(&store, id).motto.get().await.unwrap().as_deref(), Some(id));
        }
        assert_eq!(server.raw(&["KEYS", "shop:*"]).await.matches("motto").count(), ODD_IDS.len());
    }
}

#[tokio::test]
async fn the_style_is_chosen_by_the_url_too() {
    let Some((server, course)) = shared().await else { return };
    let url = format!("{}?key_style=redis-objects", server.url());
    let other = Course::at(&Store::open(&url).await.unwrap(), 42);
    other.slots_taken.increment().await.unwrap();
    assert_eq!(course.slots_taken.get().await.unwrap(), 1);
    let tagged = Course::at(&Store::open(&server.url()).await.unwrap(), 42);
    assert_eq!(tagged.slots_taken.get().await.unwrap(), 0, "the styles do not meet");
    // The one server behind them is nothing that two stores know of each other.
    assert!(course.slots_taken.rename_to(&other.total).await.unwrap_err().is_misuse());
    assert_eq!(course.slots_taken.rename_to(&course.total).await.unwrap(), Renamed::Renamed);
    assert_eq!(server.raw(&["GET", "course::total"]).await, "1");
}
