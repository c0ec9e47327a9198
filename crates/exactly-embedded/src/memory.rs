//! The engine: which locks a batch takes, and in which order.
//!
//! Keys are spread over shards, each behind one lock. A batch on one key takes one lock, so batches
//! on different keys run in parallel; a batch on several keys takes the locks it needs in the order
//! of the shards, so no two batches can wait for each other. A batch with a token takes the lock of
//! its ledger first.

use std::sync::Arc;
use std::time::Duration;

use exactly_core::{
    Admission, Answer, BATCH_MAX, Batch, Clock, Durability, Engine, Fault, Key, Ledger, Listing,
    Mark, Moment, Page, Profile, Rehearsal, Reply, Resolution, Slot, Slots, SystemClock, Timestamp,
    Token,
};
use parking_lot::{Mutex, MutexGuard};
use smallvec::SmallVec;
use tokio::sync::Notify;

use crate::shard::Shard;
use crate::sweep::{self, Alarm, first_of};

/// Objects in the memory of this process. Clones are the same engine; it dies with the last of
/// them.
///
/// ```
/// # use exactly_core::{Batch, Engine, Key, Operation, Step, operations::counter};
/// # use exactly_embedded::Memory;
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly_core::Fault> {
/// let engine = Memory::new();
/// let visits = Key::alone("", "visits")?;
/// let step = Step::new(visits, counter::Add::by(1_i64).into_op());
/// engine.apply(Batch::one(step)).await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Memory {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for Memory {
    /// What it is, not what is in it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

pub(crate) struct Inner {
    pub(crate) shards: Box<[Line<Mutex<Shard>>]>,
    pub(crate) ledgers: Box<[Mutex<Ledger>]>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) alarm: Alarm,
    token_window: Duration,
}

/// Keeps its content alone on its cache lines, so that two locks do not slow each other down.
#[repr(align(128))]
pub(crate) struct Line<T>(T);

impl<T> std::ops::Deref for Line<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// What a [`Memory`] is made with.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whose time it is.
    pub clock: Arc<dyn Clock>,
    /// The most callers' ids it remembers, and the most places of sessions; beyond, a batch with a
    /// new one is *not applied*. They are spread over several locks, so one may be full a little
    /// earlier.
    pub tokens_max: usize,
    /// How long it remembers the last token of a session.
    pub token_window: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock::new()),
            tokens_max: 1 << 20,
            token_window: Duration::from_secs(600),
        }
    }
}

/// What a [`Memory`] holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Keys with something stored.
    pub objects: usize,
    /// Remembered tokens.
    pub tokens: usize,
    /// Keys that somebody waits for.
    pub awaited: usize,
}

/// A power of two. The shard is told by bits in the middle of the hash: a table uses the lowest
/// ones to find a place and the highest to tell its entries apart.
const SHARDS: usize = 64;
const LEDGERS: usize = 16;

impl Memory {
    /// An empty engine on real time. Inside a tokio runtime, which must have its timers enabled, it
    /// frees expired state by itself;
    /// outside, expired state is freed when its key is next touched.
    pub fn new() -> Self {
        Self::with(Options::default())
    }

    /// An empty engine made with these options.
    pub fn with(options: Options) -> Self {
        let Options { clock, tokens_max, token_window } = options;
        let ledger = || Mutex::new(Ledger::new(tokens_max.div_ceil(LEDGERS), token_window));
        let inner = Arc::new(Inner {
            shards: (0..SHARDS).map(|_| Line(Mutex::default())).collect(),
            ledgers: (0..LEDGERS).map(|_| ledger()).collect(),
            clock,
            alarm: Alarm::new(),
            token_window,
        });
        sweep::start(&inner);
        Self { inner }
    }

    /// What it holds now.
    pub fn usage(&self) -> Usage {
        let mut usage = Usage { objects: 0, tokens: 0, awaited: 0 };
        for shard in &self.inner.shards {
            let shard = shard.lock();
            usage.objects += shard.len();
            usage.awaited += shard.waiting.len();
        }
        usage.tokens = self.inner.ledgers.iter().map(|ledger| ledger.lock().len()).sum();
        usage
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Inner {
    fn shard_of(&self, key: &Key) -> usize {
        (key.hash_value() >> 40) as usize % SHARDS
    }

    fn apply(&self, batch: &Batch) -> Result<Reply, Fault> {
        match batch.only_key() {
            Some(key) => self.apply_to_one(key, batch),
            None => self.apply_to_many(batch),
        }
    }

    fn apply_to_one(&self, key: &Key, batch: &Batch) -> Result<Reply, Fault> {
        let mut shard = self.shards[self.shard_of(key)].lock();
        let now = shard.now(batch.is_timed(), &*self.clock);
        let reply = shard.apply_to_one(key, batch, now);
        self.alarm.set(shard.due());
        if reply.is_ok() && batch.writes() {
            shard.waiting.wake(key.as_str());
        }
        reply
    }

    fn apply_to_many(&self, batch: &Batch) -> Result<Reply, Fault> {
        self.play(batch, batch.writes(), |shards, at| exactly_core::apply(shards, batch, at))
    }

    fn rehearse(&self, batch: &Batch) -> Result<Rehearsal, Fault> {
        self.play(batch, false, |shards, at| exactly_core::rehearse(shards, batch, at))
    }

    /// Plays a batch on all the shards of its keys, which are locked meanwhile.
    fn play<T>(
        &self,
        batch: &Batch,
        writes: bool,
        play: impl FnOnce(&mut Locked<'_>, Moment) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut shards = Locked::new(self, batch);
        let mut keys: Vec<_> = batch.keys().collect();
        keys.sort_unstable();
        keys.dedup();
        let now = shards.now(batch.is_timed());
        let mut dues = Vec::with_capacity(keys.len());
        for key in &keys {
            let shard = shards.shard(key);
            shard.lapse_key(key, now);
            dues.push(shard.due_at(key));
        }
        let at = Moment { now, order: shards.next_order() };
        let last = at.order + batch.steps.len() as u64;
        let reply = play(&mut shards, at);
        for (key, due) in keys.into_iter().zip(dues) {
            let shard = shards.shard(key);
            shard.settle(key, due, last);
            if reply.is_ok() && writes {
                shard.waiting.wake(key.as_str());
            }
        }
        for (_, shard) in &shards.guards {
            self.alarm.set(shard.due());
        }
        reply
    }

    /// Applies a batch unless its token is known. The ledger stays locked meanwhile, so that of two
    /// batches with one token the second finds the record of the first.
    fn apply_once(&self, batch: &Batch, token: &Token) -> Result<Reply, Fault> {
        batch.check()?;
        let fingerprint = batch.fingerprint();
        let mut ledger = self.ledgers[ledger_of(token)].lock();
        let now = self.clock.now();
        if let Admission::Known(reply) = ledger.admit(token, fingerprint, now)? {
            return Ok(reply);
        }
        let reply = self.apply(batch)?;
        ledger.record(token, fingerprint, reply.clone(), now);
        self.alarm.set(ledger.due());
        Ok(reply)
    }

    async fn changed(&self, key: Key, since: Mark) -> Mark {
        let shard = &self.shards[self.shard_of(&key)];
        let wait = Wait { shard, bell: shard.lock().waiting.bell(key.to_shared()), key };
        loop {
            // Made under the lock, the future hears every ring from then on.
            let (mark, due, ring) = {
                let mut shard = shard.lock();
                let now = shard.now(false, &*self.clock);
                shard.lapse_key(&wait.key, now);
                (shard.mark(&wait.key), shard.due_at(&wait.key), wait.bell.notified())
            };
            if mark != since {
                return mark;
            }
            // Not only the sweeper tells of what ends by itself: it may have nowhere to run.
            first_of(ring, self.clock.reached(due.unwrap_or(Timestamp::MAX))).await;
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.alarm.stop();
    }
}

fn ledger_of(token: &Token) -> usize {
    let hash = match token {
        Token::Session { session, .. } => session.as_u128() as u64,
        Token::Caller { id, .. } => Key::hash_text(id),
    };
    hash as usize % LEDGERS
}

/// One caller waiting for a key; takes its bell down when it stops, be it cancelled.
struct Wait<'a> {
    shard: &'a Mutex<Shard>,
    key: Key,
    bell: Arc<Notify>,
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let bell = std::mem::take(&mut self.bell);
        self.shard.lock().waiting.leave(self.key.as_str(), bell);
    }
}

/// The shards of a batch, locked in their order.
struct Locked<'a> {
    engine: &'a Inner,
    guards: SmallVec<[(usize, MutexGuard<'a, Shard>); 4]>,
}

impl<'a> Locked<'a> {
    fn new(engine: &'a Inner, batch: &Batch) -> Self {
        let mut places: SmallVec<[usize; 4]> =
            batch.keys().map(|key| engine.shard_of(key)).collect();
        places.sort_unstable();
        places.dedup();
        let guards = places.into_iter().map(|place| (place, engine.shards[place].lock())).collect();
        Self { engine, guards }
    }

    fn now(&self, timed: bool) -> Timestamp {
        let times = self.guards.iter().map(|(_, shard)| shard.now(timed, &*self.engine.clock));
        times.max().unwrap_or_default()
    }

    fn next_order(&self) -> u64 {
        self.guards.iter().map(|(_, shard)| shard.next_order()).max().unwrap_or_default()
    }

    fn shard(&mut self, key: &Key) -> &mut Shard {
        let place = self.engine.shard_of(key);
        match self.guards.binary_search_by_key(&place, |(place, _)| *place) {
            Ok(at) => &mut self.guards[at].1,
            Err(_) => unreachable!("`{key}` was not named by its batch"),
        }
    }
}

impl Slots for Locked<'_> {
    fn slot(&mut self, key: &Key) -> &mut Slot {
        self.shard(key).slot(key)
    }
}

impl Engine for Memory {
    fn apply(&self, batch: Batch) -> Answer<'_, Reply> {
        Answer::ready(match batch.token() {
            None => self.inner.apply(&batch),
            Some(token) => self.inner.apply_once(&batch, token),
        })
    }

    fn changed(&self, key: &Key, since: Mark) -> Answer<'_, Mark> {
        let key = key.clone();
        Answer::pending(async move { Ok(self.inner.changed(key, since).await) })
    }

    fn keys(&self, listing: Listing) -> Answer<'_, Page> {
        Answer::ready(Ok(self.inner.page(&listing)))
    }

    fn rehearse(&self, batch: Batch) -> Answer<'_, Rehearsal> {
        Answer::ready(self.inner.rehearse(&batch))
    }

    fn resolve(&self, token: &Token) -> Answer<'_, Resolution> {
        let mut ledger = self.inner.ledgers[ledger_of(token)].lock();
        Answer::ready(Ok(ledger.resolve(token, self.inner.clock.now())))
    }

    fn profile(&self) -> Profile {
        Profile {
            name: "memory",
            durability: Durability::Process,
            batch_max: BATCH_MAX,
            loses_replies: false,
            far: false,
            token_window: self.inner.token_window,
        }
    }
}
