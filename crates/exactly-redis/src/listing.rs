//! Which keys are stored, page by page: the server's `SCAN`.

use std::num::NonZeroU64;

use exactly_core::{Cursor, Fault, Key, Listing, Page};
use redis::Cmd;

use crate::fault;
use crate::heard::Heard;
use crate::options::Options;
use crate::words::odd;

/// The command for a page.
pub(crate) fn command(listing: &Listing, options: &Options) -> Cmd {
    let after = listing.after.map_or(0, |Cursor(place)| place.get());
    let mut scan = redis::cmd("SCAN");
    scan.arg(after);
    scan.arg("MATCH").arg(options.key_style.glob(&listing.pattern));
    scan.arg("COUNT").arg(listing.count.max(1));
    scan
}

/// What the server answered, without what is no object of the pattern.
pub(crate) fn page(listing: &Listing, options: &Options, told: &Heard) -> Result<Page, Fault> {
    if let Heard::Error(error) = told {
        return Err(fault::of_server(error).of_a_read());
    }
    let [next, keys] = told.list() else { return Err(odd()) };
    let next: u64 = next.text().parse().map_err(|_| odd())?;
    let next = NonZeroU64::new(next).map(Cursor);
    let read = |text: &Heard| key(listing, options, text);
    Ok(Page { keys: keys.list().iter().filter_map(read).collect(), next })
}

fn key(listing: &Listing, options: &Options, text: &Heard) -> Option<Key> {
    let Heard::Text(text) = text else { return None };
    if is_record(text, &options.records) {
        return None;
    }
    let key = options.key_style.read(listing.pattern.namespace(), text)?;
    listing.pattern.matches(&key).then_some(key)
}

/// Whether this is the record of a token.
fn is_record(text: &[u8], prefix: &str) -> bool {
    let rest = text.strip_prefix(prefix.as_bytes());
    rest.is_some_and(|rest| rest.starts_with(b":session:") || rest.starts_with(b":token:"))
}
