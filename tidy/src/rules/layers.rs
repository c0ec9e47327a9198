//! Dependencies follow the floor plan, and core names no engine.

use crate::manifest::{Dependency, Manifest};
use crate::words::says;
use crate::{Source, Tree, Violation};

/// Which crates of ours a crate may stand on.
enum Stands {
    On(&'static [&'static str]),
    OnAnything,
}

/// The floor plan: arrows point down. A new crate begins with a line here.
const FLOOR_PLAN: &[(&str, Stands)] = &[
    ("exactly-cli", Stands::OnAnything),
    (
        "exactly",
        Stands::On(&[
            "exactly-core",
            "exactly-derive",
            "exactly-embedded",
            "exactly-redis",
            "exactly-rows",
            "exactly-sql",
        ]),
    ),
    ("exactly-conformance", Stands::On(&["exactly-core"])),
    ("exactly-embedded", Stands::On(&["exactly-core"])),
    ("exactly-redis", Stands::On(&["exactly-core"])),
    ("exactly-rows", Stands::On(&["exactly-core"])),
    ("exactly-sql", Stands::On(&["exactly-core"])),
    ("exactly-core", Stands::On(&[])),
    ("exactly-derive", Stands::On(&[])),
];

/// The crate that must not know who implements it.
const CORE: &str = "crates/exactly-core/src/";

/// How engines are called. Docs of core may compare them; its code may not know them.
const ENGINES: &[&str] = &["redis", "postgres", "postgresql", "mysql", "mariadb", "sqlite", "lua"];

/// Every arrow that points up, every crate without a place, every engine named in core's code.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let arrows = tree.manifests().flat_map(|(name, manifest)| arrows(name, manifest));
    let core = tree.rust().filter(|source| source.path().starts_with(CORE));
    arrows.chain(core.flat_map(engines)).collect()
}

fn arrows(name: &str, source: &Source) -> Vec<Violation> {
    let manifest = Manifest::read(source);
    let dependencies = manifest.dependencies();
    let ours = dependencies.iter().filter(|found| is_ours(found.name));
    match FLOOR_PLAN.iter().find(|(planned, _)| *planned == name) {
        None => {
            let advice = "is not on the floor plan: give it a line in tidy/src/rules/layers.rs";
            vec![source.violation(1, format!("`{name}` {advice}"))]
        }
        Some((_, Stands::OnAnything)) => Vec::new(),
        Some((_, Stands::On(below))) => ours
            .filter(|found| !below.contains(&found.name))
            .map(|found| upward(source, name, found))
            .collect(),
    }
}

fn is_ours(name: &str) -> bool {
    name == "exactly" || name.starts_with("exactly-")
}

fn upward(source: &Source, name: &str, found: &Dependency<'_>) -> Violation {
    let advice = "arrows point down: move what is shared into exactly-core";
    source.violation(found.line, format!("`{name}` must not know `{}`: {advice}", found.name))
}

fn engines(source: &Source) -> Vec<Violation> {
    let mut found = Vec::new();
    for token in source.code().tokens {
        for engine in ENGINES.iter().filter(|engine| names(token.text, engine)) {
            let advice = "say it in the engine's crate, or by what the engine promises";
            found.push(source.violation(token.line, format!("core names `{engine}`: {advice}")));
        }
    }
    found
}

/// A string is read word by word, so that words do not run together over a space.
fn names(token: &str, engine: &str) -> bool {
    token.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| says(word, engine))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report;

    fn told(path: &str, text: &str) -> String {
        report(&check(&Tree::of(&[(path, text)])))
    }

    fn manifest_of(name: &str, dependencies: &str) -> String {
        told(&format!("crates/{name}/Cargo.toml"), &format!("[dependencies]\n{dependencies}\n"))
    }

    #[test]
    fn arrows_down_pass() {
        for (name, dependency) in [
            ("exactly", "exactly-core.workspace = true"),
            ("exactly", "exactly-derive = { workspace = true, optional = true }"),
            ("exactly-embedded", "exactly-core.workspace = true"),
            ("exactly-cli", "exactly.workspace = true"),
            ("exactly-core", "serde.workspace = true"),
            ("exactly-core", "\n[dev-dependencies]\nexactly.workspace = true"),
        ] {
            assert_eq!(manifest_of(name, dependency), "", "{name}: {dependency}");
        }
    }

    #[test]
    fn arrows_up_and_sideways_are_told() {
        for (name, other) in [
            ("exactly-core", "exactly-embedded"),
            ("exactly-embedded", "exactly"),
            ("exactly-derive", "exactly-core"),
            ("exactly-conformance", "exactly-embedded"),
            ("exactly", "exactly-conformance"),
        ] {
            let expected = format!(
                "crates/{name}/Cargo.toml:2: `{name}` must not know `{other}`: \
                 arrows point down: move what is shared into exactly-core"
            );
            assert_eq!(manifest_of(name, &format!("{other}.workspace = true")), expected);
        }
    }

    #[test]
    fn a_crate_without_a_place_is_told() {
        let expected = "crates/exactly-new/Cargo.toml:1: `exactly-new` is not on the floor plan: \
                        give it a line in tidy/src/rules/layers.rs";
        assert_eq!(manifest_of("exactly-new", ""), expected);
    }

    #[test]
    fn core_speaks_of_engines_in_comments_only() {
        let path = "crates/exactly-core/src/key.rs";
        let text = "/// As Redis does.\nfn evaluate() {} // not SQLite\nfn rediscover() {}\n";
        assert_eq!(told(path, text), "");
        let advice = "say it in the engine's crate, or by what the engine promises";
        for (text, engine) in [
            ("struct RedisKey;\n", "redis"),
            ("const TEXT: &str = \"ask MySQL first\";\n", "mysql"),
            ("fn for_sqlite() {}\n", "sqlite"),
            ("mod lua;\n", "lua"),
        ] {
            assert_eq!(told(path, text), format!("{path}:1: core names `{engine}`: {advice}"));
        }
        assert_eq!(told("crates/exactly-redis/src/lib.rs", "struct RedisKey;\n"), "");
    }
}
