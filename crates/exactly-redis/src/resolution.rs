//! What became of a token: its record, as the scripts write it.

use std::fmt;

use exactly_core::{Batch, Fault, Record, Remembered, Reply, Resolution, Token};

use crate::reply;
use crate::words::{Reader, odd};

/// How long the number of the batch and its fingerprint are, in front of the reply.
const NUMBER: usize = 20;
const FINGERPRINT: usize = 32;

/// What the record says, or that there is none.
pub(crate) fn read(token: &Token, record: Option<&[u8]>) -> Result<Resolution, Fault> {
    let (asked, fingerprinted) = match token {
        Token::Session { sequence, .. } => (sequence.get(), false),
        Token::Caller { .. } => (1, true),
    };
    let Some(record) = record else {
        // Of a caller's id a record is made at its first use; a session's place has had others.
        return Ok(if fingerprinted { Resolution::Nothing } else { Resolution::Forgotten });
    };
    let (number, rest) = record.split_at_checked(NUMBER).ok_or_else(odd)?;
    let (fingerprint, answer) = rest.split_at_checked(FINGERPRINT).ok_or_else(odd)?;
    let text = |bytes| std::str::from_utf8(bytes).map_err(|_| odd());
    let number: u64 = text(number)?.parse().map_err(|_| odd())?;
    if number != asked {
        return Ok(if number < asked { Resolution::Nothing } else { Resolution::Forgotten });
    }
    // That of a session's batch is of its wire form.
    let fingerprint = match fingerprinted {
        true => Some(u128::from_str_radix(text(fingerprint)?, 16).map_err(|_| odd())?),
        false => None,
    };
    let answer = Box::new(Answer(answer.to_vec()));
    Ok(Resolution::Answered(Record::new(token.clone(), fingerprint, answer)))
}

/// The answer of a script, as the record keeps it.
#[derive(Debug)]
struct Answer(Vec<u8>);

impl Remembered for Answer {
    fn reply(&self, batch: &Batch) -> Result<Reply, Fault> {
        reply::read(&self.0, batch)?.ok_or_else(odd)
    }

    /// The words of each outcome, in brackets.
    fn words(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut reader = Reader(&self.0);
        if reader.starts(b"applied") {
            f.write_str("applied")?;
            while !reader.is_empty() {
                match reader.outcome() {
                    Ok(told) => write!(f, " [{told}]")?,
                    Err(_) => return f.write_str(" …"),
                }
            }
            return Ok(());
        }
        // What is added is answered by the sums alone.
        match reader.starts(b"added") {
            true => write!(f, "applied [{}]", reader.0.trim_ascii().escape_ascii()),
            false => write!(f, "{}", reader.0.escape_ascii()),
        }
    }
}
