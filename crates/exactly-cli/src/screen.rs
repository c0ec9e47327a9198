//! The terminal a report is written to: how wide it is and whether it shows colours.

use std::env;
use std::fmt::Display;
use std::io::{self, IsTerminal};

use anstyle::{AnsiColor, Style};

/// The width of a file, a pipe, or a terminal that does not say.
const USUAL_WIDTH: usize = 80;

/// How to write to standard output.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    /// Columns in a line.
    pub(crate) width: usize,
    /// The colours, or none.
    pub(crate) palette: Palette,
}

impl Screen {
    /// Standard output as it is.
    pub(crate) fn of_stdout() -> Self {
        let is_terminal = io::stdout().is_terminal();
        let width = terminal_size::terminal_size_of(io::stdout())
            .map_or(USUAL_WIDTH, |(width, _)| usize::from(width.0));
        // By the convention of no-color.org an empty variable counts as unset.
        let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        let in_colour = is_terminal && !is_set("NO_COLOR") && !is_dumb;
        Self { width, palette: if in_colour { Palette::COLOURED } else { Palette::PLAIN } }
    }
}

/// What is shown how. A plain style writes nothing around its text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Palette {
    /// Headings and the verdict.
    pub(crate) strong: Style,
    /// Explanations.
    pub(crate) faint: Style,
    /// What is exact.
    pub(crate) exact: Style,
    /// Seats given that are not there.
    pub(crate) over: Style,
    /// Seats wrongly refused.
    pub(crate) refused: Style,
}

impl Palette {
    pub(crate) const PLAIN: Self = Self {
        strong: Style::new(),
        faint: Style::new(),
        exact: Style::new(),
        over: Style::new(),
        refused: Style::new(),
    };

    pub(crate) const COLOURED: Self = Self {
        strong: Style::new().bold(),
        faint: Style::new().dimmed(),
        exact: AnsiColor::Green.on_default().bold(),
        over: AnsiColor::Red.on_default(),
        refused: AnsiColor::Yellow.on_default(),
    };
}

/// The text in the style. Pad first: the escape codes have a length but no width.
pub(crate) fn painted(style: Style, text: impl Display) -> String {
    let text = text.to_string();
    if text.is_empty() { text } else { format!("{style}{text}{style:#}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_has_no_escape_codes() {
        assert_eq!(painted(Palette::PLAIN.over, "32"), "32");
        assert_eq!(painted(Palette::COLOURED.over, ""), "");
        assert_eq!(painted(Palette::COLOURED.over, "32"), "\u{1b}[31m32\u{1b}[0m");
    }
}
