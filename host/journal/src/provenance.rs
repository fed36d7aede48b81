//! Provenance: what an artifact was made of, by whom and how, signed so that others can check it.
//!
//! Each artifact of a finished run gets a statement of its own (in-toto attestation framework, Statement v1, with SLSA
//! v1.2 build provenance: `https://slsa.dev/provenance/v1`). It is signed with the host's key and stored as a Sigstore
//! bundle of version 0.3, which names the key by its hint. [`statement`] and [`of_run`] write, [`sign`] signs,
//! [`verify`] checks and reads back. For a file `cosign verify-blob-attestation --key K --bundle B
//! --insecure-ignore-tlog --type slsaprovenance1 FILE` accepts it too; for something in a registry the bundle is attached
//! to its manifest as `lockgate_trust::referrer` tells, and `cosign verify-attestation` accepts it there.
//!
//! [`of_run`] vouches for what a step published before the host's eyes. A plugin that only claims an artifact gets no
//! statement for it.
//!
//! # The build type `https://lockgate.example/buildtypes/pipeline/v1`
//!
//! A pipeline file is run over a folder of files; one of its steps published the subject. To do it again: place the tree
//! and the plugins that `resolvedDependencies` name, and run the file with the same inputs and event. Build definitions
//! of another form get another number at the end.
//!
//! `externalParameters`, which whoever starts a run decides. There are no others:
//!
//! | member | value |
//! | --- | --- |
//! | `pipeline` | `file`, as the user named it, and the `name` that it gives itself; its digest stands among the dependencies |
//! | `inputs` | by name, defaults filled in; or `inputsDigest` |
//! | `event` | what set the run off; or `eventDigest` |
//!
//! `internalParameters`, which the host decides: `trust` (`trusted`, or `untrusted` for the work of a stranger), and
//! `grants`, what the step was allowed; or `grantsDigest`. A value over [`EMBEDDED_BYTES_MAX`] is left out, and its digest
//! written instead (`sha256:` and hex digits, over its JSON without spaces, members in order of name); values over
//! [`EMBEDDED_SMALL_BYTES_MAX`] where the statement would otherwise be too large for those who verify it.
//!
//! `resolvedDependencies`, each with an annotation `lockgate_role`:
//!
//! | role | what |
//! | --- | --- |
//! | `source` | always the first: the tree that the jobs started from. `digest.sha256` is that of the root's `Directory` message (Remote Execution API v2), `uri` where it came from if that is known |
//! | `pipeline` | the pipeline file, by the digest of its text |
//! | `plugin` | `name` is the alias. With the manifest's digest known, `uri` is a package URL of type `oci` and `digest` the manifest's; otherwise `digest` is the component's. The component that ran is always in the annotation `lockgate_component`, the reference in `lockgate_reference` |
//! | `tool` | a native tool. `digest.lockgateToolV1` is its fingerprint in hex, which covers its program, its version and the state of its folders and is not the digest of any one file; there is none for a tool whose results are never kept. `lockgate_started` tells a command from a tool that the command was free to start |
//! | `artifact` | made earlier and fetched by the step, by its digest |
//!
//! `runDetails`: `builder.id` is the host's; for the work of a stranger it ends in [`UNTRUSTED_SUFFIX`], as SLSA wants for
//! modes that are trusted differently, so that a rule which names the builder does not take a fork's artifacts for the
//! project's own. `metadata.invocationId` is the run. `byproducts` names the attempt's journal by the SHA-256 of
//! [`journal_digest`].
//!
//! # Extension fields
//!
//! What has no field in SLSA stands in `runDetails.metadata`, named as SLSA wants it (`vendor_field`):
//!
//! | field | what |
//! | --- | --- |
//! | `lockgate_attempt` | job, step and number of the attempt that published the subject, its plugin, and `cachedFrom`, the attempt whose work it gave back where not one of its tools had to run |
//! | `lockgate_contacts` | hosts that the step or its tools sent to, `scheme://host:port`, with the addresses that answered; a request that failed counts, as nobody knows how far it came |
//! | `lockgate_exposedSecrets` | names of secrets whose value a native tool was shown |
//! | `lockgate_cached` | tools whose result was taken from the cache, and the attempt that had run them: what that one contacted stands in its own provenance |
//! | `lockgate_omitted` | how many entries of a list were left out beyond [`LISTED_MAX`], by its name; absent when none was |
//!
//! The lists are written even when they are empty. Whoever forbids something by them must insist that they are there: to
//! SLSA, a field that is absent is a field that is not known.
//!
//! Nothing here is masked, as no input holds the value of a secret: the journal is masked when it is written.

mod build;
mod calls;
mod collect;
mod facts;
mod host_key;
mod limits;
mod purl;
mod read;
mod verify;
mod wire;

pub use build::{Statement, journal_digest, statement};
pub use collect::{CollectError, Collected, HostFacts, Made, of_run};
pub use facts::{Builder, Provenance, RunFacts, StepFacts, UsedPlugin};
pub use host_key::{HostKey, HostKeyError};
pub use limits::{EMBEDDED_BYTES_MAX, EMBEDDED_SMALL_BYTES_MAX, LISTED_MAX, PEERS_MAX, TEXT_BYTES_MAX};
pub use read::{CachedTool, Contact, Embedded, MadeBy, PluginUsed, ToolUsed, Verified};
pub use verify::{VerifyError, sign, verify};

/// The build type that statements have; what it means is told above.
pub const BUILD_TYPE: &str = "https://lockgate.example/buildtypes/pipeline/v1";
/// The builder's id where nobody has given the host another one.
pub const BUILDER_ID: &str = "https://lockgate.example/builders/host/v1";
/// What the builder's id ends in for the work of a stranger.
pub const UNTRUSTED_SUFFIX: &str = "/untrusted";
