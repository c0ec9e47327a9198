//! The code that a group becomes.
//!
//! Names are written in full, because a struct may stand where `Vec`, `Option` or the whole prelude
//! is something else. What the compiler may refuse stands at the user's own token: an option that
//! the object has not at its word, a type that is no object at the type.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Ident, Path};

use crate::alone::Alone;
use crate::check::{Group, Member, Place};
use crate::options::{
    Admitted, At, Computed, Elsewhere, Lasting, Length, Literal, Name, Number, OfField, Pace,
};
use crate::rate::Rate;

/// The implementation of `Objects`.
pub(crate) fn objects(group: &Group) -> TokenStream {
    let Group { ident, front_door, name, members } = group;
    let name = &name.text;
    let complete = members.iter().map(|member| is_complete(member, group));
    let limits = members.iter().filter_map(|member| limit_is_right(member, group));
    let fields = members.iter().map(|member| field(member, front_door));
    let listed = members.iter().map(|member| listed(member, front_door));
    quote_spanned! {here(Span::call_site())=>
        #[automatically_derived]
        impl #front_door::Objects for #ident {
            const GROUP: &'static ::core::primitive::str = #name;

            fn declare(__group: &#front_door::declare::Group) -> Self {
                #(#complete)*
                #(#limits)*
                Self { #(#fields),* }
            }

            fn objects(&self) -> ::std::vec::Vec<#front_door::declare::Member<'_>> {
                ::std::vec![#(#listed),*]
            }
        }
    }
}

/// What stands for the implementation of a struct that was refused, so that whoever uses the struct
/// is not refused as well.
pub(crate) fn stand_in(ident: &Ident, front_door: &Path) -> TokenStream {
    quote_spanned! {here(Span::call_site())=>
        #[automatically_derived]
        impl #front_door::Objects for #ident {
            const GROUP: &'static ::core::primitive::str = "";

            fn declare(_: &#front_door::declare::Group) -> Self {
                loop {}
            }

            fn objects(&self) -> ::std::vec::Vec<#front_door::declare::Member<'_>> {
                loop {}
            }
        }
    }
}

/// `name: the handle with its options`.
fn field(member: &Member, front_door: &Path) -> TokenStream {
    let Member { ident, options, .. } = member;
    let ty = &options.ty;
    let span = here(ty.span());
    let declare = located(front_door, span);
    let object = object(member, span);
    let calls = calls(options, front_door).into_iter().map(|call| call.expand(front_door));
    quote_spanned! {span=>
        #ident: {
            let __object = <#ty as #declare::declare::Declare>::declare(#object);
            #(#calls)*
            __object
        }
    }
}

/// The object of a field, in the group's store or another.
fn object(member: &Member, span: Span) -> TokenStream {
    let Member { place, options, .. } = member;
    let store = match &options.store {
        None => TokenStream::new(),
        Some(Elsewhere::Beside(name)) => quote_spanned!(span=> .beside(#name)),
        Some(Elsewhere::Computed(store)) => {
            // At the user's expression, of whose type the compiler may have something to say.
            let in_store = located(&quote!(in_store), here(store.span()));
            quote_spanned!(span=> .#in_store(#store))
        }
    };
    let (of_group, global) = (quote_spanned!(span=> __group #store), options.global.is_some());
    match place {
        Place::InGroup(Name { text, .. }) if global => {
            quote_spanned!(span=> #of_group.global(#text))
        }
        Place::InGroup(Name { text, .. }) => quote_spanned!(span=> #of_group.field(#text)),
        Place::Alone(alone) => match &alone.name {
            Alone::OfId { before, after } => {
                quote_spanned!(span=> #of_group.alone(#before, #after))
            }
            Alone::Shared(name) => quote_spanned!(span=> #of_group.global_alone(#name)),
        },
    }
}

/// An option as a call of the trait that objects with this option have.
struct Call<'a> {
    carried_out_by: &'static str,
    word: &'a Ident,
    value: TokenStream,
}

fn calls<'a>(options: &'a OfField, front_door: &Path) -> Vec<Call<'a>> {
    let numbers = [
        ("Start", &options.start),
        ("Min", &options.min),
        ("Max", &options.max),
        ("Limit", &options.limit),
    ];
    let durations =
        [("Lease", &options.lease), ("Ttl", &options.ttl), ("TtlSliding", &options.ttl_sliding)];
    let numbers = numbers.into_iter().filter_map(|(carried_out_by, number)| {
        let Number { word, value, literal } = number.as_ref()?;
        // An object without the option has no type for the number either, which the compiler would
        // tell once more at the number. In braces that stand at the word, both are one message.
        let value = match literal {
            Some(_) => quote_spanned!(here(word.span())=> { #value }),
            None => value.to_token_stream(),
        };
        Some(Call { carried_out_by, word, value })
    });
    let durations = durations.into_iter().filter_map(|(carried_out_by, lasting)| {
        let Lasting { word, value } = lasting.as_ref()?;
        Some(Call { carried_out_by, word, value: duration(value) })
    });
    let default = options.default.as_ref().map(default);
    let rates = options.rate.iter().map(|Pace { word, value }| Call {
        carried_out_by: "Rated",
        word,
        value: rate(value, front_door),
    });
    let moments = options.expire_at.iter().map(|At { word, value }| {
        let value = value.to_token_stream();
        Call { carried_out_by: "ExpireAt", word, value }
    });
    numbers.chain(durations).chain(rates).chain(default).chain(moments).collect()
}

/// A closure, so that it is computed for each read that needs it.
fn default(Computed { word, value, is_text }: &Computed) -> Call<'_> {
    let span = here(value.span());
    let value = if *is_text {
        quote_spanned!(span=> || ::core::convert::Into::into(#value))
    } else {
        quote_spanned!(span=> || #value)
    };
    Call { carried_out_by: "ReadDefault", word, value }
}

impl Call<'_> {
    fn expand(self, front_door: &Path) -> TokenStream {
        let Self { carried_out_by, word, value } = self;
        let span = here(word.span());
        let front_door = located(front_door, span);
        let carried_out_by = Ident::new(carried_out_by, span);
        let call = located(word, span);
        quote_spanned! {span=>
            let __object = <_ as #front_door::declare::#carried_out_by>::#call(__object, #value);
        }
    }
}

fn duration(length: &Length) -> TokenStream {
    match length {
        Length::Computed(value) => value.to_token_stream(),
        Length::Written { nanos, span } => {
            // At most 100 years, which `check` has seen to.
            let nanos = u64::try_from(*nanos).unwrap_or(u64::MAX);
            quote_spanned!(here(*span)=> ::core::time::Duration::from_nanos(#nanos))
        }
    }
}

fn rate(admitted: &Admitted, front_door: &Path) -> TokenStream {
    match admitted {
        Admitted::Computed(value) => value.to_token_stream(),
        Admitted::Written { rate: Rate { units, nanos, burst }, span } => {
            let span = here(*span);
            let front_door = located(front_door, span);
            let burst = burst.map(|burst| quote_spanned!(span=> .burst(#burst)));
            quote_spanned! {span=>
                #front_door::Rate::per(#units, ::core::time::Duration::from_nanos(#nanos)) #burst
            }
        }
    }
}

/// Refuses a field without the option that its type has to have, which only the compiler knows.
fn is_complete(member: &Member, group: &Group) -> TokenStream {
    let Member { ident, options, .. } = member;
    let ty = without_self(options.ty.to_token_stream(), &group.ident);
    let span = here(options.ty.span());
    let declare = located(&group.front_door, span);
    let refused = |is_there: bool, option: &str, example: &str| match is_there {
        true => quote_spanned!(span=> {}),
        false => {
            let told = format!("`{ident}` needs a {option}, such as `#[exactly({example})]`");
            quote_spanned!(span=> ::core::panic!(#told))
        }
    };
    let limit = refused(options.limit.is_some(), "limit", "limit = 30");
    let rate = refused(options.rate.is_some(), "rate", "rate = \"100 per 1s\"");
    quote_spanned! {span=>
        const _: () = match <#ty as #declare::declare::Declare>::NEEDS {
            #declare::declare::Needs::Nothing => {}
            #declare::declare::Needs::Limit => #limit,
            #declare::declare::Needs::Rate => #rate,
        };
    }
}

/// Refuses a `limit` of zero if the type may not have that.
fn limit_is_right(member: &Member, group: &Group) -> Option<TokenStream> {
    let Member { ident, options, .. } = member;
    let limit = options.limit.as_ref().filter(|limit| limit.literal == Some(Literal::Whole(0)))?;
    let ty = without_self(options.ty.to_token_stream(), &group.ident);
    let span = here(limit.value.span());
    let front_door = located(&group.front_door, span);
    let told = format!("nothing would fit into `{ident}`: write `limit = 1` or more");
    Some(quote_spanned! {span=>
        const _: () = ::core::assert!(<#ty as #front_door::declare::Limit>::LEAST == 0, #told);
    })
}

/// A constant inside a function cannot say `Self`.
fn without_self(tokens: TokenStream, ident: &Ident) -> TokenStream {
    let named = tokens.into_iter().map(|token| match token {
        TokenTree::Ident(word) if word == "Self" => TokenTree::Ident(ident.clone()),
        TokenTree::Group(group) => {
            let inner = without_self(group.stream(), ident);
            let mut named = proc_macro2::Group::new(group.delimiter(), inner);
            named.set_span(group.span());
            TokenTree::Group(named)
        }
        TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => token,
    });
    named.collect()
}

/// The object in the list of all.
fn listed(member: &Member, front_door: &Path) -> TokenStream {
    let Member { ident, options, .. } = member;
    let (field, span) = (ident.unraw().to_string(), here(options.ty.span()));
    let front_door = located(front_door, span);
    let place = if options.global.is_some() { quote!(global) } else { quote!(of_id) };
    let place = located(&place, span);
    quote_spanned! {span=>
        #front_door::declare::Member::#place(
            #field,
            #front_door::declare::Declare::object(&self.#ident),
        )
    }
}

/// At the user's token for whoever reads a message, but the macro's own when names are looked up.
fn here(token: Span) -> Span {
    Span::mixed_site().located_at(token)
}

/// The tokens, looked up as before but shown at another place.
fn located(tokens: &impl ToTokens, place: Span) -> TokenStream {
    let tokens = tokens.to_token_stream().into_iter();
    tokens
        .map(|mut token| {
            token.set_span(token.span().located_at(place));
            token
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use syn::{DeriveInput, parse_quote};

    use super::*;
    use crate::check;

    fn written(input: &DeriveInput) -> String {
        objects(&check::group(input).ok().unwrap()).to_string()
    }

    #[test]
    fn a_group_becomes_one_implementation() {
        let written = written(&parse_quote! {
            #[exactly(name = "course")]
            pub(crate) struct Course {
                /// Counts.
                #[exactly(min = -1, start = START, ttl = "1h")]
                pub taken: Counter,
                #[exactly(limit = 30, global, key = "places")]
                r#seats: Capacity,
            }
        });
        let expected = quote! {
            #[automatically_derived]
            impl ::exactly::Objects for Course {
                const GROUP: &'static ::core::primitive::str = "course";
                fn declare(__group: &::exactly::declare::Group) -> Self {
                    const _: () = match <Counter as ::exactly::declare::Declare>::NEEDS {
                        ::exactly::declare::Needs::Nothing => {}
                        ::exactly::declare::Needs::Limit => ::core::panic!(
                            "`taken` needs a limit, such as `#[exactly(limit = 30)]`"
                        ),
                        ::exactly::declare::Needs::Rate => ::core::panic!(
                            "`taken` needs a rate, such as `#[exactly(rate = \"100 per 1s\")]`"
                        ),
                    };
                    const _: () = match <Capacity as ::exactly::declare::Declare>::NEEDS {
                        ::exactly::declare::Needs::Nothing => {}
                        ::exactly::declare::Needs::Limit => {},
                        ::exactly::declare::Needs::Rate => ::core::panic!(
                            "`r#seats` needs a rate, such as `#[exactly(rate = \"100 per 1s\")]`"
                        ),
                    };
                    Self {
                        taken: {
                            let __object = <Counter as ::exactly::declare::Declare>::declare(
                                __group.field("taken")
                            );
                            let __object =
                                <_ as ::exactly::declare::Start>::start(__object, START);
                            let __object =
                                <_ as ::exactly::declare::Min>::min(__object, { -1 });
                            let __object = <_ as ::exactly::declare::Ttl>::ttl(
                                __object,
                                ::core::time::Duration::from_nanos(3600000000000u64)
                            );
                            __object
                        },
                        r#seats: {
                            let __object = <Capacity as ::exactly::declare::Declare>::declare(
                                __group.global("places")
                            );
                            let __object =
                                <_ as ::exactly::declare::Limit>::limit(__object, { 30 });
                            __object
                        }
                    }
                }
                fn objects(&self) -> ::std::vec::Vec<::exactly::declare::Member<'_>> {
                    ::std::vec![
                        ::exactly::declare::Member::of_id(
                            "taken",
                            ::exactly::declare::Declare::object(&self.taken),
                        ),
                        ::exactly::declare::Member::global(
                            "seats",
                            ::exactly::declare::Declare::object(&self.r#seats),
                        )
                    ]
                }
            }
        };
        assert_eq!(written, expected.to_string());
    }

    #[test]
    fn an_object_elsewhere_and_a_default() {
        let written = written(&parse_quote! {
            #[exactly(name = "course")]
            struct Course {
                #[exactly(alone = "legacy:{id}:seats", store = "archive")]
                taken: Counter,
                #[exactly(alone = "total", store = &STORE, global)]
                total: Counter,
                #[exactly(store = "archive", default = "none")]
                motto: Value<String>,
                #[exactly(default = 1 + 1, global)]
                room: Value<u8>,
            }
        });
        let written = written.replace(' ', "");
        for part in [
            r#"declare(__group.beside("archive").alone("legacy:",":seats"))"#,
            r#"declare(__group.in_store(&STORE).global_alone("total"))"#,
            r#"declare(__group.beside("archive").field("motto"))"#,
            r#"declare(__group.global("room"))"#,
            r#"ReadDefault>::default(__object,||::core::convert::Into::into("none"))"#,
            r#"ReadDefault>::default(__object,||1+1)"#,
        ] {
            assert!(written.contains(part), "{part}: {written}");
        }
    }

    #[test]
    fn every_path_begins_at_the_front_door_that_was_given() {
        let written = written(&parse_quote! {
            #[exactly(name = "course", crate = "crate::ours")]
            struct Course {
                #[exactly(limit = 30)]
                seats: Capacity,
                taken: Counter,
            }
        });
        assert!(!written.contains("exactly ::"), "{written}");
        assert!(written.contains("impl crate :: ours :: Objects for Course"), "{written}");
    }

    #[test]
    fn a_constant_names_the_struct_where_the_type_says_self() {
        let written = written(&parse_quote! {
            #[exactly(name = "course")]
            struct Course {
                next: Value<Json<Vec<(Self, u8)>>>,
            }
        });
        let written = written.replace(' ', "");
        assert!(written.contains("match<Value<Json<Vec<(Course,u8)>>>as"), "{written}");
    }
}
