//! `exactly race --story wallet`: one list of payments, played against several codings of the same
//! handler on a database of SQL.
//!
//! An [`order`] pays with several items at once, or tops one up; a [`coding`] is one way to write
//! the handler; a [`database`] is where it is played, in a table of the race's own; a [`report`]
//! shows what came of it.

mod coding;
mod database;
mod order;
mod report;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use tokio::signal::ctrl_c;
use tokio::task::JoinSet;

use self::coding::Coding;
use self::database::Database;
use self::order::{Order, STOCK, orders};
use self::report::{Entry, Report, Tally};
use super::options::Options;
use crate::failure::{Failure, Status};
use crate::output::print;
use crate::screen::Screen;

/// Plays the story and reports it.
pub(super) async fn run(options: &Options) -> Result<Status, Failure> {
    let setting = options.wallet()?;
    let database = Database::open(&options.url, setting.callers).await?;
    let orders: Arc<[Order]> = orders(setting.count, setting.seed).into();
    let played = async {
        let mut entries = Vec::new();
        for coding in Coding::ALL {
            entries.push(play(coding, &database, &orders, setting.callers).await?);
        }
        Ok(entries)
    };
    let entries = tokio::select! {
        entries = played => entries,
        _ = ctrl_c() => Err(Failure::Unfinished("interrupted.".to_owned())),
    };
    // Whatever became of it, nothing of it stays.
    let tidied = database.tidy().await;
    let report = Report { setting, place: database.place(), orders: &orders, entries: entries? };
    tidied?;
    let shown = match options.json {
        true => report.json(),
        false => report.page(Screen::of_stdout().palette),
    };
    print(&shown)?;
    Ok(report.status())
}

/// How it is played.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    /// How many orders.
    pub(super) count: u32,
    /// How many are served at the same time, each on a connection of its own.
    pub(super) callers: u32,
    /// Makes the orders.
    pub(super) seed: u64,
}

async fn play(
    coding: Coding,
    database: &Database,
    orders: &Arc<[Order]>,
    callers: u32,
) -> Result<Entry, Failure> {
    database.furnish().await?;
    let (next, begun) = (Arc::new(AtomicUsize::new(0)), Instant::now());
    let mut crowd = JoinSet::new();
    for _ in 0..callers {
        let (database, orders, next) = (database.clone(), Arc::clone(orders), Arc::clone(&next));
        crowd.spawn(async move {
            let mut tally = Tally::default();
            while let Some(order) = orders.get(next.fetch_add(1, Ordering::Relaxed)) {
                let told = coding.serve(&database, order).await?;
                tally.count(order, told);
            }
            Ok::<_, Failure>(tally)
        });
    }
    let mut tally = Tally::default();
    while let Some(one) = crowd.join_next().await {
        let one = one.map_err(|_| Failure::Unfinished("a caller has panicked.".to_owned()))?;
        tally.add(one?);
    }
    let elapsed = begun.elapsed();
    let left = database.left().await?;
    tally.settle(STOCK, &left);
    Ok(Entry { coding, tally, elapsed })
}
