//! `exactly watch`: what is stored, as it changes.
//!
//! A [`source`] reads what is stored, again and again, and says when there is something new;
//! [`rows`] make lines of it; a [`terminal`] shows them and hears the keyboard.

mod heat;
mod rows;
mod source;
mod terminal;

use std::io::{self, IsTerminal};
use std::num::NonZeroUsize;
use std::time::Duration;

use clap::Args;
use exactly::Store;
use ratatui::text::Line;
use tokio::signal::ctrl_c;

use self::rows::Rows;
use self::source::{Seen, Source};
use self::terminal::{Pressed, Terminal};
use crate::engine::{EngineOptions, wait};
use crate::failure::{Failure, Status, of_engine};
use crate::output::print;
use crate::screen::Screen;

/// Watch what is stored change
///
/// One line for each object whose key begins with PREFIX: capacities as bars of what is confirmed,
/// held and free, numbers as gauges, texts as they are, and of the first 256 how often each was
/// seen to change, at least. Drawn anew when something has changed, and four times a second. `q`,
/// Esc or Ctrl-C ends it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  exactly watch course:42
      all objects of course 42
  exactly watch --max 30 course:
      every number as a part of 30
  exactly watch --hottest
      what changes most stands on top
  exactly watch --once | head
      one picture of all, as text; so it is in a pipe, too

Exit status:
  0  it was watched
  1  with --once: no key begins so, or the engine could not answer
  2  wrong use, or an engine that does not open")]
pub(crate) struct Options {
    /// What the keys begin with [default: all keys]
    #[arg(value_name = "PREFIX", default_value = "", hide_default_value = true)]
    prefix: String,

    #[command(flatten)]
    engine: EngineOptions,

    /// What a full gauge stands for [default: the largest number seen in that field]
    #[arg(long, value_name = "N", value_parser = maximum)]
    max: Option<f64>,

    /// At most so many objects
    #[arg(long, value_name = "N", default_value = "200")]
    limit: NonZeroUsize,

    /// What changes most first
    #[arg(long)]
    hottest: bool,

    /// One picture as text, and no more; with --hottest, of how it was for two seconds
    #[arg(long)]
    once: bool,
}

/// How long is looked before what is hottest is told.
const LOOKED_FOR: Duration = Duration::from_secs(2);

/// Watches.
pub(crate) fn run(options: &Options) -> Result<Status, Failure> {
    let live = !options.once && io::stdout().is_terminal() && io::stdin().is_terminal();
    wait(async {
        let store = options.engine.open().await?;
        if live { watch(store, options).await } else { once(&store, options).await }
    })
}

async fn once(store: &Store, options: &Options) -> Result<Status, Failure> {
    let (prefix, limit) = (&options.prefix, options.limit.get());
    let Seen { stored, heat, trouble, .. } = match options.hottest {
        true => {
            let mut source = Source::start(store.clone(), prefix.clone(), limit);
            hottest_first(source.after(LOOKED_FOR).await)
        }
        false => {
            let stored = source::once(store, prefix, limit).await;
            Seen { stored: stored.map_err(|fault| of_engine(&fault))?, ..Seen::default() }
        }
    };
    if let Some(trouble) = trouble {
        return Err(Failure::Unfinished(format!("{trouble}.")));
    }
    if stored.is_empty() {
        return Err(Failure::Nothing(format!(
            "no key begins with `{}`. `exactly ls` lists those that are there.",
            options.prefix
        )));
    }
    let mut rows = Rows::new(options.max);
    let width = Screen::of_stdout().width;
    let text: Vec<_> = rows.lines(&stored, &heat, width).iter().map(plain).collect();
    print(&(text.join("\n") + "\n"))?;
    Ok(Status::Exact)
}

/// A line without its colours.
fn plain(line: &Line<'_>) -> String {
    let text: String = line.spans.iter().map(|span| span.content.as_ref()).collect();
    text.trim_end().to_owned()
}

async fn watch(store: Store, options: &Options) -> Result<Status, Failure> {
    let (_, place) = options.engine.url()?;
    let mut source = Source::start(store, options.prefix.clone(), options.limit.get());
    let mut terminal = Terminal::open()?;
    let mut rows = Rows::new(options.max);
    let mut seen = Seen::default();
    let what = if options.prefix.is_empty() { "all keys" } else { &options.prefix };
    loop {
        let top = format!("{what} on {place}");
        terminal.draw(&top, &bottom(&seen), |width| rows.lines(&seen.stored, &seen.heat, width))?;
        tokio::select! {
            pressed = terminal.pressed() => match pressed {
                Pressed::Quit => return Ok(Status::Exact),
                Pressed::Redraw => {}
            },
            news = source.news() => seen = if options.hottest { hottest_first(news) } else { news },
            _ = ctrl_c() => return Ok(Status::Exact),
            () = terminated() => return Ok(Status::Exact),
        }
    }
}

/// What changes most first, and then by their names.
fn hottest_first(mut seen: Seen) -> Seen {
    let Seen { stored, heat, .. } = &mut seen;
    stored.sort_by(|one, two| heat.of(&two.key).total_cmp(&heat.of(&one.key)));
    seen
}

fn bottom(seen: &Seen) -> String {
    match (&seen.trouble, seen.stored.len()) {
        (Some(trouble), _) => format!("{trouble}; asking again"),
        (None, 0) if !seen.asked => "reading".to_owned(),
        (None, 0) => "nothing is stored there".to_owned(),
        (None, 1) => "1 object".to_owned(),
        (None, number) if seen.more => format!("{number} objects, and more: see --limit"),
        (None, number) => format!("{number} objects"),
    }
}

/// Resolves when the process is asked to end, so that it can leave the terminal as it was.
#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}

fn maximum(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| "give a number above 0, such as 30".to_owned())
}
