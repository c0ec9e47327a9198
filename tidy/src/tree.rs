use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::process::Command;

use crate::Source;

/// Every text file of the repository, in the order of the paths.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    sources: Vec<Source>,
}

impl Tree {
    /// A tree of made-up files, for tests: (path, text).
    pub fn of(files: &[(&str, &str)]) -> Self {
        files.iter().map(|&(path, text)| Source::new(path, text)).collect()
    }

    /// The files git tracks below `root`, and those it would track.
    ///
    /// Git is asked instead of the disk because it knows what belongs to the project: build
    /// output and an editor's leavings are nobody's violation.
    pub fn of_repository(root: &Path) -> io::Result<Self> {
        let mut sources = BTreeSet::new();
        for path in tracked(root)? {
            sources.extend(read(root, &path)?);
        }
        Ok(sources.into_iter().collect())
    }

    /// All files.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter()
    }

    /// All Rust files.
    pub fn rust(&self) -> impl Iterator<Item = &Source> {
        self.sources().filter(|source| source.extension() == "rs")
    }

    /// All files below a folder (its path ends with `/`).
    pub fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a Source> {
        self.sources().filter(move |source| source.path().starts_with(folder))
    }

    /// The file at exactly this path.
    pub fn get(&self, path: &str) -> Option<&Source> {
        self.sources().find(|source| source.path() == path)
    }

    /// Whether any file is below this folder (its path ends with `/`).
    pub fn has_folder(&self, folder: &str) -> bool {
        self.below(folder).next().is_some()
    }

    /// The crates below `crates/`: (name of the folder, its manifest).
    pub fn manifests(&self) -> impl Iterator<Item = (&str, &Source)> {
        self.below("crates/").filter_map(|source| {
            let name = source.path().strip_prefix("crates/")?.strip_suffix("/Cargo.toml")?;
            (!name.contains('/')).then_some((name, source))
        })
    }

    /// The Rust files of the crates' own sources, without tests, benches and examples.
    pub fn crate_sources(&self) -> impl Iterator<Item = &Source> {
        self.rust().filter(|source| {
            let mut parts = source.path().split('/');
            parts.next() == Some("crates") && parts.nth(1) == Some("src")
        })
    }
}

impl FromIterator<Source> for Tree {
    fn from_iter<I: IntoIterator<Item = Source>>(sources: I) -> Self {
        Self { sources: sources.into_iter().collect() }
    }
}

fn tracked(root: &Path) -> io::Result<Vec<String>> {
    let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let listed = Command::new("git").arg("-C").arg(root).args(list).output()?;
    if !listed.status.success() {
        let why = String::from_utf8_lossy(&listed.stderr);
        return Err(io::Error::other(format!("the house rules need git's list of files: {why}")));
    }
    let paths = String::from_utf8(listed.stdout).map_err(io::Error::other)?;
    Ok(paths.split_terminator('\0').map(str::to_owned).collect())
}

/// A file that is not text has no lines to judge; one that is deleted but still tracked, or a
/// link to a folder, has none either.
fn read(root: &Path, path: &str) -> io::Result<Option<Source>> {
    let place = root.join(path);
    if !place.is_file() {
        return Ok(None);
    }
    let text = String::from_utf8(std::fs::read(place)?).ok();
    Ok(text.filter(|text| !text.contains('\0')).map(|text| Source::new(path, text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_are_known_by_their_manifests() {
        let tree = Tree::of(&[
            ("Cargo.toml", ""),
            ("crates/a/Cargo.toml", ""),
            ("crates/a/src/lib.rs", ""),
            ("crates/a/tests/api.rs", ""),
            ("crates/a/tests/app/Cargo.toml", ""),
        ]);
        assert_eq!(tree.manifests().map(|(name, _)| name).collect::<Vec<_>>(), ["a"]);
        assert_eq!(tree.crate_sources().count(), 1);
        assert!(tree.has_folder("crates/a/src/") && !tree.has_folder("crates/b/"));
    }

    #[test]
    fn a_folder_outside_any_repository_says_what_is_missing() {
        let nowhere = Path::new("no such folder");
        let fault = Tree::of_repository(nowhere).unwrap_err().to_string();
        assert!(fault.contains("git's list of files"), "{fault}");
    }
}
