//! Write a Lockgate plugin in Rust.
//!
//! A plugin is a type that implements the trait of its kind, and one line that exports it:
//!
//! ```
//! use lockgate_sdk::{About, Failure, GateRequest, QualityGate, Reason, Ruling, Verdict, schemars};
//! use lockgate_sdk::{EvidenceBody, TestStatus};
//!
//! /// What the pipeline says below `with:`. The JSON Schema that the host checks it against is derived from here.
//! #[derive(serde::Deserialize, schemars::JsonSchema)]
//! #[serde(rename_all = "kebab-case", deny_unknown_fields)]
//! struct Config {
//!     /// How many red tests are too many.
//!     failed: usize,
//! }
//!
//! struct Gate;
//!
//! impl QualityGate for Gate {
//!     type Config = Config;
//!
//!     fn about() -> About {
//!         About::new("red-tests", "0.1.0", "Fails when too many tests are red.")
//!     }
//!
//!     fn judge(config: Config, request: GateRequest) -> Result<Verdict, Failure> {
//!         let reports = request.evidence.iter().filter_map(|evidence| match &evidence.body {
//!             EvidenceBody::Tests(report) => Some(report.count(TestStatus::Failed)),
//!             _ => None,
//!         });
//!         Ok(match reports.reduce(|all, one| all + one) {
//!             None => Verdict::of(vec![Reason::new(Ruling::Inconclusive, "there is no test report")]),
//!             Some(red) if red >= config.failed => Verdict::of(vec![Reason::new(Ruling::Fail, format!("{red} red"))]),
//!             Some(_) => Verdict::of(vec![]),
//!         })
//!     }
//! }
//!
//! lockgate_sdk::export!(quality_gate: Gate);
//!
//! // A native test needs no WebAssembly.
//! let verdict = lockgate_sdk::call::judge::<Gate>(r#"{"failed": 1}"#, GateRequest::default()).unwrap();
//! assert_eq!(verdict.ruling, Ruling::Inconclusive);
//! ```
//!
//! The crate is a `cdylib` (for the component) and an `rlib` (for its tests); it is built with
//! `cargo build --target wasm32-wasip2`. Natively the macro checks the trait and exports nothing.
//!
//! - Kinds: [`BuildStep`], [`TestReporter`], [`Scanner`], [`QualityGate`], [`DeployStrategy`], [`DeployTarget`],
//!   [`AlertRule`], [`Notifier`].
//! - The host: [`log`], [`context`], [`exec`], [`http`], [`secrets`], [`artifacts`], and the files below [`workspace`]. Each kind
//!   may use those of its world in `wit/plugin.wit`; what a plugin does not call it does not import.
//! - Failures: [`Failure`] means that the plugin could not do its work. A red test, a finding, code that does not
//!   compile are results. A panic is a trap, which the host tells apart from both.
//! - Tests: `testing::Host` stands in for the host, natively; [`call`] calls a plugin as the host does, with JSON.

pub mod artifacts;
pub mod call;
pub mod context;
pub mod exec;
pub mod http;
pub mod log;
pub mod secrets;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

mod about;
#[doc(hidden)]
pub mod bindings;
mod config;
mod duration;
mod evidence;
mod failure;
mod host;
mod kinds;

pub use about::{About, Ask, Effect};
pub use artifacts::ArtifactError;
pub use bindings::lockgate::plugin::types::{
    Answer, Artifact, ComponentRef, Evidence, EvidenceBody, Failure, FileCoverage, Finding, Health, Location,
    Measurement, Query, Reason, Ruling, Sample, ScanReport, Series, Severity, Share, TestCase, TestReport, TestStatus,
    Verdict,
};
pub use duration::{Duration, DurationError};
pub use exec::ExecError;
pub use kinds::{
    Action, AlertInput, AlertRule, BuildRequest, BuildStep, Condition, Decision, DeployStrategy, DeployTarget,
    Evaluation, GateRequest, Notice, Notifier, Product, QualityGate, Release, ReportFile, Rollout, ScanRequest,
    Scanner, TestReporter,
};
pub use lockgate_sdk_macros::export;
pub use secrets::SecretError;
pub use {schemars, serde, serde_json};

/// The README's plugin compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// What the export macro's expansion needs.
#[doc(hidden)]
pub mod private {
    pub use wit_bindgen;
}

/// The job's files: the folder `/workspace` in a component, the test's folder natively.
#[must_use]
pub fn workspace() -> std::path::PathBuf {
    host::workspace()
}
