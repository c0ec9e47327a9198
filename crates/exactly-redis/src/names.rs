//! How keys are written on the server.

use exactly_core::{Key, Pattern};

/// How keys are written on the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyStyle {
    /// `{course:42}:seats`, with the namespace in front: what belongs to one thing shares one
    /// Cluster slot, and no two keys share a text.
    ///
    /// Beside it may stand `{course:42}:seats::epoch`, of a counter that a block has stepped,
    /// `{course:42}:seats::leases`, of what is held or claimed, and `…::waiting`, `…::dead` and
    /// `…::unique`, of a queue.
    #[default]
    Tagged,
    /// `course:42:seats`, as the Ruby library redis-objects writes it, so that both can work on the
    /// same counters, values and sets; `course::total` is what the group shares.
    ///
    /// Beside it may stand `course:42:seats:epoch`, `…:leases`, `…:waiting`, `…:dead` and
    /// `…:unique`. What this style cannot promise: ids are not escaped, so an id with a colon may
    /// meet another's key; the keys of one thing may lie on several slots of a Cluster; and a
    /// counter that the other library sets keeps its epoch, so that a block which is undone later
    /// takes its step back from the number that was set.
    RedisObjects,
}

/// A key that stands beside that of some objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Companion {
    /// Which life of a counter this is.
    Epoch,
    /// What is held or claimed, in the order in which the leases end.
    Leases,
    /// The jobs of a queue that are not claimed, in the order in which they are ready.
    Waiting,
    /// The dead jobs of a queue, in the order in which they died.
    Dead,
    /// The unique keys of a queue's live jobs.
    Unique,
}

impl Companion {
    /// Every one, the epoch first: whoever moves or ends an object whatever it is, does it with all
    /// of them.
    pub(crate) const ALL: &[Self] =
        &[Self::Epoch, Self::Leases, Self::Waiting, Self::Dead, Self::Unique];

    fn name(self) -> &'static str {
        match self {
            Self::Epoch => "epoch",
            Self::Leases => "leases",
            Self::Waiting => "waiting",
            Self::Dead => "dead",
            Self::Unique => "unique",
        }
    }
}

impl KeyStyle {
    /// Writes the key of the object.
    pub(crate) fn write(self, key: &Key, text: &mut Vec<u8>) {
        match self {
            Self::Tagged => tagged(key, text),
            Self::RedisObjects => text.extend_from_slice(plain(key).as_bytes()),
        }
    }

    /// Writes the key of one of its companions.
    pub(crate) fn write_companion(self, key: &Key, which: Companion, text: &mut Vec<u8>) {
        self.write(key, text);
        // Two colons in a row are in no key of that style: `{visits}:epoch` may be an object.
        let between = match self {
            Self::Tagged => "::",
            Self::RedisObjects => ":",
        };
        text.extend_from_slice(between.as_bytes());
        text.extend_from_slice(which.name().as_bytes());
    }
}

impl KeyStyle {
    /// Reads the key of an object back; none for what is no key of this style and namespace (as it
    /// stands in keys), be it another program's or what stands beside an object.
    ///
    /// Where ids are not escaped, all between the first and the last colon is the id; and what ends
    /// like a companion of a longer key is taken for one.
    pub(crate) fn read(self, namespace: &str, text: &[u8]) -> Option<Key> {
        let text = std::str::from_utf8(text).ok()?;
        let key = match self {
            Self::Tagged => read_tagged(namespace, text)?,
            Self::RedisObjects => read_plain(namespace, text)?,
        };
        let mut written = Vec::with_capacity(text.len());
        self.write(&key, &mut written);
        (written == text.as_bytes()).then_some(key)
    }

    /// The object beside which this would stand, if it is what stands beside one.
    pub(crate) fn beside(self, text: &[u8]) -> Option<&[u8]> {
        let between: &[u8] = match self {
            Self::Tagged => b"::",
            Self::RedisObjects => b":",
        };
        let mut names = Companion::ALL.iter().map(|companion| companion.name());
        names.find_map(|name| text.strip_suffix(name.as_bytes())?.strip_suffix(between))
    }

    /// The server's own pattern that all keys of ours of this pattern fit, and few others.
    pub(crate) fn glob(self, pattern: &Pattern) -> Vec<u8> {
        match self {
            Self::Tagged => tagged_glob(pattern),
            Self::RedisObjects => plain_glob(pattern),
        }
    }
}

fn read_tagged(namespace: &str, text: &str) -> Option<Key> {
    let mut name = text;
    if !namespace.is_empty() {
        name = text.strip_prefix(namespace)?.strip_prefix(':')?;
    }
    let (tag, rest) = name.strip_prefix('{')?.split_once('}')?;
    let (group, id) = tag.split_once(':').unwrap_or((tag, ""));
    let canonical = match rest.strip_prefix(':') {
        Some(field) => format!("{namespace}:{group}:{id}:{field}"),
        None if rest.is_empty() && id.is_empty() => format!("{namespace}:::{tag}"),
        None => return None,
    };
    Key::from_text(&canonical).ok()
}

fn read_plain(namespace: &str, text: &str) -> Option<Key> {
    let namespace = Key::unescaped(namespace);
    let mut name = text;
    if !namespace.is_empty() {
        name = text.strip_prefix(&*namespace)?.strip_prefix(':')?;
    }
    let colons = name.matches(':').count();
    let stands_beside = |companion: &Companion| {
        name.strip_suffix(companion.name()).is_some_and(|object| object.ends_with(':'))
    };
    let is_companion = Companion::ALL.iter().any(stands_beside);
    if is_companion && colons != 2 {
        return None;
    }
    let key = match name.split_once(':') {
        None => Key::alone(&namespace, name),
        Some(_) if colons == 1 => Key::alone(&namespace, name),
        Some((group, rest)) => match rest.rsplit_once(':')? {
            ("", field) => Key::global(&namespace, group, field),
            (id, field) => Key::in_group(&namespace, group, id, field),
        },
    };
    key.ok()
}

/// Writes a text so that the server's patterns take it as it is.
pub(crate) fn literally(text: &str, glob: &mut Vec<u8>) {
    for byte in text.bytes() {
        if matches!(byte, b'*' | b'?' | b'[' | b']' | b'\\') {
            glob.push(b'\\');
        }
        glob.push(byte);
    }
}

fn tagged_glob(pattern: &Pattern) -> Vec<u8> {
    let (beginning, ending) = (pattern.beginning(), pattern.ending());
    let mut glob = Vec::new();
    if !pattern.namespace().is_empty() {
        literally(pattern.namespace(), &mut glob);
        glob.push(b':');
    }
    glob.push(b'{');
    let parts: Vec<_> = beginning.split(':').collect();
    match parts.as_slice() {
        [group, "", field] => literally(&format!("{group}}}:{field}"), &mut glob),
        [group, id, field] => literally(&format!("{group}:{id}}}:{field}"), &mut glob),
        // With the id still open, the colon behind the group may be the one behind the braces.
        [group, ""] => literally(group, &mut glob),
        _ => literally(&beginning, &mut glob),
    }
    if pattern.is_exact() {
        if parts.len() == 1 {
            glob.push(b'}');
        }
        return glob;
    }
    glob.push(b'*');
    if let Some((id, field)) = ending.rsplit_once(':') {
        // What ends in a field belongs to a group. An id that is told in part ends the braces.
        let id = id.strip_suffix(':').unwrap_or(id);
        literally(&format!("{id}}}:{field}"), &mut glob);
    }
    glob
}

fn plain_glob(pattern: &Pattern) -> Vec<u8> {
    let (beginning, ending) = (pattern.beginning(), pattern.ending());
    let mut glob = Vec::new();
    if !pattern.namespace().is_empty() {
        literally(&Key::unescaped(pattern.namespace()), &mut glob);
        glob.push(b':');
    }
    // A sign in it may be half of one that stands escaped in the pattern.
    let whole = match beginning.rfind('%') {
        Some(at) if !pattern.is_exact() && beginning.len() - at < 3 => &beginning[..at],
        Some(_) | None => &beginning[..],
    };
    literally(&Key::unescaped(whole), &mut glob);
    if pattern.is_exact() {
        return glob;
    }
    glob.push(b'*');
    if let Some((_, field)) = ending.rsplit_once(':') {
        literally(&format!(":{}", Key::unescaped(field)), &mut glob);
    }
    glob
}

/// `namespace:{group:id}:field`, `namespace:{group}:field` or `namespace:{name}`. The parts are
/// escaped already, braces among them.
fn tagged(key: &Key, text: &mut Vec<u8>) {
    let mut parts = key.as_str().split(':');
    let mut part = || parts.next().unwrap_or_default();
    let (namespace, group, id, field) = (part(), part(), part(), part());
    let mut write = |part: &str| text.extend_from_slice(part.as_bytes());
    if !namespace.is_empty() {
        write(namespace);
        write(":");
    }
    write("{");
    if group.is_empty() {
        write(field);
        return write("}");
    }
    write(group);
    if !id.is_empty() {
        write(":");
        write(id);
    }
    write("}:");
    write(field);
}

/// `course:42:seats`, `course::seats` for what the group shares, `seats` for what stands alone.
fn plain(key: &Key) -> String {
    let (group, id) = (key.group(), key.id().unwrap_or_default());
    let name = match group {
        Some(group) => format!("{group}:{id}:{}", key.field()),
        None => key.field().into_owned(),
    };
    match key.namespace() {
        Some(namespace) => format!("{namespace}:{name}"),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(style: KeyStyle, key: &Key) -> String {
        let mut text = Vec::new();
        style.write(key, &mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn keys_in_both_styles() {
        let [of_one, shared, alone] = [
            Key::in_group("", "course", "42", "seats").unwrap(),
            Key::global("", "course", "total").unwrap(),
            Key::alone("", "visits").unwrap(),
        ];
        for (key, tagged, plain) in [
            (&of_one, "{course:42}:seats", "course:42:seats"),
            (&shared, "{course}:total", "course::total"),
            (&alone, "{visits}", "visits"),
            (
                &Key::in_group("shop", "course", "4:2", "seats").unwrap(),
                "shop:{course:4%3A2}:seats",
                "shop:course:4:2:seats",
            ),
            (&Key::alone("shop", "{odd}").unwrap(), "shop:{%7Bodd%7D}", "shop:{odd}"),
        ] {
            assert_eq!(written(KeyStyle::Tagged, key), tagged);
            assert_eq!(written(KeyStyle::RedisObjects, key), plain);
        }
    }

    #[test]
    fn a_key_is_read_back_from_what_was_written() {
        let odd = ["a", "a:b", "{a}", "%", "*", "ключ", "::", " "];
        for (one, two) in odd.iter().flat_map(|one| odd.iter().map(move |two| (one, two))) {
            for key in [
                Key::in_group("", one, two, "f"),
                Key::in_group(one, "g", two, "f"),
                Key::in_group("", "g", one, two),
                Key::global(one, two, "f"),
                Key::alone(one, two),
                Key::alone("", one),
            ] {
                let key = key.unwrap();
                let space = key.as_str().split(':').next().unwrap();
                let text = written(KeyStyle::Tagged, &key);
                assert_eq!(KeyStyle::Tagged.read(space, text.as_bytes()), Some(key), "{text}");
            }
        }
        for text in ["", "{a", "{a}x", "a", "{a:b:c}:d", "{a:b}", "{a}::epoch", "{a:b}:c::leases"] {
            assert_eq!(KeyStyle::Tagged.read("", text.as_bytes()), None, "{text}");
        }
        assert_eq!(KeyStyle::Tagged.read("", b"{\xff}"), None);
        assert_eq!(KeyStyle::Tagged.read("shop", b"shop2:{a}"), None);
    }

    #[test]
    fn of_unescaped_keys_what_lies_between_is_the_id() {
        let read = |text: &str| KeyStyle::RedisObjects.read("", text.as_bytes());
        let in_group = |group, id, field| Some(Key::in_group("", group, id, field).unwrap());
        for (text, key) in [
            ("course:42:seats", in_group("course", "42", "seats")),
            ("course:4:2:seats", in_group("course", "4:2", "seats")),
            ("course::total", Some(Key::global("", "course", "total").unwrap())),
            ("visits", Some(Key::alone("", "visits").unwrap())),
            ("a:b", Some(Key::alone("", "a:b").unwrap())),
            // A field of that name, and what stands beside a field.
            ("course:42:epoch", in_group("course", "42", "epoch")),
            ("course:42:seats:epoch", None),
            ("course:42:seats:leases", None),
            ("visits:epoch", None),
            (":a:b", None),
            ("a:b:", None),
            ("", None),
        ] {
            assert_eq!(read(text), key, "{text}");
        }
        let shop = KeyStyle::RedisObjects.read("a%3Ab", b"a:b:course:42:seats");
        assert_eq!(shop, Some(Key::in_group("a:b", "course", "42", "seats").unwrap()));
    }

    #[test]
    fn the_servers_patterns() {
        for (namespace, glob, tagged, plain) in [
            ("", "*", "{*", "*"),
            ("shop", "*", "shop:{*", "shop:*"),
            ("a:b", "v*", "a%3Ab:{v*", "a:b:v*"),
            ("", "visits", "{visits}", "visits"),
            ("", "course:42:seats", "{course:42}:seats", "course:42:seats"),
            ("", "course::total", "{course}:total", "course::total"),
            ("", "course:*", "{course*", "course:*"),
            ("", "course:4*", "{course:4*", "course:4*"),
            ("", "course:42:*", "{course:42}:*", "course:42:*"),
            ("", "course::t*", "{course}:t*", "course::t*"),
            ("", "course:*:seats", "{course*}:seats", "course:*:seats"),
            ("", "*:42:seats", "{*:42}:seats", "*:seats"),
            ("", "*::total", "{*}:total", "*:total"),
            ("", "*ts", "{*", "*"),
            ("", "a\\*[b]?", "{a\\*\\[b\\]*", "a\\*\\[b\\]*"),
            ("", "course:4%3*", "{course:4%3*", "course:4*"),
            ("", "course:4%3A*", "{course:4%3A*", "course:4:*"),
        ] {
            let pattern = Pattern::glob(namespace, glob);
            let told = |style: KeyStyle| String::from_utf8(style.glob(&pattern)).unwrap();
            assert_eq!(told(KeyStyle::Tagged), tagged, "{glob}");
            assert_eq!(told(KeyStyle::RedisObjects), plain, "{glob}");
        }
    }

    #[test]
    fn companions_stand_beside_their_object_and_are_nobody_elses_key() {
        let seats = Key::in_group("", "course", "42", "seats").unwrap();
        for (style, expected) in [
            (KeyStyle::Tagged, "{course:42}:seats::leases"),
            (KeyStyle::RedisObjects, "course:42:seats:leases"),
        ] {
            let mut text = Vec::new();
            style.write_companion(&seats, Companion::Leases, &mut text);
            assert_eq!(text, expected.as_bytes());
        }
        let mut text = Vec::new();
        let visits = Key::alone("", "visits").unwrap();
        KeyStyle::Tagged.write_companion(&visits, Companion::Epoch, &mut text);
        let other = Key::global("", "visits", "epoch").unwrap();
        assert_ne!(text, written(KeyStyle::Tagged, &other).as_bytes());
    }
}
