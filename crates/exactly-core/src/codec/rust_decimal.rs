//! The type of the crate `rust_decimal`.

use ::rust_decimal::Decimal;

use super::{Form, Mismatch, odd, text};
use crate::bytes::Bytes;

#[diagnostic::do_not_recommend]
impl Form for Decimal {
    const NAME: &'static str = "a decimal number";

    fn encode(&self) -> Result<Bytes, Mismatch> {
        // 1.5 equals 1.50, so both are written alike.
        Ok(self.normalize().to_string().into())
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        let text = text(bytes)?;
        // Never rounded: of money, that would be another sum. Others write exponents.
        let (digits, exponent) = text.split_at(text.find(['e', 'E']).unwrap_or(text.len()));
        let exact = Self::from_str_exact(digits);
        let exact = exact.and_then(|whole| match exponent {
            "" => Ok(whole),
            _ => Self::from_scientific(text),
        });
        exact.map_err(|error| odd(error, bytes))
    }
}
