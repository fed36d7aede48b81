//! Where plugins come from: every place that holds them, and who must have signed them.

use std::path::Path;
use std::sync::Arc;

use lockgate_model::ids::Digest;
use lockgate_registry::remote::{HttpClient, HttpSettings};
use lockgate_registry::{PluginCache, Reference, Registry};
use lockgate_trust::{BUNDLE_MEDIA_TYPE, Signer, TrustPolicy, Trusted};

use crate::config::{Config, cache_folder};
use crate::exit::CliError;
use crate::output::transfers::Transfers;

/// Pulled plugins, below the user's cache folder.
const PULLED_FOLDER: &str = "plugins";

/// Registries, layouts, and the trust rules over them.
pub(crate) struct Supply {
    pub(crate) registry: Registry,
    pub(crate) trust: TrustPolicy,
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

    /// Whether a plugin may be used, before a byte of it is compiled. Signatures that were seen before are enough; only
    /// where they are not, the registry is asked for more.
    pub(crate) fn check_trust(&self, reference: &Reference, manifest: &Digest) -> Result<Trusted, CliError> {
        let refused = |error| CliError::Usage(format!("plugin {reference} is not trusted: {}", crate::exit::chain(&error)));
        if self.trust.requirement(reference).needs_bundles() {
            let known = self.registry.remembered_attachments(manifest, BUNDLE_MEDIA_TYPE);
            if let Ok(trusted) = self.trust.check(reference, manifest, &known) {
                return Ok(trusted);
            }
            let found = self.registry.attachments(reference, manifest, BUNDLE_MEDIA_TYPE)?;
            return self.trust.check(reference, manifest, &found).map_err(refused);
        }
        self.trust.check::<Vec<u8>>(reference, manifest, &[]).map_err(refused)
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
                Signer::Identity { issuer, subject } => format!("signed by {subject} of {issuer}{built} (rule `{prefix}`)"),
            }
        }
    }
}
