//! Between the contract's types and the model's: small total functions, no decisions.

pub(crate) mod about;
pub(crate) mod call;
pub(crate) mod delivery;
pub(crate) mod evidence;

use lockgate_model::Json;
use lockgate_model::ids::InvalidId;

/// What a plugin returned is not what the contract says: JSON that is none, a digest that is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvalidAnswer {
    /// Text that should have been JSON.
    #[error("`{field}` is not JSON")]
    Json {
        /// Which field.
        field: &'static str,
        /// Where it goes wrong.
        #[source]
        source: serde_json::Error,
    },
    /// A name that is none of its sort.
    #[error(transparent)]
    Id(#[from] InvalidId),
}

/// Parses a field that carries JSON text.
pub(crate) fn json(field: &'static str, text: &str) -> Result<Json, InvalidAnswer> {
    serde_json::from_str(text).map_err(|source| InvalidAnswer::Json { field, source })
}

/// Defines a function from one enum to another that has the same variants.
macro_rules! same_variants {
    ($name:ident, $from:ty => $to:ty, [$($variant:ident),* $(,)?]) => {
        pub(crate) fn $name(value: $from) -> $to {
            match value {
                $(<$from>::$variant => <$to>::$variant,)*
            }
        }
    };
}
pub(crate) use same_variants;
