//! From a rule as it is written to a rule that can be checked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockgate_registry::Reference;
use sigstore_verify::trust_root::{SIGSTORE_PRODUCTION_TRUSTED_ROOT, TrustedRoot};

use super::{PolicyError, Problem, Rule, Signers};
use crate::file::read_text;
use crate::identity::{Identities, Identity};
use crate::key::PublicKey;
use crate::provenance::has_path;
use crate::rule::{IdentityRule, ProvenanceRule, Signatures, TrustRule};

/// Keys or identities of one rule: each bundle may be checked against each of them.
const SIGNERS_MAX: usize = 32;
/// A file with a public key.
const KEY_BYTES_MAX: u64 = 64 * 1024;
/// A file with a trusted root; Sigstore's public one has 7 KiB.
const ROOT_BYTES_MAX: u64 = 4 * 1024 * 1024;
const PEM_BEGIN: &str = "-----BEGIN";

/// Reads a rule and the files that it names.
pub(super) fn rule(written: TrustRule, file: &Arc<PathBuf>) -> Result<Rule, PolicyError> {
    let named = written.prefix.clone();
    let base = file.parent().unwrap_or(Path::new(""));
    understand(written, base, file).map_err(|problem| PolicyError::new(&named, file, problem))
}

fn understand(written: TrustRule, base: &Path, file: &Arc<PathBuf>) -> Result<Rule, Problem> {
    let prefix = prefix(&written.prefix)?;
    let provenance = written.provenance.map(checked_provenance).transpose()?;
    let root = written.trusted_root.map(|path| base.join(path));
    let signers = match (written.keys, written.identities, written.signatures) {
        (Some(_), None, None) | (None, None, Some(_)) if root.is_some() => return Err(Problem::UnusedRoot),
        (None, None, Some(Signatures::None)) if provenance.is_some() => return Err(Problem::UnsignedProvenance),
        (None, None, Some(Signatures::None)) => Signers::Nobody,
        (Some(written), None, None) => Signers::Keys(keys(&written, base)?),
        (None, Some(written), None) => Signers::Identities(identities(written, root.as_deref())?),
        _ => return Err(Problem::Signers),
    };
    Ok(Rule { prefix, file: Arc::clone(file), signers, provenance })
}

fn prefix(written: &str) -> Result<String, Problem> {
    let prefix = written.strip_suffix('/').unwrap_or(written);
    // A prefix is what a reference begins with: it is one when a whole reference can be made of it.
    match format!("{prefix}/x:x").parse::<Reference>() {
        Ok(_) => Ok(prefix.to_owned()),
        Err(_) => Err(Problem::Prefix),
    }
}

fn checked_provenance(rule: ProvenanceRule) -> Result<ProvenanceRule, Problem> {
    let wrong = [("builder", &rule.builder), ("source", &rule.source)].into_iter().find(|(_, uri)| !has_path(uri));
    match wrong {
        Some((what, found)) => Err(Problem::ProvenanceUri { what, found: found.clone() }),
        None => Ok(rule),
    }
}

fn keys(written: &[String], base: &Path) -> Result<Vec<PublicKey>, Problem> {
    check_length("keys", written.len())?;
    written.iter().map(|written| key(written, base)).collect()
}

fn key(written: &str, base: &Path) -> Result<PublicKey, Problem> {
    let (name, pem) = match written.trim_start().starts_with(PEM_BEGIN) {
        true => ("inline".to_owned(), written.to_owned()),
        false => (written.to_owned(), read(base.join(written), KEY_BYTES_MAX)?),
    };
    PublicKey::from_pem(name.clone(), &pem).map_err(|source| Problem::Key { name, source })
}

fn identities(written: Vec<IdentityRule>, root: Option<&Path>) -> Result<Identities, Problem> {
    check_length("identities", written.len())?;
    let list = written.into_iter().map(Identity::new).collect::<Result<Vec<_>, _>>()?;
    let json = match root {
        Some(path) => read(path.to_owned(), ROOT_BYTES_MAX)?,
        None => SIGSTORE_PRODUCTION_TRUSTED_ROOT.to_owned(),
    };
    let root = TrustedRoot::from_json(&json).map_err(|error| Problem::Root(Box::new(error)))?;
    if root.certificate_authorities.is_empty() || root.ctlogs.is_empty() || root.tlogs.is_empty() {
        return Err(Problem::IncompleteRoot);
    }
    Identities::new(list, &root).map_err(|error| Problem::Root(Box::new(error)))
}

fn check_length(what: &'static str, found: usize) -> Result<(), Problem> {
    match found {
        0 => Err(Problem::Empty(what)),
        found if found > SIGNERS_MAX => Err(Problem::TooMany { what, found, max: SIGNERS_MAX }),
        _ => Ok(()),
    }
}

fn read(path: PathBuf, max_bytes: u64) -> Result<String, Problem> {
    read_text(&path, max_bytes).map_err(|source| Problem::Read { path, source })
}
