//! Which keys are stored, page by page: the server's `SCAN`.

use std::num::NonZeroU64;

use exactly_core::{Cursor, Fault, Listing, Page};
use redis::Cmd;

use crate::fault;
use crate::heard::Heard;
use crate::options::Options;
use crate::words::odd;

/// The command for a page.
pub(crate) fn command(glob: &[u8], after: Option<Cursor>, count: u32) -> Cmd {
    let place = after.map_or(0, |Cursor(place)| place.get());
    let mut scan = redis::cmd("SCAN");
    scan.arg(place).arg("MATCH").arg(glob).arg("COUNT").arg(count.max(1));
    scan
}

/// What the server answered: texts, and where the next page begins.
pub(crate) fn texts(told: Heard) -> Result<(Vec<Vec<u8>>, Option<Cursor>), Fault> {
    let mut parts = match told {
        Heard::List(parts) => parts.into_iter(),
        Heard::Error(error) => return Err(fault::of_server(&error).of_a_read()),
        Heard::Nothing | Heard::Okay | Heard::Number(_) => return Err(odd()),
        Heard::Text(_) | Heard::Odd => return Err(odd()),
    };
    let (Some(next), Some(Heard::List(keys))) = (parts.next(), parts.next()) else {
        return Err(odd());
    };
    let text = |key| if let Heard::Text(text) = key { Some(text) } else { None };
    let next: u64 = next.text().parse().map_err(|_| odd())?;
    Ok((keys.into_iter().filter_map(text).collect(), NonZeroU64::new(next).map(Cursor)))
}

/// The keys among these texts, without what is no object of the pattern.
pub(crate) fn page(
    listing: &Listing,
    options: &Options,
    texts: &[Vec<u8>],
    next: Option<Cursor>,
) -> Page {
    let read = |text: &Vec<u8>| {
        if is_record(text, &options.records) {
            return None;
        }
        let key = options.key_style.read(listing.pattern.namespace(), text)?;
        listing.pattern.matches(&key).then_some(key)
    };
    Page { keys: texts.iter().filter_map(read).collect(), next }
}

/// Whether this is the record of a token.
pub(crate) fn is_record(text: &[u8], prefix: &str) -> bool {
    let rest = text.strip_prefix(prefix.as_bytes());
    rest.is_some_and(|rest| rest.starts_with(b":session:") || rest.starts_with(b":token:"))
}
