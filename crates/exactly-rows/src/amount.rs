//! Amounts: what is taken from a column or added to it.

use crate::decimal::Decimal;
use crate::fault::Fault;
use crate::value::Value;

/// What is taken from a column or added to it: a number above zero.
///
/// Any whole number can be given; one that is zero or below is refused before anything is sent,
/// because it would turn a payment into a gift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(Decimal);

impl Amount {
    /// The number.
    pub fn number(self) -> Decimal {
        self.0
    }

    pub(crate) fn value(self) -> Value {
        Value::of_decimal(self.0)
    }

    /// Whether it is above zero.
    pub(crate) fn check(self, of: &str) -> Result<(), Fault> {
        if self.0 > Decimal::whole(0) {
            return Ok(());
        }
        Err(Fault::input(format!("the amount {} of {of} is not above zero", self.0)))
    }

    pub(crate) fn plus(self, other: Self, of: &str) -> Result<Self, Fault> {
        let sum = self.0.plus(other.0).map(Self);
        sum.ok_or_else(|| Fault::input(format!("the amounts of {of} are too large together")))
    }

    /// Whether a column holds as much. None, if it holds no number.
    pub(crate) fn is_in(self, held: &Value) -> Option<bool> {
        if let Value::F64(held) = held {
            return Some(*held >= self.0.as_f64());
        }
        held.as_decimal().map(|held| held >= self.0)
    }

    /// By how much too little a column holds.
    pub(crate) fn beyond(self, held: &Value) -> Option<Value> {
        if let Value::F64(held) = held {
            return Some(Value::F64(self.0.as_f64() - held));
        }
        Some(Value::of_decimal(self.0.minus(held.as_decimal()?)?))
    }
}

macro_rules! from {
    ($($type:ty),+) => {$(
        impl From<$type> for Amount {
            fn from(number: $type) -> Self {
                Self(Decimal::whole(number.into()))
            }
        }
    )+};
}

from!(u8, u16, u32, u64, i8, i16, i32, i64, i128);

impl From<Decimal> for Amount {
    fn from(number: Decimal) -> Self {
        Self(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_and_less_are_refused() {
        for (amount, fine) in [(1, true), (i64::MAX, true), (0, false), (-1, false)] {
            assert_eq!(Amount::from(amount).check("7").is_ok(), fine, "{amount}");
        }
        let told = Amount::from(-2).check("row 7").unwrap_err().to_string();
        assert_eq!(told, "misuse: the amount -2 of row 7 is not above zero");
    }

    #[test]
    fn what_holds_no_number_is_not_judged() {
        assert_eq!(Amount::from(2).is_in(&Value::I64(2)), Some(true));
        assert_eq!(Amount::from(2).is_in(&Value::F64(1.9)), Some(false));
        assert_eq!(Amount::from(2).is_in(&Value::Null), None);
        assert_eq!(Amount::from(5).beyond(&Value::I64(2)), Some(Value::I64(3)));
    }
}
