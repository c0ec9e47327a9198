//! The house rules, each over the real repository.

use std::path::Path;
use std::sync::LazyLock;

use tidy::{Tree, Violation, report, rules};

static HOUSE: LazyLock<Tree> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    Tree::of_repository(&root).unwrap_or_else(|fault| panic!("{fault}"))
});

fn keeps(rule: fn(&Tree) -> Vec<Violation>) {
    let violations = rule(&HOUSE);
    assert!(violations.is_empty(), "{} violations\n{}", violations.len(), report(&violations));
}

#[test]
fn size() {
    keeps(rules::size::check);
}

#[test]
fn names() {
    keeps(rules::names::check);
}

#[test]
fn glossary() {
    keeps(rules::glossary::check);
}

#[test]
fn leftovers() {
    keeps(rules::leftovers::check);
}

#[test]
fn layers() {
    keeps(rules::layers::check);
}

#[test]
fn rooms() {
    keeps(rules::rooms::check);
}

#[test]
fn suite() {
    keeps(rules::suite::check);
}

#[test]
fn lines() {
    keeps(rules::lines::check);
}

#[test]
fn self_contained() {
    keeps(rules::self_contained::check);
}

#[test]
fn manifests() {
    keeps(rules::manifests::check);
}

/// A rule that no test asks is no rule.
#[test]
fn every_rule_is_asked() {
    let house = include_str!("house.rs");
    let files = HOUSE
        .below("tidy/src/rules/")
        .filter_map(|source| source.path().strip_prefix("tidy/src/rules/")?.strip_suffix(".rs"));
    let forgotten: Vec<_> = files
        .filter(|rule| *rule != "mod" && !house.contains(&format!("rules::{rule}::check")))
        .collect();
    assert!(forgotten.is_empty(), "ask these rules too: {forgotten:?}");
}
