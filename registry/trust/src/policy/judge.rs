//! Whether a rule is met: every bundle is looked at, and what is missing is said with what was found.

use lockgate_model::ids::Digest;
use lockgate_registry::Reference;
use sigstore_types::Bundle;

use super::{Rule, Signers};
use crate::bundle::{self, BUNDLES_MAX, Claim};
use crate::key;
use crate::provenance::Provenance;
use crate::rule::ProvenanceRule;
use crate::statement::SIGNATURE_PREDICATE;
use crate::verdict::{Finding, Missing, Reason, Refusal, Signer, Trusted, Untrusted};

impl Rule {
    pub(super) fn check<B: AsRef<[u8]>>(
        &self,
        reference: &Reference,
        manifest: &Digest,
        bundles: &[B],
    ) -> Result<Trusted, Untrusted> {
        let prefix = self.prefix.clone();
        if matches!(self.signers, Signers::Nobody) {
            return Ok(Trusted::Unsigned { prefix });
        }
        let not_looked_at = bundles.len().saturating_sub(BUNDLES_MAX);
        let bundles: Vec<_> =
            bundles.iter().take(BUNDLES_MAX).map(|bytes| self.look(bytes.as_ref(), manifest)).collect();
        let refuse = |missing| self.refusal(reference, manifest, &bundles, missing, not_looked_at);
        let signature = bundles.iter().find_map(Seen::signature).ok_or_else(|| refuse(Missing::Signature))?;
        let provenance = match &self.provenance {
            None => None,
            Some(wanted) => {
                let found = bundles.iter().find_map(|seen| seen.provenance(wanted).ok());
                Some(found.ok_or_else(|| refuse(Missing::Provenance))?)
            }
        };
        let (signer, bundle) = signature;
        Ok(Trusted::Signed { prefix, signer, bundle, provenance })
    }

    fn look(&self, bytes: &[u8], manifest: &Digest) -> Seen {
        let claim = bundle::read(bytes, manifest);
        let signed = claim.and_then(|claim| Ok((self.signers.signer(&claim.bundle, manifest)?, claim)));
        Seen { bundle: Digest::of(bytes), signed }
    }

    fn refusal(
        &self,
        reference: &Reference,
        manifest: &Digest,
        bundles: &[Seen],
        missing: Missing,
        not_looked_at: usize,
    ) -> Untrusted {
        let reason =
            |seen: &Seen| Finding { bundle: seen.bundle, reason: seen.reason(missing, self.provenance.as_ref()) };
        Untrusted::Refused(Box::new(Refusal {
            reference: reference.to_string(),
            manifest: *manifest,
            prefix: self.prefix.clone(),
            file: self.file.as_ref().clone(),
            wanted: self.signers.in_words(),
            missing,
            findings: bundles.iter().map(reason).collect(),
            not_looked_at,
        }))
    }
}

/// A bundle that was looked at, and what it says if one of the rule's signers signed it.
struct Seen {
    bundle: Digest,
    signed: Result<(Signer, Claim), Reason>,
}

impl Seen {
    fn signature(&self) -> Option<(Signer, Digest)> {
        let (signer, claim) = self.signed.as_ref().ok()?;
        (claim.statement.predicate_type == SIGNATURE_PREDICATE).then(|| (signer.clone(), self.bundle))
    }

    fn provenance(&self, wanted: &ProvenanceRule) -> Result<Provenance, Reason> {
        let (_, Claim { statement, .. }) = self.signed.as_ref().map_err(Clone::clone)?;
        if !Provenance::is_type(&statement.predicate_type) {
            return Err(other_predicate(&statement.predicate_type, Missing::Provenance));
        }
        let found = Provenance::read(&statement.predicate_type, &statement.predicate);
        found.check(wanted)?;
        Ok(found)
    }

    /// Why it is not what is missing.
    fn reason(&self, missing: Missing, wanted: Option<&ProvenanceRule>) -> Reason {
        let claim = match &self.signed {
            Err(reason) => return reason.clone(),
            Ok((_, claim)) => claim,
        };
        let other = || other_predicate(&claim.statement.predicate_type, missing);
        match (missing, wanted) {
            (Missing::Provenance, Some(wanted)) => self.provenance(wanted).err().unwrap_or_else(other),
            _ => other(),
        }
    }
}

fn other_predicate(found: &str, missing: Missing) -> Reason {
    Reason::OtherPredicate { found: found.to_owned(), wanted: missing.predicate() }
}

impl Signers {
    fn signer(&self, bundle: &Bundle, manifest: &Digest) -> Result<Signer, Reason> {
        match self {
            Self::Nobody => Err(Reason::NoKey),
            Self::Keys(keys) => key::signer(keys, bundle),
            Self::Identities(identities) => identities.signer(bundle, manifest),
        }
    }

    fn in_words(&self) -> String {
        let one_of = |names: Vec<String>| match names.as_slice() {
            [only] => only.clone(),
            many => format!("one of {}", many.join(", ")),
        };
        match self {
            Self::Nobody => "nobody".to_owned(),
            Self::Keys(keys) => one_of(keys.iter().map(ToString::to_string).collect()),
            Self::Identities(all) => one_of(all.list.iter().map(ToString::to_string).collect()),
        }
    }
}
