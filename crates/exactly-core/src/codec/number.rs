//! Numbers.

use std::num::NonZero;

use super::{Form, Mismatch, found, text};
use crate::bytes::Bytes;

/// Whether the digits are those a number is written with: as counters judge it, so that what is a
/// number here can be counted there.
fn canonical(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    text == "0" || !(digits.starts_with(['0', '+']) || digits.is_empty())
}

macro_rules! whole {
    (form of $ty:ty: $name:expr) => {
        #[diagnostic::do_not_recommend]
        impl Form for $ty {
            const NAME: &'static str = $name;

            fn encode(&self) -> Result<Bytes, Mismatch> {
                Ok(self.to_string().into())
            }

            fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
                let number = text(bytes)?;
                let number = number.parse().ok().filter(|_| canonical(number));
                number.ok_or_else(|| found(bytes))
            }
        }
    };
    ($($ty:ty),+) => {
        $(
            whole!(form of $ty: concat!("a whole number (`", stringify!($ty), "`)"));
            whole!(form of NonZero<$ty>: concat!(
                "a whole number other than 0 (`NonZero<", stringify!($ty), ">`)"
            ));
        )+
    };
}

whole!(i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize);

macro_rules! float {
    ($($ty:ty),+) => {
        $(
            #[diagnostic::do_not_recommend]
            impl Form for $ty {
                const NAME: &'static str = concat!("a finite number (`", stringify!($ty), "`)");

                fn encode(&self) -> Result<Bytes, Mismatch> {
                    // Where others begin to write exponents, so that nobody has to count zeros.
                    const PLAIN: std::ops::Range<$ty> = 1e-6..1e21;
                    if !self.is_finite() {
                        return Err(format!("{self} has no form").into());
                    }
                    // What equals 0 is written as 0.
                    let number = if *self == 0.0 { 0.0 } else { *self };
                    Ok(if number == 0.0 || PLAIN.contains(&number.abs()) {
                        number.to_string().into()
                    } else {
                        format!("{number:e}").into()
                    })
                }

                fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
                    let number = text(bytes)?.parse::<Self>().ok();
                    number.filter(|number| number.is_finite()).ok_or_else(|| found(bytes))
                }
            }
        )+
    };
}

float!(f32, f64);

#[diagnostic::do_not_recommend]
impl Form for bool {
    const NAME: &'static str = "`true` or `false`";

    fn encode(&self) -> Result<Bytes, Mismatch> {
        Ok(if *self { "true" } else { "false" }.into())
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        match &**bytes {
            b"true" => Ok(true),
            b"false" => Ok(false),
            _ => Err(found(bytes)),
        }
    }
}
