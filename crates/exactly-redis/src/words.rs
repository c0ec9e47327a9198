//! Lists of byte strings: what goes to a script, and what comes back.

use std::fmt;
use std::io::Write;
use std::num::NonZeroU64;

use exactly_core::{Bytes, Fault};

/// Byte strings, one after the other in one buffer.
#[derive(Debug, Default, Clone)]
pub(crate) struct Words {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Words {
    pub(crate) fn push(&mut self, word: impl AsRef<[u8]>) {
        self.write(|bytes| bytes.extend_from_slice(word.as_ref()));
    }

    pub(crate) fn number(&mut self, number: impl Into<i128>) {
        let number = number.into();
        self.write(|bytes| {
            // Most fit into 64 bits, which are written in a third of the time. The result is that
            // of writing into memory, which takes what it is given.
            let _ = match i64::try_from(number) {
                Ok(number) => write!(bytes, "{number}"),
                Err(_) => write!(bytes, "{number}"),
            };
        });
    }

    /// A bound: nothing where there is none.
    pub(crate) fn end(&mut self, end: Option<i64>) {
        match end {
            Some(end) => self.number(end),
            None => self.push(""),
        }
    }

    /// The most that there may be: nothing where there is no limit.
    pub(crate) fn most(&mut self, limit: Option<NonZeroU64>) {
        match limit {
            Some(limit) => self.number(limit.get()),
            None => self.push(""),
        }
    }

    /// How many elements, then each of them.
    pub(crate) fn list(&mut self, elements: &[Bytes]) {
        self.number(elements.len() as u64);
        elements.iter().for_each(|element| self.push(&**element));
    }

    /// A word that is written piece by piece.
    pub(crate) fn write(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.ends.push(self.bytes.len());
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start..*end])
    }

    /// The words of another list, behind those that are there.
    pub(crate) fn append(&mut self, other: &Self) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&other.bytes);
        self.ends.extend(other.ends.iter().map(|end| start + end));
    }
}

/// A script's answer, read from front to back.
#[derive(Debug)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    /// The number in front of this sign.
    pub(crate) fn number(&mut self, sign: u8) -> Result<usize, Fault> {
        let end = self.0.iter().position(|byte| *byte == sign).ok_or_else(odd)?;
        let digits = std::str::from_utf8(&self.0[..end]).map_err(|_| odd())?;
        self.0 = &self.0[end + 1..];
        digits.parse().map_err(|_| odd())
    }

    /// Whether the answer goes on with this text, which is read then.
    pub(crate) fn starts(&mut self, text: &[u8]) -> bool {
        let rest = self.0.strip_prefix(text);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// The bytes up to this sign, or the end.
    pub(crate) fn until(&mut self, sign: u8) -> &'a [u8] {
        let end = self.0.iter().position(|byte| *byte == sign).unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at(end);
        self.0 = rest.get(1..).unwrap_or_default();
        word
    }

    /// The next word, with its length in front.
    pub(crate) fn word(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.number(b':')?;
        let (word, rest) = self.0.split_at_checked(length).ok_or_else(odd)?;
        self.0 = rest;
        Ok(word)
    }

    /// What one step answered: `<words>;` and each word with its length in front.
    pub(crate) fn outcome(&mut self) -> Result<Told<'a>, Fault> {
        let count = self.number(b';')?;
        self.words(count)
    }

    /// So many words.
    pub(crate) fn words(&mut self, count: usize) -> Result<Told<'a>, Fault> {
        (0..count).map(|_| self.word()).collect::<Result<_, _>>().map(Told)
    }

    /// All the words that are left.
    pub(crate) fn rest(&mut self) -> Result<Told<'a>, Fault> {
        let mut words = Vec::new();
        while !self.is_empty() {
            words.push(self.word()?);
        }
        Ok(Told(words))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The words of one outcome.
#[derive(Debug, PartialEq)]
pub(crate) struct Told<'a>(Vec<&'a [u8]>);

impl<'a> Told<'a> {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn word(&self, place: usize) -> &'a [u8] {
        self.0.get(place).copied().unwrap_or_default()
    }

    pub(crate) fn is(&self, place: usize, word: &str) -> bool {
        self.0.get(place).is_some_and(|told| *told == word.as_bytes())
    }

    pub(crate) fn text(&self, place: usize) -> String {
        String::from_utf8_lossy(self.word(place)).into_owned()
    }

    pub(crate) fn bytes(&self, place: usize) -> Bytes {
        Bytes::from(self.word(place).to_vec())
    }

    /// All words from this place on.
    pub(crate) fn all_bytes(&self, from: usize) -> Vec<Bytes> {
        self.0.iter().skip(from).map(|word| Bytes::from(word.to_vec())).collect()
    }

    pub(crate) fn number<N: std::str::FromStr>(&self, place: usize) -> Result<N, Fault> {
        let digits = std::str::from_utf8(self.word(place)).map_err(|_| odd())?;
        digits.parse().map_err(|_| odd())
    }
}

/// For people.
impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, word) in self.0.iter().enumerate() {
            let between = if place > 0 { " " } else { "" };
            match std::str::from_utf8(word) {
                Ok(text) if !text.is_empty() => write!(f, "{between}{}", text.escape_debug())?,
                Ok(_) => write!(f, "{between}\"\"")?,
                Err(_) => write!(f, "{between}{}", word.escape_ascii())?,
            }
        }
        Ok(())
    }
}

/// Something answered that is not our script.
pub(crate) fn odd() -> Fault {
    Fault::broken("the server answered a script of ours in a way it cannot")
}
