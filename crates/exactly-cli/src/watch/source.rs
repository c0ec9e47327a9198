//! What there is to be seen, and when it is worth looking again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use exactly::core::Mark;
use exactly::{Fault, Key, Store};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::heat::Heat;
use crate::failure::said;
use crate::stored::{self, Stored};

/// How often is looked though nobody tells of a change.
const LOOKED_AGAIN: Duration = Duration::from_millis(250);
/// However much changes, it is looked no more often.
const LOOKED_AGAIN_MIN: Duration = Duration::from_millis(50);
/// How often new keys are looked for: that takes a walk through all of them.
const LISTED_AGAIN: Duration = Duration::from_secs(2);
/// Of so many objects the changes are told at once.
const HEARD_MAX: usize = 256;
/// However often an object changes, it is looked at no more often for that.
const HEARD_AGAIN_MIN: Duration = Duration::from_millis(5);

/// What was seen last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) stored: Vec<Stored>,
    /// How often they change.
    pub(crate) heat: Heat,
    /// Whether there are more than were asked for.
    pub(crate) more: bool,
    /// Whether the engine has answered at all.
    pub(crate) asked: bool,
    /// Why it does not answer now. What is shown meanwhile is what was there before.
    pub(crate) trouble: Option<String>,
}

/// Reads what is stored, again and again, until it is dropped.
#[derive(Debug)]
pub(crate) struct Source {
    seen: watch::Receiver<Seen>,
    _reader: JoinSet<()>,
}

impl Source {
    pub(crate) fn start(store: Store, prefix: String, limit: usize) -> Self {
        let (tell, seen) = watch::channel(Seen::default());
        let mut reader = JoinSet::new();
        reader.spawn(read_on(store, prefix, limit, tell));
        Self { seen, _reader: reader }
    }

    /// The next that is seen.
    pub(crate) async fn news(&mut self) -> Seen {
        // The reader ends with its source, so there is always somebody to tell.
        let _ = self.seen.changed().await;
        self.seen.borrow_and_update().clone()
    }

    /// What is seen after so long.
    pub(crate) async fn after(&mut self, time: Duration) -> Seen {
        let until = Instant::now() + time;
        let mut seen = self.news().await;
        while let Ok(news) = timeout_at(until, self.news()).await {
            seen = news;
        }
        seen
    }
}

/// What is stored now.
pub(crate) async fn once(store: &Store, prefix: &str, limit: usize) -> Result<Vec<Stored>, Fault> {
    let (keys, _) = listed(store, prefix, limit).await?;
    stored::read(store, &keys).await
}

/// The keys in their order, and whether there are more.
async fn listed(store: &Store, prefix: &str, limit: usize) -> Result<(Vec<Key>, bool), Fault> {
    let mut listing = store.keys(prefix);
    let mut keys = Vec::new();
    while keys.len() <= limit
        && let Some(page) = listing.next_page().await?
    {
        keys.extend(page);
        keys.sort_unstable();
        keys.dedup();
    }
    let more = keys.len() > limit;
    keys.truncate(limit);
    Ok((keys, more))
}

async fn read_on(store: Store, prefix: String, limit: usize, tell: watch::Sender<Seen>) {
    let mut ears = Ears::default();
    let mut keys = Vec::new();
    let (mut listed_at, mut counted_at) = (None::<Instant>, Instant::now());
    let mut seen = Seen::default();
    loop {
        let looked_at = Instant::now();
        let due = listed_at.is_none_or(|listed| listed.elapsed() >= LISTED_AGAIN);
        let look = async {
            if due {
                let (all, more) = listed(&store, &prefix, limit).await?;
                listed_at = Some(Instant::now());
                (keys, seen.more) = (all, more);
                ears.listen(&store, &keys);
            }
            stored::read(&store, &keys).await
        };
        match look.await {
            Ok(stored) => {
                (seen.stored, seen.asked, seen.trouble) = (stored, true, None);
            }
            Err(fault) => seen.trouble = Some(said(&fault)),
        }
        seen.heat.after(counted_at.elapsed(), ears.changes());
        counted_at = Instant::now();
        tell.send_replace(seen.clone());
        // Whether it was a change or the time that ended the pause is all the same.
        let _ = timeout(LOOKED_AGAIN, ears.heard.notified()).await;
        sleep(LOOKED_AGAIN_MIN.saturating_sub(looked_at.elapsed())).await;
    }
}

/// Those who wait for changes, one for each object.
#[derive(Debug, Default)]
struct Ears {
    keys: Vec<(Key, Arc<AtomicU64>)>,
    heard: Arc<Notify>,
    listening: JoinSet<()>,
}

impl Ears {
    /// Waits for changes of these and no others.
    fn listen(&mut self, store: &Store, keys: &[Key]) {
        let keys = &keys[..keys.len().min(HEARD_MAX)];
        if self.keys.iter().map(|(key, _)| key).eq(keys) {
            return;
        }
        self.keys = keys.iter().map(|key| (key.clone(), Arc::default())).collect();
        self.listening.abort_all();
        self.listening = JoinSet::new();
        for (key, changes) in &self.keys {
            let (key, changes) = (key.clone(), Arc::clone(changes));
            self.listening.spawn(tell(store.clone(), key, changes, Arc::clone(&self.heard)));
        }
    }

    /// How often each has changed since this was asked last.
    fn changes(&self) -> impl Iterator<Item = (Key, u64)> {
        self.keys.iter().map(|(key, changes)| (key.clone(), changes.swap(0, Ordering::Relaxed)))
    }
}

async fn tell(store: Store, key: Key, changes: Arc<AtomicU64>, heard: Arc<Notify>) {
    let mut mark = Mark::NONE;
    loop {
        match store.changed(&key, mark).await {
            // The first is how it was found.
            Ok(next) => {
                changes.fetch_add(u64::from(mark != Mark::NONE), Ordering::Relaxed);
                mark = next;
                heard.notify_one();
                sleep(HEARD_AGAIN_MIN).await;
            }
            // The reader meets the same fault, and tells of it.
            Err(_) => sleep(LISTED_AGAIN).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use exactly::Counter;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_changes_is_seen_before_the_next_look() {
        let store = Store::open("memory:").await.unwrap();
        let visits = Counter::new(&store, "visits");
        visits.increment().await.unwrap();
        let mut source = Source::start(store.clone(), "v".to_owned(), 9);
        assert_eq!(source.news().await.stored[0].content.short(), "1");
        let begin = Instant::now();
        visits.increment().await.unwrap();
        while source.news().await.stored[0].content.short() != "2" {}
        assert!(begin.elapsed() < LOOKED_AGAIN, "{:?}", begin.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn what_changes_is_hot() {
        let store = Store::open("memory:").await.unwrap();
        let (visits, quiet) = (Counter::new(&store, "visits"), Counter::new(&store, "quiet"));
        quiet.increment().await.unwrap();
        visits.increment().await.unwrap();
        let mut source = Source::start(store.clone(), String::new(), 9);
        source.news().await;
        for _ in 0..100 {
            visits.increment().await.unwrap();
            sleep(Duration::from_millis(20)).await;
        }
        let heat = source.news().await.heat;
        assert!(heat.of(visits.key().unwrap()) > 10.0, "{heat:?}");
        assert_eq!(heat.of(quiet.key().unwrap()), 0.0, "{heat:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn new_keys_are_found_and_no_more_than_asked_for() {
        let store = Store::open("memory:").await.unwrap();
        let mut source = Source::start(store.clone(), "v".to_owned(), 2);
        let seen = source.news().await;
        assert!(seen.asked && seen.stored.is_empty() && seen.trouble.is_none());
        for name in ["v1", "v2", "v3", "w"] {
            Counter::new(&store, name).increment().await.unwrap();
        }
        let seen = loop {
            let seen = source.news().await;
            if !seen.stored.is_empty() {
                break seen;
            }
        };
        let names: Vec<_> = seen.stored.iter().map(|one| one.key.name()).collect();
        assert_eq!((names.len(), seen.more), (2, true), "{names:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_engine_that_does_not_answer_is_asked_again() {
        use exactly::core::layers::{Act, Faults};
        let faults = Arc::new(Faults::new(exactly_embedded()));
        let store = Store::builder().retry(once_only()).build(Arc::clone(&faults));
        Counter::new(&store, "visits").increment().await.unwrap();
        let mut source = Source::start(store, String::new(), 9);
        assert_eq!(source.news().await.stored.len(), 1);
        faults.next([Act::LoseReply]);
        let trouble = source.news().await;
        assert_eq!((trouble.trouble.is_some(), trouble.stored.len()), (true, 1));
        assert!(source.news().await.trouble.is_none());
    }

    fn exactly_embedded() -> Arc<dyn exactly::core::Engine> {
        Arc::new(exactly_embedded::Memory::new())
    }

    fn once_only() -> exactly::layers::RetryPolicy {
        exactly::layers::RetryPolicy { attempts_max: 1, ..Default::default() }
    }
}
