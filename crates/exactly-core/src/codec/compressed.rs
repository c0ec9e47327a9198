//! A form inside zlib.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::bufread::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde::{Deserialize, Serialize};

use super::wrapped::stands_in;
use super::{Form, Mismatch, odd};
use crate::bytes::Bytes;
use crate::operations::value::VALUE_BYTES_MAX;

/// A value of any other form, compressed with zlib: `Compressed<Json<T>>`, `Compressed<String>`.
///
/// It has at most [`VALUE_BYTES_MAX`] bytes also before it is compressed, and no more are ever
/// unpacked: bytes that would become gigabytes are *misuse*, and not memory.
///
/// redis-objects writes and reads the same bytes for a value with `compress: true`.
///
/// ```
/// # use exactly_core::codec::{Compressed, Form};
/// let motto = Compressed("first come, first served. ".repeat(100));
/// let bytes = motto.encode()?;
/// assert!(bytes.len() < 100);
/// assert_eq!(Compressed::<String>::decode(&bytes)?, motto);
/// # Ok::<(), exactly_core::codec::Mismatch>(())
/// ```
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Compressed<T>(pub T);

stands_in!(Compressed);

#[diagnostic::do_not_recommend]
impl<T: Form> Form for Compressed<T> {
    const NAME: &'static str = "zlib";

    fn encode(&self) -> Result<Bytes, Mismatch> {
        let plain = self.0.encode()?;
        if plain.len() > VALUE_BYTES_MAX {
            return Err(too_long(plain.len()));
        }
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
        packed.write_all(&plain)?;
        Ok(packed.finish()?.into())
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        let plain = unpack(bytes)?;
        let inside = |error| format!("inside is not {}: {error}", T::NAME);
        Ok(Self(T::decode(&plain.into()).map_err(inside)?))
    }
}

fn unpack(bytes: &Bytes) -> Result<Vec<u8>, Mismatch> {
    let mut plain = Vec::new();
    // One byte more than is allowed, to tell the longest from what is too long.
    let mut packed = ZlibDecoder::new(&**bytes).take(VALUE_BYTES_MAX as u64 + 1);
    packed.read_to_end(&mut plain).map_err(|error| odd(error, bytes))?;
    if plain.len() > VALUE_BYTES_MAX {
        return Err(too_long(plain.len()));
    }
    let packed = packed.into_inner().total_in();
    match bytes.len() as u64 - packed {
        0 => Ok(plain),
        more => Err(odd(format!("{more} more bytes behind the value"), bytes)),
    }
}

fn too_long(found: usize) -> Mismatch {
    let limit = "before it is compressed, a value has at most";
    format!("{limit} {VALUE_BYTES_MAX} bytes, found {found} or more: store it in parts").into()
}
