//! A pipeline's YAML text to a checked plan, with every mistake at its place.
//!
//! ```text
//! text --yaml--> tree with places --definition--> Definition --lower--> Plan
//! ```
//!
//! Pure: no file, no clock, no plugin is touched here. What a plan may refer to outside its text comes in the `Catalog`.
//! All mistakes are reported in one go, each with its place, a reason and, where there is one, the remedy.

mod config;
mod definition;
mod diagnostics;
pub mod edit;
pub mod expression;
mod lower;
mod render;
mod schema;
mod source;
mod suggest;
mod uses;
mod yaml;

use std::collections::BTreeMap;

use lockgate_model::Json;
use lockgate_model::catalog::Catalog;
use lockgate_model::ids::PluginAlias;
use lockgate_model::plan::Plan;

pub use config::{ConfigError, check_config};
pub use diagnostics::{DIAGNOSTICS_MAX, Diagnostic, Diagnostics, Related, Severity};
pub use lower::{EVENT_KEYS, PLAN_BYTES_MAX, PLAN_COST_MAX, PLAN_STEPS_MAX};
pub use schema::schema;
pub use source::Source;
pub use uses::{uses_of, wants_shell};
pub use yaml::{YAML_DEPTH_MAX, YAML_EXPANDED_BYTES_MAX};

use definition::Pipeline;
use diagnostics::Report;
use source::Lines;
use yaml::{Node, Value};

/// What a run is started with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Params {
    /// Inputs by name. A string is read as the declared type, as a command line gives it.
    pub inputs: BTreeMap<String, Json>,
    /// What set the run off: an object with at least the keys of `EVENT_KEYS` that are known.
    pub event: Json,
}

/// A plan, and what somebody should look at.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// Warnings only.
    pub warnings: Diagnostics,
}

/// One entry of the file's `plugins:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The alias.
    pub alias: PluginAlias,
    /// The OCI reference.
    pub reference: String,
    /// Its line in the file, from 1.
    pub line: u32,
}

/// The plan of a pipeline file.
///
/// # Errors
///
/// Everything that is wrong with the file, in the order of its places, warnings among them.
pub fn plan(source: &Source, catalog: &Catalog, params: &Params) -> Result<Planned, Diagnostics> {
    let mut report = Report::default();
    let plan = yaml::parse(&source.text, &mut report)
        .and_then(|root| Pipeline::of(&root, &mut report).map(|file| (root, file)))
        .map(|(root, file)| lower::lower(&file, &root, source, catalog, params, &mut report));
    match plan {
        Some(plan) if !report.has_errors() => Ok(Planned { plan, warnings: report.finish(source) }),
        _ => Err(report.finish(source)),
    }
}

/// The `plugins:` of a pipeline file, so that a catalog can be made before the file is planned. Other mistakes of the file
/// do not matter here, and neither do entries that are none: `plan` reports them.
///
/// # Errors
///
/// Text that is not YAML or beyond a limit.
pub fn references(source: &Source) -> Result<Vec<Reference>, Diagnostics> {
    let mut report = Report::default();
    let Some(root) = yaml::parse(&source.text, &mut report) else {
        return Err(report.finish(source));
    };
    let lines = Lines::new(&source.text);
    let entries = root.get("plugins").map_or(&[][..], |plugins| entries_of(&plugins.value));
    Ok(entries
        .iter()
        .filter_map(|entry| {
            let alias = entry.key.value.parse().ok()?;
            let reference = entry.value.text()?.to_owned();
            Some(Reference { alias, reference, line: lines.place(entry.key.span.start).0 })
        })
        .collect())
}

fn entries_of(node: &Node) -> &[yaml::Entry] {
    match &node.value {
        Value::Map(entries) => entries,
        _ => &[],
    }
}
