//! From a batch to the call of a script.

use std::collections::BTreeSet;
use std::hash::Hasher;
use std::sync::Arc;
use std::time::Duration;

use exactly_core::operations::counter::{Add, AddTimes, Bounds, CounterOp};
use exactly_core::{Batch, Condition, Key, Lifetime, Op, Requirement, Step, Token};
use redis::Cmd;
use siphasher::sip128::{Hasher128, SipHasher13};

use crate::fold::Fold;
use crate::names::{Companion, KeyStyle};
use crate::operations::{capacity, companions, lifetime, millis, part, reads_text, send};
use crate::script::{Part, Script};
use crate::words::Words;

/// The largest number that the fast script counts with: 14 digits, which Lua writes down in full.
const EXACT: u64 = 99_999_999_999_999;

/// Where and how records of tokens are kept.
#[derive(Debug, Clone)]
pub(crate) struct Records {
    /// What their keys begin with.
    pub(crate) prefix: String,
    /// How long the last batch of a session is remembered.
    pub(crate) window: Duration,
}

impl Records {
    /// The key of a token's record.
    pub(crate) fn key(&self, token: &Token) -> String {
        let prefix = &self.prefix;
        match token {
            Token::Session { session, slot, .. } => format!("{prefix}:session:{session}:{slot}"),
            Token::Caller { namespace, id, .. } => {
                format!("{prefix}:token:{}:{namespace}:{id}", namespace.len())
            }
        }
    }
}

/// A call of a script: all of it, but for the echo.
#[derive(Debug)]
pub(crate) struct Request {
    script: Arc<Script>,
    keys: Words,
    args: Words,
    largest: usize,
}

impl Request {
    /// The call that applies the batch. `server_now` is the server's clock, in microseconds.
    pub(crate) fn new(
        batch: &Batch,
        style: KeyStyle,
        records: &Records,
        server_now: impl FnOnce() -> u64,
    ) -> Self {
        let (script, body) = Body::of(batch, style);
        let (mut keys, mut args) = (Words::default(), Words::default());
        match batch.token() {
            None => args.push("unnamed"),
            Some(token) => name(token, batch, &body, records, server_now, &mut keys, &mut args),
        }
        keys.append(&body.keys);
        args.append(&body.args);
        Self { script, keys, args, largest: body.largest }
    }

    /// The call that reads many texts at one moment, if that is what the batch asks.
    pub(crate) fn texts(batch: &Batch, style: KeyStyle) -> Option<Self> {
        let bound = !batch.requirements.is_empty() || !batch.seen.is_empty();
        let plain = !bound && batch.token().is_none() && !batch.apart;
        if !plain || !batch.steps.iter().all(|step| reads_text(&step.op)) {
            return None;
        }
        let mut keys = Words::default();
        for step in &batch.steps {
            keys.write(|text| style.write(&step.key, text));
        }
        Some(Self { script: Script::texts(), keys, args: Words::default(), largest: 0 })
    }

    /// The call that tries what the batch would do.
    pub(crate) fn rehearsal(batch: &Batch, style: KeyStyle) -> Self {
        let (script, body) = Body::steps(batch, "rehearse", style);
        let mut args = Words::default();
        args.push("unnamed");
        args.append(&body.args);
        Self { script, keys: body.keys, args, largest: body.largest }
    }

    /// The call of a script that is no batch.
    pub(crate) fn new_plain(script: Arc<Script>, keys: Words, args: Words) -> Self {
        Self { script, keys, args, largest: 0 }
    }

    /// The size of the largest step, in bytes.
    pub(crate) fn largest(&self) -> usize {
        self.largest
    }

    /// The command, by the name of the script or with its whole text.
    pub(crate) fn command(&self, echo: &[u8], whole: bool) -> Cmd {
        let parts = self.keys.len() + self.args.len() + 4;
        let mut command = Cmd::with_capacity(parts, self.keys.size() + self.args.size() + 80);
        if whole {
            command.arg("EVAL").arg(&self.script.text);
        } else {
            command.arg("EVALSHA").arg(&self.script.sha);
        }
        command.arg(self.keys.len());
        self.keys.iter().for_each(|key| {
            command.arg(key);
        });
        command.arg(echo);
        self.args.iter().for_each(|arg| {
            command.arg(arg);
        });
        command
    }
}

/// An addition as the fast script takes it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addition {
    by: i64,
    pub(crate) times: u32,
    start: i64,
    bounds: Bounds<i64>,
}

impl Addition {
    /// The addition of this step, if it is one that leaves the time to live alone and stays where
    /// doubles are exact.
    pub(crate) fn of(step: &Step) -> Option<Self> {
        let Op::Counter(op) = &step.op else { return None };
        let (by, times, start, bounds) = match op {
            CounterOp::Add(Add { by, start, bounds }) => (*by, 1, *start, *bounds),
            CounterOp::AddTimes(AddTimes { by, times, start, bounds }) => {
                (*by, *times, *start, *bounds)
            }
            CounterOp::Get(_) | CounterOp::AddUndoable(_) | CounterOp::Undo(_) => return None,
            CounterOp::Set(_) | CounterOp::Swap(_) => return None,
        };
        let sum = by.checked_mul(i64::from(times))?;
        let exact = sum.unsigned_abs() <= EXACT && start.unsigned_abs() <= EXACT;
        let lasting = step.lifetime == Lifetime::Unchanged;
        (lasting && exact && times > 0).then_some(Self { by, times, start, bounds })
    }

    /// What `INCRBY` adds, if nothing but that is asked.
    pub(crate) fn plain(&self) -> Option<i64> {
        let plain = self.start == 0 && self.bounds == Bounds::NONE;
        plain.then(|| self.by * i64::from(self.times))
    }
}

/// The keys and arguments of a batch, without its token.
#[derive(Debug, Default)]
struct Body {
    keys: Words,
    args: Words,
    parts: BTreeSet<Part>,
    /// The size of the largest step, or of a text that is required, in bytes.
    largest: usize,
}

impl Body {
    /// The arguments, and the script that takes them.
    fn of(batch: &Batch, style: KeyStyle) -> (Arc<Script>, Self) {
        let independent = batch.apart || batch.steps.len() == 1;
        let additions: Option<Vec<_>> = batch.steps.iter().map(Addition::of).collect();
        if let Some(additions) = additions
            && independent
            && batch.requirements.is_empty()
            && batch.seen.is_empty()
        {
            return (Script::add(), Self::additions(batch, &additions, style));
        }
        if independent
            && batch.requirements.is_empty()
            && batch.seen.is_empty()
            && let Some((script, fold)) = Fold::of(batch, style)
        {
            return (script, Self::in_brief(fold));
        }
        let how = match (batch.apart, batch.seen.is_empty()) {
            (true, _) => "apart",
            (false, true) => "whole",
            (false, false) => "seen",
        };
        Self::steps(batch, how, style)
    }

    fn additions(batch: &Batch, additions: &[Addition], style: KeyStyle) -> Self {
        let mut body = Self::default();
        let plain = additions.iter().all(|addition| addition.plain().is_some());
        body.args.push(if batch.apart { "apart" } else { "whole" });
        body.args.push(if plain { "plain" } else { "bounded" });
        for (step, addition) in batch.steps.iter().zip(additions) {
            body.keys.write(|text| style.write(&step.key, text));
            let Addition { by, times, start, bounds } = *addition;
            if plain {
                body.args.number(addition.plain().unwrap_or_default());
            } else {
                body.args.number(by);
                body.args.number(start);
                body.args.end(bounds.min);
                body.args.end(bounds.max);
            }
            if matches!(step.op, Op::Counter(CounterOp::AddTimes(_))) {
                body.args.number(times);
            } else {
                body.args.push("");
            }
        }
        body
    }

    fn in_brief(fold: Fold) -> Self {
        let Fold { keys, args, largest } = fold;
        Self { keys, args, largest, parts: BTreeSet::new() }
    }

    /// Every step in full. Those of a transaction have with them what was seen of them.
    fn steps(batch: &Batch, how: &str, style: KeyStyle) -> (Arc<Script>, Self) {
        let mut body = Self::default();
        body.args.push(how);
        let requirements = if how == "rehearse" { &[] } else { batch.requirements.as_slice() };
        body.args.number(requirements.len() as u64);
        for required in requirements {
            body.require(required, style);
        }
        body.args.number(batch.steps.len() as u64);
        let is_seen = matches!(how, "seen" | "rehearse");
        for (place, step) in batch.steps.iter().enumerate() {
            let seen = batch.seen.get(place).map_or(&[][..], |seen| &**seen);
            body.step(step, is_seen.then_some(seen), style);
        }
        (Script::of(&body.parts), body)
    }

    /// An object's own key and those of its companions: every key a script touches is declared.
    fn names(&mut self, key: &Key, beside: &[Companion], style: KeyStyle) {
        self.keys.write(|text| style.write(key, text));
        for companion in beside {
            self.keys.write(|text| style.write_companion(key, *companion, text));
        }
    }

    fn require(&mut self, required: &Requirement, style: KeyStyle) {
        let beside: &[Companion] = match &required.condition {
            Condition::Exists | Condition::Absent | Condition::Equals(_) => &[],
            Condition::Holds(_) | Condition::Locks(_) => &[Companion::Leases],
        };
        self.names(&required.key, beside, style);
        self.args.number(1 + beside.len() as u64);
        match &required.condition {
            Condition::Exists => self.args.push("exists"),
            Condition::Absent => self.args.push("absent"),
            Condition::Equals(text) => {
                self.parts.insert(Part::Value);
                self.args.push("equals");
                self.args.push(&**text);
                self.largest = self.largest.max(text.len());
            }
            Condition::Holds(hold) => {
                self.parts.insert(Part::Capacity);
                self.args.push("holds");
                capacity::id(*hold, &mut self.args);
            }
            Condition::Locks(owner) => {
                self.parts.insert(Part::Lock);
                self.args.push("locks");
                capacity::id(*owner, &mut self.args);
            }
        }
    }

    fn step(&mut self, step: &Step, seen: Option<&[u8]>, style: KeyStyle) {
        self.parts.insert(part(&step.op));
        let beside = companions(&step.op);
        let width = 1 + beside.len() as u64;
        let mut keys = 0;
        for key in step.keys() {
            self.names(key, beside, style);
            keys += width;
        }
        let mut own = Words::default();
        let sent = send(&step.op, &mut own);
        self.largest = self.largest.max(own.size());
        let (how, time) = if step.op.writes() { lifetime(step.lifetime) } else { ("", 0) };
        self.args.number(keys);
        self.args.number(6 + u64::from(seen.is_some()) + own.len() as u64);
        self.args.number(width);
        self.args.push(sent.kind);
        self.args.push(sent.name);
        self.args.push(how);
        self.args.number(time);
        self.args.push(if step.optional { "1" } else { "" });
        if let Some(seen) = seen {
            self.args.push(seen);
        }
        self.args.append(&own);
    }

    fn fingerprint(&self) -> u128 {
        let mut hasher = SipHasher13::new();
        for word in self.keys.iter().chain(self.args.iter()) {
            hasher.write_usize(word.len());
            hasher.write(word);
        }
        hasher.finish128().as_u128()
    }
}

/// Writes the token: its record's key, its number and the one before it, the fingerprint, until
/// when it may be the first of its place, and how long it is kept.
fn name(
    token: &Token,
    batch: &Batch,
    body: &Body,
    records: &Records,
    server_now: impl FnOnce() -> u64,
    keys: &mut Words,
    args: &mut Words,
) {
    keys.push(records.key(token));
    args.push(match token {
        Token::Session { .. } => "by session",
        Token::Caller { .. } => "by caller",
    });
    let (number, fingerprint, late, keep) = match token {
        Token::Session { sequence, .. } => {
            let late = (sequence.get() == 1).then(|| server_now() + half_micros(records.window));
            // The wire form is the same each time one batch is sent, and is hashed in no time. Only
            // the number of a new epoch is made up afresh, so what may begin one is told by its
            // meaning.
            let fingerprint =
                if begins_epoch(batch) { batch.fingerprint() } else { body.fingerprint() };
            (sequence.get(), fingerprint, late.map(|late| late.to_string()), records.window)
        }
        Token::Caller { keep, .. } => (1, batch.fingerprint(), Some(u64::MAX.to_string()), *keep),
    };
    args.push(format!("{number:020}"));
    args.push(format!("{:020}", number - 1));
    args.push(format!("{fingerprint:032x}"));
    args.push(late.unwrap_or_default());
    args.number(millis(keep));
}

fn begins_epoch(batch: &Batch) -> bool {
    batch.steps.iter().any(|step| {
        matches!(
            step.op,
            Op::Counter(CounterOp::AddUndoable(_)) | Op::Float(CounterOp::AddUndoable(_))
        )
    })
}

fn half_micros(window: Duration) -> u64 {
    u64::try_from(window.as_micros() / 2).unwrap_or(u64::MAX)
}
