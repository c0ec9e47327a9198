//! Structured names.
//!
//! A [`Key`] has up to four parts: namespace, group, id and field. It is kept as one text in which
//! the parts are escaped and joined by `:`, so two different keys never share a text and every part
//! comes back as it was given. Engines render keys; nobody else joins strings.

use std::borrow::Cow;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::fault::Fault;

/// The longest part of a key, in bytes before escaping.
pub const PART_BYTES_MAX: usize = 255;

/// The name of one object: (namespace, group, id, field).
///
/// Cheap to clone. The text form escapes `%`, `:`, `{`, `}` and control characters, so no two ids
/// collide:
///
/// ```
/// # use exactly_core::Key;
/// let seats = Key::in_group("", "course", "42", "seats")?;
/// assert_eq!(seats.to_string(), "course:42:seats");
/// let odd = Key::in_group("", "course", "4:2", "seats")?;
/// assert_eq!(odd.to_string(), "course:4%3A2:seats");
/// assert_eq!(odd.id(), Some("4:2".into()));
/// # Ok::<(), exactly_core::Fault>(())
/// ```
#[derive(Clone)]
pub struct Key {
    text: Arc<str>,
    /// Of the text, by this process's own seed: computed once, used at every operation.
    hash: u64,
}

impl Key {
    /// The key of a field that belongs to one thing: field `field` of the `group` with this `id`.
    ///
    /// # Faults
    /// *Misuse* when group, id or field is empty, longer than [`PART_BYTES_MAX`] or contains NUL;
    /// an empty namespace means none.
    pub fn in_group(namespace: &str, group: &str, id: &str, field: &str) -> Result<Self, Fault> {
        check("group", group)?;
        check("id", id)?;
        check("field", field)?;
        Self::join(namespace, group, id, field)
    }

    /// The key of a field that all things of a group share.
    ///
    /// # Faults
    /// As for [`Key::in_group`].
    pub fn global(namespace: &str, group: &str, field: &str) -> Result<Self, Fault> {
        check("group", group)?;
        check("field", field)?;
        Self::join(namespace, group, "", field)
    }

    /// The key of an object that stands alone.
    ///
    /// # Faults
    /// As for [`Key::in_group`].
    pub fn alone(namespace: &str, name: &str) -> Result<Self, Fault> {
        check("name", name)?;
        Self::join(namespace, "", "", name)
    }

    fn join(namespace: &str, group: &str, id: &str, field: &str) -> Result<Self, Fault> {
        if !namespace.is_empty() {
            check("namespace", namespace)?;
        }
        let mut text =
            String::with_capacity(namespace.len() + group.len() + id.len() + field.len() + 3);
        for (place, part) in [namespace, group, id, field].into_iter().enumerate() {
            if place > 0 {
                text.push(':');
            }
            escape(part, &mut text);
        }
        Ok(Self::from_canonical(text.into()))
    }

    fn from_canonical(text: Arc<str>) -> Self {
        let hash = Self::hash_text(&text);
        Self { text, hash }
    }

    /// The canonical text, with all four parts: `namespace:group:id:field`, absent ones empty.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The canonical text, shared.
    pub fn to_shared(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// The key whose [`to_shared`](Key::to_shared) gave this text: for engines that keep the text
    /// and not the key. The text is taken as it is.
    pub fn from_shared(text: &Arc<str>) -> Self {
        Self::from_canonical(Arc::clone(text))
    }

    /// Reads a canonical text, as [`Key::as_str`] gives it.
    ///
    /// # Faults
    /// *Misuse* when the text is not in canonical form.
    pub fn from_text(text: &str) -> Result<Self, Fault> {
        let odd = || {
            let found = format!("{text:?}");
            Fault::bad_name("key", "`namespace:group:id:field` with escaped parts", &found)
        };
        let parts: Vec<_> = text.split(':').map(unescape).collect();
        let [namespace, group, id, field] = parts.as_slice() else { return Err(odd()) };
        let key = match (group.is_empty(), id.is_empty()) {
            (false, false) => Self::in_group(namespace, group, id, field)?,
            (false, true) => Self::global(namespace, group, field)?,
            (true, true) => Self::alone(namespace, field)?,
            (true, false) => return Err(odd()),
        };
        if key.as_str() == text { Ok(key) } else { Err(odd()) }
    }

    /// The namespace, if there is one.
    pub fn namespace(&self) -> Option<Cow<'_, str>> {
        self.part(0)
    }

    /// The group, if the object belongs to one.
    pub fn group(&self) -> Option<Cow<'_, str>> {
        self.part(1)
    }

    /// The id of the thing the object belongs to, unless it stands alone or is shared by the group.
    pub fn id(&self) -> Option<Cow<'_, str>> {
        self.part(2)
    }

    /// The field, or the name of an object that stands alone.
    pub fn field(&self) -> Cow<'_, str> {
        self.part(3).unwrap_or_default()
    }

    /// The text without the namespace and without empty parts in front: what the object is called
    /// within its store.
    ///
    /// ```
    /// # use exactly_core::Key;
    /// assert_eq!(Key::in_group("shop", "course", "4:2", "seats")?.name(), "course:4%3A2:seats");
    /// assert_eq!(Key::global("shop", "course", "total")?.name(), "course::total");
    /// assert_eq!(Key::alone("shop", "visits")?.name(), "visits");
    /// # Ok::<(), exactly_core::Fault>(())
    /// ```
    pub fn name(&self) -> &str {
        let name = self.text.split_once(':').map_or(&*self.text, |(_, name)| name);
        name.trim_start_matches(':')
    }

    /// Reads a [name](Key::name), as it is displayed.
    ///
    /// ```
    /// # use exactly_core::Key;
    /// let seats = Key::named("shop", "course:4%3A2:seats")?;
    /// assert_eq!(seats, Key::in_group("shop", "course", "4:2", "seats")?);
    /// assert_eq!(Key::named("", "visits")?, Key::alone("", "visits")?);
    /// # Ok::<(), exactly_core::Fault>(())
    /// ```
    ///
    /// # Faults
    /// *Misuse* when it has not one or three parts, or one that cannot be part of a key.
    pub fn named(namespace: &str, name: &str) -> Result<Self, Fault> {
        let parts: Vec<_> = name.split(':').map(unescape).collect();
        match parts.as_slice() {
            [name] => Self::alone(namespace, name),
            [group, id, field] if id.is_empty() => Self::global(namespace, group, field),
            [group, id, field] => Self::in_group(namespace, group, id, field),
            _ => Err(Fault::bad_name(
                "key",
                "one part or three (`visits`, `course:42:seats`, `course::total`; a colon in a \
                 part is `%3A`)",
                &format!("{name:?}"),
            )),
        }
    }

    /// A part as it was given, of one as it stands in the text of a key.
    pub fn unescaped(part: &str) -> Cow<'_, str> {
        unescape(part)
    }

    /// The namespace as it stands in the text.
    pub(crate) fn namespace_text(&self) -> &str {
        self.text.split_once(':').map_or("", |(namespace, _)| namespace)
    }

    fn part(&self, place: usize) -> Option<Cow<'_, str>> {
        self.text.split(':').nth(place).filter(|part| !part.is_empty()).map(unescape)
    }

    /// The hash of a canonical text, seeded per process so that nobody can choose colliding keys.
    pub fn hash_text(text: &str) -> u64 {
        static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        SEED.hash_one(text)
    }

    /// [`Key::hash_text`] of this key, computed when it was made.
    pub const fn hash_value(&self) -> u64 {
        self.hash
    }
}

fn check(what: &'static str, part: &str) -> Result<(), Fault> {
    if part.is_empty() {
        return Err(Fault::bad_name(what, "at least one character", "an empty text"));
    }
    if part.len() > PART_BYTES_MAX {
        let expected = format!("at most {PART_BYTES_MAX} bytes");
        return Err(Fault::bad_name(what, &expected, &format!("{} bytes", part.len())));
    }
    if part.contains('\0') {
        return Err(Fault::bad_name(what, "a text without NUL", &format!("{part:?}")));
    }
    Ok(())
}

/// Writes a part as it stands in the text of a key.
pub(crate) fn escape(part: &str, text: &mut String) {
    for c in part.chars() {
        match c {
            '%' | ':' | '{' | '}' | '\0'..='\x1f' | '\x7f' => {
                text.push_str(&format!("%{:02X}", u32::from(c)));
            }
            _ => text.push(c),
        }
    }
}

fn unescape(part: &str) -> Cow<'_, str> {
    if !part.contains('%') {
        return Cow::Borrowed(part);
    }
    let mut text = String::with_capacity(part.len());
    let mut rest = part;
    while let Some(at) = rest.find('%') {
        text.push_str(&rest[..at]);
        let code = rest.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code {
            Some(code) if code.is_ascii() => {
                text.push(char::from(code));
                rest = &rest[at + 3..];
            }
            Some(_) | None => {
                text.push('%');
                rest = &rest[at + 1..];
            }
        }
    }
    text.push_str(rest);
    Cow::Owned(text)
}

impl fmt::Display for Key {
    /// For people: without the empty parts in front.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text.trim_start_matches(':'))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.text == other.text
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_text(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AWKWARD: [&str; 12] =
        ["a:b", "a%3Ab", "{42}", "}{", "%", "%%", "%zz", "\r\n", " ", "ключ", "🪑", "a\u{202e}b"];

    #[test]
    fn parts_come_back_as_given() {
        for part in AWKWARD {
            let key = Key::in_group(part, part, part, part).unwrap();
            assert_eq!(key.namespace().as_deref(), Some(part));
            assert_eq!(key.group().as_deref(), Some(part));
            assert_eq!(key.id().as_deref(), Some(part));
            assert_eq!(key.field(), part);
            assert_eq!(Key::from_text(key.as_str()).unwrap(), key);
        }
    }

    #[test]
    fn no_part_puts_a_sign_with_a_meaning_into_the_text() {
        for c in '\x01'..='\x7f' {
            let part = format!("a{c}b");
            let key = Key::in_group(&part, &part, &part, &part).unwrap();
            let text = key.as_str();
            assert_eq!(text.matches(':').count(), 3, "{text:?}");
            assert!(!text.contains(|c: char| c.is_control() || c == '{' || c == '}'), "{text:?}");
            assert_eq!(key.field(), part);
            assert_eq!(Key::from_text(text).unwrap(), key);
        }
    }

    #[test]
    fn different_parts_give_different_keys() {
        let mut texts: Vec<_> = AWKWARD
            .iter()
            .flat_map(|a| AWKWARD.iter().map(move |b| Key::in_group("", "g", a, b).unwrap()))
            .map(|key| key.to_string())
            .collect();
        let all = texts.len();
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), all);
    }

    #[test]
    fn a_global_or_lone_key_is_never_the_key_of_an_id() {
        assert_ne!(Key::global("", "course", "x").unwrap(), Key::alone("", "course::x").unwrap());
        assert_eq!(Key::global("", "course", "x").unwrap().to_string(), "course::x");
        assert_eq!(Key::alone("", "visits").unwrap().to_string(), "visits");
        assert_eq!(Key::alone("shop", "visits").unwrap().to_string(), "shop:::visits");
    }

    #[test]
    fn bad_names_are_misuse_that_says_what_to_do() {
        let long = "x".repeat(PART_BYTES_MAX + 1);
        for (id, says) in [("", "empty"), ("a\0b", "NUL"), (long.as_str(), "256 bytes")] {
            let fault = Key::in_group("", "course", id, "seats").unwrap_err();
            assert!(fault.is_misuse());
            assert!(fault.to_string().contains(says), "{fault}");
            assert!(fault.to_string().contains("id"), "{fault}");
        }
        for namespace in ["a\0b", long.as_str()] {
            let fault = Key::alone(namespace, "seats").unwrap_err();
            assert!(fault.is_bad_name() && fault.to_string().contains("namespace"), "{fault}");
        }
        let longest = "x".repeat(PART_BYTES_MAX);
        assert!(Key::in_group(&longest, &longest, &longest, &longest).is_ok());
    }

    #[test]
    fn only_canonical_text_is_read_back() {
        for text in ["", "a", "a:b", "a:b:c:d:e", ":::", "::id:f", ":g:%3a:f", ":g:%41:f"] {
            assert!(Key::from_text(text).is_err(), "{text}");
        }
    }
}
