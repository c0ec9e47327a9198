//! What counters count in.

use std::fmt::{Debug, Display};

use serde::Serialize;

use crate::operations::counter::{CounterOp, CounterOutcome};
use crate::operations::{Op, Outcome, Refusable};
use crate::state::{Misuse, Scalar};

/// What counters count in: `i64` or `f64`.
pub trait Number:
    Copy
    + PartialOrd
    + Debug
    + Display
    + Default
    + Refusable
    + Serialize
    + Send
    + Sync
    + sealed::Sealed
    + 'static
{
    /// Nothing.
    const ZERO: Self;
    /// One.
    const ONE: Self;
    /// What the number is called in messages.
    const NAME: &'static str;

    /// The sum, if it fits.
    fn plus(self, other: Self) -> Option<Self>;
    /// The difference, if it fits.
    fn minus(self, other: Self) -> Option<Self>;
    /// The next greater number, if there is one.
    fn above(self) -> Option<Self>;
    /// The next smaller number, if there is one.
    fn below(self) -> Option<Self>;
    /// The number a scalar holds, if it is one.
    fn read(scalar: &Scalar) -> Option<Self>;
    /// As it is stored.
    fn write(self) -> Scalar;
    /// Whether it may be counted with.
    ///
    /// # Errors
    /// What it is, and what may be.
    fn check(self) -> Result<(), Misuse>;
    /// The operation on counters of this number.
    fn op(op: CounterOp<Self>) -> Op;
    /// The outcome on counters of this number, if it is one.
    ///
    /// # Errors
    /// The outcome back, when it is of another kind.
    fn outcome(outcome: Outcome) -> Result<CounterOutcome<Self>, Outcome>;
}

mod sealed {
    /// Only the numbers every engine can count in.
    pub trait Sealed {}
    impl Sealed for i64 {}
    impl Sealed for f64 {}
}

impl Number for i64 {
    const ZERO: Self = 0;
    const ONE: Self = 1;
    const NAME: &'static str = "a whole number";

    fn plus(self, other: Self) -> Option<Self> {
        self.checked_add(other)
    }

    fn minus(self, other: Self) -> Option<Self> {
        self.checked_sub(other)
    }

    fn above(self) -> Option<Self> {
        self.checked_add(1)
    }

    fn below(self) -> Option<Self> {
        self.checked_sub(1)
    }

    fn read(scalar: &Scalar) -> Option<Self> {
        scalar.as_integer()
    }

    fn write(self) -> Scalar {
        Scalar::Integer(self)
    }

    fn check(self) -> Result<(), Misuse> {
        Ok(())
    }

    fn op(op: CounterOp<Self>) -> Op {
        Op::Counter(op)
    }

    fn outcome(outcome: Outcome) -> Result<CounterOutcome<Self>, Outcome> {
        if let Outcome::Counter(outcome) = outcome { Ok(outcome) } else { Err(outcome) }
    }
}

impl Number for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const NAME: &'static str = "a number";

    fn plus(self, other: Self) -> Option<Self> {
        Some(self + other).filter(|sum| sum.is_finite())
    }

    fn minus(self, other: Self) -> Option<Self> {
        Some(self - other).filter(|difference| difference.is_finite())
    }

    fn above(self) -> Option<Self> {
        Some(self.next_up()).filter(|next| next.is_finite())
    }

    fn below(self) -> Option<Self> {
        Some(self.next_down()).filter(|next| next.is_finite())
    }

    fn read(scalar: &Scalar) -> Option<Self> {
        scalar.as_real()
    }

    fn write(self) -> Scalar {
        Scalar::from(self)
    }

    fn check(self) -> Result<(), Misuse> {
        if self.is_finite() {
            return Ok(());
        }
        Err(Misuse::BadSetting(format!(
            "a counter counts in finite numbers, found {self}; nothing was changed"
        )))
    }

    fn op(op: CounterOp<Self>) -> Op {
        Op::Float(op)
    }

    fn outcome(outcome: Outcome) -> Result<CounterOutcome<Self>, Outcome> {
        if let Outcome::Float(outcome) = outcome { Ok(outcome) } else { Err(outcome) }
    }
}

impl Refusable for i64 {}
impl Refusable for f64 {}
