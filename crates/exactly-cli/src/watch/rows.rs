//! What is stored as lines: a name, a bar, and the figures.

use std::collections::HashMap;

use exactly::{Bytes, Levels, Life};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use super::heat::Heat;
use crate::figures::{grouped, lasting};
use crate::stored::{Content, Stored, plain, short_text};

const BAR_MIN: usize = 8;
const BAR_MAX: usize = 60;
/// A name of more is cut, so that bars have their room.
const NAME_MAX: usize = 40;

const CONFIRMED: Style = Style::new().fg(Color::Green);
const HELD: Style = Style::new().fg(Color::Yellow);
const FULL: Style = Style::new().fg(Color::Red);
const GAUGE: Style = Style::new().fg(Color::Cyan);
const FAINT: Style = Style::new().add_modifier(Modifier::DIM);

/// Makes lines, and remembers the largest number of each field: what its gauges are drawn against.
#[derive(Debug)]
pub(crate) struct Rows {
    max: Option<f64>,
    largest: HashMap<String, f64>,
}

impl Rows {
    pub(crate) fn new(max: Option<f64>) -> Self {
        Self { max, largest: HashMap::new() }
    }

    /// One line for each object, of this many columns.
    pub(crate) fn lines(
        &mut self,
        stored: &[Stored],
        heat: &Heat,
        width: usize,
    ) -> Vec<Line<'static>> {
        for one in stored {
            if let Some(number) = number(&one.content) {
                let largest = self.largest.entry(one.key.field().into_owned()).or_default();
                *largest = largest.max(number);
            }
        }
        let names: Vec<_> = stored.iter().map(|one| cut(&plain(one.key.name()))).collect();
        let figures: Vec<_> = stored.iter().map(|one| figures(one, heat)).collect();
        let name_width = names.iter().map(|name| columns(name)).max().unwrap_or(0);
        // What has no bar may use the room of one.
        let barred = stored.iter().zip(&figures).filter(|(one, _)| has_bar(&one.content));
        let figures_width = barred.map(|(_, figures)| columns(figures)).max().unwrap_or(0);
        let bar = width.saturating_sub(name_width + figures_width + 4).clamp(BAR_MIN, BAR_MAX);
        let rows = stored.iter().zip(names).zip(figures);
        rows.map(|((one, name), figures)| {
            let mut spans = vec![Span::raw(format!("{name:name_width$}  "))];
            let bars = self.bar(one, bar);
            if !bars.is_empty() {
                spans.extend(bars);
                spans.push(Span::raw("  "));
            }
            spans.push(Span::raw(figures));
            Line::from(spans)
        })
        .collect()
    }

    fn bar(&self, stored: &Stored, width: usize) -> Vec<Span<'static>> {
        match &stored.content {
            Content::Capacity(levels) => levels_bar(levels, width),
            Content::Scalar(_) => match number(&stored.content) {
                Some(number) => {
                    let largest = self.largest.get(&*stored.key.field()).copied();
                    gauge(number, self.max.or(largest).unwrap_or_default(), width)
                }
                None => Vec::new(),
            },
            Content::Collection { .. } | Content::Foreign | Content::Odd(_) => Vec::new(),
            Content::Lock(_) | Content::Limiter | Content::Queue(_) | Content::Once(_) => {
                Vec::new()
            }
        }
    }
}

fn has_bar(content: &Content) -> bool {
    matches!(content, Content::Capacity(_)) || number(content).is_some()
}

fn number(content: &Content) -> Option<f64> {
    let Content::Scalar(bytes) = content else { return None };
    let number: f64 = std::str::from_utf8(bytes).ok()?.parse().ok()?;
    number.is_finite().then_some(number)
}

fn figures(stored: &Stored, heat: &Heat) -> String {
    let mut figures = match &stored.content {
        Content::Capacity(Levels { limit, held, confirmed, .. }) => {
            let held =
                if *held > 0 { format!(" + {} held", grouped(*held)) } else { String::new() };
            format!("{}{held} of {}", grouped(*confirmed), grouped(*limit))
        }
        Content::Scalar(bytes) => scalar(bytes),
        Content::Collection { .. }
        | Content::Lock(_)
        | Content::Limiter
        | Content::Queue(_)
        | Content::Once(_) => {
            format!("{} {}", stored.content.word(), stored.content.short())
        }
        Content::Foreign | Content::Odd(_) => stored.content.short(),
    };
    if let Life::Left(left) = stored.life {
        figures += &format!("  ends in {}", lasting(left));
    }
    if let Some(rate) = heat.told(&stored.key) {
        figures += &format!("  {rate}");
    }
    figures
}

fn scalar(bytes: &Bytes) -> String {
    let text = std::str::from_utf8(bytes).ok();
    match text.and_then(|text| text.parse::<u64>().ok()) {
        Some(number) => grouped(number),
        None => short_text(bytes, 60),
    }
}

/// What is confirmed, held and free; all of it in red when nothing is free.
fn levels_bar(levels: &Levels, width: usize) -> Vec<Span<'static>> {
    let Levels { limit, free, held, confirmed, .. } = levels;
    let whole = (*limit).max(confirmed + held);
    let [confirmed_part, held_part] =
        [*confirmed, confirmed + held].map(|upto| part(upto as f64, whole as f64, width));
    let full = *free == 0 && whole > 0;
    let of = |sign: &str, number: usize, style: Style| {
        Span::styled(sign.repeat(number), if full { FULL } else { style })
    };
    vec![
        of("█", confirmed_part, CONFIRMED),
        of("▒", held_part - confirmed_part, HELD),
        Span::styled("·".repeat(width - held_part), FAINT),
    ]
}

fn gauge(number: f64, whole: f64, width: usize) -> Vec<Span<'static>> {
    let filled = part(number, whole, width);
    let style = if number > whole { FULL } else { GAUGE };
    vec![Span::styled("█".repeat(filled), style), Span::styled("·".repeat(width - filled), FAINT)]
}

/// How many of the columns stand for so much of the whole. Only nothing has none, and only the
/// whole has all.
fn part(number: f64, whole: f64, width: usize) -> usize {
    if number <= 0.0 || whole <= 0.0 {
        return 0;
    }
    if number >= whole {
        return width;
    }
    ((number / whole * width as f64).round() as usize).clamp(1, width.max(2) - 1)
}

fn columns(text: &str) -> usize {
    text.chars().count()
}

fn cut(name: &str) -> String {
    if columns(name) <= NAME_MAX {
        return name.to_owned();
    }
    name.chars().take(NAME_MAX - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use exactly::Key;

    use super::super::plain as without_colours;
    use super::*;

    fn stored(name: &str, content: Content) -> Stored {
        Stored { key: Key::named("", name).unwrap(), life: Life::Persistent, content }
    }

    fn text(name: &str, text: &str) -> Stored {
        stored(name, Content::Scalar(text.into()))
    }

    fn levels(name: &str, confirmed: u64, held: u64, limit: u64) -> Stored {
        let free = limit.saturating_sub(confirmed + held);
        stored(name, Content::Capacity(Levels { limit, free, held, confirmed }))
    }

    fn shown(rows: &mut Rows, stored: &[Stored], width: usize) -> String {
        let lines = rows.lines(stored, &Heat::default(), width);
        lines.iter().map(|line| without_colours(line) + "\n").collect()
    }

    #[test]
    fn one_line_for_each_object() {
        let mut brief = text("course:43:taken", "1000");
        brief.life = Life::Left(Duration::from_secs(90));
        let all = [
            levels("course:42:seats", 15, 5, 30),
            levels("course:43:seats", 30, 0, 30),
            levels("course:44:seats", 32, 3, 30),
            text("course:42:taken", "2000"),
            brief,
            text("course:44:taken", "-7"),
            text("course:42:rating", "4.5"),
            text("course:42:motto", "exactly 30"),
            stored("other", Content::Foreign),
        ];
        insta::assert_snapshot!(shown(&mut Rows::new(None), &all, 64), @r#"
        course:42:seats   ████████████▒▒▒········  15 + 5 held of 30
        course:43:seats   ███████████████████████  30 of 30
        course:44:seats   █████████████████████▒▒  32 + 3 held of 30
        course:42:taken   ███████████████████████  2,000
        course:43:taken   ████████████···········  1,000  ends in 1m 30s
        course:44:taken   ·······················  -7
        course:42:rating  ███████████████████████  4.5
        course:42:motto   "exactly 30"
        other             of another program
        "#);
        insta::assert_snapshot!(shown(&mut Rows::new(Some(4000.0)), &all[3..5], 64), @"
        course:42:taken  ████████████············  2,000
        course:43:taken  ██████··················  1,000  ends in 1m 30s
        ");
    }

    #[test]
    fn a_gauge_remembers_the_largest_number_it_has_seen() {
        let mut rows = Rows::new(None);
        let bar = |line: &str| line.matches('█').count();
        let full = shown(&mut rows, &[text("visits", "10")], 40);
        assert!(bar(&full) > 10 && !full.contains('·'), "{full}");
        let half = shown(&mut rows, &[text("visits", "5")], 40);
        assert!(bar(&half).abs_diff(bar(&full) / 2) <= 1, "{half}");
    }

    #[test]
    fn only_nothing_is_empty_and_only_the_whole_is_full() {
        for (number, columns) in [(-1.0, 0), (0.0, 0), (0.01, 1), (15.0, 5), (29.9, 9), (30.0, 10)]
        {
            assert_eq!(part(number, 30.0, 10), columns, "{number}");
        }
        assert_eq!((part(31.0, 30.0, 10), part(1.0, 0.0, 10)), (10, 0));
    }

    #[test]
    fn nothing_is_drawn_wider_than_asked_where_there_is_room() {
        for width in [50, 80, 200] {
            let all = [levels("course:42:seats", 15, 5, 30), text("visits", "7")];
            let page = shown(&mut Rows::new(None), &all, width);
            assert!(page.lines().all(|line| columns(line) <= width), "{page}");
        }
        assert_eq!(columns(&cut(&"x".repeat(99))), NAME_MAX);
    }
}
