//! Private servers of SQL: each in a folder of its own, reached by a socket in it, gone with its
//! test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{in_folder, in_path, is_wide, skipped};

/// Which server is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// The machine's own PostgreSQL: 15 or newer.
    Postgres15,
    /// PostgreSQL 18, from the folder that `ci/servers` makes.
    Postgres18,
    /// The machine's own MariaDB: 10.6 or newer.
    MariaDb10,
    /// MySQL 9, from the folder that `ci/servers` makes.
    MySql9,
    /// SQLite, which is always there.
    Sqlite,
}

impl Flavour {
    /// Why it cannot be tested here and now.
    pub fn missing(self) -> Option<String> {
        if matches!(self, Self::Postgres18 | Self::MySql9) && !is_wide() {
            return Some(format!("{self:?} is tested by ./test --wide"));
        }
        let advice = match self {
            Self::Postgres15 => "install postgresql",
            Self::MariaDb10 => "install mariadb-server",
            Self::Postgres18 | Self::MySql9 => "run ci/servers",
            Self::Sqlite => return None,
        };
        self.program().is_none().then(|| format!("{self:?} is not on this machine: {advice}"))
    }

    /// Whether it speaks as MySQL does.
    #[must_use]
    pub fn is_mysql_like(self) -> bool {
        matches!(self, Self::MariaDb10 | Self::MySql9)
    }

    /// Whether it is one of PostgreSQL.
    #[must_use]
    pub fn is_postgres(self) -> bool {
        matches!(self, Self::Postgres15 | Self::Postgres18)
    }

    fn program(self) -> Option<PathBuf> {
        match self {
            Self::Postgres15 => in_path("postgres").or_else(newest_postgres),
            Self::MariaDb10 => in_path("mariadbd").or_else(|| existing("/usr/sbin/mariadbd")),
            Self::Postgres18 => in_folder("postgres-18"),
            Self::MySql9 => in_folder("mysqld-9"),
            Self::Sqlite => None,
        }
    }

    /// Starts one that nobody else uses.
    pub fn start(self) -> Server {
        let folder = tempfile::Builder::new().prefix("rows-").tempdir().unwrap();
        let server = Server { flavour: self, folder, process: None };
        match self {
            Self::Postgres15 | Self::Postgres18 => server.postgres(),
            Self::MariaDb10 => server.mariadb(),
            Self::MySql9 => server.mysql(),
            Self::Sqlite => server,
        }
    }
}

/// Runs a test against a server of its own, or says loudly that it does not.
pub fn on(flavour: Flavour, test: impl AsyncFnOnce(&Server)) {
    if let Some(why) = flavour.missing() {
        skipped(&why);
        return;
    }
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let server = flavour.start();
        test(&server).await;
    });
}

/// Each test on each server, as `postgres_15::name` and so on: `on_every_server!(open; name: test)`
/// gives each what `open` makes of its server.
#[macro_export]
macro_rules! on_every_server {
    ($open:path; $($name:ident: $test:path),+ $(,)?) => {
        $crate::on_every_server!(postgres_15 Postgres15, $open: $($name $test),+);
        $crate::on_every_server!(postgres_18 Postgres18, $open: $($name $test),+);
        $crate::on_every_server!(mariadb_10 MariaDb10, $open: $($name $test),+);
        $crate::on_every_server!(mysql_9 MySql9, $open: $($name $test),+);
        $crate::on_every_server!(sqlite Sqlite, $open: $($name $test),+);
    };
    ($server:ident $flavour:ident, $open:path: $($name:ident $test:path),+) => {
        mod $server {
            use super::*;

            $(
                #[test]
                fn $name() {
                    use $crate::servers::sql::{Flavour, on};
                    on(Flavour::$flavour, async |server| $test($open(server).await).await);
                }
            )+
        }
    };
}

/// A server, and all it has written.
pub struct Server {
    /// Which it is.
    pub flavour: Flavour,
    folder: TempDir,
    process: Option<Child>,
}

impl Server {
    /// The folder that it has to itself.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where MariaDB and MySQL listen; PostgreSQL listens in the folder.
    pub fn socket(&self) -> PathBuf {
        self.folder().join("server.sock")
    }

    fn data(&self) -> PathBuf {
        self.folder().join("data")
    }

    fn postgres(mut self) -> Self {
        let user = self.give_to(&["postgres", "nobody"]);
        let program = fs::canonicalize(self.flavour.program().unwrap()).unwrap();
        let beside = program.with_file_name("initdb");
        let is_newer = self.flavour == Flavour::Postgres18;
        let initdb = if is_newer { in_folder("initdb-18").unwrap() } else { beside };
        let mut init = as_user(&user, &initdb);
        init.args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
        done(init.arg("-D").arg(self.data()));
        let mut run = as_user(&user, &program);
        run.arg("-D").arg(self.data()).arg("-k").arg(self.folder());
        // The default second makes each deadlock of the rivals ten times as dear.
        run.args(["-c", "listen_addresses=", "-c", "deadlock_timeout=100ms"]);
        run.args(["-c", "max_connections=100"]);
        self.run(run, "ready to accept connections");
        self
    }

    fn mariadb(mut self) -> Self {
        let user = self.give_to(&["mysql", "nobody"]);
        let program = self.flavour.program().unwrap();
        let install = in_path("mariadb-install-db").unwrap();
        let mut init = as_user(&user, &install);
        init.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
        init.arg(format!("--tmpdir={}", self.folder().display()));
        done(init.arg(format!("--datadir={}", self.data().display())));
        let run = self.mysql_like(&user, &program);
        self.run(run, "ready for connections");
        self
    }

    fn mysql(mut self) -> Self {
        let user = self.give_to(&["mysql", "nobody"]);
        let program = self.flavour.program().unwrap();
        let mut init = as_user(&user, &program);
        init.args(["--no-defaults", "--initialize-insecure", "--secure-file-priv=NULL"]);
        done(init.arg(format!("--datadir={}", self.data().display())));
        let mut run = self.mysql_like(&user, &program);
        run.args(["--secure-file-priv=NULL", "--mysqlx=OFF", "--skip-log-bin"]);
        self.run(run, "ready for connections");
        self
    }

    fn mysql_like(&self, user: &As, program: &Path) -> Command {
        let mut run = as_user(user, program);
        run.args(["--no-defaults", "--skip-networking", "--max-connections=150"]);
        run.arg(format!("--datadir={}", self.data().display()));
        // A server that starts removes the temporary tables that it finds, also those of others.
        run.arg(format!("--tmpdir={}", self.folder().display()));
        run.arg(format!("--socket={}", self.socket().display()));
        run.arg(format!("--pid-file={}", self.folder().join("server.pid").display()));
        run
    }

    /// PostgreSQL refuses to run as root, and the others want to be asked.
    fn give_to(&self, users: &[&str]) -> As {
        if !rustix::process::geteuid().is_root() {
            return As::Oneself;
        }
        if matches!(self.flavour, Flavour::Postgres18 | Flavour::MySql9) {
            return As::OneselfByAnotherName;
        }
        let user = users.iter().find(|user| exists(user)).unwrap();
        done(Command::new("chown").arg(user).arg(self.folder()));
        As::User((*user).to_owned())
    }

    /// It says itself when it is ready: its socket is there before.
    fn run(&mut self, mut command: Command, ready: &str) {
        let log = self.folder().join("server.log");
        let file = fs::File::create(&log).unwrap();
        command.stdout(file.try_clone().unwrap()).stderr(file).stdin(Stdio::null());
        self.process = Some(command.spawn().unwrap());
        let begun = Instant::now();
        while !fs::read_to_string(&log).unwrap().contains(ready) {
            let ended = self.process.as_mut().unwrap().try_wait().unwrap();
            assert!(
                ended.is_none() && begun.elapsed() < Duration::from_secs(60),
                "{:?} did not start: {}",
                self.flavour,
                fs::read_to_string(&log).unwrap()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let id = rustix::process::Pid::from_child(&process);
            let signal = match self.flavour.is_postgres() {
                // It has children, and takes them along.
                true => rustix::process::Signal::QUIT,
                false => rustix::process::Signal::KILL,
            };
            let _ = rustix::process::kill_process(id, signal);
            let _ = process.wait();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Who runs a server.
enum As {
    Oneself,
    User(String),
    /// With the rights of root, which the folder of `ci/servers` may ask for, but not by that name.
    OneselfByAnotherName,
}

/// A program as another user, which ends with the test even if that is killed.
fn as_user(user: &As, program: &Path) -> Command {
    let mut command = match user {
        As::Oneself | As::User(_) => Command::new("setpriv"),
        As::OneselfByAnotherName => {
            let mut command = Command::new("unshare");
            command.args(["--user", "--map-user=1000", "--map-group=1000", "setpriv"]);
            command
        }
    };
    command.args(["--pdeathsig", "QUIT"]);
    if let As::User(user) = user {
        command.args(["--reuid", user, "--regid", group_of(user).as_str(), "--clear-groups"]);
    }
    command.arg(program);
    command
}

fn done(command: &mut Command) {
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?}: {told}{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

fn existing(path: &str) -> Option<PathBuf> {
    Some(PathBuf::from(path)).filter(|path| path.is_file())
}

/// Debian keeps each version in a folder of its own, which is not in `PATH`.
fn newest_postgres() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib/postgresql").ok()?;
    let programs = folders.flatten().map(|folder| folder.path().join("bin/postgres"));
    programs.filter(|program| program.is_file()).max()
}

fn account(user: &str) -> Option<Vec<String>> {
    let accounts = fs::read_to_string("/etc/passwd").ok()?;
    let mut lines = accounts.lines().map(|line| line.split(':').map(str::to_owned).collect());
    lines.find(|fields: &Vec<String>| fields.first().is_some_and(|name| name == user))
}

fn exists(user: &str) -> bool {
    account(user).is_some()
}

fn group_of(user: &str) -> String {
    account(user).unwrap()[3].clone()
}
