//! The engine passes the one suite, each case on a real server of its own: as it is, and through
//! the layer that names every batch with a token.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use exactly_conformance::Setup;
use exactly_conformance::servers::{self, Flavour};
use exactly_core::Engine;
use exactly_core::layers::Retry;
use exactly_redis::{Options, RIGHTS, Redis};

/// An engine on a private server, which ends with the case.
struct Server {
    flavour: Flavour,
    options: Options,
    named: bool,
    limited: bool,
    server: Mutex<Option<servers::Redis>>,
}

impl Server {
    /// Without tokens: by commands of the server where it has them.
    fn bare(flavour: Flavour) -> Self {
        Self {
            flavour,
            options: Options::new(),
            named: false,
            limited: false,
            server: Mutex::new(None),
        }
    }

    /// Every batch that writes under a token of its session.
    fn named(flavour: Flavour) -> Self {
        Self { named: true, ..Self::bare(flavour) }
    }

    /// As a user who may do what a store needs and no more.
    fn limited(flavour: Flavour) -> Self {
        Self { limited: true, ..Self::named(flavour) }
    }

    /// By commands of Redis 6 alone.
    fn plain(flavour: Flavour) -> Self {
        Self { options: Options::new().without_newer_commands(), ..Self::bare(flavour) }
    }
}

impl Setup for Server {
    async fn engine(&self) -> Arc<dyn Engine> {
        let builder = servers::Redis::builder().flavour(self.flavour);
        let rights = format!("~*{{* ~exactly:* {RIGHTS}");
        let builder = if self.limited { builder.user("ann", "pw", &rights) } else { builder };
        let server = builder.start().await;
        let engine = Redis::open(&server.url(), self.options.clone()).await.unwrap();
        *self.server.lock().unwrap() = Some(server);
        if self.named { Arc::new(Retry::new(engine)) } else { Arc::new(engine) }
    }

    async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    fn missing(&self) -> Option<String> {
        self.flavour.missing()
    }
}

macro_rules! on {
    ($($name:ident: $setup:expr;)+) => {
        $(
            mod $name {
                use super::*;
                exactly_conformance::suite!($setup);
            }
        )+
    };
}

on! {
    redis_7: Server::bare(Flavour::Redis7);
    redis_7_named: Server::named(Flavour::Redis7);
    redis_7_plain: Server::plain(Flavour::Redis7);
    redis_7_limited: Server::limited(Flavour::Redis7);
    redis_8: Server::bare(Flavour::Redis8);
    redis_8_named: Server::named(Flavour::Redis8);
    valkey_9: Server::bare(Flavour::Valkey9);
    valkey_9_named: Server::named(Flavour::Valkey9);
    valkey_9_plain: Server::plain(Flavour::Valkey9);
}
