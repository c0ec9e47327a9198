//! What went wrong, told truthfully: did the server take the batch, and what now?

use std::error::Error;
use std::io;

use exactly_core::Fault;
use redis::{ErrorKind, RedisError, ServerError};

/// A connection that could not be made: nothing was sent.
pub(crate) fn of_connecting(error: &RedisError, place: &str) -> Fault {
    if let Some(refusal) = answered(error) {
        return refusal;
    }
    let message = format!("no connection to {place}: {error}");
    let kind = error.kind();
    if kind == ErrorKind::AuthenticationFailed {
        return Fault::denied(message);
    }
    if kind == ErrorKind::InvalidClientConfig {
        return Fault::bad_url(message);
    }
    if kind == ErrorKind::RESP3NotSupported {
        return Fault::bad_url(format!(
            "{message}; the server is older than Redis 6: add `?protocol=resp2` to the URL"
        ));
    }
    if is_about_trust(error) {
        return Fault::untrusted(message);
    }
    Fault::unavailable(format!("{message}; is the server running, and this its address?"))
}

/// A request that was sent, or may have been, and has no answer.
pub(crate) fn of_sending(error: &RedisError, place: &str) -> Fault {
    answered(error).unwrap_or_else(|| {
        Fault::lost_reply(format!("the connection to {place} was lost: {error}"))
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

/// What an error of the server says. It answers one instead of doing what it was asked; our scripts
/// raise one only before their first write.
fn of_answer(code: &str, detail: &str) -> Fault {
    let said = format!("the server says {code} {detail}");
    match code {
        "WRONGPASS" | "NOAUTH" | "NOPERM" => Fault::denied(said),
        "LOADING" => Fault::loading(said),
        "BUSY" => Fault::busy(said),
        "READONLY" => Fault::read_only(said),
        "OOM" => Fault::out_of_memory(said),
        "MISCONF" | "NOREPLICAS" => Fault::misconfigured(said),
        "CROSSSLOT" => Fault::bad_option(format!(
            "{said}: the keys of one batch share one slot of a Cluster: use the fields of one group"
        )),
        "MASTERDOWN" | "CLUSTERDOWN" | "TRYAGAIN" | "MOVED" | "ASK" | "NOSCRIPT" | "UNBLOCKED" => {
            Fault::unavailable(said)
        }
        _ if detail.contains("max number of clients") => Fault::unavailable(said),
        _ if detail.contains("invalid password") || detail.contains("without any password") => {
            Fault::denied(said)
        }
        _ => Fault::bad_option(format!("{said}; nothing was changed")),
    }
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
    fn errors_of_the_server_are_told_apart() {
        type Is = fn(&Fault) -> bool;
        let table: [(&str, &str, Is); 14] = [
            ("WRONGPASS", "invalid username-password pair", Fault::is_denied),
            ("NOAUTH", "Authentication required.", Fault::is_denied),
            ("NOPERM", "this user has no permissions", Fault::is_denied),
            ("ERR", "invalid password", Fault::is_denied),
            ("LOADING", "Redis is loading the dataset in memory", Fault::is_loading),
            ("BUSY", "Redis is busy running a script.", Fault::is_busy),
            ("READONLY", "You can't write against a read only replica.", Fault::is_read_only),
            ("OOM", "command not allowed when used memory > 'maxmemory'.", Fault::is_out_of_memory),
            ("MISCONF", "Redis is configured to save RDB snapshots", Fault::is_misconfigured),
            ("NOREPLICAS", "Not enough good replicas to write.", Fault::is_misconfigured),
            ("CLUSTERDOWN", "Hash slot not served", Fault::is_unavailable),
            ("ERR", "max number of clients reached", Fault::is_unavailable),
            ("CROSSSLOT", "Keys in request don't hash to the same slot", Fault::is_misuse),
            ("ERR", "unknown command 'EVALSHA'", Fault::is_misuse),
        ];
        for (code, detail, is) in table {
            let fault = of_answer(code, detail);
            assert!(is(&fault) && !fault.is_unknown(), "{code}: {fault}");
            assert!(fault.to_string().contains(detail), "{fault}");
        }
    }
}
