//! Limiters: so many units in a while, by the generic cell rate algorithm.
//!
//! The whole state is one moment, the *theoretical arrival time* of the next unit if all came
//! evenly: a unit is admitted if it is not too far ahead of the present.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::key::TTL_MAX;
use super::{Refusable, operations};
use crate::state::{Misuse, Slot, State};
use crate::time::{Moment, Timestamp};

// ===== operations =====

operations! {
    /// What can be asked of a limiter.
    LimiterOp => LimiterOutcome;

    /// How many units would be admitted now. Takes none.
    read Peek {
        /// The rate.
        rate: Rate,
    } -> Allowance;

    /// Admits units, all of them or none.
    write Check {
        /// How many.
        units: u64,
        /// The rate.
        rate: Rate,
    } -> Checked;
}

/// How many units a limiter admits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rate {
    /// How long until one more unit is admitted, in whole microseconds.
    pub every: Duration,
    /// How many units are admitted at once after a rest.
    pub burst: u64,
}

impl Rate {
    /// So many units in each `period`, all of them at once after a rest. The time for one unit is
    /// rounded up to whole microseconds.
    pub const fn per(units: u64, period: Duration) -> Self {
        let nanos = period.as_nanos();
        let micros = if units == 0 { 0 } else { nanos.div_ceil(1_000 * units as u128) };
        Self { every: Duration::from_micros(micros as u64), burst: units }
    }

    /// With so many units at once after a rest.
    #[must_use]
    pub const fn burst(mut self, burst: u64) -> Self {
        self.burst = burst;
        self
    }

    /// How long a whole burst takes to be admitted again.
    fn span(self) -> Option<Duration> {
        self.time_for(self.burst)
    }

    /// How long so many units take, one after the other.
    fn time_for(self, units: u64) -> Option<Duration> {
        let micros = self.every.as_micros().checked_mul(u128::from(units))?;
        u64::try_from(micros).ok().map(Duration::from_micros)
    }

    fn check(self) -> Result<(), Misuse> {
        let micros = self.every.subsec_nanos().is_multiple_of(1_000);
        if self.every.is_zero() || !micros || self.burst == 0 {
            return Err(Misuse::BadSetting(format!(
                "a rate is at least one unit, and at most one in each microsecond, with a burst of \
                 at least one; found one in {:?} and a burst of {}; nothing was changed: count in \
                 larger units",
                self.every, self.burst
            )));
        }
        match self.span() {
            Some(span) if span <= TTL_MAX => Ok(()),
            Some(_) | None => Err(Misuse::BadSetting(format!(
                "a burst comes back within {} days, found {} units with {:?} for each; nothing was \
                 changed: give a smaller one",
                TTL_MAX.as_secs() / 86_400,
                self.burst,
                self.every
            ))),
        }
    }
}

impl LimiterOp {
    pub(crate) fn check(&self) -> Result<(), Misuse> {
        match self {
            Self::Peek(Peek { rate }) => rate.check(),
            Self::Check(Check { units, rate }) => {
                if *units == 0 || *units > rate.burst {
                    return Err(Misuse::BadSetting(format!(
                        "a limiter admits 1 to {} units at once, found {units}; nothing was \
                         changed: ask for them in parts, or allow a larger burst",
                        rate.burst
                    )));
                }
                rate.check()
            }
        }
    }
}

// ===== outcomes =====

/// What a limiter would admit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    /// How many units are admitted now.
    pub units: u64,
    /// How long until a whole burst is admitted again.
    pub full_after: Duration,
}

impl Refusable for Allowance {}

/// Of [`Check`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Checked {
    /// The units are admitted.
    Allowed {
        /// How many more are admitted now.
        left: u64,
    },
    /// Refused: they are too many for now.
    Limited {
        /// How long until as many are admitted, if nobody else comes. Who waits that long is.
        retry_after: Duration,
        /// How many are admitted now.
        left: u64,
    },
}

impl Checked {
    /// Whether the units are admitted.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed { .. })
    }
}

impl Refusable for Checked {
    fn is_refusal(&self) -> bool {
        !self.is_allowed()
    }
}

// ===== state =====

/// The state of a limiter. It is stored until its arrival has come: from then on it says nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LimiterState {
    /// When the next unit would come, if all came evenly.
    arrival: Timestamp,
}

// ===== step =====

/// The meaning of a [`LimiterOp`].
pub(crate) fn step(slot: &mut Slot, op: &LimiterOp, at: Moment) -> Result<LimiterOutcome, Misuse> {
    let stored = slot.limiter()?.map_or(Timestamp::ZERO, |limiter| limiter.arrival);
    let arrival = stored.max(at.now);
    Ok(match op {
        LimiterOp::Peek(Peek { rate }) => LimiterOutcome::Peek(Allowance {
            units: free(*rate, arrival, at.now),
            full_after: at.now.until(arrival),
        }),
        LimiterOp::Check(Check { units, rate }) => {
            LimiterOutcome::Check(admit(slot, *units, *rate, arrival, at))
        }
    })
}

fn admit(slot: &mut Slot, units: u64, rate: Rate, arrival: Timestamp, at: Moment) -> Checked {
    let left = free(rate, arrival, at.now);
    let next = arrival.plus(rate.time_for(units).unwrap_or(Duration::MAX));
    let ahead = at.now.until(next).saturating_sub(rate.span().unwrap_or(Duration::MAX));
    if !ahead.is_zero() {
        return Checked::Limited { retry_after: ahead, left };
    }
    slot.overwrite(State::Limiter(LimiterState { arrival: next }), at);
    if let Some(entry) = slot.entry_mut() {
        entry.expires = next;
    }
    Checked::Allowed { left: left.saturating_sub(units) }
}

/// How many units may come now, when the next would come at `arrival` if all came evenly.
fn free(rate: Rate, arrival: Timestamp, now: Timestamp) -> u64 {
    let ahead = now.until(arrival).as_nanos().div_ceil(rate.every.as_nanos().max(1));
    rate.burst.saturating_sub(u64::try_from(ahead).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Key;
    use crate::meaning::Model;
    use crate::operations::key::{Exists, Life, Ttl};
    use crate::operations::{counter, value};

    const SECOND: Duration = Duration::from_secs(1);
    const TICK: Duration = Duration::from_nanos(1);

    fn api() -> (Model, Key) {
        (Model::new(), Key::alone("", "api").unwrap())
    }

    fn check(units: u64, rate: Rate) -> Check {
        Check { units, rate }
    }

    #[test]
    fn a_burst_at_once_and_then_one_by_one() {
        let (mut model, key) = api();
        let rate = Rate { every: SECOND, burst: 3 };
        for left in [2, 1, 0] {
            assert_eq!(model.run(&key, check(1, rate)).unwrap(), Checked::Allowed { left });
        }
        let limited = |retry_after, left| Checked::Limited { retry_after, left };
        assert_eq!(model.run(&key, check(1, rate)).unwrap(), limited(SECOND, 0));
        model.advance(SECOND - TICK);
        assert_eq!(model.run(&key, check(1, rate)).unwrap(), limited(TICK, 0));
        model.advance(TICK);
        assert_eq!(model.run(&key, check(1, rate)).unwrap(), Checked::Allowed { left: 0 });
        assert_eq!(model.run(&key, check(3, rate)).unwrap(), limited(3 * SECOND, 0));
        model.advance(2 * SECOND);
        assert_eq!(model.run(&key, check(3, rate)).unwrap(), limited(SECOND, 2));
        assert_eq!(model.run(&key, check(2, rate)).unwrap(), Checked::Allowed { left: 0 });
    }

    #[test]
    fn whoever_waits_as_long_as_told_is_admitted() {
        let (mut model, key) = api();
        for (every, burst, units) in [(7, 3, 2), (1, 1, 1), (333_333, 10, 10), (1_000, 4, 1)] {
            let rate = Rate { every: Duration::from_micros(every), burst };
            let mut admitted = 0;
            while admitted < 20 {
                match model.run(&key, check(units, rate)).unwrap() {
                    Checked::Allowed { .. } => admitted += 1,
                    Checked::Limited { retry_after, .. } => {
                        model.advance(retry_after);
                        assert!(model.run(&key, check(units, rate)).unwrap().is_allowed());
                        admitted += 1;
                    }
                }
            }
            model.advance(rate.every * 100);
        }
    }

    #[test]
    fn no_window_of_time_admits_more_than_its_rate_and_a_burst() {
        let (mut model, key) = api();
        let rate = Rate { every: Duration::from_millis(10), burst: 5 };
        let mut admitted = Vec::new();
        for tick in 0..2_000_u64 {
            if model.run(&key, check(1 + tick % 3, rate)).unwrap().is_allowed() {
                admitted.push((tick, 1 + tick % 3));
            }
            model.advance(Duration::from_millis(1));
        }
        for first in 0..admitted.len() {
            let mut units = 0;
            for (tick, more) in &admitted[first..] {
                units += more;
                let time = tick - admitted[first].0;
                assert!(units <= 5 + time / 10, "{units} units in {time} ms");
            }
        }
        let total: u64 = admitted.iter().map(|(_, units)| units).sum();
        assert!(total >= 2_000 / 10, "what is asked for all the time is admitted at its rate");
    }

    #[test]
    fn looking_takes_nothing_and_a_rested_limiter_is_gone() {
        let (mut model, key) = api();
        let rate = Rate { every: SECOND, burst: 3 };
        let peek = |model: &mut Model| model.run(&key, Peek { rate }).unwrap();
        assert_eq!(peek(&mut model), Allowance { units: 3, full_after: Duration::ZERO });
        assert!(!model.run(&key, Exists {}).unwrap());
        model.run(&key, check(2, rate)).unwrap();
        assert_eq!(peek(&mut model), Allowance { units: 1, full_after: 2 * SECOND });
        assert_eq!(model.run(&key, Ttl {}).unwrap(), Life::Left(2 * SECOND));
        model.advance(SECOND / 2);
        assert_eq!(peek(&mut model), Allowance { units: 1, full_after: 3 * SECOND / 2 });
        model.advance(3 * SECOND / 2);
        assert!(!model.run(&key, Exists {}).unwrap());
        assert_eq!(peek(&mut model), Allowance { units: 3, full_after: Duration::ZERO });
    }

    #[test]
    fn a_rate_that_was_changed_counts_from_what_was_admitted() {
        let (mut model, key) = api();
        let [slow, fast] = [SECOND, SECOND / 10].map(|every| Rate { every, burst: 3 });
        model.run(&key, check(3, slow)).unwrap();
        let limited = Checked::Limited { retry_after: 3 * SECOND - 2 * SECOND / 10, left: 0 };
        assert_eq!(model.run(&key, check(1, fast)).unwrap(), limited);
    }

    #[test]
    fn rates() {
        for (units, period, every) in [(10, 1_000_000, 100_000), (3, 1_000_000, 333_334), (1, 5, 5)]
        {
            let rate = Rate::per(units, Duration::from_micros(period));
            assert_eq!(rate, Rate { every: Duration::from_micros(every), burst: units });
            assert_eq!(rate.burst(7).burst, 7);
        }
        // Bytes, say: more of them at once than 32 bits count.
        let (mut model, key) = api();
        let bytes = Rate::per(1_000_000, SECOND).burst(5_000_000_000);
        let checked = model.run(&key, check(5_000_000_000, bytes)).unwrap();
        assert_eq!(checked, Checked::Allowed { left: 0 });
        let retry_after = Duration::from_micros(1);
        let limited = Checked::Limited { retry_after, left: 0 };
        assert_eq!(model.run(&key, check(1, bytes)).unwrap(), limited);
    }

    #[test]
    fn bad_settings_are_misuse() {
        let (mut model, key) = api();
        let good = Rate { every: SECOND, burst: 3 };
        for (units, rate) in [
            (0, good),
            (4, good),
            (1, Rate { every: Duration::ZERO, ..good }),
            (1, Rate { every: TICK, ..good }),
            (1, Rate { every: SECOND + TICK, ..good }),
            (1, Rate { burst: u64::MAX, ..good }),
            (1, Rate { every: TTL_MAX, ..good }),
            (1, Rate::per(0, SECOND)),
        ] {
            let fault = model.run(&key, check(units, rate)).unwrap_err();
            assert!(fault.is_bad_setting(), "{fault}");
        }
        assert!(model.run(&key, Peek { rate: Rate { burst: 0, ..good } }).is_err());
        assert!(!model.run(&key, Exists {}).unwrap());
    }

    #[test]
    fn what_is_no_limiter_is_of_the_wrong_type() {
        let (mut model, key) = api();
        let rate = Rate { every: SECOND, burst: 3 };
        model.run(&key, counter::Add::by(1)).unwrap();
        assert!(model.run(&key, check(1, rate)).unwrap_err().is_wrong_type());
        assert!(model.run(&key, Peek { rate }).unwrap_err().is_wrong_type());
        let other = Key::alone("", "other").unwrap();
        model.run(&other, check(1, rate)).unwrap();
        assert!(model.run(&other, value::Get {}).unwrap_err().is_wrong_type());
    }
}
