//! Waiting for a lock, in turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use exactly_core::operations::lock::{Acquire, FENCES_MAX, Mode};
use exactly_core::{Fault, HoldId, Key, Mark};
use tokio::time::{Instant, sleep_until, timeout_at};
use tracing::warn;

use super::claim::{Claim, Claimed};
use super::guard::LockGuard;
use super::lease::Grant;
use super::line::{Joined, Line, Passed, Turn, Wants};
use crate::contention::{self, For};
use crate::object::Object;

/// How long after it could not be told whether something has changed the engine is asked again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// What stood in the way when it was last looked at.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    ahead: AtomicU64,
    left_nanos: AtomicU64,
}

impl Seen {
    fn note(&self, ahead: u64, left: Duration) {
        self.ahead.store(ahead, Ordering::Relaxed);
        let nanos = u64::try_from(left.as_nanos()).unwrap_or(u64::MAX);
        self.left_nanos.store(nanos, Ordering::Relaxed);
    }

    /// How many stood before the caller, and how long until a lease of the holders is over.
    pub(crate) fn told(&self) -> (u64, Duration) {
        let left = Duration::from_nanos(self.left_nanos.load(Ordering::Relaxed));
        (self.ahead.load(Ordering::Relaxed), left)
    }
}

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) object: Object,
    pub(crate) mode: Mode,
    pub(crate) lease: Duration,
    /// Whether to stand in the engine's line, and not only in that of this process.
    pub(crate) fair: bool,
}

impl Request {
    fn claim(&self, line: bool) -> Claim {
        Claim::new(vec![(self.object.clone(), self.acquire(line))])
    }

    fn acquire(&self, line: bool) -> Acquire {
        let (owner, mode, lease) = (HoldId::unique(), self.mode, self.lease);
        Acquire { owner, mode, lease, line, fences: 1 }
    }

    /// Asks once.
    pub(crate) async fn tried(&self) -> Result<Result<LockGuard, Seen>, Fault> {
        let mut claim = self.claim(false);
        Ok(match claim.ask().await? {
            Claimed::Held(since, fences) => Ok(guard(claim, since, &fences, None)),
            Claimed::Busy { ahead, left, .. } => {
                let seen = Seen::default();
                seen.note(ahead, left);
                Err(seen)
            }
        })
    }

    /// Waits until it is held, for ever: whoever is dropped while waiting gives all back.
    pub(crate) async fn held(&self, seen: &Seen) -> Result<LockGuard, Fault> {
        let (key, came) = (self.object.key()?, Instant::now());
        let line = self.object.store().lines().of(key);
        let held = match self.fair {
            true => self.held_fairly(&line, seen).await,
            false => self.held_in_turn(&line, seen).await,
        };
        if seen.told().0 > 0 {
            contention::waited(key, For::Lock, came.elapsed());
        }
        held
    }

    /// With a place in the line of this process.
    async fn held_in_turn(&self, line: &Arc<Line>, seen: &Seen) -> Result<LockGuard, Fault> {
        let wants = match self.mode {
            Mode::Exclusive => Wants::Lock(self.lease),
            Mode::Shared => Wants::Turn,
        };
        loop {
            let turn = match line.join(wants) {
                Joined::Turn(turn) => turn,
                Joined::Waiting(ticket) => {
                    seen.note(ticket.ahead + 1, Duration::ZERO);
                    match ticket.await {
                        Passed::Turn(turn) => turn,
                        // Lost on its way from hand to hand: nobody's any more.
                        Passed::Lock(guard) if guard.is_lost() => continue,
                        Passed::Lock(guard) => return Ok(guard),
                    }
                }
            };
            let mut claim = self.claim(true);
            let (since, fences) = self.in_turn(&mut claim, line, seen).await?;
            let turn = Some(turn).filter(|_| self.mode == Mode::Exclusive);
            return Ok(guard(claim, since, &fences, turn));
        }
    }

    /// Asks whenever something has changed, and in time for the place in the line to be kept.
    async fn in_turn(
        &self,
        claim: &mut Claim,
        line: &Line,
        seen: &Seen,
    ) -> Result<(Instant, Vec<u64>), Fault> {
        let mut mark = Mark::NONE;
        loop {
            if self.mode == Mode::Exclusive && !self.fair {
                let company = u32::try_from(line.waiting()).unwrap_or(u32::MAX);
                claim.with_fences(company.saturating_add(1).min(FENCES_MAX));
            }
            match claim.ask().await? {
                Claimed::Held(since, fences) => return Ok((since, fences)),
                Claimed::Busy { ahead, left, .. } => seen.note(ahead, left),
            }
            mark = changed(&self.object, mark, claim.asks_again_by()).await?;
        }
    }

    /// With a place of its own in the engine's line.
    async fn held_fairly(&self, line: &Arc<Line>, seen: &Seen) -> Result<LockGuard, Fault> {
        let mut claim = self.claim(true);
        let joined = {
            let _order = line.arrivals.lock().await;
            match claim.ask().await? {
                Claimed::Held(since, fences) => {
                    return Ok(guard(claim, since, &fences, None));
                }
                Claimed::Busy { ahead, left, .. } => seen.note(ahead, left),
            }
            line.join(Wants::Turn)
        };
        let _turn = match joined {
            Joined::Turn(turn) => turn,
            Joined::Waiting(mut ticket) => loop {
                match timeout_at(claim.asks_again_by(), &mut ticket).await {
                    Ok(Passed::Turn(turn)) => break turn,
                    Ok(Passed::Lock(guard)) => return Ok(guard),
                    Err(_) => match claim.ask().await? {
                        Claimed::Held(since, fences) => {
                            return Ok(guard(claim, since, &fences, None));
                        }
                        Claimed::Busy { ahead, left, .. } => seen.note(ahead, left),
                    },
                }
            },
        };
        let (since, fences) = self.in_turn(&mut claim, line, seen).await?;
        Ok(guard(claim, since, &fences, None))
    }
}

/// The guard of a claim of one lock.
fn guard(claim: Claim, since: Instant, fences: &[u64], turn: Option<Turn>) -> LockGuard {
    guards(claim, since, fences, turn).remove(0)
}

/// The guards of what a claim has got.
fn guards(claim: Claim, since: Instant, fences: &[u64], mut turn: Option<Turn>) -> Vec<LockGuard> {
    let wanted = claim.wanted().iter().zip(fences);
    let guards = wanted.map(|((object, acquire), &fence)| {
        let Acquire { owner, lease: length, fences, .. } = *acquire;
        let grant = Grant { owner, length, since, fence, fences, turn: turn.take() };
        LockGuard::new(object.clone(), grant)
    });
    let guards = guards.collect();
    claim.settle();
    guards
}

/// Resolves when something has changed at the key, or at this moment.
async fn changed(object: &Object, mark: Mark, deadline: Instant) -> Result<Mark, Fault> {
    match timeout_at(deadline, object.store().changed(object.key()?, mark)).await {
        Ok(Ok(mark)) => Ok(mark),
        Ok(Err(fault)) => {
            // Asking will tell what is wrong, if anything still is.
            warn!(target: "exactly", "waiting for a lock: {fault}");
            sleep_until(deadline.min(Instant::now() + LOOK_AGAIN)).await;
            Ok(mark)
        }
        Err(_) => Ok(mark),
    }
}

/// Asks for all of them once.
pub(crate) async fn all_tried(
    requests: Vec<Request>,
    seen: &Seen,
) -> Result<Option<Vec<LockGuard>>, Fault> {
    let mut claim = claim_of_all(&sorted(requests)?);
    Ok(match claim.ask().await? {
        Claimed::Held(since, fences) => Some(guards(claim, since, &fences, None)),
        Claimed::Busy { ahead, left, .. } => {
            seen.note(ahead, left);
            None
        }
    })
}

/// In the order of their keys, each of them once, and all in one store.
fn sorted(requests: Vec<Request>) -> Result<Vec<(Key, Request)>, Fault> {
    let mut sorted = Vec::with_capacity(requests.len());
    for request in requests {
        sorted.push((request.object.key()?.clone(), request));
    }
    sorted.sort_by(|(one, _), (two, _)| one.cmp(two));
    sorted.dedup_by(|(one, _), (two, _)| one == two);
    let store = |request: &Request| request.object.store().clone();
    let strange = |(_, request): &&(Key, Request)| !store(request).is(&store(&sorted[0].1));
    if let Some((key, _)) = sorted.iter().find(strange) {
        return Err(Fault::bad_setting(
            key,
            "is of another store, and locks of two stores are no one change; nothing was \
             acquired: make all handles on one store, or on clones of it",
        ));
    }
    Ok(sorted)
}

fn claim_of_all(sorted: &[(Key, Request)]) -> Claim {
    let wanted = sorted.iter().map(|(_, request)| (request.object.clone(), request.acquire(false)));
    Claim::new(wanted.collect())
}

/// Waits until all are held, for ever.
pub(crate) async fn all_held(requests: Vec<Request>, seen: &Seen) -> Result<Vec<LockGuard>, Fault> {
    let sorted = sorted(requests)?;
    let mut claim = claim_of_all(&sorted);
    let mut marks = vec![Mark::NONE; sorted.len()];
    loop {
        match claim.ask().await? {
            Claimed::Held(since, fences) => return Ok(guards(claim, since, &fences, None)),
            Claimed::Busy { place, ahead, left } => {
                seen.note(ahead, left);
                let Request { object, lease, .. } = &sorted[place].1;
                // A look now and then, for a change that nobody has told.
                marks[place] = changed(object, marks[place], Instant::now() + *lease).await?;
            }
        }
    }
}
