//! `verify`: what an artifact was made of, by the word of the host that made it; and giving that word after a run.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use lockgate_engine::run::RunState;
use lockgate_journal::provenance::{self, Builder, Collected, HostFacts, HostKey, Made, Verified};
use lockgate_model::ids::{Digest, RunId};
use lockgate_trust::{BUNDLE_BYTES_MAX, PublicKey};
use sha2::{Digest as _, Sha256};

use crate::exit::{CliError, Exit, chain};
use crate::host::Host;
use crate::output::safe;
use crate::output::style::{Style, Tone};

/// Attestations, below the state folder.
const FOLDER: &str = "provenance";
/// The host's key, below the state folder; its public half stands beside it.
const KEY: &str = "keys/host.key";
const PUBLIC_KEY: &str = "keys/host.pub";
/// What is read of an artifact at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// What to check with.
pub(crate) struct Options<'a> {
    pub(crate) key: Option<&'a Path>,
    pub(crate) bundle: Option<&'a Path>,
    pub(crate) json: bool,
}

/// Signs what is known of the artifacts of a run that has ended. An artifact whose making the host has not seen gets no
/// attestation, and that is said.
pub(super) fn attest(host: &Host, run: &RunId, ended: &RunState) -> Result<(), CliError> {
    let state = &host.stores.state;
    let builder = Builder::unnamed(env!("CARGO_PKG_VERSION"));
    let facts = HostFacts { builder, tree_uri: None, manifests: manifests(ended) };
    let Collected { made, unseen } = provenance::of_run(ended, &*host.stores.journal, &*host.stores.blobs, &facts)?;
    for (attempt, artifact) in unseen {
        let name = safe(&artifact.name);
        crate::output::err!("no provenance for {name}: {attempt} claims it, and was not seen to publish it");
    }
    if made.is_empty() {
        return Ok(());
    }
    let key = HostKey::open_or_create(&state.join(KEY))?;
    if key.is_new() {
        crate::output::err!("made this host's key; others check its artifacts with {}", key.public_path().display());
    }
    std::fs::create_dir_all(state.join(FOLDER))?;
    for Made { artifact, statement, .. } in made {
        let bundle = provenance::sign(&statement, key.signing_key())?;
        write_whole(&bundle_path(state, &artifact.digest), &bundle)
            .map_err(|error| CliError::host(format!("cannot write the provenance of run {run}: {error}")))?;
    }
    Ok(())
}

/// What is known of an artifact that was made here, said of the manifest under which it is published: signed by this
/// host's key, as an attestation to be attached. None for what was made elsewhere, or was not seen to be made.
pub(super) fn provenance_of(state: &Path, artifact: &[u8], manifest: &Digest) -> Result<Option<Vec<u8>>, CliError> {
    let digest = Digest::of(artifact);
    let Ok(bundle) = std::fs::read(bundle_path(state, &digest)) else { return Ok(None) };
    let key = HostKey::open_or_create(&state.join(KEY))?;
    let Ok(verified) = provenance::verify(&bundle, &[key.public().clone()], &digest) else { return Ok(None) };
    let mut statement: serde_json::Value = serde_json::from_slice(&verified.statement)?;
    statement["subject"] = serde_json::json!([{ "name": verified.name, "digest": { "sha256": manifest.hex() } }]);
    let bundle = lockgate_trust::attest_statement(key.signing_key(), serde_json::to_vec(&statement)?)?;
    Ok(Some(bundle))
}

/// The manifests of the plugins of a run, as far as the lock file of its pipeline still has them.
fn manifests(ended: &RunState) -> BTreeMap<Digest, Digest> {
    let lock = crate::pins::read_lock(Path::new(&ended.plan.file)).unwrap_or_default();
    lock.plugins.values().map(|entry| (entry.pin.digest, entry.manifest)).collect()
}

fn bundle_path(state: &Path, digest: &Digest) -> PathBuf {
    state.join(FOLDER).join(format!("{}.sigstore.json", digest.hex()))
}

fn write_whole(path: &Path, bundle: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(bundle)?;
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

pub(crate) fn verify(state: &Path, artifact: &Path, options: &Options<'_>) -> Result<Exit, CliError> {
    let digest = digest_of(artifact)?;
    let key = public_key(options.key.map_or_else(|| state.join(PUBLIC_KEY), Path::to_owned).as_path())?;
    let bundle = read_bundle(state, artifact, &digest, options.bundle)?;
    let verified = provenance::verify(&bundle, &[key], &digest).map_err(|error| CliError::Usage(chain(&error)))?;
    match options.json {
        true => crate::output::out!("{}", String::from_utf8_lossy(&verified.statement)),
        false => crate::output::print(&text(artifact, &verified, Style::stdout())),
    }
    Ok(Exit::Passed)
}

fn digest_of(path: &Path) -> Result<Digest, CliError> {
    let unreadable = |error| CliError::Usage(format!("cannot read {}: {error}", path.display()));
    let mut file = std::fs::File::open(path).map_err(unreadable)?;
    let (mut hash, mut chunk) = (Sha256::new(), vec![0; CHUNK_BYTES]);
    loop {
        match file.read(&mut chunk).map_err(unreadable)? {
            0 => return Ok(Digest::from_bytes(hash.finalize().into())),
            length => hash.update(&chunk[..length]),
        }
    }
}

fn public_key(path: &Path) -> Result<PublicKey, CliError> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let remedy = "name the public key of the host that made the artifact with --key";
        CliError::Usage(format!("cannot read the key {}: {error}; {remedy}", path.display()))
    })?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    PublicKey::from_pem(name, &text).map_err(|error| CliError::Usage(format!("{}: {}", path.display(), chain(&error))))
}

fn read_bundle(state: &Path, artifact: &Path, digest: &Digest, named: Option<&Path>) -> Result<Vec<u8>, CliError> {
    let path = named.map_or_else(|| bundle_path(state, digest), Path::to_owned);
    let missing = |error: std::io::Error| {
        let what = format!("there is no attestation of {} ({digest}) at {}", artifact.display(), path.display());
        CliError::Usage(format!(
            "{what}: {error}; was the file changed since, or made elsewhere? Name it with --bundle"
        ))
    };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(&path).map_err(missing)?;
    file.take(BUNDLE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(missing)?;
    Ok(bytes)
}

fn text(artifact: &Path, verified: &Verified, style: Style) -> String {
    let mut text =
        format!("{} {} is what {} says\n", style.paint(Tone::Good, "verified"), artifact.display(), verified.signer);
    let mut line = |name: &str, value: &str| text.push_str(&format!("  {name:<10} {}\n", safe(value)));
    line("digest", &verified.artifact.to_string());
    let made = &verified.made_by;
    line("made by", &format!("run {}, {}/{} (try {})", verified.run, made.job, made.step, made.attempt));
    line("when", &format!("{} to {}", or_unknown(&verified.started), or_unknown(&verified.finished)));
    line("pipeline", &format!("{} ({})", verified.pipeline_name, verified.pipeline_file));
    line("host", &verified.builder);
    if let Some(tree) = &verified.tree {
        line("files", &tree.to_string());
    }
    for plugin in &verified.plugins {
        let component = plugin.component.map(|digest| digest.to_string()).unwrap_or_default();
        line("plugin", &format!("{} {component}", plugin.reference));
    }
    for tool in &verified.tools {
        let fingerprint = tool.fingerprint.as_deref().unwrap_or("without a fingerprint");
        line("tool", &format!("{} {fingerprint}", tool.name));
    }
    for contact in &verified.contacts {
        line("contacted", &format!("{} {}", contact.host, contact.peers.join(" ")));
    }
    for cached in &verified.cached {
        line("cached", &format!("{}, which {} had run", cached.tool, cached.from));
    }
    for secret in &verified.exposed_secrets {
        line("EXPOSED", &format!("secret {secret}, to a native tool"));
    }
    for (list, left_out) in &verified.omitted {
        line("left out", &format!("{left_out} more of {list}"));
    }
    text
}

fn or_unknown(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or("unknown")
}
