//! URLs as they may be shown: without users, passwords and options.

/// The URL without user, password and options: `redis://host:6379/0`. As little as its scheme, or
/// nothing at all, where it cannot be told for certain what of the rest is a password.
pub(crate) fn public(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once(':') else { return String::new() };
    if !is_scheme(scheme) {
        return String::new();
    }
    let Some(rest) = rest.strip_prefix("//") else {
        // `ann:secret@host` lacks its scheme: what looks like one is the user.
        return if rest.contains('@') { String::new() } else { format!("{scheme}:") };
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let hosts = authority.rsplit_once('@').map_or(authority, |(_, hosts)| hosts);
    let path = tail.split(['?', '#']).next().unwrap_or_default();
    let certain = !tail.contains('@') && hosts.split(',').all(is_host) && is_plain(path);
    if certain { format!("{scheme}://{hosts}{path}") } else { format!("{scheme}:") }
}

/// What engines advise, and nobody's password.
const ADVICE: [&str; 3] =
    ["`redis://user:password@host:port/database`", "`redis://:password@host`", "`@`"];

/// The text without what stands before an `@` in the URLs in it. A password may contain anything,
/// so that rather too much is left out of the line than too little.
pub(crate) fn without_user_info(text: &str) -> String {
    // No argument has a NUL, so these are found again.
    let mark = |place: usize| format!("\0{place}\0");
    let advice = || ADVICE.iter().enumerate();
    let text =
        advice().fold(text.to_owned(), |text, (place, ours)| text.replace(ours, &mark(place)));
    let text: String = text.split_inclusive('\n').map(line_without_user_info).collect();
    advice().fold(text, |text, (place, ours)| text.replace(&mark(place), ours))
}

fn line_without_user_info(line: &str) -> String {
    let found = line.split_once("://").and_then(|(before, after)| {
        let (_, hosts) = after.rsplit_once('@')?;
        Some(format!("{before}://{hosts}"))
    });
    found.unwrap_or_else(|| line.to_owned())
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// `host`, `host:6379`, `[::1]:6379`, or nothing. What stands behind the colon is a number, or else
/// it may be the password of a URL that lacks its host.
fn is_host(text: &str) -> bool {
    let port = match text.rsplit_once(']') {
        Some((_, "")) => "",
        Some((_, rest)) => rest.strip_prefix(':').unwrap_or("none"),
        None => text.split_once(':').map_or("", |(_, port)| port),
    };
    is_plain(text) && port.chars().all(|c| c.is_ascii_digit())
}

/// Shows as what it is on every terminal.
fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_a_url_is_where_it_leads() {
        for (url, shown) in [
            ("memory:", "memory:"),
            ("redis://localhost", "redis://localhost"),
            ("redis://host:6379/0", "redis://host:6379/0"),
            ("redis://ann:secret@host:6379/0", "redis://host:6379/0"),
            ("rediss://:secret@[::1]:6380", "rediss://[::1]:6380"),
            ("redis://:se@cret@host", "redis://host"),
            ("redis://ann:secret@a:7000,b:7001/", "redis://a:7000,b:7001/"),
            ("redis://host/0?password=secret#secret", "redis://host/0"),
            ("redis+unix:///run/redis.sock?pass=secret", "redis+unix:///run/redis.sock"),
        ] {
            assert_eq!(public(url), shown, "{url}");
        }
    }

    #[test]
    fn what_may_be_a_password_is_not_shown() {
        for url in [
            "redis://ann:se/cret@host",
            "redis://ann:se?cret@host",
            "redis://ann:se#cret@host",
            "redis://host/0?password=se@cret",
            "redis://ann:secret",
            "redis://:secret",
            "redis://[::1]secret",
            "redis://host\u{1b}[31m/secret",
        ] {
            assert_eq!(public(url), "redis:", "{url}");
        }
        for url in [
            "",
            "secret",
            "secret@host",
            "ann:secret@host",
            ":secret",
            "//ann:secret@host",
            "se cret:x",
        ] {
            assert_eq!(public(url), "", "{url}");
        }
    }

    #[test]
    fn sentences_keep_their_words_and_lose_their_passwords() {
        for (text, shown) in [
            ("no engine opens `gopher:`", "no engine opens `gopher:`"),
            ("see https://example.org, or ask", "see https://example.org, or ask"),
            ("mail ann@example.org", "mail ann@example.org"),
            (
                "`redis://host`: as `redis://:password@host`",
                "`redis://host`: as `redis://:password@host`",
            ),
            ("'redis://ann:`redis://:password@host`cr@host' is odd", "'redis://host' is odd"),
            ("'redis://ann:se cr@et@host' is odd\nat a@b", "'redis://host' is odd\nat a@b"),
        ] {
            assert_eq!(without_user_info(text), shown);
        }
    }
}
