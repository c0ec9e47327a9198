//! The codings themselves: one handler each, as an application would write it, on exactly's
//! objects and a table of its own.

mod capacity;
mod count_then_insert;
mod counter_block;
mod read_check_write;
mod roster;
mod step_back_by_hand;

use std::future::Future;
use std::sync::Arc;

use exactly::{Counter, Objects, Store};
use tokio::task::{JoinSet, yield_now};

use self::capacity::Capacity;
use self::count_then_insert::CountThenInsert;
use self::counter_block::CounterBlock;
use self::read_check_write::ReadCheckWrite;
use self::roster::Roster;
use self::step_back_by_hand::StepBackByHand;
use super::coding::Coding;
use super::crowd::{self, Handler, Played};
use super::plan::Plan;
use super::progress::Progress;
use super::requests::{self, Request, Student};
use super::tally::Standing;
use super::venue::{KEYS_LIVE, Venue, outlives_us};
use crate::failure::Failure;

/// How often a handler waits for something else on its way to the answer.
const WAITS: usize = 3;

/// How many courses are deleted at the same time.
const DELETED_AT_ONCE: usize = 64;

/// The objects of a course.
#[derive(Debug, Objects)]
#[exactly(name = "course")]
struct Course {
    slots_taken: Counter,
    /// None here: how many there are is an option of the race.
    #[exactly(limit = 0)]
    seats: exactly::Capacity,
}

impl Course {
    /// Gone by itself, should nobody get to delete it.
    fn expiring(self) -> Self {
        let Self { slots_taken, seats } = self;
        Self { slots_taken: slots_taken.with_ttl(KEYS_LIVE), seats: seats.with_ttl(KEYS_LIVE) }
    }
}

/// What a handler works with: all that is kept of one course.
#[derive(Debug)]
struct Desk {
    course: Course,
    roster: Roster,
    seats: i64,
}

impl Desk {
    fn open(store: &Store, course: requests::Course, seats: u32) -> Self {
        let Course { slots_taken, seats: places } = Course::at(store, course.0);
        let course = Course { slots_taken, seats: places.with_limit(seats.into()) };
        let course = if outlives_us(store) { course.expiring() } else { course };
        Self { course, roster: Roster::default(), seats: seats.into() }
    }
}

/// One way to write the handler.
trait Enrol: Send + Sync + 'static {
    /// Enrols the student, if there is a seat left. Dropped, when the caller hangs up.
    fn enrol(
        &self,
        desk: &Desk,
        student: Student,
    ) -> impl Future<Output = Result<(), Failure>> + Send;

    /// How many seats are taken, if the coding counts them.
    fn taken(&self, course: &Course) -> impl Future<Output = Result<Option<i64>, Failure>> + Send;
}

/// Whatever else a handler does before it enrols a student: it asks other services, waits for
/// their answers, and its caller may hang up at each of them.
async fn work() {
    for _ in 0..WAITS {
        yield_now().await;
    }
}

/// A coding with the desks of all its courses.
#[derive(Debug)]
struct Office<C> {
    coding: C,
    store: Store,
    desks: Vec<Desk>,
}

impl<C: Enrol> Office<C> {
    fn open(coding: C, store: Store, plan: &Plan) -> Self {
        let desk = |course| Desk::open(&store, course, plan.setting.seats);
        let desks = plan.requests.courses().map(desk).collect();
        Self { coding, store, desks }
    }

    fn desk(&self, course: requests::Course) -> &Desk {
        &self.desks[course.index()]
    }
}

impl<C: Enrol> Handler for Office<C> {
    async fn enrol(&self, Request { course, student }: Request) -> Result<(), Failure> {
        self.coding.enrol(self.desk(course), student).await
    }

    async fn settle(&self) {
        self.store.settle().await;
    }

    async fn standing(&self, course: requests::Course) -> Result<Standing, Failure> {
        let Desk { course, roster, .. } = self.desk(course);
        Ok(Standing { roster: roster.rows(), counter: self.coding.taken(course).await? })
    }
}

/// Plays one coding on a store of its own, and leaves nothing there.
pub(super) async fn play(
    coding: Coding,
    plan: &Arc<Plan>,
    venue: &Venue,
    progress: &Progress,
) -> Result<Played, Failure> {
    let store = venue.store(coding).await?;
    let end = play_on(store.clone(), coding, plan, progress, venue.called_off()).await;
    tidy_up(&store, plan).await;
    end
}

/// Deletes every course from an engine that would keep them. Stops when one cannot be deleted, for
/// then the engine is out of reach or the process about to be: the keys expire.
async fn tidy_up(store: &Store, plan: &Plan) {
    if !outlives_us(store) {
        return;
    }
    let mut deleting = JoinSet::new();
    for course in plan.requests.courses() {
        if deleting.len() == DELETED_AT_ONCE
            && !matches!(deleting.join_next().await, Some(Ok(Ok(_))))
        {
            return;
        }
        let course = Course::at(store, course.0);
        deleting.spawn(async move { course.delete_all().await });
    }
    while let Some(Ok(Ok(_))) = deleting.join_next().await {}
}

async fn play_on(
    store: Store,
    coding: Coding,
    plan: &Arc<Plan>,
    progress: &Progress,
    called_off: impl Future<Output = Failure>,
) -> Result<Played, Failure> {
    match coding {
        Coding::ReadCheckWrite => rush(ReadCheckWrite, store, plan, progress, called_off).await,
        Coding::CountThenInsert => rush(CountThenInsert, store, plan, progress, called_off).await,
        Coding::StepBackByHand => rush(StepBackByHand, store, plan, progress, called_off).await,
        Coding::CounterBlock => rush(CounterBlock, store, plan, progress, called_off).await,
        Coding::Capacity => rush(Capacity, store, plan, progress, called_off).await,
    }
}

async fn rush(
    coding: impl Enrol,
    store: Store,
    plan: &Arc<Plan>,
    progress: &Progress,
    called_off: impl Future<Output = Failure>,
) -> Result<Played, Failure> {
    crowd::rush(Office::open(coding, store, plan), plan, progress, called_off).await
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::atomic::{AtomicBool, Ordering};

    use exactly::core::operations::Op;
    use exactly::core::operations::capacity::{CapacityOp, Confirm, Release};
    use exactly::core::{
        Answer, Batch, Durability, Engine, Listing, Mark, Page, Rehearsal, Reply, Resolution, Step,
    };
    use exactly::layers::Faults;
    use exactly::{Key, Life, Profile, Token};
    use tokio::runtime::{Builder, Runtime};

    use super::*;
    use crate::race::plan::{Setting, Source};
    use crate::race::requests::Requests;
    use crate::race::sample::{Size, sample};
    use crate::race::tally::Tally;

    const OURS: [Coding; 2] = [Coding::CounterBlock, Coding::Capacity];

    /// Courses with many more askers than seats, next to courses with fewer.
    const CROWDED: Size = Size { requests: 6_000, students: 400, courses: 60 };

    fn setting(seats: u32, tasks: u32, hang_ups_percent: f64) -> Setting {
        Setting { seats, tasks, threads: 8, hang_ups_percent, seed: 30 }
    }

    fn plan(requests: Requests, setting: Setting) -> Arc<Plan> {
        Arc::new(Plan::new(requests, Source::Sample, setting))
    }

    fn sampled(size: Size, setting: Setting) -> Arc<Plan> {
        plan(sample(size, setting.seed).unwrap(), setting)
    }

    /// Everybody clicks twice, and the second click comes while the first is served.
    fn clicked_twice(setting: Setting) -> Arc<Plan> {
        let once = sample(CROWDED, setting.seed).unwrap();
        let twice = once.list().iter().flat_map(|&request| [request, request]).collect();
        let names = once.courses().map(|course| once.name(course).to_owned()).collect();
        plan(Requests::new(twice, names), setting)
    }

    /// On several threads, which share the callers in another way each time.
    fn in_parallel(coding: Coding, plan: &Arc<Plan>, engine: impl AsyncFn() -> Store) -> Tally {
        let threads = plan.setting.threads as usize;
        let runtime = Builder::new_multi_thread().worker_threads(threads).enable_all().build();
        tally_in(&runtime.unwrap(), coding, plan, engine)
    }

    /// On one thread, which serves the callers in turns: the same in every run, on every machine.
    fn in_turns(coding: Coding, plan: &Arc<Plan>, engine: impl AsyncFn() -> Store) -> Tally {
        let runtime = Builder::new_current_thread().enable_all().build();
        tally_in(&runtime.unwrap(), coding, plan, engine)
    }

    fn tally_in(
        runtime: &Runtime,
        coding: Coding,
        plan: &Arc<Plan>,
        engine: impl AsyncFn() -> Store,
    ) -> Tally {
        runtime.block_on(async {
            let progress = Progress::hidden();
            let played = play_on(engine().await, coding, plan, &progress, pending()).await.unwrap();
            Tally::count(&plan.requests, plan.setting.seats, &played.standings)
        })
    }

    #[track_caller]
    fn assert_exact(tally: &Tally, coding: Coding, plan: &Plan) {
        assert!(tally.exact(), "{coding:?} with {:?}: {tally:?}", plan.setting);
        assert_eq!(tally.lost_updates, Some(0), "{coding:?} with {:?}: {tally:?}", plan.setting);
    }

    /// An engine in this process: it answers at once.
    async fn near() -> Store {
        Store::open("memory:").await.unwrap()
    }

    /// An engine at the other end of a line: a caller can hang up while the question is on its way
    /// and while the answer is.
    async fn distant() -> Store {
        Store::builder().layer(Faults::late).open("memory:").await.unwrap()
    }

    /// Every other lease runs out just before its seat is confirmed.
    #[derive(Debug)]
    struct Lapsing<E>(E, AtomicBool);

    impl<E: Engine> Engine for Lapsing<E> {
        fn apply(&self, batch: Batch) -> Answer<'_, Reply> {
            let Op::Capacity(CapacityOp::Confirm(Confirm { hold })) = batch.steps[0].op else {
                return self.0.apply(batch);
            };
            let lapse = CapacityOp::Release(Release { hold });
            let lapse = Batch::one(Step::new(batch.steps[0].key.clone(), Op::Capacity(lapse)));
            let in_time = self.1.fetch_xor(true, Ordering::Relaxed);
            Answer::pending(async move {
                if !in_time {
                    self.0.apply(lapse).await?;
                }
                self.0.apply(batch).await
            })
        }

        fn changed(&self, key: &Key, since: Mark) -> Answer<'_, Mark> {
            self.0.changed(key, since)
        }

        fn keys(&self, listing: Listing) -> Answer<'_, Page> {
            self.0.keys(listing)
        }

        fn resolve(&self, token: &Token) -> Answer<'_, Resolution> {
            self.0.resolve(token)
        }

        fn rehearse(&self, batch: Batch) -> Answer<'_, Rehearsal> {
            self.0.rehearse(batch)
        }

        fn profile(&self) -> Profile {
            self.0.profile()
        }
    }

    #[test]
    fn whose_lease_runs_out_asks_for_another_seat() {
        let lapsing = async || {
            let layer = |engine| Lapsing(engine, AtomicBool::new(false));
            Store::builder().layer(layer).open("memory:").await.unwrap()
        };
        let plan = sampled(CROWDED, setting(30, 256, 20.0));
        assert_exact(&in_turns(Coding::Capacity, &plan, lapsing), Coding::Capacity, &plan);
    }

    #[test]
    fn ours_are_exact_however_many_hang_up_or_click_twice() {
        for seats in [0, 1, 2, 30] {
            for tasks in [16, 1_000] {
                let setting = setting(seats, tasks, 60.0);
                for plan in [sampled(CROWDED, setting), clicked_twice(setting)] {
                    for coding in OURS {
                        assert_exact(&in_parallel(coding, &plan, near), coding, &plan);
                    }
                }
            }
        }
    }

    #[test]
    fn ours_are_exact_on_a_distant_engine() {
        for seats in [1, 30] {
            for tasks in [16, 1_000] {
                let plan = sampled(CROWDED, setting(seats, tasks, 60.0));
                for coding in OURS {
                    assert_exact(&in_parallel(coding, &plan, distant), coding, &plan);
                }
            }
        }
    }

    /// With few askers a seat that goes to nobody is not taken by the next one.
    #[test]
    fn ours_are_exact_to_the_last_seat_and_the_last_caller() {
        for seed in 0..200 {
            for (seats, requests) in [(1, 3), (2, 10), (30, 60)] {
                let setting = Setting { seed, ..setting(seats, 64, 40.0) };
                let plan = sampled(Size { requests, students: 60, courses: 1 }, setting);
                for coding in OURS {
                    assert_exact(&in_turns(coding, &plan, near), coding, &plan);
                    assert_exact(&in_turns(coding, &plan, distant), coding, &plan);
                }
            }
        }
    }

    // That the others are wrong is asserted where it is certain: in turns, everybody who is served
    // at the same time gets to their first wait before anybody gets further.

    #[test]
    fn read_check_write_lets_too_many_in_and_loses_count_of_them() {
        let plan = sampled(CROWDED, setting(30, 256, 0.0));
        let tally = in_turns(Coding::ReadCheckWrite, &plan, near);
        assert!(tally.over_admitted > 0 && tally.lost_updates > Some(0), "{tally:?}");
        assert_eq!((tally.wrongly_refused, tally.twice), (0, 0), "{tally:?}");
    }

    #[test]
    fn count_then_insert_lets_too_many_in() {
        let plan = sampled(CROWDED, setting(30, 256, 0.0));
        let tally = in_turns(Coding::CountThenInsert, &plan, near);
        assert!(tally.over_admitted > 0, "{tally:?}");
        assert_eq!((tally.wrongly_refused, tally.twice), (0, 0), "{tally:?}");
    }

    #[test]
    fn step_back_by_hand_loses_the_seats_of_those_who_hang_up_and_no_others() {
        let plan = sampled(CROWDED, setting(30, 256, 20.0));
        let tally = in_turns(Coding::StepBackByHand, &plan, near);
        assert!(tally.wrongly_refused > 0 && tally.lost_updates > Some(0), "{tally:?}");
        assert_eq!((tally.over_admitted, tally.twice), (0, 0), "{tally:?}");

        let patient = sampled(CROWDED, setting(30, 256, 0.0));
        assert!(in_turns(Coding::StepBackByHand, &patient, near).exact());
    }

    /// An engine that keeps what is stored when this process ends.
    #[derive(Debug)]
    struct Lasting<E>(E);

    impl<E: Engine> Engine for Lasting<E> {
        fn apply(&self, batch: Batch) -> Answer<'_, Reply> {
            self.0.apply(batch)
        }

        fn changed(&self, key: &Key, since: Mark) -> Answer<'_, Mark> {
            self.0.changed(key, since)
        }

        fn keys(&self, listing: Listing) -> Answer<'_, Page> {
            self.0.keys(listing)
        }

        fn resolve(&self, token: &Token) -> Answer<'_, Resolution> {
            self.0.resolve(token)
        }

        fn rehearse(&self, batch: Batch) -> Answer<'_, Rehearsal> {
            self.0.rehearse(batch)
        }

        fn profile(&self) -> Profile {
            Profile { durability: Durability::Disk, ..self.0.profile() }
        }
    }

    async fn lives(store: &Store, plan: &Plan) -> Vec<Life> {
        let mut lives = Vec::new();
        for course in plan.requests.courses() {
            let Course { slots_taken, seats } = Course::at(store, course.0);
            lives.extend([slots_taken.ttl().await.unwrap(), seats.ttl().await.unwrap()]);
        }
        lives.retain(|life| *life != Life::Missing);
        lives
    }

    #[test]
    fn on_an_engine_that_lasts_keys_expire_and_are_deleted() {
        let plan = sampled(CROWDED, setting(30, 256, 20.0));
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        for coding in Coding::ALL {
            runtime.block_on(async {
                let store = Store::builder().layer(Lasting).open("memory:").await.unwrap();
                let progress = Progress::hidden();
                play_on(store.clone(), coding, &plan, &progress, pending()).await.unwrap();
                let left = lives(&store, &plan).await;
                let expires = |life: &Life| matches!(life, Life::Left(left) if *left <= KEYS_LIVE);
                assert!(left.iter().all(expires), "{coding:?}: {left:?}");
                // The rows are in this process.
                assert_eq!(left.is_empty(), coding == Coding::CountThenInsert, "{coding:?}");
                tidy_up(&store, &plan).await;
                assert_eq!(lives(&store, &plan).await, [], "{coding:?}");
            });
        }
    }

    #[test]
    fn in_this_process_keys_neither_expire_nor_are_deleted() {
        let plan = sampled(CROWDED, setting(30, 256, 0.0));
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (store, progress) = (near().await, Progress::hidden());
            let end = play_on(store.clone(), Coding::Capacity, &plan, &progress, pending()).await;
            end.unwrap();
            tidy_up(&store, &plan).await;
            let left = lives(&store, &plan).await;
            assert!(left.contains(&Life::Persistent) && left.len() == 60, "{left:?}");
        });
    }

    #[test]
    fn a_fault_of_the_engine_ends_the_race() {
        let plan = sampled(CROWDED, setting(30, 16, 0.0));
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let end = runtime.block_on(async {
            let store = Store::builder().namespace("no\0name").open("memory:").await?;
            play_on(store, Coding::Capacity, &plan, &Progress::hidden(), pending()).await
        });
        let Err(Failure::Unfinished(sentence)) = end else { panic!("the race went on") };
        assert!(sentence.contains("namespace"), "{sentence}");
    }
}
