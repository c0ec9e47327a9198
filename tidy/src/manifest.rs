use crate::Source;

/// A `Cargo.toml` as its entries.
///
/// The house writes one entry per line, so a reader of lines is enough and `tidy` needs no TOML.
#[derive(Debug)]
pub(crate) struct Manifest<'a> {
    entries: Vec<Entry<'a>>,
}

/// A crate that another one needs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Dependency<'a> {
    pub(crate) line: usize,
    pub(crate) name: &'a str,
}

#[derive(Debug)]
struct Entry<'a> {
    line: usize,
    section: &'a str,
    key: &'a str,
    value: &'a str,
}

impl<'a> Manifest<'a> {
    pub(crate) fn read(source: &'a Source) -> Self {
        let mut section = "";
        let mut entries = Vec::new();
        for (line, text) in source.lines() {
            if let Some(header) = header(text) {
                section = header;
            } else if let Some((key, value)) = text.split_once('=') {
                entries.push(Entry { line, section, key: key.trim(), value: value.trim() });
            }
        }
        Self { entries }
    }

    pub(crate) fn value(&self, section: &str, key: &str) -> Option<&'a str> {
        let found = self.entries.iter().find(|entry| entry.section == section && entry.key == key);
        found.map(|entry| entry.value)
    }

    /// What the crate needs to be built, also for one platform only. Its tests are free.
    pub(crate) fn dependencies(&self) -> Vec<Dependency<'a>> {
        let mut found: Vec<_> = self.entries.iter().filter_map(Entry::dependency).collect();
        found.dedup_by_key(|dependency| dependency.name);
        found
    }
}

impl<'a> Entry<'a> {
    fn dependency(&self) -> Option<Dependency<'a>> {
        let name = match self.section.rsplit_once("dependencies.") {
            Some((kind, name)) => is_built(kind).then_some(name),
            None => self
                .section
                .strip_suffix("dependencies")
                .filter(|kind| is_built(kind))
                .map(|_| self.key.split('.').next().unwrap_or_default()),
        }?;
        let name = self.renamed().unwrap_or(name.trim_matches('"'));
        Some(Dependency { line: self.line, name })
    }

    /// `local = { package = "real" }`, or `package = "real"` in the dependency's own section.
    fn renamed(&self) -> Option<&'a str> {
        let after = match self.key {
            "package" => self.value,
            _ => self.value.split_once("package")?.1,
        };
        after.split('"').nth(1)
    }
}

fn is_built(kind: &str) -> bool {
    !kind.ends_with("dev-")
}

fn header(text: &str) -> Option<&str> {
    text.strip_prefix('[')?.trim_end().strip_suffix(']')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
[package]
name = \"a\"
license.workspace = true

[dependencies]
one.workspace = true
two = { version = \"1\", features = [\"x\"] }
local = { package = \"three\", version = \"1\" }

[dependencies.four]
version = \"1\"
optional = true

[target.'cfg(unix)'.dependencies]
five = \"1\"

[build-dependencies]
six = \"1\"

[dev-dependencies]
free = \"1\"

[dev-dependencies.also-free]
version = \"1\"
";

    #[test]
    fn values_are_found_by_section_and_key() {
        let source = Source::new("Cargo.toml", TEXT);
        let manifest = Manifest::read(&source);
        assert_eq!(manifest.value("package", "name"), Some("\"a\""));
        assert_eq!(manifest.value("package", "license.workspace"), Some("true"));
        assert_eq!(manifest.value("dependencies", "name"), None);
    }

    #[test]
    fn every_form_of_a_dependency_counts_but_those_of_tests() {
        let source = Source::new("Cargo.toml", TEXT);
        let dependencies = Manifest::read(&source).dependencies();
        let names: Vec<&str> = dependencies.iter().map(|found| found.name).collect();
        assert_eq!(names, ["one", "two", "three", "four", "five", "six"]);
        assert_eq!(dependencies[0].line, 6);
    }
}
