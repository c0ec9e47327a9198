//! The Lua that the server runs, put together from parts.
//!
//! One script for each combination of kinds that batches need, and one for plain additions. A part
//! that is not needed is left out, because Lua makes every function anew each time a script runs.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;
use sha1_smol::Sha1;

const PRELUDE: &str = include_str!("prelude.lua");
const TOKEN: &str = include_str!("token.lua");
const STEPS: &str = include_str!("steps.lua");
const SCALAR: &str = include_str!("scalar.lua");
const NUMBER: &str = include_str!("number.lua");
const APPLY: &str = include_str!("apply.lua");
const ADD: &str = include_str!("add.lua");
const OWN: &str = include_str!("own.lua");
const FOLD: &str = include_str!("fold.lua");
const FOLD_MANY: &str = include_str!("fold_many.lua");
const FOLD_SET: &str = include_str!("../operations/set/fold.lua");
const FOLD_SORTED_SET: &str = include_str!("../operations/sorted_set/fold.lua");
const FOLD_MAP: &str = include_str!("../operations/map/fold.lua");
const TEXTS: &str = include_str!("texts.lua");
const COUNTER: &str = include_str!("../operations/counter.lua");
const VALUE: &str = include_str!("../operations/value.lua");
const FLAG: &str = include_str!("../operations/flag.lua");
const CAPACITY: &str = include_str!("../operations/capacity.lua");
const LIST: &str = include_str!("../operations/list.lua");
const SET: &str = include_str!("../operations/set.lua");
const SORTED_SET: &str = include_str!("../operations/sorted_set.lua");
const MAP: &str = include_str!("../operations/map.lua");
const LOCK: &str = include_str!("../operations/lock.lua");
const LIMITER: &str = include_str!("../operations/limiter.lua");
const QUEUE: &str = include_str!("../operations/queue.lua");
const ONCE: &str = include_str!("../operations/once.lua");
const COLLECTION: &str = include_str!("collection.lua");
const OBJECT: &str = include_str!("../operations/key.lua");

/// A part of a script: what one kind needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Counter,
    Value,
    Flag,
    Capacity,
    List,
    Set,
    SortedSet,
    Map,
    Lock,
    Limiter,
    Queue,
    Once,
    Object,
}

/// A script and the name under which the server remembers it.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) text: String,
    pub(crate) sha: String,
}

impl Script {
    fn new(text: String) -> Self {
        let sha = Sha1::from(text.as_bytes()).digest().to_string();
        Self { text, sha }
    }

    /// The script for batches with operations of these kinds.
    pub(crate) fn of(parts: &BTreeSet<Part>) -> Arc<Self> {
        type Made = Vec<(BTreeSet<Part>, Arc<Script>)>;
        static MADE: LazyLock<Mutex<Made>> = LazyLock::new(Mutex::default);
        let mut made = MADE.lock();
        if let Some((_, script)) = made.iter().find(|(known, _)| known == parts) {
            return Arc::clone(script);
        }
        let script = Arc::new(Self::new(apply(parts)));
        made.push((parts.clone(), Arc::clone(&script)));
        script
    }

    /// The script that knows every kind.
    #[cfg(test)]
    pub(crate) fn of_all_kinds() -> Arc<Self> {
        let scalars = [Part::Counter, Part::Value, Part::Flag];
        let collections = [Part::List, Part::Set, Part::SortedSet, Part::Map];
        let leased = [Part::Capacity, Part::Lock, Part::Limiter, Part::Queue, Part::Once];
        let all = leased.into_iter().chain([Part::Object]).chain(scalars).chain(collections);
        Self::of(&all.collect())
    }

    /// The script that reads many texts.
    pub(crate) fn texts() -> Arc<Self> {
        static TEXTS_READ: LazyLock<Arc<Script>> =
            LazyLock::new(|| Arc::new(Script::new(TEXTS.to_owned())));
        Arc::clone(&TEXTS_READ)
    }

    /// The script that gives a key another name.
    pub(crate) fn migrate() -> Arc<Self> {
        static MIGRATE: LazyLock<Arc<Script>> =
            LazyLock::new(|| Arc::new(Script::new(include_str!("migrate.lua").to_owned())));
        Arc::clone(&MIGRATE)
    }

    /// A script of the user's own. Its text stands on the first line, so that the lines that errors
    /// name are its own.
    pub(crate) fn own(text: &str) -> Self {
        Self::new(OWN.replace("--TEXT--", text))
    }

    /// The script for writes of one element each to objects of this kind, if there is one.
    pub(crate) fn fold(kind: Part) -> Option<Arc<Self>> {
        static SETS: LazyLock<Arc<Script>> = LazyLock::new(|| fold(Part::Set, FOLD_SET));
        static MAPS: LazyLock<Arc<Script>> = LazyLock::new(|| fold(Part::Map, FOLD_MAP));
        static SORTED_SETS: LazyLock<Arc<Script>> =
            LazyLock::new(|| fold(Part::SortedSet, FOLD_SORTED_SET));
        match kind {
            Part::Set => Some(Arc::clone(&SETS)),
            Part::Map => Some(Arc::clone(&MAPS)),
            Part::SortedSet => Some(Arc::clone(&SORTED_SETS)),
            Part::Counter | Part::Value | Part::Flag | Part::Capacity | Part::List => None,
            Part::Lock | Part::Limiter | Part::Queue | Part::Once | Part::Object => None,
        }
    }

    /// The script for plain additions.
    pub(crate) fn add() -> Arc<Self> {
        static ADDS: LazyLock<Arc<Script>> = LazyLock::new(|| {
            let exact = [STEPS, SCALAR, NUMBER, COUNTER].join("\n");
            let add = ADD.replace("--EXACT--", &exact);
            Arc::new(Script::new([PRELUDE, TOKEN, &add].join("\n")))
        });
        Arc::clone(&ADDS)
    }
}

fn fold(kind: Part, lua: &str) -> Arc<Script> {
    let text = FOLD.replace("--KIND--", lua).replace("--MANY--", FOLD_MANY);
    let text = text.replace("--IN FULL--", &steps(&BTreeSet::from([kind])));
    Arc::new(Script::new([PRELUDE, TOKEN, &text].join("\n")))
}

fn apply(parts: &BTreeSet<Part>) -> String {
    [PRELUDE, TOKEN, &steps(parts)].join("\n")
}

/// What the script of these kinds has beside the token.
fn steps(parts: &BTreeSet<Part>) -> String {
    let mut text = vec![STEPS];
    if parts.iter().any(|part| matches!(part, Part::Counter | Part::Value | Part::Flag)) {
        text.push(SCALAR);
    }
    if parts.iter().any(|part| matches!(part, Part::Counter | Part::Map)) {
        text.push(NUMBER);
    }
    let collections = [Part::List, Part::Set, Part::SortedSet, Part::Map];
    if collections.iter().any(|part| parts.contains(part)) {
        text.push(COLLECTION);
    }
    let mut kinds = String::from("local kinds = {");
    for part in parts {
        let (lua, named) = match part {
            Part::Counter => (
                COUNTER,
                "counter = function(...) return counter(integer, ...) end, \
                 float = function(...) return counter(real, ...) end,",
            ),
            Part::Value => (VALUE, "value = value,"),
            Part::Flag => (FLAG, "flag = flag,"),
            Part::Capacity => (CAPACITY, "capacity = capacity,"),
            Part::List => (LIST, "list = list,"),
            Part::Set => (SET, "set = set,"),
            Part::SortedSet => (SORTED_SET, "sorted = sorted_set,"),
            Part::Map => (MAP, "map = map,"),
            Part::Lock => (LOCK, "lock = lock,"),
            Part::Limiter => (LIMITER, "limiter = limiter,"),
            Part::Queue => (QUEUE, "queue = queue,"),
            Part::Once => (ONCE, "once = once,"),
            Part::Object => (OBJECT, "object = object,"),
        };
        text.push(lua);
        kinds.push_str(named);
    }
    kinds.push('}');
    text.extend([kinds.as_str(), APPLY]);
    text.join("\n")
}
