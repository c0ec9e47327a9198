//! What the story found: a table for people, a document for scripts.

use std::time::Duration;

use serde_json::json;

use super::Setting;
use super::coding::{Coding, Told};
use super::order::{ITEMS, Order, STOCK};
use crate::failure::Status;
use crate::figures::{elapsed, grouped};
use crate::race::table::aligned;
use crate::screen::{Palette, painted};

/// How one coding did.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) coding: Coding,
    pub(super) tally: Tally,
    pub(super) elapsed: Duration,
}

/// What was told, and what it comes to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tally {
    paid: u64,
    refused: u64,
    in_part: u64,
    ended: u64,
    /// What should have come in and gone out of each item, by what was told.
    balance: [i64; ITEMS as usize],
    /// Items that are gone, and that nobody was told to have paid with.
    lost: u64,
    /// Items that were paid with, and are there all the same.
    made: u64,
    /// Items below zero.
    below_zero: u64,
}

impl Tally {
    pub(super) fn count(&mut self, order: &Order, told: Told) {
        match (order, told) {
            (Order::Pay { items, amount }, Told::Done) => {
                self.paid += 1;
                items.iter().for_each(|item| *self.of(*item) -= amount);
            }
            (Order::TopUp { item, amount }, Told::Done) => *self.of(*item) += amount,
            (Order::Pay { .. } | Order::TopUp { .. }, Told::Refused) => self.refused += 1,
            (Order::Pay { .. } | Order::TopUp { .. }, Told::InPart) => self.in_part += 1,
            (Order::Pay { .. } | Order::TopUp { .. }, Told::Ended) => self.ended += 1,
        }
    }

    /// Items are counted from one.
    fn of(&mut self, item: i64) -> &mut i64 {
        &mut self.balance[item as usize - 1]
    }

    pub(super) fn add(&mut self, other: Self) {
        self.paid += other.paid;
        self.refused += other.refused;
        self.in_part += other.in_part;
        self.ended += other.ended;
        for (sum, theirs) in self.balance.iter_mut().zip(other.balance) {
            *sum += theirs;
        }
    }

    /// Compares with what is left of each item: what is lost of one does not make up for what is
    /// made of another.
    pub(super) fn settle(&mut self, stock: i64, left: &[i64]) {
        for (found, balance) in left.iter().zip(self.balance) {
            let expected = stock + balance;
            self.lost += u64::try_from(expected - found).unwrap_or(0);
            self.made += u64::try_from(found - expected).unwrap_or(0);
        }
        self.below_zero = left.iter().filter(|quantity| **quantity < 0).count() as u64;
    }

    fn exact(&self) -> bool {
        self.in_part + self.ended + self.lost + self.made + self.below_zero == 0
    }
}

/// How all codings did with the same orders.
#[derive(Debug)]
pub(super) struct Report<'a> {
    pub(super) setting: Setting,
    pub(super) place: &'a str,
    pub(super) orders: &'a [Order],
    pub(super) entries: Vec<Entry>,
}

const COLUMNS: usize = 8;
const HEADINGS: [&str; COLUMNS] =
    ["coding", "paid", "refused", "in part", "ended", "lost", "made", "per second"];

impl Report<'_> {
    /// Exact when ours is; what the others do is the point, not a failure.
    pub(super) fn status(&self) -> Status {
        let mut ours = self.entries.iter().filter(|entry| entry.coding.ours());
        if ours.all(|entry| entry.tally.exact()) { Status::Exact } else { Status::Inexact }
    }

    /// For people.
    pub(super) fn page(&self, palette: Palette) -> String {
        let rows: Vec<_> = self.entries.iter().map(figures).collect();
        let widths: [usize; COLUMNS] = std::array::from_fn(|column| {
            let cells = rows.iter().map(|row| row[column].len());
            cells.chain([HEADINGS[column].len()]).max().unwrap_or(0)
        });
        let mut text = self.opening();
        let headings = aligned(HEADINGS, widths).join("  ");
        text += &format!("{}\n", painted(palette.faint, headings.trim_end()));
        for (entry, row) in self.entries.iter().zip(&rows) {
            let mut cells = aligned(row.each_ref().map(String::as_str), widths);
            paint(entry, &mut cells, &palette);
            text += &format!("{}\n", cells.join("  ").trim_end());
        }
        text.push('\n');
        for entry in &self.entries {
            let name = format!("{:16}", entry.coding.name());
            text += &format!("{name}  {}\n", painted(palette.faint, entry.coding.about()));
        }
        text + &closing(&self.entries, &palette)
    }

    fn opening(&self) -> String {
        let payments =
            self.orders.iter().filter(|order| matches!(order, Order::Pay { .. })).count();
        let top_ups = self.orders.len() - payments;
        format!(
            "{} payments with 2 to {ITEMS} items at once, and {} top-ups, {} at a time, from one \
             wallet\nwith {STOCK} of each of {ITEMS} items, on {}\n\n",
            grouped(payments as u64),
            grouped(top_ups as u64),
            self.setting.callers,
            self.place
        )
    }

    /// For scripts.
    pub(super) fn json(&self) -> String {
        let entries = self.entries.iter().map(|Entry { coding, tally, elapsed }| {
            json!({
                "coding": coding.name(), "ours": coding.ours(), "exact": tally.exact(),
                "paid": tally.paid, "refused": tally.refused, "in_part": tally.in_part,
                "ended": tally.ended, "lost": tally.lost, "made": tally.made,
                "below_zero": tally.below_zero, "elapsed_seconds": elapsed.as_secs_f64(),
            })
        });
        let document = json!({
            "story": "wallet", "place": self.place, "orders": self.orders.len(),
            "callers": self.setting.callers, "seed": self.setting.seed,
            "codings": entries.collect::<Vec<_>>(), "exact": self.status() == Status::Exact,
        });
        format!("{document:#}\n")
    }
}

fn figures(entry: &Entry) -> [String; COLUMNS] {
    let Tally { paid, refused, in_part, ended, lost, made, .. } = entry.tally;
    let orders = (paid + refused + in_part + ended) as f64;
    let rate = orders / entry.elapsed.max(Duration::from_nanos(1)).as_secs_f64();
    let numbers = [paid, refused, in_part, ended, lost, made, rate.round() as u64];
    let mut cells = [const { String::new() }; COLUMNS];
    cells[0] = entry.coding.name().to_owned();
    for (cell, number) in cells[1..].iter_mut().zip(numbers) {
        *cell = grouped(number);
    }
    cells
}

/// Colours what the eye should find: the errors, and who makes none.
fn paint(entry: &Entry, cells: &mut [String; COLUMNS], palette: &Palette) {
    let tally = &entry.tally;
    let marks = [
        (0, tally.exact(), palette.exact),
        (3, tally.in_part > 0, palette.over),
        (4, tally.ended > 0, palette.refused),
        (5, tally.lost > 0, palette.over),
        (6, tally.made > 0, palette.over),
    ];
    for (column, applies, style) in marks {
        if applies {
            cells[column] = painted(style, &cells[column]);
        }
    }
}

fn closing(entries: &[Entry], palette: &Palette) -> String {
    let exact = |entry: &&Entry| entry.coding.ours() && entry.tally.exact();
    match entries.iter().find(exact) {
        Some(entry) => {
            let said = format!("{}: every payment is of all or none", entry.coding.name());
            let time = elapsed(entry.elapsed);
            format!("\n{}, nothing lost, nothing made, in {time}\n", painted(palette.exact, said))
        }
        None => format!(
            "\n{}\n",
            painted(palette.over, "exactly's own coding was not exact: please report it")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_is_held_against_what_is_left() {
        let pay = Order::Pay { items: vec![1, 2], amount: 3 };
        let top_up = Order::TopUp { item: 1, amount: 4 };
        let mut tally = Tally::default();
        for (order, told) in [
            (&pay, Told::Done),
            (&pay, Told::Refused),
            (&pay, Told::InPart),
            (&pay, Told::Ended),
            (&top_up, Told::Done),
            (&top_up, Told::Ended),
        ] {
            tally.count(order, told);
        }
        assert_eq!((tally.paid, tally.refused, tally.in_part, tally.ended), (1, 1, 1, 2));
        let settled = |left: &[i64]| {
            let mut tally = tally;
            tally.settle(10, left);
            (tally.lost, tally.made, tally.below_zero)
        };
        assert_eq!(settled(&[11, 7]), (0, 0, 0));
        assert_eq!(settled(&[8, 7]), (3, 0, 0));
        assert_eq!(settled(&[9, 9]), (2, 2, 0));
        assert_eq!(settled(&[11, -1]), (8, 0, 1));
    }

    #[test]
    fn only_ours_decides_the_status() {
        let setting = Setting { count: 2, callers: 16, seed: 30 };
        let exact = Tally { paid: 1, ..Tally::default() };
        let status = |theirs: Tally, ours: Tally| {
            let elapsed = Duration::from_secs(1);
            let entry = |coding, tally| Entry { coding, tally, elapsed };
            let entries = vec![entry(Coding::CountBeside, theirs), entry(Coding::PayAll, ours)];
            let report = Report { setting, place: "sqlite:", orders: &[], entries };
            let words = if report.status() == Status::Exact { "all or none" } else { "report it" };
            assert!(report.page(Palette::PLAIN).contains(words));
            report.status()
        };
        let lost = Tally { lost: 3, ..exact };
        assert_eq!(status(lost, exact), Status::Exact);
        assert_eq!(status(exact, lost), Status::Inexact);
        assert_eq!(status(exact, Tally { ended: 1, ..exact }), Status::Inexact);
    }
}
