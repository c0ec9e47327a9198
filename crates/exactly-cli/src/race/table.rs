//! The figures of every coding as a table.

use super::report::{Entry, Report};
use crate::figures::{elapsed, grouped};
use crate::screen::{Palette, Screen, painted};

const COLUMNS: usize = 9;

/// The headings, on two lines so that the columns stay narrow enough for 80 characters.
const HEADINGS: [[&str; COLUMNS]; 2] = [
    ["", "", "", "over-", "wrongly", "", "lost", "", "per"],
    ["coding", "admitted", "right", "admitted", "refused", "twice", "updates", "elapsed", "second"],
];

/// The table. Columns stand two blanks apart where the screen is wide enough, otherwise one.
pub(crate) fn render(report: &Report<'_>, screen: Screen) -> String {
    let rows: Vec<[String; COLUMNS]> = report.entries.iter().map(figures).collect();
    let widths: [usize; COLUMNS] = std::array::from_fn(|column| {
        let headings = HEADINGS.iter().map(|line| line[column].len());
        headings.chain(rows.iter().map(|row| row[column].len())).max().unwrap_or(0)
    });
    let roomy = widths.iter().sum::<usize>() + 2 * (COLUMNS - 1) <= screen.width;
    let gap = if roomy { "  " } else { " " };

    let mut text = String::new();
    for headings in HEADINGS {
        let line = aligned(headings, widths).join(gap);
        text += &painted(screen.palette.faint, line.trim_end());
        text.push('\n');
    }
    for (entry, row) in report.entries.iter().zip(&rows) {
        let mut cells = aligned(row.each_ref().map(String::as_str), widths);
        paint(entry, &mut cells, &screen.palette);
        text += cells.join(gap).trim_end();
        text.push('\n');
    }
    text
}

/// The cells of one coding, in the order of the headings.
fn figures(entry: &Entry) -> [String; COLUMNS] {
    let tally = &entry.tally;
    [
        entry.coding.name().to_owned(),
        grouped(tally.admitted),
        grouped(tally.right),
        grouped(tally.over_admitted),
        grouped(tally.wrongly_refused),
        grouped(tally.twice),
        tally.lost_updates.map_or_else(|| "-".to_owned(), grouped),
        elapsed(entry.elapsed),
        grouped(entry.per_second()),
    ]
}

/// The name to the left, the numbers to the right. Every cell is ASCII.
pub(super) fn aligned<const COLUMNS: usize>(
    cells: [&str; COLUMNS],
    widths: [usize; COLUMNS],
) -> [String; COLUMNS] {
    std::array::from_fn(|column| {
        let (cell, width) = (cells[column], widths[column]);
        if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
    })
}

/// Colours what the eye should find: the errors, and who makes none.
fn paint(entry: &Entry, cells: &mut [String; COLUMNS], palette: &Palette) {
    let tally = &entry.tally;
    let marks = [
        (0, tally.exact(), palette.exact),
        (3, tally.over_admitted > 0, palette.over),
        (4, tally.wrongly_refused > 0, palette.refused),
        (5, tally.twice > 0, palette.over),
    ];
    for (column, applies, style) in marks {
        if applies {
            cells[column] = painted(style, &cells[column]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::race::report::tests::{small_plan, usual};

    fn table(width: usize, palette: Palette) -> String {
        let plan = small_plan();
        render(&usual(&plan), Screen { width, palette })
    }

    #[test]
    fn the_table_fits_into_eighty_columns() {
        let table = table(80, Palette::PLAIN);
        assert!(table.lines().all(|line| line.len() <= 80));
        insta::assert_snapshot!(table, @"
                                            over- wrongly          lost            per
        coding            admitted right admitted refused twice updates elapsed second
        read-check-write     1,354   120    1,234       0     0   1,234  1.23 s    972
        count-then-insert      177   120       57       0     0       -  1.23 s    972
        step-back-by-hand       82   120        3      41     0      44  1.23 s    972
        counter-block          120   120        0       0     0       0  1.23 s    972
        capacity               120   120        0       0     0       0  1.23 s    972
        ");
    }

    #[test]
    fn a_wide_screen_gives_the_columns_more_room() {
        insta::assert_snapshot!(table(120, Palette::PLAIN), @"
                                               over-  wrongly            lost              per
        coding             admitted  right  admitted  refused  twice  updates  elapsed  second
        read-check-write      1,354    120     1,234        0      0    1,234   1.23 s     972
        count-then-insert       177    120        57        0      0        -   1.23 s     972
        step-back-by-hand        82    120         3       41      0       44   1.23 s     972
        counter-block           120    120         0        0      0        0   1.23 s     972
        capacity                120    120         0        0      0        0   1.23 s     972
        ");
    }

    #[test]
    fn colours_mark_the_errors_and_the_exact() {
        let table = table(80, Palette::COLOURED).replace("\u{1b}[", "^");
        insta::assert_snapshot!(table, @"
        ^2m                                    over- wrongly          lost            per^0m
        ^2mcoding            admitted right admitted refused twice updates elapsed second^0m
        read-check-write     1,354   120 ^31m   1,234^0m       0     0   1,234  1.23 s    972
        count-then-insert      177   120 ^31m      57^0m       0     0       -  1.23 s    972
        step-back-by-hand       82   120 ^31m       3^0m ^33m     41^0m     0      44  1.23 s    972
        ^1m^32mcounter-block    ^0m      120   120        0       0     0       0  1.23 s    972
        ^1m^32mcapacity         ^0m      120   120        0       0     0       0  1.23 s    972
        ");
    }
}
