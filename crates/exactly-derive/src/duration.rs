//! Durations as people write them: `30s`, `5m`, `1h 30m`.

/// Nanoseconds of each unit, and what others call it.
const UNITS: &[(&str, u128, &[&str])] = &[
    ("ns", 1, &["nanos", "nanosecond"]),
    ("us", 1_000, &["µs", "micros", "microsecond"]),
    ("ms", 1_000_000, &["millis", "msec", "millisecond"]),
    ("s", 1_000_000_000, &["sec", "second"]),
    ("m", 60 * 1_000_000_000, &["min", "minute"]),
    ("h", 3_600 * 1_000_000_000, &["hr", "hour"]),
    ("d", 86_400 * 1_000_000_000, &["day"]),
];

/// The nanoseconds that a text stands for: whole numbers with their units, added up.
///
/// # Errors
/// What is wrong with the text, and how to write it.
pub(crate) fn parse(text: &str) -> Result<u128, String> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("a duration is a number with its unit: write `30s`".to_owned());
    }
    let mut nanos = 0_u128;
    while !rest.is_empty() {
        let (number, after) = split_where(rest, |c| c.is_ascii_digit());
        if number.is_empty() {
            return Err(format!(
                "`{text}` is no duration: write whole numbers with their units, such as `30s`, \
                 `5m` or `1h 30m`"
            ));
        }
        let (unit, after) = split_where(after.trim_start(), char::is_alphabetic);
        let count: u64 =
            number.parse().map_err(|_| format!("`{number}` is too large: use a larger unit"))?;
        nanos = nanos.saturating_add(u128::from(count) * unit_nanos(number, unit, after)?);
        rest = after.trim_start();
    }
    Ok(nanos)
}

/// The longest beginning whose characters all `belong`, and the rest.
fn split_where(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !belongs(c)).unwrap_or(text.len()))
}

fn unit_nanos(number: &str, unit: &str, after: &str) -> Result<u128, String> {
    if let Some((_, nanos, _)) = UNITS.iter().find(|(name, ..)| *name == unit) {
        return Ok(*nanos);
    }
    if unit.is_empty() && after.starts_with(['.', ',']) {
        return Err("a duration has whole numbers: add a smaller unit, such as `1h 30m`".to_owned());
    }
    if unit.is_empty() {
        return Err(format!(
            "`{number}` has no unit: write `{number}s`, `{number}m`, `{number}h` or `{number}d`"
        ));
    }
    let lower = unit.to_lowercase();
    let called = |name: &str| name == lower || lower.strip_suffix('s') == Some(name);
    let meant =
        UNITS.iter().find(|(name, _, others)| *name == lower || others.iter().copied().any(called));
    Err(match meant {
        Some((name, ..)) => format!("the unit `{unit}` is written `{name}`: `{number}{name}`"),
        None => {
            let names: Vec<_> = UNITS.iter().map(|(name, ..)| format!("`{name}`")).collect();
            format!("there is no unit `{unit}`: the units are {}", names.join(", "))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_as_people_write_them() {
        for (text, millis) in [
            ("30s", 30_000),
            ("5m", 300_000),
            ("250ms", 250),
            ("1h 30m", 5_400_000),
            ("1h30m", 5_400_000),
            (" 1 h  30 m ", 5_400_000),
            ("2d", 172_800_000),
            ("1000us", 1),
            ("1000000ns", 1),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Ok(millis * 1_000_000), "{text}");
        }
    }

    #[test]
    fn whatever_is_written_the_sum_does_not_overflow() {
        let text = "18446744073709551615d ".repeat(40);
        assert!(parse(&text).unwrap() > 0);
        assert!(parse(&"9".repeat(1_000)).is_err());
    }

    #[test]
    fn what_is_wrong_is_said_with_what_to_write() {
        for (text, says) in [
            ("", "write `30s`"),
            ("  ", "write `30s`"),
            ("30", "`30` has no unit: write `30s`, `30m`, `30h` or `30d`"),
            ("1h 30", "`30` has no unit"),
            ("soon", "`soon` is no duration"),
            ("-30s", "`-30s` is no duration"),
            ("1h, 30m", "`1h, 30m` is no duration"),
            ("1.5h", "a duration has whole numbers: add a smaller unit, such as `1h 30m`"),
            ("30sec", "the unit `sec` is written `s`: `30s`"),
            ("30 Seconds", "the unit `Seconds` is written `s`: `30s`"),
            ("5 minutes", "the unit `minutes` is written `m`: `5m`"),
            ("30S", "the unit `S` is written `s`: `30s`"),
            ("5µs", "the unit `µs` is written `us`: `5us`"),
            ("2 weeks", "there is no unit `weeks`: the units are `ns`, `us`, `ms`, `s`"),
            ("99999999999999999999s", "is too large: use a larger unit"),
        ] {
            let told = parse(text).unwrap_err();
            assert!(told.contains(says), "{text}: {told}");
        }
    }
}
