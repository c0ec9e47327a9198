//! What an engine remembers of tokens.
//!
//! The rules, in the order in which they are asked:
//!
//! | token | record | then |
//! | --- | --- | --- |
//! | a caller's id | none | new |
//! | a caller's id | of the same batch | the first reply again |
//! | a caller's id | of another batch | *misuse* |
//! | a session's, number n | none, n = 1 | new |
//! | a session's, number n | number n - 1 in its slot | new; the record is overwritten |
//! | a session's, number n | number n, same batch | the first reply again |
//! | a session's, number n | number n, another batch | *misuse* |
//! | a session's, number n | anything else | *unknown*: older than what is remembered |
//!
//! A batch that ended in a fault leaves no record: nothing happened, and it may be sent again. Nor
//! does one of a caller's id that was refused because something has
//! [changed](crate::Refusal::Changed): the transaction makes up another batch under the same id.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use crate::batch::{Refusal, Reply};
use crate::fault::Fault;
use crate::resolution::{self, Resolution};
use crate::time::Timestamp;
use crate::token::{SessionId, Token};

/// The records of tokens, bounded in number and time.
#[derive(Debug)]
pub struct Ledger {
    records: HashMap<Name, Record>,
    due: BTreeSet<(Timestamp, Name)>,
    /// How many of the records are of callers' ids.
    callers: usize,
    records_max: usize,
    window: Duration,
}

/// Whether a token is new.
#[derive(Debug, Clone, PartialEq)]
pub enum Admission {
    /// It is: apply the batch and [`record`](Ledger::record) the reply in the same step.
    New,
    /// It is not: this was the reply.
    Known(Reply),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Name {
    Session(SessionId, u16),
    Caller(String, String),
}

impl Name {
    fn is_callers(&self) -> bool {
        matches!(self, Self::Caller(..))
    }
}

#[derive(Debug)]
struct Record {
    sequence: u64,
    fingerprint: u128,
    reply: Reply,
    until: Timestamp,
}

impl Ledger {
    /// With room for so many callers' ids and as many places of sessions, so that neither crowds
    /// the other out. The records of a session are kept for `window` after its last batch.
    pub fn new(records_max: usize, window: Duration) -> Self {
        let (records, due) = (HashMap::new(), BTreeSet::new());
        Self { records, due, callers: 0, records_max, window }
    }

    /// Judges a token.
    ///
    /// # Faults
    /// *Misuse* when the token was used for another batch; *unknown* when it is older than what is
    /// remembered; *not applied* when there is no room for another record.
    pub fn admit(
        &mut self,
        token: &Token,
        fingerprint: u128,
        now: Timestamp,
    ) -> Result<Admission, Fault> {
        self.lapse(now);
        let (name, sequence) = name(token);
        let Some(record) = self.records.get(&name) else {
            if sequence != 1 {
                return Err(Fault::token_forgotten(token));
            }
            let in_use = match name {
                Name::Session(..) => self.records.len() - self.callers,
                Name::Caller(..) => self.callers,
            };
            if in_use >= self.records_max {
                return Err(Fault::at_capacity("remembered tokens", self.records_max));
            }
            return Ok(Admission::New);
        };
        if sequence == record.sequence {
            return if fingerprint == record.fingerprint {
                Ok(Admission::Known(record.reply.clone()))
            } else {
                Err(Fault::token_reused(token))
            };
        }
        if sequence == record.sequence + 1 {
            return Ok(Admission::New);
        }
        Err(Fault::token_forgotten(token))
    }

    /// What is remembered of a token.
    pub fn resolve(&mut self, token: &Token, now: Timestamp) -> Resolution {
        self.lapse(now);
        let (name, sequence) = name(token);
        let Some(record) = self.records.get(&name) else {
            // Of a caller's id a record is made at its first use; a session's place has had others.
            let is_callers = name.is_callers();
            return if is_callers { Resolution::Nothing } else { Resolution::Forgotten };
        };
        match sequence.cmp(&record.sequence) {
            Ordering::Equal => {
                let reply = Box::new(record.reply.clone());
                let fingerprint = Some(record.fingerprint);
                Resolution::Answered(resolution::Record::new(token.clone(), fingerprint, reply))
            }
            Ordering::Greater => Resolution::Nothing,
            Ordering::Less => Resolution::Forgotten,
        }
    }

    /// Remembers the reply of a batch that was admitted as new.
    pub fn record(&mut self, token: &Token, fingerprint: u128, reply: Reply, now: Timestamp) {
        let (name, sequence) = name(token);
        if name.is_callers() && matches!(reply, Reply::Refused(Refusal::Changed(_))) {
            return;
        }
        let keep = match token {
            Token::Session { .. } => self.window,
            Token::Caller { keep, .. } => *keep,
        };
        let until = now.plus(keep);
        let record = Record { sequence, fingerprint, reply, until };
        match self.records.insert(name.clone(), record) {
            Some(old) => drop(self.due.remove(&(old.until, name.clone()))),
            None => self.callers += usize::from(name.is_callers()),
        }
        self.due.insert((until, name));
    }

    /// How many tokens are remembered.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Forgets what is over.
    pub fn lapse(&mut self, now: Timestamp) {
        while let Some((until, _)) = self.due.first() {
            if *until > now {
                break;
            }
            if let Some((_, name)) = self.due.pop_first() {
                self.records.remove(&name);
                self.callers -= usize::from(name.is_callers());
            }
        }
    }

    /// When [`Ledger::lapse`] will next have something to do.
    pub fn due(&self) -> Option<Timestamp> {
        self.due.first().map(|(until, _)| *until)
    }
}

fn name(token: &Token) -> (Name, u64) {
    match token {
        Token::Session { session, slot, sequence } => {
            (Name::Session(*session, *slot), sequence.get())
        }
        Token::Caller { namespace, id, .. } => (Name::Caller(namespace.clone(), id.clone()), 1),
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use smallvec::smallvec;

    use super::*;
    use crate::operations::Outcome;
    use crate::operations::flag::FlagOutcome;

    const WINDOW: Duration = Duration::from_secs(600);
    const NOW: Timestamp = Timestamp::from_nanos(1);

    fn reply(marked: bool) -> Reply {
        Reply::Applied(smallvec![Outcome::Flag(FlagOutcome::IsMarked(marked))])
    }

    fn numbered(sequence: u64) -> Token {
        let sequence = NonZeroU64::new(sequence).unwrap();
        Token::Session { session: SessionId::random(), slot: 0, sequence }
    }

    fn next(token: &Token, by: u64) -> Token {
        let Token::Session { session, slot, sequence } = *token else { panic!() };
        Token::Session { session, slot, sequence: sequence.checked_add(by).unwrap() }
    }

    #[test]
    fn a_session_is_remembered_one_batch_deep() {
        let mut ledger = Ledger::new(8, WINDOW);
        let first = numbered(1);
        assert_eq!(ledger.admit(&first, 7, NOW).unwrap(), Admission::New);
        ledger.record(&first, 7, reply(true), NOW);
        assert_eq!(ledger.admit(&first, 7, NOW).unwrap(), Admission::Known(reply(true)));
        assert!(ledger.admit(&first, 8, NOW).unwrap_err().is_token_reused());
        assert!(ledger.admit(&next(&first, 2), 7, NOW).unwrap_err().is_token_forgotten());
        let second = next(&first, 1);
        assert_eq!(ledger.admit(&second, 7, NOW).unwrap(), Admission::New);
        ledger.record(&second, 7, reply(false), NOW);
        assert!(ledger.admit(&first, 7, NOW).unwrap_err().is_token_forgotten());
        assert_eq!(ledger.len(), 1);
    }

    #[test]
    fn the_slots_of_a_session_are_records_of_their_own() {
        let mut ledger = Ledger::new(8, WINDOW);
        let session = SessionId::random();
        let [one, two] =
            [0, 1].map(|slot| Token::Session { session, slot, sequence: NonZeroU64::MIN });
        ledger.record(&one, 7, reply(true), NOW);
        assert_eq!(ledger.admit(&two, 8, NOW).unwrap(), Admission::New);
    }

    #[test]
    fn a_number_without_a_record_is_unknown_and_never_new() {
        let mut ledger = Ledger::new(8, WINDOW);
        assert!(ledger.admit(&numbered(2), 7, NOW).unwrap_err().is_unknown());
        let first = numbered(1);
        ledger.record(&first, 7, reply(true), NOW);
        assert!(ledger.admit(&next(&first, 1), 7, NOW.plus(WINDOW)).unwrap_err().is_unknown());
    }

    #[test]
    fn a_session_is_remembered_from_its_last_batch_on() {
        let mut ledger = Ledger::new(8, WINDOW);
        let first = numbered(1);
        let second = next(&first, 1);
        let later = NOW.plus(WINDOW / 2);
        ledger.record(&first, 7, reply(true), NOW);
        ledger.record(&second, 7, reply(false), later);
        assert_eq!(ledger.due(), Some(later.plus(WINDOW)));
        let known = Admission::Known(reply(false));
        assert_eq!(ledger.admit(&second, 7, NOW.plus(WINDOW)).unwrap(), known);
        assert!(ledger.admit(&second, 7, later.plus(WINDOW)).unwrap_err().is_token_forgotten());
    }

    #[test]
    fn a_callers_id_is_kept_for_its_own_time_and_memory_is_bounded() {
        let mut ledger = Ledger::new(1, WINDOW);
        let hour = Duration::from_secs(3600);
        let [one, two] = ["one", "two"].map(|id| Token::caller(id, hour).unwrap());
        ledger.record(&one, 7, reply(true), NOW);
        let late = NOW.plus(hour - Duration::from_nanos(1));
        assert_eq!(ledger.admit(&one, 7, late).unwrap(), Admission::Known(reply(true)));
        assert!(ledger.admit(&one, 8, late).unwrap_err().is_token_reused());
        assert!(ledger.admit(&two, 7, late).unwrap_err().is_at_capacity());
        // Callers' ids, however many, leave the sessions their room.
        assert_eq!(ledger.admit(&numbered(1), 7, late).unwrap(), Admission::New);
        assert_eq!(ledger.admit(&two, 7, NOW.plus(hour)).unwrap(), Admission::New);
        assert!(ledger.is_empty());
    }
}
