//! The macro's expansion: the kind's bindings with the SDK's types in place of their own, and an implementation of the
//! generated traits that calls the plugin. The contract's text travels inside, so that a plugin depends on the SDK only.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::TypePath;

use crate::kind::Kind;

/// The contract that plugins of this SDK are made for.
pub(crate) const CONTRACT: &str = include_str!("../../../../wit/plugin.wit");

pub(crate) fn expand(kind: Kind, plugin: &TypePath) -> TokenStream {
    let check = native_check(kind, plugin);
    let component = component(kind, plugin);
    quote! {
        #check
        #component
    }
}

/// A plugin that forgets its trait fails to compile natively, too, and with a message that names the trait.
fn native_check(kind: Kind, plugin: &TypePath) -> TokenStream {
    let kind_trait = format_ident!("{}", kind.trait_name());
    quote! {
        const _: () = {
            const fn implements_its_kind<P: ::lockgate_sdk::#kind_trait>() {}
            implements_its_kind::<#plugin>();
        };
    }
}

fn component(kind: Kind, plugin: &TypePath) -> TokenStream {
    let bindings = bindings(kind);
    let describe = describe(kind);
    let functions = kind.functions();
    let module = format_ident!("{}", kind.module());
    quote! {
        #[cfg(target_family = "wasm")]
        type __LockgatePlugin = #plugin;

        #[cfg(target_family = "wasm")]
        #[allow(warnings, clippy::all)]
        mod __lockgate_component {
            use ::lockgate_sdk as sdk;
            use super::__LockgatePlugin as Plugin;
            #bindings
            use exports::lockgate::plugin::{about as about_wire, #module as wire};

            struct Component;

            impl about_wire::Guest for Component { #describe }

            impl wire::Guest for Component { #functions }

            export!(Component with_types_in self);
        }
    }
}

fn bindings(kind: Kind) -> TokenStream {
    let world = kind.world();
    let interfaces = ["types"].iter().chain(kind.imports());
    let with = interfaces.map(|interface| {
        let wit_name = format!("lockgate:plugin/{interface}@0.1.0");
        let module = format_ident!("{interface}");
        quote! { #wit_name: ::lockgate_sdk::bindings::lockgate::plugin::#module }
    });
    quote! {
        sdk::private::wit_bindgen::generate!({
            inline: #CONTRACT,
            world: #world,
            runtime_path: "::lockgate_sdk::private::wit_bindgen::rt",
            with: { #(#with),* },
        });
    }
}

fn describe(kind: Kind) -> TokenStream {
    let kind_trait = format_ident!("{}", kind.trait_name());
    quote! {
        fn describe() -> about_wire::Descriptor {
            let about = <Plugin as sdk::#kind_trait>::about();
            let ask = |ask: sdk::Ask| about_wire::Ask {
                kind: ask.kind,
                pattern: ask.pattern,
                reason: ask.reason,
                optional: ask.optional,
            };
            about_wire::Descriptor {
                name: about.name,
                version: about.version,
                summary: about.summary,
                documentation: about.documentation,
                config_schema: sdk::call::config_schema::<<Plugin as sdk::#kind_trait>::Config>(),
                asks: about.asks.into_iter().map(ask).collect(),
                effect: match about.effect {
                    sdk::Effect::Pure => about_wire::Effect::Pure,
                    sdk::Effect::Idempotent => about_wire::Effect::Idempotent,
                    sdk::Effect::Once => about_wire::Effect::Once,
                },
            }
        }
    }
}
