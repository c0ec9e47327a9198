//! Private servers for tests: each test starts its own from an installed binary, on a free port and
//! in a folder of its own, and takes both along when it ends, also by a panic.

mod redis;
mod resp;
pub mod sql;
mod tls;

use std::env;
use std::net::TcpListener;
use std::path::PathBuf;

pub use redis::{Builder, Redis};
pub use tls::has_openssl;

/// Which server speaks the protocol of Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flavour {
    /// The machine's own `redis-server`, in `PATH`: 7 or newer.
    Redis7,
    /// Redis 8, from the folder that `ci/servers` makes.
    Redis8,
    /// Valkey 9, from the folder that `ci/servers` makes.
    Valkey9,
}

impl Flavour {
    /// All of them, the machine's own first.
    pub const ALL: [Self; 3] = [Self::Redis7, Self::Redis8, Self::Valkey9];

    /// Its program, if this machine has it.
    #[must_use]
    pub fn binary(self) -> Option<PathBuf> {
        match self {
            Self::Redis7 => in_path("redis-server"),
            Self::Redis8 => in_folder("redis-server"),
            Self::Valkey9 => in_folder("valkey-server"),
        }
    }

    /// Why a test with it cannot run here and now; `None` if it can.
    ///
    /// The newer ones are asked for with `./test --wide` alone (it sets `EXACTLY_WIDE=1`): the same
    /// suite three times over is for those who change the engine.
    #[must_use]
    pub fn missing(self) -> Option<String> {
        if self != Self::Redis7 && !is_wide() {
            return Some(format!("{self:?} is tested by ./test --wide"));
        }
        let advice = match self {
            Self::Redis7 => "install redis-server",
            Self::Redis8 | Self::Valkey9 => "run ci/servers",
        };
        self.binary().is_none().then(|| format!("{self:?} is not on this machine: {advice}"))
    }
}

/// The servers to test against, here and now. What is asked for and missing is said on stderr.
#[must_use]
pub fn flavours() -> Vec<Flavour> {
    let asked = Flavour::ALL.into_iter().filter(|&one| one == Flavour::Redis7 || is_wide());
    asked.filter(|one| one.missing().is_none_or(|why| skipped(&why))).collect()
}

/// Says loudly that a test did not run. Never true, so that it can end a condition.
pub fn skipped(why: &str) -> bool {
    eprintln!("SKIPPED: {why}");
    false
}

fn is_wide() -> bool {
    env::var_os("EXACTLY_WIDE").is_some_and(|value| value == "1")
}

fn in_path(program: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file())
}

fn in_folder(program: &str) -> Option<PathBuf> {
    let asked = env::var_os("EXACTLY_SERVERS").map(PathBuf::from);
    let folder = asked.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(USUAL_FOLDER)))?;
    Some(folder.join(program)).filter(|path| path.is_file())
}

/// Below the user's own folder.
const USUAL_FOLDER: &str = ".cache/exactly/servers";

/// A port that nobody listens on.
///
/// It lies below those that the system gives to outgoing connections, so that none of these can
/// take it while its server is down. Another test may: who binds it has to try again.
pub(crate) fn free_port() -> u16 {
    const TRIES: usize = 1000;
    let mut ports = std::iter::repeat_with(|| fastrand::u16(12_000..32_000)).take(TRIES);
    let free = ports.find(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok());
    free.expect("one of a thousand ports is free")
}
