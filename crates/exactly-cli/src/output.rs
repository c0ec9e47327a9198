//! What is written to standard output.

use std::io::{self, Write};

use crate::failure::{Failure, reason};

/// Whether anybody reads on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    Reads,
    /// The reader has gone (`exactly ls | head -1`): there is nothing left to say.
    Gone,
}

/// Writes text to standard output.
pub(crate) fn print(text: &str) -> Result<Reader, Failure> {
    print_bytes(text.as_bytes())
}

/// Writes bytes to standard output as they are.
pub(crate) fn print_bytes(bytes: &[u8]) -> Result<Reader, Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(Reader::Reads),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(Failure::Misuse(format!("cannot write: {}.", reason(&error)))),
    }
}
