//! A private server, a proxy in front of it, and what the tests say to both.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use exactly_conformance::proxy::Proxy;
use exactly_conformance::servers::{self, Builder, Flavour, skipped};
use exactly_core::layers::{Retry, RetryPolicy};
use exactly_core::operations::counter::{Add, Added, Get};
use exactly_core::{Batch, Delivery, Engine, Fault, Key, Operation, Step};
use exactly_redis::{Options, Redis};
use tokio::runtime;
use tokio::task::JoinSet;

/// How long a test may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(60);

/// Who is asked again and again until there is an answer.
pub(crate) const PATIENT: RetryPolicy = RetryPolicy {
    attempts_max: 1_000,
    pause: Duration::from_millis(2),
    pause_max: Duration::from_millis(100),
    deadline: Duration::from_secs(30),
    in_flight_max: 256,
};

/// Makes each truth a test on every server there is.
macro_rules! on_every_server {
    ($($truth:ident),+ $(,)?) => {
        on_every_server!(@ redis_7 Redis7 $($truth)+);
        on_every_server!(@ redis_8 Redis8 $($truth)+);
        on_every_server!(@ valkey_9 Valkey9 $($truth)+);
    };
    (@ $name:ident $flavour:ident $($truth:ident)+) => {
        mod $name {
            $(
                #[test]
                fn $truth() {
                    let flavour = exactly_conformance::servers::Flavour::$flavour;
                    crate::scene::on(flavour, super::$truth);
                }
            )+
        }
    };
}
pub(crate) use on_every_server;

/// Runs a test on this server, unless the machine has none.
pub(crate) fn on<F: Future<Output = ()>>(flavour: Flavour, truth: impl FnOnce(Flavour) -> F) {
    if flavour.missing().is_some_and(|why| !skipped(&why)) {
        return;
    }
    let runtime = runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    runtime.unwrap().block_on(bounded(truth(flavour)));
}

/// Waits, but not for ever.
pub(crate) async fn bounded<T>(answer: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, answer).await.expect("it ends in time")
}

/// Asks until it is so.
pub(crate) async fn until<F: Future<Output = bool>>(so: impl Fn() -> F) {
    bounded(async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}

/// A server and the proxy through which engines reach it.
pub(crate) struct Scene {
    pub(crate) server: servers::Redis,
    pub(crate) proxy: Proxy,
}

impl Scene {
    pub(crate) async fn new(flavour: Flavour) -> Self {
        Self::of(servers::Redis::builder().flavour(flavour)).await
    }

    pub(crate) async fn of(builder: Builder) -> Self {
        let server = builder.start().await;
        let proxy = Proxy::of(server.port()).await;
        Self { server, proxy }
    }

    pub(crate) fn url(&self) -> String {
        self.proxy.url_of(&self.server)
    }

    /// An engine with one connection for batches, through the proxy.
    pub(crate) async fn engine(&self) -> Redis {
        self.engine_with(Options::new()).await
    }

    pub(crate) async fn engine_with(&self, options: Options) -> Redis {
        Redis::open(&self.url(), options.connections(1)).await.unwrap()
    }

    /// An engine that is asked again until it has answered.
    pub(crate) async fn patient(&self, options: Options) -> Arc<Retry<Redis>> {
        Arc::new(Retry::with_policy(self.engine_with(options).await, PATIENT))
    }

    /// What is stored at a counter, read past the proxy; 0 where nothing is.
    pub(crate) async fn stored(&self, name: &str) -> i64 {
        let text = self.server.raw(&["GET", &format!("{{{name}}}")]).await;
        if text == "(nil)" { 0 } else { text.parse().unwrap() }
    }

    /// Everything in the server's memory but records of tokens, for comparing.
    pub(crate) async fn everything(&self) -> Vec<String> {
        let keys = self.server.raw(&["KEYS", "*"]).await;
        let mut all = Vec::new();
        for key in keys.lines().filter(|key| !key.is_empty() && !key.starts_with("exactly:")) {
            let digest = self.server.raw(&["DEBUG", "DIGEST-VALUE", key]).await;
            all.push(format!("{key} {digest}"));
        }
        all.sort();
        all
    }
}

pub(crate) fn key(name: &str) -> Key {
    Key::alone("", name).unwrap()
}

pub(crate) fn step(name: &str, operation: impl Operation) -> Step {
    Step::new(key(name), operation.into_op())
}

/// Adds one.
pub(crate) fn add(name: &str) -> Batch {
    Batch::one(step(name, Add::by(1)))
}

/// Adds one, and is not sent again.
pub(crate) fn add_at_most_once(name: &str) -> Batch {
    add(name).delivery(Delivery::AtMostOnce)
}

pub(crate) async fn run<O: Operation>(
    engine: &impl Engine,
    name: &str,
    operation: O,
) -> Result<O::Outcome, Fault> {
    engine.apply(Batch::one(step(name, operation))).await?.only::<O>()
}

/// Adds one and answers the new value.
pub(crate) async fn added(engine: &impl Engine, name: &str) -> Result<i64, Fault> {
    value_of(engine.apply(add(name)).await?)
}

pub(crate) fn value_of(reply: exactly_core::Reply) -> Result<i64, Fault> {
    match reply.only::<Add<i64>>()? {
        Added::Stepped { value } => Ok(value),
        Added::OutOfBounds { value } => panic!("{value} is refused"),
    }
}

pub(crate) async fn read(engine: &impl Engine, name: &str) -> Result<i64, Fault> {
    run(engine, name, Get { start: 0 }).await
}

/// Runs so many callers at once, each told its number.
pub(crate) async fn crowd<T, F>(callers: usize, act: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut crowd = JoinSet::new();
    (0..callers).for_each(|number| drop(crowd.spawn(act(number))));
    bounded(crowd.join_all()).await
}

/// So many callers at once, each of whom adds a hundred times; what all of them were told.
pub(crate) async fn hundreds<E: Engine>(
    callers: usize,
    engine: &Arc<E>,
) -> Vec<Result<i64, Fault>> {
    let told = crowd(callers, |_| {
        let engine = Arc::clone(engine);
        async move {
            let mut told = Vec::new();
            for _ in 0..100 {
                told.push(added(&engine, "a").await);
            }
            told
        }
    });
    told.await.concat()
}

/// How long it took.
pub(crate) async fn timed<T>(answer: impl Future<Output = T>) -> (T, Duration) {
    let begin = Instant::now();
    (bounded(answer).await, begin.elapsed())
}

/// What callers were told, told apart.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) values: Vec<i64>,
    pub(crate) unknown: usize,
    pub(crate) not_applied: usize,
}

impl Tally {
    pub(crate) fn of(answers: impl IntoIterator<Item = Result<i64, Fault>>) -> Self {
        let mut tally = Self::default();
        for answer in answers {
            match answer {
                Ok(value) => tally.values.push(value),
                Err(fault) if fault.is_unknown() => tally.unknown += 1,
                Err(fault) if fault.is_not_applied() => tally.not_applied += 1,
                Err(fault) => panic!("nobody misused anything: {fault}"),
            }
        }
        tally.values.sort_unstable();
        tally
    }

    /// Every answer is another one, and what is stored is what was acknowledged and perhaps some of
    /// what is unknown.
    pub(crate) fn explains(&self, stored: i64) {
        let distinct = self.values.windows(2).all(|two| two[0] < two[1]);
        assert!(distinct, "told twice: {:?}", self.values);
        let acknowledged = self.values.len() as i64;
        let possible = acknowledged..=acknowledged + self.unknown as i64;
        assert!(possible.contains(&stored), "{stored} stored, {possible:?} possible");
        assert!(self.values.last().is_none_or(|last| *last <= stored));
    }

    /// As [`explains`](Self::explains), and nobody was left in doubt.
    pub(crate) fn is_exactly(&self, stored: i64) {
        assert_eq!((self.unknown, self.not_applied), (0, 0));
        assert!(self.values.iter().copied().eq(1..=stored), "{stored}: {:?}", self.values);
    }
}
