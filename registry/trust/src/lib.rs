//! Who may have signed a plugin: policy, signatures, provenance attestations, keys.
//!
//! `[[trust]]` rules of `lockgate.toml` say for a prefix of references whose signature is wanted ([`TrustRule`]). They
//! become a [`TrustPolicy`], which judges bundles that others have fetched: a bundle (Sigstore bundle format 0.3) holds a
//! DSSE envelope with an in-toto statement about the digest of the plugin's manifest, and either the hint of a key or a
//! certificate. What `cosign sign` and `cosign attest` write is verified here; what [`sign`] and [`attest`] write is
//! accepted by `cosign verify`.
//!
//! A signature counts when
//!
//! 1. its bundle is well formed and within the limits,
//! 2. its statement is about the very manifest that is asked about,
//! 3. the envelope was signed by one of the rule's keys, or keyless by one of the rule's identities, and
//! 4. the statement is a signature (`https://sigstore.dev/cosign/sign/v1`): an attestation that a plugin is full of
//!    holes is signed by the right people too.
//!
//! A rule with `provenance` wants a SLSA provenance attestation beside the signature, by the same signers, that names the
//! builder and the source.
//!
//! [`verify_attestation`] asks no policy: an attestation of a file is checked against keys that somebody names.
//!
//! How a bundle is attached to a plugin in a registry is told, and done, in [`referrer`].
//!
//! What this room does not know: sockets, registries, how a plugin is fetched or run. It reads the key files and trusted
//! roots that rules name, and nothing else.

mod armor;
mod attestation;
mod bundle;
mod file;
mod identity;
mod key;
mod policy;
mod provenance;
pub mod referrer;
mod rule;
mod sign;
mod signing_key;
mod statement;
mod text;
mod verdict;

pub use attestation::{Attestation, verify_attestation};
pub use bundle::{BUNDLE_BYTES_MAX, BUNDLE_MEDIA_TYPE, BUNDLES_MAX};
pub use identity::{Identity, IdentityError};
pub use key::{PublicKey, PublicKeyError};
pub use policy::{PolicyError, Problem, Requirement, TrustPolicy};
pub use provenance::{PROVENANCE_PREDICATE, PROVENANCE_PREDICATE_V0_2, Provenance};
pub use rule::{IdentityRule, ProvenanceRule, Signatures, TrustRule};
pub use sign::{SignError, attest, attest_statement, sign};
pub use signing_key::{SIGNING_KEY_BYTES_MAX, SigningKey, SigningKeyError};
pub use statement::{SIGNATURE_PREDICATE, STATEMENT_BYTES_MAX, STATEMENT_MEDIA_TYPE, SUBJECTS_MAX};
pub use verdict::{Finding, Missing, Reason, Refusal, Signer, Trusted, Untrusted};
