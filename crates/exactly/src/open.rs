//! From a URL to an engine. The only place that knows every engine by name.

use std::sync::Arc;

use exactly_core::{Engine, Fault};

/// Every scheme of this version, the feature it needs, and whether this build has it.
const SCHEMES: [(&str, &str, bool); 7] = [
    ("memory", "memory", cfg!(feature = "memory")),
    ("redis", "redis", cfg!(feature = "redis")),
    ("rediss", "redis", cfg!(feature = "redis")),
    ("valkey", "redis", cfg!(feature = "redis")),
    ("valkeys", "redis", cfg!(feature = "redis")),
    ("redis+unix", "redis", cfg!(feature = "redis")),
    ("unix", "redis", cfg!(feature = "redis")),
];

/// What the engines that need more than a URL are opened with.
#[derive(Debug, Default)]
pub(crate) struct Options {
    #[cfg(feature = "redis")]
    pub(crate) redis: exactly_redis::Options,
}

/// An engine, and what only this kind of engine can do.
pub(crate) struct Opened {
    pub(crate) engine: Arc<dyn Engine>,
    #[cfg(feature = "redis")]
    pub(crate) redis: Option<exactly_redis::Redis>,
}

impl<E: Engine> From<Arc<E>> for Opened {
    fn from(engine: Arc<E>) -> Self {
        Self {
            engine,
            #[cfg(feature = "redis")]
            redis: None,
        }
    }
}

#[cfg(feature = "redis")]
impl From<exactly_redis::Redis> for Opened {
    fn from(redis: exactly_redis::Redis) -> Self {
        Self { engine: Arc::new(redis.clone()), redis: Some(redis) }
    }
}

#[cfg_attr(
    not(feature = "redis"),
    expect(
        clippy::unused_async,
        unused_variables,
        reason = "the engines of this build open at once"
    )
)]
pub(crate) async fn open(url: &str, options: Options) -> Result<Opened, Fault> {
    let Some((scheme, _)) = url.split_once(':') else {
        return Err(refused("the URL has no `scheme:` in front"));
    };
    match scheme {
        #[cfg(feature = "memory")]
        "memory" => memory(&url["memory:".len()..]),
        #[cfg(feature = "redis")]
        "redis" | "rediss" | "valkey" | "valkeys" | "redis+unix" | "unix" => {
            Ok(exactly_redis::Redis::open(url, options.redis).await?.into())
        }
        _ => {
            let feature = SCHEMES.iter().find(|(known, ..)| *known == scheme);
            // What follows the scheme may hold a password, and so may a URL without one: neither is
            // repeated.
            Err(refused(&match feature {
                Some((_, feature, _)) => format!("`{scheme}:` needs the feature `{feature}`"),
                None => format!("no engine of this version opens `{scheme}:`"),
            }))
        }
    }
}

#[cfg(feature = "memory")]
fn memory(rest: &str) -> Result<Opened, Fault> {
    if !rest.is_empty() {
        return Err(Fault::bad_url(
            "`memory:` takes nothing after the colon, for every store that opens it is new and \
                empty: \
             clone a store to share it",
        ));
    }
    Ok(Arc::new(exactly_embedded::Memory::new()).into())
}

fn refused(problem: &str) -> Fault {
    let opened: Vec<_> = SCHEMES
        .iter()
        .filter(|(.., compiled_in)| *compiled_in)
        .map(|(scheme, ..)| format!("`{scheme}:`"))
        .collect();
    let opened = if opened.is_empty() { "nothing".to_owned() } else { opened.join(", ") };
    Fault::bad_url(format!("{problem}; this build opens {opened}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wrong_url_is_misuse_that_lists_what_opens_and_repeats_no_password() {
        for (url, says) in [
            ("gopher://user:secret@host", "`gopher:`"),
            ("secret", "no `scheme:`"),
            ("", "no `scheme:`"),
            ("memory:secret", "nothing after the colon"),
        ] {
            let fault = open(url, Options::default()).await.err().unwrap();
            assert!(fault.is_misuse() && fault.is_bad_url(), "{fault}");
            let said = fault.to_string();
            assert!(said.contains(says) && said.contains("memory:"), "{said}");
            assert!(!said.contains("secret"), "{said}");
        }
    }
}
