//! SLSA provenance: where a plugin was built, and from what (https://slsa.dev/spec/v1.2/provenance, and v0.2).

use serde_json::Value;

use crate::rule::ProvenanceRule;
use crate::verdict::Reason;

/// Predicate type of SLSA provenance, version 1.
pub const PROVENANCE_PREDICATE: &str = "https://slsa.dev/provenance/v1";
/// Predicate type of SLSA provenance, version 0.2.
pub const PROVENANCE_PREDICATE_V0_2: &str = "https://slsa.dev/provenance/v0.2";

/// What an attestation says of the build. Only as true as its signer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// Who built.
    pub builder: String,
    /// What was built, as the one who asked for the build named it.
    pub source: String,
    /// How it was built.
    pub build_type: String,
}

/// Where the predicates of a version keep their facts, as JSON pointers (RFC 6901); of the sources, the first that is
/// there counts.
struct Places {
    builder: &'static str,
    build_type: &'static str,
    sources: &'static [&'static str],
}

// Dependencies are no sources: who builds something else may well depend on the right repository. The first of them
// counts only when the parameters name none, as builders that follow SLSA's examples write it.
const V1: Places = Places {
    builder: "/runDetails/builder/id",
    build_type: "/buildDefinition/buildType",
    sources: &[
        "/buildDefinition/externalParameters/workflow/repository",
        "/buildDefinition/externalParameters/source/uri",
        "/buildDefinition/externalParameters/source",
        "/buildDefinition/externalParameters/repository",
        "/buildDefinition/resolvedDependencies/0/uri",
    ],
};
const V0_2: Places =
    Places { builder: "/builder/id", build_type: "/buildType", sources: &["/invocation/configSource/uri"] };

impl Provenance {
    /// Whether statements of this predicate type are provenance.
    pub(crate) fn is_type(predicate_type: &str) -> bool {
        [PROVENANCE_PREDICATE, PROVENANCE_PREDICATE_V0_2].contains(&predicate_type)
    }

    /// Reads a predicate; what it leaves out is empty and fits no rule.
    pub(crate) fn read(predicate_type: &str, predicate: &Value) -> Self {
        let places = if predicate_type == PROVENANCE_PREDICATE { V1 } else { V0_2 };
        let text = |place: &str| predicate.pointer(place).and_then(Value::as_str);
        let source = places.sources.iter().find_map(|place| text(place));
        Self {
            builder: text(places.builder).unwrap_or_default().to_owned(),
            source: source.unwrap_or_default().to_owned(),
            build_type: text(places.build_type).unwrap_or_default().to_owned(),
        }
    }

    /// Whether it says what the rule wants.
    pub(crate) fn check(&self, rule: &ProvenanceRule) -> Result<(), Reason> {
        let differs = |fact: &'static str, wanted: &str, found: &str| {
            Err(Reason::OtherProvenance { fact, wanted: wanted.to_owned(), found: found.to_owned() })
        };
        if !extends(&self.builder, &rule.builder) {
            return differs("builder", &rule.builder, &self.builder);
        }
        let source = self.source.strip_prefix("git+").unwrap_or(&self.source);
        if !extends(source, &rule.source) {
            return differs("source", &rule.source, &self.source);
        }
        match &rule.build_type {
            Some(wanted) if *wanted != self.build_type => differs("build type", wanted, &self.build_type),
            _ => Ok(()),
        }
    }
}

/// `found` is `wanted`, or `wanted@version`.
fn extends(found: &str, wanted: &str) -> bool {
    found.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('@'))
}

/// Whether a rule's builder or source is an URI with a path. Without one, `https://git.example` would be extended by
/// `https://git.example@elsewhere.example/`, whose host is another.
pub(crate) fn has_path(uri: &str) -> bool {
    let path = uri.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
    path.is_some_and(|(host, path)| !host.is_empty() && !path.is_empty())
}
