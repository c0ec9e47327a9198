//! The errors of every coding as bars on one scale: wrongly refused to the left of the axis,
//! over-admitted to the right.

use super::report::{Entry, Report};
use crate::figures::grouped;
use crate::screen::{Palette, Screen, painted};

const LEFT_HEADING: &str = "wrongly refused ";
const RIGHT_HEADING: &str = " over-admitted";

/// Narrower than this there is no room for bars; the lines then go over the edge instead.
const LEAST_WIDTH: usize = 60;

/// The bars, with an explanation of each coding under its bar.
pub(crate) fn render(report: &Report<'_>, screen: Screen) -> String {
    let palette = &screen.palette;
    let layout = Layout::new(report, screen.width);
    let heading = format!(
        "{:label$}{LEFT_HEADING:>left$}│{RIGHT_HEADING}",
        "",
        label = layout.label,
        left = layout.left
    );
    let mut text = painted(palette.faint, heading) + "\n";
    for entry in &report.entries {
        text += &row(entry, &layout, palette);
        text.push('\n');
        text += &painted(palette.faint, format!("  {}", entry.coding.about()));
        text.push('\n');
    }
    text
}

/// How a line is divided: the label, the left side, the axis, the right side.
#[derive(Debug)]
struct Layout {
    label: usize,
    left: usize,
    /// The scale, in half characters, the finest step that a bar has in both directions.
    halves_per_seat: f64,
}

impl Layout {
    fn new(report: &Report<'_>, width: usize) -> Self {
        let entries = &report.entries;
        let label = 1 + entries.iter().map(|entry| entry.coding.name().len()).max().unwrap_or(0);
        let room = width.max(LEAST_WIDTH) - label - 1;

        let most = |seats: fn(&Entry) -> u64| entries.iter().map(seats).max().unwrap_or(0);
        let refused = most(|entry| entry.tally.wrongly_refused);
        let over = most(|entry| entry.tally.over_admitted);
        let share = refused as f64 / (refused + over).max(1) as f64;
        // Each side keeps room for its heading, however little it has to show.
        let left =
            ((room as f64 * share) as usize).clamp(LEFT_HEADING.len(), room - RIGHT_HEADING.len());

        let numbers = |text: fn(&Entry) -> String| {
            entries.iter().map(|entry| text(entry).len()).max().unwrap_or(0)
        };
        let scale = |side: usize, number: usize, most: u64| {
            let halves = 2 * side.saturating_sub(number);
            if most == 0 { f64::INFINITY } else { halves as f64 / most as f64 }
        };
        let halves_per_seat = scale(left, numbers(left_number), refused).min(scale(
            room - left,
            numbers(right_number),
            over,
        ));
        Self { label, left, halves_per_seat }
    }

    /// The length of a bar. An error is never too small to be seen.
    fn halves(&self, seats: u64) -> usize {
        if seats == 0 { 0 } else { ((seats as f64 * self.halves_per_seat) as usize).max(1) }
    }
}

fn row(entry: &Entry, layout: &Layout, palette: &Palette) -> String {
    let tally = &entry.tally;
    let name = format!("{:width$}", entry.coding.name(), width = layout.label);
    let name = if entry.coding.ours() { painted(palette.exact, name) } else { name };

    let left = left_number(entry) + &leftward(layout.halves(tally.wrongly_refused));
    let padding = layout.left.saturating_sub(left.chars().count());
    let left = painted(palette.refused, left);

    let right = if tally.exact() {
        painted(palette.exact, " exact")
    } else {
        painted(palette.over, rightward(layout.halves(tally.over_admitted)) + &right_number(entry))
    };
    format!("{name}{:padding$}{left}│{right}", "")
}

fn left_number(entry: &Entry) -> String {
    match entry.tally.wrongly_refused {
        0 => String::new(),
        refused => grouped(refused) + " ",
    }
}

fn right_number(entry: &Entry) -> String {
    let mut numbers = Vec::new();
    if entry.tally.over_admitted > 0 {
        numbers.push(grouped(entry.tally.over_admitted));
    }
    if entry.tally.twice > 0 {
        numbers.push(format!("{} twice", grouped(entry.tally.twice)));
    }
    if numbers.is_empty() { String::new() } else { format!(" {}", numbers.join(", ")) }
}

fn rightward(halves: usize) -> String {
    "█".repeat(halves / 2) + if halves.is_multiple_of(2) { "" } else { "▌" }
}

fn leftward(halves: usize) -> String {
    (if halves.is_multiple_of(2) { "" } else { "▐" }).to_owned() + &"█".repeat(halves / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::race::coding::Coding;
    use crate::race::plan::Plan;
    use crate::race::report::tests::{entry, report, small_plan, usual};

    fn bars(entries: impl Fn(&Plan) -> Vec<Entry>, width: usize) -> String {
        let plan = small_plan();
        let entries = entries(&plan);
        render(&report(&plan, entries), Screen { width, palette: Palette::PLAIN })
    }

    #[test]
    fn errors_go_to_their_side_of_the_axis_on_one_scale() {
        let bars = bars(|plan| usual(plan).entries, 80);
        assert!(bars.lines().all(|line| line.chars().count() <= 80));
        insta::assert_snapshot!(bars, @"
                          wrongly refused │ over-admitted
        read-check-write                  │██████████████████████████████████████▌ 1,234
          read the counter, check it, write it back
        count-then-insert                 │█▌ 57
          count the rows, then insert one more
        step-back-by-hand             41 █│▌ 3
          increment, check, step back by hand
        counter-block                     │ exact
          exactly: increment with a block, which rewinds by itself
        capacity                          │ exact
          exactly: take a seat from a capacity, then confirm it
        ");
    }

    #[test]
    fn a_side_with_much_to_show_gets_the_room() {
        let entries = |plan: &Plan| {
            vec![
                entry(Coding::ReadCheckWrite, 2, 0, plan),
                entry(Coding::StepBackByHand, 0, 60, plan),
            ]
        };
        insta::assert_snapshot!(bars(entries, 80), @"
                                                         wrongly refused │ over-admitted
        read-check-write                                                 │█ 2
          read the counter, check it, write it back
        step-back-by-hand 60 ████████████████████████████████████████████│
          increment, check, step back by hand
        ");
    }

    #[test]
    fn without_errors_there_are_no_bars() {
        let entries = |plan: &Plan| vec![entry(Coding::Capacity, 0, 0, plan)];
        insta::assert_snapshot!(bars(entries, 80), @"
                 wrongly refused │ over-admitted
        capacity                 │ exact
          exactly: take a seat from a capacity, then confirm it
        ");
    }

    #[test]
    fn a_student_admitted_twice_is_not_exact() {
        let entries = |plan: &Plan| {
            let mut twice = entry(Coding::CounterBlock, 0, 0, plan);
            twice.tally.twice = 3;
            vec![twice, entry(Coding::Capacity, 0, 0, plan)]
        };
        insta::assert_snapshot!(bars(entries, 60), @"
                      wrongly refused │ over-admitted
        counter-block                 │ 3 twice
          exactly: increment with a block, which rewinds by itself
        capacity                      │ exact
          exactly: take a seat from a capacity, then confirm it
        ");
    }

    #[test]
    fn a_screen_too_narrow_for_bars_does_not_break_them() {
        for width in [0, 1, 40, 59, 60] {
            assert_eq!(
                bars(|plan| usual(plan).entries, width),
                bars(|plan| usual(plan).entries, 60)
            );
        }
    }
}
