//! Lengths of time, as seconds.

use std::time::Duration;

use super::{Form, Mismatch, found, text};
use crate::bytes::Bytes;

const NANOS: u128 = 1_000_000_000;

/// What lengths of time are called in messages.
pub(super) const NAME: &str = "seconds, with at most nine digits after the point";

/// `-90`, `0.25`.
pub(super) fn write(nanos: i128) -> Bytes {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    let (seconds, fraction) = (nanos / NANOS, nanos % NANOS);
    if fraction == 0 {
        return format!("{sign}{seconds}").into();
    }
    let text = format!("{sign}{seconds}.{fraction:09}");
    text.trim_end_matches('0').into()
}

/// The nanoseconds.
pub(super) fn read(bytes: &Bytes) -> Result<i128, Mismatch> {
    let text = text(bytes)?;
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (seconds, fraction) = match digits.split_once('.') {
        Some((seconds, fraction)) if !fraction.is_empty() => (seconds, fraction),
        Some(_) => return Err(found(bytes)),
        None => (digits, ""),
    };
    let nanos = whole(seconds).zip(fraction_nanos(fraction));
    let Some((seconds, nanos)) = nanos else { return Err(found(bytes)) };
    let nanos = i128::from(seconds) * NANOS as i128 + i128::from(nanos);
    Ok(if negative { -nanos } else { nanos })
}

fn whole(digits: &str) -> Option<u64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// The nanoseconds that digits after the point stand for. Those that are left out are zeros.
pub(super) fn fraction_nanos(digits: &str) -> Option<u32> {
    const DIGITS: usize = 9;
    let digits = digits.bytes().chain(std::iter::repeat_n(b'0', DIGITS.checked_sub(digits.len())?));
    digits.into_iter().try_fold(0, |nanos, digit| {
        digit.is_ascii_digit().then(|| nanos * 10 + u32::from(digit - b'0'))
    })
}

#[diagnostic::do_not_recommend]
impl Form for Duration {
    const NAME: &'static str = NAME;

    fn encode(&self) -> Result<Bytes, Mismatch> {
        // At most 2^64 seconds, which fit.
        Ok(write(self.as_nanos().cast_signed()))
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        let nanos = u128::try_from(read(bytes)?).map_err(|_| found(bytes))?;
        let seconds = u64::try_from(nanos / NANOS).map_err(|_| found(bytes))?;
        Ok(Self::new(seconds, (nanos % NANOS) as u32))
    }
}
