//! What the libraries of dates and times have besides moments.

use super::calendar::{Day, Instant, Reader, TimeOfDay};
use super::{Mismatch, found, text};
use crate::bytes::Bytes;

/// What days are called in messages.
pub(super) const DAY_NAME: &str = "a date, such as `2026-01-02`";
/// What times of day are called.
pub(super) const TIME_NAME: &str = "a time of day, such as `03:04:05.000000000`";
/// What both together are called.
pub(super) const CIVIL_NAME: &str =
    "a date with a time of day, such as `2026-01-02T03:04:05.000000000`";

impl Day {
    pub(super) fn write(self) -> Result<Bytes, Mismatch> {
        Ok(self.is_written()?.to_string().into())
    }

    pub(super) fn read(bytes: &Bytes) -> Result<Self, Mismatch> {
        let read = Reader(text(bytes)?).read_all(Reader::day);
        read.ok_or_else(|| found(bytes))
    }
}

impl TimeOfDay {
    pub(super) fn write(self) -> Result<Bytes, Mismatch> {
        Ok(self.is_written()?.to_string().into())
    }

    pub(super) fn read(bytes: &Bytes) -> Result<Self, Mismatch> {
        let read = Reader(text(bytes)?).read_all(Reader::time);
        read.ok_or_else(|| found(bytes))
    }
}

/// `2026-01-02T03:04:05.000000000`, wherever that is.
pub(super) fn write(day: Day, time: TimeOfDay) -> Result<Bytes, Mismatch> {
    Ok(format!("{}T{}", day.is_written()?, time.is_written()?).into())
}

/// Reads it, and no offset behind it.
pub(super) fn read(bytes: &Bytes) -> Result<(Day, TimeOfDay), Mismatch> {
    let read = Reader(text(bytes)?).read_all(Reader::civil);
    read.ok_or_else(|| found(bytes))
}

impl Instant {
    /// `2026-01-02T06:04:05.000000000+03:00`; in UTC as [`write`](Self::write).
    #[cfg(any(feature = "chrono", feature = "time"))]
    pub(super) fn write_at(self, offset_seconds: i32) -> Result<Bytes, Mismatch> {
        if offset_seconds == 0 {
            return self.write();
        }
        if offset_seconds % 60 != 0 {
            return Err("an offset from UTC is one of whole minutes".into());
        }
        let seconds = self.seconds.saturating_add(i64::from(offset_seconds));
        let (day, time) = Self { seconds, ..self }.civil()?;
        let sign = if offset_seconds < 0 { '-' } else { '+' };
        let minutes = offset_seconds.unsigned_abs() / 60;
        let (day, time) = (day.is_written()?, time.is_written()?);
        Ok(format!("{day}T{time}{sign}{:02}:{:02}", minutes / 60, minutes % 60).into())
    }
}
