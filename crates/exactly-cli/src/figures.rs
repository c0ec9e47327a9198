//! Numbers and durations as people read them.

use std::time::Duration;

/// A number with a comma between its thousands: `100,000`.
pub(crate) fn grouped(number: impl Into<u64>) -> String {
    let digits = number.into().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number and what it counts: `1 seat`, `30 seats`.
pub(crate) fn counted(number: impl Into<u64>, noun: &str) -> String {
    let number = number.into();
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(number))
}

/// A duration with three digits: `8.65 ms`, `812 ms`, `1.24 s`, `73.2 s`.
pub(crate) fn elapsed(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        ..0.009_995 => format!("{:.2} ms", seconds * 1e3),
        ..0.099_95 => format!("{:.1} ms", seconds * 1e3),
        ..0.9995 => format!("{:.0} ms", seconds * 1e3),
        ..9.995 => format!("{seconds:.2} s"),
        ..99.95 => format!("{seconds:.1} s"),
        _ => format!("{} s", grouped(seconds.round() as u64)),
    }
}

/// How long something lasts, in its two largest units: `2d 3h`, `59m 58s`, `250ms`.
pub(crate) fn lasting(duration: Duration) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let mut left = duration.as_secs();
    if left == 0 {
        return format!("{}ms", duration.as_millis());
    }
    let mut parts = Vec::new();
    for (seconds, unit) in UNITS {
        let number = left / seconds;
        left %= seconds;
        if number > 0 || !parts.is_empty() {
            parts.push((number, unit));
        }
    }
    let parts = parts.into_iter().take(2).filter(|(number, _)| *number > 0);
    parts.map(|(number, unit)| format!("{number}{unit}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        for (number, text) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345, "12,345"), (1_000_000, "1,000,000")]
        {
            assert_eq!(grouped(number as u64), text);
        }
        assert_eq!(grouped(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn only_one_is_singular() {
        assert_eq!(counted(0_u32, "seat"), "0 seats");
        assert_eq!(counted(1_u32, "seat"), "1 seat");
        assert_eq!(counted(1_000_u32, "request"), "1,000 requests");
    }

    #[test]
    fn what_lasts_is_told_in_two_units() {
        for (millis, text) in [
            (0, "0ms"),
            (250, "250ms"),
            (1_999, "1s"),
            (60_000, "1m"),
            (3_598_000, "59m 58s"),
            (3_600_000, "1h"),
            (3_601_000, "1h"),
            (183_600_000, "2d 3h"),
        ] {
            assert_eq!(lasting(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn durations_keep_three_digits() {
        let of = |micros| elapsed(Duration::from_micros(micros));
        assert_eq!(of(0), "0.00 ms");
        assert_eq!(of(1_234), "1.23 ms");
        assert_eq!(of(9_996), "10.0 ms");
        assert_eq!(of(18_040), "18.0 ms");
        assert_eq!(of(812_345), "812 ms");
        assert_eq!(of(999_600), "1.00 s");
        assert_eq!(of(1_240_000), "1.24 s");
        assert_eq!(of(73_210_000), "73.2 s");
        assert_eq!(of(7_321_000_000), "7,321 s");
    }
}
