//! How often keys change.

use std::collections::HashMap;
use std::time::Duration;

use exactly::Key;

/// What was longer ago counts ever less: after this time, to a third.
const FADES: Duration = Duration::from_secs(3);
/// Less often is not worth a word.
const WORTH_TELLING: f64 = 0.1;

/// How often keys have changed of late, as far as was seen: a key may have changed more often than
/// it was looked at.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heat(HashMap<Key, f64>);

impl Heat {
    /// In the time that has passed since the last, these have changed so often.
    pub(crate) fn after(
        &mut self,
        passed: Duration,
        changes: impl IntoIterator<Item = (Key, u64)>,
    ) {
        let kept = (-passed.as_secs_f64() / FADES.as_secs_f64()).exp();
        self.0.retain(|_, rate| {
            *rate *= kept;
            *rate >= WORTH_TELLING / 10.0
        });
        for (key, changes) in changes {
            if changes > 0 {
                *self.0.entry(key).or_default() += changes as f64 / FADES.as_secs_f64();
            }
        }
    }

    /// Changes a second.
    pub(crate) fn of(&self, key: &Key) -> f64 {
        self.0.get(key).copied().unwrap_or_default()
    }

    /// In words, if it is worth one.
    pub(crate) fn told(&self, key: &Key) -> Option<String> {
        let rate = self.of(key);
        match rate {
            rate if rate < WORTH_TELLING => None,
            rate if rate < 10.0 => Some(format!("{rate:.1}/s")),
            rate => Some(format!("{rate:.0}/s")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_rate_is_told_as_it_is_and_fades() {
        let [hot, cold] = ["hot", "cold"].map(|name| Key::alone("", name).unwrap());
        let mut heat = Heat::default();
        assert_eq!(heat.told(&hot), None);
        for _ in 0..200 {
            heat.after(Duration::from_millis(100), [(hot.clone(), 5), (cold.clone(), 0)]);
        }
        assert!((heat.of(&hot) - 50.0).abs() < 2.0, "{heat:?}");
        assert_eq!((heat.told(&hot).unwrap().len(), heat.told(&cold)), ("51/s".len(), None));
        heat.after(Duration::from_secs(9), []);
        assert_eq!(heat.told(&hot).unwrap(), "2.5/s");
        heat.after(Duration::from_secs(60), []);
        assert_eq!((heat.told(&hot), heat.0.len()), (None, 0));
    }
}
