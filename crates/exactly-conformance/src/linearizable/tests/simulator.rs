//! Histories of clients that race on a right engine.

use std::collections::BTreeSet;
use std::slice;

use fastrand::Rng;

use super::brute_force::Engine;
use super::*;

/// What the clients do.
#[derive(Debug, Clone)]
pub(super) struct Simulator {
    pub(super) clients: usize,
    pub(super) calls: usize,
    /// Of a thousand calls, how many their callers never learn about. Some are asked again.
    pub(super) unknown_per_mille: u32,
    pub(super) workload: fn(&mut Rng) -> Batch,
}

/// Where one client is.
#[derive(Debug, Clone, Default)]
enum Client {
    #[default]
    Idle,
    Called(usize),
    Answered(usize, Ending),
}

impl Simulator {
    /// A history that is linearizable by the way in which it came about.
    pub(super) fn history(&self, rng: &mut Rng) -> Vec<Call> {
        let mut engine = Engine::default();
        let mut clients = vec![Client::default(); self.clients];
        let mut calls: Vec<Call> = Vec::with_capacity(self.calls);
        let mut lost: Vec<Batch> = Vec::new();
        for moment in 1.. {
            let all_made = calls.len() == self.calls;
            let busy = |client: &&mut Client| !all_made || !matches!(client, Client::Idle);
            let Some(client) = rng.choice(clients.iter_mut().filter(busy).collect::<Vec<_>>())
            else {
                break;
            };
            let is_unknown = rng.u32(..1000) < self.unknown_per_mille;
            *client = match std::mem::take(client) {
                Client::Idle => {
                    calls.push(unknown(moment, self.batch(rng, &calls)));
                    Client::Called(calls.len() - 1)
                }
                // The request is under way, and nobody waits any more.
                Client::Called(call) if is_unknown && rng.bool() => {
                    lost.push(calls[call].batch.clone());
                    Client::Idle
                }
                Client::Called(call) => {
                    let ending = match engine.apply(&calls[call].batch) {
                        Ok(_) if is_unknown => Ending::Unknown,
                        Ok(reply) => Ending::Answered(reply),
                        Err(_) => Ending::NoEffect,
                    };
                    Client::Answered(call, ending)
                }
                Client::Answered(call, ending) => {
                    calls[call].returned = Some(moment);
                    calls[call].ending = ending;
                    Client::Idle
                }
            };
            if rng.u8(..8) == 0 && !lost.is_empty() {
                let arrived = lost.swap_remove(rng.usize(..lost.len()));
                drop(engine.apply(&arrived));
            }
        }
        calls
    }

    /// A new batch, some under a token; or one of an unknown call again.
    fn batch(&self, rng: &mut Rng, calls: &[Call]) -> Batch {
        let unanswered = |call: &&Call| call.ending == Ending::Unknown;
        let again =
            calls.iter().rev().take(8).filter(unanswered).find(|call| call.batch.token().is_some());
        match again {
            Some(call) if self.unknown_per_mille > 0 && rng.bool() => {
                renewed(rng, call.batch.clone())
            }
            Some(_) | None => {
                let batch = (self.workload)(rng);
                let named = self.unknown_per_mille > 0 && rng.u8(..4) == 0;
                if named { batch.named(token(&calls.len().to_string())) } else { batch }
            }
        }
    }
}

/// The same batch as its caller makes it up again, some with new ids for the holds it takes.
fn renewed(rng: &mut Rng, mut batch: Batch) -> Batch {
    let taken = batch.steps.iter().filter_map(|step| {
        let Op::Capacity(CapacityOp::Take(take)) = &step.op else { return None };
        Some(take.hold)
    });
    for old in taken.collect::<BTreeSet<_>>() {
        if rng.bool() {
            rename(&mut batch, old, HoldId::from_u128(rng.u128(..)));
        }
    }
    batch
}

fn rename(batch: &mut Batch, old: HoldId, new: HoldId) {
    let in_steps = batch.steps.iter_mut().flat_map(|step| {
        let Op::Capacity(op) = &mut step.op else { return &mut [][..] };
        match op {
            CapacityOp::Take(capacity::Take { hold, .. })
            | CapacityOp::Confirm(capacity::Confirm { hold })
            | CapacityOp::Release(capacity::Release { hold })
            | CapacityOp::Extend(capacity::Extend { hold, .. }) => slice::from_mut(hold),
            CapacityOp::TakeEach(capacity::TakeEach { holds, .. }) => holds,
            CapacityOp::Read(_) | CapacityOp::GiveBack(_) | CapacityOp::Resize(_) => &mut [],
        }
    });
    let required = batch.requirements.iter_mut().filter_map(|required| {
        if let Condition::Holds(hold) = &mut required.condition { Some(hold) } else { None }
    });
    for hold in in_steps.chain(required).filter(|hold| **hold == old) {
        *hold = new;
    }
}

// ===== workloads =====

/// Additions to one counter, and a read now and then.
pub(super) fn counting(rng: &mut Rng) -> Batch {
    if rng.u8(..10) == 0 { count() } else { add(1) }
}

/// Additions of many amounts.
pub(super) fn amounts(rng: &mut Rng) -> Batch {
    if rng.u8(..10) == 0 { count() } else { add(rng.i64(-3..=9)) }
}

/// Additions of fractions.
pub(super) fn fractions(rng: &mut Rng) -> Batch {
    match rng.u8(..4) {
        0 => on("level", counter::Get { start: 0.0 }),
        _ => on("level", counter::Add::by([-0.5, 0.25, 1.5][rng.usize(..3)])),
    }
}

/// A value that is written, read, and replaced if it is still the same.
pub(super) fn writing(rng: &mut Rng) -> Batch {
    let [old, to] = [(); 2].map(|()| rng.u8(..5).to_string());
    match rng.u8(..3) {
        0 => set(&to),
        1 => replace(&old, &to),
        _ => get(),
    }
}

/// A capacity that is almost full.
pub(super) fn booking(rng: &mut Rng) -> Batch {
    match rng.u8(..8) {
        0 | 1 => take(rng.u128(..), 3),
        2 => take(rng.u128(..6), 3),
        3 => confirm(rng.u128(..6)),
        4 | 5 => release(rng.u128(..6)),
        6 => on("seats", capacity::GiveBack { units: 1 }),
        _ => levels(3),
    }
}

/// Everything, on three keys that are counters, values, flags and capacities in turn.
pub(super) fn anything(rng: &mut Rng) -> Batch {
    let steps = if rng.u8(..3) == 0 { 2 } else { 1 };
    let mut batch = Batch::of((0..steps).map(|_| any_step(rng)));
    if rng.u8(..6) == 0 {
        let condition = match rng.u8(..4) {
            0 => Condition::Exists,
            1 => Condition::Absent,
            2 => Condition::Equals(rng.u8(..3).to_string().into_bytes().into()),
            _ => Condition::Holds(HoldId::from_u128(rng.u128(..2))),
        };
        batch = batch.requiring(any_key(rng), condition);
    }
    batch
}

fn any_key(rng: &mut Rng) -> Key {
    named(["a", "b", "c"][rng.usize(..3)])
}

fn any_step(rng: &mut Rng) -> Step {
    let op = if rng.u8(..4) == 0 { any_bounded(rng) } else { any_op(rng) };
    let step = Step::new(any_key(rng), op);
    let step = if rng.u8(..8) == 0 { step.lifetime(Lifetime::Sliding(HOUR)) } else { step };
    if rng.bool() { step.optional() } else { step }
}

fn any_op(rng: &mut Rng) -> Op {
    let bytes = rng.u8(..3).to_string();
    let (old, to) = (rng.u8(..3).to_string().as_str().into(), bytes.as_str().into());
    match rng.u8(..16) {
        0 | 1 => counter::Add::by(rng.i64(-1..=2)).into_op(),
        2 => counter::Get { start: 0 }.into_op(),
        3 => counter::Add::by(0.5).into_op(),
        4 => value::Get {}.into_op(),
        5 => value::Set { to }.into_op(),
        6 => value::Swap { to }.into_op(),
        7 => value::Take {}.into_op(),
        8 => value::SetIfAbsent { to }.into_op(),
        9 => value::ReplaceIf { old, to }.into_op(),
        10 => key::Delete {}.into_op(),
        11 => key::Exists {}.into_op(),
        12 => key::Rename { to: any_key(rng), replace: rng.bool() }.into_op(),
        13 => flag::Mark { only_if_unmarked: rng.bool() }.into_op(),
        14 => flag::Clear {}.into_op(),
        _ => key::Persist {}.into_op(),
    }
}

fn any_bounded(rng: &mut Rng) -> Op {
    let hold = HoldId::from_u128(rng.u128(..2));
    let bounds = Bounds { min: Some(0), max: Some(2) };
    match rng.u8(..8) {
        0 => counter::Add { by: rng.i64(-1..=1), start: 1, bounds }.into_op(),
        1 => counter::Set { to: rng.i64(..4), bounds }.into_op(),
        2 => counter::Swap { to: rng.i64(..4), start: 1, bounds }.into_op(),
        3 | 4 => capacity::Take { hold, units: 1, lease: HOUR, limit: 2 }.into_op(),
        5 => capacity::Confirm { hold }.into_op(),
        6 => capacity::Release { hold }.into_op(),
        _ => capacity::Read { limit: 2 }.into_op(),
    }
}
