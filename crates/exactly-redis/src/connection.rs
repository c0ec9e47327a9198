//! Connections that many batches share, and how they come back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use exactly_core::Fault;
use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, Pipeline, PushInfo, PushKind};
use tokio::time::{Instant, sleep_until, timeout};

use crate::fault;
use crate::heard::Heard;
use crate::options::{Options, choose_provider, is_by_tls, place};
use crate::shared::Shared;

/// Where connections come from.
#[derive(Clone)]
pub(crate) enum Source {
    /// As many as are needed, and again when one is lost.
    Client(Box<Client>),
    /// One that somebody else made. When it is lost, nobody here can make another.
    Given(Given),
}

/// A connection of somebody else's, and whether it was lost.
#[derive(Clone)]
pub(crate) struct Given {
    wire: Box<MultiplexedConnection>,
    lost: Arc<AtomicBool>,
}

impl Given {
    pub(crate) fn new(wire: MultiplexedConnection) -> Self {
        Self { wire: Box::new(wire), lost: Arc::default() }
    }

    fn open(&self) -> Result<Open, Fault> {
        if self.lost.load(Ordering::Acquire) {
            return Err(Fault::unavailable(
                "the connection that was given is lost, and only its owner can make another; a \
                 store that is opened by a URL or a client makes its own",
            ));
        }
        Ok(Open { wire: (*self.wire).clone(), ended: Arc::default() })
    }
}

/// What is pushed by the server without being asked.
pub(crate) type Pushed = Arc<dyn Fn(PushInfo) + Send + Sync>;

/// The first pause after a connection that could not be made; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(2);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_millis(100);

/// Makes connections.
#[derive(Clone)]
pub(crate) struct Dial {
    source: Source,
    place: Arc<str>,
    by_tls: bool,
    connect_timeout: Duration,
    reply_timeout: Duration,
    pace: Arc<Mutex<Pace>>,
}

/// How often a server that is not there is tried, however many call: all connections of an engine
/// keep one pace, and start up again each at a moment of its own.
#[derive(Debug, Default)]
struct Pace {
    failures: u32,
    not_before: Option<Instant>,
}

impl Pace {
    fn learn(&mut self, made: bool) {
        if made {
            *self = Self::default();
            return;
        }
        let pause = PAUSE.saturating_mul(1 << self.failures.min(10)).min(PAUSE_MAX);
        self.failures = self.failures.saturating_add(1);
        self.not_before = Some(Instant::now() + pause.mul_f64(0.5 + fastrand::f64() / 2.0));
    }
}

/// A connection that is open, as far as anybody knows.
#[derive(Clone)]
pub(crate) struct Open {
    wire: MultiplexedConnection,
    ended: Arc<AtomicBool>,
}

/// Belongs to the task of a connection: says when that has ended, by whatever means, as by the end
/// of the runtime it ran on.
struct Task(Arc<AtomicBool>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

impl Dial {
    pub(crate) fn new(source: Source, options: &Options) -> Self {
        let place = match &source {
            Source::Client(client) => place(client),
            Source::Given(_) => "the server of the connection that was given".to_owned(),
        };
        let by_tls = match &source {
            Source::Client(client) => is_by_tls(client),
            Source::Given(_) => false,
        };
        if by_tls {
            choose_provider();
        }
        let Options { connect_timeout, reply_timeout, .. } = *options;
        let pace = Arc::default();
        Self { source, place: place.into(), by_tls, connect_timeout, reply_timeout, pace }
    }

    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// Whether every connection made here is another one.
    pub(crate) fn makes_more(&self) -> bool {
        matches!(self.source, Source::Client(_))
    }

    /// Whether a connection made here is told what the server says unasked: only in RESP3. In RESP2
    /// a server agrees to tell what has changed, and then tells nothing.
    pub(crate) fn hears_pushes(&self) -> bool {
        match &self.source {
            Source::Client(client) => speaks_resp3(client),
            Source::Given(_) => false,
        }
    }

    /// Waits for something in front of a batch, as long as for a connection.
    pub(crate) async fn within<T>(&self, awaited: impl Future<Output = T>) -> Option<T> {
        timeout(self.connect_timeout, awaited).await.ok()
    }

    /// A new connection, at the pace that a server that is away allows.
    pub(crate) async fn open(&self, pushed: Option<Pushed>) -> Result<Open, Fault> {
        let client = match &self.source {
            Source::Client(client) => client,
            Source::Given(given) => return given.open(),
        };
        let not_before = self.pace.lock().not_before;
        if let Some(not_before) = not_before {
            sleep_until(not_before).await;
        }
        let opened = self.connect(client, pushed).await;
        self.pace.lock().learn(opened.is_ok());
        opened
    }

    async fn connect(&self, client: &Client, pushed: Option<Pushed>) -> Result<Open, Fault> {
        let ended = Arc::new(AtomicBool::new(false));
        let mut config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.connect_timeout))
            .set_response_timeout(None);
        if speaks_resp3(client) {
            let task = Task(Arc::clone(&ended));
            config = config.set_push_sender(move |info: PushInfo| {
                let Task(ended) = &task;
                if info.kind == PushKind::Disconnection {
                    ended.store(true, Ordering::Release);
                }
                if let Some(pushed) = &pushed {
                    pushed(info);
                }
                Ok::<(), ()>(())
            });
        }
        let connecting = client.get_multiplexed_async_connection_with_config(&config);
        match timeout(self.connect_timeout, connecting).await {
            Ok(Ok(wire)) => Ok(Open { wire, ended }),
            Ok(Err(error)) => Err(fault::of_connecting(&error, &self.place, self.by_tls)),
            Err(_) => Err(Fault::unavailable(format!(
                "no connection to {} within {:?}; {}",
                self.place,
                self.connect_timeout,
                fault::silent(self.by_tls)
            ))),
        }
    }

    /// What the server answers to these commands, errors of single ones among it.
    ///
    /// # Faults
    /// When no answer came, and the connection is of no use any more.
    pub(crate) async fn ask(&self, open: &mut Open, asked: &Asked) -> Result<Vec<Heard>, Fault> {
        let answered = async {
            match asked {
                Asked::One(command) => {
                    open.wire.send_packed_command(command).await.map(|value| vec![value])
                }
                Asked::Many(pipeline) => {
                    open.wire.send_packed_commands(pipeline, 0, pipeline.len()).await
                }
            }
        };
        match timeout(self.reply_timeout, answered).await {
            Ok(Ok(values)) => Ok(values.into_iter().map(Heard::from).collect()),
            Ok(Err(error)) => {
                if let Source::Given(given) = &self.source
                    && error.is_connection_dropped()
                {
                    given.lost.store(true, Ordering::Release);
                }
                Err(fault::of_sending(&error, &self.place))
            }
            Err(_) => Err(Fault::timed_out(self.reply_timeout)),
        }
    }
}

fn speaks_resp3(client: &Client) -> bool {
    client.get_connection_info().redis_settings().protocol() == redis::ProtocolVersion::RESP3
}

/// What is sent in one go.
pub(crate) enum Asked {
    One(Cmd),
    Many(Pipeline),
}

/// One connection that many batches share; made when it is needed, and again after it was lost.
pub(crate) struct Line {
    dial: Dial,
    open: Shared<Open>,
}

impl Line {
    pub(crate) fn new(dial: Dial, first: Option<Open>) -> Self {
        Self { dial, open: Shared::new(first, Open::is_open) }
    }

    pub(crate) async fn ask(&self, asked: &Asked) -> Result<Vec<Heard>, Fault> {
        // In a box: it is rarely made, and a call should be no larger for it.
        let mut open = self.open.get(|| Box::pin(self.dial.open(None))).await?;
        let answer = self.dial.ask(&mut open, asked).await;
        if answer.is_err() {
            open.give_up();
        }
        answer
    }

    /// Ends the present connection, so that the next one is made to whoever is there by then.
    pub(crate) fn renew(&self) {
        self.open.renew();
    }
}

impl Open {
    pub(crate) fn is_open(&self) -> bool {
        !self.ended.load(Ordering::Acquire)
    }

    /// No more batches on this connection: whatever it answers from now on may belong to another.
    pub(crate) fn give_up(&self) {
        self.ended.store(true, Ordering::Release);
    }
}
