//! A call of a plugin's exported function and its answer, as data: the same for the engine, `plugin call`, cache and replay.

use serde::{Deserialize, Serialize};

use crate::Json;
use crate::delivery::{AlertInput, Decision, Evaluation, Health, Notice, Query, Release, Rollout, Share};
use crate::evidence::{Evidence, EvidenceBody, Ruling, ScanReport, TestReport, Verdict};

/// The interface that a plugin exports beside `about`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Builds, with native tools and files. Outward.
    BuildStep,
    /// One report file in, test cases out. Pure.
    TestReporter,
    /// Evidence in, verdict out. Pure.
    QualityGate,
    /// Reads the workspace, findings out.
    Scanner,
    /// One move at a time. Pure.
    DeployStrategy,
    /// Puts releases where they serve. Outward.
    DeployTarget,
    /// Series in, condition out. Pure.
    AlertRule,
    /// Tells somebody. Outward.
    Notifier,
}

impl Kind {
    /// Every kind, in the order of the contract.
    pub const ALL: [Self; 8] = [
        Self::BuildStep,
        Self::TestReporter,
        Self::Scanner,
        Self::QualityGate,
        Self::DeployStrategy,
        Self::DeployTarget,
        Self::AlertRule,
        Self::Notifier,
    ];

    /// The interface's name in the contract.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BuildStep => "build-step",
            Self::TestReporter => "test-reporter",
            Self::QualityGate => "quality-gate",
            Self::Scanner => "scanner",
            Self::DeployStrategy => "deploy-strategy",
            Self::DeployTarget => "deploy-target",
            Self::AlertRule => "alert-rule",
            Self::Notifier => "notifier",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// A function of its input and nothing else.
    #[must_use]
    pub fn is_pure(self) -> bool {
        matches!(self, Self::TestReporter | Self::QualityGate | Self::DeployStrategy | Self::AlertRule)
    }

    /// May reach outside, through grants.
    #[must_use]
    pub fn is_outward(self) -> bool {
        matches!(self, Self::BuildStep | Self::DeployTarget | Self::Notifier)
    }

    /// May stand in a job's `uses:`. Strategies and targets belong to environments, alert rules to watches.
    #[must_use]
    pub fn is_step(self) -> bool {
        matches!(self, Self::BuildStep | Self::TestReporter | Self::Scanner | Self::QualityGate | Self::Notifier)
    }

    /// The host interfaces of `lockgate:plugin` that a component of this kind may import, beside `types`.
    #[must_use]
    pub fn imports(self) -> &'static [&'static str] {
        match self {
            Self::BuildStep | Self::DeployTarget => &["log", "context", "exec", "secrets", "artifacts"],
            Self::Notifier => &["log", "context", "secrets"],
            _ => &["log"],
        }
    }

    /// Whether the host picks files for it by the key `files` of `with:`, which the plugin never sees.
    #[must_use]
    pub fn takes_files(self) -> bool {
        matches!(self, Self::TestReporter | Self::Scanner)
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// One call, `{"build-step": {...}}` in JSON. `config` is JSON that the plugin's schema has accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, rename_all_fields = "kebab-case")]
pub enum Call {
    /// `build-step.run`
    BuildStep {
        /// Configuration.
        config: Json,
        /// What earlier steps proved.
        evidence: Vec<Evidence>,
    },
    /// `test-reporter.report`
    TestReporter {
        /// Configuration.
        config: Json,
        /// The file, relative to the workspace.
        path: String,
        /// Its bytes.
        #[serde(with = "text_or_bytes")]
        content: Vec<u8>,
    },
    /// `scanner.scan`
    Scanner {
        /// Configuration.
        config: Json,
        /// Files of the workspace to look at.
        files: Vec<String>,
    },
    /// `quality-gate.judge`
    QualityGate {
        /// Configuration.
        config: Json,
        /// What was proved.
        evidence: Vec<Evidence>,
        /// What was proved the last time.
        #[serde(default)]
        baseline: Vec<Evidence>,
    },
    /// `deploy-strategy.next`
    DeployStrategy {
        /// Configuration.
        config: Json,
        /// All that is known.
        rollout: Rollout,
    },
    /// `deploy-target.prepare`
    TargetPrepare {
        /// Configuration.
        config: Json,
        /// The revision to prepare.
        revision: String,
        /// Of this release.
        release: Release,
    },
    /// `deploy-target.route`
    TargetRoute {
        /// Configuration.
        config: Json,
        /// The traffic as it shall be.
        shares: Vec<Share>,
    },
    /// `deploy-target.observe`
    TargetObserve {
        /// Configuration.
        config: Json,
    },
    /// `deploy-target.retire`
    TargetRetire {
        /// Configuration.
        config: Json,
        /// The revision to take away.
        revision: String,
    },
    /// `alert-rule.queries`
    AlertQueries {
        /// Configuration.
        config: Json,
    },
    /// `alert-rule.evaluate`
    AlertEvaluate {
        /// Configuration.
        config: Json,
        /// All that is known.
        input: AlertInput,
    },
    /// `notifier.deliver`
    Notify {
        /// Configuration.
        config: Json,
        /// What to tell.
        notice: Notice,
    },
}

impl Call {
    /// The kind of plugin that answers this call.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::BuildStep { .. } => Kind::BuildStep,
            Self::TestReporter { .. } => Kind::TestReporter,
            Self::Scanner { .. } => Kind::Scanner,
            Self::QualityGate { .. } => Kind::QualityGate,
            Self::DeployStrategy { .. } => Kind::DeployStrategy,
            Self::TargetPrepare { .. }
            | Self::TargetRoute { .. }
            | Self::TargetObserve { .. }
            | Self::TargetRetire { .. } => Kind::DeployTarget,
            Self::AlertQueries { .. } | Self::AlertEvaluate { .. } => Kind::AlertRule,
            Self::Notify { .. } => Kind::Notifier,
        }
    }
}

/// What a build step returns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Product {
    /// Whether the work is good.
    pub conclusion: Ruling,
    /// Named values for later steps, in the plugin's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<(String, String)>,
    /// What it proves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceBody>,
    /// For a person, in a line or a few.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
}

/// The answer to a `Call`, by the function that gave it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Of a build step.
    Product(Product),
    /// Of a test reporter, for one file.
    Tests(TestReport),
    /// Of a scanner.
    Scan(ScanReport),
    /// Of a gate.
    Verdict(Verdict),
    /// Of a strategy.
    Decision(Decision),
    /// Of a target's `observe`.
    Health(Vec<Health>),
    /// Of an alert rule's `queries`.
    Queries(Vec<Query>),
    /// Of an alert rule's `evaluate`.
    Evaluation(Evaluation),
    /// Of a function that returns nothing.
    Done,
}

/// Bytes as JSON: a string where they are UTF-8, else a list of numbers.
mod text_or_bytes {
    use serde::{Deserialize, Deserializer, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Text(String),
        Bytes(Vec<u8>),
    }

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(bytes) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => serializer.collect_seq(bytes),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        Ok(match Form::deserialize(deserializer)? {
            Form::Text(text) => text.into_bytes(),
            Form::Bytes(bytes) => bytes,
        })
    }
}
