//! A checker too simple to be mistaken: every order, each played on a model of its own, with a
//! ledger for the tokens. It knows nothing of lanes, components, classes or configurations.

use exactly_core::{Fault, Model};

use super::*;

/// An engine that remembers tokens for ever.
#[derive(Debug, Clone, Default)]
pub(super) struct Engine {
    model: Model,
    ledger: Vec<(Token, Reply)>,
}

impl Engine {
    pub(super) fn apply(&mut self, batch: &Batch) -> Result<Reply, Fault> {
        let known = |token: &Token| self.ledger.iter().find(|(known, _)| known == token);
        if let Some((_, reply)) = batch.token().and_then(known) {
            return Ok(reply.clone());
        }
        let reply = self.model.apply(batch)?;
        self.ledger.extend(batch.token().map(|token| (token.clone(), reply.clone())));
        Ok(reply)
    }
}

/// Whether there is an order that explains every answer.
pub(super) fn is_linearizable(calls: &[Call]) -> bool {
    let calls: Vec<_> = calls.iter().filter(|call| call.ending != Ending::NoEffect).collect();
    explains(&Engine::default(), &calls)
}

fn explains(engine: &Engine, left: &[&Call]) -> bool {
    let answered = |call: &&&Call| matches!(call.ending, Ending::Answered(_));
    let first_return = left.iter().filter(answered).filter_map(|call| call.returned).min();
    let Some(first_return) = first_return else { return true };
    (0..left.len()).filter(|&place| left[place].called <= first_return).any(|place| {
        let mut engine = engine.clone();
        let said = engine.apply(&left[place].batch);
        let fits = match &left[place].ending {
            Ending::Answered(told) => said.is_ok_and(|said| said.says_the_same(told)),
            Ending::Unknown => said.is_ok(),
            Ending::NoEffect => false,
        };
        let rest: Vec<_> = [&left[..place], &left[place + 1..]].concat();
        fits && explains(&engine, &rest)
    })
}
