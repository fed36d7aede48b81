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

/// Defines a pair of functions between two enums that have the same variants.
macro_rules! same_variants {
    ($into_model:ident, $into_wit:ident, $model:ty, $wit:ty, [$($variant:ident),* $(,)?]) => {
        #[allow(dead_code, reason = "some enums travel in one direction only")]
        pub(crate) fn $into_model(value: $wit) -> $model {
            match value {
                $(<$wit>::$variant => <$model>::$variant,)*
            }
        }

        #[allow(dead_code, reason = "some enums travel in one direction only")]
        pub(crate) fn $into_wit(value: $model) -> $wit {
            match value {
                $(<$model>::$variant => <$wit>::$variant,)*
            }
        }
    };
}
pub(crate) use same_variants;
