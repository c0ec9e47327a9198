//! 100 columns, no tabs, no trailing space, one newline at the end.

use crate::{Source, Tree, Violation};

/// What fits beside a second window.
pub const COLUMNS: usize = 100;

/// Every line of a Rust file that is too wide or ends in what nobody sees.
pub fn check(tree: &Tree) -> Vec<Violation> {
    tree.rust().flat_map(of_file).collect()
}

fn of_file(source: &Source) -> Vec<Violation> {
    let lines = source.lines().flat_map(|(line, text)| {
        of_line(text).into_iter().map(move |message| source.violation(line, message))
    });
    lines.chain(end(source)).collect()
}

fn of_line(text: &str) -> Vec<String> {
    let mut messages = Vec::new();
    let columns = text.chars().count();
    // A URL cut in two is no URL.
    if columns > COLUMNS && !text.contains("://") {
        messages.push(format!("{columns} columns, at most {COLUMNS}: break the line"));
    }
    if text.contains('\t') {
        messages.push("a tab: write spaces, or the escape in a string".to_owned());
    }
    if text.trim_end() != text {
        messages.push("trailing white space: remove it".to_owned());
    }
    messages
}

fn end(source: &Source) -> Option<Violation> {
    let text = source.text();
    let last = source.lines().count().max(1);
    if text.is_empty() || (text.ends_with('\n') && !text.ends_with("\n\n")) {
        return None;
    }
    Some(source.violation(last, "a file ends with exactly one newline"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report;

    fn told(text: &str) -> String {
        report(&check(&Tree::of(&[("a.rs", text)])))
    }

    #[test]
    fn a_clean_file_passes() {
        assert_eq!(told(""), "");
        assert_eq!(told("fn f() {}\n"), "");
        assert_eq!(told(&format!("{}\n", "ä".repeat(100))), "");
        assert_eq!(told(&format!("// https://host/{}\n", "x".repeat(100))), "");
    }

    #[test]
    fn every_kind_of_untidy_line_is_told() {
        let wide = format!("fn f() {{}}\n{}\n", "x".repeat(101));
        assert_eq!(told(&wide), "a.rs:2: 101 columns, at most 100: break the line");
        let tab = "a.rs:1: a tab: write spaces, or the escape in a string";
        assert_eq!(told("x\ty\n"), tab);
        for trailing in ["x \n", "x\r\n"] {
            assert_eq!(told(trailing), "a.rs:1: trailing white space: remove it");
        }
    }

    #[test]
    fn the_end_is_one_newline() {
        assert_eq!(told("x"), "a.rs:1: a file ends with exactly one newline");
        assert_eq!(told("x\n\n"), "a.rs:2: a file ends with exactly one newline");
    }
}
