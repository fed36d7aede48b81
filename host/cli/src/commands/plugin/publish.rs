//! `plugin push`, `pull`, `sign`, `keygen`: plugins on their way to others.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use lockgate_model::ids::Digest;
use lockgate_registry::artifact::Descriptor;
use lockgate_registry::{Attachment, Reference};
use lockgate_trust::SigningKey;
use lockgate_trust::referrer::bundle_manifest;
use zeroize::Zeroizing;

use super::author::annotations_of;
use super::find::read_component;
use crate::args::PushArgs;
use crate::config::Config;
use crate::exit::{CliError, Exit, chain, of_registry};
use crate::output::question;
use crate::output::style::Style;
use crate::supply::Supply;

/// A key, a configuration: files of text that people write.
const TEXT_BYTES_MAX: u64 = 1024 * 1024;
/// Where a key's password is looked for before anybody is asked; the second is cosign's.
const PASSWORD_VARIABLES: [&str; 2] = ["LOCKGATE_KEY_PASSWORD", "COSIGN_PASSWORD"];
/// The content of an empty config (OCI image specification, "Guidance for an empty descriptor").
const EMPTY_JSON: &[u8] = b"{}";

pub(super) fn push(state: &Path, args: &PushArgs) -> Result<Exit, CliError> {
    let PushArgs { source, reference: named, sign: key, author } = args;
    let reference: Reference = named.parse().map_err(|error| CliError::Usage(format!("{error}")))?;
    // Before anything is built or sent: a key that cannot be read would leave a plugin without signature behind.
    let key = key.as_deref().map(read_key).transpose()?;
    let path = match source.is_dir() {
        true => super::author::build_in(state, source)?.path,
        false => source.clone(),
    };
    let component = read_component(&path)?;
    let annotations = annotations_of(&component)?;
    let supply = Supply::open(&Config::read(Path::new("."))?, state)?;
    let registry = &supply.registry;
    // The tag comes last: nobody finds a plugin by it whose signature is not there yet.
    let packed = registry.store(&reference, &component, author.as_deref(), &annotations).map_err(of_registry)?;
    if let Some(key) = key {
        attach_signature(&supply, &reference, &packed.descriptor, &key)?;
    }
    if let Some(bundle) = crate::commands::verify::provenance_of(state, &component, &packed.descriptor.digest)? {
        let attached = attach(&supply, &reference, &packed.descriptor, bundle)?;
        crate::output::out!("{} attached the provenance of the run that made it", Style::stdout().good_mark());
        crate::output::out!("  attestation {attached}");
    }
    registry.tag(&reference, &packed).map_err(of_registry)?;
    let (style, place) = (Style::stdout(), registry.first_place(&reference));
    crate::output::out!("{} pushed {reference} to {place} ({} bytes)", style.good_mark(), component.len());
    crate::output::out!("  manifest  {}", packed.descriptor.digest);
    crate::output::out!("  component {}", packed.component.digest);
    Ok(Exit::Passed)
}

pub(super) fn pull(state: &Path, named: &str, output: &Path) -> Result<Exit, CliError> {
    let reference: Reference = named.parse().map_err(|error| CliError::Usage(format!("{error}")))?;
    let supply = Supply::open(&Config::read(Path::new("."))?, state)?;
    let resolved = supply.registry.resolve(&reference).map_err(of_registry)?;
    let bytes = supply.registry.fetch(&resolved).map_err(of_registry)?;
    write_whole(output, &bytes)?;
    let style = Style::stdout();
    crate::output::out!("{} {} ({} bytes)", style.good_mark(), output.display(), bytes.len());
    crate::output::out!("  manifest  {}", resolved.manifest);
    crate::output::out!("  component {}", resolved.component.digest);
    Ok(Exit::Passed)
}

pub(super) fn sign(state: &Path, named: &str, key: &Path) -> Result<Exit, CliError> {
    let reference: Reference = named.parse().map_err(|error| CliError::Usage(format!("{error}")))?;
    let key = read_key(key)?;
    let supply = Supply::open(&Config::read(Path::new("."))?, state)?;
    let resolved = supply.registry.resolve(&reference).map_err(of_registry)?;
    let pinned: Reference = format!("{}@{}", reference.name(), resolved.manifest).parse()?;
    let manifest = supply.registry.manifest(&pinned).map_err(of_registry)?;
    attach_signature(&supply, &reference, &Descriptor::of(&manifest.media_type, &manifest.bytes), &key)?;
    Ok(Exit::Passed)
}

fn attach_signature(
    supply: &Supply,
    reference: &Reference,
    subject: &Descriptor,
    key: &SigningKey,
) -> Result<(), CliError> {
    let attached = attach(supply, reference, subject, lockgate_trust::sign(key, &subject.digest)?)?;
    let style = Style::stdout();
    crate::output::out!("{} signed {} with the key {}", style.good_mark(), subject.digest, key.public().id().short());
    crate::output::out!("  signature {attached}");
    Ok(())
}

/// Attaches a bundle to a manifest, as its referrer.
fn attach(supply: &Supply, reference: &Reference, subject: &Descriptor, bundle: Vec<u8>) -> Result<Digest, CliError> {
    let manifest = bundle_manifest(subject, &bundle, &crate::clock::rfc3339())?;
    let attachment = Attachment { manifest, blobs: vec![bundle, EMPTY_JSON.to_vec()] };
    supply.registry.attach(reference, &attachment).map_err(of_registry)
}

fn read_key(path: &Path) -> Result<SigningKey, CliError> {
    let named =
        |error: &(dyn std::error::Error + 'static)| CliError::Usage(format!("{}: {}", path.display(), chain(error)));
    let pem = Zeroizing::new(read_text(path)?);
    let password = match SigningKey::is_encrypted(&pem).map_err(|error| named(&error))? {
        true => Some(password(&format!("password of {}: ", path.display()))?),
        false => None,
    };
    SigningKey::read(&pem, password.as_ref().map(|password| password.as_bytes())).map_err(|error| named(&error))
}

pub(super) fn keygen(name: &Path, no_password: bool) -> Result<Exit, CliError> {
    let (private, public) = (with_ending(name, "key"), with_ending(name, "pub"));
    let key = SigningKey::generate()?;
    let pem = match no_password {
        true => key.to_plain_pem(),
        false => Zeroizing::new(key.to_encrypted_pem(new_password()?.as_bytes())?),
    };
    write_new(&private, pem.as_bytes(), 0o600)?;
    write_new(&public, key.public().to_pem().as_bytes(), 0o644)?;
    let style = Style::stdout();
    crate::output::out!("{} {}  to sign with: keep it to yourself", style.good_mark(), private.display());
    crate::output::out!("{} {}  to verify with: give it to everybody", style.good_mark(), public.display());
    Ok(Exit::Passed)
}

/// `name.key` of `name`, whatever dots the name has.
fn with_ending(name: &Path, ending: &str) -> PathBuf {
    let mut name = name.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

fn password(question: &str) -> Result<Zeroizing<String>, CliError> {
    if let Some(given) = PASSWORD_VARIABLES.iter().find_map(|name| std::env::var(name).ok()) {
        return Ok(Zeroizing::new(given));
    }
    if question::is_possible() {
        return question::password(question);
    }
    let [variable, _] = PASSWORD_VARIABLES;
    Err(CliError::Usage(format!("the key has a password, and nobody is there to ask; set {variable}")))
}

fn new_password() -> Result<Zeroizing<String>, CliError> {
    let is_given = PASSWORD_VARIABLES.iter().any(|name| std::env::var_os(name).is_some());
    if !is_given && !question::is_possible() {
        let [variable, _] = PASSWORD_VARIABLES;
        return Err(CliError::Usage(format!(
            "nobody is there to ask for a password; set {variable}, or take --no-password"
        )));
    }
    let first = password("a password for the new key: ")?;
    if !is_given && *first != *question::password("once more: ")? {
        return Err(CliError::Usage("the two passwords differ; no key was made".to_owned()));
    }
    Ok(first)
}

/// A file that people write, as text.
pub(super) fn read_text(path: &Path) -> Result<String, CliError> {
    let usage = |error: &dyn std::fmt::Display| CliError::Usage(format!("cannot read {}: {error}", path.display()));
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| usage(&error))?;
    file.take(TEXT_BYTES_MAX + 1).read_to_string(&mut text).map_err(|error| usage(&error))?;
    if text.len() as u64 > TEXT_BYTES_MAX {
        return Err(usage(&format!("it has more than {TEXT_BYTES_MAX} bytes")));
    }
    Ok(text)
}

/// Puts a file in its place whole; who reads meanwhile sees the old one or the new one.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    use std::os::unix::fs::PermissionsExt as _;
    let failed = |error: std::io::Error| CliError::host(format!("cannot write {}: {error}", path.display()));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mode = std::fs::metadata(path).map_or(0o644, |known| known.permissions().mode() & 0o777);
    let mut file = tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(mode))
        .tempfile_in(folder)
        .map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error)).map(drop)
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), CliError> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            CliError::Usage(format!("{} exists, and no key is overwritten; name another one", path.display()))
        }
        _ => CliError::host(format!("cannot write {}: {error}", path.display())),
    };
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(mode).open(path).map_err(failed)?;
    file.write_all(bytes).map_err(failed)
}
