//! What comes with a feature.
#![allow(unused_imports, reason = "which of them are needed depends on the features")]

use std::time::SystemTime;

use exactly_core::codec::Form;
use proptest::prelude::*;

use crate::drawn::{moments, near_misses};
use crate::laws::{bytes, comes_back, is, reads, sorts, survives, wrong};

#[cfg(feature = "uuid")]
mod uuid {
    use super::*;
    use ::uuid::Uuid;

    #[test]
    fn a_uuid_has_hyphens_and_small_letters() {
        let id = Uuid::from_u128(0x67e5_5044_10b1_426f_9247_bb68_0e5f_e0c8);
        is(id, "67e55044-10b1-426f-9247-bb680e5fe0c8");
        let others = ["67E55044-10B1-426F-9247-BB680E5FE0C8", "67e5504410b1426f9247bb680e5fe0c8"];
        reads(id, &others);
        wrong::<Uuid>(&["", "42", "67e55044-10b1-426f-9247-bb680e5fe0c", "first come"]);
    }

    proptest! {
        #[test]
        fn uuids_come_back_and_sort(ids in any::<[u128; 3]>(), odd in near_misses()) {
            sorts(&ids.map(Uuid::from_u128));
            survives::<Uuid>(&odd);
        }
    }
}

#[cfg(feature = "rust_decimal")]
mod decimal {
    use super::*;
    use ::rust_decimal::Decimal;

    #[test]
    fn a_decimal_is_exact_and_without_zeros_at_the_end() {
        is(Decimal::new(-15, 1), "-1.5");
        is(Decimal::ZERO, "0");
        is(Decimal::MAX, "79228162514264337593543950335");
        is(Decimal::new(1, 28), "0.0000000000000000000000000001");
        reads(Decimal::new(15, 1), &["1.50", "1.5000", "0.15e1", "15E-1"]);
        reads(Decimal::ZERO, &["-0", "0.00"]);
        wrong::<Decimal>(&[
            "",
            "one",
            "79228162514264337593543950336",
            "0.00000000000000000000000000001",
            "0.12345678901234567890123456789",
            "0.12345678901234567890123456789e1",
            "1e29",
            "1e-29",
            "1e",
            "e1",
        ]);
    }

    proptest! {
        #[test]
        fn decimals_come_back_and_equal_ones_are_written_alike(
            digits in any::<[i64; 2]>(),
            small in prop::collection::vec((0_i64..30, 0_u32..3), 1..5),
            scale in 0_u32..28,
            odd in near_misses(),
        ) {
            comes_back(&digits.map(|digits| Decimal::new(digits, scale)));
            let small = small.into_iter().map(|(digits, scale)| Decimal::new(digits, scale));
            comes_back(&small.collect::<Vec<_>>());
            survives::<Decimal>(&odd);
        }
    }
}

#[cfg(feature = "jiff")]
mod jiff {
    use super::*;
    use ::jiff::civil::{Date, DateTime, Time, date, time};
    use ::jiff::{SignedDuration, Timestamp, Zoned, tz};

    #[test]
    fn what_is_written() {
        is(Timestamp::UNIX_EPOCH, "1970-01-01T00:00:00.000000000Z");
        is(date(2026, 1, 2), "2026-01-02");
        is(time(3, 4, 5, 60), "03:04:05.000000060");
        is(date(2026, 1, 2).at(3, 4, 5, 60), "2026-01-02T03:04:05.000000060");
        is(SignedDuration::from_millis(-250), "-0.25");
        is(SignedDuration::MIN, "-9223372036854775808.999999999");
        assert!(date(-1, 1, 2).encode().is_err(), "a year before 0000");
        assert!(Timestamp::MIN.encode().is_err());
        wrong::<Date>(&["", "2026-02-30", "2026-01-02T03:04:05", "26-01-02"]);
        wrong::<Time>(&["", "24:00:00", "03:04", "03:04:05Z"]);
        wrong::<DateTime>(&["", "2026-01-02T03:04:05Z", "2026-01-02"]);
        wrong::<SignedDuration>(&["", "9223372036854775808"]);
    }

    #[test]
    fn a_moment_in_a_zone_keeps_its_zone() {
        let moment = date(2026, 1, 2).at(3, 4, 5, 60);
        let ankara = moment.to_zoned(tz::TimeZone::fixed(tz::offset(3))).unwrap();
        is(ankara.clone(), "2026-01-02T03:04:05.00000006+03:00[+03:00]");
        let utc = ankara.with_time_zone(tz::TimeZone::UTC);
        assert_eq!(ankara, utc);
        assert_ne!(ankara.encode().unwrap(), utc.encode().unwrap(), "equal, and not alike");
        wrong::<Zoned>(&["", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05+03:00[Nowhere/Here]"]);
    }

    proptest! {
        #[test]
        fn all_come_back_and_sort(
            moments in prop::collection::vec(moments(), 1..4),
            nanos in any::<[i64; 2]>(),
            odd in near_misses(),
        ) {
            let moments = moments.into_iter().map(|moment| Timestamp::try_from(moment).unwrap());
            let moments: Vec<_> = moments.collect();
            let civil: Vec<_> = moments.iter().map(|m| tz::Offset::UTC.to_datetime(*m)).collect();
            sorts(&moments);
            sorts(&civil);
            sorts(&civil.iter().map(|civil| civil.date()).collect::<Vec<_>>());
            sorts(&civil.iter().map(|civil| civil.time()).collect::<Vec<_>>());
            comes_back(&nanos.map(SignedDuration::from_nanos));
            survives::<Timestamp>(&odd);
            survives::<Zoned>(&odd);
            survives::<SignedDuration>(&odd);
            survives::<DateTime>(&odd);
            survives::<Date>(&odd);
            survives::<Time>(&odd);
        }
    }
}

#[cfg(feature = "chrono")]
mod chrono {
    use super::*;
    use ::chrono::{
        DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc,
    };

    #[test]
    fn what_is_written() {
        let date = NaiveDate::from_ymd_opt(2026, 1, 2).unwrap();
        let time = NaiveTime::from_hms_nano_opt(3, 4, 5, 60).unwrap();
        is(DateTime::<Utc>::UNIX_EPOCH, "1970-01-01T00:00:00.000000000Z");
        is(date, "2026-01-02");
        is(time, "03:04:05.000000060");
        is(date.and_time(time), "2026-01-02T03:04:05.000000060");
        is(TimeDelta::milliseconds(-250), "-0.25");
        is(TimeDelta::MIN, "-9223372036854775.807");
        assert!(NaiveDate::MIN.encode().is_err(), "a year before 0000");
        assert!(DateTime::<Utc>::MAX_UTC.encode().is_err());
        let leap = NaiveTime::from_hms_milli_opt(23, 59, 59, 1_500).unwrap();
        assert!(leap.encode().unwrap_err().to_string().contains("leap second"));
        assert!(date.and_time(leap).and_utc().encode().is_err());
        wrong::<NaiveDate>(&["", "2026-02-30", "2026-01-02T03:04:05"]);
        wrong::<NaiveTime>(&["", "24:00:00", "03:04", "23:59:60"]);
        wrong::<NaiveDateTime>(&["", "2026-01-02T03:04:05Z", "2026-01-02"]);
        wrong::<TimeDelta>(&["", "9223372036854776"]);
    }

    #[test]
    fn a_moment_keeps_its_offset() {
        let east = FixedOffset::east_opt(3 * 3_600).unwrap();
        let west = FixedOffset::west_opt(3 * 3_600 + 30 * 60).unwrap();
        let moment = DateTime::<Utc>::from_timestamp(1_767_323_045, 60).unwrap();
        is(moment.with_timezone(&east), "2026-01-02T06:04:05.000000060+03:00");
        is(moment.with_timezone(&west), "2026-01-01T23:34:05.000000060-03:30");
        is(moment.fixed_offset(), "2026-01-02T03:04:05.000000060Z");
        let back = DateTime::<FixedOffset>::decode(&bytes("2026-01-02T06:04:05+03:00")).unwrap();
        assert_eq!((*back.offset(), back.nanosecond()), (east, 0));
        let odd = FixedOffset::east_opt(1).unwrap();
        assert!(moment.with_timezone(&odd).encode().is_err(), "no offset has seconds");
    }

    proptest! {
        #[test]
        fn all_come_back_and_sort(
            moments in prop::collection::vec(moments(), 1..4),
            nanos in any::<[i64; 2]>(),
            minutes in -1_439..1_440,
            odd in near_misses(),
        ) {
            let moments: Vec<DateTime<Utc>> = moments.into_iter().map(utc).collect();
            let civil: Vec<_> = moments.iter().map(|moment| moment.naive_utc()).collect();
            sorts(&moments);
            sorts(&civil);
            sorts(&civil.iter().map(|civil| civil.date()).collect::<Vec<_>>());
            sorts(&civil.iter().map(|civil| civil.time()).collect::<Vec<_>>());
            comes_back(&nanos.map(TimeDelta::nanoseconds));
            let offset = FixedOffset::east_opt(minutes * 60).unwrap();
            for moment in moments.iter().map(|moment| moment.with_timezone(&offset)) {
                let Ok(written) = moment.encode() else { continue };
                let back = DateTime::<FixedOffset>::decode(&written).unwrap();
                prop_assert_eq!((back, back.offset()), (moment, moment.offset()));
            }
            survives::<DateTime<Utc>>(&odd);
            survives::<DateTime<FixedOffset>>(&odd);
            survives::<TimeDelta>(&odd);
            survives::<NaiveDateTime>(&odd);
            survives::<NaiveDate>(&odd);
            survives::<NaiveTime>(&odd);
        }
    }

    fn utc(moment: SystemTime) -> DateTime<Utc> {
        DateTime::decode(&moment.encode().unwrap()).unwrap()
    }
}

#[cfg(feature = "time")]
mod time {
    use super::*;
    use ::time::{
        Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcDateTime, UtcOffset,
    };

    #[test]
    fn what_is_written() {
        let date = Date::from_calendar_date(2026, Month::January, 2).unwrap();
        let time = Time::from_hms_nano(3, 4, 5, 60).unwrap();
        is(UtcDateTime::UNIX_EPOCH, "1970-01-01T00:00:00.000000000Z");
        is(date, "2026-01-02");
        is(time, "03:04:05.000000060");
        is(PrimitiveDateTime::new(date, time), "2026-01-02T03:04:05.000000060");
        is(Duration::milliseconds(-250), "-0.25");
        is(Duration::MIN, "-9223372036854775808.999999999");
        assert!(Date::MIN.encode().is_err(), "a year before 0000");
        wrong::<Date>(&["", "2026-02-30", "2026-01-02T03:04:05"]);
        wrong::<Time>(&["", "24:00:00", "03:04", "03:04:05Z"]);
        wrong::<PrimitiveDateTime>(&["", "2026-01-02T03:04:05Z", "2026-01-02"]);
        wrong::<Duration>(&["", "9223372036854775808"]);
    }

    #[test]
    fn a_moment_keeps_its_offset() {
        let moment = OffsetDateTime::from_unix_timestamp(1_767_323_045).unwrap();
        let [east, west, odd] = [(3, 0, 0), (-3, -30, 0), (0, 0, 1)]
            .map(|(hours, minutes, seconds)| UtcOffset::from_hms(hours, minutes, seconds).unwrap());
        is(moment, "2026-01-02T03:04:05.000000000Z");
        is(moment.to_offset(east), "2026-01-02T06:04:05.000000000+03:00");
        is(moment.to_offset(west), "2026-01-01T23:34:05.000000000-03:30");
        let back = OffsetDateTime::decode(&bytes("2026-01-02T06:04:05+03:00")).unwrap();
        assert_eq!(back.offset(), east);
        assert!(moment.to_offset(odd).encode().is_err(), "no offset has seconds");
        wrong::<OffsetDateTime>(&["", "0000-01-01T00:00:00", "2026-01-02T06:04:05+26:00"]);
    }

    proptest! {
        #[test]
        fn all_come_back_and_sort(
            moments in prop::collection::vec(moments(), 1..4),
            nanos in any::<[i64; 2]>(),
            odd in near_misses(),
        ) {
            let moments: Vec<_> = moments.into_iter().map(UtcDateTime::from).collect();
            let civil = moments.iter().map(|m| PrimitiveDateTime::new(m.date(), m.time()));
            let civil: Vec<_> = civil.collect();
            sorts(&moments);
            sorts(&civil);
            sorts(&civil.iter().map(|civil| civil.date()).collect::<Vec<_>>());
            sorts(&civil.iter().map(|civil| civil.time()).collect::<Vec<_>>());
            comes_back(&nanos.map(Duration::nanoseconds));
            survives::<UtcDateTime>(&odd);
            survives::<OffsetDateTime>(&odd);
            survives::<Duration>(&odd);
            survives::<PrimitiveDateTime>(&odd);
            survives::<Date>(&odd);
            survives::<Time>(&odd);
        }
    }
}

#[cfg(feature = "compressed")]
mod compressed {
    use super::*;
    use exactly_core::Bytes;
    use exactly_core::codec::{Compressed, Json};
    use exactly_core::operations::value::VALUE_BYTES_MAX;

    /// `Zlib::Deflate.deflate("first come")` in Ruby: what redis-objects writes with `compress`.
    const OF_RUBY: &[u8] =
        b"\x78\x9c\x4b\xcb\x2c\x2a\x2e\x51\x48\xce\xcf\x4d\x05\x00\x15\xdc\x03\xed";

    #[test]
    fn what_the_gem_compressed_is_read() {
        let read = Compressed::<String>::decode(&OF_RUBY.into()).unwrap();
        assert_eq!(*read, "first come");
        assert_eq!(read.encode().unwrap(), OF_RUBY.into());
        let empty = b"\x78\x9c\x03\x00\x00\x00\x00\x01";
        assert_eq!(*Compressed::<String>::decode(&empty.as_slice().into()).unwrap(), "");
    }

    #[test]
    fn any_byte_that_is_lost_added_or_changed_is_noticed() {
        let whole = OF_RUBY.to_vec();
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            let read = Compressed::<Vec<u8>>::decode(&changed.into());
            assert!(read.is_err_and(|told| told.to_string().contains("found")), "byte {at}");
            assert!(Compressed::<Vec<u8>>::decode(&whole[..at].into()).is_err(), "cut at {at}");
        }
        let more = [&whole[..], b"\0"].concat();
        let told = Compressed::<Vec<u8>>::decode(&more.into()).unwrap_err().to_string();
        assert!(told.starts_with("1 more bytes behind the value, found"), "{told}");
        let told = Compressed::<i64>::decode(&whole.into()).unwrap_err().to_string();
        assert_eq!(told, "inside is not a whole number (`i64`): found \"first come\"");
    }

    #[test]
    fn what_would_unpack_to_more_than_a_value_has_is_refused_before_it_is_there() {
        let longest = Compressed(vec![7_u8; VALUE_BYTES_MAX]);
        let packed = longest.encode().unwrap();
        assert!(packed.len() < VALUE_BYTES_MAX / 500);
        assert!(Compressed::<Vec<u8>>::decode(&packed).unwrap() == longest);
        let told = Compressed(vec![7_u8; VALUE_BYTES_MAX + 1]).encode().unwrap_err();
        assert!(told.to_string().contains("at most 16777216 bytes"), "{told}");
        // Somebody else's bytes, four times as long.
        let bomb = bomb();
        assert!(bomb.len() < VALUE_BYTES_MAX);
        let told = Compressed::<Vec<u8>>::decode(&bomb).unwrap_err();
        assert!(told.to_string().contains("at most 16777216 bytes"), "{told}");
    }

    fn bomb() -> Bytes {
        use flate2::{Compression, write::ZlibEncoder};
        use std::io::Write;
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
        for _ in 0..64 {
            packed.write_all(&vec![0; 1 << 20]).unwrap();
        }
        packed.finish().unwrap().into()
    }

    proptest! {
        #[test]
        fn all_come_back(texts in any::<[String; 2]>(), odd in near_misses()) {
            comes_back(&texts.clone().map(Compressed));
            comes_back(&texts.map(|text| Compressed(Json(text))));
            survives::<Compressed<String>>(&odd);
        }
    }
}
