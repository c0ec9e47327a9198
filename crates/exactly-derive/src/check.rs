//! What the options of a struct mean together, and whether that can be.

use std::time::Duration;

use darling::{Error, FromDeriveInput, FromField, Result};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Field, Fields, FieldsNamed, Generics, Ident, Path, parse_quote};

use crate::alone;
use crate::options::{
    Alone, Elsewhere, FrontDoor, Literal, Name, Number, OfField, OfGroup, OnlyFrontDoor, are_lists,
};

// What the front door refuses at run time is refused here: these are its own limits.

/// The most units of a capacity.
pub(crate) const LIMIT_MAX: u64 = (1 << 53) - 1;
/// The longest lease.
pub(crate) const LEASE_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The longest time to live.
pub(crate) const TTL_MAX: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// A struct whose options are right.
pub(crate) struct Group {
    pub(crate) ident: Ident,
    pub(crate) front_door: Path,
    pub(crate) name: Name,
    pub(crate) members: Vec<Member>,
}

/// A field whose options are right.
pub(crate) struct Member {
    pub(crate) ident: Ident,
    pub(crate) place: Place,
    pub(crate) options: OfField,
}

/// Where the object of a field stands.
pub(crate) enum Place {
    /// In the group, under this last part of the key.
    InGroup(Name),
    /// Outside of it, under this name.
    Alone(Alone),
}

/// Reads a struct.
///
/// # Errors
/// Everything that is wrong with it, each on the user's own token.
pub(crate) fn group(input: &DeriveInput) -> Result<Group> {
    let own = both(not_generic(&input.generics), own_options(input));
    let members = named_fields(input).and_then(members);
    let (((), (front_door, name)), members) = both(own, members)?;
    Ok(Group { ident: input.ident.clone(), front_door, name, members })
}

/// Both, or all that is wrong with either.
fn both<A, B>(one: Result<A>, other: Result<B>) -> Result<(A, B)> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(one), Err(other)) => Err(Error::multiple(vec![one, other])),
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
    }
}

/// Where the code of a refused struct can still find the front door.
pub(crate) fn front_door(input: &DeriveInput) -> Option<Path> {
    let found = OnlyFrontDoor::from_derive_input(input).ok()?;
    not_generic(&input.generics).ok()?;
    Some(path_of(found.front_door))
}

fn path_of(front_door: Option<FrontDoor>) -> Path {
    front_door.map_or_else(|| parse_quote!(::exactly), |FrontDoor(path)| path)
}

fn own_options(input: &DeriveInput) -> Result<(Path, Name)> {
    are_lists(&input.attrs)?;
    let OfGroup { name, front_door } = OfGroup::from_derive_input(input)?;
    let name = name.ok_or_else(|| nameless(&input.ident))?;
    Ok((path_of(front_door), name))
}

fn nameless(ident: &Ident) -> Error {
    let name = snake_case(&ident.unraw().to_string());
    let told = format!("a group needs a name for its keys: add `#[exactly(name = \"{name}\")]`");
    Error::custom(told).with_span(ident)
}

/// `CourseSeats` as `course_seats`.
fn snake_case(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (at, &character) in characters.iter().enumerate() {
        let after_lower = at > 0 && characters[at - 1].is_lowercase();
        let before_lower = characters.get(at + 1).is_some_and(|next| next.is_lowercase());
        if at > 0 && character.is_uppercase() && (after_lower || before_lower) {
            snake.push('_');
        }
        snake.extend(character.to_lowercase());
    }
    snake
}

fn not_generic(generics: &Generics) -> Result<()> {
    let told = "a group cannot be generic: its keys are fixed by its name, whatever the parameter \
                is; write a struct for each";
    match (generics.params.first(), &generics.where_clause) {
        (Some(parameter), _) => Err(Error::custom(told).with_span(parameter)),
        (None, Some(clause)) => Err(Error::custom(told).with_span(clause)),
        (None, None) => Ok(()),
    }
}

fn named_fields(input: &DeriveInput) -> Result<&FieldsNamed> {
    let (span, found) = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) if fields.named.is_empty() => {
                let told = "a group has at least one object: add a field, such as `seats: Counter`";
                return Err(Error::custom(told).with_span(&input.ident));
            }
            Fields::Named(fields) => return Ok(fields),
            Fields::Unnamed(fields) => (fields.span(), "fields without names"),
            Fields::Unit => (input.ident.span(), "no fields"),
        },
        Data::Enum(data) => (data.enum_token.span, "an enum"),
        Data::Union(data) => (data.union_token.span, "a union"),
    };
    let ident = &input.ident;
    Err(Error::custom(format!(
        "a group is a struct with named fields, found {found}: write `struct {ident} {{ seats: \
         Counter }}`"
    ))
    .with_span(&span))
}

fn members(fields: &FieldsNamed) -> Result<Vec<Member>> {
    let mut errors = Error::accumulator();
    let mut members: Vec<Member> = Vec::new();
    for field in &fields.named {
        let Some(ident) = &field.ident else { continue };
        let Some(member) = errors.handle(member(ident, field)) else { continue };
        if let Some(error) = members.iter().find_map(|first| one_object(&member, first)) {
            errors.push(error);
        }
        members.push(member);
    }
    errors.finish_with(members)
}

/// What is wrong if two fields can be one object. In different stores they are not.
fn one_object(second: &Member, first: &Member) -> Option<Error> {
    let store = |member: &Member| member.options.store.as_ref().map(Elsewhere::text);
    let is_global = |member: &Member| member.options.global.is_some();
    if store(second) != store(first) {
        return None;
    }
    let (told, span) = match (&second.place, &first.place) {
        // A global object has a key without an id, so it never meets the objects of one.
        (Place::InGroup(key), Place::InGroup(taken))
            if key.text == taken.text && is_global(second) == is_global(first) =>
        {
            let told = format!(
                "the key `{}` is taken by the field `{}`: two fields would be one object; give \
                 this one a key of its own",
                key.text, first.ident
            );
            (told, key.span)
        }
        (Place::Alone(name), Place::Alone(taken)) => {
            (met(&name.name.meets(&taken.name)?, &first.ident), name.span)
        }
        (Place::InGroup(_) | Place::Alone(_), Place::InGroup(_) | Place::Alone(_)) => return None,
    };
    Some(Error::custom(told).with_span(&span))
}

fn met(meeting: &alone::Meeting, first: &Ident) -> String {
    let with = |id: &Option<String>| match id {
        Some(id) => format!(" with the id `{id}`"),
        None => String::new(),
    };
    let alone::Meeting { name, this, other } = meeting;
    format!(
        "`{name}` is this field{} and the field `{first}`{}: two fields would be one object; give \
         this one a name that begins or ends otherwise",
        with(this),
        with(other)
    )
}

fn member(ident: &Ident, field: &Field) -> Result<Member> {
    are_lists(&field.attrs)?;
    let mut options = OfField::from_field(field)?;
    let (place, ()) = both(place(ident, &mut options), agree(&options))?;
    Ok(Member { ident: ident.clone(), place, options })
}

fn place(ident: &Ident, options: &mut OfField) -> Result<Place> {
    let Some(alone) = options.alone.take() else {
        let key = options.key.take().map_or_else(|| key_of(ident), Ok);
        return key.map(Place::InGroup);
    };
    if options.key.is_some() {
        let told = "what stands alone has no key in the group: keep one of `key` and `alone`";
        return Err(Error::custom(told).with_span(&alone.word));
    }
    let told = match (&alone.name, &options.global) {
        (alone::Alone::OfId { .. }, Some(_)) => {
            "a global object is one for all ids: leave `{id}` out, or `global`"
        }
        (alone::Alone::Shared(_), None) => {
            "all ids would share this object: say where the id stands, such as \
             `alone = \"legacy:{id}:seats\"`, or that it is `global`"
        }
        (alone::Alone::OfId { .. }, None) | (alone::Alone::Shared(_), Some(_)) => {
            return Ok(Place::Alone(alone));
        }
    };
    Err(Error::custom(told).with_span(&alone.span))
}

fn key_of(ident: &Ident) -> Result<Name> {
    Name::new(ident.unraw().to_string(), ident.span())
}

/// Whether the options of a field are possible, each by itself and together.
fn agree(options: &OfField) -> Result<()> {
    let mut errors = Error::accumulator();
    errors.handle(number_is_within_bounds(options));
    errors.handle(options.limit.as_ref().map_or(Ok(()), is_a_limit));
    if let Some(lease) = &options.lease {
        errors.handle(lease.check("a lease", LEASE_MAX, "30 days"));
    }
    for ttl in [&options.ttl, &options.ttl_sliding].into_iter().flatten() {
        errors.handle(ttl.check("a time to live", TTL_MAX, "100 years"));
    }
    if let (Some(_), Some(sliding)) = (&options.ttl, &options.ttl_sliding) {
        let told = "`ttl` counts from the first write and `ttl_sliding` from the last: keep one";
        errors.push(Error::custom(told).with_span(&sliding.word));
    }
    let ttl = options.ttl.as_ref().or(options.ttl_sliding.as_ref());
    if let (Some(_), Some(at)) = (ttl, &options.expire_at) {
        let told = "a time to live and `expire_at` are two ends: keep one";
        errors.push(Error::custom(told).with_span(&at.word));
    }
    errors.finish()
}

/// Whether the literals among `start`, `min` and `max` agree.
fn number_is_within_bounds(options: &OfField) -> Result<()> {
    let literal = |number: &Option<Number>| number.as_ref().and_then(|number| number.literal);
    let (min, max) = (literal(&options.min), literal(&options.max));
    if let (Some(min), Some(max), Some(wrong)) = (min, max, &options.max)
        && max.is_below(min)
    {
        let told = format!(
            "no number is at least {min} and at most {max}: write `min = {max}, max = {min}`"
        );
        return Err(Error::custom(told).with_span(&wrong.value));
    }
    match &options.start {
        Some(Number { value, literal: Some(start), .. }) => {
            starts_within(*start, min, max).map_err(|told| Error::custom(told).with_span(value))
        }
        Some(Number { literal: None, .. }) => Ok(()),
        None => {
            let above = options.min.as_ref().filter(|_| min.is_some_and(Literal::is_positive));
            let below = options.max.as_ref().filter(|_| max.is_some_and(Literal::is_negative));
            above.or(below).map_or(Ok(()), |bound| Err(starts_at_zero(bound)))
        }
    }
}

fn starts_at_zero(bound: &Number) -> Error {
    let start = bound.literal.map_or_else(|| "…".to_owned(), |number| number.to_string());
    let told = format!(
        "a counter starts at 0 unless told otherwise, which is out of these bounds: add \
         `start = {start}`"
    );
    Error::custom(told).with_span(&bound.value)
}

fn starts_within(
    start: Literal,
    min: Option<Literal>,
    max: Option<Literal>,
) -> std::result::Result<(), String> {
    if let Some(min) = min.filter(|min| start.is_below(*min)) {
        return Err(format!("the start {start} is below `min = {min}`: start at {min} or above"));
    }
    if let Some(max) = max.filter(|max| max.is_below(start)) {
        return Err(format!("the start {start} is above `max = {max}`: start at {max} or below"));
    }
    Ok(())
}

fn is_a_limit(limit: &Number) -> Result<()> {
    let wrong = match limit.literal {
        None => return Ok(()),
        Some(Literal::Real(_)) => "a limit is a whole number: write `limit = 30`".into(),
        Some(Literal::Whole(units)) if units < 0 => {
            format!("a limit is not negative: write `limit = {}`", units.unsigned_abs())
        }
        Some(Literal::Whole(units)) if units > i128::from(LIMIT_MAX) => {
            format!("a limit is at most {LIMIT_MAX}: count in larger units")
        }
        Some(Literal::Whole(_)) => return Ok(()),
    };
    Err(Error::custom(wrong).with_span(&limit.value))
}

#[cfg(test)]
mod tests {
    use exactly::core::PART_BYTES_MAX;
    use exactly::core::operations::{capacity, key};

    use super::*;
    use crate::options::NAME_BYTES_MAX;

    fn read(source: &str) -> std::result::Result<Group, Vec<String>> {
        let input = syn::parse_str(source).unwrap();
        group(&input).map_err(|error| error.flatten().into_iter().map(message).collect())
    }

    fn message(error: Error) -> String {
        syn::Error::from(error).to_string()
    }

    /// The messages about one field with these options.
    fn told(options: &str) -> String {
        let source = format!("#[exactly(name = \"a\")] struct A {{ #[exactly({options})] b: C }}");
        read(&source).err().unwrap_or_default().join("; ")
    }

    #[test]
    fn the_limits_are_those_of_the_front_door() {
        assert_eq!(LIMIT_MAX, capacity::LIMIT_MAX);
        assert_eq!(LEASE_MAX, capacity::LEASE_MAX);
        assert_eq!(TTL_MAX, key::TTL_MAX);
        assert_eq!(NAME_BYTES_MAX, PART_BYTES_MAX);
    }

    #[test]
    fn the_last_that_is_taken_and_the_first_that_is_not() {
        let long = "x".repeat(NAME_BYTES_MAX);
        for (taken, refused, says) in [
            ("limit = 0", "limit = -1", "not negative: write `limit = 1`"),
            ("limit = 9007199254740991", "limit = 9007199254740992", "at most 9007199254740991"),
            ("lease = \"30d\"", "lease = \"30d 1ns\"", "at most 30 days: write `lease = \"30d\"`"),
            ("ttl = \"36500d\"", "ttl = \"36500d 1ns\"", "at most 100 years: write `ttl = \"365"),
            ("ttl = \"1ns\"", "ttl = \"0ns\"", "of zero is over at once"),
            ("min = 3, max = 3, start = 3", "min = 4, max = 3, start = 3", "`min = 3, max = 4`"),
            ("start = -1, min = -1", "start = -2, min = -1", "start at -1 or above"),
            ("start = 1.0, max = 1.0", "start = 1.5, max = 1.0", "start at 1.0 or below"),
            ("max = 0", "max = -1", "add `start = -1`"),
            ("min = 0", "min = (1)", "add `start = 1`"),
            (&format!("key = \"{long}\""), &format!("key = \"{long}x\""), "this one 256"),
        ] {
            assert_eq!(told(taken), "", "{taken}");
            let told = told(refused);
            assert!(told.contains(says), "{refused}: {told}");
        }
    }

    #[test]
    fn what_is_no_literal_or_of_two_types_is_the_compilers_to_judge() {
        for options in [
            "start = START, min = MIN, max = 0",
            "start = -START, min = 1",
            "start = 1, min = 1.5",
            "limit = limit()",
            "lease = LEASE, ttl = Duration::ZERO",
            "max = 99999999999999999999999999999999999999999999",
        ] {
            assert_eq!(told(options), "", "{options}");
        }
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let told = read(
            "#[exactly(nam = \"a\")] #[exactly(name = \"\")]
             struct A<T> {
                 #[exactly(strat = 30, lease = \"0s\", min = 1)] b: T,
                 #[exactly(lease = \"0s\", min = 1, ttl = \"1h\", ttl_sliding = \"1h\")] c: T,
                 d: T,
                 #[exactly(key = \"d\")] e: T,
             }",
        );
        let found: Vec<_> = told.err().unwrap_or_default();
        let expected = [
            "a group cannot be generic",
            "Unknown field: `nam`",
            "a name has at least one character",
            "Unknown field: `strat`",
            "a counter starts at 0",
            "a lease of zero",
            "`ttl` counts from the first write",
            "the key `d` is taken by the field `d`",
        ];
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{found}");
        }
    }

    #[test]
    fn a_global_field_and_one_of_an_id_never_share_a_key() {
        let source = |options| {
            format!("#[exactly(name = \"a\")] struct A {{ b: C, #[exactly({options})] c: C }}")
        };
        assert!(read(&source("key = \"b\", global")).is_ok());
        assert!(read(&source("key = \"b\"")).is_err());
    }

    #[test]
    fn a_name_is_proposed_as_it_is_usually_written() {
        for (name, proposed) in [
            ("Course", "course"),
            ("CourseSeats", "course_seats"),
            ("HTTPServer", "http_server"),
            ("Über", "über"),
            ("A", "a"),
            ("r#Type", "type"),
        ] {
            let told = read(&format!("struct {name} {{ b: C }}")).err().unwrap_or_default();
            let proposal = format!("#[exactly(name = \"{proposed}\")]");
            assert!(told.join("; ").contains(&proposal), "{told:?}");
        }
    }
}
