//! Work that is done once under an id, and whose answer is kept.
//!
//! Whoever begins it has it on a lease. When it is finished, its answer is what everybody gets who
//! asks again. If the worker dies, the lease ends, and the next who asks is told that somebody had
//! begun.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::capacity::check_lease;
use super::key::check_ttl;
use super::{Refusable, operations};
use crate::bytes::Bytes;
use crate::element::check_elements;
use crate::state::{Misuse, Slot, State};
use crate::time::{Moment, Timestamp};
use crate::token::HoldId;

// ===== operations =====

operations! {
    /// What can be asked of work that is done once.
    OnceOp => OnceOutcome;

    /// How far it is.
    read Read {} -> Progress;

    /// Begins it, unless somebody else has it or has finished.
    write Begin {
        /// Who.
        worker: HoldId,
        /// After how long without [`Extend`] another may take it over.
        lease: Duration,
    } -> Begun;

    /// Lets the lease run anew, if it still runs.
    write Extend {
        /// Who.
        worker: HoldId,
        /// How long from now.
        lease: Duration,
    } -> Continued;

    /// Finishes it with this answer, which is kept.
    write Finish {
        /// Who.
        worker: HoldId,
        /// The answer.
        answer: Bytes,
        /// How long it is kept.
        keep: Duration,
    } -> Continued;

    /// Gives it up: it was not done, and anybody may begin. Answers whether it was this worker's.
    write Abandon {
        /// Who.
        worker: HoldId,
    } -> bool;
}

impl OnceOp {
    pub(crate) fn check(&self) -> Result<(), Misuse> {
        match self {
            Self::Begin(Begin { lease, .. }) | Self::Extend(Extend { lease, .. }) => {
                check_lease(*lease)
            }
            Self::Finish(Finish { answer, keep, .. }) => {
                check_elements(std::iter::once(answer))?;
                check_ttl(*keep)
            }
            Self::Read(_) | Self::Abandon(_) => Ok(()),
        }
    }
}

// ===== outcomes =====

/// Of [`Read`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Progress {
    /// Nobody has begun.
    New,
    /// Somebody is at it.
    Running {
        /// How long their lease still runs.
        left: Duration,
        /// How many have begun, this one included.
        attempt: u64,
    },
    /// Somebody had begun, and was not heard of again before their lease was over.
    Crashed {
        /// How many have begun.
        attempts: u64,
    },
    /// It is finished.
    Done {
        /// The answer.
        answer: Bytes,
    },
}

impl Refusable for Progress {}

/// Of [`Begin`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Begun {
    /// It is the worker's.
    Begun {
        /// Whose: the one who asked first under a token.
        worker: HoldId,
        /// How many have begun, this one included: more than one after a crash.
        attempt: u64,
    },
    /// Refused: somebody is at it.
    Running {
        /// How long their lease still runs.
        left: Duration,
    },
    /// Refused: it is finished.
    Done {
        /// The answer.
        answer: Bytes,
    },
}

impl Refusable for Begun {
    fn is_refusal(&self) -> bool {
        !matches!(self, Self::Begun { .. })
    }
}

/// Of [`Extend`] and [`Finish`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Continued {
    /// It was the worker's.
    Continued,
    /// Refused: it is not the worker's any more.
    Lost,
}

impl Refusable for Continued {
    fn is_refusal(&self) -> bool {
        *self == Self::Lost
    }
}

// ===== state =====

/// The state of work that is done once.
#[derive(Debug, Clone, PartialEq)]
pub struct OnceState {
    /// How many have begun.
    attempts: u64,
    stage: Stage,
}

#[derive(Debug, Clone, PartialEq)]
enum Stage {
    Running {
        worker: HoldId,
        until: Timestamp,
    },
    /// The lease of whoever was at it is over.
    Crashed,
    Done {
        /// Who did it, so that who finishes again is told what it was told before.
        worker: HoldId,
        answer: Bytes,
    },
}

impl OnceState {
    fn progress(&self, now: Timestamp) -> Progress {
        match &self.stage {
            Stage::Done { answer, .. } => Progress::Done { answer: answer.clone() },
            Stage::Running { until, .. } => {
                Progress::Running { left: now.until(*until), attempt: self.attempts }
            }
            Stage::Crashed => Progress::Crashed { attempts: self.attempts },
        }
    }

    /// Whether the work is this worker's now.
    fn is_of(&self, id: HoldId) -> bool {
        matches!(self.stage, Stage::Running { worker, .. } if worker == id)
    }

    fn is_done_by(&self, id: HoldId) -> bool {
        matches!(self.stage, Stage::Done { worker, .. } if worker == id)
    }

    /// Notices that the lease of whoever is at it is over.
    pub(crate) fn lapse(&mut self, now: Timestamp) {
        if self.due().is_some_and(|until| until <= now) {
            self.stage = Stage::Crashed;
        }
    }

    /// When somebody else may begin.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        match self.stage {
            Stage::Running { until, .. } => Some(until),
            Stage::Crashed | Stage::Done { .. } => None,
        }
    }
}

// ===== step =====

/// The meaning of a [`OnceOp`]. A lease that has run out has lapsed before.
pub(crate) fn step(slot: &mut Slot, op: &OnceOp, at: Moment) -> Result<OnceOutcome, Misuse> {
    let stored = slot.once()?;
    Ok(match op {
        OnceOp::Read(Read {}) => {
            OnceOutcome::Read(stored.map_or(Progress::New, |once| once.progress(at.now)))
        }
        OnceOp::Begin(begin) => OnceOutcome::Begin(self::begin(slot, begin, at)?),
        OnceOp::Extend(Extend { worker, lease }) => {
            OnceOutcome::Extend(match stored.filter(|once| once.is_of(*worker)) {
                Some(once) => {
                    once.stage = Stage::Running { worker: *worker, until: at.now.plus(*lease) };
                    Continued::Continued
                }
                None => Continued::Lost,
            })
        }
        OnceOp::Finish(finish) => OnceOutcome::Finish(self::finish(slot, finish, at)?),
        OnceOp::Abandon(Abandon { worker }) => {
            let is_its = stored.is_some_and(|once| once.is_of(*worker));
            if is_its {
                slot.take();
            }
            OnceOutcome::Abandon(is_its)
        }
    })
}

fn begin(slot: &mut Slot, begin: &Begin, at: Moment) -> Result<Begun, Misuse> {
    let Begin { worker, lease } = *begin;
    let attempts = match slot.once()? {
        None => 0,
        Some(once) if once.is_of(worker) => {
            return Ok(Begun::Begun { worker, attempt: once.attempts });
        }
        Some(once) => match once.progress(at.now) {
            Progress::Running { left, .. } => return Ok(Begun::Running { left }),
            Progress::Done { answer } => return Ok(Begun::Done { answer }),
            Progress::Crashed { .. } | Progress::New => once.attempts,
        },
    };
    let stage = Stage::Running { worker, until: at.now.plus(lease) };
    let attempts = attempts + 1;
    slot.overwrite(State::Once(Box::new(OnceState { attempts, stage })), at);
    Ok(Begun::Begun { worker, attempt: attempts })
}

fn finish(slot: &mut Slot, finish: &Finish, at: Moment) -> Result<Continued, Misuse> {
    let Finish { worker, answer, keep } = finish;
    match slot.once()? {
        Some(once) if once.is_done_by(*worker) => return Ok(Continued::Continued),
        Some(once) if once.is_of(*worker) => {
            once.stage = Stage::Done { worker: *worker, answer: answer.clone() };
        }
        Some(_) | None => return Ok(Continued::Lost),
    }
    if let Some(entry) = slot.entry_mut() {
        entry.expires = at.now.plus(*keep);
    }
    Ok(Continued::Continued)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Key;
    use crate::meaning::Model;
    use crate::operations::counter;
    use crate::operations::key::{Exists, Life, Ttl};

    const LEASE: Duration = Duration::from_secs(30);
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    const TICK: Duration = Duration::from_nanos(1);

    fn mail() -> (Model, Key, [HoldId; 2]) {
        let key = Key::alone("", "welcome mail").unwrap();
        (Model::new(), key, [1, 2].map(HoldId::from_u128))
    }

    fn begin(worker: HoldId) -> Begin {
        Begin { worker, lease: LEASE }
    }

    fn finish(worker: HoldId) -> Finish {
        Finish { worker, answer: "sent".into(), keep: DAY }
    }

    #[test]
    fn one_does_it_and_all_get_the_answer() {
        let (mut model, key, [ann, bob]) = mail();
        assert_eq!(model.run(&key, Read {}).unwrap(), Progress::New);
        let begun = Begun::Begun { worker: ann, attempt: 1 };
        assert_eq!(model.run(&key, begin(ann)).unwrap(), begun);
        assert_eq!(model.run(&key, begin(ann)).unwrap(), begun);
        assert_eq!(model.run(&key, begin(bob)).unwrap(), Begun::Running { left: LEASE });
        let running = Progress::Running { left: LEASE, attempt: 1 };
        assert_eq!(model.run(&key, Read {}).unwrap(), running);
        assert_eq!(model.run(&key, finish(bob)).unwrap(), Continued::Lost);
        assert_eq!(model.run(&key, finish(ann)).unwrap(), Continued::Continued);
        assert_eq!(model.run(&key, finish(ann)).unwrap(), Continued::Continued);
        let answer = Bytes::from("sent");
        for worker in [ann, bob] {
            let done = Begun::Done { answer: answer.clone() };
            assert_eq!(model.run(&key, begin(worker)).unwrap(), done);
        }
        assert_eq!(model.run(&key, Read {}).unwrap(), Progress::Done { answer });
        assert_eq!(model.run(&key, Ttl {}).unwrap(), Life::Left(DAY));
        model.advance(DAY);
        assert_eq!(model.run(&key, Read {}).unwrap(), Progress::New);
    }

    #[test]
    fn a_crash_is_seen_and_taken_over() {
        let (mut model, key, [ann, bob]) = mail();
        model.run(&key, begin(ann)).unwrap();
        model.advance(LEASE - TICK);
        assert_eq!(model.run(&key, begin(bob)).unwrap(), Begun::Running { left: TICK });
        model.advance(TICK);
        assert_eq!(model.run(&key, Read {}).unwrap(), Progress::Crashed { attempts: 1 });
        let begun = Begun::Begun { worker: bob, attempt: 2 };
        assert_eq!(model.run(&key, begin(bob)).unwrap(), begun);
        // The first comes back late, and is told.
        assert_eq!(model.run(&key, finish(ann)).unwrap(), Continued::Lost);
        let extend = Extend { worker: ann, lease: LEASE };
        assert_eq!(model.run(&key, extend).unwrap(), Continued::Lost);
        assert!(!model.run(&key, Abandon { worker: ann }).unwrap());
        assert_eq!(model.run(&key, finish(bob)).unwrap(), Continued::Continued);
    }

    #[test]
    fn a_lease_is_extended_and_nobody_is_late_by_a_tick() {
        let (mut model, key, [ann, _]) = mail();
        model.run(&key, begin(ann)).unwrap();
        model.advance(LEASE - TICK);
        let extend = Extend { worker: ann, lease: LEASE };
        assert_eq!(model.run(&key, extend.clone()).unwrap(), Continued::Continued);
        model.advance(LEASE);
        assert_eq!(model.run(&key, extend).unwrap(), Continued::Lost);
        assert_eq!(model.run(&key, finish(ann)).unwrap(), Continued::Lost);
    }

    #[test]
    fn work_that_was_given_up_is_new() {
        let (mut model, key, [ann, bob]) = mail();
        model.run(&key, begin(ann)).unwrap();
        assert!(!model.run(&key, Abandon { worker: bob }).unwrap());
        assert!(model.run(&key, Abandon { worker: ann }).unwrap());
        assert!(!model.run(&key, Exists {}).unwrap());
        let begun = Begun::Begun { worker: bob, attempt: 1 };
        assert_eq!(model.run(&key, begin(bob)).unwrap(), begun);
    }

    #[test]
    fn bad_settings_and_other_kinds_are_misuse() {
        let (mut model, key, [ann, _]) = mail();
        let never = Begin { lease: Duration::ZERO, ..begin(ann) };
        assert!(model.run(&key, never).unwrap_err().is_bad_setting());
        let unkept = Finish { keep: Duration::ZERO, ..finish(ann) };
        assert!(model.run(&key, unkept).unwrap_err().is_bad_setting());
        model.run(&key, counter::Add::by(1)).unwrap();
        assert!(model.run(&key, begin(ann)).unwrap_err().is_wrong_type());
        assert!(model.run(&key, Read {}).unwrap_err().is_wrong_type());
    }
}
