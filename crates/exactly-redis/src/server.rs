//! What the server is, asked once when it is opened.

use std::collections::HashMap;
use std::time::Instant;

use exactly_core::{Durability, Fault};
use redis::{Cmd, Pipeline};
use tracing::warn;

use crate::connection::{Asked, Dial, Open};
use crate::fault;
use crate::heard::Heard;
use crate::options::Options;
use crate::rights::{self, Rights};

/// What is known of the server.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    /// Its name, for messages.
    pub(crate) name: &'static str,
    pub(crate) durability: Durability,
    pub(crate) knows: Knows,
    clock: Clock,
}

/// The newer commands that it has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Knows {
    /// `INCREX`: a bounded step in one command.
    pub(crate) bounded_step: bool,
    /// `SET … NX GET`: what was found in the same command.
    pub(crate) set_and_get: bool,
    /// `SET … IFEQ`: a comparison in the same command.
    pub(crate) set_if_equal: bool,
    /// `SINTER` that looks at every set, also where another one is missing.
    pub(crate) all_sets_looked_at: bool,
}

/// The server's clock as last heard, in microseconds.
#[derive(Debug, Clone, Copy)]
struct Clock {
    heard: Instant,
    micros: u64,
}

impl Server {
    /// Asks the server what it is.
    ///
    /// # Faults
    /// *Misuse* when it may evict keys and that was not allowed.
    pub(crate) async fn ask(
        dial: &Dial,
        open: &mut Open,
        options: &Options,
    ) -> Result<Self, Fault> {
        let mut asked = Pipeline::new();
        asked.add_command(redis::cmd("INFO"));
        asked.add_command(redis::cmd("TIME"));
        asked.add_command(command(&["CONFIG", "GET", "appendfsync"]));
        asked.add_command(command(&["CONFIG", "GET", "maxmemory-policy"]));
        asked.add_command(redis::cmd("HELLO"));
        asked.add_command(rights::question(&options.records));
        // Nothing was asked that changes anything, whatever became of it.
        let answers = dial.ask(open, &Asked::Many(asked)).await.map_err(Fault::of_a_read)?;
        let [info, time, fsync, policy, hello, allowed] = answers.as_slice() else {
            return Err(crate::words::odd());
        };
        if let Heard::Error(error) = time {
            return Err(fault::of_server(error));
        }
        let Rights { bounded_step } = rights::read(allowed, &options.records)?;
        let mut info = parse_info(&info.text());
        complete(&mut info, &policy.last_text(), hello.list());
        check_eviction(&info, options)?;
        let (valkey, version) = match info.get("valkey_version") {
            Some(version) => (true, parse_version(version)),
            None => (false, parse_version(info.get("redis_version").map_or("", String::as_str))),
        };
        let knows = Knows {
            bounded_step,
            set_and_get: valkey || version >= (7, 0),
            set_if_equal: version >= if valkey { (8, 1) } else { (8, 4) },
            all_sets_looked_at: valkey || version >= (7, 0),
        };
        Ok(Self {
            name: if valkey { "valkey" } else { "redis" },
            durability: durability(&info, &fsync.last_text()),
            knows: if options.newer_commands { knows } else { Knows::default() },
            clock: Clock { heard: Instant::now(), micros: time.micros().unwrap_or_default() },
        })
    }

    /// Sets the clock after the server's, as it was just told.
    pub(crate) fn set_clock(&mut self, micros: u64) {
        self.clock = Clock { heard: Instant::now(), micros };
    }

    /// The server's time, as well as it can be told from here.
    pub(crate) fn now(&self) -> u64 {
        let since = u64::try_from(self.clock.heard.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.clock.micros.saturating_add(since)
    }
}

fn command(words: &[&str]) -> Cmd {
    let mut command = Cmd::new();
    words.iter().for_each(|word| {
        command.arg(word);
    });
    command
}

/// What a user without the right to `INFO` may still be told otherwise.
fn complete(info: &mut HashMap<String, String>, policy: &str, hello: &[Heard]) {
    if !policy.is_empty() {
        info.entry("maxmemory_policy".to_owned()).or_insert_with(|| policy.to_owned());
    }
    let told = |wanted: &str| {
        let mut pairs = hello.chunks_exact(2);
        pairs.find(|pair| pair[0].text() == wanted).map(|pair| pair[1].text())
    };
    if let (Some(server), Some(version)) = (told("server"), told("version"))
        && !info.contains_key("redis_version")
    {
        info.insert(format!("{server}_version"), version);
    }
}

/// A server that evicts may lose a record of a token, a lease or a counter, and nobody is told.
fn check_eviction(info: &HashMap<String, String>, options: &Options) -> Result<(), Fault> {
    let Some(policy) = info.get("maxmemory_policy") else {
        warn!(
            target: "exactly",
            "the server does not tell this user its maxmemory-policy: let it be `noeviction`, or \
             it drops keys when its memory is full"
        );
        return Ok(());
    };
    if policy == "noeviction" {
        return Ok(());
    }
    let danger = format!(
        "the server's maxmemory-policy is `{policy}`: when its memory is full it drops keys, among \
         them counters, leases and the records that keep a batch from taking effect twice"
    );
    if options.eviction_allowed {
        warn!(target: "exactly", "{danger}; opened all the same, as the options say");
        return Ok(());
    }
    Err(Fault::bad_option(format!(
        "{danger}; set it to `noeviction` (`CONFIG SET maxmemory-policy noeviction`), or allow it \
         with `Options::allow_eviction` or `?eviction=allowed`"
    )))
}

fn durability(info: &HashMap<String, String>, fsync: &str) -> Durability {
    match info.get("aof_enabled").map(String::as_str) {
        Some("1") if fsync == "always" => Durability::Disk,
        Some("1") => Durability::Seconds,
        Some(_) | None => Durability::Server,
    }
}

fn parse_info(info: &str) -> HashMap<String, String> {
    let lines = info.lines().filter_map(|line| line.split_once(':'));
    lines.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
}

fn parse_version(version: &str) -> (u32, u32) {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or_default());
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_evicts_is_refused_unless_allowed() {
        let info = |policy: &str| parse_info(&format!("# Memory\r\nmaxmemory_policy:{policy}\r\n"));
        let options = Options::new();
        assert!(check_eviction(&info("noeviction"), &options).is_ok());
        for policy in ["allkeys-lru", "volatile-ttl"] {
            let fault = check_eviction(&info(policy), &options).unwrap_err();
            assert!(fault.is_misuse() && fault.to_string().contains(policy), "{fault}");
            assert!(check_eviction(&info(policy), &options.clone().allow_eviction()).is_ok());
        }
    }

    #[test]
    fn a_server_that_tells_little_is_still_known() {
        let text = |text: &str| Heard::Text(text.as_bytes().to_vec());
        let hello = ["server", "valkey", "version", "9.1.0"].map(text);
        let mut info = parse_info("");
        complete(&mut info, "allkeys-lru", &hello);
        assert_eq!(info["valkey_version"], "9.1.0");
        assert!(check_eviction(&info, &Options::new()).is_err());
        let mut info = parse_info("redis_version:7.2.4\nmaxmemory_policy:noeviction\n");
        complete(&mut info, "", &[]);
        assert!(check_eviction(&info, &Options::new()).is_ok() && info.len() == 2);
    }

    #[test]
    fn what_a_crash_can_lose() {
        let info = |aof: &str| parse_info(&format!("aof_enabled:{aof}\r\n"));
        assert_eq!(durability(&info("0"), "everysec"), Durability::Server);
        assert_eq!(durability(&info("1"), "everysec"), Durability::Seconds);
        assert_eq!(durability(&info("1"), "always"), Durability::Disk);
        assert_eq!(durability(&parse_info(""), ""), Durability::Server);
    }

    #[test]
    fn versions() {
        assert_eq!(parse_version("7.0.15"), (7, 0));
        assert_eq!(parse_version("9.1.0-rc1"), (9, 1));
        assert_eq!(parse_version(""), (0, 0));
    }
}
