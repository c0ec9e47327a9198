//! What users hold: an engine with its layers and a namespace.

use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use exactly_core::layers::{Combine, CombinePolicy, Retry, RetryPolicy, Timeout, Trace};
use exactly_core::{
    Answer, Batch, Delivery, Engine, Fault, Joining, Key, Listing, Mark, Page, Pattern, Profile,
    Reply, Token,
};

use crate::background::Background;
use crate::keys::Keys;
use crate::locking::Lines;
use crate::object::Object;
use crate::open::{self, Opened};
use crate::relay::Relays;
use crate::transaction::{Turns, check_outside};

/// An engine with its layers and a namespace. Cheap to clone; every clone is the same store.
///
/// ```
/// # use exactly::{Counter, Store};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// let store = Store::open("memory:").await?;
/// let visits = Counter::new(&store, "visits");
/// assert_eq!(visits.increment().await?, 1);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for Store {
    /// What it is, not what is in it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("engine", &self.profile().name)
            .field("namespace", &self.namespace())
            .finish_non_exhaustive()
    }
}

impl AsRef<Self> for Store {
    fn as_ref(&self) -> &Self {
        self
    }
}

struct Inner {
    engine: Trace<Arc<dyn Engine>>,
    namespace: String,
    background: Background,
    beside: Vec<(String, Store)>,
    lines: Arc<Lines>,
    turns: Arc<Turns>,
    relays: Relays,
    /// Who runs scripts, if somebody does.
    #[cfg(feature = "redis")]
    redis: Option<exactly_redis::Redis>,
}

impl Store {
    /// Opens the engine that the URL names.
    ///
    /// | URL | engine |
    /// | --- | --- |
    /// | `memory:` | a new, empty one in this process's memory |
    /// | `redis://user:password@host:port/database` | Redis, Valkey and what speaks their protocol |
    /// | `rediss://…` | the same over TLS |
    /// | `unix:///path/to/socket?user=…&pass=…&db=…` | the same over a socket of this machine |
    ///
    /// Signs like `@`, `/`, `:` and `?` in a password are written as `%40`, `%2F`, `%3A`, `%3F`. A
    /// URL of Redis may end in settings: `?key_style=redis-objects` (the keys of that Ruby
    /// library), `?connections=` (1 to 64), `?eviction=allowed` (a server that may drop keys is
    /// *misuse* otherwise), `?protocol=resp2` (for servers that speak no RESP3).
    ///
    /// # Faults
    /// *Misuse* when the URL names no engine of this build (the message lists those it does), or a
    /// server refuses the password; *not applied* when the server cannot be reached.
    pub async fn open(url: &str) -> Result<Self, Fault> {
        Self::builder().open(url).await
    }

    /// Opens the engine that the environment variable `EXACTLY_URL` names, and `memory:` when it is
    /// not set: where a program keeps its state is for those who run it to say.
    ///
    /// ```
    /// # use exactly::{Counter, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// let store = Store::from_env().await?;
    /// let visits = Counter::new(&store, "visits").get().await?;
    /// println!("{visits} visits, counted by {}", store.profile().name);
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// *Misuse* when the variable is empty or not Unicode: whoever sets it means some engine, and
    /// state that lives and dies with the process is no stand-in for it. As [`Store::open`].
    pub async fn from_env() -> Result<Self, Fault> {
        match std::env::var("EXACTLY_URL") {
            Ok(url) if url.is_empty() => Err(Fault::bad_url(
                "`EXACTLY_URL` is set to nothing: give it the URL of an engine, or unset it",
            )),
            Ok(url) => Self::open(&url).await,
            Err(std::env::VarError::NotPresent) => Self::open("memory:").await,
            // What it holds may be a password and is not repeated.
            Err(std::env::VarError::NotUnicode(_)) => {
                Err(Fault::bad_url("`EXACTLY_URL` is not Unicode: give it the URL of an engine"))
            }
        }
    }

    /// A store on an engine of your own making.
    pub fn new(engine: impl Engine) -> Self {
        Self::builder().build(engine)
    }

    /// A store made step by step.
    pub fn builder() -> StoreBuilder {
        StoreBuilder::default()
    }

    /// Applies a batch: what all handles come down to. Its keys are taken as they are; a caller's
    /// token is told apart by the store's namespace.
    ///
    /// # Faults
    /// As the engine says.
    pub async fn apply(&self, batch: Batch) -> Result<Reply, Fault> {
        self.send(batch).await
    }

    /// As [`apply`](Store::apply), sent at once.
    #[inline]
    pub(crate) fn send(&self, mut batch: Batch) -> Answer<'_, Reply> {
        if let Err(fault) = check_outside(self) {
            return Answer::ready(Err(fault));
        }
        if let Delivery::Token(token) = &mut batch.delivery {
            self.name(token);
        }
        self.inner.engine.apply(batch)
    }

    /// A token as it is known to the engine.
    pub(crate) fn named(&self, token: &Token) -> Token {
        let mut token = token.clone();
        self.name(&mut token);
        token
    }

    fn name(&self, token: &mut Token) {
        if let Token::Caller { namespace, .. } = token {
            namespace.clone_from(&self.inner.namespace);
        }
    }

    /// A store like this one, on another engine.
    pub(crate) fn with_engine(&self, engine: Arc<dyn Engine>) -> Self {
        let inner = Inner {
            engine: Trace::new(engine),
            namespace: self.inner.namespace.clone(),
            background: Background::new(),
            beside: self.inner.beside.clone(),
            lines: Arc::default(),
            turns: Arc::default(),
            relays: Relays::default(),
            // A script cannot be tried.
            #[cfg(feature = "redis")]
            redis: None,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Who updates the same text.
    pub(crate) fn relays(&self) -> &Relays {
        &self.inner.relays
    }

    /// Whose turn it is at hot keys.
    pub(crate) fn turns(&self) -> &Arc<Turns> {
        &self.inner.turns
    }

    /// What stands behind it.
    pub(crate) fn engine(&self) -> &impl Engine {
        &self.inner.engine
    }

    /// Goes along with an equal call that waits already, if there is one.
    #[inline]
    pub(crate) fn join(&self, call: &Joining<'_>, waker: &Waker) -> Option<Answer<'_, Reply>> {
        // Inside of a transaction it is refused, in full.
        check_outside(self).ok()?;
        self.inner.engine.join(call, waker)
    }

    /// Resolves with the key's present mark once that is no longer `since`: see
    /// [`Engine::changed`].
    ///
    /// # Faults
    /// As the engine says.
    pub async fn changed(&self, key: &Key, since: Mark) -> Result<Mark, Fault> {
        check_outside(self)?;
        self.inner.engine.changed(key, since).await
    }

    /// The keys of this store's namespace whose names begin with this text, and at which something
    /// is stored: page by page. The empty text begins all of them.
    ///
    /// The [name](Key::name) of a key is `group:id:field`, `group::field` for what a group shares,
    /// or the name of an object that stands alone.
    ///
    /// ```
    /// # use exactly::{Counter, Objects, Store};
    /// #[derive(Objects)]
    /// #[exactly(name = "course")]
    /// struct Course {
    ///     taken: Counter,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// Course::at(&store, 42).taken.increment().await?;
    /// let keys = store.keys("course:42:").collect_all().await?;
    /// assert_eq!(keys, [Course::at(&store, 42).taken.key()?.clone()]);
    /// # Ok(()) }
    /// ```
    pub fn keys(&self, prefix: &str) -> Keys {
        Keys::new(self, Pattern::prefix(self.namespace(), prefix))
    }

    /// As [`keys`](Store::keys), of those whose names look like this: `*` stands for any
    /// characters, `?` for one, and `\` takes the meaning from the one behind it.
    ///
    /// ```
    /// # use exactly::{Counter, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// Counter::new(&store, "visits").increment().await?;
    /// assert_eq!(store.keys_like("v*s").collect_all().await?.len(), 1);
    /// assert_eq!(store.keys_like("course:*:seats").collect_all().await?.len(), 0);
    /// # Ok(()) }
    /// ```
    pub fn keys_like(&self, glob: &str) -> Keys {
        Keys::new(self, Pattern::glob(self.namespace(), glob))
    }

    /// One page of keys: see [`Engine::keys`].
    pub(crate) async fn page(&self, listing: Listing) -> Result<Page, Fault> {
        check_outside(self)?;
        self.inner.engine.keys(listing).await
    }

    /// Whether both are clones of one store.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// Whether the object is one of this store.
    ///
    /// # Faults
    /// *Misuse* when it is not, for one change is in one store.
    pub(crate) fn has(&self, object: &Object) -> Result<(), Fault> {
        if object.store().is(self) {
            return Ok(());
        }
        Err(Fault::bad_setting(
            object.key()?,
            "is in another store, and one change is in one; nothing was changed: make all handles \
             with clones of one store",
        ))
    }

    /// What the engine promises.
    pub fn profile(&self) -> Profile {
        self.inner.engine.profile()
    }

    /// The namespace that every key of this store begins with; empty when it has none.
    pub fn namespace(&self) -> &str {
        &self.inner.namespace
    }

    /// The store of this name beside this one: see [`StoreBuilder::beside`].
    pub fn beside(&self, name: &str) -> Option<&Self> {
        self.inner.beside.iter().find(|(known, _)| known == name).map(|(_, store)| store)
    }

    /// Why nothing can live in the store of this name.
    pub(crate) fn not_beside(&self, name: &str) -> Fault {
        let known: Vec<_> = self.inner.beside.iter().map(|(name, _)| format!("`{name}`")).collect();
        let known = match known.as_slice() {
            [] => "no store is".to_owned(),
            [one] => format!("{one} is"),
            several => format!("{} are", several.join(", ")),
        };
        Fault::bad_option(format!(
            "beside this store is none named `{name}` ({known}); nothing was changed: give it with \
             `Store::builder().beside(\"{name}\", …)`"
        ))
    }

    /// Waits until everything that was left to the background is done: the undoing of blocks and
    /// the release of holds whose callers went away, here and in the stores
    /// [beside](StoreBuilder::beside) it. Worth a call before the process ends.
    pub async fn settle(&self) {
        self.inner.background.settle().await;
        for (_, store) in &self.inner.beside {
            Box::pin(store.settle()).await;
        }
    }

    pub(crate) fn background(&self) -> &Background {
        &self.inner.background
    }

    /// Those of this process who wait for locks.
    pub(crate) fn lines(&self) -> &Arc<Lines> {
        &self.inner.lines
    }
}

/// Makes a [`Store`].
///
/// ```
/// # use exactly::{Store, layers::{Act, Faults}};
/// # use std::time::Duration;
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// let store = Store::builder()
///     .namespace("test-7")
///     .timeout(Duration::from_secs(1))
///     .layer(|engine| Faults::new(engine))
///     .open("memory:")
///     .await?;
/// assert_eq!(store.namespace(), "test-7");
/// # Ok(()) }
/// ```
#[derive(Debug, Default)]
#[must_use = "a builder makes nothing until it is told to open or build"]
pub struct StoreBuilder {
    namespace: String,
    timeout: Option<Duration>,
    retry: Option<RetryPolicy>,
    combine: Folding,
    layers: Vec<Wrap>,
    beside: Vec<(String, Store)>,
    options: open::Options,
}

/// Whether calls that come together go together.
#[derive(Debug, Default)]
enum Folding {
    /// If the engine is far.
    #[default]
    ByProfile,
    By(CombinePolicy),
    Never,
}

/// Puts a layer around an engine.
struct Wrap(Box<WrapFn>);

type WrapFn = dyn FnOnce(Arc<dyn Engine>) -> Arc<dyn Engine>;

impl std::fmt::Debug for Wrap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wrap")
    }
}

impl StoreBuilder {
    /// What every key begins with. Two applications, or two tests, with different namespaces never
    /// meet.
    ///
    /// A namespace that cannot be part of a key (too long, with NUL) is *misuse* at the first use
    /// of a key.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// How long a call waits for its answer, each time it is sent.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// How patiently a batch is sent again. Without it, an engine that can lose replies, be it by a
    /// timeout, is retried by the default policy, and one that cannot is not.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    /// How calls that come together are folded into one. Without it, those to an engine that is far
    /// are folded by the default policy, and those to one in this process are not.
    pub fn combine(mut self, policy: CombinePolicy) -> Self {
        self.combine = Folding::By(policy);
        self
    }

    /// Sends every call by itself.
    pub fn without_combining(mut self) -> Self {
        self.combine = Folding::Never;
        self
    }

    /// Another store that fields of groups may live in, under a name: a field with
    /// `#[exactly(store = "archive")]` lives in the one named `archive`. Given twice, the later one
    /// counts.
    ///
    /// It is a store by itself, with its own engine and namespace. A change of objects in several
    /// stores is one change in each, not in all: [`delete_all`](crate::Objects::delete_all).
    ///
    /// ```
    /// # use exactly::{Counter, Objects, Store};
    /// #[derive(Objects)]
    /// #[exactly(name = "course")]
    /// struct Course {
    ///     taken: Counter,
    ///     #[exactly(store = "archive")]
    ///     ever_taken: Counter,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// let archive = Store::open("memory:").await?;
    /// let store = Store::builder().beside("archive", archive.clone()).open("memory:").await?;
    /// Course::at(&store, 42).ever_taken.increment().await?;
    /// assert_eq!(Course::at(&store, 42).ever_taken.get().await?, 1);
    /// assert!(store.beside("archive").is_some());
    /// # Ok(()) }
    /// ```
    pub fn beside(mut self, name: impl Into<String>, store: Store) -> Self {
        let name = name.into();
        self.beside.retain(|(known, _)| *known != name);
        self.beside.push((name, store));
        self
    }

    /// A layer next to the engine, around those given before.
    pub fn layer<E: Engine>(mut self, wrap: impl FnOnce(Arc<dyn Engine>) -> E + 'static) -> Self {
        self.layers.push(Wrap(Box::new(|engine| Arc::new(wrap(engine)))));
        self
    }

    /// Opens the engine that the URL names: see [`Store::open`].
    ///
    /// # Faults
    /// As [`Store::open`].
    pub async fn open(mut self, url: &str) -> Result<Store, Fault> {
        let options = std::mem::take(&mut self.options);
        Ok(self.finish(open::open(url, options).await?))
    }

    /// A store on an engine of your own making.
    pub fn build(self, engine: impl Engine) -> Store {
        self.finish(Arc::new(engine).into())
    }

    fn finish(self, opened: Opened) -> Store {
        let mut engine = opened.engine;
        for Wrap(wrap) in self.layers {
            engine = wrap(engine);
        }
        if let Some(limit) = self.timeout {
            engine = Arc::new(Timeout::new(engine, limit));
        }
        if engine.profile().loses_replies || self.retry.is_some() {
            engine = Arc::new(Retry::with_policy(engine, self.retry.unwrap_or_default()));
        }
        let policy = match self.combine {
            Folding::ByProfile => engine.profile().far.then(CombinePolicy::default),
            Folding::By(policy) => Some(policy),
            Folding::Never => None,
        };
        if let Some(policy) = policy {
            engine = Arc::new(Combine::with_policy(engine, policy));
        }
        let engine = Trace::new(engine);
        let background = Background::new();
        let (namespace, beside) = (self.namespace, self.beside);
        let (lines, turns, relays) = (Arc::default(), Arc::default(), Relays::default());
        let inner = Inner {
            engine,
            namespace,
            background,
            beside,
            lines,
            turns,
            relays,
            #[cfg(feature = "redis")]
            redis: opened.redis,
        };
        Store { inner: Arc::new(inner) }
    }
}

#[cfg(feature = "redis")]
impl Store {
    /// Who runs scripts.
    ///
    /// # Faults
    /// *Misuse* when nobody does.
    pub(crate) fn scripts(&self) -> Result<&exactly_redis::Redis, Fault> {
        check_outside(self)?;
        self.inner.redis.as_ref().ok_or_else(|| {
            Fault::bad_option(format!(
                "a script runs on a store that was opened on Redis, outside of transactions, and \
                 this one is `{}`; nothing was changed: use objects, a batch or a transaction, \
                 which are all or nothing on every engine",
                self.profile().name
            ))
        })
    }

    /// A store on connections of this client's making: with its TLS settings, its address, its
    /// password, and its protocol: RESP3 tells changes and the ends of connections at once.
    ///
    /// ```no_run
    /// # use exactly::{Store, redis::Client};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = Client::open("redis://localhost?protocol=resp3")?;
    /// let store = Store::from_client(client).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// As [`Store::open`].
    pub async fn from_client(client: exactly_redis::Client) -> Result<Self, Fault> {
        Self::builder().on_client(client).await
    }

    /// A store on a connection that is open already, and that others may go on using. When it is
    /// lost, it is lost: only a client can make another.
    ///
    /// # Faults
    /// As [`Store::open`].
    pub async fn from_connection(
        connection: exactly_redis::MultiplexedConnection,
    ) -> Result<Self, Fault> {
        Self::builder().on_connection(connection).await
    }
}

#[cfg(feature = "redis")]
impl StoreBuilder {
    /// How Redis is opened, if it is: the style of keys, the number of connections, what is
    /// allowed.
    ///
    /// ```no_run
    /// # use exactly::{Store, redis::{KeyStyle, Options}};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// let store = Store::builder()
    ///     .redis(Options::new().key_style(KeyStyle::RedisObjects))
    ///     .open("redis://localhost")
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn redis(mut self, options: exactly_redis::Options) -> Self {
        self.options.redis = options;
        self
    }

    /// A store on connections of this client's making.
    ///
    /// # Faults
    /// As [`Store::open`].
    pub async fn on_client(mut self, client: exactly_redis::Client) -> Result<Store, Fault> {
        let options = std::mem::take(&mut self.options.redis);
        Ok(self.finish(exactly_redis::Redis::from_client(client, options).await?.into()))
    }

    /// A store on a connection that is open already.
    ///
    /// # Faults
    /// As [`Store::open`].
    pub async fn on_connection(
        mut self,
        connection: exactly_redis::MultiplexedConnection,
    ) -> Result<Store, Fault> {
        let options = std::mem::take(&mut self.options.redis);
        Ok(self.finish(exactly_redis::Redis::from_connection(connection, options).await?.into()))
    }
}
