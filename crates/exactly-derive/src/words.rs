//! The messages of the attribute reader in the words of this project.
//!
//! It calls an option a field, which on a struct is something else. A message that it words in a
//! new way one day stays as it is, and the recorded messages of the tests tell.

/// What other libraries call an option of a field.
const ELSEWHERE: &[(&str, &str)] = &[
    ("available", "limit"),
    ("config", "store"),
    ("expiration", "ttl"),
    ("expireat", "expire_at"),
    ("expires_in", "ttl"),
    ("maxlength", "limit"),
    ("prefix", "name"),
    ("redis", "store"),
    ("rename", "key"),
    ("throttle", "rate"),
    ("timeout", "lease"),
];

/// The options of a field. The attribute reader names what there is only where that is little, so
/// where it names nothing, it is these.
const OF_FIELD: &[&str] = &[
    "alone",
    "default",
    "expire_at",
    "global",
    "key",
    "lease",
    "limit",
    "max",
    "min",
    "rate",
    "start",
    "store",
    "ttl",
    "ttl_sliding",
];

/// All errors, as the compiler shows them.
pub(crate) fn told(error: darling::Error) -> proc_macro2::TokenStream {
    let errors = syn::Error::from(error).into_iter();
    errors
        .map(|error| syn::Error::new(error.span(), reworded(&error.to_string())))
        .map(|error| error.into_compile_error())
        .collect()
}

fn reworded(message: &str) -> String {
    if let Some(rest) = message.strip_prefix("Unknown field: `") {
        return unknown(rest).unwrap_or_else(|| message.to_owned());
    }
    if let Some(word) = message.strip_prefix("Duplicate field ") {
        return format!("{word} is given twice: keep one");
    }
    if message == "Unexpected meta-item format `literal`" {
        return "which option is this? Write `option = value`".to_owned();
    }
    message.to_owned()
}

/// For the rest of a message that begins with the word that is no option.
fn unknown(rest: &str) -> Option<String> {
    let (word, rest) = rest.split_once('`')?;
    let meant = rest.strip_prefix(". Did you mean ").map(|word| format!("did you mean {word}"));
    let of_field = || OF_FIELD.iter().map(|option| format!("`{option}`")).collect::<Vec<_>>();
    let known = match rest.strip_prefix(". Available values: ") {
        None if rest.is_empty() => Some(of_field().join(", ")),
        known => known.map(str::to_owned),
    };
    let known = known.as_deref();
    let elsewhere = ELSEWHERE.iter().find_map(|(theirs, ours)| {
        let ours = format!("`{ours}`");
        // `expires_in` looks like `expire_at` to the reader, and means something else.
        let misread = meant.as_deref().is_some_and(|meant| meant.contains("`expire_at`"));
        let fits = misread || known.is_some_and(|known| known.contains(&ours));
        (*theirs == word && fits).then(|| format!("did you mean {ours}?"))
    });
    let known = known.map(|known| format!("the options here are {known}"));
    let advice = elsewhere.or(meant).or(known)?;
    Some(format!("there is no option `{word}`: {advice}"))
}

#[cfg(test)]
mod tests {
    use darling::FromField;

    use super::*;

    fn unknown_field(word: &str, known: &[&str]) -> String {
        let error = darling::Error::unknown_field_with_alts(word, known);
        reworded(&error.to_string())
    }

    #[test]
    fn a_word_close_to_an_option_is_taken_for_it() {
        let told = unknown_field("strat", &["start", "min"]);
        assert_eq!(told, "there is no option `strat`: did you mean `start`?");
    }

    #[test]
    fn the_word_of_another_library_is_taken_for_ours_where_ours_may_stand() {
        let told = unknown_field("expires_in", &["ttl", "min"]);
        assert_eq!(told, "there is no option `expires_in`: did you mean `ttl`?");
        let told = unknown_field("expires_in", &["name", "crate"]);
        let expected = "there is no option `expires_in`: the options here are `crate`, `name`";
        assert_eq!(told, expected);
    }

    #[test]
    fn the_options_of_a_field_are_those_that_are_read() {
        let field =
            |option: &str| syn::parse_str(&format!("struct A {{ #[exactly({option})] b: C }}"));
        let unknown = |option: &str| {
            let input: syn::DeriveInput = field(option).unwrap();
            let syn::Data::Struct(data) = input.data else { return None };
            let read = crate::options::OfField::from_field(data.fields.iter().next()?);
            read.err().map(|error| error.to_string())
        };
        for option in OF_FIELD {
            let told = unknown(option).unwrap_or_default();
            assert!(!told.contains("Unknown field"), "{told}");
        }
        let all = unknown("colour").unwrap();
        assert_eq!(all, "Unknown field: `colour`", "it would name them if they were few");
    }

    #[test]
    fn the_other_messages() {
        let twice = darling::Error::duplicate_field("start").to_string();
        assert_eq!(reworded(&twice), "`start` is given twice: keep one");
        let literal = darling::Error::unsupported_format("literal").to_string();
        assert_eq!(reworded(&literal), "which option is this? Write `option = value`");
        let told = reworded("Unknown field: `colour`");
        assert!(told.ends_with(
            "the options here are `alone`, `default`, `expire_at`, `global`, `key`, `lease`, \
             `limit`, `max`, `min`, `rate`, `start`, `store`, `ttl`, `ttl_sliding`"
        ));
        assert!(reworded("Unknown field: `maxlength`").ends_with("did you mean `limit`?"));
        for same in ["anything else", "Unknown field: `", "Unknown field: `x` in new words"] {
            assert_eq!(reworded(same), same);
        }
    }
}
