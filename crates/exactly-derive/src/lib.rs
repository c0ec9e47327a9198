//! derive

mod check;
mod duration;
mod expand;
mod options;
mod words;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// derive
#[proc_macro_derive(Objects, attributes(exactly))]
pub fn objects(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    derived(&input).into()
}

fn derived(input: &DeriveInput) -> proc_macro2::TokenStream {
    let errors = match check::group(input) {
        Ok(group) => return expand::objects(&group),
        Err(errors) => words::told(errors),
    };
    let stand_in = check::front_door(input).map(|door| expand::stand_in(&input.ident, &door));
    quote::quote!(#errors #stand_in)
}
