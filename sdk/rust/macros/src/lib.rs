//! The export macro of `lockgate-sdk`, which re-exports and documents it.

mod expand;
mod kind;

use proc_macro::TokenStream;
use syn::parse::{Parse, ParseStream};
use syn::{Ident, Token, TypePath, parse_macro_input};

use kind::Kind;

/// `export!(build_step: Plugin);` makes a component of the type `Plugin`, which implements the kind's trait.
///
/// Natively it checks that the trait is implemented and exports nothing. A crate exports one plugin.
#[proc_macro]
pub fn export(input: TokenStream) -> TokenStream {
    let export = parse_macro_input!(input as Export);
    expand::expand(export.kind, &export.plugin).into()
}

struct Export {
    kind: Kind,
    plugin: TypePath,
}

impl Parse for Export {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name: Ident = input.parse()?;
        let kind = Kind::from_name(&name.to_string()).ok_or_else(|| {
            syn::Error::new(name.span(), format!("`{name}` is no kind of plugin; it is one of {}", Kind::names()))
        })?;
        input.parse::<Token![:]>()?;
        let plugin = input.parse()?;
        input.parse::<Option<Token![,]>>()?;
        Ok(Self { kind, plugin })
    }
}
