//! The type of the crate `uuid`.

use ::uuid::Uuid;

use super::{Form, Mismatch, odd, text};
use crate::bytes::Bytes;

#[diagnostic::do_not_recommend]
impl Form for Uuid {
    const NAME: &'static str = "a UUID";

    fn encode(&self) -> Result<Bytes, Mismatch> {
        Ok(self.as_hyphenated().to_string().into())
    }

    fn decode(bytes: &Bytes) -> Result<Self, Mismatch> {
        Self::try_parse(text(bytes)?).map_err(|error| odd(error, bytes))
    }
}
