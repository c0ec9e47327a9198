//! The crowd: plays every call of a plan against one handler, many at the same time.

use std::future::{Future, poll_fn};
use std::num::NonZeroU8;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::select;
use tokio::task::JoinSet;

use super::plan::{Call, Plan};
use super::progress::Progress;
use super::requests::{Course, Request};
use super::tally::Standing;
use crate::failure::Failure;

/// A coding of the enrolment handler, with the state of its courses.
///
/// The handler learns of double clicks and of callers who ask again only from its own data: it is
/// called once for each attempt and told nothing else.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Serves one attempt. A refusal is not an error. When the caller hangs up, the future is
    /// dropped where it waits, as a web server does when a connection closes.
    fn enrol(&self, request: Request) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Resolves when nothing is left of callers who hung up: what a dropped attempt leaves to the
    /// background is done.
    fn settle(&self) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// How one course stands when the last caller has gone.
    fn standing(&self, course: Course) -> impl Future<Output = Result<Standing, Failure>> + Send;
}

/// What a crowd leaves behind.
#[derive(Debug)]
pub(crate) struct Played {
    /// One for each course of the plan, in their order.
    pub(crate) standings: Vec<Standing>,
    /// From the first call to the last answer.
    pub(crate) elapsed: Duration,
}

/// Plays all calls of the plan; as many at the same time as the plan has tasks.
///
/// Stops at the first failure of the handler, for nothing after it would be comparable, and when
/// the race is called off. However it ends, nothing that it began is under way any more.
pub(crate) async fn rush<H: Handler>(
    handler: H,
    plan: &Arc<Plan>,
    progress: &Progress,
    called_off: impl Future<Output = Failure>,
) -> Result<Played, Failure> {
    let handler = Arc::new(handler);
    let next = Arc::new(AtomicUsize::new(0));
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..plan.setting.tasks {
        tasks.spawn(serve(handler.clone(), plan.clone(), next.clone(), progress.clone()));
    }
    let end = select! {
        end = everyone(&mut tasks) => end,
        failure = called_off => Err(failure),
    };
    let elapsed = start.elapsed();
    // Whoever tidies up behind a race that failed must not be overtaken by its last writes.
    tasks.shutdown().await;
    handler.settle().await;
    end?;

    let mut standings = Vec::with_capacity(plan.requests.courses().len());
    for course in plan.requests.courses() {
        standings.push(handler.standing(course).await?);
    }
    Ok(Played { standings, elapsed })
}

/// Waits for all tasks, or for the first failure.
async fn everyone(tasks: &mut JoinSet<Result<(), Failure>>) -> Result<(), Failure> {
    while let Some(end) = tasks.join_next().await {
        end.map_err(|_| Failure::Unfinished("the handler panicked.".to_owned()))??;
    }
    Ok(())
}

/// One of the tasks: takes the next caller of the list until nobody is left.
async fn serve<H: Handler>(
    handler: Arc<H>,
    plan: Arc<Plan>,
    next: Arc<AtomicUsize>,
    progress: Progress,
) -> Result<(), Failure> {
    loop {
        // Only the number has to be handed out once; it orders nothing else.
        let at = next.fetch_add(1, Ordering::Relaxed);
        let Some(Call { request, patience }) = plan.call(at) else {
            return Ok(());
        };
        progress.reached(at);
        if let Some(patience) = patience {
            hang_up_after(patience, handler.enrol(request)).await?;
            // Asking again takes a person longer than what the attempt left to the background.
            handler.settle().await;
        }
        handler.enrol(request).await?;
    }
}

/// Drops the attempt after so many polls. One that is already through by then has its answer
/// dropped instead: the caller hears nothing either way.
async fn hang_up_after(
    patience: NonZeroU8,
    attempt: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    let mut attempt = pin!(attempt);
    let mut polls_left = patience.get();
    poll_fn(|context| match attempt.as_mut().poll(context) {
        Poll::Ready(answer) => Poll::Ready(answer),
        Poll::Pending => {
            polls_left -= 1;
            if polls_left == 0 { Poll::Ready(Ok(())) } else { Poll::Pending }
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::sync::Mutex;
    use std::sync::atomic::AtomicU32;

    use tokio::task::yield_now;

    use super::*;
    use crate::race::plan::{Setting, Source};
    use crate::race::requests::{Requests, Student};
    use crate::race::sample::{Size, sample};

    fn requests() -> Requests {
        sample(Size { requests: 500, students: 100, courses: 10 }, 30).unwrap()
    }

    fn play<H: Handler>(handler: H, tasks: u32, hang_ups_percent: f64) -> Result<Played, Failure> {
        let setting = Setting { seats: 30, tasks, threads: 2, hang_ups_percent, seed: 1 };
        let plan = Arc::new(Plan::new(requests(), Source::Sample, setting));
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        runtime.block_on(rush(handler, &plan, &Progress::hidden(), pending()))
    }

    /// Admits everybody, in two steps.
    #[derive(Default)]
    struct OpenDoor {
        began: Arc<AtomicU32>,
        settled: Arc<AtomicU32>,
        rosters: Mutex<Vec<Request>>,
    }

    impl Handler for OpenDoor {
        async fn enrol(&self, request: Request) -> Result<(), Failure> {
            self.began.fetch_add(1, Ordering::Relaxed);
            for _ in 0..10 {
                yield_now().await;
            }
            self.rosters.lock().unwrap().push(request);
            Ok(())
        }

        async fn settle(&self) {
            self.settled.fetch_add(1, Ordering::Relaxed);
        }

        async fn standing(&self, course: Course) -> Result<Standing, Failure> {
            let rosters = self.rosters.lock().unwrap();
            let of_course = rosters.iter().filter(|request| request.course == course);
            let roster: Vec<Student> = of_course.map(|request| request.student).collect();
            Ok(Standing { roster, counter: None })
        }
    }

    #[test]
    fn every_request_is_answered_once_however_many_tasks_there_are() {
        for tasks in [1, 7, 1_000] {
            let played = play(OpenDoor::default(), tasks, 0.0).unwrap();
            let admitted: Vec<u32> =
                played.standings.iter().map(|standing| standing.roster.len() as u32).collect();
            let requests = requests();
            let askers: Vec<u32> =
                requests.courses().map(|course| requests.askers(course)).collect();
            assert_eq!(admitted, askers);
        }
    }

    #[test]
    fn who_hangs_up_asks_again() {
        let door = OpenDoor::default();
        let (began, settled) = (door.began.clone(), door.settled.clone());
        let played = play(door, 8, 20.0).unwrap();
        assert_eq!(began.load(Ordering::Relaxed), 500 + 100);
        // Before each second attempt, and before the rosters are read.
        assert_eq!(settled.load(Ordering::Relaxed), 100 + 1);
        // All hung up in the middle, so that only the second attempt got through.
        let admitted: usize = played.standings.iter().map(|standing| standing.roster.len()).sum();
        assert_eq!(admitted, 500);
    }

    #[test]
    fn an_attempt_that_is_through_before_the_caller_hangs_up_has_happened() {
        let through = hang_up_after(NonZeroU8::MIN, ready(Ok(())));
        let mut through = pin!(through);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert_eq!(through.as_mut().poll(&mut context), Poll::Ready(Ok(())));
    }

    /// Fails at the course it is told to.
    struct Broken(Course, fn() -> Failure);

    impl Handler for Broken {
        async fn enrol(&self, request: Request) -> Result<(), Failure> {
            if request.course == self.0 { Err((self.1)()) } else { Ok(()) }
        }

        async fn standing(&self, _: Course) -> Result<Standing, Failure> {
            Ok(Standing::default())
        }
    }

    #[test]
    fn the_first_failure_of_the_handler_ends_the_race() {
        let failure = || Failure::Unfinished("the engine is gone.".to_owned());
        assert_eq!(play(Broken(Course(3), failure), 8, 0.0).unwrap_err(), failure());
    }

    /// Never comes to an answer.
    struct Stuck(Arc<AtomicU32>);

    /// One attempt at the door that is [`Stuck`].
    struct Attempt(Arc<AtomicU32>);

    impl Drop for Attempt {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
    }

    impl Handler for Stuck {
        async fn enrol(&self, _: Request) -> Result<(), Failure> {
            self.0.fetch_add(1, Ordering::Relaxed);
            let _attempt = Attempt(self.0.clone());
            pending().await
        }

        async fn standing(&self, _: Course) -> Result<Standing, Failure> {
            Ok(Standing::default())
        }
    }

    #[test]
    fn a_race_that_is_called_off_leaves_no_attempt_under_way() {
        let setting = Setting { seats: 30, tasks: 8, threads: 2, hang_ups_percent: 0.0, seed: 1 };
        let plan = Arc::new(Plan::new(requests(), Source::Sample, setting));
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let under_way = Arc::new(AtomicU32::new(0));
        let called_off = async {
            while under_way.load(Ordering::Relaxed) < 8 {
                yield_now().await;
            }
            Failure::Unfinished("interrupted.".to_owned())
        };
        let stuck = Stuck(under_way.clone());
        let end = runtime.block_on(rush(stuck, &plan, &Progress::hidden(), called_off));
        assert_eq!(end.unwrap_err(), Failure::Unfinished("interrupted.".to_owned()));
        assert_eq!(under_way.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_panicking_handler_is_a_failure_too() {
        let end = play(Broken(Course(3), || panic!("on purpose")), 8, 0.0).unwrap_err();
        assert_eq!(end, Failure::Unfinished("the handler panicked.".to_owned()));
    }
}
