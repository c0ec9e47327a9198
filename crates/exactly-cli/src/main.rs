//! The command `exactly`: see a race, and see it end; look into what is stored.
//!
//! One file (or folder) per subcommand. A subcommand answers with a [`Status`] or a [`Failure`];
//! only this file turns them into an exit status and a sentence on standard error.

mod address;
mod elements;
mod engine;
mod failure;
mod figures;
mod locks;
mod ls;
mod migrate;
mod output;
mod queue;
mod race;
mod resolve;
mod screen;
mod show;
mod sql;
mod stored;
mod watch;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::address::without_user_info;
use crate::failure::{Failure, Status};

/// Shared objects that stay right when requests race.
#[derive(Debug, Parser)]
#[command(
    name = "exactly",
    version,
    about = "Shared objects that stay right when requests race: exactly 30 seats, not 32",
    long_about = "Shared objects that stay right when requests race.\n\n\
        A course has 30 seats. `exactly race` lets a crowd ask for them all at once, plays the \
        same requests against several codings of the same handler, and counts who was let in: \
        exactly 30, or 32.\n\n\
        `exactly ls`, `show` and `watch` look into what is stored on an engine, and `exactly \
        migrate` brings the keys of another library. `exactly locks` and `queue` tell who holds \
        what and which jobs wait, and `exactly resolve` what became of a call. `exactly sql` shows \
        what a statement on your own tables sends.",
    after_help = "Examples:\n  \
        exactly race                 play the built-in sample against every coding\n  \
        exactly ls 'course:*'        which objects of courses have something stored\n  \
        exactly show course:42       what is stored of one course\n  \
        exactly watch course:42      the same, as it changes\n  \
        exactly locks                which locks are held, by how many, and who waits\n  \
        exactly queue mails depth    how many jobs are ready, delayed, claimed and dead\n  \
        exactly resolve payment-7    was what was sent under this token applied?\n  \
        exactly sql pay_all --help   what a statement on your own tables sends\n  \
        exactly race --help          its options, more examples, and its exit statuses\n\n\
        The engine is chosen by --url, or EXACTLY_URL."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Race(race::Options),
    Ls(ls::Options),
    Show(show::Options),
    Watch(watch::Options),
    Migrate(migrate::Options),
    Locks(locks::Options),
    Queue(queue::Options),
    Resolve(resolve::Options),
    Sql(sql::Options),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) => {
            say(&answer);
            return ExitCode::from(u8::try_from(answer.exit_code()).unwrap_or(2));
        }
    };
    let end = match cli.command {
        Command::Race(options) => race::run(&options),
        Command::Ls(options) => ls::run(&options),
        Command::Show(options) => show::run(&options),
        Command::Watch(options) => watch::run(&options),
        Command::Migrate(options) => migrate::run(&options),
        Command::Locks(options) => locks::run(&options),
        Command::Queue(options) => queue::run(&options),
        Command::Resolve(options) => resolve::run(&options),
        Command::Sql(options) => sql::run(&options),
    };
    end.unwrap_or_else(|failure| complain(&failure)).into()
}

/// Says what became of the command line: `--help` arrives here too. When nobody reads the answer
/// there is nobody to tell.
fn say(answer: &clap::Error) {
    let text = answer.to_string();
    let shown = without_user_info(&text);
    // An argument in the wrong place is repeated, and it may be the URL.
    let _ = if shown == text { answer.print() } else { io::stderr().write_all(shown.as_bytes()) };
}

/// Says on standard error why there is no result. Not with `eprintln!`, which panics when
/// standard error is closed.
fn complain(failure: &Failure) -> Status {
    let _ = writeln!(io::stderr(), "exactly: {}", without_user_info(&failure.to_string()));
    failure.status()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_race_needs_no_options() {
        assert!(Cli::try_parse_from(["exactly", "race"]).is_ok());
    }
}
