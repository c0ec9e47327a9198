//! Dates, times of day and moments, as RFC 3339 writes them.
//!
//! What is written always has four digits of the year and nine after the second, so that texts sort
//! as what they stand for. Every kind of moment, of whatever library, is written here, and so reads
//! as any other.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::duration::fraction_nanos;
use super::{Form, Mismatch, found, text};
use crate::bytes::Bytes;

const DAY_SECONDS: i64 = 24 * 60 * 60;
const NANOS: u32 = 1_000_000_000;

/// A day of the calendar that we use today, also before there was one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Day {
    pub(super) year: i32,
    pub(super) month: u8,
    pub(super) day: u8,
}

/// What a clock on the wall shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TimeOfDay {
    pub(super) hour: u8,
    pub(super) minute: u8,
    pub(super) second: u8,
    pub(super) nanos: u32,
}

/// A moment, counted from the beginning of 1970 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Instant {
    pub(super) seconds: i64,
    /// Behind that second, less than a whole one.
    pub(super) nanos: u32,
}

impl Day {
    /// The day so many days after the first of 1970.
    ///
    /// Years are taken to begin in March, so that the odd day is the last, and in groups of 400,
    /// which are all of one length.
    fn from_days(days: i64) -> Option<Self> {
        let days = days.checked_add(719_468)?;
        let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = year + era * 400 + i64::from(month <= 2);
        Some(Self {
            year: i32::try_from(year).ok()?,
            month: u8::try_from(month).ok()?,
            day: u8::try_from(day).ok()?,
        })
    }

    /// How many days after the first of 1970.
    fn days(self) -> i64 {
        let (month, day) = (i64::from(self.month), i64::from(self.day));
        let year = i64::from(self.year) - i64::from(month <= 2);
        let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
    }

    /// The day, if there is one of this name that has a form.
    fn checked(self) -> Option<Self> {
        let exists = (1..=12).contains(&self.month) && self.day >= 1;
        // Days that there are not, such as the 30th of February, come back as others.
        (exists && Self::from_days(self.days())? == self).then_some(self)
    }

    pub(super) fn is_written(self) -> Result<Self, Mismatch> {
        if (0..=9999).contains(&self.year) {
            return Ok(self);
        }
        Err(format!("a year is one from 0000 to 9999, not {}", self.year).into())
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl TimeOfDay {
    fn checked(self) -> Option<Self> {
        let exists = self.hour < 24 && self.minute < 60 && self.second < 60 && self.nanos < NANOS;
        exists.then_some(self)
    }

    /// A library may know a 61st second, in one way or another.
    pub(super) fn is_written(self) -> Result<Self, Mismatch> {
        self.checked().ok_or_else(|| "a leap second has no form".into())
    }

    fn seconds(self) -> i64 {
        (i64::from(self.hour) * 60 + i64::from(self.minute)) * 60 + i64::from(self.second)
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hour, minute, second, nanos } = self;
        write!(f, "{hour:02}:{minute:02}:{second:02}.{nanos:09}")
    }
}

impl Instant {
    /// `2026-01-02T03:04:05.000000000Z`.
    pub(super) fn write(self) -> Result<Bytes, Mismatch> {
        let (day, time) = self.civil()?;
        Ok(format!("{}T{}Z", day.is_written()?, time.is_written()?).into())
    }

    pub(super) fn civil(self) -> Result<(Day, TimeOfDay), Mismatch> {
        let of_day = self.seconds.rem_euclid(DAY_SECONDS);
        let part = |seconds: i64, of: i64| u8::try_from(seconds % of).unwrap_or_default();
        let day = Day::from_days(self.seconds.div_euclid(DAY_SECONDS));
        let day = day.ok_or("a year is one from 0000 to 9999")?;
        let (hour, minute) = (part(of_day / 3_600, 24), part(of_day / 60, 60));
        Ok((day, TimeOfDay { hour, minute, second: part(of_day, 60), nanos: self.nanos }))
    }

    /// The moment.
    pub(super) fn read(bytes: &Bytes) -> Result<Self, Mismatch> {
        Ok(Self::read_at(bytes)?.0)
    }

    /// The moment, and how many seconds before UTC the clock was that showed it so.
    pub(super) fn read_at(bytes: &Bytes) -> Result<(Self, i32), Mismatch> {
        let read = Reader(text(bytes)?).read_all(|reader| {
            let (day, time) = reader.civil()?;
            let offset = reader.offset()?;
            let seconds = day.days() * DAY_SECONDS + time.seconds() - i64::from(offset);
            Some((Self { seconds, nanos: time.nanos }, offset))
        });
        read.ok_or_else(|| found(bytes))
    }
}

/// Reads RFC 3339 from left to right.
pub(super) struct Reader<'a>(pub(super) &'a str);

impl<'a> Reader<'a> {
    /// What is read, if nothing is left behind it.
    pub(super) fn read_all<T>(mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        read(&mut self).filter(|_| self.0.is_empty())
    }

    fn take(&mut self, signs: usize) -> Option<&'a str> {
        let (taken, rest) = self.0.split_at_checked(signs)?;
        self.0 = rest;
        Some(taken)
    }

    fn one_of(&mut self, signs: &[char]) -> Option<char> {
        let sign = self.0.chars().next().filter(|sign| signs.contains(sign))?;
        self.0 = &self.0[sign.len_utf8()..];
        Some(sign)
    }

    fn number<N: std::str::FromStr>(&mut self, digits: usize) -> Option<N> {
        let digits = self.take(digits)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    }

    pub(super) fn day(&mut self) -> Option<Day> {
        let year = self.number(4)?;
        self.one_of(&['-'])?;
        let month = self.number(2)?;
        self.one_of(&['-'])?;
        Day { year, month, day: self.number(2)? }.checked()
    }

    pub(super) fn time(&mut self) -> Option<TimeOfDay> {
        let hour = self.number(2)?;
        self.one_of(&[':'])?;
        let minute = self.number(2)?;
        self.one_of(&[':'])?;
        let second = self.number(2)?;
        let nanos = match self.one_of(&['.']) {
            Some(_) => self.fraction()?,
            None => 0,
        };
        TimeOfDay { hour, minute, second, nanos }.checked()
    }

    fn fraction(&mut self) -> Option<u32> {
        let digits = self.0.find(|sign: char| !sign.is_ascii_digit()).unwrap_or(self.0.len());
        fraction_nanos(self.take(digits).filter(|digits| !digits.is_empty())?)
    }

    pub(super) fn civil(&mut self) -> Option<(Day, TimeOfDay)> {
        let day = self.day()?;
        self.one_of(&['T', 't', ' '])?;
        Some((day, self.time()?))
    }

    fn offset(&mut self) -> Option<i32> {
        let sign = match self.one_of(&['Z', 'z', '+', '-'])? {
            '+' => 1,
            '-' => -1,
            _ => return Some(0),
        };
        let hours: i32 = self.number(2)?;
        self.one_of(&[':'])?;
        let minutes: i32 = self.number(2)?;
        (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes) * 60)
    }
}

/// What moments are called in messages.
pub(super) const NAME: &str = "a moment, such as `2026-01-02T03:04:05.000000000Z`";

#[diagnostic::do_not_recommend]
impl Form for SystemTime {
    const NAME: &'static str = NAME;

    fn encode(&self) -> Result<Bytes, Mismatch> {
        let (before, apart) = match self.duration_since(Self::UNIX_EPOCH) {
            Ok(after) => (false, after),
            Err(before) => (true, before.duration()),
        };
        let seconds = i64::try_from(apart.as_secs()).unwrap_or(i64::MAX);
        let nanos = apart.subsec_nanos();
        let instant = match (before, nanos) {
            (false, nanos) => Instant { seconds, nanos },
            (true, 0) => Instant { seconds: -seconds, nanos: 0 },
            (true, nanos) => Instant { seconds: -seconds - 1, nanos: NANOS - nanos },
        };
        instant.write()
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        let Instant { seconds, nanos } = Instant::read(bytes)?;
        let apart = Duration::from_secs(seconds.unsigned_abs());
        let whole = if seconds < 0 {
            Self::UNIX_EPOCH.checked_sub(apart)
        } else {
            Self::UNIX_EPOCH.checked_add(apart)
        };
        let time = whole.and_then(|whole| whole.checked_add(Duration::from_nanos(nanos.into())));
        time.ok_or_else(|| found(bytes))
    }
}
