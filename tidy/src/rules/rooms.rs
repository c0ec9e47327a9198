//! Every object kind has the same file in every layer, in the same order.
//!
//! Who has read one kind has read all: the same name leads from the meaning to its handle, to its
//! translation on every engine and to its race.

use crate::{Source, Tree, Violation};

/// Where a kind begins.
const KINDS: &str = "crates/exactly-core/src/operations/";

/// The operations that every object has; no object of its own, so no handle and no race.
const NO_OBJECT: &str = "key";

/// (folder of the same file, whether only objects have one).
const ROOMS: &[(&str, bool)] = &[
    ("crates/exactly-conformance/src/operations/", false),
    ("crates/exactly/src/objects/", true),
    ("crates/exactly-conformance/src/races/", true),
];

/// (line that begins a section, whether it has to be there), in order.
const SECTIONS: &[(&str, bool)] = &[
    ("// ===== operations =====", true),
    ("// ===== outcomes =====", true),
    ("// ===== state =====", false),
    ("// ===== step =====", true),
    ("#[cfg(test)]", true),
];

/// Every kind without one of its rooms, and every section that is missing or out of order.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let kinds: Vec<_> =
        tree.below(KINDS).filter_map(|source| Some((kind(source)?, source))).collect();
    let rooms = rooms(tree);
    let missing = kinds.iter().flat_map(|(kind, source)| missing_rooms(tree, &rooms, kind, source));
    missing.chain(kinds.iter().flat_map(|(_, source)| sections(source))).collect()
}

fn kind(source: &Source) -> Option<&str> {
    let kind = source.path().strip_prefix(KINDS)?.strip_suffix(".rs")?;
    (kind != "mod" && !kind.contains('/')).then_some(kind)
}

/// The folders that exist: crates land one by one, and then a kind at a time.
fn rooms(tree: &Tree) -> Vec<(String, bool)> {
    let fixed = ROOMS.iter().map(|&(folder, objects_only)| (folder.to_owned(), objects_only));
    let translations = tree.manifests().map(|(name, _)| format!("crates/{name}/src/operations/"));
    let engines = translations.filter(|folder| folder != KINDS && folder != ROOMS[0].0);
    let rooms = fixed.chain(engines.map(|folder| (folder, false)));
    rooms.filter(|(folder, _)| tree.has_folder(folder)).collect()
}

fn missing_rooms(
    tree: &Tree,
    rooms: &[(String, bool)],
    kind: &str,
    source: &Source,
) -> Vec<Violation> {
    let wanted = rooms.iter().filter(|(_, objects_only)| !objects_only || kind != NO_OBJECT);
    let paths = wanted.map(|(folder, _)| format!("{folder}{kind}.rs"));
    let missing = paths.filter(|path| tree.get(path).is_none());
    missing.map(|path| source.violation(1, format!("`{kind}` has no {path}: write it"))).collect()
}

fn sections(source: &Source) -> Vec<Violation> {
    let order = SECTIONS.iter().map(|(ruler, _)| *ruler).collect::<Vec<_>>().join(", ");
    let mut above = 0;
    let mut violations = Vec::new();
    for (ruler, needed) in SECTIONS {
        match (line_of(source, ruler), needed) {
            (Some(line), _) if line < above => {
                let message = format!("`{ruler}` is out of order; the order is {order}");
                violations.push(source.violation(line, message));
            }
            (Some(line), _) => above = line,
            (None, true) => {
                let message = format!("no section `{ruler}`; the order is {order}");
                violations.push(source.violation(1, message));
            }
            (None, false) => {}
        }
    }
    violations
}

/// The last of its kind, because `#[cfg(test)]` may also stand above an import.
fn line_of(source: &Source, ruler: &str) -> Option<usize> {
    source.lines().filter(|(_, text)| *text == ruler).map(|(line, _)| line).last()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report;

    const COUNTER: &str = "crates/exactly-core/src/operations/counter.rs";
    const COMPLETE: [&str; 5] = [
        "// ===== operations =====",
        "// ===== outcomes =====",
        "// ===== state =====",
        "// ===== step =====",
        "#[cfg(test)]",
    ];

    fn told(kind: &str, rulers: &[&str], others: &[&str]) -> String {
        let path = format!("crates/exactly-core/src/operations/{kind}.rs");
        let text: String = rulers.iter().map(|ruler| format!("{ruler}\nfn f() {{}}\n")).collect();
        let mut files = vec![(path.as_str(), text.as_str())];
        files.extend(others.iter().map(|path| (*path, "")));
        report(&check(&Tree::of(&files)))
    }

    #[test]
    fn a_kind_alone_waits_for_its_rooms() {
        assert_eq!(told("counter", &COMPLETE, &["crates/exactly-core/src/operations/mod.rs"]), "");
    }

    #[test]
    fn a_kind_with_all_its_rooms_passes() {
        let rooms = [
            "crates/exactly-conformance/src/operations/counter.rs",
            "crates/exactly-conformance/src/races/counter.rs",
            "crates/exactly-redis/Cargo.toml",
            "crates/exactly-redis/src/operations/counter.rs",
            "crates/exactly/src/objects/counter.rs",
        ];
        assert_eq!(told("counter", &COMPLETE, &rooms), "");
    }

    #[test]
    fn every_missing_room_is_told() {
        let others = [
            "crates/exactly-conformance/src/operations/mod.rs",
            "crates/exactly-conformance/src/races/mod.rs",
            "crates/exactly-redis/Cargo.toml",
            "crates/exactly-redis/src/operations/flag.rs",
            "crates/exactly/src/objects/mod.rs",
        ];
        let missing = |kind: &str, folder: &str| {
            let core = format!("crates/exactly-core/src/operations/{kind}.rs");
            format!("{core}:1: `{kind}` has no crates/{folder}/{kind}.rs: write it")
        };
        let expected = [
            missing("counter", "exactly-conformance/src/operations"),
            missing("counter", "exactly/src/objects"),
            missing("counter", "exactly-conformance/src/races"),
            missing("counter", "exactly-redis/src/operations"),
        ];
        assert_eq!(told("counter", &COMPLETE, &others), expected.join("\n"));
        let expected = [
            missing("key", "exactly-conformance/src/operations"),
            missing("key", "exactly-redis/src/operations"),
        ];
        assert_eq!(told("key", &COMPLETE, &others), expected.join("\n"));
    }

    #[test]
    fn a_kind_without_state_passes() {
        let [operations, outcomes, _, step, tests] = COMPLETE;
        assert_eq!(told("key", &[operations, outcomes, step, tests], &[]), "");
    }

    #[test]
    fn sections_that_are_missing_or_out_of_order_are_told() {
        let [operations, outcomes, state, step, tests] = COMPLETE;
        let order = COMPLETE.join(", ");
        let missing = format!("{COUNTER}:1: no section `{outcomes}`; the order is {order}");
        assert_eq!(told("counter", &[operations, state, step, tests], &[]), missing);
        let swapped = [operations, outcomes, step, state, tests];
        let expected = format!("{COUNTER}:5: `{step}` is out of order; the order is {order}");
        assert_eq!(told("counter", &swapped, &[]), expected);
    }
}
