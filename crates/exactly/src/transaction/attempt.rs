//! One attempt of a transaction: an engine around an engine.
//!
//! What is asked of it is tried, together with all that was asked before, and remembered with its
//! answer. At the end all of it is applied, if it is still told the same.

use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;
use std::{fmt, iter};

use exactly_core::operations::Outcome;
use exactly_core::operations::counter::CounterOp;
use exactly_core::operations::lock::LockOp;
use exactly_core::operations::queue::QueueOp;
use exactly_core::{
    Answer, Batch, Bytes, Condition, Delivery, Engine, Fault, Joining, Key, Listing, Mark, Misuse,
    Op, Page, Profile, Refusal, Rehearsal, Reply, Requirement, Resolution, Step, Token, Tried,
};
use tokio::sync::Mutex;

use super::known::Known;
use super::required::Required;
use super::turns::Held;
use crate::store::Store;

/// What is tried so far, and when it is over.
pub(super) struct Attempt {
    base: Store,
    made: Mutex<Made>,
    aborted: AtomicBool,
}

struct Made {
    stage: Stage,
    steps: Vec<Step>,
    seen: Vec<Bytes>,
    requirements: Vec<Requirement>,
    known: Known,
    turns: Option<Held>,
}

enum Stage {
    /// What is asked is tried.
    Open,
    /// What was read here has changed: at this key. Nothing more is tried.
    Conflict(Key),
    /// All is applied: what is asked now is asked of the store itself.
    Applied,
    /// Nothing was.
    Over,
}

/// How an attempt ended.
pub(super) enum Ended<A> {
    /// With this answer of the closure.
    Done(A),
    /// Others were faster at this key.
    Conflict {
        /// Where.
        key: Key,
        /// The turns it had.
        turns: Held,
    },
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Attempt {
    pub(super) fn new(base: &Store, turns: Held) -> Self {
        let made = Made {
            stage: Stage::Open,
            steps: Vec::new(),
            seen: Vec::new(),
            requirements: Vec::new(),
            known: Known::default(),
            turns: Some(turns),
        };
        Self { base: base.clone(), made: Mutex::new(made), aborted: AtomicBool::new(false) }
    }

    /// Nothing of it is to be applied.
    pub(super) fn abort(&self) {
        self.aborted.store(true, Ordering::Release);
    }

    /// Applies all that was tried, if the closure wants it and nothing of it has changed.
    pub(super) async fn end<T, E: From<Fault>>(
        &self,
        answer: Result<T, E>,
        token: Option<&Token>,
    ) -> Ended<Result<T, E>> {
        let mut made = self.made.lock().await;
        let turns = made.turns.take().unwrap_or_else(|| Held::none(self.base.turns(), None));
        if let Stage::Conflict(key) = &made.stage {
            return Ended::Conflict { key: key.clone(), turns };
        }
        made.stage = Stage::Over;
        // What was only read was all true at the moment of the last try.
        let is_to_be_told = made.changes() || token.is_some();
        if answer.is_err() || self.aborted.load(Ordering::Acquire) || !is_to_be_told {
            return Ended::Done(answer);
        }
        let batch = made.take_batch(token.map(|token| self.base.named(token)));
        let keys: Vec<_> = batch.steps.iter().map(|step| step.key.clone()).collect();
        let required: Vec<_> = batch.requirements.clone();
        let reply = self.base.engine().apply(batch).await;
        let refused = match reply {
            Ok(Reply::Applied(_)) => {
                made.stage = Stage::Applied;
                return Ended::Done(answer);
            }
            Ok(Reply::Refused(refused)) => refused,
            Err(fault) => return Ended::Done(Err(fault.into())),
        };
        match refused {
            Refusal::Changed(place) | Refusal::Operation(place, _) => match keys.get(place) {
                Some(key) => Ended::Conflict { key: key.clone(), turns },
                None => Ended::Done(Err(odd().into())),
            },
            Refusal::Requirement(place) => match required.get(place) {
                Some(Requirement { key, condition: Condition::Locks(_) }) => {
                    Ended::Done(Err(Fault::lock_lost(key).into()))
                }
                Some(Requirement { key, .. }) => Ended::Conflict { key: key.clone(), turns },
                None => Ended::Done(Err(odd().into())),
            },
        }
    }

    async fn take_in(&self, batch: Batch) -> Result<Reply, Fault> {
        let mut made = self.made.lock().await;
        match &made.stage {
            Stage::Open => {}
            Stage::Conflict(key) => return Err(Fault::contended(key, 1)),
            Stage::Applied => {
                drop(made);
                return self.base.apply(batch).await;
            }
            Stage::Over => return Err(over()),
        }
        batch.check()?;
        if batch.token().is_some() {
            return Err(Fault::bad_option(
                "a call that is a part of a transaction has no token of its own; nothing was \
                 changed: leave it out",
            ));
        }
        for step in &batch.steps {
            can_be_tried(step)?;
        }
        for key in batch.keys() {
            made.come_to(key).await?;
        }
        if batch.apart {
            return self.each(&mut made, batch).await;
        }
        let required = Required::of(&batch.requirements)?;
        if let ([only], true, true) =
            (batch.steps.as_slice(), batch.seen.is_empty(), batch.requirements.is_empty())
            && let Some(outcome) = made.known.answer(only)
        {
            return made.answered(only, outcome?);
        }
        self.whole(&mut made, batch, required).await
    }

    /// Operations that are one change: all of them, or none.
    async fn whole(
        &self,
        made: &mut Made,
        batch: Batch,
        required: Required,
    ) -> Result<Reply, Fault> {
        let (looks, asked) = (required.len(), batch.steps.len());
        let steps: Vec<_> = required.steps().chain(batch.steps).collect();
        let seen = match batch.seen.is_empty() {
            true => Vec::new(),
            false => iter::repeat_n(Bytes::from(""), looks).chain(batch.seen).collect(),
        };
        let tried = self.tried(made, &steps, seen).await?;
        if let Some(place) = required.unmet(tried.iter().map(|one| &one.outcome)) {
            made.remember(&steps[..looks], &tried[..looks]);
            return Ok(Reply::Refused(Refusal::Requirement(place)));
        }
        let refuses = |place: &usize| tried[*place].outcome.is_refusal() && !steps[*place].optional;
        let Some(place) = (looks..steps.len()).find(refuses) else {
            made.remember(&steps, &tried);
            made.requirements.extend(required.locks);
            let outcomes = tried.into_iter().skip(looks).map(|one| one.outcome);
            return Ok(Reply::Applied(outcomes.collect()));
        };
        made.remember(&steps[..looks], &tried[..looks]);
        let outcome = &tried[place].outcome;
        match asked {
            1 => made.remember(&steps[place..], &tried[place..]),
            _ => self.refuses_alone(made, &steps[place], outcome).await?,
        }
        Ok(Reply::Refused(Refusal::Operation(place - looks, outcome.clone())))
    }

    /// Remembers why several operations are not made: this one refuses, also without the others.
    async fn refuses_alone(
        &self,
        made: &mut Made,
        step: &Step,
        outcome: &Outcome,
    ) -> Result<(), Fault> {
        let steps = std::slice::from_ref(step);
        let tried = self.tried(made, steps, Vec::new()).await?;
        if tried.iter().any(|one| one.outcome != *outcome) {
            return Err(Fault::bad_setting(
                &step.key,
                "refuses only because of what stands before it in its batch, which cannot be \
                 remembered in a transaction; nothing was changed: make the calls one after the \
                 other, all of them are one change here",
            ));
        }
        made.remember(steps, &tried);
        Ok(())
    }

    /// Operations that stand apart, each by itself.
    async fn each(&self, made: &mut Made, batch: Batch) -> Result<Reply, Fault> {
        let mut outcomes = Vec::with_capacity(batch.steps.len());
        for step in &batch.steps {
            let one = std::slice::from_ref(step);
            match self.tried(made, one, Vec::new()).await {
                Ok(tried) => {
                    made.remember(one, &tried);
                    outcomes.extend(tried.into_iter().map(|one| one.outcome));
                }
                Err(fault) if fault.is_misuse() => {
                    outcomes.push(Outcome::Misuse(Misuse::Refused(fault.to_string())));
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(Reply::Applied(outcomes.into_iter().collect()))
    }

    /// What these operations would be answered behind all that was tried before.
    async fn tried(
        &self,
        made: &mut Made,
        steps: &[Step],
        seen: Vec<Bytes>,
    ) -> Result<Vec<Tried>, Fault> {
        let before = made.steps.len();
        let optional = steps.iter().cloned().map(Step::optional);
        let all = made.steps.iter().cloned().chain(optional);
        let seen = made.seen.iter().cloned().chain(seen).collect();
        let whole = Batch { seen, ..Batch::of(all) };
        match self.base.engine().rehearse(whole).await? {
            Rehearsal::Told(mut tried) if tried.len() == before + steps.len() => {
                Ok(tried.split_off(before))
            }
            Rehearsal::Refused(Refusal::Changed(place)) => {
                let key = made
                    .steps
                    .iter()
                    .chain(steps)
                    .map(|step| &step.key)
                    .nth(place)
                    .ok_or_else(odd)?
                    .clone();
                let fault = Fault::contended(&key, 1);
                made.stage = Stage::Conflict(key);
                Err(fault)
            }
            Rehearsal::Told(_) | Rehearsal::Refused(_) => Err(odd()),
        }
    }
}

impl Made {
    fn changes(&self) -> bool {
        !self.requirements.is_empty() || self.steps.iter().any(|step| step.op.writes())
    }

    /// The whole of it, as it is applied.
    fn take_batch(&mut self, token: Option<Token>) -> Batch {
        let (steps, seen) = (std::mem::take(&mut self.steps), std::mem::take(&mut self.seen));
        let requirements = std::mem::take(&mut self.requirements);
        let delivery = match token {
            Some(token) => Delivery::Token(Box::new(token)),
            None => Delivery::ExactlyOnce,
        };
        Batch { seen, requirements, delivery, ..Batch::of(steps) }
    }

    /// What is known without asking needs no sight: it follows from what was seen before.
    fn answered(&mut self, step: &Step, outcome: Outcome) -> Result<Reply, Fault> {
        self.steps.push(step.clone().optional());
        self.seen.push(Bytes::from(""));
        Ok(match outcome.is_refusal() && !step.optional {
            true => Reply::Refused(Refusal::Operation(0, outcome)),
            false => Reply::Applied([outcome].into_iter().collect()),
        })
    }

    fn remember(&mut self, steps: &[Step], tried: &[Tried]) {
        for (step, one) in steps.iter().zip(tried) {
            self.known.learn(step, &one.outcome);
        }
        self.steps.extend(steps.iter().cloned().map(Step::optional));
        self.seen.extend(tried.iter().map(|one| one.sight.clone()));
    }

    async fn come_to(&mut self, key: &Key) -> Result<(), Fault> {
        let Some(turns) = &mut self.turns else { return Ok(()) };
        if turns.comes_to(key).await {
            return Ok(());
        }
        self.stage = Stage::Conflict(key.clone());
        Err(Fault::contended(key, 1))
    }
}

/// Whether the operation does the same when it is tried and when it is applied.
fn can_be_tried(step: &Step) -> Result<(), Fault> {
    let instead = match &step.op {
        Op::Counter(CounterOp::AddUndoable(_) | CounterOp::Undo(_))
        | Op::Float(CounterOp::AddUndoable(_) | CounterOp::Undo(_)) => {
            "the block form of a counter takes its step back by itself: add, and answer an error \
             to take all back"
        }
        Op::Lock(LockOp::Acquire(_) | LockOp::Extend(_) | LockOp::Release(_)) => {
            "a lock is acquired before a transaction, whose calls require it"
        }
        Op::Queue(QueueOp::Claim(_) | QueueOp::Dead(_)) => {
            "a job is claimed before a transaction, and acknowledged in it or with it"
        }
        op if op.is_by_chance() => "what is drawn by lot is drawn before a transaction",
        Op::Key(_) | Op::Counter(_) | Op::Float(_) | Op::Value(_) | Op::Flag(_) => return Ok(()),
        Op::Capacity(_) | Op::List(_) | Op::Set(_) | Op::SortedSet(_) | Op::Map(_) => return Ok(()),
        Op::Lock(_) | Op::Limiter(_) | Op::Queue(_) | Op::Once(_) => return Ok(()),
    };
    Err(Fault::bad_setting(&step.key, format!("{instead}; nothing was changed")))
}

fn over() -> Fault {
    Fault::unavailable(
        "the transaction is over, and nothing of it was applied: what is left of it can do nothing",
    )
}

fn odd() -> Fault {
    Fault::broken("a transaction was answered something else than it has asked")
}

impl Engine for Attempt {
    fn apply(&self, batch: Batch) -> Answer<'_, Reply> {
        Answer::pending(self.take_in(batch))
    }

    fn changed(&self, key: &Key, _since: Mark) -> Answer<'_, Mark> {
        Answer::ready(Err(Fault::bad_setting(
            key,
            "cannot be waited for inside of a transaction, for which nothing changes; wait before \
             it",
        )))
    }

    fn keys(&self, listing: Listing) -> Answer<'_, Page> {
        Answer::ready(Err(Fault::bad_option(format!(
            "which keys look like `{}` cannot be a part of a transaction: list them before it",
            listing.pattern
        ))))
    }

    /// A transaction inside of this one.
    fn rehearse(&self, batch: Batch) -> Answer<'_, Rehearsal> {
        Answer::pending(async move {
            let mut made = self.made.lock().await;
            match &made.stage {
                Stage::Open => {}
                Stage::Conflict(key) => return Err(Fault::contended(key, 1)),
                Stage::Applied => return self.base.engine().rehearse(batch).await,
                Stage::Over => return Err(over()),
            }
            for key in batch.keys() {
                made.come_to(key).await?;
            }
            let Batch { steps, seen, .. } = batch;
            self.tried(&mut made, &steps, seen).await.map(Rehearsal::Told)
        })
    }

    fn resolve(&self, token: &Token) -> Answer<'_, Resolution> {
        self.base.engine().resolve(token)
    }

    fn profile(&self) -> Profile {
        Profile { far: false, ..self.base.profile() }
    }

    fn join(&self, _call: &Joining<'_>, _waker: &Waker) -> Option<Answer<'_, Reply>> {
        None
    }
}
