//! A private Redis, or whatever else speaks its protocol.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use tempfile::TempDir;

use super::resp::Connection;
use super::{Flavour, free_port, tls};

/// How long a server may take to start, or to answer what prepares a test.
const PATIENCE: Duration = Duration::from_secs(30);

/// The user of [`Redis::raw`], whatever a test does to all others.
const TESTER: &str = "exactly-tester";

/// The file of the server's own socket, in its folder.
const SOCKET: &str = "server.sock";

// ===== builder =====

/// What a server is to be like.
#[derive(Debug, Clone)]
#[must_use = "nothing runs before `start`"]
pub struct Builder {
    binary: Option<PathBuf>,
    config: Vec<(String, String)>,
    login: Option<(String, String)>,
    tls: bool,
    by_socket: bool,
}

impl Builder {
    /// Another server than the machine's own Redis.
    pub fn flavour(self, flavour: Flavour) -> Self {
        let binary = flavour.binary();
        self.binary(binary.unwrap_or_else(|| panic!("{:?}", flavour.missing())))
    }

    /// This very program.
    pub fn binary(mut self, binary: impl Into<PathBuf>) -> Self {
        self.binary = Some(binary.into());
        self
    }

    /// A line of its `redis.conf`, as `.config("appendonly", "yes")`. It overrules ours.
    pub fn config(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.config.push((name.into(), value.into()));
        self
    }

    /// The default user needs this password, and [`Redis::url`] has it.
    pub fn password(mut self, password: &str) -> Self {
        self.login = Some((String::new(), password.to_owned()));
        self.config("requirepass", password)
    }

    /// A user with these rights (`~app:* +@all`), and [`Redis::url`] is theirs.
    pub fn user(mut self, name: &str, password: &str, rights: &str) -> Self {
        self.login = Some((name.to_owned(), password.to_owned()));
        self.config("user", format!("{name} on >{password} {rights}"))
    }

    /// The port speaks TLS alone, with a certificate of [`Redis::ca`]. Needs
    /// [`has_openssl`](super::has_openssl).
    pub fn tls(mut self, tls: bool) -> Self {
        self.tls = tls;
        self
    }

    /// [`Redis::url`] is that of the server's socket, not of its port.
    pub fn unix_socket(mut self) -> Self {
        self.by_socket = true;
        self
    }

    /// Starts it, and is done when it answers.
    ///
    /// # Panics
    /// When it does not start, with what it logged.
    pub async fn start(self) -> Redis {
        const PORTS: usize = 10;
        let binary = self.binary.clone().or_else(|| Flavour::Redis7.binary());
        let binary = binary.unwrap_or_else(|| panic!("{:?}", Flavour::Redis7.missing()));
        let folder = tempfile::Builder::new().prefix("exactly-redis-").tempdir();
        let folder = folder.expect("a temporary folder can be made");
        if self.tls {
            tls::make(folder.path());
        }
        let process = Mutex::new(Process(None));
        let mut redis = Redis { process, port: 0, builder: self, binary, folder };
        let mut complaint = String::new();
        for _ in 0..PORTS {
            redis.port = free_port();
            match redis.launch().await {
                Ok(()) => return redis,
                // Another test was faster, with the same port.
                Err(log) if log.contains("Address already in use") => complaint = log,
                Err(log) => panic!("the server does not start: {log}"),
            }
        }
        panic!("the server finds no port: {complaint}")
    }

    fn lines(&self, folder: &Path, port: u16) -> String {
        let place = folder.display();
        let ports = if self.tls {
            format!(
                "port 0\ntls-port {port}\ntls-auth-clients no\ntls-ca-cert-file {place}/ca.pem\n\
                 tls-cert-file {place}/server.pem\ntls-key-file {place}/server.key\n"
            )
        } else {
            format!("port {port}\n")
        };
        let mut lines = format!(
            "bind 127.0.0.1\n{ports}unixsocket {place}/{SOCKET}\ndir {place}\nsave \"\"\n\
             appendonly no\nenable-debug-command yes\nuser {TESTER} on nopass ~* &* +@all\n"
        );
        for (name, value) in &self.config {
            writeln!(lines, "{name} {value}").expect("a text takes more text");
        }
        lines
    }
}

// ===== server =====

/// A running server. It dies with this, and its folder with it.
#[derive(Debug)]
pub struct Redis {
    // Before the folder: the process must be gone when its files go.
    process: Mutex<Process>,
    port: u16,
    builder: Builder,
    binary: PathBuf,
    folder: TempDir,
}

impl Redis {
    /// A server that writes nothing to disk, on a port of its own, open to everybody.
    pub fn builder() -> Builder {
        Builder { binary: None, config: Vec::new(), login: None, tls: false, by_socket: false }
    }

    /// The plainest one of this flavour.
    ///
    /// # Panics
    /// As [`Builder::start`].
    pub async fn start(flavour: Flavour) -> Self {
        Self::builder().flavour(flavour).start().await
    }

    /// Where an engine finds it: `redis://`, `rediss://` or `redis+unix://`, with the login.
    #[must_use]
    pub fn url(&self) -> String {
        let login = self.builder.login.as_ref();
        if self.builder.by_socket {
            let login = login.map(|(user, password)| match user.as_str() {
                "" => format!("?pass={password}"),
                _ => format!("?user={user}&pass={password}"),
            });
            return format!("redis+unix://{}{}", self.socket(), login.unwrap_or_default());
        }
        self.url_through(self.port)
    }

    /// The same by TCP through another port of this machine, as that of a proxy.
    #[must_use]
    pub fn url_through(&self, port: u16) -> String {
        let scheme = if self.builder.tls { "rediss" } else { "redis" };
        let login = self.builder.login.as_ref();
        let login = login.map(|(user, password)| format!("{user}:{password}@"));
        format!("{scheme}://{}127.0.0.1:{port}", login.unwrap_or_default())
    }

    /// The port it listens on, at 127.0.0.1. A restart keeps it.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The path of its socket, which it always has.
    #[must_use]
    pub fn socket(&self) -> String {
        self.folder.path().join(SOCKET).display().to_string()
    }

    /// Where its data is, and its `log`.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The file with the certificate that signed the server's, if it speaks TLS.
    #[must_use]
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// What it wrote to its log so far.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Stops it in the middle of whatever it does: its connections stay open and nothing is
    /// answered. Returns when it stands still.
    pub fn pause(&self) {
        self.process().signal(Signal::STOP);
    }

    /// Goes on after [`pause`](Self::pause).
    pub fn resume(&self) {
        self.process().signal(Signal::CONT);
    }

    /// Ends it at once, as a crash would. Returns when it is gone.
    pub fn kill(&self) {
        self.process().kill();
    }

    /// Kills it if it runs and starts it again, with the same port and folder: what it has written
    /// to disk, it reads.
    ///
    /// # Panics
    /// When it does not start, with what it logged.
    pub async fn restart(&self) {
        self.kill();
        let started = self.launch().await;
        started.unwrap_or_else(|log| panic!("the server does not start again: {log}"));
    }

    /// Sends one command, past all proxies and logins, and answers the reply as text: a missing
    /// value is `(nil)`, an array has a line for each element.
    ///
    /// # Panics
    /// When the server does not answer, or complains.
    pub async fn raw(&self, words: &[&str]) -> String {
        let reply = self.try_raw(words).await;
        reply.unwrap_or_else(|complaint| panic!("{words:?}: {complaint}"))
    }

    /// As [`raw`](Self::raw), but the server may complain.
    ///
    /// # Panics
    /// When the server does not answer.
    pub async fn try_raw(&self, words: &[&str]) -> Result<String, String> {
        let reply = within(PATIENCE, self.ask(words)).await;
        let reply = reply.unwrap_or_else(|| panic!("{words:?}: no answer within {PATIENCE:?}"));
        reply.unwrap_or_else(|fault| panic!("{words:?}: {fault}"))
    }

    async fn ask(&self, words: &[&str]) -> std::io::Result<Result<String, String>> {
        let mut connection = Connection::open(Path::new(&self.socket())).await?;
        // Without a password, but a login is needed where the default user has none of its rights.
        if let Err(complaint) = connection.ask(&["AUTH", TESTER, TESTER]).await? {
            return Ok(Err(complaint));
        }
        connection.ask(words).await
    }

    /// A server has bound its port before it makes its socket, so an answer by the socket says that
    /// ours, and not another test's, has the port.
    async fn launch(&self) -> Result<(), String> {
        self.spawn();
        let begin = Instant::now();
        let mut pause = Duration::from_millis(1);
        while begin.elapsed() < PATIENCE {
            if let Ok(Ok(_)) = self.ask(&["DBSIZE"]).await {
                return Ok(());
            }
            if !self.process().is_running() {
                return Err(self.log());
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(16));
        }
        Err(format!("no answer within {PATIENCE:?}: {}", self.log()))
    }

    fn spawn(&self) {
        let folder = self.folder.path();
        let config = folder.join("server.conf");
        fs::write(&config, self.builder.lines(folder, self.port)).expect("a file can be written");
        let log = File::create(folder.join("log")).expect("a file can be made");
        // In the process group of the test: whoever ends that, as nextest does, ends the server.
        let mut command = Command::new(&self.binary);
        let command = command.arg(config).stdin(Stdio::null());
        let command = command.stderr(log.try_clone().expect("a file has two handles")).stdout(log);
        self.process().0 = Some(command.spawn().expect("the server's program can be run"));
    }

    fn process(&self) -> std::sync::MutexGuard<'_, Process> {
        self.process.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// `None` where there was no answer in time.
async fn within<T>(time: Duration, answer: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(time, answer).await.ok()
}

// ===== process =====

#[derive(Debug)]
struct Process(Option<Child>);

impl Process {
    fn signal(&self, signal: Signal) {
        let child = self.0.as_ref().expect("the server was not killed");
        let process = Pid::from_child(child);
        kill_process(process, signal).expect("the server runs");
        if signal == Signal::STOP {
            // The signal is sent, but the server may still run on another core.
            waitpid(Some(process), WaitOptions::UNTRACED).expect("the server stops");
        }
    }

    fn is_running(&mut self) -> bool {
        self.0.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    fn kill(&mut self) {
        if let Some(mut child) = self.0.take() {
            // Whatever these answer, it is gone: it was there, or it had ended before.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(test)]
mod tests {
    use super::super::{flavours, has_openssl, skipped};
    use super::*;
    use crate::proxy::{Proxy, Rule, Toward, Which};

    /// What this machine has, each started as `builder` says.
    async fn each(builder: impl Fn(Builder) -> Builder) -> Vec<Redis> {
        let mut started = Vec::new();
        for flavour in flavours() {
            started.push(builder(Redis::builder().flavour(flavour)).start().await);
        }
        started
    }

    #[tokio::test]
    async fn replies_are_text() {
        for redis in each(|builder| builder).await {
            assert_eq!(redis.raw(&["SET", "ключ", "two\r\nlines"]).await, "OK");
            assert_eq!(redis.raw(&["GET", "ключ"]).await, "two\r\nlines");
            assert_eq!(redis.raw(&["GET", "none"]).await, "(nil)");
            assert_eq!(redis.raw(&["INCR", "n"]).await, "1");
            assert_eq!(redis.raw(&["MGET", "n", "none", "n"]).await, "1\n(nil)\n1");
            assert_eq!(redis.raw(&["EVAL", "return {1, {2, {}}, 'x'}", "0"]).await, "1\n2\nx");
            let complaint = redis.try_raw(&["INCR", "ключ"]).await.unwrap_err();
            assert!(complaint.starts_with("ERR "), "{complaint}");
        }
    }

    #[tokio::test]
    async fn a_killed_server_reads_its_file_again() {
        for redis in each(|builder| builder.config("appendonly", "yes")).await {
            let port = redis.port();
            redis.raw(&["SET", "a", "1"]).await;
            redis.kill();
            assert!(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err());
            redis.restart().await;
            assert_eq!((redis.raw(&["GET", "a"]).await.as_str(), redis.port()), ("1", port));
            redis.restart().await;
            assert_eq!(redis.raw(&["GET", "a"]).await, "1");
        }
    }

    #[tokio::test]
    async fn a_paused_server_answers_when_it_goes_on() {
        for redis in each(|builder| builder).await {
            redis.pause();
            let mut asked = Box::pin(redis.raw(&["PING"]));
            let early = within(Duration::from_millis(20), &mut asked).await;
            assert_eq!(early, None);
            redis.resume();
            assert_eq!(asked.await, "PONG");
            // A paused one ends with the test, too.
            redis.pause();
        }
    }

    #[tokio::test]
    async fn a_server_ends_with_its_handle_and_its_folder_too() {
        for redis in each(|builder| builder).await {
            let (port, folder) = (redis.port(), redis.folder().to_owned());
            let panics = tokio::spawn(async move {
                assert_eq!(redis.raw(&["PING"]).await, "something else");
            });
            assert!(panics.await.unwrap_err().is_panic());
            assert!(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err());
            assert!(!folder.exists());
        }
    }

    #[tokio::test]
    async fn urls_say_how_it_is_reached() {
        for redis in each(|builder| builder.password("secret")).await {
            assert_eq!(redis.url(), format!("redis://:secret@127.0.0.1:{}", redis.port()));
            assert_eq!(redis.raw(&["PING"]).await, "PONG");
            let proxy = Proxy::of(redis.port()).await;
            let url = format!("redis://:secret@127.0.0.1:{}", proxy.port());
            assert_eq!(proxy.url_of(&redis), url);
        }
        for redis in each(|builder| builder.user("ada", "pw", "~* +@all").unix_socket()).await {
            let url = format!("redis+unix://{}?user=ada&pass=pw", redis.socket());
            assert_eq!(redis.url(), url);
            assert!(redis.raw(&["ACL", "LIST"]).await.contains("user ada on"));
        }
    }

    #[tokio::test]
    async fn a_wrong_line_is_told_with_the_servers_words() {
        for flavour in flavours() {
            let wrong = Redis::builder().flavour(flavour).config("no-such-line", "1");
            let panic = tokio::spawn(wrong.start()).await.unwrap_err().into_panic();
            let words = panic.downcast_ref::<String>().unwrap();
            assert!(words.contains("no-such-line"), "{words}");
        }
    }

    #[tokio::test]
    async fn tls_has_a_certificate_of_its_own() {
        if !has_openssl() && !skipped("TLS: install openssl") {
            return;
        }
        for redis in each(|builder| builder.tls(true)).await {
            assert_eq!(redis.url(), format!("rediss://127.0.0.1:{}", redis.port()));
            let place = format!("127.0.0.1:{}", redis.port());
            let mut client = Command::new("openssl");
            let client = client.args(["s_client", "-verify_return_error", "-connect", &place]);
            let client = client.args(["-verify_ip", "127.0.0.1", "-CAfile"]).arg(redis.ca());
            let output = client.stdin(Stdio::null()).output().unwrap();
            let words = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && words.contains("Verify return code: 0"), "{words}");
        }
    }

    #[tokio::test]
    async fn a_proxy_cuts_after_the_server_has_executed() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        for redis in each(|builder| builder).await {
            let proxy = Proxy::of(redis.port()).await;
            proxy.rule(Which::Next, Rule::cut(Toward::Client, 0));
            let client = tokio::net::TcpStream::connect(("127.0.0.1", proxy.port())).await;
            let mut client = client.unwrap();
            client.write_all(b"INCR n\r\n").await.unwrap();
            assert_eq!(client.read(&mut [0; 16]).await.unwrap(), 0);
            assert_eq!(redis.raw(&["GET", "n"]).await, "1");
        }
    }
}
