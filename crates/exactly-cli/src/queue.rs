//! `exactly queue`: how deep a queue is, which of its jobs are dead, and their way back.

use std::collections::BTreeSet;
use std::num::IntErrorKind;

use clap::{Args, Subcommand};
use exactly::core::operations::queue::{
    Chosen, Dead, DeadJob, Depth, Discard, JOBS_MAX, Moved, Revive, Try,
};
use exactly::core::{Batch, Cursor, Operation, Step};
use exactly::{Depths, JobId, Key, Store};
use serde_json::json;

use crate::engine::{EngineOptions, wait};
use crate::failure::{Failure, Status, of_engine};
use crate::figures::{counted, lasting};
use crate::output::{Reader, print};
use crate::stored::{millis, short_text};

/// Look into a queue, and bring its dead jobs back
///
/// A queue is named by its key: `group:id:field`, `group::field` for what a group shares, or the
/// name of one that stands alone. A colon in one of the parts is written `%3A`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  exactly queue mails depth
      how many jobs are ready, delayed, claimed and dead
  exactly queue shop:42:orders dead --json
      the dead jobs, one JSON object for each
  exactly queue mails retry 5f0c…
      one dead job, as if it were new
  exactly queue mails retry --all
      all of them
  exactly queue mails discard 5f0c…
      forget a dead job for good

Exit status:
  0  done
  1  a job that was named is not dead, or the engine could not answer
  2  wrong use, or an engine that does not open")]
pub(crate) struct Options {
    /// The key of the queue
    #[arg(value_name = "QUEUE")]
    name: String,

    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// How many jobs are ready, delayed, claimed and dead
    Depth(Look),
    /// The dead jobs, with what is known of their last tries
    Dead(Deaths),
    /// Make dead jobs ready again, as if they were new
    ///
    /// They stand behind all that are ready, with all their tries. One whose unique key a live job
    /// has by now stays dead.
    Retry(These),
    /// Forget dead jobs for good
    Discard(These),
}

#[derive(Debug, Args)]
struct Look {
    #[command(flatten)]
    engine: EngineOptions,

    /// As one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Deaths {
    #[command(flatten)]
    engine: EngineOptions,

    /// How many at most, the one that has been dead for the longest first
    #[arg(long, value_name = "N", default_value = "100", allow_negative_numbers = true,
          value_parser = count)]
    limit: u64,

    /// One JSON object for each job, on a line of its own
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct These {
    #[command(flatten)]
    engine: EngineOptions,

    /// The names of the jobs, as `dead` shows them
    #[arg(value_name = "JOB", required_unless_present = "all", value_parser = job)]
    jobs: Vec<JobId>,

    /// All dead jobs
    #[arg(long, conflicts_with = "jobs")]
    all: bool,

    /// As one JSON object
    #[arg(long)]
    json: bool,
}

fn job(text: &str) -> Result<JobId, String> {
    let is_name = text.len() == 32;
    text.parse().ok().filter(|_| is_name).ok_or_else(|| {
        "the name of a job is 32 hexadecimal digits, as `exactly queue QUEUE dead` shows it"
            .to_owned()
    })
}

fn count(text: &str) -> Result<u64, String> {
    match text.parse::<u64>() {
        Ok(0) => Err("give a whole number from 1 on".to_owned()),
        Ok(count) => Ok(count),
        Err(error) if *error.kind() == IntErrorKind::PosOverflow => Ok(u64::MAX),
        Err(_) => Err("give a whole number from 1 on".to_owned()),
    }
}

/// Does it.
pub(crate) fn run(options: &Options) -> Result<Status, Failure> {
    let name = &options.name;
    wait(async {
        match &options.what {
            What::Depth(look) => {
                let queue = Queue::open(&look.engine, name).await?;
                print(&queue.depth(look.json).await?)?;
                Ok(Status::Exact)
            }
            What::Dead(deaths) => {
                let queue = Queue::open(&deaths.engine, name).await?;
                queue.dead(deaths.limit, deaths.json, print).await?;
                Ok(Status::Exact)
            }
            What::Retry(these) => {
                let queue = Queue::open(&these.engine, name).await?;
                let (text, status) = queue.retry(these).await?;
                print(&text)?;
                Ok(status)
            }
            What::Discard(these) => {
                let queue = Queue::open(&these.engine, name).await?;
                let (text, status) = queue.discard(these).await?;
                print(&text)?;
                Ok(status)
            }
        }
    })
}

/// A queue whose jobs may be anything.
struct Queue {
    store: Store,
    key: Key,
}

impl Queue {
    async fn open(engine: &EngineOptions, name: &str) -> Result<Self, Failure> {
        let store = engine.open().await?;
        Self::of(store, name)
    }

    fn of(store: Store, name: &str) -> Result<Self, Failure> {
        let key = Key::named(store.namespace(), name).map_err(|fault| of_engine(&fault))?;
        Ok(Self { store, key })
    }

    async fn ask<O: Operation>(&self, operation: O) -> Result<O::Outcome, Failure> {
        let step = Step::new(self.key.clone(), operation.into_op());
        let reply = self.store.apply(Batch::one(step)).await;
        reply.and_then(exactly::core::Reply::only::<O>).map_err(|fault| of_engine(&fault))
    }

    async fn depth(&self, json: bool) -> Result<String, Failure> {
        let Depths { ready, delayed, claimed, dead, oldest } = self.ask(Depth {}).await?;
        if json {
            return Ok(json!({
                "queue": self.name(), "ready": ready, "delayed": delayed, "claimed": claimed,
                "dead": dead, "oldest_ms": millis(oldest),
            })
            .to_string()
                + "\n");
        }
        let oldest = match ready {
            0 => String::new(),
            _ => format!(", the oldest for {}", lasting(oldest)),
        };
        Ok(format!(
            "{}\n  ready    {ready}{oldest}\n  delayed  {delayed}\n  claimed  {claimed}\n  \
             dead     {dead}\n",
            self.name()
        ))
    }

    /// Tells of the dead page by page, for as long as somebody reads.
    async fn dead(
        &self,
        limit: u64,
        json: bool,
        print: impl Fn(&str) -> Result<Reader, Failure>,
    ) -> Result<(), Failure> {
        let (mut after, mut left): (Option<Cursor>, _) = (None, limit);
        let mut head = (!json).then_some(HEAD);
        loop {
            let dead = self.ask(Dead { after, count: left.min(PAGE) }).await?;
            left -= dead.jobs.len() as u64;
            let lines = dead.jobs.iter().map(|job| if json { object(job) } else { line(job) });
            let head = head.take().filter(|_| !dead.jobs.is_empty()).unwrap_or_default();
            let gone = print(&(head.to_owned() + &lines.collect::<String>()))? == Reader::Gone;
            after = dead.next;
            if after.is_none() || left == 0 || gone {
                return Ok(());
            }
        }
    }

    async fn retry(&self, these: &These) -> Result<(String, Status), Failure> {
        let (revived, missed) = self.moved(these, |jobs| Revive { jobs }).await?;
        let told = json!({ "queue": self.name(), "revived": revived, "not_dead": missed });
        let but = format!("{} not dead, or a live one has its unique key", counted(missed, "job"));
        let said = format!("{} ready again", counted(revived, "job"));
        Ok(told_of(these, &told, said, missed, &but))
    }

    async fn discard(&self, these: &These) -> Result<(String, Status), Failure> {
        let (discarded, missed) = self.moved(these, |jobs| Discard { jobs }).await?;
        let told = json!({ "queue": self.name(), "discarded": discarded, "not_dead": missed });
        let said = format!("{} forgotten", counted(discarded, "job"));
        Ok(told_of(these, &told, said, missed, &format!("{} not dead", counted(missed, "job"))))
    }

    /// How many jobs this was done with, and how many of those that were named it was not.
    async fn moved<O: Operation<Outcome = Moved>>(
        &self,
        these: &These,
        operation: impl Fn(Chosen) -> O,
    ) -> Result<(u64, u64), Failure> {
        let mut moved = 0;
        if these.all {
            let mut after = None;
            loop {
                let page = Chosen::Page { after, count: PAGE };
                let Moved { jobs, next } = self.ask(operation(page)).await?;
                moved += jobs;
                after = next;
                if after.is_none() {
                    return Ok((moved, 0));
                }
            }
        }
        for jobs in these.jobs.chunks(JOBS_MAX) {
            moved += self.ask(operation(Chosen::Named(jobs.to_vec()))).await?.jobs;
        }
        // A job that is named twice is one job.
        let asked = these.jobs.iter().collect::<BTreeSet<_>>().len() as u64;
        Ok((moved, asked.saturating_sub(moved)))
    }

    /// As it is named on the command line.
    fn name(&self) -> &str {
        self.key.name()
    }
}

/// What was done, for people or programs, and whether it was all that was asked.
fn told_of(
    these: &These,
    told: &serde_json::Value,
    said: String,
    missed: u64,
    but: &str,
) -> (String, Status) {
    let status = if missed == 0 { Status::Exact } else { Status::Inexact };
    let text = match (these.json, missed) {
        (true, _) => told.to_string(),
        (false, 0) => said,
        (false, _) => format!("{said}; {but}"),
    };
    (text + "\n", status)
}

/// How many jobs are asked for at once.
const PAGE: u64 = 1_000;

const HEAD: &str = "job                               dead for  tries  last note, and the job\n";

/// One dead job for people: its payload and its last note are cut.
fn line(job: &DeadJob) -> String {
    const SHOWN: usize = 40;
    let note = job.tries.last().map(|last| &last.note);
    let note =
        note.filter(|note| !note.is_empty()).map_or("-".to_owned(), |note| short_text(note, SHOWN));
    format!(
        "{}  {:<8}  {:>5}  {note}  {}\n",
        job.id,
        lasting(job.since),
        job.attempts,
        short_text(&job.payload, SHOWN)
    )
}

/// One dead job for programs.
fn object(job: &DeadJob) -> String {
    let told = |told: &Try| {
        json!({
            "attempt": told.attempt, "ago_ms": millis(told.ago),
            "note": told.note,
        })
    };
    let object = json!({
        "id": job.id, "payload": job.payload, "attempts": job.attempts, "age_ms": millis(job.age),
        "dead_for_ms": millis(job.since), "tries": job.tries.iter().map(told).collect::<Vec<_>>(),
    });
    format!("{object}\n")
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::time::Duration;

    use clap::Parser;
    use serde_json::Value;

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        options: Options,
    }

    fn parsed(line: &str) -> Result<Options, clap::Error> {
        let words = ["queue"].into_iter().chain(line.split(' '));
        Cli::try_parse_from(words).map(|cli| cli.options)
    }

    async fn mails() -> (Queue, exactly::Queue<String>) {
        let store = Store::open("memory:").await.unwrap();
        let mails = exactly::Queue::new(&store, "mails").with_max_tries(1);
        mails.push_many(["ada", "grace\n", "barbara"]).await.unwrap();
        for (job, note) in mails.claim_many(2).await.unwrap().into_iter().zip(["no such host", ""])
        {
            job.retry_with_note(Duration::ZERO, note).await.unwrap();
        }
        (Queue::of(store, "mails").unwrap(), mails)
    }

    async fn dead(queue: &Queue, limit: u64, json: bool) -> String {
        let told = RefCell::new(String::new());
        let print = |text: &str| {
            told.borrow_mut().push_str(text);
            Ok(Reader::Reads)
        };
        queue.dead(limit, json, print).await.unwrap();
        told.into_inner()
    }

    #[tokio::test]
    async fn the_depth_is_told_in_lines_and_as_json() {
        let (queue, _mails) = mails().await;
        let text = queue.depth(false).await.unwrap();
        assert!(text.starts_with("mails\n  ready    1, the oldest for "), "{text}");
        assert!(text.ends_with("\n  delayed  0\n  claimed  0\n  dead     2\n"), "{text}");
        let json: Value = serde_json::from_str(&queue.depth(true).await.unwrap()).unwrap();
        assert_eq!(
            (&json["queue"], &json["ready"], &json["dead"]),
            (&"mails".into(), &1.into(), &2.into())
        );
        let nothing = Queue::of(queue.store.clone(), "shop:42:orders").unwrap();
        let text = nothing.depth(false).await.unwrap();
        assert!(text.starts_with("shop:42:orders\n  ready    0\n"), "{text}");
    }

    #[tokio::test]
    async fn the_dead_are_told_with_their_last_words() {
        let (queue, _mails) = mails().await;
        let text = dead(&queue, 10, false).await;
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert!(lines[1].ends_with("      1  \"no such host\"  \"ada\""), "{text}");
        assert!(lines[2].ends_with("      1  -  \"grace\\n\""), "{text}");
        assert_eq!(dead(&queue, 1, false).await.lines().count(), 2);
        let json = dead(&queue, 10, true).await;
        let json: Vec<Value> =
            json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(json.len(), 2);
        assert_eq!((&json[0]["payload"], &json[0]["attempts"]), (&"ada".into(), &1.into()));
        assert_eq!(json[0]["tries"][0]["note"], "no such host");
        let nothing = Queue::of(queue.store.clone(), "nothing").unwrap();
        assert_eq!(dead(&nothing, 10, false).await, "");
    }

    #[tokio::test]
    async fn dead_jobs_come_back_by_name_or_all_of_them() {
        let (queue, mails) = mails().await;
        let ada = mails.dead(1).await.unwrap()[0].id();
        let retried = async |line: &str| {
            let What::Retry(again) = parsed(line).unwrap().what else { panic!() };
            queue.retry(&again).await.unwrap()
        };
        let (text, status) = retried(&format!("mails retry {ada} {ada}")).await;
        assert_eq!((text.as_str(), status), ("1 job ready again\n", Status::Exact));
        let (text, status) = retried(&format!("mails retry {ada}")).await;
        assert!(text.starts_with("0 jobs ready again; 1 job not dead"), "{text}");
        assert_eq!(status, Status::Inexact);
        let (text, status) = retried("mails retry --all --json").await;
        assert_eq!(text, "{\"not_dead\":0,\"queue\":\"mails\",\"revived\":1}\n");
        assert_eq!(status, Status::Exact);
        assert_eq!(mails.depth().await.unwrap().ready, 3);
    }

    #[tokio::test]
    async fn dead_jobs_are_forgotten_by_name_or_all_of_them() {
        let (queue, mails) = mails().await;
        let ada = mails.dead(1).await.unwrap()[0].id();
        let discarded = async |line: &str| {
            let What::Discard(these) = parsed(line).unwrap().what else { panic!() };
            queue.discard(&these).await.unwrap()
        };
        let (text, status) = discarded(&format!("mails discard {ada}")).await;
        assert_eq!((text.as_str(), status), ("1 job forgotten\n", Status::Exact));
        let (text, status) = discarded(&format!("mails discard {ada}")).await;
        assert_eq!(
            (text.as_str(), status),
            ("0 jobs forgotten; 1 job not dead\n", Status::Inexact)
        );
        let (text, _) = discarded("mails discard --all --json").await;
        assert_eq!(text, "{\"discarded\":1,\"not_dead\":0,\"queue\":\"mails\"}\n");
        let depth = mails.depth().await.unwrap();
        assert_eq!((depth.dead, depth.ready), (0, 1));
    }

    #[tokio::test]
    async fn what_is_wrong_is_a_sentence_that_says_what_to_do() {
        let store = Store::open("memory:").await.unwrap();
        exactly::Counter::new(&store, "visits").increment().await.unwrap();
        let visits = Queue::of(store.clone(), "visits").unwrap();
        let failure = visits.depth(false).await.unwrap_err();
        assert_eq!(failure.status(), Status::Misuse);
        assert!(failure.to_string().contains("a counter, value or flag"), "{failure}");
        let failure = Queue::of(store, "a:b").err().unwrap();
        assert!(failure.to_string().contains("one part or three"), "{failure}");
        for (line, says) in [
            ("mails retry", "JOB"),
            ("mails retry 7", "32 hexadecimal digits"),
            ("mails dead --limit 0", "from 1 on"),
            ("mails dead --limit -1", "from 1 on"),
            ("mails", "depth"),
            ("mails bury", "unexpected argument"),
        ] {
            let failure = parsed(line).unwrap_err().to_string();
            assert!(failure.contains(says), "{line}: {failure}");
        }
    }
}
