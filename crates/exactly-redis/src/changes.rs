//! Waiting for a key to change: the server tells, by invalidating what was read.
//!
//! A connection of its own has tracking switched on. Reading a key there makes the server push a
//! message at its next change, whoever changes it and how, its expiry included. What ends by time
//! without a change, a lease or a delay, is waited for by the clock. Where the server pushes
//! nothing (an older one, RESP2, a connection that was given), the key is looked at again now and
//! then.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use exactly_core::{Fault, Key, Mark};
use parking_lot::Mutex;
use redis::{Pipeline, PushInfo, PushKind, Value};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::connection::{Asked, Dial, Open};
use crate::heard::Heard;
use crate::names::{Companion, KeyStyle};
use crate::shared::Shared;

/// How often a key is looked at where the server pushes nothing.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// How many keys are remembered for those who come back to wait on.
const REMEMBERED_MAX: usize = 65_536;
/// How long a wait goes on without a look, for a push that is lost.
const LONGEST: Duration = Duration::from_secs(10);

/// From here on a score is the end of a lease, in microseconds.
const LEASES: i64 = 100_000_000_000_000;
/// The end of a place in the line of a lock is so much less than the time, so that it is negative.
const PLACES: i64 = 1 << 53;

/// Who waits for what.
pub(crate) struct Changes {
    dial: Dial,
    style: KeyStyle,
    awaited: Arc<Mutex<Awaited>>,
    tracking: Shared<Tracking>,
}

/// The keys somebody waits for, by their name on the server.
#[derive(Default)]
struct Awaited {
    /// Of the last mark given; each is given once, so no two states share one.
    last: u64,
    keys: HashMap<Vec<u8>, watch::Sender<u64>>,
}

#[derive(Clone)]
struct Tracking {
    open: Open,
    pushes: bool,
}

impl Awaited {
    fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// The key has changed, as far as can be known.
    fn bump(&mut self, name: &[u8]) {
        let mark = self.next();
        let Some(key) = self.keys.get(name) else { return };
        if key.receiver_count() == 0 {
            // Whoever comes back gets another mark, and so learns of it.
            self.keys.remove(name);
        } else {
            key.send_replace(mark);
        }
    }

    fn bump_all(&mut self) {
        let names: Vec<_> = self.keys.keys().cloned().collect();
        names.iter().for_each(|name| self.bump(name));
    }
}

impl Changes {
    pub(crate) fn new(dial: Dial, style: KeyStyle) -> Self {
        let tracking = Shared::new(None, |tracking: &Tracking| tracking.open.is_open());
        Self { dial, style, awaited: Arc::default(), tracking }
    }

    pub(crate) async fn changed(&self, key: &Key, since: Mark) -> Result<Mark, Fault> {
        let mut name = Vec::new();
        self.style.write(key, &mut name);
        let mut marks = self.join(&name);
        loop {
            // Looked at first: the server pushes only to those who have read.
            let before = *marks.borrow_and_update();
            let rest = self.look(key).await?;
            if Mark::new(before) != since {
                return Ok(Mark::new(before));
            }
            let changed = timeout(rest, marks.changed()).await;
            if changed.is_err() {
                // By time, or unheard: a look too many harms nobody.
                self.awaited.lock().bump(&name);
            }
        }
    }

    /// The marks of the key. It is remembered when its last waiter goes, because between two waits
    /// a caller looks at what has changed.
    fn join(&self, name: &[u8]) -> watch::Receiver<u64> {
        let mut awaited = self.awaited.lock();
        if let Some(key) = awaited.keys.get(name) {
            return key.subscribe();
        }
        if awaited.keys.len() >= REMEMBERED_MAX {
            awaited.keys.retain(|_, key| key.receiver_count() > 0);
        }
        let (key, marks) = watch::channel(awaited.next());
        awaited.keys.insert(name.to_vec(), key);
        marks
    }

    /// Reads the key, so that its next change is told, and says how long to wait for that.
    async fn look(&self, key: &Key) -> Result<Duration, Fault> {
        let Tracking { mut open, pushes } = self.tracking.get(|| Box::pin(self.track())).await?;
        let [leases, waiting] = [Companion::Leases, Companion::Waiting].map(|companion| {
            let mut name = Vec::new();
            self.style.write_companion(key, companion, &mut name);
            name
        });
        let mut main = Vec::new();
        self.style.write(key, &mut main);
        let mut asked = Pipeline::new();
        asked.cmd("EXISTS").arg(&main).cmd("PTTL").arg(&main).cmd("TIME");
        asked.cmd("ZRANGE").arg(&leases).arg("0").arg("0").arg("WITHSCORES");
        // A lock has the line in front of the leases, and the ends of places in front of that.
        asked.cmd("ZRANGEBYSCORE").arg(&leases).arg(LEASES).arg("+inf").arg("WITHSCORES");
        asked.arg("LIMIT").arg("0").arg("1");
        asked.cmd("ZRANGE").arg(&waiting).arg("-1").arg("-1").arg("WITHSCORES");
        let answers = self.ask(&mut open, asked).await?;
        let [_, left, time, first, lease, last] = answers.as_slice() else {
            return Ok(LOOK_AGAIN);
        };
        let now = time.micros();
        // Those that wait are told in the order in which they are ready: where the last one is not
        // yet, the first that is not is worth another question.
        let delayed = match (moment(last), now) {
            (Some(last), Some(now)) if last > now => {
                let mut asked = Pipeline::new();
                let after = format!("({now}");
                asked.cmd("ZRANGEBYSCORE").arg(&waiting).arg(after).arg("+inf");
                asked.arg("WITHSCORES").arg("LIMIT").arg("0").arg("1");
                self.ask(&mut open, asked).await?.first().and_then(moment)
            }
            (Some(_) | None, _) => None,
        };
        let ends = first_end(left, now, [place(first), moment(lease), delayed]);
        let end = ends.unwrap_or(LONGEST).min(LONGEST);
        Ok(if pushes { end } else { end.min(LOOK_AGAIN) })
    }

    async fn ask(&self, open: &mut Open, asked: Pipeline) -> Result<Vec<Heard>, Fault> {
        let answers = self.dial.ask(open, &Asked::Many(asked)).await;
        if answers.is_err() {
            open.give_up();
        }
        answers.map_err(Fault::of_a_read)
    }

    async fn track(&self) -> Result<Tracking, Fault> {
        let awaited = Arc::clone(&self.awaited);
        let pushed = move |info: PushInfo| {
            let mut awaited = awaited.lock();
            if info.kind == PushKind::Disconnection {
                return awaited.bump_all();
            }
            if info.kind != PushKind::Invalidate {
                return;
            }
            match info.data.first() {
                Some(Value::Array(names)) => names.iter().for_each(|name| {
                    if let Value::BulkString(name) = name {
                        awaited.bump(name);
                    }
                }),
                // Everything was flushed.
                Some(_) | None => awaited.bump_all(),
            }
        };
        let mut open = self.dial.open(Some(Arc::new(pushed))).await?;
        let mut track = redis::cmd("CLIENT");
        track.arg("TRACKING").arg("ON");
        let answer = match self.dial.hears_pushes() {
            true => {
                self.dial.ask(&mut open, &Asked::One(track)).await.map_err(Fault::of_a_read)?.pop()
            }
            false => None,
        };
        // What happened without a connection, nobody has told.
        self.awaited.lock().bump_all();
        Ok(Tracking { open, pushes: matches!(answer, Some(Heard::Okay)) })
    }
}

/// How long until the first thing ends by itself: the key, or what is over at one of these moments.
fn first_end(left: &Heard, now: Option<u64>, moments: [Option<u64>; 3]) -> Option<Duration> {
    let life = match left {
        Heard::Number(left) => u64::try_from(*left).ok().map(Duration::from_millis),
        Heard::Nothing | Heard::Okay | Heard::Text(_) | Heard::List(_) => None,
        Heard::Error(_) | Heard::Odd => None,
    };
    let first = moments.into_iter().flatten().min().zip(now);
    let first = first.map(|(moment, now)| Duration::from_micros(moment.saturating_sub(now)));
    // A moment more, so that it is over on the server as well.
    life.into_iter().chain(first).min().map(|end| end + Duration::from_millis(1))
}

/// When the place that is told ends, if it is one in the line of a lock.
fn place(told: &Heard) -> Option<u64> {
    score(told).filter(|score| *score < 0)?.checked_add(PLACES)?.try_into().ok()
}

/// The moment that is told.
fn moment(told: &Heard) -> Option<u64> {
    score(told)?.try_into().ok()
}

/// The score of the only member that was told, which RESP3 nests and RESP2 does not.
fn score(told: &Heard) -> Option<i64> {
    let score = match told.list() {
        [pair @ Heard::List(_)] => pair.list().get(1)?,
        [_, score] => score,
        _ => return None,
    };
    score.text().parse().ok()
}
