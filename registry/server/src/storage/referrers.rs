//! Which manifests are about which other: signatures and attestations of a plugin, for example.

use std::collections::BTreeSet;

use lockgate_model::ids::Digest;
use lockgate_registry::artifact::MANIFEST_BYTES_MAX;

use super::document::Referrer;
use super::fault::{Fault, fault};
use super::files::{each_name, read, remove_durably};
use super::{Part, Storage, exists};
use crate::name::Repository;

/// Referrers of one manifest that are looked through for one answer.
pub(crate) const REFERRERS_MAX: usize = 1_000;

impl Storage {
    pub(super) fn put_referrer(
        &self,
        repository: &Repository,
        subject: &Digest,
        digest: &Digest,
        referrer: &Referrer,
    ) -> Result<(), Fault> {
        let path = self.referrers_of(repository, subject).join(digest.hex());
        let bytes = serde_json::to_vec(referrer).map_err(|error| fault("encode", &path)(error.into()))?;
        self.replace(&path, &bytes)
    }

    pub(super) fn remove_referrer(
        &self,
        repository: &Repository,
        subject: &Digest,
        digest: &Digest,
    ) -> Result<(), Fault> {
        remove_durably(&self.referrers_of(repository, subject).join(digest.hex())).map(|_| ())
    }

    /// Digests of at most `REFERRERS_MAX` manifests after `last` whose subject this is, in their own order.
    pub(crate) fn referrers_after(
        &self,
        repository: &Repository,
        subject: &Digest,
        last: Option<&Digest>,
    ) -> Result<Vec<Digest>, Fault> {
        let mut page = BTreeSet::new();
        each_name(&self.referrers_of(repository, subject), |name| {
            let digest = format!("sha256:{name}").parse::<Digest>().ok();
            page.extend(digest.filter(|digest| last.is_none_or(|last| digest > last)));
            if page.len() > REFERRERS_MAX {
                page.pop_last();
            }
            Ok(())
        })?;
        Ok(page.into_iter().collect())
    }

    /// How a referrer is listed; none when it went meanwhile.
    pub(crate) fn referrer(
        &self,
        repository: &Repository,
        subject: &Digest,
        digest: &Digest,
    ) -> Result<Option<Referrer>, Fault> {
        // The list is written before the manifest is there, and a crash may come between.
        if !exists(&self.link(repository, Part::Manifests, digest))? {
            return Ok(None);
        }
        let path = self.referrers_of(repository, subject).join(digest.hex());
        let Some(bytes) = read(&path, MANIFEST_BYTES_MAX)? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| fault("read", &path)(error.into()))
    }

    fn referrers_of(&self, repository: &Repository, subject: &Digest) -> std::path::PathBuf {
        self.link(repository, Part::Referrers, subject)
    }
}
