//! The options as they are written, read one by one.
//!
//! Each type here knows how its own value is written; what several of them mean together is
//! [`check`](crate::check)'s to judge.

use std::time::Duration;

use darling::ast::NestedMeta;
use darling::{Error, FromDeriveInput, FromField, FromMeta, Result};
use proc_macro2::Span;
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprGroup, ExprLit, ExprParen, ExprUnary, Ident, Lit, LitStr, Meta};
use syn::{Path, Token, Type, UnOp};

use crate::{alone, duration, rate};

/// The longest part of a key, in bytes; what the front door refuses at run time is refused here.
pub(crate) const NAME_BYTES_MAX: usize = 255;

/// `#[exactly(…)]` on the struct.
#[derive(FromDeriveInput)]
#[darling(attributes(exactly))]
pub(crate) struct OfGroup {
    pub(crate) name: Option<Name>,
    #[darling(rename = "crate")]
    pub(crate) front_door: Option<FrontDoor>,
}

/// Where the front door is, read also when every other option is wrong.
#[derive(FromDeriveInput)]
#[darling(attributes(exactly), allow_unknown_fields)]
pub(crate) struct OnlyFrontDoor {
    #[darling(rename = "crate")]
    pub(crate) front_door: Option<FrontDoor>,
}

/// `#[exactly(…)]` on a field.
#[derive(FromField)]
#[darling(attributes(exactly))]
pub(crate) struct OfField {
    pub(crate) ty: Type,
    pub(crate) key: Option<Name>,
    pub(crate) alone: Option<Alone>,
    pub(crate) store: Option<Elsewhere>,
    pub(crate) global: Option<Global>,
    pub(crate) default: Option<Computed>,
    pub(crate) start: Option<Number>,
    pub(crate) min: Option<Number>,
    pub(crate) max: Option<Number>,
    pub(crate) limit: Option<Number>,
    pub(crate) lease: Option<Lasting>,
    pub(crate) rate: Option<Pace>,
    pub(crate) ttl: Option<Lasting>,
    pub(crate) ttl_sliding: Option<Lasting>,
    pub(crate) expire_at: Option<At>,
}

/// A part of a key.
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) span: Span,
}

impl Name {
    /// The name, if the front door would take it.
    pub(crate) fn new(text: String, span: Span) -> Result<Self> {
        let wrong = if text.is_empty() {
            "a name has at least one character".to_owned()
        } else if text.contains('\0') {
            "a name has no NUL: leave it out".to_owned()
        } else if text.len() > NAME_BYTES_MAX {
            format!("a name has at most {NAME_BYTES_MAX} bytes, this one {}", text.len())
        } else {
            return Ok(Self { text, span });
        };
        Err(Error::custom(wrong).with_span(&span))
    }
}

impl FromMeta for Name {
    fn from_meta(item: &Meta) -> Result<Self> {
        let example = if item.path().is_ident("key") { "\"seats\"" } else { "\"course\"" };
        let literal = text(item, example)?;
        let text = literal.value();
        if item.path().is_ident("key") && text.contains("{id}") {
            let told = format!(
                "a key is the same for all ids, which have their own place beside it: write \
                 `key = \"seats\"`, or `alone = \"{}\"` for a name outside of the group",
                text.replace("#{id}", "{id}")
            );
            return Err(Error::custom(told).with_span(&literal));
        }
        Self::new(text, literal.span())
    }
}

/// A name outside of the group.
pub(crate) struct Alone {
    pub(crate) word: Ident,
    pub(crate) name: alone::Alone,
    pub(crate) span: Span,
}

impl FromMeta for Alone {
    fn from_meta(item: &Meta) -> Result<Self> {
        let literal = text(item, "\"legacy:{id}:seats\"")?;
        let word = item.path().require_ident()?.clone();
        let name = alone::parse(&literal.value());
        let name = name.map_err(|told| Error::custom(told).with_span(&literal))?;
        Ok(Self { word, name, span: literal.span() })
    }
}

/// Which store a field lives in, other than its group.
pub(crate) enum Elsewhere {
    /// The one of this name, beside the group's.
    Beside(LitStr),
    Computed(Expr),
}

impl FromMeta for Elsewhere {
    fn from_meta(item: &Meta) -> Result<Self> {
        let (word, value) = word_and_value(item, "\"archive\"")?;
        match literal(&value) {
            None => Ok(Self::Computed(value)),
            Some(Lit::Str(name)) if !name.value().is_empty() => Ok(Self::Beside(name.clone())),
            Some(other) => {
                let told = format!(
                    "`{word}` is the name of a store in quotes, or an expression for a store: \
                     write `{word} = \"archive\"`"
                );
                Err(Error::custom(told).with_span(other))
            }
        }
    }
}

impl Elsewhere {
    /// What tells it from others, as far as can be told by reading.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Beside(name) => name.to_token_stream().to_string(),
            Self::Computed(value) => value.to_token_stream().to_string(),
        }
    }
}

/// A value of the field's own type, computed when it is needed.
pub(crate) struct Computed {
    pub(crate) word: Ident,
    pub(crate) value: Expr,
    /// A text in quotes is no value yet of a type that owns it.
    pub(crate) is_text: bool,
}

impl FromMeta for Computed {
    fn from_meta(item: &Meta) -> Result<Self> {
        let (word, value) = word_and_value(item, "\"none\"")?;
        let is_text = matches!(literal(&value), Some(Lit::Str(_)));
        Ok(Self { word, value, is_text })
    }
}

/// Where the front door is, when not at `::exactly`.
pub(crate) struct FrontDoor(pub(crate) Path);

impl FromMeta for FrontDoor {
    fn from_meta(item: &Meta) -> Result<Self> {
        let literal = text(item, "\"::renamed\"")?;
        let path = literal.parse_with(Path::parse_mod_style).map_err(|_| {
            let told = format!("`{}` is no path: write `crate = \"::renamed\"`", literal.value());
            Error::custom(told).with_span(&literal)
        })?;
        Ok(Self(path))
    }
}

/// `global`, which has no value.
pub(crate) struct Global;

impl FromMeta for Global {
    fn from_meta(item: &Meta) -> Result<Self> {
        match item {
            Meta::Path(_) => Ok(Self),
            Meta::List(_) | Meta::NameValue(_) => {
                let told = "`global` stands alone: write `global`, or leave it out";
                Err(Error::custom(told).with_span(item))
            }
        }
    }
}

/// A number: any expression, of which more is known if it is a literal.
pub(crate) struct Number {
    pub(crate) word: Ident,
    pub(crate) value: Expr,
    pub(crate) literal: Option<Literal>,
}

impl FromMeta for Number {
    fn from_meta(item: &Meta) -> Result<Self> {
        let (word, value) = word_and_value(item, "30")?;
        let (number, written) = (Literal::of(&value), literal(&value));
        let Some(other) = written.filter(|lit| !matches!(lit, Lit::Int(_) | Lit::Float(_))) else {
            return Ok(Self { word, value, literal: number });
        };
        let quotes = if let Lit::Str(_) = other { ", without quotes" } else { "" };
        let told = format!("`{word}` is a number: write `{word} = 30`{quotes}");
        Err(Error::custom(told).with_span(other))
    }
}

/// A number that is written out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Literal {
    Whole(i128),
    Real(f64),
}

impl Literal {
    fn of(value: &Expr) -> Option<Self> {
        if let Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) = bare(value) {
            return Self::of(expr).and_then(Self::negated);
        }
        let literal = literal(value)?;
        if let Lit::Int(whole) = literal {
            return whole.base10_parse().ok().map(Self::Whole);
        }
        let Lit::Float(real) = literal else { return None };
        real.base10_parse().ok().map(Self::Real)
    }

    fn negated(self) -> Option<Self> {
        match self {
            Self::Whole(number) => number.checked_neg().map(Self::Whole),
            Self::Real(number) => Some(Self::Real(-number)),
        }
    }

    pub(crate) fn is_positive(self) -> bool {
        Self::Whole(0).is_below(self) || Self::Real(0.0).is_below(self)
    }

    pub(crate) fn is_negative(self) -> bool {
        self.is_below(Self::Whole(0)) || self.is_below(Self::Real(0.0))
    }

    /// Whether it is less; unknown for numbers of two types, which the compiler tells.
    pub(crate) fn is_below(self, other: Self) -> bool {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => a < b,
            (Self::Real(a), Self::Real(b)) => a < b,
            (Self::Whole(_), Self::Real(_)) | (Self::Real(_), Self::Whole(_)) => false,
        }
    }
}

impl std::fmt::Display for Literal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(number) => write!(f, "{number}"),
            Self::Real(number) => write!(f, "{number:?}"),
        }
    }
}

/// How long something lasts: a text that is read here, or any expression of type `Duration`.
pub(crate) struct Lasting {
    pub(crate) word: Ident,
    pub(crate) value: Length,
}

/// How the length of a [`Lasting`] is given.
pub(crate) enum Length {
    Written { nanos: u128, span: Span },
    Computed(Expr),
}

impl FromMeta for Lasting {
    fn from_meta(item: &Meta) -> Result<Self> {
        let (word, value) = word_and_value(item, "\"30s\"")?;
        let Some(literal) = literal(&value) else {
            return Ok(Self { word, value: Length::Computed(value) });
        };
        let Lit::Str(literal) = literal else {
            let told = format!("`{word}` is a duration in quotes: write `{word} = \"30s\"`");
            return Err(Error::custom(told).with_span(literal));
        };
        let nanos = duration::parse(&literal.value())
            .map_err(|told| Error::custom(told).with_span(literal))?;
        Ok(Self { word, value: Length::Written { nanos, span: literal.span() } })
    }
}

impl Lasting {
    /// Whether it is more than zero and at most `longest`, as far as can be told by reading.
    pub(crate) fn check(&self, what: &str, longest: Duration, shown: &str) -> Result<()> {
        let Length::Written { nanos, span } = &self.value else { return Ok(()) };
        let word = &self.word;
        let wrong = if *nanos == 0 {
            format!("{what} of zero is over at once: write how long, such as `{word} = \"30s\"`")
        } else if *nanos > longest.as_nanos() {
            format!("{what} is at most {shown}: write `{word} = \"{}d\"` or less", days(longest))
        } else {
            return Ok(());
        };
        Err(Error::custom(wrong).with_span(span))
    }
}

fn days(duration: Duration) -> u64 {
    duration.as_secs() / (24 * 60 * 60)
}

/// How much a limiter admits: a text that is read here, or any expression of type `Rate`.
pub(crate) struct Pace {
    pub(crate) word: Ident,
    pub(crate) value: Admitted,
}

/// How a [`Pace`] is given.
pub(crate) enum Admitted {
    Written { rate: rate::Rate, span: Span },
    Computed(Expr),
}

impl FromMeta for Pace {
    fn from_meta(item: &Meta) -> Result<Self> {
        let (word, value) = word_and_value(item, "\"100 per 1s\"")?;
        let Some(literal) = literal(&value) else {
            return Ok(Self { word, value: Admitted::Computed(value) });
        };
        let Lit::Str(literal) = literal else {
            let told = format!("`{word}` is a rate in quotes: write `{word} = \"100 per 1s\"`");
            return Err(Error::custom(told).with_span(literal));
        };
        let rate =
            rate::parse(&literal.value()).map_err(|told| Error::custom(told).with_span(literal))?;
        Ok(Self { word, value: Admitted::Written { rate, span: literal.span() } })
    }
}

/// A moment: any expression of type `SystemTime`.
pub(crate) struct At {
    pub(crate) word: Ident,
    pub(crate) value: Expr,
}

impl FromMeta for At {
    fn from_meta(item: &Meta) -> Result<Self> {
        let (word, value) = word_and_value(item, "end_of_term()")?;
        match literal(&value) {
            None => Ok(Self { word, value }),
            Some(literal) => {
                let told = format!(
                    "`{word}` is a moment of type `SystemTime`, asked for each time the group is \
                     made: write `{word} = end_of_term()`, or `ttl` for a duration"
                );
                Err(Error::custom(told).with_span(literal))
            }
        }
    }
}

/// Whether the attributes are lists of options with values, whatever these are.
///
/// The attribute reader looks for this, too, but does not know where an attribute ends, so it could
/// not show the place of what is missing at the end.
pub(crate) fn are_lists(attributes: &[Attribute]) -> Result<()> {
    let mut errors = Error::accumulator();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("exactly")) {
        match &attribute.meta {
            Meta::Path(_) => {}
            Meta::List(_) => {
                let list = Punctuated::<NestedMeta, Token![,]>::parse_terminated;
                let list = attribute.parse_args_with(list).map_err(Error::from);
                let list = errors.handle(list);
                errors.extend(list.iter().flatten().filter_map(without_value));
            }
            Meta::NameValue(pair) => {
                let told = "options are a list: write `#[exactly(option = value)]`";
                errors.push(Error::custom(told).with_span(pair));
            }
        }
    }
    errors.finish()
}

fn without_value(item: &NestedMeta) -> Option<Error> {
    let NestedMeta::NameValueInvalidExpr(pair) = item else { return None };
    if !pair.value.is_empty() {
        return Some(pair.error.clone());
    }
    Some(Error::custom("the value is missing after the `=`").with_span(&pair.path))
}

/// The word of an option and its value.
fn word_and_value(item: &Meta, example: &str) -> Result<(Ident, Expr)> {
    let word = item.path().require_ident()?.clone();
    match item {
        Meta::NameValue(pair) => Ok((word, pair.value.clone())),
        Meta::Path(_) | Meta::List(_) => {
            let told = format!("`{word}` needs a value: write `{word} = {example}`");
            Err(Error::custom(told).with_span(&word))
        }
    }
}

/// The value of an option that is a text.
fn text(item: &Meta, example: &str) -> Result<LitStr> {
    let (word, value) = word_and_value(item, example)?;
    if let Some(Lit::Str(literal)) = literal(&value) {
        return Ok(literal.clone());
    }
    let told = format!("`{word}` is a text in quotes: write `{word} = {example}`");
    Err(Error::custom(told).with_span(&value))
}

fn literal(value: &Expr) -> Option<&Lit> {
    if let Expr::Lit(ExprLit { lit, .. }) = bare(value) { Some(lit) } else { None }
}

/// The expression without parentheses and without the invisible ones of a `macro_rules!`.
fn bare(value: &Expr) -> &Expr {
    if let Expr::Paren(ExprParen { expr, .. }) | Expr::Group(ExprGroup { expr, .. }) = value {
        return bare(expr);
    }
    value
}
