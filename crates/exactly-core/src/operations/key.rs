//! The key itself: what can be done whatever it holds.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{OtherKeys, Refusable, operations};
use crate::key::Key;
use crate::state::{Epoch, Kind, Misuse, Slots};
use crate::time::{Moment, Timestamp};

/// The longest time to live: 100 years.
pub const TTL_MAX: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

// ===== operations =====

operations! {
    /// What can be asked of a key, whatever it holds.
    KeyOp => KeyOutcome;

    /// Is anything stored?
    read Exists {} -> bool;

    /// Removes what is stored. Answers whether there was anything.
    write Delete {} -> bool;

    /// How long it will still be stored.
    read Ttl {} -> Life;

    /// Sets the time to live, counted from now. Answers whether there was anything.
    write Expire {
        /// How long from now.
        after: Duration,
    } -> bool;

    /// Lets it end at a moment; one that has passed removes it. Answers whether there was anything.
    write ExpireAt {
        /// By the engine's clock.
        at: Timestamp,
    } -> bool;

    /// Takes the time to live away. Answers whether there was one.
    write Persist {} -> bool;

    /// Which kind of object is stored, if any.
    read KindOf {} -> Option<Kind>;

    /// Moves what is stored, with its time to live, to another key.
    write Rename {
        /// Where to.
        to: Key,
        /// Whether something stored there may be replaced.
        replace: bool,
    } -> Renamed;
}

impl KeyOp {
    /// Whether the outcome depends on the time of day.
    pub(crate) fn is_timed(&self) -> bool {
        match self {
            Self::Ttl(_) | Self::Expire(_) | Self::ExpireAt(_) => true,
            Self::Exists(_) | Self::Delete(_) | Self::Persist(_) => false,
            Self::KindOf(_) | Self::Rename(_) => false,
        }
    }

    pub(crate) fn other_keys(&self) -> OtherKeys<'_> {
        match self {
            Self::Rename(Rename { to, .. }) => OtherKeys::One(to),
            Self::Exists(_) | Self::Delete(_) | Self::Ttl(_) => OtherKeys::None,
            Self::Expire(_) | Self::ExpireAt(_) => OtherKeys::None,
            Self::Persist(_) | Self::KindOf(_) => OtherKeys::None,
        }
    }

    pub(crate) fn check(&self) -> Result<(), Misuse> {
        match self {
            Self::Expire(Expire { after }) => check_ttl(*after),
            Self::ExpireAt(ExpireAt { at }) => check_end(*at),
            Self::Exists(_) | Self::Delete(_) | Self::Ttl(_) | Self::Persist(_) => Ok(()),
            Self::KindOf(_) | Self::Rename(_) => Ok(()),
        }
    }
}

/// Whether a time to live is allowed.
pub(crate) fn check_ttl(ttl: Duration) -> Result<(), Misuse> {
    if ttl.is_zero() || ttl > TTL_MAX {
        return Err(Misuse::BadSetting(format!(
            "a time to live is more than zero and at most {} days, found {ttl:?}; nothing was \
             changed: \
             give another, or delete",
            TTL_MAX.as_secs() / 86_400
        )));
    }
    Ok(())
}

/// Whether a moment is one at which something can end. Any that has passed is: the end is there.
pub(crate) fn check_end(at: Timestamp) -> Result<(), Misuse> {
    if at == Timestamp::MAX {
        return Err(Misuse::BadSetting(
            "a moment to end at is before the year 2554, found a later one; nothing was changed: \
             give an earlier one, or persist"
                .to_owned(),
        ));
    }
    Ok(())
}

// ===== outcomes =====

/// How long something will still be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Life {
    /// Nothing is stored.
    Missing,
    /// Until somebody deletes it.
    Persistent,
    /// This long.
    Left(Duration),
}

impl Refusable for Life {}

/// Of [`Rename`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Renamed {
    /// It is at the other key now.
    Renamed,
    /// Refused: there was nothing to move.
    Missing,
    /// Refused: the other key holds something.
    Taken,
}

impl Refusable for Renamed {
    fn is_refusal(&self) -> bool {
        *self != Self::Renamed
    }
}

// ===== step =====

/// The meaning of a [`KeyOp`].
pub(crate) fn step(
    slots: &mut impl Slots,
    key: &Key,
    op: &KeyOp,
    at: Moment,
) -> Result<KeyOutcome, Misuse> {
    let slot = slots.slot(key);
    Ok(match op {
        KeyOp::Exists(_) => KeyOutcome::Exists(!slot.is_empty()),
        KeyOp::Delete(_) => KeyOutcome::Delete(!slot.take().is_empty()),
        KeyOp::Ttl(_) => KeyOutcome::Ttl(match slot.entry() {
            None => Life::Missing,
            Some(entry) if entry.expires == Timestamp::MAX => Life::Persistent,
            Some(entry) => Life::Left(at.now.until(entry.expires)),
        }),
        KeyOp::Expire(Expire { after }) => KeyOutcome::Expire(match slot.entry_mut() {
            None => false,
            Some(entry) => {
                entry.expires = at.now.plus(*after);
                true
            }
        }),
        KeyOp::ExpireAt(ExpireAt { at: end }) => KeyOutcome::ExpireAt(match slot.entry_mut() {
            None => false,
            Some(entry) => {
                entry.expires = *end;
                // What is over is gone in this step, and not when somebody looks next.
                slot.lapse(at.now);
                true
            }
        }),
        KeyOp::KindOf(_) => KeyOutcome::KindOf(slot.entry().map(|entry| entry.state.kind())),
        KeyOp::Persist(_) => KeyOutcome::Persist(match slot.entry_mut() {
            None => false,
            Some(entry) => std::mem::replace(&mut entry.expires, Timestamp::MAX) != Timestamp::MAX,
        }),
        KeyOp::Rename(Rename { to, replace }) => {
            KeyOutcome::Rename(rename(slots, key, to, *replace, at))
        }
    })
}

fn rename(slots: &mut impl Slots, from: &Key, to: &Key, replace: bool, at: Moment) -> Renamed {
    if slots.slot(from).is_empty() {
        return Renamed::Missing;
    }
    if from == to {
        return if replace { Renamed::Renamed } else { Renamed::Taken };
    }
    if !replace && !slots.slot(to).is_empty() {
        return Renamed::Taken;
    }
    let mut moved = slots.slot(from).take();
    if let Some(entry) = moved.entry_mut() {
        // Under another name it is another life: epochs are told apart for each key only.
        entry.epoch = Epoch(at.order);
    }
    *slots.slot(to) = moved;
    Renamed::Renamed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meaning::Model;
    use crate::operations::counter;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn the_life_of_a_key() {
        let mut model = Model::new();
        let seats = Key::alone("", "seats").unwrap();
        let count = counter::Add::by(1);
        assert!(!model.run(&seats, Exists {}).unwrap());
        assert_eq!(model.run(&seats, Ttl {}).unwrap(), Life::Missing);
        assert!(!model.run(&seats, Expire { after: HOUR }).unwrap());
        assert!(!model.run(&seats, Delete {}).unwrap());
        model.run(&seats, count).unwrap();
        assert!(model.run(&seats, Exists {}).unwrap());
        assert_eq!(model.run(&seats, Ttl {}).unwrap(), Life::Persistent);
        assert!(model.run(&seats, Expire { after: HOUR }).unwrap());
        assert!(model.run(&seats, Persist {}).unwrap());
        assert!(!model.run(&seats, Persist {}).unwrap());
        assert!(model.run(&seats, Expire { after: HOUR }).unwrap());
        model.advance(HOUR);
        assert!(!model.run(&seats, Exists {}).unwrap());
    }

    #[test]
    fn a_life_lasts_until_its_last_moment_and_no_longer() {
        const TICK: Duration = Duration::from_nanos(1);
        let mut model = Model::new();
        let key = Key::alone("", "brief").unwrap();
        model.run(&key, counter::Add::by(1)).unwrap();
        model.run(&key, Expire { after: HOUR }).unwrap();
        model.advance(HOUR - TICK);
        assert_eq!(model.run(&key, Ttl {}).unwrap(), Life::Left(TICK));
        model.advance(TICK);
        assert_eq!(model.run(&key, Ttl {}).unwrap(), Life::Missing);
    }

    #[test]
    fn a_moment_to_end_at_may_have_passed() {
        let seats = Key::alone("", "seats").unwrap();
        let mut model = Model::new();
        let soon = Timestamp::from_nanos(1_000_000_000).plus(HOUR);
        assert!(!model.run(&seats, ExpireAt { at: soon }).unwrap());
        // At the moment itself it is over.
        for (passed, at, left) in [
            (Duration::ZERO, soon, Life::Left(HOUR)),
            (HOUR / 2, soon, Life::Left(HOUR / 2)),
            (HOUR / 2, soon, Life::Missing),
            (Duration::ZERO, Timestamp::ZERO, Life::Missing),
        ] {
            model.advance(passed);
            model.run(&seats, counter::Add::by(1)).unwrap();
            assert!(model.run(&seats, ExpireAt { at }).unwrap());
            assert_eq!(model.run(&seats, Ttl {}).unwrap(), left);
        }
        let never = model.run(&seats, ExpireAt { at: Timestamp::MAX }).unwrap_err();
        assert!(never.is_bad_setting(), "{never}");
    }

    #[test]
    fn the_kind_of_what_is_stored() {
        use crate::operations::{capacity, flag, value};
        let mut model = Model::new();
        let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| Key::alone("", name).unwrap());
        model.run(&a, counter::Add::by(1)).unwrap();
        model.run(&b, value::Set { to: "x".into() }).unwrap();
        model.run(&c, flag::Mark { only_if_unmarked: false }).unwrap();
        for scalar in [&a, &b, &c] {
            assert_eq!(model.run(scalar, KindOf {}).unwrap(), Some(Kind::Scalar));
        }
        assert_eq!(model.run(&d, KindOf {}).unwrap(), None);
        model.run(&d, capacity::Resize { to: 3 }).unwrap();
        assert_eq!(model.run(&d, KindOf {}).unwrap(), Some(Kind::Capacity));
    }

    #[test]
    fn renaming_moves_state_and_ttl_or_refuses() {
        let mut model = Model::new();
        let [from, to] = ["from", "to"].map(|name| Key::alone("", name).unwrap());
        let rename = |replace| Rename { to: to.clone(), replace };
        assert_eq!(model.run(&from, rename(true)).unwrap(), Renamed::Missing);
        model.run(&from, counter::Add::by(7)).unwrap();
        model.run(&from, Expire { after: HOUR }).unwrap();
        assert_eq!(model.run(&from, rename(false)).unwrap(), Renamed::Renamed);
        assert!(!model.run(&from, Exists {}).unwrap());
        assert_eq!(model.run(&to, counter::Get { start: 0 }).unwrap(), 7);
        assert!(matches!(model.run(&to, Ttl {}).unwrap(), Life::Left(_)));
        model.run(&from, counter::Add::by(1)).unwrap();
        assert_eq!(model.run(&from, rename(false)).unwrap(), Renamed::Taken);
        assert_eq!(model.run(&to, counter::Get { start: 0 }).unwrap(), 7);
        assert_eq!(model.run(&from, rename(true)).unwrap(), Renamed::Renamed);
        assert_eq!(model.run(&to, counter::Get { start: 0 }).unwrap(), 1);
        // To itself: it is taken, by itself.
        assert_eq!(model.run(&to, rename(false)).unwrap(), Renamed::Taken);
        assert_eq!(model.run(&to, rename(true)).unwrap(), Renamed::Renamed);
        assert_eq!(model.run(&to, counter::Get { start: 0 }).unwrap(), 1);
    }

    #[test]
    fn a_name_whose_time_is_over_is_free() {
        let mut model = Model::new();
        let [from, to] = ["from", "to"].map(|name| Key::alone("", name).unwrap());
        for key in [&from, &to] {
            model.run(key, counter::Add::by(7)).unwrap();
        }
        model.run(&to, Expire { after: HOUR }).unwrap();
        model.advance(HOUR);
        let rename = Rename { to: to.clone(), replace: false };
        assert_eq!(model.run(&from, rename).unwrap(), Renamed::Renamed);
        assert_eq!(model.run(&to, Ttl {}).unwrap(), Life::Persistent);
    }

    #[test]
    fn a_ttl_of_zero_is_misuse() {
        let mut model = Model::new();
        let key = Key::alone("", "seats").unwrap();
        for after in [Duration::ZERO, TTL_MAX + Duration::from_nanos(1)] {
            let fault = model.run(&key, Expire { after }).unwrap_err();
            assert!(fault.is_bad_setting(), "{fault}");
        }
        assert!(!model.run(&key, Expire { after: TTL_MAX }).unwrap());
    }
}
