//! What is to happen to the bytes of one connection.

use std::time::Duration;

/// A direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Toward {
    /// Requests.
    Server,
    /// Replies.
    Client,
}

impl Toward {
    pub(super) fn back(self) -> Self {
        match self {
            Self::Server => Self::Client,
            Self::Client => Self::Server,
        }
    }
}

/// What is to happen to a connection, in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    toward: Toward,
    happens: Happens,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Happens {
    Fate(Fate),
    Delay(Duration),
}

impl Rule {
    /// So many bytes more pass in this direction. When the next one comes, the connection is cut
    /// both ways.
    #[must_use]
    pub fn cut(toward: Toward, after_bytes: u64) -> Self {
        Self { toward, happens: Happens::Fate(Fate::Cut(after_bytes)) }
    }

    /// So many bytes more pass in this direction. All others vanish, and so does the end of the
    /// connection: whoever waits there, waits.
    #[must_use]
    pub fn swallow(toward: Toward, after_bytes: u64) -> Self {
        Self { toward, happens: Happens::Fate(Fate::Swallow(after_bytes)) }
    }

    /// What comes in one piece in this direction is passed on so much later.
    #[must_use]
    pub fn delay(toward: Toward, by: Duration) -> Self {
        Self { toward, happens: Happens::Delay(by) }
    }
}

/// The rules of one connection.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Plan {
    server: Way,
    client: Way,
}

#[derive(Debug, Clone, Copy, Default)]
struct Way {
    delay: Duration,
    fate: Fate,
    /// Whether something was swallowed already.
    begun: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Fate {
    #[default]
    Pass,
    Cut(u64),
    Swallow(u64),
}

/// What to do with the bytes at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    /// So many of them pass.
    pub(super) pass: usize,
    /// And then the connection is cut.
    pub(super) cut: bool,
    /// Whether this is where a rule strikes.
    pub(super) struck: bool,
}

impl Plan {
    pub(super) fn rule(&mut self, rule: Rule) {
        let way = self.way(rule.toward);
        match rule.happens {
            Happens::Delay(by) => way.delay = by,
            Happens::Fate(fate) => (way.fate, way.begun) = (fate, false),
        }
    }

    pub(super) fn delay(&mut self, toward: Toward) -> Duration {
        self.way(toward).delay
    }

    /// Whether the end of the connection is lost like its bytes.
    pub(super) fn swallows_end(&mut self, toward: Toward) -> bool {
        self.way(toward).fate == Fate::Swallow(0)
    }

    /// Judges bytes that came, and counts those that pass.
    pub(super) fn judge(&mut self, toward: Toward, bytes: usize) -> Verdict {
        let way = self.way(toward);
        let (Fate::Cut(left) | Fate::Swallow(left)) = &mut way.fate else {
            return Verdict { pass: bytes, cut: false, struck: false };
        };
        let pass = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes);
        *left -= pass as u64;
        let strikes = pass < bytes;
        let cut = strikes && matches!(way.fate, Fate::Cut(_));
        let struck = strikes && !way.begun;
        way.begun |= strikes;
        Verdict { pass, cut, struck }
    }

    fn way(&mut self, toward: Toward) -> &mut Way {
        match toward {
            Toward::Server => &mut self.server,
            Toward::Client => &mut self.client,
        }
    }
}
