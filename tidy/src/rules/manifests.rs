//! Every crate describes itself; licence and lints are the workspace's.

use crate::manifest::Manifest;
use crate::{Source, Tree, Violation};

/// (section, key, what it has to be).
const INHERITED: &[(&str, &str, &str)] = &[
    ("package", "license.workspace", "true"),
    ("package", "rust-version.workspace", "true"),
    ("lints", "workspace", "true"),
];

/// Every manifest below `crates/` that lacks a description or goes its own way.
pub fn check(tree: &Tree) -> Vec<Violation> {
    tree.manifests().flat_map(|(_, source)| of_manifest(source)).collect()
}

fn of_manifest(source: &Source) -> Vec<Violation> {
    let manifest = Manifest::read(source);
    let described = manifest.value("package", "description").is_some_and(|text| text != "\"\"");
    let missing = INHERITED
        .iter()
        .filter(|(section, key, value)| manifest.value(section, key) != Some(value));
    let silent = (!described)
        .then(|| source.violation(1, "no description: say in one line what the crate is"));
    let own_way = missing.map(|(section, key, value)| {
        source.violation(1, format!("write `{key} = {value}` under `[{section}]`"))
    });
    silent.into_iter().chain(own_way).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report;

    fn told(text: &str) -> String {
        report(&check(&Tree::of(&[("crates/a/Cargo.toml", text)])))
    }

    #[test]
    fn a_complete_manifest_passes() {
        let text = "[package]\ndescription = \"#[derive(Objects)]\"\nlicense.workspace = true\n\
                    rust-version.workspace = true\n\n[lints]\nworkspace = true\n";
        assert_eq!(told(text), "");
    }

    #[test]
    fn everything_that_is_missing_is_told() {
        let expected = "\
crates/a/Cargo.toml:1: no description: say in one line what the crate is
crates/a/Cargo.toml:1: write `license.workspace = true` under `[package]`
crates/a/Cargo.toml:1: write `rust-version.workspace = true` under `[package]`
crates/a/Cargo.toml:1: write `workspace = true` under `[lints]`";
        assert_eq!(told("[package]\nlicense = \"MIT\"\ndescription = \"\"\n"), expected);
    }

    #[test]
    fn other_manifests_are_free() {
        assert!(check(&Tree::of(&[("tidy/Cargo.toml", "[package]\n")])).is_empty());
    }
}
