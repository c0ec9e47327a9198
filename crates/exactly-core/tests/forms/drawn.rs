//! What the laws are tried on.

use std::time::{Duration, SystemTime};

use exactly_core::Bytes;
use proptest::prelude::*;

use crate::laws::bytes;

/// Bytes that are nearly of some form, and any others.
pub(crate) fn near_misses() -> impl Strategy<Value = Bytes> {
    let pieces = prop::sample::select(vec![
        "0",
        "1",
        "-",
        "+",
        ".",
        "5",
        "e",
        "9999",
        "2026-01-02",
        "T",
        "03:04:05",
        "Z",
        "+03:00",
        "00",
        "true",
        "é",
        " ",
        "\"",
        "[",
        "]",
        "null",
        "::",
        "ffff",
        "12",
        "\u{7f}",
    ]);
    let texts = prop::collection::vec(pieces, 0..7).prop_map(|pieces| bytes(&pieces.concat()));
    prop_oneof![texts, prop::collection::vec(any::<u8>(), 0..24).prop_map(Bytes::from)]
}

/// Moments of all years that have a form.
pub(crate) fn moments() -> impl Strategy<Value = SystemTime> {
    (-62_167_219_200_i64..253_402_300_800, 0_u32..1_000_000_000).prop_map(|(seconds, nanos)| {
        let apart = Duration::from_secs(seconds.unsigned_abs());
        let epoch = SystemTime::UNIX_EPOCH;
        let whole = if seconds < 0 { epoch - apart } else { epoch + apart };
        whole + Duration::from_nanos(nanos.into())
    })
}
