//! Where plugins come from: every place that holds them, and who must have signed them.

use std::path::Path;
use std::sync::Arc;

use lockgate_model::ids::Digest;
use lockgate_registry::remote::{HttpClient, HttpSettings};
use lockgate_registry::{PluginCache, Reference, Registry};
use lockgate_trust::{BUNDLE_MEDIA_TYPE, Requirement, Signer, TrustPolicy, Trusted, Untrusted};

use crate::config::{Config, cache_folder};
use crate::exit::{CliError, chain, of_registry};
use crate::output::transfers::Transfers;

/// Pulled plugins, below the user's cache folder.
const PULLED_FOLDER: &str = "plugins";
/// The project's policy and the user's come first.
const OWN_POLICIES: usize = 2;

/// Registries, layouts, and the trust rules over them.
pub(crate) struct Supply {
    pub(crate) registry: Registry,
    trust: Vec<TrustPolicy>,
}

impl Supply {
    /// All that `config` names. Pulled plugins are kept for all projects of the user, or with the state where that folder
    /// cannot be written.
    pub(crate) fn open(config: &Config, state: &Path) -> Result<Self, CliError> {
        let user = cache_folder().and_then(|folder| PluginCache::open(&folder.join(PULLED_FOLDER)).ok());
        let cache = match user {
            Some(cache) => cache,
            None => {
                let beside = state.join("cache").join(PULLED_FOLDER);
                let failed = |error| CliError::host(format!("cannot make the folder {}: {error}", beside.display()));
                PluginCache::open(&beside).map_err(failed)?
            }
        };
        let client = Arc::new(HttpClient::new(HttpSettings::new(crate::clock::seed()?)));
        let registry = Registry::new(config.mirrors.clone(), client, cache, Arc::new(Transfers::start()));
        Ok(Self { registry, trust: config.trust.clone() })
    }

    /// The same with other rules of the project, as they would be.
    pub(crate) fn with_project_rules(mut self, rules: TrustPolicy) -> Self {
        if let Some(project) = self.trust.first_mut() {
            *project = rules;
        }
        self
    }

    /// Whether a plugin may be used, before a byte of it is compiled. Signatures that were seen before are enough; only
    /// where they are not, the registry is asked for more.
    pub(crate) fn check_trust(&self, reference: &Reference, manifest: &Digest) -> Result<Trusted, CliError> {
        if self.needs_bundles(reference) {
            let known = self.registry.remembered_attachments(manifest, BUNDLE_MEDIA_TYPE);
            if let Ok(trusted) = self.judge(reference, manifest, &known) {
                return Ok(trusted);
            }
        }
        self.check_trust_anew(reference, manifest)
    }

    /// The same, by what the registry holds now.
    pub(crate) fn check_trust_anew(&self, reference: &Reference, manifest: &Digest) -> Result<Trusted, CliError> {
        let found = match self.needs_bundles(reference) {
            true => self.registry.attachments(reference, manifest, BUNDLE_MEDIA_TYPE).map_err(of_registry)?,
            false => Vec::new(),
        };
        self.judge(reference, manifest, &found).map_err(|error| CliError::Usage(chain(&error)))
    }

    fn needs_bundles(&self, reference: &Reference) -> bool {
        self.trust.iter().any(|policy| policy.requirement(reference).needs_bundles())
    }

    /// Every policy with a rule about the reference must agree: a project cannot loosen what its user demands. Where there
    /// are rules of people's own, one of all must be about it.
    fn judge(&self, reference: &Reference, manifest: &Digest, bundles: &[Vec<u8>]) -> Result<Trusted, Untrusted> {
        let is_about_it = |policy: &&TrustPolicy| {
            !matches!(policy.requirement(reference), Requirement::PinOnly | Requirement::Uncovered)
        };
        let mut verdict = None;
        for policy in self.trust.iter().filter(is_about_it) {
            let trusted = policy.check(reference, manifest, bundles)?;
            if !matches!(verdict, Some(Trusted::Signed { .. })) {
                verdict = Some(trusted);
            }
        }
        match (verdict, self.own().find(|policy| !policy.is_empty())) {
            (Some(trusted), _) => Ok(trusted),
            (None, Some(policy)) => policy.check(reference, manifest, bundles),
            (None, None) => Ok(Trusted::PinOnly),
        }
    }

    /// Rules that people wrote, without the one for what came with the binary.
    fn own(&self) -> impl Iterator<Item = &TrustPolicy> {
        self.trust.iter().take(OWN_POLICIES)
    }
}

/// Why a plugin is trusted, in a few words.
pub(crate) fn why(trusted: &Trusted) -> String {
    match trusted {
        Trusted::PinOnly => "by its pin (no [[trust]] rules)".to_owned(),
        Trusted::Unsigned { prefix } => format!("by its pin (rule `{prefix}` wants no signature)"),
        Trusted::Signed { prefix, signer, provenance, .. } => {
            let built = provenance.as_ref().map(|_| ", with provenance").unwrap_or_default();
            match signer {
                Signer::Key { name, .. } => format!("signed with {name}{built} (rule `{prefix}`)"),
                Signer::Identity { issuer, subject } => {
                    format!("signed by {subject} of {issuer}{built} (rule `{prefix}`)")
                }
            }
        }
    }
}
