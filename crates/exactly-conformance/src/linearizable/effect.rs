//! What has to find its place in the order.

use std::collections::HashMap;

use exactly_core::layers::{Call, Ending};
use exactly_core::operations::counter::CounterOp;
use exactly_core::operations::key::KeyOp;
use exactly_core::{Batch, Lifetime, Op, Outcome, Refusal, Reply, Token};
use smallvec::{SmallVec, smallvec};

use super::chance::Certain;
use super::world::{Trial, World};
use super::{Objection, Unjudged};

/// Something that happens at one moment and at most once: a call, or all the calls of one token.
#[derive(Debug)]
pub(super) struct Effect<'a> {
    /// Those that ask for it, in the order in which they were made.
    pub(super) calls: SmallVec<[&'a Call; 1]>,
    /// What stands for their batch where that is up to chance.
    certain: Option<Certain>,
}

/// The effects of a history, each with the calls that ask for it.
pub(super) fn effects(calls: &[Call]) -> Result<Vec<Effect<'_>>, Objection> {
    let mut calls: Vec<_> = calls.iter().filter(|call| call.ending != Ending::NoEffect).collect();
    calls.sort_by_key(|call| call.called);
    let mut effects: Vec<Effect<'_>> = Vec::with_capacity(calls.len());
    let mut named: HashMap<Name<'_>, usize> = HashMap::new();
    for call in calls {
        judgeable(call).map_err(Objection::CannotJudge)?;
        let known = call.batch.token().and_then(|token| {
            let place = *named.entry(Name::of(token)).or_insert(effects.len());
            effects.get_mut(place)
        });
        match known {
            Some(effect) => effect.asked_again(call).map_err(Objection::CannotJudge)?,
            None => effects.push(Effect { calls: smallvec![call], certain: None }),
        }
    }
    // A read that nobody got an answer to can have been anywhere.
    effects.retain(|effect| effect.is_answered() || effect.writes());
    for effect in &mut effects {
        effect.certain = Certain::of(&effect.calls).map_err(Objection::CannotJudge)?;
    }
    Ok(effects)
}

/// What makes two tokens the same to a ledger.
#[derive(PartialEq, Eq, Hash)]
enum Name<'a> {
    Session(&'a Token),
    Caller(&'a str, &'a str),
}

impl<'a> Name<'a> {
    fn of(token: &'a Token) -> Self {
        match token {
            Token::Session { .. } => Self::Session(token),
            Token::Caller { namespace, id, .. } => Self::Caller(namespace, id),
        }
    }
}

fn judgeable(call: &Call) -> Result<(), Unjudged> {
    if call.returned.is_some_and(|returned| returned < call.called) {
        return Err(Unjudged::Backwards(Box::new(call.clone())));
    }
    for step in &call.batch.steps {
        match &step.op {
            Op::Counter(CounterOp::Undo(_)) | Op::Float(CounterOp::Undo(_)) => {
                return Err(Unjudged::Undo(Box::new(call.clone())));
            }
            Op::Key(KeyOp::Ttl(_) | KeyOp::ExpireAt(_)) => {
                return Err(Unjudged::Ttl(Box::new(call.clone())));
            }
            Op::Key(_) | Op::Counter(_) | Op::Float(_) | Op::Value(_) | Op::Flag(_) => {}
            Op::Capacity(_) | Op::List(_) | Op::Set(_) | Op::SortedSet(_) | Op::Map(_) => {}
            Op::Lock(_) | Op::Limiter(_) | Op::Queue(_) | Op::Once(_) => {}
        }
        if matches!(step.lifetime, Lifetime::Until(_)) {
            return Err(Unjudged::Ttl(Box::new(call.clone())));
        }
    }
    Ok(())
}

impl<'a> Effect<'a> {
    fn asked_again(&mut self, call: &'a Call) -> Result<(), Unjudged> {
        let first = self.calls[0];
        if first.batch.fingerprint() != call.batch.fingerprint() {
            let both = [first.clone(), call.clone()];
            return Err(Unjudged::TokenOfTwoBatches(Box::new(both)));
        }
        self.calls.push(call);
        Ok(())
    }

    pub(super) fn is_answered(&self) -> bool {
        self.replies().next().is_some()
    }

    fn writes(&self) -> bool {
        self.calls.iter().any(|call| call.batch.writes())
    }

    /// What was told of it.
    fn replies(&self) -> impl Iterator<Item = &'a Reply> {
        self.calls.iter().filter_map(|call| match &call.ending {
            Ending::Answered(reply) => Some(reply),
            Ending::NoEffect | Ending::Unknown => None,
        })
    }

    /// The call that was first told of it, if any was.
    pub(super) fn first_answered(&self) -> Option<&'a Call> {
        let answered = self.calls.iter().filter(|call| matches!(call.ending, Ending::Answered(_)));
        answered.min_by_key(|call| call.returned.unwrap_or(u64::MAX)).copied()
    }

    /// The first moment at which it can take place.
    pub(super) fn from(&self) -> u64 {
        self.calls[0].called
    }

    /// The last moment at which it can take place; none where it need not take place at all.
    pub(super) fn until(&self) -> Option<u64> {
        self.first_answered().map(|call| call.returned.unwrap_or(u64::MAX))
    }

    /// Whether nothing can have changed, whatever was stored: only reads, and what refused.
    pub(super) fn leaves_no_trace(&self) -> bool {
        let nothing = |reply: &Reply| match reply {
            Reply::Refused(
                Refusal::Requirement(_) | Refusal::Operation(..) | Refusal::Changed(_),
            ) => true,
            Reply::Applied(outcomes) => outcomes.iter().all(Outcome::is_refusal),
        };
        !self.writes() || self.replies().any(nothing)
    }

    /// The ways in which it can take place up to `moment` so that everybody was told the truth.
    ///
    /// More than one, when calls of one token make up different ids for a new hold.
    pub(super) fn ways<'w>(
        &self,
        world: &'w World,
        moment: u64,
    ) -> impl Iterator<Item = Trial<'w>> {
        let asked = self.calls.iter().take_while(move |call| call.called <= moment);
        asked.filter_map(|call| {
            if let Some(certain) = &self.certain {
                let (reply, trial) = world.play(&certain.batch);
                let told = self.replies().all(|told| certain.explains(told, reply.as_ref().ok()));
                return told.then_some(trial);
            }
            let (reply, trial) = world.play(&call.batch);
            let reply = reply.ok()?;
            self.replies().all(|told| told.says_the_same(&reply)).then_some(trial)
        })
    }

    /// The batches that ask for it.
    pub(super) fn batches(&self) -> impl Iterator<Item = &'a Batch> {
        self.calls.iter().map(|call| &call.batch)
    }
}
