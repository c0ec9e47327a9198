//! The report as a picture for a talk: how far each coding is from the right number.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;

use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{PathElement, Rectangle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle, IntoFont, RGBColor, TextStyle};

use super::plan::{Plan, Source};
use super::report::{Entry, Report};
use crate::failure::{Failure, reason};
use crate::figures::{counted, grouped};

const WIDTH: i32 = 1200;
const MARGIN: i32 = 64;

/// The first row starts here; the words above and below the rows keep their heights.
const ROWS_TOP: i32 = 200;
const ROW_HEIGHT: i32 = 78;
const BELOW_ROWS: i32 = 85;

/// Names to the left of this, bars and their numbers to the right of it.
const BARS_LEFT: i32 = 540;
const BARS_RIGHT: i32 = WIDTH - MARGIN;
const BAR_HEIGHT: i32 = 32;
const NUMBER_SIZE: i32 = 20;
/// From the tip of a bar to its number.
const NUMBER_GAP: i32 = 10;
/// From the axis to the words behind the tick.
const TICK_WIDTH: i32 = 42;
/// The axis keeps away from both ends, for the headings beside it.
const LEAST_LEFT: i32 = 60;
const LEAST_RIGHT: i32 = 150;

const PAPER: RGBColor = RGBColor(255, 255, 255);
const INK: RGBColor = RGBColor(24, 29, 38);
const GREY: RGBColor = RGBColor(100, 110, 125);
const RULE: RGBColor = RGBColor(226, 230, 236);
const OURS: RGBColor = RGBColor(11, 122, 105);
const OURS_BAND: RGBColor = RGBColor(236, 248, 245);
const OVER: RGBColor = RGBColor(209, 56, 71);
const REFUSED: RGBColor = RGBColor(217, 131, 36);

type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), DrawingAreaErrorKind<io::Error>>;

/// Finds out whether the picture can be written, without touching one that is there.
pub(crate) fn check_writable(path: &Path) -> Result<(), Failure> {
    let opened = OpenOptions::new().write(true).create(true).truncate(false).open(path);
    opened.map(drop).map_err(|error| cannot_write(path, &error))
}

/// Draws the report into the file.
pub(crate) fn write(report: &Report<'_>, path: &Path) -> Result<(), Failure> {
    let picture = render(report)
        .map_err(|error| Failure::Unfinished(format!("cannot draw the picture: {error}.")))?;
    fs::write(path, picture).map_err(|error| cannot_write(path, &error))
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::Misuse(format!(
        "cannot write the picture {}: {}. Give --svg a file in a folder you may write to.",
        path.display(),
        reason(error)
    ))
}

fn render(report: &Report<'_>) -> Result<String, DrawingAreaErrorKind<io::Error>> {
    let mut picture = String::new();
    {
        let size = (WIDTH as u32, height(report) as u32);
        let canvas = SVGBackend::with_string(&mut picture, size).into_drawing_area();
        canvas.fill(&PAPER)?;
        draw_words(&canvas, report)?;
        draw_rows(&canvas, report)?;
        canvas.present()?;
    }
    Ok(picture)
}

/// As high as the rows need; five make the format of a slide.
fn height(report: &Report<'_>) -> i32 {
    rows_bottom(report) + BELOW_ROWS
}

fn rows_bottom(report: &Report<'_>) -> i32 {
    ROWS_TOP + ROW_HEIGHT * report.entries.len() as i32
}

fn draw_words(canvas: &Canvas<'_>, report: &Report<'_>) -> Drawn {
    let plan = report.plan;
    let (title, subtitle) = (title(report), subtitle(report));
    draw_text(canvas, &title, (MARGIN, 66), Font::bold(46, INK).fitting(&title))?;
    draw_text(canvas, &subtitle, (MARGIN, 118), Font::plain(19, GREY).fitting(&subtitle))?;

    let right = format!(
        "right: {}, in every course each student who asked, up to its seats",
        counted(plan.right(), "admission")
    );
    let bottom = height(report) - 36;
    draw_text(canvas, &right, (MARGIN, bottom), Font::plain(16, GREY))?;
    draw_text(canvas, &list_name(plan), (BARS_RIGHT, bottom), Font::plain(16, GREY).to_the_left())
}

/// `Exactly 30 seats, not 57`: the other number is what the most crowded course was given.
fn title(report: &Report<'_>) -> String {
    let seats = report.plan.setting.seats;
    let worst = report.entries.iter().filter_map(|entry| entry.tally.worst.as_ref());
    let crowded = worst.filter(|worst| worst.right == u64::from(seats));
    let most = crowded.map(|worst| worst.admitted).max().unwrap_or(0);
    let promise = format!("Exactly {}", counted(seats, "seat"));
    if most > u64::from(seats) { format!("{promise}, not {}", grouped(most)) } else { promise }
}

fn subtitle(report: &Report<'_>) -> String {
    let plan = report.plan;
    [
        counted(plan.requests.len(), "request"),
        counted(plan.requests.courses().len() as u64, "course"),
        format!(
            "{} on {}",
            counted(plan.setting.tasks, "task"),
            counted(plan.setting.threads, "thread")
        ),
        counted(plan.hang_ups(), "hang-up"),
        format!("seed {}", plan.setting.seed),
        report.place.to_string(),
    ]
    .join(" · ")
}

fn list_name(plan: &Plan) -> String {
    match &plan.source {
        Source::Sample => "exactly race".to_owned(),
        Source::File { path, .. } => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            // What is on the left of the line leaves room for about so many letters.
            let shown: String = name.chars().take(28).collect();
            let more = if shown.len() < name.len() { "…" } else { "" };
            format!("exactly race, {shown}{more}")
        }
    }
}

/// Where the axis stands and how long a bar gets.
#[derive(Debug)]
struct Scale {
    axis: i32,
    pixels_per_seat: f64,
}

impl Scale {
    fn new(entries: &[Entry]) -> Self {
        let most = |seats: fn(&Entry) -> u64| entries.iter().map(seats).max().unwrap_or(0);
        let refused = most(|entry| entry.tally.wrongly_refused);
        let over = most(|entry| entry.tally.over_admitted);
        let widest = |label: fn(&Entry) -> String| {
            let widths = entries.iter().map(|entry| number_width(&label(entry)));
            widths.max().unwrap_or(0)
        };

        let left_room = LEAST_LEFT.max(widest(left_number) + NUMBER_GAP);
        let right_room = widest(right_number) + NUMBER_GAP;
        let for_bars = f64::from(BARS_RIGHT - BARS_LEFT - left_room - right_room);
        let pixels_per_seat = for_bars / (refused + over).max(1) as f64;

        // Rows without a bar to the right still have words there, and push the axis to the left.
        let words = LEAST_RIGHT.max(widest(exact_number) + TICK_WIDTH);
        let for_refused = ((refused as f64 * pixels_per_seat) as i32)
            .min(BARS_RIGHT - words - BARS_LEFT - left_room);
        let pixels_per_seat = match refused {
            0 => pixels_per_seat,
            refused => pixels_per_seat.min(f64::from(for_refused) / refused as f64),
        };
        Self { axis: BARS_LEFT + left_room + for_refused, pixels_per_seat }
    }

    /// An error is never too small to be seen.
    fn length(&self, seats: u64) -> i32 {
        if seats == 0 { 0 } else { ((seats as f64 * self.pixels_per_seat) as i32).max(3) }
    }
}

fn left_number(entry: &Entry) -> String {
    match entry.tally.wrongly_refused {
        0 => String::new(),
        refused => format!("−{}", grouped(refused)),
    }
}

fn right_number(entry: &Entry) -> String {
    let (over, twice) = (entry.tally.over_admitted, entry.tally.twice);
    let over = (over > 0).then(|| format!("+{}", grouped(over)));
    let twice = (twice > 0).then(|| format!("{} twice", grouped(twice)));
    over.into_iter().chain(twice).collect::<Vec<_>>().join(", ")
}

fn exact_number(entry: &Entry) -> String {
    if entry.tally.exact() {
        format!("exactly {}", grouped(entry.tally.admitted))
    } else {
        String::new()
    }
}

fn draw_rows(canvas: &Canvas<'_>, report: &Report<'_>) -> Drawn {
    let entries = &report.entries;
    let scale = Scale::new(entries);
    let tops = || (ROWS_TOP..).step_by(ROW_HEIGHT as usize);
    for (top, entry) in tops().zip(entries) {
        draw_band(canvas, entry, top)?;
    }

    let heading = ROWS_TOP - 24;
    let left = Font::bold(17, REFUSED).to_the_left();
    draw_text(canvas, "wrongly refused", (scale.axis - 14, heading), left)?;
    draw_text(canvas, "over-admitted", (scale.axis + 14, heading), Font::bold(17, OVER))?;
    let axis = vec![(scale.axis, ROWS_TOP - 34), (scale.axis, rows_bottom(report) + 10)];
    canvas.draw(&PathElement::new(axis, INK.stroke_width(2)))?;

    for (top, entry) in tops().zip(entries) {
        draw_row(canvas, entry, &scale, top + ROW_HEIGHT / 2)?;
    }
    Ok(())
}

/// What lies behind a row: a band for ours, and a rule above each.
fn draw_band(canvas: &Canvas<'_>, entry: &Entry, top: i32) -> Drawn {
    let (left, right) = (MARGIN - 20, BARS_RIGHT + 20);
    if entry.coding.ours() {
        let band = [(left, top), (right, top + ROW_HEIGHT)];
        canvas.draw(&Rectangle::new(band, OURS_BAND.filled()))?;
    }
    canvas.draw(&PathElement::new(vec![(left, top), (right, top)], RULE.stroke_width(1)))
}

fn draw_row(canvas: &Canvas<'_>, entry: &Entry, scale: &Scale, middle: i32) -> Drawn {
    let name_colour = if entry.coding.ours() { OURS } else { INK };
    draw_text(canvas, entry.coding.name(), (MARGIN, middle - 13), Font::bold(22, name_colour))?;
    draw_text(canvas, entry.coding.about(), (MARGIN, middle + 15), Font::plain(16, GREY))?;

    let number = |colour| Font::bold(NUMBER_SIZE, colour);
    let tally = &entry.tally;
    if tally.exact() {
        draw_tick(canvas, (scale.axis + 16, middle))?;
        let words = (scale.axis + TICK_WIDTH, middle);
        return draw_text(canvas, &exact_number(entry), words, number(OURS));
    }
    let bar = |from: i32, to: i32, colour: RGBColor| {
        let corners = [(from, middle - BAR_HEIGHT / 2), (to, middle + BAR_HEIGHT / 2)];
        canvas.draw(&Rectangle::new(corners, colour.filled()))
    };
    let left_tip = scale.axis - scale.length(tally.wrongly_refused);
    if tally.wrongly_refused > 0 {
        bar(left_tip, scale.axis - 1, REFUSED)?;
    }
    let right_tip = scale.axis + scale.length(tally.over_admitted);
    if tally.over_admitted > 0 {
        bar(scale.axis + 1, right_tip, OVER)?;
    }
    let left = (left_tip - NUMBER_GAP, middle);
    draw_text(canvas, &left_number(entry), left, number(REFUSED).to_the_left())?;
    draw_text(canvas, &right_number(entry), (right_tip + NUMBER_GAP, middle), number(OVER))
}

/// Drawn rather than written: not every font has the sign.
fn draw_tick(canvas: &Canvas<'_>, (x, y): (i32, i32)) -> Drawn {
    let stroke = vec![(x, y + 1), (x + 6, y + 7), (x + 17, y - 7)];
    canvas.draw(&PathElement::new(stroke, OURS.stroke_width(4)))
}

/// How a text looks and to which side of its point it runs.
#[derive(Clone, Copy)]
struct Font {
    pixels: i32,
    colour: RGBColor,
    style: FontStyle,
    anchor: HPos,
}

impl Font {
    fn plain(pixels: i32, colour: RGBColor) -> Self {
        Self { pixels, colour, style: FontStyle::Normal, anchor: HPos::Left }
    }

    fn bold(pixels: i32, colour: RGBColor) -> Self {
        Self { style: FontStyle::Bold, ..Self::plain(pixels, colour) }
    }

    /// Small enough for the text to end on the paper.
    fn fitting(self, text: &str) -> Self {
        let most = (WIDTH - 2 * MARGIN) * self.pixels / self.width(text).max(1);
        Self { pixels: self.pixels.min(most), ..self }
    }

    /// About how wide the text is, rather too wide than too narrow: plotters cannot measure,
    /// and which font a viewer takes is not known here. The widest of the common ones are meant.
    fn width(&self, text: &str) -> i32 {
        let percent_of_height = if matches!(self.style, FontStyle::Bold) { 66 } else { 57 };
        text.chars().count() as i32 * self.pixels * percent_of_height / 100
    }

    fn to_the_left(self) -> Self {
        Self { anchor: HPos::Right, ..self }
    }
}

fn number_width(text: &str) -> i32 {
    Font::bold(NUMBER_SIZE, INK).width(text)
}

/// Writes the text with its middle at the height of `at`.
fn draw_text(canvas: &Canvas<'_>, text: &str, at: (i32, i32), font: Font) -> Drawn {
    // Plotters divides every size by this, to turn the height of a line into that of a letter.
    let size = f64::from(font.pixels) * 1.24;
    let face = ("Helvetica, Arial, sans-serif", size).into_font().style(font.style);
    let style = TextStyle::from(face).color(&font.colour).pos(Pos::new(font.anchor, VPos::Center));
    // Plotters centres small letters; digits and capitals reach higher.
    let at = (at.0, at.1 + font.pixels / 10);
    if text.is_empty() { Ok(()) } else { canvas.draw_text(text, &style, at) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::race::coding::Coding;
    use crate::race::report::tests::{entry, report, small_plan, usual};

    fn words(picture: &str) -> Vec<&str> {
        let lines = picture.lines().map(str::trim);
        lines.filter(|line| !line.is_empty() && !line.starts_with('<')).collect()
    }

    #[test]
    fn the_picture_says_what_was_played_and_what_came_of_it() {
        let plan = small_plan();
        let picture = render(&usual(&plan)).unwrap();
        assert!(picture.starts_with("<svg "), "{picture}");
        assert!(picture.trim_end().ends_with("</svg>"), "{picture}");
        insta::assert_snapshot!(words(&picture).join("\n"), @"
        Exactly 30 seats, not 1,264
        1,200 requests · 4 courses · 256 tasks on 8 threads · 12 hang-ups · seed 30 · memory:
        right: 120 admissions, in every course each student who asked, up to its seats
        exactly race
        wrongly refused
        over-admitted
        read-check-write
        read the counter, check it, write it back
        +1,234
        count-then-insert
        count the rows, then insert one more
        +57
        step-back-by-hand
        increment, check, step back by hand
        −41
        +3
        counter-block
        exactly: increment with a block, which rewinds by itself
        exactly 120
        capacity
        exactly: take a seat from a capacity, then confirm it
        exactly 120
        ");
    }

    #[test]
    fn the_title_only_promises_when_no_course_was_overrun() {
        let plan = small_plan();
        let entries = vec![entry(Coding::Capacity, 0, 0, &plan)];
        assert_eq!(title(&report(&plan, entries)), "Exactly 30 seats");
    }

    #[test]
    fn bars_and_their_numbers_stay_on_the_paper() {
        let plan = small_plan();
        let errors = [(0, 0), (1, 0), (0, 1), (1, 80), (1_000_000, 1), (50_000, 80)];
        for (over, refused) in errors {
            let entries = [
                entry(Coding::ReadCheckWrite, over, refused, &plan),
                entry(Coding::Capacity, 0, 0, &plan),
            ];
            let scale = Scale::new(&entries);
            let [wrong, ours] = &entries;
            let left = scale.axis - scale.length(refused) - number_width(&left_number(wrong));
            let right = scale.axis + scale.length(over) + number_width(&right_number(wrong));
            let words = scale.axis + TICK_WIDTH + number_width(&exact_number(ours));
            assert!(left >= BARS_LEFT, "{over} {refused}: {scale:?}");
            assert!(right <= BARS_RIGHT, "{over} {refused}: {scale:?}");
            assert!(words <= BARS_RIGHT, "{over} {refused}: {scale:?}");
        }
    }

    #[test]
    fn a_small_error_is_still_seen() {
        let plan = small_plan();
        let entries = [entry(Coding::ReadCheckWrite, 1_000_000, 0, &plan)];
        assert_eq!(Scale::new(&entries).length(1), 3);
        assert_eq!(Scale::new(&entries).length(0), 0);
    }

    #[test]
    fn checking_leaves_a_picture_that_is_there_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("race.svg");
        fs::write(&path, "old").unwrap();
        check_writable(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    }

    #[test]
    fn a_place_that_cannot_be_written_is_refused() {
        let failure = check_writable(Path::new("no/such/folder/race.svg")).unwrap_err();
        assert_eq!(
            failure.to_string(),
            "cannot write the picture no/such/folder/race.svg: No such file or directory. \
             Give --svg a file in a folder you may write to."
        );
    }
}
