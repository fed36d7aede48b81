//! A catalog to plan with, and sources.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test uses its part; a fixture that is wrong is a test that fails"
)]

use lockgate_model::Json;
use lockgate_model::call::Kind;
use lockgate_model::catalog::{AdvisedEffect, Ask, Catalog, CatalogEntry, Descriptor, PluginPin};
use lockgate_model::ids::Digest;
use lockgate_planner::{Diagnostics, Params, Planned, Source, plan};
use serde_json::json;

/// A file of this text.
pub(crate) fn source(text: &str) -> Source {
    Source { name: "pipeline.yaml".to_owned(), text: text.to_owned() }
}

/// The plan of `text` with the test's catalog and an event that names a branch.
pub(crate) fn planned(text: &str) -> Result<Planned, Diagnostics> {
    planned_with(text, &Params { event: json!({"type": "manual", "branch": "main"}), ..Params::default() })
}

/// The plan of `text` for these parameters.
pub(crate) fn planned_with(text: &str, params: &Params) -> Result<Planned, Diagnostics> {
    plan(&source(text), &catalog(), params)
}

/// The diagnostics of a file that has no plan, each as `line:column code message`.
pub(crate) fn mistakes(text: &str) -> Vec<String> {
    let diagnostics = planned(text).err().unwrap_or_default();
    diagnostics.iter().map(|it| format!("{}:{} {} {}", it.line, it.column, it.code, it.message)).collect()
}

/// Plugins of five kinds, the shell, and three tools.
pub(crate) fn catalog() -> Catalog {
    let closed = |properties: Json| json!({"type": "object", "additionalProperties": false, "properties": properties});
    let mut cargo = closed(json!({
        "command": {"enum": ["build", "test", "clippy"]},
        "profile": {"type": "string"},
        "jobs": {"type": "integer", "minimum": 1}
    }));
    cargo["required"] = json!(["command"]);
    let limits =
        |key: &str| json!({"type": "object", "additionalProperties": false, "properties": {key: {"type": "integer"}}});
    let plugins = [
        ("cargo", Kind::BuildStep, cargo, vec![ask("exec", "cargo", false), ask("http", "registry.example", true)]),
        ("fetch", Kind::BuildStep, json!({"type": "object"}), vec![ask("http", "*", false)]),
        ("junit", Kind::TestReporter, closed(json!({"strict": {"type": "boolean"}})), Vec::new()),
        ("secrets", Kind::Scanner, closed(json!({})), Vec::new()),
        ("gate", Kind::QualityGate, closed(json!({"tests": limits("failed"), "findings": limits("high")})), Vec::new()),
        (
            "canary",
            Kind::DeployStrategy,
            closed(json!({"steps": {"type": "array"}, "bake": {"type": "string"}, "fail-when": {"type": "array"}})),
            Vec::new(),
        ),
    ];
    let entries =
        plugins.into_iter().map(|(name, kind, schema, asks)| (name.parse().unwrap(), entry(name, kind, schema, asks)));
    let shell = closed(json!({"script": {"type": "string"}, "shell": {"type": "string"}}));
    Catalog {
        plugins: entries.collect(),
        shell: Some(entry("exec", Kind::BuildStep, shell, vec![ask("exec", "*", false)])),
        tools: ["cargo", "sh", "bash"].map(|tool| tool.parse().unwrap()).to_vec(),
    }
}

fn ask(kind: &str, pattern: &str, optional: bool) -> Ask {
    Ask { kind: kind.to_owned(), pattern: pattern.to_owned(), reason: "its work".to_owned(), optional }
}

fn entry(name: &str, kind: Kind, config_schema: Json, asks: Vec<Ask>) -> CatalogEntry {
    let pin = PluginPin {
        reference: format!("registry.example/lockgate/{name}:0.1"),
        digest: Digest::of(name.as_bytes()),
        kind,
        contract: "0.1.0".to_owned(),
    };
    let descriptor = Descriptor {
        name: name.to_owned(),
        version: "0.1.0".to_owned(),
        summary: String::new(),
        documentation: None,
        config_schema,
        asks,
        effect: AdvisedEffect::Pure,
    };
    CatalogEntry { pin, descriptor }
}
