//! Which engine a command looks into, and which keys there are its own.

use std::ffi::OsString;
use std::future::Future;

use clap::Args;
use exactly::{Key, Store};
use tokio::runtime::Builder;

use crate::address;
use crate::failure::{Failure, reason, said};

#[derive(Debug, Clone, Args)]
pub(crate) struct EngineOptions {
    /// The engine, such as redis://localhost:6379
    ///
    /// What URLs may say is told at `exactly::Store::open`. No message repeats user, password or
    /// options.
    #[arg(long, value_name = "URL", env = "EXACTLY_URL", hide_env_values = true)]
    url: Option<OsString>,

    /// The namespace of the keys [default: those without one]
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    namespace: String,
}

impl EngineOptions {
    /// Opens the engine.
    pub(crate) async fn open(&self) -> Result<Store, Failure> {
        let (url, shown) = self.url()?;
        self.check_namespace()?;
        let store = Store::builder().namespace(&self.namespace).open(url).await;
        store.map_err(|fault| not_opened(&shown, &said(&fault)))
    }

    /// The URL, and what may be shown of it.
    pub(crate) fn url(&self) -> Result<(&str, String), Failure> {
        let Some(url) = &self.url else {
            return Err(Failure::Misuse(
                "which engine? Give --url, or EXACTLY_URL, a URL such as redis://localhost:6379."
                    .to_owned(),
            ));
        };
        let url = url.to_str().ok_or_else(|| not_opened("", "the URL is not Unicode"))?;
        let shown = address::public(url);
        if shown.is_empty() {
            // What stands in the place of the scheme may be a user or a password. Whoever opens it
            // repeats what it takes for the scheme.
            return Err(not_opened("", "the URL has no scheme, such as `redis:`, in front"));
        }
        Ok((url, shown))
    }

    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// A namespace that cannot be part of a key has no keys.
    pub(crate) fn check_namespace(&self) -> Result<(), Failure> {
        match Key::alone(&self.namespace, "any") {
            Ok(_) => Ok(()),
            Err(fault) => Err(Failure::Misuse(format!("{}.", said(&fault)))),
        }
    }
}

/// Why an engine is not opened, and what to do.
pub(crate) fn not_opened(place: &str, why: &str) -> Failure {
    let place = if place.is_empty() { "the engine".to_owned() } else { format!("`{place}`") };
    let why = why.trim_end_matches('.');
    let end = if why.ends_with('?') { "" } else { "." };
    Failure::Misuse(format!(
        "cannot open {place}: {why}{end} Give --url, or EXACTLY_URL, an engine that opens."
    ))
}

/// Runs a command that waits for an engine.
pub(crate) fn wait<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime
        .map_err(|error| Failure::Misuse(format!("cannot start threads: {}.", reason(&error))))?;
    let end = runtime.block_on(command);
    // Whoever is still waiting for a key that is pressed is not waited for.
    runtime.shutdown_background();
    end
}
