//! Exact decimal numbers, as far as amounts need them: read, written, compared, added, taken away.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::fault::Fault;

/// The most digits behind the point.
const SCALE_MAX: u8 = 30;

/// A decimal number of up to 38 digits: a mantissa, and how many of its digits are behind the
/// point.
///
/// ```
/// use exactly_rows::Decimal;
///
/// let price: Decimal = "12.50".parse()?;
/// assert_eq!(price, Decimal::new(1250, 2)?);
/// assert_eq!(price.to_string(), "12.50");
/// # Ok::<(), exactly_rows::Fault>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Decimal {
    mantissa: i128,
    scale: u8,
}

impl Decimal {
    /// `mantissa` with so many of its digits behind the point, at most 30.
    pub fn new(mantissa: i128, scale: u8) -> Result<Self, Fault> {
        if scale > SCALE_MAX {
            let message = format!("a decimal has at most {SCALE_MAX} digits behind the point");
            return Err(Fault::input(format!("{message}, found {scale}")));
        }
        Ok(Self { mantissa, scale })
    }

    /// A whole number.
    pub const fn whole(number: i128) -> Self {
        Self { mantissa: number, scale: 0 }
    }

    /// How many digits are behind the point.
    pub fn scale(self) -> u8 {
        self.scale
    }

    /// The number, if it is whole.
    pub fn as_whole(self) -> Option<i128> {
        let unit = 10_i128.checked_pow(u32::from(self.scale))?;
        (self.mantissa % unit == 0).then(|| self.mantissa / unit)
    }

    pub(crate) fn as_f64(self) -> f64 {
        // Correctly rounded, which a division of two rounded floats is not.
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    pub(crate) fn plus(self, other: Self) -> Option<Self> {
        let (one, two, scale) = self.aligned(other)?;
        Some(Self { mantissa: one.checked_add(two)?, scale })
    }

    pub(crate) fn minus(self, other: Self) -> Option<Self> {
        self.plus(Self { mantissa: other.mantissa.checked_neg()?, scale: other.scale })
    }

    pub(crate) fn times(self, times: u32) -> Option<Self> {
        let mantissa = self.mantissa.checked_mul(i128::from(times))?;
        Some(Self { mantissa, scale: self.scale })
    }

    fn aligned(self, other: Self) -> Option<(i128, i128, u8)> {
        let scale = self.scale.max(other.scale);
        Some((self.scaled_to(scale)?, other.scaled_to(scale)?, scale))
    }

    fn scaled_to(self, scale: u8) -> Option<i128> {
        let unit = 10_i128.checked_pow(u32::from(scale.checked_sub(self.scale)?))?;
        self.mantissa.checked_mul(unit)
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match self.aligned(*other) {
            Some((one, two, _)) => one.cmp(&two),
            // One of them is so large that the other's digits behind the point cannot matter.
            None => self.as_f64().total_cmp(&other.as_f64()),
        }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let scale = usize::from(self.scale);
        let digits = format!("{:0>width$}", self.mantissa.unsigned_abs(), width = scale + 1);
        let (whole, part) = digits.split_at(digits.len() - scale);
        let point = if part.is_empty() { "" } else { "." };
        write!(f, "{sign}{whole}{point}{part}")
    }
}

impl FromStr for Decimal {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        read(text).ok_or_else(|| {
            let expected = "as in `-12.50`, of at most 38 digits, 30 of them behind the point";
            Fault::input(format!("{text:?} is no decimal number {expected}"))
        })
    }
}

fn read(text: &str) -> Option<Decimal> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (whole, part) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = format!("{whole}{part}");
    let clean = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let scale = u8::try_from(part.len()).ok().filter(|scale| clean && *scale <= SCALE_MAX)?;
    Some(Decimal { mantissa: format!("{sign}{digits}").parse().ok()?, scale })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        for text in ["0", "1", "-1", "12.50", "-0.05", "0.000000000000000000000000000001"] {
            assert_eq!(of(text).to_string(), text);
        }
        for text in ["", "-", ".", "1e3", "+1", "1.2.3", " 1", "0.0000000000000000000000000000001"]
        {
            assert!(text.parse::<Decimal>().is_err(), "{text}");
        }
    }

    #[test]
    fn it_counts_exactly() {
        assert_eq!(of("0.1").plus(of("0.2")), Some(of("0.3")));
        assert_eq!(of("1").minus(of("0.05")), Some(of("0.95")));
        assert_eq!(of("1.0"), of("1"));
        assert!(of("-0.5") < of("0.25") && of("10") > of("9.99"));
        assert_eq!(Decimal::whole(i128::MAX).plus(of("1")), None);
        assert_eq!((of("3.00").as_whole(), of("3.01").as_whole()), (Some(3), None));
    }
}
