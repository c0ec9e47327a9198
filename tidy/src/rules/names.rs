//! No file, folder or module has a name that says nothing about its content.

use std::collections::BTreeSet;

use crate::words::words;
use crate::{Source, Tree, Violation};

/// Rooms that nobody owns, because anything fits into them.
const EMPTY_NAMES: &[&str] =
    &["common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"];

/// Every file, folder and inline module whose name, or the last word of it, is empty of meaning.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let paths: BTreeSet<&str> = tree.sources().flat_map(|source| places(source.path())).collect();
    let places = paths.into_iter().filter_map(|path| {
        let name = path.rsplit('/').next().unwrap_or(path);
        Some(Violation::new(path, 1, message(empty(name)?)))
    });
    places.chain(tree.rust().flat_map(modules)).collect()
}

/// The file and all folders above it.
fn places(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at]).chain(std::iter::once(path))
}

fn modules(source: &Source) -> Vec<Violation> {
    let code = source.code();
    let opened = code.tokens.windows(3).filter(|w| w[0].text == "mod" && w[2].text == "{");
    let named =
        opened.filter_map(|w| Some(source.violation(w[1].line, message(empty(w[1].text)?))));
    named.collect()
}

/// `sql_helpers` is the same room with a longer label.
fn empty(name: &str) -> Option<String> {
    let stem = name.split('.').next().unwrap_or(name);
    words(stem).pop().filter(|last| EMPTY_NAMES.contains(&last.as_str()))
}

fn message(word: String) -> String {
    format!("`{word}` says nothing about what is inside: name the thing, or move it to its user")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report;

    const WHY: &str = "says nothing about what is inside: name the thing, or move it to its user";

    fn told(path: &str, text: &str) -> String {
        report(&check(&Tree::of(&[(path, text)])))
    }

    #[test]
    fn a_noun_passes() {
        assert_eq!(told("crates/a/src/key.rs", "mod escape {}\nmod tests;\n"), "");
        assert_eq!(told("crates/a/src/common_prefix.rs", ""), "");
    }

    #[test]
    fn empty_names_are_told_for_files_folders_and_modules() {
        assert_eq!(told("a/utils.rs", ""), format!("a/utils.rs:1: `utils` {WHY}"));
        assert_eq!(told("a/sql_helpers.rs", ""), format!("a/sql_helpers.rs:1: `helpers` {WHY}"));
        assert_eq!(told("a/manager.test.rs", ""), format!("a/manager.test.rs:1: `manager` {WHY}"));
        assert_eq!(told("a/common/mod.rs", ""), format!("a/common:1: `common` {WHY}"));
        assert_eq!(told("a/b.rs", "\nmod misc {}\n"), format!("a/b.rs:2: `misc` {WHY}"));
    }

    #[test]
    fn a_folder_is_told_once() {
        let tree = Tree::of(&[("util/a.rs", ""), ("util/b.rs", "")]);
        assert_eq!(report(&check(&tree)), format!("util:1: `util` {WHY}"));
    }
}
