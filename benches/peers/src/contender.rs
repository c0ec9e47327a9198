//! Who is measured, and how each of them counts.

use std::fmt;
use std::sync::Arc;

use exactly::{Counter, Store};
use exactly_peers::raw;
use fred::prelude::{Builder, ClientLike, Config, KeysInterface, LuaInterface};
use rustis::commands::{ScriptingCommands, StringCommands};

/// The script that a tutorial shows: a step, unless the limit is reached.
const BOUNDED: &str = "local n = tonumber(redis.call('GET', KEYS[1]) or '0') \
                       if n >= tonumber(ARGV[1]) then return -1 end \
                       return redis.call('INCR', KEYS[1])";

/// Who is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Ours, as it comes: exactly once.
    Exactly,
    /// Ours, without tokens.
    AtMostOnce,
    /// redis, one multiplexed connection, as it comes.
    Redis,
    /// The same without its timeout for replies.
    RedisPatient,
    Rustis,
    Fred,
}

impl Who {
    pub const ALL: [Self; 6] = [
        Self::Exactly,
        Self::AtMostOnce,
        Self::Redis,
        Self::RedisPatient,
        Self::Rustis,
        Self::Fred,
    ];

    pub fn is_ours(self) -> bool {
        matches!(self, Self::Exactly | Self::AtMostOnce)
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Exactly => "exactly",
            Self::AtMostOnce => "exactly, at most once",
            Self::Redis => "redis 1.8",
            Self::RedisPatient => "redis 1.8, no timeout",
            Self::Rustis => "rustis 0.27",
            Self::Fred => "fred 10",
        })
    }
}

/// What one call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Adds one.
    Increment,
    /// Adds one up to a limit.
    Bounded(i64),
}

/// A contender, connected. Clones share the connection, as applications do.
#[derive(Clone)]
pub struct Contender {
    client: Client,
    what: What,
    keys: Arc<[String]>,
    sha: Arc<str>,
}

#[derive(Clone)]
enum Client {
    Exactly(Arc<[Counter]>),
    AtMostOnce(Arc<[Counter]>),
    Redis(redis::aio::MultiplexedConnection),
    Rustis(rustis::client::Client),
    Fred(fred::clients::Client),
}

impl Contender {
    pub async fn connect(who: Who, what: What, keys: &Arc<[String]>, url: &str) -> Self {
        let mut setup = raw::emptied(url).await;
        let sha = raw::loaded(&mut setup, BOUNDED).await;
        let client = match who {
            Who::Exactly => Client::Exactly(counters(url, keys, what).await),
            Who::AtMostOnce => Client::AtMostOnce(counters(url, keys, what).await),
            Who::Redis => Client::Redis(raw::connected(url).await),
            Who::RedisPatient => Client::Redis(raw::patient(url).await),
            Who::Rustis => {
                let address = url.trim_start_matches("redis://");
                Client::Rustis(rustis::client::Client::connect(address).await.expect("it answers"))
            }
            Who::Fred => {
                let config = Config::from_url(url).expect("the URL is one");
                let client = Builder::from_config(config).build().expect("it is complete");
                client.init().await.expect("it answers");
                Client::Fred(client)
            }
        };
        Self { client, what, keys: Arc::clone(keys), sha }
    }

    /// One call; its own value, or none where the limit is reached.
    pub async fn call(&mut self, key: usize) -> Option<i64> {
        let value = match (&mut self.client, self.what) {
            (Client::Exactly(counters), What::Increment) => {
                counters[key].increment().await.expect("it counts")
            }
            (Client::AtMostOnce(counters), What::Increment) => {
                counters[key].increment().at_most_once().await.expect("it counts")
            }
            (Client::Exactly(counters), What::Bounded(_)) => {
                return counters[key].try_add(1).await.expect("it answers").stepped();
            }
            (Client::AtMostOnce(counters), What::Bounded(_)) => {
                return counters[key]
                    .try_add(1)
                    .at_most_once()
                    .await
                    .expect("it answers")
                    .stepped();
            }
            (Client::Redis(client), What::Increment) => {
                let call = redis::cmd("INCR").arg(&self.keys[key]).query_async(client).await;
                call.expect("it counts")
            }
            (Client::Redis(client), What::Bounded(limit)) => {
                let mut call = redis::cmd("EVALSHA");
                call.arg(&*self.sha).arg(1).arg(&self.keys[key]).arg(limit);
                call.query_async(client).await.expect("it answers")
            }
            (Client::Rustis(client), What::Increment) => {
                client.incr(self.keys[key].as_str()).await.expect("it counts")
            }
            (Client::Rustis(client), What::Bounded(limit)) => {
                let keys = self.keys[key].as_str();
                client.evalsha(&*self.sha, keys, limit).await.expect("it answers")
            }
            (Client::Fred(client), What::Increment) => {
                client.incr::<i64, _>(self.keys[key].as_str()).await.expect("it counts")
            }
            (Client::Fred(client), What::Bounded(limit)) => {
                let call = client.evalsha(&*self.sha, self.keys[key].as_str(), vec![limit]);
                call.await.expect("it answers")
            }
        };
        (value >= 0).then_some(value)
    }
}

async fn counters(url: &str, keys: &Arc<[String]>, what: What) -> Arc<[Counter]> {
    let store = Store::open(url).await.expect("it opens");
    let counter = |key: &String| {
        let counter: Counter = Counter::new(&store, key.as_str());
        match what {
            What::Increment => counter,
            What::Bounded(limit) => counter.with_bounds(0..=limit),
        }
    };
    keys.iter().map(counter).collect()
}
