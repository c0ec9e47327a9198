//! The types of the crate `jiff`.

use ::jiff::civil::{Date, DateTime, Time};
use ::jiff::{SignedDuration, Timestamp, Zoned};

use super::calendar::{self, Day, Instant, TimeOfDay};
use super::{Form, Mismatch, civil, duration, odd, text};
use crate::bytes::Bytes;

const NANOS: i128 = 1_000_000_000;

#[diagnostic::do_not_recommend]
impl Form for Timestamp {
    const NAME: &'static str = calendar::NAME;

    fn encode(&self) -> Result<Bytes, Mismatch> {
        let nanos = self.as_nanosecond();
        let (seconds, nanos) = (nanos.div_euclid(NANOS), nanos.rem_euclid(NANOS));
        Instant { seconds: i64::try_from(seconds)?, nanos: u32::try_from(nanos)? }.write()
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        let Instant { seconds, nanos } = Instant::read(bytes)?;
        let nanos = i128::from(seconds) * NANOS + i128::from(nanos);
        Self::from_nanosecond(nanos).map_err(|error| odd(error, bytes))
    }
}

#[diagnostic::do_not_recommend]
impl Form for Zoned {
    const NAME: &'static str = "a moment in a time zone, as RFC 9557 writes it";

    fn encode(&self) -> Result<Bytes, Mismatch> {
        Ok(self.to_string().into())
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        text(bytes)?.parse().map_err(|error| odd(error, bytes))
    }
}

#[diagnostic::do_not_recommend]
impl Form for SignedDuration {
    const NAME: &'static str = duration::NAME;

    fn encode(&self) -> Result<Bytes, Mismatch> {
        Ok(duration::write(self.as_nanos()))
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
        Day::try_from(*self)?.write()
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        date(Day::read(bytes)?, bytes)
    }
}

#[diagnostic::do_not_recommend]
impl Form for Time {
    const NAME: &'static str = civil::TIME_NAME;

    fn encode(&self) -> Result<Bytes, Mismatch> {
        TimeOfDay::try_from(*self)?.write()
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        time(TimeOfDay::read(bytes)?, bytes)
    }
}

#[diagnostic::do_not_recommend]
impl Form for DateTime {
    const NAME: &'static str = civil::CIVIL_NAME;

    fn encode(&self) -> Result<Bytes, Mismatch> {
        civil::write(self.date().try_into()?, self.time().try_into()?)
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        let (day, of_day) = civil::read(bytes)?;
        Ok(Self::from_parts(date(day, bytes)?, time(of_day, bytes)?))
    }
}

impl TryFrom<Date> for Day {
    type Error = Mismatch;

    fn try_from(date: Date) -> Result<Self, Mismatch> {
        let (month, day) = (u8::try_from(date.month())?, u8::try_from(date.day())?);
        Ok(Self { year: date.year().into(), month, day })
    }
}

impl TryFrom<Time> for TimeOfDay {
    type Error = Mismatch;

    fn try_from(time: Time) -> Result<Self, Mismatch> {
        Ok(Self {
            hour: time.hour().try_into()?,
            minute: time.minute().try_into()?,
            second: time.second().try_into()?,
            nanos: time.subsec_nanosecond().try_into()?,
        })
    }
}

fn date(day: Day, bytes: &Bytes) -> Result<Date, Mismatch> {
    let Day { year, month, day } = day;
    let date = Date::new(i16::try_from(year)?, i8::try_from(month)?, i8::try_from(day)?);
    date.map_err(|error| odd(error, bytes))
}

fn time(time: TimeOfDay, bytes: &Bytes) -> Result<Time, Mismatch> {
    let TimeOfDay { hour, minute, second, nanos } = time;
    let (hour, minute, second) = (hour.try_into()?, minute.try_into()?, second.try_into()?);
    let time = Time::new(hour, minute, second, nanos.try_into()?);
    time.map_err(|error| odd(error, bytes))
}
