//! Bundles as they come from a registry: hostile until a signer is known.

use lockgate_model::ids::Digest;
use sigstore_types::bundle::VerificationMaterialContent;
use sigstore_types::{Bundle, DsseEnvelope, MediaType, SignatureContent, Statement};

use crate::statement::{self, STATEMENT_MEDIA_TYPE};
use crate::verdict::Reason;

/// A bundle.
pub const BUNDLE_BYTES_MAX: usize = 1024 * 1024;
/// Bundles that are looked at for one plugin: anybody who may push can attach as many as they like.
pub const BUNDLES_MAX: usize = 64;
/// Media type of a bundle (Sigstore bundle format, version 0.3).
pub const BUNDLE_MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// A bundle that is well formed and about the right manifest. Who signed it is not known yet.
pub(crate) struct Claim {
    pub(crate) bundle: Bundle,
    pub(crate) statement: Statement,
}

/// Reads a bundle that should be about `manifest`.
pub(crate) fn read(bytes: &[u8], manifest: &Digest) -> Result<Claim, Reason> {
    let claim = parse(bytes)?;
    statement::check_subject(&claim.statement, manifest)?;
    Ok(claim)
}

/// Reads a bundle of whatever manifest.
pub(crate) fn parse(bytes: &[u8]) -> Result<Claim, Reason> {
    if bytes.len() > BUNDLE_BYTES_MAX {
        return Err(Reason::TooLarge { what: "bundle", size_bytes: bytes.len(), max_bytes: BUNDLE_BYTES_MAX });
    }
    let text = str::from_utf8(bytes).map_err(|error| Reason::malformed(error.to_string()))?;
    let bundle = Bundle::from_json(text).map_err(|error| Reason::malformed(error.to_string()))?;
    if bundle.media_type() != MediaType::Bundle0_3 {
        return Err(Reason::malformed(format!("it is a `{}`, not a `{BUNDLE_MEDIA_TYPE}`", bundle.media_type())));
    }
    let payload = &envelope(&bundle)?.payload;
    let statement = statement::read(payload.as_bytes())?;
    Ok(Claim { bundle, statement })
}

/// The envelope with the statement. A signature of bare bytes says nothing about what it is for, so it does not count.
pub(crate) fn envelope(bundle: &Bundle) -> Result<&DsseEnvelope, Reason> {
    match &bundle.content {
        SignatureContent::DsseEnvelope(envelope) if envelope.payload_type == STATEMENT_MEDIA_TYPE => Ok(envelope),
        SignatureContent::DsseEnvelope(envelope) => {
            Err(Reason::malformed(format!("its envelope holds `{}`", envelope.payload_type)))
        }
        _ => Err(Reason::NoStatement),
    }
}

/// The hint of the key that made it; none when it carries a certificate.
pub(crate) fn key_hint(bundle: &Bundle) -> Option<&str> {
    match &bundle.verification_material.content {
        VerificationMaterialContent::PublicKey(key) => Some(&key.hint),
        _ => None,
    }
}
