//! What the options of a struct mean together, and whether that can be.

use std::collections::HashMap;
use std::time::Duration;

use darling::error::Accumulator;
use darling::{Error, FromDeriveInput, FromField, Result};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Field, Fields, FieldsNamed, Generics, Ident, Path, parse_quote};

use crate::options::{Literal, Name, Number, OfField, OfGroup};

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
    pub(crate) key: Name,
    pub(crate) options: OfField,
}

/// Reads a struct.
///
/// # Errors
/// Everything that is wrong with it, each on the user's own token.
pub(crate) fn group(input: &DeriveInput) -> Result<Group> {
    let mut errors = Error::accumulator();
    let own = errors.handle_in(|| of_group(input));
    let fields = errors.handle_in(|| named_fields(input));
    let members = fields.map(|fields| members(fields, &mut errors));
    errors.finish()?;
    // Without an error there is all of it; this only spares us an `unwrap`.
    let (Some((ident, front_door, name)), Some(members)) = (own, members) else {
        return Err(Error::custom("the group could not be read").with_span(&input.ident));
    };
    Ok(Group { ident, front_door, name, members })
}

fn of_group(input: &DeriveInput) -> Result<(Ident, Path, Name)> {
    let mut errors = Error::accumulator();
    errors.handle(not_generic(&input.generics));
    let own = errors.handle(OfGroup::from_derive_input(input));
    let name = own.map(|OfGroup { ident, name, front_door }| {
        let front_door = front_door.map_or_else(|| parse_quote!(::exactly), |door| door.0);
        name.map(|name| (ident, front_door, name)).ok_or_else(|| nameless(&input.ident))
    });
    let name = name.and_then(|name| errors.handle(name));
    errors.finish()?;
    name.ok_or_else(|| nameless(&input.ident))
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

fn members(fields: &FieldsNamed, errors: &mut Accumulator) -> Vec<Member> {
    let mut keys = HashMap::new();
    let mut members = Vec::new();
    for field in &fields.named {
        let Some(member) = errors.handle_in(|| member(field)) else { continue };
        // A global object has a key without an id, so it never meets the objects of one.
        let key = (member.options.global.is_some(), member.key.text.clone());
        match keys.get(&key) {
            Some(first) => errors.push(same_key(&member, first)),
            None => drop(keys.insert(key, member.ident.clone())),
        }
        members.push(member);
    }
    members
}

fn same_key(second: &Member, first: &Ident) -> Error {
    let told = format!(
        "the key `{}` is taken by the field `{first}`: two fields would be one object; give this \
         one a key of its own",
        second.key.text
    );
    Error::custom(told).with_span(&second.key.span)
}

fn member(field: &Field) -> Result<Member> {
    let mut options = OfField::from_field(field)?;
    let mut errors = Error::accumulator();
    errors.handle(number_is_within_bounds(&options));
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
    let ident = options.ident.clone().ok_or_else(|| Error::custom("no name").with_span(field));
    let key = match (options.key.take(), &ident) {
        (Some(key), _) => Some(key),
        (None, Ok(ident)) => errors.handle(Name::new(ident.unraw().to_string(), ident.span())),
        (None, Err(_)) => None,
    };
    let member = errors.handle(ident).zip(key);
    errors.finish()?;
    let told = || Error::custom("the field could not be read").with_span(field);
    member.map(|(ident, key)| Member { ident, key, options }).ok_or_else(told)
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
    if let Some(start) = &options.start {
        let Some(number) = start.literal else { return Ok(()) };
        return starts_within(number, min, max)
            .map_err(|told| Error::custom(told).with_span(&start.value));
    }
    let zero = |bound: Literal| match bound {
        Literal::Whole(_) => Literal::Whole(0),
        Literal::Real(_) => Literal::Real(0.0),
    };
    for (bound, number) in [(&options.min, min), (&options.max, max)] {
        let (Some(bound), Some(number)) = (bound, number) else { continue };
        starts_within(zero(number), min, max).map_err(|_| {
            let told = format!(
                "a counter starts at 0 unless told otherwise, which is out of these bounds: add \
                 `start = {number}`"
            );
            Error::custom(told).with_span(&bound.value)
        })?;
    }
    Ok(())
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
        Some(Literal::Real(_)) => "a limit is a whole number of units: write `limit = 30`".into(),
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
