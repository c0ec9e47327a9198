//! What went wrong, told truthfully: did the server take the batch, and what now?

use std::error::Error;
use std::io;

use exactly_core::Fault;
use redis::{ErrorKind, RedisError, ServerError};

/// A connection that could not be made: nothing was sent.
pub(crate) fn of_connecting(error: &RedisError, place: &str, by_tls: bool) -> Fault {
    if let Some(refusal) = answered(error) {
        return refusal;
    }
    let none = format!("no connection to {place}");
    let kind = error.kind();
    if kind == ErrorKind::AuthenticationFailed {
        return Fault::denied(format!("{none}: the server refuses user or password"));
    }
    if kind == ErrorKind::InvalidClientConfig {
        return Fault::bad_url(format!("{none}: {}", sentence(error)));
    }
    if kind == ErrorKind::RESP3NotSupported {
        return Fault::bad_url(format!(
            "{none}: the server is older than Redis 6: add `?protocol=resp2` to the URL"
        ));
    }
    if by_tls && is_about_trust(error) {
        return Fault::untrusted(format!("{none}: {}", sentence(error)));
    }
    let hint = if error.is_timeout() {
        silent(by_tls)
    } else if error.is_connection_refusal() || is_about_names(error) {
        "is the server running, and this its address?"
    } else {
        hung_up(by_tls)
    };
    if kind == ErrorKind::Parse {
        return Fault::unavailable(format!("{none}: what answers there is no Redis; {hint}"));
    }
    Fault::unavailable(format!("{none}: {}; {hint}", sentence(error)))
}

/// What to do about a server that does not answer: one without TLS waits for ever for the end of
/// what it takes for a command.
pub(crate) fn silent(by_tls: bool) -> &'static str {
    if by_tls {
        "is the server running, and does it speak TLS? if not, the URL begins with `redis:`"
    } else {
        "is the server running, and this its address?"
    }
}

/// What to do about a server that ends the connection, or talks of something else.
fn hung_up(by_tls: bool) -> &'static str {
    if by_tls {
        "does the server speak TLS? if not, the URL begins with `redis:`"
    } else {
        "does the server speak TLS? then the URL begins with `rediss:`"
    }
}

/// What was said, on one line and without the number that the system gives it.
fn sentence(error: &RedisError) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_about_names(error: &RedisError) -> bool {
    error.to_string().contains("lookup")
}

/// A request that was sent, or may have been, and has no answer.
pub(crate) fn of_sending(error: &RedisError, place: &str) -> Fault {
    answered(error).unwrap_or_else(|| {
        Fault::lost_reply(format!("the connection to {place} was lost: {}", sentence(error)))
    })
}

/// The fault of a server that answered with an error, if it did.
fn answered(error: &RedisError) -> Option<Fault> {
    let code = error.code()?;
    Some(of_answer(code, error.detail().unwrap_or_default()))
}

pub(crate) fn of_server(error: &ServerError) -> Fault {
    of_answer(error.code(), error.details().unwrap_or_default())
}

/// What an error of a script of the user's own says. Whatever it had written before stays: Redis
/// takes nothing of a script back.
pub(crate) fn of_own_script(error: &ServerError) -> Fault {
    let detail = error.details().unwrap_or_default();
    let said = words(error.code(), detail);
    if detail.contains("Error compiling script") {
        return Fault::bad_option(format!("{said}; nothing was changed: mend the script"));
    }
    let fault = of_server(error);
    let before_it_ran = !detail.contains("script: ") && !detail.contains("user_script");
    if before_it_ran && !fault.is_misuse() {
        return fault;
    }
    Fault::bad_option(said).in_part("the script ended there, and what it had written before stays")
}

pub(crate) fn said(error: &ServerError) -> String {
    words(error.code(), error.details().unwrap_or_default())
}

fn words(code: &str, detail: &str) -> String {
    format!("the server says {code} {}", detail.trim_end_matches('.'))
}

/// What is denied without a name: to older servers' logins, and to the commands of a script.
const DENIALS: [&str; 4] = [
    "invalid password",
    "without any password",
    "The user executing the script can't",
    "ACL failure in script",
];

/// What a script says that was refused something after its first write, and could not take it back.
const HALF_DONE: &str = "HALFDONE";

/// What an error of the server says. It answers one instead of doing what it was asked, and a
/// script of ours passes it on as long as it has written nothing.
fn of_answer(code: &str, detail: &str) -> Fault {
    let said = words(code, detail);
    if code == HALF_DONE || detail.contains(HALF_DONE) {
        return Fault::broken(format!(
            "{said}: it refused the rest of a change that it had begun, so a part may stand; has \
             the user the right to all commands?"
        ));
    }
    match code {
        "NOAUTH" => Fault::denied("the server wants a password, as in `redis://:password@host`"),
        "WRONGPASS" | "NOPERM" => Fault::denied(said),
        "LOADING" => Fault::loading(said),
        "BUSY" => Fault::busy(said),
        "READONLY" => Fault::read_only(said),
        "OOM" => Fault::out_of_memory(said),
        "MISCONF" | "NOREPLICAS" => Fault::misconfigured(said),
        "CROSSSLOT" => across_slots(&said),
        _ if detail.contains("do not hash to the same slot") => across_slots(&said),
        "MASTERDOWN" | "CLUSTERDOWN" | "TRYAGAIN" | "MOVED" | "ASK" | "NOSCRIPT" | "UNBLOCKED" => {
            Fault::unavailable(said)
        }
        _ if detail.contains("max number of clients") => Fault::unavailable(said),
        _ if detail.contains("DB index") => {
            Fault::bad_url(format!("{said}: it has no database of that number"))
        }
        _ if DENIALS.iter().any(|words| detail.contains(words)) => Fault::denied(said),
        _ => Fault::bad_option(format!("{said}; nothing was changed")),
    }
}

/// Keys on several slots of a Cluster: of a batch, or of one operation on several sets.
fn across_slots(said: &str) -> Fault {
    Fault::bad_option(format!(
        "{said}: on a Cluster, the keys of one operation and of one batch are on one slot, as the \
         fields of one group with one id are; nothing was changed: make them fields of one group, \
         or read each by itself and put together what was read"
    ))
}

fn is_about_trust(error: &RedisError) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<io::Error>()
            && matches!(io.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
        {
            return true;
        }
        source = cause.source();
    }
    let text = error.to_string().to_ascii_lowercase();
    ["certificate", "tls", "handshake"].iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_half_done_is_unknown() {
        let fault = of_answer("HALFDONE", "NOPERM no rights to run `zadd` script: 0a1b2c");
        assert!(fault.is_unknown() && fault.is_broken(), "{fault}");
    }

    #[test]
    fn errors_of_the_server_are_told_apart() {
        type Is = fn(&Fault) -> bool;
        let table: [(&str, &str, Is); 15] = [
            ("WRONGPASS", "invalid username-password pair", Fault::is_denied),
            ("NOPERM", "this user has no permissions", Fault::is_denied),
            ("ERR", "invalid password", Fault::is_denied),
            ("ERR", "ACL failure in script: User app has no", Fault::is_denied),
            ("LOADING", "Redis is loading the dataset in memory", Fault::is_loading),
            ("BUSY", "Redis is busy running a script.", Fault::is_busy),
            ("READONLY", "You can't write against a read only replica.", Fault::is_read_only),
            ("OOM", "command not allowed when used memory > 'maxmemory'.", Fault::is_out_of_memory),
            ("MISCONF", "Redis is configured to save RDB snapshots", Fault::is_misconfigured),
            ("NOREPLICAS", "Not enough good replicas to write.", Fault::is_misconfigured),
            ("CLUSTERDOWN", "Hash slot not served", Fault::is_unavailable),
            ("ERR", "max number of clients reached", Fault::is_unavailable),
            ("CROSSSLOT", "Keys in request don't hash to the same slot", Fault::is_misuse),
            ("ERR", "accessed keys that do not hash to the same slot", Fault::is_misuse),
            ("ERR", "unknown command 'EVALSHA'", Fault::is_misuse),
        ];
        for (code, detail, is) in table {
            let fault = of_answer(code, detail);
            assert!(is(&fault) && !fault.is_unknown(), "{code}: {fault}");
            let detail = detail.trim_end_matches('.');
            assert!(fault.to_string().contains(detail), "{fault}");
        }
    }
}
