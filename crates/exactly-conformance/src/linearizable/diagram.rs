//! Calls as lanes: who was in flight together with whom.

use std::fmt::Debug;

use exactly_core::layers::{Call, Ending};
use exactly_core::{Refusal, Reply, Step};

/// One line per call, the marked one with an arrow. Only moments at which one of them began or
/// ended have a column.
pub(super) fn diagram(calls: &[&Call], marked: Option<&Call>) -> String {
    let mut moments: Vec<u64> =
        calls.iter().flat_map(|call| [Some(call.called), answered_at(call)]).flatten().collect();
    moments.sort_unstable();
    moments.dedup();
    let digits = moments.last().map_or(1, |last| last.to_string().len());
    let lines = calls.iter().map(|call| {
        let mark = if marked == Some(call) { '>' } else { ' ' };
        let lane: String = moments.iter().map(|&moment| drawn(call, moment)).collect();
        let end = answered_at(call).map_or("?".to_owned(), |end| end.to_string());
        let text = call_text(call);
        format!("{mark} {:>digits$} {lane} {end:<digits$}  {text}", call.called)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What became of an unknown call is never known, also when its caller stopped waiting.
fn answered_at(call: &Call) -> Option<u64> {
    match call.ending {
        Ending::Answered(_) | Ending::NoEffect => call.returned,
        Ending::Unknown => None,
    }
}

fn drawn(call: &Call, moment: u64) -> char {
    let end = answered_at(call);
    if moment == call.called {
        '├'
    } else if end == Some(moment) {
        '┤'
    } else if moment < call.called || end.is_some_and(|end| end < moment) {
        ' '
    } else if end.is_some() {
        '─'
    } else {
        '┄'
    }
}

fn call_text(call: &Call) -> String {
    let required = call.batch.requirements.iter();
    let required =
        required.map(|required| format!("if {}: {:?}", required.key, required.condition));
    let parts: Vec<_> = required.chain(call.batch.steps.iter().map(step_text)).collect();
    let parts = parts.join("; ");
    let token = call.batch.token().map_or(String::new(), |token| format!(" under {token}"));
    let ending = match &call.ending {
        Ending::Answered(reply) => reply_text(reply),
        Ending::NoEffect => "no effect".to_owned(),
        Ending::Unknown => "unknown".to_owned(),
    };
    format!("{parts}{token} -> {ending}")
}

fn step_text(step: &Step) -> String {
    let optional = if step.optional { ", optional" } else { "" };
    format!("{}: {}{optional}", step.key, plain(&step.op))
}

pub(super) fn reply_text(reply: &Reply) -> String {
    match reply {
        Reply::Applied(outcomes) => outcomes.iter().map(plain).collect::<Vec<_>>().join("; "),
        Reply::Refused(Refusal::Requirement(place)) => format!("refused by requirement {place}"),
        Reply::Refused(Refusal::Changed(place)) => format!("changed at {place}"),
        Reply::Refused(Refusal::Operation(place, outcome)) => {
            format!("refused by operation {place}: {}", plain(outcome))
        }
    }
}

/// The value without its kind, which the rest shows as well, without bounds where there are none,
/// and without the epoch, which every engine numbers by its own clock.
pub(super) fn plain(value: &impl Debug) -> String {
    let text = format!("{value:?}").replace(", bounds: Bounds { min: None, max: None }", "");
    let text = match text.split_once(", epoch: ") {
        Some((before, rest)) => {
            let after = rest.find([',', ' ']).map_or("", |end| &rest[end..]);
            format!("{before}{after}")
        }
        None => text,
    };
    inner(inner(&text)).to_owned()
}

/// `Add { by: 1 }` of `Add(Add { by: 1 })`.
fn inner(text: &str) -> &str {
    text.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(text)
}
