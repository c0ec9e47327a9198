//! How the engine is opened.

use std::time::Duration;

use exactly_core::{Fault, TOKEN_KEEP_MAX};
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
    /// What suits most: one connection for each core, up to eight, two seconds for a connection and
    /// for a reply.
    pub fn new() -> Self {
        Self::default()
    }

    /// How keys are written on the server.
    pub fn key_style(mut self, style: KeyStyle) -> Self {
        self.key_style = style;
        self
    }

    /// How many connections carry batches, from 1 to 64, each made when it is first needed. One for
    /// each worker thread is the fast form.
    ///
    /// Beside them there are up to four for batches of more than 64 kB, and one once somebody waits
    /// for a change.
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

    /// How long the last batch of a session is remembered, from a millisecond to 90 days. Half of
    /// it is how long a batch may be on its way.
    pub fn token_window(mut self, window: Duration) -> Self {
        self.token_window = window.clamp(Duration::from_millis(1), TOKEN_KEEP_MAX);
        self
    }

    /// What the keys of records begin with: `exactly` unless told otherwise. A user whose rights
    /// are limited to some keys needs `~exactly:*` beside its own, and the commands of
    /// [`RIGHTS`](crate::RIGHTS).
    ///
    /// `exactly:session:…` remembers the last batch of a session, `exactly:token:…` what was sent
    /// under a token of yours. Both expire by themselves.
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
        if !cfg!(feature = "tls") && (url.starts_with("rediss:") || url.starts_with("valkeys:")) {
            return Err(Fault::bad_url("TLS needs the feature `tls`"));
        }
        let (plain, settings) = split(url)?;
        let mut kept = Vec::new();
        for setting in settings {
            let (name, value) = setting.split_once('=').unwrap_or((setting, ""));
            match (name, value) {
                ("key_style", "redis-objects") => self.key_style = KeyStyle::RedisObjects,
                ("key_style", "tagged") => self.key_style = KeyStyle::Tagged,
                ("eviction", "allowed") => self.eviction_allowed = true,
                ("connections", number) => {
                    let number = number.parse().ok();
                    let number = number.filter(|number| (1..=CONNECTIONS_MAX).contains(number));
                    self.connections = number.ok_or_else(|| bad(name, "1 to 64"))?;
                }
                ("key_style", _) => return Err(bad(name, "`tagged` or `redis-objects`")),
                ("eviction", _) => return Err(bad(name, "`allowed`, or nothing at all")),
                ("protocol", "resp2" | "resp3" | "2" | "3") => kept.push(setting),
                ("protocol", _) => return Err(bad(name, "`resp2` or `resp3`")),
                ("db" | "user" | "pass", _) if is_socket(url) => kept.push(setting),
                ("db" | "user" | "pass", _) => return Err(bad(name, OF_SOCKETS)),
                // A `?` in a password that is not written as `%3F` begins the settings.
                _ if setting.contains('@') => return Err(unreadable()),
                _ => return Err(Fault::bad_url(UNKNOWN)),
            }
        }
        let three = kept.iter().all(|setting| !setting.starts_with("protocol="));
        let url = if kept.is_empty() { plain } else { format!("{plain}?{}", kept.join("&")) };
        let info = url.into_connection_info().map_err(|_| unreadable())?;
        check_user(&info)?;
        let info = at_once(if three { speaking_resp3(info) } else { info });
        Ok((self, Client::open(info).map_err(|_| unreadable())?))
    }
}

const UNKNOWN: &str = "the URL has a setting that is not known; known are `key_style`, `eviction`, \
                       `connections` and `protocol`, and for sockets `db`, `user` and `pass`";

const OF_SOCKETS: &str = "a socket; for a host it is `redis://user:password@host:port/database`";

/// A URL without a host has no room for a user and a database in front of its settings.
fn is_socket(url: &str) -> bool {
    url.split_once(':').is_some_and(|(scheme, _)| scheme.ends_with("unix"))
}

/// Without a password nobody logs in, and the server would take us for its default user.
fn check_user(info: &ConnectionInfo) -> Result<(), Fault> {
    let settings = info.redis_settings();
    if settings.username().is_some() && settings.password().is_none() {
        return Err(Fault::bad_url(
            "the URL has a user and no password; a user that needs none takes any, and a password \
             without a user is written `redis://:password@host`",
        ));
    }
    Ok(())
}

/// The URL up to its settings, and the settings.
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
         for TLS, or `unix:///path/to/socket`; signs like `@`, `/`, `:` and `?` in a password are \
         written as `%40`, `%2F`, `%3A` and `%3F`",
    )
}

fn bad(name: &str, expected: &str) -> Fault {
    Fault::bad_url(format!("the URL's setting `{name}` needs {expected}"))
}

/// What is written goes out at once: else a second flight would wait until the first is answered.
fn at_once(info: ConnectionInfo) -> ConnectionInfo {
    let settings = info.tcp_settings().clone().set_nodelay(true);
    info.set_tcp_settings(settings)
}

/// RESP3 tells at once when a connection has ended, and pushes what has changed.
pub(crate) fn speaking_resp3(info: ConnectionInfo) -> ConnectionInfo {
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    info.set_redis_settings(settings)
}

pub(crate) fn is_by_tls(client: &Client) -> bool {
    matches!(client.get_connection_info().addr(), ConnectionAddr::TcpTls { .. })
}

/// A program with two providers of cryptography must choose one, or its first handshake panics. If
/// it has chosen, this changes nothing.
pub(crate) fn choose_provider() {
    #[cfg(feature = "tls")]
    drop(rustls::crypto::ring::default_provider().install_default());
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
        let (_, client) = Options::new().of_url("unix:///socket?db=2&user=ann&pass=pw").unwrap();
        let info = client.get_connection_info().redis_settings();
        assert_eq!((info.db(), info.username(), info.password()), (2, Some("ann"), Some("pw")));
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
            "redis://host?connections=0",
            "redis://host?connections=65",
            "redis://host?eviction=secret",
            "redis://user:sec#ret@host",
            "redis://user:sec?ret@host",
            "redis://secret@host",
            "redis://host?protocol=secret",
            "redis://host?db=3",
            "redis://host?user=secret&pass=secret",
            "unix:///socket?user=secret",
            "unix:///socket?db=secret",
        ] {
            let fault = Options::new().of_url(url).unwrap_err();
            assert!(fault.is_misuse() && fault.is_bad_url(), "{url}: {fault}");
            let said = format!("{fault} {fault:?}");
            assert!(!said.contains("secret") && !said.contains("ret@"), "{url}: {said}");
        }
    }
}
