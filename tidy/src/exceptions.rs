//! What may break the size rule for now. The list may only shrink: an exception that is larger
//! than its need, or without one, is itself a violation.

/// One item that is longer than the house allows, and why it still is.
#[derive(Debug, Clone, Copy)]
pub struct Exception {
    /// The file, from the root of the repository.
    pub path: &'static str,
    /// The function as the size rule names it (`Key::parse`, `render`), or `file`.
    pub item: &'static str,
    /// How many lines it has today.
    pub lines: usize,
    /// Why it is better long than cut.
    pub reason: &'static str,
}

/// Every exception from the size rule.
pub const SIZE_EXCEPTIONS: &[Exception] = &[];
