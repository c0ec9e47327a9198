//! What is played: the same calls, from the same crowd, for every coding.

use std::num::NonZeroU8;
use std::path::PathBuf;

use fastrand::Rng;

use super::requests::{Request, Requests};

/// The most often a caller who hangs up lets the handler run on first. The handlers have about
/// this many places at which they wait, and a caller should be able to leave at each of them.
const MOST_PATIENCE: u8 = 4;

/// Keeps the draw of the hang-ups apart from the draw of the sample, which uses the bare seed.
const HANG_UP_STREAM: u64 = 0x6861_6e67;

/// Where the list comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// Made from the seed.
    Sample,
    /// Read from a file.
    File {
        /// The file.
        path: PathBuf,
        /// Whether a header line named the columns.
        has_header: bool,
    },
}

/// The figures of a race that do not come from its list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Setting {
    /// The seats of every course.
    pub(crate) seats: u32,
    /// How many callers are served at the same time.
    pub(crate) tasks: u32,
    /// How many threads serve them.
    pub(crate) threads: u32,
    /// How many of a hundred callers hang up.
    pub(crate) hang_ups_percent: f64,
    /// Decides who hangs up, and makes the sample.
    pub(crate) seed: u64,
}

/// Everything that every coding gets the same of.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Who asks for what.
    pub(crate) requests: Requests,
    /// Where the list comes from.
    pub(crate) source: Source,
    /// The other figures.
    pub(crate) setting: Setting,
    patience: Vec<Option<NonZeroU8>>,
}

/// One caller: what they ask, and whether they wait for the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Call {
    /// What they ask.
    pub(crate) request: Request,
    /// Some callers hang up after the handler ran up to this many of its waits, and then ask again.
    pub(crate) patience: Option<NonZeroU8>,
}

impl Plan {
    /// Decides who hangs up. The same list, percentage and seed decide the same.
    pub(crate) fn new(requests: Requests, source: Source, setting: Setting) -> Self {
        let total = requests.list().len();
        let hang_ups = (total as f64 * setting.hang_ups_percent / 100.0).round() as usize;
        let mut rng = Rng::with_seed(setting.seed.wrapping_add(HANG_UP_STREAM));
        let mut patience: Vec<Option<NonZeroU8>> = vec![None; total];
        for patience in patience.iter_mut().take(hang_ups) {
            *patience = NonZeroU8::new(rng.u8(1..=MOST_PATIENCE));
        }
        rng.shuffle(&mut patience);
        Self { requests, source, setting, patience }
    }

    /// The caller at this place in the list.
    pub(crate) fn call(&self, at: usize) -> Option<Call> {
        let request = *self.requests.list().get(at)?;
        Some(Call { request, patience: self.patience[at] })
    }

    /// How many callers hang up.
    pub(crate) fn hang_ups(&self) -> u32 {
        // At most as many as there are requests, which are numbered by a u32.
        self.patience.iter().flatten().count() as u32
    }

    /// How many a right handler admits in all.
    pub(crate) fn right(&self) -> u64 {
        self.requests.right_in_all(self.setting.seats)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::race::sample::{Size, sample};

    fn plan(hang_ups_percent: f64, seed: u64) -> Plan {
        let size = Size { requests: 1_000, students: 100, courses: 20 };
        let setting = Setting { seats: 30, tasks: 1, threads: 1, hang_ups_percent, seed };
        Plan::new(sample(size, 30).unwrap(), Source::Sample, setting)
    }

    #[test]
    fn the_percentage_is_met_to_the_caller() {
        for (percent, callers) in [(0.0, 0), (0.06, 1), (1.0, 10), (50.0, 500), (100.0, 1_000)] {
            assert_eq!(plan(percent, 1).hang_ups(), callers);
        }
    }

    #[test]
    fn the_seed_decides_who_hangs_up() {
        assert_eq!(plan(10.0, 1).patience, plan(10.0, 1).patience);
        assert_ne!(plan(10.0, 1).patience, plan(10.0, 2).patience);
    }

    #[test]
    fn callers_leave_early_and_late() {
        let plan = plan(50.0, 1);
        for polls in 1..=MOST_PATIENCE {
            assert!(plan.patience.contains(&NonZeroU8::new(polls)), "nobody leaves at {polls}");
        }
    }

    #[test]
    fn the_list_ends_after_its_last_caller() {
        let plan = plan(0.0, 1);
        assert_eq!(plan.call(999).map(|call| call.request), plan.requests.list().last().copied());
        assert_eq!(plan.call(1_000), None);
    }
}
