//! `exactly resolve`: what became of a token.

use clap::Args;
use exactly::core::TOKEN_KEEP_MAX;
use exactly::{Resolved, Store, Token};
use serde_json::json;

use crate::engine::{EngineOptions, wait};
use crate::failure::{Failure, Status, of_engine};
use crate::output::print;
use crate::stored::plain;

/// Look up whether what was sent under a token was applied
///
/// A token is an id that the program gave to a call or batch, such as a job's or a request's. It is
/// looked up, and nothing is changed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  exactly resolve payment-7
      was it applied, and what was it answered?
  exactly resolve payment-7 --namespace shop && echo paid
      the same in a script

Exit status:
  0  it was applied
  1  it was refused, or nothing is remembered of it, or the engine could not answer
  2  wrong use, or an engine that does not open")]
pub(crate) struct Options {
    /// The id of the token
    #[arg(value_name = "TOKEN")]
    token: String,

    #[command(flatten)]
    engine: EngineOptions,

    /// As one JSON object
    #[arg(long)]
    json: bool,
}

/// Looks it up.
pub(crate) fn run(options: &Options) -> Result<Status, Failure> {
    wait(async {
        let store = options.engine.open().await?;
        let (text, status) = told(&store, options).await?;
        print(&text)?;
        Ok(status)
    })
}

async fn told(store: &Store, options: &Options) -> Result<(String, Status), Failure> {
    let fault = |fault| of_engine(&fault);
    // How long it is kept is known to those who send it; a record is found by its id.
    let token = Token::caller(&*options.token, TOKEN_KEEP_MAX).map_err(fault)?;
    let answer = match store.resolve(&token).await.map_err(fault)? {
        Resolved::Applied(record) => Some(record.to_string()),
        Resolved::NotApplied | Resolved::Forgotten => None,
    };
    let name = plain(&options.token);
    let applied = answer.as_ref().is_some_and(|answer| answer.starts_with("applied"));
    let status = if applied { Status::Exact } else { Status::Inexact };
    if options.json {
        let state = match (&answer, applied) {
            (Some(_), true) => "applied",
            (Some(_), false) => "refused",
            (None, _) => "nothing",
        };
        let told = json!({ "token": options.token, "state": state, "answer": answer });
        return Ok((format!("{told}\n"), status));
    }
    let text = match answer {
        Some(answer) => format!("{name}: {answer}\n"),
        None => format!(
            "{name}: not applied\n  Nothing is remembered of it. If it was first sent longer ago \
             than it is kept, it may have been applied all the same.\n"
        ),
    };
    Ok((text, status))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser;
    use exactly::{Counter, Tried};

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        options: Options,
    }

    async fn resolved(store: &Store, line: &[&str]) -> (String, Status) {
        let words = ["resolve"].into_iter().chain(line.iter().copied());
        told(store, &Cli::try_parse_from(words).unwrap().options).await.unwrap()
    }

    #[tokio::test]
    async fn what_was_answered_is_told_again() {
        let store = Store::open("memory:").await.unwrap();
        let seats = Counter::new(&store, "seats").with_bounds(..=1);
        let token = |id: &str| Token::caller(id, Duration::from_secs(60)).unwrap();
        let (text, status) = resolved(&store, &["job-1"]).await;
        assert!(text.starts_with("job-1: not applied\n"), "{text}");
        assert_eq!(status, Status::Inexact);

        let tried = seats.try_increment().token(token("job-1")).await.unwrap();
        assert_eq!(tried, Tried::Stepped(1));
        let (text, status) = resolved(&store, &["job-1"]).await;
        assert!(text.starts_with("job-1: applied"), "{text}");
        assert_eq!(status, Status::Exact);

        let tried = seats.try_increment().token(token("job-2")).await.unwrap();
        assert_eq!(tried, Tried::OutOfBounds { value: 1 });
        let (text, status) = resolved(&store, &["job-2", "--json"]).await;
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&json["token"], &json["state"]), (&"job-2".into(), &"refused".into()));
        assert_eq!(status, Status::Inexact);
        assert_eq!(seats.get().await.unwrap(), 1);
    }

    #[tokio::test]
    async fn an_id_that_cannot_be_one_is_wrong_use() {
        let store = Store::open("memory:").await.unwrap();
        let options = Cli::try_parse_from(["resolve", ""]).unwrap().options;
        let failure = told(&store, &options).await.unwrap_err();
        assert_eq!(failure.status(), Status::Misuse, "{failure}");
    }
}
