//! The types of the crate `chrono`.

use ::chrono::{
    DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc,
};

use super::calendar::{self, Day, Instant, TimeOfDay};
use super::{Form, Mismatch, civil, duration, found};
use crate::bytes::Bytes;

const NANOS: i128 = 1_000_000_000;

#[diagnostic::do_not_recommend]
impl Form for DateTime<Utc> {
    const NAME: &'static str = calendar::NAME;

    fn encode(&self) -> Result<Bytes, Mismatch> {
        instant(self).write()
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        let Instant { seconds, nanos } = Instant::read(bytes)?;
        Self::from_timestamp(seconds, nanos).ok_or_else(|| found(bytes))
    }
}

#[diagnostic::do_not_recommend]
impl Form for DateTime<FixedOffset> {
    const NAME: &'static str = calendar::NAME;

    fn encode(&self) -> Result<Bytes, Mismatch> {
        instant(&self.to_utc()).write_at(self.offset().local_minus_utc())
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        let (Instant { seconds, nanos }, offset) = Instant::read_at(bytes)?;
        let moment = DateTime::<Utc>::from_timestamp(seconds, nanos);
        let both = moment.zip(FixedOffset::east_opt(offset));
        both.map(|(moment, offset)| moment.with_timezone(&offset)).ok_or_else(|| found(bytes))
    }
}

#[diagnostic::do_not_recommend]
impl Form for TimeDelta {
    const NAME: &'static str = duration::NAME;

    fn encode(&self) -> Result<Bytes, Mismatch> {
        let nanos = i128::from(self.num_seconds()) * NANOS + i128::from(self.subsec_nanos());
        Ok(duration::write(nanos))
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        let nanos = duration::read(bytes)?;
        let seconds = i64::try_from(nanos.div_euclid(NANOS)).map_err(|_| found(bytes))?;
        let delta = Self::new(seconds, u32::try_from(nanos.rem_euclid(NANOS))?);
        delta.ok_or_else(|| found(bytes))
    }
}

#[diagnostic::do_not_recommend]
impl Form for NaiveDate {
    const NAME: &'static str = civil::DAY_NAME;

    fn encode(&self) -> Result<Bytes, Mismatch> {
        day(self)?.write()
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        date(Day::read(bytes)?).ok_or_else(|| found(bytes))
    }
}

#[diagnostic::do_not_recommend]
impl Form for NaiveTime {
    const NAME: &'static str = civil::TIME_NAME;

    fn encode(&self) -> Result<Bytes, Mismatch> {
        time_of_day(self)?.write()
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        time(TimeOfDay::read(bytes)?).ok_or_else(|| found(bytes))
    }
}

#[diagnostic::do_not_recommend]
impl Form for NaiveDateTime {
    const NAME: &'static str = civil::CIVIL_NAME;

    fn encode(&self) -> Result<Bytes, Mismatch> {
        civil::write(day(&self.date())?, time_of_day(&self.time())?)
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        let (day, of_day) = civil::read(bytes)?;
        let both = date(day).zip(time(of_day));
        both.map(|(date, time)| date.and_time(time)).ok_or_else(|| found(bytes))
    }
}

fn instant(moment: &DateTime<Utc>) -> Instant {
    Instant { seconds: moment.timestamp(), nanos: moment.timestamp_subsec_nanos() }
}

fn day(date: &NaiveDate) -> Result<Day, Mismatch> {
    Ok(Day { year: date.year(), month: date.month().try_into()?, day: date.day().try_into()? })
}

fn date(Day { year, month, day }: Day) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year, month.into(), day.into())
}

fn time_of_day(time: &NaiveTime) -> Result<TimeOfDay, Mismatch> {
    Ok(TimeOfDay {
        hour: time.hour().try_into()?,
        minute: time.minute().try_into()?,
        second: time.second().try_into()?,
        nanos: time.nanosecond(),
    })
}

fn time(TimeOfDay { hour, minute, second, nanos }: TimeOfDay) -> Option<NaiveTime> {
    NaiveTime::from_hms_nano_opt(hour.into(), minute.into(), second.into(), nanos)
}
