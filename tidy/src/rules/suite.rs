//! Every conformance case is in the list that engines run.
//!
//! A case that nobody calls passes on every engine, so the list is compared with the files.

use syn::{Item, ItemFn, ItemMod, Visibility};

use crate::{Source, Tree, Violation};

/// The crate of the cases.
const CRATE: &str = "crates/exactly-conformance/src/";

/// The list.
const LIST: &str = "crates/exactly-conformance/src/suite.rs";

/// The modules whose public async functions are cases.
const ROOTS: &[&str] = &[
    "batches",
    "cancelled",
    "faults",
    "history",
    "operations",
    "races",
    "random",
    "tokens",
    "waiting",
];

/// Every case that the list does not name.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let listed = tree.get(LIST).map(listed).unwrap_or_default();
    let cases: Vec<Case<'_>> = tree.below(CRATE).flat_map(cases).collect();
    let forgotten = cases.iter().filter(|case| !case.is_in(&listed, &cases));
    forgotten
        .map(|Case { source, line, path, .. }| {
            source.violation(*line, format!("no engine runs this case: add `{path}` to {LIST}"))
        })
        .collect()
}

struct Case<'a> {
    source: &'a Source,
    line: usize,
    path: String,
    name: String,
}

impl Case<'_> {
    /// The name alone is enough as long as it can only mean this case.
    fn is_in(&self, listed: &[String], cases: &[Case<'_>]) -> bool {
        let unique = cases.iter().filter(|case| case.name == self.name).count() == 1;
        let wanted = if unique { format!("::{}", self.name) } else { format!("::{}", self.path) };
        listed.iter().any(|path| format!("::{path}").ends_with(&wanted) && path.contains("::"))
    }
}

fn cases(source: &Source) -> Vec<Case<'_>> {
    let Some(module) = module(source).filter(|module| is_of_cases(module)) else {
        return Vec::new();
    };
    // What does not parse is the size rule's to tell.
    let items = source.syntax().map(|syntax| syntax.items).unwrap_or_default();
    items.iter().flat_map(|item| cases_in(source, &module, item)).collect()
}

fn cases_in<'a>(source: &'a Source, module: &str, item: &Item) -> Vec<Case<'a>> {
    if let Item::Mod(ItemMod { ident, content: Some((_, items)), .. }) = item {
        let inner = format!("{module}::{ident}");
        return items.iter().flat_map(|item| cases_in(source, &inner, item)).collect();
    }
    let Item::Fn(ItemFn { vis: Visibility::Public(_), sig, .. }) = item else {
        return Vec::new();
    };
    if sig.asyncness.is_none() {
        return Vec::new();
    }
    let name = sig.ident.to_string();
    let line = sig.fn_token.span.start().line;
    vec![Case { source, line, path: format!("{module}::{name}"), name }]
}

fn module(source: &Source) -> Option<String> {
    let path = source.path().strip_prefix(CRATE)?.strip_suffix(".rs")?;
    Some(path.strip_suffix("/mod").unwrap_or(path).replace('/', "::"))
}

fn is_of_cases(module: &str) -> bool {
    module.split("::").next().is_some_and(|root| ROOTS.contains(&root))
}

/// The paths that the list's code has, without its comments. `a::b { c, d }` lists `a::b::c` and
/// `a::b::d`.
fn listed(source: &Source) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    let mut groups: Vec<String> = Vec::new();
    let mut colons = 0;
    for token in source.code().tokens {
        match token.text {
            ":" => {
                colons += 1;
                continue;
            }
            "{" => {
                groups.push(paths.last().cloned().filter(|path| is_path(path)).unwrap_or_default())
            }
            "}" => drop(groups.pop()),
            text => match (paths.last_mut().filter(|_| colons == 2), groups.last()) {
                (Some(path), _) => path.extend(["::", text]),
                (None, Some(group)) if !group.is_empty() => paths.push(format!("{group}::{text}")),
                (None, _) => paths.push(text.to_owned()),
            },
        }
        colons = 0;
    }
    paths
}

fn is_path(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == ':')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report;

    const COUNTER: &str = "crates/exactly-conformance/src/operations/counter.rs";
    const RACE: &str = "crates/exactly-conformance/src/races/counter.rs";
    const TOKENS: &str = "crates/exactly-conformance/src/tokens.rs";
    const CASE: &str = "pub async fn adds(setup: &Setup) {}\n";

    fn told(files: &[(&str, &str)]) -> String {
        report(&check(&Tree::of(files)))
    }

    fn forgotten(file: &str, line: usize, path: &str) -> String {
        format!("{file}:{line}: no engine runs this case: add `{path}` to {LIST}")
    }

    #[test]
    fn a_listed_case_passes() {
        for list in [
            "case!(operations::counter::adds);\n",
            "cases! { $crate::operations::counter::adds, other }\n",
            "const A: X = [counter::adds];\n",
        ] {
            assert_eq!(told(&[(COUNTER, CASE), (LIST, list)]), "", "{list}");
        }
    }

    #[test]
    fn a_case_in_a_group_is_listed_under_its_module() {
        let list = "suite { x = operations::counter { adds, more } y = tokens { other } }\n";
        assert_eq!(told(&[(COUNTER, CASE), (LIST, list)]), "");
        let expected = forgotten(TOKENS, 1, "tokens::adds");
        assert_eq!(told(&[(COUNTER, CASE), (TOKENS, CASE), (LIST, list)]), expected);
    }

    #[test]
    fn a_forgotten_case_is_told() {
        let expected = forgotten(COUNTER, 1, "operations::counter::adds");
        for list in
            ["", "// counter::adds\n", "counter::adds_twice\n", "counter::x_adds\n", "adds\n"]
        {
            assert_eq!(told(&[(COUNTER, CASE), (LIST, list)]), expected, "{list}");
        }
        assert_eq!(told(&[(TOKENS, &format!("\n{CASE}"))]), forgotten(TOKENS, 2, "tokens::adds"));
    }

    #[test]
    fn a_name_that_two_cases_share_is_listed_with_its_module() {
        let list = "operations::counter::adds\n";
        let expected = forgotten(RACE, 1, "races::counter::adds");
        assert_eq!(told(&[(COUNTER, CASE), (RACE, CASE), (LIST, list)]), expected);
    }

    #[test]
    fn a_label_before_a_path_is_not_part_of_it() {
        let list = "one: operations::counter::adds, two: races::counter::adds\n";
        assert_eq!(told(&[(COUNTER, CASE), (RACE, CASE), (LIST, list)]), "");
    }

    #[test]
    fn a_case_in_an_inner_module_is_a_case() {
        let text = format!("mod bounds {{\n{CASE}}}\n");
        assert_eq!(told(&[(TOKENS, &text)]), forgotten(TOKENS, 2, "tokens::bounds::adds"));
    }

    #[test]
    fn only_public_async_functions_of_the_cases_modules_are_cases() {
        let text = "pub fn a() {}\nasync fn b() {}\npub(crate) async fn c() {}\n";
        assert_eq!(told(&[(COUNTER, text)]), "");
        assert_eq!(told(&[("crates/exactly-conformance/src/setup.rs", CASE)]), "");
        assert_eq!(told(&[("crates/exactly-core/src/operations/counter.rs", CASE)]), "");
    }
}
