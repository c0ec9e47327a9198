//! Fragments: SQL of the user's own inside a statement of ours, with its values bound.

use std::collections::HashSet;

use crate::dialect::Dialect;
use crate::fault::Fault;
use crate::value::Value;

/// The longest fragment.
pub const FRAGMENT_BYTES_MAX: usize = 65_536;

/// A piece of SQL of the user's own, such as a condition or a sub-select, with values bound to it.
///
/// The text is the user's: never build it from what others send. It is one expression, so comments
/// and `;` are refused, and its places are counted before anything is sent. Columns can be named
/// alone or with the name of the table.
///
/// ```
/// use exactly_rows::{Fragment, Scope};
///
/// let cheap = Fragment::new("price * ? < ?", [3, 100]);
/// // As query builders write it for PostgreSQL; the numbers are made anew.
/// let built = Fragment::numbered("id IN (SELECT item_id FROM tags WHERE tag = $1)", ["red"]);
/// let scope = Scope::raw(cheap).and(Scope::raw(built));
/// # let _ = scope;
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Fragment {
    text: String,
    binds: Vec<Value>,
    numbered: bool,
}

/// A fragment, cut where values are bound.
#[derive(Debug, PartialEq)]
pub(crate) enum Piece<'f> {
    Text(&'f str),
    Bind(&'f Value),
}

impl Fragment {
    /// With a value for each `?`, in order.
    pub fn new<V: Into<Value>>(
        text: impl Into<String>,
        binds: impl IntoIterator<Item = V>,
    ) -> Self {
        let binds = binds.into_iter().map(Into::into).collect();
        Self { text: text.into(), binds, numbered: false }
    }

    /// With a value for each of `$1`, `$2` and so on, each named at least once. A `?` is the
    /// operator of that name.
    pub fn numbered<V: Into<Value>>(
        text: impl Into<String>,
        binds: impl IntoIterator<Item = V>,
    ) -> Self {
        Self { numbered: true, ..Self::new(text, binds) }
    }

    /// Cut where values are bound, for that dialect.
    pub(crate) fn pieces(&self, dialect: Dialect) -> Result<Vec<Piece<'_>>, Fault> {
        if self.text.len() > FRAGMENT_BYTES_MAX {
            return Err(self.wrong(&format!("has more than {FRAGMENT_BYTES_MAX} bytes")));
        }
        let mut scan = Scan { fragment: self, at: 0, begun: 0, depth: 0, pieces: Vec::new() };
        while scan.at < self.text.len() {
            scan.step(dialect)?;
        }
        scan.text_until(self.text.len());
        let Scan { depth, pieces, .. } = scan;
        if depth != 0 {
            return Err(self.wrong("has an open parenthesis"));
        }
        self.all_bound(&pieces)?;
        Ok(pieces)
    }

    fn all_bound(&self, pieces: &[Piece<'_>]) -> Result<(), Fault> {
        let places = pieces.iter().filter(|piece| matches!(piece, Piece::Bind(_))).count();
        let used: HashSet<_> = pieces.iter().filter_map(Piece::bound).collect();
        let unused = self.binds.iter().any(|bind| !used.contains(&std::ptr::from_ref(bind)));
        if unused || (!self.numbered && places != self.binds.len()) {
            let found = format!("has {places} places for {} values", self.binds.len());
            return Err(self.wrong(&found));
        }
        Ok(())
    }

    fn wrong(&self, why: &str) -> Fault {
        Fault::input(format!("the fragment {:?} {why}", self.text))
    }
}

impl Piece<'_> {
    /// Which of the values: two places may have one.
    fn bound(&self) -> Option<*const Value> {
        match self {
            Self::Text(_) => None,
            Self::Bind(bound) => Some(std::ptr::from_ref(*bound)),
        }
    }
}

struct Scan<'f> {
    fragment: &'f Fragment,
    at: usize,
    begun: usize,
    depth: usize,
    pieces: Vec<Piece<'f>>,
}

impl<'f> Scan<'f> {
    fn rest(&self) -> &'f [u8] {
        &self.fragment.text.as_bytes()[self.at..]
    }

    /// One letter, one quoted text or one place. All that is looked for is ASCII, so the other
    /// bytes of a letter are passed over as they are.
    fn step(&mut self, dialect: Dialect) -> Result<(), Fault> {
        match self.rest() {
            [quote @ (b'\'' | b'"' | b'`'), ..] => return self.quoted(*quote),
            [b'?', ..] if !self.fragment.numbered => return self.bind(1, self.bound()),
            [b'$', ..] => return self.number(),
            [b'-', b'-', ..] | [b'/', b'*', ..] => return Err(self.wrong("has a comment")),
            [b'#', ..] if dialect.is_mysql_like() => return Err(self.wrong("has a comment")),
            [b';', ..] => return Err(self.wrong("has a `;`: it is one expression")),
            [b'\0', ..] => return Err(self.wrong("has a NUL")),
            [b'(', ..] => self.depth += 1,
            [b')', ..] => {
                let closed = self.depth.checked_sub(1);
                self.depth = closed.ok_or_else(|| self.wrong("closes a parenthesis too many"))?;
            }
            _ => {}
        }
        self.at += 1;
        Ok(())
    }

    /// Two quotes within are the end of one text and the beginning of the next, which comes to the
    /// same.
    fn quoted(&mut self, quote: u8) -> Result<(), Fault> {
        let within = &self.rest()[1..];
        let closed = within.iter().position(|byte| *byte == quote);
        let length = closed.ok_or_else(|| self.wrong("has an open quote"))?;
        if within[..length].contains(&b'\\') {
            return Err(self.wrong("has a `\\` between quotes: bind that text"));
        }
        self.at += length + 2;
        Ok(())
    }

    fn number(&mut self) -> Result<(), Fault> {
        let digits = self.rest()[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = &self.fragment.text[self.at + 1..self.at + 1 + digits];
        match text.parse::<usize>() {
            Ok(number) if self.fragment.numbered => self.bind(digits + 1, number.wrapping_sub(1)),
            Ok(_) => Err(self.wrong("has a `$` and a number: use `Fragment::numbered`")),
            Err(_) => Err(self.wrong("has a `$` without a number")),
        }
    }

    fn bound(&self) -> usize {
        self.pieces.iter().filter(|piece| matches!(piece, Piece::Bind(_))).count()
    }

    fn bind(&mut self, length: usize, index: usize) -> Result<(), Fault> {
        let value = self.fragment.binds.get(index);
        let value = value.ok_or_else(|| {
            let given = self.fragment.binds.len();
            self.wrong(&format!("has more places than the {given} values given"))
        })?;
        self.text_until(self.at);
        self.pieces.push(Piece::Bind(value));
        self.at += length;
        self.begun = self.at;
        Ok(())
    }

    fn text_until(&mut self, end: usize) {
        if self.begun < end {
            self.pieces.push(Piece::Text(&self.fragment.text[self.begun..end]));
        }
    }

    fn wrong(&self, why: &str) -> Fault {
        self.fragment.wrong(why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(fragment: &Fragment) -> Result<String, Fault> {
        let pieces = fragment.pieces(Dialect::Postgres)?;
        Ok(pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => (*text).to_owned(),
                Piece::Bind(value) => format!("<{}>", crate::record::told(value)),
            })
            .collect())
    }

    #[test]
    fn places_are_found_but_not_in_quotes() {
        for (fragment, expected) in [
            (Fragment::new("a > ? AND b < ?", [1, 2]), "a > <1> AND b < <2>"),
            (Fragment::new("a = '?' AND \"b?\" = ?", [1]), "a = '?' AND \"b?\" = <1>"),
            (Fragment::new("a = 'it''s ?' OR b = ?", [1]), "a = 'it''s ?' OR b = <1>"),
            (
                Fragment::numbered("a > $2 OR a < $1 OR b > $2", [1, 2]),
                "a > <2> OR a < <1> OR b > <2>",
            ),
            (Fragment::numbered("tags ? 'x' AND a = $1", [1]), "tags ? 'x' AND a = <1>"),
            (Fragment::new("größe > ?", [1]), "größe > <1>"),
        ] {
            assert_eq!(written(&fragment).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_no_single_expression_is_refused() {
        for (fragment, why) in [
            (Fragment::new("a = ?", [0; 0]), "more places than the 0 values"),
            (Fragment::new("a = ?", [1, 2]), "1 places for 2 values"),
            (Fragment::numbered("a = $1", [1, 2]), "1 places for 2 values"),
            (Fragment::numbered("a = $0", [1]), "more places"),
            (Fragment::new("a = $1", [1]), "Fragment::numbered"),
            (Fragment::new("a = 1; DROP TABLE t", [0; 0]), "one expression"),
            (Fragment::new("a = 1) OR (1 = 1", [0; 0]), "closes a parenthesis"),
            (Fragment::new("(a = 1", [0; 0]), "open parenthesis"),
            (Fragment::new("a = 1 -- b", [0; 0]), "comment"),
            (Fragment::new("a = 1 /* b", [0; 0]), "comment"),
            (Fragment::new("a = 'b", [0; 0]), "open quote"),
            (Fragment::new("a = '\\'' OR ?", [1]), "bind that text"),
        ] {
            let told = written(&fragment).unwrap_err().to_string();
            assert!(told.contains(why), "{told}");
        }
    }
}
