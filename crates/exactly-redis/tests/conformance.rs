//! The engine passes the one suite, each case on a real server of its own.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use exactly_conformance::Setup;
use exactly_conformance::servers::{self, Flavour};
use exactly_core::Engine;
use exactly_redis::{Options, Redis};

/// An engine on a private server, which ends with the case.
struct Server {
    flavour: Flavour,
    options: Options,
    server: Mutex<Option<servers::Redis>>,
}

impl Server {
    fn of(flavour: Flavour) -> Self {
        Self { flavour, options: Options::new(), server: Mutex::new(None) }
    }
}

impl Setup for Server {
    async fn engine(&self) -> Arc<dyn Engine> {
        let server = servers::Redis::start(self.flavour).await;
        let engine = Redis::open(&server.url(), self.options.clone()).await.unwrap();
        *self.server.lock().unwrap() = Some(server);
        Arc::new(engine)
    }

    async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

exactly_conformance::suite!(Server::of(Flavour::Redis7));
