//! How the engine is opened.

use std::time::Duration;

use exactly_core::Fault;
use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion};

use crate::names::KeyStyle;

/// The most connections for batches.
const CONNECTIONS_MAX: usize = 64;

/// How a [`Redis`](crate::Redis) is opened.
///
/// ```
/// # use exactly_redis::{KeyStyle, Options};
/// # use std::time::Duration;
/// let options = Options::new()
///     .key_style(KeyStyle::RedisObjects)
///     .reply_timeout(Duration::from_secs(2));
/// ```
#[derive(Debug, Clone)]
#[must_use = "options do nothing until an engine is opened with them"]
pub struct Options {
    pub(crate) key_style: KeyStyle,
    pub(crate) connections: usize,
    pub(crate) connect_timeout: Duration,
    pub(crate) reply_timeout: Duration,
    pub(crate) token_window: Duration,
    pub(crate) records: String,
    pub(crate) eviction_allowed: bool,
    pub(crate) newer_commands: bool,
}

impl Default for Options {
    fn default() -> Self {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            key_style: KeyStyle::default(),
            connections: workers.min(8),
            connect_timeout: Duration::from_secs(2),
            reply_timeout: Duration::from_secs(2),
            token_window: Duration::from_secs(600),
            records: "exactly".to_owned(),
            eviction_allowed: false,
            newer_commands: true,
        }
    }
}

impl Options {
    /// What suits most: one connection for each worker thread, two seconds for a connection and for
    /// a reply.
    pub fn new() -> Self {
        Self::default()
    }

    /// How keys are written on the server.
    pub fn key_style(mut self, style: KeyStyle) -> Self {
        self.key_style = style;
        self
    }

    /// How many connections carry batches, from 1 to 64. One for each worker thread is the fast
    /// form.
    pub fn connections(mut self, connections: usize) -> Self {
        self.connections = connections.clamp(1, CONNECTIONS_MAX);
        self
    }

    /// How long a new connection may take. Beyond, the batch was *not applied*.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// How long a reply may take. Beyond, the connection is given up, and what was sent on it is
    /// *unknown* until its token settles it.
    pub fn reply_timeout(mut self, limit: Duration) -> Self {
        self.reply_timeout = limit;
        self
    }

    /// How long the last batch of a session is remembered.
    pub fn token_window(mut self, window: Duration) -> Self {
        self.token_window = window;
        self
    }

    /// What the keys of records begin with: `exactly` unless told otherwise. A user whose rights
    /// are limited to some keys needs `~exactly:*` beside its own.
    pub fn records(mut self, prefix: impl Into<String>) -> Self {
        self.records = prefix.into();
        self
    }

    /// Opens a server that may evict keys when its memory is full, which is *misuse* otherwise: an
    /// evicted record lets a batch take effect twice, an evicted lease or counter is a promise
    /// broken in silence.
    pub fn allow_eviction(mut self) -> Self {
        self.eviction_allowed = true;
        self
    }

    /// Uses only commands of Redis 6, though the server may know newer ones that do the same
    /// faster.
    pub fn without_newer_commands(mut self) -> Self {
        self.newer_commands = false;
        self
    }

    /// The options with those that the URL sets, and the client it describes.
    pub(crate) fn of_url(mut self, url: &str) -> Result<(Self, Client), Fault> {
        let (plain, settings) = split(url)?;
        let mut kept = Vec::new();
        for setting in settings {
            let (name, value) = setting.split_once('=').unwrap_or((setting, ""));
            match (name, value) {
                ("key_style", "redis-objects") => self.key_style = KeyStyle::RedisObjects,
                ("key_style", "tagged") => self.key_style = KeyStyle::Tagged,
                ("eviction", "allowed") => self.eviction_allowed = true,
                ("connections", number) => {
                    let number = number.parse().map_err(|_| bad("connections", "1 to 64"))?;
                    self = self.connections(number);
                }
                ("key_style", _) => return Err(bad(name, "`tagged` or `redis-objects`")),
                ("eviction", _) => return Err(bad(name, "`allowed`, or nothing at all")),
                ("protocol" | "db" | "user" | "pass", _) => kept.push(setting),
                _ => {
                    return Err(Fault::bad_url(
                        "the URL has a setting that is not known; known are `key_style`, \
                         `eviction`, `connections` and `protocol`, and for sockets `db`, `user` \
                         and `pass`",
                    ));
                }
            }
        }
        let three = kept.iter().all(|setting| !setting.starts_with("protocol="));
        let url = if kept.is_empty() { plain } else { format!("{plain}?{}", kept.join("&")) };
        let info = url.into_connection_info().map_err(|_| unreadable())?;
        Ok((self, client(if three { speaking_resp3(info) } else { info })?))
    }
}

/// The URL up to its settings, and the settings. A socket may be named as `redis+unix:`, `unix:`.
fn split(url: &str) -> Result<(String, Vec<&str>), Fault> {
    if url.contains('#') {
        return Err(Fault::bad_url(
            "the URL has a `#`, which ends it there; in a password it is written `%23`",
        ));
    }
    let (plain, settings) = url.split_once('?').unwrap_or((url, ""));
    let settings = settings.split('&').filter(|setting| !setting.is_empty()).collect();
    Ok((plain.to_owned(), settings))
}

/// A password must not be repeated, and may be anywhere in a URL that cannot be read.
fn unreadable() -> Fault {
    Fault::bad_url(
        "the URL cannot be read; expected `redis://user:password@host:port/database`, `rediss://…` \
         for TLS, or `unix:///path/to/socket`; signs like `@`, `/` and `:` in a password are \
         written as `%40`, `%2F` and `%3A`",
    )
}

fn bad(name: &str, expected: &str) -> Fault {
    Fault::bad_url(format!("the URL's setting `{name}` needs {expected}"))
}

/// RESP3 tells at once when a connection has ended, and pushes what has changed.
pub(crate) fn speaking_resp3(info: ConnectionInfo) -> ConnectionInfo {
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    info.set_redis_settings(settings)
}

fn client(info: ConnectionInfo) -> Result<Client, Fault> {
    if matches!(info.addr(), ConnectionAddr::TcpTls { .. }) && !cfg!(feature = "tls") {
        return Err(Fault::bad_url("`rediss:` needs the feature `tls`"));
    }
    #[cfg(feature = "tls")]
    if matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
        // A program with two providers must choose one, or the first handshake panics. If it has
        // chosen, this changes nothing.
        drop(rustls::crypto::ring::default_provider().install_default());
    }
    Client::open(info).map_err(|_| unreadable())
}

/// Where the server is, without user and password.
pub(crate) fn place(client: &Client) -> String {
    client.get_connection_info().addr().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_in_the_url() {
        let (options, client) = Options::new()
            .of_url("redis://localhost:7/3?key_style=redis-objects&connections=3&eviction=allowed")
            .unwrap();
        assert_eq!(options.key_style, KeyStyle::RedisObjects);
        assert_eq!((options.connections, options.eviction_allowed), (3, true));
        let info = client.get_connection_info().redis_settings();
        assert_eq!((info.db(), info.protocol()), (3, ProtocolVersion::RESP3));
        assert_eq!(place(&client), "localhost:7");
        let (_, client) = Options::new().of_url("redis://localhost?protocol=resp2").unwrap();
        let info = client.get_connection_info().redis_settings();
        assert_eq!(info.protocol(), ProtocolVersion::RESP2);
    }

    #[test]
    fn a_wrong_url_is_misuse_and_repeats_no_secret() {
        for url in [
            "redis://user:secret@",
            "redis://user:secret@host:port",
            "redis://host/secret",
            "redis://host?secret=1",
            "redis://host?key_style=secret",
            "redis://host?connections=secret",
            "redis://host?eviction=secret",
            "redis://user:sec#ret@host",
        ] {
            let fault = Options::new().of_url(url).unwrap_err();
            assert!(fault.is_misuse() && fault.is_bad_url(), "{url}: {fault}");
            let said = format!("{fault} {fault:?}");
            assert!(!said.contains("secret") && !said.contains("ret@"), "{url}: {said}");
        }
    }
}
