//! The handle of a limiter.

use std::time::Duration;

use exactly_core::Fault;
use exactly_core::operations::limiter::{Check, Checked, Peek, Rate};

use crate::call::Call;
use crate::declare::{Declare, Needs, Rated};
use crate::object::{Object, common_verbs};
use crate::store::Store;

/// So many requests in a while, counted by the engine's clock.
///
/// The race: two requests read a count of 99 in this minute, and 101 get through; and at the turn
/// of the minute twice as many, for a window that starts anew forgets what came just before. The
/// end of both: the generic cell rate algorithm, in one step. What is admitted in any span of time
/// is at most the rate times that span and one burst.
///
/// ```
/// # use exactly::{Checked, Limiter, Rate, Store};
/// # use std::time::Duration;
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// let minute = Duration::from_secs(60);
/// let logins = Limiter::new(&store, "logins of ann", Rate::per(5, minute));
/// for left in (0..5).rev() {
///     assert_eq!(logins.check(1).await?, Checked::Allowed { left });
/// }
/// let Checked::Limited { retry_after, .. } = logins.check(1).await? else { panic!("a sixth") };
/// assert!(retry_after <= minute / 5);
/// # Ok(()) }
/// ```
///
/// It is stored until a whole burst is admitted again; a time to live of its own it needs none, and
/// takes none.
#[derive(Debug, Clone)]
pub struct Limiter {
    object: Object,
    rate: Rate,
}

common_verbs!(Limiter);

/// What to answer when the engine cannot be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenAway {
    /// Everybody is admitted: better too many requests than none.
    Admit,
    /// Nobody is, and should come back after so long: better none than too many.
    Limit(Duration),
}

impl Limiter {
    /// A limiter that stands alone, under this name.
    pub fn new(store: &Store, name: &str, rate: Rate) -> Self {
        Self { rate, ..Self::declare(Object::alone(store, name)) }
    }

    /// With this rate instead. What was admitted under another one still counts.
    #[must_use]
    pub fn with_rate(mut self, rate: Rate) -> Self {
        self.rate = rate;
        self
    }

    /// Admits `units`, all of them or none: what is refused takes nothing.
    ///
    /// # Faults
    /// *Misuse* for zero units, more than a burst, or a rate that is none.
    pub fn check(&self, units: u64) -> Call<'_, Check> {
        let check = Check { units, rate: self.rate };
        Call::new(&self.object, check, |_, checked| Ok(checked)).timeless()
    }

    /// As [`check`](Limiter::check), and where the engine cannot be asked, what you choose here:
    /// a limiter should not be why a service that could run does not.
    ///
    /// ```
    /// # use exactly::{Limiter, Rate, Store, WhenAway};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let api = Limiter::new(&store, "api", Rate::per(100, Duration::from_secs(1)));
    /// if api.check_or(1, WhenAway::Admit).await?.is_allowed() {
    ///     // …
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// *Misuse* alone, as [`check`](Limiter::check).
    pub async fn check_or(&self, units: u64, away: WhenAway) -> Result<Checked, Fault> {
        match self.check(units).await {
            Err(fault) if !fault.is_misuse() => {
                tracing::warn!(target: "exactly", "a limiter was not asked: {fault}");
                Ok(match away {
                    WhenAway::Admit => Checked::Allowed { left: 0 },
                    WhenAway::Limit(retry_after) => Checked::Limited { retry_after, left: 0 },
                })
            }
            checked => checked,
        }
    }

    /// How many units would be admitted now. Takes none.
    pub fn peek(&self) -> Call<'_, Peek> {
        Call::new(&self.object, Peek { rate: self.rate }, |_, allowance| Ok(allowance))
    }
}

impl Declare for Limiter {
    const NEEDS: Needs = Needs::Rate;

    fn declare(object: Object) -> Self {
        Self { object, rate: Rate::per(1, Duration::from_secs(1)) }
    }
}

impl Rated for Limiter {
    fn rate(self, rate: Rate) -> Self {
        self.with_rate(rate)
    }
}
