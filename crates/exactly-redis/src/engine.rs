//! The engine: a batch becomes commands or a script, and its answer a reply.

use std::sync::Arc;
use std::time::{Duration, Instant};

use exactly_core::{
    BATCH_MAX, Batch, Cursor, Engine, Fault, Key, Listing, Mark, Misuse, Outcome, Page, Profile,
    Rehearsal, Reply, Resolution, Step, Token, thread_place,
};
use parking_lot::{Mutex, RwLock};
use redis::aio::MultiplexedConnection;
use redis::{Client, ServerError};
use smallvec::SmallVec;

use crate::changes::Changes;
use crate::connection::{Asked, Dial, Given, Line, Source};
use crate::echo;
use crate::exclusive::Exclusive;
use crate::fault;
use crate::gather::Gathered;
use crate::heard::Heard;
use crate::listing;
use crate::names::KeyStyle;
use crate::native::{self, Answer};
use crate::options::Options;
use crate::reply;
use crate::request::{Records, Request};
use crate::resolution;
use crate::server::Server;

/// A batch with a step of so many bytes, a long value or many elements, gets a connection for
/// itself, lest small ones wait behind it.
const LARGE: usize = 64 * 1024;

/// How often connections are made anew because the server takes no writes: whether another one has
/// become the primary is not worth more than a look now and then.
const RENEWED_AGAIN: Duration = Duration::from_millis(100);

/// Objects on a Redis server, or one that speaks its protocol. Clones are the same engine.
#[derive(Clone)]
pub struct Redis {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for Redis {
    /// Where it is, without user and password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redis").field("server", &self.inner.dial.place()).finish_non_exhaustive()
    }
}

struct Inner {
    dial: Dial,
    lines: Box<[Line]>,
    exclusive: Exclusive,
    changes: Changes,
    options: Options,
    records: Records,
    server: RwLock<Server>,
    renewed: Mutex<Option<Instant>>,
}

impl Redis {
    /// Opens the server that the URL names, with settings in the URL taking precedence over the
    /// options: `redis://user:password@host:port/database`, `rediss://…` for TLS, `unix:///socket`.
    ///
    /// Settings stand at its end: `?key_style=redis-objects`, `?connections=4`,
    /// `?eviction=allowed`, `?protocol=resp2`, and for a socket `?user=…&pass=…&db=1`.
    ///
    /// # Faults
    /// *Misuse* when the URL cannot be read, the password is wrong, the certificates are not
    /// trusted or the server may evict keys; *not applied* when it cannot be reached.
    pub async fn open(url: &str, options: Options) -> Result<Self, Fault> {
        let (options, client) = options.of_url(url)?;
        Self::from_source(Source::Client(Box::new(client)), options).await
    }

    /// On connections of this client's making.
    ///
    /// # Faults
    /// As [`Redis::open`].
    pub async fn from_client(client: Client, options: Options) -> Result<Self, Fault> {
        Self::from_source(Source::Client(Box::new(client)), options).await
    }

    /// On a connection that is open already, and that others may use as well. When it is lost, it
    /// is lost: only a client can make another.
    ///
    /// # Faults
    /// As [`Redis::open`].
    pub async fn from_connection(
        connection: MultiplexedConnection,
        options: Options,
    ) -> Result<Self, Fault> {
        Self::from_source(Source::Given(Given::new(connection)), options.connections(1)).await
    }

    async fn from_source(source: Source, options: Options) -> Result<Self, Fault> {
        let dial = Dial::new(source, &options);
        let mut first = dial.open(None).await?;
        let server = Server::ask(&dial, &mut first, &options).await?;
        let mut first = Some(first);
        let lines = (0..options.connections).map(|_| Line::new(dial.clone(), first.take()));
        let window = options.token_window;
        let records = Records { prefix: options.records.clone(), window };
        let inner = Inner {
            lines: lines.collect(),
            exclusive: Exclusive::new(dial.clone()),
            changes: Changes::new(dial.clone(), options.key_style),
            dial,
            options,
            records,
            server: RwLock::new(server),
            renewed: Mutex::new(None),
        };
        Ok(Self { inner: Arc::new(inner) })
    }
}

/// What is done beside batches.
impl Redis {
    /// The keys that look like this, as they are written on the server.
    pub(crate) async fn scan(
        &self,
        glob: &[u8],
        after: Option<Cursor>,
        count: u32,
    ) -> Result<(Vec<Vec<u8>>, Option<Cursor>), Fault> {
        self.inner.scan(glob, after, count).await
    }

    /// Whether anything is stored at a key of the server's.
    pub(crate) async fn has(&self, name: &[u8]) -> Result<bool, Fault> {
        let mut exists = redis::cmd("EXISTS");
        exists.arg(name);
        let told = self.inner.ask(Asked::One(exists), 0).await.map_err(Fault::of_a_read)?;
        match told.first() {
            Some(Heard::Number(number)) => Ok(*number == 1),
            Some(Heard::Error(error)) => Err(fault::of_server(error)),
            Some(_) | None => Err(crate::words::odd()),
        }
    }

    /// Whether this is the record of a token.
    pub(crate) fn is_record(&self, text: &[u8]) -> bool {
        listing::is_record(text, &self.inner.options.records)
    }

    /// How keys are written.
    pub(crate) fn key_style(&self) -> KeyStyle {
        self.inner.options.key_style
    }

    /// What a script of the user's own answered, or the error that it ended with.
    pub(crate) async fn told(
        &self,
        request: &Request,
    ) -> Result<Result<Option<Heard>, ServerError>, Fault> {
        let echo = echo::made();
        let told = match self.inner.evaluated(request, &echo).await? {
            Ok(told) => told.into_list(),
            Err(error) => return Ok(Err(error)),
        };
        let mut told = told.into_iter();
        match told.next() {
            Some(Heard::Text(first)) if first == echo => Ok(Ok(told.next())),
            Some(_) | None => Err(echo::misled()),
        }
    }

    /// What a script answered that is no batch.
    pub(crate) async fn run(&self, request: Request) -> Result<Vec<u8>, Fault> {
        let echo = echo::made();
        let Heard::Text(told) = self.inner.called(&request, &echo).await? else {
            return Err(crate::words::odd());
        };
        told.strip_prefix(&echo).map(<[u8]>::to_vec).ok_or_else(echo::misled)
    }
}

impl Inner {
    async fn apply(&self, batch: &Batch) -> Result<Reply, Fault> {
        batch.check()?;
        let reply = match Gathered::of(batch) {
            Some(gathered) => {
                let reply = self.answered(&gathered.batch).await;
                reply.and_then(|reply| gathered.deal(reply))
            }
            None => self.answered(batch).await,
        };
        if reply.as_ref().is_err_and(Fault::is_read_only) {
            self.renew();
        }
        if batch.writes() { reply } else { reply.map_err(Fault::of_a_read) }
    }

    async fn answered(&self, batch: &Batch) -> Result<Reply, Fault> {
        let knows = self.server.read().knows;
        match native::commands(batch, self.options.key_style, knows) {
            Some(commands) => {
                let values = self.ask(Asked::Many(commands), 0).await?;
                self.clarified(batch, native::answers(batch, values)?).await
            }
            None => match Request::texts(batch, self.options.key_style) {
                Some(request) => self.texts(batch, &request).await,
                None => self.scripted(batch).await,
            },
        }
    }

    /// Reads many texts at one moment.
    async fn texts(&self, batch: &Batch, request: &Request) -> Result<Reply, Fault> {
        let echo = echo::made();
        let Heard::List(told) = self.called(request, &echo).await? else {
            return Err(crate::words::odd());
        };
        let mut told = told.into_iter();
        if !matches!(told.next(), Some(Heard::Text(first)) if first == echo) {
            return Err(echo::misled());
        }
        let answers = native::answers(batch, told.collect())?;
        let clear = answers.into_iter().map(|answer| match answer {
            Answer::Clear(outcome) => Some(outcome),
            Answer::Unclear => None,
        });
        match clear.collect::<Option<SmallVec<[Outcome; 1]>>>() {
            Some(outcomes) if outcomes.len() == batch.steps.len() => Ok(Reply::Applied(outcomes)),
            Some(_) => Err(crate::words::odd()),
            // Something is of another kind, or no number: the long way says so in full.
            None => self.scripted(batch).await,
        }
    }

    /// Applies a batch by a script.
    async fn scripted(&self, batch: &Batch) -> Result<Reply, Fault> {
        let now = || self.server.read().now();
        let request = Request::new(batch, self.options.key_style, &self.records, now);
        let echo = echo::made();
        let Heard::Text(answer) = self.called(&request, &echo).await? else {
            return Err(crate::words::odd());
        };
        match read(&answer, &echo, batch)? {
            Some(reply) => Ok(reply),
            None => Err(self.late().await),
        }
    }

    /// What a batch would do.
    async fn rehearse(&self, batch: &Batch) -> Result<Rehearsal, Fault> {
        batch.check()?;
        let request = Request::rehearsal(batch, self.options.key_style);
        let echo = echo::made();
        let Heard::Text(answer) = self.called(&request, &echo).await.map_err(Fault::of_a_read)?
        else {
            return Err(crate::words::odd());
        };
        let Some(answer) = answer.strip_prefix(&echo) else { return Err(echo::misled()) };
        reply::rehearsal(answer, batch)
    }

    /// What a script answered, whose text is sent where the server does not know it yet.
    async fn called(&self, request: &Request, echo: &[u8]) -> Result<Heard, Fault> {
        self.evaluated(request, echo).await?.map_err(|error| fault::of_server(&error))
    }

    /// The same, or the server's own words on why not.
    async fn evaluated(
        &self,
        request: &Request,
        echo: &[u8],
    ) -> Result<Result<Heard, ServerError>, Fault> {
        let mut whole = false;
        loop {
            let command = request.command(echo, whole);
            let mut values = self.ask(Asked::One(command), request.largest()).await?;
            match values.pop() {
                Some(Heard::Error(error)) if is_new_to_it(&error) && !whole => whole = true,
                Some(Heard::Error(error)) => return Ok(Err(error)),
                Some(told) => return Ok(Ok(told)),
                None => return Err(crate::words::odd()),
            }
        }
    }

    /// The outcomes of commands, with a script's word on what they left open.
    async fn clarified(
        &self,
        batch: &Batch,
        answers: SmallVec<[Answer; 1]>,
    ) -> Result<Reply, Fault> {
        let unclear = |(_, answer): &(&Step, &Answer)| matches!(answer, Answer::Unclear);
        let open: Vec<_> = batch
            .steps
            .iter()
            .zip(&answers)
            .filter(unclear)
            .map(|(step, _)| step.clone())
            .collect();
        let all = open.len() == batch.steps.len();
        let mut told = if open.is_empty() {
            Vec::new().into_iter()
        } else {
            self.asked_why(open, all).await?.into_iter()
        };
        let outcomes = answers.into_iter().map(|answer| match answer {
            Answer::Clear(outcome) => Ok(outcome),
            Answer::Unclear => told.next().ok_or_else(crate::words::odd),
        });
        let outcomes = outcomes.collect::<Result<SmallVec<[Outcome; 1]>, Fault>>()?;
        if batch.apart {
            Ok(Reply::Applied(outcomes))
        } else {
            reply::alone(&batch.steps[0], outcomes)
        }
    }

    /// What a script says of steps that commands left open. If it is refused, that is a fault of
    /// the batch where these are all of it; where others stand, it is these steps' own.
    async fn asked_why(&self, open: Vec<Step>, all: bool) -> Result<Vec<Outcome>, Fault> {
        let count = open.len();
        match self.scripted(&Batch::apart(open)).await {
            Ok(Reply::Applied(outcomes)) => Ok(outcomes.into_vec()),
            Ok(Reply::Refused(_)) => Err(crate::words::odd()),
            Err(fault) if all || fault.is_unknown() => Err(fault),
            Err(fault) => {
                let refused = Outcome::Misuse(Misuse::Refused(fault.to_string()));
                Ok(vec![refused; count])
            }
        }
    }

    async fn resolve(&self, token: &Token) -> Result<Resolution, Fault> {
        let mut get = redis::cmd("GET");
        get.arg(self.records.key(token));
        let told = self.ask(Asked::One(get), 0).await.map_err(Fault::of_a_read)?;
        match told.first() {
            Some(Heard::Nothing) => resolution::read(token, None),
            Some(Heard::Text(record)) => resolution::read(token, Some(record)),
            Some(Heard::Error(error)) => Err(fault::of_server(error).of_a_read()),
            Some(_) | None => Err(crate::words::odd()),
        }
    }

    async fn page(&self, wanted: &Listing) -> Result<Page, Fault> {
        let glob = self.options.key_style.glob(&wanted.pattern);
        let (texts, next) = self.scan(&glob, wanted.after, wanted.count).await?;
        Ok(listing::page(wanted, &self.options, &texts, next))
    }

    async fn scan(
        &self,
        glob: &[u8],
        after: Option<Cursor>,
        count: u32,
    ) -> Result<(Vec<Vec<u8>>, Option<Cursor>), Fault> {
        let command = listing::command(glob, after, count);
        let mut told = self.ask(Asked::One(command), 0).await.map_err(Fault::of_a_read)?;
        listing::texts(told.pop().ok_or_else(crate::words::odd)?)
    }

    async fn ask(&self, asked: Asked, largest: usize) -> Result<Vec<Heard>, Fault> {
        if largest > LARGE && self.dial.makes_more() {
            return self.exclusive.ask(&asked).await;
        }
        // What one worker thread sends stays on one connection, so that its answers wake callers
        // where they run.
        self.lines[thread_place() % self.lines.len()].ask(&asked).await
    }

    /// The batch was too long on its way for the server to tell it from an old one. Or its clock is
    /// not what it was: after a failover it is another server's.
    async fn late(&self) -> Fault {
        let time = self.ask(Asked::One(redis::cmd("TIME")), 0).await;
        if let Some(micros) = time.ok().and_then(|time| time.first().and_then(Heard::micros)) {
            self.server.write().set_clock(micros);
        }
        Fault::unavailable(
            "the batch came too late to be told from an old one; nothing was changed",
        )
    }

    /// The server takes no writes. After a failover the primary may be elsewhere, under the same
    /// name.
    fn renew(&self) {
        let mut renewed = self.renewed.lock();
        if renewed.is_none_or(|renewed| renewed.elapsed() >= RENEWED_AGAIN) {
            *renewed = Some(Instant::now());
            self.lines.iter().for_each(Line::renew);
            self.exclusive.renew();
        }
    }
}

/// The script's answer, if it is the one to this call; none if the call came too late.
fn read(answer: &[u8], echo: &[u8], batch: &Batch) -> Result<Option<Reply>, Fault> {
    let Some(answer) = answer.strip_prefix(echo) else { return Err(echo::misled()) };
    reply::read(answer, batch)
}

fn is_new_to_it(error: &ServerError) -> bool {
    error.code() == "NOSCRIPT"
}

impl Engine for Redis {
    fn apply(&self, batch: Batch) -> exactly_core::Answer<'_, Reply> {
        exactly_core::Answer::pending(async move { self.inner.apply(&batch).await })
    }

    fn changed(&self, key: &Key, since: Mark) -> exactly_core::Answer<'_, Mark> {
        let key = key.clone();
        exactly_core::Answer::pending(async move { self.inner.changes.changed(&key, since).await })
    }

    fn keys(&self, listing: Listing) -> exactly_core::Answer<'_, Page> {
        exactly_core::Answer::pending(async move { self.inner.page(&listing).await })
    }

    fn rehearse(&self, batch: Batch) -> exactly_core::Answer<'_, Rehearsal> {
        exactly_core::Answer::pending(async move { self.inner.rehearse(&batch).await })
    }

    fn resolve(&self, token: &Token) -> exactly_core::Answer<'_, Resolution> {
        let token = token.clone();
        exactly_core::Answer::pending(async move { self.inner.resolve(&token).await })
    }

    fn profile(&self) -> Profile {
        let server = self.inner.server.read();
        Profile {
            name: server.name,
            durability: server.durability,
            batch_max: BATCH_MAX,
            loses_replies: true,
            far: true,
            token_window: self.inner.options.token_window,
        }
    }
}
