//! The types of the crate `time`.

use ::time::{
    Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcDateTime, UtcOffset,
};

use super::calendar::{self, Day, Instant, TimeOfDay};
use super::{Form, Mismatch, civil, duration, odd};
use crate::bytes::Bytes;

const NANOS: i128 = 1_000_000_000;

#[diagnostic::do_not_recommend]
impl Form for UtcDateTime {
    const NAME: &'static str = calendar::NAME;

    fn encode(&self) -> Result<Bytes, Mismatch> {
        Instant { seconds: self.unix_timestamp(), nanos: self.nanosecond() }.write()
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        let Instant { seconds, nanos } = Instant::read(bytes)?;
        let nanos = i128::from(seconds) * NANOS + i128::from(nanos);
        Self::from_unix_timestamp_nanos(nanos).map_err(|error| odd(error, bytes))
    }
}

#[diagnostic::do_not_recommend]
impl Form for OffsetDateTime {
    const NAME: &'static str = calendar::NAME;

    fn encode(&self) -> Result<Bytes, Mismatch> {
        let instant = Instant { seconds: self.unix_timestamp(), nanos: self.nanosecond() };
        instant.write_at(self.offset().whole_seconds())
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        let (Instant { seconds, nanos }, offset) = Instant::read_at(bytes)?;
        let nanos = i128::from(seconds) * NANOS + i128::from(nanos);
        let moment = Self::from_unix_timestamp_nanos(nanos).map_err(|error| odd(error, bytes))?;
        let offset = UtcOffset::from_whole_seconds(offset).map_err(|error| odd(error, bytes))?;
        moment.checked_to_offset(offset).ok_or_else(|| odd("beyond all years", bytes))
    }
}

#[diagnostic::do_not_recommend]
impl Form for Duration {
    const NAME: &'static str = duration::NAME;

    fn encode(&self) -> Result<Bytes, Mismatch> {
        Ok(duration::write(self.whole_nanoseconds()))
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        let nanos = duration::read(bytes)?;
        let seconds = i64::try_from(nanos / NANOS).map_err(|error| odd(error, bytes))?;
        Ok(Self::new(seconds, i32::try_from(nanos % NANOS)?))
    }
}

#[diagnostic::do_not_recommend]
impl Form for Date {
    const NAME: &'static str = civil::DAY_NAME;

    fn encode(&self) -> Result<Bytes, Mismatch> {
        Day::from(*self).write()
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        date(Day::read(bytes)?, bytes)
    }
}

#[diagnostic::do_not_recommend]
impl Form for Time {
    const NAME: &'static str = civil::TIME_NAME;

    fn encode(&self) -> Result<Bytes, Mismatch> {
        TimeOfDay::from(*self).write()
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        time(TimeOfDay::read(bytes)?, bytes)
    }
}

#[diagnostic::do_not_recommend]
impl Form for PrimitiveDateTime {
    const NAME: &'static str = civil::CIVIL_NAME;

    fn encode(&self) -> Result<Bytes, Mismatch> {
        civil::write(self.date().into(), self.time().into())
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        let (day, of_day) = civil::read(bytes)?;
        Ok(Self::new(date(day, bytes)?, time(of_day, bytes)?))
    }
}

impl From<Date> for Day {
    fn from(date: Date) -> Self {
        Self { year: date.year(), month: date.month().into(), day: date.day() }
    }
}

impl From<Time> for TimeOfDay {
    fn from(time: Time) -> Self {
        let (hour, minute, second, nanos) = time.as_hms_nano();
        Self { hour, minute, second, nanos }
    }
}

fn date(Day { year, month, day }: Day, bytes: &Bytes) -> Result<Date, Mismatch> {
    let date = Month::try_from(month).and_then(|month| Date::from_calendar_date(year, month, day));
    date.map_err(|error| odd(error, bytes))
}

fn time(time: TimeOfDay, bytes: &Bytes) -> Result<Time, Mismatch> {
    let TimeOfDay { hour, minute, second, nanos } = time;
    Time::from_hms_nano(hour, minute, second, nanos).map_err(|error| odd(error, bytes))
}
