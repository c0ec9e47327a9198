//! One hot lock that many processes want, one waiter in each.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use exactly_peers::callers::Period;
use exactly_peers::raw;
use exactly_peers::rounds::within;

use crate::Setting;
use crate::locks::{self, Contender, Who};
use crate::waits::{self, Room, Run};

/// What makes this program one of the waiters.
pub const WAITER: &str = "--waiter";
const PROCESSES: usize = 8;

pub fn compare(setting: &Setting) {
    let title = format!("processes: {PROCESSES} of them, one waiter in each");
    waits::compare(&title, setting.rounds, |who| run(who, setting));
}

fn run(who: Who, setting: &Setting) -> Run {
    within(1, async { drop(raw::emptied(&setting.server.url()).await) });
    let mut waiters: Vec<_> = (0..PROCESSES).map(|_| started(who, setting)).collect();
    for waiter in &mut waiters {
        let connected = waiter.stdout.as_mut().expect("it is piped");
        connected.read_exact(&mut [0]).expect("it is connected");
    }
    for waiter in &mut waiters {
        waiter.stdin.as_mut().expect("it is piped").write_all(b"!").expect("it listens");
    }
    let (mut held, mut waits) = (0, Vec::new());
    for mut waiter in waiters {
        let mut told = Vec::new();
        waiter.stdout.take().expect("it is piped").read_to_end(&mut told).expect("it tells");
        assert!(waiter.wait().expect("it ends").success(), "a waiter has failed");
        let mut told = told.as_chunks().0.iter().map(|number| u64::from_le_bytes(*number));
        held += told.next().expect("it tells how often it held the lock");
        waits.extend(told);
    }
    Run::new(held, setting.time, waits)
}

fn started(who: Who, setting: &Setting) -> Child {
    let place = Who::ALL.iter().position(|known| *known == who).expect("it is one of all");
    Command::new(std::env::current_exe().expect("it has a path"))
        .args([WAITER, &place.to_string(), &setting.server.url()])
        .arg(setting.time.as_millis().to_string())
        .arg(setting.server.folder().join("room"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it can be started")
}

/// What a waiter does: connects, waits for the others, and tells in the end how often it held the
/// lock and how long it waited each time.
pub fn wait(mut given: impl Iterator<Item = String>) {
    let mut next = || given.next().expect("the parent names all");
    let who = Who::ALL[next().parse::<usize>().expect("a place")];
    let url = next();
    let time = Duration::from_millis(next().parse().expect("a number"));
    let room = Room::across(Path::new(&next()));
    let told = within(1, async {
        let contender = Contender::connect(who, &url).await;
        let mut out = std::io::stdout();
        out.write_all(b"!").and_then(|()| out.flush()).expect("the parent listens");
        std::io::stdin().read_exact(&mut [0]).expect("the parent says when");
        let period = Period::default();
        let waiting = locks::wait(contender, &room, &period);
        tokio::join!(waiting, period.pass(time, || {})).0
    });
    let numbers = std::iter::once(told.held).chain(told.waits);
    let bytes: Vec<u8> = numbers.flat_map(u64::to_le_bytes).collect();
    std::io::stdout().write_all(&bytes).expect("the parent listens");
}
