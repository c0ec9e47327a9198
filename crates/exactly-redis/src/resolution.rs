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
        match self.told() {
            Ok(told) => f.write_str(&told),
            Err(_) => write!(f, "{} …", self.0.escape_ascii()),
        }
    }
}

impl Answer {
    fn told(&self) -> Result<String, Fault> {
        let mut reader = Reader(&self.0);
        let mut told = String::new();
        if reader.starts(b"applied") {
            while !reader.is_empty() {
                told += &format!(" [{}]", reader.outcome()?);
            }
            return Ok(format!("applied{told}"));
        }
        if reader.starts(b"folded") {
            return folded(&mut reader);
        }
        if reader.starts(b"refused") {
            let place = reader.number(b';')?;
            return Ok(format!("refused by operation {place}: [{}]", reader.rest()?));
        }
        if reader.starts(b"unmet") {
            return Ok(format!("refused by requirement {}", reader.number(b';')?));
        }
        if !reader.starts(b"added") {
            return Err(odd());
        }
        let (mut sums, mut refused) = (0, 0);
        while !reader.is_empty() {
            let (sum, is_refused) = sum(&mut reader)?;
            told += &format!(" [{sum}]");
            (sums, refused) = (sums + 1, refused + u32::from(is_refused));
        }
        // One that stood alone; of several each is for itself.
        let is_refused = sums == 1 && refused == 1;
        Ok(format!("{}{told}", if is_refused { "refused" } else { "applied" }))
    }
}

/// Of several each is for itself; one that stood alone may have been refused.
fn folded(reader: &mut Reader<'_>) -> Result<String, Fault> {
    let (mut told, mut refused, mut count) = (String::new(), false, 0);
    while !reader.is_empty() {
        let words = reader.outcome()?;
        (refused, count) = (words.is(0, "refused"), count + 1);
        told += &format!(" [{words}]");
    }
    let is_refused = refused && count == 1;
    Ok(format!("{}{told}", if is_refused { "refused" } else { "applied" }))
}

/// What is added is answered by the sum alone; where there was no room, by how often it was added
/// and the value; and in the words of the long way where that was needed. And whether it was not.
fn sum(reader: &mut Reader<'_>) -> Result<(String, bool), Fault> {
    if reader.starts(b"!") {
        let told = reader.outcome()?;
        reader.starts(b" ");
        return Ok((told.to_string(), told.is(0, "refused")));
    }
    let told = reader.until(b' ').escape_ascii().to_string();
    match told.split_once('/') {
        Some(("0", value)) => Ok((format!("refused {value}"), true)),
        Some(_) | None => Ok((told, false)),
    }
}
