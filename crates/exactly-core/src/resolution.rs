//! What became of a token.

use std::fmt;

use crate::batch::{Batch, Reply};
use crate::fault::Fault;
use crate::operations::Outcome;
use crate::token::Token;

/// What an engine remembers of a token.
#[derive(Debug)]
pub enum Resolution {
    /// The batch under this name was answered.
    Answered(Record),
    /// There is no record of it.
    Nothing,
    /// It is older than what is remembered: it may have taken effect.
    Forgotten,
}

/// A reply as an engine remembers it.
#[derive(Debug)]
pub struct Record {
    token: Token,
    fingerprint: Option<u128>,
    reply: Box<dyn Remembered>,
}

/// The form in which an engine keeps a reply.
pub trait Remembered: fmt::Debug + Send + Sync {
    /// Reads it as the reply to this batch, which is the one that was answered.
    ///
    /// # Faults
    /// When it cannot be read.
    fn reply(&self, batch: &Batch) -> Result<Reply, Fault>;

    /// The same in words, for people.
    fn words(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

impl Record {
    /// The record of this token, made for a batch with this [fingerprint](Batch::fingerprint), if
    /// that is kept.
    pub fn new(token: Token, fingerprint: Option<u128>, reply: Box<dyn Remembered>) -> Self {
        Self { token, fingerprint, reply }
    }

    /// The reply to this batch.
    ///
    /// # Faults
    /// *Misuse* when the token was used for another batch.
    pub fn reply(&self, batch: &Batch) -> Result<Reply, Fault> {
        if self.fingerprint.is_some_and(|fingerprint| fingerprint != batch.fingerprint()) {
            return Err(Fault::token_reused(&self.token));
        }
        self.reply.reply(batch)
    }
}

/// What was answered, in the words of the engine.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reply.words(f)
    }
}

impl Remembered for Reply {
    fn reply(&self, _batch: &Batch) -> Result<Reply, Fault> {
        Ok(self.clone())
    }

    fn words(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Applied(outcomes) => {
                f.write_str("applied")?;
                outcomes.iter().try_for_each(|outcome| told(outcome, f))
            }
            Self::Refused(refusal) => write!(f, "refused: {refusal:?}"),
        }
    }
}

fn told(outcome: &Outcome, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, " {outcome:?}")
}
