//! A function has at most 60 lines and a file 400, tests and docs not counted.
//!
//! Docs are free because prose is welcome; a rule that counts them is paid in missing docs. Tests
//! are free because a table of cases is data, and cutting it in two explains nothing. A plain
//! comment counts: where much has to be said at a decision, the code around it is better short.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use syn::visit::{self, Visit};
use syn::{Attribute, Block, ImplItemFn, ItemFn, ItemImpl, ItemMod, ItemTrait, Signature};
use syn::{TraitItemFn, Type};

use crate::{Exception, SIZE_EXCEPTIONS, Source, Tree, Violation};

/// What a reader sees at once.
pub const FUNCTION_LINES: usize = 60;

/// What a reader keeps in mind.
pub const FILE_LINES: usize = 400;

/// Every function and file that is too long, and every exception that is too generous.
pub fn check(tree: &Tree) -> Vec<Violation> {
    check_but_for(tree, SIZE_EXCEPTIONS)
}

fn check_but_for(tree: &Tree, exceptions: &[Exception]) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut measures = Vec::new();
    for source in tree.rust().filter(|source| !source.is_test()) {
        match measure(source) {
            Ok(found) => measures.extend(found),
            Err(fault) => {
                let line = fault.span().start().line;
                violations.push(source.violation(line, format!("this is not Rust: {fault}")));
            }
        }
    }
    violations.extend(measures.iter().filter_map(|measure| measure.violation(exceptions)));
    violations.extend(exceptions.iter().filter_map(|one| too_generous(one, &measures)));
    violations
}

/// How long one function, or one file, is.
struct Measure<'a> {
    source: &'a Source,
    item: String,
    line: usize,
    lines: usize,
    limit: usize,
}

impl Measure<'_> {
    fn is_of(&self, exception: &Exception) -> bool {
        self.source.path() == exception.path && self.item == exception.item
    }

    fn violation(&self, exceptions: &[Exception]) -> Option<Violation> {
        let exception = exceptions.iter().find(|exception| self.is_of(exception));
        let limit = exception.map_or(self.limit, |exception| exception.lines.max(self.limit));
        let Self { item, lines, .. } = self;
        let advice = "give a part of it a name of its own";
        (self.lines > limit).then(|| {
            let message = format!("`{item}` has {lines} lines, at most {limit}: {advice}");
            self.source.violation(self.line, message)
        })
    }
}

/// The list may only shrink, so an exception grants exactly what is needed today.
fn too_generous(exception: &Exception, measures: &[Measure<'_>]) -> Option<Violation> {
    let Exception { path, item, lines: granted, .. } = exception;
    let concerned = measures.iter().filter(|measure| measure.is_of(exception));
    let over = concerned.filter(|measure| measure.lines > measure.limit);
    let needed = over.map(|measure| measure.lines).max().unwrap_or(0);
    let advice = match needed {
        0 => "is no longer needed: remove it".to_owned(),
        needed if needed < *granted => format!("grants {granted} lines: {needed} are enough"),
        _ => return None,
    };
    let message = format!("the exception for `{item}` in {path} {advice}");
    Some(Violation::new("tidy/src/exceptions.rs", 1, message))
}

fn measure(source: &Source) -> syn::Result<Vec<Measure<'_>>> {
    let syntax = source.syntax()?;
    let mut ruler = Ruler::new(source);
    ruler.visit_file(&syntax);
    let in_tests = |line: &usize| ruler.tests.iter().any(|tests| tests.contains(line));
    let lines = (1..=source.lines().count()).filter(|line| !in_tests(line));
    let lines = lines.filter(|line| !ruler.docs.contains(line)).count();
    let file = Measure { source, item: "file".to_owned(), line: 1, lines, limit: FILE_LINES };
    Ok(std::iter::once(file).chain(ruler.functions).collect())
}

/// Walks one file and lays itself along each function.
struct Ruler<'a> {
    source: &'a Source,
    docs: BTreeSet<usize>,
    owner: Option<String>,
    functions: Vec<Measure<'a>>,
    tests: Vec<RangeInclusive<usize>>,
}

impl<'a> Ruler<'a> {
    fn new(source: &'a Source) -> Self {
        let docs = source.doc_lines();
        Self { source, docs, owner: None, functions: Vec::new(), tests: Vec::new() }
    }

    fn function(&mut self, signature: &Signature, body: &Block) {
        let line = signature.fn_token.span.start().line;
        let last = body.brace_token.span.close().end().line;
        let lines = (line..=last).filter(|line| !self.docs.contains(line)).count();
        let owner = self.owner.iter().map(|owner| format!("{owner}::")).collect::<String>();
        let item = format!("{owner}{}", signature.ident);
        let limit = FUNCTION_LINES;
        self.functions.push(Measure { source: self.source, item, line, lines, limit });
    }

    fn owned_by(&mut self, owner: String, visit: impl FnOnce(&mut Self)) {
        let outer = self.owner.replace(owner);
        visit(self);
        self.owner = outer;
    }
}

impl<'ast> Visit<'ast> for Ruler<'_> {
    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        match &module.content {
            Some((brace, _)) if module.attrs.iter().any(is_for_tests) => {
                let attribute = module.attrs.first().map(|first| first.pound_token.span);
                let first = attribute.unwrap_or(module.mod_token.span).start().line;
                self.tests.push(first..=brace.span.close().end().line);
            }
            _ => visit::visit_item_mod(self, module),
        }
    }

    fn visit_item_impl(&mut self, block: &'ast ItemImpl) {
        self.owned_by(type_name(&block.self_ty), |ruler| visit::visit_item_impl(ruler, block));
    }

    fn visit_item_trait(&mut self, item: &'ast ItemTrait) {
        self.owned_by(item.ident.to_string(), |ruler| visit::visit_item_trait(ruler, item));
    }

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.function(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.function(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(body) = &function.default {
            self.function(&function.sig, body);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

/// `#[cfg(test)]`, also together with a condition more.
fn is_for_tests(attribute: &Attribute) -> bool {
    let condition = attribute.meta.require_list().map(|list| list.tokens.to_string());
    attribute.path().is_ident("cfg")
        && condition.is_ok_and(|text| text == "test" || text.starts_with("all (test"))
}

fn type_name(named: &Type) -> String {
    if let Type::Reference(reference) = named {
        return type_name(&reference.elem);
    }
    let Type::Path(path) = named else {
        return "impl".to_owned();
    };
    path.path
        .segments
        .iter()
        .map(|segment| segment.ident.to_string())
        .next_back()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report;

    fn function(head: &str, lines: usize) -> String {
        format!("{head} {{\n{}}}\n", "    step();\n".repeat(lines - 2))
    }

    fn told(text: &str, exceptions: &[Exception]) -> String {
        report(&check_but_for(&Tree::of(&[("a.rs", text)]), exceptions))
    }

    fn exception(item: &'static str, lines: usize) -> Exception {
        Exception { path: "a.rs", item, lines, reason: "a test" }
    }

    #[test]
    fn what_is_just_short_enough_passes() {
        assert_eq!(told(&function("fn f()", 60), &[]), "");
        assert_eq!(told(&"type A = u8;\n".repeat(400), &[]), "");
    }

    #[test]
    fn a_long_function_is_told_wherever_it_stands() {
        let advice = "at most 60: give a part of it a name of its own";
        for (before, after, item, line) in [
            ("", "", "f", 1),
            ("mod a {\n", "}\n", "f", 2),
            ("impl A<u8> {\n", "}\n", "A::f", 2),
            ("impl B for &A {\n", "}\n", "A::f", 2),
            ("trait T {\n", "}\n", "T::f", 2),
            ("fn g() {\n", "}\n", "f", 2),
        ] {
            let text = format!("{before}{}{after}", function("fn f()", 61));
            let expected = format!("a.rs:{line}: `{item}` has 61 lines, {advice}");
            assert!(told(&text, &[]).contains(&expected), "{}", told(&text, &[]));
        }
    }

    #[test]
    fn a_long_file_is_told() {
        let expected =
            "a.rs:1: `file` has 401 lines, at most 400: give a part of it a name of its own";
        assert_eq!(told(&"type A = u8;\n".repeat(401), &[]), expected);
    }

    #[test]
    fn docs_are_free_and_comments_are_not() {
        let docs = "/// prose\n".repeat(500);
        assert_eq!(told(&format!("{docs}{}", function("fn f()", 60)), &[]), "");
        let inner = format!("fn f() {{\n{}    fn g() {{}}\n}}\n", "    /// prose\n".repeat(60));
        assert_eq!(told(&inner, &[]), "");
        let comments = format!("fn f() {{\n{}}}\n", "    // prose\n".repeat(60));
        assert_ne!(told(&comments, &[]), "");
    }

    #[test]
    fn tests_are_free() {
        let long = function("fn f()", 500);
        for head in ["#[cfg(test)]\nmod tests", "#[cfg(all(test, unix))]\nmod tests"] {
            assert_eq!(told(&format!("{head} {{\n{long}}}\n"), &[]), "");
        }
        assert_ne!(told(&format!("#[cfg(not(test))]\nmod a {{\n{long}}}\n"), &[]), "");
        let tree = Tree::of(&[("tests/a.rs", &long), ("src/key/tests.rs", &long)]);
        assert_eq!(report(&check_but_for(&tree, &[])), "");
    }

    #[test]
    fn an_exception_grants_what_it_says_and_no_line_more() {
        let text = function("fn f()", 70);
        assert_eq!(told(&text, &[exception("f", 70)]), "");
        assert!(told(&text, &[exception("f", 69)]).contains("`f` has 70 lines, at most 69"));
    }

    #[test]
    fn an_exception_may_only_shrink() {
        let text = function("fn f()", 70);
        let place = "tidy/src/exceptions.rs:1: the exception for";
        let larger = format!("{place} `f` in a.rs grants 80 lines: 70 are enough");
        assert_eq!(told(&text, &[exception("f", 80)]), larger);
        let unneeded =
            |item: &str| format!("{place} `{item}` in a.rs is no longer needed: remove it");
        assert_eq!(told(&function("fn f()", 60), &[exception("f", 60)]), unneeded("f"));
        assert_eq!(told("", &[exception("gone", 80)]), unneeded("gone"));
    }

    #[test]
    fn what_is_not_rust_is_told() {
        assert!(told("fn f() {}\nfn {}\n", &[]).starts_with("a.rs:2: this is not Rust"));
    }
}
