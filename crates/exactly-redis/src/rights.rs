//! What a user must be allowed to do, asked once when the server is opened.
//!
//! A right that is missing in the middle of a script would leave the half of a batch, for scripts
//! on Redis are not undone. So all of them are asked for beforehand; the keys of a script the
//! server itself checks before it runs one.

use exactly_core::Fault;
use redis::Cmd;

use crate::fault;
use crate::heard::Heard;

/// The commands that a user needs, as `ACL SETUSER` takes them. The keys are those of the namespace
/// and of the [records](crate::Options::records):
///
/// ```text
/// ACL SETUSER ann on >password ~shop:* ~exactly:* +eval +evalsha …
/// ```
///
/// A store without a namespace writes `{…` in the style of [`KeyStyle::Tagged`](crate::KeyStyle):
/// `~{*`.
///
/// Without `+restore`, which many servers call dangerous, all works but for deleting or renaming a
/// capacity or a collection in a batch of several operations: that is *not applied* then. Without
/// `+scan` all works but listing keys; who may do that is told the names of all keys of the
/// database, whatever the keys of the user are. Not needed, but of use:
///
/// | right | without it |
/// | --- | --- |
/// | `+client\|tracking` | a change is looked for ten times a second instead of being told |
/// | `+info`, `+config\|get` | the profile promises the least, and evictions go unnoticed |
/// | `+increx` | a bounded step is a script, also where the server has a command for it |
/// | `+select` | there is database 0 alone |
pub const RIGHTS: &str = "+eval +evalsha +time +exists +del +rename +type +pttl +pexpire \
                          +pexpireat +persist +get +set +incrby +hset +hmget +hdel +hexists \
                          +hincrby +zadd +zrem +zscore +zrange +zrangebyscore +scard +sismember \
                          +smismember +smembers +srandmember +sscan +sunion +sinter +sdiff +sadd \
                          +srem +spop +smove +sunionstore +sinterstore +sdiffstore +hlen \
                          +hgetall +hkeys +hscan +llen +lrange +lindex +lpos +lpush +rpush +lpop \
                          +rpop +lset +linsert +lrem +ltrim +zcard +zcount +zdiff +zdiffstore \
                          +zincrby +zinter +zinterstore +zmscore +zpopmax +zpopmin +zrank \
                          +zremrangebyrank +zremrangebyscore +zrevrange +zrevrangebyscore \
                          +zrevrank +zunion +zunionstore +hget +dump +restore +scan";

/// Rights without which a store can be opened.
const WHERE_NEEDED: [&str; 2] = ["restore", "scan"];

/// A bounded step in one command, on servers that know it.
const BOUNDED_STEP: &str = "increx";

/// What the user may do, as far as the server tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rights {
    pub(crate) bounded_step: bool,
}

fn needed() -> impl Iterator<Item = &'static str> {
    RIGHTS.split_whitespace().map(|right| right.trim_start_matches('+'))
}

/// The question, with a key of the records.
pub(crate) fn question(records: &str) -> Cmd {
    let mut question = redis::cmd("EVAL");
    question.arg(include_str!("script/rights.lua")).arg(1).arg(format!("{records}:session"));
    needed().chain([BOUNDED_STEP]).for_each(|command| {
        question.arg(command);
    });
    question
}

/// What the server answered.
///
/// # Faults
/// *Misuse* when a right is missing that every store needs.
pub(crate) fn read(answer: &Heard, records: &str) -> Result<Rights, Fault> {
    if let Heard::Error(error) = answer {
        return match error.code() {
            "NOPERM" => Err(Fault::denied(format!(
                "{}: a user needs `~{records}:*` and the commands of `exactly_redis::RIGHTS`",
                fault::said(error)
            ))),
            // One that is loading, or has the key elsewhere, says so at the first batch.
            _ => Ok(Rights { bounded_step: false }),
        };
    }
    let answers: Vec<_> = answer.list().iter().map(Heard::text).collect();
    let denied = needed().zip(&answers).filter(|(right, answer)| {
        // What takes a deletion back is asked for where it is needed, and so is what lists keys.
        *answer == "denied" && !WHERE_NEEDED.contains(right)
    });
    let denied: Vec<_> = denied.map(|(right, _)| format!("`+{right}`")).collect();
    if !denied.is_empty() {
        return Err(Fault::denied(format!("the user lacks the rights {}", denied.join(", "))));
    }
    let bounded_step = answers.last().is_some_and(|answer| answer == "allowed");
    Ok(Rights { bounded_step })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::script::{Part, Script};

    /// The commands that a script calls, or names for the way back.
    fn called(text: &str) -> impl Iterator<Item = String> {
        let calls = ["redis.call('", "redis.pcall('", " call('", "write('", "taken_back_by('"];
        let calls = calls.into_iter().chain([
            "in_parts(write, '",
            "in_parts(taken_back_by, '",
            "in_parts(call, '",
        ]);
        let calls = calls.flat_map(move |call| text.split(call).skip(1));
        calls.filter_map(|rest| rest.split('\'').next()).map(str::to_ascii_lowercase)
    }

    #[test]
    fn the_rights_are_the_commands_of_the_scripts_and_what_runs_and_replaces_them() {
        let folds = [Part::Set, Part::SortedSet, Part::Map].into_iter().filter_map(Script::fold);
        let scripts = [Script::of_all_kinds(), Script::add(), Script::texts()];
        let scripts: Vec<_> = scripts.into_iter().chain(folds).collect();
        let mut commands: BTreeSet<_> =
            scripts.iter().flat_map(|script| called(&script.text).collect::<Vec<_>>()).collect();
        // What waits for a change reads the leases.
        commands.extend(["eval", "evalsha", "zrange", "scan"].map(str::to_owned));
        // What a script does one by one, and the server's own commands do at once.
        commands.extend(["zmscore", "zrevrangebyscore"].map(str::to_owned));
        assert_eq!(needed().map(str::to_owned).collect::<BTreeSet<_>>(), commands);
    }

    #[test]
    fn what_is_missing_is_named() {
        let answer = |denied: &str| {
            let told = needed().chain([BOUNDED_STEP]).map(|right| {
                let answer = if right == denied { "denied" } else { "allowed" };
                Heard::Text(answer.as_bytes().to_vec())
            });
            read(&Heard::List(told.collect()), "exactly")
        };
        assert!(answer("none").unwrap().bounded_step);
        assert!(!answer(BOUNDED_STEP).unwrap().bounded_step);
        assert!(answer("restore").is_ok() && answer("scan").is_ok());
        let fault = answer("hset").unwrap_err();
        assert!(fault.is_denied() && fault.to_string().contains("`+hset`"), "{fault}");
        let old = read(&Heard::List(Vec::new()), "exactly").unwrap();
        assert!(!old.bounded_step, "a server that cannot be asked is older than the command");
    }
}
