//! No unfinished work, no ignored test, no lint silenced without a reason.

use crate::code::{Code, Token};
use crate::{Source, Tree, Violation};

/// Marks that people leave where they mean to come back.
const MARKS: &[&str] = &["FIXME", "HACK", "TODO", "XXX"];

/// Macros that stand where code should, or were only for looking.
const MACROS: &[&str] = &["dbg", "todo", "unimplemented"];

/// Files that are code, but not Rust.
const OTHER_CODE: &[&str] = &["lua", "sh", "sql", "toml", "yaml", "yml"];

/// Where an arm for everything else would swallow a new operation.
const CLOSED: &[&str] =
    &["crates/exactly-core/src/operations/", "crates/exactly-embedded/src/operations/"];

/// Every leftover, in Rust and in the scripts beside it.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let rust = tree.rust().flat_map(of_rust);
    let other = tree.sources().filter(|source| OTHER_CODE.contains(&source.extension()));
    let marks =
        other.flat_map(|source| source.lines().flat_map(|(at, text)| mark(source, at, text)));
    rust.chain(marks).collect()
}

fn of_rust(source: &Source) -> Vec<Violation> {
    let code = source.code();
    let comments = code.comments.iter();
    let mut found: Vec<_> =
        comments.flat_map(|comment| mark(source, comment.line, comment.text)).collect();
    found.extend(macros(source, &code));
    found.extend(attributes(&code).into_iter().filter_map(|tokens| attribute(source, tokens)));
    found.extend(swallowing_arms(source, &code));
    found.sort();
    found
}

fn mark(source: &Source, line: usize, text: &str) -> Option<Violation> {
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    let mark = words.find(|word| MARKS.contains(word))?;
    Some(source.violation(line, format!("`{mark}`: do it now, or write an issue")))
}

fn macros(source: &Source, code: &Code<'_>) -> Vec<Violation> {
    let called = code.tokens.windows(3).filter(|w| {
        MACROS.contains(&w[0].text) && w[1].text == "!" && ["(", "[", "{"].contains(&w[2].text)
    });
    called.map(|w| source.violation(w[0].line, format!("`{}!`: finish it", w[0].text))).collect()
}

/// The tokens between the brackets of each attribute.
fn attributes<'c, 'a>(code: &'c Code<'a>) -> Vec<&'c [Token<'a>]> {
    let tokens = &code.tokens;
    let pounds = tokens.iter().enumerate().filter(|(_, token)| token.text == "#");
    let opened = pounds.filter_map(|(at, _)| {
        let bang = usize::from(tokens.get(at + 1)?.text == "!");
        (tokens.get(at + 1 + bang)?.text == "[").then_some(at + 2 + bang)
    });
    opened.map(|first| &tokens[first..first + length_of_group(&tokens[first..])]).collect()
}

fn length_of_group(tokens: &[Token<'_>]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.text {
            "[" => depth += 1,
            "]" if depth == 0 => return at,
            "]" => depth -= 1,
            _ => {}
        }
    }
    tokens.len()
}

fn attribute(source: &Source, tokens: &[Token<'_>]) -> Option<Violation> {
    let first = tokens.first()?;
    let conditional = first.text == "cfg_attr";
    let has = |text: &str| tokens.iter().any(|token| token.text == text);
    let lint = |name: &str| first.text == name || (conditional && has(name));
    if first.text == "ignore" || (conditional && has("ignore")) {
        return Some(source.violation(first.line, "an ignored test: make it pass, or remove it"));
    }
    let silenced = ["allow", "expect"].into_iter().find(|name| lint(name) && !has("reason"))?;
    let advice = "write `#[expect(lint, reason = \"…\")]`, or follow the lint";
    Some(source.violation(first.line, format!("`#[{silenced}]` without a reason: {advice}")))
}

fn swallowing_arms(source: &Source, code: &Code<'_>) -> Vec<Violation> {
    if !CLOSED.iter().any(|folder| source.path().starts_with(folder)) {
        return Vec::new();
    }
    let advice = "`_ =>` would swallow the next operation: name every case";
    code.lines_of(&["_", "=", ">"]).into_iter().map(|at| source.violation(at, advice)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report;

    fn told(path: &str, text: &str) -> String {
        report(&check(&Tree::of(&[(path, text)])))
    }

    #[test]
    fn finished_code_passes() {
        let text = "\
//! Words like todo and hacks are only words.
#![expect(dead_code, reason = \"used on one platform\")]
#[should_panic(expected = \"reason\")]
fn f() {
    let todo = \"TODO todo!()\";
    let same = todo != \"#[ignore]\";
    match same { _ => () }
}
";
        assert_eq!(told("a.rs", text), "");
        assert_eq!(told("a.md", "TODO is fine in prose\n"), "");
    }

    #[test]
    fn marks_are_told_in_every_comment_and_script() {
        for text in ["// TODO: x\n", "/// FIXME\nfn f() {}\n", "fn f() {} /* HACK */\n", "//XXX\n"]
        {
            assert!(told("a.rs", text).ends_with("`: do it now, or write an issue"), "{text}");
        }
        assert_eq!(told("a.lua", "\n-- FIXME\n"), "a.lua:2: `FIXME`: do it now, or write an issue");
    }

    #[test]
    fn unfinished_macros_are_told() {
        let text = "fn f() {\n    todo!()\n}\nfn g() { unimplemented![]; dbg!(1); }\n";
        let expected = "a.rs:2: `todo!`: finish it\na.rs:4: `dbg!`: finish it\n\
                        a.rs:4: `unimplemented!`: finish it";
        assert_eq!(told("a.rs", text), expected);
    }

    #[test]
    fn an_ignored_test_is_told() {
        let expected = "a.rs:2: an ignored test: make it pass, or remove it";
        for attribute in ["ignore", "ignore = \"slow\"", "cfg_attr(miri, ignore)"] {
            assert_eq!(told("a.rs", &format!("#[test]\n#[{attribute}]\nfn f() {{}}\n")), expected);
        }
    }

    #[test]
    fn a_silenced_lint_needs_a_reason() {
        let advice = "write `#[expect(lint, reason = \"…\")]`, or follow the lint";
        for (attribute, name) in [
            ("#[allow(dead_code)]", "allow"),
            ("#![allow(dead_code)]", "allow"),
            ("#[expect(dead_code)]", "expect"),
            ("#[cfg_attr(test, allow(dead_code))]", "allow"),
        ] {
            let expected = format!("a.rs:1: `#[{name}]` without a reason: {advice}");
            assert_eq!(told("a.rs", &format!("{attribute}\n")), expected);
        }
        assert_eq!(told("a.rs", "#[allow(dead_code, reason = \"[why]\")]\n"), "");
    }

    #[test]
    fn an_arm_for_everything_else_is_told_among_operations_only() {
        let text = "fn f() {\n    match x {\n        A => 1,\n        _ => 2,\n    }\n}\n";
        let expected = ":4: `_ =>` would swallow the next operation: name every case";
        for folder in CLOSED {
            let path = format!("{folder}counter.rs");
            assert_eq!(told(&path, text), format!("{path}{expected}"));
        }
        assert_eq!(told("crates/exactly-core/src/key.rs", text), "");
    }
}
