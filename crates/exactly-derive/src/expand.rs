//! The code that a group becomes.
//!
//! Names are written in full, because a struct may stand where `Vec`, `Option` or the whole prelude is
//! something else. What the compiler may refuse stands at the user's own token: an option that the
//! object has not at its word, a type that is no object at the type.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Ident, Path};

use crate::check::{Group, Member};
use crate::options::{Lasting, Length, Number, OfField};

/// The implementation of `Objects`.
pub(crate) fn objects(group: &Group) -> TokenStream {
    let Group { ident, front_door, name, members } = group;
    let name = &name.text;
    let needs = members.iter().filter_map(|member| needs_limit(member, group));
    let fields = members.iter().map(|member| field(member, front_door));
    let listed = members.iter().map(|member| listed(member, front_door));
    quote_spanned! {here(Span::call_site())=>
        #[automatically_derived]
        impl #front_door::Objects for #ident {
            const GROUP: &'static ::core::primitive::str = #name;

            fn declare(__group: &#front_door::declare::Group) -> Self {
                #(#needs)*
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
    let Member { ident, key, options } = member;
    let (ty, key) = (&options.ty, &key.text);
    let span = here(ty.span());
    let declare = located(front_door, span);
    let place = if options.global.is_some() { quote!(global) } else { quote!(field) };
    let place = located(&place, span);
    let calls = calls(options).into_iter().map(|call| call.expand(front_door));
    quote_spanned! {span=>
        #ident: {
            let __object = <#ty as #declare::declare::Declare>::declare(__group.#place(#key));
            #(#calls)*
            __object
        }
    }
}

/// An option as a call of the trait that objects with this option have.
struct Call<'a> {
    carried_out_by: &'static str,
    word: &'a Ident,
    value: TokenStream,
}

fn calls(options: &OfField) -> Vec<Call<'_>> {
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
    numbers.chain(durations).collect()
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

/// Refuses a field without `limit` if its type has to have one, which only the compiler knows.
fn needs_limit(member: &Member, group: &Group) -> Option<TokenStream> {
    let Member { ident, options, .. } = member;
    if options.limit.is_some() {
        return None;
    }
    let span = here(options.ty.span());
    let ty = without_self(options.ty.to_token_stream(), &group.ident);
    let front_door = located(&group.front_door, span);
    let told = format!("`{ident}` needs a limit, such as `#[exactly(limit = 30)]`");
    Some(quote_spanned! {span=>
        const _: () = ::core::assert!(!<#ty as #front_door::declare::Declare>::NEEDS_LIMIT, #told);
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
            ::core::convert::AsRef::<#front_door::Object>::as_ref(&self.#ident),
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
