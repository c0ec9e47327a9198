use std::collections::BTreeSet;

use crate::Violation;
use crate::code::{Code, Comment};

/// One text file of the repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    path: String,
    text: String,
}

impl Source {
    /// A file by its path from the root, with `/` between folders, and what is in it.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    /// The path from the root of the repository.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The lines, counted from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.split_terminator('\n').enumerate().map(|(at, line)| (at + 1, line))
    }

    /// What follows the last dot of the file's name.
    pub fn extension(&self) -> &str {
        self.path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("", |(_, e)| e)
    }

    /// Whether nothing but tests is in it.
    pub fn is_test(&self) -> bool {
        self.path.split('/').any(|part| part == "tests" || part == "tests.rs")
    }

    /// A violation in this file.
    pub fn violation(&self, line: usize, message: impl Into<String>) -> Violation {
        Violation::new(self.path.clone(), line, message)
    }

    pub(crate) fn code(&self) -> Code<'_> {
        Code::read(&self.text)
    }

    pub(crate) fn syntax(&self) -> syn::Result<syn::File> {
        syn::parse_file(&self.text)
    }

    pub(crate) fn docs(&self) -> Vec<Comment<'_>> {
        self.code().comments.into_iter().filter(|comment| comment.doc).collect()
    }

    pub(crate) fn doc_lines(&self) -> BTreeSet<usize> {
        self.docs().iter().map(|comment| comment.line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_what_a_file_is() {
        for (path, extension, test) in [
            ("crates/a/src/lib.rs", "rs", false),
            ("crates/a/tests/api.rs", "rs", true),
            ("crates/a/src/key/tests.rs", "rs", true),
            (".ci/run", "", false),
        ] {
            let source = Source::new(path, "");
            assert_eq!((source.extension(), source.is_test()), (extension, test), "{path}");
        }
    }
}
