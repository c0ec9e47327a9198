//! What each call becomes on the wire, and what its script runs there: the page `WIRE.md` of the
//! Redis engine, as a server's `MONITOR` tells it.
//!
//! After a change that is meant: `EXACTLY_WIRE=write cargo test -p exactly --test wire`.
#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::net::TcpStream;
use std::time::{Duration, UNIX_EPOCH};

use exactly::{
    Capacity, Counter, End, Flag, List, Lock, Map, Objects, Set, SortedSet, Store, Token, Value,
};
use exactly_conformance::servers::{Flavour, Redis, skipped};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../exactly-redis/WIRE.md");

const OPENING: &str = "\
# On the wire

What each call sends, as a server's `MONITOR` tells it: indented once what was sent, indented twice
what a script runs. Every call that writes reads the record of its session's last batch first
(`exactly:session:S:0`), and writes its own with the effect: sent again, it is answered and not run.
`RECORD` is the number of the batch, its fingerprint and its reply; `HOLD` the id of a hold, of a
lock too, `EPOCH` that of a counter's life, `FENCE` that of a lock, `TIME` a time in microseconds.
The arguments of scripts are left out. `{visits}::{epoch,leases}` are two keys, `{visits}::epoch`
and `{visits}::leases`: a call declares all that may stand beside objects of its kind.

A test writes this page, and fails when it is no longer true.
";

#[derive(Objects)]
#[exactly(name = "course")]
struct Course {
    taken: Counter,
    #[exactly(min = 0, max = 30)]
    limited: Counter,
    rating: Counter<f64>,
    #[exactly(limit = 30, lease = "30s")]
    seats: Capacity,
    motto: Value<String>,
    closed: Flag,
    #[exactly(ttl = "1h")]
    fresh: Counter,
    lock: Lock,
}

#[derive(Objects)]
#[exactly(name = "course")]
struct Lists {
    todo: List<String>,
    doing: List<String>,
    #[exactly(limit = 3, ttl_sliding = "1h")]
    recent: List<String>,
}

#[derive(Objects)]
#[exactly(name = "course")]
struct Sets {
    students: Set<String>,
    #[exactly(limit = 30, ttl = "1h")]
    guests: Set<String>,
}

#[derive(Objects)]
#[exactly(name = "course")]
struct SortedSets {
    board: SortedSet<String>,
    #[exactly(limit = 2)]
    best: SortedSet<String>,
}

#[derive(Objects)]
#[exactly(name = "course")]
struct Maps {
    grades: Map<String, i64>,
    #[exactly(limit = 30, ttl = "1h")]
    visits: Map<String, i64>,
}

/// The server's log of what it is told.
struct Monitor {
    lines: BufReader<TcpStream>,
}

impl Monitor {
    fn of(server: &Redis) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(b"MONITOR\r\n").unwrap();
        let mut monitor = Self { lines: BufReader::new(stream) };
        assert_eq!(monitor.line(), "+OK");
        monitor
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// What was told since the last mark: who said it, and the words.
    async fn since(&mut self, server: &Redis) -> Vec<(bool, Vec<String>)> {
        server.raw(&["ECHO", "a mark"]).await;
        let mut told = Vec::new();
        loop {
            let line = self.line();
            let (head, words) = line.split_once("] ").unwrap();
            if words.contains("a mark") {
                return told;
            }
            // The question's own login, and the commands that open a connection, are not ours.
            if !words.starts_with("\"AUTH\"") {
                let words = &words[1..words.len() - 1];
                let words = words.split("\" \"").map(str::to_owned).collect();
                told.push((head.ends_with(" lua"), words));
            }
        }
    }
}

/// A word without what is different each time.
fn lasting(word: &str) -> &str {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let hexadecimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match word.len() {
        0 => "\"\"",
        _ if word.starts_with("exactly:session:") => "exactly:session:S:0",
        53.. if digits(&word[..20]) && hexadecimal(&word[20..52]) => "RECORD",
        32 if hexadecimal(word) => "HOLD",
        16 if digits(word) => "TIME",
        19 if digits(word) => "FENCE",
        20 if digits(&word[1..]) => "xFENCE",
        17 if digits(&word[1..]) => "-TIME",
        _ => word,
    }
}

/// Several keys that stand beside one object as one word: `{visits}::{epoch,leases}`.
fn shortened(words: &[&str]) -> Vec<String> {
    let mut short: Vec<(&str, Vec<&str>)> = Vec::new();
    for word in words {
        match (word.rsplit_once("::"), short.last_mut()) {
            (Some((object, beside)), Some((last, kept))) if *last == object && !kept.is_empty() => {
                kept.push(beside);
            }
            (Some((object, beside)), _) if word.starts_with('{') => {
                short.push((object, vec![beside]));
            }
            (Some(_) | None, _) => short.push((word, Vec::new())),
        }
    }
    let word = |(object, beside): (&str, Vec<&str>)| match beside.as_slice() {
        [] => object.to_owned(),
        [only] => format!("{object}::{only}"),
        several => format!("{object}::{{{}}}", several.join(",")),
    };
    short.into_iter().map(word).collect()
}

fn render(told: &[(bool, Vec<String>)]) -> String {
    let mut page = String::new();
    for (in_script, words) in told {
        let mut words: Vec<_> = words.iter().map(|word| lasting(word)).collect();
        if words[0] == "SET" && words[1].ends_with("::epoch") {
            words[2] = "EPOCH";
        }
        if words[0] == "EVALSHA" {
            let keys: usize = words[2].parse().unwrap();
            words.truncate(3 + keys);
            words.splice(1..3, ["script"]);
        }
        let indent = if *in_script { "        " } else { "    " };
        writeln!(page, "{indent}{}", shortened(&words).join(" ")).unwrap();
    }
    page
}

/// Makes calls and writes down what each of them sent.
macro_rules! calls {
    ($page:ident, $monitor:ident, $server:ident, $store:ident, $title:literal: $($call:expr;)+) => {
        writeln!($page, "\n## {}\n\n```text", $title).unwrap();
        let mut between = "";
        $(
            {
                let _answer = $call.await.unwrap();
                let told = $monitor.since($server).await;
                let call = stringify!($call).replace('\n', " ");
                write!($page, "{between}{call}\n{}", render(&told)).unwrap();
                between = "\n";
            }
            // A hold that was dropped is not what was called.
            $store.settle().await;
            $monitor.since($server).await;
        )+
        assert_eq!(between, "\n");
        $page.push_str("```\n");
    };
}

/// All calls on the objects of this id.
async fn page(server: &Redis, store: &Store, id: u32) -> String {
    let Course { taken, limited, rating, seats, motto, closed, fresh, lock } =
        Course::at(store, id);
    let mut monitor = Monitor::of(server);
    let mut page = OPENING.to_owned();
    let job = Token::caller(format!("job-{id}"), Duration::from_secs(3600)).unwrap();
    calls! { page, monitor, server, store, "Counter":
        taken.get();
        taken.increment();
        taken.increment().at_most_once();
        taken.add(5).token(job);
        limited.try_increment();
        rating.add(0.5);
        taken.set(7);
        taken.swap(8);
        taken.increment_with(async |taken| Some(taken));
        taken.increment_with(async |_| None::<()>);
        fresh.increment();
    }
    let id_of = async |seats: &Capacity| seats.take(1).await.unwrap().held().unwrap().keep();
    let [one, two] = [id_of(&seats).await, id_of(&seats).await];
    monitor.since(server).await;
    calls! { page, monitor, server, store, "Capacity":
        seats.levels();
        seats.take(1);
        seats.hold(one).extend(Duration::from_secs(60));
        seats.hold(one).confirm();
        seats.hold(two).release();
        seats.give_back(1);
        seats.resize(40);
    }
    calls! { page, monitor, server, store, "Lock":
        lock.acquire();
        lock.with(async |_| ());
        lock.holders();
    }
    let guard = lock.acquire().await.unwrap().held().unwrap();
    monitor.since(server).await;
    calls! { page, monitor, server, store, "Under a lock":
        lock.try_acquire();
        taken.increment().requiring(&guard);
        guard.release();
    }
    calls! { page, monitor, server, store, "Value":
        motto.get();
        motto.set("first");
        motto.set_if_absent("second");
        motto.swap("third");
        motto.replace_if(&"third".to_owned(), "fourth");
        motto.take();
    }
    calls! { page, monitor, server, store, "Flag":
        closed.is_marked();
        closed.mark_if_unmarked();
        closed.mark_for(Duration::from_secs(60));
        closed.clear();
    }
    let to = (&mut page, &mut monitor);
    Lists::at(store, id).page(to, server, store).await;
    let to = (&mut page, &mut monitor);
    Sets::at(store, id).page(to, server, store).await;
    let to = (&mut page, &mut monitor);
    Maps::at(store, id).page(to, server, store).await;
    let to = (&mut page, &mut monitor);
    SortedSets::at(store, id).page(to, server, store).await;
    calls! { page, monitor, server, store, "Many objects at once":
        store.read((&taken, &rating, &motto, &closed));
        store.read([1, 2, 3].map(|id| Course::at(store, id).taken));
        store.read((&taken, &seats));
    }
    calls! { page, monitor, server, store, "Every object":
        taken.exists();
        taken.ttl();
        taken.kind();
        taken.expire(Duration::from_secs(60));
        taken.expire_at(UNIX_EPOCH + Duration::from_secs(4_000_000_000));
        taken.persist();
        taken.rename_over(&limited);
        limited.delete();
    }
    page
}

/// Where a part of the page goes.
type To<'a> = (&'a mut String, &'a mut Monitor);

impl Lists {
    async fn page(self, (page, monitor): To<'_>, server: &Redis, store: &Store) {
        let Self { todo, doing, recent } = self;
        calls! { page, monitor, server, store, "List":
            todo.push_back("a");
            todo.push_back_many(["b", "c", "d"]);
            todo.push_back("e").at_most_once();
            recent.push_front_many(["a", "b", "c", "d"]);
            recent.try_push_back("e");
            todo.len();
            todo.get(1);
            todo.range(1..3);
            todo.contains("c");
            todo.pop_front();
            todo.pop_front().at_most_once();
            todo.pop_back_wait(Duration::from_secs(60));
            todo.move_front_to(&doing, End::Back);
            todo.set(0, "x");
            todo.insert_after("x", "y");
            todo.remove("x");
            todo.trim(..1);
            todo.replace(["a", "b"]);
            todo.replace([] as [&str; 0]);
        }
    }
}

impl Sets {
    async fn page(self, (page, monitor): To<'_>, server: &Redis, store: &Store) {
        let Self { students, guests } = self;
        calls! { page, monitor, server, store, "Set":
            students.add("ada");
            students.add_many(["ada", "bob", "cem"]).at_most_once();
            guests.try_add("ada");
            students.contains("ada");
            students.contains_many(["ada", "dan"]);
            students.len();
            students.all();
            students.pages(100).next_page();
            students.random();
            students.move_to("cem", &guests);
            students.union([&guests]);
            students.store_intersection([&students, &guests]);
            students.replace(["ada"]);
            guests.remove("ada");
            students.pop();
            guests.replace([] as [String; 0]);
        }
    }
}

impl SortedSets {
    async fn page(self, (page, monitor): To<'_>, server: &Redis, store: &Store) {
        let Self { board, best } = self;
        calls! { page, monitor, server, store, "SortedSet":
            board.insert("Ada", 1.5);
            board.insert_many([("Bob", 2.0), ("Cem", 3.0), ("Ada", 0.1 + 0.2)]);
            board.insert_if_greater("Ada", 4.0);
            board.insert_if_absent("Bob", 4.0).at_most_once();
            board.add_to("Ada", 0.5);
            board.add_to("Ada", 0.5).at_most_once();
            best.insert_many([("Ada", 1.0), ("Bob", 2.0)]);
            best.insert("Cem", 3.0);
            best.add_to("Didem", 1.0);
            board.score("Ada");
            board.scores(["Ada", "Bob"]);
            board.len();
            board.rev_rank("Ada");
            board.top(10);
            board.range_by_score(1.0..4.0);
            board.rev_range_by_score_part(.., 1000, 10);
            board.count(1.0..=4.0);
            board.pages(2).next_page();
            board.union([&best]);
            best.store_union([(&board, 1.0), (&best, 0.5)]);
            best.replace([("Ada", 1.0)]);
            best.pop_max();
            board.remove("Cem");
            board.remove_by_score(..2.0);
            board.remove_range(1..);
            board.pop_min().at_most_once();
        }
        let mut pages = board.pages(1);
        for name in ["Ada", "Bob"] {
            board.insert(name, 1.0).await.unwrap();
        }
        pages.next_page().await.unwrap();
        monitor.since(server).await;
        calls! { page, monitor, server, store, "A page of a SortedSet":
            pages.next_page();
        }
    }
}

impl Maps {
    async fn page(self, (page, monitor): To<'_>, server: &Redis, store: &Store) {
        let Self { grades, visits } = self;
        calls! { page, monitor, server, store, "Map":
            grades.get("ada");
            grades.get_many(["ada", "alan"]);
            grades.contains("ada");
            grades.len();
            grades.set("ada", 1);
            visits.set("ada", 1);
            grades.set_many([("ada", 2), ("alan", 3)]);
            grades.set_if_absent("emmy", 4);
            grades.fill([("ada", 9), ("kurt", 5)]);
            grades.get_or_set("kurt", 9);
            grades.add("kurt", 1);
            visits.try_add("alan", 0.5);
            grades.replace_if("kurt", &6, 7);
            grades.remove_if("kurt", &7);
            grades.update("ada", |grade| grade.unwrap_or(0) + 1);
            grades.all();
            grades.fields();
            grades.pages(100).next_page();
            grades.take("ada");
            grades.remove_many(["alan", "emmy"]);
            grades.replace([("ada", 1)]);
            visits.replace([("ada", 1)]);
        }
    }
}

#[tokio::test]
async fn the_page_of_the_wire_is_what_the_server_is_told() {
    if Flavour::Redis7.missing().is_some_and(|why| !skipped(&why)) {
        return;
    }
    let server = Redis::start(Flavour::Redis7).await;
    let store = Store::open(&format!("{}?connections=1", server.url())).await.unwrap();
    // The first time the server does not know the scripts yet.
    page(&server, &store, 1).await;
    let told = page(&server, &store, 42).await;
    if std::env::var_os("EXACTLY_WIRE").is_some_and(|how| how == "write") {
        std::fs::write(PAGE, &told).unwrap();
    }
    let written = std::fs::read_to_string(PAGE).unwrap();
    for (told, written) in told.lines().zip(written.lines()) {
        assert_eq!(told, written, "EXACTLY_WIRE=write cargo test -p exactly --test wire");
    }
    assert_eq!(told, written);
}
