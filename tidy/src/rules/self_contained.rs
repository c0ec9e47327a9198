//! No file knows somebody's machine or a package registry.
//!
//! The needles are written in halves, so that this file keeps its own rule.

use crate::{Source, Tree, Violation};

/// Where the folders of developers and of build machines begin.
const MACHINES: &[&str] =
    &[concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/Us", "ers/"), concat!("/wo", "rk/")];

/// Hosts that serve packages or their documentation.
const REGISTRIES: &[&str] = &[
    concat!("crates", ".io"),
    concat!("docs", ".rs"),
    concat!("npmjs", ".com"),
    concat!("pypi", ".org"),
    concat!("rubygems", ".org"),
    concat!("static", ".rust-lang.org"),
];

/// Every line that holds only on one machine, or sends the reader to a registry.
pub fn check(tree: &Tree) -> Vec<Violation> {
    tree.sources().flat_map(|source| machines(source).chain(registries(source))).collect()
}

fn machines(source: &Source) -> impl Iterator<Item = Violation> + '_ {
    MACHINES.iter().flat_map(move |folder| {
        let found = source.lines().filter(|(_, text)| occurs(text, folder, begins_a_path));
        found.map(move |(line, _)| {
            source.violation(line, format!("`{folder}` is one machine's folder: write it relative"))
        })
    })
}

fn registries(source: &Source) -> impl Iterator<Item = Violation> + '_ {
    REGISTRIES.iter().filter(|_| !is_lock_file(source)).flat_map(move |host| {
        let lines = source.lines().filter(|(_, text)| !text.starts_with("[package.metadata."));
        let found = lines.filter(|(_, text)| occurs(text, host, begins_a_host));
        found.map(move |(line, _)| {
            source.violation(line, format!("`{host}` is a registry's host: name the crate alone"))
        })
    })
}

/// Cargo writes the registry into its lock file; nobody else should.
fn is_lock_file(source: &Source) -> bool {
    source.path().rsplit('/').next() == Some("Cargo.lock")
}

fn occurs(text: &str, needle: &str, begins: fn(&str) -> bool) -> bool {
    text.match_indices(needle).any(|(at, _)| begins(&text[..at]))
}

/// The same letters further down, as in `docs/home/`, are nobody's machine.
fn begins_a_path(before: &str) -> bool {
    !before.ends_with(|c: char| c.is_alphanumeric() || "_-.}~".contains(c))
}

/// A file of that name, as in `src/docs` with its ending, is no host; one after `://` is.
fn begins_a_host(before: &str) -> bool {
    let inside_a_word = before.ends_with(|c: char| c.is_alphanumeric() || "_-".contains(c));
    let inside_a_path = before.ends_with('/') && !before.ends_with("//");
    !inside_a_word && !inside_a_path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report;

    fn told(path: &str, text: &str) -> String {
        report(&check(&Tree::of(&[(path, text)])))
    }

    #[test]
    fn a_file_that_holds_anywhere_passes() {
        let docs = REGISTRIES[1];
        for text in [
            "see docs/home/page.md and https://host.test/root/x\n".to_owned(),
            format!("[package.metadata.{docs}]\n"),
            format!("the module crates/a/src/{docs}\n"),
            format!("my{docs}\n"),
        ] {
            assert_eq!(told("a.md", &text), "", "{text}");
        }
    }

    #[test]
    fn a_machine_is_told() {
        for folder in MACHINES {
            let text = format!("fine\nread \"{folder}ada/notes\"\n");
            let expected = format!("`{folder}` is one machine's folder: write it relative");
            assert_eq!(told("a.sh", &text), format!("a.sh:2: {expected}"));
        }
    }

    #[test]
    fn a_registry_is_told_outside_the_lock_file() {
        for host in REGISTRIES {
            for text in [format!("https://{host}/x\n"), format!("https://www.{host}\n")] {
                let expected = format!("`{host}` is a registry's host: name the crate alone");
                assert_eq!(told("a.md", &text), format!("a.md:1: {expected}"));
                assert_eq!(told("Cargo.lock", &text), "");
            }
        }
    }
}
