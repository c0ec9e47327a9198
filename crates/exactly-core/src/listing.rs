//! Which keys have something stored: asked for page by page.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::element::Cursor;
use crate::key::{Key, escape};

/// One page of keys, as [`Engine::keys`](crate::Engine::keys) is asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// Which keys.
    pub pattern: Pattern,
    /// Where the page before it ended; none for the first.
    pub after: Option<Cursor>,
    /// About how many keys are looked at for this page. Those that do not fit the pattern count, so
    /// that a page takes its time and no more.
    pub count: u32,
}

/// What an engine answers to a [`Listing`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The keys, in no order. There may be none though more pages follow.
    pub keys: Vec<Key>,
    /// Where the next page begins; none after the last.
    pub next: Option<Cursor>,
}

/// Some keys of one namespace: those whose [name](Key::name) looks like this.
///
/// `*` stands for any characters, colons among them, `?` for one, and `\` takes the meaning from
/// the character behind it.
///
/// ```
/// # use exactly_core::{Key, Pattern};
/// let seats = Key::in_group("shop", "course", "42", "seats")?;
/// assert!(Pattern::glob("shop", "course:*:seats").matches(&seats));
/// assert!(Pattern::prefix("shop", "course:4").matches(&seats));
/// assert!(Pattern::group("shop", "course").matches(&seats));
/// assert!(!Pattern::glob("", "*").matches(&seats), "of another namespace");
/// # Ok::<(), exactly_core::Fault>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pattern {
    /// Escaped, as it stands in keys.
    namespace: String,
    signs: Vec<Sign>,
}

/// What one character of a name may be.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Sign {
    This(char),
    One,
    Any,
}

impl Pattern {
    /// The keys whose names look like `glob`.
    pub fn glob(namespace: &str, glob: &str) -> Self {
        let mut signs = Vec::with_capacity(glob.len());
        let mut chars = glob.chars();
        while let Some(c) = chars.next() {
            signs.push(match c {
                '*' if signs.last() == Some(&Sign::Any) => continue,
                '*' => Sign::Any,
                '?' => Sign::One,
                '\\' => Sign::This(chars.next().unwrap_or('\\')),
                c => Sign::This(c),
            });
        }
        Self { namespace: escaped(namespace), signs }
    }

    /// The keys whose names begin with `text`, taken as it is.
    pub fn prefix(namespace: &str, text: &str) -> Self {
        let signs = text.chars().map(Sign::This).chain([Sign::Any]).collect();
        Self { namespace: escaped(namespace), signs }
    }

    /// All keys of a group: those of its things, and those that they share.
    pub fn group(namespace: &str, group: &str) -> Self {
        Self::prefix(namespace, &(escaped(group) + ":"))
    }

    /// All keys of one thing of a group.
    pub fn thing(namespace: &str, group: &str, id: &str) -> Self {
        Self::prefix(namespace, &format!("{}:{}:", escaped(group), escaped(id)))
    }

    /// Whether this is one of the keys.
    pub fn matches(&self, key: &Key) -> bool {
        key.namespace_text() == self.namespace && self.fits(key.name())
    }

    /// Whether a name looks like this, whatever its namespace.
    pub fn fits(&self, name: &str) -> bool {
        fits(&self.signs, name)
    }

    /// The namespace, escaped as it stands in keys; empty where there is none.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// What every name begins with, as far as that is told.
    pub fn beginning(&self) -> String {
        self.signs.iter().map_while(|sign| sign.character()).collect()
    }

    /// What every name ends with, as far as that is told; empty where the
    /// [beginning](Self::beginning) is all of it.
    pub fn ending(&self) -> String {
        if self.is_exact() {
            return String::new();
        }
        let last = self.signs.iter().rev().map_while(|sign| sign.character());
        last.collect::<Vec<_>>().into_iter().rev().collect()
    }

    /// Whether only one name fits: the [beginning](Self::beginning).
    pub fn is_exact(&self) -> bool {
        self.signs.iter().all(|sign| sign.character().is_some())
    }
}

impl Sign {
    fn character(self) -> Option<char> {
        match self {
            Self::This(c) => Some(c),
            Self::One | Self::Any => None,
        }
    }
}

fn escaped(part: &str) -> String {
    let mut text = String::with_capacity(part.len());
    escape(part, &mut text);
    text
}

/// Goes back to the last `*` alone, which is far enough: what an earlier one could take, it can.
fn fits(signs: &[Sign], text: &str) -> bool {
    let (mut sign, mut rest) = (0, text);
    let mut last_any: Option<(usize, &str)> = None;
    loop {
        let mut chars = rest.chars();
        match (signs.get(sign), chars.next()) {
            (Some(Sign::Any), _) => {
                sign += 1;
                last_any = Some((sign, rest));
                continue;
            }
            (Some(Sign::One), Some(_)) => {
                (sign, rest) = (sign + 1, chars.as_str());
                continue;
            }
            (Some(Sign::This(wanted)), Some(c)) if *wanted == c => {
                (sign, rest) = (sign + 1, chars.as_str());
                continue;
            }
            (None, None) => return true,
            (Some(_) | None, _) => {}
        }
        let Some((behind, taken)) = last_any else { return false };
        let mut chars = taken.chars();
        if chars.next().is_none() {
            return false;
        }
        (sign, rest) = (behind, chars.as_str());
        last_any = Some((behind, rest));
    }
}

impl fmt::Display for Pattern {
    /// As [`Pattern::glob`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.signs.iter().try_for_each(|sign| match sign {
            Sign::Any => f.write_str("*"),
            Sign::One => f.write_str("?"),
            Sign::This(c @ ('*' | '?' | '\\')) => write!(f, "\\{c}"),
            Sign::This(c) => write!(f, "{c}"),
        })
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({self}")?;
        if !self.namespace.is_empty() {
            write!(f, " in {}", self.namespace)?;
        }
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_and_the_names_that_fit() {
        let names =
            ["course:42:seats", "course:4%3A2:seats", "course::total", "visits", "a*b", "é"];
        let keys = [
            Key::in_group("", "course", "42", "seats"),
            Key::in_group("", "course", "4:2", "seats"),
            Key::global("", "course", "total"),
            Key::alone("", "visits"),
            Key::alone("", "a*b"),
            Key::alone("", "é"),
        ]
        .map(Result::unwrap);
        assert_eq!(keys.each_ref().map(Key::name), names);
        for (glob, fitting) in [
            ("*", &names[..]),
            ("**", &names[..]),
            ("course:*", &names[..3]),
            ("course:*:seats", &names[..2]),
            ("course:*:*", &names[..3]),
            ("course:??:seats", &names[..1]),
            ("*s", &["course:42:seats", "course:4%3A2:seats", "visits"]),
            ("*s*s*", &["course:42:seats", "course:4%3A2:seats", "visits"]),
            ("*s*ats", &["course:42:seats", "course:4%3A2:seats"]),
            ("course:42", &[]),
            ("visits", &["visits"]),
            ("visits?", &[]),
            ("a\\*b", &["a*b"]),
            ("a\\*", &[]),
            ("?", &["é"]),
            ("", &[]),
        ] {
            let pattern = Pattern::glob("", glob);
            let found: Vec<_> = keys.iter().filter(|key| pattern.matches(key)).collect();
            assert_eq!(found.iter().map(|key| key.name()).collect::<Vec<_>>(), fitting, "{glob}");
            assert_eq!(Pattern::glob("", &pattern.to_string()), pattern);
        }
        assert!(Pattern::prefix("", "a*").matches(&keys[4]));
        assert!(Pattern::group("", "course").matches(&keys[2]));
        assert!(!Pattern::thing("", "course", "4").matches(&keys[0]));
        assert!(Pattern::thing("", "course", "4:2").matches(&keys[1]));
    }

    #[test]
    fn a_pattern_stays_in_its_namespace() {
        let key = Key::in_group("a:b", "course", "42", "seats").unwrap();
        assert!(Pattern::glob("a:b", "*").matches(&key));
        for other in ["", "a", "a:b:c", "b"] {
            assert!(!Pattern::glob(other, "*").matches(&key), "{other}");
        }
    }

    #[test]
    fn what_all_names_begin_and_end_with() {
        for (glob, beginning, ending, exact) in [
            ("course:*:seats", "course:", ":seats", false),
            ("course:42:seats", "course:42:seats", "", true),
            ("*", "", "", false),
            ("a?", "a", "", false),
            ("\\**", "*", "", false),
        ] {
            let pattern = Pattern::glob("", glob);
            let told = (pattern.beginning(), pattern.ending(), pattern.is_exact());
            assert_eq!(told, (beginning.to_owned(), ending.to_owned(), exact), "{glob}");
        }
    }
}
