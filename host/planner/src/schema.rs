//! The JSON Schema of the pipeline file, for editors.

use lockgate_model::Json;

use crate::definition::Pipeline;

/// The JSON Schema (2020-12) of the pipeline file, derived from the types that read it.
#[must_use]
pub fn schema() -> Json {
    schemars::schema_for!(Pipeline).to_value()
}
