//! What needs no feature.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZero;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use exactly_core::Bytes;
use exactly_core::codec::{Form, Json, MsgPack, Text};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use crate::drawn::{moments, near_misses};
use crate::laws::{bytes, comes_back, is, is_strict, reads, sorts, survives, wrong};

#[test]
fn plain_forms_are_what_a_person_would_type() {
    is("first come".to_owned(), "first come");
    is(String::new(), "");
    is::<Box<str>>("é".into(), "é");
    is::<Arc<str>>("\n".into(), "\n");
    is('é', "é");
    is(true, "true");
    is(false, "false");
    is(b"ab".to_vec(), "ab");
    is::<Box<[u8]>>([7; 2].into(), "\u{7}\u{7}");
    is(*b"abc", "abc");
    is(Bytes::from("ab"), "ab");
    is(Ipv4Addr::LOCALHOST, "127.0.0.1");
    is(IpAddr::from(Ipv6Addr::LOCALHOST), "::1");
    is(SocketAddr::from(([127, 0, 0, 1], 80)), "127.0.0.1:80");
    is(Text(Ipv6Addr::LOCALHOST), "::1");
    is(Json(vec![Some(1), None]), "[1,null]");
}

#[test]
fn whole_numbers_are_their_digits_and_nothing_else() {
    is(-42_i64, "-42");
    is(0_u8, "0");
    is(i128::MIN, "-170141183460469231731687303715884105728");
    is(u128::MAX, "340282366920938463463374607431768211455");
    is(NonZero::new(7_u64).unwrap(), "7");
    wrong::<i64>(&["", "+1", "007", "-0", " 1", "1 ", "1.0", "1e3", "first come", "0x1"]);
    wrong::<i64>(&["9223372036854775808", "-", "--1", "１"]);
    wrong::<u8>(&["256", "-1"]);
    wrong::<NonZero<u8>>(&["0", "256"]);
}

#[test]
fn floats_are_the_shortest_text_that_reads_back() {
    for (number, text) in [
        (0.1, "0.1"),
        (3.0, "3"),
        (-2.5, "-2.5"),
        (1e20, "100000000000000000000"),
        (1e21, "1e21"),
        (-1.5e300, "-1.5e300"),
        (0.000_001, "0.000001"),
        (1e-7, "1e-7"),
        (f64::MAX, "1.7976931348623157e308"),
        (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
        (5e-324, "5e-324"),
        (9_007_199_254_740_993.0, "9007199254740992"),
    ] {
        is(number, text);
    }
    is(0.1_f32, "0.1");
    is(16_777_216_f32, "16777216");
    reads(-0.0_f64, &["-0", "0.0", "-0.0", "+0"]);
    assert_eq!((-0.0_f64).encode().unwrap(), bytes("0"), "it equals 0 and is written as 0");
    reads(1000_f64, &["1e3", "1000.0", "+1000", "1E3"]);
    wrong::<f64>(&["", "NaN", "inf", "-inf", "infinity", "1e999", "1,5", "first come"]);
    wrong::<f32>(&["1e39"]);
    for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(odd.encode().is_err());
        let kept = MsgPack::<f64>::decode(&MsgPack(odd).encode().unwrap()).unwrap();
        assert_eq!(kept.to_bits(), odd.to_bits());
    }
}

#[test]
fn lengths_of_time_are_seconds() {
    is(Duration::ZERO, "0");
    is(Duration::from_secs(90), "90");
    is(Duration::from_millis(250), "0.25");
    is(Duration::from_nanos(1), "0.000000001");
    is(Duration::MAX, "18446744073709551615.999999999");
    reads(Duration::from_secs(90), &["90.0", "90.000000000"]);
    wrong::<Duration>(&[
        "",
        "-1",
        "-0.1",
        ".5",
        "1.",
        "1.0000000001",
        "1e3",
        "1s",
        "1.5.5",
        "1.-5",
    ]);
    wrong::<Duration>(&["18446744073709551616", "99999999999999999999999999", "+1", "1.+5"]);
}

#[test]
fn moments_are_rfc_3339_with_nine_digits() {
    let at = |seconds: u64, nanos| SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos);
    is(SystemTime::UNIX_EPOCH, "1970-01-01T00:00:00.000000000Z");
    is(at(1_767_323_045, 0), "2026-01-02T03:04:05.000000000Z");
    is(at(951_827_696, 123_456_789), "2000-02-29T12:34:56.123456789Z");
    is(at(253_402_300_799, 999_999_999), "9999-12-31T23:59:59.999999999Z");
    is(SystemTime::UNIX_EPOCH - Duration::from_nanos(1), "1969-12-31T23:59:59.999999999Z");
    is(
        SystemTime::UNIX_EPOCH - Duration::from_secs(62_167_219_200),
        "0000-01-01T00:00:00.000000000Z",
    );
    assert!(at(253_402_300_800, 0).encode().is_err(), "the year 10000 has five digits");
    let before = SystemTime::UNIX_EPOCH - Duration::from_secs(62_167_219_201);
    assert!(before.encode().is_err(), "a year before 0000");
    reads(
        at(1_767_323_045, 500_000_000),
        &[
            "2026-01-02T03:04:05.5Z",
            "2026-01-02t03:04:05.500z",
            "2026-01-02 06:04:05.5+03:00",
            "2026-01-01T23:34:05.5-03:30",
            "2026-01-02T03:04:05.500000000-00:00",
        ],
    );
    reads(at(1_767_323_045, 0), &["2026-01-02T03:04:05Z"]);
    wrong::<SystemTime>(&[
        "",
        "2026-01-02",
        "2026-01-02T03:04:05",
        "2026-01-02T03:04Z",
        "2026-1-2T03:04:05Z",
        "2026-02-29T03:04:05Z",
        "2026-13-01T03:04:05Z",
        "2026-00-01T03:04:05Z",
        "2026-01-00T03:04:05Z",
        "2026-01-32T03:04:05Z",
        "2026-04-31T03:04:05Z",
        "1900-02-29T03:04:05Z",
        "2026-01-02T24:00:00Z",
        "2026-01-02T03:60:05Z",
        "2026-12-31T23:59:60Z",
        "2026-01-02T03:04:05.Z",
        "2026-01-02T03:04:05.0000000001Z",
        "2026-01-02T03:04:05,5Z",
        "2026-01-02T03:04:05+3",
        "2026-01-02T03:04:05+24:00",
        "2026-01-02T03:04:05+00:60",
        "2026-01-02T03:04:05Z ",
        "+2026-01-02T03:04:05Z",
        "-001-01-02T03:04:05Z",
        "2026-01-0éT03:04:05Z",
        "1767323045",
    ]);
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Seat {
    row: u8,
    taken_by: Option<String>,
}

#[test]
fn what_serde_knows_is_wrapped() {
    let seat = || Seat { row: 7, taken_by: None };
    is(Json(seat()), r#"{"row":7,"taken_by":null}"#);
    comes_back(&[MsgPack(seat()), MsgPack(Seat { row: 7, taken_by: Some("ada".to_owned()) })]);
    wrong::<Json<Seat>>(&["", "{", "[]", r#"{"row":300,"taken_by":null}"#, r#"{"row":7} x"#]);
    wrong::<MsgPack<Seat>>(&["", "x", "\u{7}\u{7}"]);
    let told = MsgPack::<u8>::decode(&bytes("\u{7}\u{7}")).unwrap_err().to_string();
    assert_eq!(told, r#"1 more bytes behind the value, found "\x07\x07""#);
    // Where a map has no order, nor have its bytes; the values are equal nevertheless.
    let map: HashMap<u8, u8> = (0..20).map(|n| (n, n)).collect();
    assert_eq!(Json::decode(&Json(map.clone()).encode().unwrap()).unwrap(), Json(map));
}

#[test]
fn a_wrapped_value_stands_in_for_what_it_wraps() {
    let mut seats: Json<Vec<u8>> = vec![2, 1].into();
    seats.sort_unstable();
    assert_eq!((seats.len(), seats.first()), (2, Some(&1)));
    assert_eq!(serde_json::to_string(&seats).unwrap(), "[1,2]");
    assert_eq!(serde_json::from_str::<MsgPack<Vec<u8>>>("[1,2]").unwrap(), MsgPack(vec![1, 2]));
    assert!(Text(2) > Text(1));
}

#[test]
fn texts_and_bytes_that_are_not_of_the_form() {
    for odd in [vec![0xff], b"ab\xc3".to_vec()] {
        let odd = Bytes::from(odd);
        for told in [
            String::decode(&odd).unwrap_err(),
            i64::decode(&odd).unwrap_err(),
            SystemTime::decode(&odd).unwrap_err(),
        ] {
            assert!(told.to_string().contains(&format!("found {odd:?}")), "{told}");
        }
    }
    wrong::<char>(&["", "ab"]);
    wrong::<bool>(&["", "1", "0", "t", "True", "TRUE", "yes", "true "]);
    wrong::<[u8; 3]>(&["", "ab", "abcd"]);
    wrong::<IpAddr>(&["", "1.2.3", "1.2.3.256", "localhost"]);
    wrong::<Text<u8>>(&["", "x", "256"]);
    reads(Ipv6Addr::LOCALHOST, &["0:0:0:0:0:0:0:1", "::0001"]);
}

proptest! {
    #[test]
    fn numbers_come_back_and_are_written_in_one_way(
        small in prop::collection::vec(-3_i8..3, 2..6),
        wide in any::<[i128; 2]>(),
        natural in any::<[u64; 2]>(),
        real in any::<[f64; 2]>(),
        short in any::<[f32; 2]>(),
    ) {
        comes_back(&small);
        comes_back(&wide);
        comes_back(&natural);
        comes_back(&real.map(|number| if number.is_finite() { number } else { 0.0 }));
        comes_back(&short.map(|number| if number.is_finite() { number } else { -0.0 }));
        comes_back(&[0.0_f64, -0.0]);
    }

    #[test]
    fn texts_come_back_and_sort(texts in any::<[String; 3]>(), chars in any::<[char; 3]>()) {
        sorts(&texts);
        sorts(&chars);
        sorts(&texts.map(|text| Bytes::from(text.into_bytes())));
        sorts(&chars.map(|char| [char as u8, 7]));
    }

    #[test]
    fn moments_come_back_and_sort(
        moments in prop::collection::vec(moments(), 1..4),
        lengths in prop::collection::vec(any::<Duration>(), 1..4),
    ) {
        sorts(&moments);
        comes_back(&lengths);
    }

    #[test]
    fn documents_come_back(seat in (any::<u8>(), any::<Option<String>>()), real in any::<f64>()) {
        let (row, taken_by) = seat;
        comes_back(&[Json(Seat { row, taken_by: taken_by.clone() })]);
        comes_back(&[MsgPack(Seat { row, taken_by })]);
        comes_back(&[MsgPack((row, i64::MIN)), MsgPack((0, i64::MAX))]);
        if real.is_finite() {
            comes_back(&[Json(real)]);
        }
    }

    #[test]
    fn whatever_is_stored_reads_or_says_what_was_found(odd in near_misses()) {
        is_strict::<i64>(&odd);
        is_strict::<u128>(&odd);
        is_strict::<NonZero<i16>>(&odd);
        is_strict::<bool>(&odd);
        is_strict::<char>(&odd);
        is_strict::<String>(&odd);
        is_strict::<[u8; 2]>(&odd);
        survives::<f64>(&odd);
        survives::<f32>(&odd);
        survives::<Duration>(&odd);
        survives::<SystemTime>(&odd);
        survives::<IpAddr>(&odd);
        survives::<Json<serde_json::Value>>(&odd);
        survives::<MsgPack<serde_json::Value>>(&odd);
    }
}
