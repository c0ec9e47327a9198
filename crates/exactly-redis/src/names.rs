//! How keys are written on the server.

use exactly_core::Key;

/// How keys are written on the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyStyle {
    /// `{course:42}:seats`, with the namespace in front: what belongs to one thing shares one
    /// Cluster slot, and no two keys share a text.
    ///
    /// Beside it may stand `{course:42}:seats::epoch`, of a counter that a block has stepped, and
    /// `{course:42}:seats::leases`, of a capacity.
    #[default]
    Tagged,
    /// `course:42:seats`, as the Ruby library redis-objects writes it, so that both can work on the
    /// same counters, values and sets; `course::total` is what the group shares.
    ///
    /// Beside it may stand `course:42:seats:epoch` and `course:42:seats:leases`. What this style
    /// cannot promise: ids are not escaped, so an id with a colon may meet another's key; the keys
    /// of one thing may lie on several slots of a Cluster; and a counter that the other library
    /// sets keeps its epoch, so that a block which is undone later takes its step back from the
    /// number that was set.
    RedisObjects,
}

/// What stands beside some objects: the epoch of a counter, the leases of a capacity.
const COMPANIONS: [&str; 2] = ["epoch", "leases"];

/// How many keys an object may have on the server.
pub(crate) const NAMES: usize = 1 + COMPANIONS.len();

impl KeyStyle {
    /// Writes the key of the object.
    pub(crate) fn write(self, key: &Key, text: &mut Vec<u8>) {
        match self {
            Self::Tagged => tagged(key, text),
            Self::RedisObjects => text.extend_from_slice(plain(key).as_bytes()),
        }
    }

    /// Writes the key of one of its companions, from 1 on.
    pub(crate) fn write_companion(self, key: &Key, place: usize, text: &mut Vec<u8>) {
        self.write(key, text);
        // Two colons in a row are in no key of that style: `{visits}:epoch` may be an object.
        let between = match self {
            Self::Tagged => "::",
            Self::RedisObjects => ":",
        };
        text.extend_from_slice(between.as_bytes());
        text.extend_from_slice(COMPANIONS[place - 1].as_bytes());
    }
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
    fn companions_stand_beside_their_object_and_are_nobody_elses_key() {
        let seats = Key::in_group("", "course", "42", "seats").unwrap();
        for (style, expected) in [
            (KeyStyle::Tagged, "{course:42}:seats::leases"),
            (KeyStyle::RedisObjects, "course:42:seats:leases"),
        ] {
            let mut text = Vec::new();
            style.write_companion(&seats, 2, &mut text);
            assert_eq!(text, expected.as_bytes());
        }
        let mut text = Vec::new();
        KeyStyle::Tagged.write_companion(&Key::alone("", "visits").unwrap(), 1, &mut text);
        let other = Key::global("", "visits", "epoch").unwrap();
        assert_ne!(text, written(KeyStyle::Tagged, &other).as_bytes());
    }
}
