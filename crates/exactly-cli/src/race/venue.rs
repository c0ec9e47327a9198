//! Where a race is played: an engine, and names that are the race's own.

use std::ffi::OsStr;
use std::fmt;
use std::future::pending;
use std::process;
use std::time::Duration;

use exactly::core::Durability;
use exactly::{Fault, Flag, Store};
use tokio::signal::ctrl_c;
use tokio::sync::watch;
use tokio::time::timeout;

use super::coding::Coding;
use crate::address;
use crate::failure::{Failure, said};

/// How long a key lives on an engine that outlives the race, counted from its first write. A race
/// that is killed deletes nothing, and this is what does.
pub(crate) const KEYS_LIVE: Duration = Duration::from_secs(60 * 60);

/// How long one coding may take there. The rest of the hour is for reading what it left behind:
/// courses that vanish while they are counted would make a right coding look wrong.
const PLAYED_MAX: Duration = Duration::from_secs(50 * 60);

/// The status of a process that Ctrl-C ended, as shells know it.
const INTERRUPTED: i32 = 130;

/// An engine to play on.
pub(crate) struct Venue {
    url: String,
    place: Place,
    /// What the namespaces of this race begin with.
    namespace: String,
    /// Tells of Ctrl-C, where there is something to tidy up.
    interrupted: Option<watch::Receiver<bool>>,
}

/// Where it is, for everybody to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Without user, password and options.
    pub(crate) url: String,
    /// What the engine is called.
    pub(crate) engine: &'static str,
}

impl fmt::Display for Place {
    /// The URL, and the engine where the URL does not say it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, engine } = self;
        let scheme = url.split(':').next().unwrap_or_default();
        if scheme == *engine { f.write_str(url) } else { write!(f, "{url} ({engine})") }
    }
}

impl Venue {
    /// Opens the engine that the URL names and asks it one question: whether it is there, and
    /// whether it answers this user, had better be known before anything is played.
    pub(crate) async fn open(url: &OsStr) -> Result<Self, Failure> {
        let url = url.to_str().ok_or_else(|| not_opened("", "the URL is not Unicode"))?;
        let shown = address::public(url);
        if shown.is_empty() {
            // What stands in the place of the scheme may be a user or a password. Whoever opens it
            // repeats what it takes for the scheme.
            return Err(not_opened("", "the URL has no scheme, such as `memory:`, in front"));
        }
        let namespace = format!("exactly-race-{:08x}", fastrand::u32(..));
        let store =
            knock(url, &namespace).await.map_err(|fault| not_opened(&shown, &said(&fault)))?;
        let place = Place { url: shown, engine: store.profile().name };
        let interrupted = outlives_us(&store).then(listen);
        Ok(Self { url: url.to_owned(), place, namespace, interrupted })
    }

    /// Where it is.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// A store in which nothing is yet: no other race and no other coding has its namespace.
    pub(crate) async fn store(&self, coding: Coding) -> Result<Store, Fault> {
        let namespace = format!("{}-{}", self.namespace, coding.name());
        Store::builder().namespace(namespace).open(&self.url).await
    }

    /// Resolves when what is being played has to end early. Without anything to tidy up, Ctrl-C
    /// ends the process as it ends any other.
    pub(crate) async fn called_off(&self) -> Failure {
        let Some(interrupted) = &self.interrupted else { return pending().await };
        let mut interrupted = interrupted.clone();
        let interrupted = async {
            if interrupted.wait_for(|interrupted| *interrupted).await.is_err() {
                // The system does not tell of Ctrl-C: it ends the process as ever.
                pending::<()>().await;
            }
        };
        Failure::Unfinished(match timeout(PLAYED_MAX, interrupted).await {
            Ok(()) => "interrupted.".to_owned(),
            Err(_) => "after 50 minutes it was still played, and its keys live for an hour. Play \
                       fewer requests, or more at the same time, with --count and --tasks."
                .to_owned(),
        })
    }
}

/// Whether what is stored stays when this process ends.
pub(crate) fn outlives_us(store: &Store) -> bool {
    store.profile().durability != Durability::Process
}

async fn knock(url: &str, namespace: &str) -> Result<Store, Fault> {
    let store = Store::builder().namespace(namespace).open(url).await?;
    Flag::new(&store, "anybody").exists().await?;
    Ok(store)
}

fn not_opened(place: &str, why: &str) -> Failure {
    let on = if place.is_empty() { String::new() } else { format!(" on `{place}`") };
    let why = why.trim_end_matches('.');
    let end = if why.ends_with('?') { "" } else { "." };
    Failure::Misuse(format!(
        "cannot play{on}: {why}{end} Give --url, or EXACTLY_URL, an engine that opens."
    ))
}

/// Tells of Ctrl-C from now on. Whoever presses it twice does not want to wait for the tidying up.
fn listen() -> watch::Receiver<bool> {
    let (sender, interrupted) = watch::channel(false);
    tokio::spawn(async move {
        if ctrl_c().await.is_ok() {
            sender.send_replace(true);
            let _ = ctrl_c().await;
            process::exit(INTERRUPTED);
        }
    });
    interrupted
}

#[cfg(test)]
mod tests {
    use tokio::runtime::{Builder, Runtime};
    use tokio::task::yield_now;

    use super::*;

    fn runtime() -> Runtime {
        Builder::new_current_thread().enable_all().build().unwrap()
    }

    /// On an engine that outlives the race, with what presses Ctrl-C.
    fn far_away() -> (Venue, watch::Sender<bool>) {
        let (keyboard, interrupted) = watch::channel(false);
        let place = Place { url: "far:".to_owned(), engine: "far" };
        let namespace = "exactly-race-0".to_owned();
        let interrupted = Some(interrupted);
        (Venue { url: "memory:".to_owned(), place, namespace, interrupted }, keyboard)
    }

    #[test]
    fn the_engine_is_named_once() {
        let place = |url: &str, engine| Place { url: url.to_owned(), engine }.to_string();
        assert_eq!(place("memory:", "memory"), "memory:");
        assert_eq!(place("redis://host:6379/0", "redis"), "redis://host:6379/0");
        assert_eq!(place("rediss://host", "redis"), "rediss://host (redis)");
    }

    #[test]
    fn no_race_and_no_coding_meets_another() {
        let namespaces = runtime().block_on(async {
            let mut namespaces = Vec::new();
            for race in [Venue::open("memory:".as_ref()), Venue::open("memory:".as_ref())] {
                let race = race.await.unwrap();
                for coding in [Coding::CounterBlock, Coding::Capacity] {
                    namespaces.push(race.store(coding).await.unwrap().namespace().to_owned());
                }
            }
            namespaces
        });
        let mut distinct = namespaces.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), 4, "{namespaces:?}");
        for namespace in namespaces {
            let rest = namespace.strip_prefix("exactly-race-").unwrap();
            let (digits, _coding) = rest.split_once('-').unwrap();
            assert!(digits.len() == 8 && digits.chars().all(|c| c.is_ascii_hexdigit()), "{rest}");
        }
    }

    #[test]
    fn ctrl_c_calls_off_whatever_is_played_from_then_on() {
        let (venue, keyboard) = far_away();
        runtime().block_on(async {
            keyboard.send_replace(true);
            for _ in 0..2 {
                assert_eq!(venue.called_off().await.to_string(), "interrupted.");
            }
        });
    }

    #[test]
    fn a_coding_that_would_outlast_its_keys_is_called_off() {
        let (venue, keyboard) = far_away();
        let paused = Builder::new_current_thread().enable_time().start_paused(true).build();
        let sentence = paused.unwrap().block_on(venue.called_off()).to_string();
        assert!(sentence.starts_with("after 50 minutes"), "{sentence}");
        drop(keyboard);
    }

    #[test]
    fn in_this_process_nothing_calls_a_race_off() {
        runtime().block_on(async {
            let venue = Venue::open("memory:".as_ref()).await.unwrap();
            assert!(venue.interrupted.is_none());
            tokio::select! {
                biased;
                failure = venue.called_off() => panic!("{failure}"),
                () = yield_now() => {}
            }
        });
    }
}
