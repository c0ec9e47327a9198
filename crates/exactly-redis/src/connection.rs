//! Connections that many batches share, and how they come back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use exactly_core::Fault;
use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, Pipeline, PushInfo, PushKind};
use tokio::sync::Mutex as Turn;
use tokio::time::timeout;

use crate::fault;
use crate::heard::Heard;
use crate::options::{Options, choose_provider, is_by_tls, place};

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

/// Makes connections.
#[derive(Clone)]
pub(crate) struct Dial {
    source: Source,
    place: Arc<str>,
    by_tls: bool,
    connect_timeout: Duration,
    reply_timeout: Duration,
}

/// A connection that is open, as far as anybody knows.
#[derive(Clone)]
pub(crate) struct Open {
    wire: MultiplexedConnection,
    ended: Arc<AtomicBool>,
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
        Self { source, place: place.into(), by_tls, connect_timeout, reply_timeout }
    }

    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// Whether every connection made here is another one.
    pub(crate) fn makes_more(&self) -> bool {
        matches!(self.source, Source::Client(_))
    }

    /// A new connection.
    pub(crate) async fn open(&self, pushed: Option<Pushed>) -> Result<Open, Fault> {
        let client = match &self.source {
            Source::Client(client) => client,
            Source::Given(given) => return given.open(),
        };
        let ended = Arc::new(AtomicBool::new(false));
        let mut config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.connect_timeout))
            .set_response_timeout(None);
        if client.get_connection_info().redis_settings().protocol() == redis::ProtocolVersion::RESP3
        {
            let ended = Arc::clone(&ended);
            config = config.set_push_sender(move |info: PushInfo| {
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

/// What is sent in one go.
pub(crate) enum Asked {
    One(Cmd),
    Many(Pipeline),
}

/// One connection that many batches share; made when it is needed, and again after it was lost.
pub(crate) struct Line {
    dial: Dial,
    current: Mutex<Option<Open>>,
    /// Whoever finds no connection makes one for all.
    making: Turn<()>,
}

impl Line {
    pub(crate) fn new(dial: Dial, first: Option<Open>) -> Self {
        Self { dial, current: Mutex::new(first), making: Turn::new(()) }
    }

    fn current(&self) -> Option<Open> {
        self.current.lock().clone().filter(|open| !open.ended.load(Ordering::Acquire))
    }

    async fn open(&self) -> Result<Open, Fault> {
        if let Some(open) = self.current() {
            return Ok(open);
        }
        let _turn = self.making.lock().await;
        if let Some(open) = self.current() {
            return Ok(open);
        }
        let open = self.dial.open(None).await?;
        *self.current.lock() = Some(open.clone());
        Ok(open)
    }

    pub(crate) async fn ask(&self, asked: &Asked) -> Result<Vec<Heard>, Fault> {
        let mut open = self.open().await?;
        let answer = self.dial.ask(&mut open, asked).await;
        if answer.is_err() {
            self.give_up(&open);
        }
        answer
    }

    /// No more batches on this connection: whatever it answers from now on may belong to another.
    fn give_up(&self, open: &Open) {
        open.ended.store(true, Ordering::Release);
        let mut current = self.current.lock();
        if current.as_ref().is_some_and(|current| Arc::ptr_eq(&current.ended, &open.ended)) {
            *current = None;
        }
    }

    /// Ends the present connection, so that the next one is made to whoever is there by then.
    pub(crate) fn renew(&self) {
        *self.current.lock() = None;
    }
}

impl Open {
    pub(crate) fn is_open(&self) -> bool {
        !self.ended.load(Ordering::Acquire)
    }
}
