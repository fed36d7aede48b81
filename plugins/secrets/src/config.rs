//! What `with:` may say.

use std::collections::{BTreeMap, BTreeSet};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use lockgate_sdk::Failure;
use regex::bytes::{RegexSet, RegexSetBuilder};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::rules::{self, Rule};

/// A file's size where the configuration does not say.
pub const FILE_BYTES_MAX: u64 = 2 * 1024 * 1024;
/// Bytes that the pipeline's own patterns may take when compiled.
const PATTERNS_BYTES_MAX: usize = 1024 * 1024;

/// What is known to be no secret.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Allow {
    /// Globs of files that are not read.
    #[serde(default)]
    pub files: Vec<String>,
    /// Regular expressions; a secret that one of them matches anywhere is none.
    #[serde(default)]
    pub patterns: Vec<String>,
    /// Fingerprints of findings that somebody has looked at.
    #[serde(default)]
    pub fingerprints: BTreeSet<String>,
}

/// The configuration of a step; the host picks the files by the key `files`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// Rules to leave out, by id.
    #[serde(default)]
    pub rules_off: BTreeSet<String>,
    /// What is known to be no secret.
    #[serde(default)]
    pub allow: Allow,
    /// Larger files are skipped and counted; absent means 2 MiB.
    #[schemars(range(min = 1))]
    pub max_file_bytes: Option<u64>,
    /// Other thresholds of Shannon entropy, in bits a letter, by rule id.
    #[serde(default)]
    pub entropy: BTreeMap<String, f64>,
}

impl Config {
    /// The rules that are left, with the configuration's thresholds.
    ///
    /// # Errors
    /// `bad-config`, where a rule is named that there is not.
    pub fn rules(&self) -> Result<Vec<Rule>, Failure> {
        let mut rules = rules::all();
        for id in self.rules_off.iter().chain(self.entropy.keys()) {
            if !rules.iter().any(|rule| rule.id == id) {
                let ids: Vec<_> = rules.iter().map(|rule| rule.id).collect();
                let failure = Failure::new("bad-config", format!("there is no rule `{id}`"));
                return Err(failure.help(format!("the rules are: {}", ids.join(", "))));
            }
        }
        rules.retain(|rule| !self.rules_off.contains(rule.id));
        for rule in &mut rules {
            rule.entropy_min = self.entropy.get(rule.id).copied().unwrap_or(rule.entropy_min);
        }
        Ok(rules)
    }

    /// The limit for one file.
    #[must_use]
    pub fn file_bytes_max(&self) -> u64 {
        self.max_file_bytes.unwrap_or(FILE_BYTES_MAX)
    }
}

/// `Allow`, compiled.
#[derive(Debug)]
pub struct Allowed {
    files: GlobSet,
    patterns: RegexSet,
    fingerprints: BTreeSet<String>,
}

impl Allowed {
    /// Compiles globs and expressions.
    ///
    /// # Errors
    /// `bad-config`, where one of them is none.
    pub fn new(allow: &Allow) -> Result<Self, Failure> {
        let mut files = GlobSetBuilder::new();
        for glob in &allow.files {
            files.add(
                GlobBuilder::new(glob).literal_separator(true).build().map_err(|error| bad("allow.files", &error))?,
            );
        }
        let patterns = RegexSetBuilder::new(&allow.patterns).unicode(false).size_limit(PATTERNS_BYTES_MAX).build();
        Ok(Self {
            files: files.build().map_err(|error| bad("allow.files", &error))?,
            patterns: patterns.map_err(|error| bad("allow.patterns", &error))?,
            fingerprints: allow.fingerprints.clone(),
        })
    }

    /// Whether a file is not to be read.
    #[must_use]
    pub fn has_file(&self, path: &str) -> bool {
        self.files.is_match(path)
    }

    /// Whether a secret is known to be none.
    #[must_use]
    pub fn has_secret(&self, secret: &[u8], fingerprint: &str) -> bool {
        self.fingerprints.contains(fingerprint) || self.patterns.is_match(secret)
    }
}

fn bad(key: &str, error: &dyn std::error::Error) -> Failure {
    Failure::new("bad-config", format!("`{key}`: {error}")).help("correct the pattern in the step's `with:`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn rules_are_left_out_and_adjusted() {
        let rules = config(r#"{"rules-off":["jwt"],"entropy":{"assigned-secret":4.5}}"#).rules().unwrap();
        assert!(!rules.iter().any(|rule| rule.id == "jwt"));
        let generic = rules.iter().find(|rule| rule.id == "assigned-secret").unwrap();
        assert!((generic.entropy_min - 4.5).abs() < f64::EPSILON);
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(config(r#"{"rules-off":["jwd"]}"#).rules().unwrap_err().message, "there is no rule `jwd`");
        assert!(
            Allowed::new(&config(r#"{"allow":{"files":["["]}}"#).allow)
                .unwrap_err()
                .message
                .starts_with("`allow.files`")
        );
        assert!(
            Allowed::new(&config(r#"{"allow":{"patterns":["("]}}"#).allow)
                .unwrap_err()
                .message
                .starts_with("`allow.patterns`")
        );
        assert!(serde_json::from_str::<Config>(r#"{"rule-off":[]}"#).is_err());
    }

    #[test]
    fn what_is_allowed() {
        let allowed = Allowed::new(
            &config(r#"{"allow":{"files":["vendor/**"],"patterns":["^test-"],"fingerprints":["f1"]}}"#).allow,
        )
        .unwrap();
        assert!(allowed.has_file("vendor/a/b.rs") && !allowed.has_file("src/vendor.rs"));
        assert!(
            allowed.has_secret(b"test-x", "f2") && allowed.has_secret(b"x", "f1") && !allowed.has_secret(b"x", "f2")
        );
    }
}
