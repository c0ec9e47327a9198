//! Names outside of the group: `legacy:{id}:seats`.
//!
//! A name with an id in it is a different one for each id, whatever the id is: two that differ
//! stand between the same beginning and the same end. What can go wrong is that two fields meet,
//! one with this id and one with that, and whether they can is known when the code is compiled.

use crate::options::NAME_BYTES_MAX;

/// A name of an object that stands alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Alone {
    /// One for each id, which stands between these.
    OfId { before: String, after: String },
    /// One for all.
    Shared(String),
}

/// What stands for the id.
const ID: &str = "{id}";

/// Reads a name, in which `{id}` stands for the id and `{{` for a brace.
///
/// # Errors
/// What is wrong with it, and how to write it.
pub(crate) fn parse(text: &str) -> Result<Alone, String> {
    let mut parts = vec![String::new()];
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        push(&mut parts, &rest[..at]);
        let brace = &rest[at..];
        rest = if let Some(rest) = brace.strip_prefix(ID) {
            parts.push(String::new());
            rest
        } else {
            let doubled = ["{{", "}}"].into_iter().find(|two| brace.starts_with(two));
            let Some(two) = doubled else { return Err(no_part(brace)) };
            push(&mut parts, &two[..1]);
            &brace[2..]
        };
    }
    push(&mut parts, rest);
    of_parts(parts)
}

fn push(parts: &mut [String], text: &str) {
    if let Some(part) = parts.last_mut() {
        part.push_str(text);
    }
}

fn of_parts(mut parts: Vec<String>) -> Result<Alone, String> {
    let bytes: usize = parts.iter().map(String::len).sum();
    if parts.iter().any(|part| part.contains('\0')) {
        return Err("a name has no NUL: leave it out".to_owned());
    }
    let after = parts.pop().unwrap_or_default();
    match (parts.pop(), parts.is_empty()) {
        (None, _) if bytes == 0 => Err("a name has at least one character".to_owned()),
        (None, _) if bytes > NAME_BYTES_MAX => {
            Err(format!("a name has at most {NAME_BYTES_MAX} bytes, this one {bytes}"))
        }
        (None, _) => Ok(Alone::Shared(after)),
        (Some(_), false) => Err(format!("`{ID}` stands once in a name: leave the others out")),
        (Some(before), true) if before.ends_with('#') => {
            Err(format!("`#` would be part of the name: the id stands in braces alone, as `{ID}`"))
        }
        (Some(_), true) if bytes >= NAME_BYTES_MAX => Err(format!(
            "a name has at most {NAME_BYTES_MAX} bytes, and here are {bytes} without the id"
        )),
        (Some(before), true) => Ok(Alone::OfId { before, after }),
    }
}

/// For what begins with a brace that means nothing.
fn no_part(brace: &str) -> String {
    if brace.starts_with('}') {
        return "a brace that belongs to the name is written twice: `}}`".to_owned();
    }
    match brace.find('}') {
        Some(end) => format!("`{}` means nothing: the id stands as `{ID}`", &brace[..=end]),
        None => "a brace that belongs to the name is written twice: `{{`".to_owned(),
    }
}

impl Alone {
    /// What both names can be, and with which ids: an object that two fields would share.
    ///
    /// Both begin and end as they begin and end, so they meet where one beginning begins the other
    /// and one end ends the other. The shortest such name has one character where both have the id.
    pub(crate) fn meets(&self, other: &Self) -> Option<Meeting> {
        let name = match (self, other) {
            (Self::Shared(name), _) | (_, Self::Shared(name)) => name.clone(),
            (Self::OfId { before, after }, Self::OfId { before: begin, after: end }) => {
                format!("{}1{}", longer(before, begin), longer(after, end))
            }
        };
        Some(Meeting { this: self.id_in(&name)?, other: other.id_in(&name)?, name })
    }

    /// The id with which this is the name; none in it if it is one for all. No answer if it is
    /// never this name.
    fn id_in(&self, name: &str) -> Option<Option<String>> {
        match self {
            Self::Shared(own) => (own == name).then_some(None),
            Self::OfId { before, after } => {
                let id = name.strip_prefix(before.as_str())?.strip_suffix(after.as_str())?;
                (!id.is_empty()).then(|| Some(id.to_owned()))
            }
        }
    }
}

/// How two fields come to have one name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Meeting {
    pub(crate) name: String,
    /// The id of the first, if it has one.
    pub(crate) this: Option<String>,
    /// The id of the second.
    pub(crate) other: Option<String>,
}

fn longer<'a>(a: &'a str, b: &'a str) -> &'a str {
    if a.len() < b.len() { b } else { a }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of_id(before: &str, after: &str) -> Alone {
        Alone::OfId { before: before.to_owned(), after: after.to_owned() }
    }

    #[test]
    fn what_is_read() {
        for (text, name) in [
            ("total", Alone::Shared("total".to_owned())),
            ("{id}", of_id("", "")),
            ("legacy:{id}:seats", of_id("legacy:", ":seats")),
            ("a{{{id}}}b", of_id("a{", "}b")),
            ("{{id}}", Alone::Shared("{id}".to_owned())),
            ("é{id}", of_id("é", "")),
        ] {
            assert_eq!(parse(text), Ok(name), "{text}");
        }
        assert!(parse(&"x".repeat(NAME_BYTES_MAX)).is_ok());
        assert!(parse(&format!("{{id}}{}", "x".repeat(NAME_BYTES_MAX - 1))).is_ok());
    }

    #[test]
    fn what_is_wrong_is_said_with_what_to_write() {
        let long = "x".repeat(NAME_BYTES_MAX);
        for (text, says) in [
            ("", "at least one character"),
            ("a\0{id}", "no NUL"),
            ("legacy:{name}", "`{name}` means nothing: the id stands as `{id}`"),
            ("legacy:{}", "`{}` means nothing: the id stands as `{id}`"),
            ("legacy:{ id }", "`{ id }` means nothing"),
            ("legacy:#{id}", "`#` would be part of the name"),
            ("{id}:{id}", "stands once"),
            ("legacy:{id", "written twice: `{{`"),
            ("legacy:id}", "written twice: `}}`"),
            ("{{id}", "written twice: `}}`"),
            (&format!("{long}x"), "at most 255 bytes, this one 256"),
            (&format!("{{id}}{long}"), "here are 255 without the id"),
        ] {
            let told = parse(text).unwrap_err();
            assert!(told.contains(says), "{text}: {told}");
        }
    }

    #[test]
    fn names_that_meet_and_names_that_never_do() {
        for (this, other, met) in [
            ("{id}:seats", "{id}:seats", Some(("1:seats", Some("1"), Some("1")))),
            (
                "{id}:seats",
                "course:{id}:seats",
                Some(("course:1:seats", Some("course:1"), Some("1"))),
            ),
            ("a:{id}", "{id}:b", Some(("a:1:b", Some("1:b"), Some("a:1")))),
            ("a:{id}", "a:total", Some(("a:total", Some("total"), None))),
            ("total", "total", Some(("total", None, None))),
            ("a:{id}:seats", "a:{id}:taken", None),
            ("a:{id}", "b:{id}", None),
            ("a:{id}", "a:", None),
            ("a:{id}:b", "a:b", None),
            ("total", "other", None),
        ] {
            let (this, other) = (parse(this).unwrap(), parse(other).unwrap());
            let text = |id: Option<&str>| id.map(str::to_owned);
            let met = met.map(|(name, this, other)| Meeting {
                name: name.to_owned(),
                this: text(this),
                other: text(other),
            });
            assert_eq!(this.meets(&other), met);
        }
    }

    fn written(name: &Alone, id: &str) -> String {
        match name {
            Alone::OfId { before, after } => format!("{before}{id}{after}"),
            Alone::Shared(name) => name.clone(),
        }
    }

    proptest! {
        #[test]
        fn whoever_has_one_name_with_any_ids_is_found(
            [a, b, c, d] in ["[ab]{0,2}", "[ab]{0,2}", "[ab]{0,2}", "[ab]{0,2}"],
            [one, other] in ["[ab]{1,3}", "[ab]{1,3}"],
        ) {
            let (this, that) = (of_id(&a, &b), of_id(&c, &d));
            if written(&this, &one) == written(&that, &other) {
                prop_assert!(this.meets(&that).is_some());
            }
            if let Some(met) = this.meets(&that) {
                let [one, other] = [&met.this, &met.other].map(|id| id.clone().unwrap());
                prop_assert_eq!(written(&this, &one), &*met.name);
                prop_assert_eq!(written(&that, &other), &*met.name);
            }
            let shared = Alone::Shared(written(&that, &other));
            let expected = written(&this, &one) == written(&shared, "");
            prop_assert!(!expected || this.meets(&shared).is_some());
        }
    }
}
