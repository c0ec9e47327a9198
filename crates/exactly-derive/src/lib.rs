//! derive

mod check;
mod duration;
mod expand;
mod options;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// derive
#[proc_macro_derive(Objects, attributes(exactly))]
pub fn objects(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let code = check::group(&input).map(|group| expand::objects(&group));
    code.unwrap_or_else(darling::Error::write_errors).into()
}
