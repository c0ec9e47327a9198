//! What the settings of an operation on a queue may be.

use std::collections::HashSet;
use std::time::Duration;

use super::{
    Bury, Chosen, Claim, DELAY_MAX, Dead, Discard, Extend, JOBS_MAX, NOTE_BYTES_MAX, NewJob, Push,
    QueueOp, Retry, Revive, UNIQUE_BYTES_MAX,
};
use crate::bytes::Bytes;
use crate::operations::capacity::check_lease;
use crate::operations::value::VALUE_BYTES_MAX;
use crate::state::Misuse;
use crate::token::HoldId;

impl QueueOp {
    pub(crate) fn check(&self) -> Result<(), Misuse> {
        match self {
            Self::Push(Push { jobs, .. }) => check_count("puts in", jobs.len() as u64)
                .and_then(|()| jobs.iter().try_for_each(NewJob::check)),
            Self::Claim(Claim { deliveries, lease, tries_max }) => {
                check_count("takes", deliveries.len() as u64)
                    .and_then(|()| check_names(deliveries))
                    .and_then(|()| check_lease(*lease))
                    .and_then(|()| check_tries(*tries_max))
            }
            Self::Retry(Retry { failed, .. }) => {
                check_delay(failed.after).and_then(|()| check_note(&failed.note))
            }
            Self::Bury(Bury { note, .. }) => check_note(note),
            Self::Extend(Extend { lease, .. }) => check_lease(*lease),
            Self::Dead(Dead { count, .. }) => check_count("reads", *count),
            Self::Revive(Revive { jobs }) | Self::Discard(Discard { jobs }) => match jobs {
                Chosen::Named(jobs) => check_count("names", jobs.len() as u64),
                Chosen::Page { count, .. } => check_count("names", *count),
            },
            Self::Depth(_) | Self::Acknowledge(_) | Self::Release(_) => Ok(()),
        }
    }
}

impl NewJob {
    fn check(&self) -> Result<(), Misuse> {
        check_size("a job", VALUE_BYTES_MAX, &self.payload)?;
        if let Some(unique) = &self.unique {
            check_size("the unique key of a job", UNIQUE_BYTES_MAX, unique)?;
        }
        check_delay(self.delay)
    }
}

fn bad(message: String) -> Result<(), Misuse> {
    Err(Misuse::BadSetting(message))
}

fn check_count(does: &str, count: u64) -> Result<(), Misuse> {
    if count == 0 || count > JOBS_MAX as u64 {
        return bad(format!(
            "one operation on a queue {does} 1 to {JOBS_MAX} jobs, found {count}; nothing was \
             changed: do it in parts"
        ));
    }
    Ok(())
}

fn check_names(deliveries: &[HoldId]) -> Result<(), Misuse> {
    let names: HashSet<_> = deliveries.iter().collect();
    if names.len() < deliveries.len() {
        return bad("each delivery has a name of its own; nothing was changed".to_owned());
    }
    Ok(())
}

fn check_size(what: &str, most: usize, bytes: &Bytes) -> Result<(), Misuse> {
    if bytes.len() > most {
        let size = bytes.len();
        return bad(format!("{what} has at most {most} bytes, found {size}; nothing was changed"));
    }
    Ok(())
}

fn check_note(note: &Bytes) -> Result<(), Misuse> {
    check_size("the note of a try", NOTE_BYTES_MAX, note)
}

fn check_delay(delay: Duration) -> Result<(), Misuse> {
    if delay > DELAY_MAX {
        return bad(format!(
            "a job is ready after at most {} days, found {delay:?}; nothing was changed",
            DELAY_MAX.as_secs() / 86_400
        ));
    }
    Ok(())
}

fn check_tries(tries_max: u32) -> Result<(), Misuse> {
    if tries_max == 0 {
        return bad("a job is tried at least once, found 0 tries; nothing was changed".to_owned());
    }
    Ok(())
}
