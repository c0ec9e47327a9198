//! Workers: what is done with jobs, over and over.

use std::collections::HashMap;
use std::fmt::Display;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use exactly_core::codec::Form;
use exactly_core::operations::queue::{Extend, JOBS_MAX, Settled};
use exactly_core::{BATCH_MAX, Batch, Fault, HoldId, Operation, Reply, Step};
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::job::Delivered;
use super::{Backoff, Job, Queue};
use crate::block::{Panic, catching};
use crate::object::Object;
use crate::wait::Wait;

/// The most jobs that are worked on at once: more than any process has tasks.
const PLACES_MAX: u32 = 1 << 24;
/// How long workers pause when the engine is away: doubled each time.
const PAUSE: Backoff = Backoff { first: Duration::from_millis(100), most: Duration::from_secs(10) };

/// What became of a job, as the work on it says: `()` and `Ok` acknowledge it, `Err` fails the try.
pub trait Report {
    /// Done, or what to remember of a failed try.
    ///
    /// # Errors
    /// To try again.
    fn report(self) -> Result<(), String>;
}

impl Report for () {
    fn report(self) -> Result<(), String> {
        Ok(())
    }
}

impl<T, E: Display> Report for Result<T, E> {
    fn report(self) -> Result<(), String> {
        self.map(drop).map_err(|problem| problem.to_string())
    }
}

/// Working.
impl<T: Form + 'static> Queue<T> {
    /// Does this with every job, with so many at a time, until the [workers](Workers) are told to
    /// stop.
    ///
    /// Each job is a task of its own. While it runs, its lease is extended, so that the queue's
    /// lease says how soon a job comes back when a process dies, and not how long work may take.
    /// Work that answers `Ok` acknowledges its job; an `Err`, or a panic, is a failed try,
    /// remembered with its message: the job is tried again after the queue's
    /// [backoff](Queue::with_backoff), or dead if it was its last try. Work that has answered its
    /// job itself, by [`Job::ack_with`] or [`Job::bury`], say, has the last word.
    ///
    /// Jobs are claimed when there is somebody to do them, and not before: none waits in this
    /// process while another process is idle. When the engine is away, the workers go on asking for
    /// it.
    ///
    /// ```
    /// # use exactly::{Counter, Job, Queue, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let mails: Queue<String> = Queue::new(&store, "mails");
    /// let sent = Counter::new(&store, "sent");
    /// mails.push_many(["ada", "grace", "barbara"]).await?;
    ///
    /// let workers = mails.work(2, {
    ///     let sent = sent.clone();
    ///     move |job: Job<String>| {
    ///         let sent = sent.clone();
    ///         async move { job.ack_with(sent.increment()).await }
    ///     }
    /// });
    /// # while sent.get().await? < 3 { tokio::task::yield_now().await; }
    /// workers.stop().await;
    /// assert_eq!(sent.get().await?, 3);
    /// # Ok(()) }
    /// ```
    ///
    /// # Panics
    /// Outside of a tokio runtime. One at a time if `at_once` is zero.
    pub fn work<F, W>(&self, at_once: usize, work: F) -> Workers
    where
        F: Fn(Job<T>) -> W + Send + Sync + 'static,
        W: Future + Send + 'static,
        W::Output: Report + Send,
    {
        let (orders, told) = watch::channel(Order::Work);
        let at_once = u32::try_from(at_once).unwrap_or(u32::MAX).clamp(1, PLACES_MAX);
        let crew = Crew {
            queue: self.clone(),
            places: Arc::new(Semaphore::new(at_once as usize)),
            at_once,
            running: Arc::default(),
            told,
            cut_short: Arc::default(),
        };
        let cut_short = Arc::clone(&crew.cut_short);
        let ended = tokio::spawn(crew.run(Arc::new(work)));
        Workers { orders, cut_short, ended: Some(ended) }
    }
}

/// Who works on a queue: see [`Queue::work`].
///
/// Dropped, they are told to stop; what they are about they bring to its end.
#[must_use = "workers that are dropped stop"]
#[derive(Debug)]
pub struct Workers {
    orders: watch::Sender<Order>,
    cut_short: Arc<AtomicUsize>,
    ended: Option<JoinHandle<()>>,
}

/// What workers are told; each is more than those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    Work,
    /// Claim no more, and finish what is begun.
    Finish,
    /// Let go of that, too.
    Quit,
}

impl Workers {
    /// Lets them claim no more jobs, and waits until those that they are about are done and
    /// answered. A claim that is on its way is carried through, and its jobs are given back as if
    /// they had not been claimed.
    ///
    /// A caller that goes away meanwhile does not change that.
    pub async fn stop(mut self) {
        self.orders.send_replace(Order::Finish);
        self.ended().await;
    }

    /// As [`stop`](Workers::stop), and waits for so long at most. What is not done by then is
    /// dropped where it waits, and is a failed try, as if its process had died. Answers how many
    /// were cut short so.
    ///
    /// For the time that a process is given before it is killed; the answers themselves take a
    /// little longer.
    ///
    /// ```
    /// # use exactly::{Job, Queue, Store};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let films: Queue<String> = Queue::new(&store, "films");
    /// films.push("a very long one").await?;
    /// let workers = films.work(1, |_film: Job<String>| std::future::pending::<()>());
    /// # while films.depth().await?.claimed == 0 { tokio::task::yield_now().await; }
    /// assert_eq!(workers.stop_within(Duration::from_millis(20)).await, 1);
    /// assert_eq!(films.depth().await?.claimed, 0);
    /// # Ok(()) }
    /// ```
    pub async fn stop_within(mut self, grace: Duration) -> usize {
        self.orders.send_replace(Order::Finish);
        if timeout(grace, self.ended()).await.is_err() {
            self.orders.send_replace(Order::Quit);
            self.ended().await;
        }
        self.cut_short.load(Ordering::Acquire)
    }

    async fn ended(&mut self) {
        if let Some(ended) = &mut self.ended {
            // It catches the panics of the work, and has none of its own.
            let _ = ended.await;
            self.ended = None;
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.orders.send_if_modified(|order| {
            let is_more = *order < Order::Finish;
            *order = Order::Finish.max(*order);
            is_more
        });
    }
}

/// The deliveries that are being worked on.
type Running = Arc<Mutex<HashMap<HoldId, Arc<Delivered>>>>;

struct Crew<T> {
    queue: Queue<T>,
    places: Arc<Semaphore>,
    at_once: u32,
    running: Running,
    told: watch::Receiver<Order>,
    cut_short: Arc<AtomicUsize>,
}

impl<T: Form + 'static> Crew<T> {
    async fn run<F, W>(mut self, work: Arc<F>)
    where
        F: Fn(Job<T>) -> W + Send + Sync + 'static,
        W: Future + Send + 'static,
        W::Output: Report + Send,
    {
        let leases =
            Leases { queue: self.queue.object.clone(), running: Arc::clone(&self.running) };
        let extending = tokio::spawn(leases.extend(self.queue.settings.lease));
        let mut faults = 0;
        let mut wait = Wait::within(Duration::MAX);
        while let Some(places) = self.places().await {
            let claiming = self.queue.claim_many(places.len());
            match unless(&mut self.told, Order::Finish, claiming).await {
                None => break,
                Some(Ok(jobs)) if jobs.is_empty() => {
                    drop(places);
                    match unless(
                        &mut self.told,
                        Order::Finish,
                        wait.another_look(&self.queue.object),
                    )
                    .await
                    {
                        None => break,
                        Some(Ok(_)) => faults = 0,
                        Some(Err(fault)) => self.pause(&mut faults, &fault).await,
                    }
                }
                Some(Ok(jobs)) => {
                    faults = 0;
                    for (job, place) in jobs.into_iter().zip(places) {
                        self.begin(job, place, Arc::clone(&work));
                    }
                }
                // A job that cannot be read was claimed, and others may be waiting.
                Some(Err(fault)) if fault.is_undecodable() => {}
                Some(Err(fault)) => self.pause(&mut faults, &fault).await,
            }
        }
        // It is never closed.
        drop(self.places.acquire_many(self.at_once).await);
        extending.abort();
    }

    /// The places that are free, as many as one claim may fill, once there is one; nothing when it
    /// is time to stop.
    async fn places(&mut self) -> Option<Vec<OwnedSemaphorePermit>> {
        let first =
            unless(&mut self.told, Order::Finish, Arc::clone(&self.places).acquire_owned()).await?;
        let mut places = vec![first.ok()?];
        while places.len() < JOBS_MAX
            && let Ok(place) = Arc::clone(&self.places).try_acquire_owned()
        {
            places.push(place);
        }
        Some(places)
    }

    async fn pause(&mut self, faults: &mut u32, fault: &Fault) {
        *faults = faults.saturating_add(1);
        tracing::warn!(target: "exactly", "workers wait for their queue: {fault}");
        unless(&mut self.told, Order::Finish, sleep(PAUSE.after(*faults))).await;
    }

    fn begin<F, W>(&self, job: Job<T>, place: OwnedSemaphorePermit, work: Arc<F>)
    where
        F: Fn(Job<T>) -> W + Send + Sync + 'static,
        W: Future + Send + 'static,
        W::Output: Report + Send,
    {
        let (job, delivered) = job.attended();
        self.running.lock().insert(delivered.delivery, Arc::clone(&delivered));
        let attended = Attended { delivered, running: Arc::clone(&self.running) };
        let (mut told, cut_short) = (self.told.clone(), Arc::clone(&self.cut_short));
        tokio::spawn(async move {
            let working = catching(async { work(job).await.report() });
            let report = match unless(&mut told, Order::Quit, working).await {
                Some(report) => report,
                None => {
                    cut_short.fetch_add(1, Ordering::AcqRel);
                    Ok(Err("its worker was stopped before it was done".to_owned()))
                }
            };
            attended.answer(report).await;
            drop(place);
        });
    }
}

/// A delivery whose lease is extended while it is worked on. Dropped before it is answered, as when
/// the runtime ends, it counts as a failed try.
struct Attended {
    delivered: Arc<Delivered>,
    running: Running,
}

impl Attended {
    async fn answer(self, report: Result<Result<(), String>, Panic>) {
        if !self.delivered.settle() {
            return;
        }
        // What was refused instead of done is not done because the work has come to its end.
        let report = report.map(|said| match self.delivered.refusal() {
            Some(why) => said.and(Err(why)),
            None => said,
        });
        let answered = match report {
            Ok(Ok(())) => self.delivered.acknowledging().await.map(|settled| {
                if settled == Settled::Lapsed {
                    tracing::warn!(
                        target: "exactly",
                        "a job was done too late: its lease was over, and it is done again"
                    );
                }
            }),
            Ok(Err(note)) => self.delivered.failing(&note).await.map(drop),
            Err(panic) => self.delivered.failing(&said(&panic)).await.map(drop),
        };
        if let Err(fault) = answered {
            tracing::warn!(target: "exactly", "the answer of a worker: {fault}");
        }
    }
}

impl Drop for Attended {
    fn drop(&mut self) {
        self.running.lock().remove(&self.delivered.delivery);
        self.delivered.fail("its worker ended");
    }
}

/// The message of a panic.
fn said(panic: &Panic) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panicked: {}", text.unwrap_or_default())
}

/// Looks after the leases of what is being worked on.
struct Leases {
    queue: Object,
    running: Running,
}

impl Leases {
    async fn extend(self, lease: Duration) {
        loop {
            // Two may go wrong before a lease is over. One that is none is the claim's to refuse.
            let third = (lease / 3).max(Duration::from_millis(1));
            sleep(third).await;
            let running: Vec<_> = self.running.lock().values().cloned().collect();
            for part in running.chunks(BATCH_MAX) {
                // An engine that is away is not waited for: the clock goes on.
                match timeout(third, self.extend_these(part, lease)).await {
                    Ok(Ok(())) | Err(_) => {}
                    Ok(Err(fault)) => {
                        tracing::warn!(target: "exactly", "the leases of jobs: {fault}");
                    }
                }
            }
            let lost = running.iter().filter(|delivered| delivered.is_out_of_hearing(lease));
            lost.for_each(|delivered| delivered.lose());
        }
    }

    async fn extend_these(&self, part: &[Arc<Delivered>], lease: Duration) -> Result<(), Fault> {
        let (key, lifetime) = (self.queue.key()?, self.queue.lifetime());
        let step = |delivered: &Arc<Delivered>| {
            Step::new(key.clone(), delivered.extending(lease).into_op()).lifetime(lifetime)
        };
        let sent = Instant::now();
        let reply = self.queue.store().apply(Batch::apart(part.iter().map(step))).await?;
        let Reply::Applied(outcomes) = reply else {
            return Err(Fault::broken("steps that stand apart were refused together"));
        };
        for (delivered, outcome) in part.iter().zip(outcomes) {
            match Extend::outcome(outcome) {
                Some(Settled::Lapsed) => delivered.lose(),
                Some(Settled::Settled) => delivered.held_since(sent),
                None => {}
            }
        }
        Ok(())
    }
}

/// What the future gives, unless this is told first. Workers whose master is gone have been told
/// all that they ever will be.
async fn unless<T>(
    told: &mut watch::Receiver<Order>,
    order: Order,
    future: impl Future<Output = T>,
) -> Option<T> {
    let told = async {
        if told.wait_for(|told| *told >= order).await.is_err() {
            pending::<()>().await;
        }
    };
    let (mut told, mut future) = (pin!(told), pin!(future));
    poll_fn(|cx| {
        if told.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        future.as_mut().poll(cx).map(Some)
    })
    .await
}
