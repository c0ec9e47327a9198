//! The handle of a capacity, and of a hold on it.

use std::panic::resume_unwind;
use std::pin::pin;
use std::time::Duration;

use exactly_core::operations::capacity::{
    Confirm, Confirmed, Extend, Extended, GiveBack, GivenBack, Levels, Read, Release, Resize,
    Resized, Take, Taken,
};
use exactly_core::{BoxFuture, Fault, HoldId};
use tracing::warn;

use crate::block::{Verdict, catching, first_of};
use crate::call::Call;
use crate::declare::{Declare, Lease, Limit, Needs};
use crate::object::{Object, common_verbs};
use crate::store::Store;

/// So many units, and never one more.
///
/// The race: a count is read, found to be below the limit, and by the time the place is given away
/// it is not any more. Counting first and stepping back mends that only until a process dies in
/// between: its place is lost for ever. The end of both: a unit is *held* on a lease, then
/// confirmed or released, and a hold whose holder died comes back by itself.
///
/// ```
/// # use exactly::{Capacity, Confirmed, Store, Taking};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// let seats = Capacity::new(&store, "seats", 1);
///
/// let Taking::Held(ada) = seats.take(1).await? else { panic!("a seat is free") };
/// assert!(matches!(seats.take(1).await?, Taking::Full { free: 0, held: 1 }));
/// // ... whatever enrolling takes; should it fail or be cancelled, the dropped hold gives the
/// // seat back.
/// assert_eq!(ada.confirm().await?, Confirmed::Confirmed);
///
/// let levels = seats.levels().await?;
/// assert_eq!((levels.free, levels.held, levels.confirmed), (0, 0, 1));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Capacity {
    object: Object,
    limit: u64,
    lease: Duration,
    /// Whether the hold of a block is extended while it runs.
    extends: bool,
}

/// How often a lease is extended before it would be over.
const EXTENSIONS: u32 = 3;

/// How long a hold lasts unless the capacity says otherwise: 30 seconds.
pub const LEASE_DEFAULT: Duration = Duration::from_secs(30);

common_verbs!(Capacity);

/// Making one.
impl Capacity {
    /// A capacity that stands alone, under this name. `limit` is what it starts with; from then on
    /// the engine keeps it, and [`resize`](Capacity::resize) changes it.
    pub fn new(store: &Store, name: &str, limit: u64) -> Self {
        Self { limit, ..Self::declare(Object::alone(store, name)) }
    }

    /// Starts with this limit instead, for a limit that is known only at run time.
    #[must_use]
    pub fn with_limit(mut self, limit: u64) -> Self {
        self.limit = limit;
        self
    }

    /// How long a hold lasts without being confirmed or extended.
    #[must_use]
    pub fn with_lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// The lease of a block's hold is extended while the [block](Capacity::take_with) runs, three
    /// times in each lease: it then ends only if the process does, or cannot reach the engine.
    #[must_use]
    pub fn with_extension(mut self) -> Self {
        self.extends = true;
        self
    }
}

/// Taking and reading.
impl Capacity {
    /// Takes `units` on the capacity's lease, if that many are free.
    ///
    /// If the caller goes away while the call is on its way, what it takes is released in the
    /// background; under a [token](Call::token) it is left to its lease.
    ///
    /// # Faults
    /// *Misuse* for zero units, or a lease or limit outside what is allowed.
    pub fn take(&self, units: u64) -> Call<'_, Take, Taking> {
        self.take_for(units, self.lease)
    }

    /// Takes `units` on a lease of its own.
    ///
    /// # Faults
    /// As [`take`](Capacity::take).
    pub fn take_for(&self, units: u64, lease: Duration) -> Call<'_, Take, Taking> {
        let take = Take { hold: HoldId::unique(), units, lease, limit: self.limit };
        Call::new(&self.object, take, |object, taken| {
            Ok(match taken {
                Taken::Held { hold } => Taking::Held(Hold::new(object.clone(), hold)),
                Taken::Full { free, held } => Taking::Full { free, held },
            })
        })
        .when_named(|object, taken| {
            Ok(match taken {
                Taken::Held { hold } => Taking::Held(Hold::left_to_its_lease(object.clone(), hold)),
                Taken::Full { free, held } => Taking::Full { free, held },
            })
        })
        .when_abandoned(|object, taken| match taken {
            Taken::Held { hold } => drop(Hold::new(object, hold)),
            Taken::Full { .. } => {}
        })
    }

    /// Takes `units`, runs `block`, and confirms them if the block keeps them.
    ///
    /// | the block | the units |
    /// | --- | --- |
    /// | answers `Some` or `Ok` | are confirmed, unless the lease was over: [`Used::Lapsed`] |
    /// | answers `None` or `Err` | are released |
    /// | panics | are released, and the panic goes on |
    /// | is dropped with its future | are released in the background |
    /// | dies with its process | come back when the lease is over |
    ///
    /// A block that may take longer than the lease either gives a longer one
    /// ([`with_lease`](Capacity::with_lease)) or has it
    /// [extended](Capacity::with_extension) while it runs.
    ///
    /// ```
    /// # use exactly::{Capacity, Store, Used};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let seats = Capacity::new(&store, "seats", 1);
    /// let pay = async |paid: bool| paid.then_some("a receipt");
    ///
    /// assert_eq!(seats.take_with(1, async |_| pay(false).await).await?, Used::Released(()));
    /// let paid = seats.take_with(1, async |_| pay(true).await).await?;
    /// assert_eq!(paid, Used::Confirmed("a receipt"));
    /// assert!(matches!(seats.take_with(1, async |_| pay(true).await).await?, Used::Full { .. }));
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// As [`take`](Capacity::take); then the block did not run. After it, *unknown* if it cannot be
    /// told whether the units were confirmed: what the block did may then have to be undone.
    pub async fn take_with<V: Verdict>(
        &self,
        units: u64,
        block: impl AsyncFnOnce(&Hold) -> V,
    ) -> Result<Used<V::Kept, V::Undone>, Fault> {
        let hold = match self.take(units).await? {
            Taking::Held(hold) => hold,
            Taking::Full { free, held } => return Ok(Used::Full { free, held }),
        };
        let verdict = {
            let running = pin!(catching(block(&hold)));
            let extending = pin!(self.extending(&hold));
            first_of(running, extending).await
        };
        match verdict.map(Verdict::verdict) {
            Ok(Ok(kept)) => Ok(match hold.confirm().await? {
                Confirmed::Confirmed => Used::Confirmed(kept),
                Confirmed::Lapsed => Used::Lapsed(kept),
            }),
            Ok(Err(undone)) => {
                released(hold).await;
                Ok(Used::Released(undone))
            }
            Err(panic) => {
                released(hold).await;
                resume_unwind(panic)
            }
        }
    }

    /// Extends the lease of this hold again and again, if that was asked for. Once it has lapsed
    /// there is nothing to extend, and confirming will say so.
    async fn extending(&self, hold: &Hold) {
        if !self.extends {
            return std::future::pending().await;
        }
        loop {
            tokio::time::sleep(self.lease / EXTENSIONS).await;
            match hold.extend(self.lease).await {
                Ok(Extended::Extended) => {}
                Ok(Extended::Lapsed) => break,
                Err(fault) => warn!(target: "exactly", "extending the hold of a block: {fault}"),
            }
        }
        std::future::pending().await
    }

    /// Picks up a hold that was [kept](Hold::keep), perhaps by another process. Dropping it gives
    /// nothing back: it is left to its lease, as before.
    pub fn hold(&self, id: HoldId) -> Hold {
        Hold::left_to_its_lease(self.object.clone(), id)
    }

    /// How many units are free, held and confirmed, all read in one step.
    pub fn levels(&self) -> Call<'_, Read> {
        Call::new(&self.object, Read { limit: self.limit }, |_, levels| Ok(levels))
    }

    /// How many units are free.
    pub fn free(&self) -> Call<'_, Read, u64> {
        Call::new(&self.object, Read { limit: self.limit }, |_, Levels { free, .. }| Ok(free))
    }

    /// Gives `units` confirmed ones back: a student leaves the course. A confirm that is asked
    /// again within its lease is still answered as it was.
    ///
    /// # Faults
    /// *Misuse* for zero units.
    pub fn give_back(&self, units: u64) -> Call<'_, GiveBack> {
        Call::new(&self.object, GiveBack { units }, |_, given: GivenBack| Ok(given))
    }

    /// Changes the limit. It may fall below what is taken: nobody loses a unit, the answer says by
    /// how many it is over, and none is free until enough came back.
    ///
    /// # Faults
    /// *Misuse* when the limit is outside what is allowed.
    pub fn resize(&self, to: u64) -> Call<'_, Resize> {
        Call::new(&self.object, Resize { to }, |_, resized: Resized| Ok(resized))
    }
}

/// Of [`Capacity::take`].
#[must_use = "a hold that is dropped gives its units back"]
#[derive(Debug)]
pub enum Taking {
    /// The units are held.
    Held(Hold),
    /// Fewer are free than were asked for.
    Full {
        /// How many are free.
        free: u64,
        /// How many are held, and may become free again.
        held: u64,
    },
}

impl Taking {
    /// The hold, if there is one.
    pub fn held(self) -> Option<Hold> {
        match self {
            Self::Held(hold) => Some(hold),
            Self::Full { .. } => None,
        }
    }
}

/// Of [`Capacity::take_with`].
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Used<T, E = ()> {
    /// The block kept the units, and they are confirmed.
    Confirmed(T),
    /// The block did not keep the units, and they are free.
    Released(E),
    /// The block kept the units, but their lease was over before it said so: they may be another's,
    /// and what the block did must be undone.
    Lapsed(T),
    /// Fewer were free than were asked for, and the block did not run.
    Full {
        /// How many are free.
        free: u64,
        /// How many are held, and may become free again.
        held: u64,
    },
}

impl<T, E> Used<T, E> {
    /// What the block answered, if its units are confirmed.
    pub fn confirmed(self) -> Option<T> {
        match self {
            Self::Confirmed(answer) => Some(answer),
            Self::Released(_) | Self::Lapsed(_) | Self::Full { .. } => None,
        }
    }
}

/// Units held on a lease. Confirm it, or drop it to give the units back.
///
/// Dropping hands the release to a task of the store's; should that not get through either, the
/// lease ends the hold.
#[must_use = "a hold that is dropped gives its units back"]
#[derive(Debug)]
pub struct Hold {
    object: Object,
    id: HoldId,
    /// Whether dropping it gives the units back.
    releases: bool,
}

impl Hold {
    fn new(object: Object, id: HoldId) -> Self {
        Self { object, id, releases: true }
    }

    fn left_to_its_lease(object: Object, id: HoldId) -> Self {
        Self { object, id, releases: false }
    }

    /// Its id, to log or to pick the hold up elsewhere.
    pub fn id(&self) -> HoldId {
        self.id
    }

    /// Makes the units permanent. Refused when the lease has run out: the units may be another's by
    /// now, and whatever was done on the strength of the hold must be undone.
    ///
    /// Once begun it is carried to its end, also when the caller goes away. Who did not hear the
    /// answer may [pick the hold up](Capacity::hold) and confirm again: the answer is the same for
    /// as long as the lease would have run.
    ///
    /// # Faults
    /// As the engine says. If it is *unknown* whether the confirmation arrived, the lease ends the
    /// hold unless it did.
    pub async fn confirm(mut self) -> Result<Confirmed, Fault> {
        self.releases = false;
        let confirm = Confirm { hold: self.id };
        Call::new(&self.object, confirm, |_, confirmed| Ok(confirmed)).carried_through().await
    }

    /// Gives the units back now. Answers whether they were still held. Once begun it is carried to
    /// its end.
    ///
    /// # Faults
    /// As the engine says; the lease ends the hold in any case.
    pub async fn release(mut self) -> Result<bool, Fault> {
        self.releases = false;
        self.releasing().carried_through().await
    }

    /// Lets the lease run anew for this long, counted from now. Refused when it has run out.
    ///
    /// # Faults
    /// *Misuse* for a lease outside what is allowed.
    pub async fn extend(&self, lease: Duration) -> Result<Extended, Fault> {
        let extend = Extend { hold: self.id, lease };
        Call::new(&self.object, extend, |_, extended| Ok(extended)).await
    }

    /// Lets go of the handle and leaves the hold to its lease: it can be [picked
    /// up](Capacity::hold) by its id from anywhere, to be confirmed when the payment has come in,
    /// say.
    pub fn keep(mut self) -> HoldId {
        self.releases = false;
        self.id
    }

    fn releasing(&self) -> Call<'_, Release> {
        Call::new(&self.object, Release { hold: self.id }, |_, was_held| Ok(was_held)).timeless()
    }
}

/// Gives the units of a block back. If that does not get through, the lease does it.
async fn released(hold: Hold) {
    if let Err(fault) = hold.release().await {
        warn!(target: "exactly", "the release of a block's hold: {fault}");
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if !self.releases {
            return;
        }
        let release = self.releasing().owned();
        let releasing: BoxFuture<'static, ()> = Box::pin(async move {
            if let Err(fault) = release.await {
                warn!(target: "exactly", "the release of a dropped hold: {fault}");
            }
        });
        self.object.store().background().run(releasing);
    }
}

impl Declare for Capacity {
    const NEEDS: Needs = Needs::Limit;

    fn declare(object: Object) -> Self {
        Self { object, limit: 0, lease: LEASE_DEFAULT, extends: false }
    }
}

impl Limit for Capacity {
    fn limit(mut self, limit: u64) -> Self {
        self.limit = limit;
        self
    }
}

impl Lease for Capacity {
    fn lease(self, lease: Duration) -> Self {
        self.with_lease(lease)
    }
}
