//! Names of tables and columns: checked when a plan becomes text, and always quoted.

use std::fmt;

use crate::fault::Fault;

/// The longest name that every engine takes whole: PostgreSQL cuts a longer one off.
pub const NAME_BYTES_MAX: usize = 63;

/// The name of a table or column, as the database knows it. Any letters are allowed: a name is
/// quoted wherever it is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// The name as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What makes it no name, if anything.
    pub(crate) fn check(&self, what: &str) -> Result<(), Fault> {
        let why = if self.0.is_empty() {
            "is empty".to_owned()
        } else if self.0.len() > NAME_BYTES_MAX {
            format!("has {} bytes, at most {NAME_BYTES_MAX}", self.0.len())
        } else if self.0.chars().any(char::is_control) {
            "has a control character".to_owned()
        } else {
            return Ok(());
        };
        Err(Fault::input(format!("the name {:?} of {what} {why}", self.0)))
    }
}

impl<T: Into<String>> From<T> for Name {
    fn from(name: T) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Several names, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names(Vec<Name>);

impl Names {
    /// Each of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Name> {
        self.0.iter()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where a name stands.
    pub fn position(&self, name: &Name) -> Option<usize> {
        self.0.iter().position(|one| one == name)
    }

    /// Each is a name, none is there twice, and there is one at least.
    pub(crate) fn check(&self, what: &str) -> Result<(), Fault> {
        if self.0.is_empty() {
            return Err(Fault::input(format!("no column is named as {what}")));
        }
        self.check_each(what)
    }

    pub(crate) fn check_each(&self, what: &str) -> Result<(), Fault> {
        for (at, name) in self.0.iter().enumerate() {
            name.check(what)?;
            if self.0[..at].contains(name) {
                return Err(Fault::input(format!("`{name}` is named twice as {what}")));
            }
        }
        Ok(())
    }
}

impl<I, N> From<I> for Names
where
    I: IntoIterator<Item = N>,
    N: Into<Name>,
{
    fn from(names: I) -> Self {
        Self(names.into_iter().map(Into::into).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_have_any_letters_but_no_control_characters() {
        for (name, fine) in [
            ("quantity", true),
            ("Menge \"x\" `y`", true),
            ("数", true),
            ("", false),
            ("a\0b", false),
            ("a\nb", false),
            (&"x".repeat(64), false),
        ] {
            let found = Name::from(name).check("a column");
            assert_eq!(found.is_ok(), fine, "{name:?}: {found:?}");
        }
    }

    #[test]
    fn no_name_twice() {
        let found = Names::from(["a", "b", "a"]).check("the key").unwrap_err();
        assert_eq!(found.to_string(), "misuse: `a` is named twice as the key");
    }
}
