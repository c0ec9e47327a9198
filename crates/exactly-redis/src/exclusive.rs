//! A few connections that one batch has for itself: what is large must not stand before what is
//! small.

use exactly_core::Fault;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use crate::connection::{Asked, Dial, Open};
use crate::heard::Heard;

/// The most of them.
const CONNECTIONS_MAX: usize = 4;

/// Connections that are lent to one batch at a time.
pub(crate) struct Exclusive {
    dial: Dial,
    turns: Semaphore,
    idle: Mutex<Vec<Open>>,
}

impl Exclusive {
    pub(crate) fn new(dial: Dial) -> Self {
        let turns = Semaphore::new(CONNECTIONS_MAX);
        Self { dial, turns, idle: Mutex::new(Vec::new()) }
    }

    /// A connection is kept only after it has answered: one whose batch failed, or whose caller
    /// went away in between, still owes an answer and is closed.
    pub(crate) async fn ask(&self, asked: &Asked) -> Result<Vec<Heard>, Fault> {
        let Some(Ok(_turn)) = self.dial.within(self.turns.acquire()).await else {
            return Err(Fault::at_capacity("connections for large batches", CONNECTIONS_MAX));
        };
        let idle = self.idle.lock().pop().filter(Open::is_open);
        let mut open = match idle {
            Some(open) => open,
            None => self.dial.open(None).await?,
        };
        let answer = self.dial.ask(&mut open, asked).await;
        if answer.is_ok() {
            self.idle.lock().push(open);
        } else {
            // What ended this one may have ended the others as well.
            self.renew();
        }
        answer
    }

    /// Ends those that nobody uses, so that the next are made to whoever is there by then.
    pub(crate) fn renew(&self) {
        self.idle.lock().clear();
    }
}
