//! Rates as people write them: `100 per 1s`, `5 per 1m, burst 10`.

use crate::duration;

/// So many units in a while, and so many at once after a rest.
#[derive(Debug, PartialEq)]
pub(crate) struct Rate {
    pub(crate) units: u64,
    pub(crate) nanos: u64,
    pub(crate) burst: Option<u64>,
}

const EXAMPLE: &str = "write how many units in which time, such as `100 per 1s`, and if more or \
                       fewer come at once, `100 per 1s, burst 20`";

/// The rate that a text stands for.
///
/// # Errors
/// What is wrong with the text, and how to write it.
pub(crate) fn parse(text: &str) -> Result<Rate, String> {
    let odd = || format!("`{text}` is no rate: {EXAMPLE}");
    let (pace, burst) = match text.split_once(',') {
        Some((pace, burst)) => (pace, Some(burst)),
        None => (text, None),
    };
    let (units, period) = pace.split_once(" per ").ok_or_else(odd)?;
    let units = count(units).ok_or_else(odd)?;
    let period = duration::parse(period)?;
    let burst = match burst {
        Some(burst) => {
            let burst = burst.trim().strip_prefix("burst ").and_then(count);
            Some(burst.ok_or_else(odd)?)
        }
        None => None,
    };
    if units == 0 || burst == Some(0) {
        return Err(format!("a limiter of zero units admits nobody: {EXAMPLE}"));
    }
    if period < 1_000 * u128::from(units) {
        return Err("a rate is at most one unit in a microsecond: count in larger units".to_owned());
    }
    match u64::try_from(period) {
        Ok(nanos) => Ok(Rate { units, nanos, burst }),
        Err(_) => Err("the time of a rate is at most 500 years".to_owned()),
    }
}

fn count(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_as_people_write_them() {
        let rate = |units, nanos, burst| Rate { units, nanos, burst };
        for (text, expected) in [
            ("100 per 1s", rate(100, 1_000_000_000, None)),
            (" 5 per 1m , burst 10 ", rate(5, 60_000_000_000, Some(10))),
            ("1 per 1us", rate(1, 1_000, None)),
            ("1 per 1h 30m", rate(1, 5_400_000_000_000, None)),
        ] {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_none_is_told_with_the_way_to_write_it() {
        for (text, says) in [
            ("", "`100 per 1s`"),
            ("100", "`100 per 1s`"),
            ("100/s", "`100 per 1s`"),
            ("-1 per 1s", "`100 per 1s`"),
            ("1.5 per 1s", "`100 per 1s`"),
            ("0 per 1s", "admits nobody"),
            ("1 per 1s, burst 0", "admits nobody"),
            ("1 per 1s, 5", "burst 20"),
            ("1 per second", "no duration"),
            ("1 per 5", "has no unit"),
            ("2 per 1us", "larger units"),
            ("1 per 0s", "larger units"),
            ("1 per 300000d", "at most 500 years"),
        ] {
            let told = parse(text).unwrap_err();
            assert!(told.contains(says), "{text}: {told}");
        }
    }
}
