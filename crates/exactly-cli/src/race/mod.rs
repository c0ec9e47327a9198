//! `exactly race`: one enrolment list, played against several codings of the same handler.
//!
//! [`options`] say what is played; [`requests`] is the list, from an [`enrolment_file`] or a
//! [`sample`]; a [`plan`] is what every coding gets the same of; a [`crowd`] plays it against the
//! handler of a [`coding`], written out in [`codings`], on the engine of a [`venue`]; a [`tally`]
//! counts what came of it; a [`report`] shows it as [`table`], [`bars`], [`json`] or [`svg`]. The
//! story of the [`wallet`] has rooms of its own.

mod bars;
mod coding;
mod codings;
mod crowd;
mod enrolment_file;
mod json;
mod options;
mod plan;
mod progress;
mod report;
mod requests;
mod sample;
mod summary;
mod svg;
mod table;
mod tally;
mod venue;
mod wallet;

use std::sync::Arc;

use tokio::runtime::{self, Runtime};

use self::coding::Coding;
use self::crowd::Played;
pub(crate) use self::options::Options;
use self::options::Story;
use self::plan::Plan;
use self::progress::Progress;
use self::report::{Entry, Report};
use self::tally::Tally;
use self::venue::Venue;
use crate::failure::{Failure, Status, reason};
use crate::figures;
use crate::output::print;
use crate::screen::Screen;

/// Plays the race and reports it.
pub(crate) fn run(options: &Options) -> Result<Status, Failure> {
    if options.story == Story::Wallet {
        return workers(options.threads())?.block_on(wallet::run(options));
    }
    let plan = Arc::new(options.plan()?);
    let runtime = workers(plan.setting.threads)?;
    let venue = runtime.block_on(Venue::open(&options.url))?;
    if let Some(path) = &options.svg {
        // Nobody should wait for a race and then learn that its picture has no place to go.
        svg::check_writable(path)?;
    }
    let mut entries = Vec::new();
    for coding in options.codings() {
        entries.push(runtime.block_on(enter(coding, &plan, &venue))?);
    }
    let report = Report { plan: &plan, place: venue.place(), entries };

    if let Some(path) = &options.svg {
        svg::write(&report, path)?;
    }
    print(&if options.json { document(&report)? } else { page(&report, Screen::of_stdout()) })?;
    Ok(report.status())
}

fn workers(threads: u32) -> Result<Runtime, Failure> {
    runtime::Builder::new_multi_thread()
        .worker_threads(threads as usize)
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::Misuse(format!(
                "cannot start {}: {}. Ask for fewer with --threads.",
                figures::counted(threads, "thread"),
                reason(&error)
            ))
        })
}

/// Plays one coding and counts what it left behind.
async fn enter(coding: Coding, plan: &Arc<Plan>, venue: &Venue) -> Result<Entry, Failure> {
    let progress = Progress::start(coding, plan.requests.len());
    let end = codings::play(coding, plan, venue, &progress).await;
    progress.clear();
    let Played { standings, elapsed } = end.map_err(|failure| {
        Failure::Unfinished(format!("{} did not get to its end: {failure}", coding.name()))
    })?;
    let tally = Tally::count(&plan.requests, plan.setting.seats, &standings);
    Ok(Entry { coding, tally, elapsed })
}

/// The report for people.
fn page(report: &Report<'_>, screen: Screen) -> String {
    let palette = &screen.palette;
    [
        summary::opening(report, palette),
        table::render(report, screen),
        bars::render(report, screen),
        summary::closing(report, palette),
    ]
    .join("\n")
}

/// The report for scripts.
fn document(report: &Report<'_>) -> Result<String, Failure> {
    json::render(report)
        .map_err(|error| Failure::Unfinished(format!("cannot write the report as JSON: {error}.")))
}
