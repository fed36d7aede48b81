//! `[[trust]]` tables of `lockgate.toml` as they are written.
//!
//! ```toml
//! [[trust]]                                    # any one of these keys
//! prefix = "registry.example/team/"
//! keys = ["keys/team.pub"]
//!
//! [[trust]]                                    # keyless: who the certificate names
//! prefix = "registry.example/ci/"
//! identities = [{ issuer = "https://ci.example", subject = "https://ci.example/team/build" }]
//! trusted-root = "trusted_root.json"
//! provenance = { builder = "https://ci.example/builder", source = "https://git.example/team/cargo" }
//!
//! [[trust]]                                    # said aloud: nobody signs here
//! prefix = "localhost:5000/"
//! signatures = "none"
//! ```

use std::path::PathBuf;

use serde::Deserialize;

/// One `[[trust]]` table: who must have signed the plugins of a prefix. Exactly one of `keys`, `identities` and
/// `signatures` stands in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TrustRule {
    /// `host[:port]/` or `host[:port]/path/`, as in a mirror; the last `/` may be left out.
    pub prefix: String,
    /// Public keys, any one of which must have signed: files in PEM, or the PEM text itself.
    pub keys: Option<Vec<String>>,
    /// Identities of keyless signatures, any one of which must have signed.
    pub identities: Option<Vec<IdentityRule>>,
    /// That no signature is wanted.
    pub signatures: Option<Signatures>,
    /// File of the certificate authorities and logs that identities are checked against (Sigstore `TrustedRoot` in
    /// JSON); without it Sigstore's public ones.
    pub trusted_root: Option<PathBuf>,
    /// That the same signers must have attested where the plugin was built.
    pub provenance: Option<ProvenanceRule>,
}

/// The word `none`: a rule must say that signatures are not wanted, it cannot forget them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signatures {
    /// Plugins are accepted by their pin alone.
    None,
}

/// Who a certificate must name. Exactly one of `subject` and `subject-regex` stands in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct IdentityRule {
    /// The OIDC issuer, to the letter.
    pub issuer: String,
    /// The subject (an e-mail address or a URI), to the letter.
    pub subject: Option<String>,
    /// A regular expression that the whole subject must match.
    pub subject_regex: Option<String>,
}

/// What a SLSA provenance attestation must say.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ProvenanceRule {
    /// The builder's id; one that the attestation extends by `@version` fits too.
    pub builder: String,
    /// The repository that was built, without `git+`; one that the attestation extends by `@ref` fits too.
    pub source: String,
    /// The build type, to the letter; any when it is left out.
    pub build_type: Option<String>,
}
