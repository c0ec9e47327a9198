//! A Rust file as tokens and comments.
//!
//! The compiler's own lexing rules decide what is code, so a rule never mistakes the text of a
//! string for a macro, nor `//` in a URL for a comment.

use std::ops::Range;

use proc_macro2::{TokenStream, TokenTree};

/// One token, as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) line: usize,
    pub(crate) text: &'a str,
}

/// One line of a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Comment<'a> {
    pub(crate) line: usize,
    pub(crate) text: &'a str,
    /// Whether rustdoc prints it.
    pub(crate) doc: bool,
}

/// A file, taken apart. What does not lex is empty: rustc reports it better than we could.
#[derive(Debug, Default)]
pub(crate) struct Code<'a> {
    pub(crate) tokens: Vec<Token<'a>>,
    pub(crate) comments: Vec<Comment<'a>>,
}

impl<'a> Code<'a> {
    pub(crate) fn read(text: &'a str) -> Self {
        let Ok(stream) = text.parse::<TokenStream>() else {
            return Self::default();
        };
        let mut reader = Reader::new(text);
        reader.stream(stream);
        reader.until(text.len());
        reader.code
    }

    /// Where these tokens stand next to each other: the first line of each occurrence.
    pub(crate) fn lines_of(&self, wanted: &[&str]) -> Vec<usize> {
        let same = |found: &[Token<'_>]| found.iter().zip(wanted).all(|(a, b)| a.text == *b);
        self.tokens.windows(wanted.len()).filter(|found| same(found)).map(|w| w[0].line).collect()
    }
}

struct Reader<'a> {
    text: &'a str,
    line_starts: Vec<usize>,
    read: usize,
    code: Code<'a>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        let newlines = text.match_indices('\n').map(|(at, _)| at + 1);
        let line_starts = std::iter::once(0).chain(newlines).collect();
        Self { text, line_starts, read: 0, code: Code::default() }
    }

    fn stream(&mut self, stream: TokenStream) {
        for tree in stream {
            let range = tree.span().byte_range();
            if is_comment(&self.text[range.clone()]) {
                self.doc(range);
            } else if let TokenTree::Group(group) = tree {
                self.token(group.span_open().byte_range());
                self.stream(group.stream());
                self.token(group.span_close().byte_range());
            } else {
                self.token(range);
            }
        }
    }

    fn token(&mut self, range: Range<usize>) {
        self.until(range.start);
        let line = self.line(range.start);
        self.code.tokens.push(Token { line, text: &self.text[range.clone()] });
        self.read = range.end;
    }

    /// A doc comment arrives as the several tokens of the attribute it stands for, all with one
    /// span: the first of them is the comment, the others are already read.
    fn doc(&mut self, range: Range<usize>) {
        if range.start >= self.read {
            self.until(range.start);
            self.comment(range.clone(), true);
            self.read = range.end;
        }
    }

    /// Between two tokens there is nothing but white space and plain comments.
    fn until(&mut self, end: usize) {
        self.comment(self.read..end, false);
        self.read = end;
    }

    fn comment(&mut self, range: Range<usize>, doc: bool) {
        let first = self.line(range.start);
        let lines = self.text[range].lines().enumerate();
        let written = lines.filter(|(_, text)| !text.trim().is_empty());
        let comments = written.map(|(at, text)| Comment { line: first + at, text, doc });
        self.code.comments.extend(comments);
    }

    fn line(&self, byte: usize) -> usize {
        self.line_starts.partition_point(|&start| start <= byte)
    }
}

fn is_comment(text: &str) -> bool {
    text.starts_with("//") || text.starts_with("/*")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "//! Über docs\n\n/// one\nfn f() -> u8 { // why\n    g(\"// ä\") /* a\n  b */\n}\n";

    #[test]
    fn tokens_are_the_code_without_comments() {
        let code = Code::read(TEXT);
        let texts: Vec<&str> = code.tokens.iter().map(|token| token.text).collect();
        let expected = ["fn", "f", "(", ")", "-", ">", "u8", "{", "g", "(", "\"// ä\"", ")", "}"];
        assert_eq!(texts, expected);
        assert_eq!(code.tokens.last(), Some(&Token { line: 7, text: "}" }));
    }

    #[test]
    fn comments_know_their_line_and_whether_they_are_docs() {
        let found: Vec<(usize, &str, bool)> =
            Code::read(TEXT).comments.iter().map(|c| (c.line, c.text.trim(), c.doc)).collect();
        let expected = [
            (1, "//! Über docs", true),
            (3, "/// one", true),
            (4, "// why", false),
            (5, "/* a", false),
            (6, "b */", false),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_run_of_tokens_is_found_by_its_first_line() {
        let code = Code::read("fn f() {\n    match x {\n        _ => 1,\n    }\n}\n");
        assert_eq!(code.lines_of(&["_", "=", ">"]), [3]);
        assert!(code.lines_of(&["_", "!"]).is_empty());
    }

    #[test]
    fn what_does_not_lex_is_empty() {
        assert!(Code::read("fn f( {").tokens.is_empty());
    }
}
