/// The words of a name, in lower case: `SVGBackend` is "svg", "backend" and `stored_union` is
/// "stored", "union".
pub(crate) fn words(name: &str) -> Vec<String> {
    let characters: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (at, &character) in characters.iter().enumerate() {
        if !character.is_alphanumeric() || starts_word(&characters, at) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| character.is_alphanumeric()) {
            word.extend(character.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a word, or its plural, is in the name. Neighbouring words are also read as one, because
/// `SQLite` and `MySql` have a capital inside.
pub(crate) fn says(name: &str, wanted: &str) -> bool {
    let words = words(name);
    (0..words.len()).any(|first| {
        let mut read = String::new();
        words[first..].iter().any(|word| {
            read.push_str(word);
            is_or_is_plural_of(&read, wanted)
        })
    })
}

/// Whether `word` is `wanted`, or several of it.
pub(crate) fn is_or_is_plural_of(word: &str, wanted: &str) -> bool {
    word.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest == "s")
}

fn starts_word(characters: &[char], at: usize) -> bool {
    let upper = |at: usize| characters.get(at).is_some_and(|c| c.is_uppercase());
    let lower = |at: usize| characters.get(at).is_some_and(|c| c.is_lowercase());
    upper(at) && at > 0 && (!upper(at - 1) || lower(at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fall_into_words() {
        for (name, expected) in [
            ("counter", vec!["counter"]),
            ("stored_union", vec!["stored", "union"]),
            ("SortedSet", vec!["sorted", "set"]),
            ("SVGBackend", vec!["svg", "backend"]),
            ("exactly-core", vec!["exactly", "core"]),
            ("HTTP2", vec!["http2"]),
            ("_", vec![]),
        ] {
            assert_eq!(words(name), expected, "{name}");
        }
    }

    #[test]
    fn a_name_says_a_word_but_not_a_part_of_one() {
        for (name, wanted, expected) in [
            ("RedisEngine", "redis", true),
            ("open_sqlite", "sqlite", true),
            ("SQLite", "sqlite", true),
            ("MySql", "mysql", true),
            ("Drivers", "driver", true),
            ("evaluate", "lua", false),
            ("rediscover", "redis", false),
        ] {
            assert_eq!(says(name, wanted), expected, "{name} says {wanted}");
        }
    }
}
