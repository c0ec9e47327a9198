//! Updates of one text that come together go together.
//!
//! A compare-and-set loop on a hot key loses to itself: of many who have read the same, one wins
//! and all others read again. Here those of one process stand in a line. The first reads, makes its
//! change, and goes to the end of the line; each behind it makes its change of what the one before
//! has left; when the first has its turn again, what the last has left is written by one
//! compare-and-set, and all are told. If others were faster, all begin again with what they have
//! left.

use std::sync::Arc;

use exactly_core::operations::value::{Get, ReplaceIf, Replaced, SetIfAbsent, SetIfAbsentOutcome};
use exactly_core::{BoxFuture, Bytes, Fault};
use tokio::sync::{Mutex as Turn, oneshot};

use crate::by_key::ByKey;
use crate::call::Call;
use crate::contention::{self, By, give_way};
use crate::object::Object;
use crate::objects::value::UPDATE_ATTEMPTS_MAX;
use crate::together::Carried;

/// A longer text is read again and not kept.
const KNOWN_BYTES_MAX: usize = 16 * 1_024;

/// The lines of one store.
pub(crate) type Relays = ByKey<Turn<State>>;

/// One line.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// What was stored when this process last wrote or looked: a guess, which writing proves.
    known: Option<Option<Bytes>>,
    /// What is to be written, while its first is on its way to the end of the line.
    flight: Option<Flight>,
}

#[derive(Debug)]
struct Flight {
    pending: Bytes,
    riders: Vec<oneshot::Sender<Landed>>,
}

/// How a flight ended.
#[derive(Debug, Clone)]
enum Landed {
    Written,
    /// Others were faster.
    Late,
    Failed(Fault),
}

/// Replaces the text of an object by what `change` makes of it, and answers what `change` says.
/// When others were faster, it is called again on what they left.
pub(crate) async fn update<T>(
    object: &Object,
    mut change: impl FnMut(Option<Bytes>) -> Result<(Bytes, T), Fault>,
) -> Result<T, Fault> {
    let key = object.key()?;
    let line = object.store().relays().at(key);
    for attempt in 1..=UPDATE_ATTEMPTS_MAX {
        let mut state = line.lock().await;
        let (landed, told) = if let Some(flight) = &mut state.flight {
            let (pending, told) = change(Some(flight.pending.clone()))?;
            let (rider, landing) = oneshot::channel();
            flight.pending = pending;
            flight.riders.push(rider);
            drop(state);
            (landing.await.unwrap_or_else(|_| Landed::Failed(lost())), told)
        } else {
            let found = match state.known.take() {
                Some(known) => known,
                None => Call::new(object, Get {}, |_, bytes| Ok(bytes)).await?,
            };
            let (pending, told) = change(found.clone())?;
            state.flight = Some(Flight { pending, riders: Vec::new() });
            drop(state);
            let landing = land(object.clone(), Arc::clone(&line), found);
            let landed = Carried::new(object.store(), Box::pin(landing)).await;
            (landed.unwrap_or_else(Landed::Failed), told)
        };
        match landed {
            Landed::Written => {
                contention::settled(By::Update, attempt);
                return Ok(told);
            }
            Landed::Late => {
                contention::met(key, By::Update, attempt);
                give_way(attempt).await;
            }
            Landed::Failed(fault) => return Err(fault),
        }
    }
    contention::settled(By::Update, UPDATE_ATTEMPTS_MAX);
    Err(Fault::contended(key, UPDATE_ATTEMPTS_MAX))
}

/// Behind all who stand in the line by now: writes what they have made of it, and tells them.
async fn land(
    object: Object,
    line: Arc<Turn<State>>,
    seen: Option<Bytes>,
) -> Result<Landed, Fault> {
    let mut state = line.lock().await;
    let Some(Flight { pending, riders }) = state.flight.take() else {
        return Err(Fault::broken("a flight of updates was landed twice"));
    };
    let (landed, known) = match exchange(&object, seen, pending.clone()).await {
        Ok(Ok(())) => (Landed::Written, Some(Some(pending))),
        Ok(Err(found)) => (Landed::Late, Some(found)),
        Err(fault) => (Landed::Failed(fault), None),
    };
    let is_short =
        |text: &Option<Bytes>| text.as_ref().is_none_or(|text| text.len() <= KNOWN_BYTES_MAX);
    state.known = known.filter(is_short);
    for rider in riders {
        // Who has gone away has made its change all the same.
        drop(rider.send(landed.clone()));
    }
    Ok(landed)
}

/// Writes `to` where `old` is, or answers what is there instead.
fn exchange(
    object: &Object,
    old: Option<Bytes>,
    to: Bytes,
) -> BoxFuture<'_, Result<Result<(), Option<Bytes>>, Fault>> {
    Box::pin(async move {
        let Some(old) = old else {
            let set = Call::new(object, SetIfAbsent { to }, |_, outcome| Ok(outcome));
            return Ok(match set.await? {
                SetIfAbsentOutcome::Set => Ok(()),
                SetIfAbsentOutcome::Present { found } => Err(Some(found)),
            });
        };
        let replace = Call::new(object, ReplaceIf { old, to }, |_, outcome| Ok(outcome));
        Ok(match replace.await? {
            Replaced::Replaced => Ok(()),
            Replaced::Differs { found } => Err(found),
        })
    })
}

fn lost() -> Fault {
    Fault::lost_reply("an update lost the one that was to write it")
}
