//! Operation ids: the same token never takes effect twice.

use std::fmt;
use std::num::{NonZeroU64, ParseIntError};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::fault::Fault;

/// The longest id a caller may supply, in bytes.
pub const TOKEN_ID_BYTES_MAX: usize = 255;
/// The longest time a caller-supplied id may be kept: 90 days.
pub const TOKEN_KEEP_MAX: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Names one batch, so that sending it again gets the first outcome instead of a second effect.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Token {
    /// Given by a session to each of its batches; the record is overwritten by the slot's next
    /// batch.
    Session {
        /// The session.
        session: SessionId,
        /// Which of the session's places; one batch is in flight in each.
        slot: u16,
        /// The number of the batch in its slot, from 1 on.
        sequence: NonZeroU64,
    },
    /// Supplied by the caller (a job id, an HTTP idempotency key); the record is kept for a stated
    /// time.
    Caller {
        /// The namespace of the store it is used in: as with keys, two of them never meet. Filled
        /// in by the store.
        namespace: String,
        /// The id.
        id: String,
        /// How long the engine remembers it, counted from its first use.
        keep: Duration,
    },
}

impl Token {
    /// A token from an id of the caller's, remembered for `keep`.
    ///
    /// # Faults
    /// *Misuse* when the id is empty or longer than [`TOKEN_ID_BYTES_MAX`], or `keep` is zero or
    /// longer than [`TOKEN_KEEP_MAX`].
    pub fn caller(id: impl Into<String>, keep: Duration) -> Result<Self, Fault> {
        let token = Self::Caller { namespace: String::new(), id: id.into(), keep };
        token.check()?;
        Ok(token)
    }

    /// Whether it is within its limits. Engines ask by [`Batch::check`](crate::Batch::check).
    pub(crate) fn check(&self) -> Result<(), Fault> {
        let Self::Caller { id, keep, .. } = self else { return Ok(()) };
        if id.is_empty() || id.len() > TOKEN_ID_BYTES_MAX {
            let expected = format!("1 to {TOKEN_ID_BYTES_MAX} bytes");
            return Err(Fault::bad_name("token", &expected, &format!("{} bytes", id.len())));
        }
        if keep.is_zero() || *keep > TOKEN_KEEP_MAX {
            return Err(Fault::bad_option(format!(
                "a token is kept for more than zero and at most {TOKEN_KEEP_MAX:?}, found {keep:?}"
            )));
        }
        Ok(())
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session { session, slot, sequence } => {
                write!(f, "the token {session}/{slot}/{sequence}")
            }
            Self::Caller { id, .. } => write!(f, "the token {id:?}"),
        }
    }
}

/// Names a client session: 128 random bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(u128);

impl SessionId {
    /// A name nobody else has.
    ///
    /// # Panics
    /// When the operating system gives no random numbers.
    pub fn random() -> Self {
        let mut bytes = [0; 16];
        #[expect(
            clippy::expect_used,
            reason = "without randomness no id is safe, and no caller can mend it"
        )]
        getrandom::fill(&mut bytes).expect("the operating system gives random numbers");
        Self(u128::from_le_bytes(bytes))
    }

    /// The number behind the name.
    pub const fn as_u128(self) -> u128 {
        self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({self})")
    }
}

/// Names one hold on a capacity. Made by the caller, never used twice.
///
/// ```
/// # use exactly_core::HoldId;
/// let id = HoldId::unique();
/// assert_eq!(id.to_string().parse(), Ok(id));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HoldId(u128);

impl HoldId {
    /// An id nobody else has: 64 random bits of this process, then a count.
    pub fn unique() -> Self {
        static PROCESS: std::sync::LazyLock<u64> =
            std::sync::LazyLock::new(|| (SessionId::random().0 >> 64) as u64);
        static COUNT: AtomicU64 = AtomicU64::new(1);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(u128::from(*PROCESS) << 64 | u128::from(count))
    }

    /// The id with this number: for engines that read one back.
    pub const fn from_u128(number: u128) -> Self {
        Self(number)
    }

    /// The number behind the id.
    pub const fn as_u128(self) -> u128 {
        self.0
    }
}

impl fmt::Display for HoldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for HoldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HoldId({self})")
    }
}

/// Ids are written as 32 hexadecimal digits where people or other languages read them: a number
/// that large does not survive JSON.
macro_rules! written_in_hex {
    ($($id:ident),+) => {
        $(
            impl FromStr for $id {
                type Err = ParseIntError;

                fn from_str(digits: &str) -> Result<Self, ParseIntError> {
                    u128::from_str_radix(digits, 16).map(Self)
                }
            }

            impl Serialize for $id {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    if serializer.is_human_readable() {
                        serializer.collect_str(self)
                    } else {
                        self.0.serialize(serializer)
                    }
                }
            }

            impl<'de> Deserialize<'de> for $id {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    if deserializer.is_human_readable() {
                        let digits = String::deserialize(deserializer)?;
                        digits.parse().map_err(serde::de::Error::custom)
                    } else {
                        u128::deserialize(deserializer).map(Self)
                    }
                }
            }
        )+
    };
}

written_in_hex!(SessionId, HoldId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_and_the_time_it_is_kept_have_limits() {
        let hour = Duration::from_secs(3600);
        let longest = "x".repeat(TOKEN_ID_BYTES_MAX);
        for (id, keep, allowed) in [
            ("order-1", hour, true),
            (&longest, TOKEN_KEEP_MAX, true),
            ("", hour, false),
            (&"x".repeat(TOKEN_ID_BYTES_MAX + 1), hour, false),
            ("order-1", Duration::ZERO, false),
            ("order-1", TOKEN_KEEP_MAX + Duration::from_nanos(1), false),
        ] {
            let token = Token::caller(id, keep);
            assert_eq!(token.is_ok(), allowed, "{id:?} {keep:?}");
            assert!(token.is_ok() || token.unwrap_err().is_misuse());
        }
    }

    #[test]
    fn a_made_up_id_is_nobody_elses() {
        assert_ne!(SessionId::random(), SessionId::random());
        let ids: std::collections::BTreeSet<_> = (0..1_000).map(|_| HoldId::unique()).collect();
        assert_eq!(ids.len(), 1_000);
        let hold = HoldId::unique();
        assert_eq!(HoldId::from_u128(hold.as_u128()), hold);
    }

    #[test]
    fn ids_travel_as_digits_where_people_read_them() {
        let id = HoldId::unique();
        let json = serde_json::to_value(id).unwrap();
        assert_eq!(json, serde_json::Value::String(id.to_string()));
        assert_eq!(serde_json::from_value::<HoldId>(json).unwrap(), id);
        let packed = rmp_serde::to_vec(&id).unwrap();
        assert_eq!(rmp_serde::from_slice::<HoldId>(&packed).unwrap(), id);
    }

    #[test]
    fn a_token_made_by_hand_is_checked_at_the_door() {
        use crate::batch::Batch;
        for (id, keep) in [("", Duration::from_secs(1)), ("a", Duration::ZERO)] {
            let token = Token::Caller { namespace: String::new(), id: id.to_owned(), keep };
            assert!(Batch::of([]).named(token).check().unwrap_err().is_misuse());
        }
    }
}
